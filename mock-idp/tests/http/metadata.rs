//! Discovery, keys and instance discovery.

use serde_json::{Value, json};

use crate::support::*;

fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_v2_document_has_entras_members_in_entras_order() {
    let lab = Lab::new();
    let document = lab.get("/common/v2.0/.well-known/openid-configuration").json();
    let required = [
        "token_endpoint",
        "token_endpoint_auth_methods_supported",
        "jwks_uri",
        "response_modes_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "response_types_supported",
        "scopes_supported",
        "issuer",
        "request_uri_parameter_supported",
        "userinfo_endpoint",
        "authorization_endpoint",
        "device_authorization_endpoint",
        "http_logout_supported",
        "frontchannel_logout_supported",
        "end_session_endpoint",
        "claims_supported",
        "kerberos_endpoint",
        "tenant_region_scope",
        "cloud_instance_name",
        "cloud_graph_host_name",
        "msgraph_host",
        "rbac_url",
    ];
    assert_eq!(names(&document), required);
    assert_eq!(document["issuer"], "https://login.microsoftonline.com/{tenantid}/v2.0");
    assert_eq!(document["request_uri_parameter_supported"], false);
    assert_eq!(document["http_logout_supported"], true);
    assert_eq!(document["frontchannel_logout_supported"], true);
    assert_eq!(document["subject_types_supported"], json!(["pairwise"]));
    assert_eq!(document["tenant_region_scope"], Value::Null);
    for method in ["client_secret_post", "private_key_jwt", "client_secret_basic"] {
        assert!(document["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&json!(method)));
    }
    for claim in ["sub", "iss", "aud", "exp", "iat", "tid", "name", "preferred_username", "email", "nonce", "ver"] {
        assert!(document["claims_supported"].as_array().unwrap().contains(&json!(claim)), "{claim}");
    }
    for absent in
        ["code_challenge_methods_supported", "grant_types_supported", "registration_endpoint", "introspection_endpoint"]
    {
        assert!(document.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn every_authority_names_itself() {
    let lab = Lab::new();
    let of = |segment: &str| lab.get(&format!("/{segment}/v2.0/.well-known/openid-configuration")).json();
    for segment in [TENANT, "contoso.com", "CONTOSO.onmicrosoft.com"] {
        let document = of(segment);
        assert_eq!(document["issuer"], format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
        assert_eq!(document["token_endpoint"], format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"));
        assert_eq!(document["tenant_region_scope"], "NA");
    }
    assert_eq!(of("organizations")["issuer"], "https://login.microsoftonline.com/{tenantid}/v2.0");
    assert_eq!(
        of("organizations")["token_endpoint"],
        "https://login.microsoftonline.com/organizations/oauth2/v2.0/token"
    );
    let v1 = lab.get(&format!("/{TENANT}/.well-known/openid-configuration")).json();
    assert_eq!(v1["issuer"], format!("https://sts.windows.net/{TENANT}/"));
    assert_eq!(v1["token_endpoint"], format!("https://login.microsoftonline.com/{TENANT}/oauth2/token"));
    assert_eq!(v1["jwks_uri"], format!("https://login.microsoftonline.com/{TENANT}/discovery/keys"));
    assert_eq!(v1["scopes_supported"], json!(["openid"]));
    let common = lab.get("/common/.well-known/openid-configuration").json();
    assert_eq!(common["issuer"], "https://sts.windows.net/{tenantid}/");
}

/// Whatever the documents of a family promise and the emulator serves is there.
#[test]
fn the_documents_lead_to_the_endpoints() {
    let lab = Lab::new();
    for path in ["/common/v2.0/.well-known/openid-configuration", "/common/.well-known/openid-configuration"] {
        let document = lab.get(path).json();
        for member in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            let url = document[member].as_str().unwrap().strip_prefix("https://login.microsoftonline.com").unwrap();
            assert_ne!(lab.get(url).status, 404, "{url}");
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
fn the_document_of_an_application_leads_to_its_keys() {
    let lab = Lab::new();
    let document = lab.get(&format!("/common/v2.0/.well-known/openid-configuration?appid={CLIENT}")).json();
    assert_eq!(
        document["jwks_uri"],
        format!("https://login.microsoftonline.com/common/discovery/v2.0/keys?appid={CLIENT}")
    );
    let other = lab.get("/common/v2.0/.well-known/openid-configuration?appid=%22%3E").json();
    assert_eq!(other["jwks_uri"], "https://login.microsoftonline.com/common/discovery/v2.0/keys");
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
