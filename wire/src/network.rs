//! The name map of a lab, and the only HTTP client that its parties use.
//!
//! A request goes to the loopback socket that the map gives for the URL's origin. An origin that is not in the map
//! is an error in the trace: no name is ever looked up, nothing leaves the lab. A lab without sockets maps origins to
//! routers instead: a request is then handed over in memory.

use std::collections::{BTreeSet, HashMap};
use std::future::Ready;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use tower::ServiceExt;

use crate::clock::Stopwatch;
use crate::exchange::{Opening, header_pairs};
use crate::marks::{ANSWER_TIMEOUT, ANSWERING, CAUSE, EXCHANGE, FROM, LATE};
use crate::{Body, Clock, Exchange, Party, Trace};

/// The largest answer that a client of the lab reads.
pub const ANSWER_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// Which loopback socket serves an origin, and who listens there; shared, so that a party can be added later.
#[derive(Clone, Debug, Default)]
pub struct NameMap(Arc<Mutex<Places>>);

#[derive(Debug, Default)]
struct Places {
    sockets: HashMap<Origin, Target>,
    in_memory: HashMap<Origin, (Party, Router)>,
}

/// Who serves an origin, and by which way a request gets there.
enum Way {
    Socket(Target),
    InMemory(Party, Router),
}

impl Way {
    fn party(&self) -> Party {
        match self {
            Self::Socket(target) => target.party,
            Self::InMemory(party, _) => *party,
        }
    }

    /// Whether who is there records in `trace` what it receives.
    async fn records_in(&self, trace: &Trace) -> bool {
        match self {
            Self::Socket(target) => target.records || trace.is_received_at(target.address).await,
            Self::InMemory(..) => true,
        }
    }
}

/// Scheme, host in lower case, and port, as RFC 6454 has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

/// Where an origin is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The socket.
    pub address: SocketAddr,
    /// Who listens there.
    pub party: Party,
    /// Whether it is known to be a party of ours, which records what it receives; any other program is told nothing of the
    /// lab, unless the trace says that it records there.
    pub records: bool,
}

impl NameMap {
    /// Maps the origin of `url`; false where `url` is not an absolute http or https URL.
    pub fn insert(&self, url: &str, target: Target) -> bool {
        let Some(origin) = url.parse().ok().and_then(|uri| origin(&uri)) else { return false };
        self.places().sockets.insert(origin, target);
        true
    }

    /// Maps the origin of `url` to a router that is called in memory; false where `url` is not an absolute http or https
    /// URL.
    pub fn insert_router(&self, url: &str, party: Party, router: Router) -> bool {
        let Some(origin) = url.parse().ok().and_then(|uri| origin(&uri)) else { return false };
        self.places().in_memory.insert(origin, (party, router));
        true
    }

    /// Forgets all routers: those of parties that send hold this map themselves.
    pub fn forget_routers(&self) {
        // dropped after the lock is released, because a router may hold the last clone of this map
        let _routers = std::mem::take(&mut self.places().in_memory);
    }

    fn way(&self, uri: &Uri) -> Option<Way> {
        let origin = origin(uri)?;
        let places = self.places();
        let in_memory = places.in_memory.get(&origin).map(|(party, router)| Way::InMemory(*party, router.clone()));
        in_memory.or_else(|| Some(Way::Socket(*places.sockets.get(&origin)?)))
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the origin of `uri` is served.
    #[must_use]
    pub fn find(&self, uri: &Uri) -> Option<Target> {
        let origin = origin(uri)?;
        self.places().sockets.get(&origin).copied()
    }

    /// The hosts that sockets serve over https, in order.
    #[must_use]
    pub fn https_hosts(&self) -> BTreeSet<String> {
        let places = self.places();
        let origins = places.sockets.keys().filter(|origin| origin.scheme == "https");
        origins.map(|origin| origin.host.clone()).collect()
    }

    /// Where `host` is; `localhost` is on both loopback addresses, for programs listen on either.
    fn find_host(&self, host: &str) -> Vec<SocketAddr> {
        let places = self.places();
        let target = places.sockets.iter().find(|(origin, _)| origin.host.eq_ignore_ascii_case(host));
        let Some((_, Target { address, .. })) = target else { return Vec::new() };
        let mut addresses = vec![*address];
        if host.eq_ignore_ascii_case("localhost") && address.is_ipv4() {
            addresses.push((Ipv6Addr::LOCALHOST, address.port()).into());
        }
        addresses
    }
}

/// The loopback socket that an absolute http or https URL names; none for any other host.
#[must_use]
pub fn loopback_address(url: &str) -> Option<SocketAddr> {
    let Origin { host, port, .. } = origin(&url.parse().ok()?)?;
    let address: IpAddr = match host.as_str() {
        "localhost" => Ipv4Addr::LOCALHOST.into(),
        host => host.trim_matches(['[', ']']).parse().ok()?,
    };
    address.is_loopback().then_some((address, port).into())
}

fn origin(uri: &Uri) -> Option<Origin> {
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let host = uri.host()?.to_ascii_lowercase();
    Some(Origin { scheme, host, port: uri.port_u16().unwrap_or(default_port) })
}

/// The names and the trusted certificates of a lab.
#[derive(Clone, Debug)]
pub struct Network {
    /// The name map.
    pub names: NameMap,
    /// What the lab's own clients trust.
    pub tls: Arc<rustls::ClientConfig>,
}

impl Network {
    /// A client for `from`, whose failures are recorded in `trace`.
    #[must_use]
    pub fn client(&self, from: Party, trace: Trace, clock: Clock) -> LabClient {
        let mut connector = HttpConnector::new_with_resolver(Resolver(self.names.clone()));
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config((*self.tls).clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        LabClient { names: self.names.clone(), client, from, trace, clock }
    }
}

/// Answers the connector's question for an address out of the name map.
#[derive(Clone)]
pub(crate) struct Resolver(pub(crate) NameMap);

impl tower::Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let addresses = self.0.find_host(name.as_str());
        std::future::ready(if addresses.is_empty() {
            Err(std::io::Error::new(std::io::ErrorKind::NotFound, "not in the name map of this lab"))
        } else {
            Ok(addresses.into_iter())
        })
    }
}

