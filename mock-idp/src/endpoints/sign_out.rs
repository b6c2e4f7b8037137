//! The sign-out endpoints, and the blank pages of the v1 family.

use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};

use super::authorize::cookies;
use super::reply::{frame, page_response, page_with_frames, redirect};
use super::{IdentityProvider, Incoming};
use crate::error::faces::{Interaction, Surface};
use crate::pages::{BlankPage, PickSignOutPage, ShownAccount, ShownRefusal, SignedOutPage};
use crate::protocol::sessions::{Candidate, SESSION_COOKIES, signed_in_accounts};
use crate::protocol::sign_out::{Means, SignOut, front_channels};
use crate::protocol::{Family, tenant};
use crate::routes::Route;

/// How long the signed-out page waits for the applications' pages before it goes on.
const WAIT_SECONDS: u8 = 2;

/// The parameters that the page to pick an account carries along.
const CARRIED: [&str; 5] = ["post_logout_redirect_uri", "state", "client_id", "id_token_hint", "logout_hint"];

impl IdentityProvider {
    /// Signs out, or asks of which account.
    pub(super) fn sign_out(&self, family: Family, incoming: &Incoming<'_>) -> Response {
        let directory = self.directory();
        let mut checks = wire::Checks::default();
        let parameters = if incoming.parts.method == Method::POST { &incoming.form } else { &incoming.query };
        if let Err(error) = tenant::find(&directory, incoming.segment, &mut checks) {
            let surface = Surface::Authorize { return_to: None, interaction: Interaction::Allowed };
            return self.refuse(&error, surface, incoming, checks);
        }
        let cookies = cookies(incoming);
        let (accounts, participants) = {
            let sessions = self.sessions();
            let accounts = signed_in_accounts(&directory, &sessions.of(&cookies, incoming.now));
            let mut participants: Vec<_> =
                accounts.iter().flat_map(|account| sessions.participants(account.session.sid)).collect();
            participants.sort_unstable();
            participants.dedup();
            (accounts, participants)
        };
        let sign_out = SignOut::read(&directory, parameters, &participants, &self.0.keys, &mut checks);
        let meant: Vec<&Candidate<'_>> = {
            let sessions = self.sessions();
            let is_meant = |account: &&Candidate<'_>| match sign_out.means {
                Means::Session(sid) if sessions.succeeds(account.session.sid, sid) => true,
                _ => sign_out.means.is(account),
            };
            accounts.iter().filter(is_meant).collect()
        };
        if sign_out.means == Means::Unsaid && meant.len() > 1 {
            let fields = CARRIED.iter().filter_map(|name| Some((*name, parameters.text(name)?.to_owned()))).collect();
            let page = PickSignOutPage {
                frame: frame(),
                action: Route::EndSession(family).path(incoming.segment),
                fields,
                accounts: meant.into_iter().map(ShownAccount::of).collect(),
            };
            return page_response(StatusCode::OK, &page, "'self'", checks);
        }
        // HEAD must change nothing (RFC 9110 §9.2.1)
        let ended = if incoming.parts.method == Method::HEAD {
            Vec::new()
        } else {
            let mut sessions = self.sessions();
            meant.iter().flat_map(|account| sessions.end(&cookies, account.session.sid)).collect()
        };
        let users: Vec<&str> = meant.iter().map(|account| account.principal.account.username.as_str()).collect();
        let frames = front_channels(&directory, &ended, sign_out.client);
        let mut response = match (&sign_out.return_to, frames.is_empty()) {
            (Some(url), true) => redirect(url, checks),
            _ => {
                let page = SignedOutPage {
                    frame: frame(),
                    signed_out: users.into_iter().map(str::to_owned).collect(),
                    return_to: sign_out.return_to.clone(),
                    wait_seconds: WAIT_SECONDS,
                    refusal: ShownRefusal::of(&checks),
                    frames,
                };
                let origins: Vec<&str> = page.frames.iter().map(|frame| frame.origin.as_str()).collect();
                page_with_frames(&page, &origins, checks)
            }
        };
        if !ended.is_empty() && self.sessions().of(&cookies, incoming.now).is_empty() {
            for name in SESSION_COOKIES {
                let text = format!("{name}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None");
                if let Ok(value) = HeaderValue::from_str(&text) {
                    response.headers_mut().append(header::SET_COOKIE, value);
                }
            }
        }
        response
    }

    /// A page with nothing on it: where old native applications are sent, and the session frame of v1, to whose messages
    /// nothing answers.
    pub(super) fn blank(&self) -> Response {
        page_response(StatusCode::OK, &BlankPage { frame: frame() }, "'none'", wire::Checks::default())
    }
}
