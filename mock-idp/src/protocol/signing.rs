//! Which key may sign an application's tokens.
//!
//! Rules: Microsoft identity platform "Customize claims issued in the JSON web token (JWT)", "Signing key rollover".

use jiff::Timestamp;
use url::Url;
use wire::{Check, Checks};

use super::Family;
use super::claims::audience;
use super::grants::Grant;
use super::scope::OidcScope;
use super::target::Target;
use crate::directory::{Application, Tenant};
use crate::error::EntraError;

/// The tokens of a user's grant must have keys that may sign them: the access token one of the resource, the id token,
/// which always comes from v1 endpoints, one of the client.
///
/// # Errors
/// 50146 or 501461.
pub fn check_keys_for_user(
    grant: &Grant<'_>,
    family: Family,
    now: Timestamp,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    check_key_for(&grant.target, grant.principal.tenant, now, checks)?;
    let is_same = grant.client.client_id == grant.target.resource.client_id;
    if !is_same && (family == Family::V1 || grant.oidc.contains(&OidcScope::OpenId)) {
        check_key(grant.client, &grant.client.client_id.to_string(), grant.principal.tenant, now, checks)?;
    }
    Ok(())
}

/// The access token for `target` must have a key that may sign it.
///
/// # Errors
/// 50146 or 501461.
pub fn check_key_for(
    target: &Target<'_>,
    tenant: Tenant<'_>,
    now: Timestamp,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    check_key(target.resource, &audience(target, target.resource.token_version()), tenant, now, checks)
}

/// A key of the application's own must be good now. Claims of its own ask for one, or for `acceptMappedClaims`, which
/// holds for an audience that nobody else can have.
fn check_key(
    application: Application<'_>,
    audience: &str,
    tenant: Tenant<'_>,
    now: Timestamp,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let setting = |member| format!("idp.apps.{}.{member}", application.name);
    let expected = format!("a signing key of {} that is good at {now}", application.shown_name());
    if let Some(key) = &application.signing_key {
        let starts = key.starts.map_or_else(String::new, |starts| format!("from {starts} "));
        let received = format!("one that is good {starts}until {}", key.expires);
        if key.starts.is_none_or(|starts| starts <= now) && now < key.expires {
            checks.pass(Check::TokenSigningKey, expected, received);
            return Ok(());
        }
        let fix = format!(
            "{} (portal: Enterprise applications > {} > Single sign-on > Token signing certificate)",
            setting("signing_key"),
            application.shown_name()
        );
        checks.refuse(Check::TokenSigningKey, expected, received, fix);
        return Err(EntraError::SigningKeyMissing);
    }
    if application.mapped_claims.is_empty() {
        return Ok(());
    }
    if !application.accept_mapped_claims {
        let fix = format!(
            "{}, or {}: true (portal: App registrations > {} > Manifest > acceptMappedClaims)",
            setting("signing_key"),
            setting("accept_mapped_claims"),
            application.shown_name()
        );
        let received = "none, and claims of its own (idp.apps.<app>.mapped_claims)";
        checks.refuse(Check::TokenSigningKey, expected, received, fix);
        return Err(EntraError::SigningKeyMissing);
    }
    let expected = format!("the audience {} or a URI in one of {}", application.client_id, tenant.domains.join(", "));
    if audience == application.client_id.to_string() || is_in_verified_domain(audience, tenant) {
        checks.pass(Check::TokenSigningKey, expected, audience);
        return Ok(());
    }
    let fix = format!(
        "{} (portal: App registrations > {} > Expose an API > Application ID URI); or ask for the client id as resource, or \
         {}: 2, or {}",
        setting("identifier_uris"),
        application.shown_name(),
        setting("access_token_version"),
        setting("signing_key")
    );
    checks.refuse(Check::TokenSigningKey, expected, audience, fix);
    Err(EntraError::MappedClaimsAudience)
}

/// Whether the URI is one that only the tenant can have.
fn is_in_verified_domain(uri: &str, tenant: Tenant<'_>) -> bool {
    let url = Url::parse(uri).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_ascii_lowercase();
    tenant
        .domains
        .iter()
        .map(|domain| domain.to_ascii_lowercase())
        .any(|domain| host.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}
