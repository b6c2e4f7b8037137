//! A party on a socket: loopback only, TCP_NODELAY, with limits against slow and endless clients.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use http::StatusCode;
use hyper_util::rt::TokioTimer;
use tokio::task::JoinHandle;
use tower_http::timeout::TimeoutLayer;

/// How long a client may take to send the head of a request, and the whole exchange may take on top of that.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(60);

/// A listening party; it stops when this is dropped.
#[derive(Debug)]
pub struct Listening {
    /// The socket it listens on.
    pub address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: JoinHandle<std::io::Result<()>>,
}

/// Why a party could not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address belongs to the network: a lab serves this machine only.
    #[error("{0} is not a loopback address; a lab never listens on the network")]
    NotLoopback(SocketAddr),
    /// The socket is taken, or not ours to take.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Takes a loopback socket; port 0 takes a free one.
///
/// # Errors
/// When the address is not loopback, or taken.
pub fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    if !address.ip().is_loopback() {
        return Err(ListenError::NotLoopback(address));
    }
    let bound = TcpListener::bind(address).and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
    bound.map_err(|source| ListenError::Bind { address, source })
}

/// Serves `router` on `listener`, with TLS where a configuration is given.
///
/// # Errors
/// When the system refuses to hand over the socket.
pub fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    router: Router,
) -> std::io::Result<Listening> {
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let router = router.layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, EXCHANGE_TIMEOUT));
    let mut server = axum_server::from_tcp(listener)?.handle(handle.clone()).acceptor(NoDelayAcceptor::new());
    limit(server.http_builder());
    let service = router.into_make_service();
    let task = match tls {
        None => tokio::spawn(server.serve(service)),
        Some(config) => {
            let config = RustlsConfig::from_config(config);
            let server = server.map(|tcp| RustlsAcceptor::new(config).handshake_timeout(HEAD_TIMEOUT).acceptor(tcp));
            tokio::spawn(server.serve(service))
        }
    };
    Ok(Listening { address, handle, task })
}

fn limit(builder: &mut hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_header_list_size(64 * 1024)
        .keep_alive_interval(Some(HEAD_TIMEOUT));
}

impl Listening {
    /// Stops taking connections, lets running exchanges finish for up to two seconds, and closes.
    pub async fn stop(mut self) {
        self.handle.graceful_shutdown(Some(Duration::from_secs(2)));
        let _ended = (&mut self.task).await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}
