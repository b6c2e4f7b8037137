//! An issuer, a gate and an upstream on sockets of their own, and a client that sends exactly what it is given.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use josekit::jwk::Jwk;
use josekit::jws::RS256;
use scenarios::world;
use serde_json::{Value, json};
use server::GateSecret;
use server::gate::{self, Gate};
use server::mcp::{self, McpServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wire::listen::{Listening, bind, serve};
use wire::network::Target;
use wire::record::Recorder;
use wire::{Check, Clock, Exchange, NameMap, Network, Party, Trace};

pub const HOST: &str = "app.region.azurecontainerapps.io";
pub const TENANT: &str = "7c0b3f52-1d2e-4a5b-9c3d-0e8f6a1b2c3d";
pub const API: &str = "3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b";
pub const CLIENT: &str = "9d4e2b7a-6c1f-4d3e-b5a8-7f6e5d4c3b2a";
pub const NOW_S: i64 = 1_768_467_600; // 2026-01-15T09:00:00Z
const IDP: &str = "http://idp.test";

static KEYS: LazyLock<[Jwk; 2]> = LazyLock::new(|| [(); 2].map(|()| Jwk::generate_rsa_key(2048).unwrap()));

/// What stands behind the gate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// The MCP server.
    Mcp,
    /// A program that answers with what it received.
    Echo,
    /// A port on which nobody listens.
    Nobody,
}

pub struct Stack {
    pub clock: Clock,
    pub trace: Trace,
    pub gate: Gate,
    pub mcp: McpServer,
    pub issuer: Arc<Issuer>,
    pub gate_address: SocketAddr,
    pub mcp_address: SocketAddr,
    world: world::Gate,
    container: Arc<world::Mcp>,
    names: NameMap,
    _listening: Vec<Listening>,
}

/// What the issuer publishes, and how often it was asked for its keys.
#[derive(Default)]
pub struct Issuer {
    pub asked: AtomicUsize,
    published: Mutex<Published>,
}

#[derive(Clone, Default)]
struct Published {
    metadata: Option<(StatusCode, String)>,
    keys: String,
}

