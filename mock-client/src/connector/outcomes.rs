//! How what a maker does ends. As JSON this is what scenario files match: names are stable, absent where not applicable.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use wire::{Check, Checks, Party};

/// How a sign-in ended.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectOutcome {
    /// Whether there is a connection now.
    pub connection: Connection,
    /// What the browser shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
    /// The number of the identity provider's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aadsts: Option<u32>,
    /// The OAuth error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its description, as the identity provider worded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// What the maker reads.
    pub message: String,
    /// What the access token says, where it is a JSON Web Token; never the token itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Box<TokenContents>>,
    /// Whether a refresh token came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<bool>,
    /// The name that the connection got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// Whether a sign-in led to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// It did.
    Connected,
    /// It did not.
    Failed,
}

/// The last page of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// A page of the identity provider.
    Page,
    /// The connector's own page at the redirect URL.
    Callback,
}

/// The readable parts of a token, of which nothing was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenContents {
    /// The JOSE header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
}

impl ConnectOutcome {
    /// A sign-in that failed, with what the maker reads.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self {
            connection: Connection::Failed,
            shown: None,
            aadsts: None,
            error: None,
            error_description: None,
            message: message.into(),
            token: None,
            refresh_token: None,
            display_name: None,
        }
    }
}

/// A connection as the list of connections shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionSummary {
    /// Whose it is.
    pub user: String,
    /// Whether it can be used.
    pub state: ConnectionState,
    /// The name that it got from the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// When its access token expires, where the identity provider said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// The state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ConnectionState {
    /// It has a token, or can get one.
    Connected,
    /// Its token has expired, and cannot be refreshed.
    Expired,
}

impl std::fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connected => "Connected",
            Self::Expired => "Expired",
        })
    }
}

/// A refusing check that kept anything from being sent, and so belongs to no exchange of the trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptBack {
    /// Who decided.
    pub by: Party,
    /// Which check refused.
    pub check: Check,
    /// What would have passed.
    pub expected: String,
    /// What there was.
    pub received: String,
    /// What would make it pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl KeptBack {
    /// The refusal among `checks`.
    #[must_use]
    pub fn of(checks: &Checks) -> Option<Self> {
        let refusal = checks.refusal()?.clone();
        Some(Self {
            by: refusal.check.party(),
            check: refusal.check,
            expected: refusal.expected,
            received: refusal.received,
            fix: refusal.fix,
        })
    }
}

/// How "Test operation" ended.
#[derive(Clone, Debug, Serialize)]
pub struct TestOutcome {
    /// The status of the server's answer, where the page may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What it means for the setup.
    pub verdict: Verdict,
    /// What the console shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The body that the console shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// The number of the identity provider's error, where the token could not be refreshed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aadsts: Option<u32>,
    /// Whether the token was refreshed on the way.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refreshed: bool,
    /// The decision that kept anything from being sent.
    #[serde(flatten)]
    pub kept_back: Option<KeptBack>,
}

/// What an answer to "Test operation" means for the setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// 406, which a server says only to those it lets in, or 2xx.
    ReachableAndAuthorized,
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// The browser did not send the request, or keeps the answer from the page.
    BlockedByCors,
    /// 5xx.
    GatewayError,
    /// There is no connection to test with.
    NoConnection,
    /// No answer.
    Unreachable,
    /// Any other status.
    Other,
}

/// How refreshing the list of tools ended.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ToolsOutcome {
    /// The names of the tools, in the server's order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// The status of the answer that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What the maker reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The number of the identity provider's error, where the token could not be refreshed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aadsts: Option<u32>,
    /// Whether the token was refreshed on the way.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refreshed: bool,
    /// The decision that kept anything from being sent.
    #[serde(flatten)]
    pub kept_back: Option<KeptBack>,
}

/// How renewing a connection's access token ended.
#[derive(Clone, Debug, Serialize)]
pub struct RefreshOutcome {
    /// Whether the connection can be used.
    pub connection: Connection,
    /// Whether a new access token came.
    pub refreshed: bool,
    /// What the new access token says, where it is a JSON Web Token; never the token itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Box<TokenContents>>,
    /// What the maker reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The number of the identity provider's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aadsts: Option<u32>,
    /// The decision that kept anything from being sent.
    #[serde(flatten)]
    pub kept_back: Option<KeptBack>,
}

/// How a question ended.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AskOutcome {
    /// The tool that was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// With what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Map<String, Value>>,
    /// What it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Whether the tool called its answer an error.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
    /// Why it was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Why no tool was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The status of the answer that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What the user reads where the turn failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The number of the identity provider's error, where the token could not be refreshed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aadsts: Option<u32>,
    /// Whether the token was refreshed on the way.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refreshed: bool,
    /// The decision that kept anything from being sent.
    #[serde(flatten)]
    pub kept_back: Option<KeptBack>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that expects any other is told so when it is read.
    #[test]
    fn the_reader_of_files_knows_every_value() {
        use Verdict as V;
        let verdicts = [V::ReachableAndAuthorized, V::Unauthorized, V::Forbidden, V::NotFound, V::BlockedByCors];
        let more = [V::GatewayError, V::NoConnection, V::Unreachable, V::Other];
        let named =
            |values: Vec<Value>| values.iter().map(|value| value.as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(
            named(verdicts.iter().chain(&more).map(|verdict| serde_json::json!(verdict)).collect()),
            scenarios::values_of("verdict")
        );
        assert_eq!(
            named([Connection::Connected, Connection::Failed].map(|one| serde_json::json!(one)).to_vec()),
            scenarios::values_of("connection")
        );
        assert_eq!(
            named([Shown::Page, Shown::Callback].map(|one| serde_json::json!(one)).to_vec()),
            scenarios::values_of("shown")
        );
    }
}
