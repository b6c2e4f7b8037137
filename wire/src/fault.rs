//! Faults: what befalls a message on its way to a party or back, because somebody asked for it.
//!
//! The recorder of the receiving party applies them, and notes them in the exchange, so that a trace shows what was
//! injected and what the party did by itself.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use jiff::SignedDuration;

use crate::Party;
use crate::exchange::{Parameters, parameters, query_of};

/// The headers and the parameter that carry a request's correlation id.
const CORRELATION: [&str; 3] = ["client-request-id", "x-ms-client-request-id", "x-ms-correlation-id"];

/// A fault, for the requests that it is meant for.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The party whose requests it befalls.
    pub at: Party,
    /// The HTTP method; any where none is given.
    pub method: Option<String>,
    /// The path, in which `*` stands for anything.
    pub path: String,
    /// Who must have sent the request; anybody where nobody is given.
    pub from: Option<Party>,
    /// The correlation id that the request must have; any where none is given.
    pub correlation: Option<String>,
    /// The `client_id` that the request must name, in its query, its form or by HTTP Basic; any where none is given.
    pub client_id: Option<String>,
    /// How many requests it befalls.
    pub times: u32,
    /// How long the request is held before it is answered.
    pub delay: Option<SignedDuration>,
    /// What answers in the party's place; the party where nothing is given.
    pub answer: Option<Answer>,
    /// After how many bytes of the answer's body the connection breaks off.
    pub drop_after_bytes: Option<usize>,
}

/// An answer in a party's place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// The faults of one lab that have not all befallen yet; clones are the same ones.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    /// Lets `fault` befall the next requests that it is meant for.
    pub fn inject(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// The same, unless `most` wait already; whether it waits now.
    pub fn inject_within(&self, fault: Fault, most: usize) -> bool {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_room = faults.len() < most;
        if is_room {
            faults.push(fault);
        }
        is_room
    }

    /// Those that still wait, the oldest first.
    #[must_use]
    pub fn waiting(&self) -> Vec<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes all of them back; how many there were.
    pub fn clear(&self) -> usize {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).len()
    }

    /// The fault for a request, which is then used up by one: the oldest that is meant for it.
    pub(crate) fn take(
        &self,
        at: Party,
        from: Party,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Fault> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = faults.iter().position(|fault| {
            fault.at == at
                && fault.from.is_none_or(|wanted| wanted == from)
                && fault.method.as_deref().is_none_or(|wanted| wanted == method)
                && path_matches(&fault.path, uri.path())
                && fault.correlation.as_deref().is_none_or(|wanted| is_correlated(wanted, uri, headers))
                && fault.client_id.as_deref().is_none_or(|wanted| is_of_client(wanted, uri, headers, body))
        })?;
        let fault = faults[index].clone();
        match faults[index].times.checked_sub(1) {
            Some(left) if left > 0 => faults[index].times = left,
            _ => {
                faults.remove(index);
            }
        }
        Some(fault)
    }
}

impl Fault {
    /// What it does, in words, as the trace shows it.
    #[must_use]
    pub fn effects(&self) -> Vec<String> {
        let delay = self.delay.map(|delay| format!("held for {delay:#}"));
        let answer = self.answer.as_ref().map(|answer| format!("answered {} in its place", answer.status.as_u16()));
        let dropped = self.drop_after_bytes.map(|bytes| format!("the answer breaks off after {bytes} bytes"));
        [delay, answer, dropped].into_iter().flatten().collect()
    }
}

impl Answer {
    /// An answer with a header that cannot stand in HTTP left out.
    #[must_use]
    pub fn new(status: StatusCode, headers: &[(String, String)], body: impl Into<Bytes>) -> Self {
        let headers = headers
            .iter()
            .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?)));
        Self { status, headers: headers.collect(), body: body.into() }
    }
}

fn is_correlated(wanted: &str, uri: &Uri, headers: &HeaderMap) -> bool {
    CORRELATION.iter().any(|name| headers.get(*name).is_some_and(|value| value.as_bytes() == wanted.as_bytes()))
        || query_of(&uri.to_string()).iter().any(|(name, value)| name == CORRELATION[0] && value == wanted)
}

