//! What tokens say: exactly these claims, in Entra's order, and what a world can add to them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use wire::Checks;
use wire::access_token::{Keys, Signed};

use crate::support::*;

const MODERN_SCOPE: &str = "api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read openid profile email";
const SALES: &str = "51c0a7de-0000-4000-8000-00000000005a";
const EVERYONE: &str = "51c0a7de-0000-4000-8000-0000000000a1";

/// The token answer of a code that megan got at `path` with `parameters`.
fn answer(world: Value, authorize: &str, token: &str, parameters: &[(&str, &str)]) -> Value {
    let lab = Lab::of(world);
    let code = lab.code(authorize, parameters);
    let seen = lab.post(token, &form(&redeem(&code)));
    assert_eq!(seen.status, 200, "{}", seen.body);
    seen.json()
}

fn v2_answer(world: Value, scope: &'static str) -> Value {
    answer(world, V2_AUTHORIZE, V2_TOKEN, &v2(scope))
}

fn claims_of(answer: &Value, token: &str) -> Value {
    claims(answer[token].as_str().unwrap())
}

fn names(claims: &Value) -> String {
    claims.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// A world with one change of `modern`, whose access tokens are v2.
fn modern(change: Value) -> Value {
    changed(json!({"apps": {"modern": change}}))
}

fn with_groups(world: Value) -> Value {
    let mut world = world;
    world["groups"] = json!({
        "sales": {"tenant": "contoso", "object_id": SALES, "display_name": "Sales", "members": {"users": ["megan"]}},
        "everyone": {"tenant": "contoso", "object_id": EVERYONE, "display_name": "Everyone", "members": {"groups": ["sales"]}},
        "loop": {"tenant": "contoso", "object_id": "51c0a7de-0000-4000-8000-000000000100", "display_name": "Loop",
                 "kind": "distribution", "members": {"groups": ["everyone", "loop"]}},
        "others": {"tenant": "contoso", "object_id": "51c0a7de-0000-4000-8000-0000000000b1", "display_name": "Others"},
    });
    world
}

#[test]
fn each_kind_of_token_has_exactly_its_own_claims() {
    let v1_of_server = answer(world(), V1_AUTHORIZE, V1_TOKEN, &v1());
    let v2_of_modern = v2_answer(world(), MODERN_SCOPE);
    let v2_of_graph = v2_answer(world(), "openid profile email");
    let bare = v2_answer(world(), "api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read openid");
    for (answer, token, expected) in [
        (
            &v1_of_server,
            "access_token",
            "aud iss iat nbf exp acr aio amr appid appidacr family_name given_name ipaddr name oid rh scp sub tid unique_name upn uti ver",
        ),
        (
            &v1_of_server,
            "id_token",
            "aud iss iat nbf exp amr family_name given_name ipaddr name oid rh sid sub tid unique_name upn uti ver",
        ),
        (
            &v2_of_modern,
            "access_token",
            "aud iss iat nbf exp aio azp azpacr name oid preferred_username rh scp sub tid uti ver",
        ),
        (&v2_of_modern, "id_token", "aud iss iat nbf exp email name oid preferred_username rh sid sub tid uti ver"),
        (
            &v2_of_graph,
            "access_token",
            "aud iss iat nbf exp acct acr aio amr app_displayname appid appidacr family_name given_name idtyp ipaddr name oid puid rh scp sid sub tenant_region_scope tid unique_name upn uti ver wids xms_ftd xms_st",
        ),
        (&bare, "id_token", "aud iss iat nbf exp rh sid sub tid uti ver"),
    ] {
        assert_eq!(names(&claims_of(answer, token)), expected, "{token}");
    }
}

/// The claims of the access token that `client` gets for itself.
fn for_itself_claims(world: Value, scope: &str) -> Value {
    let seen = Lab::of(world).post(TENANT_TOKEN, &form(&for_itself(scope)));
    assert_eq!(seen.status, 200, "{}", seen.body);
    claims_of(&seen.json(), "access_token")
}

#[test]
fn each_kind_of_application_token_has_exactly_its_own_claims() {
    let modern = format!("api://{MODERN}/.default");
    for (scope, expected) in [
        (modern.as_str(), "aud iss iat nbf exp aio azp azpacr oid rh sub tid uti ver xms_ftd"),
        (
            "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default",
            "aud iss iat nbf exp aio appid appidacr idp oid rh sub tid uti ver",
        ),
        (
            "https://graph.microsoft.com/.default",
            "aud iss iat nbf exp aio app_displayname appid appidacr idp idtyp oid rh sub tenant_region_scope tid uti ver wids xms_ftd",
        ),
    ] {
        assert_eq!(names(&for_itself_claims(world(), scope)), expected, "{scope}");
    }
}

#[test]
fn an_application_has_the_roles_that_an_administrator_consented_to_and_that_are_there() {
    let scope = format!("api://{MODERN}/.default");
    let roles = json!({
        "all": {"value": "Things.Read.All"}, "off": {"value": "Off", "enabled": false}, "more": {"value": "More"},
        "people": {"value": "People", "allowed_member_types": ["users"]},
    });
    let change = |consent: Value| {
        changed(
            json!({"apps": {"modern": {"app_roles": roles, "optional_claims": {"access_token": ["idtyp"]}, "accept_mapped_claims": true,
            "mapped_claims": {"it": {"claim": "plan", "value": "gold"}, "who": {"claim": "who", "attribute": "mail"}},
        }}, "consents": {"roles": consent}}),
        )
    };
    let granted =
        json!({"client": "client", "resource": "modern", "roles": ["Things.Read.All", "Off", "People", "Gone"]});
    let claims = for_itself_claims(change(granted.clone()), &scope);
    assert_eq!((&claims["roles"], &claims["idtyp"]), (&json!(["Things.Read.All"]), &json!("app")));
    assert_eq!((&claims["plan"], claims.get("who")), (&json!("gold"), None), "there is no user to take it from");
    let mut of_user = granted;
    of_user["user"] = json!("megan");
    assert_eq!(for_itself_claims(change(of_user), &scope).get("roles"), None, "a user's consent gives no roles");
    let elsewhere = json!({"client": "client", "resource": "server", "roles": ["Things.Read.All"]});
    assert_eq!(for_itself_claims(change(elsewhere), &scope).get("roles"), None);
}

#[test]
fn a_subject_is_the_same_at_one_application_and_another_at_every_other() {
    let of_modern = v2_answer(world(), MODERN_SCOPE);
    let of_graph = v2_answer(world(), "openid profile email");
    let [api, graph] = [&of_modern, &of_graph].map(|answer| claims_of(answer, "access_token"));
    let [one, same] = [&of_modern, &of_graph].map(|answer| claims_of(answer, "id_token")["sub"].clone());
    assert_eq!(one, same, "the id token's subject is the client's");
    assert_eq!(graph["xms_st"], json!({"sub": one}));
    assert!(api["sub"] != one && graph["sub"] != one && api["sub"] != graph["sub"]);
    assert_eq!((api["oid"].as_str(), graph["oid"].as_str()), (Some(MEGAN), Some(MEGAN)));
}

#[test]
fn a_v1_audience_is_what_was_asked_for_or_the_client_id_where_the_api_wants_it() {
    let aud = |world, parameters: &[(&str, &str)]| {
        claims_of(&answer(world, V1_AUTHORIZE, V1_TOKEN, parameters), "access_token")["aud"].clone()
    };
    assert_eq!(aud(world(), &v1()), SERVER_URI);
    assert_eq!(aud(world(), &with(&v1(), "resource", SERVER)), SERVER);
    let use_guid = json!([{"name": "aud", "additional_properties": ["use_guid"]}]);
    let world = changed(json!({"apps": {"server": {"optional_claims": {"access_token": use_guid}}}}));
    assert_eq!(aud(world, &v1()), SERVER);
}

#[test]
fn roles_are_those_of_the_resource_in_access_tokens_and_of_the_client_in_id_tokens() {
    let roles = |value: &str| json!({"it": {"value": value}, "off": {"value": "Off", "enabled": false}, "app": {"value": "App.Only", "allowed_member_types": ["applications"]}});
    let all = json!({"one": {"user": "megan", "role": "it"}, "two": {"user": "megan", "role": "off"}, "three": {"user": "megan", "role": "app"}, "four": {"user": "admin", "role": "it"}});
    let world = changed(json!({"apps": {
        "modern": {"app_roles": roles("Things.Admin"), "role_assignments": all},
        "client": {"app_roles": roles("Client.User"), "role_assignments": all},
    }}));
    let answer = v2_answer(world, MODERN_SCOPE);
    assert_eq!(claims_of(&answer, "access_token")["roles"], json!(["Things.Admin"]));
    assert_eq!(claims_of(&answer, "id_token")["roles"], json!(["Client.User"]));
}

#[test]
fn a_role_comes_by_direct_membership_of_a_group_alone() {
    let roles = json!({"reader": {"value": "Reader"}, "writer": {"value": "Writer"}});
    let assignments =
        json!({"one": {"group": "sales", "role": "reader"}, "two": {"group": "everyone", "role": "writer"}});
    let world = with_groups(modern(json!({"app_roles": roles, "role_assignments": assignments})));
    assert_eq!(claims_of(&v2_answer(world, MODERN_SCOPE), "access_token")["roles"], json!(["Reader"]));
}

#[test]
fn groups_are_those_that_the_application_asks_for() {
    let seen = |change: Value| {
        let claims = claims_of(&v2_answer(with_groups(modern(change)), MODERN_SCOPE), "access_token");
        [claims["groups"].clone(), claims["roles"].clone()]
    };
    let all = "51c0a7de-0000-4000-8000-000000000100";
    assert_eq!(seen(json!({})), [Value::Null, Value::Null]);
    assert_eq!(seen(json!({"group_membership_claims": ["SecurityGroup"]})), [json!([SALES, EVERYONE]), Value::Null]);
    assert_eq!(seen(json!({"group_membership_claims": ["All"]})), [json!([SALES, EVERYONE, all]), Value::Null]);
    assert_eq!(seen(json!({"group_membership_claims": ["DirectoryRole"]})), [Value::Null, Value::Null]);
    let assigned = |optional: Value| {
        json!({
            "group_membership_claims": ["ApplicationGroup"],
            "role_assignments": {"one": {"group": "sales"}, "two": {"group": "everyone"}, "three": {"group": "others"}},
            "optional_claims": {"access_token": optional},
        })
    };
    assert_eq!(seen(assigned(json!(["groups"]))), [json!([SALES]), Value::Null], "members of members are not assigned");
    let named = json!([{"name": "groups", "additional_properties": ["cloud_displayname"]}]);
    assert_eq!(seen(assigned(named)), [json!(["Sales"]), Value::Null]);
    let as_roles = json!([{"name": "groups", "additional_properties": ["cloud_displayname", "emit_as_roles"]}]);
    assert_eq!(seen(assigned(as_roles)), [Value::Null, json!(["Sales"])]);
}

/// A world in which megan is in `count` groups, which `client` and `modern` want to see.
fn with_many_groups(count: u16) -> Value {
    let groups = (0..count).map(|n| {
        let group = json!({"tenant": "contoso", "object_id": format!("51c0a7de-0000-4000-8000-00000000{n:04x}"),
                           "display_name": format!("Group {n}"), "members": {"users": ["megan"]}});
        (format!("g{n}"), group)
    });
    let wants = json!({"group_membership_claims": ["SecurityGroup"]});
    let client = json!({"group_membership_claims": ["SecurityGroup"], "implicit": {"id_tokens": true}});
    let mut world = changed(json!({"apps": {"modern": wants, "client": client}}));
    world["groups"] = groups.collect();
    world
}

#[test]
fn more_than_200_groups_are_an_address_to_ask() {
    for (count, fits) in [(200, true), (201, false)] {
        let answer = v2_answer(with_many_groups(count), MODERN_SCOPE);
        for token in ["access_token", "id_token"] {
            let claims = claims_of(&answer, token);
            assert_eq!(claims["groups"].as_array().is_some_and(|groups| groups.len() == 200), fits);
            if !fits {
                assert_eq!(claims["_claim_names"], json!({"groups": "src1"}));
                let endpoint = format!("https://graph.windows.net/{TENANT}/users/{MEGAN}/getMemberObjects");
                assert_eq!(claims["_claim_sources"], json!({"src1": {"endpoint": endpoint}}));
            }
        }
    }
}

#[test]
fn in_a_url_more_than_5_groups_are_only_said_to_be_there() {
    let id_token = |count| {
        let lab = Lab::of(with_many_groups(count));
        let mut browser = Browser::new(&lab);
        let parameters = with(&with(&v2("openid profile"), "response_type", "id_token"), "nonce", "n");
        browser.open(V2_AUTHORIZE, &parameters);
        let seen = browser.sign_in("megan@contoso.com", PASSWORD);
        let location = seen.location().unwrap_or_else(|| panic!("{}", seen.body)).to_owned();
        let fragment = location.split_once('#').unwrap().1.to_owned();
        let token = url::form_urlencoded::parse(fragment.as_bytes()).find(|(name, _)| name == "id_token").unwrap().1;
        claims(&token)
    };
    assert_eq!(id_token(5)["groups"].as_array().unwrap().len(), 5);
    let six = id_token(6);
    assert_eq!((&six["hasgroups"], &six["groups"]), (&json!(true), &Value::Null));
    assert!(six.get("_claim_names").is_none());
}

#[test]
fn directory_roles_show_by_their_templates_where_they_are_asked_for() {
    let member = "b79fbf4d-3ef9-4689-8143-76b194e85509";
    let world = modern(json!({"group_membership_claims": ["DirectoryRole"]}));
    let wids = |roles: Value| {
        let mut world = world.clone();
        world["users"]["megan"]["roles"] = roles;
        claims_of(&v2_answer(world, MODERN_SCOPE), "access_token")["wids"].clone()
    };
    assert_eq!(wids(json!([])), json!([member]));
    let reader = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
    assert_eq!(wids(json!(["global_reader"])), json!([reader, member]));
    let of_graph = v2_answer(crate::support::world(), "openid profile email");
    assert_eq!(claims_of(&of_graph, "access_token")["wids"], json!([member]), "Graph's tokens always have them");
}

#[test]
fn optional_claims_are_in_the_tokens_of_whoever_asks_for_them() {
    let user = json!({
        "country": "CH", "preferred_language": "de-CH", "preferred_data_location": "CHE", "on_premises_sid": "S-1-5-21-1",
        "verified_primary_email": ["megan@contoso.com"], "verified_secondary_email": ["mb@contoso.com"],
    });
    let all = json!([
        "acct", "ctry", "email", "family_name", "given_name", "ipaddr", "login_hint", "onprem_sid", "sid", "tenant_ctry",
        "tenant_region_scope", "upn", "verified_primary_email", "verified_secondary_email", "xms_edov", "xms_pdl",
        "xms_pl", "xms_tpl", {"name": "idtyp", "additional_properties": ["include_user_token"]},
    ]);
    let asked = json!({"optional_claims": {"access_token": all, "id_token": all}});
    let world = changed(json!({
        "users": {"megan": user}, "tenants": {"contoso": {"country": "CH", "region": "EU"}}, "apps": {"modern": asked, "client": asked},
    }));
    let answer = v2_answer(world, MODERN_SCOPE);
    let expected = [
        ("acct", json!(0)),
        ("ctry", json!("CH")),
        ("email", json!("megan@contoso.com")),
        ("family_name", json!("Bowen")),
        ("given_name", json!("Megan")),
        ("idtyp", json!("user")),
        ("ipaddr", json!("127.0.0.1")),
        ("onprem_sid", json!("S-1-5-21-1")),
        ("tenant_ctry", json!("CH")),
        ("tenant_region_scope", json!("EU")),
        ("upn", json!("megan@contoso.com")),
        ("verified_primary_email", json!(["megan@contoso.com"])),
        ("verified_secondary_email", json!(["mb@contoso.com"])),
        ("xms_edov", json!(true)),
        ("xms_pdl", json!("CHE")),
        ("xms_pl", json!("de-CH")),
        ("xms_tpl", json!("en")),
    ];
    for token in ["access_token", "id_token"] {
        let claims = claims_of(&answer, token);
        for (name, value) in &expected {
            assert_eq!(&claims[*name], value, "{token}: {name}");
        }
        assert_eq!(claims["sid"].as_str().map(str::len), Some(36));
        assert!(claims["login_hint"].as_str().is_some_and(|hint| hint.starts_with("O.CiQ")), "{token}");
    }
    let plain = claims_of(&v2_answer(crate::support::world(), MODERN_SCOPE), "access_token");
    assert!(expected.iter().all(|(name, _)| plain.get(name).is_none()), "nobody asked: {plain}");
}

#[test]
fn claims_of_an_applications_own_show_attributes_and_constants() {
    let mapped = json!({
        "dept": {"claim": "department", "attribute": "department"},
        "plan": {"claim": "plan", "value": "gold"},
        "none": {"claim": "title", "attribute": "jobtitle"},
    });
    let change = json!({"mapped_claims": mapped, "accept_mapped_claims": true});
    let world = changed(json!({"users": {"megan": {"department": "Sales"}}, "apps": {"modern": change}}));
    let claims = claims_of(&v2_answer(world, MODERN_SCOPE), "access_token");
    assert_eq!((&claims["department"], &claims["plan"]), (&json!("Sales"), &json!("gold")));
    assert!(claims.get("title").is_none(), "an attribute that the user lacks");
}

fn keys_at(lab: &Lab, path: &str) -> Keys {
    Keys::from_jwks(lab.get(path).body.as_bytes()).unwrap()
}

fn verifies(token: &str, keys: &Keys, as_graph: bool) -> bool {
    let mut checks = Checks::default();
    let signed = Signed::read(token, &mut checks).unwrap();
    let signed = if as_graph { signed.as_graph_verifies_it() } else { signed };
    signed.verify(keys, &mut checks).is_ok()
}

#[test]
fn nobody_but_graph_can_verify_a_token_for_graph() {
    let token = |world| v2_answer(world, "openid profile email")["access_token"].as_str().unwrap().to_owned();
    let keys = keys_at(&Lab::new(), "/common/discovery/v2.0/keys");
    let for_graph = token(world());
    let header = jose_header(&for_graph);
    assert_eq!(header["nonce"].as_str().map(str::len), Some(43));
    assert_eq!(names(&header), "typ nonce alg x5t kid");
    assert!(!verifies(&for_graph, &keys, false));
    assert!(verifies(&for_graph, &keys, true));
    let mut checks = Checks::default();
    assert!(Signed::read(&for_graph, &mut checks).unwrap().verify(&keys, &mut checks).is_err());
    let fix = checks.refusal().and_then(|refusal| refusal.fix.clone()).unwrap_or_default();
    assert!(fix.contains("Microsoft Graph") && fix.contains("connector.scopes"), "{fix}");
    let plain = token(changed(json!({"graph_nonce": false})));
    assert!(jose_header(&plain).get("nonce").is_none());
    assert!(verifies(&plain, &keys, false));
    let of_api = v2_answer(world(), MODERN_SCOPE)["access_token"].as_str().unwrap().to_owned();
    assert_eq!(names(&jose_header(&of_api)), "typ alg kid");
    assert!(verifies(&of_api, &keys, false));
}

#[test]
fn a_key_of_an_applications_own_is_found_by_its_client_id_alone() {
    let lab = Lab::of(modern(json!({"signing_key": {"expires": "2027-01-01T00:00:00Z"}})));
    let code = lab.code(V2_AUTHORIZE, &v2(MODERN_SCOPE));
    let answer = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    let token = |name: &str| answer[name].as_str().unwrap().to_owned();
    let document = format!("/{TENANT}/v2.0/.well-known/openid-configuration?appid={MODERN}");
    let jwks_uri = lab.get(&document).json()["jwks_uri"].as_str().unwrap().to_owned();
    let path = jwks_uri.strip_prefix("https://login.microsoftonline.com").unwrap();
    assert_eq!(path, format!("/{TENANT}/discovery/v2.0/keys?appid={MODERN}"));
    let (own, shared) = (keys_at(&lab, path), keys_at(&lab, &format!("/{TENANT}/discovery/v2.0/keys")));
    assert!(verifies(&token("access_token"), &own, false) && !verifies(&token("access_token"), &shared, false));
    let kid = jose_header(&token("id_token"))["kid"].as_str().unwrap().to_owned();
    assert!(shared.contains(&kid) && !own.contains(&kid), "the id token is the client's, which has no key");
    let of_client = keys_at(&lab, &format!("/{TENANT}/discovery/v2.0/keys?appid={CLIENT}"));
    assert!(of_client.contains(&kid), "an application without a key has everybody's");
    let again = Lab::of(modern(json!({"signing_key": {"expires": "2027-01-01T00:00:00Z"}})));
    assert_eq!(keys_at(&again, path).kids(), own.kids(), "the lab's seed makes the key");
    lab.replace(modern(json!({"signing_key": {"expires": "2028-01-01T00:00:00Z"}})));
    assert_ne!(keys_at(&lab, path).kids(), own.kids(), "another end is another key");
}

#[test]
fn at_least_two_keys_are_published_whatever_is_rotated() {
    let lab = Lab::new();
    for with_overlap in [true, true, false, false] {
        lab.provider.rotate_keys(with_overlap).unwrap();
        let keys = lab.get("/common/discovery/v2.0/keys").json();
        assert!(keys["keys"].as_array().unwrap().len() >= 2);
    }
}

/// `expires_in`, `refresh_in`, and how long after the request the access and the id token end.
fn lifetimes(world: Value) -> [Value; 4] {
    let now = START.parse::<jiff::Timestamp>().unwrap().as_second();
    let answer = v2_answer(world, MODERN_SCOPE);
    let [access, id] =
        ["access_token", "id_token"].map(|token| claims_of(&answer, token)["exp"].as_i64().unwrap() - now);
    [answer["expires_in"].clone(), answer["refresh_in"].clone(), access.into(), id.into()]
}

#[test]
fn a_tokens_life_is_the_policy_of_whoever_it_is_for() {
    assert_eq!(lifetimes(world()), [json!(3599), Value::Null, json!(3600), json!(3600)]);
    assert_eq!(
        lifetimes(modern(json!({"token_lifetime_minutes": 10}))),
        [json!(599), Value::Null, json!(600), json!(3600)]
    );
    let day = modern(json!({"token_lifetime_minutes": 1440}));
    assert_eq!(lifetimes(day), [json!(86_399), json!(43_199), json!(86_400), json!(3600)]);
    let of_client = changed(json!({"apps": {"client": {"token_lifetime_minutes": 120}}}));
    assert_eq!(lifetimes(of_client), [json!(3599), Value::Null, json!(3600), json!(7200)]);
}

#[test]
fn a_v1_answer_says_when_to_renew_as_a_text() {
    let world = changed(json!({"apps": {"server": {"token_lifetime_minutes": 120}}}));
    let answer = answer(world, V1_AUTHORIZE, V1_TOKEN, &v1());
    assert_eq!((&answer["expires_in"], &answer["refresh_in"]), (&json!("7199"), &json!("3599")));
}

#[test]
fn with_a_spread_access_tokens_last_60_to_90_minutes() {
    let mut seen = BTreeSet::new();
    for seed in 0..24 {
        let lab = Lab::seeded(changed(json!({"lifetimes": {"access_token_spread": true}})), [seed; 32]);
        let code = lab.code(V2_AUTHORIZE, &v2(MODERN_SCOPE));
        let expires_in = lab.post(V2_TOKEN, &form(&redeem(&code))).json()["expires_in"].as_i64().unwrap();
        assert!((3599..=5399).contains(&expires_in), "{expires_in}");
        seen.insert(expires_in);
    }
    assert!(seen.len() > 12 && seen.last() > Some(&4500), "{seen:?}");
}

#[test]
fn who_is_in_an_assigned_group_is_assigned() {
    let change = |group: &str| {
        with_groups(changed(json!({"apps": {"client": {
            "assignment_required": true, "role_assignments": {"one": {"group": group}},
        }}})))
    };
    let seen = |world| {
        let lab = Lab::of(world);
        let mut browser = Browser::new(&lab);
        browser.open(V2_AUTHORIZE, &v2(DEFAULT));
        browser.sign_in("megan@contoso.com", PASSWORD).aadsts()
    };
    assert_eq!(seen(change("sales")), None);
    assert_eq!(seen(change("everyone")), Some(50_105), "groups inside an assigned group do not count");
}

const OPTIONAL: [&str; 24] = [
    "acct",
    "aud",
    "auth_time",
    "ctry",
    "email",
    "family_name",
    "given_name",
    "groups",
    "idtyp",
    "ipaddr",
    "login_hint",
    "onprem_sid",
    "preferred_username",
    "sid",
    "tenant_ctry",
    "tenant_region_scope",
    "upn",
    "verified_primary_email",
    "verified_secondary_email",
    "xms_cc",
    "xms_edov",
    "xms_pdl",
    "xms_pl",
    "xms_tpl",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// No setting takes from a token what validators rest on, or changes it.
    #[test]
    fn no_setting_makes_a_token_without_its_foundations(
        optional in prop::sample::subsequence(OPTIONAL.to_vec(), 0..OPTIONAL.len()),
        properties in prop::sample::subsequence(vec!["include_user_token", "emit_as_roles", "cloud_displayname"], 0..3),
        groups in prop::sample::subsequence(vec!["SecurityGroup", "ApplicationGroup", "DirectoryRole", "All"], 0..4),
        mapped in prop::sample::subsequence(vec!["iss", "aud", "exp", "sub", "tid", "ver", "oid", "azp", "roles", "x"], 0..10),
    ) {
        let optional: Vec<Value> =
            optional.iter().map(|name| json!({"name": name, "additional_properties": properties})).collect();
        let mapped: Value =
            mapped.iter().map(|claim| ((*claim).to_owned(), json!({"claim": claim, "value": "forged"}))).collect();
        let settings = json!({
            "optional_claims": {"access_token": optional, "id_token": optional},
            "group_membership_claims": groups, "mapped_claims": mapped, "accept_mapped_claims": true,
        });
        let world = with_groups(changed(json!({"apps": {"modern": settings, "client": settings}})));
        let (plain, answer) = (v2_answer(crate::support::world(), MODERN_SCOPE), v2_answer(world, MODERN_SCOPE));
        for token in ["access_token", "id_token"] {
            let [plain, claims] = [&plain, &answer].map(|answer| claims_of(answer, token));
            for name in ["iss", "aud", "exp", "sub", "tid", "ver", "oid"] {
                prop_assert!(claims[name] == plain[name] && !claims[name].is_null(), "{token}: {name}");
            }
            prop_assert_eq!(&claims["azp"], &plain["azp"]);
        }
    }
}
