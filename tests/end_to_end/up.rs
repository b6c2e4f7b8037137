//! `entralab up`: a lab for a person's own browser and programs.

use std::process::Command;
use std::time::Duration;

use entralab::lab::certificates::client_config;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

use crate::command_line::{entralab, text};
use crate::lab_process::LabProcess;

/// The data folder of a lab that [`LabProcess`] started.
pub(crate) fn data_dir(lab: &LabProcess) -> std::path::PathBuf {
    lab.ready_file.with_file_name("lab")
}

pub(crate) fn ready(lab: &LabProcess) -> Value {
    let text = std::fs::read_to_string(&lab.ready_file).expect("the ready file");
    serde_json::from_str(&text).expect("the ready file is JSON")
}

/// An HTTP client of its own make that trusts the lab's CA and follows nothing.
pub(crate) fn outside_client(ready: &Value) -> reqwest::Client {
    client_trusting(&std::fs::read(ready["ca"].as_str().unwrap()).unwrap())
}

/// The same, for the CA of this PEM.
pub(crate) fn client_trusting(ca_pem: &[u8]) -> reqwest::Client {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem).unwrap()).unwrap();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(client_config(roots).unwrap())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_ready_file_holds_what_scripts_need_and_every_url_in_it_answers() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let ready = ready(&lab);
    assert_eq!((&ready["version"], &ready["ready"], &ready["mode"]), (&1.into(), &true.into(), &"local".into()));
    let http = outside_client(&ready);
    for issuer in [&ready["issuer"]["v1"], &ready["issuer"]["v2"]] {
        let issuer = issuer.as_str().unwrap();
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovery: Value = http.get(&url).send().await.unwrap().json().await.unwrap();
        assert_eq!(discovery["issuer"], issuer, "{url}");
    }
    let page = |path: &str| format!("{}{path}", ready["lab"].as_str().unwrap());
    for path in ["/", "/trace", "/trace.json", "/healthz", "/readyz"] {
        assert_eq!(http.get(page(path)).send().await.unwrap().status(), 200, "{path}");
    }
    let nowhere = http.get(page("/nosuch")).send().await.unwrap();
    assert_eq!(nowhere.status(), 404);
    assert!(nowhere.text().await.unwrap().contains("There is no such page"));
    let gated = http.post(ready["mcp"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(gated.status(), 401);
    assert!(gated.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer realm="));
    let client = &ready["apps"]["copilot-studio-client"];
    assert!(
        client["client_secret"].is_string()
            && client["redirect_uris"][0].as_str().unwrap().starts_with("http://localhost:")
    );
    assert!(ready["users"].as_array().is_some_and(|users| !users.is_empty()));
    assert_eq!(ready["control_token"].as_str().unwrap().len(), 64);
}

#[test]
fn status_and_a_second_up_know_of_the_first_and_a_signal_ends_it_cleanly() {
    let mut lab = LabProcess::start(&["up", "--port-base", "0"]);
    let folder = data_dir(&lab).to_str().unwrap().to_owned();
    let running = entralab(&["status", "--data-dir", &folder]);
    assert_eq!(running.status.code(), Some(0), "{}", text(&running.stdout));
    let told = text(&entralab(&["status", "--json", "--data-dir", &folder]).stdout);
    assert!(told.contains("\"idp\"") && told.contains("client_id"), "{told}");
    for secret in ["control_token", "client_secret", "password"] {
        assert!(!told.contains(secret), "the ready file holds it, for those who ask for it: {secret}");
    }
    let second = entralab(&["up", "--port-base", "0", "--data-dir", &folder]);
    assert_eq!(second.status.code(), Some(3));
    assert!(text(&second.stderr).contains(&format!("pid {}", lab.child.id())), "{}", text(&second.stderr));

    assert!(Command::new("kill").args(["-TERM", &lab.child.id().to_string()]).status().unwrap().success());
    assert_eq!(lab.child.wait().unwrap().code(), Some(0));
    assert_eq!(entralab(&["status", "--data-dir", &folder]).status.code(), Some(3));
    assert!(!data_dir(&lab).join("running.json").exists());
}

#[test]
fn a_taken_port_exits_3_and_is_named() {
    // Three ports in a row of which the second is taken: whatever comes first, one of them is named.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let base = (port - 1).to_string();
    let output = entralab(&["up", "--port-base", &base, "--data-dir", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(said.contains("cannot listen on 127.0.0.1:") && said.contains("--port-base"), "{said}");
}

#[tokio::test]
async fn the_page_connects_tests_and_asks_and_shows_no_secret() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let ready = ready(&lab);
    let http = outside_client(&ready);
    let page = |path: &str| format!("{}{path}", ready["lab"].as_str().unwrap());
    let unconnected = http.post(page("/test-operation")).send().await.unwrap().text().await.unwrap();
    assert!(unconnected.contains("no_connection"), "{unconnected}");

    // Connect sends this browser to the identity provider; the sign-in page is there.
    let answer = http.post(page("/connect")).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let authorize = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(authorize.starts_with(ready["idp"].as_str().unwrap()), "{authorize}");
    let sign_in = http.get(&authorize).send().await.unwrap().text().await.unwrap();
    assert!(sign_in.contains("name=\"loginfmt\"") && sign_in.contains("name=\"passwd\""), "{sign_in}");

    // Forms of other sites, and foreign host names, are refused (atk-H06, atk-G03).
    let foreign = http.post(page("/test-operation")).header("Origin", "https://evil.test").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    let rebound = http.get(page("/trace.json")).header("Host", "evil.test").send().await.unwrap();
    assert_eq!(rebound.status(), 403);
}
