//! The only code that turns a refusal, a page or a return into a response.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use wire::{Check, Checks, Outcome};

use super::{IdentityProvider, Incoming};
use crate::error::envelope::Envelope;
use crate::error::faces::{Delivery, Surface, delivery};
use crate::error::{EntraError, RequestIds};
use crate::pages::{ErrorPage, FormPostPage, Frame, ShownError};
use crate::protocol::randomness;
use crate::protocol::redirect_uri::{Return, ReturnAddress};
use crate::routes::Route;

impl IdentityProvider {
    /// Renders a refusal as its code and its surface demand.
    pub(super) fn refuse(
        &self,
        error: &EntraError,
        surface: Surface,
        incoming: &Incoming<'_>,
        checks: Checks,
    ) -> Response {
        let layout = self.directory().error_description();
        let envelope = |oauth| Envelope::new(error, oauth, &incoming.ids, incoming.now, &self.0.origins.login, layout);
        match delivery(error.kind(), surface) {
            Delivery::Json(status, oauth) => {
                let mut response = json(status, &envelope(oauth));
                let telemetry = format!("1,{},0,,", error.number());
                set(&mut response, HeaderName::from_static("x-ms-clitelem"), &telemetry);
                no_store(&mut response);
                response.extensions_mut().insert(checks);
                response
            }
            Delivery::Redirect(return_to, oauth) => {
                self.send_back(&return_to, envelope(oauth).redirect_parameters(), Vec::new(), checks)
            }
            // whoever can show the sign-in page again has done so before
            Delivery::Page(status) => self.error_page(status, error, incoming, checks),
            Delivery::SignInAgain => self.error_page(StatusCode::OK, error, incoming, checks),
        }
    }

    fn error_page(&self, status: StatusCode, error: &EntraError, incoming: &Incoming<'_>, checks: Checks) -> Response {
        let passed = checks.0.iter().filter(|result| result.outcome == Outcome::Passed);
        let page = ErrorPage {
            frame: frame(),
            error: shown(error, &checks),
            request_id: incoming.ids.trace_id.to_string(),
            correlation_id: incoming.ids.correlation_id.to_string(),
            timestamp: incoming.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            passed: passed
                .map(|result| (result.check.to_string(), result.expected.clone(), result.received.clone()))
                .collect(),
        };
        page_response(status, &page, "'none'", checks)
    }

    /// Sends the browser to the application.
    pub(super) fn send_back(
        &self,
        return_to: &ReturnAddress,
        first: Vec<(&'static str, String)>,
        last: Vec<(&'static str, String)>,
        checks: Checks,
    ) -> Response {
        match return_to.deliver(first, last) {
            Return::Location(location) => redirect(&location, checks),
            Return::Form { action, fields, form_action } => {
                let nonce = randomness::text::<16>(&mut *self.rng());
                let page = FormPostPage { frame: frame(), action, fields, nonce: nonce.clone() };
                let mut response = page_response(StatusCode::OK, &page, &form_action, checks);
                let policy = content_security_policy(&form_action, &format!("'nonce-{nonce}'"), "'none'");
                set(&mut response, header::CONTENT_SECURITY_POLICY, &policy);
                response
            }
        }
    }

    /// The headers that every answer has.
    pub(super) fn with_common_headers(
        &self,
        mut response: Response,
        parts: &Parts,
        ids: &RequestIds,
        now: Timestamp,
    ) -> Response {
        let name = HeaderName::from_static;
        set(&mut response, header::DATE, &now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        // browsers would force TLS on every port of this machine
        if !self.0.origins.is_loopback() {
            let policy = "max-age=31536000; includeSubDomains";
            set(&mut response, header::STRICT_TRANSPORT_SECURITY, policy);
        }
        set(&mut response, name("p3p"), "CP=\"DSP CUR OTPi IND OTRi ONL FIN\"");
        set(&mut response, name("x-ms-request-id"), &ids.trace_id.to_string());
        set(&mut response, name("x-ms-ests-server"), "2.1.0 - entralab emulator");
        let echo = parts.headers.get("return-client-request-id").is_some_and(|value| value.as_bytes() == b"true");
        if echo {
            set(&mut response, name("client-request-id"), &ids.correlation_id.to_string());
        }
        response
    }
}

/// A refusal as pages show it.
pub(super) fn shown(error: &EntraError, checks: &Checks) -> ShownError {
    let refusal = checks.refusal();
    let part = |choose: fn(&wire::CheckResult) -> String| refusal.map(choose).unwrap_or_default();
    ShownError {
        number: error.number(),
        text: error.text(),
        check: refusal.map(|result| Check::name(result.check).to_owned()).unwrap_or_default(),
        expected: part(|result| result.expected.clone()),
        received: part(|result| result.received.clone()),
        fix: part(|result| result.fix.clone().unwrap_or_default()),
    }
}

/// What is around every page.
pub(super) fn frame() -> Frame {
    Frame { stylesheet: Route::Stylesheet.path("common") }
}

/// A page, from which forms may lead to `form_action` only.
pub(super) fn page_response(status: StatusCode, page: &impl Template, form_action: &str, checks: Checks) -> Response {
    let mut response = match page.render() {
        Ok(html) => (status, html).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    set(&mut response, header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(&mut response, header::CONTENT_SECURITY_POLICY, &content_security_policy(form_action, "'none'", "'none'"));
    set(&mut response, header::X_FRAME_OPTIONS, "DENY");
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    no_store(&mut response);
    response.extensions_mut().insert(checks);
    response
}

/// Sends the browser to `location`, which must have been judged before.
pub(super) fn redirect(location: &str, checks: Checks) -> Response {
    let mut response = StatusCode::FOUND.into_response();
    set(&mut response, header::LOCATION, location);
    no_store(&mut response);
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    response.extensions_mut().insert(checks);
    response
}

/// A page without forms, which opens pages of these origins in frames.
pub(super) fn page_with_frames(page: &impl Template, origins: &[&str], checks: Checks) -> Response {
    let mut response = page_response(StatusCode::OK, page, "'none'", checks);
    if !origins.is_empty() {
        let policy = content_security_policy("'none'", "'none'", &origins.join(" "));
        set(&mut response, header::CONTENT_SECURITY_POLICY, &policy);
    }
    response
}

fn content_security_policy(form_action: &str, script: &str, frames: &str) -> String {
    format!(
        "default-src 'self'; script-src {script}; frame-src {frames}; object-src 'none'; base-uri 'none'; \
         form-action {form_action}; frame-ancestors 'none'"
    )
}

/// A JSON answer.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = match serde_json::to_string(body) {
        Ok(text) => (status, text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    set(&mut response, header::CONTENT_TYPE, "application/json; charset=utf-8");
    response
}

/// Nobody keeps a copy (RFC 6749 §5.1).
pub(super) fn no_store(response: &mut Response) {
    set(response, header::CACHE_CONTROL, "no-store, no-cache");
    set(response, header::PRAGMA, "no-cache");
    set(response, header::EXPIRES, "-1");
}

/// Sets a header; a value that no header can have is left out.
pub(super) fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
