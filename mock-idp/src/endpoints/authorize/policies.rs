//! The pages that policies put between the password and the consent: the second factor, and the terms of use.

use axum::response::Response;
use wire::Check;

use super::super::reply::{frame, shown};
use super::super::{IdentityProvider, Incoming};
use super::{Answer, Decision, Failure, Visit, end_flow};
use crate::error::EntraError;
use crate::pages::{SecondFactorPage, ShownError, TermsOfUsePage};
use crate::protocol::Family;
use crate::protocol::admission::Principal;
use crate::protocol::authorize::{Authorization, Prompt, Refused};
use crate::protocol::conditional_access::{
    Demand, Facts, Place, Unsatisfied, check_registration, client_app_type, evaluate, refusal, resources,
};
use crate::protocol::interaction::{Flow, SignedIn};
use crate::protocol::scope::OidcScope;
use crate::protocol::sessions::Session;
use crate::protocol::target::Requested;
use crate::routes::Route;

impl IdentityProvider {
    /// The form of the second factor.
    pub(in crate::endpoints) fn second_factor(&self, incoming: &Incoming<'_>) -> Response {
        self.visit(incoming, |visit| {
            let flow = visit.open_flow()?;
            let authorization = visit.authorization(&flow)?;
            let (principal, signed_in) = visit.signed_in(&flow, "a form of the page that asks for a code")?;
            if visit.decision() == Decision::Cancel {
                return Ok(visit.cancelled(&authorization, &flow));
            }
            let typed = incoming.form.text("otc").unwrap_or_default();
            let factor = &self.0.second_factor;
            match factor.check(principal, typed, &mut self.wrong_codes(), incoming.now, &mut visit.checks) {
                Ok(()) => {
                    self.enrolments().register(principal.account.object_id);
                    let signed_in = SignedIn { mfa_time: Some(incoming.now.as_second()), ..signed_in };
                    let session = Session::of(principal, &signed_in);
                    let next = visit.ask_or_finish(&authorization, principal, signed_in, flow.clone())?;
                    let mut response = next.response(&flow);
                    visit.stay_signed_in(session, &mut response);
                    Ok(response)
                }
                Err(error @ EntraError::WrongSecondFactor) => {
                    let error = shown(&error, &visit.checks);
                    let requested = authorization.requested(visit.directory, principal.tenant, &mut visit.checks)?;
                    let unsatisfied = visit.unsatisfied(&authorization, principal, &signed_in, &requested);
                    match unsatisfied {
                        Err(unsatisfied) => {
                            visit.second_factor_page(&authorization, principal, &flow, &unsatisfied, Some(error))
                        }
                        // the policy is gone since the page was shown
                        Ok(()) => visit.sign_in_page(&authorization, &flow, String::new(), &[], Some(error)),
                    }
                }
                Err(error) => {
                    let response = visit.refuse(*Refused::of(&authorization, error));
                    Ok(end_flow(response, &flow))
                }
            }
        })
    }

    /// The form of the terms of use.
    pub(in crate::endpoints) fn terms_of_use(&self, incoming: &Incoming<'_>) -> Response {
        self.visit(incoming, |visit| {
            let flow = visit.open_flow()?;
            let authorization = visit.authorization(&flow)?;
            let (principal, signed_in) = visit.signed_in(&flow, "a form of the terms of use")?;
            if visit.decision() == Decision::Cancel {
                return Ok(visit.cancelled(&authorization, &flow));
            }
            let requested = authorization.requested(visit.directory, principal.tenant, &mut visit.checks)?;
            if let Err(unsatisfied) = visit.unsatisfied(&authorization, principal, &signed_in, &requested)
                && unsatisfied.demand == Demand::TermsOfUse
            {
                self.enrolments().accept_terms(principal.account.object_id, &unsatisfied.policies);
            }
            let next = visit.ask_or_finish(&authorization, principal, signed_in, flow.clone())?;
            Ok(next.response(&flow))
        })
    }
}

impl<'v> Visit<'v> {
    /// Who signed in before this form.
    fn signed_in(&mut self, flow: &Flow, expected: &'static str) -> Result<(Principal<'v>, SignedIn), EntraError> {
        let signed_in = flow.signed_in.clone();
        let found = signed_in.and_then(|signed_in| Some((Principal::find(self.directory, signed_in.oid)?, signed_in)));
        found.ok_or_else(|| {
            let received = "a form of another page, or of a user who is gone";
            self.checks.refuse(Check::RequestInteraction, expected, received, "start the sign-in again");
            EntraError::ForeignInteraction
        })
    }

