//! Replacing secrets in copies of exchanges by stable placeholders, such as `‹code 1›`.
//!
//! What a secret is, is learnt from the places where secrets stand (parameters, JSON members, headers); each learnt
//! value is then replaced wherever else it appears: raw, percent-encoded or in base64. Only copies are changed.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::Exchange;
use crate::exchange::{parameters, query_of};

/// Parameters and JSON members whose values are secrets, with the word for their placeholder.
const SECRET_NAMES: &[(&str, &str)] = &[
    ("access_token", "access_token"),
    ("assertion", "assertion"),
    ("client_assertion", "assertion"),
    ("client_secret", "client_secret"),
    ("code", "code"),
    ("code_verifier", "code_verifier"),
    ("confirmnewpassword", "password"),
    ("currentpassword", "password"),
    ("device_code", "device_code"),
    ("flow_token", "flow_token"),
    ("flowtoken", "flow_token"),
    ("id_token", "id_token"),
    ("id_token_hint", "id_token"),
    ("newpassword", "password"),
    ("otc", ONE_TIME_CODE),
    ("passwd", "password"),
    ("password", "password"),
    ("refresh_token", "refresh_token"),
    ("spa_code", "code"),
];

/// The word for what a second factor shows.
const ONE_TIME_CODE: &str = "one_time_code";

/// Values shorter than this are replaced only where a secret stands, because they appear in ordinary text.
const SHORTEST_SEARCHED: usize = 8;

/// The secrets of some exchanges, and the placeholders that stand for them.
#[derive(Debug, Default)]
pub struct Redaction {
    placeholders: HashMap<String, String>,
    search: Option<(AhoCorasick, Vec<String>)>,
}

impl Redaction {
    /// Learns the secrets of `exchanges`; the same exchanges always give the same placeholders.
    #[must_use]
    pub fn of(exchanges: &[Exchange]) -> Self {
        let mut learnt = Learnt::default();
        for exchange in exchanges {
            learnt.exchange(exchange);
        }
        let (mut patterns, mut replacements) = (Vec::new(), Vec::new());
        for (secret, placeholder) in &learnt.placeholders {
            for spelling in spellings(secret) {
                patterns.push(spelling);
                replacements.push(placeholder.clone());
            }
        }
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns).ok();
        Self { placeholders: learnt.placeholders, search: search.map(|search| (search, replacements)) }
    }

    /// `text` with every learnt secret replaced.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        match &self.search {
            Some((search, replacements)) => search.replace_all(text, replacements),
            None => text.to_owned(),
        }
    }

    /// A copy of `exchange` without secrets.
    #[must_use]
    pub fn exchange(&self, exchange: &Exchange) -> Exchange {
        let mut copy = exchange.clone();
        copy.url = self.hide(&copy.url);
        for headers in [&mut copy.request_headers, &mut copy.response_headers] {
            for (name, value) in headers {
                *value = self.header(name, value);
            }
        }
        for body in [&mut copy.request_body, &mut copy.response_body] {
            body.text = body
                .text
                .as_deref()
                .map(|text| self.hide(&self.short_html_values(&self.short_json_values(&self.short_form_values(text)))));
        }
        copy.failure = copy.failure.as_deref().map(|text| self.hide(text));
        for check in &mut copy.checks.0 {
            check.expected = self.hide(&check.expected);
            check.received = self.hide(&check.received);
        }
        copy
    }

    fn header(&self, name: &str, value: &str) -> String {
        let mut text = value.to_owned();
        for secret in header_secrets(name, value) {
            if let Some(placeholder) = self.placeholders.get(secret) {
                text = text.replace(secret, placeholder);
            }
        }
        self.hide(&text)
    }

    /// Replaces form values that are too short to be searched for.
    fn short_form_values(&self, text: &str) -> String {
        let short = |(name, value): &(String, String)| secret_word(name).is_some() && value.len() < SHORTEST_SEARCHED;
        if text.starts_with(['{', '[', '<']) || !text.contains('=') || !parameters(text).iter().any(short) {
            return text.to_owned();
        }
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in parameters(text) {
            match self.placeholders.get(&value).filter(|_| secret_word(&name).is_some()) {
                Some(placeholder) => form.append_pair(&name, placeholder),
                None => form.append_pair(&name, &value),
            };
        }
        form.finish()
    }

    /// Replaces what a page holds as secrets and is too short to be searched for, where it stands alone: as an attribute, or
    /// between two tags.
    fn short_html_values(&self, text: &str) -> String {
        if !text.trim_start().starts_with('<') {
            return text.to_owned();
        }
        let mut here = Learnt::default();
        here.page(text);
        let short = here.placeholders.into_keys().filter(|secret| secret.len() < SHORTEST_SEARCHED);
        short.fold(text.to_owned(), |text, secret| match self.placeholders.get(&secret) {
            Some(placeholder) => {
                let text = text.replace(&format!("\"{secret}\""), &format!("\"{placeholder}\""));
                text.replace(&format!(">{secret}<"), &format!(">{placeholder}<"))
            }
            None => text,
        })
    }

    /// Replaces JSON strings that are too short to be searched for, throughout the document that has them as secrets.
    fn short_json_values(&self, text: &str) -> String {
        let Ok(json) = serde_json::from_str(text) else { return text.to_owned() };
        let mut here = Learnt::default();
        here.json(&json);
        let short = here.placeholders.into_keys().filter(|secret| secret.len() < SHORTEST_SEARCHED);
        short.fold(text.to_owned(), |text, secret| match self.placeholders.get(&secret) {
            Some(placeholder) => {
                text.replace(&Value::from(secret).to_string(), &Value::from(&**placeholder).to_string())
            }
            None => text,
        })
    }
}

