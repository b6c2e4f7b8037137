//! Rules that a world can switch, and who may have a token at all.

use serde_json::json;

use crate::support::*;

const TENANT_AUTHORIZE: &str = "/contoso.com/oauth2/v2.0/authorize";
const BY_NAME: &str = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation offline_access";

/// A world of this mode, in which the server has a URL as an identifier URI too.
fn resource_lab(mode: &str) -> Lab {
    let uris = [SERVER_URI, "https://server.example/mcp"];
    Lab::of(changed(json!({"resource_parameter": mode, "apps": {"server": {"identifier_uris": uris}}})))
}

#[test]
fn an_enforced_resource_is_an_identifier_uri_of_the_scopes_application_byte_for_byte() {
    let lab = resource_lab("enforced");
    for path in [TENANT_AUTHORIZE, V2_AUTHORIZE] {
        for resource in [SERVER_URI, "https://server.example/mcp"] {
            let parameters = with(&v2(BY_NAME), "resource", resource);
            let code = lab.code(path, &parameters);
            let seen = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "resource", resource)));
            assert_eq!(seen.status, 200, "{}", seen.body);
        }
        for resource in ["https://server.example/mcp/", "https://Server.example/mcp", "https://server.example", SERVER]
        {
            let seen = lab.authorize(path, &with(&v2(BY_NAME), "resource", resource));
            assert_eq!((seen.aadsts(), seen.refusing()), (Some(9_010_010), Some("resource.matches_scopes")));
            assert_eq!(returned(&seen, "error").as_deref(), Some("invalid_target"), "{path} {resource}: at once");
            let fix = seen.checks.refusal().unwrap().fix.clone().unwrap();
            assert!(fix.contains("idp.apps.server.identifier_uris"), "{fix}");
        }
    }
    let oidc = lab.authorize(V2_AUTHORIZE, &with(&v2("openid"), "resource", "https://graph.microsoft.com"));
    assert_eq!(oidc.aadsts(), Some(9_010_010), "the scopes of OpenID Connect are no resource's");
}

#[test]
fn an_enforced_resource_counts_at_the_token_endpoint_with_and_without_scope() {
    let lab = resource_lab("enforced");
    let code = lab.code(V2_AUTHORIZE, &v2(BY_NAME));
    for scope in ["", BY_NAME] {
        let parameters = with(&with(&redeem(&code), "scope", scope), "resource", "https://other.example/mcp");
        let seen = lab.post(V2_TOKEN, &form(&parameters));
        assert_eq!((seen.aadsts(), seen.json()["error"].as_str()), (Some(9_010_010), Some("invalid_target")));
    }
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    let token = body["refresh_token"].as_str().unwrap();
    let wrong = with(&refresh(token), "resource", "https://other.example/mcp");
    assert_eq!(lab.post(V2_TOKEN, &form(&wrong)).aadsts(), Some(9_010_010));
    let right = with(&refresh(token), "resource", "https://server.example/mcp");
    assert_eq!(lab.post(V2_TOKEN, &form(&right)).status, 200);
}

#[test]
fn a_rejected_resource_is_none_at_either_v2_endpoint_and_the_selector_on_v1() {
    let lab = resource_lab("rejected");
    let seen = lab.authorize(V2_AUTHORIZE, &with(&v2(BY_NAME), "resource", SERVER_URI));
    assert_eq!((seen.aadsts(), seen.refusing()), (Some(901_002), Some("resource.accepted")));
    assert_eq!(seen.location(), None, "a page");
    let code = lab.code(V2_AUTHORIZE, &v2(BY_NAME));
    let seen = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "resource", SERVER_URI)));
    assert_eq!((seen.status.as_u16(), seen.aadsts()), (400, Some(901_002)));
    let code = lab.code(V1_AUTHORIZE, &v1());
    assert_eq!(lab.post(V1_TOKEN, &form(&with(&redeem(&code), "resource", SERVER_URI))).status, 200);
}

#[test]
fn an_ignored_resource_changes_nothing() {
    let lab = resource_lab("ignored");
    let code = lab.code(V2_AUTHORIZE, &with(&v2(BY_NAME), "resource", "https://other.example/#x"));
    let seen = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "resource", "https://other.example/")));
    assert_eq!(claims(seen.json()["access_token"].as_str().unwrap())["aud"], SERVER_URI);
}

