//! `doctor`: what it finds, and that it finds its own lab.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use openssl::asn1::Asn1Time;
use openssl::pkey::PKey;
use openssl::x509::X509;
use serde_json::Value;

use crate::command_line::text;
use crate::lab_process::LabProcess;
use crate::up::data_dir;

/// `doctor` in surroundings that hold nothing but what is given.
fn doctor(arguments: &[&str], data_dir: &Path, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entralab"));
    for (name, _) in std::env::vars() {
        if name.to_ascii_lowercase().ends_with("_proxy") || name.contains("CERT") || name.contains("_CA_") {
            command.env_remove(name);
        }
    }
    command.arg("doctor").args(arguments).arg("--data-dir").arg(data_dir).envs(variables.iter().copied());
    command.output().expect("entralab runs")
}

fn findings(output: &Output) -> Vec<Value> {
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    assert_eq!(document["fit"], output.status.success(), "{document}");
    document["findings"].as_array().unwrap().clone()
}

/// The findings of one check: state, message, fix.
fn of(findings: &[Value], check: &str) -> Vec<(String, String, String)> {
    let own = findings.iter().filter(|finding| finding["check"] == check);
    let word = |finding: &Value, member: &str| finding[member].as_str().unwrap_or_default().to_owned();
    own.map(|finding| (word(finding, "state"), word(finding, "message"), word(finding, "fix"))).collect()
}