#[derive(Default)]
struct Learnt {
    placeholders: HashMap<String, String>,
    counts: HashMap<String, usize>,
}

impl Learnt {
    fn exchange(&mut self, exchange: &Exchange) {
        self.pairs(query_of(&exchange.url));
        self.pairs(exchange.form());
        for (name, value) in exchange.request_headers.iter().chain(&exchange.response_headers) {
            for secret in header_secrets(name, value) {
                self.secret(header_word(name), secret);
            }
            if name.eq_ignore_ascii_case("location") {
                self.pairs(query_of(value));
                if let Some((_, fragment)) = value.split_once('#') {
                    self.pairs(parameters(fragment));
                }
            }
        }
        for body in [&exchange.request_body, &exchange.response_body] {
            if let Ok(json) = serde_json::from_str(body.as_str()) {
                self.json(&json);
            }
            self.page(body.as_str());
        }
    }

    fn pairs(&mut self, pairs: Vec<(String, String)>) {
        for (name, value) in pairs {
            if let Some(word) = secret_word(&name) {
                self.secret(word, &value);
            }
        }
    }

    fn json(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match (secret_word(name), member) {
                        (Some(word), Value::String(secret)) => self.secret(word, secret),
                        _ => self.json(member),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.json(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Secrets that a page carries in its forms, `<input … name="code" … value="…">`, and the one-time code that it shows,
    /// `data-otc="…"`.
    fn page(&mut self, html: &str) {
        for input in html.split("<input").skip(1) {
            let input = input.split('>').next().unwrap_or_default();
            if let (Some(word), Some(secret)) =
                (attribute(input, "name").and_then(secret_word), attribute(input, "value"))
            {
                self.secret(word, secret);
            }
        }
        for element in html.split('<').skip(1) {
            let element = element.split('>').next().unwrap_or_default();
            if let Some(secret) = attribute(element, "data-otc") {
                self.secret(ONE_TIME_CODE, secret);
            }
        }
    }

    fn secret(&mut self, word: &str, secret: &str) {
        // An error's `code` member is a number or a word; only what could be a credential counts.
        if secret.is_empty() || self.placeholders.contains_key(secret) {
            return;
        }
        let count = self.counts.entry(word.to_owned()).or_default();
        *count += 1;
        self.placeholders.insert(secret.to_owned(), format!("‹{word} {count}›"));
    }
}

/// The attribute of an element, which is given without its brackets.
fn attribute<'h>(element: &'h str, name: &str) -> Option<&'h str> {
    let (_, rest) = element.split_once(&format!("{name}=\""))?;
    rest.split('"').next()
}

fn secret_word(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().find(|(secret, _)| *secret == name).map(|(_, word)| *word)
}

/// The secrets in a header's value.
fn header_secrets<'v>(name: &str, value: &'v str) -> Vec<&'v str> {
    match name.to_ascii_lowercase().as_str() {
        "authorization" | "proxy-authorization" => {
            // A scheme alone, such as `Bearer`, is no secret.
            value.split_once(' ').map(|(_, credentials)| credentials.trim()).into_iter().collect()
        }
        "cookie" => value.split(';').filter_map(|pair| pair.split_once('=')).map(|(_, secret)| secret.trim()).collect(),
        "set-cookie" => {
            let pair = value.split(';').next().unwrap_or_default();
            pair.split_once('=').map(|(_, secret)| secret.trim()).into_iter().collect()
        }
        "x-zumo-auth"
        | "x-ms-token-aad-access-token"
        | "x-ms-token-aad-id-token"
        | "x-ms-token-aad-refresh-token"
        | "x-entralab-gate-secret" => {
            vec![value]
        }
        _ => Vec::new(),
    }
    .into_iter()
    .filter(|secret| !secret.is_empty())
    .collect()
}

fn header_word(name: &str) -> &'static str {
    match name.to_ascii_lowercase().as_str() {
        "cookie" | "set-cookie" => "cookie",
        "x-entralab-gate-secret" => "gate_secret",
        _ => "credentials",
    }
}

