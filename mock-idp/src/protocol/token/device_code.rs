//! A device code for tokens (RFC 8628 §3.4).

use wire::Checks;

use super::redemption::{check_credential_without_redirect_uri, check_origin};
use super::user_grant::grant;
use super::{Memory, Party, Records, TokenRequest, require};
use crate::error::EntraError;
use crate::protocol::grants::Grant;
use crate::protocol::revocation::check_grant;

/// RFC 8628 §3.4. The v1 endpoint calls the device code `code`; some libraries send both.
///
/// That the client's credential is judged only after the user signed in is inferred from reports.
pub(super) fn redeem<'d>(
    request: TokenRequest<'_>,
    records: Records<'d, '_>,
    memory: Memory<'_>,
    party: &Party<'d>,
    checks: &mut Checks,
) -> Result<Grant<'d>, EntraError> {
    let parameters = request.parameters;
    let device_code = match parameters.text("device_code").or(parameters.text("code")) {
        Some(code) => code,
        None => require(parameters, "device_code", checks)?,
    };
    let approval = memory.device_codes.approval(device_code, party.client.client_id, records.now, checks)?;
    let platform = approval.subject.platform;
    check_origin(request.origin, platform, party, checks)?;
    check_credential_without_redirect_uri(party, records, memory.redeemed, checks)?;
    let first = approval.resources.first().ok_or(EntraError::InvalidGrant { parameter: "device_code" })?;
    let grant = grant(request, records, party, &approval.subject, first, &approval.oidc, checks)?;
    check_grant(grant.principal.account, memory.passwords, platform, approval.at, checks)?;
    memory.device_codes.redeem(device_code);
    Ok(grant)
}
