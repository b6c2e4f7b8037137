//! The MCP server: three tools on rmcp's streamable HTTP transport, without sessions, with JSON answers.
//!
//! rmcp decides every answer. Around it there is only what its clients here need: a null id is taken off notifications
//! (rmcp answers 415 to what Copilot Studio sends), and a refusal in plain text becomes JSON with the same words and
//! status (Power Platform reports any other body as "not in a JSON format"). Each of these can be switched off, and some
//! habits of other servers switched on, to see what comes of it.

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::HOST;
use http::request::Parts;
use http_body_util::{BodyExt, Full, Limited};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use scenarios::world::{self, NullNotificationId, TrailingSlash};
use url::Url;
use wire::Clock;
use wire::record::REQUEST_LIMIT_BYTES;

use crate::GateSecret;

mod decision;
mod market;
mod messages;
mod noise;
mod tools;
mod weather;

use decision::Asked;
use tools::Tools;

/// What an MCP server needs.
pub struct Settings {
    /// How it is configured.
    pub mcp: Arc<world::Mcp>,
    /// The gate in front, whose host and origins it answers for; none where it stands alone.
    pub gate: Option<Arc<world::Gate>>,
    /// What every request through the gate brings; none where anybody may ask.
    pub secret: Option<GateSecret>,
    /// The lab clock.
    pub clock: Clock,
}

/// A running MCP server; clones are the same server.
#[derive(Clone)]
pub struct McpServer(Arc<Inner>);

struct Inner {
    tools: Tools,
    secret: Option<GateSecret>,
    endpoint: RwLock<Arc<Endpoint>>,
}

/// One state of the configuration, with rmcp's service for it.
struct Endpoint {
    mcp: Arc<world::Mcp>,
    allowed_hosts: Vec<String>,
    /// None where any will do.
    allowed_origins: Option<Vec<String>>,
    service: StreamableHttpService<Tools, NeverSessionManager>,
}

/// How this machine is called, in a Host header.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The origins of pages of this machine, on any port.
const LOOPBACK_ORIGINS: [&str; 6] = [
    "http://localhost:*",
    "https://localhost:*",
    "http://127.0.0.1:*",
    "https://127.0.0.1:*",
    "http://[::1]:*",
    "https://[::1]:*",
];

impl Endpoint {
    fn new(mcp: Arc<world::Mcp>, gate: Option<&world::Gate>, tools: &Tools) -> Arc<Self> {
        let of_gate = || gate.and_then(authority).into_iter().collect();
        let mut allowed_hosts: Vec<String> = mcp.allowed_hosts.clone().unwrap_or_else(of_gate);
        allowed_hosts.extend(LOOPBACK.map(str::to_owned));
        let allowed_origins = mcp.allowed_origins.clone().or_else(|| match gate {
            None => Some(LOOPBACK_ORIGINS.map(str::to_owned).to_vec()),
            Some(gate) => gate.cors.as_ref().map(|cors| cors.allowed_origins.clone()),
        });
        let allowed_origins = allowed_origins.filter(|origins| !origins.iter().any(|origin| origin == "*"));
        let mut config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_max_request_body_bytes(REQUEST_LIMIT_BYTES)
            .with_allowed_hosts(allowed_hosts.iter().filter(|host| !host.is_empty()));
        if let Some(origins) = &allowed_origins {
            config = config.with_allowed_origins(origins).enforce_origin_validation();
        }
        let tools = tools.clone();
        let service = StreamableHttpService::new(move || Ok(tools.clone()), Arc::default(), config);
        Arc::new(Self { mcp, allowed_hosts, allowed_origins, service })
    }

    /// The answer of whoever serves the request's path.
    async fn answer(&self, parts: Parts, body: Option<Bytes>) -> Response {
        let (asked, served) = (parts.uri.path(), self.mcp.path.as_str());
        if asked != served {
            let differs_by_slash = asked.trim_end_matches('/') == served.trim_end_matches('/');
            match self.mcp.trailing_slash {
                TrailingSlash::Served if differs_by_slash => {}
                TrailingSlash::Redirected if differs_by_slash => return decision::redirect(served),
                TrailingSlash::NotFound | TrailingSlash::Served | TrailingSlash::Redirected => {
                    return decision::refuse(StatusCode::NOT_FOUND, "Not Found: no MCP endpoint at this path");
                }
            }
        }
        if parts.headers.get_all(HOST).iter().nth(1).is_some() {
            // rmcp would look at the first only.
            return decision::refuse(StatusCode::BAD_REQUEST, "Bad Request: Invalid Host header");
        }
        let Some(body) = body else {
            return decision::refuse(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large");
        };
        let body = match self.mcp.null_notification_id {
            NullNotificationId::Accepted => messages::without_null_id(&body).unwrap_or(body),
            NullNotificationId::Refused => body,
        };
        self.service.handle(http::Request::from_parts(parts, Full::new(body))).await.map(Body::new)
    }
}

/// Host, and port where it names one, of the gate's public URL.
fn authority(gate: &world::Gate) -> Option<String> {
    Url::parse(&gate.url).ok().map(|url| url.authority().to_owned())
}

impl McpServer {
    /// Makes an MCP server.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { mcp, gate, secret, clock } = settings;
        let tools = Tools::new(clock);
        let endpoint = RwLock::new(Endpoint::new(mcp, gate.as_deref(), &tools));
        Self(Arc::new(Inner { tools, secret, endpoint }))
    }

    /// Everything the server answers: the endpoint, and 404 elsewhere.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// Puts another configuration in force for the requests that arrive from now on.
    pub fn replace(&self, mcp: Arc<world::Mcp>, gate: Option<Arc<world::Gate>>) {
        let endpoint = Endpoint::new(mcp, gate.as_deref(), &self.0.tools);
        *self.0.endpoint.write().unwrap_or_else(PoisonError::into_inner) = endpoint;
    }

    fn endpoint(&self) -> Arc<Endpoint> {
        self.0.endpoint.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(State(server): State<McpServer>, request: Request) -> Response {
    let endpoint = server.endpoint();
    let (mut parts, body) = request.into_parts();
    let came_through_gate = server.0.secret.as_ref().map(|secret| secret.take(&mut parts.headers));
    let body = Limited::new(body, REQUEST_LIMIT_BYTES).collect().await.map(|body| body.to_bytes()).ok();
    let asked = Asked::of(&parts, body.as_deref().unwrap_or_default(), came_through_gate);
    let answer = match came_through_gate {
        Some(false) => decision::refuse(StatusCode::FORBIDDEN, decision::NOT_THROUGH_GATE),
        Some(true) | None => endpoint.answer(parts, body).await,
    };
    let (answer, refused) = decision::judge(answer, &asked, endpoint.mcp.errors).await;
    let mut answer = asked.notified(answer, endpoint.mcp.notification_answer);
    answer.extensions_mut().insert(asked.checks(&endpoint, refused));
    answer
}
