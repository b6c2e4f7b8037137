//! Discovery documents, keys documents and instance discovery.
//!
//! Shapes: OpenID Connect Discovery 1.0 §3 and RFC 7517, with the members and the order that Entra sends. What Entra
//! leaves out (`registration_endpoint`, `grant_types_supported`, …) is left out here too; two settings of the world add
//! what strict clients look for, and what 2026 added.

use scenarios::world::Discovery;
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

/// The host of the aliases for mutual TLS.
const MTLS_HOST: &str = "mtlsauth.microsoft.com";

/// The clouds of other countries, each with the hosts that lead to it; nothing of them is in the lab.
const OTHER_CLOUDS: [&[&str]; 4] = [
    &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    &["login.microsoftonline.de"],
    &["login.microsoftonline.us", "login.usgovcloudapi.net"],
    &["login-us.microsoftonline.com"],
];

/// The discovery document for `segment`; `appid` asks for the keys of one application.
#[must_use]
pub fn document(
    family: Family,
    segment: Segment<'_>,
    appid: Option<&str>,
    origins: &Origins,
    settings: &Discovery,
) -> Value {
    let path = segment.in_urls();
    let login = &origins.login;
    let url = |route: Route| format!("{login}{}", route.path(&path));
    let advertised = |advertised: Advertised| format!("{login}{}", advertised.path(&path));
    let query = appid.map(|appid| format!("?appid={appid}")).unwrap_or_default();
    // on v1 all tenants have their keys at one address (captures of 2018 to 2025)
    let keys_path = match family {
        Family::V1 => Route::Keys(family).path("common"),
        Family::V2 => Route::Keys(family).path(&path),
    };
    let jwks_uri = format!("{login}{keys_path}{query}");
    let issuer = origins.issuer(family, &segment.in_issuers());
    let region =
        segment.tenant().filter(|tenant| !tenant.is_consumers()).map(|tenant| tenant.region.unwrap_or_default());
    let msgraph_host = Origins::host(&origins.graph);
    let mut auth_methods = vec!["client_secret_post", "private_key_jwt", "client_secret_basic"];
    let with_mtls = family == Family::V2 && settings.mtls_endpoint_aliases;
    auth_methods.extend(with_mtls.then_some("self_signed_tls_client_auth"));
    let modes = ["query", "fragment", "form_post"];
    let mut document = match family {
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
        }),
    };
    if with_mtls {
        let alias = format!("https://{MTLS_HOST}{}", Route::Token(family).path(&path));
        document["mtls_endpoint_aliases"] = json!({ "token_endpoint": alias });
        document["tls_client_certificate_bound_access_tokens"] = json!(true);
    }
    document["tenant_region_scope"] = json!(region);
    document["cloud_instance_name"] = json!(CLOUD_INSTANCE_NAME);
    document["cloud_graph_host_name"] = json!(CLOUD_GRAPH_HOST_NAME);
    document["msgraph_host"] = json!(msgraph_host);
    document["rbac_url"] = json!("https://pas.windows.net");
    if let Some(methods) = &settings.code_challenge_methods_supported {
        document["code_challenge_methods_supported"] = json!(methods);
    }
    document
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

/// Which hosts make up the cloud of `authorization_endpoint`: this one's own, and the names of the others.
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
    let elsewhere = host.as_deref().filter(|host| OTHER_CLOUDS.iter().any(|cloud| cloud.contains(host)));
    let known = elsewhere.is_some() || host.as_deref().is_some_and(|host| host == own || PUBLIC_CLOUD.contains(&host));
    if !known {
        let instance = host.unwrap_or_else(|| endpoint.to_owned());
        let fix = "the client's authority, or its instance discovery, which can be switched off (MSAL: instance_discovery=False)";
        checks.refuse(Check::EndpointExists, format!("{own} or a host of one of the clouds"), instance.as_str(), fix);
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
    metadata.extend(OTHER_CLOUDS.iter().map(|cloud| entry(cloud)));
    if !PUBLIC_CLOUD.contains(&own) {
        metadata.insert(0, entry(&[own]));
    }
    let login = elsewhere.map_or_else(|| origins.login.clone(), |host| format!("https://{host}"));
    Ok(json!({
        "tenant_discovery_endpoint": format!("{login}{}", Route::Discovery(Family::V2).path(&segment)),
        "api-version": parameters.text("api-version").unwrap_or("1.1"),
        "metadata": metadata,
    }))
}
