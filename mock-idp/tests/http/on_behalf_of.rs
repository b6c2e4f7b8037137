//! A middle tier that exchanges the token it was called with (on-behalf-of).

use serde_json::{Value, json};

use crate::support::*;

pub const THINGS: &str = "api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read";

/// A world in which the server may act for users at the next API.
pub fn world_of_middle_tier() -> Value {
    changed(json!({"consents": {
        "server-on-modern": { "client": "server", "resource": "modern", "scopes": ["Things.Read"] },
    }}))
}

/// What the client gets for megan.
pub fn called_with(lab: &Lab, scope: &'static str, member: &str) -> String {
    let code = lab.code(V2_AUTHORIZE, &v2(scope));
    lab.post(V2_TOKEN, &form(&redeem(&code))).json()[member].as_str().unwrap().to_owned()
}

/// The token parameters of the server for a token that it was called with.
pub fn on_behalf_of<'p>(assertion: &'p str, scope: &'p str) -> Vec<(&'p str, &'p str)> {
    vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("client_id", SERVER),
        ("client_secret", "server-secret"),
        ("assertion", assertion),
        ("requested_token_use", "on_behalf_of"),
        ("scope", scope),
    ]
}

fn exchange(lab: &Lab, assertion: &str, scope: &str) -> Seen {
    lab.post(TENANT_TOKEN, &form(&on_behalf_of(assertion, scope)))
}

fn claims(answer: &Value) -> Value {
    wire::access_token::read_unverified(answer["access_token"].as_str().unwrap()).unwrap().claims.into()
}

#[test]
fn the_new_token_is_the_users_and_names_the_middle_tier_as_client() {
    let lab = Lab::of(world_of_middle_tier());
    let token = called_with(&lab, DEFAULT, "access_token");
    let seen = exchange(&lab, &token, THINGS);
    assert_eq!(seen.status, 200, "{}", seen.body);
    let body = seen.json();
    assert_eq!((body.get("refresh_token"), body.get("id_token")), (None, None));
    assert_eq!(body["scope"], THINGS);
    let claims = claims(&body);
    assert_eq!((&claims["aud"], &claims["azp"], &claims["azpacr"]), (&json!(MODERN), &json!(SERVER), &json!("1")));
    assert_eq!((&claims["oid"], &claims["tid"]), (&json!(MEGAN), &json!(TENANT)));
    assert_eq!((&claims["scp"], &claims["preferred_username"]), (&json!("Things.Read"), &json!("megan@contoso.com")));
}

#[test]
fn a_refresh_token_comes_with_offline_access_alone_and_is_the_middle_tiers() {
    let lab = Lab::of(world_of_middle_tier());
    let token = called_with(&lab, DEFAULT, "access_token");
    let body = exchange(&lab, &token, &format!("{THINGS} offline_access")).json();
    let refresh_token = body["refresh_token"].as_str().unwrap();
    let by_server = with(&with(&refresh(refresh_token), "client_id", SERVER), "client_secret", "server-secret");
    let refreshed = lab.post(TENANT_TOKEN, &form(&by_server)).json();
    assert_eq!(claims(&refreshed)["azp"], SERVER);
    assert_eq!(lab.post(TENANT_TOKEN, &form(&refresh(refresh_token))).aadsts(), Some(700_007));
}

#[test]
fn on_v1_the_resource_says_which_api_is_next_and_everything_is_a_string() {
    let mut world = world_of_middle_tier();
    world["apps"]["server"]["permissions"]["modern"] = json!({"resource": "modern", "scopes": ["Things.Read"]});
    let lab = Lab::of(world);
    let token = called_with(&lab, DEFAULT, "access_token");
    let mut parameters = with(&on_behalf_of(&token, ""), "scope", "");
    parameters.push(("resource", MODERN));
    let body = lab.post(TENANT_V1_TOKEN, &form(&parameters)).json();
    assert_eq!(claims(&body)["azp"], SERVER, "{body}");
    assert!(body.as_object().unwrap().values().all(Value::is_string));
    assert_eq!(body.get("id_token"), None);
    parameters.push(("scope", "openid"));
    assert!(lab.post(TENANT_V1_TOKEN, &form(&parameters)).json()["id_token"].is_string());
}

#[test]
fn atk_b23_only_a_users_current_access_token_for_the_middle_tier_itself_is_exchanged() {
    let lab = Lab::of(world_of_middle_tier());
    let refused = |assertion: &str| {
        let seen = exchange(&lab, assertion, THINGS);
        assert_eq!(seen.status, 400, "{}", seen.body);
        (seen.aadsts().unwrap(), seen.json()["error"].as_str().unwrap().to_owned())
    };
    let grant = |number| (number, "invalid_grant".to_owned());
    assert_eq!(refused(&called_with(&lab, THINGS, "access_token")), grant(500_131));
    let id_token = called_with(&lab, "openid api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default", "id_token");
    assert_eq!(refused(&id_token), grant(240_002));
    let app_only =
        lab.post(TENANT_TOKEN, &form(&for_itself("api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default"))).json();
    let app_only = app_only["access_token"].as_str().unwrap();
    assert_eq!(refused(app_only), (7_000_114, "unauthorized_client".to_owned()));
    let token = called_with(&lab, DEFAULT, "access_token");
    let (front, _) = token.rsplit_once('.').unwrap();
    let (_, other_signature) = app_only.rsplit_once('.').unwrap();
    assert_eq!(refused(&format!("{front}.{other_signature}")), grant(50_013));
    assert_eq!(refused(&format!("{front}.")), grant(50_013));
    assert_eq!(refused(front).0, 50_027);
    let refresh_token = called_with(&lab, DEFAULT, "refresh_token");
    assert_eq!(refused(&refresh_token), grant(50_013));
    lab.advance(60);
    assert_eq!(refused(&token), grant(500_133));
}

