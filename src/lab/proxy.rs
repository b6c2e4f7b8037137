//! The forward proxy through which a program of this machine finds the parties of a lab that speaks in cloud names.
//!
//! It takes CONNECT and absolute URLs (RFC 9110 §9.3.6, RFC 9112 §3.2.2), and sends to the sockets in the lab's name map
//! only. Any other name is refused and told in the trace: nothing is looked up, nothing is dialled. It asks for no
//! credentials, because many programs cannot send any to a proxy: it listens on loopback, on a port that nobody knows
//! beforehand, and leads only to sockets that this machine's programs can reach anyway.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use wire::listen::bind;
use wire::network::SendError;
use wire::record::REQUEST_LIMIT_BYTES;
use wire::{LabClient, Party};

use super::{Lab, StartError};

/// How many connections are served at a time; more wait to be accepted.
pub const MOST_CONNECTIONS: usize = 256;

/// How long a client may take to send the head of a request, and how long its body.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// How long it waits after the system refused a connection, for want of file descriptors say.
const PAUSE: Duration = Duration::from_millis(50);

/// Headers that concern one connection only (RFC 9110 §7.6.1), and Host, which follows from the URL.
const OF_ONE_CONNECTION: [&str; 9] = [
    "connection",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Where a virtual machine of Azure finds its identity; the Azure SDKs ask there to know whether they run on one.
const METADATA_SERVICE: &str = "http://169.254.169.254";

/// What Docker Desktop's proxy answers for it. The SDKs know these words, and go on to the next credential at once; on any
/// other answer they wait, or give up (Azure/azure-sdk-for-net#38218, Azure/azure-sdk-for-go#21432).
const NO_METADATA_SERVICE: &str =
    "connecting to 169.254.169.254:80: connectex: A socket operation was attempted to an unreachable network.";

/// A running proxy; it stops when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Its URL, as `HTTPS_PROXY` wants it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its socket.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Lab {
    /// Starts a proxy on a free loopback port, for programs that are to find this lab under the names that it speaks;
    /// [`Lab::ca_pem`] is what they must trust. `on_refusal` hears of each host (with its port) or origin that is not in the lab.
    ///
    /// # Errors
    /// When no socket can be had.
    pub fn proxy(&self, on_refusal: impl Fn(&str) + Send + Sync + 'static) -> Result<Proxy, StartError> {
        let socket = bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = socket.local_addr()?;
        let listener = TcpListener::from_std(socket)?;
        let front =
            Arc::new(Front { lab: self.clone(), client: self.client(Party::Client), on_refusal: Box::new(on_refusal) });
        Ok(Proxy { address, task: tokio::spawn(accept(listener, front)) })
    }
}

/// What every connection needs.
struct Front {
    lab: Lab,
    client: LabClient,
    on_refusal: Box<dyn Fn(&str) + Send + Sync>,
}

/// Where a connection goes on when its client was told that the way is open.
type Opened = Mutex<Option<(OnUpgrade, TcpStream)>>;

