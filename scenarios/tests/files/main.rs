//! Files as users write them: what is bundled, and what is said of what is wrong.

mod catalogue;
mod messages;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use scenarios::{
    Action, Captures, Expected, Problems, Scenario, World, bundled, find_bundled, read, read_text, schema,
};
use serde_json::{Value, json};

/// A scenario on the world `article`, with this after the title.
fn story(rest: &str) -> String {
    format!("scenario: 1\ntitle: A test\n{rest}")
}

fn checks(problems: &Problems) -> Vec<&'static str> {
    problems.0.iter().map(|problem| problem.check).collect()
}

#[test]
fn every_bundled_file_can_be_read_and_tells_its_story() {
    let all = bundled();
    assert!(all.iter().filter(|bundled| bundled.is_world).count() >= 2);
    for bundled in &all {
        let scenario = bundled.read().unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        assert_eq!(scenario.name.split(" [").next(), Some(bundled.name));
        assert_eq!(scenario.title, bundled.title);
        assert_eq!(bundled.is_world, bundled.theme == "worlds", "{}", bundled.file);
        assert_eq!(scenario.steps.is_empty(), bundled.is_world);
        if scenario.has_change && !bundled.is_world {
            assert!(!scenario.fix.is_empty() && !scenario.then.is_empty(), "{} is not mended", bundled.file);
            assert!(!scenario.reports.is_empty() && scenario.teaches.is_some(), "{}", bundled.file);
            let mut steps = scenario.steps.iter().chain(&scenario.then);
            let says_what_refuses = steps.any(|step| step.named_check().is_some() || !step.hops.is_empty());
            assert!(says_what_refuses, "{} does not say what refuses", bundled.file);
        }
        assert_eq!(find_bundled(bundled.name), Some(bundled.clone()), "two bundled files share a name");
    }
    assert_eq!(find_bundled("connect/wrong-secret").unwrap().name, "wrong-secret");
    assert_eq!(find_bundled("story/wrong-secret"), None);
}

#[test]
fn the_worlds_hold_what_the_article_types() {
    let article = find_bundled("article").unwrap().read().unwrap().world;
    let connector = &article.connector;
    assert_eq!(connector.authorization_url, "https://login.microsoftonline.com/common/oauth2/v2.0/authorize");
    assert_eq!(connector.token_url, "https://login.microsoftonline.com/oauth2/v2.0/token");
    assert_eq!(connector.refresh_url, connector.token_url);
    let backend = &article.idp.apps["streamable-mcp-server2"];
    assert_eq!(backend.identifier_uris, [format!("api://{}", backend.client_id)]);
    assert_eq!(connector.resource_url.as_deref(), Some(backend.identifier_uris[0].as_str()));
    assert!(backend.redirect_uris.web[0].ends_with("/.auth/login/aad/callback"));
    assert_eq!(backend.access_token_version, None);
    let client = &article.idp.apps["copilot-studio-client"];
    assert_eq!(client.redirect_uris.web, [connector.redirect_url()]);
    assert_eq!(client.secrets["copilot"].value, connector.client_secret);
    assert_eq!(connector.server_url, format!("{}{}", article.gate.url, article.mcp.path));
    let cors = article.gate.cors.as_ref().unwrap();
    assert_eq!(cors.allowed_headers, ["Content-Type", "Authorization"]);
    assert_eq!(article.gate.issuer, format!("https://sts.windows.net/{}/", article.idp.tenants["contoso"].id));

    let v2 = find_bundled("article-v2").unwrap().read().unwrap().world;
    assert_eq!(v2.connector.resource_url, None);
    assert_eq!(v2.connector.token_url, "https://login.microsoftonline.com/common/oauth2/v2.0/token");
    assert_eq!(v2.connector.scopes, format!("{}/.default offline_access", backend.identifier_uris[0]));
    assert_eq!(v2.idp, article.idp);
}

