//! A code for tokens (RFC 6749 §4.1.3).

use jiff::Timestamp;
use scenarios::world::RedirectUris;
use wire::{Check, Checks};

use super::redemption::{check_client, check_origin, open};
use super::user_grant::grant;
use super::{Memory, Party, Records, TokenRequest, require};
use crate::error::EntraError;
use crate::protocol::grants::{Code, Grant};
use crate::protocol::parameters::Parameters;
use crate::protocol::pkce;
use crate::protocol::redirect_uri::{MatchedRedirectUri, Platform};
use crate::protocol::revocation::check_grant;
use crate::protocol::shown_instant;
use crate::protocol::tenant::Segment;

/// RFC 6749 §4.1.3.
pub(super) fn redeem<'d>(
    request: TokenRequest<'_>,
    records: Records<'d, '_>,
    memory: Memory<'_>,
    party: &Party<'d>,
    checks: &mut Checks,
) -> Result<Grant<'d>, EntraError> {
    let sealed = require(request.parameters, "code", checks)?;
    let code: Code = open(&records.seals.codes, sealed, Check::CodeAuthentic, "code", checks)?;
    check_client(party, &code.subject, Check::CodeClient, checks)?;
    if let Segment::Tenant(tenant) = party.segment
        && tenant.id != code.subject.tid
    {
        let fix = "the tenant segment of the token URL: the one of the authorize URL";
        checks.refuse(
            Check::CodeClient,
            format!("the tenant that issued it: {}", code.subject.tid),
            tenant.id.to_string(),
            fix,
        );
        return Err(EntraError::CodeOfOtherTenant);
    }
    check_origin(request.origin, code.subject.platform, party, checks)?;
    party.authenticate(code.subject.platform, records, memory.redeemed, checks)?;
    check_code_current(&code, records.now, checks)?;
    check_redirect_uri(request.parameters, &code, party, checks)?;
    pkce::verify(code.pkce.as_ref(), request.parameters.text("code_verifier"), checks)?;
    let first = code.resources.first().ok_or(EntraError::InvalidGrant { parameter: "code" })?;
    let oidc = &code.oidc;
    let mut grant = grant(request, records, party, &code.subject, first, oidc, checks)?;
    grant.nonce = code.nonce.clone();
    // what Entra says to a client without a page is not established; here it gets none
    let has_page = code.subject.platform == Platform::Web && !party.client.redirect_uris.spa.is_empty();
    if request.parameters.text("return_spa_code") == Some("1") && has_page {
        grant.spa_code_of = Some(code.clone());
    }
    let subject = &code.subject;
    check_grant(grant.principal.account, memory.passwords, subject.platform, code.iat, checks)?;
    // last, so that only a request in order uses the code up
    if !memory.redeemed.codes.redeem(code.jti, code.exp, records.now.as_second()) {
        let fix = "the client: a code is good for one token request; sign in again";
        checks.refuse(Check::CodeUnused, "a code that was not redeemed before", "a code that was", fix);
        return Err(EntraError::CodeRedeemed);
    }
    checks.pass(Check::CodeUnused, "a code that was not redeemed before", "a code that was not");
    Ok(grant)
}

/// The code must still be within its lifetime.
fn check_code_current(code: &Code, now: Timestamp, checks: &mut Checks) -> Result<(), EntraError> {
    let expected = format!("a redemption before {}, when it ends", shown_instant(code.exp));
    if now.as_second() >= code.exp {
        let fix = "idp.lifetimes.code_minutes, or a new sign-in";
        checks.refuse(Check::CodeCurrent, expected, format!("one at {now}"), fix);
        let minutes = code.exp.saturating_sub(code.iat) / 60;
        return Err(EntraError::CodeExpired { issued: shown_instant(code.iat), minutes });
    }
    checks.pass(Check::CodeCurrent, expected, format!("one at {now}"));
    Ok(())
}

/// The redirect URI must be the one that the code was sent to.
fn check_redirect_uri(
    parameters: &Parameters,
    code: &Code,
    party: &Party<'_>,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let received = match parameters.text("redirect_uri") {
        None if code.redirect_uri_given => return require(parameters, "redirect_uri", checks).map(|_| ()),
        None => {
            checks.pass(Check::CodeRedirectUri, "none, as in the authorize request", "none");
            return Ok(());
        }
        Some(received) => received,
    };
    let of_pages = party.client.redirect_uris.spa.join(" or ");
    let (expected, is_that) = if code.spa_hybrid {
        let registered = RedirectUris { spa: party.client.redirect_uris.spa.clone(), ..RedirectUris::default() };
        (of_pages.as_str(), MatchedRedirectUri::find(&registered, received, false).is_some())
    } else {
        (code.redirect_uri.as_str(), received == code.redirect_uri)
    };
    if is_that {
        checks.pass(Check::CodeRedirectUri, expected, received);
        return Ok(());
    }
    let fix = "the client's redirect_uri: the same at the authorize and the token endpoint, byte for byte";
    checks.refuse(Check::CodeRedirectUri, expected, received, fix);
    Err(EntraError::RedirectUriNotAsAuthorized { received: received.to_owned(), expected: expected.to_owned() })
}
