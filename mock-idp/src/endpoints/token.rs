//! The token endpoints.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};
use wire::{Check, Checks};

use super::reply::{json, no_store, set};
use super::{IdentityProvider, Incoming};
use crate::error::EntraErrorKind;
use crate::error::faces::Surface;
use crate::protocol::redirect_uri::is_spa_origin;
use crate::protocol::token::on_behalf_of::JWT_BEARER;
use crate::protocol::token::reply::Mint;
use crate::protocol::token::{Decision, Memory, Records, TokenRequest, decide};
use crate::protocol::{Family, guid};

impl IdentityProvider {
    pub(super) fn token(&self, family: Family, incoming: &Incoming<'_>) -> Response {
        let Ok((seals, _)) = &self.0.seals else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let text_header = |name| incoming.parts.headers.get(name).and_then(|value| value.to_str().ok());
        let directory = self.directory();
        let mut checks = Checks::default();
        checks.pass(Check::RequestMethod, "POST", "POST");
        let request = TokenRequest {
            family,
            segment: incoming.segment,
            parameters: &incoming.form,
            authorization: text_header(header::AUTHORIZATION),
            origin: text_header(header::ORIGIN),
        };
        let keys = self.0.keys.shared();
        let decision = {
            let given = self.consents();
            let enrolments = self.enrolments();
            let records = Records {
                directory: &directory,
                given: &given,
                enrolments: &enrolments,
                seals,
                keys: &keys,
                origins: &self.0.origins,
                now: incoming.now,
            };
            let memory = Memory {
                redeemed: &mut self.redeemed(),
                passwords: &mut self.passwords(),
                device_codes: &mut self.device_codes(),
                rng: &mut self.rng(),
            };
            decide(request, records, memory, &mut checks)
        };
        let decision = decision.and_then(|decision| {
            if let Decision::ForUser(grant) = &decision {
                let grant_type = incoming.form.text("grant_type").unwrap_or_default();
                self.request_loops().check(&directory, grant, grant_type, incoming.now, &mut checks)?;
            }
            Ok(decision)
        });
        let decision = match decision {
            Ok(decision) => decision,
            Err(error) => {
                let is_on_behalf_of = incoming.form.text("grant_type") == Some(JWT_BEARER);
                let surface = if is_on_behalf_of { Surface::OnBehalfOf } else { Surface::Token };
                let mut response = self.refuse(&error, surface, incoming, checks);
                // a single-page application may read why, but for what browsers are to show as a failure of CORS
                let is_readable = error.kind() != EntraErrorKind::CrossOriginRedemption;
                let client = incoming.form.text("client_id").and_then(guid).and_then(|id| directory.client(id));
                let is_own = |origin: &&str| client.is_some_and(|client| is_spa_origin(&client.redirect_uris, origin));
                if let Some(origin) = request.origin.filter(|_| is_readable).filter(is_own) {
                    allow_origin(&mut response, origin);
                }
                return response;
            }
        };
        let mint =
            Mint { keys: &self.0.keys, origins: &self.0.origins, seals, directory: &directory, now: incoming.now };
        let mut rng = self.rng();
        let (reply, readable_by) = match &decision {
            Decision::ForUser(grant) => (mint.reply(grant, family, &mut *rng), grant.readable_by.as_deref()),
            Decision::ForApplication(grant) => (mint.application_reply(grant, family, &mut *rng), None),
        };
        let Ok(reply) = reply else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let mut response = json(StatusCode::OK, &reply);
        no_store(&mut response);
        set(&mut response, HeaderName::from_static("x-ms-clitelem"), "1,0,0,,");
        if let Some(origin) = readable_by {
            allow_origin(&mut response, origin);
        }
        response.extensions_mut().insert(checks);
        response
    }

    /// A browser asks whether a page may post here (Fetch standard, "CORS-preflight fetch"). It does not say for which
    /// client, so the page of any single-page application may.
    pub(super) fn token_preflight(&self, incoming: &Incoming<'_>) -> Response {
        let text_header = |name| incoming.parts.headers.get(name).and_then(|value| value.to_str().ok());
        let origin = text_header(header::ORIGIN);
        let directory = self.directory();
        let mut checks = Checks::default();
        let expected = "the origin of a redirect URI under Single-page application";
        let known = origin.filter(|origin| {
            directory.applications().any(|application| is_spa_origin(&application.redirect_uris, origin))
        });
        let mut response = StatusCode::OK.into_response();
        match known {
            Some(origin) => {
                checks.pass(Check::CodeOrigin, expected, origin);
                allow_origin(&mut response, origin);
                let asked = text_header(header::ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
                let allowed: Vec<&str> = asked.split(',').map(str::trim).filter(|name| may_be_sent(name)).collect();
                set(&mut response, header::ACCESS_CONTROL_ALLOW_HEADERS, &allowed.join(", "));
                set(&mut response, header::ACCESS_CONTROL_MAX_AGE, "86400");
            }
            None => {
                let fix = "idp.apps.<the client>.redirect_uris.spa (portal: App registrations > the client > \
                           Authentication > Single-page application); a server redeems without Origin";
                checks.refuse(Check::CodeOrigin, expected, origin.unwrap_or("no Origin"), fix);
            }
        }
        response.extensions_mut().insert(checks);
        response
    }
}

/// The page of this origin may read the answer. No cookies: the token endpoint takes none.
fn allow_origin(response: &mut Response, origin: &str) {
    set(response, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    set(response, header::ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS");
    set(response, header::VARY, "Origin");
}

/// The request headers that client libraries send from pages.
fn may_be_sent(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["content-type", "client-request-id", "return-client-request-id", "x-anchormailbox"].contains(&name.as_str())
        || ["x-client-", "x-ms-", "x-app-"].iter().any(|prefix| name.starts_with(prefix))
}
