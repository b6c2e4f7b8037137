//! The claims of a token that an application gets for itself.
//!
//! The names of the v2 claims were captured at a real tenant in August 2026.

use rand_core::CryptoRng;
use serde_json::{Map, Value};

use super::{Claims, Moment, handle};
use crate::origins::Origins;
use crate::protocol::token::client_credentials::ApplicationGrant;
use crate::protocol::{Family, randomness};

/// The claims of the access token of `grant`, in the version that its resource takes. They say nothing of a user: the
/// service principal is the subject.
pub fn access_token(
    grant: &ApplicationGrant<'_>,
    version: Family,
    origins: &Origins,
    moment: Moment,
    rng: &mut impl CryptoRng,
) -> Map<String, Value> {
    let resource = grant.target.resource.client_id;
    let tid = grant.tenant.id.to_string();
    let service_principal = grant.client.service_principal_id(grant.tenant).to_string();
    let mut claims = Claims::default();
    claims.add(
        "aud",
        match version {
            Family::V1 => grant.target.requested_as.clone(),
            Family::V2 => resource.to_string(),
        },
    );
    claims.issued_by(grant.tenant.id, version, origins, moment);
    claims.add("aio", randomness::text::<36>(rng));
    let (client, authenticated_by) = match version {
        Family::V1 => ("appid", "appidacr"),
        Family::V2 => ("azp", "azpacr"),
    };
    if version == Family::V1 && grant.target.resource.is_graph() {
        claims.add("app_displayname", grant.client.shown_name());
    }
    claims.add(client, grant.client.client_id.to_string());
    claims.add(authenticated_by, grant.authentication.acr());
    if version == Family::V1 {
        claims.add("idp", origins.issuer(Family::V1, &tid));
        if grant.target.resource.is_graph() {
            claims.add("idtyp", "app");
        }
    }
    claims.add("oid", service_principal.as_str());
    claims.add("rh", handle(grant.tenant.id, resource));
    claims.add("sub", service_principal);
    claims.add("tid", tid);
    if version == Family::V2 {
        claims.add("xms_ftd", randomness::text::<42>(rng));
    }
    claims.end(version, rng)
}
