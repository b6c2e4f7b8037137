//! The reports of a run: rows H09 to H14 and H16 of the attack checklist, and what each format requires.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::command_line::{entralab, text};
use crate::safety::{Canary, spellings};

const FORMATS: [&str; 6] = ["junit", "html", "har", "mermaid", "tap", "json"];

/// A failing scenario: the gate does not know the audience.
const FAILING: &str = "scenario: 1\ntitle: A wrong hope\ntags: [hope]\nworld:\n  base: article\n  change:\n    gate: { allowed_audiences: [] }\n\
                       steps:\n  - connect: { as: megan }\n  - test_operation: {}\n    expect: { status: 406 }\n";

/// A passing scenario.
const PASSING: &str = "scenario: 1\ntitle: All well\ntags: [well]\nworld: { base: article }\nsteps:\n  - connect: { as: megan }\n    expect: { connection: connected }\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            fs::write(folder.path(name), text).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// `run` with every report, written to files of this folder that are named after their format.
    fn run(&self, file: &str, arguments: &[&str]) -> Output {
        let reports: Vec<String> =
            FORMATS.iter().map(|format| format!("{format}={}", self.path(format).display())).collect();
        let (first, rest) = (reports[..3].join(","), reports[3..].join(","));
        let file = self.path(file);
        let own = ["run", file.to_str().unwrap(), "--report", &first, "--report", &rest];
        entralab(&[&own, arguments].concat())
    }
}

fn failure_in_terminal(stdout: &str) -> Vec<&str> {
    let lines = stdout.lines().skip_while(|line| !line.starts_with("    steps: "));
    lines
        .take_while(|line| line.starts_with("    "))
        .map(str::trim_end)
        .map(|line| line.get(4..).unwrap_or(""))
        .collect()
}

#[test]
fn every_format_tells_of_a_failed_run_and_the_terminal_says_what_it_said_before() {
    let folder = Folder::with(&[("mine.scenario.yaml", FAILING)]);
    let output = folder.run("mine.scenario.yaml", &[]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}{}", text(&output.stderr));
    assert_eq!(stdout, text(&entralab(&["run", folder.path("mine.scenario.yaml").to_str().unwrap()]).stdout));

    let junit = folder.read("junit");
    let document = roxmltree::Document::parse(&junit).unwrap();
    let suites: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testsuite")).collect();
    let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    assert_eq!((suites.len(), cases.len()), (1, 2), "{junit}");
    assert!(suites[0].attribute("name").unwrap().ends_with("mine.scenario.yaml"));
    assert_eq!((suites[0].attribute("tests"), suites[0].attribute("failures")), (Some("2"), Some("1")));
    let case = cases[1];
    assert_eq!((case.attribute("classname"), case.attribute("name")), (Some("mine"), Some("Test operation")));
    assert_eq!(case.attribute("line"), Some("10"), "{junit}");
    assert!(case.attribute("time").unwrap().parse::<f64>().is_ok_and(|seconds| seconds > 0.0), "{junit}");
    assert!(case.attribute("file").unwrap().ends_with("mine.scenario.yaml"));
    let told = case.first_element_child().unwrap().text().unwrap();
    assert_eq!(told.lines().map(str::trim_end).collect::<Vec<_>>(), failure_in_terminal(&stdout), "{stdout}");

    let tap = folder.read("tap");
    for line in ["TAP version 14", "1..1", "    ok 1 - megan connects", "    not ok 2 - Test operation", "    1..2"] {
        assert!(tap.lines().any(|own| own == line), "no {line} in\n{tap}");
    }
    assert!(
        tap.contains("\nnot ok 1 - mine: A wrong hope\n  ---\n  message: \"") && tap.ends_with("\n  ...\n"),
        "{tap}"
    );

    let json: Value = serde_json::from_str(&folder.read("json")).unwrap();
    assert_eq!((&json["version"], &json["failed"], &json["secrets"]), (&1.into(), &1.into(), &"replaced".into()));
    let scenario = &json["scenarios"][0];
    assert_eq!((&scenario["failure"]["line"], &scenario["failure"]["column"]), (&11.into(), &23.into()), "{scenario}");
    let step = &scenario["phases"][0]["steps"][1];
    assert_eq!((&step["failed"], &step["mismatches"][0]["received"]), (&true.into(), &"401".into()), "{step}");
    let checks = step["exchanges"].as_array().unwrap().iter().flat_map(|one| one["checks"].as_array().unwrap());
    assert!(checks.into_iter().any(|check| check["check"] == "audience.allowed" && check["outcome"] == "refused"));

    let har: Value = serde_json::from_str(&folder.read("har")).unwrap();
    let (pages, entries) = (&har["log"]["pages"], har["log"]["entries"].as_array().unwrap());
    assert_eq!(
        (pages[0]["title"].as_str(), pages[1]["title"].as_str()),
        (Some("mine: megan connects"), Some("mine: Test operation"))
    );
    assert!(entries.len() >= 7 && entries.iter().any(|entry| entry["response"]["status"] == 401), "{entries:?}");

    let mermaid = folder.read("mermaid");
    assert!(
        mermaid.contains("sequenceDiagram\n    autonumber\n") && mermaid.contains("connector--xgate: POST /mcp (401)"),
        "{mermaid}"
    );

    let html = folder.read("html");
    for expected in [
        "audience.allowed",
        "gate.allowed_audiences",
        "Identity provider",
        "user_impersonation",
        "<h1><span class=\"refused\">✗</span> 1 of 1",
        "<dt>It lets pass if</dt><dd>The token&#39;s aud is among the allowed audiences.</dd>",
    ] {
        assert!(html.contains(expected), "no {expected} in the HTML report");
    }
}

