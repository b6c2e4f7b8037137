//! The steps from one page of a sign-in to the next.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use wire::Check;

use super::super::reply::{frame, page_response, shown};
use super::{Answer, Decision, Failure, Next, Visit, cookies};
use crate::error::EntraError;
use crate::pages::{AskedOf, ConsentPage, Everyone, ShownAccount, ShownError, SignInPage};
use crate::protocol::admin_consent;
use crate::protocol::admission::Principal;
use crate::protocol::assignment::check_assigned;
use crate::protocol::authorize::front_channel_grant;
use crate::protocol::authorize::{Authorization, Prompt, Purpose, Refused};
use crate::protocol::consent::{Asked, AskedIds, Granted, note_question, refuse_silently, still_to_ask};
use crate::protocol::discovery::cloud_instance;
use crate::protocol::grants::{Code, Subject};
use crate::protocol::interaction::{Flow, SignedIn};
use crate::protocol::randomness;
use crate::protocol::sessions::{self, Candidate, Session, candidates};
use crate::protocol::target::Requested;
use crate::protocol::token::reply::{Mint, client_info};
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

    pub(super) fn foreign_form(&mut self, received: &str) -> EntraError {
        let fix = "start the sign-in again";
        self.checks.refuse(Check::RequestInteraction, "a form of the consent page", received, fix);
        EntraError::ForeignInteraction
    }

    pub(super) fn decision(&self) -> Decision {
        match self.incoming.form.text("decision") {
            Some("accept") => Decision::Accept,
            _ => Decision::Cancel,
        }
    }

    pub(super) fn sign_in_page(
        &mut self,
        authorization: &Authorization<'_>,
        flow: &Flow,
        username: String,
        accounts: &[Candidate<'_>],
        error: Option<ShownError>,
    ) -> Answer {
        let shown = |Candidate { principal, session }: &Candidate<'_>| ShownAccount {
            session: session.sid.to_string(),
            display_name: principal.account.display_name.clone(),
            username: principal.account.username.clone(),
        };
        let page = SignInPage {
            frame: frame(),
            action: Route::SignIn.path(&authorization.segment.in_urls()),
            flow_token: self.flow_seal.seal(flow)?,
            client: authorization.client.shown_name().to_owned(),
            username,
            accounts: accounts.iter().map(shown).collect(),
            error,
        };
        Ok(self.page(authorization, &page))
    }

    /// A page whose form may lead, by way of this identity provider, to the application.
    fn page(&mut self, authorization: &Authorization<'_>, page: &impl askama::Template) -> Response {
        let form_action = format!("'self' {}", authorization.return_to.redirect_uri().form_action());
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
        let requested = authorization.requested(self.directory, principal.tenant, &mut self.checks)?;
        let refused = |error| Refused::of(authorization, error);
        let resources = requested.targets.iter().map(|target| target.resource);
        check_assigned(authorization.client, resources, principal, &mut self.checks).map_err(refused)?;
        let asked = self.still_to_ask(authorization, principal, &requested)?;
        if asked.is_empty() {
            return self.finish(authorization, principal, &signed_in, &requested).map(Next::Finished);
        }
        if authorization.prompt == Prompt::None {
            return Err(refused(refuse_silently(authorization.client, &asked, &mut self.checks)).into());
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
        if authorization.purpose == Purpose::AdminConsent {
            let (first, last) = admin_consent::answer(authorization, principal.tenant);
            let checks = std::mem::take(&mut self.checks);
            return Ok(self.provider.send_back(&authorization.return_to, first, last, checks));
        }
        let response_type = authorization.response_type;
        let lifetimes = self.directory.lifetimes();
        let now = self.incoming.now;
        let subject = Subject::of(authorization, principal, signed_in);
        let mut first = Vec::new();
        if response_type.code {
            let jti = randomness::guid(&mut *self.provider.rng());
            let code = Code::issue(authorization, subject.clone(), requested, lifetimes, jti, now);
            first.push(("code", self.seals.codes.seal(&code)?));
        }
        if response_type.has_tokens() {
            let granted = {
                let consents = self.provider.consents();
                Granted::gather(self.directory, &consents, authorization.client, principal)
            };
            let grant = front_channel_grant(authorization, principal, subject, requested, &granted, &mut self.checks)
                .map_err(|error| Refused::of(authorization, error))?;
            let keys = self.provider.signing_keys();
            let origins = &self.provider.0.origins;
            let mint = Mint { keys: &keys, origins, seals: self.seals, lifetimes, now };
            let code = first.first().map(|(_, code)| code.as_str());
            let rng = &mut *self.provider.rng();
            let tokens = mint.front_channel(&grant, authorization.family, response_type, code, rng)?;
            first.extend(tokens);
        }
        if authorization.instance_aware {
            first.extend(cloud_instance(&self.provider.0.origins));
        }
        if authorization.client_info {
            first.push(("client_info", client_info(authorization.client, principal)));
        }
        let last = vec![("session_state", signed_in.sid.to_string())];
        let checks = std::mem::take(&mut self.checks);
        Ok(self.provider.send_back(&authorization.return_to, first, last, checks))
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
        candidates(self.directory, authorization, &self.sessions(), self.incoming.now)
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
