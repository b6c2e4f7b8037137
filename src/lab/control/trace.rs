//! The trace over the control API: read, waited for, streamed, and filled by parties that run elsewhere.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_core::Stream;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc;
use wire::exchange::deciding_refusal;
use wire::fault::path_matches;
use wire::joined_lab::{Listed, Numbered, Receivers};
use wire::trace::CAPACITY;
use wire::{Check, Checks, Exchange, Party, Redaction, Trace};

use super::operation::{Operation, Verb};
use super::refusal::{Asked, Named, Refusal, Sent};
use crate::Lab;

/// How long a wait takes at most, and where nothing is said, in seconds of real time.
const LONGEST_WAIT_SECONDS: u64 = 60;
const USUAL_WAIT_SECONDS: u64 = 10;

/// Which exchanges are asked for; all that is said must hold.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Only those after this number. Default: 0, which is all.
    #[serde(default)]
    after: u64,
    /// Only what this party sent.
    from: Option<Party>,
    /// Only what this party answered.
    to: Option<Party>,
    /// Only requests of this HTTP method.
    method: Option<String>,
    /// Only requests to this path, in which `*` stands for any text.
    path: Option<String>,
    /// Only answers of this status.
    status: Option<u16>,
    /// Only what this check refused.
    check: Option<Check>,
    /// Whether secrets are replaced by placeholders. Default: replaced.
    #[serde(default)]
    secrets: Secrets,
    /// How long to wait, in seconds of real time; 60 at most. Default: 10. Only where there is something to wait for.
    timeout: Option<u64>,
}

/// Whether secrets show.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Secrets {
    /// By placeholders, the same for the same secret.
    #[default]
    Replaced,
    /// As they went over the wire.
    Included,
}

impl Wanted {
    fn means(&self, exchange: &Exchange) -> bool {
        exchange.number > self.after
            && self.from.is_none_or(|from| from == exchange.from)
            && self.to.is_none_or(|to| to == exchange.to)
            && self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&exchange.method))
            && self.path.as_ref().is_none_or(|path| path_matches(path, exchange.path()))
            && self.status.is_none_or(|status| exchange.status == Some(status))
            && self.check.is_none_or(|check| {
                deciding_refusal(std::slice::from_ref(exchange)).is_some_and(|refusal| refusal.check == check)
            })
    }

    /// Those of the trace that are meant.
    fn listed(&self, trace: &Trace) -> Listed {
        let last_number = trace.last_number();
        let mut exchanges: Vec<Exchange> =
            trace.after(self.after).into_iter().filter(|exchange| self.means(exchange)).collect();
        if self.secrets == Secrets::Replaced {
            // placeholders are numbered from the trace's beginning, as on its page
            let redaction = Redaction::of(&trace.after(0));
            exchanges = exchanges.iter().map(|exchange| redaction.exchange(exchange)).collect();
        }
        Listed { exchanges, last_number }
    }
}

pub(super) fn operations() -> Vec<Operation> {
    const PATH: &str = "/_lab/trace";
    const RECEIVERS: &str = "/_lab/trace/receivers";
    vec![
        Operation::new::<Listed, _, _>(
            Verb::Get,
            PATH,
            "listTrace",
            "The exchanges between the parties, in order.",
            list,
        )
        .query::<Wanted>(),
        Operation::new::<Listed, _, _>(
            Verb::Get,
            "/_lab/trace/wait",
            "waitForTrace",
            "Waits until there is an exchange of the kind, and answers with those that there are.",
            wait,
        )
        .query::<Wanted>()
        .refused(408, "None came in time."),
        Operation::new::<Exchange, _, _>(
            Verb::Get,
            "/_lab/trace/stream",
            "streamTrace",
            "Every exchange of the kind as it ends, as server-sent events: `id` is its number, `data` the exchange. \
                 `Last-Event-ID` goes on where another stream ended.",
            stream,
        )
        .query::<Wanted>()
        .streams(),
        Operation::new::<Numbered, _, _>(
            Verb::Post,
            "/_lab/trace/numbers",
            "takeNumber",
            "Takes the number of an exchange whose request has just arrived.",
            take_number,
        )
        .body::<Map>(),
        Operation::new::<Numbered, _, _>(
            Verb::Post,
            PATH,
            "recordExchange",
            "Adds a finished exchange; number 0 takes the next one.",
            record,
        )
        .body::<Exchange>()
        .refused(409, "Its number was not taken, or has its exchange already."),
        Operation::new::<Numbered, _, _>(
            Verb::Post,
            "/_lab/trace/{number}/checks",
            "addChecks",
            "Adds checks that another party made on an exchange.",
            annotate,
        )
        .body::<Checks>()
        .refused(404, "No exchange of that number is in the trace."),
        Operation::new::<Receivers, _, _>(
            Verb::Get,
            RECEIVERS,
            "listReceivers",
            "Who records here what they receive, by the sockets that they listen on.",
            receivers,
        ),
        Operation::new::<Receivers, _, _>(
            Verb::Post,
            RECEIVERS,
            "announceReceivers",
            "Notes who records here what they receive: who sends to them and is part of this lab leaves it to them.",
            announce,
        )
        .body::<Receivers>()
        .refused(400, "An address is not of this machine."),
    ]
}

