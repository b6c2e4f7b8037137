//! A refresh token for tokens (RFC 6749 §6).

use jiff::Timestamp;
use wire::{Check, Checks};

use super::redemption::{check_client, check_origin, open};
use super::user_grant::grant;
use super::{Memory, Party, Records, TokenRequest, require};
use crate::error::EntraError;
use crate::protocol::grants::{Grant, RefreshToken};
use crate::protocol::redirect_uri::Platform;
use crate::protocol::revocation::check_grant;
use crate::protocol::shown_instant;

/// RFC 6749 §6. The old refresh token stays valid, as Entra has it.
pub(super) fn refresh<'d>(
    request: TokenRequest<'_>,
    records: Records<'d, '_>,
    memory: Memory<'_>,
    party: &Party<'d>,
    checks: &mut Checks,
) -> Result<Grant<'d>, EntraError> {
    let sealed = require(request.parameters, "refresh_token", checks)?;
    let token: RefreshToken =
        open(&records.seals.refresh_tokens, sealed, Check::RefreshTokenAuthentic, "refresh_token", checks)?;
    check_client(party, &token.subject, Check::RefreshTokenClient, checks)?;
    check_origin(request.origin, token.subject.platform, party, checks)?;
    party.authenticate(token.subject.platform, records, memory.redeemed, checks)?;
    let now = records.now.as_second();
    let was_used = !memory.redeemed.refresh_tokens.redeem(token.jti, token.exp, now);
    check_refresh_token_current(&token, was_used, records.now, checks)?;
    let grant = grant(request, records, party, &token.subject, &token.resource, &token.oidc, checks)?;
    let subject = &token.subject;
    check_grant(grant.principal.account, memory.passwords, subject.platform, token.iat, checks)?;
    let refresh_until = (token.subject.platform == Platform::Spa).then_some(token.exp);
    Ok(Grant { refreshable: true, refresh_until, ..grant })
}

/// The refresh token must still be within its lifetime.
fn check_refresh_token_current(
    token: &RefreshToken,
    was_used: bool,
    now: Timestamp,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let expected = format!("a refresh before {}, when it ends", shown_instant(token.exp));
    if now.as_second() < token.exp {
        // RFC 9700 §4.14.2 would end the whole family here; Entra does not
        let note =
            if was_used { "; it was used before, which Entra allows and RFC 9700 §4.14.2 does not" } else { "" };
        checks.pass(Check::RefreshTokenCurrent, expected, format!("one at {now}{note}"));
        return Ok(());
    }
    let issued = shown_instant(token.iat);
    let (error, fix) = if token.subject.platform == Platform::Spa {
        let fix = "a new sign-in: a single-page application's refresh tokens end a day after it, however often they \
                   are used";
        (EntraError::SpaRefreshTokenExpired { issued }, fix)
    } else {
        let days = token.exp.saturating_sub(token.iat) / 86_400;
        (EntraError::RefreshTokenExpired { issued, days }, "idp.lifetimes.refresh_token_days, or a new sign-in")
    };
    checks.refuse(Check::RefreshTokenCurrent, expected, format!("one at {now}"), fix);
    Err(error)
}