#[test]
fn the_page_of_many_begins_with_what_failed() {
    let folder =
        Folder::with(&[("a.scenario.yaml", PASSING), ("b.scenario.yaml", FAILING), ("c.scenario.yaml", PASSING)]);
    let page = folder.path("page.html");
    entralab(&["run", folder.0.path().to_str().unwrap(), "--report", &format!("html={}", page.display())]);
    let html = folder.read("page.html");
    let names = ["<code>b</code>", "<code>a</code>", "<code>c</code>"].map(|name| html.find(name));
    assert!(names.is_sorted() && names[0].is_some(), "{names:?}");
}

#[test]
fn what_a_failure_left_unplayed_is_told_as_skipped() {
    let folder = Folder::with(&[("mine.scenario.yaml", &format!("{FAILING}  - ask: Will it rain?\n"))]);
    let stdout = text(&folder.run("mine.scenario.yaml", &[]).stdout);
    assert!(stdout.contains("\n  – ask: Will it rain?: not played\n"), "{stdout}");
    let why = "status: expected 406, received 401; refused by gate at audience.allowed";
    assert!(stdout.ends_with(&format!("\nfailed mine: {why}\n0 passed, 1 failed\n")), "{stdout}");
    assert!(stdout.contains("\n      passed    host.served, authorization.present, token.readable"), "{stdout}");

    let junit = folder.read("junit");
    let document = roxmltree::Document::parse(&junit).unwrap();
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    assert_eq!((suite.attribute("tests"), suite.attribute("skipped")), (Some("3"), Some("1")), "{junit}");
    let skipped = document.descendants().find(|node| node.has_tag_name("skipped")).unwrap();
    assert_eq!(skipped.parent().unwrap().attribute("name"), Some("ask: Will it rain?"), "{junit}");
    let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    assert_eq!(failure.attribute("message"), Some(why), "{junit}");

    let tap = folder.read("tap");
    assert!(tap.contains("\n    ok 3 - ask: Will it rain? # SKIP a step before it failed\n    1..3\n"), "{tap}");
    let json: Value = serde_json::from_str(&folder.read("json")).unwrap();
    assert_eq!(json["scenarios"][0]["phases"][0]["unplayed"][0]["step"], "ask: Will it rain?");
    assert!(folder.read("html").contains("– ask: Will it rain?<span class=\"outcome\">: not played"));
}

