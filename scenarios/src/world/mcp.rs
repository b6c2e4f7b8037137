//! The MCP server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gate::default_port;

/// The MCP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mcp {
    /// The path of the endpoint. Default: /mcp.
    pub path: String,
    /// Host names that the server answers for besides localhost. Default: the host of `gate.url`.
    pub allowed_hosts: Option<Vec<String>>,
    /// Origins that the server answers; a request without Origin is always answered. Default: those of `gate.cors`, or
    /// any where there is no such policy or it allows `*`; without a gate, those of this machine.
    pub allowed_origins: Option<Vec<String>>,
    /// The port that the server listens on in its container; `gate.target_port` must be the same. Default: 8001.
    pub port: u16,
    /// How long a replica takes to start where `gate.min_replicas` is 0, in seconds. Default: 20.
    pub cold_start_seconds: u16,
    /// What answers to `path` with a slash more or less at its end. Default: not_found.
    pub trailing_slash: TrailingSlash,
    /// In what form the server's own refusals come. Default: json.
    pub errors: ErrorBodies,
    /// Whether a notification may carry `"id": null`, as Copilot Studio's does. Default: accepted.
    pub null_notification_id: NullNotificationId,
    /// What a notification is answered with. Default: empty.
    pub notification_answer: NotificationAnswer,
}

impl Default for Mcp {
    fn default() -> Self {
        Self {
            path: "/mcp".to_owned(),
            allowed_hosts: None,
            allowed_origins: None,
            port: default_port(),
            cold_start_seconds: 20,
            trailing_slash: TrailingSlash::default(),
            errors: ErrorBodies::default(),
            null_notification_id: NullNotificationId::default(),
            notification_answer: NotificationAnswer::default(),
        }
    }
}

/// What answers to the endpoint's path with a slash more or less at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrailingSlash {
    /// Nothing: 404.
    #[default]
    NotFound,
    /// 307 to the endpoint, as Python's frameworks do.
    Redirected,
    /// The endpoint itself.
    Served,
}

/// In what form the MCP server's refusals come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorBodies {
    /// A JSON-RPC error.
    #[default]
    Json,
    /// Plain text, as rmcp writes it.
    Plain,
}

/// Whether a notification may carry `"id": null`, which JSON-RPC does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NullNotificationId {
    /// It is taken off before rmcp reads the message.
    #[default]
    Accepted,
    /// rmcp reads it and refuses the message: 415.
    Refused,
}

/// What an accepted notification is answered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationAnswer {
    /// 202 without a body, as the protocol says.
    #[default]
    Empty,
    /// 200 with an empty result.
    Result,
    /// 200 with an error, as servers do that take it for an unknown request.
    Error,
}
