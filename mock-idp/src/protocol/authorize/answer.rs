//! What answers an authorize request: whose grant it is, the code, and the tokens that come without one.

use jiff::Timestamp;
use scenarios::world::Lifetimes;
use uuid::Uuid;
use wire::Checks;

use super::Authorization;
use crate::error::EntraError;
use crate::protocol::admission::Principal;
use crate::protocol::client_credential::ClientAuthentication;
use crate::protocol::consent::{Granted, confirm};
use crate::protocol::grants::{Aim, Code, Grant, Subject};
use crate::protocol::interaction::SignedIn;
use crate::protocol::redirect_uri::MatchedRedirectUri;
use crate::protocol::target::Requested;

/// Whose grant the answer is.
#[must_use]
pub fn subject(authorization: &Authorization<'_>, principal: Principal<'_>, signed_in: &SignedIn) -> Subject {
    let SignedIn { sid, auth_time, mfa_time, .. } = *signed_in;
    Subject {
        mfa_time,
        contexts: authorization.claims.contexts(),
        by_device_code: authorization.is_of_device(),
        auth_time_wanted: authorization.wants_auth_time(),
        ..Subject::new(authorization.client, authorization.platform(), principal, sid, auth_time)
    }
}

/// The code that answers.
#[must_use]
pub fn code(
    authorization: &Authorization<'_>,
    redirect_uri: &MatchedRedirectUri,
    subject: Subject,
    requested: &Requested<'_>,
    lifetimes: &Lifetimes,
    jti: Uuid,
    now: Timestamp,
) -> Code {
    let iat = now.as_second();
    Code {
        jti,
        iat,
        exp: iat.saturating_add(i64::from(lifetimes.code_minutes) * 60),
        subject,
        redirect_uri: redirect_uri.as_str().to_owned(),
        redirect_uri_given: authorization.redirect_uri_given,
        resources: requested.targets.iter().map(Aim::at).collect(),
        oidc: requested.oidc.clone(),
        nonce: authorization.nonce.clone(),
        pkce: authorization.challenge.clone(),
        spa_hybrid: false,
    }
}

/// What a client is granted by tokens from the authorize endpoint: of the first resource, and without a refresh token.
///
/// # Errors
/// 65001.
pub fn front_channel_grant<'d>(
    authorization: &Authorization<'d>,
    principal: Principal<'d>,
    subject: Subject,
    requested: &Requested<'d>,
    granted: &Granted,
    checks: &mut Checks,
) -> Result<Grant<'d>, EntraError> {
    let client = authorization.client;
    let target = requested.targets.first().ok_or(EntraError::MissingParameter { parameter: "scope" })?.clone();
    let scopes = confirm(client, &target, &requested.oidc, granted, checks)?;
    Ok(Grant {
        oidc: requested.oidc.clone(),
        nonce: authorization.nonce.clone(),
        understands_challenges: authorization.claims.understands_challenges(),
        client_info: authorization.client_info,
        ..Grant::new(client, ClientAuthentication::None, principal, subject, target, scopes)
    })
}
