//! `entralab env`: what points a program at a running lab.

use std::process::Command;

use serde_json::Value;

use crate::command_line::{entralab, text};
use crate::lab_process::LabProcess;
use crate::up::{data_dir, ready};

fn env(lab: &LabProcess, flags: &[&str]) -> std::process::Output {
    entralab(&[&["env", "--data-dir", data_dir(lab).to_str().unwrap()][..], flags].concat())
}

#[test]
fn every_format_says_the_same_of_the_running_lab() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let ready = ready(&lab);
    let document: Value = serde_json::from_str(&text(&env(&lab, &["--format", "json"]).stdout)).unwrap();
    let variables = document["variables"].as_object().unwrap();
    let app = &ready["apps"]["copilot-studio-client"];
    for (name, value) in [
        ("AZURE_AUTHORITY_HOST", &ready["idp"]),
        ("AZURE_TENANT_ID", &ready["tenant"]),
        ("AZURE_CLIENT_ID", &app["client_id"]),
        ("AZURE_CLIENT_SECRET", &app["client_secret"]),
        ("ENTRALAB_LAB", &ready["lab"]),
        ("ENTRALAB_CLIENT_ID_STREAMABLE_MCP_SERVER2", &ready["apps"]["streamable-mcp-server2"]["client_id"]),
        ("SSL_CERT_FILE", &ready["ca"]),
        ("REQUESTS_CA_BUNDLE", &ready["ca"]),
        ("NODE_EXTRA_CA_CERTS", &ready["ca"]),
    ] {
        assert_eq!(&variables[name], value, "{name}");
    }
    let lab_file = std::fs::read_to_string(variables["ENTRALAB_LAB_FILE"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&lab_file).unwrap(), ready);

    let eval = Command::new("sh")
        .args(["-c", r#"eval "$("$0" env --data-dir "$1")" && exec env -0"#, env!("CARGO_BIN_EXE_entralab")])
        .arg(data_dir(&lab))
        .output()
        .unwrap();
    let said = text(&eval.stdout);
    for (name, value) in variables {
        let line = format!("{name}={}", value.as_str().unwrap());
        assert!(said.split('\0').any(|set| set == line), "the shell has no {line}");
    }
    let dotenv = text(&env(&lab, &["--format", "dotenv"]).stdout);
    assert_eq!(dotenv.lines().count(), variables.len(), "{dotenv}");
    assert!(dotenv.lines().any(|line| line == format!("AZURE_TENANT_ID={}", ready["tenant"].as_str().unwrap())));
    let github = text(&env(&lab, &["--format", "github"]).stdout);
    assert_eq!(github.lines().filter(|line| line.contains("<<")).count(), variables.len(), "{github}");
}

#[test]
fn an_sdk_gets_what_it_reads_and_its_settings_in_its_own_language() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let shell = text(&env(&lab, &["--for", "msal-python"]).stdout);
    assert!(shell.contains("export REQUESTS_CA_BUNDLE=") && !shell.contains("NODE_EXTRA_CA_CERTS"), "{shell}");
    assert!(shell.contains("#     instance_discovery=False,"), "{shell}");
    let syntax = Command::new("sh").args(["-n", "-c", &shell]).status().unwrap();
    assert!(syntax.success());
    let document: Value = serde_json::from_str(&text(&env(&lab, &["--for", "MSAL-node", "--json"]).stdout)).unwrap();
    assert_eq!(document["sdk"]["name"], "msal-node");
    assert!(document["sdk"]["settings"].as_str().unwrap().contains("knownAuthorities"));
    for (flags, said) in [(["--for", "msal"], "msal-python"), (["--app", "nobody"], "copilot-studio-client")] {
        let refused = env(&lab, &flags);
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(&refused.stderr).contains(said), "{}", text(&refused.stderr));
    }
}

#[test]
fn without_a_lab_there_is_nothing_to_point_at() {
    let folder = tempfile::tempdir().unwrap();
    let output = entralab(&["env", "--data-dir", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty() && text(&output.stderr).contains("entralab up"));
}
