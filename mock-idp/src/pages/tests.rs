//! What is written into a page stays text.

use super::*;
use crate::protocol::sign_out::FrontChannel;

const HOSTILE: &str = "\"'><script>alert(1)</script>";

fn frame() -> Frame {
    Frame { stylesheet: "/common/entralab/pages.css".to_owned() }
}

fn error() -> ShownError {
    let text = HOSTILE.to_owned();
    ShownError {
        number: 50_011,
        text: text.clone(),
        check: text.clone(),
        expected: text.clone(),
        received: text.clone(),
        fix: text,
    }
}

#[test]
fn markup_in_any_value_stays_text() {
    let text = || HOSTILE.to_owned();
    let sign_in = SignInPage {
        frame: frame(),
        action: text(),
        flow_token: text(),
        client: text(),
        username: text(),
        asks_password: false,
        accounts: vec![ShownAccount { session: text(), display_name: text(), username: text() }],
        error: Some(error()),
    };
    let password = SignInPage { asks_password: true, ..sign_in.clone() };
    let keep = KeepSignedInPage { frame: frame(), action: text(), flow_token: text(), username: text() };
    let confirm = ConfirmAppPage {
        frame: frame(),
        action: text(),
        flow_token: text(),
        username: text(),
        client: text(),
        scheme: text(),
    };
    let new_password = NewPasswordPage {
        frame: frame(),
        action: text(),
        flow_token: text(),
        username: text(),
        differ: true,
        error: error(),
    };
    let user_code = UserCodePage { frame: frame(), action: text(), user_code: text(), error: Some(error()) };
    let device_end = DeviceEndPage { frame: frame(), client: text(), is_in: true };
    let pick = PickSignOutPage {
        frame: frame(),
        action: text(),
        fields: vec![("state", text())],
        accounts: vec![ShownAccount { session: text(), display_name: text(), username: text() }],
    };
    let signed_out = SignedOutPage {
        frame: frame(),
        signed_out: vec![text()],
        frames: vec![FrontChannel { url: text(), origin: text() }],
        return_to: Some(text()),
        wait_seconds: 2,
        refusal: Some(ShownRefusal { check: text(), expected: text(), received: text(), fix: text() }),
    };
    let consent = ConsentPage {
        frame: frame(),
        action: text(),
        flow_token: text(),
        username: text(),
        organization: text(),
        client: text(),
        publisher: text(),
        redirect_host: Some(text()),
        redirect_is_local: true,
        asked: vec![AskedOf { resource: text(), scopes: vec![(text(), text())] }],
        everyone: Everyone::IfChosen,
    };
    let asked = vec![AskedOf { resource: text(), scopes: vec![(text(), text())] }];
    let approval = ApprovalPage {
        frame: frame(),
        action: text(),
        flow_token: text(),
        username: text(),
        organization: text(),
        client: text(),
        publisher: text(),
        asked,
        longest: 500,
        is_unjustified: true,
        earlier: Some(text()),
        error: error(),
    };
    let requested = ApprovalRequestedPage {
        frame: frame(),
        action: text(),
        flow_token: text(),
        username: text(),
        organization: text(),
        client: text(),
    };
    let second_factor = SecondFactorPage {
        frame: frame(),
        action: text(),
        flow_token: text(),
        username: text(),
        organization: text(),
        client: text(),
        demanded_by: text(),
        registers: true,
        code: text(),
        error: Some(error()),
    };
    let terms = TermsOfUsePage {
        frame: frame(),
        action: text(),
        flow_token: text(),
        username: text(),
        organization: text(),
        client: text(),
        demanded_by: text(),
    };
    let error = ErrorPage {
        frame: frame(),
        error: error(),
        request_id: text(),
        correlation_id: text(),
        timestamp: text(),
        passed: vec![(text(), text(), text())],
    };
    let form_post =
        FormPostPage { frame: frame(), action: text(), fields: vec![("state", text())], nonce: "n".to_owned() };
    let lookup = LookupPage { frame: frame(), action: text(), asked: text(), found: None };
    let pages = [
        password.render(),
        keep.render(),
        confirm.render(),
        pick.render(),
        signed_out.render(),
        sign_in.render(),
        user_code.render(),
        device_end.render(),
        new_password.render(),
        consent.render(),
        approval.render(),
        requested.render(),
        second_factor.render(),
        terms.render(),
        error.render(),
        form_post.render(),
        lookup.render(),
    ];
    for page in pages {
        let page = page.unwrap();
        assert!(!page.contains("<script>alert"), "{page}");
        assert!(!page.contains("\"'>"), "{page}");
    }
}
