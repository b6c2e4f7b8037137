//! The lab's own pages on the port that also receives the connector's redirect: health, the trace, and one plain page
//! with what a maker does: connect, test the operation, ask.

use askama::Template;
use axum::extract::{Form, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use scenarios::world::User;
use serde::Deserialize;
use serde_json::Value;
use wire::exchange::{Parameters, deciding_refusal, query_of};
use wire::{CheckResult, Exchange, Outcome, Party, Redaction};

use super::control;
use super::journal::{Act, Entry};
use super::same_page::{is_for_this_machine, is_of_this_page};
use crate::Lab;
use crate::play::outcome_with_refusal;
use crate::report::meaning;

/// The key of the one connection that the page makes.
const MAKER: &str = "maker";

/// The story's question.
const QUESTION: &str = "Give me the stock price of tesla";

/// How many exchanges the trace page shows; the JSON has all.
const SHOWN_EXCHANGES: usize = 200;

/// Whether there is a page of the connector: its links lead to names that a person's browser must be able to resolve.
fn has_front_page(lab: &Lab) -> bool {
    lab.parties().contains(&Party::Connector) && !lab.speaks_cloud_names()
}

/// The routes of the pages, and of the control API beside them. A lab without a connector has its trace only, and so has
/// one that speaks in cloud names: a person's browser would follow those to the cloud.
pub fn router(lab: &Lab) -> Router {
    let front_page = if has_front_page(lab) {
        Router::new()
            .route("/", get(front))
            .route("/connect", post(connect))
            .route("/test-operation", post(test_operation))
            .route("/list-tools", post(list_tools))
            .route("/ask", post(ask))
            .route("/advance-clock", post(advance_clock))
    } else {
        Router::new().route("/", get(|| async { Redirect::to("/trace") }))
    };
    front_page
        .route("/trace", get(trace_page))
        .route("/trace.json", get(trace_json))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(|| async { "ready\n" }))
        .fallback(|| async { (StatusCode::NOT_FOUND, "There is no such page. The lab's own are / and /trace.\n") })
        .with_state(lab.clone())
        .layer(from_fn(protect))
        .merge(control::router(lab))
        .layer(map_response(secure))
}

/// Refuses foreign host names (DNS rebinding) and changes asked for by other sites.
async fn protect(request: Request, next: Next) -> Response {
    if !is_for_this_machine(&request) {
        return (StatusCode::FORBIDDEN, "This page answers to localhost only.\n").into_response();
    }
    if *request.method() != Method::GET && *request.method() != Method::HEAD && !is_of_this_page(&request) {
        return (StatusCode::FORBIDDEN, "This form was not sent from this page.\n").into_response();
    }
    next.run(request).await
}

async fn secure(mut response: Response) -> Response {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    ));
    response
}

/// The front page.
#[derive(Template)]
#[template(path = "lab.html")]
struct Front {
    server_url: String,
    connections: Vec<mock_client::ConnectionSummary>,
    users: Vec<(String, String)>,
    result: Option<Shown>,
    question: String,
    now: String,
}

/// What the last form brought.
struct Shown {
    title: &'static str,
    /// The members of the outcome that are words or numbers.
    members: Vec<(String, String)>,
    /// What it means, where that is not plain.
    note: Option<&'static str>,
    /// The check that refused.
    refusal: Option<CheckResult>,
}

