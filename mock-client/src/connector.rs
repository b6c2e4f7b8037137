//! The connector that a maker makes in Copilot Studio, with the gateway it calls through.
//!
//! It signs a user in through a browser, redeems the code, keeps the tokens, and speaks to the MCP server for the
//! user: once as the Test tab does, and turn by turn as the agent's runtime does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use wire::access_token::read_unverified;
use wire::exchange::{Parameters, path_of};
use wire::{Check, Checks, Clock, LabClient, Network, Party, Reply, SendError, Trace};

pub mod callback;
pub mod inert;
pub mod outcomes;
pub mod profiles;
pub mod sign_ins;
mod test_console;
pub mod token_answer;
pub mod token_store;
mod turns;

use crate::browser::{Browser, ConsentAnswer, Credentials, SignInEnd};
use callback::{Verdict, only};
use inert::inert;
use outcomes::{ConnectOutcome, Connection, ConnectionSummary, Shown, TokenContents};
use profiles::TokenRequest;
use sign_ins::{SignIns, Waiting};
use token_answer::{OAuthError, TokenAnswer, TokenFailure};
use token_store::{Freshness, StoredConnection, TokenStore};

/// What a connector needs.
pub struct Settings {
    /// How it is configured.
    pub connector: Arc<scenarios::world::Connector>,
    /// Its redirect URL, in the names that the lab speaks.
    pub redirect_url: String,
    /// The names and trusted certificates of the lab.
    pub network: Network,
    /// Where the checks go.
    pub trace: Trace,
    /// The lab clock.
    pub clock: Clock,
    /// Where states and ids come from.
    pub seed: [u8; 32],
}

/// A connector; clones are the same one.
#[derive(Clone)]
pub struct Connector(Arc<Inner>);

struct Inner {
    client: LabClient,
    trace: Trace,
    clock: Clock,
    /// The ids of things that stay the same, such as the agent's, come from this.
    namespace: [u8; 32],
    state: Mutex<State>,
}

struct State {
    configuration: Arc<Configuration>,
    random: ChaCha20Rng,
    sign_ins: SignIns,
    store: TokenStore,
}

/// How a connector was set up when something began.
#[derive(Debug)]
pub struct Configuration {
    /// Its section of the world.
    pub connector: Arc<scenarios::world::Connector>,
    /// Its redirect URL, in the names that the lab speaks.
    pub redirect_url: String,
}

/// A token that may be sent, and how it was come by.
struct UsableToken {
    access_token: String,
    refreshed: bool,
    checks: Checks,
}

/// Why there is no token to send.
struct NoToken {
    message: String,
    aadsts: Option<u32>,
    /// Empty where another party's decision, on an exchange of its own, is the reason.
    checks: Checks,
}

/// Why a token endpoint gave no token.
enum RedeemError {
    Failure(TokenFailure),
    Unanswered(String),
}

