//! Steps: what people and programs do, and what must be seen.

mod hop;
mod members;
mod reading;

use jiff::SignedDuration;
use serde_json::Value;
use wire::{Check, Party};

use crate::expected::Expected;
use crate::format::Consent;
use crate::source::Span;
use crate::world::Name;

pub(crate) use reading::read;

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name, where later steps use what it kept.
    pub id: Option<String>,
    /// What is done.
    pub action: Action,
    /// Where the file says so.
    pub span: Span,
    /// What must come out, member by member, in the order of the file.
    pub expect: Vec<(String, Expected)>,
    /// What must have gone over the wire, in this order; other messages may lie between.
    pub hops: Vec<Hop>,
    /// What later steps use: a name, and the member of the outcome.
    pub keep: Vec<(String, String)>,
}

impl Step {
    /// The check that the step expects to refuse, where it names one.
    #[must_use]
    pub fn named_check(&self) -> Option<Check> {
        self.expect.iter().find_map(|(key, expected)| match expected {
            Expected::Is(Value::String(name), _) if key == "check" => Check::named(name),
            _ => None,
        })
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The user creates the connection.
    Connect {
        /// Who.
        user: Name,
        /// What the user does on a consent page.
        consent: Consent,
    },
    /// "Test operation" on the connector's Test tab.
    TestOperation {
        /// Whose connection; whoever connected last where it is not said.
        user: Option<Name>,
    },
    /// The agent's tool page lists the tools.
    ListTools {
        /// Whose connection; whoever connected last where it is not said.
        user: Option<Name>,
    },
    /// Somebody asks the agent.
    Ask {
        /// The question.
        question: String,
        /// Who asks; whoever connected last where it is not said.
        user: Option<Name>,
    },
    /// An administrator grants what the client lists.
    GrantAdminConsent {
        /// The client app.
        client: Name,
        /// The one resource app; all that the client lists where it is not said.
        resource: Option<Name>,
    },
    /// The lab clock moves on.
    AdvanceClock {
        /// How far.
        by: SignedDuration,
    },
    /// The setup changes, merged as RFC 7396.
    Change {
        /// What is different.
        patch: Value,
    },
}

impl Action {
    /// The word that stands for it in a file.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "connect",
            Self::TestOperation { .. } => "test_operation",
            Self::ListTools { .. } => "list_tools",
            Self::Ask { .. } => "ask",
            Self::GrantAdminConsent { .. } => "grant_admin_consent",
            Self::AdvanceClock { .. } => "advance_clock",
            Self::Change { .. } => "change",
        }
    }
}

/// One message that must have gone over the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// Who sent the request.
    pub from: Party,
    /// Who answered it.
    pub to: Party,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The parameters of the URL's query.
    pub query: Option<Expected>,
    /// The parameters of the request's form body.
    pub form: Option<Expected>,
    /// The request's headers, their names in small letters.
    pub headers: Option<Expected>,
    /// The request's body; JSON where it is JSON.
    pub body: Option<Expected>,
    /// The answer's status.
    pub status: Option<Expected>,
    /// The answer's headers, their names in small letters.
    pub response_headers: Option<Expected>,
    /// The answer's body; JSON where it is JSON.
    pub response_body: Option<Expected>,
    /// The check that refused the request.
    pub check: Option<Expected>,
    /// Where the file says so.
    pub span: Span,
}