/// An HTTP client of one party: it follows nothing, keeps no cookie and adds no header but Host and Content-Length.
#[derive(Clone)]
pub struct LabClient {
    names: NameMap,
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    from: Party,
    trace: Trace,
    clock: Clock,
}

/// An answer, and its number in the trace.
#[derive(Debug)]
pub struct Reply {
    /// The answer with its whole body.
    pub response: Response<Bytes>,
    /// The number of the exchange in the lab's trace.
    pub exchange: u64,
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The URL's origin belongs to nobody in the lab.
    #[error("'{0}' is not in the name map of this lab, and nothing is ever sent outside it")]
    NotMapped(String),
    /// No connection, a broken one, or an untrusted certificate.
    #[error("no answer from '{url}': {reason}")]
    Unreachable {
        /// The URL.
        url: String,
        /// The cause, outermost first.
        reason: String,
    },
    /// No answer within [`ANSWER_TIMEOUT`].
    #[error("'{0}' did not answer within {seconds} seconds", seconds = ANSWER_TIMEOUT.as_secs())]
    TimedOut(String),
}

/// An answer whose body may have broken off, and its number where the receiver recorded it.
struct Arrived {
    parts: http::response::Parts,
    body: Result<Bytes, SendError>,
    recorded: Option<u64>,
}

impl Arrived {
    /// Reads the body, and what the receiver's recorder says in headers of the lab's own.
    async fn read<B>(response: Response<B>, url: &str) -> Self
    where
        B: hyper::body::Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (mut parts, body) = response.into_parts();
        let recorded = parts.headers.remove(EXCHANGE).and_then(|number| number.to_str().ok()?.parse().ok());
        let is_late = parts.headers.remove(LATE).is_some();
        let body = match Limited::new(body, ANSWER_LIMIT_BYTES).collect().await {
            _ if is_late => Err(SendError::TimedOut(url.to_owned())),
            Ok(body) => Ok(body.to_bytes()),
            Err(error) => Err(SendError::Unreachable { url: url.to_owned(), reason: causes(error.as_ref()) }),
        };
        Self { parts, body, recorded }
    }
}

impl LabClient {
    /// Sends `request` exactly as given and reads the whole answer.
    ///
    /// # Errors
    /// When no answer came; the failed exchange is then in the trace.
    pub async fn send(&self, mut request: Request<Bytes>) -> Result<Reply, SendError> {
        let stopwatch = Stopwatch::start();
        let url = request.uri().to_string();
        let way = self.names.way(request.uri());
        let opening = Opening {
            number: 0, // taken when it turns out that the receiver did not record it
            at: self.clock.now(),
            from: self.from,
            to: way.as_ref().map_or(Party::Unmapped, Way::party),
            method: request.method().clone(),
            url: url.clone(),
            headers: header_pairs(request.headers()),
            body: Body::of(request.body()),
            caused_by: cause(),
        };
        if let Ok(name) = HeaderValue::from_str(&self.from.to_string())
            && let Some(way) = &way
            && way.records_in(&self.trace).await
        {
            request.headers_mut().insert(FROM, name);
            if let Some(number) = opening.caused_by {
                request.headers_mut().insert(CAUSE, number.into());
            }
        }
        let answer = match way {
            None => Err(SendError::NotMapped(url)),
            Some(Way::InMemory(_, router)) => hand_over(router, request, &url).await,
            Some(Way::Socket(_)) => {
                match tokio::time::timeout(ANSWER_TIMEOUT, self.exchange(request.map(Full::new), &url)).await {
                    Ok(answer) => answer,
                    Err(_) => Err(SendError::TimedOut(url)),
                }
            }
        };
        if let Ok(Arrived { recorded: Some(number), .. }) = &answer {
            self.trace.note_own(*number);
        }
        match answer {
            Ok(Arrived { parts, body: Ok(body), recorded }) => {
                let exchange = match recorded {
                    Some(number) => number,
                    None => {
                        let status = Some(parts.status.as_u16());
                        let headers = header_pairs(&parts.headers);
                        self.keep(opening.answered(status, headers, Body::of(&body), stopwatch.elapsed_us())).await
                    }
                };
                Ok(Reply { response: Response::from_parts(parts, body), exchange })
            }
            Ok(Arrived { body: Err(error), recorded: Some(number), .. }) => {
                self.trace.fail(number, &error.to_string());
                Err(error)
            }
            Ok(Arrived { body: Err(error), recorded: None, .. }) | Err(error) => {
                self.keep(opening.unanswered(error.to_string(), stopwatch.elapsed_us())).await;
                Err(error)
            }
        }
    }

