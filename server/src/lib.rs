//! The gate and the MCP server behind it.
//!
//! - [`gate`]: the authentication layer of Azure Container Apps ("Easy Auth") in bearer mode, behind ingress CORS.
//! - [`mcp`]: an MCP server on rmcp with three tools, on invented data that follows the lab clock.
//!
//! The two meet over HTTP only: the gate proxies to any upstream, the MCP server works without a gate.

pub mod gate;
mod gate_secret;
pub mod mcp;

pub use gate_secret::GateSecret;
