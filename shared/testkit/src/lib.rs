//! chimera-testkit
