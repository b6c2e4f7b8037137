//! The pages: one typed context for each template. They work without scripts and load nothing from elsewhere.

use askama::Template;
use wire::Checks;

use crate::error::meaning::Fix;
use crate::protocol::sessions::Candidate;
use crate::protocol::sign_out::FrontChannel;

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
    /// Whether only the password is asked, of the user of that name.
    pub asks_password: bool,
    /// Who is signed in to this browser, to be picked.
    pub accounts: Vec<ShownAccount>,
    /// What was wrong with the last try.
    pub error: Option<ShownError>,
}

/// The code of the second factor, or its registration.
#[derive(Clone, Debug, Template)]
#[template(path = "second_factor.html")]
pub struct SecondFactorPage {
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
    /// What demands it.
    pub demanded_by: String,
    /// Whether the user has none yet, and registers one.
    pub registers: bool,
    /// The code that an authenticator app would show.
    pub code: String,
    /// What was wrong with the last try.
    pub error: Option<ShownError>,
}

/// The terms of use.
#[derive(Clone, Debug, Template)]
#[template(path = "terms_of_use.html")]
pub struct TermsOfUsePage {
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
    /// What demands it.
    pub demanded_by: String,
}

/// Whether the browser stays signed in.
#[derive(Clone, Debug, Template)]
#[template(path = "keep_signed_in.html")]
pub struct KeepSignedInPage {
    /// Around it.
    pub frame: Frame,
    /// Where the forms go.
    pub action: String,
    /// The flow token.
    pub flow_token: String,
    /// Who signed in.
    pub username: String,
}

/// Whether the user means the application, whose address is of a scheme of its own.
#[derive(Clone, Debug, Template)]
#[template(path = "confirm_app.html")]
pub struct ConfirmAppPage {
    /// Around it.
    pub frame: Frame,
    /// Where the forms go.
    pub action: String,
    /// The flow token.
    pub flow_token: String,
    /// Who signed in.
    pub username: String,
    /// The application.
    pub client: String,
    /// The scheme of its address.
    pub scheme: String,
}

/// Which of several accounts signs out.
#[derive(Clone, Debug, Template)]
#[template(path = "pick_sign_out.html")]
pub struct PickSignOutPage {
    /// Around it.
    pub frame: Frame,
    /// Where the forms go.
    pub action: String,
    /// What they carry along: names and values.
    pub fields: Vec<(&'static str, String)>,
    /// Who is signed in to this browser.
    pub accounts: Vec<ShownAccount>,
}

/// Who signed out, with the pages of the applications that are told.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage {
    /// Around it.
    pub frame: Frame,
    /// The user names.
    pub signed_out: Vec<String>,
    /// Pages of applications, to be opened in frames.
    pub frames: Vec<FrontChannel>,
    /// Where the browser goes then.
    pub return_to: Option<String>,
    /// How long it waits before, in seconds.
    pub wait_seconds: u8,
    /// Why it goes nowhere, where it was to.
    pub refusal: Option<ShownRefusal>,
}

/// A page with nothing on it.
#[derive(Clone, Debug, Template)]
#[template(path = "blank.html")]
pub struct BlankPage {
    /// Around it.
    pub frame: Frame,
}

/// A check that refused where no AADSTS code tells it.
#[derive(Clone, Debug)]
pub struct ShownRefusal {
    /// The name of the check.
    pub check: String,
    /// What the check expected.
    pub expected: String,
    /// What it received.
    pub received: String,
    /// The setting that would make it pass.
    pub fix: String,
}

impl ShownRefusal {
    /// The check that refused, where one did.
    #[must_use]
    pub fn of(checks: &Checks) -> Option<Self> {
        let refusal = checks.refusal()?;
        Some(Self {
            check: refusal.check.name().to_owned(),
            expected: refusal.expected.clone(),
            received: refusal.received.clone(),
            fix: refusal.fix.clone().unwrap_or_default(),
        })
    }
}

impl ShownAccount {
    /// A signed-in account.
    #[must_use]
    pub fn of(Candidate { principal, session }: &Candidate<'_>) -> Self {
        Self {
            session: session.sid.to_string(),
            display_name: principal.account.display_name.clone(),
            username: principal.account.username.clone(),
        }
    }
}

/// The current password, and a new one, where the current one has expired or was for the first sign-in only.
#[derive(Clone, Debug, Template)]
#[template(path = "new_password.html")]
pub struct NewPasswordPage {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: String,
    /// The flow token.
    pub flow_token: String,
    /// Whose password it is.
    pub username: String,
    /// Whether the two new passwords of the last try differ.
    pub differ: bool,
    /// Why the page is shown, or what was wrong with the last try.
    pub error: ShownError,
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
    /// Where the browser goes afterwards; nowhere where a device is let in.
    pub redirect_host: Option<String>,
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

/// The code that a device shows.
#[derive(Clone, Debug, Template)]
#[template(path = "user_code.html")]
pub struct UserCodePage {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: String,
    /// The code, where it is known.
    pub user_code: String,
    /// What was wrong with the last try.
    pub error: Option<ShownError>,
}

/// The end of a sign-in for a device.
#[derive(Clone, Debug, Template)]
#[template(path = "device_end.html")]
pub struct DeviceEndPage {
    /// Around it.
    pub frame: Frame,
    /// The application on the device.
    pub client: String,
    /// Whether the user let it in.
    pub is_in: bool,
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
}
