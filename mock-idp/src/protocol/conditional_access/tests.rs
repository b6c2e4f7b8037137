use std::sync::Arc;

use proptest::prelude::*;
use scenarios::world::Idp;
use serde_json::{Value, json};

use super::*;
use crate::origins::Origins;

const CLIENT: &str = "9d4e2b7a-6c1f-4d3e-b5a8-7f6e5d4c3b2a";
const SERVER: &str = "3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b";
const HOUR: i64 = 3_600;

fn directory(policies: Value, user: Value) -> Directory {
    let mut megan = json!({
        "tenant": "contoso", "username": "megan@contoso.com", "password": "p", "display_name": "Megan",
        "object_id": "51c0a7de-8f0e-4d53-9d1b-6c2f0b7a9e41",
    });
    for (name, value) in user.as_object().unwrap() {
        megan[name] = value.clone();
    }
    let idp: Idp = serde_json::from_value(json!({
        "tenants": {"contoso": {"id": "7c0b3f52-1d2e-4a5b-9c3d-0e8f6a1b2c3d", "display_name": "Contoso", "domains": ["contoso.com"]}},
        "users": {"megan": megan},
        "apps": {
            "client": {"tenant": "contoso", "client_id": CLIENT},
            "server": {"tenant": "contoso", "client_id": SERVER},
        },
        "groups": {
            "traders": {"tenant": "contoso", "object_id": "00000000-0000-4000-8000-000000000009", "display_name": "Traders", "members": {"users": ["megan"]}},
        },
        "policies": {"conditional_access": policies, "named_locations": {"office": {"ip_ranges": ["203.0.113.0/24", "2001:db8::/32"]}}},
    }))
    .unwrap();
    Directory::new(Arc::new(idp), &Origins::cloud())
}

fn facts(directory: &Directory) -> Facts<'_> {
    let account = directory.account("megan").unwrap();
    Facts {
        principal: Principal::find(directory, account.object_id).unwrap(),
        client: directory.application("client").unwrap(),
        resources: vec![directory.application("server").unwrap()],
        contexts: BTreeSet::new(),
        action: None,
        client_app_type: ClientAppType::Browser,
        by_device_code: false,
        auth_time: 100 * HOUR,
        mfa_time: None,
        mfa_registered: true,
        accepted_terms: BTreeSet::new(),
        now: Timestamp::from_second(100 * HOUR).unwrap(),
    }
}

fn policy(change: Value) -> Value {
    let mut policy =
        json!({"tenant": "contoso", "users": {"include": ["all"]}, "target_resources": {"include": ["all"]}});
    for (name, value) in change.as_object().unwrap() {
        policy[name] = value.clone();
    }
    policy
}

fn demanding(controls: &[&str]) -> Value {
    policy(json!({"grant": {"controls": controls}}))
}

