//! Raw requests as a file writes them.

use std::collections::BTreeMap;

use serde_json::Value;
use wire::Party;

use crate::format;
use crate::problem::Faults;
use crate::source::Span;
use crate::tree::Node;
use crate::world::Name;

/// One request as written.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRequest {
    /// Who sends it.
    pub from: Party,
    /// The user whose browser sends it, with its cookies.
    pub user: Option<Name>,
    /// The method.
    pub method: &'static str,
    /// The URL.
    pub url: String,
    /// What is added to its query, each name once.
    pub query: Vec<(String, Value)>,
    /// The headers.
    pub headers: Vec<(String, Value)>,
    /// The body.
    pub body: HttpBody,
}

/// The body of a raw request.
#[derive(Clone, Debug, PartialEq)]
pub enum HttpBody {
    /// As text; empty for none.
    Text(String),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Value)>),
    /// `application/json`.
    Json(Value),
}

/// Reads an `http` step whose shape is right.
pub(super) fn read(request: format::Http, node: &Node, start: &Span, faults: &mut Faults) -> Option<HttpRequest> {
    let place = |key: &str| node.entry(key).map_or_else(|| start.clone(), |entry| entry.key.clone());
    let methods = [
        ("get", "GET", request.get),
        ("post", "POST", request.post),
        ("options", "OPTIONS", request.options),
        ("put", "PUT", request.put),
        ("delete", "DELETE", request.delete),
    ];
    let mut said = methods.into_iter().filter_map(|(key, method, url)| Some((key, method, url?)));
    let first = said.next();
    if let Some((key, ..)) = said.next() {
        faults.at(&place(key), "http.method", "a request has one method, and this is a second one", "keep one of them");
    }
    let bodies = [request.form.is_some(), request.json.is_some(), request.body.is_some()];
    if bodies.iter().filter(|is_there| **is_there).count() > 1 {
        let message = "a request has one body: `form`, `json` or `body`";
        faults.at(start, "http.body", message, "keep one of them");
    }
    if request.user.is_some() && request.from.as_deref() == Some("client") {
        let message = "somebody's browser sends this request, and no client";
        faults.at(&place("from"), "http.sender", message, "take `from` away, or `as`");
    }
    let Some((key, method, url)) = first else {
        let message = "this request goes nowhere";
        faults.at(start, "http.method", message, "write such as `get: \"${world.gate.url}/mcp\"`, or `post:`");
        return None;
    };
    if !(url.starts_with("https://") || url.starts_with("http://") || url.starts_with("${")) {
        let message = "the address of a request is an absolute URL";
        faults.at(&place(key), "value.form", message, "start it with `https://`, or with `${world.gate.url}`");
    }
    let pairs = |map: Option<BTreeMap<String, Value>>| map.into_iter().flatten().collect::<Vec<_>>();
    let body = match (request.form, request.json, request.body) {
        (Some(form), ..) => HttpBody::Form(form.into_iter().collect()),
        (None, Some(json), _) => HttpBody::Json(json),
        (None, None, text) => HttpBody::Text(text.unwrap_or_default()),
    };
    let sender = if request.user.is_some() { Party::Browser } else { Party::Client };
    Some(HttpRequest {
        from: request.from.and_then(|from| from.parse().ok()).unwrap_or(sender),
        user: request.user,
        method,
        url,
        query: pairs(request.query),
        headers: pairs(request.headers),
        body,
    })
}