impl Connector {
    /// A connector without connections.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { connector, redirect_url, network, trace, clock, seed } = settings;
        let mut random = ChaCha20Rng::from_seed(seed);
        let mut namespace = [0; 32];
        random.fill_bytes(&mut namespace);
        Self(Arc::new(Inner {
            client: network.client(Party::Connector, trace.clone(), clock.clone()),
            trace,
            clock,
            namespace,
            state: Mutex::new(State {
                configuration: Arc::new(Configuration { connector, redirect_url }),
                random,
                sign_ins: SignIns::default(),
                store: TokenStore::default(),
            }),
        }))
    }

    /// Saves the connector with other settings; connections keep those that they were made with.
    pub fn replace(&self, connector: Arc<scenarios::world::Connector>, redirect_url: String) {
        self.state().configuration = Arc::new(Configuration { connector, redirect_url });
    }

    /// The routes of the redirect URL: they receive the callback, redeem the code, and show how it ended.
    pub fn router(&self) -> axum::Router {
        callback::router(self.clone())
    }

    /// Begins a sign-in for `user`, and gives the URL that the browser goes to.
    ///
    /// # Errors
    /// When the connector's settings give no such URL.
    #[expect(clippy::result_large_err, reason = "the outcome is shown as it is, and rare")]
    pub fn begin(&self, user: &str) -> Result<String, ConnectOutcome> {
        let (url, _state) = self.begin_sign_in(user)?;
        Ok(url)
    }

    #[expect(clippy::result_large_err, reason = "the outcome is shown as it is, and rare")]
    fn begin_sign_in(&self, user: &str) -> Result<(String, String), ConnectOutcome> {
        // the tail names the regional gateway that the consent host hands the code to
        let state = format!("{}_unitedstates-002_azure-apim.net", self.new_id());
        let configuration = self.configuration();
        let url = profiles::authorize_url(&configuration.connector, &configuration.redirect_url, &state)
            .map_err(|error| ConnectOutcome::failed(format!("Failed to login. {error}.")))?;
        self.state().sign_ins.begin(state.clone(), Waiting { user: user.to_owned(), configuration });
        Ok((url, state))
    }

    /// Signs `user` in through `browser`: authorization endpoint, the identity provider's pages, callback, token.
    pub async fn connect(
        &self,
        browser: &mut Browser,
        user: &str,
        credentials: &Credentials,
        consent: ConsentAnswer,
    ) -> ConnectOutcome {
        let (url, state) = match self.begin_sign_in(user) {
            Ok(begun) => begun,
            Err(outcome) => return outcome,
        };
        let redirect_url = self.configuration().redirect_url.clone();
        let end = browser.sign_in(&url, &redirect_url, credentials, consent).await;
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

    /// The connections, without their secrets.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionSummary> {
        let now = self.0.clock.now();
        self.state().store.summaries(now)
    }

    /// Works on a callback that came to `path`.
    async fn receive(&self, path: &str, parameters: &Parameters) -> (ConnectOutcome, Checks) {
        let state = only(parameters, "state").unwrap_or_default();
        let (waiting, current) = {
            let mut own = self.state();
            (own.sign_ins.take(state), own.configuration.clone())
        };
        let awaited = waiting.as_ref().map_or(&current, |waiting| &waiting.configuration);
        let mut checks = Checks::default();
        let verdict = callback::judge(path, path_of(&awaited.redirect_url), waiting.is_some(), parameters, &mut checks);
        let ended = match (verdict, &waiting) {
            (Verdict::Redeem(code), Some(waiting)) => self.redeem_code(waiting, &code).await,
            (Verdict::Refused(error), _) => refused(format!("Failed to login. {}", error.sentence()), error),
            (Verdict::Foreign(why), _) => {
                ConnectOutcome::failed(format!("Failed to login. Nothing was redeemed: {why}."))
            }
            (Verdict::Empty | Verdict::Redeem(_), _) => {
                ConnectOutcome::failed("Failed to login. The answer holds neither a code nor an error.")
            }
        };
        let outcome = ConnectOutcome { shown: Some(Shown::Callback), ..ended };
        if waiting.is_some() {
            self.state().sign_ins.end(state, outcome.clone());
        }
        (outcome, checks)
    }

    async fn redeem_code(&self, waiting: &Waiting, code: &str) -> ConnectOutcome {
        let Waiting { user, configuration } = waiting;
        let request = profiles::code_request(&configuration.connector, &configuration.redirect_url, code);
        let answer = match request {
            Ok(request) => self.redeem(request).await,
            Err(error) => return ConnectOutcome::failed(format!("Failed to login. {error}.")),
        };
        const PREFIX: &str = "Failed to login. Could not retrieve the token.";
        let answer = match answer {
            Ok((answer, _)) => answer,
            Err(RedeemError::Failure(TokenFailure::Refused(error))) => {
                return refused(format!("{PREFIX} {}", error.sentence()), error);
            }
            Err(RedeemError::Failure(TokenFailure::Unusable(fault))) => {
                return ConnectOutcome::failed(format!("{PREFIX} The answer of the token endpoint was {fault}."));
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

    /// Sends a token request and reads the answer; redirects are not followed, so that the secret stays where it was
    /// meant to go.
    async fn redeem(&self, request: TokenRequest) -> Result<(TokenAnswer, u64), RedeemError> {
        let Ok(uri) = request.url.parse::<Uri>() else {
            return Err(RedeemError::Unanswered(SendError::NotMapped(request.url).to_string()));
        };
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.form).finish();
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let reply = self.send(Method::POST, uri, headers, Bytes::from(body)).await;
        let reply = reply.map_err(|error| RedeemError::Unanswered(without_query(&error.to_string()).to_owned()))?;
        let mut checks = Checks::default();
        let response = &reply.response;
        let answer = token_answer::read(response.status(), response.headers(), response.body(), &mut checks);
        self.0.trace.annotate(reply.exchange, checks);
        answer.map(|answer| (answer, reply.exchange)).map_err(RedeemError::Failure)
    }

    /// The token of `user`, renewed where it is about to end.
    async fn usable_token(&self, user: &str) -> Result<UsableToken, NoToken> {
        let connection = self.state().store.find(user).cloned();
        let mut checks = Checks::default();
        let Some(connection) = connection else {
            const FIX: &str = "connect this user first (Power Apps: Custom connectors > Test > New connection)";
            checks.refuse(Check::ConnectionPresent, format!("a connection of '{}'", inert(user)), "none", FIX);
            let message = "Let's get you connected first. Open connection manager to create a connection.".to_owned();
            return Err(NoToken { message, aadsts: None, checks });
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
                Err(NoToken { message, aadsts: None, checks })
            }
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
            Ok((answer, _)) => {
                self.state().store.renew(user, connection, &answer, now);
                checks.pass(Check::ConnectionFresh, EXPECTED, "renewed");
                return Ok(UsableToken { access_token: answer.access_token, refreshed: true, checks });
            }
            Err(RedeemError::Failure(TokenFailure::Refused(error))) => {
                checks = Checks::default(); // the identity provider decided, and its exchange says why
                (error.sentence(), error.aadsts)
            }
            Err(RedeemError::Failure(TokenFailure::Unusable(fault))) => {
                checks = Checks::default(); // judged on the exchange, as token_answer.complete
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
        Err(NoToken { message, aadsts, checks })
    }

    async fn send(&self, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Result<Reply, SendError> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        self.0.client.send(request).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn configuration(&self) -> Arc<Configuration> {
        self.state().configuration.clone()
    }

    /// A new random identifier.
    fn new_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.state().random.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// The identifier of a thing that stays the same as long as the lab lives.
    fn lasting_id(&self, name: &str) -> Uuid {
        let digest = Sha256::new().chain_update(self.0.namespace).chain_update(name).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// The placeholders that are new in every request of a turn.
    fn request_ids(&self) -> HashMap<&'static str, String> {
        let trace_id = self.new_id().simple().to_string();
        let span_id = self.new_id().simple().to_string()[..16].to_owned();
        HashMap::from([
            ("request_id", self.new_id().to_string()),
            ("activity_id", self.new_id().to_string()),
            ("trace_id", trace_id),
            ("span_id", span_id),
        ])
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

fn expired_fix(connection: &StoredConnection) -> String {
    match connection.configuration.connector.profile {
        scenarios::world::ProviderProfile::GenericV2 => {
            "connector.scopes (Power Apps: Custom connectors > Security > Scope): add offline_access, then connect again"
        }
        scenarios::world::ProviderProfile::AadV1 => "connect again (Power Apps: Custom connectors > Test > New connection)",
    }
    .to_owned()
}

/// An error text without the query of the URL that it quotes: a query can hold a code.
fn without_query(text: &str) -> String {
    match text.find('?') {
        None => text.to_owned(),
        Some(start) => {
            let end = text[start..].find('\'').map_or(text.len(), |length| start + length);
            format!("{}{}", &text[..start], &text[end..])
        }
    }
}

fn contents(token: &str) -> Option<TokenContents> {
    let wire::access_token::Unverified { header, claims } = read_unverified(token)?;
    Some(TokenContents { header, claims })
}

/// The connection's name: the user's name in the access token, or in the id token that came with it.
fn display_name(answer: &TokenAnswer, token: Option<&TokenContents>) -> Option<String> {
    let id_token = answer.id_token.as_deref().and_then(contents);
    [token, id_token.as_ref()].into_iter().flatten().find_map(user_name).map(|name| inert(&name))
}

fn user_name(token: &TokenContents) -> Option<String> {
    let claim = |name: &&str| token.claims.get(*name).and_then(Value::as_str);
    ["unique_name", "upn", "preferred_username"].iter().find_map(claim).map(str::to_owned)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Settings that are never sent anywhere.
    pub fn configuration() -> Arc<Configuration> {
        let connector = serde_json::from_value(serde_json::json!({
            "name": "mcpserver", "publisher_prefix": "cr938", "environment_hash": "0", "server_url": "",
            "profile": "generic-v2", "client_id": "", "client_secret": "", "authorization_url": "", "token_url": "",
            "refresh_url": ""
        }));
        Arc::new(Configuration {
            connector: Arc::new(connector.unwrap()),
            redirect_url: "https://a.test/redirect".into(),
        })
    }

    #[test]
    fn an_error_is_told_without_the_query() {
        assert_eq!(
            without_query("no answer from 'https://a/b?code=x': refused"),
            "no answer from 'https://a/b': refused"
        );
        assert_eq!(without_query("plain"), "plain");
        assert_eq!(without_query("'https://a/?x"), "'https://a/");
    }
}
