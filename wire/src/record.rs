//! The layer around a party that records what it receives, with the checks that the party made.

use axum::Router;
use axum::body::Body as StreamBody;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tower_http::catch_panic::CatchPanicLayer;

use crate::clock::Stopwatch;
use crate::exchange::{Opening, header_pairs, received_url};
use crate::{Body, Checks, Clock, Party, Trace};

/// Names the lab's own client to the lab's own parties; removed before anything else sees the request.
pub const FROM: HeaderName = HeaderName::from_static("x-entralab-from");

/// Tells the lab's own client the number of the exchange; sent to nobody else.
pub const EXCHANGE: HeaderName = HeaderName::from_static("x-entralab-exchange");

/// The largest request body that a party of the lab reads.
pub const REQUEST_LIMIT_BYTES: usize = 4 * 1024 * 1024;

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
        router
            .layer(CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
            .layer(from_fn_with_state(self, record))
    }
}

async fn record(State(recorder): State<Recorder>, request: Request, next: Next) -> Response {
    let stopwatch = Stopwatch::start();
    let (mut parts, body) = request.into_parts();
    let from = parts.headers.remove(FROM).and_then(|name| name.to_str().ok()?.parse::<Party>().ok());
    let number = recorder.trace.open();
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
    };
    let response = match read {
        Ok(bytes) => next.run(Request::from_parts(parts, StreamBody::from(bytes))).await,
        Err(status) => status.into_response(),
    };
    let (mut parts, body) = response.into_parts();
    if let Some(date) = http_date(recorder.clock.now()) {
        parts.headers.insert(header::DATE, date);
    }
    let checks = parts.extensions.remove::<Checks>().unwrap_or_default();
    let headers = header_pairs(&parts.headers);
    let (kept, body) = keep_body(&parts.headers, body).await;
    let mut exchange = opening.answered(Some(parts.status.as_u16()), headers, kept, stopwatch.elapsed_us());
    exchange.checks = checks;
    recorder.trace.record(exchange);
    if from.is_some() {
        parts.headers.insert(EXCHANGE, HeaderValue::from(number));
    }
    Response::from_parts(parts, body)
}

/// A `Date` header (RFC 9110 §5.6.7); none for a year that it cannot express.
fn http_date(now: Timestamp) -> Option<HeaderValue> {
    HeaderValue::try_from(DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?).ok()
}

async fn read_body(body: StreamBody) -> Result<Bytes, StatusCode> {
    match Limited::new(body, REQUEST_LIMIT_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
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
        Err(error) => (Body::default(), StreamBody::from_stream(FailedBody(Some(error)))),
    }
}

/// A body that ends in the error that its source ended in, so that the connection breaks off for the client too.
struct FailedBody(Option<axum::Error>);

impl futures_core::Stream for FailedBody {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take().map(Err))
    }
}
