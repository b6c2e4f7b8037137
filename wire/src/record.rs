//! The layer around a party that records what it receives, with the checks that the party made.

use std::time::Duration;

use axum::Router;
use axum::body::Body as StreamBody;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tower_http::catch_panic::CatchPanicLayer;

use crate::clock::Stopwatch;
use crate::exchange::{Opening, header_pairs, received_url};
use crate::fault::{Fault, Faults};
use crate::marks::{ANSWER_TIMEOUT, ANSWERING, CAUSE, EXCHANGE, FROM, LATE};
use crate::{Body, Checks, Clock, Party, Trace};

/// The largest request body that a party of the lab reads.
pub const REQUEST_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// How much of a larger body is read and thrown away.
const DRAINED_LIMIT_BYTES: usize = 32 * 1024 * 1024;

/// How long a client may take to send a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// Records the exchanges that one party receives.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// The party that receives.
    pub party: Party,
    /// Where to record.
    pub trace: Trace,
    /// The lab clock.
    pub clock: Clock,
    /// `https` or `http`, as the listener speaks.
    pub scheme: &'static str,
}

impl Recorder {
    /// Puts the recorder around `router`: a panic inside becomes a plain 500, an oversized body a 413.
    ///
    /// A handler leaves the checks it made as an extension of type [`Checks`] on its response. `Date` is lab time.
    pub fn wrap(self, router: Router) -> Router {
        self.wrap_with(router, Faults::default())
    }

    /// The same, where `faults` befall what is received.
    pub fn wrap_with(self, router: Router, faults: Faults) -> Router {
        router
            .layer(CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
            .layer(from_fn_with_state((self, faults), record))
    }
}

async fn record(State((recorder, faults)): State<(Recorder, Faults)>, request: Request, next: Next) -> Response {
    let stopwatch = Stopwatch::start();
    let (mut parts, body) = request.into_parts();
    let from = parts.headers.remove(FROM).and_then(|name| name.to_str().ok()?.parse::<Party>().ok());
    let cause = parts.headers.remove(CAUSE).and_then(|number| number.to_str().ok()?.parse().ok());
    let number = recorder.trace.open().await;
    let read = read_body(body).await;
    let opening = Opening {
        number,
        at: recorder.clock.now(),
        from: from.unwrap_or(Party::Client),
        to: recorder.party,
        method: parts.method.clone(),
        url: received_url(recorder.scheme, &parts.uri, &parts.headers),
        headers: header_pairs(&parts.headers),
        body: read.as_ref().map(|bytes| Body::of(bytes)).unwrap_or_default(),
        caused_by: cause.filter(|_| from.is_some()),
    };
    let sent = read.as_ref().map(|bytes| &bytes[..]).unwrap_or_default();
    let fault = faults.take(recorder.party, opening.from, &parts.method, &parts.uri, &parts.headers, sent);
    let delay = fault.as_ref().and_then(|fault| fault.delay);
    if let Some(delay) = delay {
        recorder.clock.pass(delay).await;
    }
    let response = match read {
        _ if fault.as_ref().is_some_and(|fault| fault.answer.is_some()) => in_place(fault.as_ref()),
        Ok(bytes) => ANSWERING.scope(number, next.run(Request::from_parts(parts, StreamBody::from(bytes)))).await,
        Err(status) => status.into_response(),
    };
    let (mut parts, body) = response.into_parts();
    if let Some(date) = http_date(recorder.clock.now()) {
        parts.headers.insert(header::DATE, date);
    }
    let checks = parts.extensions.remove::<Checks>().unwrap_or_default();
    let headers = header_pairs(&parts.headers);
    let (mut kept, mut body) = keep_body(&parts.headers, body).await;
    if let Some(bytes) = fault.as_ref().and_then(|fault| fault.drop_after_bytes) {
        (kept, body) = broken_off(body, bytes).await;
    }
    let mut exchange = opening.answered(Some(parts.status.as_u16()), headers, kept, stopwatch.elapsed_us());
    exchange.checks = checks;
    exchange.faults = fault.as_ref().map(Fault::effects).unwrap_or_default();
    recorder.trace.record(exchange).await;
    if from.is_some() {
        parts.headers.insert(EXCHANGE, HeaderValue::from(number));
        if delay.is_some_and(|delay| delay.unsigned_abs() >= ANSWER_TIMEOUT) {
            parts.headers.insert(LATE, HeaderValue::from_static("1"));
        }
    }
    Response::from_parts(parts, body)
}

/// A `Date` header (RFC 9110 §5.6.7); none for a year that it cannot express.
fn http_date(now: Timestamp) -> Option<HeaderValue> {
    HeaderValue::try_from(DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?).ok()
}

/// Reads a body within the limits of size and time. What is over the size is read and thrown away up to a second limit,
/// so that the client gets to read the answer.
///
/// # Errors
/// The status to answer with, where it is too large, too slow, or breaks off.
pub async fn read_body(mut body: StreamBody) -> Result<Bytes, StatusCode> {
    let mut kept = BytesMut::new();
    let mut size = 0;
    let all_read = async {
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
            size += data.len();
            if size <= REQUEST_LIMIT_BYTES {
                kept.extend_from_slice(&data);
            } else if size > DRAINED_LIMIT_BYTES {
                break;
            }
        }
        if size > REQUEST_LIMIT_BYTES { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok(()) }
    };
    tokio::time::timeout(BODY_TIMEOUT, all_read).await.map_err(|_| StatusCode::REQUEST_TIMEOUT)??;
    Ok(kept.freeze())
}