/// Whatever is sent; nothing of it is needed.
type Map = serde_json::Map<String, serde_json::Value>;

async fn list(State(lab): State<Lab>, Asked(wanted): Asked<Wanted>) -> Json<Listed> {
    Json(wanted.listed(&lab.trace))
}

async fn wait(State(lab): State<Lab>, Asked(wanted): Asked<Wanted>) -> Result<Json<Listed>, Refusal> {
    let seconds = wanted.timeout.unwrap_or(USUAL_WAIT_SECONDS).min(LONGEST_WAIT_SECONDS);
    let mut news = lab.trace.news();
    let come = async {
        loop {
            let listed = wanted.listed(&lab.trace);
            if !listed.exchanges.is_empty() || news.changed().await.is_err() {
                return listed;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(seconds), come).await.map(Json).map_err(|_| {
        let message = format!("no such exchange came within {seconds} seconds");
        let fix = "ask again, with a longer `timeout`, or for less";
        Refusal::new(StatusCode::REQUEST_TIMEOUT, "trace.timeout", message, fix)
    })
}

/// What a task sends, as a stream.
struct Received(mpsc::Receiver<Event>);

impl Stream for Received {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}

async fn stream(State(lab): State<Lab>, headers: HeaderMap, Asked(mut wanted): Asked<Wanted>) -> impl IntoResponse {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    wanted.after = last.unwrap_or(wanted.after);
    let (sender, receiver) = mpsc::channel(16);
    // it holds the trace and not the lab, which ends without it
    let trace = lab.trace.clone();
    tokio::spawn(async move {
        let mut news = trace.news();
        // numbers are given when requests arrive, and exchanges come when they end: not in that order
        let mut sent = BTreeSet::new();
        loop {
            news.mark_unchanged();
            let Listed { exchanges, last_number } = wanted.listed(&trace);
            let oldest = last_number.saturating_sub(CAPACITY as u64);
            sent.retain(|number| *number >= oldest);
            for exchange in exchanges {
                if !sent.insert(exchange.number) {
                    continue;
                }
                let event = Event::default().id(exchange.number.to_string()).json_data(&exchange);
                let Ok(event) = event else { continue };
                if sender.send(event).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                () = sender.closed() => return,
                changed = news.changed() => if changed.is_err() { return },
            }
        }
    });
    Sse::new(Received(receiver)).keep_alive(KeepAlive::default())
}

async fn take_number(State(lab): State<Lab>, Sent(_): Sent<Map>) -> Json<Numbered> {
    Json(Numbered { number: lab.trace.open().await })
}

async fn record(State(lab): State<Lab>, Sent(mut exchange): Sent<Exchange>) -> Result<Json<Numbered>, Refusal> {
    if exchange.number == 0 {
        exchange.number = lab.trace.open().await;
    }
    let number = exchange.number;
    let adopted = lab.trace.adopt(exchange);
    adopted.map_err(|error| {
        let fix = "take a number first: POST /_lab/trace/numbers; or send 0, which takes the next one";
        Refusal::new(StatusCode::CONFLICT, "control.number", error.to_string(), fix)
    })?;
    Ok(Json(Numbered { number }))
}

async fn annotate(
    State(lab): State<Lab>,
    Named(number): Named,
    Sent(checks): Sent<Checks>,
) -> Result<Json<Numbered>, Refusal> {
    let number = number.parse().map_err(|_| {
        let message = format!("'{number}' is no number of an exchange");
        Refusal::new(StatusCode::BAD_REQUEST, "control.path", message, "write the `number` of one, such as 1")
    })?;
    if !lab.trace.annotate(number, checks).await {
        let fix = "write the `number` of one that GET /_lab/trace lists: it is there once it has its answer";
        return Err(Refusal::not_found(format!("no exchange {number} is in the trace"), fix));
    }
    Ok(Json(Numbered { number }))
}

async fn receivers(State(lab): State<Lab>) -> Json<Receivers> {
    Json(Receivers { addresses: lab.trace.receivers() })
}

async fn announce(State(lab): State<Lab>, Sent(said): Sent<Receivers>) -> Result<Json<Receivers>, Refusal> {
    if let Some(elsewhere) = said.addresses.iter().find(|address| !address.ip().is_loopback()) {
        let message = format!("'{elsewhere}' is not an address of this machine");
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "control.body", message, "write such as 127.0.0.1:8001"));
    }
    said.addresses.into_iter().for_each(|address| lab.trace.has_receiver(address));
    Ok(receivers(State(lab)).await)
}