/// The ways in which a secret may stand in a text.
fn spellings(secret: &str) -> Vec<String> {
    if secret.len() < SHORTEST_SEARCHED {
        return Vec::new();
    }
    let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut spellings = vec![
        secret.to_owned(),
        lower_case_escapes(&encoded),
        encoded.replace('+', "%20"),
        encoded,
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ];
    spellings.sort();
    spellings.dedup();
    spellings
}

fn lower_case_escapes(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_at(part.len().min(2));
        text.push('%');
        text.push_str(&escape.to_ascii_lowercase());
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, Channel, Checks, Party};

    fn exchange(url: &str, form: &str, answer: &str) -> Exchange {
        Exchange {
            number: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            duration_us: 0,
            from: Party::Browser,
            to: Party::Idp,
            channel: Channel::Front,
            method: "POST".into(),
            url: url.into(),
            request_headers: vec![
                ("content-type".into(), "application/x-www-form-urlencoded".into()),
                ("authorization".into(), "Basic aWQ6czNjcmV0LXZhbHVl".into()),
                ("cookie".into(), "a=b; flow=kanarienvogel".into()),
            ],
            request_body: Body::of(form.as_bytes()),
            status: Some(200),
            response_headers: Vec::new(),
            response_body: Body::of(answer.as_bytes()),
            checks: Checks::default(),
            failure: None,
            caused_by: None,
            faults: Vec::new(),
        }
    }

    #[test]
    fn a_secret_is_replaced_wherever_it_stands_and_in_every_spelling() {
        let secret = "s3cret~/+value=";
        let form =
            format!("client_secret={}&x=1", form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>());
        let original = exchange("https://idp/cb?code=c0de-c0de-c0de&state=s", &form, r#"{"access_token":"eyJ.a.b"}"#);
        let redaction = Redaction::of(std::slice::from_ref(&original));
        let shown = serde_json::to_string(&redaction.exchange(&original)).unwrap();
        for leak in ["s3cret", "c0de-c0de", "eyJ.a.b", "aWQ6czNj", "kanarienvogel"] {
            assert!(!shown.contains(leak), "{leak} in {shown}");
        }
        assert!(shown.contains("‹code 1›") && shown.contains("state=s") && shown.contains("x=1"), "{shown}");
        let elsewhere = format!("{} {} {secret}", STANDARD.encode(secret), lower_case_escapes(&form));
        assert!(!redaction.hide(&elsewhere).contains("s3cret"));
        assert!(!redaction.hide(&elsewhere).contains(&STANDARD.encode(secret)));
    }

    #[test]
    fn what_travels_through_the_browser_is_replaced_in_query_fragment_and_answer() {
        let mut original =
            exchange("https://idp/logout?id_token_hint=eyJ.hint.sig", "x=1", r#"{"spa_code":"sp4-c0de-sp4"}"#);
        let location = "https://app/cb#code=c0de-c0de-c0de&id_token=eyJ.front.sig&access_token=eyJ.access.sig&state=s";
        original.response_headers.push(("location".into(), location.into()));
        let shown = serde_json::to_string(&Redaction::of(std::slice::from_ref(&original)).exchange(&original)).unwrap();
        for leak in ["eyJ.hint", "sp4-c0de", "c0de-c0de", "eyJ.front", "eyJ.access"] {
            assert!(!shown.contains(leak), "{leak} in {shown}");
        }
        assert!(shown.contains("state=s"), "{shown}");
    }

    #[test]
    fn the_one_time_code_of_a_page_is_replaced_there_and_where_it_is_typed() {
        let page = exchange(
            "https://idp/login",
            "x=1",
            r#"<!DOCTYPE html><p>1234567 and 123456 a day</p><p>Your code: <strong data-otc="123456">123456</strong></p>"#,
        );
        let typed = exchange("https://idp/ProcessAuth", "otc=123456", "<p>123456</p>");
        let redaction = Redaction::of(&[page.clone(), typed.clone()]);
        assert_eq!(
            redaction.exchange(&page).response_body.as_str(),
            "<!DOCTYPE html><p>1234567 and 123456 a day</p><p>Your code: <strong data-otc=\"‹one_time_code 1›\">‹one_time_code 1›</strong></p>"
        );
        let typed = redaction.exchange(&typed);
        assert!(!typed.request_body.as_str().contains("123456"), "{}", typed.request_body.as_str());
        assert_eq!(typed.response_body.as_str(), "<p>123456</p>", "a page that does not show a code");
    }

    #[test]
    fn a_short_password_is_replaced_in_its_form_only() {
        let original = exchange("https://idp/login", "loginfmt=a&passwd=abc", "abc is a word");
        let redaction = Redaction::of(std::slice::from_ref(&original));
        let shown = redaction.exchange(&original);
        assert!(!shown.request_body.as_str().contains("abc"), "{}", shown.request_body.as_str());
        assert_eq!(shown.response_body.as_str(), "abc is a word");
    }
}
