//! The page on which a user sets a new password, where the current one has expired or was for the first sign-in only.

use axum::response::Response;

use super::super::reply::{frame, shown};
use super::super::{IdentityProvider, Incoming};
use super::{Answer, Decision, Visit};
use crate::directory::Account;
use crate::error::EntraError;
use crate::error::faces::Front;
use crate::pages::NewPasswordPage;
use crate::protocol::admission::{Principal, admit};
use crate::protocol::authorize::{Authorization, Refused};
use crate::protocol::interaction::Flow;
use crate::protocol::sign_in::change_password;
use crate::routes::Route;

impl IdentityProvider {
    /// The form of the page for a new password.
    pub(in super::super) fn new_password(&self, incoming: &Incoming<'_>) -> Response {
        self.visit(incoming, |visit| {
            let flow = visit.open_flow()?;
            let directory = visit.directory;
            let authorization = visit.authorization(&flow)?;
            let Some(principal) = flow.new_password_of.and_then(|oid| Principal::find(directory, oid)) else {
                return Err(visit.foreign_form("a form of another page, or of a user who is gone").into());
            };
            if visit.decision() == Decision::Cancel {
                return Ok(visit.cancelled(&authorization, &flow));
            }
            let field = |name| incoming.form.text(name).unwrap_or_default();
            let (current, new) = (field("currentPassword"), field("newPassword"));
            if new != field("confirmNewPassword") {
                return visit.new_password_page(
                    &authorization,
                    &flow,
                    principal.account,
                    true,
                    &EntraError::PasswordExpired,
                );
            }
            let changed = {
                let passwords = &mut self.passwords();
                change_password(principal, passwords, current, new, incoming.now, &mut visit.checks)
            };
            match changed {
                Ok(()) => {}
                Err(error) if error.kind().faces().front == Some(Front::NewPassword) => {
                    return visit.new_password_page(&authorization, &flow, principal.account, false, &error);
                }
                Err(error) => return Err(Refused::of(&authorization, error).into()),
            }
            let principal = admit(directory, authorization.door(), principal.account, &mut visit.checks)
                .map_err(|error| Refused::of(&authorization, error))?;
            visit.let_in(&authorization, principal, Flow { new_password_of: None, ..flow })
        })
    }
}

impl<'v> Visit<'v> {
    pub(super) fn new_password_page(
        &mut self,
        authorization: &Authorization<'v>,
        flow: &Flow,
        account: Account<'_>,
        differ: bool,
        error: &EntraError,
    ) -> Answer {
        let flow = Flow { new_password_of: Some(account.object_id), ..flow.clone() };
        let page = NewPasswordPage {
            frame: frame(),
            action: Route::NewPassword.path(&authorization.segment.in_urls()),
            flow_token: self.flow_seal.seal(&flow)?,
            username: account.username.clone(),
            differ,
            error: shown(error, &self.checks),
        };
        Ok(self.page(authorization, &page))
    }
}