#[test]
fn the_schema_and_the_reader_agree_on_every_bundled_file() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for bundled in bundled() {
        let tree = scenarios::parse(&scenarios::Source::new(bundled.file.as_str(), bundled.text)).unwrap();
        let faults: Vec<String> = validator.iter_errors(&tree.to_json()).map(|error| format!("{error}")).collect();
        assert!(faults.is_empty(), "{}: {faults:?}", bundled.file);
    }
    let bad = json!({"scenario": 1, "title": "x", "world": {"base": "article", "change": {"gate": {"curs": null}}}});
    assert!(!validator.is_valid(&bad));
    assert!(!validator.is_valid(&json!({"scenario": 1, "title": "x", "world": {"base": "article"}, "metrics": {}})));
    assert_eq!(schema["title"], "A scenario of entralab");
    let described = &schema["$defs"]["Gate"]["properties"]["allowed_audiences"]["description"];
    assert!(described.as_str().is_some_and(|text| !text.is_empty()), "editors show doc comments");
}

#[test]
fn a_world_written_and_read_again_is_the_same() {
    for bundled in bundled() {
        let world = bundled.read().unwrap().world;
        let again: World = serde_json::from_value(serde_json::to_value(&*world).unwrap()).unwrap();
        assert_eq!(again, *world);
    }
}

#[test]
fn steps_are_read_with_their_places() {
    let text = story(concat!(
        "world: { base: article }\n",
        "steps:\n",
        "  - id: first\n",
        "    connect: { as: megan, consent: decline }\n",
        "    expect: { aadsts: 65004 }\n",
        "    keep: { text: message }\n",
        "  - expect: { error: access_denied }\n",
        "  - advance_clock: 1h 10m\n",
        "  - ask: { question: \"${steps.first.text}?\", as: admin }\n",
        "    hops:\n",
        "      - hop: connector -> gate POST /mcp\n",
        "        headers: { Accept: { has: json }, X-N: 5 }\n",
    ));
    let scenario = read_text("my/own.scenario.yaml", &text, None).unwrap();
    assert_eq!(scenario.name, "own");
    let [connect, advance, ask] = scenario.steps.as_slice() else { panic!("{:?}", scenario.steps) };
    assert_eq!((connect.span.line(), connect.span.column()), (6, 5));
    assert_eq!(connect.expect.len(), 2, "an `expect` of its own belongs to the step before it");
    let Action::AdvanceClock { by } = advance.action else { panic!() };
    assert_eq!(by.as_mins(), 70);
    let headers = ask.hops[0].headers.as_ref().unwrap();
    assert!(headers.compare(Some(&json!({"accept": "application/json", "x-n": "5"}))).is_empty());

    let mut captured = Captures::default();
    assert!(captured.keep(connect, &json!({})).is_err());
    captured.keep(connect, &json!({"message": "no ${world.gate.url} here"})).unwrap();
    let resolved = scenario.interpolate(ask, &scenario.world, &captured).unwrap();
    let Action::Ask { question, .. } = resolved.action else { panic!() };
    assert_eq!(question, "no ${world.gate.url} here?", "what a reference stands for is not read again");
}

