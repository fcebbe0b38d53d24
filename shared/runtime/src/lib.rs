//! chimera-runtime