#[test]
fn an_application_that_asks_for_itself_by_uri_is_refused_at_once() {
    let redirect = "https://server.example/.auth/login/aad/callback";
    let own = |parameters: Vec<(&'static str, &'static str)>| {
        with(&with(&parameters, "client_id", SERVER), "redirect_uri", redirect)
    };
    for multi_tenant in [false, true] {
        let audience = if multi_tenant { "AzureADMultipleOrgs" } else { "AzureADMyOrg" };
        let lab = Lab::of(changed(json!({"apps": {"server": {"audience": audience}}})));
        let segment = if multi_tenant { "common" } else { TENANT };
        let at_v1 = lab.authorize(&format!("/{segment}/oauth2/authorize"), &own(v1()));
        let at_v2 = lab.authorize(&format!("/{segment}/oauth2/v2.0/authorize"), &own(v2(DEFAULT)));
        for seen in [at_v1, at_v2] {
            assert_eq!((seen.aadsts(), seen.location()), (Some(90_009), None), "{segment}");
        }
        let by_guid = lab.authorize(&format!("/{segment}/oauth2/authorize"), &with(&own(v1()), "resource", SERVER));
        assert!(by_guid.body.contains("idSIButton9"), "{}", by_guid.body);
        let named = lab.authorize(&format!("/{segment}/oauth2/v2.0/authorize"), &own(v2(BY_NAME)));
        assert!(named.body.contains("idSIButton9"), "a named scope works: {}", named.body);
    }
}

#[test]
fn only_assigned_users_get_in_where_assignment_is_required() {
    for app in ["client", "server"] {
        let required =
            |assigned: &[&str]| changed(json!({"apps": {app: {"assignment_required": true, "assigned": assigned}}}));
        let lab = Lab::of(required(&["megan"]));
        let code = lab.code(V1_AUTHORIZE, &v1());
        let body = lab.post(V1_TOKEN, &form(&redeem(&code))).json();
        let mut admin = Browser::new(&lab);
        admin.open(V1_AUTHORIZE, &v1());
        let seen = admin.sign_in("admin@contoso.com", "Fabrikam-Global-1");
        assert_eq!((seen.aadsts(), seen.location()), (Some(50_105), None), "a page, whatever was consented");
        let fix = seen.checks.refusal().unwrap().fix.clone().unwrap();
        assert!(fix.contains(&format!("idp.apps.{app}.assigned: add admin")), "{fix}");
        // who loses the assignment keeps no access
        lab.replace(required(&[]));
        let seen = lab.post(V1_TOKEN, &form(&refresh(body["refresh_token"].as_str().unwrap())));
        assert_eq!((seen.aadsts(), seen.json()["error"].as_str()), (Some(50_105), Some("invalid_grant")));
    }
}

#[test]
fn a_resource_needs_a_service_principal_in_the_users_tenant() {
    let api = |service_principals: &[&str]| {
        let change = json!({"audience": "AzureADMultipleOrgs", "service_principals": service_principals});
        changed(json!({"apps": {"server": change}}))
    };
    let as_nestor = |lab: &Lab| {
        let mut browser = Browser::new(lab);
        browser.open(V1_AUTHORIZE, &v1());
        browser.sign_in("nestor@fabrikam.com", "Northwind-9")
    };
    let seen = as_nestor(&Lab::of(api(&["contoso"])));
    assert_eq!((seen.aadsts(), seen.refusing()), (Some(650_052), Some("resource.service_principal")));
    assert_eq!(returned(&seen, "error").as_deref(), Some("invalid_client"));
    let fix = seen.checks.refusal().unwrap().fix.clone().unwrap();
    assert!(fix.contains("idp.apps.server.service_principals: add fabrikam"), "{fix}");
    let mut everywhere = api(&["contoso", "fabrikam"]);
    everywhere["apps"]["modern"]["audience"] = json!("AzureADMultipleOrgs");
    // the client lists another API that is missing there: the question of consent cannot be put
    let lab = Lab::of(everywhere.clone());
    let seen = as_nestor(&lab);
    assert_eq!(seen.aadsts(), Some(650_052), "{}", seen.body);
    everywhere["apps"]["modern"]["service_principals"] = json!(["contoso", "fabrikam"]);
    let lab = Lab::of(everywhere);
    assert!(as_nestor(&lab).body.contains("Permissions requested"));
}

