//! What is told of a user name before anybody signs in.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use wire::Checks;

use super::reply::{json, no_store, set};
use super::{IdentityProvider, Incoming};
use crate::protocol::parameters::decode;
use crate::protocol::realm::{credential_type, user_realm};
use crate::routes::Route;

impl IdentityProvider {
    /// MSAL's user realm discovery; the user name is the last part of the path.
    pub(super) fn user_realm(&self, incoming: &Incoming<'_>) -> Response {
        let mut checks = Checks::default();
        let path = incoming.parts.uri.path();
        let encoded = path.get(Route::UserRealm.path(incoming.segment).len()..).unwrap_or_default();
        // in a path a plus is a plus
        let username = decode(encoded.replace('+', "%2b").as_bytes());
        let api_version = incoming.query.text("api-version").unwrap_or_default();
        let realm = user_realm(&self.directory(), &String::from_utf8_lossy(&username), api_version, &mut checks);
        let mut response = json(StatusCode::OK, &realm);
        no_store(&mut response);
        response.extensions_mut().insert(checks);
        response
    }

    /// The question of Entra's sign-in page whether a user exists.
    pub(super) fn credential_type(&self, incoming: &Incoming<'_>) -> Response {
        let mut checks = Checks::default();
        let is_json = incoming
            .parts
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().to_ascii_lowercase().starts_with(b"application/json"));
        let body = if is_json { incoming.body } else { &[] };
        let mut response = match credential_type(&self.directory(), body, &mut checks) {
            Some(answer) => json(StatusCode::OK, &answer),
            None => StatusCode::BAD_REQUEST.into_response(),
        };
        no_store(&mut response);
        set(&mut response, header::X_FRAME_OPTIONS, "DENY");
        response.extensions_mut().insert(checks);
        response
    }
}
