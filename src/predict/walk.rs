//! The way of the story through the parties, in memory: sign in, test, list the tools, and once more after an hour.

use jiff::SignedDuration;
use mock_client::{ConsentAnswer, Credentials};
use scenarios::World;
use scenarios::world::{DirectoryRole, User};
use serde_json::{Value, json};
use wire::{Check, Redaction};

use crate::lab::StartError;
use crate::lab::in_memory::InMemoryLab;
use crate::play::outcome_with_refusal;

/// For how many people of a world the way is walked.
const MOST_USERS: usize = 8;

/// Where on the way something fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Station {
    /// The user connects.
    Connect,
    /// "Test operation".
    Test,
    /// The agent's runtime speaks to the server.
    Chat,
}

/// Something that will fail.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Where.
    pub at: Station,
    /// What a step would show, as expectations see it.
    pub outcome: Value,
    /// The AADSTS number, where the identity provider refuses.
    pub code: Option<u32>,
    /// The check that refuses; none where a request does not even get to a party.
    pub check: Option<Check>,
    /// When, and what is expected and will come.
    pub message: String,
    /// What mends it, with its place in the world.
    pub fix: String,
}

impl Prediction {
    /// The name that messages call it by.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.check.map_or("world.unreachable", Check::name)
    }
}

/// What will fail in `world`, each once, in the order of the story.
///
/// # Errors
/// When a URL of the world has no origin that a party could serve.
pub async fn predict(world: &World) -> Result<Vec<Prediction>, StartError> {
    let mut users: Vec<(&String, &User)> = world.idp.users.iter().collect();
    // what needs an administrator shows with everybody else only
    users.sort_by_key(|(_, user)| user.roles.contains(&DirectoryRole::GlobalAdministrator));
    let mut predictions: Vec<Prediction> = Vec::new();
    for (name, user) in users.into_iter().take(MOST_USERS) {
        let lab = InMemoryLab::new(world.clone())?;
        for prediction in (Walk { lab, name }).predictions(user).await {
            let known = |other: &Prediction| (other.check, other.code) == (prediction.check, prediction.code);
            if !predictions.iter().any(known) {
                predictions.push(prediction);
            }
        }
    }
    Ok(predictions)
}

/// One person's way.
struct Walk<'w> {
    lab: InMemoryLab,
    name: &'w str,
}

impl Walk<'_> {
    async fn predictions(&self, user: &User) -> Vec<Prediction> {
        let credentials = Credentials::of(user);
        let mut browser = self.lab.browser();
        let name = self.name;
        let before = self.lab.trace.last_number();
        let outcome = json!(self.lab.connector.connect(&mut browser, name, &credentials, ConsentAnswer::Accept).await);
        if outcome["connection"] != "connected" {
            return vec![self.prediction(Station::Connect, &format!("when {name} connects"), outcome, before)];
        }
        let mut found = Vec::new();
        let before = self.lab.trace.last_number();
        let outcome = json!(self.lab.connector.test_operation(&mut browser, name).await);
        if outcome["verdict"] != "reachable_and_authorized" {
            found.push(self.prediction(Station::Test, "at Test operation", outcome, before));
        }
        let before = self.lab.trace.last_number();
        let outcome = json!(self.lab.connector.list_tools(name).await);
        if outcome["tools"].is_null() {
            found.push(self.prediction(Station::Chat, "when the agent lists the tools", outcome, before));
            return found;
        }
        let lifetime = i64::from(self.lab.world().idp.lifetimes.access_token_minutes);
        if self.lab.clock.advance(SignedDuration::from_mins(lifetime + 1)).is_ok() {
            let before = self.lab.trace.last_number();
            let outcome = json!(self.lab.connector.list_tools(name).await);
            if outcome["tools"].is_null() {
                found.push(self.prediction(Station::Chat, "once the access token has expired", outcome, before));
            }
        }
        found
    }

    /// What the trace since `before` says of an outcome that is none.
    fn prediction(&self, at: Station, when: &str, outcome: Value, before: u64) -> Prediction {
        let exchanges = self.lab.trace.after(before);
        let redaction = Redaction::of(&exchanges);
        let fix = wire::exchange::deciding_refusal(&exchanges).and_then(|refusal| refusal.fix.clone());
        let outcome = outcome_with_refusal(outcome, &exchanges);
        let text = |member: &str| outcome.get(member).and_then(Value::as_str).map(str::to_owned);
        let code = outcome.get("aadsts").and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        let check = text("check").and_then(|name| Check::named(&name));
        let seen = match (code, check) {
            (Some(number), Some(check)) => format!("AADSTS{number} ({check})"),
            (Some(number), None) => format!("AADSTS{number}"),
            (None, Some(check)) => format!("{check} will refuse"),
            (None, None) => "no answer".to_owned(),
        };
        let detail = match (check, text("expected"), text("received")) {
            (Some(_), Some(expected), Some(received)) => format!("expected {expected}, received {received}"),
            _ => text("message").unwrap_or_default(),
        };
        Prediction {
            at,
            code,
            check,
            message: redaction.hide(&format!("{when}: {seen}: {detail}")),
            fix: redaction.hide(&fix.or_else(|| text("fix")).unwrap_or_else(|| nobody_there(at).to_owned())),
            outcome,
        }
    }
}

/// What mends a request that reaches no party.
fn nobody_there(at: Station) -> &'static str {
    match at {
        Station::Connect => {
            "the connector's URLs of the identity provider must begin with https://login.microsoftonline.com: \
             connector.login_uri, connector.authorization_url, connector.token_url, connector.refresh_url"
        }
        Station::Test | Station::Chat => "connector.server_url must begin with gate.url (Copilot Studio: Server URL)",
    }
}
