//! The steps from one page of a sign-in to the next.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use wire::Check;

use super::super::reply::{frame, page_response, shown};
use super::{Answer, Decision, Failure, Next, Visit, cookies, end_flow};
use crate::directory::Account;
use crate::endpoints::Shared;
use crate::error::EntraError;
use crate::pages::{AskedOf, ConsentPage, Everyone, ShownAccount, ShownError, SignInPage};
use crate::protocol::Family;
use crate::protocol::admin_consent;
use crate::protocol::admission::Principal;
use crate::protocol::assignment::check_assigned;
use crate::protocol::authorize::answer;
use crate::protocol::authorize::{self, Authorization, Prompt, Purpose, Refused, ReturnTo};
use crate::protocol::consent::{Asked, AskedIds, Granted, note_question, refuse_silently, still_to_ask};
use crate::protocol::discovery::cloud_instance;
use crate::protocol::interaction::{Flow, SignedIn};
use crate::protocol::parameters::Parameters;
use crate::protocol::revocation::{SessionEnd, session_end};
use crate::protocol::sessions::{self, Candidate, Session, candidates};
use crate::protocol::sign_in::check_enabled;
use crate::protocol::signing::check_keys_for_user;
use crate::protocol::target::Requested;
use crate::protocol::token::reply::{Mint, client_info};
use crate::protocol::{cross_tenant_access, device_code, randomness, tenant_restrictions};
use crate::routes::Route;

impl<'v> Visit<'v> {
    pub(super) fn refuse(&mut self, refused: Refused) -> Response {
        let checks = std::mem::take(&mut self.checks);
        self.provider.refuse(&refused.error, refused.surface, self.incoming, checks)
    }

    pub(super) fn open_flow(&mut self) -> Result<Flow, EntraError> {
        let cookies = cookies(self.incoming);
        let token = self.incoming.form.text("flowToken");
        Flow::open(self.flow_seal, token, &cookies, self.incoming.now, &mut self.checks)
    }