// atk-H19
#[test]
fn a_value_with_a_reference_in_it_is_not_expanded_again() {
    let text = story(concat!(
        "world:\n  base: article\n  change:\n    idp: { tenants: { contoso: { display_name: \"${world.gate.url} {has: 1}\" } } }\n",
        "steps:\n",
        "  - ask: \"Who is ${world.idp.tenants.contoso.display_name} at ${world.connector.redirect_url}?\"\n",
        "    expect:\n",
        "      answer: \"${world.idp.tenants.contoso.display_name}\"\n",
        "      arguments: \"${world.gate.cors}\"\n",
    ));
    let scenario = read_text("test", &text, None).unwrap();
    let step = scenario.interpolate(&scenario.steps[0], &scenario.world, &Captures::default()).unwrap();
    let Action::Ask { question, .. } = &step.action else { panic!() };
    let redirect = scenario.world.connector.redirect_url();
    assert_eq!(*question, format!("Who is ${{world.gate.url}} {{has: 1}} at {redirect}?"));
    assert!(matches!(&step.expect[0].1, Expected::Is(Value::String(text), _) if text == "${world.gate.url} {has: 1}"));
    assert!(matches!(&step.expect[1].1, Expected::Is(Value::Object(_), _)), "one reference keeps its type");

    for (reference, message) in [
        ("${env.HOME}", "`${env.HOME}` starts with nothing"),
        ("${world.idp.nobody}", "leads nowhere"),
        ("${steps.first.x}", "no step before this one keeps"),
        ("${world.gate.url", "is not closed"),
        ("a ${world.gate.cors} b", "no text that could stand within another"),
    ] {
        let text = story(&format!("world: {{ base: article }}\nsteps:\n  - ask: \"{reference}\"\n"));
        let problems = read_text("test", &text, None).unwrap_err();
        assert_eq!(checks(&problems), ["reference.unknown"], "{reference}");
        assert!(problems.0[0].message.contains(message), "{problems}");
    }
}

// atk-H17
#[test]
fn a_huge_file_is_refused_before_it_is_parsed() {
    let folder = tempfile::tempdir().unwrap();
    let huge = folder.path().join("huge.scenario.yaml");
    fs::File::create(&huge).unwrap().set_len(100 * 1024 * 1024).unwrap();
    assert_eq!(checks(&read(&huge).unwrap_err()), ["file.size"]);
    fs::write(folder.path().join("mine.scenario.yaml"), story("world: { base: huge }\n")).unwrap();
    assert_eq!(checks(&read(&folder.path().join("mine.scenario.yaml")).unwrap_err()), ["file.size"]);
    let steps = "  - list_tools: {}\n".repeat(501);
    let long = read_text("x", &story(&format!("world: {{ base: article }}\nsteps:\n{steps}")), None);
    assert_eq!(checks(&long.unwrap_err()), ["file.size"]);
    fs::write(folder.path().join("latin.scenario.yaml"), b"scenario: 1\ntitle: caf\xe9\n").unwrap();
    let problems = read(&folder.path().join("latin.scenario.yaml")).unwrap_err();
    assert_eq!((checks(&problems), problems.0[0].line, problems.0[0].column), (vec!["file.encoding"], 2, 11));
    assert_eq!(checks(&read(folder.path()).unwrap_err()), ["file.kind"]);
    assert_eq!(checks(&read(Path::new("/nowhere/at/all")).unwrap_err()), ["file.unreadable"]);
}

// atk-H18
#[test]
fn a_base_is_a_name_and_stays_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("stories");
    fs::create_dir(&inside).unwrap();
    let world = "scenario: 1\ntitle: W\nworld: { base: article, change: { mcp: { path: /other } } }\n";
    fs::write(folder.path().join("outside.scenario.yaml"), world).unwrap();
    fs::write(inside.join("beside.scenario.yaml"), world).unwrap();
    fs::create_dir(inside.join("folder.yaml")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("outside.scenario.yaml"), inside.join("link.scenario.yaml"))
            .unwrap();
        std::os::unix::fs::symlink("beside.scenario.yaml", inside.join("near.scenario.yaml")).unwrap();
    }
    let base = |name: &str| {
        let file = inside.join("test.scenario.yaml");
        fs::write(&file, story(&format!("world: {{ base: \"{name}\" }}\n"))).unwrap();
        read(&file)
    };
    assert_eq!(base("beside").unwrap().world.mcp.path, "/other");
    assert_eq!(base("beside.scenario.yaml").unwrap().world.mcp.path, "/other");
    let outside = folder.path().join("outside.scenario.yaml").display().to_string();
    for name in [
        "../outside",
        "..",
        "../outside.scenario.yaml",
        &outside,
        "./beside",
        "https://example.com/w",
        ".hidden",
        "a..b",
        "",
    ] {
        assert_eq!(checks(&base(name).unwrap_err()), ["base.form"], "{name}");
    }
    assert_eq!(checks(&base("missing").unwrap_err()), ["base.unknown"]);
    assert_eq!(checks(&base("folder").unwrap_err()), ["base.outside"]);
    assert_eq!(checks(&base("test").unwrap_err()), ["base.chain"], "a world that builds on itself");
    assert_eq!(checks(&base("wrong-secret").unwrap_err()), ["base.steps"]);
    #[cfg(unix)]
    {
        assert_eq!(checks(&base("link").unwrap_err()), ["base.outside"]);
        assert_eq!(base("near").unwrap().world.mcp.path, "/other");
    }
    let without_folder = read_text("x", &story("world: { base: beside }\n"), None).unwrap_err();
    assert_eq!(checks(&without_folder), ["base.unknown"]);
}

