//! A live session as a scenario file: what a maker did on the lab's page, and what was seen.
//!
//! - [`Session`]: what a running lab tells of it.
//! - [`mod@file`]: the scenario file, which `run` plays.

pub mod file;
mod sign_in;

use jiff::Timestamp;
use scenarios::World;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wire::{Exchange, Redaction};

use crate::Lab;
use crate::lab::journal::{Act, Entry};

/// What was done in a running lab. No token of the session is in it; the world's own secrets are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The world that the lab was started with, in cloud names.
    pub world: World,
    /// What was done, in order.
    pub steps: Vec<Taken>,
    /// How much was done after that, and is not told.
    pub left_out: usize,
}

/// Something that was done, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Taken {
    /// When, in lab time.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub did: Did,
    /// What came of it, as expectations see it.
    #[serde(default)]
    pub outcome: Map<String, Value>,
}

/// What a maker did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "did")]
pub enum Did {
    /// Signed somebody in.
    Connect {
        /// The person's name in the world, where the session shows who it was.
        user: Option<String>,
        /// Whether the person said no on the consent page.
        declined: bool,
    },
    /// "Test operation".
    TestOperation,
    /// Listed the tools.
    ListTools,
    /// Asked the agent.
    Ask {
        /// The question.
        question: String,
    },
    /// Something that no scenario step can do.
    Other {
        /// What, in words.
        what: String,
    },
}

impl Session {
    /// The session of a running lab until now.
    #[must_use]
    pub fn of(lab: &Lab) -> Self {
        let (entries, left_out) = lab.journal.entries();
        let exchanges = lab.trace.after(0);
        let redaction = Redaction::of(&exchanges);
        let ends = entries.iter().skip(1).map(|next| next.before).chain([u64::MAX]);
        let steps = entries.iter().zip(ends).map(|(entry, end)| {
            let is_own = |exchange: &&Exchange| exchange.number > entry.before && exchange.number <= end;
            let own: Vec<Exchange> = exchanges.iter().filter(is_own).cloned().collect();
            taken(lab, entry, &own, &redaction)
        });
        Self { world: (*lab.written_world()).clone(), steps: steps.collect(), left_out }
    }
}

fn taken(lab: &Lab, entry: &Entry, exchanges: &[Exchange], redaction: &Redaction) -> Taken {
    let (did, outcome) = match &entry.act {
        Act::Connect { state: Some(state) } => sign_in::told(lab, state, exchanges),
        Act::Connect { state: None } => (Did::Connect { user: None, declined: false }, entry.outcome.clone()),
        Act::TestOperation => (Did::TestOperation, entry.outcome.clone()),
        Act::ListTools => (Did::ListTools, entry.outcome.clone()),
        Act::Ask { question } => (Did::Ask { question: redaction.hide(question) }, entry.outcome.clone()),
    };
    let outcome: Value = serde_json::from_str(&redaction.hide(&outcome.to_string())).unwrap_or_default();
    let outcome = outcome.as_object().cloned().unwrap_or_default();
    Taken { at: entry.at, did, outcome }
}
