//! A lab of three scripted parties: an identity provider, the connector under test, and an MCP server.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use mock_client::{Browser, ConnectOutcome, Connector, ConsentAnswer, Credentials, Settings};
use serde_json::{Value, json};
use wire::listen::{Listening, bind, serve};
use wire::network::Target;
use wire::record::Recorder;
use wire::{Check, Clock, Exchange, NameMap, Network, Outcome, Party, Trace};

pub const REDIRECT: &str = "http://consent.test/redirect/cr938-5fmcpserver-5f5f43bcb8573bc3e8";

/// What the scripted parties do; a test changes what it wants to see.
#[derive(Clone)]
pub struct Script {
    /// The answer to the authorize request; the sign-in page where there is none.
    pub authorize_page: Option<String>,
    /// What the consent page leads to instead of a code.
    pub decline: bool,
    /// Whether the code is sent by a form that submits itself.
    pub form_post: bool,
    /// Whether each code is answered with a token that names the user who signed in for it.
    pub token_per_user: bool,
    /// The token endpoint's answer otherwise.
    pub token: (u16, Vec<(&'static str, String)>, String),
    /// The answer to a preflight.
    pub preflight: (u16, Vec<(&'static str, &'static str)>),
    /// Headers on every answer of the server.
    pub server_headers: Vec<(&'static str, &'static str)>,
    /// The server's answers, by JSON-RPC method; `""` for a body that is no message.
    pub server: Vec<(&'static str, u16, &'static str, String)>,
}

impl Default for Script {
    fn default() -> Self {
        let result = |id: &str, result: Value| json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
        let initialized = json!({
            "protocolVersion": "2024-11-05", "capabilities": {"tools": {}}, "serverInfo": {"name": "x", "version": "1"}
        });
        let ticker = json!({"type": "object", "properties": {"ticker_symbol": {"type": "string"}}, "required": ["ticker_symbol"]});
        let tools = json!({"tools": [
            {"name": "get_stockprice", "description": "Current stock price", "inputSchema": ticker},
            {"name": "feed_cat", "description": "Feeds the cat", "inputSchema": {"type": "object"}}
        ]});
        let json_type = "application/json";
        Self {
            authorize_page: None,
            decline: false,
            form_post: false,
            token_per_user: false,
            token: (200, Vec::new(), token_answer("megan@contoso.com", 3600, Some("refresh-1"))),
            preflight: (
                200,
                vec![
                    ("access-control-allow-origin", "*"),
                    ("access-control-allow-methods", "GET, POST, OPTIONS"),
                    ("access-control-allow-headers", "Content-Type, Authorization"),
                ],
            ),
            server_headers: vec![("access-control-allow-origin", "*")],
            server: vec![
                (
                    "",
                    406,
                    json_type,
                    json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": "Not Acceptable"}})
                        .to_string(),
                ),
                ("initialize", 200, json_type, result("1", initialized)),
                ("notifications/initialized", 202, "", String::new()),
                ("tools/list", 200, json_type, result("2", tools)),
                ("tools/call", 200, json_type, result("3", json!({"content": [{"type": "text", "text": "TSLA 1"}]}))),
            ],
        }
    }
}

impl Script {
    /// Changes the server's answer to one method.
    pub fn answers(&mut self, method: &'static str, status: u16, content_type: &'static str, body: impl Into<String>) {
        self.server.retain(|(known, ..)| *known != method);
        self.server.push((method, status, content_type, body.into()));
    }
}

/// A token with these contents, signed by nobody.
pub fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(&json!({"alg": "RS256", "typ": "JWT"})), part(claims))
}

pub fn token_answer(user: &str, expires_in: i64, refresh_token: Option<&str>) -> String {
    let mut answer = json!({
        "token_type": "Bearer", "expires_in": expires_in.to_string(),
        "access_token": jwt(&json!({"aud": "api://server", "unique_name": user}))
    });
    if let Some(refresh_token) = refresh_token {
        answer["refresh_token"] = refresh_token.into();
    }
    answer.to_string()
}

pub struct Lab {
    pub clock: Clock,
    pub trace: Trace,
    pub network: Network,
    pub connector: Connector,
    pub script: Arc<Mutex<Script>>,
    _listening: Vec<Listening>,
}