/// Keeps a copy of the answer's body; an event stream passes untouched, because it may have no end.
async fn keep_body(headers: &http::HeaderMap, body: StreamBody) -> (Body, StreamBody) {
    let is_stream =
        headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
    if is_stream {
        return (Body::default(), body);
    }
    match body.collect().await {
        Ok(collected) => {
            let bytes = collected.to_bytes();
            (Body::of(&bytes), StreamBody::from(bytes))
        }
        Err(error) => (Body::default(), StreamBody::from_stream(FailedBody::new(error))),
    }
}

/// The answer that a fault gives in the party's place.
fn in_place(fault: Option<&Fault>) -> Response {
    let answer = fault.and_then(|fault| fault.answer.clone()).unwrap_or_default();
    let mut response = Response::new(StreamBody::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

/// The first bytes of a body, and then no more: the connection breaks off.
async fn broken_off(body: StreamBody, bytes: usize) -> (Body, StreamBody) {
    let whole = body.collect().await.map(|collected| collected.to_bytes()).unwrap_or_default();
    let first = whole.slice(..bytes.min(whole.len()));
    let error = axum::Error::new(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    (Body::of(&first), StreamBody::from_stream(BrokenBody { first: Some(first), then: FailedBody::new(error) }))
}

/// A body that breaks off after its first bytes.
struct BrokenBody {
    first: Option<Bytes>,
    then: FailedBody,
}

impl futures_core::Stream for BrokenBody {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        match self.first.take().filter(|first| !first.is_empty()) {
            Some(first) => std::task::Poll::Ready(Some(Ok(first))),
            None => std::pin::Pin::new(&mut self.then).poll_next(context),
        }
    }
}

/// A body that ends in the error that its source ended in, so that the connection breaks off for the client too.
struct FailedBody {
    error: Option<axum::Error>,
    has_paused: bool,
}

impl FailedBody {
    fn new(error: axum::Error) -> Self {
        Self { error: Some(error), has_paused: false }
    }
}

impl futures_core::Stream for FailedBody {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        // pausing once lets the server send the head and the bytes before, which it would otherwise throw away
        if !std::mem::replace(&mut self.has_paused, true) {
            context.waker().wake_by_ref();
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(self.error.take().map(Err))
    }
}