#[test]
fn a_fit_machine_exits_0_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("not/there");
    let output = doctor(&["--port-base", "0"], &data_dir, &[]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for expected in ["127.0.0.1", "localhost", "the first start makes it", "proxy", "clock"] {
        assert!(said.contains(expected), "no {expected} in:\n{said}");
    }
    assert!(!said.contains("problem"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_taken_port_is_a_problem_with_its_fix_and_exits_1() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let output = doctor(&["--json", "--port-base", &port.to_string()], folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let ports = of(&findings(&output), "port");
    assert_eq!(ports.len(), 3, "{ports:?}");
    let (state, message, fix) = &ports[0];
    assert!(state == "problem" && message.contains(&port.to_string()) && fix.contains("--port-base"), "{ports:?}");
    let said = text(&doctor(&["--quiet", "--port-base", &port.to_string()], folder.path(), &[]).stdout);
    assert!(said.contains("problem") && said.contains("fix: entralab up --port-base"), "{said}");
    assert!(!said.lines().any(|line| line.starts_with("ok ")), "{said}");
}

#[test]
fn its_own_running_lab_is_no_hindrance() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let running: Value = serde_json::from_str(&fs::read_to_string(&lab.ready_file).unwrap()).unwrap();
    let idp = url::Url::parse(running["idp"].as_str().unwrap()).unwrap().port().unwrap().to_string();
    let output = doctor(&["--json", "--port-base", &idp], &data_dir(&lab), &[]);
    let found = findings(&output);
    let (state, message, _) = &of(&found, "port")[0];
    assert!(state == "ok" && message.contains(&format!("pid {}", lab.child.id())), "{message}");
    assert_eq!(of(&found, "data_dir.private")[0].0, "ok");
    let (state, message, _) = &of(&found, "ca")[0];
    assert!(state == "ok" && message.contains("valid until 2045"), "{message}");
}

#[test]
fn a_proxy_and_a_bundle_without_the_lab_are_warnings() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let bundle = lab.ready_file.with_file_name("bundle.pem");
    fs::write(&bundle, "").unwrap();
    let bundle = bundle.to_str().unwrap();
    let variables = [("HTTPS_PROXY", "http://proxy.test:3128"), ("REQUESTS_CA_BUNDLE", bundle)];
    let output = doctor(&["--json", "--port-base", "0"], &data_dir(&lab), &variables);
    assert_eq!(output.status.code(), Some(0), "warnings are no problems");
    let found = findings(&output);
    let (state, _, fix) = &of(&found, "proxy")[0];
    assert!(state == "warning" && fix.contains("NO_PROXY=localhost,127.0.0.1"), "{found:?}");
    let (state, message, fix) = &of(&found, "ca.trust")[0];
    assert!(state == "warning" && message.contains(bundle) && fix.contains("REQUESTS_CA_BUNDLE="), "{found:?}");
}

#[cfg(unix)]
#[test]
fn open_keys_and_an_ended_authority_are_problems() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let key = PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&Asn1Time::from_unix(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::from_unix(1_577_836_800).unwrap()).unwrap();
    certificate.sign(&key, openssl::hash::MessageDigest::sha256()).unwrap();
    fs::write(folder.path().join("ca.pem"), certificate.build().to_pem().unwrap()).unwrap();
    let ca_key = folder.path().join("ca-key.pem");
    fs::write(&ca_key, key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    fs::set_permissions(&ca_key, fs::Permissions::from_mode(0o644)).unwrap();

    let running = folder.path().join("running-gate.json");
    fs::write(&running, "{}").unwrap();
    fs::set_permissions(&running, fs::Permissions::from_mode(0o604)).unwrap();

    let output = doctor(&["--json", "--port-base", "0"], folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let found = findings(&output);
    let (state, message, fix) = &of(&found, "data_dir.private")[0];
    assert!(
        state == "problem" && message.contains("ca-key.pem, running-gate.json") && fix.contains("chmod 600"),
        "{found:?}"
    );
    let (state, message, fix) = &of(&found, "ca")[0];
    assert!(
        state == "problem" && message.contains("ended at 2020-01-01") && fix.contains("delete ca.pem"),
        "{found:?}"
    );

    fs::write(folder.path().join("ca.pem"), "no certificate").unwrap();
    let found = findings(&doctor(&["--json", "--port-base", "0"], folder.path(), &[]));
    assert_eq!(of(&found, "ca")[0].0, "problem");
}

/// Whatever `up` would refuse, `doctor` finds, and both say the same of it.
#[cfg(unix)]
#[test]
fn keys_that_cannot_be_used_are_problems() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let good = data_dir(&lab);
    let half = |name: &str| fs::read(good.join(name)).unwrap()[..200].to_vec();
    let other_key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    for (file, content, check, said) in [
        ("signing-keys.pem", Some(b"no keys".to_vec()), "signing_keys", "is damaged: not a text of 2 private keys"),
        (
            "signing-keys.pem",
            Some(half("signing-keys.pem")),
            "signing_keys",
            "is damaged: not a text of 2 private keys",
        ),
        ("signing-keys.pem", Some(b"\xff\xfe".to_vec()), "signing_keys", "is damaged: it is no text"),
        ("signing-keys.pem", None, "signing_keys", "is a folder"),
        ("ca-key.pem", Some(half("ca-key.pem")), "ca", "ca-key.pem is damaged: it holds no private key"),
        ("ca-key.pem", Some(b"\xff\xfe".to_vec()), "ca", "ca-key.pem is damaged: it is no text"),
        ("ca-key.pem", None, "ca", "ca-key.pem is a folder"),
        (
            "ca-key.pem",
            Some(other_key.into_bytes()),
            "ca",
            "ca.pem is damaged: the certificate was made for another key",
        ),
        ("ca.pem", Some(b"no certificate".to_vec()), "ca", "ca.pem is damaged: it holds no certificate"),
        ("ca.pem", Some(half("ca.pem")), "ca", "ca.pem is damaged: it holds no certificate"),
        ("ca.pem", Some(b"\xff\xfe".to_vec()), "ca", "ca.pem is damaged: it is no text"),
        ("ca.pem", None, "ca", "ca.pem is a folder"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ca.pem", "ca-key.pem", "signing-keys.pem"] {
            fs::copy(good.join(name), folder.path().join(name)).unwrap();
        }
        let damaged = folder.path().join(file);
        match content {
            Some(content) => fs::write(&damaged, content).unwrap(),
            None => fs::remove_file(&damaged).and_then(|()| fs::create_dir(&damaged)).unwrap(),
        }
        let found = findings(&doctor(&["--json", "--port-base", "0"], folder.path(), &[]));
        let (state, message, fix) = &of(&found, check)[0];
        assert!(state == "problem" && message.contains(said), "{file}: {found:?}");
        assert!(fix.starts_with("delete it, and the next start makes a new one") && !fix.contains("chmod"), "{fix}");
        let up = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_entralab"));
            command.args(["up", "--port-base", "0", "-q", "--data-dir"]).arg(folder.path()).output().unwrap()
        };
        let refused = up();
        assert_eq!(refused.status.code(), Some(3), "{file}");
        assert_eq!(text(&refused.stderr), format!("{message}\nfix: {fix}\n"));
        // what mends it, mends it
        let command = fix.rsplit_once(": ").unwrap().1;
        assert!(Command::new("sh").args(["-c", command]).status().unwrap().success(), "{command}");
        let found = findings(&doctor(&["--json", "--port-base", "0"], folder.path(), &[]));
        assert_eq!(of(&found, check)[0].0, "ok", "{file}: {found:?}");
    }
}