/// A connector's section of a world, with changes.
pub fn settings(change: Value) -> Arc<scenarios::world::Connector> {
    let mut written = json!({
        "name": "mcpserver", "publisher_prefix": "cr938", "environment_hash": "5f43bcb8573bc3e8",
        "server_url": "http://server.test/mcp", "profile": "aad-v1", "client_id": "the-client", "client_secret": "the-secret",
        "authorization_url": "http://login.test/common/oauth2/v2.0/authorize",
        "token_url": "http://login.test/common/oauth2/v2.0/token",
        "refresh_url": "http://login.test/common/oauth2/v2.0/token",
        "scopes": "api://server/.default offline_access", "login_uri": "http://login.test", "resource_url": "api://server"
    });
    written.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    Arc::new(serde_json::from_value(written).unwrap())
}

pub fn megan() -> Credentials {
    Credentials { username: "megan@contoso.com".into(), password: "the-password".into() }
}

impl Lab {
    pub async fn start() -> Self {
        Self::with(json!({})).await
    }

    pub async fn with(change: Value) -> Self {
        let (clock, trace) = (Clock::frozen_at("2026-01-15T09:00:00Z".parse().unwrap()), Trace::default());
        let roots = rustls::RootCertStore::empty();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = Arc::new(tls.with_root_certificates(roots).with_no_client_auth());
        let network = Network { names: NameMap::default(), tls };
        let connector = Connector::new(Settings {
            connector: settings(change),
            redirect_url: REDIRECT.to_owned(),
            network: network.clone(),
            trace: trace.clone(),
            clock: clock.clone(),
            seed: [7; 32],
        });
        let script = Arc::new(Mutex::new(Script::default()));
        let mut listening = Vec::new();
        for (name, party, router) in [
            ("http://login.test", Party::Idp, identity_provider(script.clone())),
            ("http://consent.test", Party::Connector, connector.router()),
            ("http://server.test", Party::Gate, server(script.clone())),
        ] {
            let recorder = Recorder { party, trace: trace.clone(), clock: clock.clone(), scheme: "http" };
            let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
            let party_listening = serve(socket, None, recorder.wrap(router)).unwrap();
            network.names.insert(name, Target { address: party_listening.address, party, records: true });
            listening.push(party_listening);
        }
        Self { clock, trace, network, connector, script, _listening: listening }
    }

    pub fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    pub fn browser(&self) -> Browser {
        let client = self.network.client(Party::Browser, self.trace.clone(), self.clock.clone());
        Browser::new(client, self.trace.clone(), self.clock.clone())
    }

    pub async fn connect(&self, user: &str) -> ConnectOutcome {
        self.connector.connect(&mut self.browser(), user, &megan(), ConsentAnswer::Accept).await
    }

    /// Connects megan, and forgets how.
    pub async fn connected(change: Value) -> Self {
        let lab = Self::with(change).await;
        let outcome = shape(&lab.connect("megan").await);
        assert_eq!(outcome["connection"], "connected", "{outcome}");
        lab
    }

    /// The requests to a party, in order.
    pub fn to(&self, party: Party) -> Vec<Exchange> {
        self.trace.after(0).into_iter().filter(|exchange| exchange.to == party).collect()
    }

    pub fn token_requests(&self) -> Vec<Exchange> {
        self.to(Party::Idp).into_iter().filter(|exchange| exchange.path().ends_with("/token")).collect()
    }

    /// Whether a check was made, and how the last one ended.
    pub fn outcome_of(&self, check: Check) -> Option<Outcome> {
        let all: Vec<_> = self.trace.after(0).into_iter().flat_map(|exchange| exchange.checks.0).collect();
        all.iter().rev().find(|result| result.check == check).map(|result| result.outcome)
    }
}

/// The JSON that a scenario file sees.
pub fn shape(outcome: &impl serde::Serialize) -> Value {
    serde_json::to_value(outcome).unwrap()
}

type Scripted = State<Arc<Mutex<Script>>>;
type Parameters = Query<Vec<(String, String)>>;

