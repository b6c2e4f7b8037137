//! `${world.…}` and `${steps.<id>.<name>}`: replaced once, and what they stand for is never read again.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};

use crate::expected::{Expected, Mismatch};
use crate::nearest::{listed, nearest};
use crate::problem::{Faults, Problems};
use crate::source::Span;
use crate::step::{Accident, Action, Hop, HttpBody, HttpRequest, SignIn, Step};
use crate::world::World;
use crate::yaml::escaped;

/// What the steps of one run kept.
#[derive(Clone, Debug, Default)]
pub struct Captures(BTreeMap<String, BTreeMap<String, Value>>);

impl Captures {
    /// Keeps what the step says of its outcome.
    ///
    /// # Errors
    /// The members that the outcome does not have; the others are kept.
    pub fn keep(&mut self, step: &Step, outcome: &Value) -> Result<(), Vec<Mismatch>> {
        let mut missing = Vec::new();
        for (name, path) in &step.keep {
            match follow(outcome, path) {
                Ok(value) => self.insert(step.id.as_deref().unwrap_or_default(), name, value.clone()),
                Err(_) => missing.push(Mismatch {
                    span: step.span.clone(),
                    path: path.clone(),
                    expected: "something to keep".to_owned(),
                    received: "nothing".to_owned(),
                }),
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }

    /// Keeps one value.
    pub fn insert(&mut self, step: &str, name: &str, value: Value) {
        self.0.entry(step.to_owned()).or_default().insert(name.to_owned(), value);
    }

    fn find(&self, path: &str) -> Option<&Value> {
        let (step, name) = path.split_once('.')?;
        self.0.get(step)?.get(name)
    }
}

/// The value below several keys; an error gives the key that is not there and those that are.
fn follow<'v>(value: &'v Value, path: &str) -> Result<&'v Value, (String, Vec<String>)> {
    path.split('.').try_fold(value, |value, key| {
        let found = match value {
            Value::Array(elements) => key.parse::<usize>().ok().and_then(|index| elements.get(index)),
            value => value.get(key),
        };
        found.ok_or_else(|| {
            let known = value.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default();
            (key.to_owned(), known)
        })
    })
}

/// The world as `${world.…}` sees it: what the file says, with what follows from it.
pub(crate) fn visible(world: &World) -> Value {
    let mut value = serde_json::to_value(world).unwrap_or_default();
    if let Some(apps) = value.pointer_mut("/idp/apps").and_then(Value::as_object_mut) {
        for app in apps.values_mut() {
            let first = app["identifier_uris"].get(0).cloned();
            if let (Some(first), Some(app)) = (first, app.as_object_mut()) {
                app.insert("identifier_uri".to_owned(), first);
            }
        }
    }
    if let Some(connector) = value["connector"].as_object_mut() {
        connector.insert("redirect_url".to_owned(), world.connector.redirect_url().into());
    }
    value
}

/// A reference that cannot be replaced: what is wrong with it, and what to write.
struct Wrong {
    message: String,
    fix: String,
}

impl Wrong {
    fn new(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { message: message.into(), fix: fix.into() }
    }
}

/// A reference within a text: where it stands, and what it names.
struct Reference<'t> {
    range: Range<usize>,
    path: &'t str,
}

/// Finds the references of a text.
fn references(text: &str) -> Result<Vec<Reference<'_>>, Wrong> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("${").map(|start| at + start) {
        let Some(length) = text[start..].find('}') else {
            return Err(Wrong::new("a `${` is not closed", "write `}` after the name"));
        };
        found.push(Reference { range: start..start + length + 1, path: &text[start + 2..start + length] });
        at = start + length + 1;
    }
    Ok(found)
}

/// Where references lead: the world, and what steps kept.
#[derive(Clone, Copy)]
pub(crate) struct Roots<'r> {
    /// The world as references see it; none while it is in error.
    pub world: Option<&'r Value>,
    /// What steps kept.
    pub captured: Kept<'r>,
}

