//! The token that a call is made with, renewed where it is about to end.

use scenarios::world::ProviderProfile;
use wire::{Check, Checks};

use super::inert::inert;
use super::outcomes::{Connection, KeptBack, RefreshOutcome};
use super::token_answer::TokenFailure;
use super::token_store::{Freshness, StoredConnection};
use super::{Configuration, Connector, RedeemError, contents, profiles};

/// A token that may be sent, and how it was come by.
pub(super) struct UsableToken {
    pub access_token: String,
    pub refreshed: bool,
    /// For the exchange that it is first used in.
    pub checks: Checks,
}

/// Why there is no token to send.
pub(super) struct NoToken {
    pub message: String,
    pub aadsts: Option<u32>,
    /// None where an exchange of the trace has the reason.
    pub kept_back: Option<KeptBack>,
}

impl Connector {
    /// The token of `user`, renewed where it is about to end.
    pub(super) async fn usable_token(&self, user: &str) -> Result<UsableToken, NoToken> {
        let (connection, is_anybody_connected) = {
            let own = self.state();
            (own.store.find(user).cloned(), !own.store.is_empty())
        };
        let mut checks = Checks::default();
        let Some(connection) = connection else {
            const FIX: &str = "connect first: press Connect on the lab's page, write a `connect` step before this one, \
                               or in Power Apps: Custom connectors > Test > New connection";
            let received = if is_anybody_connected {
                format!("'{}' is not connected", inert(user))
            } else {
                "nobody is connected".to_owned()
            };
            checks.refuse(Check::ConnectionPresent, "a connection, made by signing in", received, FIX);
            let message = "Let's get you connected first. Open connection manager to create a connection.".to_owned();
            return Err(NoToken { message, aadsts: None, kept_back: KeptBack::of(&checks) });
        };
        checks.pass(Check::ConnectionPresent, "a connection", "a connection");
        let now = self.0.clock.now();
        let ends = connection.expires.map_or("no known end".to_owned(), |end| format!("ends {end}"));
        match connection.freshness(now) {
            Freshness::Fresh => {
                checks.pass(Check::ConnectionFresh, format!("an access token for {now}"), ends);
                Ok(UsableToken { access_token: connection.access_token, refreshed: false, checks })
            }
            Freshness::Renewable => self.renew(user, &connection, checks).await,
            Freshness::Expired => {
                let received = format!("{ends}, without a refresh token");
                checks.refuse(
                    Check::ConnectionFresh,
                    format!("an access token for {now}"),
                    received,
                    expired_fix(&connection),
                );
                let message =
                    "Let's get you connected first. Open connection manager: the connection has expired, and \
                               the identity provider gave no refresh token to renew it with."
                        .to_owned();
                Err(NoToken { message, aadsts: None, kept_back: KeptBack::of(&checks) })
            }
        }
    }

    /// Renews the access token of `user` now, whether it is about to end or not.
    pub async fn refresh(&self, user: &str) -> RefreshOutcome {
        let connection = self.state().store.find(user).cloned();
        let renewed = match connection {
            Some(connection) if connection.refresh_token.is_some() => {
                self.renew(user, &connection, Checks::default()).await
            }
            Some(connection) => {
                let mut checks = Checks::default();
                let (expected, fix) = ("a refresh token", expired_fix(&connection));
                checks.refuse(Check::ConnectionFresh, expected, "a connection without a refresh token", fix);
                let message = "The connection has no refresh token to renew it with.".to_owned();
                Err(NoToken { message, aadsts: None, kept_back: KeptBack::of(&checks) })
            }
            // what there is to say without a connection is said there
            None => self.usable_token(user).await,
        };
        match renewed {
            Ok(token) => RefreshOutcome {
                connection: Connection::Connected,
                refreshed: true,
                token: contents(&token.access_token).map(Box::new),
                message: None,
                aadsts: None,
                kept_back: None,
            },
            Err(NoToken { message, aadsts, kept_back }) => RefreshOutcome {
                connection: Connection::Failed,
                refreshed: false,
                token: None,
                message: Some(message),
                aadsts,
                kept_back,
            },
        }
    }

    async fn renew(
        &self,
        user: &str,
        connection: &StoredConnection,
        mut checks: Checks,
    ) -> Result<UsableToken, NoToken> {
        const EXPECTED: &str = "an access token, renewed with the refresh token";
        let Configuration { connector, redirect_url } = &*connection.configuration;
        let refresh_token = connection.refresh_token.as_deref().unwrap_or_default();
        let renewed = match profiles::refresh_request(connector, redirect_url, refresh_token) {
            Ok(request) => self.redeem(request).await,
            Err(error) => Err(RedeemError::Unanswered(error.to_string())),
        };
        let now = self.0.clock.now();
        let (reason, aadsts) = match renewed {
            Ok(answer) => {
                self.state().store.renew(user, connection, &answer, now);
                checks.pass(Check::ConnectionFresh, EXPECTED, "renewed");
                return Ok(UsableToken { access_token: answer.access_token, refreshed: true, checks });
            }
            Err(RedeemError::Failure(TokenFailure::Refused(error), _)) => (error.sentence(), error.aadsts),
            Err(RedeemError::Failure(TokenFailure::Unusable(fault), _)) => {
                (format!("The answer of the token endpoint was {fault}."), None)
            }
            Err(RedeemError::Unanswered(reason)) => {
                let fix = "connector.refresh_url (Power Apps: Custom connectors > Security > Refresh URL)";
                checks.refuse(Check::ConnectionFresh, EXPECTED, reason.clone(), fix);
                (reason, None)
            }
        };
        self.state().store.note_refresh_failure(user, connection);
        let message = format!(
            "Let's get you connected first. Open connection manager: the connection could not be renewed. {reason}"
        );
        Err(NoToken { message, aadsts, kept_back: KeptBack::of(&checks) })
    }
}

fn expired_fix(connection: &StoredConnection) -> String {
    match connection.configuration.connector.profile {
        ProviderProfile::GenericV2 => {
            "connector.scopes (Power Apps: Custom connectors > Security > Scope): add offline_access, then connect again"
        }
        ProviderProfile::AadV1 => "connect again (Power Apps: Custom connectors > Test > New connection)",
    }
    .to_owned()
}
