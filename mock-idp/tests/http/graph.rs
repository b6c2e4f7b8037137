//! Microsoft Graph: who the caller is, and which groups it is in.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, header};
use serde_json::{Value, json};

use crate::support::*;

const GROUP: &str = "51c0a7de-0000-4000-8000-00000000005a";
const OUTER: &str = "51c0a7de-0000-4000-8000-00000000005b";
const LIST: &str = "51c0a7de-0000-4000-8000-00000000005c";

/// A world in which the client may read profiles, and the client itself may read all groups.
fn graph_world() -> Value {
    let mut world = changed(json!({
        "users": {"megan": {"job_title": "Buyer", "business_phone": "+41 44 000 00 00", "preferred_language": "de-CH"}},
        "consents": {
            "client-on-graph": {"scopes": ["openid", "profile", "email", "User.Read", "GroupMember.Read.All"],
                                "roles": ["GroupMember.Read.All"]},
        },
    }));
    let group = |id: &str, name: &str, more: Value| {
        let mut group = json!({"tenant": "contoso", "object_id": id, "display_name": name});
        group.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        group
    };
    world["groups"] = json!({
        "sales": group(GROUP, "Sales", json!({"members": {"users": ["megan"]}})),
        "outer": group(OUTER, "Outer", json!({"members": {"groups": ["sales"]}})),
        "list": group(LIST, "List", json!({"kind": "distribution", "members": {"users": ["megan"]}})),
    });
    world
}

/// megan's token for Graph, with all that was consented to of `scopes`.
fn token(lab: &Lab, scopes: &'static str) -> String {
    let code = lab.code(V2_AUTHORIZE, &v2(scopes));
    lab.post(V2_TOKEN, &form(&redeem(&code))).json()["access_token"].as_str().unwrap().to_owned()
}

fn application_token(lab: &Lab) -> String {
    let answer = lab.post(TENANT_TOKEN, &form(&for_itself("https://graph.microsoft.com/.default"))).json();
    answer["access_token"].as_str().unwrap().to_owned()
}

fn call(lab: &Lab, method: &str, path: &str, token: &str, body: &str) -> Seen {
    let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    lab.send(request.body(Body::from(body.to_owned())).unwrap())
}

fn get(lab: &Lab, path: &str, token: &str) -> Seen {
    call(lab, "GET", path, token, "")
}

const ALL_GROUPS: &str = r#"{"securityEnabledOnly":false}"#;

#[test]
fn me_is_the_user_of_the_token() {
    let lab = Lab::of(graph_world());
    let token = token(&lab, "User.Read openid");
    let seen = get(&lab, "/v1.0/me", &token);
    assert_eq!(seen.status, 200, "{}", seen.body);
    let expected = json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity",
        "businessPhones": ["+41 44 000 00 00"], "displayName": "Megan Bowen", "givenName": "Megan", "jobTitle": "Buyer",
        "mail": "megan@contoso.com", "mobilePhone": null, "officeLocation": null, "preferredLanguage": "de-CH",
        "surname": "Bowen", "userPrincipalName": "megan@contoso.com", "id": MEGAN,
    });
    assert_eq!(seen.body, expected.to_string(), "members and their order");
    let selected = get(&lab, "/v1.0/me?$select=id,displayName", &token).json();
    assert_eq!(
        selected,
        json!({
            "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users(id,displayName)/$entity",
            "displayName": "Megan Bowen", "id": MEGAN,
        })
    );
    assert_eq!(get(&lab, "/V1.0/ME", &token).status, 200);
    for path in ["/v1.0/me", "/common/openid/userinfo"] {
        assert_eq!(lab.send(from_page(path)).header("access-control-allow-origin"), Some("*"));
    }
}

fn from_page(path: &str) -> Request<Body> {
    Request::builder()
        .method("OPTIONS")
        .uri(path)
        .header(header::ORIGIN, SPA_ORIGIN)
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization")
        .body(Body::empty())
        .unwrap()
}

/// A token with a nonce in its header, and one without, are both Graph's.
#[test]
fn graph_takes_its_tokens_with_and_without_a_nonce() {
    let mut world = graph_world();
    world["graph_nonce"] = json!(false);
    let lab = Lab::of(world);
    assert_eq!(get(&lab, "/v1.0/me", &token(&lab, "User.Read")).status, 200);
}

