//! Signing a user in: from the authorize URL through the callback to the connection.

use std::sync::Arc;

use wire::exchange::{Parameters, path_of};
use wire::{CheckResult, Checks};

use super::callback::{self, Verdict, only};
use super::inert::inert;
use super::outcomes::{ConnectOutcome, Connection, Shown, TokenContents};
use super::sign_ins::Waiting;
use super::token_answer::{OAuthError, TokenAnswer, TokenFailure};
use super::token_store::StoredConnection;
use super::{Configuration, Connector, RedeemError, contents, profiles, user_name, without_query};
use crate::browser::{Browser, ConsentAnswer, Credentials, SignInEnd};

/// A sign-in that was begun.
struct Begun {
    authorize_url: String,
    state: String,
    configuration: Arc<Configuration>,
}

/// What came of a callback.
pub(super) struct Received {
    pub outcome: ConnectOutcome,
    /// What was checked at the redirect URL.
    pub checks: Checks,
    /// The check that refused: there, or in redeeming the code.
    pub refusal: Option<CheckResult>,
}

impl Connector {
    /// Begins a sign-in for `user`, and gives the URL that the browser goes to.
    ///
    /// # Errors
    /// When the connector's settings give no such URL.
    pub fn begin(&self, user: &str) -> Result<String, ConnectOutcome> {
        self.begin_sign_in(user).map(|begun| begun.authorize_url)
    }

    fn begin_sign_in(&self, user: &str) -> Result<Begun, ConnectOutcome> {
        // the tail names the regional gateway that the consent host hands the code to
        let state = format!("{}_unitedstates-002_azure-apim.net", self.new_id());
        let configuration = self.configuration();
        let authorize_url = profiles::authorize_url(&configuration.connector, &configuration.redirect_url, &state)
            .map_err(|error| ConnectOutcome::failed(format!("Failed to login. {error}.")))?;
        let waiting = Waiting { user: user.to_owned(), configuration: configuration.clone() };
        self.state().sign_ins.begin(state.clone(), waiting);
        Ok(Begun { authorize_url, state, configuration })
    }

    /// Signs `user` in through `browser`: authorization endpoint, the identity provider's pages, callback, token.
    pub async fn connect(
        &self,
        browser: &mut Browser,
        user: &str,
        credentials: &Credentials,
        consent: ConsentAnswer,
    ) -> ConnectOutcome {
        let Begun { authorize_url, state, configuration } = match self.begin_sign_in(user) {
            Ok(begun) => begun,
            Err(outcome) => return outcome,
        };
        let end = browser.sign_in(&authorize_url, &configuration.redirect_url, credentials, consent).await;
        if let Some(outcome) = self.outcome(&state) {
            return outcome;
        }
        match end {
            SignInEnd::ErrorPage { aadsts, text } => ConnectOutcome {
                shown: Some(Shown::Page),
                aadsts: Some(aadsts),
                ..ConnectOutcome::failed(inert(&text))
            },
            SignInEnd::Callback => ConnectOutcome {
                shown: Some(Shown::Callback),
                ..ConnectOutcome::failed("Failed to login. The callback did not end the sign-in that was begun.")
            },
            SignInEnd::Unrecognised { url, status, title } => ConnectOutcome {
                shown: Some(Shown::Page),
                ..ConnectOutcome::failed(format!(
                    "Failed to login. The browser stopped at '{}', which answered {status} with a page titled '{}' that is \
                     part of no sign-in.",
                    inert(url.split('?').next().unwrap_or_default()),
                    inert(&title)
                ))
            },
            SignInEnd::Failed(error) => {
                // the part after the question mark can hold a code
                let told = error.to_string();
                ConnectOutcome::failed(format!("Failed to login. {}", without_query(&told)))
            }
        }
    }

    /// How the sign-in that was begun with `state` ended; none while it has not, or is not known.
    #[must_use]
    pub fn outcome(&self, state: &str) -> Option<ConnectOutcome> {
        self.state().sign_ins.outcome(state)
    }

