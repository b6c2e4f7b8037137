//! A user name and a password for tokens (RFC 6749 §4.3).
//!
//! Rules: Microsoft identity platform "OAuth 2.0 Resource Owner Password Credentials".

use wire::{Check, Checks};

use super::redemption::{check_credential_without_redirect_uri, check_origin};
use super::user_grant::grant;
use super::{Memory, Party, Records, TokenRequest, require};
use crate::error::EntraError;
use crate::protocol::admission::Door;
use crate::protocol::authorize::response_type::ResponseType;
use crate::protocol::grants::{Aim, Grant, Subject};
use crate::protocol::randomness;
use crate::protocol::redirect_uri::Platform;
use crate::protocol::sign_in::{Attempt, authenticate};
use crate::protocol::target::Wanted;
use crate::protocol::tenant::Segment;

/// RFC 6749 §4.3. There is no page, so that nothing can be asked: neither for consent nor for a second factor.
pub(super) fn sign_in<'d>(
    request: TokenRequest<'_>,
    records: Records<'d, '_>,
    memory: Memory<'_>,
    party: &Party<'d>,
    checks: &mut Checks,
) -> Result<Grant<'d>, EntraError> {
    let (parameters, directory) = (request.parameters, records.directory);
    let username = require(parameters, "username", checks)?;
    let password = require(parameters, "password", checks)?;
    let response_type = ResponseType { code: true, ..ResponseType::default() };
    let wanted = Wanted::read(request.family, response_type, parameters, directory.resource_parameter(), checks)?;
    let platform = Platform::without_redirect_uri(party.client);
    check_origin(request.origin, platform, party, checks)?;
    check_credential_without_redirect_uri(party, records, memory.redeemed, checks)?;
    let segment = find_tenant(records, party, username, checks)?;
    let door = Door { family: request.family, segment, client: party.client };
    let attempt = Attempt { door, username, password, now: records.now };
    let principal = authenticate(directory, memory.passwords, attempt, checks)?;
    let requested = wanted.resolve(directory, principal.tenant, party.client, checks)?;
    let Some(target) = requested.targets.first() else {
        return Err(EntraError::MissingParameter { parameter: "scope" });
    };
    let sid = randomness::guid(memory.rng);
    let subject = Subject::new(party.client, platform, principal, sid, records.now.as_second());
    grant(request, records, party, &subject, &Aim::at(target), &requested.oidc, checks)
}

/// The tenant of the path, or else the one that has verified the domain of the user name.
fn find_tenant<'d>(
    records: Records<'d, '_>,
    party: &Party<'d>,
    username: &str,
    checks: &mut Checks,
) -> Result<Segment<'d>, EntraError> {
    if let Segment::Tenant(_) = party.segment {
        return Ok(party.segment);
    }
    let domain = username.trim().rsplit_once('@').map(|(_, domain)| domain);
    let expected = "a user name whose domain a tenant has verified, or a tenant in the URL";
    match domain.and_then(|domain| records.directory.tenant_by_domain(domain)) {
        Some(tenant) => {
            checks.pass(Check::GrantTypeTenant, expected, tenant.display_name.as_str());
            Ok(party.segment)
        }
        None => {
            let fix = "the tenant segment of the token URL: the tenant's id; or the user name; or idp.tenants.<tenant>.domains \
                       (portal: Microsoft Entra ID > Custom domain names)";
            checks.refuse(Check::GrantTypeTenant, expected, domain.unwrap_or("a name without a domain"), fix);
            Err(EntraError::NoTenantInformation)
        }
    }
}
