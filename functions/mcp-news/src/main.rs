//! mcp-news
fn main() {}
