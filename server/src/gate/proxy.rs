//! Passing a request on to the upstream, and its answer back.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{Request, Version};
use wire::{Check, Checks, LabClient, SendError};

use super::headers::{remove_framing, remove_hop_by_hop};
use super::principal::Principal;
use super::refusal::Refusal;
use crate::GateSecret;

/// The container behind the gate.
pub(super) struct Upstream {
    origin: String,
    client: LabClient,
    secret: Option<GateSecret>,
}

/// Where the ingress looks for the container's program, and where that listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) target: u16,
    /// None where nothing is known of the container.
    pub(super) listening: Option<u16>,
}

const TARGET_PORT_FIX: &str = "gate.target_port (portal: Container App > Ingress > Target port) must be the port that the \
                               container listens on, mcp.port, and the container must be running";

const PROGRAM_FIX: &str =
    "start the server behind the gate, or name the address where it listens (entralab gate --upstream)";

impl Ports {
    /// What mends an upstream that does not answer.
    fn fix(self) -> &'static str {
        if self.listening.is_some() { TARGET_PORT_FIX } else { PROGRAM_FIX }
    }
}

impl Upstream {
    pub(super) fn new(origin: String, client: LabClient, secret: Option<GateSecret>) -> Self {
        Self { origin: origin.trim_end_matches('/').to_owned(), client, secret }
    }

    /// Whether anybody listens on the target port. Both are numbers inside the container: the lab's own socket is on
    /// whichever port was free.
    pub(super) fn judge_port(ports: Ports, checks: &mut Checks) -> Result<(), Refusal> {
        let Some(listening) = ports.listening.filter(|listening| *listening != ports.target) else { return Ok(()) };
        checks.refuse(
            Check::UpstreamReachable,
            format!("a program that listens on port {} of the container", ports.target),
            format!("connection refused: the container's program listens on port {listening}"),
            TARGET_PORT_FIX,
        );
        Err(Refusal::UpstreamUnreachable)
    }

    /// Sends the request on as it came, with the headers that say who is signed in, and no others of the gate's own.
    ///
    /// Host stays the public one: the app behind Container Apps sees it, and may build URLs from it or refuse it.
    pub(super) async fn forward(
        &self,
        parts: Parts,
        body: Bytes,
        principal: Option<&Principal>,
        ports: Ports,
        checks: &mut Checks,
    ) -> Result<Response, Refusal> {
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let mut request = Request::builder()
            .method(parts.method)
            .uri(format!("{}{target}", self.origin))
            .version(Version::HTTP_11)
            .body(body)
            .map_err(|_| Refusal::Malformed)?;
        let host = parts.headers.get(http::header::HOST).cloned();
        let headers = request.headers_mut();
        *headers = parts.headers;
        remove_hop_by_hop(headers);
        remove_framing(headers);
        if let Some(host) = host {
            headers.insert(http::header::HOST, host);
        }
        if let Some(principal) = principal {
            principal.write(headers);
        }
        if let Some(secret) = &self.secret {
            secret.write(headers);
        }
        let expected = format!("an answer from {}", self.origin);
        match self.client.send(request).await {
            Ok(reply) => {
                checks.pass(Check::UpstreamReachable, expected, reply.response.status().to_string());
                let (mut parts, body) = reply.response.into_parts();
                remove_hop_by_hop(&mut parts.headers);
                parts.version = Version::HTTP_11;
                Ok(Response::from_parts(parts, Body::from(body)))
            }
            Err(error) => {
                checks.refuse(Check::UpstreamReachable, expected, error.to_string(), ports.fix());
                Err(match error {
                    SendError::TimedOut(_) => Refusal::UpstreamTimedOut,
                    SendError::NotMapped(_) | SendError::Unreachable { .. } => Refusal::UpstreamUnreachable,
                })
            }
        }
    }
}
