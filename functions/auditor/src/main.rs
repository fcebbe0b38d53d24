//! auditor
fn main() {}
