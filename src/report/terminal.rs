//! A played scenario as a person reads it in a terminal.

use scenarios::Scenario;
use serde_json::Value;
use wire::{Exchange, Outcome, Party, Redaction};

use super::account::{self, came_of_it};
use super::meaning;
use super::visible::{on_one_line, shown};
use crate::play::{Observed, Phase, Played, Purpose};

/// How much to show.
#[derive(Clone, Copy, Debug)]
pub struct Detail {
    /// With colours.
    pub colored: bool,
    /// Each message, not only each step.
    pub hops: bool,
    /// Each step, not only the result.
    pub steps: bool,
}

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    /// Whether to paint.
    pub colored: bool,
}

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.colored { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// What failed.
    #[must_use]
    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    /// What passed.
    #[must_use]
    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// What matters less.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    /// A heading.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }
}

/// The report of one scenario.
#[must_use]
pub fn scenario(scenario: &Scenario, played: &Played, detail: Detail) -> String {
    let paint = Paint { colored: detail.colored };
    let redaction = played.redaction();
    let mark = if played.passed() { paint.green("✓") } else { paint.red("✗") };
    let reports =
        if scenario.reports.is_empty() { String::new() } else { format!(" ({})", scenario.reports.join(", ")) };
    let (name, title) = (on_one_line(&redaction, &played.name), on_one_line(&redaction, &scenario.title));
    let mut text = format!("{mark} {}  {title}{reports}\n", paint.bold(&name));
    if detail.steps {
        if let Some(teaches) = scenario.teaches.as_ref().filter(|_| detail.hops) {
            text.push_str(&format!("  {}\n", paint.dim(&on_one_line(&redaction, teaches.trim()))));
        }
        for phase in &played.phases {
            text.push_str(&phase_text(phase, paint, &redaction, detail));
        }
    }
    for note in account::notes(played, &redaction) {
        text.push_str(&format!("    note: {note}\n"));
    }
    for line in account::failure_text(played, &redaction).unwrap_or_default().lines() {
        text.push_str(&format!("    {}\n", painted(line, paint)));
    }
    text
}

/// A line of a failure: what differs and who refused in red, what mends it in bold.
fn painted(line: &str, paint: Paint) -> String {
    match line.trim_start() {
        start if start.starts_with('×') || start.starts_with("refused by ") => paint.red(line),
        start if start.starts_with("fix ") || start.starts_with("fix:") => paint.bold(line),
        _ => line.to_owned(),
    }
}

fn phase_text(phase: &Phase, paint: Paint, redaction: &Redaction, detail: Detail) -> String {
    let mut text =
        account::heading(phase.purpose).map(|heading| format!("  {}\n", paint.dim(heading))).unwrap_or_default();
    for step in &phase.steps {
        let mark = match phase.purpose {
            Purpose::Base => paint.dim("·"),
            _ if step.mismatches.is_empty() => paint.green("✓"),
            _ => paint.red("✗"),
        };
        let exchanges = if phase.purpose == Purpose::Base { &[][..] } else { &step.exchanges };
        text.push_str(&step_text(&mark, &step.label, &step.outcome, exchanges, redaction, detail));
    }
    for step in &phase.unplayed {
        let label = on_one_line(redaction, &step.label);
        text.push_str(&format!("  {}\n", paint.dim(&format!("– {label}: not played"))));
    }
    text
}

/// Something that was done, with what went over the wire.
#[must_use]
pub fn observed(observed: &Observed, held: bool, redaction: &Redaction, detail: Detail) -> String {
    let paint = Paint { colored: detail.colored };
    let mark = if held { paint.green("✓") } else { paint.red("✗") };
    step_text(&mark, &observed.label, &observed.outcome, &observed.exchanges, redaction, detail)
}

fn step_text(
    mark: &str,
    label: &str,
    outcome: &Value,
    exchanges: &[Exchange],
    redaction: &Redaction,
    detail: Detail,
) -> String {
    let mut text = format!("  {mark} {}{}\n", on_one_line(redaction, label), came_of_it(outcome, redaction));
    for exchange in exchanges.iter().filter(|_| detail.hops) {
        text.push_str(&hop(exchange, Paint { colored: detail.colored }, redaction));
    }
    text
}

fn hop(exchange: &Exchange, paint: Paint, redaction: &Redaction) -> String {
    let arrow = if exchange.from == Party::Browser { "──▶" } else { "··▶" };
    let status = match exchange.status {
        Some(status) => status.to_string(),
        None => "no answer".to_owned(),
    };
    let mut text = format!(
        "    {:>3} {:>9} {arrow} {:<9} {:<7} {} {}\n",
        exchange.number,
        exchange.from.to_string(),
        exchange.to.to_string(),
        exchange.method,
        shown(redaction, exchange.path()),
        paint.bold(&status),
    );
    let told = redaction.exchange(exchange);
    if let Some(meaning) = meaning::of(exchange) {
        text = format!("{}  {}\n", text.trim_end(), shown(redaction, &meaning));
    }
    let mut note = |line: String| text.push_str(&format!("{:34}{}\n", "", paint.dim(&shown(redaction, &line))));
    for (kind, parameters) in [("query", told.query()), ("form", told.form())] {
        if !parameters.is_empty() {
            let pairs: Vec<_> =
                parameters.iter().map(|(name, value)| format!("{name}={}", cut(&shown(redaction, value)))).collect();
            note(format!("{kind} {}", pairs.join("  ")));
        }
    }
    if let Some(location) = exchange.location() {
        note(format!("to {}", cut(&shown(redaction, location))));
    }
    if let Some(claims) = meaning::of_token(exchange) {
        note(format!("access token says {claims}"));
    }
    if let Some(failure) = &exchange.failure {
        note(failure.clone());
    }
    for fault in &exchange.faults {
        note(format!("fault: {fault}"));
    }
    for result in exchange.checks.0.iter().filter(|result| result.outcome == Outcome::Refused) {
        text.push_str(&format!("{:34}{}\n", "", paint.red(&format!("✗ {}", result.check))));
        text.push_str(&format!("{:36}expected {}\n", "", shown(redaction, &result.expected)));
        text.push_str(&format!("{:36}received {}\n", "", shown(redaction, &result.received)));
        if let Some(fix) = &result.fix {
            text.push_str(&format!("{:36}fix      {}\n", "", shown(redaction, fix)));
        }
    }
    text
}

/// A long value, cut in the middle of nothing that matters.
fn cut(text: &str) -> String {
    const LONGEST: usize = 96;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST - 1).collect();
    format!("{start}…")
}
