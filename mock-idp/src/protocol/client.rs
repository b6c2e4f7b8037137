//! Which application a request comes from.

use scenarios::world::{SignInAudience, SingleSignOnMode};
use wire::{Check, Checks};

use super::guid;
use super::tenant::Segment;
use crate::directory::{Application, Directory};
use crate::error::EntraError;

/// What a client id must be at least, before it is looked for.
const NOT_ZEROS: &str = "another client id than 00000000-0000-0000-0000-000000000000";

/// Finds the application of `client_id`, and whether it may be used at `segment`.
///
/// # Errors
/// 900144, 700038, 700016, 50194, 90130, 9002331, 9002332, 7000112 or 399274.
pub fn find<'d>(
    directory: &'d Directory,
    segment: Segment<'_>,
    client_id: Option<&str>,
    checks: &mut Checks,
) -> Result<Application<'d>, EntraError> {
    let setting = "copy the client id into the request, such as connector.client_id \
                   (portal: App registrations > the client > Overview > Application (client) ID)";
    let Some(client_id) = client_id else {
        checks.refuse(Check::RequestParameterPresent, "the parameter client_id", "none, or an empty one", setting);
        return Err(EntraError::MissingParameter { parameter: "client_id" });
    };
    let parsed = guid(client_id);
    if parsed.is_some_and(|id| id.is_nil()) {
        checks.refuse(Check::ClientWellFormed, NOT_ZEROS, client_id, setting);
        return Err(EntraError::InvalidClientId { client_id: client_id.to_owned() });
    }
    checks.pass(Check::ClientWellFormed, NOT_ZEROS, client_id);

    let registered = parsed.and_then(|id| directory.client(id));
    let known_here = registered.filter(|application| match segment.tenant() {
        // whether it takes personal accounts is judged below
        Some(tenant) if tenant.is_consumers() => true,
        Some(tenant) => application.tenant == tenant.name || application.is_multi_tenant(),
        None => true,
    });
    let directory_name = segment.tenant().map_or_else(|| segment.in_urls(), |tenant| tenant.display_name.clone());
    let expected = match segment.tenant() {
        Some(_) => format!("the client id of an application known in {directory_name}"),
        None => "the client id of an application of some tenant".to_owned(),
    };
    let Some(application) = known_here else {
        let fix = match registered {
            Some(application) => application.setting("audience", "Authentication > Supported account types"),
            None => format!("{setting}, or add the application: idp.apps"),
        };
        checks.refuse(Check::ClientRegistered, expected, client_id, fix);
        return Err(EntraError::ClientNotFound { client_id: client_id.to_owned(), tenant: directory_name });
    };
    checks.pass(Check::ClientRegistered, expected, application.shown_name());
    check_audience(application, segment, checks)?;
    check_enabled(application, checks)?;
    refuse_saml(application, checks)?;
    Ok(application)
}

/// `accountEnabled` of the service principal, or `isDisabled` of the application.
fn check_enabled(application: Application<'_>, checks: &mut Checks) -> Result<(), EntraError> {
    let expected = "an application that is enabled";
    if !application.disabled {
        checks.pass(Check::ClientEnabled, expected, "it is");
        return Ok(());
    }
    let fix = format!(
        "idp.apps.{}.disabled: false (portal: Enterprise applications > {} > Properties > Enabled for users to sign-in?)",
        application.name,
        application.shown_name()
    );
    checks.refuse(Check::ClientEnabled, expected, "it is disabled", fix);
    let (client_id, client_name) = (application.client_id, application.shown_name().to_owned());
    Err(EntraError::ApplicationDisabled { client_id, client_name })
}

/// An enterprise application is of OpenID Connect or of SAML. Where else Entra refuses the second kind is not established.
fn refuse_saml(application: Application<'_>, checks: &mut Checks) -> Result<(), EntraError> {
    let expected = "an application of OpenID Connect";
    if application.preferred_single_sign_on_mode == SingleSignOnMode::Oidc {
        checks.pass(Check::ClientSingleSignOnMode, expected, "one of OpenID Connect");
        return Ok(());
    }
    let (client_id, client_name) = (application.client_id, application.shown_name().to_owned());
    let fix = format!(
        "idp.apps.{}.preferred_single_sign_on_mode: oidc (portal: Enterprise applications > {client_name} > Single sign-on)",
        application.name
    );
    checks.refuse(Check::ClientSingleSignOnMode, expected, "one of SAML", fix);
    Err(EntraError::SamlApplication { client_id, client_name })
}

fn check_audience(application: Application<'_>, segment: Segment<'_>, checks: &mut Checks) -> Result<(), EntraError> {
    let (client_id, client_name) = (application.client_id, application.shown_name().to_owned());
    let fix = || application.setting("audience", "Authentication > Supported account types");
    let audience = audience_name(application.audience);
    match (application.audience, segment.tenant()) {
        (_, Some(tenant)) if tenant.is_consumers() => {
            let expected = "an audience with personal Microsoft accounts";
            if application.takes_personal_accounts() {
                checks.pass(Check::ClientAudience, expected, audience);
                return Ok(());
            }
            let fix = format!("{}, or organizations or the tenant's id in the place of consumers in the URL", fix());
            checks.refuse(Check::ClientAudience, expected, audience, fix);
            Err(match application.first_party {
                true => EntraError::ApplicationNotForConsumers { client_id, client_name },
                false => EntraError::OrganizationsOnly { client_id, client_name },
            })
        }
        (SignInAudience::Personal, _) => {
            checks.refuse(Check::ClientAudience, "an audience with accounts of organisations", audience, fix());
            Err(EntraError::PersonalAccountsOnly { client_id, client_name })
        }
        (SignInAudience::MyOrg, None) => {
            let expected = format!("an audience of many organisations, as /{} needs", segment.in_urls());
            let fix = format!("{}, or the tenant's id in the place of '{}' in the URL", fix(), segment.in_urls());
            checks.refuse(Check::ClientAudience, expected, audience, fix);
            Err(EntraError::NotMultiTenant { client_id, client_name, segment: segment.in_urls() })
        }
        (_, tenant) => {
            let expected = if tenant.is_some() {
                "an audience with accounts of organisations"
            } else {
                "an audience of many organisations"
            };
            checks.pass(Check::ClientAudience, expected, audience);
            Ok(())
        }
    }
}

fn audience_name(audience: SignInAudience) -> &'static str {
    match audience {
        SignInAudience::MyOrg => "AzureADMyOrg",
        SignInAudience::MultipleOrgs => "AzureADMultipleOrgs",
        SignInAudience::MultipleOrgsAndPersonal => "AzureADandPersonalMicrosoftAccount",
        SignInAudience::Personal => "PersonalMicrosoftAccount",
    }
}
