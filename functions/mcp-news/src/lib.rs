//! mcp-news
