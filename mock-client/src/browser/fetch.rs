//! A page's requests to other origins: asking first, and judging the answer.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;
use wire::{Check, Checks, Reply, SendError};

use super::cors::{self, Blocked, CredentialsMode};
use super::{Browser, USER_AGENT, origin_of, put};

/// A page's wish to send a request to another origin.
#[derive(Debug)]
pub struct PageRequest<'a> {
    /// The page's origin.
    pub page_origin: &'a str,
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: &'a str,
    /// The headers that the page itself sets.
    pub headers: &'a HeaderMap,
}

/// Why a page's request came to nothing.
#[derive(Debug)]
pub enum FetchError {
    /// The browser forbids it; with the line for the console.
    Blocked(String),
    /// No answer.
    Failed(SendError),
}

impl Browser {
    /// Asks, where the Fetch standard wants it, whether a page may send `request`, and judges the answer.
    ///
    /// The verdict is left on the preflight's exchange as `cors.preflight`.
    ///
    /// # Errors
    /// When the answer does not allow it, or none came.
    pub async fn preflight(&mut self, request: &PageRequest<'_>) -> Result<(), FetchError> {
        let is_same_origin = Url::parse(request.url).is_ok_and(|url| origin_of(&url) == request.page_origin);
        if is_same_origin || !cors::needs_preflight(&request.method, request.headers) {
            return Ok(());
        }
        let names = cors::unsafe_names(request.headers);
        let mut headers = HeaderMap::new();
        put(&mut headers, header::ACCEPT, "*/*");
        put(&mut headers, header::ACCESS_CONTROL_REQUEST_METHOD, request.method.as_str());
        if !names.is_empty() {
            put(&mut headers, header::ACCESS_CONTROL_REQUEST_HEADERS, &names.join(","));
        }
        put(&mut headers, header::ORIGIN, request.page_origin);
        put(&mut headers, header::USER_AGENT, USER_AGENT);
        for (name, value) in [("sec-fetch-mode", "cors"), ("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "empty")]
        {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let reply = self.send(Method::OPTIONS, request.url, headers, Bytes::new()).await.map_err(FetchError::Failed)?;
        let judged = cors::check_preflight(
            reply.response.status(),
            reply.response.headers(),
            request.page_origin,
            &request.method,
            &names,
            CredentialsMode::Omit,
        );
        let expected = format!("{} from {} with {}", request.method, request.page_origin, names.join(", "));
        let received = format!("{}: {}", reply.response.status().as_u16(), allowances(reply.response.headers()));
        self.judge(Check::CorsPreflight, &reply, expected, received, request, judged).await
    }

    /// Judges whether a page may read the answer to `request`.
    ///
    /// The verdict is left on the answer's exchange as `cors.response`.
    ///
    /// # Errors
    /// When it may not.
    pub async fn may_read(&self, request: &PageRequest<'_>, reply: &Reply) -> Result<(), FetchError> {
        let judged = cors::check_response(reply.response.headers(), request.page_origin, CredentialsMode::Omit);
        let expected = format!("Access-Control-Allow-Origin: {} or *", request.page_origin);
        let received = allowances(reply.response.headers());
        self.judge(Check::CorsResponse, reply, expected, received, request, judged).await
    }

    async fn judge(
        &self,
        check: Check,
        reply: &Reply,
        expected: String,
        received: String,
        request: &PageRequest<'_>,
        judged: Result<(), Blocked>,
    ) -> Result<(), FetchError> {
        let mut checks = Checks::default();
        match &judged {
            Ok(()) => checks.pass(check, expected, received),
            Err(blocked) => checks.refuse(check, expected, received, cors_fix(blocked, request.page_origin)),
        }
        self.trace.annotate(reply.exchange, checks).await;
        judged.map_err(|blocked| FetchError::Blocked(blocked.console_message(request.url, request.page_origin)))
    }
}

/// The CORS headers of an answer, as one line.
fn allowances(headers: &HeaderMap) -> String {
    let lines: Vec<String> = [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
    ]
    .iter()
    .flat_map(|name| {
        headers.get_all(name).iter().map(move |value| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
    })
    .collect();
    if lines.is_empty() { "no Access-Control header".to_owned() } else { lines.join("; ") }
}

fn cors_fix(blocked: &Blocked, origin: &str) -> String {
    let setting = blocked.setting();
    let wanted = match blocked {
        Blocked::HeaderNotAllowed(name) if name == "authorization" => {
            "name Authorization, which * does not cover".to_owned()
        }
        Blocked::HeaderNotAllowed(name) => format!("add {name}"),
        Blocked::MethodNotAllowed(method) => format!("add {method}"),
        _ => format!("add {origin}"),
    };
    format!("gate.cors.{setting}: {wanted} (portal: Container App > Networking > CORS)")
}
