//! chimera-model
