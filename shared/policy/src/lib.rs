//! chimera-policy
