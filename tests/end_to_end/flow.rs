//! `docs/flow.md`: what is told there of each hop is what a run of `the-article` shows, and what breaks a hop is what
//! the bundled scenarios show.
//!
//! After a change: `ENTRALAB_BLESS=1 cargo test --release --test end_to_end flow`, and read the difference. A person
//! writes what stands between the generated blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use entralab::report::meaning;
use serde_json::Value;
use wire::exchange::header;
use wire::{Check, Exchange, Outcome};

use crate::command_line::{entralab, text};

const BEGIN: &str = "<!-- generated: ";
const END: &str = "<!-- end of generated -->";

/// A value that is longer is left out; its name tells enough.
const LONGEST_VALUE_CHARS: usize = 44;

/// So many members of a body are named.
const MOST_MEMBERS: usize = 10;

/// The headers that the story is about.
const SENT_HEADERS: [&str; 8] = [
    "origin",
    "access-control-request-method",
    "access-control-request-headers",
    "authorization",
    "accept",
    "content-type",
    "x-ms-client-principal-name",
    "x-ms-client-principal",
];
const ANSWERED_HEADERS: [&str; 5] = [
    "location",
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "www-authenticate",
];

/// What makes two hops the same for a reader.
type Kind = [String; 5];

fn kind(exchange: &Exchange) -> Kind {
    let place = exchange.path().rsplit('/').next().unwrap_or_default().to_owned();
    let meaning = meaning::of(exchange).filter(|meaning| meaning.starts_with("MCP")).unwrap_or_default();
    [name(exchange.from), name(exchange.to), exchange.method.clone(), place, meaning]
}

/// A hop of the story, with the later ones of its kind.
struct Hop {
    exchange: Exchange,
    again: Vec<u64>,
}

/// Where a bundled scenario breaks.
struct Break {
    scenario: String,
    file: String,
    check: Check,
}

impl Break {
    fn told(&self) -> String {
        let Self { scenario, file, check } = self;
        format!("[{scenario}](../scenarios/{file}.scenario.yaml) at `{check}`")
    }
}

/// What all bundled scenarios did, as `--report json` tells it.
fn reported() -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.json");
    let output = entralab(&["run", "-q", "--report", &format!("json={}", file.display())]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let report: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    report["scenarios"].as_array().unwrap().clone()
}

fn diagram() -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flow.mmd");
    let output = entralab(&["run", "-q", "the-article", "--report", &format!("mermaid={}", file.display())]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    std::fs::read_to_string(file).unwrap()
}

/// What went over the wire in a scenario's steps.
fn exchanges(scenario: &Value) -> Vec<Exchange> {
    let phases = scenario["phases"].as_array().unwrap().iter().filter(|phase| phase["purpose"] == "steps");
    let steps = phases.flat_map(|phase| phase["steps"].as_array().unwrap());
    let told = steps.flat_map(|step| step["exchanges"].as_array().unwrap());
    told.map(|exchange| serde_json::from_value(exchange.clone()).unwrap()).collect()
}

fn hops(scenario: &Value) -> Vec<Hop> {
    let mut hops: Vec<Hop> = Vec::new();
    for exchange in exchanges(scenario) {
        match hops.iter_mut().find(|hop| kind(&hop.exchange) == kind(&exchange)) {
            Some(hop) => hop.again.push(exchange.number),
            None => hops.push(Hop { exchange, again: Vec::new() }),
        }
    }
    hops
}

/// The first refusal of each scenario, by the kind of hop that it comes at. The 406 of the Test tab is none: it is what
/// the story wants.
fn breaks(scenarios: &[Value]) -> BTreeMap<Kind, Vec<Break>> {
    let mut breaks: BTreeMap<Kind, Vec<Break>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for scenario in scenarios {
        let first = exchanges(scenario).into_iter().find_map(|exchange| {
            let mut refused = exchange.checks.0.iter().filter(|result| result.outcome == Outcome::Refused);
            let check = refused.find(|result| result.check != Check::AcceptBoth)?.check;
            Some((kind(&exchange), check))
        });
        let file = scenario["file"].as_str().unwrap().trim_start_matches("bundled:").to_owned();
        if let Some((kind, check)) = first.filter(|_| seen.insert(file.clone())) {
            let scenario = file.rsplit('/').next().unwrap_or_default().to_owned();
            breaks.entry(kind).or_default().push(Break { scenario, file, check });
        }
    }
    breaks
}

fn shown(name: &str, value: &str) -> String {
    let fits = value.chars().count() <= LONGEST_VALUE_CHARS && !value.is_empty();
    if fits { format!("`{name}={value}`") } else { format!("`{name}`") }
}