#[test]
fn a_value_that_a_change_replaces_points_at_the_change() {
    let text = story("world:\n  base: article\n  change:\n    gate: { client_id: nonsense }\n");
    let problems = read_text("mine", &text, None).unwrap_err();
    let [problem] = problems.0.as_slice() else { panic!("{problems}") };
    assert_eq!((problem.file.as_str(), problem.line, problem.column), ("mine", 6, 24));
    assert_eq!(
        serde_json::to_value(problem).unwrap(),
        json!({
            "check": "value.form", "file": "mine", "line": 6, "column": 24,
            "message": "`client_id` cannot be \"nonsense\"",
            "fix": "write a GUID such as 3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b"
        })
    );
}

#[test]
fn a_change_at_run_time_is_checked_as_a_whole() {
    let scenario = find_bundled("admin-consent-missing").unwrap().read().unwrap();
    let changed =
        scenario.change_world(&scenario.world, &json!({"gate": {"cors": null}, "mcp": {"path": "/x"}})).unwrap();
    assert_eq!((changed.gate.cors, changed.mcp.path.as_str()), (None, "/x"));
    let problems =
        scenario.change_world(&scenario.world, &json!({"idp": {"users": {"megan": {"tenant": "fabrikam"}}}}));
    assert_eq!(checks(&problems.unwrap_err()), ["name.unknown"]);
    assert!(scenario.change_world(&scenario.world, &json!(3)).is_err());
}

#[test]
fn admin_consent_adds_what_the_client_lists() {
    let scenario = find_bundled("admin-consent-missing").unwrap().read().unwrap();
    let grant = |world: &World, resource| {
        let patch = Scenario::grant_admin_consent_patch(world, "copilot-studio-client", resource);
        scenario.change_world(world, &patch).unwrap()
    };
    let all = grant(&scenario.world, None);
    let granted: Vec<_> =
        all.idp.consents.values().filter(|consent| consent.client == "copilot-studio-client").collect();
    assert_eq!(granted.len(), 2);
    assert!(granted.iter().all(|consent| consent.user.is_none()));
    assert_eq!(all.idp.consents["copilot-studio-client-on-streamable-mcp-server2"].scopes, ["user_impersonation"]);
    assert_eq!(grant(&all, None), all, "granting twice is granting once");

    let mut listed = scenario.world.as_ref().clone();
    let permissions = &mut listed.idp.apps.get_mut("copilot-studio-client").unwrap().permissions;
    permissions.get_mut("graph").unwrap().scopes.push("User.Read".to_owned());
    permissions.get_mut("graph").unwrap().roles.push("GroupMember.Read.All".to_owned());
    let graph = grant(&listed, Some("microsoft-graph"));
    assert_eq!(graph.idp.consents["copilot-on-graph"].roles, ["GroupMember.Read.All"]);
    assert_eq!(grant(&graph, None).idp.consents["copilot-on-graph"], graph.idp.consents["copilot-on-graph"]);
    assert_eq!(graph.idp.consents["copilot-on-graph"].scopes, ["openid", "profile", "email", "User.Read"]);
    assert!(!graph.idp.consents.contains_key("copilot-studio-client-on-streamable-mcp-server2"));
    assert_eq!(Scenario::grant_admin_consent_patch(&listed, "nobody", None), json!({"idp": {"consents": {}}}));
}

