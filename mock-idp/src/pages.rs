//! The pages: one typed context for each template. They work without scripts and load nothing from elsewhere.

use askama::Template;

use crate::error::meaning::Fix;

/// What every page shows around its content.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The path of the stylesheet.
    pub stylesheet: String,
}

/// A refusal as a page shows it.
#[derive(Clone, Debug)]
pub struct ShownError {
    /// The AADSTS number.
    pub number: u32,
    /// `AADSTS<number>: …`.
    pub text: String,
    /// The name of the refusing check; empty where none refused.
    pub check: String,
    /// What the check expected.
    pub expected: String,
    /// What it received.
    pub received: String,
    /// The setting that would make it pass.
    pub fix: String,
}

/// An account that is signed in.
#[derive(Clone, Debug)]
pub struct ShownAccount {
    /// Its session id.
    pub session: String,
    /// The display name.
    pub display_name: String,
    /// The user name.
    pub username: String,
}

/// User name and password, or one of the accounts that are signed in.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: String,
    /// The flow token.
    pub flow_token: String,
    /// The application to which the user signs in.
    pub client: String,
    /// The user name, where it is known.
    pub username: String,
    /// Who is signed in to this browser, to be picked.
    pub accounts: Vec<ShownAccount>,
    /// What was wrong with the last try.
    pub error: Option<ShownError>,
}

/// What the application wants.
#[derive(Clone, Debug, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    /// Around it.
    pub frame: Frame,
    /// Where the forms go.
    pub action: String,
    /// The flow token.
    pub flow_token: String,
    /// Who signed in.
    pub username: String,
    /// The user's organisation.
    pub organization: String,
    /// The application.
    pub client: String,
    /// The application's home tenant.
    pub publisher: String,
    /// Where the browser goes afterwards.
    pub redirect_host: String,
    /// Whether that is this machine.
    pub redirect_is_local: bool,
    /// What is asked, by resource.
    pub asked: Vec<AskedOf>,
    /// Whether the consent is for everyone in the organisation.
    pub everyone: Everyone,
}

/// Whether a consent is for everyone in the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Everyone {
    /// The user may not consent for others.
    Never,
    /// The user may choose so.
    IfChosen,
    /// That is what the request is for.
    Always,
}

/// What is asked of one resource.
#[derive(Clone, Debug)]
pub struct AskedOf {
    /// The resource's name.
    pub resource: String,
    /// Value and description of each scope.
    pub scopes: Vec<(String, String)>,
}

/// Why it ends here.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// Around it.
    pub frame: Frame,
    /// The refusal.
    pub error: ShownError,
    /// Trace id.
    pub request_id: String,
    /// Correlation id.
    pub correlation_id: String,
    /// ISO 8601 with a T.
    pub timestamp: String,
    /// The checks that passed before: name, expected, received.
    pub passed: Vec<(String, String, String)>,
}

/// An answer that the browser posts to the application.
#[derive(Clone, Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage {
    /// Around it.
    pub frame: Frame,
    /// Where it goes.
    pub action: String,
    /// Names and values.
    pub fields: Vec<(&'static str, String)>,
    /// Admits the one line of script that submits the form.
    pub nonce: String,
}

/// What a code means.
#[derive(Clone, Debug, Template)]
#[template(path = "lookup.html")]
pub struct LookupPage {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: String,
    /// What was asked for, as it was written.
    pub asked: String,
    /// What is known of it.
    pub found: Option<ShownMeaning>,
}

/// What is known of a code.
#[derive(Clone, Debug)]
pub struct ShownMeaning {
    /// The AADSTS number.
    pub number: u32,
    /// What it means.
    pub means: &'static str,
    /// Where it is seen.
    pub shows: Vec<String>,
    /// What brings it about, the likeliest first.
    pub causes: &'static [String],
    /// What mends it.
    pub fixes: &'static [Fix],
}

/// The pages' stylesheet.
pub const STYLESHEET: &str = include_str!("../templates/pages.css");

#[cfg(test)]
mod tests {
    use super::*;

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
            accounts: vec![ShownAccount { session: text(), display_name: text(), username: text() }],
            error: Some(error()),
        };
        let consent = ConsentPage {
            frame: frame(),
            action: text(),
            flow_token: text(),
            username: text(),
            organization: text(),
            client: text(),
            publisher: text(),
            redirect_host: text(),
            redirect_is_local: true,
            asked: vec![AskedOf { resource: text(), scopes: vec![(text(), text())] }],
            everyone: Everyone::IfChosen,
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
        let pages = [sign_in.render(), consent.render(), error.render(), form_post.render(), lookup.render()];
        for page in pages {
            let page = page.unwrap();
            assert!(!page.contains("<script>alert"), "{page}");
            assert!(!page.contains("\"'>"), "{page}");
        }
    }
}
