//! The authorize request: what is checked, in which order, and where a refusal may go.
//!
//! Tenant, client and redirect URI come first: until they are in order nothing is sent anywhere (RFC 6749 §4.1.2.1).

pub mod answer;
pub mod claims_request;
pub mod hints;
pub mod opening;
pub mod response_type;

use claims_request::ClaimsRequest;
use hints::Hints;
use opening::{Opening, open};
use response_type::{ResponseType, check_response_mode, response_mode};
use serde::{Deserialize, Serialize};
use wire::{Check, Checks};

use super::Family;
use super::admission::Door;
use super::parameters::Parameters;
use super::pkce::{CodeChallenge, Method};
use super::redirect_uri::{Platform, ReturnAddress};
use super::target::{Requested, Wanted};
use super::tenant::Segment;
use crate::directory::{Application, Directory, Tenant};
use crate::error::EntraError;
use crate::error::faces::{Interaction, Surface};

/// What the pages should do (OpenID Connect Core §3.1.2.1, and Entra's own values).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    /// Not given.
    #[default]
    Absent,
    /// Show no page.
    None,
    /// Ask for credentials.
    Login,
    /// Let the user choose an account.
    SelectAccount,
    /// Ask for consent, also where it was given.
    Consent,
    /// Ask an administrator for the consent of the whole tenant; v1 only.
    AdminConsent,
}

impl Prompt {
    fn named(name: &str, family: Family) -> Option<Self> {
        match name {
            "none" => Some(Self::None),
            "login" => Some(Self::Login),
            "select_account" | "create" => Some(Self::SelectAccount),
            "consent" => Some(Self::Consent),
            "admin_consent" if family == Family::V1 => Some(Self::AdminConsent),
            _ => None,
        }
    }
}

/// What a sign-in is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A code or tokens.
    #[default]
    Tokens,
    /// An administrator's consent for the whole tenant.
    AdminConsent,
}

/// An authorize request, or one for admin consent, that is in order.
#[derive(Clone, Debug)]
pub struct Authorization<'d> {
    /// What it is for.
    pub purpose: Purpose,
    /// Which endpoint it came to.
    pub family: Family,
    /// Whom it addresses.
    pub segment: Segment<'d>,
    /// The client.
    pub client: Application<'d>,
    /// What the answer holds.
    pub response_type: ResponseType,
    /// Where the answer goes.
    pub return_to: ReturnTo,
    /// Whether the request named the redirect URI; then the token request must too.
    pub redirect_uri_given: bool,
    /// What it asks for.
    pub wanted: Wanted,
    /// `prompt`.
    pub prompt: Prompt,
    /// `nonce`.
    pub nonce: Option<String>,
    /// The PKCE challenge.
    pub challenge: Option<CodeChallenge>,
    /// Whom it means.
    pub hints: Hints<'d>,
    /// What it asks tokens to hold.
    pub claims: ClaimsRequest,
    /// Whether `client_info` is wanted.
    pub client_info: bool,
    /// `instance_aware`: whether the answer says which cloud it comes from. A client that reads that goes there.
    pub instance_aware: bool,
    /// `max_age`: how old a sign-in may be, in seconds; where it was sent, the id token says when the user signed in.
    pub max_age: Option<i64>,
}

/// Where the answer to a sign-in goes.
#[derive(Clone, Debug)]
pub enum ReturnTo {
    /// To the application's redirect URI.
    Application(ReturnAddress),
    /// To the device that shows this user code; the browser stays.
    Device(String),
}

impl ReturnTo {
    /// The application's address; a device has none.
    #[must_use]
    pub fn application(&self) -> Option<&ReturnAddress> {
        match self {
            Self::Application(address) => Some(address),
            Self::Device(_) => None,
        }
    }
}

/// A refusal with the place where it is due.
#[derive(Clone, Debug)]
pub struct Refused {
    /// What is wrong.
    pub error: EntraError,
    /// Where the request came in, and what is trusted of it.
    pub surface: Surface,
}