    /// Works on a callback that came to `path`.
    pub(super) async fn receive(&self, path: &str, parameters: &Parameters) -> Received {
        let state = only(parameters, "state").unwrap_or_default();
        let (waiting, current) = {
            let mut own = self.state();
            (own.sign_ins.take(state), own.configuration.clone())
        };
        let awaited = waiting.as_ref().map_or(&current, |waiting| &waiting.configuration);
        let mut checks = Checks::default();
        let verdict = callback::judge(path, path_of(&awaited.redirect_url), waiting.is_some(), parameters, &mut checks);
        let mut refused_token = None;
        let ended = match (verdict, &waiting) {
            (Verdict::Redeem(code), Some(waiting)) => self.redeem_code(waiting, &code, &mut refused_token).await,
            (Verdict::Refused(error), _) => refused(format!("Failed to login. {}", error.sentence()), error),
            (Verdict::Cancelled(error), _) => {
                let sentence = error.sentence();
                let told = sentence.trim_end_matches('.');
                refused(format!("Failed to login. {told}. The sign-in was cancelled."), error)
            }
            (Verdict::Foreign(why), _) => {
                ConnectOutcome::failed(format!("Failed to login. Nothing was redeemed: {why}."))
            }
            (Verdict::Empty | Verdict::Redeem(_), _) => {
                ConnectOutcome::failed("Failed to login. The answer holds neither a code nor an error.")
            }
        };
        let refusal = checks.refusal().cloned().or(refused_token);
        let outcome = ConnectOutcome { shown: Some(Shown::Callback), ..ended };
        if waiting.is_some() {
            self.state().sign_ins.end(state, outcome.clone());
        }
        Received { outcome, checks, refusal }
    }

    /// Redeems a code; `refusal` gets the check that refused, where the token endpoint's answer is no token.
    async fn redeem_code(&self, waiting: &Waiting, code: &str, refusal: &mut Option<CheckResult>) -> ConnectOutcome {
        let Waiting { user, configuration } = waiting;
        let request = profiles::code_request(&configuration.connector, &configuration.redirect_url, code);
        let answer = match request {
            Ok(request) => self.redeem(request).await,
            Err(error) => return ConnectOutcome::failed(format!("Failed to login. {error}.")),
        };
        const PREFIX: &str = "Failed to login. Could not retrieve the token.";
        let answer = match answer {
            Ok(answer) => answer,
            Err(RedeemError::Failure(failure, by)) => {
                *refusal = by.map(|by| *by);
                return match failure {
                    TokenFailure::Refused(error) => refused(format!("{PREFIX} {}", error.sentence()), error),
                    TokenFailure::Unusable(fault) => {
                        ConnectOutcome::failed(format!("{PREFIX} The answer of the token endpoint was {fault}."))
                    }
                };
            }
            Err(RedeemError::Unanswered(reason)) => return ConnectOutcome::failed(format!("{PREFIX} {reason}")),
        };
        let token = contents(&answer.access_token);
        let display_name = display_name(&answer, token.as_ref());
        let refresh_token = Some(answer.refresh_token.is_some());
        let now = self.0.clock.now();
        let connection = StoredConnection::new(answer, configuration.clone(), display_name.clone(), now);
        self.state().store.keep(user, connection);
        ConnectOutcome {
            connection: Connection::Connected,
            token: token.map(Box::new),
            refresh_token,
            display_name,
            ..ConnectOutcome::failed("Connected.")
        }
    }
}

fn refused(message: String, error: OAuthError) -> ConnectOutcome {
    ConnectOutcome {
        aadsts: error.aadsts,
        error: Some(error.error),
        error_description: error.description,
        ..ConnectOutcome::failed(message)
    }
}

/// The connection's name: the user's name in the access token, or in the id token that came with it.
fn display_name(answer: &TokenAnswer, token: Option<&TokenContents>) -> Option<String> {
    let id_token = answer.id_token.as_deref().and_then(contents);
    [token, id_token.as_ref()].into_iter().flatten().find_map(user_name).map(|name| inert(&name))
}