#[test]
fn userinfo_says_what_the_scopes_of_openid_connect_allow_and_the_id_tokens_subject() {
    let lab = Lab::of(graph_world());
    for (family, path) in [("v2.0/", "/oidc/userinfo"), ("", "/contoso.com/openid/userinfo")] {
        let document = lab.get(&format!("/contoso.com/{family}.well-known/openid-configuration")).json();
        let endpoint = document["userinfo_endpoint"].as_str().unwrap();
        let code = lab.code(V2_AUTHORIZE, &v2("openid profile email"));
        let answer = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
        let [access, id] = ["access_token", "id_token"].map(|name| answer[name].as_str().unwrap());
        let served = url::Url::parse(endpoint).unwrap();
        for method in ["GET", "POST"] {
            let seen = call(&lab, method, served.path(), access, "");
            assert_eq!(seen.status, 200, "{}", seen.body);
            assert_eq!(
                seen.json(),
                json!({
                    "sub": claims(id)["sub"], "name": "Megan Bowen", "family_name": "Bowen", "given_name": "Megan",
                    "picture": "https://graph.microsoft.com/v1.0/me/photo/$value", "email": "megan@contoso.com",
                })
            );
            assert_eq!(get(&lab, path, access).json(), seen.json());
        }
    }
    let only = Lab::of(changed(json!({"consents": {"client-on-graph": {"scopes": ["openid"]}}})));
    let bare = get(&only, "/oidc/userinfo", &token(&only, "openid")).json();
    assert_eq!(bare.as_object().unwrap().keys().collect::<Vec<_>>(), ["sub", "picture"]);
}

#[test]
fn a_user_without_a_photo_has_none() {
    let lab = Lab::of(graph_world());
    let seen = get(&lab, "/v1.0/me/photo/$value", &token(&lab, "User.Read"));
    assert_eq!((seen.status.as_u16(), &seen.json()["error"]["code"]), (404, &json!("ImageNotFound")));
}