impl Refused {
    /// A refusal on the pages of an authorize request that is in order.
    #[must_use]
    pub fn of(authorization: &Authorization<'_>, error: EntraError) -> Box<Self> {
        let interaction =
            if authorization.prompt == Prompt::None { Interaction::Forbidden } else { Interaction::Allowed };
        let return_to = authorization.return_to.application().map(|address| authorization.refusal_address_of(address));
        Box::new(Self { error, surface: Surface::Authorize { return_to, interaction } })
    }
}

impl From<EntraError> for Box<Refused> {
    /// A refusal before the redirect URI is trusted: a page.
    fn from(error: EntraError) -> Self {
        let surface = Surface::Authorize { return_to: None, interaction: Interaction::Allowed };
        Box::new(Refused { error, surface })
    }
}

/// Checks a request for tokens as far as that is possible before somebody signed in.
///
/// # Errors
/// Where a check refuses.
pub fn check<'d>(
    directory: &'d Directory,
    family: Family,
    segment: &str,
    parameters: &Parameters,
    checks: &mut Checks,
) -> Result<Authorization<'d>, Box<Refused>> {
    let Opening { segment, client, redirect_uri } = open(directory, family, segment, parameters, checks)?;

    // from here on the address is trusted, and most refusals go there
    let return_to = ReturnAddress::new(redirect_uri, response_mode(parameters), parameters.bytes("state"));
    let interaction =
        if parameters.text("prompt") == Some("none") { Interaction::Forbidden } else { Interaction::Allowed };
    let refused = |error: EntraError| {
        let surface = Surface::Authorize { return_to: Some(return_to.clone()), interaction };
        Box::new(Refused { error, surface })
    };

    let response_type = ResponseType::check(parameters.text("response_type"), client, checks).map_err(refused)?;
    check_response_mode(response_type, parameters, checks).map_err(refused)?;
    let prompt = check_prompt(parameters.text("prompt"), family, checks).map_err(refused)?;
    let hints = Hints::read(directory, parameters, checks).map_err(refused)?;
    let claims = ClaimsRequest::read(parameters, checks).map_err(refused)?;
    let challenge = CodeChallenge::read(parameters, checks).map_err(refused)?;
    let is_s256 = challenge.as_ref().is_some_and(|challenge| challenge.method == Method::S256);
    if response_type.code && return_to.redirect_uri().platform() == Platform::Spa && !is_s256 {
        let received = if challenge.is_some() { "a plain code_challenge" } else { "no code_challenge" };
        let fix = format!("the client's PKCE, or {}", client.setting("redirect_uris.spa", "Authentication"));
        checks.refuse(
            Check::CodeChallenge,
            "a code_challenge with code_challenge_method=S256, which a single-page application must send",
            received,
            fix,
        );
        return Err(refused(EntraError::PkceRequired));
    }
    let mode = directory.resource_parameter();
    let wanted = Wanted::read(family, response_type, parameters, mode, checks).map_err(refused)?;
    response_type.check_id_token(parameters, checks).map_err(refused)?;
    match segment.tenant() {
        // found again after the sign-in, when the tenant is known in every case
        Some(tenant) => {
            wanted.resolve(directory, tenant, client, checks).map(|_| ()).map_err(EntraError::before_sign_in)
        }
        None => wanted.refuse_hopeless(directory, client, checks),
    }
    .map_err(refused)?;
    Ok(Authorization {
        purpose: Purpose::Tokens,
        family,
        segment,
        client,
        response_type,
        redirect_uri_given: parameters.text("redirect_uri").is_some(),
        wanted,
        prompt,
        nonce: parameters.text("nonce").map(str::to_owned),
        challenge,
        hints,
        claims,
        client_info: parameters.text("client_info") == Some("1"),
        instance_aware: parameters.text("instance_aware") == Some("true"),
        // what is no number asks for a new sign-in
        max_age: parameters.text("max_age").map(|seconds| seconds.parse().unwrap_or(0)),
        return_to: ReturnTo::Application(return_to),
    })
}

