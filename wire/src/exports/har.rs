//! HTTP Archive 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>), with what the format has no place for in members
//! whose names begin with an underscore.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::{Secrets, Section};
use crate::Exchange;
use crate::exchange::{Body, Parameters, header};

/// The whole file: one page for each section, one entry for each exchange.
#[must_use]
pub fn har(sections: &[Section], secrets: Secrets) -> Value {
    let told = || sections.iter().filter(|section| !section.exchanges.is_empty()).enumerate();
    let entries: Vec<Value> = told()
        .flat_map(|(index, section)| section.exchanges.iter().map(move |exchange| entry(exchange, index)))
        .collect();
    json!({
        "log": {
            "version": "1.2",
            "creator": { "name": "entralab", "version": env!("CARGO_PKG_VERSION") },
            "pages": told().map(|(index, section)| page(section, index)).collect::<Vec<_>>(),
            "entries": entries,
            "comment": format!("Written by entralab, an emulator. {}.", secrets.note()),
            "_secrets": match secrets {
                Secrets::Replaced => "replaced",
                Secrets::Included => "included",
            },
        }
    })
}

fn page_id(index: usize) -> String {
    format!("page_{}", index + 1)
}

fn page(section: &Section, index: usize) -> Value {
    json!({
        "startedDateTime": section.exchanges.first().map(|exchange| exchange.at.to_string()),
        "id": page_id(index),
        "title": section.title,
        "pageTimings": { "onContentLoad": -1, "onLoad": -1 },
    })
}

fn entry(exchange: &Exchange, page: usize) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of an exchange are far below 2^52")]
    let time_ms = exchange.duration_us as f64 / 1000.0;
    json!({
        "pageref": page_id(page),
        "startedDateTime": exchange.at.to_string(),
        "time": time_ms,
        "request": request(exchange),
        "response": response(exchange),
        "cache": {},
        "timings": { "send": 0, "wait": time_ms, "receive": 0 },
        "_number": exchange.number,
        "_from": exchange.from,
        "_to": exchange.to,
        "_channel": exchange.channel,
        "_checks": exchange.checks,
        "_failure": exchange.failure,
    })
}

fn request(exchange: &Exchange) -> Value {
    let mut request = json!({
        "method": exchange.method,
        "url": uri(&exchange.url),
        "httpVersion": "HTTP/1.1",
        "cookies": cookies(&exchange.request_headers),
        "headers": pairs(&exchange.request_headers),
        "queryString": pairs(&exchange.query()),
        "headersSize": -1,
        "bodySize": exchange.request_body.size_bytes,
    });
    if exchange.request_body.size_bytes > 0 {
        request["postData"] = json!({
            "mimeType": mime_type(&exchange.request_headers),
            "text": exchange.request_body.as_str(),
            "params": pairs(&exchange.form()),
        });
    }
    request
}

/// What cannot stand in a URI (RFC 3986 §2), besides what is no ASCII.
const NOT_IN_A_URI: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// A URL that readers take, whatever placeholders or other text stand in it.
fn uri(url: &str) -> String {
    utf8_percent_encode(url, NOT_IN_A_URI).to_string()
}

/// The answer; status 0 where none came, as browsers write it.
fn response(exchange: &Exchange) -> Value {
    let status = exchange.status.unwrap_or_default();
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    json!({
        "status": status,
        "statusText": reason.unwrap_or_default(),
        "httpVersion": "HTTP/1.1",
        "cookies": set_cookies(&exchange.response_headers),
        "headers": pairs(&exchange.response_headers),
        "content": content(&exchange.response_body, &exchange.response_headers),
        "redirectURL": exchange.location().unwrap_or_default(),
        "headersSize": -1,
        "bodySize": exchange.response_body.size_bytes,
    })
}

fn content(body: &Body, headers: &[(String, String)]) -> Value {
    let mut content = json!({ "size": body.size_bytes, "mimeType": mime_type(headers) });
    if let Some(text) = &body.text {
        content["text"] = json!(text);
    }
    content
}

fn mime_type(headers: &[(String, String)]) -> &str {
    header(headers, "content-type").unwrap_or_default()
}

