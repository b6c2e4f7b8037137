//! The pages between sign-in and consent: whether to stay signed in, and whether the user means this application.

use axum::response::Response;
use http::{HeaderValue, header};
use wire::Check;

use super::super::reply::frame;
use super::super::{IdentityProvider, Incoming};
use super::{Decision, Failure, Visit, cookies};
use crate::error::EntraError;
use crate::pages::{ConfirmAppPage, KeepSignedInPage};
use crate::protocol::admission::Principal;
use crate::protocol::authorize::{Authorization, Prompt, Refused};
use crate::protocol::interaction::{Flow, SignedIn};
use crate::protocol::sessions::{KEPT_LIFETIME, PERSISTENT_COOKIE};
use crate::routes::Route;

impl IdentityProvider {
    /// The form of "Stay signed in?".
    pub(in super::super) fn keep_signed_in(&self, incoming: &Incoming<'_>) -> Response {
        self.visit(incoming, |visit| {
            let flow = visit.open_flow()?;
            let (authorization, signed_in, principal) = visit.go_on_with(&flow)?;
            let kept = (visit.decision() == Decision::Accept)
                .then(|| {
                    let cookies = cookies(incoming);
                    self.sessions().keep(signed_in.sid, &cookies, incoming.now, &mut *self.rng())
                })
                .flatten();
            let flow = Flow { asks_to_keep: false, ..flow };
            let next = visit.ask_or_finish(&authorization, principal, signed_in, flow.clone())?;
            let mut response = next.response(&flow);
            if let Some(cookie) = kept {
                set_persistent_cookie(&mut response, &cookie);
            }
            Ok(response)
        })
    }

    /// The form of "Are you trying to sign in to …?".
    pub(in super::super) fn confirm_app(&self, incoming: &Incoming<'_>) -> Response {
        self.visit(incoming, |visit| {
            let flow = visit.open_flow()?;
            let (authorization, signed_in, principal) = visit.go_on_with(&flow)?;
            if visit.decision() != Decision::Accept {
                return Ok(visit.cancelled(&authorization, &flow));
            }
            let flow = Flow { app_confirmed: true, ..flow };
            Ok(visit.ask_or_finish(&authorization, principal, signed_in, flow.clone())?.response(&flow))
        })
    }
}

impl<'v> Visit<'v> {
    /// What a form behind the sign-in page goes on with.
    pub(super) fn go_on_with(&mut self, flow: &Flow) -> Result<(Authorization<'v>, SignedIn, Principal<'v>), Failure> {
        let authorization = self.authorization(flow)?;
        let Some(signed_in) = flow.signed_in.clone() else {
            return Err(self.foreign_form("a form of the sign-in page").into());
        };
        let Some(principal) = Principal::find(self.directory, signed_in.oid) else {
            return Err(self.foreign_form("a form of a user who is gone").into());
        };
        Ok((authorization, signed_in, principal))
    }

    /// The page that comes before consent, where one does.
    pub(super) fn interrupt(
        &mut self,
        authorization: &Authorization<'v>,
        principal: Principal<'v>,
        signed_in: &SignedIn,
        flow: &Flow,
    ) -> Result<Option<Response>, Failure> {
        let is_silent = authorization.prompt == Prompt::None;
        let segment = authorization.segment.in_urls();
        let username = principal.account.username.clone();
        let flow = Flow { signed_in: Some(signed_in.clone()), ..flow.clone() };
        if flow.asks_to_keep && self.directory.keep_me_signed_in() && !is_silent {
            let page = KeepSignedInPage {
                frame: frame(),
                action: Route::KeepSignedIn.path(&segment),
                flow_token: self.flow_seal.seal(&flow)?,
                username,
            };
            return Ok(Some(self.page(authorization, &page)));
        }
        let address = authorization.return_to.application();
        let Some(scheme) = address.and_then(|address| address.redirect_uri().private_scheme()) else {
            return Ok(None);
        };
        let expected = "a user who says that this application is meant, because its address is no web address";
        if flow.app_confirmed {
            self.checks.pass(Check::RedirectUriConfirmed, expected, "the user said so");
            return Ok(None);
        }
        if is_silent {
            let fix =
                "the client's prompt: an application with an address of its own scheme cannot sign in without a page";
            self.checks.refuse(Check::RedirectUriConfirmed, expected, "nobody to ask: prompt=none", fix);
            return Err(Refused::of(authorization, EntraError::AppNotConfirmed).into());
        }
        let page = ConfirmAppPage {
            frame: frame(),
            action: Route::ConfirmApp.path(&segment),
            flow_token: self.flow_seal.seal(&flow)?,
            username,
            client: authorization.client.shown_name().to_owned(),
            scheme: scheme.to_owned(),
        };
        Ok(Some(self.page(authorization, &page)))
    }

    /// Prolongs the session that answered without a page, where the user asked to keep it.
    pub(super) fn prolong(&self, signed_in: &SignedIn, response: &mut Response) {
        let cookies = cookies(self.incoming);
        if !self.provider.sessions().prolong(signed_in.sid, self.incoming.now) {
            return;
        }
        if let Some((_, value)) = cookies.iter().find(|(name, _)| name == PERSISTENT_COOKIE) {
            set_persistent_cookie(response, value);
        }
    }
}

fn set_persistent_cookie(response: &mut Response, value: &str) {
    let seconds = KEPT_LIFETIME.as_secs();
    let text = format!("{PERSISTENT_COOKIE}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=None");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
