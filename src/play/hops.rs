//! Expected hops: an ordered subset of what went over the wire.

use scenarios::{Hop, Mismatch};
use serde_json::{Value, json};
use wire::Exchange;
use wire::exchange::Parameters;
use wire::fault::path_matches;

use super::compare_member;

/// Finds each expected hop after the one before it; says of the first that is missing what came closest.
pub(super) fn compare(expected: &[Hop], exchanges: &[Exchange]) -> Vec<Mismatch> {
    let mut rest = exchanges;
    for hop in expected {
        let candidates: Vec<_> = rest.iter().enumerate().filter(|(_, exchange)| same_route(hop, exchange)).collect();
        match candidates.iter().find(|(_, exchange)| differences(hop, exchange).is_empty()) {
            Some((index, _)) => rest = &rest[index + 1..],
            None => {
                return match candidates.first() {
                    Some((_, closest)) => differences(hop, closest),
                    None => vec![missing(hop, rest)],
                };
            }
        }
    }
    Vec::new()
}

/// Finds every message that must not have gone over the wire.
pub(super) fn compare_never(never: &[Hop], exchanges: &[Exchange]) -> Vec<Mismatch> {
    let found = |hop: &Hop| {
        exchanges.iter().find(|exchange| same_route(hop, exchange) && differences(hop, exchange).is_empty()).map(
            |seen| {
                let (expected, received) =
                    (format!("no message {hop}"), format!("message {}: {}", seen.number, route(seen)));
                Mismatch { span: hop.span.clone(), path: "never".to_owned(), expected, received }
            },
        )
    };
    never.iter().filter_map(found).collect()
}

/// What an exchange on the hop's route has otherwise than expected.
fn differences(hop: &Hop, exchange: &Exchange) -> Vec<Mismatch> {
    let seen = members(exchange);
    let expected = [
        ("query", &hop.query),
        ("form", &hop.form),
        ("headers", &hop.headers),
        ("body", &hop.body),
        ("status", &hop.status),
        ("response_headers", &hop.response_headers),
        ("response_body", &hop.response_body),
        ("check", &hop.check),
        ("fault", &hop.fault),
    ];
    let written = expected.into_iter().filter_map(|(member, expected)| Some((member, expected.as_ref()?)));
    written.flat_map(|(member, expected)| compare_member(member, expected, seen.get(member))).collect()
}

fn same_route(hop: &Hop, exchange: &Exchange) -> bool {
    hop.from.is_none_or(|from| from == exchange.from)
        && hop.to.is_none_or(|to| to == exchange.to)
        && hop.method.as_ref().is_none_or(|method| *method == exchange.method)
        && path_matches(&hop.path, exchange.path())
}

fn missing(hop: &Hop, rest: &[Exchange]) -> Mismatch {
    let seen: Vec<String> = rest.iter().map(route).collect();
    let received = if seen.is_empty() { "nothing more went over the wire".to_owned() } else { seen.join("; ") };
    Mismatch { span: hop.span.clone(), path: "hop".to_owned(), expected: hop.to_string(), received }
}

fn route(exchange: &Exchange) -> String {
    format!("{} -> {} {} {}", exchange.from, exchange.to, exchange.method, exchange.path())
}

/// The members of an exchange that a hop can name.
fn members(exchange: &Exchange) -> Value {
    json!({
        "status": exchange.status,
        "query": object(exchange.query()),
        "form": object(exchange.form()),
        "headers": object(lower_case(&exchange.request_headers)),
        "response_headers": object(lower_case(&exchange.response_headers)),
        "body": body(exchange.request_body.as_str()),
        "response_body": body(exchange.response_body.as_str()),
        "check": exchange.checks.refusal().map(|refusal| refusal.check.name()),
        "fault": Some(exchange.faults.join(", ")).filter(|faults| !faults.is_empty()),
    })
}

fn object(parameters: Parameters) -> Value {
    parameters.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
}

fn lower_case(headers: &[(String, String)]) -> Parameters {
    headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
}

/// A JSON body as its value, any other as text.
fn body(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
