//! mcp-twitter
