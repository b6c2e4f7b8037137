//! A running lab that takes what a party in another process records, over the `trace` part of its control API.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::network::{ANSWER_LIMIT_BYTES, NameMap, Resolver, Target, loopback_address};
use crate::{Checks, Exchange, Party};

/// How long the lab may take to answer.
const LAB_TIMEOUT: Duration = Duration::from_secs(2);

/// The number of an exchange, as the control API writes it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Numbered {
    /// Its place in the lab's trace, from 1.
    pub number: u64,
}

/// A part of the lab's trace, as the control API writes it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Listed {
    /// The exchanges, in order.
    pub exchanges: Vec<Exchange>,
    /// The number of the newest exchange of the trace; 0 before the first.
    pub last_number: u64,
}

/// Who records in the lab's trace what they receive, as the control API writes it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receivers {
    /// The sockets that they listen on, such as `127.0.0.1:8001`.
    #[schemars(with = "Vec<String>")]
    pub addresses: Vec<SocketAddr>,
}

/// What the lab said, or why it said nothing.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The URL is not one of this machine.
    #[error("'{0}' is not an http URL of this machine, such as http://localhost:8080")]
    NotALab(String),
    /// No answer, or none that the control API gives.
    #[error("the lab at {lab} gave no answer: {reason}")]
    NoAnswer {
        /// Its URL.
        lab: String,
        /// The cause.
        reason: String,
    },
    /// It refused.
    #[error("the lab at {lab} refused with {status}: {body}")]
    Refused {
        /// Its URL.
        lab: String,
        /// The status.
        status: u16,
        /// What it says.
        body: String,
    },
}

/// What is done when the lab takes nothing more.
type WhenLost = Box<dyn Fn(&JoinError) + Send + Sync>;

/// A running lab; clones are the same one.
#[derive(Clone)]
pub struct JoinedLab(Arc<Inner>);

struct Inner {
    url: String,
    authorization: HeaderValue,
    client: Client<HttpConnector<Resolver>, Full<Bytes>>,
    is_lost: AtomicBool,
    when_lost: WhenLost,
}

impl fmt::Debug for JoinedLab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinedLab").field(&self.0.url).finish()
    }
}