    fn facts(
        &self,
        authorization: &Authorization<'v>,
        principal: Principal<'v>,
        signed_in: &SignedIn,
        requested: &Requested<'v>,
    ) -> Facts<'v> {
        let gets_id_token = authorization.family == Family::V1 || requested.oidc.contains(&OidcScope::OpenId);
        let enrolments = self.provider.enrolments();
        Facts {
            principal,
            client: authorization.client,
            resources: resources(
                requested.targets.iter().map(|target| target.resource),
                authorization.client,
                gets_id_token,
            ),
            contexts: authorization.claims.contexts(),
            action: None,
            client_app_type: client_app_type(authorization.platform()),
            by_device_code: authorization.is_of_device(),
            auth_time: signed_in.auth_time,
            mfa_time: signed_in.mfa_time,
            mfa_registered: enrolments.has_second_factor(principal),
            accepted_terms: enrolments.accepted_terms(principal.account.object_id),
            now: self.incoming.now,
        }
    }

    /// What policies still demand of the sign-in.
    pub(super) fn unsatisfied(
        &mut self,
        authorization: &Authorization<'v>,
        principal: Principal<'v>,
        signed_in: &SignedIn,
        requested: &Requested<'v>,
    ) -> Result<(), Box<Unsatisfied>> {
        let facts = self.facts(authorization, principal, signed_in, requested);
        evaluate(self.directory, &facts, &mut self.checks)
    }

    /// The page that asks for what policies demand; none where they are satisfied.
    ///
    /// # Errors
    /// Where no page can ask for it, or none may.
    pub(super) fn policy_page(
        &mut self,
        authorization: &Authorization<'v>,
        principal: Principal<'v>,
        signed_in: &SignedIn,
        requested: &Requested<'v>,
        flow: &Flow,
    ) -> Result<Option<Response>, Failure> {
        let Err(unsatisfied) = self.unsatisfied(authorization, principal, signed_in, requested) else {
            return Ok(None);
        };
        let is_silent = authorization.prompt == Prompt::None;
        let demand = unsatisfied.demand;
        if is_silent || !demand.has_page() {
            unsatisfied.refuse(&mut self.checks);
            let place = if is_silent { Place::Silent } else { Place::Pages };
            let facts = self.facts(authorization, principal, signed_in, requested);
            return Err(Refused::of(authorization, refusal(&unsatisfied, &facts, place)).into());
        }
        if demand == Demand::Registration {
            let facts = self.facts(authorization, principal, signed_in, requested);
            check_registration(self.directory, &facts, &mut self.checks)
                .map_err(|error| Refused::of(authorization, error))?;
        }
        unsatisfied.note_question(&mut self.checks);
        let flow = Flow { signed_in: Some(signed_in.clone()), ..flow.clone() };
        let page = match demand {
            Demand::FreshSignIn { .. } => {
                let flow = Flow { signed_in: None, ..flow };
                self.sign_in_page(authorization, &flow, principal.account.username.clone(), &[], None)?
            }
            Demand::TermsOfUse => {
                let page = TermsOfUsePage {
                    frame: frame(),
                    action: Route::TermsOfUse.path(&authorization.segment.in_urls()),
                    flow_token: self.flow_seal.seal(&flow)?,
                    username: principal.account.username.clone(),
                    organization: principal.tenant.display_name.clone(),
                    client: authorization.client.shown_name().to_owned(),
                    demanded_by: unsatisfied.demanded_by().to_owned(),
                };
                self.page(authorization, &page)
            }
            _ => self.second_factor_page(authorization, principal, &flow, &unsatisfied, None)?,
        };
        Ok(Some(page))
    }

    fn second_factor_page(
        &mut self,
        authorization: &Authorization<'_>,
        principal: Principal<'_>,
        flow: &Flow,
        unsatisfied: &Unsatisfied,
        error: Option<ShownError>,
    ) -> Answer {
        let page = SecondFactorPage {
            frame: frame(),
            action: Route::SecondFactor.path(&authorization.segment.in_urls()),
            flow_token: self.flow_seal.seal(flow)?,
            username: principal.account.username.clone(),
            organization: principal.tenant.display_name.clone(),
            client: authorization.client.shown_name().to_owned(),
            demanded_by: unsatisfied.demanded_by().to_owned(),
            registers: unsatisfied.demand == Demand::Registration,
            code: self.provider.0.second_factor.code(principal.account.object_id, self.incoming.now),
            error,
        };
        Ok(self.page(authorization, &page))
    }
}
