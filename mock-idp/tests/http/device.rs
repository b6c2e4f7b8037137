//! Device code (RFC 8628).

use serde_json::json;

use crate::causes::device::*;
use crate::support::*;

#[test]
fn a_device_comes_in_when_its_user_signs_in_elsewhere() {
    let lab = Lab::of(public_client());
    let seen = lab.post("/organizations/oauth2/v2.0/devicecode", &form(&[("client_id", CLIENT), ("scope", SCOPE)]));
    let started = seen.json();
    let names: Vec<_> = started.as_object().unwrap().keys().collect();
    assert_eq!(names, ["user_code", "device_code", "verification_uri", "expires_in", "interval", "message"]);
    assert_eq!(seen.header("cache-control"), Some("no-store, no-cache"));
    let user_code = started["user_code"].as_str().unwrap();
    assert!(user_code.len() == 9 && user_code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
    assert_eq!(started["verification_uri"], "https://microsoft.com/devicelogin");
    assert_eq!((&started["expires_in"], &started["interval"]), (&json!(900), &json!(5)));
    let message = started["message"].as_str().unwrap();
    assert!(message.contains(user_code) && message.contains("https://microsoft.com/devicelogin"), "{message}");

    let pending = poll(&lab, &started);
    assert_eq!((pending.status.as_u16(), &pending.json()["error"]), (400, &json!("authorization_pending")));

    let mut browser = Browser::new(&lab);
    let alias = browser.send(http::Request::get("/devicelogin").body(axum::body::Body::empty()).unwrap());
    assert_eq!(alias.location(), Some("https://login.microsoftonline.com/common/oauth2/deviceauth"));
    let page = browser.open(PAGE, &[]);
    assert!(page.body.contains("name=\"otc\""), "{}", page.body);
    let typed = user_code.to_lowercase();
    let page = browser.press("idSIButton9", &[("otc", &format!(" {}-{} ", &typed[..4], &typed[4..]))]);
    assert!(page.body.contains("copilot-studio-client") && page.body.contains("id=\"i0118\""), "{}", page.body);
    let wrong = browser.sign_in("megan@contoso.com", "x");
    assert_eq!(wrong.aadsts(), Some(50_126));
    let end = browser.sign_in("megan@contoso.com", PASSWORD);
    assert!(end.body.contains("data-device=\"in\"") && end.body.contains("close this window"), "{}", end.body);
    assert!(browser.cookies.is_empty());

    let body = poll(&lab, &started).json();
    assert_eq!(claims(body["id_token"].as_str().unwrap())["preferred_username"], "megan@contoso.com");
    assert_eq!(claims(body["access_token"].as_str().unwrap())["scp"], "user_impersonation");
    let again = poll(&lab, &started);
    assert_eq!((again.aadsts(), again.refusing()), (Some(70_000), Some("device.code")), "it is good once");
    let token = body["refresh_token"].as_str().unwrap();
    let refreshed = lab.post(V2_TOKEN, &form(&with(&refresh(token), "client_secret", "")));
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
}

#[test]
fn the_v1_endpoint_speaks_in_strings_and_calls_the_code_code() {
    let lab = Lab::of(public_client());
    let started =
        lab.post("/common/oauth2/devicecode", &form(&[("client_id", CLIENT), ("resource", SERVER_URI)])).json();
    let names: Vec<_> = started.as_object().unwrap().keys().collect();
    assert_eq!(names, ["user_code", "device_code", "verification_url", "expires_in", "interval", "message"]);
    assert_eq!((&started["expires_in"], &started["interval"]), (&json!("900"), &json!("5")));
    let mut browser = Browser::new(&lab);
    enter(&mut browser, &started);
    browser.sign_in("megan@contoso.com", PASSWORD);
    let code = started["device_code"].as_str().unwrap();
    let request = [("grant_type", "device_code"), ("client_id", CLIENT), ("resource", SERVER_URI), ("code", code)];
    let body = lab.post(V1_TOKEN, &form(&request)).json();
    assert_eq!((&body["resource"], &body["token_type"]), (&json!(SERVER_URI), &json!("Bearer")), "{body}");
}

#[test]
fn consent_is_asked_for_a_device_too_and_may_be_declined() {
    let lab = Lab::of(changed(json!({
        "apps": {"client": {"allow_public_client": true}}, "consents": {"client-on-server": null},
    })));
    for button in ["idBtn_Back", "idSIButton9"] {
        let started = start(&lab);
        let mut browser = Browser::new(&lab);
        enter(&mut browser, &started);
        let page = browser.sign_in("megan@contoso.com", PASSWORD);
        assert!(page.body.contains("data-scope=\"user_impersonation\""), "{}", page.body);
        assert!(!page.body.contains("data-redirect-host"));
        assert_eq!(poll(&lab, &started).aadsts(), Some(70_016));
        let end = browser.press(button, &[]);
        assert!(end.body.contains("data-device="), "{}", end.body);
        let polled = poll(&lab, &started);
        match button {
            "idBtn_Back" => assert_eq!(polled.json()["error"], "authorization_declined"),
            _ => assert_eq!(polled.status, 200, "{}", polled.body),
        }
    }
}

/// A page of another site can post a code of its own device; the session alone must not let that device in.
#[test]
fn a_session_lets_no_device_in_without_the_user() {
    let mut world = public_client();
    world["single_sign_on"] = json!(true);
    let lab = Lab::of(world);
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    browser.sign_in("megan@contoso.com", PASSWORD);
    let started = start(&lab);
    let page = enter(&mut browser, &started);
    assert!(page.body.contains("Pick an account"), "{}", page.body);
    assert_eq!(poll(&lab, &started).aadsts(), Some(70_016));
    browser.press("tile-1", &[]);
    assert_eq!(poll(&lab, &started).status, 200);
}

#[test]
fn a_device_code_is_its_clients_own() {
    let lab = Lab::of(public_client());
    let started = start(&lab);
    let code = started["device_code"].as_str().unwrap();
    let request = [("grant_type", "device_code"), ("client_id", SERVER), ("device_code", code)];
    let seen = lab.post("/contoso.com/oauth2/v2.0/token", &form(&request));
    assert_eq!((seen.aadsts(), seen.refusing()), (Some(700_007), Some("device.code")));
}

#[test]
fn a_device_is_refused_at_once_what_no_sign_in_can_mend() {
    let lab = Lab::new();
    let refused = |path: &str, parameters: &[(&str, &str)]| lab.post(path, &form(parameters)).aadsts();
    let v2 = "/contoso.com/oauth2/v2.0/devicecode";
    assert_eq!(refused(v2, &[("client_id", CLIENT)]), Some(900_144));
    assert_eq!(refused(v2, &[("scope", "openid")]), Some(900_144));
    assert_eq!(refused(v2, &[("client_id", MODERN), ("scope", "no_such_scope")]), Some(650_053));
    assert_eq!(refused("/nobody.example/oauth2/v2.0/devicecode", &[("client_id", CLIENT)]), Some(90_002));
    let long = "x ".repeat(5_000);
    assert_eq!(refused(v2, &[("client_id", CLIENT), ("scope", &long)]), Some(90_013));
    assert_eq!(lab.get(v2).status, 405);
}

#[test]
fn hostile_text_on_the_page_for_codes_stays_text() {
    let lab = Lab::new();
    let hostile = "\"'><script>alert(1)</script>";
    for seen in [
        lab.get(&format!("{PAGE}?{}", form(&[("otc", hostile)]))),
        lab.post(PAGE, &form(&[("otc", hostile)])),
        lab.post(PAGE, &form(&[("otc", &"A".repeat(100_000))])),
    ] {
        assert_eq!(seen.status, 200);
        assert!(!seen.body.contains("<script>alert") && seen.body.len() < 20_000, "{}", seen.body);
    }
}

#[test]
fn in_local_mode_devices_tell_an_address_of_this_machine() {
    let mut origins = mock_idp::Origins::cloud();
    origins.login = "https://localhost:8443".to_owned();
    origins.device_login = "https://localhost:8443/devicelogin".to_owned();
    let lab = Lab::at(public_client(), origins);
    assert_eq!(start(&lab)["verification_uri"], "https://localhost:8443/devicelogin");
    assert_eq!(lab.get("/DeviceLogin").location(), Some("https://localhost:8443/common/oauth2/deviceauth"));
}