fn pairs(parameters: &Parameters) -> Value {
    parameters.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

fn cookies(headers: &[(String, String)]) -> Value {
    let sent = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    sent.flat_map(|(_, value)| value.split(';')).filter_map(cookie).map(Value::Object).collect()
}

fn set_cookies(headers: &[(String, String)]) -> Value {
    let set = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    set.filter_map(|(_, value)| {
        let mut parts = value.split(';');
        let mut members = cookie(parts.next()?)?;
        for attribute in parts {
            let (name, value) = attribute.trim().split_once('=').unwrap_or((attribute.trim(), ""));
            match name.to_ascii_lowercase().as_str() {
                "path" => members.insert("path".into(), json!(value)),
                "domain" => members.insert("domain".into(), json!(value)),
                "httponly" => members.insert("httpOnly".into(), json!(true)),
                "secure" => members.insert("secure".into(), json!(true)),
                _ => None,
            };
        }
        Some(Value::Object(members))
    })
    .collect()
}

fn cookie(pair: &str) -> Option<Map<String, Value>> {
    let (name, value) = pair.trim().split_once('=')?;
    Some(Map::from_iter([("name".to_owned(), json!(name)), ("value".to_owned(), json!(value))]))
}

#[cfg(test)]
mod tests {
    use super::super::tests::hostile;
    use super::*;

    /// The members that HAR 1.2 requires, by the object that they stand in.
    const REQUIRED: &[(&str, &[&str])] = &[
        ("/log", &["version", "creator", "entries"]),
        ("/log/creator", &["name", "version"]),
        ("/log/pages/0", &["startedDateTime", "id", "title", "pageTimings"]),
        ("/log/entries/0", &["startedDateTime", "time", "request", "response", "cache", "timings"]),
        (
            "/log/entries/0/request",
            &["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"],
        ),
        (
            "/log/entries/0/response",
            &[
                "status",
                "statusText",
                "httpVersion",
                "cookies",
                "headers",
                "content",
                "redirectURL",
                "headersSize",
                "bodySize",
            ],
        ),
        ("/log/entries/0/response/content", &["size", "mimeType"]),
        ("/log/entries/0/timings", &["send", "wait", "receive"]),
    ];

    /// The other members that HAR 1.2 knows and that are written here.
    const KNOWN: &[&str] = &[
        "pages",
        "comment",
        "pageref",
        "text",
        "params",
        "postData",
        "mimeType",
        "path",
        "domain",
        "httpOnly",
        "secure",
        "onContentLoad",
        "onLoad",
        "name",
        "value",
        "log",
    ];

    fn unknown_members(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter().filter(|(name, _)| !name.starts_with('_')) {
                    let required = REQUIRED.iter().any(|(_, names)| names.contains(&name.as_str()));
                    if !required && !KNOWN.contains(&name.as_str()) {
                        found.push(name.clone());
                    }
                    unknown_members(member, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| unknown_members(item, found)),
            _ => {}
        }
    }

    #[test]
    fn a_har_file_has_what_the_format_requires_and_extras_only_behind_an_underscore() {
        let unanswered = Exchange { status: None, failure: Some("nobody is called so".into()), ..hostile() };
        let sections = [
            Section { title: "nothing sent".into(), exchanges: Vec::new() },
            Section { title: "one step".into(), exchanges: vec![hostile(), unanswered] },
        ];
        let har = har(&sections, Secrets::Replaced);
        for (place, names) in REQUIRED {
            let object = har.pointer(place).and_then(Value::as_object).unwrap_or_else(|| panic!("no {place}"));
            for name in *names {
                assert!(object.get(*name).is_some_and(|member| !member.is_null()), "no {place}/{name}");
            }
        }
        let mut unknown = Vec::new();
        unknown_members(&har, &mut unknown);
        assert_eq!(unknown, Vec::<String>::new());
        let entries = har["log"]["entries"].as_array().unwrap();
        assert_eq!((entries.len(), har["log"]["pages"].as_array().unwrap().len()), (2, 1));
        assert!(entries.iter().all(|entry| entry["pageref"] == har["log"]["pages"][0]["id"]));
        assert_eq!(entries[0]["time"], 1.5);
        assert_eq!(entries[0]["request"]["cookies"][1], json!({ "name": "two", "value": "2" }));
        let set = json!({ "name": "three", "value": "3", "path": "/", "httpOnly": true });
        assert_eq!(entries[0]["response"]["cookies"][0], set);
        assert_eq!(
            (&entries[1]["response"]["status"], &entries[1]["_failure"]),
            (&json!(0), &json!("nobody is called so"))
        );
    }

    #[test]
    fn a_url_with_a_placeholder_is_still_a_uri() {
        let exchange = Exchange { url: "https://a/b?code=‹code 1›&x=%2f|\u{1b}".into(), ..hostile() };
        let har = har(&[Section { title: "x".into(), exchanges: vec![exchange] }], Secrets::Replaced);
        let url = &har["log"]["entries"][0]["request"]["url"];
        assert_eq!(url, "https://a/b?code=%E2%80%B9code%201%E2%80%BA&x=%2f%7C%1B");
    }

    #[test]
    fn atk_h11_the_head_says_whether_secrets_are_in_it() {
        assert_eq!(har(&[], Secrets::Replaced)["log"]["_secrets"], "replaced");
        let with = har(&[], Secrets::Included);
        assert_eq!(with["log"]["_secrets"], "included");
        assert!(with["log"]["comment"].as_str().unwrap().contains("HOLDS SECRETS"));
    }
}
