//! entralab: a local Microsoft Entra ID, the connector of Copilot Studio, an Easy-Auth-like gate and the MCP server
//! behind it, all on real sockets of this machine and nowhere else.
//!
//! - [`Lab`]: the parties of one setup, on one clock and one name map.
//! - [`play`]: playing a scenario on labs and proving what it says.
//! - [`explain`]: what codes and checks mean.
//! - [`predict`]: what a setup will do, told without starting anything.
//! - [`report`]: what a person reads.
//! - [`commands`]: the command line.

pub mod commands;
pub mod explain;
pub mod lab;
pub mod play;
pub mod predict;
pub mod report;

pub use lab::Lab;