/// What `${steps.…}` can mean.
#[derive(Clone, Copy)]
pub(crate) enum Kept<'r> {
    /// Nothing has run yet: these names will be there.
    Names(&'r [(String, Vec<String>)]),
    /// What was kept.
    Values(&'r Captures),
}

impl Roots<'_> {
    /// The value of one reference; none where it is not known yet.
    fn find(self, path: &str) -> Result<Option<Value>, Wrong> {
        let (root, rest) = path.split_once('.').unwrap_or((path, ""));
        match root {
            "world" => {
                let Some(world) = self.world else { return Ok(None) };
                follow(world, rest).map(|value| Some(value.clone())).map_err(|(key, known)| {
                    let message = format!("`${{{}}}` leads nowhere: there is no `{}`", escaped(path), escaped(&key));
                    let names = || known.iter().map(String::as_str);
                    let fix = match nearest(&key, names()) {
                        Some(near) => format!("write `{near}`"),
                        None if known.is_empty() => "nothing is below that".to_owned(),
                        None => format!("there are {}", listed(names())),
                    };
                    Wrong { message, fix }
                })
            }
            "steps" => match self.captured {
                Kept::Values(captured) => captured.find(rest).cloned().map(Some).ok_or_else(|| {
                    let message = format!("`${{{}}}` was not kept", escaped(path));
                    Wrong::new(message, "the step that keeps it did not come that far")
                }),
                Kept::Names(names) => {
                    let (step, name) = rest.split_once('.').unwrap_or((rest, ""));
                    let known: Vec<String> = names
                        .iter()
                        .flat_map(|(id, kept)| kept.iter().map(move |name| format!("{id}.{name}")))
                        .collect();
                    if names.iter().any(|(id, kept)| id == step && kept.iter().any(|kept| kept == name)) {
                        return Ok(None);
                    }
                    let message = format!("no step before this one keeps `{}`", escaped(rest));
                    let known = || known.iter().map(String::as_str);
                    let fix = match nearest(rest, known()) {
                        Some(near) => format!("write `${{steps.{near}}}`"),
                        None if known().next().is_none() => {
                            format!(
                                "give a step `id: {}` and `keep: {{ {}: … }}`",
                                or(step, "a-name"),
                                or(name, "name")
                            )
                        }
                        None => format!("kept before are {}", listed(known())),
                    };
                    Err(Wrong { message, fix })
                }
            },
            _ => Err(Wrong::new(
                format!("`${{{}}}` starts with nothing that is known here", escaped(path)),
                "start with `world.` or `steps.`",
            )),
        }
    }

    /// The text with its references replaced. A text that is one reference becomes the value itself.
    fn resolve(self, text: &str) -> Result<Value, Wrong> {
        let found = references(text)?;
        if let [Reference { range, path }] = found.as_slice()
            && range.len() == text.len()
        {
            return Ok(self.find(path)?.unwrap_or_else(|| text.into()));
        }
        let mut resolved = String::new();
        let mut at = 0;
        for Reference { range, path } in found {
            resolved.push_str(&text[at..range.start]);
            match self.find(path)? {
                Some(Value::String(value)) => resolved.push_str(&value),
                Some(value @ (Value::Number(_) | Value::Bool(_))) => resolved.push_str(&value.to_string()),
                Some(_) => {
                    let message = format!("`${{{}}}` is no text that could stand within another", escaped(path));
                    return Err(Wrong::new(message, "name a text or a number below it"));
                }
                None => resolved.push_str(&text[range.clone()]),
            }
            at = range.end;
        }
        resolved.push_str(&text[at..]);
        Ok(resolved.into())
    }

    fn text(self, text: &str, span: &Span, faults: &mut Faults) -> String {
        match self.value(&text.into(), span, faults) {
            Value::String(text) => text,
            value => value.to_string(),
        }
    }

    fn value(self, value: &Value, span: &Span, faults: &mut Faults) -> Value {
        match value {
            Value::String(text) if text.contains("${") => {
                self.resolve(text).unwrap_or_else(|Wrong { message, fix }| {
                    faults.at(span, "reference.unknown", message, fix);
                    Value::Null
                })
            }
            Value::Array(values) => values.iter().map(|value| self.value(value, span, faults)).collect(),
            Value::Object(members) => {
                let members = members.iter().map(|(key, value)| (key.clone(), self.value(value, span, faults)));
                Value::Object(members.collect::<Map<_, _>>())
            }
            value => value.clone(),
        }
    }

    fn expected(self, expected: &Expected, faults: &mut Faults) -> Expected {
        let all = |several: &[Expected], faults: &mut Faults| -> Vec<Expected> {
            several.iter().map(|expected| self.expected(expected, faults)).collect()
        };
        match expected {
            Expected::Is(value, span) => Expected::Is(self.value(value, span, faults), span.clone()),
            Expected::Not(inner, span) => Expected::Not(Box::new(self.expected(inner, faults)), span.clone()),
            Expected::Has(parts, span) => Expected::Has(all(parts, faults), span.clone()),
            Expected::Matches(pattern, span) => Expected::Matches(self.text(pattern, span, faults), span.clone()),
            Expected::StartsWith(start, span) => Expected::StartsWith(self.text(start, span, faults), span.clone()),
            Expected::OneOf(several, span) => Expected::OneOf(all(several, faults), span.clone()),
            Expected::Map(entries, span) => {
                let entries = entries.iter().map(|(key, expected)| (key.clone(), self.expected(expected, faults)));
                Expected::Map(entries.collect(), span.clone())
            }
            Expected::List(elements, span) => Expected::List(all(elements, faults), span.clone()),
            Expected::Between(..) | Expected::Absent(..) => expected.clone(),
        }
    }

    fn hop(self, hop: &Hop, faults: &mut Faults) -> Hop {
        let mut optional =
            |expected: &Option<Expected>| expected.as_ref().map(|expected| self.expected(expected, faults));
        Hop {
            from: hop.from,
            to: hop.to,
            method: hop.method.clone(),
            query: optional(&hop.query),
            form: optional(&hop.form),
            headers: optional(&hop.headers),
            body: optional(&hop.body),
            status: optional(&hop.status),
            response_headers: optional(&hop.response_headers),
            response_body: optional(&hop.response_body),
            check: optional(&hop.check),
            fault: optional(&hop.fault),
            path: self.text(&hop.path, &hop.span, faults),
            span: hop.span.clone(),
        }
    }

    fn texts(self, pairs: &[(String, String)], span: &Span, faults: &mut Faults) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.clone(), self.text(value, span, faults))).collect()
    }

    fn request(self, request: &HttpRequest, span: &Span, faults: &mut Faults) -> HttpRequest {
        let pairs = |pairs: &[(String, Value)], faults: &mut Faults| -> Vec<(String, Value)> {
            pairs.iter().map(|(name, value)| (name.clone(), self.value(value, span, faults))).collect()
        };
        HttpRequest {
            from: request.from,
            user: request.user.clone(),
            method: request.method,
            url: self.text(&request.url, span, faults),
            query: pairs(&request.query, faults),
            headers: pairs(&request.headers, faults),
            body: match &request.body {
                HttpBody::Text(text) => HttpBody::Text(self.text(text, span, faults)),
                HttpBody::Form(form) => HttpBody::Form(pairs(form, faults)),
                HttpBody::Json(json) => HttpBody::Json(self.value(json, span, faults)),
            },
        }
    }

    /// The step with all its references replaced, once.
    pub(crate) fn step(self, step: &Step, faults: &mut Faults) -> Step {
        let action = match &step.action {
            Action::Ask { question, user } => {
                Action::Ask { question: self.text(question, &step.span, faults), user: user.clone() }
            }
            Action::Change { patch } => Action::Change { patch: self.value(patch, &step.span, faults) },
            Action::Http(request) => Action::Http(Box::new(self.request(request, &step.span, faults))),
            Action::Fault(accident) => Action::Fault(Box::new(Accident {
                path: self.text(&accident.path, &step.span, faults),
                correlation: accident.correlation.as_ref().map(|id| self.text(id, &step.span, faults)),
                client_id: accident.client_id.as_ref().map(|id| self.text(id, &step.span, faults)),
                body: accident.body.as_ref().map(|body| self.value(body, &step.span, faults)),
                headers: self.texts(&accident.headers, &step.span, faults),
                ..(**accident).clone()
            })),
            Action::Connect { user, consent, sign_in } => {
                let mut text = |text: &Option<String>| text.as_ref().map(|text| self.text(text, &step.span, faults));
                let (username, password) = (text(&sign_in.username), text(&sign_in.password));
                let sign_in = Box::new(SignIn { username, password, ..(**sign_in).clone() });
                Action::Connect { user: user.clone(), consent: *consent, sign_in }
            }
            action @ (Action::TestOperation { .. }
            | Action::ListTools { .. }
            | Action::GrantAdminConsent { .. }
            | Action::Refresh { .. }
            | Action::ExpireSecret { .. }
            | Action::RotateKeys { .. }
            | Action::AdvanceClock { .. }) => action.clone(),
        };
        let expect = step.expect.iter().map(|(key, expected)| (key.clone(), self.expected(expected, faults)));
        Step {
            id: step.id.clone(),
            action,
            span: step.span.clone(),
            expect: expect.collect(),
            hops: step.hops.iter().map(|hop| self.hop(hop, faults)).collect(),
            never: step.never.iter().map(|hop| self.hop(hop, faults)).collect(),
            keep: step.keep.clone(),
        }
    }
}

