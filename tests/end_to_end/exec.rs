//! `entralab exec`: a program of the user's in a lab that has the cloud's own names.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command_line::{entralab, text};

/// Sends these bytes to the proxy, by bash alone, and shows the answer.
const ASK: &str = r#"ask() { exec 3<>"/dev/tcp/127.0.0.1/${HTTPS_PROXY##*:}"; printf "$1" >&3; cat <&3; }; "#;

/// A token request that the identity provider refuses.
const UNKNOWN_GRANT: &str = r"ask 'POST https://login.microsoftonline.com/common/oauth2/v2.0/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 25\r\n\r\ngrant_type=x&client_id=%%20'; ";

fn bash(flags: &[&str], script: &str) -> std::process::Output {
    entralab(&[&["exec"][..], flags, &["--", "bash", "-c", script]].concat())
}

#[test]
fn the_program_gets_what_leads_it_into_the_lab_and_its_output_is_its_own() {
    let output = Command::new(env!("CARGO_BIN_EXE_entralab"))
        .args(["exec", "--app", "copilot-studio-client", "--", "bash", "-c"])
        .arg("env -0; stat -c 'CA_MODE=%a' \"$SSL_CERT_FILE\"; cat \"$ENTRALAB_LAB_FILE\"")
        .env("NO_PROXY", "login.microsoftonline.com")
        .env("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "where all is well nothing is added");
    let said = text(&output.stdout);
    let (variables, rest) = said.rsplit_once('\0').unwrap();
    let variable = |name: &str| variables.split('\0').find_map(|line| line.strip_prefix(&format!("{name}=")));
    let proxy = variable("HTTPS_PROXY").unwrap();
    assert!(proxy.starts_with("http://127.0.0.1:"), "{proxy}");
    for name in ["HTTP_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"] {
        assert_eq!(variable(name), Some(proxy), "{name}");
    }
    for name in ["NO_PROXY", "no_proxy"] {
        assert_eq!(variable(name), Some("localhost,127.0.0.1,::1"), "{name}: nothing leads past the lab");
    }
    assert_eq!(variable("AZURE_AUTHORITY_HOST"), None);
    let ca = variable("SSL_CERT_FILE").unwrap();
    for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "DENO_CERT"] {
        assert_eq!(variable(name), Some(ca), "{name}");
    }
    assert_eq!(variable("NODE_USE_ENV_PROXY"), Some("1"));

    let (mode, lab) = rest.split_once('\n').unwrap();
    assert_eq!(mode, "CA_MODE=600");
    assert!(!std::path::Path::new(ca).exists() && !std::path::Path::new(ca).parent().unwrap().exists());
    let lab: Value = serde_json::from_str(lab).unwrap();
    assert_eq!((&lab["mode"], &lab["idp"]), (&"cloud".into(), &"https://login.microsoftonline.com".into()));
    assert_eq!((&lab["ca"], &lab["proxy"]), (&ca.into(), &proxy.into()));
    let app = &lab["apps"]["copilot-studio-client"];
    for (name, value) in [
        ("AZURE_TENANT_ID", &lab["tenant"]),
        ("ENTRALAB_TENANT_ID", &lab["tenant"]),
        ("AZURE_CLIENT_ID", &app["client_id"]),
        ("ENTRALAB_CLIENT_ID_COPILOT_STUDIO_CLIENT", &app["client_id"]),
        ("AZURE_CLIENT_SECRET", &app["client_secret"]),
        ("ENTRALAB_CLIENT_SECRET_COPILOT_STUDIO_CLIENT", &app["client_secret"]),
        ("ENTRALAB_LAB", &lab["lab"]),
    ] {
        assert_eq!(variable(name), value.as_str(), "{name}");
    }
}

