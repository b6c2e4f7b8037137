//! Pages as scripts drive them, by Microsoft's names and ids: in one step, in two, and with what comes between sign-in and consent.

use serde_json::json;

use crate::sessions::{prompt, signed_in, with_single_sign_on};
use crate::support::*;

/// Fills only the name and clicks, as scripts for Entra's own page do.
fn name_first<'l>(browser: &mut Browser<'l>, username: &str) -> Seen {
    browser.press("idSIButton9", &[("loginfmt", username), ("passwd", "")])
}

#[test]
fn name_and_password_may_come_in_two_steps() {
    let lab = Lab::new();
    let mut browser = Browser::new(&lab);
    let first = browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let password = first.body.split("id=\"i0118\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(!password.contains("required"), "a browser would not send the name alone");
    let second = name_first(&mut browser, " Megan@contoso.com ");
    assert!(second.body.contains("Enter password") && second.body.contains("Megan@contoso.com"), "{}", second.body);
    assert_eq!(browser.form_of("idSIButton9").fields["loginfmt"], "Megan@contoso.com");
    let wrong = browser.press("idSIButton9", &[("passwd", "x")]);
    assert_eq!(wrong.aadsts(), Some(50_126));
    let seen = browser.press("idSIButton9", &[("passwd", PASSWORD)]);
    assert!(returned(&seen, "code").is_some(), "{}", seen.body);
}

#[test]
fn the_second_step_leads_back_to_the_first_and_that_to_the_application() {
    let lab = Lab::new();
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    name_first(&mut browser, "megan@contoso.com");
    let first = browser.press("idBtn_Back", &[]);
    assert!(first.body.contains("<h1>Sign in</h1>"), "{}", first.body);
    assert!(returned(&browser.press("idBtn_Back", &[]), "error").is_some());
}

#[test]
fn a_name_that_is_nobodys_is_told_at_the_first_step() {
    let lab = Lab::new();
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    assert_eq!(name_first(&mut browser, "who@contoso.com").aadsts(), Some(50_034));
}

#[test]
fn a_user_who_wants_to_stay_signed_in_is_for_ninety_days_after_each_use() {
    let mut world = changed(json!({"keep_me_signed_in": true}));
    world["single_sign_on"] = json!(true);
    let lab = Lab::of(world);
    let sign_in = |answer: &str| {
        let mut browser = Browser::new(&lab);
        browser.open(V2_AUTHORIZE, &v2(DEFAULT));
        let asked = browser.sign_in("megan@contoso.com", PASSWORD);
        assert!(asked.body.contains("Stay signed in?") && asked.location().is_none(), "{}", asked.body);
        let seen = browser.press(answer, &[]);
        assert!(returned(&seen, "code").is_some(), "{}", seen.body);
        (browser, seen)
    };
    let is_signed_in =
        |browser: &mut Browser<'_>| returned(&browser.open(V2_AUTHORIZE, &prompt("none")), "code").is_some();
    let (mut yes, seen) = sign_in("idSIButton9");
    let cookies: Vec<_> = seen.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let kept = cookies.iter().find(|cookie| cookie.starts_with("__Host-ESTSAUTHPERSISTENT=")).unwrap();
    for attribute in ["; Max-Age=7776000", "; Secure", "; HttpOnly", "; SameSite=None", "; Path=/"] {
        assert!(kept.contains(attribute), "{kept}");
    }
    let (mut no, _) = sign_in("idBtn_Back");
    assert!(!no.cookies.contains_key("__Host-ESTSAUTHPERSISTENT"));
    // closing the window ends what nobody asked to keep
    yes.cookies.retain(|name, _| name != "__Host-ESTSAUTH");
    for days in [89, 89] {
        lab.advance(days * 24 * 60);
        assert!(is_signed_in(&mut yes), "it slides");
    }
    assert!(!is_signed_in(&mut no));
    lab.advance(90 * 24 * 60);
    assert!(!is_signed_in(&mut yes));
    // the silent request never asks
    let (mut again, _) = sign_in("idSIButton9");
    again.open("/common/oauth2/v2.0/logout", &[]);
    assert!(again.cookies.is_empty() && !is_signed_in(&mut again));
}

#[test]
fn who_signs_in_again_is_kept_or_not_as_it_says_then() {
    let mut world = changed(json!({"keep_me_signed_in": true}));
    world["single_sign_on"] = json!(true);
    let lab = Lab::of(world);
    let mut browser = Browser::new(&lab);
    for answer in ["idSIButton9", "idBtn_Back"] {
        browser.open(V2_AUTHORIZE, &prompt("login"));
        browser.sign_in("megan@contoso.com", PASSWORD);
        assert!(returned(&browser.press(answer, &[]), "code").is_some());
    }
    lab.advance(25 * 60);
    assert_eq!(browser.open(V2_AUTHORIZE, &prompt("none")).aadsts(), Some(50_058));
}

#[test]
fn without_single_sign_on_nobody_is_asked_to_stay() {
    let lab = Lab::of(changed(json!({"keep_me_signed_in": true})));
    assert!(!lab.code(V2_AUTHORIZE, &v2(DEFAULT)).is_empty());
}

#[test]
fn an_address_of_a_scheme_of_its_own_is_confirmed_by_the_user() {
    let lab = with_single_sign_on(json!({"apps": {"client": {"redirect_uris": {"public": ["myapp://auth"]}}}}));
    let own = with(&v2("openid"), "redirect_uri", "myapp://auth");
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &own);
    let asked = browser.sign_in("megan@contoso.com", PASSWORD);
    assert!(asked.body.contains("Are you trying to sign in to copilot-studio-client?"), "{}", asked.body);
    assert!(asked.header("content-security-policy").unwrap().contains("form-action 'self' myapp:;"));
    let seen = browser.press("idSIButton9", &[]);
    assert!(seen.location().unwrap().starts_with("myapp://auth/?code="), "{:?}", seen.location());
    // single sign-on does not spare the question, and the user may say no
    assert!(browser.open(V2_AUTHORIZE, &own).body.contains("Are you trying to sign in"));
    let seen = browser.press("idBtn_Back", &[]);
    assert!(seen.location().unwrap().starts_with("myapp://auth/?error=access_denied&error_subcode=cancel"));
    let silent = browser.open(V2_AUTHORIZE, &with(&own, "prompt", "none"));
    assert_eq!((silent.aadsts(), returned(&silent, "error").as_deref()), (Some(50_199), Some("interaction_required")));
}

#[test]
fn a_form_between_the_pages_is_good_in_its_own_place_only() {
    let lab = with_single_sign_on(json!({"keep_me_signed_in": true}));
    let mut browser = signed_in_to_page(&lab);
    let token = browser.form_of("idSIButton9").fields["flowToken"].clone();
    for path in ["/common/kmsi", "/common/appverify"] {
        let seen = browser.send(post(path, &form(&[("flowToken", &token), ("decision", "accept")])));
        assert_eq!((seen.status.as_u16(), seen.aadsts()), (403, Some(165_900)), "{path}");
    }
    assert!(signed_in(&with_single_sign_on(json!({}))).cookies.contains_key("__Host-ESTSAUTH"));
}

/// A browser that stands on the sign-in page.
fn signed_in_to_page(lab: &Lab) -> Browser<'_> {
    let mut browser = Browser::new(lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    browser
}
