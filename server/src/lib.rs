//! The gate and the MCP server behind it