/// What says, beside an answer or a refusal, that it is about admin consent.
pub const ADMIN_CONSENT_MARK: (&str, &str) = ("admin_consent", "True");

/// The address for a refusal: what comes there is marked, and names the tenant where the path does.
#[must_use]
pub fn marked(return_to: &ReturnAddress, tenant: Option<Tenant<'_>>) -> ReturnAddress {
    let (name, value) = ADMIN_CONSENT_MARK;
    let tenant = tenant.map(|tenant| ("tenant", tenant.id.to_string()));
    return_to.clone().with([(name, value.to_owned())].into_iter().chain(tenant))
}

impl<'a> Authorization<'a> {
    /// The application's `address` as refusals have it.
    #[must_use]
    pub fn refusal_address_of(&self, address: &ReturnAddress) -> ReturnAddress {
        match self.purpose {
            Purpose::Tokens => address.clone(),
            Purpose::AdminConsent => marked(address, self.segment.tenant()),
        }
    }

    /// Where the user comes in.
    #[must_use]
    pub fn door(&self) -> Door<'a> {
        Door { family: self.family, segment: self.segment, client: self.client }
    }

    /// The kind of client: that of the redirect URI; without one, as the registration says.
    #[must_use]
    pub fn platform(&self) -> Platform {
        match self.return_to.application() {
            Some(address) => address.redirect_uri().platform(),
            None => Platform::without_redirect_uri(self.client),
        }
    }

    /// Whether the sign-in lets a device in that shows a code.
    #[must_use]
    pub fn is_of_device(&self) -> bool {
        matches!(self.return_to, ReturnTo::Device(_))
    }

    /// Whether the id token says when the user signed in: `max_age` and the claim `auth_time` ask for it.
    #[must_use]
    pub fn wants_auth_time(&self) -> bool {
        self.max_age.is_some() || self.claims.id_token.contains_key("auth_time")
    }

    /// An access token is for one resource; a code can be redeemed for one after the other.
    fn check_one_resource(&self, requested: &Requested<'_>, checks: &mut Checks) -> Result<(), EntraError> {
        let Wanted::Scopes { scopes, .. } = &self.wanted else { return Ok(()) };
        if !self.response_type.token || requested.targets.len() < 2 {
            return Ok(());
        }
        let fix = "the client's scope: one resource, or response_type=code, for one resource after the other";
        checks.refuse(Check::ScopeWellFormed, "scopes of one resource", scopes.text.as_str(), fix);
        Err(EntraError::SeveralResources { scope: scopes.text.clone() })
    }

    /// What the request asks for in the tenant of the user.
    ///
    /// # Errors
    /// As [`Wanted::resolve`]; 28000 where an access token is asked for, and for more than one resource.
    pub fn requested<'d>(
        &self,
        directory: &'d Directory,
        tenant: crate::directory::Tenant<'_>,
        checks: &mut Checks,
    ) -> Result<Requested<'d>, Box<Refused>> {
        let requested = self.wanted.resolve(directory, tenant, self.client, checks);
        let requested = requested.map_err(|error| Refused::of(self, error))?;
        self.check_one_resource(&requested, checks).map_err(|error| Refused::of(self, error))?;
        Ok(requested)
    }
}

fn check_prompt(prompt: Option<&str>, family: Family, checks: &mut Checks) -> Result<Prompt, EntraError> {
    let expected = "none, login, select_account or consent";
    let Some(text) = prompt else {
        checks.pass(Check::Prompt, expected, "not given");
        return Ok(Prompt::Absent);
    };
    match Prompt::named(text, family) {
        Some(prompt) => {
            checks.pass(Check::Prompt, expected, text);
            Ok(prompt)
        }
        None => {
            let fix = "let the client send one of these, or no prompt: such as in \
                       connector.authorization_url_query_string_template";
            checks.refuse(Check::Prompt, expected, text, fix);
            Err(EntraError::UnsupportedPrompt)
        }
    }
}
