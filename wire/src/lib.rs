//! What all parties of a lab share about a message.
//!
//! - [`clock`]: the lab clock, the only source of time for protocol rules.
//! - [`check`]: the table of named checks, and the list of them that a decision leaves behind.
//! - [`fault`]: what befalls a message because somebody asked for it.
//! - [`exchange`] and [`trace`]: one recorded request with its answer, and the list of all of them.
//! - [`exports`]: exchanges as other tools read them.
//! - [`joined_lab`]: a running lab that takes what a party in another process records.
//! - [`record`]: the layer around a party that records what it receives.
//! - [`redaction`]: copies of exchanges without secrets.
//! - [`steering`]: characters that steer a terminal or a reader.
//! - [`network`]: the name map and the only HTTP client of a lab; nothing it sends leaves the lab.
//! - [`marks`]: what that client and the recorder have agreed on.
//! - [`listen`]: a party on a socket.
//! - [`access_token`]: reading and validating JSON Web Tokens.

pub mod access_token;
pub mod check;
pub mod clock;
pub mod exchange;
pub mod exports;
pub mod fault;
pub mod joined_lab;
pub mod listen;
pub mod marks;
pub mod network;
pub mod party;
pub mod record;
pub mod redaction;
pub mod steering;
pub mod trace;

pub use check::{Check, CheckResult, Checks, Outcome};
pub use clock::Clock;
pub use exchange::{Body, Exchange};
pub use joined_lab::JoinedLab;
pub use network::{LabClient, NameMap, Network, Reply, SendError};
pub use party::{Channel, Party};
pub use redaction::Redaction;
pub use trace::Trace;
