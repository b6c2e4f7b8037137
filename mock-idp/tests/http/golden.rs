//! Every code with the requests that cause it and all its faces, as one file that a person can read.

use mock_idp::EntraErrorKind;
use mock_idp::error::faces::{Front, Unverified};
use serde_json::Value;
use strum::IntoEnumIterator;

use crate::causes;
use crate::support::Seen;

/// Values longer than this are codes, tokens and the like, which say nothing to a reader.
const LONGEST: usize = 160;

fn faces(kind: EntraErrorKind) -> String {
    let faces = kind.faces();
    let front = |front| match front {
        Front::Page(status) => format!("an error page, HTTP {status}"),
        Front::SignInAgain => "the sign-in page again".to_owned(),
        Front::NewPassword => "the page for a new password".to_owned(),
        Front::UserCode => "the page for a device's code".to_owned(),
        Front::Redirect(error) => format!("back to the application with {error}, if the redirect URI is trusted"),
    };
    let suberror = faces.suberror.map(|suberror| format!(", suberror {suberror}")).unwrap_or_default();
    let lines = [
        faces.discovery.map(|(status, error)| format!("discovery    HTTP {status}, {error}")),
        faces.token.map(|(status, error)| format!("token        HTTP {status}, {error}{suberror}")),
        faces.on_behalf_of.map(|(status, error)| format!("on behalf of HTTP {status}, {error}{suberror}")),
        faces.front.map(|face| format!("authorize    {}", front(face))),
        faces.silent.map(|error| format!("prompt=none  back to the application with {error}")),
        (!faces.lookup).then(|| "no error_uri".to_owned()),
        match faces.unverified {
            Unverified::Nothing => None,
            Unverified::AtToken => Some("not seen at Entra at the token endpoint: inferred".to_owned()),
            Unverified::Everything => Some("not seen at Entra: inferred".to_owned()),
        },
    ];
    lines.into_iter().flatten().map(|line| format!("  {line}\n")).collect()
}

/// What a reader, and the next run, can do with: no long values, and no random identifiers.
fn cut(value: &str) -> String {
    match value.split_once(" Trace ID: ") {
        Some((message, _)) => format!("{message} Trace ID: …"),
        None if value.len() <= LONGEST => value.to_owned(),
        None => "…".to_owned(),
    }
}

/// Query or form with its values as people read them.
fn parameters(encoded: &str) -> String {
    let pairs = url::form_urlencoded::parse(encoded.as_bytes());
    pairs.map(|(name, value)| format!("      {name} = {}\n", cut(&value))).collect()
}

fn request(seen: &Seen) -> String {
    let (line, form) = seen.request.split_once('\n').unwrap();
    let (line, query) = line.split_once('?').unwrap_or((line, ""));
    format!("    {line}\n{}{}", parameters(query), parameters(form))
}

fn answer(seen: &Seen) -> String {
    let status = format!("    HTTP {}\n", seen.status.as_u16());
    if let Some(location) = seen.location() {
        let (to, encoded) = location.split_once(['?', '#']).unwrap_or((location, ""));
        return format!("{status}    Location: {to}\n{}", parameters(encoded.trim_end_matches('#')));
    }
    if let Ok(Value::Object(body)) = serde_json::from_str(&seen.body) {
        let shown = |(name, value): (&String, &Value)| match value {
            Value::String(_) if ["trace_id", "correlation_id"].contains(&name.as_str()) => format!("      {name}: …\n"),
            Value::String(text) => format!("      {name}: {}\n", cut(text)),
            value => format!("      {name}: {value}\n"),
        };
        return body.iter().map(shown).fold(status, |text, member| text + &member);
    }
    let shown = seen.body.split("data-aadsts=\"").nth(1).and_then(|rest| rest.split_once('>')?.1.split_once('<'));
    format!("{status}    a page: {}\n", shown.map_or("", |(text, _)| text))
}

#[test]
fn every_code_has_the_causes_and_faces_of_the_golden_file() {
    assert!(EntraErrorKind::iter().is_sorted_by_key(EntraErrorKind::number), "variants stand in code order");
    let mut text = String::new();
    for kind in EntraErrorKind::iter() {
        text.push_str(&format!("AADSTS{}\n{}", kind.number(), faces(kind)));
        for (_, check, cause) in causes::all().filter(|(number, ..)| *number == kind.number()) {
            let seen = cause();
            text.push_str(&format!("  refused by {check}\n{}{}", request(&seen), answer(&seen)));
        }
        text.push('\n');
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/aadsts.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    assert!(golden == text, "tests/golden/aadsts.txt differs; UPDATE_GOLDEN=1 writes what the code says now:\n{text}");
}
