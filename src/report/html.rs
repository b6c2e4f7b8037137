//! `--report html=FILE`: one page that needs nothing else, not even a network: no script, no link, no outside file.
//!
//! Each scenario is a sequence diagram whose arrows open to both messages, what they say, and the checks made on them.

use askama::Template;
use serde_json::Value;
use wire::exchange::{Parameters, deciding_refusal, header};
use wire::exports::Secrets;
use wire::{Body, Channel, CheckResult, Exchange, Outcome, Party};

use super::account::heading;
use super::visible::visible;
use super::{Account, meaning};
use crate::play::{Phase, PlayedStep, Purpose};

mod token;

use token::Token;

/// The longest body that the page holds.
const LONGEST_BODY_CHARS: usize = 20_000;

/// The parties, from left to right.
const LANES: [(Party, &str); 7] = [
    (Party::Browser, "Browser"),
    (Party::Client, "Client"),
    (Party::Connector, "Connector"),
    (Party::Idp, "Identity provider"),
    (Party::Gate, "Gate"),
    (Party::Mcp, "MCP server"),
    (Party::Unmapped, "Nobody"),
];

/// The page.
///
/// # Errors
/// Never: it is written to memory.
pub fn html(accounts: &[Account], secrets: Secrets) -> Result<String, askama::Error> {
    let mut stories: Vec<Story> =
        accounts.iter().enumerate().map(|(index, account)| Story::of(account, index + 1)).collect();
    // What failed is what the page is opened for.
    stories.sort_by_key(|story| story.passed);
    let failed = stories.iter().filter(|story| !story.passed).count();
    let alone = stories.len() == 1;
    Page { version: env!("CARGO_PKG_VERSION"), secrets, passed: stories.len() - failed, failed, alone, stories }
        .render()
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    version: &'static str,
    secrets: Secrets,
    passed: usize,
    failed: usize,
    alone: bool,
    stories: Vec<Story>,
}

/// A scenario.
struct Story {
    id: usize,
    name: String,
    file: String,
    title: String,
    reports: Vec<String>,
    teaches: Option<String>,
    passed: bool,
    failure: Option<String>,
    /// Where the file says what did not hold.
    place: Option<String>,
    /// Member, expected, received.
    mismatches: Vec<[String; 3]>,
    refusal: Option<CheckResult>,
    /// What the check that refused wants.
    passes_if: String,
    lanes: Vec<&'static str>,
    phases: Vec<Stage>,
}

/// A phase of a scenario.
struct Stage {
    heading: Option<&'static str>,
    steps: Vec<Act>,
    /// What was not played, because a step before it failed.
    unplayed: Vec<String>,
}

/// A step.
struct Act {
    mark: Mark,
    label: String,
    outcome: String,
    duration_us: u64,
    hops: Vec<Hop>,
}

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Passed,
    Failed,
    /// Of the phase that shows that the symptom does not come without the change.
    Compared,
}

/// An exchange as an arrow, and what is in it.
struct Hop {
    exchange: Exchange,
    arrow: Arrow,
    meaning: Option<String>,
    refused: bool,
    path: String,
    query: Parameters,
    form: Parameters,
    request_body: Option<String>,
    response_body: Option<String>,
    tokens: Vec<Token>,
}

/// Where an arrow stands, in hundredths of a lane.
struct Arrow {
    left: usize,
    width: usize,
    /// From its right end to the right edge.
    right: usize,
    to_the_left: bool,
    /// The label ends where the arrow ends, because there it has more room than from the arrow's start on.
    label_at_right: bool,
}

impl Story {
    fn of(account: &Account, id: usize) -> Self {
        let (scenario, played) = (account.scenario, account.played);
        let exchanges = || played.steps().flat_map(|step| &step.exchanges);
        let uses = |party| exchanges().any(|exchange| exchange.from == party || exchange.to == party);
        let lanes: Vec<_> = LANES.into_iter().filter(|(party, _)| uses(*party)).collect();
        let refusal = account.failed_step().and_then(|step| deciding_refusal(&step.exchanges));
        let mismatches = account.failed_step().map(|step| step.mismatches.as_slice()).unwrap_or_default();
        let stage = |phase: &Phase| Stage {
            heading: heading(phase.purpose),
            steps: phase.steps.iter().map(|step| Act::of(account, phase.purpose, step, &lanes)).collect(),
            unplayed: phase.unplayed.iter().map(|step| visible(&account.text(&step.label))).collect(),
        };
        Self {
            id,
            name: visible(&played.name),
            file: visible(&played.file),
            title: visible(&account.text(&scenario.title)),
            reports: scenario.reports.clone(),
            teaches: scenario.teaches.as_deref().map(|text| visible(text.trim())),
            passed: played.passed(),
            failure: account.failure(),
            place: account.failure_place().map(|place| visible(&place.to_string())),
            mismatches: mismatches.iter().map(|one| account.mismatch(one).map(|text| visible(&text))).collect(),
            refusal: refusal.map(|refusal| check(&account.check(refusal))),
            passes_if: refusal.map(|refusal| refusal.check.meaning().replace('`', "")).unwrap_or_default(),
            phases: played.phases.iter().map(stage).collect(),
            lanes: lanes.iter().map(|(_, name)| *name).collect(),
        }
    }
}

