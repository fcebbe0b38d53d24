//! chimera-aws