impl JoinedLab {
    /// The lab whose page is at `url`, which knows us by `token`; `when_lost` is called once, when it takes nothing more.
    ///
    /// # Errors
    /// When `url` is not an http URL of this machine, or `token` cannot be sent.
    pub fn new(
        url: &str,
        token: &str,
        when_lost: impl Fn(&JoinError) + Send + Sync + 'static,
    ) -> Result<Self, JoinError> {
        let url = url.trim_end_matches('/').to_owned();
        let not_a_lab = || JoinError::NotALab(url.clone());
        let address = loopback_address(&url).filter(|_| url.starts_with("http://")).ok_or_else(not_a_lab)?;
        let names = NameMap::default();
        names.insert(&url, Target { address, party: Party::Client, records: false });
        let mut authorization = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| not_a_lab())?;
        authorization.set_sensitive(true);
        let mut connector = HttpConnector::new_with_resolver(Resolver(names));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let inner =
            Inner { url, authorization, client, is_lost: AtomicBool::new(false), when_lost: Box::new(when_lost) };
        Ok(Self(Arc::new(inner)))
    }

    /// Its setup, in the names that it speaks.
    ///
    /// # Errors
    /// When the lab does not answer, or refuses.
    pub async fn state(&self) -> Result<Value, JoinError> {
        let answer = self.call(Method::GET, "/_lab/state", Bytes::new()).await?;
        self.read(&answer)
    }

    /// The exchanges of its trace after `number`, with their secrets.
    ///
    /// # Errors
    /// When the lab does not answer, or refuses.
    pub async fn list(&self, number: u64) -> Result<Listed, JoinError> {
        let path = format!("/_lab/trace?after={number}&secrets=included");
        let answer = self.call(Method::GET, &path, Bytes::new()).await?;
        self.read(&answer)
    }

    /// Tells it who records in its trace, from here.
    pub(crate) async fn announce(&self, addresses: &[SocketAddr]) {
        self.tell("/_lab/trace/receivers", &Receivers { addresses: addresses.to_vec() }).await;
    }

    /// Who records in its trace; nobody where it does not answer.
    pub(crate) async fn receivers(&self) -> Vec<SocketAddr> {
        let answer = self.call(Method::GET, "/_lab/trace/receivers", Bytes::new()).await;
        answer.and_then(|answer| self.read::<Receivers>(&answer)).map(|said| said.addresses).unwrap_or_default()
    }

    /// Takes the number of an exchange whose request has just arrived here; none once the lab is lost.
    pub(crate) async fn open(&self) -> Option<u64> {
        let answer = self.tell("/_lab/trace/numbers", &Value::Object(serde_json::Map::new())).await?;
        self.read::<Numbered>(&answer).ok().map(|taken| taken.number)
    }

    /// Adds a finished exchange to its trace, at the place that [`Self::open`] took.
    pub(crate) async fn record(&self, exchange: &Exchange) {
        self.tell("/_lab/trace", exchange).await;
    }

    /// Adds checks that were made here on an exchange of its trace.
    pub(crate) async fn annotate(&self, number: u64, checks: &Checks) {
        self.tell(&format!("/_lab/trace/{number}/checks"), checks).await;
    }

    /// Posts to the lab, unless it is lost: the party goes on alone then.
    async fn tell(&self, path: &str, body: &impl Serialize) -> Option<Bytes> {
        if self.0.is_lost.load(Ordering::Relaxed) {
            return None;
        }
        let body = serde_json::to_vec(body).ok()?;
        match self.call(Method::POST, path, body.into()).await {
            Ok(answer) => Some(answer),
            // it keeps the newest exchanges only, and is there all the same
            Err(JoinError::Refused { status: 404, .. }) => None,
            Err(error) => {
                if !self.0.is_lost.swap(true, Ordering::Relaxed) {
                    (self.0.when_lost)(&error);
                }
                None
            }
        }
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, JoinError> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() =
            format!("{}{path}", self.0.url).parse().map_err(|_| JoinError::NotALab(self.0.url.clone()))?;
        request.headers_mut().insert(header::AUTHORIZATION, self.0.authorization.clone());
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answer = async {
            let response = self.0.client.request(request).await.map_err(|error| self.no_answer(&error))?;
            let (parts, body) = response.into_parts();
            let body =
                Limited::new(body, ANSWER_LIMIT_BYTES).collect().await.map_err(|error| self.no_answer(&error))?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        let answer = tokio::time::timeout(LAB_TIMEOUT, answer).await.map_err(|late| self.no_answer(&late))??;
        if answer.status().is_success() {
            return Ok(answer.into_body());
        }
        let body = String::from_utf8_lossy(answer.body()).trim().to_owned();
        Err(JoinError::Refused { lab: self.0.url.clone(), status: answer.status().as_u16(), body })
    }

    fn read<T: for<'de> Deserialize<'de>>(&self, answer: &[u8]) -> Result<T, JoinError> {
        serde_json::from_slice(answer).map_err(|error| self.no_answer(&error))
    }

    fn no_answer(&self, reason: &dyn fmt::Display) -> JoinError {
        JoinError::NoAnswer { lab: self.0.url.clone(), reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::post;
    use http::StatusCode;

    use super::*;
    use crate::listen::{bind, serve};

    #[tokio::test]
    async fn a_lab_that_has_forgotten_an_exchange_is_not_lost_and_one_that_refuses_is() {
        let refused = |status: StatusCode| post(move || async move { status });
        let router = Router::new()
            .route("/_lab/trace/1/checks", refused(StatusCode::NOT_FOUND))
            .route("/_lab/trace/numbers", post(|| async { r#"{"number":7}"# }))
            .route("/_lab/trace/2/checks", refused(StatusCode::UNAUTHORIZED));
        let listening = serve(bind(([127, 0, 0, 1], 0).into()).unwrap(), None, router).unwrap();
        let is_lost = Arc::new(AtomicBool::new(false));
        let noted = is_lost.clone();
        let url = format!("http://{}", listening.address);
        let lab = JoinedLab::new(&url, "token", move |_| noted.store(true, Ordering::Relaxed)).unwrap();
        lab.annotate(1, &Checks::default()).await;
        assert_eq!((lab.open().await, is_lost.load(Ordering::Relaxed)), (Some(7), false));
        lab.annotate(2, &Checks::default()).await;
        assert_eq!((lab.open().await, is_lost.load(Ordering::Relaxed)), (None, true));
    }
}