#[test]
fn groups_are_told_directly_and_in_full() {
    let lab = Lab::of(graph_world());
    let token = token(&lab, "User.Read GroupMember.Read.All");
    let direct = get(&lab, "/v1.0/me/memberOf", &token).json();
    let shown: Vec<_> =
        direct["value"].as_array().unwrap().iter().map(|group| [&group["id"], &group["displayName"]]).collect();
    assert_eq!(shown, [[LIST, "List"], [GROUP, "Sales"]]);
    let ids = |body: &str| call(&lab, "POST", "/v1.0/me/getMemberObjects", &token, body).json()["value"].clone();
    assert_eq!(ids(ALL_GROUPS), json!([LIST, OUTER, GROUP]));
    assert_eq!(ids(r#"{"securityEnabledOnly":true}"#), json!([OUTER, GROUP]));
    for body in ["", "{}", "[]", r#"{"securityEnabledOnly":"no"}"#, "\u{0}"] {
        let seen = call(&lab, "POST", "/v1.0/me/getMemberObjects", &token, body);
        assert_eq!((seen.status.as_u16(), &seen.json()["error"]["code"]), (400, &json!("BadRequest")), "{body}");
        assert_eq!(seen.refusing(), Some("request.parameter_present"));
    }
    let less = Lab::of(changed(json!({"consents": {"client-on-graph": {"scopes": ["User.Read"]}},
        "groups": {"sales": {"tenant": "contoso", "object_id": GROUP, "display_name": "Sales", "members": {"users": ["megan"]}}}})));
    let hidden = get(&less, "/v1.0/me/memberOf", &self::token(&less, "User.Read")).json();
    assert_eq!((&hidden["value"][0]["id"], &hidden["value"][0]["displayName"]), (&json!(GROUP), &Value::Null));
}

/// The address that stands in a token for too many groups leads to them.
#[test]
fn the_groups_of_a_user_are_found_by_id_and_by_name() {
    let lab = Lab::of(graph_world());
    let application = application_token(&lab);
    for who in [MEGAN, "megan@contoso.com", "Megan%40contoso.com"] {
        let seen = call(&lab, "POST", &format!("/v1.0/users/{who}/getMemberObjects"), &application, ALL_GROUPS);
        assert_eq!((seen.status.as_u16(), &seen.json()["value"]), (200, &json!([LIST, OUTER, GROUP])), "{who}");
    }
    for who in ["nobody@contoso.com", "nestor@fabrikam.com", OTHER_TENANT] {
        let seen = call(&lab, "POST", &format!("/v1.0/users/{who}/getMemberObjects"), &application, ALL_GROUPS);
        assert_eq!((seen.status.as_u16(), &seen.json()["error"]["code"]), (404, &json!("Request_ResourceNotFound")));
        assert_eq!(seen.refusing(), Some("user.exists"));
    }
    let seen = get(&lab, "/v1.0/me", &application);
    assert_eq!((seen.status.as_u16(), &seen.json()["error"]["code"]), (400, &json!("BadRequest")));
    assert_eq!(seen.refusing(), Some("graph.permission"), "there is no user to be me");
}

#[test]
fn a_permission_that_the_token_lacks_is_named() {
    let lab = Lab::of(graph_world());
    let only_oidc = Lab::new();
    let of_oidc = token(&only_oidc, "openid profile email");
    let seen = get(&only_oidc, "/v1.0/me", &of_oidc);
    assert_eq!((seen.status.as_u16(), &seen.json()["error"]["code"]), (403, &json!("Authorization_RequestDenied")));
    assert_eq!(seen.refusing(), Some("graph.permission"));
    let refusal = seen.checks.refusal().unwrap();
    assert!(refusal.expected.contains("User.Read") && refusal.received.contains("openid"), "{refusal:?}");
    assert!(refusal.fix.as_ref().unwrap().contains("API permissions"));
    let admin = "c2d9b6f4-3a71-4e0c-8b55-2f9d1e6a7c30";
    let mut world = graph_world();
    world["consents"]["client-on-graph"]["scopes"] = json!(["User.Read"]);
    lab.replace(world);
    let of_user = token(&lab, "User.Read");
    let path = |id| format!("/v1.0/users/{id}/getMemberObjects");
    assert_eq!(call(&lab, "POST", &path(MEGAN), &of_user, ALL_GROUPS).status, 200, "of oneself");
    assert_eq!(call(&lab, "POST", &path(admin), &of_user, ALL_GROUPS).status, 403, "of others");
}

#[test]
fn a_token_that_graph_does_not_take_is_answered_with_graphs_own_object_and_challenge() {
    let lab = Lab::of(graph_world());
    let good = token(&lab, "User.Read");
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let for_server = lab.post(V2_TOKEN, &form(&redeem(&code))).json()["access_token"].as_str().unwrap().to_owned();
    let mut changed = good.clone();
    let last = changed.pop().unwrap();
    changed.insert(changed.len() - 20, if last == 'A' { 'B' } else { 'A' });
    let nobody = lab.get("/v1.0/me");
    let refused = [&for_server, &changed, "x", "", "a.b.c"].map(|token| get(&lab, "/v1.0/me", token));
    let gone = {
        let lab = Lab::of(graph_world());
        let token = token(&lab, "User.Read");
        let mut world = graph_world();
        world["users"].as_object_mut().unwrap().remove("megan");
        world["groups"] = json!({});
        lab.replace(world);
        get(&lab, "/v1.0/me", &token)
    };
    lab.advance(70);
    let late = get(&lab, "/v1.0/me", &good);
    let messages: std::collections::BTreeSet<String> = refused
        .iter()
        .chain([&nobody, &late, &gone])
        .map(|seen| {
            assert_eq!((seen.status.as_u16(), seen.refusing()), (401, Some("graph.token")), "{}", seen.body);
            let challenge = seen.header("www-authenticate").unwrap();
            assert_eq!(challenge, "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"");
            let error = seen.json()["error"].clone();
            assert_eq!(error.as_object().unwrap().keys().collect::<Vec<_>>(), ["code", "message", "innerError"]);
            assert_eq!(error["code"], "InvalidAuthenticationToken");
            let inner = error["innerError"].as_object().unwrap();
            assert_eq!(inner.keys().collect::<Vec<_>>(), ["date", "request-id", "client-request-id"]);
            assert!(!seen.body.contains("eyJ") && !format!("{:?}", seen.checks).contains(&good[..60]));
            error["message"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(messages.len(), 5, "{messages:?}");
    assert!(late.json()["error"]["message"].as_str().unwrap().contains("expired"));
}

#[test]
fn another_method_is_refused_in_graphs_words() {
    let lab = Lab::of(graph_world());
    for (method, path) in [("DELETE", "/v1.0/me"), ("GET", "/v1.0/me/getMemberObjects"), ("PUT", "/oidc/userinfo")] {
        let seen = lab.method(method, path);
        assert_eq!(
            (seen.status.as_u16(), &seen.json()["error"]["code"]),
            (405, &json!("Request_BadRequest")),
            "{path}"
        );
        assert!(seen.header("allow").is_some());
    }
}

/// On this machine Graph stands at the same address as the rest, and discovery leads there.
#[test]
fn on_this_machine_graph_answers_where_discovery_says() {
    let origin = "https://localhost:8443";
    let [login, sts, graph] = std::array::from_fn(|_| origin.to_owned());
    let origins = mock_idp::Origins { login, sts, graph, device_login: format!("{origin}/devicelogin") };
    let lab = Lab::at(graph_world(), origins);
    let document = lab.get("/common/v2.0/.well-known/openid-configuration").json();
    assert_eq!(document["userinfo_endpoint"], "https://localhost:8443/oidc/userinfo");
    let token = token(&lab, "https://localhost:8443/User.Read openid");
    assert_eq!(get(&lab, "/oidc/userinfo", &token).status, 200);
    let me = get(&lab, "/v1.0/me", &token).json();
    assert_eq!(me["@odata.context"], "https://localhost:8443/v1.0/$metadata#users/$entity");
}

/// Continuous access evaluation: who said `cp1` is challenged as soon as the user's sessions end, and nobody else.
#[test]
fn a_revoked_user_is_challenged_where_the_client_understands_it() {
    let lab = Lab::of(graph_world());
    let token = |capability: &'static str| {
        let code = lab.code(V2_AUTHORIZE, &v2("User.Read openid"));
        let body = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "claims", capability))).json();
        body["access_token"].as_str().unwrap().to_owned()
    };
    let understanding = token(r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#);
    let other = token("");
    lab.advance(1);
    assert_eq!(get(&lab, "/v1.0/me", &understanding).status, 200);

    let mut world = graph_world();
    world["users"]["megan"]["sessions_valid_from"] = "2026-01-15T09:01:00Z".into();
    lab.replace(world.clone());
    assert_eq!(get(&lab, "/v1.0/me", &other).status, 200, "a token without cp1 is good until it ends");
    let seen = get(&lab, "/v1.0/me", &understanding);
    assert_eq!((seen.status.as_u16(), seen.refusing()), (401, Some("graph.token")));
    let challenge = seen.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_claims\""), "{challenge}");
    let claims = challenge.split("claims=\"").nth(1).unwrap().trim_end_matches('"');
    let claims: Value = serde_json::from_slice(&STANDARD.decode(claims).unwrap()).unwrap();
    assert_eq!(claims, json!({"access_token": {"nbf": {"essential": true, "value": "1768467660"}}}));
    let error = &seen.json()["error"];
    assert_eq!(error["code"], "InvalidAuthenticationToken");
    assert!(error["message"].as_str().unwrap().contains("TokenIssuedBeforeRevocationTimestamp"));

    // a new sign-in brings a token that is good
    let renewed = token(r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#);
    assert_eq!(get(&lab, "/v1.0/me", &renewed).status, 200);
    world["users"]["megan"]["disabled"] = true.into();
    lab.replace(world);
    let seen = get(&lab, "/v1.0/me", &renewed);
    assert_eq!(seen.status, 401);
    let refusal = seen.checks.refusal().unwrap();
    assert!(refusal.fix.as_ref().unwrap().contains("idp.users.megan.disabled: false"), "{refusal:?}");
}

/// The challenge is brought back merged with the capability, as MSAL does. A password that was changed does not end what a
/// confidential client can refresh: its new token is from after the instant that the challenge names.
#[test]
fn a_challenge_that_is_brought_back_gives_a_token_that_is_good() {
    let lab = Lab::of(graph_world());
    let capability = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
    let code = lab.code(V2_AUTHORIZE, &v2("User.Read openid offline_access"));
    let answer = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "claims", capability))).json();
    lab.advance(10);
    let mut world = graph_world();
    world["users"]["megan"]["password_changed"] = "2026-01-15T09:09:00Z".into();
    lab.replace(world);
    let seen = get(&lab, "/v1.0/me", answer["access_token"].as_str().unwrap());
    let challenge = seen.header("www-authenticate").unwrap();
    let claims = challenge.split("claims=\"").nth(1).unwrap().trim_end_matches('"');
    let mut claims: Value = serde_json::from_slice(&STANDARD.decode(claims).unwrap()).unwrap();
    assert_eq!(claims["access_token"]["nbf"]["value"], "1768468140");
    claims["access_token"]["xms_cc"] = json!({"values": ["cp1"]});
    let claims = claims.to_string();
    let refreshing = refresh(answer["refresh_token"].as_str().unwrap());
    let seen = lab.post(V2_TOKEN, &form(&with(&refreshing, "claims", &claims)));
    assert_eq!(seen.status, 200, "{}", seen.body);
    assert_eq!(get(&lab, "/v1.0/me", seen.json()["access_token"].as_str().unwrap()).status, 200);
    let code = lab.code(V2_AUTHORIZE, &with(&v2("User.Read"), "claims", &claims));
    let answer = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "claims", capability))).json();
    assert_eq!(get(&lab, "/v1.0/me", answer["access_token"].as_str().unwrap()).status, 200);
}
