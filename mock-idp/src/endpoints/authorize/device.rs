//! Device authorization: the endpoint that devices ask, and the page on which their users type the code.

use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use wire::{Check, Checks};

use super::super::reply::{self, frame, no_store, page_response, set, shown};
use super::super::{IdentityProvider, Incoming};
use super::{Failure, Visit, set_cookie};
use crate::error::EntraError;
use crate::error::faces::Surface;
use crate::pages::{DeviceEndPage, UserCodePage};
use crate::protocol::Family;
use crate::protocol::authorize::{Authorization, Purpose, Refused};
use crate::protocol::device_code::{Approval, INTERVAL_SECONDS, Issued, LIFETIME_SECONDS, authorization, judge};
use crate::protocol::grants::{Aim, Subject};
use crate::protocol::interaction::{Flow, LIFETIME};
use crate::protocol::target::Requested;
use crate::routes::Route;

/// How much of a code that an address brings is shown again.
const LIMIT_CHARS: usize = 40;

impl IdentityProvider {
    /// A device asks for a code (RFC 8628 §3.1).
    pub(in crate::endpoints) fn device_authorization(&self, family: Family, incoming: &Incoming<'_>) -> Response {
        let directory = self.directory();
        let mut checks = Checks::default();
        checks.pass(Check::RequestMethod, "POST", "POST");
        let request = match judge(&directory, family, incoming.segment, &incoming.form, &mut checks) {
            Ok(request) => request,
            Err(error) => return self.refuse(&error, Surface::Token, incoming, checks),
        };
        let issued = self.device_codes().issue(request, incoming.now, &mut *self.rng());
        let mut response = reply::json(StatusCode::OK, &told(family, &issued, &self.0.origins.device_login));
        no_store(&mut response);
        response.extensions_mut().insert(checks);
        response
    }

    /// The page on which a user types the code that a device shows.
    pub(in crate::endpoints) fn device_login(&self, incoming: &Incoming<'_>) -> Response {
        if incoming.parts.method != Method::POST {
            let code = ["otc", "user_code"].iter().find_map(|name| incoming.query.text(name));
            return user_code_page(code.unwrap_or_default(), None, Checks::default());
        }
        self.visit(incoming, |visit| {
            let typed = incoming.form.text("otc");
            let found = self.device_codes().waiting(typed, incoming.now, &mut visit.checks);
            let (user_code, request) = match found {
                Ok(found) => found,
                Err(error) => {
                    let checks = std::mem::take(&mut visit.checks);
                    return Ok(user_code_page(typed.unwrap_or_default(), Some(&error), checks));
                }
            };
            let authorization = authorization(visit.directory, &request, &user_code, &mut visit.checks)?;
            let (flow, cookie) = {
                let mut rng = self.rng();
                let (family, segment) = (request.family, &request.segment);
                Flow::start(Purpose::Tokens, family, segment, request.parameters, incoming.now, &mut *rng)
            };
            let flow = Flow { user_code: Some(user_code), ..flow };
            let accounts = visit.candidates(&authorization);
            let mut response = visit.sign_in_page(&authorization, &flow, String::new(), &accounts, None)?;
            set_cookie(&mut response, &cookie, LIFETIME.as_secs());
            Ok(response)
        })
    }

    /// The short address that devices tell people.
    pub(in crate::endpoints) fn device_alias(&self) -> Response {
        let mut response = StatusCode::FOUND.into_response();
        let page = format!("{}{}", self.0.origins.login, Route::DeviceLogin.path("common"));
        set(&mut response, header::LOCATION, &page);
        no_store(&mut response);
        response.extensions_mut().insert(Checks::default());
        response
    }
}

impl<'v> Visit<'v> {
    /// Lets the device have what its user agreed to.
    pub(super) fn let_device_in(
        &mut self,
        authorization: &Authorization<'_>,
        user_code: &str,
        subject: Subject,
        requested: &Requested<'_>,
    ) -> Result<Response, Failure> {
        let now = self.incoming.now;
        let approval = Approval {
            subject,
            resources: requested.targets.iter().map(Aim::at).collect(),
            oidc: requested.oidc.clone(),
            at: now.as_second(),
        };
        let approved = self.provider.device_codes().approve(user_code, approval, now, &mut self.checks);
        approved.map_err(|error| Refused::of(authorization, error))?;
        Ok(self.device_end_page(authorization, true))
    }

    /// Tells the device that its user declined.
    pub(super) fn turn_device_away(&mut self, authorization: &Authorization<'_>, user_code: &str) -> Response {
        self.provider.device_codes().decline(user_code);
        self.device_end_page(authorization, false)
    }

    fn device_end_page(&mut self, authorization: &Authorization<'_>, is_in: bool) -> Response {
        let client = authorization.client.shown_name().to_owned();
        let page = DeviceEndPage { frame: frame(), client, is_in };
        page_response(StatusCode::OK, &page, "'none'", std::mem::take(&mut self.checks))
    }
}

fn user_code_page(typed: &str, error: Option<&EntraError>, checks: Checks) -> Response {
    let page = UserCodePage {
        frame: frame(),
        action: Route::DeviceLogin.path("common"),
        user_code: typed.chars().take(LIMIT_CHARS).collect(),
        error: error.map(|error| shown(error, &checks)),
    };
    page_response(StatusCode::OK, &page, "'self'", checks)
}

/// What the device is told (RFC 8628 §3.2); the v1 endpoint says all in strings, and `verification_url`.
fn told(family: Family, issued: &Issued, page: &str) -> Value {
    let Issued { user_code, device_code } = issued;
    let message = format!("To sign in, open the page {page} in a web browser and enter the code {user_code}.");
    match family {
        Family::V2 => json!({
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": page,
            "expires_in": LIFETIME_SECONDS,
            "interval": INTERVAL_SECONDS,
            "message": message,
        }),
        Family::V1 => json!({
            "user_code": user_code,
            "device_code": device_code,
            "verification_url": page,
            "expires_in": LIFETIME_SECONDS.to_string(),
            "interval": INTERVAL_SECONDS.to_string(),
            "message": message,
        }),
    }
}
