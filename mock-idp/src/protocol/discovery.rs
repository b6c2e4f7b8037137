//! Discovery documents, keys documents and instance discovery.
//!
//! Shapes: OpenID Connect Discovery 1.0 §3 and RFC 7517, with the members and the order that Entra sends. What Entra
//! leaves out (`code_challenge_methods_supported`, `registration_endpoint`, …) is left out here too. Its alias for
//! mutual TLS is left out because it names a host outside the lab.

use serde_json::{Value, json};
use wire::{Check, Checks};

use super::Family;
use super::parameters::Parameters;
use super::tenant::Segment;
use crate::error::EntraError;
use crate::keys::SigningKeys;
use crate::origins::Origins;
use crate::routes::{Advertised, GraphCall, Route};

/// The name of the cloud in metadata.
pub(super) const CLOUD_INSTANCE_NAME: &str = "microsoftonline.com";

/// The host of the Graph before Microsoft Graph, in metadata.
const CLOUD_GRAPH_HOST_NAME: &str = "graph.windows.net";

/// The hosts of the public cloud, all of which lead to one identity provider.
const PUBLIC_CLOUD: [&str; 4] =
    ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"];

/// The discovery document for `segment`; `appid` asks for the keys of one application.
#[must_use]
pub fn document(family: Family, segment: Segment<'_>, appid: Option<&str>, origins: &Origins) -> Value {
    let path = segment.in_urls();
    let login = &origins.login;
    let url = |route: Route| format!("{login}{}", route.path(&path));
    let advertised = |advertised: Advertised| format!("{login}{}", advertised.path(&path));
    let query = appid.map(|appid| format!("?appid={appid}")).unwrap_or_default();
    let jwks_uri = format!("{}{query}", url(Route::Keys(family)));
    let issuer = origins.issuer(family, &segment.in_issuers());
    let region =
        segment.tenant().filter(|tenant| !tenant.is_consumers()).map(|tenant| tenant.region.unwrap_or_default());
    let msgraph_host = Origins::host(&origins.graph);
    let auth_methods = ["client_secret_post", "private_key_jwt", "client_secret_basic"];
    let modes = ["query", "fragment", "form_post"];
    match family {
        Family::V2 => json!({
            "token_endpoint": url(Route::Token(family)),
            "token_endpoint_auth_methods_supported": auth_methods,
            "jwks_uri": jwks_uri,
            "response_modes_supported": modes,
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": issuer,
            "request_uri_parameter_supported": false,
            "userinfo_endpoint": format!("{}{}", origins.graph, GraphCall::UserInfo.path("")),
            "authorization_endpoint": url(Route::Authorize(family)),
            "device_authorization_endpoint": url(Route::DeviceAuthorization(family)),
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "end_session_endpoint": url(Route::EndSession(family)),
            "claims_supported": [
                "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
                "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name",
                "tid", "ver", "at_hash", "c_hash", "email",
            ],
            "kerberos_endpoint": advertised(Advertised::Kerberos),
            "tenant_region_scope": region,
            "cloud_instance_name": CLOUD_INSTANCE_NAME,
            "cloud_graph_host_name": CLOUD_GRAPH_HOST_NAME,
            "msgraph_host": msgraph_host,
            "rbac_url": "https://pas.windows.net",
        }),
        Family::V1 => json!({
            "token_endpoint": url(Route::Token(family)),
            "token_endpoint_auth_methods_supported": auth_methods,
            "jwks_uri": jwks_uri,
            "response_modes_supported": modes,
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "token id_token", "token"],
            "scopes_supported": ["openid"],
            "issuer": issuer,
            "microsoft_multi_refresh_token": true,
            "authorization_endpoint": url(Route::Authorize(family)),
            "device_authorization_endpoint": url(Route::DeviceAuthorization(family)),
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "end_session_endpoint": url(Route::EndSession(family)),
            "claims_supported": [
                "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
                "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "email", "given_name",
                "family_name", "nickname",
            ],
            "check_session_iframe": url(Route::CheckSession),
            "userinfo_endpoint": url(Route::UserInfo),
            "kerberos_endpoint": advertised(Advertised::Kerberos),
            "tenant_region_scope": region,
            "cloud_instance_name": CLOUD_INSTANCE_NAME,
            "cloud_graph_host_name": CLOUD_GRAPH_HOST_NAME,
            "msgraph_host": msgraph_host,
            "rbac_url": "https://pas.windows.net",
        }),
    }
}

