//! The authorize endpoints, and the pages behind them.

mod approval;
mod device;
mod interrupts;
mod new_password;
mod policies;
mod steps;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use josekit::JoseError;
use steps::ids;
use wire::{Check, Checks};

use super::reply::shown;
use super::{IdentityProvider, Incoming};
use crate::directory::Directory;
use crate::error::EntraError;
use crate::error::faces::Front;
use crate::protocol::admission::Principal;
use crate::protocol::authorize::opening::check_query_length;
use crate::protocol::authorize::{Prompt, Purpose, Refused, ReturnTo};
use crate::protocol::consent::{Grantee, added_silently};
use crate::protocol::interaction::{COOKIE_LIFETIME, Flow, FlowCookie};
use crate::protocol::revocation::refuse_ended;
use crate::protocol::sealed::Seal;
use crate::protocol::sessions::{Choice, choose};
use crate::protocol::sign_in::{Attempt, authenticate};
use crate::protocol::token::Seals;
use crate::protocol::{Family, guid};

/// One request to the pages: what it is judged by, and the checks it made so far.
struct Visit<'v> {
    provider: &'v IdentityProvider,
    incoming: &'v Incoming<'v>,
    directory: &'v Directory,
    seals: &'v Seals,
    flow_seal: &'v Seal,
    checks: Checks,
}

/// An answer, or what stands in its way.
type Answer = Result<Response, Failure>;

/// Why a visit ends without the answer it wanted.
enum Failure {
    /// A check refused.
    Refused(Box<Refused>),
    /// Nothing that the request could help.
    Internal,
}

impl From<Box<Refused>> for Failure {
    fn from(refused: Box<Refused>) -> Self {
        Self::Refused(refused)
    }
}

impl From<EntraError> for Failure {
    fn from(error: EntraError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<JoseError> for Failure {
    fn from(_: JoseError) -> Self {
        Self::Internal
    }
}

/// Where a sign-in stands, once it is known who signs in.
enum Next {
    /// The consent page asks.
    Asked(Response),
    /// The application has its answer.
    Finished(Response),
}

impl Next {
    fn response(self, flow: &Flow) -> Response {
        match self {
            Self::Asked(response) => response,
            Self::Finished(response) => end_flow(response, flow),
        }
    }
}

/// What a user decided with a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Accept,
    Back,
    Cancel,
}

impl IdentityProvider {
    /// An authorize request, or one for admin consent: the sign-in page, unless somebody is signed in already.
    pub(super) fn authorize(&self, purpose: Purpose, family: Family, incoming: &Incoming<'_>) -> Response {
        self.visit(incoming, |visit| {
            let parameters = if incoming.parts.method == Method::POST { &incoming.form } else { &incoming.query };
            let directory = visit.directory;
            check_query_length(incoming.parts.uri.query().unwrap_or_default().len(), &mut visit.checks)?;
            let authorization = visit.check(purpose, family, incoming.segment, parameters)?;
            let sessions = visit.sessions();
            let candidates = visit.candidates(&authorization);
            if let (Prompt::None, [], Some((account, end))) =
                (authorization.prompt, candidates.as_slice(), visit.ended_session(&authorization))
            {
                return Err(Refused::of(&authorization, refuse_ended(account, end, &mut visit.checks)).into());
            }
            let choice = choose(&authorization, directory.single_sign_on(), &sessions, candidates, &mut visit.checks)
                .map_err(|error| Refused::of(&authorization, error))?;
            let (flow, cookie) = {
                let mut rng = self.rng();
                Flow::start(purpose, family, incoming.segment, parameters.encode(), incoming.now, &mut *rng)
            };
            let username = authorization.hints.username(directory);
            let mut response = match choice {
                Choice::Go(account) => {
                    let signed_in = account.signed_in();
                    match visit.ask_or_finish(&authorization, account.principal, signed_in.clone(), flow)? {
                        Next::Finished(mut response) => {
                            visit.prolong(&signed_in, &mut response);
                            return Ok(response);
                        }
                        Next::Asked(response) => response,
                    }
                }
                Choice::SignIn => visit.sign_in_page(&authorization, &flow, username, &[], None)?,
                Choice::Pick(accounts) => visit.sign_in_page(&authorization, &flow, username, &accounts, None)?,
            };
            set_cookie(&mut response, &cookie, COOKIE_LIFETIME.as_secs());
            Ok(response)
        })
    }

