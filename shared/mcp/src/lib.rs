//! chimera-mcp
