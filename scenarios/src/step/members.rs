//! The members of a step's outcome: which there are, and what they can be.

use std::cmp::Ordering;

use serde_json::Value;
use wire::{Check, Party};

use crate::expected::{Expected, shown};
use crate::nearest::{listed, nearest};
use crate::problem::Faults;
use crate::source::Span;
use crate::yaml::escaped;

/// What can be expected of any step that may be refused.
const REFUSAL: [&str; 4] = ["by", "check", "expected", "received"];

/// What can be expected of a step of this kind.
pub(super) fn of(word: &str) -> Vec<&'static str> {
    let own: &[&str] = match word {
        "connect" => &[
            "connection",
            "shown",
            "aadsts",
            "error",
            "error_description",
            "message",
            "token",
            "refresh_token",
            "display_name",
        ],
        "test_operation" => &["status", "verdict", "message", "body", "aadsts", "refreshed"],
        "refresh" => &["connection", "refreshed", "token", "message", "aadsts"],
        "http" => &["status", "headers", "body", "json", "location", "location_query", "form", "message"],
        "list_tools" => &["tools", "status", "message", "aadsts", "refreshed"],
        "ask" => {
            &["tool", "arguments", "answer", "is_error", "why", "refused", "status", "message", "aadsts", "refreshed"]
        }
        _ => return Vec::new(),
    };
    own.iter().chain(&REFUSAL).copied().collect()
}

/// The values that a member of an outcome can have, where they are known; the connector's outcomes have them.
#[must_use]
pub fn values_of(member: &str) -> &'static [&'static str] {
    match member {
        "connection" => &["connected", "failed"],
        "shown" => &["page", "callback"],
        "verdict" => &[
            "reachable_and_authorized",
            "unauthorized",
            "forbidden",
            "not_found",
            "blocked_by_cors",
            "gateway_error",
            "no_connection",
            "unreachable",
            "other",
        ],
        _ => &[],
    }
}

/// Notes a member of `expect` that the step does not have.
pub(super) fn unknown(key: &str, span: &Span, step: &str, known: &[&str], faults: &mut Faults) {
    let fix = match nearest(key, known.iter().copied()) {
        Some(near) => format!("write `{near}`"),
        None => format!("what can be expected of it is {}", listed(known.iter().copied())),
    };
    faults.at(span, "expect.unknown", format!("`{step}` has no `{}`", escaped(key)), fix);
}

/// Members whose values are known: a check's name, a party, a number.
pub(super) fn check(key: &str, expected: &Expected, faults: &mut Faults) {
    match (key, expected) {
        (_, Expected::Not(inner, _)) => check(key, inner, faults),
        (_, Expected::OneOf(several, _)) => several.iter().for_each(|expected| check(key, expected, faults)),
        ("check", Expected::Is(value, span)) => {
            let text = value.as_str().unwrap_or_default();
            if Check::named(text).is_none() && !value.is_null() && !text.contains("${") {
                let fix = match nearest(text, Check::ALL.iter().map(|check| check.name())) {
                    Some(near) => format!("write `{near}`"),
                    None => {
                        format!("the nearest is `{}`; see `entralab explain` for what it means", nearest_check(text))
                    }
                };
                let message = format!("no check is called {}", shown(value));
                faults.at(span, "name.unknown", message, fix);
            }
        }
        ("by", Expected::Is(value, span)) => {
            let text = value.as_str().unwrap_or_default();
            if text.parse::<Party>().is_err() && !value.is_null() && !text.contains("${") {
                let message = format!("no party is called {}", shown(value));
                faults.at(span, "name.unknown", message, parties());
            }
        }
        (key, Expected::Is(Value::String(text), span)) if !values_of(key).is_empty() && !text.contains("${") => {
            let values = values_of(key);
            if !values.contains(&text.as_str()) {
                let fix = match nearest(text, values.iter().copied()) {
                    Some(near) => format!("write `{near}`"),
                    None => format!("it can be {}", listed(values.iter().copied())),
                };
                faults.at(span, "value.choice", format!("`{key}` is never \"{}\"", escaped(text)), fix);
            }
        }
        ("aadsts", Expected::Is(Value::String(text), span)) if !text.contains("${") => {
            let digits: String = text.chars().filter(char::is_ascii_digit).take(10).collect();
            let fix = if digits.is_empty() { "write the number".to_owned() } else { format!("write {digits}") };
            faults.at(span, "value.type", "`aadsts` is a number", fix);
        }
        ("status", Expected::Is(Value::String(text), span)) if !text.contains("${") => {
            faults.at(span, "value.type", "`status` is a number", "write it without quotes, such as 406");
        }
        _ => {}
    }
}

/// The check that is most like a name that none is very like: one with a word of it, where there is any.
fn nearest_check(name: &str) -> &'static str {
    let name: String = name.chars().take(100).collect::<String>().to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2).collect();
    let likeness = |check: &str| {
        let shared = check.split(['.', '_']).filter(|word| words.contains(word)).count();
        (shared, strsim::jaro_winkler(&name, check))
    };
    let names = Check::ALL.iter().map(|check| check.name());
    names.max_by(|a, b| likeness(a).partial_cmp(&likeness(b)).unwrap_or(Ordering::Equal)).unwrap_or_default()
}

/// What can stand for a party.
pub(super) fn parties() -> String {
    "write one of `browser`, `idp`, `connector`, `gate`, `mcp`, `client`".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_check_is_very_like_still_finds_the_nearest() {
        for (name, near) in [
            ("aud.not_allowed", "audience.allowed"),
            ("audience", "audience.allowed"),
            ("secret.is_current", "client_secret.current"),
            ("admin-consent", "consent.granted"),
        ] {
            assert_eq!(nearest_check(name), near, "{name}");
        }
        assert!(Check::named(nearest_check("")).is_some());
    }
}