    /// The sign-in page's form.
    pub(super) fn sign_in(&self, incoming: &Incoming<'_>) -> Response {
        self.visit(incoming, |visit| {
            let flow = visit.open_flow()?;
            let directory = visit.directory;
            let authorization = visit.authorization(&flow)?;
            if visit.decision() == Decision::Cancel {
                return Ok(visit.cancelled(&authorization, &flow));
            }
            if visit.decision() == Decision::Back {
                let accounts = visit.candidates(&authorization);
                return visit.sign_in_page(&authorization, &flow, String::new(), &accounts, None);
            }
            if let Some(sid) = incoming.form.text("session") {
                let mut candidates = visit.candidates(&authorization);
                let Some(picked) = candidates.iter().position(|candidate| guid(sid) == Some(candidate.session.sid))
                else {
                    let error = visit.tile_of_no_session();
                    return visit.sign_in_page(&authorization, &flow, String::new(), &candidates, Some(error));
                };
                let picked = candidates.swap_remove(picked);
                let next = visit.ask_or_finish(&authorization, picked.principal, picked.signed_in(), flow.clone())?;
                return Ok(next.response(&flow));
            }
            let field = |name| incoming.form.text(name).unwrap_or_default();
            let (username, password) = (field("loginfmt"), field("passwd"));
            if password.is_empty() && directory.account_by_username(username.trim()).is_some() {
                return visit.password_page(&authorization, &flow, username.trim());
            }
            let attempt = Attempt { door: authorization.door(), username, password, now: incoming.now };
            let tried = authenticate(directory, &mut self.passwords(), attempt, &mut visit.checks);
            let error = match tried {
                Ok(principal) => return visit.let_in(&authorization, principal, flow),
                Err(error) => error,
            };
            match (error.kind().faces().front, directory.account_by_username(username.trim())) {
                (Some(Front::NewPassword), Some(account)) => {
                    visit.new_password_page(&authorization, &flow, account, false, &error)
                }
                (Some(Front::SignInAgain), _) => {
                    let error = shown(&error, &visit.checks);
                    let accounts = visit.candidates(&authorization);
                    visit.sign_in_page(&authorization, &flow, username.to_owned(), &accounts, Some(error))
                }
                _ => Err(Refused::of(&authorization, error).into()),
            }
        })
    }

    /// The consent page's form.
    pub(super) fn consent(&self, incoming: &Incoming<'_>) -> Response {
        self.visit(incoming, |visit| {
            let flow = visit.open_flow()?;
            let directory = visit.directory;
            let authorization = visit.authorization(&flow)?;
            let Some(signed_in) = flow.signed_in.clone() else {
                return Err(visit.foreign_form("a form of the sign-in page").into());
            };
            let Some(principal) = Principal::find(directory, signed_in.oid) else {
                return Err(visit.foreign_form("a form of a user who is gone").into());
            };
            let expected = "Accept on the consent page";
            if visit.decision() == Decision::Cancel {
                let fix =
                    "let the user accept, or grant admin consent beforehand: idp.consents (portal: API permissions)";
                visit.checks.refuse(Check::ConsentAccepted, expected, "Cancel: the user declined", fix);
                if matches!(authorization.return_to, ReturnTo::Device(_)) {
                    return Ok(visit.cancelled(&authorization, &flow));
                }
                let refused = Refused::of(&authorization, EntraError::ConsentDeclined);
                let response = visit.refuse(*refused);
                return Ok(end_flow(response, &flow));
            }
            // what the page showed must still be what there is to ask
            let requested = authorization.requested(directory, principal.tenant, &mut visit.checks)?;
            let asked = visit.still_to_ask(&authorization, principal, &requested)?;
            let is_satisfied = visit.unsatisfied(&authorization, principal, &signed_in, &requested).is_ok();
            if !is_satisfied || (!asked.is_empty() && ids(&asked) != signed_in.asked) {
                let next = visit.ask_or_finish(&authorization, principal, signed_in, flow.clone())?;
                return Ok(next.response(&flow));
            }
            visit.checks.pass(Check::ConsentAccepted, expected, "the user accepted");
            let for_everyone =
                incoming.form.text("forEveryone") == Some("true") || authorization.prompt == Prompt::AdminConsent;
            let grantee = if for_everyone && principal.account.is_administrator() {
                Grantee::Tenant(principal.tenant.id)
            } else {
                Grantee::User(principal.object_id())
            };
            let given = signed_in.asked.iter().cloned().chain([added_silently(authorization.client)]);
            self.consents().give(grantee, given);
            let response = visit.finish(&authorization, principal, &signed_in, &requested)?;
            Ok(end_flow(response, &flow))
        })
    }

    fn visit(&self, incoming: &Incoming<'_>, answer: impl FnOnce(&mut Visit<'_>) -> Answer) -> Response {
        let Ok((seals, flow_seal)) = &self.0.seals else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let directory = self.directory();
        let mut visit =
            Visit { provider: self, incoming, directory: &directory, seals, flow_seal, checks: Checks::default() };
        match answer(&mut visit) {
            Ok(response) => response,
            Err(Failure::Refused(refused)) => visit.refuse(*refused),
            Err(Failure::Internal) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

/// Name and value of every cookie.
pub(super) fn cookies(incoming: &Incoming<'_>) -> Vec<(String, String)> {
    let headers = incoming.parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    headers
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn set_cookie(response: &mut Response, cookie: &FlowCookie, max_age_seconds: i64) {
    let FlowCookie { name, value } = cookie;
    let text = format!("{name}={value}; Path=/; Max-Age={max_age_seconds}; Secure; HttpOnly; SameSite=Lax");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Takes the flow's cookie back, so that its forms are good for nothing more.
fn end_flow(mut response: Response, flow: &Flow) -> Response {
    set_cookie(&mut response, &FlowCookie { name: flow.cookie_name(), value: String::new() }, 0);
    response
}