#[test]
fn a_localized_world_has_local_origins_and_the_same_paths() {
    let article = find_bundled("article").unwrap().read().unwrap().world;
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(cloud, local)| ((*cloud).to_owned(), (*local).to_owned())).collect()
    };
    let origins = pairs(&[
        ("https://login.microsoftonline.com", "https://localhost:8443"),
        ("https://sts.windows.net", "https://localhost:8443/"),
        (&article.gate.url, "https://localhost:8444"),
        ("https://global.consent.azure-apim.net", "http://localhost:8080"),
    ]);
    let mut world = article.as_ref().clone();
    world.gate.allowed_audiences.push(format!("{}/mcp?x=/", world.gate.url.to_uppercase().replace("HTTPS", "https")));
    world.mcp.allowed_hosts =
        Some(vec![world.gate.url.trim_start_matches("https://").to_owned(), "other.example".into()]);
    world.connector.scopes = "openid, https://login.microsoftonline.com/x/.default".to_owned();
    world.connector.authorization_url_query_string_template =
        Some(format!("?client_id={{ClientId}}&scope=openid+{0}/x&resource={0}/mcp", world.gate.url));
    world.connector.token_url = "https://login.microsoftonline.com.evil.example/token".to_owned();
    let local = scenarios::localize(&world, &origins);
    let tenant = world.idp.tenants["contoso"].id;
    assert_eq!(local.gate.issuer, format!("https://localhost:8443/{tenant}/"));
    assert_eq!(local.gate.url, "https://localhost:8444");
    assert_eq!(local.connector.server_url, "https://localhost:8444/mcp");
    assert_eq!(local.connector.login_uri, "https://localhost:8443");
    assert_eq!(local.connector.authorization_url, "https://localhost:8443/common/oauth2/v2.0/authorize");
    assert_eq!(local.connector.scopes, "openid, https://localhost:8443/x/.default");
    assert_eq!(
        local.connector.authorization_url_query_string_template.as_deref(),
        Some("?client_id={ClientId}&scope=openid+https://localhost:8444/x&resource=https://localhost:8444/mcp")
    );
    assert_eq!(local.connector.token_url, world.connector.token_url, "another host is another origin");
    assert_eq!(local.connector.test_console.page_origin, "https://make.powerapps.com", "not mapped");
    assert_eq!(local.connector.resource_url, world.connector.resource_url, "never api://");
    assert_eq!(local.gate.allowed_audiences[1], world.gate.allowed_audiences[1]);
    assert_eq!(local.gate.allowed_audiences[2], "https://localhost:8444/mcp?x=/");
    assert_eq!(local.mcp.allowed_hosts, Some(vec!["localhost".to_owned(), "other.example".to_owned()]));
    let client = &local.idp.apps["copilot-studio-client"];
    assert_eq!(client.redirect_uris.web, [local.connector.redirect_url()]);
    assert!(client.redirect_uris.web[0].starts_with("http://localhost:8080/redirect/cr938-"));
    assert_eq!(client.secrets, world.idp.apps["copilot-studio-client"].secrets);
    assert_eq!(scenarios::localize(&world, &[]), world);
}

