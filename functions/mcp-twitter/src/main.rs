//! mcp-twitter
fn main() {}
