//! Who speaks: the parties of a lab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString};

/// One side of an exchange.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, Display, EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Party {
    /// A person's browser, or the scripted one.
    Browser,
    /// The identity provider.
    Idp,
    /// Copilot Studio's connector, with the gateway it calls through.
    Connector,
    /// The authentication layer in front of the MCP server.
    Gate,
    /// The MCP server.
    Mcp,
    /// Any program that did not say which party it is.
    Client,
    /// An address that belongs to no party of the lab.
    Unmapped,
}

/// Who carried a message: the browser (visible to the user, changeable by the user) or a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Channel {
    /// The browser carried it.
    Front,
    /// Server to server.
    Back,
}

impl Party {
    /// The channel of what this party sends.
    #[must_use]
    pub fn channel(self) -> Channel {
        if self == Self::Browser { Channel::Front } else { Channel::Back }
    }
}
