//! The redirect URL as a page: it takes what the browser brings, and says how the sign-in ended.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use wire::CheckResult;
use wire::exchange::parameters;

use super::Connector;
use super::callback::DENIED;
use super::connect::Received;
use super::outcomes::{ConnectOutcome, Connection};

/// The routes of the redirect URLs, with and without a slug.
pub fn router(connector: Connector) -> Router {
    let query_or_form = || get(receive).post(receive);
    Router::new().route("/redirect", query_or_form()).route("/redirect/{slug}", query_or_form()).with_state(connector)
}

async fn receive(State(connector): State<Connector>, uri: Uri, method: Method, body: Bytes) -> Response {
    let parameters = if method == Method::POST {
        parameters(&String::from_utf8_lossy(&body))
    } else {
        uri.query().map(parameters).unwrap_or_default()
    };
    let Received { outcome, checks, refusal } = connector.receive(uri.path(), &parameters).await;
    let mut response = page(&outcome, refusal.as_ref());
    response.extensions_mut().insert(checks);
    response
}

/// The page that a person sees at the redirect URL.
#[derive(Template)]
#[template(path = "callback.html")]
struct CallbackPage<'a> {
    title: &'static str,
    is_connected: bool,
    message: &'a str,
    display_name: Option<&'a str>,
    from_server: bool,
    refusal: Option<&'a CheckResult>,
}

fn page(outcome: &ConnectOutcome, refusal: Option<&CheckResult>) -> Response {
    let (status, title) = match outcome.connection {
        Connection::Connected => (StatusCode::OK, "Connection created"),
        Connection::Failed => (StatusCode::BAD_REQUEST, "Connection creation failed"),
    };
    let page = CallbackPage {
        title,
        is_connected: outcome.connection == Connection::Connected,
        message: &outcome.message,
        display_name: outcome.display_name.as_deref(),
        // the bare word is the standard's own
        from_server: outcome.error_description.is_some()
            || outcome.error.as_deref().is_some_and(|error| error != DENIED),
        refusal,
    };
    let Ok(html) = page.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = (status, Html(html)).into_response();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use wire::{Check, Checks};

    use super::*;

    #[test]
    fn the_page_escapes_what_a_server_wrote() {
        let outcome = ConnectOutcome { error: Some("x".into()), ..ConnectOutcome::failed("<script>alert(1)</script>") };
        let page = page(&outcome, None);
        assert_eq!(page.status(), StatusCode::BAD_REQUEST);
        let mut checks = Checks::default();
        checks.refuse(Check::CallbackCode, "<i>", "<u>", "<s>");
        let html = CallbackPage {
            title: "t",
            is_connected: false,
            message: &outcome.message,
            display_name: Some("<b>"),
            from_server: true,
            refusal: checks.refusal(),
        }
        .render()
        .unwrap();
        for markup in ["<script>", "<b>", "<i>", "<u>", "<s>"] {
            assert!(!html.contains(markup), "{markup}: {html}");
        }
    }
}