    /// What a flow began with, judged anew: the world may have changed since.
    pub(super) fn authorization(&mut self, flow: &Flow) -> Result<Authorization<'v>, Box<Refused>> {
        match &flow.user_code {
            Some(user_code) => {
                let waiting =
                    self.provider.device_codes().waiting(Some(user_code), self.incoming.now, &mut self.checks);
                let (user_code, request) = waiting?;
                Ok(device_code::authorization(self.directory, &request, &user_code, &mut self.checks)?)
            }
            None => {
                let parameters = Parameters::parse(flow.parameters.as_bytes());
                self.check(flow.purpose, flow.family, &flow.segment, &parameters)
            }
        }
    }

    /// Checks what a browser came with, as far as that is possible before somebody signed in.
    pub(super) fn check(
        &mut self,
        purpose: Purpose,
        family: Family,
        segment: &str,
        parameters: &Parameters,
    ) -> Result<Authorization<'v>, Box<Refused>> {
        let check = match purpose {
            Purpose::Tokens => authorize::check,
            Purpose::AdminConsent => admin_consent::check,
        };
        check(self.directory, family, segment, parameters, &mut self.checks)
    }

    pub(super) fn foreign_form(&mut self, received: &str) -> EntraError {
        let fix = "start the sign-in again";
        self.checks.refuse(Check::RequestInteraction, "a form of the consent page", received, fix);
        EntraError::ForeignInteraction
    }

    pub(super) fn decision(&self) -> Decision {
        match self.incoming.form.text("decision") {
            Some("accept") => Decision::Accept,
            Some("back") => Decision::Back,
            _ => Decision::Cancel,
        }
    }

    /// Back to the application, as the user wants.
    pub(super) fn cancelled(&mut self, authorization: &Authorization<'_>, flow: &Flow) -> Response {
        let response = match &authorization.return_to {
            ReturnTo::Application(address) => {
                let parameters = vec![("error", "access_denied".to_owned()), ("error_subcode", "cancel".to_owned())];
                let checks = std::mem::take(&mut self.checks);
                self.provider.send_back(&authorization.refusal_address_of(address), parameters, Vec::new(), checks)
            }
            ReturnTo::Device(user_code) => self.turn_device_away(authorization, user_code),
        };
        end_flow(response, flow)
    }

    /// Goes on with a user whose password was right just now.
    pub(super) fn let_in(&mut self, authorization: &Authorization<'v>, principal: Principal<'v>, flow: Flow) -> Answer {
        let signed_in = SignedIn {
            oid: principal.object_id(),
            sid: randomness::guid(&mut *self.provider.rng()),
            auth_time: self.incoming.now.as_second(),
            mfa_time: None,
            asked: Vec::new(),
        };
        let session = Session::of(principal, &signed_in);
        let asking = Flow { asks_to_keep: true, ..flow.clone() };
        let next = self.ask_or_finish(authorization, principal, signed_in, asking)?;
        let mut response = next.response(&flow);
        self.stay_signed_in(session, &mut response);
        Ok(response)
    }

    pub(super) fn sign_in_page(
        &mut self,
        authorization: &Authorization<'_>,
        flow: &Flow,
        username: String,
        accounts: &[Candidate<'_>],
        error: Option<ShownError>,
    ) -> Answer {
        let page = SignInPage {
            frame: frame(),
            action: Route::SignIn.path(&authorization.segment.in_urls()),
            flow_token: self.flow_seal.seal(flow)?,
            client: authorization.client.shown_name().to_owned(),
            username,
            asks_password: false,
            accounts: accounts.iter().map(ShownAccount::of).collect(),
            error,
        };
        Ok(self.page(authorization, &page))
    }

    /// The second step of a sign-in in two: the password of a user who exists.
    pub(super) fn password_page(&mut self, authorization: &Authorization<'_>, flow: &Flow, username: &str) -> Answer {
        self.checks.pass(Check::UserExists, "a user who exists", username);
        let page = SignInPage {
            frame: frame(),
            action: Route::SignIn.path(&authorization.segment.in_urls()),
            flow_token: self.flow_seal.seal(flow)?,
            client: authorization.client.shown_name().to_owned(),
            username: username.to_owned(),
            asks_password: true,
            accounts: Vec::new(),
            error: None,
        };
        Ok(self.page(authorization, &page))
    }

    /// A page whose form may lead, by way of this identity provider, to the application.
    pub(super) fn page(&mut self, authorization: &Authorization<'_>, page: &impl askama::Template) -> Response {
        let form_action = match authorization.return_to.application() {
            Some(address) => format!("'self' {}", address.redirect_uri().form_action()),
            None => "'self'".to_owned(),
        };
        page_response(StatusCode::OK, page, &form_action, std::mem::take(&mut self.checks))
    }

    pub(super) fn still_to_ask(
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
    pub(super) fn ask_or_finish(
        &mut self,
        authorization: &Authorization<'v>,
        principal: Principal<'v>,
        signed_in: SignedIn,
        flow: Flow,
    ) -> Result<Next, Failure> {
        let refused = |error| Refused::of(authorization, error);
        let restricted_to = self.incoming.parts.headers.get(tenant_restrictions::HEADER);
        let restricted_to = restricted_to.map(|value| value.to_str().unwrap_or_default());
        tenant_restrictions::check(self.directory, restricted_to, principal.tenant, &mut self.checks)
            .map_err(refused)?;
        cross_tenant_access::check(principal, &mut self.checks).map_err(refused)?;
        check_enabled(principal.account, &mut self.checks).map_err(refused)?;
        let requested = authorization.requested(self.directory, principal.tenant, &mut self.checks)?;
        let resources = requested.targets.iter().map(|target| target.resource);
        check_assigned(self.directory, authorization.client, resources, principal, &mut self.checks)
            .map_err(refused)?;
        if let Some(page) = self.policy_page(authorization, principal, &signed_in, &requested, &flow)? {
            return Ok(Next::Asked(page));
        }
        if let Some(page) = self.interrupt(authorization, principal, &signed_in, &flow)? {
            return Ok(Next::Asked(page));
        }
        let asked = match self.still_to_ask(authorization, principal, &requested) {
            Err(refused) if self.offers_a_form(authorization, &refused) => {
                let flow = Flow { signed_in: Some(signed_in), ..flow };
                let page = self.approval_page(authorization, principal, &requested, &flow, &refused.error, false)?;
                return Ok(Next::Asked(page));
            }
            asked => asked?,
        };
        if asked.is_empty() {
            return self.finish(authorization, principal, &signed_in, &requested).map(Next::Finished);
        }
        if authorization.prompt == Prompt::None {
            return Err(refused(refuse_silently(authorization.client, &asked, &mut self.checks)).into());
        }
        note_question(&asked, &mut self.checks);
        let flow = Flow { signed_in: Some(SignedIn { asked: ids(&asked), ..signed_in }), ..flow };
        let client = authorization.client;
        let redirect_host = authorization.return_to.application().map(|address| address.redirect_uri().shown_host());
        let publisher = self.directory.tenant(&client.tenant).map(|tenant| tenant.display_name.clone());
        let page = ConsentPage {
            frame: frame(),
            action: Route::Consent.path(&authorization.segment.in_urls()),
            flow_token: self.flow_seal.seal(&flow)?,
            username: principal.account.username.clone(),
            organization: principal.tenant.display_name.clone(),
            client: client.shown_name().to_owned(),
            publisher: publisher.unwrap_or_default(),
            redirect_is_local: matches!(redirect_host.as_deref(), Some("localhost" | "127.0.0.1")),
            redirect_host,
            asked: asked.iter().map(shown_question).collect(),
            everyone: match (authorization.prompt, principal.account.is_administrator()) {
                (Prompt::AdminConsent, _) => Everyone::Always,
                (_, true) => Everyone::IfChosen,
                (_, false) => Everyone::Never,
            },
        };
        Ok(Next::Asked(self.page(authorization, &page)))
    }

    /// Sends what the request asked for.
    pub(super) fn finish(
        &mut self,
        authorization: &Authorization<'v>,
        principal: Principal<'v>,
        signed_in: &SignedIn,
        requested: &Requested<'v>,
    ) -> Answer {
        let response_type = authorization.response_type;
        let lifetimes = self.directory.lifetimes();
        let now = self.incoming.now;
        let subject = answer::subject(authorization, principal, signed_in);
        let return_to = match &authorization.return_to {
            ReturnTo::Application(address) => address,
            ReturnTo::Device(user_code) => return self.let_device_in(authorization, user_code, subject, requested),
        };
        if authorization.purpose == Purpose::AdminConsent {
            let (first, last) = admin_consent::answer(authorization, principal.tenant);
            let checks = std::mem::take(&mut self.checks);
            return Ok(self.provider.send_back(return_to, first, last, checks));
        }
        let mut first = Vec::new();
        if response_type.code {
            let jti = randomness::guid(&mut *self.provider.rng());
            let code =
                answer::code(authorization, return_to.redirect_uri(), subject.clone(), requested, lifetimes, jti, now);
            first.push(("code", self.seals.codes.seal(&code)?));
        }
        if response_type.has_tokens() {
            let granted = {
                let consents = self.provider.consents();
                Granted::gather(self.directory, &consents, authorization.client, principal)
            };
            let grant =
                answer::front_channel_grant(authorization, principal, subject, requested, &granted, &mut self.checks)
                    .map_err(|error| Refused::of(authorization, error))?;
            check_keys_for_user(&grant, authorization.family, now, &mut self.checks)
                .map_err(|error| Refused::of(authorization, error))?;
            let Shared { keys, origins, .. } = &*self.provider.0;
            let mint = Mint { keys, origins, seals: self.seals, directory: self.directory, now };
            let code = first.first().map(|(_, code)| code.as_str());
            let rng = &mut *self.provider.rng();
            let tokens = mint.front_channel(&grant, authorization.family, response_type, code, rng)?;
            first.extend(tokens);
        }
        if self.directory.single_sign_on() {
            self.provider.sessions().take_part(signed_in.sid, authorization.client.client_id);
        }
        if authorization.instance_aware {
            first.extend(cloud_instance(&self.provider.0.origins));
        }
        if authorization.client_info {
            first.push(("client_info", client_info(authorization.client, principal)));
        }
        let last = vec![("session_state", signed_in.sid.to_string())];
        let checks = std::mem::take(&mut self.checks);
        Ok(self.provider.send_back(return_to, first, last, checks))
    }

    /// The sessions of this browser, where browsers stay signed in.
    pub(super) fn sessions(&self) -> Vec<Session> {
        if !self.directory.single_sign_on() {
            return Vec::new();
        }
        self.provider.sessions().of(&cookies(self.incoming), self.incoming.now)
    }

    /// The signed-in accounts of this browser that the request can mean.
    pub(super) fn candidates(&self, authorization: &Authorization<'v>) -> Vec<Candidate<'v>> {
        let mut candidates = candidates(self.directory, authorization, &self.sessions(), self.incoming.now);
        let passwords = self.provider.passwords();
        candidates.retain(|Candidate { principal, session }| {
            session_end(principal.account, &passwords, session.auth_time).is_none()
        });
        candidates
    }

    /// A session of this browser that the request can mean, but which has ended before its time.
    pub(super) fn ended_session(&self, authorization: &Authorization<'v>) -> Option<(Account<'v>, SessionEnd)> {
        let candidates = candidates(self.directory, authorization, &self.sessions(), self.incoming.now);
        let passwords = self.provider.passwords();
        candidates.into_iter().find_map(|Candidate { principal: Principal { account, .. }, session }| {
            Some((account, session_end(account, &passwords, session.auth_time)?))
        })
    }

    /// What the sign-in page says of a picked account whose session has ended.
    pub(super) fn tile_of_no_session(&mut self) -> ShownError {
        let expected = "an account that is signed in to this browser";
        self.checks.refuse(Check::SessionPicked, expected, "one that is not, or no longer", "pick again, or sign in");
        shown(&EntraError::PickedSessionInvalid, &self.checks)
    }

    /// Remembers the sign-in for this browser, where browsers stay signed in.
    pub(super) fn stay_signed_in(&self, session: Session, response: &mut Response) {
        if !self.directory.single_sign_on() {
            return;
        }
        let (cookies, now) = (cookies(self.incoming), self.incoming.now);
        let value = self.provider.sessions().add(session, &cookies, now, &mut *self.provider.rng());
        // None, as Entra has it: pages of applications renew their tokens in frames
        let text = format!("{}={value}; Path=/; Secure; HttpOnly; SameSite=None", sessions::COOKIE);
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
}

pub(super) fn ids(asked: &[Asked<'_>]) -> Vec<AskedIds> {
    asked.iter().map(Asked::ids).collect()
}

pub(super) fn shown_question(asked: &Asked<'_>) -> AskedOf {
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