#[test]
fn a_token_of_another_lab_is_exchanged_nowhere() {
    let lab = Lab::of(world_of_middle_tier());
    let token = called_with(&Lab::of(world_of_middle_tier()), DEFAULT, "access_token");
    // both labs of the tests sign with the keys that everybody has: it is the user that must exist
    lab.replace(changed(json!({"users": {"megan": null}})));
    assert_eq!(exchange(&lab, &token, THINGS).aadsts(), Some(50_034));
}

#[test]
fn the_middle_tier_needs_consent_and_a_credential_of_its_own() {
    let lab = Lab::new();
    let token = called_with(&lab, DEFAULT, "access_token");
    let seen = exchange(&lab, &token, THINGS);
    assert_eq!((seen.aadsts(), seen.json()["suberror"].as_str()), (Some(65_001), Some("consent_required")));
    assert!(seen.body.contains(SERVER));
    let without = with(&on_behalf_of(&token, THINGS), "client_secret", "");
    let seen = lab.post(TENANT_TOKEN, &form(&without));
    assert_eq!((seen.status.as_u16(), seen.aadsts()), (401, Some(7_000_218)));
    for (name, aadsts) in [("assertion", 900_144), ("requested_token_use", 900_144), ("scope", 900_144)] {
        let seen = lab.post(TENANT_TOKEN, &form(&with(&on_behalf_of(&token, THINGS), name, "")));
        assert_eq!(seen.aadsts(), Some(aadsts), "{name}");
        assert!(seen.body.contains(&format!("'{name}'")));
    }
    let other_use = with(&on_behalf_of(&token, THINGS), "requested_token_use", "on_behalf");
    assert_eq!(lab.post(TENANT_TOKEN, &form(&other_use)).aadsts(), Some(90_013));
    let two = format!("{THINGS} User.Read");
    assert_eq!(exchange(&lab, &token, &two).aadsts(), Some(28_000));
}

/// Policies before the next API ask how the user signed in, and a v2 token does not tell it but in `aio`.
#[test]
fn whether_the_user_gave_a_second_factor_is_known_of_a_token_that_does_not_say_so() {
    for version in [1, 2] {
        let mut world = world_of_middle_tier();
        world["apps"]["server"]["access_token_version"] = json!(version);
        world["users"]["megan"]["mfa"] = json!({"registered": true});
        let lab = Lab::of(world.clone());
        let with_a_password = called_with(&lab, DEFAULT, "access_token");
        let policy = |resource: &str| {
            json!({"conditional_access": {"second-factor": {
                "tenant": "contoso", "users": {"include": ["all"]}, "target_resources": {"include": [resource]},
                "grant": {"controls": ["mfa"]},
            }}})
        };
        world["policies"] = policy("server");
        lab.replace(world.clone());
        let mut browser = Browser::new(&lab);
        browser.open(V2_AUTHORIZE, &v2(DEFAULT));
        browser.sign_in("megan@contoso.com", PASSWORD);
        let code = returned(&browser.give_second_factor(), "code").unwrap();
        let answer = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
        assert_eq!(claims(&answer).get("amr").is_some(), version == 1);
        world["policies"] = policy("modern");
        lab.replace(world);
        let seen = exchange(&lab, &with_a_password, THINGS);
        assert_eq!((seen.status.as_u16(), seen.aadsts()), (400, Some(50_076)), "version {version}: {}", seen.body);
        let seen = exchange(&lab, answer["access_token"].as_str().unwrap(), THINGS);
        assert_eq!(seen.status, 200, "version {version}: {}", seen.body);
    }
}

/// The age of a sign-in counts from the sign-in, not from the token that was refreshed since.
#[test]
fn a_sign_in_is_as_old_for_the_next_api_as_it_is() {
    let mut world = world_of_middle_tier();
    let lab = Lab::of(world.clone());
    let refresh_token = called_with(&lab, DEFAULT, "refresh_token");
    lab.advance(50);
    let fresh = lab.post(V2_TOKEN, &form(&refresh(&refresh_token))).json();
    world["policies"] = json!({"conditional_access": {"every-hour": {
        "tenant": "contoso", "users": {"include": ["all"]}, "target_resources": {"include": ["modern"]},
        "session": {"sign_in_frequency": {"hours": 1}},
    }}});
    lab.replace(world);
    let token = fresh["access_token"].as_str().unwrap();
    assert_eq!(exchange(&lab, token, THINGS).status, 200);
    lab.advance(11);
    assert_eq!(exchange(&lab, token, THINGS).aadsts(), Some(70_043));
}
