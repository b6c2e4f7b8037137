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
use wire::{CheckResult, Checks, Clock, LabClient, Network, Party, Redaction, Reply, SendError, Trace};

pub mod callback;
mod connect;
pub mod inert;
pub mod outcomes;
pub mod profiles;
pub mod redirect_page;
mod renew;
pub mod sign_ins;
mod test_console;
pub mod token_answer;
pub mod token_store;
mod turns;

use outcomes::{ConnectionSummary, TokenContents};
use profiles::TokenRequest;
use sign_ins::SignIns;
use token_answer::{TokenAnswer, TokenFailure};
use token_store::TokenStore;

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

/// Why a token endpoint gave no token.
enum RedeemError {
    /// With the check that refused, of whoever made it.
    Failure(TokenFailure, Option<Box<CheckResult>>),
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

    /// Forgets all connections, and the sign-ins that have begun.
    pub fn forget(&self) {
        let mut state = self.state();
        (state.sign_ins, state.store) = Default::default();
    }

    /// The routes of the redirect URL: they receive the callback, redeem the code, and show how it ended.
    pub fn router(&self) -> axum::Router {
        redirect_page::router(self.clone())
    }

    /// The connections, without their secrets.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionSummary> {
        let now = self.0.clock.now();
        self.state().store.summaries(now)
    }

    /// The access token of the connection of `user`, for requests of one's own; none where there is no connection.
    #[must_use]
    pub fn access_token(&self, user: &str) -> Option<String> {
        self.state().store.find(user).map(|connection| connection.access_token.clone())
    }

    /// Sends a token request and reads the answer; redirects are not followed, so that the secret stays where it was
    /// meant to go.
    async fn redeem(&self, request: TokenRequest) -> Result<TokenAnswer, RedeemError> {
        let Ok(uri) = request.url.parse::<Uri>() else {
            return Err(RedeemError::Unanswered(SendError::NotMapped(request.url).to_string()));
        };
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.form).finish();
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let reply = self.send(Method::POST, uri, headers, Bytes::from(body)).await;
        let reply = reply.map_err(|error| RedeemError::Unanswered(without_query(&error.to_string())))?;
        let mut checks = Checks::default();
        let response = &reply.response;
        let answer = token_answer::read(response.status(), response.headers(), response.body(), &mut checks);
        self.0.trace.annotate(reply.exchange, checks).await;
        match answer {
            Ok(answer) => Ok(answer),
            Err(failure) => Err(RedeemError::Failure(failure, self.refusal_in(reply.exchange).await)),
        }
    }

    /// The check that refused in an exchange of the trace, without what is secret there.
    async fn refusal_in(&self, number: u64) -> Option<Box<CheckResult>> {
        let exchanges = self.0.trace.everywhere_after(number.saturating_sub(1)).await;
        let exchange = exchanges.first().filter(|exchange| exchange.number == number)?;
        let refusal = exchange.checks.refusal()?;
        let redaction = Redaction::of(std::slice::from_ref(exchange));
        let (expected, received) = (redaction.hide(&refusal.expected), redaction.hide(&refusal.received));
        Some(Box::new(CheckResult { expected, received, ..refusal.clone() }))
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
