//! The MCP server: three tools on rmcp's streamable HTTP transport, without sessions, with JSON answers.
//!
//! rmcp decides every answer. Around it there is only what its clients here need: a null id is taken off notifications
//! (rmcp answers 415 to what Copilot Studio sends), and a refusal in plain text becomes JSON with the same words and
//! status (Power Platform reports any other body as "not in a JSON format").

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use http::header::HOST;
use http_body_util::{BodyExt, Full, Limited};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use scenarios::world;
use wire::Clock;
use wire::record::REQUEST_LIMIT_BYTES;

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
    /// Host, and port where it names one, of the gate's public URL.
    pub gate_host: String,
    /// The lab clock.
    pub clock: Clock,
}

/// A running MCP server; clones are the same server.
#[derive(Clone)]
pub struct McpServer(Arc<Inner>);

struct Inner {
    tools: Tools,
    endpoint: RwLock<Arc<Endpoint>>,
}

/// One state of the configuration, with rmcp's service for it.
struct Endpoint {
    path: String,
    allowed_hosts: Vec<String>,
    service: StreamableHttpService<Tools, NeverSessionManager>,
}

impl Endpoint {
    fn new(mcp: &world::Mcp, gate_host: String, tools: &Tools) -> Arc<Self> {
        let mut allowed_hosts = mcp.allowed_hosts.clone().unwrap_or_else(|| vec![gate_host]);
        allowed_hosts.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_max_request_body_bytes(REQUEST_LIMIT_BYTES)
            .with_allowed_hosts(allowed_hosts.iter().filter(|host| !host.is_empty()));
        let tools = tools.clone();
        let service = StreamableHttpService::new(move || Ok(tools.clone()), Arc::default(), config);
        Arc::new(Self { path: mcp.path.clone(), allowed_hosts, service })
    }
}

impl McpServer {
    /// Makes an MCP server.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { mcp, gate_host, clock } = settings;
        let tools = Tools::new(clock);
        let endpoint = RwLock::new(Endpoint::new(&mcp, gate_host, &tools));
        Self(Arc::new(Inner { tools, endpoint }))
    }

    /// Everything the server answers: the endpoint, and 404 elsewhere.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// Puts another configuration in force for the requests that arrive from now on.
    pub fn replace(&self, mcp: Arc<world::Mcp>, gate_host: String) {
        let endpoint = Endpoint::new(&mcp, gate_host, &self.0.tools);
        *self.0.endpoint.write().unwrap_or_else(PoisonError::into_inner) = endpoint;
    }

    fn endpoint(&self) -> Arc<Endpoint> {
        self.0.endpoint.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(State(server): State<McpServer>, request: Request) -> Response {
    let endpoint = server.endpoint();
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, REQUEST_LIMIT_BYTES).collect().await.map(|body| body.to_bytes());
    let asked = Asked::of(&parts, body.as_deref().unwrap_or_default());
    let answer = if parts.uri.path() != endpoint.path {
        decision::refuse(StatusCode::NOT_FOUND, "Not Found: no MCP endpoint at this path")
    } else if parts.headers.get_all(HOST).iter().nth(1).is_some() {
        // rmcp would look at the first only.
        decision::refuse(StatusCode::BAD_REQUEST, "Bad Request: Invalid Host header")
    } else if let Ok(body) = body {
        let body = messages::without_null_id(&body).unwrap_or(body);
        endpoint.service.handle(http::Request::from_parts(parts, Full::new(body))).await.map(Body::new)
    } else {
        decision::refuse(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large")
    };
    let (mut response, refused) = decision::judge(answer, &asked).await;
    response.extensions_mut().insert(asked.checks(&endpoint.path, &endpoint.allowed_hosts, refused));
    response
}