/// What is demanded first, and whether the checks say why.
fn demanded(policies: Value, user: Value, change: impl FnOnce(&mut Facts<'_>)) -> Option<Demand> {
    let directory = directory(policies, user);
    let mut facts = facts(&directory);
    change(&mut facts);
    let mut checks = Checks::default();
    let demand = evaluate(&directory, &facts, &mut checks).map_err(|unsatisfied| {
        unsatisfied.refuse(&mut checks);
        unsatisfied.demand
    });
    assert_eq!(checks.refusal().is_some(), demand.is_err(), "{checks:?}");
    demand.err()
}

#[test]
fn each_control_is_met_by_what_it_asks_for() {
    let nothing = |_: &mut Facts<'_>| {};
    let with_mfa = |facts: &mut Facts<'_>| facts.mfa_time = Some(facts.auth_time);
    for (controls, user, expected) in [
        (&["block"][..], json!({}), Some(Demand::Unblocked)),
        (&["mfa"], json!({}), Some(Demand::Mfa)),
        (&["compliant_device"], json!({}), Some(Demand::CompliantDevice)),
        (&["compliant_device"], json!({"device": "registered"}), Some(Demand::CompliantDevice)),
        (&["compliant_device"], json!({"device": "hybrid_joined"}), Some(Demand::CompliantDevice)),
        (&["compliant_device"], json!({"device": "compliant"}), None),
        (&["hybrid_joined_device"], json!({"device": "compliant"}), Some(Demand::HybridJoinedDevice)),
        (&["hybrid_joined_device"], json!({"device": "hybrid_joined"}), None),
        (&["compliant_device"], json!({"device": "disabled"}), Some(Demand::CompliantDevice)),
        (
            &["compliant_device"],
            json!({"device": "compliant", "device_platform": "unknown"}),
            Some(Demand::CompliantDevice),
        ),
        (&["approved_app"], json!({}), Some(Demand::ApprovedApp)),
        (&["app_protection_policy"], json!({}), Some(Demand::AppProtection)),
        (&["terms_of_use"], json!({}), Some(Demand::TermsOfUse)),
        // asked for in the order that Entra documents
        (&["terms_of_use", "compliant_device", "mfa"], json!({}), Some(Demand::Mfa)),
        (&["mfa", "block"], json!({}), Some(Demand::Unblocked)),
    ] {
        assert_eq!(demanded(json!({"p": demanding(controls)}), user.clone(), nothing), expected, "{controls:?} {user}");
    }
    assert_eq!(demanded(json!({"p": demanding(&["mfa"])}), json!({}), with_mfa), None);
    assert_eq!(
        demanded(json!({"p": demanding(&["mfa"])}), json!({}), |facts| facts.mfa_registered = false),
        Some(Demand::Registration)
    );
    assert_eq!(demanded(json!({}), json!({}), nothing), None);
}

#[test]
fn a_policy_protects_the_resources_that_tokens_are_for() {
    let of = |targets: Value, change: fn(&mut Facts<'_>)| {
        demanded(
            json!({"p": policy(json!({"target_resources": targets, "grant": {"controls": ["block"]}}))}),
            json!({}),
            change,
        )
        .is_some()
    };
    let context = |facts: &mut Facts<'_>| facts.contexts = BTreeSet::from(["c1".to_owned()]);
    assert!(of(json!({"include": ["all"]}), |_| {}));
    assert!(of(json!({"include": ["server"]}), |_| {}));
    assert!(!of(json!({"include": ["client"]}), |_| {}));
    assert!(!of(json!({"include": ["all"], "exclude": ["server"]}), |_| {}));
    assert!(of(json!({"include": ["client"]}), |facts| facts.resources.push(facts.client)));
    assert!(of(json!({"include": ["all"], "exclude": ["server"]}), |facts| facts.resources.push(facts.client)));
    assert!(!of(json!({"authentication_contexts": ["c1"]}), |_| {}));
    assert!(of(json!({"authentication_contexts": ["c1"]}), context));
    assert!(!of(json!({"authentication_contexts": ["c2"]}), context));
}

#[test]
fn groups_include_and_exclude() {
    let of = |users: Value| {
        demanded(json!({"p": policy(json!({"users": users, "grant": {"controls": ["block"]}}))}), json!({}), |_| {})
            .is_some()
    };
    assert!(of(json!({"include_groups": ["traders"]})));
    assert!(!of(json!({"include": ["all"], "exclude_groups": ["traders"]})));
    assert!(!of(json!({"include_roles": ["global_administrator"]})));
}

#[test]
fn places_are_known_by_address() {
    let of = |address: &str| {
        let locations = json!({"include": ["office"]});
        let user = json!({"location": {"ip_address": address}});
        demanded(json!({"p": policy(json!({"locations": locations, "grant": {"controls": ["block"]}}))}), user, |_| {})
            .is_some()
    };
    assert!(of("203.0.113.255") && of("2001:db8::1"));
    assert!(!of("203.0.114.0") && !of("2001:db9::1") && !of("127.0.0.1"));
}

#[test]
fn conditions_narrow_a_policy_down() {
    let of = |condition: Value, user: Value, change: fn(&mut Facts<'_>)| {
        let mut blocking = policy(json!({"grant": {"controls": ["block"]}}));
        blocking.as_object_mut().unwrap().extend(condition.as_object().unwrap().clone());
        demanded(json!({"p": blocking}), user, change).is_some()
    };
    let nothing = |_: &mut Facts<'_>| {};
    let on = |platform: &str| json!({"device_platform": platform});
    let phones = json!({"device_platforms": {"include": ["android", "ios"]}});
    assert!(of(phones.clone(), on("ios"), nothing) && of(phones.clone(), on("android"), nothing));
    assert!(!of(phones.clone(), json!({}), nothing) && !of(phones, on("unknown"), nothing));
    let others = json!({"device_platforms": {"include": ["all"], "exclude": ["windows", "macos", "linux"]}});
    assert!(of(others.clone(), on("unknown"), nothing), "any device is also one that is not known");
    assert!(["windows", "macos", "linux"].iter().all(|platform| !of(others.clone(), on(platform), nothing)));
    let by_code = json!({"authentication_flows": ["device_code_flow"]});
    assert!(!of(by_code.clone(), json!({}), nothing));
    assert!(of(by_code, json!({}), |facts| facts.by_device_code = true));
    for (condition, member) in [("user_risk_levels", "user"), ("sign_in_risk_levels", "sign_in")] {
        let levels = json!({condition: ["medium", "high"]});
        let at = |level: &str| json!({"risk": {member: level}});
        assert!(of(levels.clone(), at("medium"), nothing) && of(levels.clone(), at("high"), nothing));
        assert!(!of(levels.clone(), at("low"), nothing) && !of(levels, json!({}), nothing));
    }
}

#[test]
fn a_device_code_carries_no_device() {
    let by_code = |facts: &mut Facts<'_>| facts.by_device_code = true;
    let compliant = json!({"device": "compliant"});
    let policies = json!({"p": demanding(&["compliant_device"])});
    assert_eq!(demanded(policies.clone(), compliant.clone(), |_| {}), None);
    assert_eq!(demanded(policies, compliant, by_code), Some(Demand::CompliantDevice));
}

#[test]
fn who_is_at_risk_registers_no_second_factor() {
    let mut at_risk = demanding(&["mfa"]);
    at_risk["sign_in_risk_levels"] = json!(["high"]);
    let policies = json!({"a": demanding(&["mfa"]), "b": at_risk});
    let of = |risk: Value, registered: bool| {
        demanded(policies.clone(), json!({"risk": risk}), |facts| facts.mfa_registered = registered)
    };
    assert_eq!(of(json!({}), false), Some(Demand::Registration));
    assert_eq!(of(json!({"sign_in": "high"}), false), Some(Demand::EarlierRegistration));
    assert_eq!(of(json!({"sign_in": "high"}), true), Some(Demand::Mfa));
}

#[test]
fn a_policy_before_the_registration_stands_before_nothing_else() {
    let registering = |state: &str| {
        let mut policy = policy(json!({"state": state, "grant": {"controls": ["block"]}}));
        policy["target_resources"] = json!({"user_actions": ["register_security_information"]});
        let directory = directory(json!({"p": policy, "q": demanding(&["block"])}), json!({}));
        let mut checks = Checks::default();
        let result = check_registration(&directory, &facts(&directory), &mut checks);
        assert_eq!(result.is_err(), checks.refusal().is_some());
        result.is_err()
    };
    assert!(registering("enabled") && !registering("report_only"));
    let mut policy = policy(json!({"grant": {"controls": ["block"]}}));
    policy["target_resources"] = json!({"user_actions": ["register_security_information"]});
    assert_eq!(demanded(json!({"p": policy}), json!({}), |_| {}), None);
}

#[test]
fn the_sign_in_frequency_counts_to_the_second() {
    let session = |authentication: &str| json!({"sign_in_frequency": {"hours": 2, "authentication": authentication}});
    let whole = json!({"p": policy(json!({"session": session("primary_and_secondary")}))});
    let second = json!({"p": policy(json!({"session": session("secondary"), "grant": {"controls": ["mfa"]}}))});
    let after = |seconds: i64| {
        move |facts: &mut Facts<'_>| {
            facts.mfa_time = Some(facts.auth_time);
            facts.now = Timestamp::from_second(facts.auth_time + seconds).unwrap();
        }
    };
    assert_eq!(demanded(whole.clone(), json!({}), after(2 * HOUR)), None);
    assert_eq!(demanded(whole, json!({}), after(2 * HOUR + 1)), Some(Demand::FreshSignIn { hours: 2 }));
    assert_eq!(demanded(second.clone(), json!({}), after(2 * HOUR)), None);
    assert_eq!(demanded(second, json!({}), after(2 * HOUR + 1)), Some(Demand::FreshMfa { hours: 2 }));
}

