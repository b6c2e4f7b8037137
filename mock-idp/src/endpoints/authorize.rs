//! The authorize endpoints, and the pages behind them.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use josekit::JoseError;
use wire::{Check, Checks};

use super::reply::{frame, page_response, shown};
use super::{IdentityProvider, Incoming};
use crate::directory::{Directory, Tenant};
use crate::error::EntraError;
use crate::pages::{AskedOf, ConsentPage, ShownError, SignInPage};
use crate::protocol::authorize::{Authorization, Prompt, Refused, check};
use crate::protocol::consent::{Asked, AskedIds, Granted, Grantee, added_silently, note_question, still_to_ask};
use crate::protocol::grants::Code;
use crate::protocol::interaction::{Flow, FlowCookie, LIFETIME, SignedIn};
use crate::protocol::parameters::Parameters;
use crate::protocol::sealed::Seal;
use crate::protocol::sign_in::{Principal, authenticate};
use crate::protocol::target::Requested;
use crate::protocol::token::Seals;
use crate::protocol::token::reply::client_info_of;
use crate::protocol::{Family, randomness};
use crate::routes::Route;

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

/// What a user decided with a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Accept,
    Cancel,
}

impl IdentityProvider {
    /// An authorize request: the sign-in page, because nobody stays signed in yet.
    pub(super) fn authorize(&self, family: Family, incoming: &Incoming<'_>) -> Response {
        self.visit(incoming, |visit| {
            let parameters = if incoming.parts.method == Method::POST { &incoming.form } else { &incoming.query };
            let checks = &mut visit.checks;
            let authorization = check(visit.directory, family, incoming.segment, parameters, checks)?;
            if authorization.prompt == Prompt::None {
                let fix = "the client's prompt: none works only while somebody is signed in";
                checks.refuse(Check::Prompt, "a signed-in user for prompt=none", "nobody", fix);
                return Err(Refused::of(&authorization, EntraError::NobodySignedIn).into());
            }
            let (flow, cookie) = {
                let mut rng = self.rng();
                Flow::start(family, incoming.segment, parameters.encode(), incoming.now, &mut *rng)
            };
            let username = authorization.login_hint.clone().unwrap_or_default();
            let mut response = visit.sign_in_page(&authorization, &flow, username, None)?;
            set_cookie(&mut response, &cookie, LIFETIME.as_secs());
            Ok(response)
        })
    }

    /// The sign-in page's form.
    pub(super) fn sign_in(&self, incoming: &Incoming<'_>) -> Response {
        self.visit(incoming, |visit| {
            let flow = visit.open_flow()?;
            let parameters = Parameters::parse(flow.parameters.as_bytes());
            let directory = visit.directory;
            let checks = &mut visit.checks;
            let authorization = check(directory, flow.family, &flow.segment, &parameters, checks)?;
            if visit.decision() == Decision::Cancel {
                let parameters = vec![("error", "access_denied".to_owned()), ("error_subcode", "cancel".to_owned())];
                let checks = std::mem::take(&mut visit.checks);
                let response = self.send_back(&authorization.return_to, parameters, Vec::new(), checks);
                return Ok(end_flow(response, &flow));
            }
            let field = |name| incoming.form.text(name).unwrap_or_default();
            let (username, password) = (field("loginfmt"), field("passwd"));
            let issuer_of = |tenant: Tenant<'_>| self.0.origins.issuer(Family::V1, &tenant.id.to_string());
            let checks = &mut visit.checks;
            match authenticate(directory, &authorization, username, password, issuer_of, checks) {
                Ok(principal) => {
                    let signed_in = SignedIn {
                        oid: principal.account.object_id,
                        sid: randomness::guid(&mut *self.rng()),
                        auth_time: incoming.now.as_second(),
                        asked: Vec::new(),
                    };
                    visit.ask_or_finish(&authorization, principal, signed_in, flow)
                }
                Err(error @ (EntraError::UserNotFound { .. } | EntraError::InvalidPassword)) => {
                    let error = shown(&error, checks);
                    visit.sign_in_page(&authorization, &flow, username.to_owned(), Some(error))
                }
                Err(error) => Err(Refused::of(&authorization, error).into()),
            }
        })
    }