/// Whether the request names the client: RFC 6749 §4.1.1 in the query, §2.3.1 in the form or by HTTP Basic.
fn is_of_client(wanted: &str, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> bool {
    let is_wanted = |named: &str| named.eq_ignore_ascii_case(wanted);
    let is_named =
        |parameters: &Parameters| parameters.iter().any(|(name, value)| name == "client_id" && is_wanted(value));
    let by_basic = || {
        let (scheme, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        let credentials = STANDARD.decode(credentials.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let text = String::from_utf8(credentials).ok()?;
        Some(is_wanted(text.split_once(':')?.0))
    };
    is_named(&query_of(&uri.to_string()))
        || is_named(&parameters(&String::from_utf8_lossy(body)))
        || by_basic().unwrap_or(false)
}

/// Whether `path` is one that `pattern` means: equal, where each `*` stands for any text, also none.
#[must_use]
pub fn path_matches(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, path) in [
            ("/mcp", "/mcp"),
            ("*", ""),
            ("*", "/x"),
            ("/*/token", "/common/oauth2/token"),
            ("/a*b*c", "/abbc"),
            ("**", "/"),
        ] {
            assert!(path_matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [("/mcp", "/mcp/"), ("/mcp", "/"), ("/*/token", "/token"), ("/ab*ba", "/aba"), ("", "/")]
        {
            assert!(!path_matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn a_fault_is_used_up_by_the_requests_that_it_is_meant_for() {
        let faults = Faults::default();
        let fault = Fault {
            at: Party::Idp,
            method: Some("POST".to_owned()),
            path: "/*/token".to_owned(),
            from: Some(Party::Connector),
            correlation: None,
            client_id: None,
            times: 2,
            delay: None,
            answer: Some(Answer::new(StatusCode::SERVICE_UNAVAILABLE, &[("retry-after".into(), "1".into())], "")),
            drop_after_bytes: None,
        };
        faults.inject(fault.clone());
        faults.inject(Fault { correlation: Some("c-1".to_owned()), from: None, times: 1, ..fault });
        let uri = Uri::from_static("https://a/common/token?client-request-id=c-1");
        let plain = Uri::from_static("https://a/common/token");
        let take =
            |from, method: &Method, uri| faults.take(Party::Idp, from, method, uri, &HeaderMap::new(), b"").is_some();
        assert!(!take(Party::Connector, &Method::GET, &plain));
        assert!(!take(Party::Gate, &Method::POST, &plain), "neither the party nor the correlation");
        assert!(faults.take(Party::Gate, Party::Connector, &Method::POST, &plain, &HeaderMap::new(), b"").is_none());
        assert!(take(Party::Gate, &Method::POST, &uri));
        assert!(!take(Party::Gate, &Method::POST, &uri), "it was meant for one");
        assert!(take(Party::Connector, &Method::POST, &plain));
        assert!(take(Party::Connector, &Method::POST, &plain));
        assert!(!take(Party::Connector, &Method::POST, &plain));
    }

    #[test]
    fn a_fault_for_one_client_leaves_the_others_alone() {
        let named = |uri: &'static str, authorization: &'static str, body: &[u8]| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(authorization))]);
            is_of_client("app-1", &Uri::from_static(uri), &headers, body)
        };
        assert!(named("https://a/authorize?client_id=APP-1", "", b""));
        assert!(named("https://a/token", "", b"grant_type=x&client_id=app-1"));
        assert!(named("https://a/token", "Basic YXBwLTE6c2VjcmV0", b""));
        for (uri, authorization, body) in [
            ("https://a/authorize?client_id=app-2", "", &b""[..]),
            ("https://a/token", "Basic ====", b"client_id=app-2"),
            ("https://a/token", "Bearer YXBwLTE6c2VjcmV0", b"x=app-1"),
        ] {
            assert!(!named(uri, authorization, body), "{uri}");
        }
    }
}
