//! The page on which a user asks an administrator for consent.

use axum::response::Response;
use josekit::JoseError;

use super::super::reply::{frame, shown};
use super::super::{IdentityProvider, Incoming};
use super::steps::shown_question;
use super::{Decision, Visit};
use crate::error::EntraError;
use crate::pages::{ApprovalPage, ApprovalRequestedPage};
use crate::protocol::admission::Principal;
use crate::protocol::authorize::{Authorization, Prompt, Refused};
use crate::protocol::consent::{Asked, Granted, questions};
use crate::protocol::consent_requests::{ConsentRequest, LONGEST_JUSTIFICATION};
use crate::protocol::interaction::Flow;
use crate::protocol::randomness;
use crate::protocol::target::Requested;
use crate::routes::Route;

impl IdentityProvider {
    /// The form of the page on which a user asks for an administrator's consent.
    pub(in crate::endpoints) fn request_approval(&self, incoming: &Incoming<'_>) -> Response {
        self.visit(incoming, |visit| {
            let flow = visit.open_flow()?;
            let (authorization, signed_in, principal) = visit.go_on_with(&flow)?;
            if visit.decision() != Decision::Accept {
                return Ok(visit.cancelled(&authorization, &flow));
            }
            let requested = authorization.requested(visit.directory, principal.tenant, &mut visit.checks)?;
            let is_satisfied = visit.unsatisfied(&authorization, principal, &signed_in, &requested).is_ok();
            let refused = match visit.still_to_ask(&authorization, principal, &requested) {
                Err(refused) if is_satisfied && visit.offers_a_form(&authorization, &refused) => refused,
                // an administrator was quicker, or something else stands in the way
                _ => {
                    let next = visit.ask_or_finish(&authorization, principal, signed_in, flow.clone())?;
                    return Ok(next.response(&flow));
                }
            };
            let text = incoming.form.text("justification").unwrap_or_default().trim();
            if text.is_empty() {
                let error = &refused.error;
                return Ok(visit.approval_page(&authorization, principal, &requested, &flow, error, true)?);
            }
            let asked = visit.asked_of_administrators(&authorization, principal, &requested);
            self.consent_requests().add(ConsentRequest {
                id: randomness::guid(&mut *self.rng()),
                client: authorization.client.client_id,
                user: principal.object_id(),
                asked: asked.iter().map(Asked::ids).collect(),
                justification: text.chars().take(LONGEST_JUSTIFICATION).collect(),
                redirect_uri: authorization
                    .return_to
                    .application()
                    .map(|address| address.redirect_uri().as_str().to_owned()),
                requested_at: incoming.now,
                denied: false,
            });
            let page = ApprovalRequestedPage {
                frame: frame(),
                action: Route::RequestApproval.path(&authorization.segment.in_urls()),
                flow_token: visit.flow_seal.seal(&flow)?,
                username: principal.account.username.clone(),
                organization: principal.tenant.display_name.clone(),
                client: authorization.client.shown_name().to_owned(),
            };
            Ok(visit.page(&authorization, &page))
        })
    }
}

impl<'v> Visit<'v> {
    /// Whether the user may ask for what was refused, and can: there has to be a page.
    pub(super) fn offers_a_form(&self, authorization: &Authorization<'_>, refused: &Refused) -> bool {
        authorization.prompt != Prompt::None && matches!(refused.error, EntraError::ApprovalRequired { .. })
    }

    /// The page with the form; `flow` knows who signed in.
    pub(super) fn approval_page(
        &mut self,
        authorization: &Authorization<'v>,
        principal: Principal<'v>,
        requested: &Requested<'v>,
        flow: &Flow,
        error: &EntraError,
        is_unjustified: bool,
    ) -> Result<Response, JoseError> {
        let client = authorization.client;
        let asked = self.asked_of_administrators(authorization, principal, requested);
        let earlier = self.provider.consent_requests().of(client.client_id, principal.object_id()).map(|request| {
            let answer = if request.denied { "an administrator denied it" } else { "nobody has approved it yet" };
            format!("You asked on {}: {answer}.", request.requested_at.strftime("%Y-%m-%d at %H:%M:%SZ"))
        });
        let publisher = self.directory.tenant(&client.tenant).map(|tenant| tenant.display_name.clone());
        let page = ApprovalPage {
            frame: frame(),
            action: Route::RequestApproval.path(&authorization.segment.in_urls()),
            flow_token: self.flow_seal.seal(flow)?,
            username: principal.account.username.clone(),
            organization: principal.tenant.display_name.clone(),
            client: client.shown_name().to_owned(),
            publisher: publisher.unwrap_or_default(),
            asked: asked.iter().map(shown_question).collect(),
            longest: LONGEST_JUSTIFICATION,
            is_unjustified,
            earlier,
            error: shown(error, &self.checks),
        };
        Ok(self.page(authorization, &page))
    }

    /// What the user may not consent to; it was judged before, and nothing is noted of it again.
    fn asked_of_administrators(
        &self,
        authorization: &Authorization<'v>,
        principal: Principal<'v>,
        requested: &Requested<'v>,
    ) -> Vec<Asked<'v>> {
        let (directory, client, prompt) = (self.directory, authorization.client, authorization.prompt);
        let granted = Granted::gather(directory, &self.provider.consents(), client, principal);
        questions(directory, client, principal, requested, &granted, prompt, &mut wire::Checks::default())
            .unwrap_or_default()
    }
}
