//! The pages: one typed context for each template. They work without scripts and load nothing from elsewhere.

mod consent;
mod sign_out;

use askama::Template;

use crate::error::meaning::Fix;
use crate::protocol::sessions::Candidate;

pub use consent::{ApprovalPage, ApprovalRequestedPage, AskedOf, ConsentPage, Everyone};
pub use sign_out::{PickSignOutPage, ShownRefusal, SignedOutPage};

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

/// A page with nothing on it.
#[derive(Clone, Debug, Template)]
#[template(path = "blank.html")]
pub struct BlankPage {
    /// Around it.
    pub frame: Frame,
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
mod tests;
