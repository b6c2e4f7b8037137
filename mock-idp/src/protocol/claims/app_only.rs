//! The claims of a token that an application gets for itself.
//!
//! The names of the v2 claims were captured at a real tenant in August 2026.

use rand_core::CryptoRng;
use scenarios::world::OptionalClaimName;
use serde_json::{Map, Value};
use uuid::{Uuid, uuid};

use super::{Claims, Issue, audience, handle};
use crate::protocol::grants::ApplicationGrant;
use crate::protocol::{Family, randomness, roles};

/// `wids` of an application that acts for itself.
const APPLICATION: Uuid = uuid!("0997a1d0-0d1d-4acb-b408-d5ca73121e90");

/// The claims of the access token of `grant`, in the version that its resource takes. They say nothing of a user: the
/// service principal is the subject.
pub fn access_token(grant: &ApplicationGrant<'_>, issue: &Issue<'_>, rng: &mut impl CryptoRng) -> Map<String, Value> {
    let (tid, resource) = (grant.tenant.id, grant.target.resource);
    let service_principal = grant.client.service_principal_id(grant.tenant).to_string();
    let mut claims = Claims::new(audience(&grant.target, issue.version), tid, issue, rng);
    claims.add("aio", randomness::text::<36>(rng));
    claims.client(grant.client, grant.authentication.acr(), issue.version);
    claims.add("oid", service_principal.as_str());
    claims.add("rh", handle(tid, resource.client_id));
    claims.add("sub", service_principal);
    if issue.version == Family::V1 {
        claims.add("idp", issue.origins.issuer(Family::V1, &tid.to_string()));
    } else {
        claims.add("xms_ftd", randomness::text::<42>(rng));
    }
    let roles = roles::of_application(issue.directory, grant.client, resource, grant.tenant);
    if !roles.is_empty() {
        claims.add("roles", Vec::from_iter(roles));
    }
    let mut optional = resource.optional_claims.access_token.iter();
    if resource.is_graph() || optional.any(|claim| claim.name() == OptionalClaimName::Idtyp) {
        claims.add("idtyp", "app");
    }
    if resource.is_graph() {
        claims.add("wids", vec![APPLICATION.to_string()]);
        claims.of_graph(grant.client, grant.tenant, rng);
    }
    claims.mapped(resource, None);
    claims.in_order()
}
