//! Admin consent: a request that wants no token, but an administrator's consent for the whole tenant.
//!
//! Rules: Microsoft identity platform "Admin consent protocols". The form of v2 names scopes; that of v1 names none and
//! means all permissions of the client's registration.

use wire::{Check, Checks};

use super::Family;
use super::authorize::claims_request::ClaimsRequest;
use super::authorize::hints::Hints;
use super::authorize::opening::{Opening, open};
use super::authorize::response_type::ResponseType;
use super::authorize::{ADMIN_CONSENT_MARK, Authorization, Prompt, Purpose, Refused, ReturnTo, marked};
use super::parameters::Parameters;
use super::redirect_uri::{ResponseMode, ReturnAddress};
use super::target::{Wanted, parse_scope};
use crate::directory::{Directory, Tenant};
use crate::error::EntraError;
use crate::error::faces::{Interaction, Surface};

/// Checks a request for admin consent as far as that is possible before somebody signed in.
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
    let return_to = ReturnAddress::new(redirect_uri, ResponseMode::Query, parameters.bytes("state"));
    let refused = |error: EntraError| {
        let return_to = Some(marked(&return_to, segment.tenant()));
        Box::new(Refused { error, surface: Surface::Authorize { return_to, interaction: Interaction::Allowed } })
    };
    let wanted = match (family, parameters.text("scope")) {
        (Family::V1, _) => Wanted::Registered,
        (Family::V2, Some(text)) => {
            checks.pass(Check::RequestParameterPresent, "the parameter scope", text);
            Wanted::Scopes { scopes: parse_scope(text, checks).map_err(refused)?, resources: Vec::new() }
        }
        (Family::V2, None) => {
            let fix = "the client's scope: <Application ID URI>/.default means all permissions of its registration; or \
                       /<tenant>/adminconsent, which needs none";
            checks.refuse(Check::RequestParameterPresent, "the parameter scope", "none, or an empty one", fix);
            return Err(refused(EntraError::MissingParameter { parameter: "scope" }));
        }
    };
    if let Some(tenant) = segment.tenant() {
        wanted.resolve(directory, tenant, client, checks).map_err(refused)?;
    }
    Ok(Authorization {
        purpose: Purpose::AdminConsent,
        family,
        segment,
        client,
        response_type: ResponseType::default(),
        redirect_uri_given: parameters.text("redirect_uri").is_some(),
        wanted,
        prompt: Prompt::AdminConsent,
        nonce: None,
        challenge: None,
        hints: Hints::read(directory, parameters, checks).map_err(refused)?,
        claims: ClaimsRequest::default(),
        client_info: false,
        instance_aware: false,
        max_age: None,
        return_to: ReturnTo::Application(return_to),
    })
}

/// Parameters of an answer, in their order.
type Named = Vec<(&'static str, String)>;

/// The parameters that tell the client of the consent: those before `state`, and those behind it.
#[must_use]
pub fn answer(authorization: &Authorization<'_>, tenant: Tenant<'_>) -> (Named, Named) {
    let (name, value) = ADMIN_CONSENT_MARK;
    let mark = (name, value.to_owned());
    let tenant = ("tenant", tenant.id.to_string());
    match &authorization.wanted {
        Wanted::Scopes { scopes, .. } => (vec![mark, tenant, ("scope", scopes.text.clone())], Vec::new()),
        Wanted::Resource(_) | Wanted::Registered => (vec![tenant], vec![mark]),
    }
}