#[test]
fn a_pre_authorized_client_is_never_asked_about() {
    let nothing = json!({"client-on-graph": null, "client-on-server": null, "client-on-modern": null});
    let app = json!({"pre_authorized_clients": ["client"]});
    let lab = Lab::of(changed(json!({"apps": {"server": app}, "consents": nothing})));
    let code = lab.code(V1_AUTHORIZE, &v1());
    let body = lab.post(V1_TOKEN, &form(&redeem(&code))).json();
    assert_eq!(body["scope"], "Server.Manage user_impersonation");
}

#[test]
fn between_two_applications_of_microsofts_own_only_pre_authorization_counts() {
    let world = |pre_authorized: &[&str]| {
        let server = json!({"first_party": true, "pre_authorized_clients": pre_authorized});
        changed(json!({"apps": {"client": {"first_party": true}, "server": server}}))
    };
    let lab = Lab::of(world(&["client"]));
    let code = lab.code(V1_AUTHORIZE, &v1());
    let body = lab.post(V1_TOKEN, &form(&redeem(&code))).json();
    lab.replace(world(&[]));
    let seen = lab.post(V1_TOKEN, &form(&refresh(body["refresh_token"].as_str().unwrap())));
    assert_eq!((seen.aadsts(), seen.json()["error"].as_str()), (Some(65_002), Some("invalid_request")));
    assert!(seen.checks.refusal().unwrap().fix.as_ref().unwrap().contains("pre_authorized_clients"));
    // a client of one's own is not asked for it
    lab.replace(changed(json!({"apps": {"server": {"first_party": true}}})));
    lab.code(V1_AUTHORIZE, &v1());
}

#[test]
fn a_token_url_without_tenant_is_a_switch() {
    let common = Lab::of(changed(json!({"tenantless_token_endpoint": "common"})));
    for (authorize, parameters, path) in
        [(V1_AUTHORIZE, v1(), "/oauth2/token"), (V2_AUTHORIZE, v2(DEFAULT), "/OAuth2/v2.0/token")]
    {
        let code = common.code(authorize, &parameters);
        let seen = common.post(path, &form(&redeem(&code)));
        assert_eq!(seen.status, 200, "{}", seen.body);
        let lab = Lab::new();
        let seen = lab.post(path, &form(&redeem("x")));
        assert_eq!((seen.status.as_u16(), seen.refusing()), (404, Some("endpoint.exists")));
    }
    assert_eq!(common.get("/oauth2/v2.0/authorize").status, 404);
}

#[test]
fn a_secret_works_until_its_expiry_to_the_second() {
    let expiring = json!({"good": {"expires": "2026-01-15T09:05:00Z"}});
    let lab = Lab::of(changed(json!({"apps": {"client": {"secrets": expiring}}})));
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    lab.advance(4);
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    lab.advance(1);
    let seen = lab.post(V2_TOKEN, &form(&refresh(body["refresh_token"].as_str().unwrap())));
    assert_eq!((seen.status.as_u16(), seen.aadsts()), (401, Some(7_000_222)));
    let fix = seen.checks.refusal().unwrap().fix.clone().unwrap();
    assert!(fix.contains("idp.apps.client.secrets") && fix.contains("connector.client_secret"), "{fix}");
}

#[test]
fn a_comma_between_scopes_is_named_as_what_to_mend() {
    let scope = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation,offline_access";
    let seen = Lab::new().authorize(TENANT_AUTHORIZE, &v2(scope));
    assert_eq!((seen.aadsts(), seen.refusing()), (Some(650_053), Some("scope.exists")));
    let fix = seen.checks.refusal().unwrap().fix.clone().unwrap();
    assert!(fix.contains("a comma is part of the name") && fix.contains("connector.scopes"), "{fix}");
}
