//! What an answer advertises is served: every address of this identity provider in JSON, in a `WWW-Authenticate` header,
//! and in the links and forms of a page. `Lab::send` looks through every answer of every test here.

use std::cell::RefCell;
use std::collections::BTreeSet;

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use serde_json::Value;

use crate::causes;
use crate::support::*;

const LOGIN: &str = "https://login.microsoftonline.com";
const GRAPH: &str = "https://graph.microsoft.com";

/// How paths end that are advertised, and that nothing serves here: Kerberos, and the description of Microsoft Graph's
/// data, by whose address `@odata.context` names a type.
const NOT_SERVED: [&str; 2] = ["/kerberos", "/$metadata"];

thread_local! {
    static SERVED: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// The first address that an answer advertises and nothing serves.
pub fn dead_end(headers: &HeaderMap, body: &str) -> Option<String> {
    let mut paths = Vec::new();
    match serde_json::from_str(body) {
        Ok(document) => of_json(&document, &mut paths),
        Err(_) => of_page(body, &mut paths),
    }
    for challenge in headers.get_all(header::WWW_AUTHENTICATE) {
        paths.extend(challenge.to_str().unwrap().split('"').filter_map(of_url));
    }
    paths.into_iter().find(|path| !is_served(path))
}

/// The path of an address of this identity provider; issuers and origins are names, and not all are addresses.
fn of_url(text: &str) -> Option<String> {
    let path = text.strip_prefix(LOGIN).or_else(|| text.strip_prefix(GRAPH))?;
    let path = path.split(['?', '#']).next()?;
    let is_name =
        path.is_empty() || path == "/" || path.strip_suffix("/v2.0").is_some_and(|it| it.rfind('/') == Some(0));
    (!is_name && !NOT_SERVED.iter().any(|end| path.ends_with(end))).then(|| path.to_owned())
}

fn of_json(value: &Value, paths: &mut Vec<String>) {
    match value {
        Value::String(text) => paths.extend(of_url(text)),
        Value::Array(items) => items.iter().for_each(|item| of_json(item, paths)),
        // scopes of Microsoft Graph look like addresses, and are names
        Value::Object(members) => {
            members.iter().filter(|(name, _)| *name != "scope").for_each(|(_, member)| of_json(member, paths));
        }
        _ => {}
    }
}

fn of_page(page: &str, paths: &mut Vec<String>) {
    for attribute in [" href=\"", " action=\"", " src=\""] {
        for (start, _) in page.match_indices(attribute) {
            let value = unescape(page[start + attribute.len()..].split('"').next().unwrap_or_default());
            match value.starts_with('/') {
                true => paths.extend(value.split(['?', '#']).next().map(str::to_owned)),
                false => paths.extend(of_url(&value)),
            }
        }
    }
}

/// Whether there is anything at the path, for whatever method.
fn is_served(path: &str) -> bool {
    if SERVED.with_borrow(|served| served.contains(path)) {
        return true;
    }
    let uri = path.replace('{', "%7B").replace('}', "%7D");
    let is_served = Lab::new().status(Request::get(uri).body(Body::empty()).unwrap()) != StatusCode::NOT_FOUND;
    if is_served {
        SERVED.with_borrow_mut(|served| served.insert(path.to_owned()));
    }
    is_served
}

#[test]
fn a_dead_end_is_found_wherever_it_is_advertised() {
    let none = HeaderMap::new();
    let bodies = [
        r#"{"a": [{"b": "https://login.microsoftonline.com/common/oauth2/v3.0/token"}]}"#,
        r#"{"picture": "https://graph.microsoft.com/v2.0/me/photo"}"#,
        r#"<form method="post" action="/common/nowhere">"#,
        r#"<a href="https://login.microsoftonline.com/oauth2/v2.0/token">"#,
    ];
    for body in bodies {
        assert!(dead_end(&none, body).is_some(), "{body}");
    }
    let challenge = r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/authorize""#;
    let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, challenge.parse().unwrap())]);
    assert_eq!(dead_end(&headers, "").as_deref(), Some("/common/authorize"));
    let good = r#"{"issuer": "https://login.microsoftonline.com/common/v2.0", "x": "https://elsewhere.example/y"}"#;
    assert_eq!(dead_end(&none, good), None);
}

/// `error_uri` leads to a page about the very code, wherever a code has one.
#[test]
fn every_error_uri_leads_to_the_page_about_its_code() {
    for (number, _, cause) in causes::all() {
        let seen = cause();
        let in_body = serde_json::from_str::<Value>(&seen.body).ok();
        let in_body = in_body.and_then(|body| body["error_uri"].as_str().map(str::to_owned));
        let Some(uri) = in_body.or_else(|| returned(&seen, "error_uri")) else { continue };
        let page = Lab::new().get(uri.strip_prefix(LOGIN).unwrap());
        assert_eq!(page.status, 200, "{uri}");
        assert!(page.body.contains(&format!("AADSTS{number}")), "{uri}\n{}", page.body);
    }
}
