//! What a person does on the identity provider's pages: types the name, the password and the code of the second factor,
//! answers the consent question.

use super::forms::{Form, Page, Submission};
use super::{ConsentAnswer, Credentials};

/// The button that goes on, on sign-in and consent pages.
const GO_ON: &str = "idSIButton9";
/// The button of the code.
const VERIFY: &str = "idSubmit_SAOTCC_Continue";
/// The button that goes back; on the consent page, the one that declines.
const GO_BACK: &str = "idBtn_Back";

/// One person's way through the pages of one sign-in; name and password are typed once.
#[derive(Debug)]
pub struct Visit<'a> {
    credentials: &'a Credentials,
    consent: ConsentAnswer,
    typed: Vec<&'static str>,
}

/// What the person does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Sends a form.
    Submit(Submission),
    /// Stops at an error of the identity provider.
    StopAtError {
        /// The AADSTS number.
        aadsts: u32,
        /// What the page says.
        text: String,
    },
    /// Stops, because the page is none that a sign-in has.
    Lost,
}

impl<'a> Visit<'a> {
    /// A visit that has not begun.
    #[must_use]
    pub fn new(credentials: &'a Credentials, consent: ConsentAnswer) -> Self {
        Self { credentials, consent, typed: Vec::new() }
    }

    /// What to do on `page`.
    pub fn step(&mut self, page: &Page) -> Step {
        if let Some(error) = page.error.as_ref().filter(|error| error.marked) {
            return Step::StopAtError { aadsts: error.aadsts, text: error.text.clone() };
        }
        if let Some(submission) = page.forms.iter().find_map(|form| self.fill(form, page)) {
            return Step::Submit(submission);
        }
        if let Some(submission) = self.answer(page) {
            return Step::Submit(submission);
        }
        if let Some(error) = &page.error {
            return Step::StopAtError { aadsts: error.aadsts, text: error.text.clone() };
        }
        match page.forms.as_slice() {
            [form] if page.submits_itself => Step::Submit(form.submit(&[], None)),
            _ => Step::Lost,
        }
    }

    /// Fills the sign-in form, known by its fields; a field that comes again was not accepted.
    fn fill(&mut self, form: &Form, page: &Page) -> Option<Submission> {
        let Credentials { username, password } = self.credentials;
        let code = page.one_time_code.as_ref().map(|code| ("otc", code));
        let wanted = [("loginfmt", username), ("passwd", password)].into_iter().chain(code);
        let fields: Vec<(&'static str, &str)> =
            wanted.filter(|(name, _)| form.field(name).is_some()).map(|(name, value)| (name, value.as_str())).collect();
        if fields.is_empty() || fields.iter().all(|(name, _)| self.typed.contains(name)) {
            return None;
        }
        self.typed.extend(fields.iter().map(|(name, _)| *name));
        Some(form.submit(&fields, form.button(GO_ON).or_else(|| form.button(VERIFY)).or_else(|| form.default_button())))
    }

    /// Answers the consent page, known by its two buttons.
    fn answer(&self, page: &Page) -> Option<Submission> {
        let with = |id| page.forms.iter().find_map(|form| form.button(id).map(|button| (form, button)));
        let (go_on, go_back) = (with(GO_ON)?, with(GO_BACK)?);
        let asks_more =
            page.forms.iter().any(|form| form.field("loginfmt").is_some() || form.field("passwd").is_some());
        if asks_more {
            return None;
        }
        let (form, button) = match self.consent {
            ConsentAnswer::Accept => go_on,
            ConsentAnswer::Decline => go_back,
        };
        Some(form.submit(&[], Some(button)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGN_IN: &str = r#"<form method=post action=/login><input name=loginfmt><input name=passwd type=password>
        <input type=hidden name=ctx value=1><input type=submit id=idSIButton9 value="Sign in"></form>"#;
    const CONSENT: &str = r#"<form method=post action=/consent><input type=hidden name=ctx value=2>
        <button id=idBtn_Back name=answer value=decline>Cancel</button>
        <button id=idSIButton9 name=answer value=accept>Accept</button></form>"#;

    fn read(html: &str) -> Page {
        Page::read(html.as_bytes(), &"https://login.test/authorize".parse().unwrap())
    }

    fn body(step: Step) -> String {
        match step {
            Step::Submit(submission) => submission.body.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn megan() -> Credentials {
        Credentials { username: "megan@contoso.com".into(), password: "pw".into() }
    }

    #[test]
    fn name_and_password_are_typed_once_and_consent_is_answered_whenever_asked() {
        let credentials = megan();
        let mut visit = Visit::new(&credentials, ConsentAnswer::Accept);
        assert_eq!(body(visit.step(&read(SIGN_IN))), "loginfmt=megan%40contoso.com&passwd=pw&ctx=1");
        assert_eq!(body(visit.step(&read(CONSENT))), "ctx=2&answer=accept");
        assert_eq!(visit.step(&read(SIGN_IN)), Step::Lost);
        assert_eq!(body(visit.step(&read(CONSENT))), "ctx=2&answer=accept");
    }

    #[test]
    fn declining_clicks_the_other_button() {
        let credentials = megan();
        let mut visit = Visit::new(&credentials, ConsentAnswer::Decline);
        assert_eq!(body(visit.step(&read(CONSENT))), "ctx=2&answer=decline");
    }

    #[test]
    fn name_and_password_may_come_on_two_pages() {
        let credentials = megan();
        let mut visit = Visit::new(&credentials, ConsentAnswer::Accept);
        assert_eq!(
            body(visit.step(&read("<form method=post><input name=loginfmt></form>"))),
            "loginfmt=megan%40contoso.com"
        );
        assert_eq!(body(visit.step(&read("<form method=post><input name=passwd></form>"))), "passwd=pw");
    }

    #[test]
    fn the_code_is_read_off_the_page() {
        let credentials = megan();
        let mut visit = Visit::new(&credentials, ConsentAnswer::Accept);
        let html = r#"<b data-otc=123456>123456</b><form method=post action=/sas><input name=otc>
            <button id=idSubmit_SAOTCC_Continue>Verify</button></form>
            <form method=post action=/sas><button id=idBtn_Back>Cancel</button></form>"#;
        assert_eq!(body(visit.step(&read(html))), "otc=123456");
        assert_eq!(visit.step(&read(html)), Step::Lost, "what was typed once was not accepted");
    }

    #[test]
    fn a_marked_error_stops_even_beside_a_form() {
        let credentials = megan();
        let mut visit = Visit::new(&credentials, ConsentAnswer::Accept);
        let html = format!("<p data-aadsts=50126>AADSTS50126: no such name or password</p>{SIGN_IN}");
        assert!(matches!(visit.step(&read(&html)), Step::StopAtError { aadsts: 50126, .. }));
    }

    #[test]
    fn a_form_post_page_goes_on_by_itself() {
        let credentials = megan();
        let mut visit = Visit::new(&credentials, ConsentAnswer::Accept);
        let html = r#"<body onload="document.forms[0].submit()"><form method=post action="https://client.test/redirect">
            <input type=hidden name=error_description value="AADSTS65004: declined"></form>"#;
        assert_eq!(body(visit.step(&read(html))), "error_description=AADSTS65004%3A+declined");
        assert_eq!(visit.step(&read("<form method=post><input name=other></form>")), Step::Lost);
    }
}
