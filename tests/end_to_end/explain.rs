//! `explain`: text, JSON, and what it says of a name that it does not know.

use serde_json::Value;

use crate::command_line::{entralab, text};

#[test]
fn a_code_is_explained_with_surface_causes_fix_and_scenario() {
    let output = entralab(&["explain", "AADSTS50011"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    for expected in [
        "an error page",
        "1. The connector was saved",
        "Authentication > Web > Redirect URIs",
        "--web-redirect-uris",
        "idp.apps.<client>.redirect_uris.web",
        "entralab run redirect-not-registered",
        "redirect_uri.registered",
    ] {
        assert!(said.contains(expected), "no {expected} in:\n{said}");
    }
    assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
}

#[test]
fn json_is_one_document_whatever_form_the_name_has() {
    for asked in ["AADSTS7000215", "7000215", "client_secret.valid"] {
        let output = entralab(&["explain", asked, "--json"]);
        let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
        assert!(document["causes"][0].as_str().is_some_and(|cause| cause.contains("secret's id")), "{document}");
        let scenarios = document["scenarios"].as_array().unwrap();
        assert!(scenarios.iter().any(|scenario| scenario["name"] == "wrong-secret"), "{document}");
        assert!(document["fixes"][0]["portal"].is_string(), "{document}");
    }
}

#[test]
fn an_unknown_name_exits_2_and_names_the_nearest() {
    let output = entralab(&["explain", "consent.grantd"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean consent.granted?"), "{}", text(&output.stderr));
    let output = entralab(&["explain", "AADSTS50077:", "you", "must", "use", "multi-factor authentication"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("https://login.microsoftonline.com/error?code=50077") && said.contains("did you mean"),
        "{said}"
    );
    let output = entralab(&["explain", "--json", "AADSTS999999"]);
    assert_eq!(output.status.code(), Some(2));
    let error: Value = serde_json::from_str(text(&output.stderr).trim()).expect("one JSON line");
    assert_eq!(error["error"]["code"], "explain.unknown");
}

/// Whatever a person has at hand when something failed can be pasted.
#[test]
fn a_whole_message_or_address_is_as_good_as_its_code() {
    let address = "https://global.consent.azure-apim.net/redirect?error=access_denied&error_description=AADSTS65004%3a+User\
                   +declined+to+consent&state=x";
    let json = "{\"error\":\"invalid_client\",\"error_codes\":[7000215]}";
    for (asked, code) in [
        (vec!["AADSTS50011: The redirect URI 'https://x' specified in the request does not match"], "AADSTS50011"),
        (vec!["aadsts50011:", "The", "redirect", "URI"], "AADSTS50011"),
        (vec!["https://login.microsoftonline.com/error?code=50011"], "AADSTS50011"),
        (vec![address], "AADSTS65004"),
        (vec![json], "AADSTS7000215"),
        (vec!["refused by gate at audience.allowed"], "audience.allowed"),
    ] {
        let output = entralab(&[vec!["explain"], asked.clone()].concat());
        assert_eq!(text(&output.stdout).lines().next(), Some(code), "{asked:?}: {}", text(&output.stderr));
    }
}