async fn accept(listener: TcpListener, front: Arc<Front>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    // dropped with this task, which ends every connection
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let front = front.clone();
                connections.spawn(async move {
                    serve(stream, &front).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn serve(stream: TcpStream, front: &Arc<Front>) {
    let _slower_without = stream.set_nodelay(true);
    let opened = Arc::new(Opened::default());
    let service = service_fn(|request| {
        let (front, opened) = (front.clone(), opened.clone());
        async move { Ok::<_, Infallible>(front.answer(request, &opened).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    let opened = opened.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let (Ok(()), Some((upgrade, mut there))) = (served, opened)
        && let Ok(here) = upgrade.await
    {
        let _either_side_may_end_it = tokio::io::copy_bidirectional(&mut TokioIo::new(here), &mut there).await;
    }
}

impl Front {
    async fn answer(&self, request: Request<Incoming>, opened: &Opened) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().scheme()) {
            (&Method::CONNECT, _) => self.connect(request, opened).await,
            (_, Some(_)) => self.forward(request).await,
            // what a browser sends to a page of ours: there is none
            (_, None) => told(StatusCode::BAD_REQUEST, "This is a forward proxy: it takes CONNECT and absolute URLs."),
        }
    }

    /// Opens a way to the party that a name belongs to; the TLS in it is between the client and the party.
    async fn connect(&self, request: Request<Incoming>, opened: &Opened) -> Response<Full<Bytes>> {
        let Some(authority) = request.uri().authority().map(ToString::to_string) else {
            return told(StatusCode::BAD_REQUEST, "CONNECT names a host and a port.");
        };
        let [secure, plain] = ["https", "http"].map(|scheme| format!("{scheme}://{authority}/"));
        let address = |url: &String| Some(self.lab.network.names.find(&url.parse().ok()?)?.address);
        let Some(address) = address(&secure).or_else(|| address(&plain)) else {
            self.client.not_mapped(Method::CONNECT, &secure, request.headers()).await;
            return self.refuse(&authority);
        };
        match TcpStream::connect(address).await {
            Ok(there) => {
                let _slower_without = there.set_nodelay(true);
                let upgrade = hyper::upgrade::on(request);
                *opened.lock().unwrap_or_else(PoisonError::into_inner) = Some((upgrade, there));
                Response::new(Full::default())
            }
            Err(error) => told(StatusCode::BAD_GATEWAY, &format!("{authority} does not answer: {error}")),
        }
    }

    /// Sends a request with an absolute URL on, whatever its scheme: some programs ask a proxy for https URLs this way.
    async fn forward(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (mut parts, body) = request.into_parts();
        let scheme = parts.uri.scheme_str().unwrap_or_default();
        let origin = format!("{scheme}://{}", parts.uri.authority().map_or("", |authority| authority.as_str()));
        let body = Limited::new(body, REQUEST_LIMIT_BYTES).collect();
        let body = match tokio::time::timeout(BODY_TIMEOUT, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return told(StatusCode::PAYLOAD_TOO_LARGE, "The body broke off, or is too large."),
            Err(_) => return told(StatusCode::REQUEST_TIMEOUT, "The body did not come in time."),
        };
        keep_end_to_end(&mut parts.headers);
        match self.client.send(Request::from_parts(parts, body)).await {
            Ok(reply) => {
                let (mut parts, body) = reply.response.into_parts();
                keep_end_to_end(&mut parts.headers);
                Response::from_parts(parts, Full::new(body))
            }
            Err(SendError::NotMapped(_)) => self.refuse(&origin),
            Err(error) => told(StatusCode::BAD_GATEWAY, &error.to_string()),
        }
    }

    /// Says that a name is not in the lab.
    fn refuse(&self, name: &str) -> Response<Full<Bytes>> {
        (self.on_refusal)(name);
        let (reason, text) = if name == METADATA_SERVICE {
            (NO_METADATA_SERVICE.to_owned(), NO_METADATA_SERVICE.to_owned())
        } else {
            let names = self.lab.network.names.https_hosts().into_iter().collect::<Vec<_>>().join(", ");
            let reason = format!("{name} is not in this lab");
            let text = format!(
                "entralab: {reason}, and nothing is sent outside it.\n\
                 It answers over https for {names}; for programs on this machine no proxy is needed (NO_PROXY).\n"
            );
            (reason, text)
        };
        let mut answer = with_text(StatusCode::FORBIDDEN, text);
        // where a program shows the status line only
        if let Ok(reason) = ReasonPhrase::try_from(reason.into_bytes()) {
            answer.extensions_mut().insert(reason);
        }
        answer
    }
}

/// Removes what concerns one connection only, and what `Connection` names besides.
fn keep_end_to_end(headers: &mut HeaderMap) {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(|name| name.trim().to_ascii_lowercase()))
        .collect();
    for name in OF_ONE_CONNECTION.into_iter().chain(named.iter().map(String::as_str)) {
        headers.remove(name);
    }
}

/// An answer of the proxy itself.
fn told(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    with_text(status, format!("entralab: {text}\n"))
}

fn with_text(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