impl Act {
    fn of(account: &Account, purpose: Purpose, step: &PlayedStep, lanes: &[(Party, &str)]) -> Self {
        let mark = match purpose {
            _ if account.is_failed(step) => Mark::Failed,
            Purpose::Base => Mark::Compared,
            Purpose::Steps | Purpose::Fix | Purpose::Then => Mark::Passed,
        };
        Self {
            mark,
            label: visible(&account.text(&step.label)),
            outcome: account.outcome(step),
            duration_us: step.duration_us,
            hops: step.exchanges.iter().map(|exchange| Hop::of(account, exchange, lanes)).collect(),
        }
    }
}

impl Act {
    fn milliseconds(&self) -> String {
        milliseconds(self.duration_us)
    }
}

impl Hop {
    fn of(account: &Account, original: &Exchange, lanes: &[(Party, &str)]) -> Self {
        let mut exchange = account.exchange(original);
        let (query, form) = (shown(exchange.query()), shown(exchange.form()));
        let request_body = body(&exchange.request_body, &exchange.request_headers).filter(|_| form.is_empty());
        let response_body = body(&exchange.response_body, &exchange.response_headers);
        exchange.url = visible(&exchange.url);
        exchange.failure = exchange.failure.as_deref().map(visible);
        exchange.request_headers = shown(exchange.request_headers);
        exchange.response_headers = shown(exchange.response_headers);
        exchange.checks.0 = exchange.checks.0.iter().map(check).collect();
        Self {
            arrow: Arrow::of(&exchange, lanes),
            meaning: meaning::of(original).map(|text| visible(&account.text(&text))),
            refused: exchange.checks.refusal().is_some() || exchange.failure.is_some(),
            path: visible(exchange.path()),
            tokens: token::of(account, original),
            query,
            form,
            request_body,
            response_body,
            exchange,
        }
    }

    fn channel(&self) -> &'static str {
        match self.exchange.channel {
            Channel::Front => "front",
            Channel::Back => "back",
        }
    }

    fn status(&self) -> String {
        self.exchange.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string())
    }

    fn milliseconds(&self) -> String {
        milliseconds(self.exchange.duration_us)
    }
}

impl Arrow {
    fn of(exchange: &Exchange, lanes: &[(Party, &str)]) -> Self {
        let place = |party| lanes.iter().position(|(lane, _)| *lane == party).unwrap_or_default();
        let (from, to) = (place(exchange.from), place(exchange.to));
        let (first, last) = (from.min(to), from.max(to));
        let left = first * 100 + 50;
        let width = ((last - first) * 100).max(40); // a party that calls itself still gets an arrow
        Self {
            left,
            width,
            right: (lanes.len() * 100).saturating_sub(left + width),
            to_the_left: to < from,
            label_at_right: left + width > lanes.len() * 100 - left,
        }
    }
}

fn milliseconds(microseconds: u64) -> String {
    format!("{}.{} ms", microseconds / 1000, microseconds % 1000 / 100)
}

fn shown(pairs: Parameters) -> Parameters {
    pairs.into_iter().map(|(name, value)| (visible(&name), visible(&value))).collect()
}

fn check(result: &CheckResult) -> CheckResult {
    CheckResult {
        expected: visible(&result.expected),
        received: visible(&result.received),
        fix: result.fix.as_deref().map(visible),
        ..result.clone()
    }
}

/// A body as a person reads it: JSON indented, the rest as it came, cut where it is long.
fn body(body: &Body, headers: &[(String, String)]) -> Option<String> {
    let Some(text) = &body.text else {
        return (body.size_bytes > 0).then(|| format!("{} bytes that are no text", body.size_bytes));
    };
    if text.is_empty() {
        return None;
    }
    let json = header(headers, "content-type").is_some_and(|kind| kind.contains("json"));
    let json = json.then(|| serde_json::from_str::<Value>(text).ok()).flatten();
    let text = json.and_then(|json| serde_json::to_string_pretty(&json).ok()).unwrap_or_else(|| text.clone());
    let mut text = visible(&text);
    if let Some((end, _)) = text.char_indices().nth(LONGEST_BODY_CHARS) {
        text.truncate(end);
        text.push_str(&format!("\n… {} bytes in all", body.size_bytes));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where an arrow's label starts, in a diagram of `lanes`.
    fn at_right(lanes: &[(Party, &'static str)], from: Party, to: Party) -> bool {
        let exchange = Exchange {
            number: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            duration_us: 0,
            from,
            to,
            channel: Channel::Back,
            method: "GET".to_owned(),
            url: "https://idp.example/keys".to_owned(),
            request_headers: Vec::new(),
            request_body: Body::default(),
            status: Some(200),
            response_headers: Vec::new(),
            response_body: Body::default(),
            checks: wire::Checks::default(),
            failure: None,
            caused_by: None,
            faults: Vec::new(),
        };
        Arrow::of(&exchange, lanes).label_at_right
    }

    #[test]
    fn a_label_stands_where_it_has_room() {
        let story: Vec<_> =
            LANES.into_iter().filter(|(party, _)| !matches!(party, Party::Client | Party::Unmapped)).collect();
        assert!(at_right(&story, Party::Gate, Party::Idp), "in the middle, the longer side is the left one");
        assert!(at_right(&story, Party::Gate, Party::Mcp));
        assert!(!at_right(&story, Party::Browser, Party::Gate));
        assert!(!at_right(&story, Party::Connector, Party::Idp));
        assert!(
            at_right(&story[1..], Party::Gate, Party::Mcp) && !at_right(&story[..2], Party::Browser, Party::Connector)
        );
    }
}