#[test]
fn policies_that_demand_the_same_are_named_together() {
    let id = |last: u8| format!("00000000-0000-4000-8000-0000000000{last:02}");
    let mut policies = json!({"a": demanding(&["mfa"]), "b": demanding(&["mfa"]), "c": demanding(&["terms_of_use"])});
    for (name, last) in [("a", 1), ("b", 2), ("c", 3)] {
        policies[name]["id"] = json!(id(last));
    }
    let directory = directory(policies, json!({}));
    let unsatisfied = evaluate(&directory, &facts(&directory), &mut Checks::default()).unwrap_err();
    let ids: Vec<String> = unsatisfied.policies.iter().map(Uuid::to_string).collect();
    assert_eq!(ids, [id(1), id(2)]);
    assert_eq!((unsatisfied.demanded_by(), unsatisfied.resource.to_string()), ("a", SERVER.to_owned()));
}

#[test]
fn an_id_that_the_world_does_not_give_is_always_the_same() {
    let ids = |names: [&str; 2]| {
        let policies = json!({names[0]: demanding(&["mfa"]), names[1]: demanding(&["mfa"])});
        let directory = directory(policies, json!({}));
        directory.conditional_access().map(Policy::id).collect::<Vec<_>>()
    };
    let first = ids(["a", "b"]);
    assert_ne!(first[0], first[1]);
    assert_eq!(first, ids(["a", "b"]));
}

