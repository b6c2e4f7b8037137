//! Discovery, keys, instance discovery, and the stylesheet.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::Value;
use wire::{Check, Checks};

use super::reply::{json, set};
use super::{IdentityProvider, Incoming};
use crate::error::EntraError;
use crate::error::faces::Surface;
use crate::pages::STYLESHEET;
use crate::protocol::tenant::Segment;
use crate::protocol::{Family, discovery, guid, tenant};

impl IdentityProvider {
    pub(super) fn discovery(&self, family: Family, incoming: &Incoming<'_>) -> Response {
        // only a GUID is repeated in the document
        let appid = incoming.query.text("appid").filter(|appid| guid(appid).is_some());
        let directory = self.directory();
        let settings = directory.discovery();
        self.of_tenant(incoming, |segment| discovery::document(family, segment, appid, &self.0.origins, settings))
    }

    pub(super) fn keys(&self, family: Family, incoming: &Incoming<'_>) -> Response {
        let directory = self.directory();
        let appid = incoming.query.text("appid").and_then(guid);
        let own = appid.and_then(|appid| self.0.keys.of(directory.client(appid)?).ok());
        let keys = own.unwrap_or_else(|| self.0.keys.shared());
        self.of_tenant(incoming, |segment| discovery::keys(family, segment, &keys, &self.0.origins))
    }

    pub(super) fn instance_discovery(&self, incoming: &Incoming<'_>) -> Response {
        let mut checks = Checks::default();
        let document = discovery::instance(&incoming.query, &self.0.origins, &mut checks);
        self.metadata(document, incoming, checks)
    }

    fn of_tenant(&self, incoming: &Incoming<'_>, document: impl FnOnce(Segment<'_>) -> Value) -> Response {
        let mut checks = Checks::default();
        let directory = self.directory();
        let document = tenant::find(&directory, incoming.segment, &mut checks).map(document);
        self.metadata(document, incoming, checks)
    }

    fn metadata(&self, document: Result<Value, EntraError>, incoming: &Incoming<'_>, checks: Checks) -> Response {
        let mut response = match document {
            Ok(document) => {
                let mut response = json(StatusCode::OK, &document);
                set(&mut response, header::CACHE_CONTROL, "max-age=86400, private");
                response.extensions_mut().insert(checks);
                response
            }
            Err(error) => self.refuse(&error, Surface::Discovery, incoming, checks),
        };
        allow_any_page(&mut response);
        response
    }
}

/// A browser asks whether a page may read what anybody may read.
pub(super) fn preflight() -> Response {
    let mut checks = Checks::default();
    checks.pass(Check::RequestMethod, "GET, HEAD, OPTIONS", "OPTIONS");
    let mut response = StatusCode::OK.into_response();
    allow_any_page(&mut response);
    response.extensions_mut().insert(checks);
    response
}

fn allow_any_page(response: &mut Response) {
    set(response, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(response, header::ACCESS_CONTROL_ALLOW_METHODS, "GET, OPTIONS");
}

pub(super) fn stylesheet() -> Response {
    let mut response = STYLESHEET.into_response();
    set(&mut response, header::CONTENT_TYPE, "text/css; charset=utf-8");
    set(&mut response, header::CACHE_CONTROL, "max-age=3600");
    response.extensions_mut().insert(Checks::default());
    response
}
