//! The gate and the MCP server over real sockets, by the bytes that go over them.

mod gate;
mod ingress;
mod keys;
mod mcp;
mod story;
mod support;
mod switches;