#[tokio::test(flavor = "multi_thread")]
async fn atk_h09_no_secret_of_a_flow_shows_in_any_report() {
    let canary = Canary::play().await;
    let folder = Folder::with(&[]);
    let summary = folder.path("summary.md");
    let reports: Vec<String> =
        FORMATS.iter().map(|format| format!("{format}={}", folder.path(format).display())).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_entralab"))
        .args(["run", canary.file.to_str().unwrap(), "--json", "--events", "--report", &reports.join(",")])
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "the canary expects what does not come");
    let mut shown = vec![
        ("events", text(&output.stdout)),
        ("annotations", text(&output.stderr)),
        ("summary", folder.read("summary.md")),
    ];
    shown.extend(FORMATS.map(|format| (format, folder.read(format))));
    for (place, told) in &shown {
        assert!(told.len() > 200, "{place} tells nothing: {told}");
        for secret in &canary.secrets {
            for spelling in spellings(secret) {
                assert!(!told.contains(&spelling), "{place} shows {spelling}");
            }
        }
    }
    for place in ["html", "har", "json"] {
        assert!(folder.read(place).contains("‹code 1›"), "placeholders stand in for secrets in {place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn atk_h10_redaction_changes_copies_only() {
    let canary = Canary::play().await;
    let scenario = scenarios::read(&canary.file).unwrap();
    let played = entralab::play::play(&scenario).await.unwrap();
    let wire = |played: &entralab::play::Played| -> Vec<wire::Exchange> {
        played.steps().flat_map(|step| step.exchanges.clone()).collect()
    };
    let before = serde_json::to_string(&wire(&played)).unwrap();
    let accounts = [entralab::report::Account::of(&scenario, &played, wire::exports::Secrets::Replaced)];
    let secrets = wire::exports::Secrets::Replaced;
    let reports = [
        entralab::report::html::html(&accounts, secrets).unwrap(),
        entralab::report::json::json(&accounts, secrets).to_string(),
    ];
    assert!(reports.iter().all(|report| report.contains("‹code 1›")));
    let after = serde_json::to_string(&wire(&played)).unwrap();
    assert_eq!(before, after, "what went over the wire is as it was");
    assert!(
        canary.secrets.iter().any(|secret| after.contains(secret)),
        "and still holds what was hidden in the copies"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn atk_h11_secrets_are_exported_only_on_demand_into_private_files_that_say_so() {
    let canary = Canary::play().await;
    let folder = Folder::with(&[]);
    for format in FORMATS {
        fs::write(folder.path(format), "an older report, for everybody").unwrap();
    }
    fs::copy(&canary.file, folder.path("canary.scenario.yaml")).unwrap();
    let output = folder.run("canary.scenario.yaml", &["--with-secrets"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    for format in FORMATS {
        let told = folder.read(format);
        assert!(told.contains("HOLDS SECRETS"), "{format} does not say so:\n{}", &told[..told.len().min(400)]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path(format)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{format}");
        }
    }
    for format in ["har", "json"] {
        let told = folder.read(format);
        assert!(
            spellings(&canary.password).iter().any(|password| told.contains(password)),
            "{format} was asked for secrets"
        );
    }
    for spelling in canary.secrets.iter().flat_map(|secret| spellings(secret)) {
        assert!(!text(&output.stdout).contains(&spelling), "the terminal was not");
    }
    assert_eq!(
        entralab(&["run", "the-article", "--with-secrets"]).status.code(),
        Some(2),
        "without a file there is nothing to write"
    );
}

/// A scenario in which everything that a file, and through it a party, can say is hostile.
fn hostile() -> String {
    let markup = "</pre></script><script>alert(1)</script><img src=https://evil.test/x onerror=alert(1)>]]>";
    format!(
        "scenario: 1\ntitle: \"{markup} \\u0007\\u001b[31m\\u202e # SKIP\"\nteaches: \"{markup}\"\nworld:\n  base: article\n  change:\n    \
         idp: {{ apps: {{ copilot-studio-client: {{ display_name: \"{markup}\" }} }} }}\n    \
         connector: {{ scopes: \"{markup} %%{{init: {{}}}}%% ; end\" }}\n\
         steps:\n  - connect: {{ as: megan }}\n  - ask: \"click {markup} \\u0001\\n::error::forged\\nend; %%{{init}}%%\"\n    expect: {{ tool: \"{markup}\" }}\n"
    )
}

#[test]
fn atk_h12_a_page_of_hostile_data_is_inert() {
    let folder = Folder::with(&[("hostile.scenario.yaml", &hostile())]);
    let output = folder.run("hostile.scenario.yaml", &[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let html = folder.read("html");
    assert!(html.contains("alert(1)"), "the hostile text is told");
    for markup in ["<script", "<img", "<iframe", "<link", "<object", "<svg", "javascript:", "@import", "url("] {
        assert!(!html.to_lowercase().contains(markup), "{markup} in the page");
    }
    // Every tag is one of the template's, and carries nothing but what the template gives it.
    let tags = [
        "html", "head", "meta", "title", "style", "body", "header", "p", "strong", "h1", "h2", "h3", "h4", "h5", "h6",
        "span", "div", "i", "b", "em",
    ];
    let more = [
        "nav", "ol", "li", "a", "code", "main", "details", "summary", "section", "dl", "dt", "dd", "pre", "table",
        "caption", "tr", "th", "td",
    ];
    let page = scraper::Html::parse_document(&html);
    for element in page.select(&scraper::Selector::parse("*").unwrap()).map(|element| element.value()) {
        assert!(
            tags.contains(&element.name()) || more.contains(&element.name()) || element.name() == "tbody",
            "<{}>",
            element.name()
        );
        for (name, value) in element.attrs() {
            let inert = [
                "class",
                "id",
                "style",
                "title",
                "aria-label",
                "aria-hidden",
                "role",
                "lang",
                "charset",
                "name",
                "content",
                "http-equiv",
                "open",
            ];
            let own_link = name == "href" && value.strip_prefix("#s").is_some_and(|id| id.parse::<u32>().is_ok());
            assert!(own_link || inert.contains(&name), "<{} {name}={value}>", element.name());
        }
    }
    assert!(html.contains("default-src 'none'"), "and nothing could be loaded anyway");
    assert!(
        !html.chars().any(|c| c.is_control() && c != '\n' && c != '\t' || c == '\u{202e}'),
        "control characters are visible"
    );
}

#[test]
fn atk_h13_junit_of_hostile_data_is_well_formed() {
    let folder = Folder::with(&[("hostile.scenario.yaml", &hostile())]);
    folder.run("hostile.scenario.yaml", &[]);
    let junit = folder.read("junit");
    let document = roxmltree::Document::parse(&junit).unwrap_or_else(|error| panic!("{error}\n{junit}"));
    let names = ["testsuites", "testsuite", "testcase", "failure"];
    assert!(
        document.descendants().filter(roxmltree::Node::is_element).all(|node| names.contains(&node.tag_name().name()))
    );
    assert!(document.descendants().any(|node| node.text().is_some_and(|text| text.contains("]]>"))), "{junit}");
}

#[test]
fn atk_h14_an_annotation_is_one_command_with_both_escape_rules() {
    let folder = Folder::with(&[("hostile, 100%.scenario.yaml", &hostile())]);
    let summary = folder.path("summary.md");
    let run = |arguments: &[&str], on_github: &str| {
        Command::new(env!("CARGO_BIN_EXE_entralab"))
            .args(["run", folder.path("hostile, 100%.scenario.yaml").to_str().unwrap()])
            .args(arguments)
            .env("GITHUB_ACTIONS", on_github)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .output()
            .unwrap()
    };
    for arguments in [&[][..], &["--json"], &["--json", "--events"]] {
        let output = run(arguments, "true");
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let commands: Vec<&str> =
            stderr.lines().chain(stdout.lines()).filter(|line| line.trim_start().starts_with("::")).collect();
        assert_eq!(commands.len(), 1, "{stdout}{stderr}");
        let (properties, message) = commands[0].strip_prefix("::error ").unwrap().split_once("::").unwrap();
        let properties: Vec<_> = properties.split(',').map(|property| property.split_once('=').unwrap()).collect();
        assert_eq!(properties.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["file", "line", "col", "title"]);
        assert!(properties[0].1.ends_with("hostile%2C 100%25.scenario.yaml"), "{properties:?}");
        assert!(message.contains("%0A"), "{message}");
    }
    let told = folder.read("summary.md");
    assert!(told.contains("```mermaid\n") && !told.contains("\n::error"), "{told}");
    assert!(run(&["--json"], "").stderr.is_empty(), "elsewhere nothing is annotated");
    fs::write(
        folder.path("hostile, 100%.scenario.yaml"),
        "scenario: 1\ntitle: x\nworld: { base: article }\nsteps:\n  - \"::error::conect\": 1\n",
    )
    .unwrap();
    let output = run(&[], "true");
    let stderr = text(&output.stderr);
    let mut commands = stderr.lines().filter(|line| line.trim_start().starts_with("::"));
    assert_eq!(output.status.code(), Some(2));
    assert!(
        commands.clone().count() > 0 && commands.all(|line| line.contains("hostile%2C 100%25.scenario.yaml,line=5,")),
        "{stderr}"
    );
}

#[test]
fn atk_h16_a_diagram_of_hostile_data_has_no_line_of_its_own() {
    let folder = Folder::with(&[("hostile.scenario.yaml", &hostile())]);
    folder.run("hostile.scenario.yaml", &[]);
    let mermaid = folder.read("mermaid");
    let own = [
        "%% entralab: ",
        "sequenceDiagram",
        "    autonumber",
        "    participant ",
        "    rect ",
        "    Note ",
        "    end",
        "    browser",
        "    connector",
        "    gate",
        "    idp",
    ];
    for line in mermaid.lines() {
        assert!(own.iter().any(|start| line.starts_with(start)), "{line}");
    }
    let (opened, closed) = (mermaid.matches("\n    rect ").count(), mermaid.matches("\n    end\n").count());
    assert!(opened > 0 && opened == closed, "{mermaid}");
    assert!(
        !mermaid.contains("%%{") && !mermaid.replace("<br/>", "").contains('<') && !mermaid.contains('`'),
        "{mermaid}"
    );
}

#[test]
fn scenarios_are_selected_by_text_and_by_tag() {
    let folder = Folder::with(&[("one.scenario.yaml", FAILING), ("two.scenario.yaml", PASSING)]);
    let names = |arguments: &[&str]| -> Vec<String> {
        let output = entralab(&[&["run", folder.0.path().to_str().unwrap(), "--json"], arguments].concat());
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        summary["scenarios"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&[]), ["one", "two"]);
    assert_eq!(names(&["--filter", "WRONG hope"]), ["one"]);
    assert_eq!(names(&["--tag", "well"]), ["two"]);
    assert_eq!(names(&["--tag", "well", "--tag", "hope"]), ["one", "two"]);
    assert_eq!(names(&["--fail-fast", "--jobs", "4"]), ["one"]);
    let output = entralab(&["run", folder.0.path().to_str().unwrap(), "--tag", "well", "--filter", "hope"]);
    assert_eq!(output.status.code(), Some(2), "nothing is left: a typo must not look like a pass");
}

#[test]
fn the_order_of_the_output_is_that_of_the_files_however_many_play_at_a_time() {
    let told = |jobs: &str| text(&entralab(&["run", "--jobs", jobs, "--filter", "the-article"]).stdout);
    let alone = told("1");
    assert!(alone.ends_with("passed, 0 failed\n"), "{alone}");
    assert_eq!(alone, told("8"));
    assert_eq!(entralab(&["run", "--jobs", "0"]).status.code(), Some(2));
}

#[test]
fn events_are_json_lines_before_the_summary() {
    let folder = Folder::with(&[("one.scenario.yaml", FAILING)]);
    let file = folder.path("one.scenario.yaml");
    let output = entralab(&["run", file.to_str().unwrap(), "--json", "--events"]);
    let lines: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap_or("summary")).collect();
    assert_eq!(kinds, ["scenario_started", "step_played", "step_played", "scenario_finished", "summary"]);
    assert_eq!(
        (&lines[1]["passed"], &lines[2]["passed"], &lines[4]["failed"]),
        (&true.into(), &false.into(), &1.into())
    );
    assert_eq!(entralab(&["run", "--events"]).status.code(), Some(2), "without --json there are no lines");
}

#[test]
fn a_report_that_cannot_be_named_or_written_is_said() {
    assert_eq!(entralab(&["run", "the-article", "--report", "pdf=x"]).status.code(), Some(2));
    let folder = Folder::with(&[("file", "")]);
    let report = format!("tap={}", folder.path("file/below/a/file").display());
    let output = entralab(&["run", "the-article", "--json", "--report", &report]);
    assert_eq!(output.status.code(), Some(3));
    let error: Value = serde_json::from_str(text(&output.stderr).trim()).unwrap();
    assert_eq!(error["error"]["code"], "report.unwritable");
    let report = format!("tap={}", folder.path("new/folder/run.tap").display());
    assert_eq!(entralab(&["run", "the-article", "--report", &report]).status.code(), Some(0));
    assert!(Path::new(&folder.path("new/folder/run.tap")).exists());
}

#[test]
fn watch_plays_again_what_changes() {
    use std::io::{BufRead, BufReader};
    let folder = Folder::with(&[("one.scenario.yaml", FAILING), ("two.scenario.yaml", PASSING)]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_entralab"))
        .args(["run", "--json", "--watch", folder.0.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (sender, lines) = mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let round = || -> Option<Value> { serde_json::from_str(&lines.recv_timeout(Duration::from_secs(60)).ok()?).ok() };
    let first = round();
    // Written again until it is seen: a file system may keep times in whole seconds.
    let second = (0..40).find_map(|_| {
        fs::write(folder.path("one.scenario.yaml"), PASSING).unwrap();
        serde_json::from_str::<Value>(&lines.recv_timeout(Duration::from_secs(2)).ok()?).ok()
    });
    let _already_gone = child.kill();
    let _reaped = child.wait();
    let (first, second) = (first.expect("a first round"), second.expect("a second round"));
    assert_eq!((&first["passed"], &first["failed"]), (&1.into(), &1.into()), "{first}");
    assert_eq!((&second["passed"], &second["failed"]), (&1.into(), &0.into()), "{second}");
    assert_eq!(second["scenarios"][0]["name"], "one", "only what changed is played again");
    assert_eq!(entralab(&["run", "--watch"]).status.code(), Some(2), "bundled files do not change");
}

/// Whoever forgets `expect` learns that green says nothing.
#[test]
fn a_refused_step_of_which_nothing_is_expected_is_noted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bare.scenario.yaml");
    let world =
        "scenario: 1\ntitle: Bare\nworld: { base: article, change: { connector: { client_secret: nonsense } } }\n";
    let played = |steps: &str| {
        std::fs::write(&file, format!("{world}steps:\n{steps}")).unwrap();
        let (told, json) = (["run", "-q"], ["run", "--json"]);
        let run = |arguments: &[&str]| entralab(&[arguments, &[file.to_str().unwrap()]].concat());
        (text(&run(&told).stdout), serde_json::from_slice::<Value>(&run(&json).stdout).unwrap())
    };
    let (told, json) = played("  - connect: { as: megan }\n  - test_operation: {}\n");
    let note = "megan connects: client_secret.valid refused, and the step expects nothing: write `expect:`";
    assert!(told.contains(note) && told.contains("1 passed"), "{told}");
    assert_eq!(json["scenarios"][0]["notes"][0], note, "{json}");
    let (told, json) = played("  - connect: { as: megan }\n    expect: { aadsts: 7000215 }\n");
    assert!(!told.contains("note:") && json["scenarios"][0]["notes"].is_null(), "{told}");
}

#[test]
fn a_step_that_sent_nothing_says_what_kept_it_back_and_what_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alone.scenario.yaml");
    let steps = "steps:\n  - test_operation: {}\n    expect: { status: 406 }\n";
    fs::write(&file, format!("scenario: 1\ntitle: Alone\nworld: {{ base: article }}\n{steps}")).unwrap();
    let told = text(&entralab(&["run", file.to_str().unwrap()]).stdout);
    assert!(told.contains("refused by connector at connection.present"), "{told}");
    assert!(told.contains("fix       connect first") && !told.contains("no party refused"), "{told}");
}
