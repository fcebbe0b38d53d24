//! chimera-sim
