//! api
fn main() {}
