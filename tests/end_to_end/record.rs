//! `record`: what a person did on the page of a running lab is a scenario file that passes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mock_client::browser::forms::{Page, Submission};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::Value;
use url::Url;

use crate::command_line::{entralab, text};
use crate::lab_process::LabProcess;
use crate::up::{data_dir, outside_client, ready};

/// A person with a browser that knows nothing of the lab.
struct Person {
    http: reqwest::Client,
    lab: String,
    cookies: BTreeMap<String, String>,
}

impl Person {
    fn at(lab: &LabProcess) -> Self {
        let ready = ready(lab);
        let (http, lab) = (outside_client(&ready), ready["lab"].as_str().unwrap().to_owned());
        Self { http, lab, cookies: BTreeMap::new() }
    }

    /// Presses a button of the lab's page, and gives the page that comes.
    async fn press(&mut self, form: &str, body: &str) -> (Url, String) {
        let url = Url::parse(&format!("{}{form}", self.lab)).unwrap();
        self.go(Submission { url, body: Some(body.to_owned()) }).await
    }

    /// Sends a form, and follows where it leads.
    async fn go(&mut self, mut target: Submission) -> (Url, String) {
        for _ in 0..20 {
            let request = match &target.body {
                Some(body) => self
                    .http
                    .post(target.url.clone())
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(body.clone()),
                None => self.http.get(target.url.clone()),
            };
            let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = request.header(COOKIE, cookies.join("; ")).send().await.unwrap();
            for cookie in answer.headers().get_all(SET_COOKIE) {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(pair.0.to_owned(), pair.1.to_owned());
            }
            match answer.headers().get(LOCATION) {
                Some(location) => {
                    let url = target.url.join(location.to_str().unwrap()).unwrap();
                    target = Submission { url, body: None };
                }
                None => return (target.url, answer.text().await.unwrap()),
            }
        }
        panic!("the pages never end");
    }

    /// Connects, with each of these passwords until there is no page that asks for one.
    async fn connect(&mut self, username: &str, passwords: &[&str]) -> String {
        let (mut url, mut html) = self.press("/connect", "").await;
        for password in passwords {
            let page = Page::read(html.as_bytes(), &url);
            let form = page.forms.iter().find(|form| form.field("passwd").is_some()).expect("a sign-in page");
            let submission = form.submit(&[("loginfmt", username), ("passwd", password)], form.button("idSIButton9"));
            (url, html) = self.go(submission).await;
        }
        html
    }
}

fn record(lab: &LabProcess, more: &[&str]) -> std::process::Output {
    let folder = data_dir(lab);
    entralab(&[&["record", "--data-dir", folder.to_str().unwrap()], more].concat())
}

fn file_beside(lab: &LabProcess) -> PathBuf {
    lab.ready_file.with_file_name("mine.scenario.yaml")
}

#[tokio::test]
async fn a_session_becomes_a_file_that_passes_and_holds_no_token() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let mut person = Person::at(&lab);
    person.press("/test-operation", "").await;
    let html = person.connect("Megan@contoso.com", &["not-her-password", "Tailwind-Traders-7"]).await;
    assert!(html.contains("Connection created"), "{html}");
    person.press("/test-operation", "").await;
    person.press("/list-tools", "").await;
    person.press("/ask", "question=Give+me+the+stock+price+of+tesla").await;
    let (_, html) = person.press("/advance-clock", "by=70m").await;
    assert!(html.contains("It is now "), "{html}");
    let (_, html) = person.press("/advance-clock", "by=-1h").await;
    assert!(html.contains("such as 70m"), "{html}");
    person.press("/ask", "question=What+is+the+meaning+of+%22life%22%3A+%23+%7B%3F").await;
    person.connect("megan@contoso.com", &[]).await; // and goes away

    let path = file_beside(&lab);
    let file = path.to_str().unwrap();
    let output = record(&lab, &["-o", file]);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("7 steps, and played back they hold"), "{said}");
    assert!(said.contains("left out: somebody began to sign in"), "{said}");
    let written = std::fs::read_to_string(&path).unwrap();
    for expected in [
        "  base: article\n",
        "  - test_operation: {}\n    expect: { verdict: no_connection",
        "  - connect: { as: megan }\n    expect: { connection: connected }\n",
        "expect: { status: 406, verdict: reachable_and_authorized, by: mcp, check: accept.json_and_sse }",
        "expect: { tools: [get_alerts, get_forecast, get_stockprice] }",
        "  - ask: \"Give me the stock price of tesla\"\n    expect: { tool: get_stockprice, arguments: { ticker_symbol: TSLA } }\n",
        "  - advance_clock: 70m\n",
        "  - ask: \"What is the meaning of \\\"life\\\": # {?\"\n    expect: { tool: { absent: true }, by: connector, check: tool.chosen }\n",
    ] {
        assert!(written.contains(expected), "no {expected} in:\n{written}");
    }
    for secret in ["eyJ", "not-her-password", "Tailwind-Traders-7", "localhost"] {
        assert!(!written.contains(secret), "{secret} in:\n{written}");
    }
    let run = entralab(&["run", file]);
    assert_eq!(run.status.code(), Some(0), "{}{written}", text(&run.stdout));
    assert_eq!(entralab(&["check", file]).status.code(), Some(0));

    let refused = record(&lab, &["-o", file]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("is there already"), "{}", text(&refused.stderr));
    assert_eq!(text(&record(&lab, &[]).stdout), written, "without -o it goes to stdout");
}

#[tokio::test]
async fn a_broken_setup_is_recorded_with_its_change_and_the_check_that_refused() {
    for (scenario, username, password, change, expected) in [
        (
            "redirect-not-registered",
            "",
            "",
            "redirect_uris",
            "expect: { connection: failed, shown: page, aadsts: 50011, by: idp, check: redirect_uri.registered }",
        ),
        (
            "wrong-secret",
            "megan@contoso.com",
            "Tailwind-Traders-7",
            "client_secret",
            "expect: { connection: failed, shown: callback, aadsts: 7000215, by: idp, check: client_secret.valid }",
        ),
    ] {
        let lab = LabProcess::start(&["up", scenario, "--port-base", "0"]);
        let passwords = if password.is_empty() { &[][..] } else { &[password][..] };
        Person::at(&lab).connect(username, passwords).await;
        let path = file_beside(&lab);
        let output = record(&lab, &["--json", "-o", path.to_str().unwrap()]);
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(output.status.code(), Some(0), "{}{written}", text(&output.stderr));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&document["steps"], &document["passed"]), (&1.into(), &true.into()), "{document}");
        assert!(written.contains(change) && written.contains(expected), "{scenario}:\n{written}");
        let run = entralab(&["run", path.to_str().unwrap()]);
        assert_eq!(run.status.code(), Some(0), "{}", text(&run.stdout));
    }
}

#[tokio::test]
async fn record_says_why_it_records_nothing_and_the_session_needs_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let output = entralab(&["record", "--data-dir", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("no lab is running"), "{}", text(&output.stderr));

    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let output = record(&lab, &[]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""));
    assert!(text(&output.stderr).contains("nothing was done on the page of this lab yet"), "{}", text(&output.stderr));
    let ready = ready(&lab);
    let http = outside_client(&ready);
    let session = format!("{}/_lab/session", ready["lab"].as_str().unwrap());
    assert_eq!(http.get(&session).send().await.unwrap().status(), 401);
    assert_eq!(http.get(&session).bearer_auth("guess").send().await.unwrap().status(), 401);
    let token = ready["control_token"].as_str().unwrap();
    assert_eq!(http.get(&session).bearer_auth(token).send().await.unwrap().status(), 200);
}
