//! Microsoft Graph, and the userinfo endpoints.

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, StatusCode, header};
use percent_encoding::percent_decode_str;
use wire::{Check, Checks};

use super::reply::{json, set};
use super::{IdentityProvider, Incoming};
use crate::directory::GRAPH_ID;
use crate::error::faces::Surface;
use crate::protocol::graph::{self, GraphError, Records, Request};
use crate::protocol::{Family, tenant};
use crate::routes::{GraphCall, Route};

impl IdentityProvider {
    /// Userinfo of the v1 family, which stands under a tenant.
    pub(super) fn userinfo(&self, incoming: &Incoming<'_>) -> Response {
        let mut checks = Checks::default();
        match tenant::find(&self.directory(), incoming.segment, &mut checks) {
            Ok(_) => self.graph(GraphCall::UserInfo, incoming),
            Err(error) => self.refuse(&error, Surface::Discovery, incoming, checks),
        }
    }

    /// A call of Microsoft Graph.
    pub(super) fn graph(&self, call: GraphCall, incoming: &Incoming<'_>) -> Response {
        let text_header = |name| incoming.parts.headers.get(name).and_then(|value| value.to_str().ok());
        let directory = self.directory();
        let mut checks = Checks::default();
        let origins = &self.0.origins;
        let keys = self.0.keys.shared().verifying_keys();
        let user = percent_decode_str(incoming.segment).decode_utf8_lossy();
        let request = Request {
            call,
            user: &user,
            authorization: text_header(header::AUTHORIZATION),
            select: incoming.query.text("$select"),
            body: incoming.body,
        };
        let answer = {
            let passwords = self.passwords();
            let records =
                Records { directory: &directory, origins, keys: &keys, passwords: &passwords, now: incoming.now };
            graph::answer(request, records, &mut checks)
        };
        match answer {
            Ok(document) => {
                let mut response = json(StatusCode::OK, &document);
                self.finish_graph(&mut response, incoming, checks);
                response
            }
            Err(error) => self.refuse_graph(error, incoming, checks),
        }
    }

    /// Graph's own error object, and its challenge.
    pub(super) fn refuse_graph(&self, error: GraphError, incoming: &Incoming<'_>, checks: Checks) -> Response {
        let (status, code) = error.face();
        let inner = serde_json::json!({
            "date": incoming.now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            "request-id": incoming.ids.trace_id,
            "client-request-id": incoming.ids.correlation_id,
        });
        let body = serde_json::json!({"error": {"code": code, "message": error.to_string(), "innerError": inner}});
        let mut response = json(status, &body);
        if status == StatusCode::UNAUTHORIZED {
            let authorize = format!("{}{}", self.0.origins.login, Route::Authorize(Family::V1).path("common"));
            let mut challenge = format!(r#"Bearer realm="", authorization_uri="{authorize}", client_id="{GRAPH_ID}""#);
            if let Some(claims) = error.challenge() {
                let claims = STANDARD.encode(claims);
                challenge.push_str(&format!(r#", error="insufficient_claims", claims="{claims}""#));
            }
            set(&mut response, header::WWW_AUTHENTICATE, &challenge);
        }
        self.finish_graph(&mut response, incoming, checks);
        response
    }

    fn finish_graph(&self, response: &mut Response, incoming: &Incoming<'_>, checks: Checks) {
        let name = HeaderName::from_static;
        set(response, name("request-id"), &incoming.ids.trace_id.to_string());
        set(response, name("client-request-id"), &incoming.ids.correlation_id.to_string());
        set(response, header::CACHE_CONTROL, "no-cache");
        // single-page applications read Graph from any origin; no cookie counts here
        set(response, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        response.extensions_mut().insert(checks);
    }
}

/// A browser asks whether a page may call Graph: any may, with a token.
pub(super) fn preflight(route: Route, incoming: &Incoming<'_>) -> Response {
    let mut checks = Checks::default();
    checks.pass(Check::RequestMethod, "OPTIONS", "OPTIONS");
    let mut response = StatusCode::OK.into_response();
    let methods: Vec<&str> = route.methods().iter().map(http::Method::as_str).collect();
    set(&mut response, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(&mut response, header::ACCESS_CONTROL_ALLOW_METHODS, &methods.join(", "));
    let asked =
        incoming.parts.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).and_then(|value| value.to_str().ok());
    set(&mut response, header::ACCESS_CONTROL_ALLOW_HEADERS, asked.unwrap_or("authorization"));
    set(&mut response, header::ACCESS_CONTROL_MAX_AGE, "86400");
    response.extensions_mut().insert(checks);
    response
}