    /// Records a request that is not sent, because the origin of `url` belongs to nobody in the lab; the reason in words.
    pub async fn not_mapped(&self, method: Method, url: &str, headers: &HeaderMap) -> SendError {
        let error = SendError::NotMapped(url.to_owned());
        let opening = Opening {
            number: 0,
            at: self.clock.now(),
            from: self.from,
            to: Party::Unmapped,
            method,
            url: url.to_owned(),
            headers: header_pairs(headers),
            body: Body::default(),
            caused_by: cause(),
        };
        self.keep(opening.unanswered(error.to_string(), 0)).await;
        error
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, url: &str) -> Result<Arrived, SendError> {
        let unreachable = |reason| SendError::Unreachable { url: url.to_owned(), reason };
        let response = self.client.request(request).await.map_err(|error| unreachable(causes(&error)))?;
        Ok(Arrived::read(response, url).await)
    }

    /// Records an exchange that the receiver did not, and gives its number.
    async fn keep(&self, exchange: Exchange) -> u64 {
        let number = self.trace.open().await;
        self.trace.record(Exchange { number, ..exchange }).await;
        number
    }
}

/// The exchange that is answered while something is sent.
fn cause() -> Option<u64> {
    ANSWERING.try_with(|number| *number).ok()
}

/// Hands a request to a router as a server would that had read it from a socket: with Host, and without the origin.
async fn hand_over(router: Router, mut request: Request<Bytes>, url: &str) -> Result<Arrived, SendError> {
    let unreachable = |reason| SendError::Unreachable { url: url.to_owned(), reason };
    let uri = request.uri().clone();
    let host = uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let (Some(host), false) = (host, request.headers().contains_key(header::HOST)) {
        request.headers_mut().insert(header::HOST, host);
    }
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    *request.uri_mut() = target.parse().map_err(|_| unreachable("the path cannot be sent".to_owned()))?;
    if !request.body().is_empty() {
        let length = request.body().len();
        request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    let response = match router.oneshot(request.map(axum::body::Body::from)).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    Ok(Arrived::read(response, url).await)
}

/// An error with its causes, outermost first.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let step = error.to_string();
        if !text.contains(&step) {
            text.push_str(": ");
            text.push_str(&step);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let names = NameMap::default();
        let target = Target { address: ([127, 0, 0, 1], 8443).into(), party: Party::Idp, records: true };
        assert!(names.insert("https://Login.example/any/path", target));
        assert_eq!(names.find(&Uri::from_static("https://login.example:443/x?y")), Some(target));
        assert_eq!(names.find(&Uri::from_static("http://login.example/")), None);
        assert_eq!(names.find(&Uri::from_static("https://login.example:444/")), None);
        assert_eq!(names.find(&Uri::from_static("https://login.example.evil.test/")), None);
        assert!(!names.insert("not a url", target));
        assert!(!names.insert("ftp://login.example/", target));
    }

    #[test]
    fn only_loopback_urls_have_a_loopback_address() {
        for (url, address) in [
            ("http://localhost:3000", "127.0.0.1:3000"),
            ("http://127.0.0.1:3000/mcp", "127.0.0.1:3000"),
            ("https://[::1]:8443/x", "[::1]:8443"),
            ("https://LOCALHOST/", "127.0.0.1:443"),
        ] {
            assert_eq!(loopback_address(url), Some(address.parse().unwrap()), "{url}");
        }
        for url in ["http://10.0.0.1:3000", "http://localhost.evil.test", "http://0.0.0.0:1", "ftp://localhost", "/mcp"]
        {
            assert_eq!(loopback_address(url), None, "{url}");
        }
    }
}