#[test]
fn it_ends_as_the_program_ended() {
    assert_eq!(bash(&[], "exit 3").status.code(), Some(3));
    assert_eq!(bash(&[], "kill -KILL $$").status.code(), Some(137));
    let missing = entralab(&["exec", "--", "no-such-program"]);
    assert_eq!(missing.status.code(), Some(127));
    assert!(text(&missing.stderr).contains("'no-such-program'") && text(&missing.stderr).contains("fix:"));
    assert_eq!(entralab(&["exec", "--", env!("CARGO_MANIFEST_DIR")]).status.code(), Some(126));
    for arguments in [&["exec"][..], &["exec", "--"], &["exec", "no-such-scenario", "--", "true"]] {
        assert_eq!(entralab(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let unknown = entralab(&["exec", "--app", "nobody", "--", "true"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("copilot-studio-client"), "{}", text(&unknown.stderr));
}

#[cfg(unix)]
#[test]
fn a_signal_reaches_the_program_which_decides_what_comes_of_it() {
    for (signal, script, code) in [
        ("TERM", "trap 'exit 7' TERM; echo ready; while :; do read -t 0.1 <> <(:); done", 7),
        ("INT", "trap 'exit 8' INT; echo ready; while :; do read -t 0.1 <> <(:); done", 8),
        ("TERM", "echo ready; exec cat", 143),
    ] {
        // in a session of its own: there a terminal has no part in it
        let mut child = Command::new("setsid")
            .args(["--wait", env!("CARGO_BIN_EXE_entralab"), "exec", "--", "bash", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let _stays_open = child.stdin.take();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let pid = entralab_below(child.id());
        assert!(Command::new("kill").args([format!("-{signal}"), pid.to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signal} {script}");
    }
}

/// The process that setsid became, or started.
#[cfg(unix)]
fn entralab_below(pid: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let is_setsid = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim() == "setsid";
    if is_setsid { children.trim().parse().unwrap_or(pid) } else { pid }
}

/// A page of the identity provider for an application that has a loopback redirect URI, whose port does not count.
#[cfg(unix)]
fn authorize_url(redirect_uri: &str) -> String {
    format!(
        "https://login.microsoftonline.com/7c0b3f52-1d2e-4a5b-9c3d-0e8f6a1b2c3d/oauth2/v2.0/authorize?response_type=code\
         &client_id=5a1e0000-0000-4000-8000-0000000000c3&redirect_uri={redirect_uri}&scope=openid&state=s\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    )
}

#[cfg(unix)]
#[test]
fn a_browser_that_the_program_opens_is_the_labs_and_signs_a_person_in() {
    let waiting = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let redirect_uri = format!("http://localhost:{}", waiting.local_addr().unwrap().port());
    let world = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/clients.scenario.yaml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_entralab"))
        .args(["exec", "--as", "megan", world, "--", "sh", "-c", "\"$BROWSER\" \"$0\" && cat"])
        .arg(authorize_url(&redirect_uri))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut browser, _) = waiting.accept().unwrap();
    let mut line = String::new();
    BufReader::new(&browser).read_line(&mut line).unwrap();
    assert!(line.starts_with("GET /?code=") && line.contains("state=s"), "{line}");
    browser.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").unwrap();
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[cfg(unix)]
#[test]
fn a_page_that_the_browser_stops_at_is_told() {
    let world = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/clients.scenario.yaml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_entralab"))
        .args(["exec", world, "--", "sh", "-c", "\"$BROWSER\" \"$0\" && cat"])
        .arg(authorize_url("https://elsewhere.example/"))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("entralab: the browser of megan@contoso.com: AADSTS50011"), "{line}");
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(entralab(&["exec", "--as", "nobody", "--", "true"]).status.code(), Some(2));
}

#[test]
fn a_program_that_fails_is_told_which_check_refused_and_what_mends_it() {
    let output = bash(&[], &format!("{ASK}{UNKNOWN_GRANT}exit 1"));
    assert!(text(&output.stdout).contains("AADSTS"), "{}", text(&output.stdout));
    let said = text(&output.stderr);
    for part in ["ended with exit code 1", "refused by idp at ", "expected", "received", "fix", "entralab explain"] {
        assert!(said.contains(part), "no {part} in {said}");
    }
    assert_eq!(text(&bash(&["--quiet"], &format!("{ASK}{UNKNOWN_GRANT}exit 1")).stderr), "");
    let document: Value =
        serde_json::from_str(&text(&bash(&["--json"], &format!("{ASK}{UNKNOWN_GRANT}exit 1")).stderr)).unwrap();
    assert_eq!((&document["exit"], &document["exchanges"]), (&1.into(), &1.into()));
    assert!(document["refused"]["check"].is_string() && document["refused"]["fix"].is_string(), "{document}");
}

#[test]
fn a_name_outside_the_lab_is_told_at_once_and_once() {
    let connect = r"ask 'CONNECT api.example.com:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'; ";
    let output = bash(&[], &format!("{ASK}{connect}{connect}"));
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("HTTP/1.1 403 api.example.com:443 is not in this lab"));
    assert_eq!(text(&output.stderr).matches("refused api.example.com:443").count(), 1, "{}", text(&output.stderr));
}

#[test]
fn reports_tell_what_went_over_the_wire_and_how_the_program_ended() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let reports = ["json", "html", "junit", "har", "mermaid", "tap"]
        .map(|format| format!("{format}={}", file(format).display()))
        .join(",");
    let output = bash(&["--report", &reports], &format!("{ASK}{UNKNOWN_GRANT}exit 1"));
    assert_eq!(output.status.code(), Some(1));
    let read = |name: &str| std::fs::read_to_string(file(name)).unwrap();
    let json: Value = serde_json::from_str(&read("json")).unwrap();
    assert_eq!((&json["passed"], &json["failed"]), (&0.into(), &1.into()));
    let step = &json["scenarios"][0]["phases"][0]["steps"][0];
    assert_eq!((&step["exchanges"][0]["to"], &step["outcome"]["exit"]), (&"idp".into(), &1.into()));
    for name in ["html", "junit", "har", "mermaid", "tap"] {
        assert!(read(name).contains("/oauth2/v2.0/token"), "{name}: {}", read(name));
    }
    assert!(read("junit").contains("ended with exit code 1") && read("html").contains("ended with exit code 1"));
}

/// Where no JDK is, the message says what is missing; a JDK's own `keytool` makes the store.
#[test]
fn a_program_in_java_is_told_by_its_own_variable() {
    let without = Command::new(env!("CARGO_BIN_EXE_entralab"))
        .args(["exec", "--java", "--", "true"])
        .env("PATH", "/nowhere")
        .output()
        .unwrap();
    assert_eq!(without.status.code(), Some(3));
    assert!(text(&without.stderr).contains("keytool") && text(&without.stderr).contains("fix: "));

    if Command::new("keytool").arg("-help").output().is_err() {
        println!("not run: keytool is not on PATH");
        return;
    }
    let script = "printf '%s\\n' \"$JAVA_TOOL_OPTIONS\" \"$HTTPS_PROXY\"; keytool -list -storepass changeit -keystore \
                  \"$(dirname \"$SSL_CERT_FILE\")/trust.p12\"";
    let output = bash(&["--java"], script);
    let said = text(&output.stdout);
    let [options, proxy, store] = said.splitn(3, '\n').collect::<Vec<_>>()[..] else { panic!("{said}") };
    let port = proxy.rsplit(':').next().unwrap();
    assert!(options.contains("-Djavax.net.ssl.trustStore=") && options.contains(&format!("-Dhttps.proxyPort={port}")));
    assert!(store.contains("trustedCertEntry"), "{store}");
}

#[cfg(unix)]
#[test]
fn a_machine_without_mkfifo_runs_programs_that_open_no_browser() {
    let own = env!("CARGO_BIN_EXE_entralab");
    let output = Command::new(own).args(["exec", "--", own, "--version"]).env("PATH", "").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("entralab "), "{}", text(&output.stdout));
}