#[test]
fn no_message_shows_a_secret_or_moves_the_terminal() {
    let text = story(concat!(
        "world:\n  base: article\n  change:\n    idp:\n      users:\n",
        "        megan: { password: [hunter2-list] }\n",
        "        alex: { tenant: contoso, pasword: hunter2-typo }\n",
        "    connector: { client_secret: 12345678 }\n",
        "reports: \"\\e[31mred\"\n",
        "tag\u{202e}s: []\n",
    ));
    let problems = read_text("mine\u{1b}", &text, None).unwrap_err();
    let shown = problems.render(false);
    assert!(shown.contains("`password` must be a text"), "{shown}");
    assert!(shown.contains("\\u{1b}[31mred"), "{shown}");
    for secret in ["hunter2", "12345678", "\u{1b}", "\u{202e}"] {
        assert!(!shown.contains(secret), "{secret:?} shows in\n{shown}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// One part of a good file replaced by anything: it is read or refused, and never panics.
    #[test]
    fn a_damaged_file_is_read_or_refused(which in 0_usize..15, at in 0.0_f64..1.0, length in 0_usize..40, with in "[-a-z:,{}\\[\\]\"'$ \n#&*!|>0-9.]{0,12}") {
        let all = bundled();
        let text = all[which % all.len()].text;
        let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let start = boundary((text.len() as f64 * at) as usize);
        let damaged = format!("{}{with}{}", &text[..start], &text[boundary(start + length)..]);
        if let Err(problems) = read_text("damaged", &damaged, None) {
            prop_assert!(!problems.0.is_empty());
            prop_assert!(!problems.render(true).is_empty());
            for problem in &problems.0 {
                prop_assert!(problem.file == "damaged" && problem.line >= 1 && problem.column >= 1, "{problem}");
                prop_assert!(!problem.message.is_empty() && !problem.fix.is_empty(), "{problem}");
            }
        }
    }

    /// The reader's own comparison with the schema finds a fault where an independent validator does.
    #[test]
    fn the_reader_is_as_strict_as_the_schema(place in 0_usize..200, value in prop_oneof![
        Just(json!(null)), Just(json!(true)), Just(json!(3)), Just(json!(-1)), Just(json!(2.5)), Just(json!("x")),
        Just(json!([])), Just(json!([1])), Just(json!({})), Just(json!({"no-such-key": 1})),
    ]) {
        let article = find_bundled("article").unwrap();
        let mut tree = scenarios::parse(&scenarios::Source::new("x", article.text)).unwrap().to_json();
        let mut pointers = Vec::new();
        collect(&tree["world"], "/world", &mut pointers);
        let pointer = &pointers[place % pointers.len()];
        *tree.pointer_mut(pointer).unwrap() = value;
        let schema = schema();
        let valid = jsonschema::validator_for(&schema).unwrap().is_valid(&tree);
        let read = read_text("x", &tree.to_string(), None);
        prop_assert!(valid || read.is_err(), "{pointer} is against the schema and was read");
        if let (true, Err(problems)) = (valid, read) {
            let beyond = ["name.unknown", "value.twice", "value.form", "value.range", "name.form"];
            prop_assert!(checks(&problems).iter().all(|check| beyond.contains(check)), "{pointer}: {problems}");
        }
    }
}

fn collect(value: &Value, pointer: &str, pointers: &mut Vec<String>) {
    pointers.push(pointer.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| collect(value, &format!("{pointer}/{key}"), pointers));
        }
        Value::Array(values) => {
            values
                .iter()
                .enumerate()
                .for_each(|(index, value)| collect(value, &format!("{pointer}/{index}"), pointers));
        }
        _ => {}
    }
}

#[test]
fn a_value_that_no_outcome_has_is_told_with_the_nearest() {
    let read = |expect: &str| {
        let text = format!(
            "scenario: 1\ntitle: T\nworld: {{ base: article }}\nsteps:\n  - connect: {{ as: megan }}\n    expect: {expect}\n"
        );
        read_text("f", &text, None).err().map(|problems| problems.render(false))
    };
    let said = read("{ connection: conected }").unwrap();
    assert!(said.contains("never \"conected\"") && said.contains("write `connected`"), "{said}");
    assert!(read("{ shown: { not: pages } }").unwrap().contains("write `page`"));
    assert_eq!(read("{ connection: connected, shown: null }"), None);
}