/// Which cloud an answer of the authorize endpoint comes from, for clients that serve several (`instance_aware`).
#[must_use]
pub fn cloud_instance(origins: &Origins) -> [(&'static str, String); 4] {
    [
        ("cloud_instance_name", CLOUD_INSTANCE_NAME.to_owned()),
        ("cloud_instance_host_name", Origins::host(&origins.login).to_owned()),
        ("cloud_graph_host_name", CLOUD_GRAPH_HOST_NAME.to_owned()),
        ("msgraph_host", Origins::host(&origins.graph).to_owned()),
    ]
}

/// The keys document for `segment`. A v2 key names the issuer that signs with it.
#[must_use]
pub fn keys(family: Family, segment: Segment<'_>, keys: &SigningKeys, origins: &Origins) -> Value {
    let issuer = origins.issuer(Family::V2, &segment.in_issuers());
    let keys: Vec<Value> = keys
        .public_keys()
        .map(|key| {
            let mut jwk = json!({
                "kty": "RSA",
                "use": "sig",
                "kid": key.kid,
                "x5t": key.kid,
                "n": key.modulus,
                "e": key.exponent,
                "x5c": [key.certificate_base64()],
            });
            if family == Family::V2 {
                jwk["cloud_instance_name"] = json!(CLOUD_INSTANCE_NAME);
                jwk["issuer"] = json!(issuer);
            }
            jwk
        })
        .collect();
    json!({ "keys": keys })
}

/// Which hosts make up the cloud of `authorization_endpoint`: this one's own, and the names of the public cloud.
///
/// # Errors
/// 900144 without the parameter, 50049 for an unknown host.
pub fn instance(parameters: &Parameters, origins: &Origins, checks: &mut Checks) -> Result<Value, EntraError> {
    let Some(endpoint) = parameters.text("authorization_endpoint") else {
        let fix = "the client's authorization_endpoint parameter";
        checks.refuse(
            Check::RequestParameterPresent,
            "the parameter authorization_endpoint",
            "none, or an empty one",
            fix,
        );
        return Err(EntraError::MissingParameter { parameter: "authorization_endpoint" });
    };
    let own = Origins::host(&origins.login);
    let url = url::Url::parse(endpoint).ok();
    let host = url.as_ref().and_then(|url| {
        let host = url.host_str()?;
        Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    });
    let known = host.as_deref().is_some_and(|host| host == own || PUBLIC_CLOUD.contains(&host));
    if !known {
        let instance = host.unwrap_or_else(|| endpoint.to_owned());
        let fix = "the client's authority, or its instance discovery, which can be switched off (MSAL: instance_discovery=False)";
        checks.refuse(Check::EndpointExists, format!("{own} or a host of the public cloud"), instance.as_str(), fix);
        return Err(EntraError::UnknownInstance { instance });
    }
    let segment = url.as_ref().and_then(|url| url.path_segments()?.next().map(str::to_owned)).unwrap_or_default();
    let segment = if segment.is_empty() { "common".to_owned() } else { segment };
    let entry = |aliases: &[&str]| {
        let network = aliases.first().copied().unwrap_or_default();
        let cache = if network == PUBLIC_CLOUD[0] { PUBLIC_CLOUD[1] } else { network };
        json!({"preferred_network": network, "preferred_cache": cache, "aliases": aliases})
    };
    let mut metadata = vec![entry(&PUBLIC_CLOUD)];
    if !PUBLIC_CLOUD.contains(&own) {
        metadata.insert(0, entry(&[own]));
    }
    Ok(json!({
        "tenant_discovery_endpoint": format!("{}{}", origins.login, Route::Discovery(Family::V2).path(&segment)),
        "api-version": parameters.text("api-version").unwrap_or("1.1"),
        "metadata": metadata,
    }))
}
