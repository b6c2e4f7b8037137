//! Steps: what people and programs do, and what must be seen.

mod accidents;
mod hop;
mod http;
mod members;
mod reading;
mod time;

use jiff::SignedDuration;
use serde_json::Value;
use wire::{Check, Party};

use crate::expected::Expected;
use crate::format::Consent;
use crate::source::Span;
use crate::world::Name;
pub use accidents::Accident;
pub use http::{HttpBody, HttpRequest};
pub use members::values_of;

pub(crate) use accidents::read as accident;
pub(crate) use reading::{ACTIONS, read};

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
    /// What must not have gone over the wire.
    pub never: Vec<Hop>,
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
        /// What is unusual about the sign-in.
        sign_in: Box<SignIn>,
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
    /// The connector renews the access token.
    Refresh {
        /// Whose connection; whoever connected last where it is not said.
        user: Option<Name>,
    },
    /// A client secret expires.
    ExpireSecret {
        /// The app.
        app: Name,
        /// The one secret; all of the app's where it is not said.
        secret: Option<Name>,
    },
    /// The identity provider signs with a new key.
    RotateKeys {
        /// Whether the old one stays published.
        overlap: bool,
    },
    /// The next requests to a party meet with an accident.
    Fault(Box<Accident>),
    /// One request as written.
    Http(Box<HttpRequest>),
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
            Self::Refresh { .. } => "refresh",
            Self::ExpireSecret { .. } => "expire_secret",
            Self::RotateKeys { .. } => "rotate_keys",
            Self::Fault(_) => "fault",
            Self::Http(_) => "http",
            Self::Change { .. } => "change",
        }
    }
}

/// What is unusual about a sign-in; nothing, where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIn {
    /// The name that is typed, where it is not the user's own.
    pub username: Option<String>,
    /// The password that is typed, where it is not the user's own.
    pub password: Option<String>,
    /// The user in whose browser it happens, where it is not the user's own.
    pub browser: Option<Name>,
    /// How long the first page stays open before anything is typed.
    pub pause: Option<SignedDuration>,
}

/// One message that must, or must not, have gone over the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// Who sent the request; anybody where nobody is given.
    pub from: Option<Party>,
    /// Who answered it; anybody where nobody is given.
    pub to: Option<Party>,
    /// The HTTP method; any where none is given.
    pub method: Option<String>,
    /// The path, without the query; `*` stands for any text.
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
    /// What befell the message by a fault.
    pub fault: Option<Expected>,
    /// Where the file says so.
    pub span: Span,
}

impl std::fmt::Display for Hop {
    /// As the file has it: `browser -> idp GET /common/oauth2/authorize`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let party = |party: Option<Party>| party.map_or_else(|| "*".to_owned(), |party| party.to_string());
        let method = self.method.as_deref().unwrap_or("*");
        write!(f, "{} -> {} {method} {}", party(self.from), party(self.to), self.path)
    }
}
