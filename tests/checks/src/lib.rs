//! chimera-checks