fn value(parameters: &[(String, String)], name: &str) -> String {
    parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

fn identity_provider(script: Arc<Mutex<Script>>) -> Router {
    Router::new()
        .route("/{tenant}/oauth2/authorize", get(authorize))
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize))
        .route("/loop", get(|| async { Redirect::to("/loop") }))
        .route("/sign-in", post(sign_in))
        .route("/consent", post(consent))
        .route("/{tenant}/oauth2/token", any(token))
        .route("/{tenant}/oauth2/v2.0/token", any(token))
        .with_state(script)
}

async fn authorize(State(script): Scripted, Query(query): Parameters) -> Response {
    if let Some(page) = script.lock().unwrap().authorize_page.clone() {
        return Html(page).into_response();
    }
    let page = format!(
        r#"<title>Sign in to your account</title><form method="post" action="/sign-in">
           <input type="hidden" name="flow" value="{}"><input name="loginfmt"><input name="passwd" type="password">
           <input type="submit" id="idSIButton9" value="Sign in"></form>"#,
        value(&query, "state")
    );
    ([(header::SET_COOKIE, "flow=1; HttpOnly; Path=/")], Html(page)).into_response()
}

async fn sign_in(headers: HeaderMap, Form(form): Form<Vec<(String, String)>>) -> Response {
    if headers.get(header::COOKIE).is_none_or(|cookie| cookie != "flow=1") {
        return (StatusCode::BAD_REQUEST, "no cookie").into_response();
    }
    if value(&form, "passwd") != "the-password" {
        return Html(
            "<p data-aadsts=50126>AADSTS50126: Invalid username or password.</p><form><input name=passwd></form>"
                .to_owned(),
        )
        .into_response();
    }
    let page = format!(
        r#"<form method="post" action="/consent"><input type="hidden" name="flow" value="{}"><input type="hidden" name="user" value="{}">
           <button id="idBtn_Back" name="answer" value="decline">Cancel</button>
           <button id="idSIButton9" name="answer" value="accept">Accept</button></form>"#,
        value(&form, "flow"),
        value(&form, "loginfmt")
    );
    Html(page).into_response()
}

async fn consent(State(script): Scripted, Form(form): Form<Vec<(String, String)>>) -> Response {
    let (script, state) = (script.lock().unwrap().clone(), value(&form, "flow"));
    if value(&form, "answer") != "accept" || script.decline {
        let description = "error_description=AADSTS65004%3a+User+declined+to+consent.";
        return Redirect::to(&format!("{REDIRECT}?error=access_denied&{description}&state={state}#")).into_response();
    }
    let code = format!("code-of-{}", value(&form, "user"));
    if script.form_post {
        let page = format!(
            r#"<body onload="document.forms[0].submit()"><form method="post" action="{REDIRECT}">
               <input type="hidden" name="code" value="{code}"><input type="hidden" name="state" value="{state}"></form>"#
        );
        return Html(page).into_response();
    }
    Redirect::to(&format!("{REDIRECT}?code={code}&state={state}&session_state=1")).into_response()
}

async fn token(State(script): Scripted, Form(form): Form<Vec<(String, String)>>) -> Response {
    let Script { token: (status, headers, mut body), token_per_user, .. } = script.lock().unwrap().clone();
    if token_per_user {
        body = token_answer(value(&form, "code").trim_start_matches("code-of-"), 3600, None);
    }
    answer(
        status,
        &headers.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>(),
        "application/json",
        body,
    )
}

fn answer(status: u16, headers: &[(&'static str, &str)], content_type: &str, body: String) -> Response {
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    let own = response.headers_mut();
    own.remove(header::CONTENT_TYPE);
    if !content_type.is_empty() {
        own.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
    }
    for (name, value) in headers {
        own.append(*name, value.parse().unwrap());
    }
    response
}

fn server(script: Arc<Mutex<Script>>) -> Router {
    Router::new().route("/mcp", any(serve_mcp)).with_state(script)
}

async fn serve_mcp(State(script): Scripted, method: Method, body: Bytes) -> Response {
    let script = script.lock().unwrap().clone();
    if method == Method::OPTIONS {
        let (status, headers) = script.preflight;
        return answer(status, &headers, "", String::new());
    }
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let called = message["method"].as_str().unwrap_or_default();
    let (_, status, content_type, text) = script.server.iter().find(|(known, ..)| *known == called).unwrap();
    answer(*status, &script.server_headers, content_type, text.clone())
}