    /// The consent page's form.
    pub(super) fn consent(&self, incoming: &Incoming<'_>) -> Response {
        self.visit(incoming, |visit| {
            let flow = visit.open_flow()?;
            let parameters = Parameters::parse(flow.parameters.as_bytes());
            let directory = visit.directory;
            let authorization = check(directory, flow.family, &flow.segment, &parameters, &mut visit.checks)?;
            let Some(signed_in) = flow.signed_in.clone() else {
                return Err(visit.foreign_form("a form of the sign-in page").into());
            };
            let Some(principal) = Principal::find(directory, signed_in.oid) else {
                return Err(visit.foreign_form("a form of a user who is gone").into());
            };
            let expected = "the user accepts";
            if visit.decision() == Decision::Cancel {
                let fix = "the user: Accept on the consent page";
                visit.checks.refuse(Check::ConsentAccepted, expected, "the user declined", fix);
                let refused = Refused::of(&authorization, EntraError::ConsentDeclined);
                let response = visit.refuse(*refused);
                return Ok(end_flow(response, &flow));
            }
            // what the page showed must still be what there is to ask
            let requested = authorization.requested(directory, principal.tenant, &mut visit.checks)?;
            let asked = visit.still_to_ask(&authorization, principal, &requested)?;
            if !asked.is_empty() && ids(&asked) != signed_in.asked {
                return visit.ask_or_finish(&authorization, principal, signed_in, flow);
            }
            visit.checks.pass(Check::ConsentAccepted, expected, "so");
            let for_everyone =
                incoming.form.text("forEveryone") == Some("true") || authorization.prompt == Prompt::AdminConsent;
            let grantee = if for_everyone && principal.account.is_administrator() {
                Grantee::Tenant(principal.tenant.id)
            } else {
                Grantee::User(principal.account.object_id)
            };
            let given = signed_in.asked.iter().cloned().chain([added_silently()]);
            self.consents().give(authorization.client.client_id, grantee, given);
            visit.finish(&authorization, principal, &signed_in, &requested, &flow)
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

impl<'v> Visit<'v> {
    fn refuse(&mut self, refused: Refused) -> Response {
        let checks = std::mem::take(&mut self.checks);
        self.provider.refuse(&refused.error, refused.surface, self.incoming, checks)
    }

    fn open_flow(&mut self) -> Result<Flow, EntraError> {
        let cookies = cookies(self.incoming);
        let token = self.incoming.form.text("flowToken");
        Flow::open(self.flow_seal, token, &cookies, self.incoming.now, &mut self.checks)
    }

    fn foreign_form(&mut self, received: &str) -> EntraError {
        let fix = "start the sign-in again";
        self.checks.refuse(Check::RequestInteraction, "a form of the consent page", received, fix);
        EntraError::ForeignInteraction
    }

    fn decision(&self) -> Decision {
        match self.incoming.form.text("decision") {
            Some("accept") => Decision::Accept,
            _ => Decision::Cancel,
        }
    }

    fn sign_in_page(
        &mut self,
        authorization: &Authorization<'_>,
        flow: &Flow,
        username: String,
        error: Option<ShownError>,
    ) -> Answer {
        let page = SignInPage {
            frame: frame(),
            action: Route::SignIn.path(&authorization.segment.in_urls()),
            flow_token: self.flow_seal.seal(flow)?,
            client: authorization.client.shown_name().to_owned(),
            username,
            error,
        };
        Ok(self.page(authorization, &page))
    }

    /// A page whose form may lead, by way of this identity provider, to the application.
    fn page(&mut self, authorization: &Authorization<'_>, page: &impl askama::Template) -> Response {
        let form_action = format!("'self' {}", authorization.return_to.redirect_uri().form_action());
        page_response(StatusCode::OK, page, &form_action, std::mem::take(&mut self.checks))
    }

    fn still_to_ask(
        &mut self,
        authorization: &Authorization<'v>,
        principal: Principal<'v>,
        requested: &Requested<'v>,
    ) -> Result<Vec<Asked<'v>>, Box<Refused>> {
        let (directory, client) = (self.directory, authorization.client);
        let granted = Granted::gather(directory, &self.provider.consents(), client, principal);
        let prompt = authorization.prompt;
        still_to_ask(directory, client, principal, requested, &granted, prompt, &mut self.checks)
            .map_err(|error| Refused::of(authorization, error))
    }

    /// Shows the consent page where there is something to ask, and else ends the flow.
    fn ask_or_finish(
        &mut self,
        authorization: &Authorization<'v>,
        principal: Principal<'v>,
        signed_in: SignedIn,
        flow: Flow,
    ) -> Answer {
        let requested = authorization.requested(self.directory, principal.tenant, &mut self.checks)?;
        let asked = self.still_to_ask(authorization, principal, &requested)?;
        if asked.is_empty() {
            return self.finish(authorization, principal, &signed_in, &requested, &flow);
        }
        note_question(&asked, &mut self.checks);
        let flow = Flow { signed_in: Some(SignedIn { asked: ids(&asked), ..signed_in }), ..flow };
        let client = authorization.client;
        let redirect_host = authorization.return_to.redirect_uri().shown_host();
        let publisher = self.directory.tenant(&client.tenant).map(|tenant| tenant.display_name.clone());
        let page = ConsentPage {
            frame: frame(),
            action: Route::Consent.path(&authorization.segment.in_urls()),
            flow_token: self.flow_seal.seal(&flow)?,
            username: principal.account.username.clone(),
            organization: principal.tenant.display_name.clone(),
            client: client.shown_name().to_owned(),
            publisher: publisher.unwrap_or_default(),
            redirect_is_local: matches!(redirect_host.as_str(), "localhost" | "127.0.0.1"),
            redirect_host,
            asked: asked.iter().map(shown_question).collect(),
            for_everyone: principal.account.is_administrator(),
        };
        Ok(self.page(authorization, &page))
    }

    /// Sends the code.
    fn finish(
        &mut self,
        authorization: &Authorization<'v>,
        principal: Principal<'v>,
        signed_in: &SignedIn,
        requested: &Requested<'v>,
        flow: &Flow,
    ) -> Answer {
        let jti = randomness::guid(&mut *self.provider.rng());
        let lifetimes = self.directory.lifetimes();
        let now = self.incoming.now;
        let code = Code::issue(authorization, principal, signed_in, requested, lifetimes, jti, now);
        let mut first = vec![("code", self.seals.codes.seal(&code)?)];
        if authorization.client_info {
            first.push(("client_info", client_info_of(code.subject.oid, code.subject.tid)));
        }
        let last = vec![("session_state", signed_in.sid.to_string())];
        let checks = std::mem::take(&mut self.checks);
        let response = self.provider.send_back(&authorization.return_to, first, last, checks);
        Ok(end_flow(response, flow))
    }
}

fn ids(asked: &[Asked<'_>]) -> Vec<AskedIds> {
    asked.iter().map(Asked::ids).collect()
}

fn shown_question(asked: &Asked<'_>) -> AskedOf {
    let description = |value: &String| {
        let scopes = asked.resource.thing().scopes.values();
        let shown = scopes.filter(|scope| scope.value == *value).find_map(|scope| scope.display_name.clone());
        shown.unwrap_or_else(|| format!("Use {value} as you"))
    };
    AskedOf {
        resource: asked.resource.shown_name().to_owned(),
        scopes: asked.scopes.iter().map(|value| (value.clone(), description(value))).collect(),
    }
}

/// Name and value of every cookie.
fn cookies(incoming: &Incoming<'_>) -> Vec<(String, String)> {
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