fn or<'t>(text: &'t str, otherwise: &'t str) -> &'t str {
    if text.is_empty() { otherwise } else { text }
}

/// The step with its references replaced.
///
/// # Errors
/// References that lead nowhere.
pub(crate) fn interpolated(step: &Step, world: &Value, captured: &Captures) -> Result<Step, Problems> {
    let mut faults = Faults::default();
    let roots = Roots { world: Some(world), captured: Kept::Values(captured) };
    let step = roots.step(step, &mut faults);
    faults.or(step)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn resolved(text: &str, captured: &Captures) -> Result<Value, Wrong> {
        let world = json!({ "a": { "b": "text", "c": 5, "d": [1, "${world.a.b}"] } });
        Roots { world: Some(&world), captured: Kept::Values(captured) }.resolve(text)
    }

    fn kept(value: &Value) -> Captures {
        let mut captured = Captures::default();
        captured.insert("one", "x", value.clone());
        captured
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,40}", references in "[-$\\{\\}a-d.0-9 ]{0,40}|\\$\\{(world|steps|env)[.a-d0-9]{0,8}\\}?") {
            for text in [&text, &references, &format!("{text}{references}{text}")] {
                if let Err(Wrong { message, fix }) = resolved(text, &Captures::default()) {
                    prop_assert!(!message.is_empty() && !fix.is_empty(), "{text}");
                }
            }
        }

        #[test]
        fn a_text_without_references_is_itself(text in "(?s)[^$]{0,40}") {
            prop_assert_eq!(resolved(&text, &Captures::default()).ok(), Some(json!(text)));
        }

        /// What is kept may itself look like a reference: it is put in once, and not read again.
        #[test]
        fn a_reference_stands_for_its_value_once(before in "[^$]{0,8}", value in "(\\$\\{world\\.a\\.b\\}|[${}a-c.]){0,8}", after in "[^$]{0,8}") {
            let captured = kept(&json!(value));
            let whole = resolved("${steps.one.x}", &captured).ok();
            prop_assert_eq!(whole, Some(json!(value)));
            let within = resolved(&format!("{before}${{steps.one.x}}{after}${{world.a.b}}"), &captured).ok();
            prop_assert_eq!(within, Some(json!(format!("{before}{value}{after}text"))));
        }

        #[test]
        fn a_reference_alone_keeps_the_type_of_its_value(number in any::<i64>(), flag in any::<bool>()) {
            for value in [json!(number), json!(flag), json!([number, "${world.a.b}"]), json!({ "k": flag }), json!(null)] {
                let captured = kept(&value);
                prop_assert_eq!(resolved("${steps.one.x}", &captured).ok(), Some(value.clone()));
                let is_text = value.is_number() || value.is_boolean();
                prop_assert_eq!(resolved("-${steps.one.x}", &captured).is_ok(), is_text, "{}", value);
            }
        }
    }
}
