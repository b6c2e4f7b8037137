//! One recorded request with its answer.

use std::borrow::Cow;

use http::{HeaderMap, Method, Uri};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Channel, CheckResult, Checks, Outcome, Party};

/// One request and its answer, as the receiver saw it (as the sender did, where the receiver is not ours).
///
/// It holds secrets as they went over the wire; whatever shows it to a person redacts a copy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// Its place in the trace, from 1, by the time the request arrived.
    pub number: u64,
    /// When the request arrived, in lab time.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// How long the answer took, in microseconds of real time.
    pub duration_us: u64,
    /// Who sent the request.
    pub from: Party,
    /// Who answered it.
    pub to: Party,
    /// Who carried it.
    pub channel: Channel,
    /// The HTTP method.
    pub method: String,
    /// The absolute URL, as the sender wrote it.
    pub url: String,
    /// The request's headers, in order; those of the lab itself are left out.
    pub request_headers: Vec<(String, String)>,
    /// The request's body.
    pub request_body: Body,
    /// The answer's status; none where no answer came.
    pub status: Option<u16>,
    /// The answer's headers, in order.
    pub response_headers: Vec<(String, String)>,
    /// The answer's body.
    pub response_body: Body,
    /// What the parties looked at on the way to the answer.
    pub checks: Checks,
    /// Why no answer came, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The number of the exchange during which it was sent, where a party of the lab sent it to be able to answer that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caused_by: Option<u64>,
    /// What befell it because somebody asked for it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// The longest body that the trace keeps whole; of a longer one it keeps the start.
pub const KEPT_BODY_BYTES: usize = 128 * 1024;

/// A message body as it is kept in the trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Body {
    /// The body, where it is UTF-8 text and not a stream; cut at [`KEPT_BODY_BYTES`].
    pub text: Option<String>,
    /// How many bytes it had.
    pub size_bytes: u64,
}

impl Body {
    /// Keeps `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let kept = |text: &str| text[..text.floor_char_boundary(KEPT_BODY_BYTES.min(text.len()))].to_owned();
        Self { text: std::str::from_utf8(bytes).ok().map(kept), size_bytes: bytes.len() as u64 }
    }

    /// The text, or nothing where there is none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }
}

/// Name and value pairs of a query or form, decoded, in order.
pub type Parameters = Vec<(String, String)>;

impl Exchange {
    /// About how much memory its text takes, in bytes.
    pub(crate) fn kept_bytes(&self) -> usize {
        let headers =
            |headers: &[(String, String)]| headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        let checks =
            self.checks.0.iter().map(|result| result.expected.len() + result.received.len() + 64).sum::<usize>();
        let bodies = self.request_body.as_str().len() + self.response_body.as_str().len();
        bodies + checks + self.url.len() + headers(&self.request_headers) + headers(&self.response_headers) + 256
    }

    /// The path of the URL, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        path_of(&self.url)
    }

    /// The decoded parameters of the URL's query.
    #[must_use]
    pub fn query(&self) -> Parameters {
        query_of(&self.url)
    }

    /// The decoded parameters of a form body; none where the body is not a form.
    #[must_use]
    pub fn form(&self) -> Parameters {
        let is_form = header(&self.request_headers, "content-type")
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        if is_form { parameters(self.request_body.as_str()) } else { Vec::new() }
    }

    /// The URL that a redirect leads to.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        header(&self.response_headers, "location")
    }
}

/// The check that decided these exchanges: the last that refused, where the connector's own complaint about somebody
/// else's refusal counts last.
#[must_use]
pub fn deciding_refusal(exchanges: &[Exchange]) -> Option<&CheckResult> {
    let refusals = || {
        let newest_first = exchanges.iter().rev().flat_map(|exchange| exchange.checks.0.iter().rev());
        newest_first.filter(|result| result.outcome == Outcome::Refused)
    };
    refusals().find(|result| result.check.party() != Party::Connector).or_else(|| refusals().next())
}

/// The first header of that name, in whatever case.
#[must_use]
pub fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The decoded parameters of a query or form.
#[must_use]
pub fn parameters(encoded: &str) -> Parameters {
    form_urlencoded::parse(encoded.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// The decoded parameters of a URL's query.
#[must_use]
pub fn query_of(url: &str) -> Parameters {
    let without_fragment = url.split('#').next().unwrap_or_default();
    without_fragment.split_once('?').map(|(_, query)| parameters(query)).unwrap_or_default()
}

/// The path of an absolute URL.
#[must_use]
pub fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find('/').map_or("/", |start| &after_scheme[start..]);
    path.split(['?', '#']).next().unwrap_or("/")
}

pub(crate) fn header_pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

/// What is known of an exchange when its request is read.
pub(crate) struct Opening {
    pub number: u64,
    pub at: Timestamp,
    pub from: Party,
    pub to: Party,
    pub method: Method,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    pub caused_by: Option<u64>,
}

impl Opening {
    pub(crate) fn unanswered(self, failure: String, duration_us: u64) -> Exchange {
        Exchange { failure: Some(failure), ..self.answered(None, Vec::new(), Body::default(), duration_us) }
    }

    pub(crate) fn answered(
        self,
        status: Option<u16>,
        response_headers: Vec<(String, String)>,
        response_body: Body,
        duration_us: u64,
    ) -> Exchange {
        Exchange {
            number: self.number,
            at: self.at,
            duration_us,
            from: self.from,
            to: self.to,
            channel: self.from.channel(),
            method: self.method.to_string(),
            url: self.url,
            request_headers: self.headers,
            request_body: self.body,
            status,
            response_headers,
            response_body,
            checks: Checks::default(),
            failure: None,
            caused_by: self.caused_by,
            faults: Vec::new(),
        }
    }
}

/// The absolute URL of a received request: the scheme of the listener, the host the client named, the target.
pub(crate) fn received_url(scheme: &str, uri: &Uri, headers: &HeaderMap) -> String {
    let host = uri
        .authority()
        .map(|authority| Cow::from(authority.as_str()))
        .or_else(|| headers.get(http::header::HOST).map(|host| String::from_utf8_lossy(host.as_bytes())))
        .unwrap_or_default();
    let target = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    format!("{scheme}://{host}{target}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_come_apart_without_touching_their_spelling() {
        assert_eq!(path_of("https://a.example/b/C?d=e#f"), "/b/C");
        assert_eq!(path_of("https://a.example"), "/");
        assert_eq!(path_of("https://a.example?x"), "/");
        assert_eq!(query_of("https://a/b?x=1&x=%7e+y#z=3"), [("x".into(), "1".into()), ("x".into(), "~ y".into())]);
    }
}