const CONTROLS: [&str; 7] = [
    "block",
    "compliant_device",
    "hybrid_joined_device",
    "approved_app",
    "app_protection_policy",
    "mfa",
    "terms_of_use",
];

fn any_policy() -> impl Strategy<Value = Value> {
    let controls = prop::sample::subsequence(CONTROLS.to_vec(), 1..=3);
    let hours = prop::option::of(1_u16..50);
    (controls, any::<bool>(), hours, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(controls, or, hours, secondary, by_role, at_risk)| {
            let authentication = if secondary { "secondary" } else { "primary_and_secondary" };
            let session =
                hours.map(|hours| json!({"sign_in_frequency": {"hours": hours, "authentication": authentication}}));
            let users =
                if by_role { json!({"include_roles": ["global_administrator"]}) } else { json!({"include": ["all"]}) };
            policy(json!({
                "users": users, "session": session,
                "sign_in_risk_levels": if at_risk { vec!["high"] } else { vec![] },
                "grant": {"operator": if or { "or" } else { "and" }, "controls": controls},
            }))
        },
    )
}

fn any_user() -> impl Strategy<Value = Value> {
    let device = prop::sample::select(vec!["none", "registered", "compliant", "hybrid_joined", "deleted", "disabled"]);
    (device, any::<bool>(), any::<bool>()).prop_map(|(device, is_admin, at_risk)| {
        json!({"device": device, "risk": if at_risk { json!({"sign_in": "high"}) } else { json!({}) }, "roles": if is_admin { vec!["global_administrator"] } else { vec![] }})
    })
}

proptest! {
    #[test]
    fn one_more_policy_never_lets_more_through(one in any_policy(), other in any_policy(), user in any_user(), mfa in any::<bool>(), age in 0_i64..60) {
        let change = |facts: &mut Facts<'_>| {
            facts.mfa_time = mfa.then_some(facts.auth_time);
            facts.now = Timestamp::from_second(facts.auth_time + age * HOUR).unwrap();
        };
        let alone = demanded(json!({"one": one}), user.clone(), change);
        let both = demanded(json!({"one": one, "other": other}), user, change);
        prop_assert!(alone.is_none() || both.is_some_and(|both| Some(both) <= alone));
    }

    #[test]
    fn an_exclusion_never_refuses_more(one in any_policy(), other in any_policy(), user in any_user(), what in 0..6) {
        let before = demanded(json!({"one": one, "other": other}), user.clone(), |_| {});
        let mut excluding = other;
        match what {
            0 => excluding["users"]["exclude"] = json!(["megan"]),
            1 => excluding["users"]["exclude_roles"] = json!(["global_administrator"]),
            2 => excluding["target_resources"]["exclude"] = json!(["server"]),
            3 => excluding["device_platforms"] = json!({"include": ["all"], "exclude": ["windows"]}),
            4 => excluding["authentication_flows"] = json!(["device_code_flow"]),
            _ => excluding["locations"] = json!({"include": ["all"], "exclude": ["office"]}),
        }
        let after = demanded(json!({"one": one, "other": excluding}), user, |_| {});
        prop_assert!(after.is_none() || before.is_some_and(|before| Some(before) <= after));
    }

    #[test]
    fn what_is_off_or_only_reports_refuses_nothing(mut one in any_policy(), user in any_user(), off in any::<bool>()) {
        one["state"] = json!(if off { "disabled" } else { "report_only" });
        prop_assert_eq!(demanded(json!({"one": one}), user, |_| {}), None);
    }

    #[test]
    fn doing_what_is_demanded_leads_on(policies in prop::collection::vec(any_policy(), 1..4), user in any_user()) {
        let policies: serde_json::Map<String, Value> = policies.into_iter().enumerate().map(|(n, policy)| (format!("p{n}"), policy)).collect();
        let directory = directory(Value::Object(policies), user);
        let mut facts = facts(&directory);
        facts.mfa_registered = false;
        // the user does what pages ask for, and nothing is asked twice
        let mut asked = BTreeSet::new();
        while let Err(unsatisfied) = evaluate(&directory, &facts, &mut Checks::default()) {
            if !unsatisfied.demand.has_page() {
                break;
            }
            prop_assert!(asked.insert((unsatisfied.demand, unsatisfied.policies.clone())), "{unsatisfied:?}");
            match unsatisfied.demand {
                Demand::TermsOfUse => facts.accepted_terms.extend(unsatisfied.policies),
                Demand::FreshSignIn { .. } => facts.auth_time = facts.now.as_second(),
                _ => {
                    facts.mfa_registered = true;
                    facts.mfa_time = Some(facts.now.as_second());
                }
            }
        }
    }
}