impl Issuer {
    /// Publishes the first or second key under this id, and nothing else.
    pub fn publish(&self, kid: &str, key: usize) {
        let (n, e) = (KEYS[key].parameter("n"), KEYS[key].parameter("e"));
        self.publish_text(&json!({"keys": [{"kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e}]}).to_string());
    }

    pub fn publish_text(&self, keys: &str) {
        self.published.lock().unwrap().keys = keys.to_owned();
    }

    pub fn publish_metadata(&self, status: StatusCode, text: &str) {
        self.published.lock().unwrap().metadata = Some((status, text.to_owned()));
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn issue(State(issuer): State<Arc<Issuer>>, request: Request) -> Response {
    let published = issuer.published.lock().unwrap().clone();
    if request.uri().path() == "/keys" {
        issuer.asked.fetch_add(1, Ordering::SeqCst);
        return published.keys.into_response();
    }
    let metadata = json!({"issuer": "not looked at", "jwks_uri": format!("{IDP}/keys")}).to_string();
    published.metadata.unwrap_or((StatusCode::OK, metadata)).into_response()
}

async fn echo(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let headers: Vec<_> = parts.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let seen = json!({
        "method": parts.method.as_str(), "target": parts.uri.to_string(), "headers": headers,
        "body": String::from_utf8_lossy(&body),
    });
    let response = Response::builder().status(203).header("x-from-upstream", "1").header("x-hop", "1");
    response.header("connection", "keep-alive, x-hop").body(Body::from(seen.to_string())).unwrap()
}

/// The gate of the article, in the names of these tests.
pub fn world_gate(change: Value) -> world::Gate {
    let mut gate = json!({
        "url": format!("https://{HOST}"), "client_id": API, "issuer": format!("{IDP}/{TENANT}/"),
        "allowed_audiences": [format!("api://{API}")], "allowed_applications": [API, CLIENT],
    });
    for (member, value) in change.as_object().unwrap() {
        gate[member] = value.clone();
    }
    serde_json::from_value(gate).unwrap()
}

impl Stack {
    pub fn start(behind: Behind, change: Value) -> Self {
        Self::start_with(behind, change, json!({}))
    }

    /// The same with members of the MCP server's configuration.
    pub fn start_with(behind: Behind, change: Value, mcp: Value) -> Self {
        let world = world_gate(change);
        let container: Arc<world::Mcp> = Arc::new(serde_json::from_value(mcp).unwrap());
        let (clock, trace) = (Clock::frozen_at(jiff::Timestamp::from_second(NOW_S).unwrap()), Trace::default());
        let names = NameMap::default();
        let mut listening = Vec::new();
        let mut listen = |party, router| {
            let recorder = Recorder { party, trace: trace.clone(), clock: clock.clone(), scheme: "http" };
            let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
            let served = serve(listener, None, recorder.wrap(router)).unwrap();
            let address = served.address;
            listening.push(served);
            address
        };
        let issuer = Arc::new(Issuer::default());
        issuer.publish("one", 0);
        let idp_address = listen(Party::Idp, Router::new().fallback(issue).with_state(issuer.clone()));
        names.insert(IDP, Target { address: idp_address, party: Party::Idp, records: true });

        let mcp = McpServer::new(mcp::Settings {
            mcp: container.clone(),
            gate: Some(Arc::new(world.clone())),
            secret: None,
            clock: clock.clone(),
        });
        let mcp_address = match behind {
            Behind::Mcp => listen(Party::Mcp, mcp.router()),
            Behind::Echo => listen(Party::Mcp, Router::new().fallback(echo)),
            // Port 1 is privileged and, on any machine that runs tests, silent.
            Behind::Nobody => ([127, 0, 0, 1], 1).into(),
        };
        let upstream = format!("http://{mcp_address}");
        names.insert(&upstream, Target { address: mcp_address, party: Party::Mcp, records: true });

        let gate = Gate::new(gate::Settings {
            gate: Arc::new(world.clone()),
            container: Some(container.clone()),
            secret: None,
            upstream,
            network: Network { names: names.clone(), tls: Arc::new(no_trust()) },
            trace: trace.clone(),
            clock: clock.clone(),
        });
        let gate_address = listen(Party::Gate, gate.router());
        Self {
            clock,
            trace,
            gate,
            mcp,
            issuer,
            gate_address,
            mcp_address,
            world,
            container,
            names,
            _listening: listening,
        }
    }

    /// Serves one more party on a socket of its own.
    pub fn listen(&self, party: Party, router: Router) -> (SocketAddr, Listening) {
        let recorder = Recorder { party, trace: self.trace.clone(), clock: self.clock.clone(), scheme: "http" };
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let served = serve(listener, None, recorder.wrap(router)).unwrap();
        (served.address, served)
    }

    /// Another gate of the same configuration, which shares a secret with what stands behind it.
    pub fn gate_before(&self, address: SocketAddr, secret: GateSecret) -> Gate {
        let upstream = format!("http://{address}");
        self.names.insert(&upstream, Target { address, party: Party::Mcp, records: true });
        Gate::new(gate::Settings {
            gate: Arc::new(self.world.clone()),
            container: None,
            secret: Some(secret),
            upstream,
            network: Network { names: self.names.clone(), tls: Arc::new(no_trust()) },
            trace: self.trace.clone(),
            clock: self.clock.clone(),
        })
    }

    /// Changes members of the gate's configuration.
    pub fn change_gate(&mut self, change: Value) {
        let mut gate = serde_json::to_value(&self.world).unwrap();
        for (member, value) in change.as_object().unwrap() {
            gate[member] = value.clone();
        }
        self.world = serde_json::from_value(gate).unwrap();
        self.gate.replace(Arc::new(self.world.clone()), Some(self.container.clone()));
    }

    /// Sends a request to the gate under its public name.
    pub async fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        send(self.gate_address, &message(method, target, HOST, headers, body)).await
    }

    /// Sends a request straight to what stands behind the gate.
    pub async fn ask_behind(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        send(self.mcp_address, &message(method, target, "localhost", headers, body)).await
    }

    /// The newest exchange that the party received.
    pub fn last(&self, party: Party) -> Exchange {
        self.trace.after(0).into_iter().rfind(|exchange| exchange.to == party).expect("an exchange")
    }

    /// How many requests the party received.
    pub fn received(&self, party: Party) -> usize {
        self.trace.after(0).iter().filter(|exchange| exchange.to == party).count()
    }

    /// The check by which the party refused its newest request.
    pub fn refusal(&self, party: Party) -> Option<Check> {
        self.last(party).checks.refusal().map(|refusal| {
            assert!(refusal.fix.as_deref().is_some_and(|fix| !fix.is_empty()), "{refusal:?}");
            refusal.check
        })
    }
}

/// A gate as the article has it, in front of the echo.
pub fn behind_echo() -> Stack {
    Stack::start(Behind::Echo, json!({}))
}

fn no_trust() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// The claims of a good token.
pub fn claims() -> Value {
    json!({
        "aud": format!("api://{API}"), "iss": format!("{IDP}/{TENANT}/"), "tid": TENANT, "appid": CLIENT,
        "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 3600, "oid": "51c0a7de-8f0e-4d53-9d1b-6c2f0b7a9e41", "sub": "s",
        "name": "Megan Bowen", "upn": "megan@contoso.com", "amr": ["pwd", "mfa"], "scp": "user_impersonation", "ver": "1.0",
    })
}

pub fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

/// A token with these claims, signed by the first or second key.
pub fn sign(kid: &str, key: usize, claims: &Value) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": kid});
    let input = [header.to_string(), claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = RS256.signer_from_jwk(&KEYS[key]).unwrap().sign(input.as_bytes()).unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub fn bearer(claims: &Value) -> String {
    format!("Bearer {}", sign("one", 0, claims))
}

/// A request as bytes; Content-Length is written where there is a body or the method is POST.
pub fn message(method: &str, target: &str, host: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("connection")) {
        text.push_str("Connection: close\r\n");
    }
    if !body.is_empty() || method == "POST" {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    format!("{text}\r\n{body}").into_bytes()
}

/// Sends bytes and reads the first answer, up to the end of the connection.
pub async fn send(address: SocketAddr, bytes: &[u8]) -> Answer {
    Answer::read(&send_raw(address, bytes).await)
}

/// Sends bytes and reads everything that comes back, up to the end of the connection.
pub async fn send_raw(address: SocketAddr, bytes: &[u8]) -> String {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // A server that refuses early may reset the connection behind its answer.
        let _end = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    };
    tokio::time::timeout(Duration::from_secs(20), exchange).await.expect("an answer and the end of the connection")
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP answer: {text:?}"));
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { status, headers, body: body.to_owned() }
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    /// Of what the echo says it received: the values of a header.
    pub fn echoed(&self, name: &str) -> Vec<String> {
        let seen: Value = serde_json::from_str(&self.body).unwrap();
        let headers: Vec<(String, String)> = serde_json::from_value(seen["headers"].clone()).unwrap();
        headers.into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
    }
}
