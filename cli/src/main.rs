//! chimera
fn main() {}