fn parameters(pairs: Vec<(String, String)>) -> Vec<String> {
    pairs.iter().map(|(name, value)| shown(name, value)).collect()
}

fn headers(all: &[(String, String)], wanted: &[&str]) -> Vec<String> {
    let of = |name: &&str| header(all, name).map(|value| shown(name, value));
    wanted.iter().filter_map(of).collect()
}

/// The first members of a JSON object, by name.
fn members(body: &str) -> Vec<String> {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let names: Vec<_> = json.as_object().into_iter().flatten().map(|(name, _)| format!("`{name}`")).collect();
    let left_out = names.len().saturating_sub(MOST_MEMBERS);
    let more = (left_out > 0).then(|| format!("{left_out} more"));
    names.into_iter().take(MOST_MEMBERS).chain(more).collect()
}

fn name(party: wire::Party) -> String {
    match party {
        wire::Party::Idp => "identity provider".to_owned(),
        wire::Party::Mcp => "MCP server".to_owned(),
        party => party.to_string(),
    }
}

fn hop_block(hop: &Hop, breaks: &[Break]) -> String {
    let exchange = &hop.exchange;
    let (from, to, number) = (name(exchange.from), name(exchange.to), exchange.number);
    let mut block = format!("### {number}. From {from} to {to}: `{} {}`\n\n", exchange.method, exchange.path());
    let mut line = |title: &str, told: &str| {
        if !told.is_empty() {
            writeln!(block, "- {title}: {told}").unwrap();
        }
    };
    line("For", &meaning::of(exchange).unwrap_or_default());
    let mut sent = parameters(exchange.query());
    sent.extend(headers(&exchange.request_headers, &SENT_HEADERS));
    sent.extend(parameters(exchange.form()));
    sent.extend(members(exchange.request_body.as_str()));
    line("Sent", &sent.join(", "));
    let status = exchange.status.map_or_else(|| "nothing".to_owned(), |status| status.to_string());
    let mut answered = vec![status];
    answered.extend(headers(&exchange.response_headers, &ANSWERED_HEADERS));
    answered.extend(members(exchange.response_body.as_str()));
    line("Answered", &answered.join(", "));
    let mut judged: Vec<_> = exchange.checks.0.iter().map(|result| format!("`{}`", result.check)).collect();
    judged.dedup();
    line("Judged by", &judged.join(", "));
    let broken: Vec<_> = breaks.iter().map(Break::told).collect();
    line("Broken in", &broken.join(", "));
    let again: Vec<_> = hop.again.iter().map(u64::to_string).collect();
    line("Again at", &again.join(", "));
    block
}

/// The text with every generated block made anew; `made` gives the content of a block by its name.
fn with_blocks(text: &str, made: &BTreeMap<String, String>) -> String {
    let mut renewed = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(" -->").expect("a generated block's name ends in -->");
        let (_, after) = after.split_once(END).expect("a generated block has an end");
        let content = made.get(name).unwrap_or_else(|| panic!("docs/flow.md has a block '{name}', and no run does"));
        renewed.push_str(&format!("{before}{BEGIN}{name} -->\n{content}{END}"));
        rest = after;
    }
    renewed + rest
}

#[test]
fn the_flow_is_told_as_it_runs() {
    let scenarios = reported();
    let story = scenarios.iter().find(|one| one["name"] == "the-article").unwrap();
    let (hops, mut breaks) = (hops(story), breaks(&scenarios));
    let mut made = BTreeMap::from([("diagram".to_owned(), format!("```mermaid\n{}```\n", diagram()))]);
    for hop in &hops {
        let broken = breaks.remove(&kind(&hop.exchange)).unwrap_or_default();
        made.insert(format!("hop {}", hop.exchange.number), hop_block(hop, &broken));
    }
    let elsewhere: String = breaks.iter().fold(String::new(), |mut list, ([from, to, method, place, _], broken)| {
        for one in broken {
            writeln!(list, "- From {from} to {to}, `{method} …/{place}`: {}", one.told()).unwrap();
        }
        list
    });
    made.insert("elsewhere".to_owned(), elsewhere);

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/flow.md");
    let written = std::fs::read_to_string(&file).unwrap();
    for name in made.keys() {
        assert_eq!(written.matches(&format!("{BEGIN}{name} -->")).count(), 1, "docs/flow.md: the block '{name}'");
    }
    let renewed = with_blocks(&written, &made);
    if std::env::var_os("ENTRALAB_BLESS").is_some() {
        std::fs::write(&file, &renewed).unwrap();
    } else {
        let line = written.lines().zip(renewed.lines()).position(|(old, new)| old != new).map(|index| index + 1);
        assert!(
            written == renewed,
            "docs/flow.md is out of date from line {line:?} on; ENTRALAB_BLESS=1 writes it anew"
        );
    }
}
