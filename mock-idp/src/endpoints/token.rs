//! The token endpoints.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};
use wire::{Check, Checks};

use super::reply::{json, no_store, set};
use super::{IdentityProvider, Incoming};
use crate::error::faces::Surface;
use crate::protocol::Family;
use crate::protocol::token::reply::Mint;
use crate::protocol::token::{Records, TokenRequest, decide};

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
        let grant = {
            let given = self.consents();
            let records = Records { directory: &directory, given: &given, seals, now: incoming.now };
            decide(request, records, &mut self.redeemed(), &mut checks)
        };
        let grant = match grant {
            Ok(grant) => grant,
            Err(error) => return self.refuse(&error, Surface::Token, incoming, checks),
        };
        let mint = Mint {
            keys: &self.0.keys,
            origins: &self.0.origins,
            seals,
            lifetimes: directory.lifetimes(),
            now: incoming.now,
        };
        let Ok(reply) = mint.reply(&grant, family, &mut *self.rng()) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let mut response = json(StatusCode::OK, &reply);
        no_store(&mut response);
        set(&mut response, HeaderName::from_static("x-ms-clitelem"), "1,0,0,,");
        if let Some(origin) = &grant.readable_by {
            set(&mut response, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            set(&mut response, header::VARY, "Origin");
        }
        response.extensions_mut().insert(checks);
        response
    }
}
