//! Discovery, keys and instance discovery.

use serde_json::{Value, json};

use crate::support::*;
use crate::tenants::CONSUMERS;

fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

const LOGIN: &str = "https://login.microsoftonline.com";

/// A tenant segment, how the document for it spells it in addresses, the id that stands in its issuers, and its region.
const AUTHORITIES: [(&str, &str, &str, Option<&str>); 7] = [
    (TENANT, TENANT, TENANT, Some("NA")),
    ("contoso.com", TENANT, TENANT, Some("NA")),
    ("CONTOSO.onmicrosoft.com", TENANT, TENANT, Some("NA")),
    ("common", "common", "{tenantid}", None),
    ("organizations", "organizations", "{tenantid}", None),
    ("consumers", "consumers", CONSUMERS, None),
    (CONSUMERS, "consumers", CONSUMERS, None),
];

/// Member by member, in the order of captures of 2021 to 2026. What is not here is not there: no
/// `code_challenge_methods_supported`, `grant_types_supported`, `registration_endpoint`, `introspection_endpoint`,
/// `revocation_endpoint`, `check_session_iframe`.
#[test]
fn the_v2_document_of_every_authority_is_entras() {
    let lab = Lab::new();
    for (segment, spelt, id, region) in AUTHORITIES {
        let expected = json!({
            "token_endpoint": format!("{LOGIN}/{spelt}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{LOGIN}/{spelt}/discovery/v2.0/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": format!("{LOGIN}/{id}/v2.0"),
            "request_uri_parameter_supported": false,
            "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
            "authorization_endpoint": format!("{LOGIN}/{spelt}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{LOGIN}/{spelt}/oauth2/v2.0/devicecode"),
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "end_session_endpoint": format!("{LOGIN}/{spelt}/oauth2/v2.0/logout"),
            "claims_supported": [
                "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
                "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid",
                "ver", "at_hash", "c_hash", "email",
            ],
            "kerberos_endpoint": format!("{LOGIN}/{spelt}/kerberos"),
            "tenant_region_scope": region,
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
            "rbac_url": "https://pas.windows.net",
        });
        let seen = lab.get(&format!("/{segment}/v2.0/.well-known/openid-configuration"));
        assert_eq!(seen.body, expected.to_string(), "{segment}");
    }
}

/// The same of v1, which has the keys of every tenant at `/common`.
#[test]
fn the_v1_document_of_every_authority_is_entras() {
    let lab = Lab::new();
    for (segment, spelt, id, region) in AUTHORITIES {
        let expected = json!({
            "token_endpoint": format!("{LOGIN}/{spelt}/oauth2/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{LOGIN}/common/discovery/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "token id_token", "token"],
            "scopes_supported": ["openid"],
            "issuer": format!("https://sts.windows.net/{id}/"),
            "microsoft_multi_refresh_token": true,
            "authorization_endpoint": format!("{LOGIN}/{spelt}/oauth2/authorize"),
            "device_authorization_endpoint": format!("{LOGIN}/{spelt}/oauth2/devicecode"),
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "end_session_endpoint": format!("{LOGIN}/{spelt}/oauth2/logout"),
            "claims_supported": [
                "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
                "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "email", "given_name",
                "family_name", "nickname",
            ],
            "check_session_iframe": format!("{LOGIN}/{spelt}/oauth2/checksession"),
            "userinfo_endpoint": format!("{LOGIN}/{spelt}/openid/userinfo"),
            "kerberos_endpoint": format!("{LOGIN}/{spelt}/kerberos"),
            "tenant_region_scope": region,
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
            "rbac_url": "https://pas.windows.net",
        });
        let seen = lab.get(&format!("/{segment}/.well-known/openid-configuration"));
        assert_eq!(seen.body, expected.to_string(), "{segment}");
    }
}

/// Every address in the documents of every authority is served, but for Kerberos, which Entra advertises too. An issuer
/// has its own document behind it (OpenID Connect Discovery 1.0 §4).
#[test]
fn the_documents_lead_to_what_is_served() {
    let lab = Lab::new();
    for (segment, ..) in AUTHORITIES {
        for version in ["", "v2.0/"] {
            let document = lab.get(&format!("/{segment}/{version}.well-known/openid-configuration")).json();
            let members = document.as_object().unwrap();
            let addresses = members.iter().filter(|(name, _)| name.ends_with("endpoint") || name.ends_with("uri"));
            let mut served = Vec::new();
            for (name, address) in addresses.chain(members.get_key_value("check_session_iframe")) {
                let path = address.as_str().unwrap().splitn(4, '/').last().unwrap();
                match lab.get(&format!("/{path}")).status.as_u16() {
                    404 => assert_eq!(name, "kerberos_endpoint", "{address}"),
                    _ => served.push(name.as_str()),
                }
            }
            assert_eq!(served.len(), if version.is_empty() { 7 } else { 6 }, "{served:?}");
            let issuer = document["issuer"].as_str().unwrap().replace("{tenantid}", segment);
            let path = issuer.splitn(4, '/').last().unwrap().trim_end_matches('/').to_owned();
            let of_issuer = lab.get(&format!("/{path}/.well-known/openid-configuration")).json();
            assert_eq!(of_issuer["issuer"], document["issuer"]);
        }
    }
}

#[test]
fn paths_are_found_in_any_case() {
    let lab = Lab::new();
    assert_eq!(lab.get("/Common/V2.0/.Well-Known/OpenID-Configuration").status, 200);
    assert_eq!(
        lab.get("/COMMON/Discovery/Instance?authorization_endpoint=https://login.windows.net/common/oauth2/authorize")
            .status,
        200
    );
    assert_eq!(lab.post("/common/oAuth2/v2.0/token", "").aadsts(), Some(900_144));
}

#[test]
fn the_keys_are_two_and_shaped_as_entras() {
    let lab = Lab::new();
    let v2 = lab.get("/common/discovery/v2.0/keys").json();
    let keys = v2["keys"].as_array().unwrap();
    assert!(keys.len() >= 2);
    for key in keys {
        assert_eq!(names(key), ["kty", "use", "kid", "x5t", "n", "e", "x5c", "cloud_instance_name", "issuer"]);
        assert_eq!(key["kid"], key["x5t"]);
        assert_eq!(key["issuer"], "https://login.microsoftonline.com/{tenantid}/v2.0");
    }
    let tenant = lab.get("/contoso.com/discovery/v2.0/keys").json();
    assert_eq!(tenant["keys"][0]["issuer"], format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    let v1 = lab.get("/common/discovery/keys").json();
    assert_eq!(names(&v1["keys"][0]), ["kty", "use", "kid", "x5t", "n", "e", "x5c"]);
}

#[test]
fn the_document_of_an_application_differs_in_where_its_keys_are() {
    let lab = Lab::new();
    for (segment, ..) in AUTHORITIES {
        for version in ["", "v2.0/"] {
            let path = format!("/{segment}/{version}.well-known/openid-configuration");
            let mut expected = lab.get(&path).json();
            let own = format!("{}?appid={CLIENT}", expected["jwks_uri"].as_str().unwrap());
            assert!(lab.get(own.strip_prefix(LOGIN).unwrap()).json()["keys"].is_array(), "{own}");
            expected["jwks_uri"] = json!(own);
            assert_eq!(lab.get(&format!("{path}?appid={CLIENT}")).json(), expected);
            assert_eq!(lab.get(&format!("{path}?appid=%22%3E")).body, lab.get(&path).body, "only a GUID is repeated");
        }
    }
}

#[test]
fn metadata_may_be_read_by_any_page_and_kept_for_a_day() {
    let lab = Lab::new();
    for path in ["/common/v2.0/.well-known/openid-configuration", "/common/discovery/keys"] {
        let seen = lab.get(path);
        assert_eq!(seen.header("access-control-allow-origin"), Some("*"));
        assert_eq!(seen.header("cache-control"), Some("max-age=86400, private"));
        assert_eq!(seen.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(seen.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(seen.header("date"), Some("Thu, 15 Jan 2026 09:00:00 GMT"));
        let head = lab.method("HEAD", path);
        assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
        let posted = lab.post(path, "");
        assert_eq!((posted.status.as_u16(), posted.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    }
}

/// Member by member; the clouds and their hosts are those of the client libraries' own lists.
#[test]
fn instance_discovery_is_entras() {
    let lab = Lab::new();
    let cloud = |network: &str, cache: &str, aliases: &[&str]| json!({"preferred_network": network, "preferred_cache": cache, "aliases": aliases});
    let hosts = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"];
    let (china, germany) = ("login.partner.microsoftonline.cn", "login.microsoftonline.de");
    let (government, other) = ("login.microsoftonline.us", "login-us.microsoftonline.com");
    let clouds = json!([
        cloud(hosts[0], hosts[1], &hosts),
        cloud(china, china, &[china, "login.chinacloudapi.cn"]),
        cloud(germany, germany, &[germany]),
        cloud(government, government, &[government, "login.usgovcloudapi.net"]),
        cloud(other, other, &[other]),
    ]);
    for (segment, version) in [("common", "1.0"), ("organizations", "1.1"), (TENANT, "1.1"), ("contoso.com", "1.1")] {
        let expected = json!({
            "tenant_discovery_endpoint": format!("{LOGIN}/{segment}/v2.0/.well-known/openid-configuration"),
            "api-version": version,
            "metadata": clouds,
        });
        for host in hosts {
            let endpoint = format!("https://{host}/{segment}/oauth2/v2.0/authorize");
            let query = form(&[("api-version", version), ("authorization_endpoint", &endpoint)]);
            for path in ["common", TENANT] {
                let seen = lab.get(&format!("/{path}/discovery/instance?{query}"));
                assert_eq!(seen.body, expected.to_string(), "{endpoint}");
            }
        }
    }
    let unknown = lab.get("/common/discovery/instance?authorization_endpoint=https%3A%2F%2Flogin.example%2Fcommon");
    assert_eq!((unknown.status.as_u16(), unknown.json()["error"].as_str()), (400, Some("invalid_instance")));
}

#[test]
fn instance_discovery_knows_its_own_host() {
    let origin = "https://localhost:8443".to_owned();
    let lab = Lab::at(
        world(),
        mock_idp::Origins { login: origin.clone(), sts: origin.clone(), graph: origin, ..mock_idp::Origins::cloud() },
    );
    let path = "/common/discovery/instance?api-version=1.1&authorization_endpoint=https%3A%2F%2Flocalhost%3A8443%2Fcontoso.com%2Foauth2%2Fv2.0%2Fauthorize";
    let document = lab.get(path).json();
    assert_eq!(
        document["tenant_discovery_endpoint"],
        "https://localhost:8443/contoso.com/v2.0/.well-known/openid-configuration"
    );
    assert_eq!(document["api-version"], "1.1");
    assert_eq!(document["metadata"][0]["aliases"], json!(["localhost:8443"]));
    assert_eq!(document["metadata"][1]["preferred_cache"], "login.windows.net");
}

#[test]
fn a_path_without_tenant_says_what_is_missing() {
    let lab = Lab::new();
    let seen = lab.post("/oauth2/v2.0/token", "grant_type=refresh_token");
    assert_eq!(seen.status, 404);
    let refusal = seen.checks.refusal().unwrap();
    assert_eq!(refusal.check.name(), "endpoint.exists");
    assert!(refusal.fix.as_ref().unwrap().contains("/common/oauth2/v2.0/token"));
}

/// What the answers advertise is answered.
#[test]
fn a_page_may_ask_whether_it_may_read_the_documents() {
    let lab = Lab::new();
    for path in [
        "/common/v2.0/.well-known/openid-configuration",
        "/contoso.com/.well-known/openid-configuration",
        "/common/discovery/v2.0/keys",
        "/common/discovery/keys",
        "/common/discovery/instance",
    ] {
        for seen in [lab.method("OPTIONS", path), lab.get(path)] {
            assert_eq!(seen.header("access-control-allow-origin"), Some("*"), "{path}");
            assert_eq!(seen.header("access-control-allow-methods"), Some("GET, OPTIONS"), "{path}");
        }
        let preflight = lab.method("OPTIONS", path);
        assert_eq!((preflight.status.as_u16(), preflight.body.as_str()), (200, ""), "{path}");
        let seen = lab.method("PUT", path);
        assert_eq!((seen.status.as_u16(), seen.header("allow")), (405, Some("GET, HEAD, OPTIONS")), "{path}");
        assert_eq!(seen.aadsts(), Some(900_561), "{path}");
    }
}

/// Entra speaks PKCE and does not say so; strict clients need a document that does.
#[test]
fn the_documents_say_more_where_the_world_asks_for_it() {
    let plain = Lab::new().get("/common/v2.0/.well-known/openid-configuration").json();
    assert!(plain.get("code_challenge_methods_supported").is_none() && plain.get("mtls_endpoint_aliases").is_none());
    let discovery = json!({"code_challenge_methods_supported": ["S256"], "mtls_endpoint_aliases": true});
    let lab = Lab::of(changed(json!({"discovery": discovery})));
    let document = lab.get("/common/v2.0/.well-known/openid-configuration").json();
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert!(document["mtls_endpoint_aliases"].is_object(), "{document}");
}

#[test]
fn an_error_description_stands_on_one_line_or_on_four() {
    let description = |world| {
        let seen = Lab::of(world).post(V2_TOKEN, "grant_type=no_such_grant");
        seen.json()["error_description"].as_str().unwrap().to_owned()
    };
    assert_eq!(description(world()).lines().count(), 1);
    let four = description(changed(json!({"error_description": "four_lines"})));
    let lines: Vec<&str> = four.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "{four:?}");
    for (line, start) in lines.iter().zip(["AADSTS70003: ", "Trace ID: ", "Correlation ID: ", "Timestamp: "]) {
        assert!(line.starts_with(start), "{line}");
    }
}