impl Shown {
    /// An outcome, with the refusal that the trace shows since `before`.
    fn of(lab: &Lab, title: &'static str, outcome: &impl serde::Serialize, before: u64) -> Self {
        let exchanges = lab.trace.after(before);
        let redaction = Redaction::of(&exchanges);
        let value = serde_json::to_value(outcome).unwrap_or_default();
        let well = value["verdict"] == "reachable_and_authorized";
        let text = |member: &Value| match member {
            Value::String(text) => redaction.hide(text),
            other => redaction.hide(&other.to_string()),
        };
        let members = value.as_object().into_iter().flatten();
        let refusal = deciding_refusal(&exchanges).filter(|_| !well).map(|refusal| CheckResult {
            expected: redaction.hide(&refusal.expected),
            received: redaction.hide(&refusal.received),
            ..refusal.clone()
        });
        Self {
            title,
            members: members.map(|(name, member)| (name.clone(), text(member))).collect(),
            note: well.then_some(
                "All is well: the gate accepted the token, and the MCP server answered. The Test tab asks for no media \
                 type, so 406 is the right answer to it.",
            ),
            refusal,
        }
    }
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn name_and_password(user: &User) -> (String, String) {
    (user.username.clone(), user.password.clone().unwrap_or_else(|| "(no password)".to_owned()))
}

fn front_with(lab: &Lab, result: Option<Shown>, question: &str) -> Response {
    let world = lab.world();
    page(&Front {
        server_url: world.connector.server_url.clone(),
        connections: lab.connector.connections(),
        users: world.idp.users.values().map(name_and_password).collect(),
        result,
        question: question.to_owned(),
        now: lab.clock.now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    })
}

/// Notes an act with its outcome, and shows both.
fn noted(
    lab: &Lab,
    title: &'static str,
    act: Act,
    begun: Begun,
    outcome: &impl serde::Serialize,
    question: &str,
) -> Response {
    let Begun { at, before } = begun;
    let value = serde_json::to_value(outcome).unwrap_or_default();
    let told = outcome_with_refusal(value, &lab.trace.after(before));
    lab.journal.note(Entry { at, before, act, outcome: told });
    front_with(lab, Some(Shown::of(lab, title, outcome, before)), question)
}

/// The moment at which an act begins.
struct Begun {
    at: Timestamp,
    before: u64,
}

impl Begun {
    fn now(lab: &Lab) -> Self {
        Self { at: lab.clock.now(), before: lab.trace.last_number() }
    }
}

async fn front(State(lab): State<Lab>) -> Response {
    front_with(&lab, None, QUESTION)
}

async fn connect(State(lab): State<Lab>) -> Response {
    let begun = Begun::now(&lab);
    match lab.connector.begin(MAKER) {
        Ok(authorize_url) => {
            let state = query_of(&authorize_url).into_iter().find(|(name, _)| name == "state").map(|(_, state)| state);
            let Begun { at, before } = begun;
            lab.journal.note(Entry { at, before, act: Act::Connect { state }, outcome: Value::Null });
            Redirect::to(&authorize_url).into_response()
        }
        Err(outcome) => noted(&lab, "Connect", Act::Connect { state: None }, begun, &outcome, QUESTION),
    }
}

async fn test_operation(State(lab): State<Lab>) -> Response {
    let begun = Begun::now(&lab);
    let outcome = lab.connector.test_operation(&mut lab.browser(), MAKER).await;
    noted(&lab, "Test operation", Act::TestOperation, begun, &outcome, QUESTION)
}

async fn list_tools(State(lab): State<Lab>) -> Response {
    let begun = Begun::now(&lab);
    let outcome = lab.connector.list_tools(MAKER).await;
    noted(&lab, "Tools", Act::ListTools, begun, &outcome, QUESTION)
}

#[derive(Deserialize)]
struct Question {
    #[serde(default)]
    question: String,
}

async fn ask(State(lab): State<Lab>, Form(Question { question }): Form<Question>) -> Response {
    let begun = Begun::now(&lab);
    let outcome = lab.connector.ask(MAKER, &question).await;
    noted(&lab, "Ask", Act::Ask { question: question.clone() }, begun, &outcome, &question)
}

#[derive(Deserialize)]
struct Pause {
    #[serde(default)]
    by: String,
}

/// Only forwards: what has happened cannot be undone.
async fn advance_clock(State(lab): State<Lab>, Form(Pause { by }): Form<Pause>) -> Response {
    let before = lab.trace.last_number();
    let by = by.trim().parse::<SignedDuration>().ok().filter(SignedDuration::is_positive);
    let message = match by.map(|by| lab.clock.advance(by)) {
        Some(Ok(())) => format!("It is now {}.", lab.clock.now()),
        Some(Err(error)) => error.to_string(),
        None => "Write how much time passes, such as 70m or 1h 10m.".to_owned(),
    };
    let outcome = serde_json::json!({ "message": message });
    front_with(&lab, Some(Shown::of(&lab, "Time", &outcome, before)), QUESTION)
}

/// One exchange as the trace page shows it.
struct Row {
    exchange: Exchange,
    query: Parameters,
    form: Parameters,
    refused: bool,
    meaning: Option<String>,
    token: Option<String>,
}

/// The trace page.
#[derive(Template)]
#[template(path = "trace.html")]
struct TracePage {
    /// Whether there is a page of the connector.
    has_connector: bool,
    rows: Vec<Row>,
    left_out: usize,
}

async fn trace_page(State(lab): State<Lab>) -> Response {
    let exchanges = lab.trace.after(0);
    let redaction = Redaction::of(&exchanges);
    let left_out = exchanges.len().saturating_sub(SHOWN_EXCHANGES);
    let row = |exchange: &Exchange| {
        let shown = redaction.exchange(exchange);
        Row {
            query: shown.query(),
            form: shown.form(),
            refused: shown.checks.refusal().is_some() || shown.failure.is_some(),
            meaning: meaning::of(exchange).map(|text| redaction.hide(&text)),
            token: meaning::of_token(exchange).map(|text| redaction.hide(&text)),
            exchange: shown,
        }
    };
    let rows = exchanges.iter().skip(left_out).map(row).collect();
    page(&TracePage { has_connector: has_front_page(&lab), rows, left_out })
}

async fn trace_json(State(lab): State<Lab>) -> Response {
    let exchanges = lab.trace.after(0);
    let redaction = Redaction::of(&exchanges);
    Json(exchanges.iter().map(|exchange| redaction.exchange(exchange)).collect::<Vec<_>>()).into_response()
}
