//! The issuer's signing keys, read from its metadata and kept for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use wire::access_token::Keys;
use wire::{Check, Checks, LabClient};

use super::refusal::Refusal;

/// How long keys are believed without asking again, on the lab clock.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// How soon after a refresh for an unknown key id another one may follow, on the lab clock.
const COOL_DOWN: SignedDuration = SignedDuration::from_mins(5);

/// The keys of the issuer that was asked for last.
pub(super) struct KeyCache {
    client: LabClient,
    state: Mutex<State>,
    /// Held while keys are fetched, so that many requests cause one fetch.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    loaded: Option<Loaded>,
    refreshed_at: Option<Timestamp>,
}

struct Loaded {
    issuer: String,
    at: Timestamp,
    keys: Arc<Keys>,
}

impl KeyCache {
    pub(super) fn new(client: LabClient) -> Self {
        Self { client, state: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    /// The keys of `issuer`, fetched if there are none, or once more if none of them is called `kid`.
    pub(super) async fn for_token(
        &self,
        issuer: &str,
        kid: &str,
        now: Timestamp,
        checks: &mut Checks,
    ) -> Result<Arc<Keys>, Refusal> {
        let document = metadata_url(issuer);
        match self.find(issuer, kid, now).await {
            Ok(keys) => {
                checks.pass(Check::KeysReachable, format!("the keys behind {document}"), keys.kids());
                Ok(keys)
            }
            Err(reason) => {
                checks.refuse(
                    Check::KeysReachable,
                    format!("the keys behind {document}"),
                    reason,
                    "gate.issuer (portal: Container App > Authentication > Edit > Issuer URL): it names the tenant whose \
                     keys verify the tokens",
                );
                Err(Refusal::KeysUnreachable)
            }
        }
    }

    async fn find(&self, issuer: &str, kid: &str, now: Timestamp) -> Result<Arc<Keys>, String> {
        if let Some(keys) = self.state().usable(issuer, kid, now) {
            return Ok(keys);
        }
        let _one_at_a_time = self.fetching.lock().await;
        {
            let mut state = self.state();
            if let Some(keys) = state.usable(issuer, kid, now) {
                return Ok(keys);
            }
            // The first fetch is no refresh; a refresh counts even if it fails.
            state.refreshed_at = state.current(issuer, now).map(|_| now);
        }
        let keys = Arc::new(self.fetch(issuer).await?);
        self.state().loaded = Some(Loaded { issuer: issuer.to_owned(), at: now, keys: keys.clone() });
        Ok(keys)
    }

    async fn fetch(&self, issuer: &str) -> Result<Keys, String> {
        let metadata = self.read(&metadata_url(issuer)).await?;
        let jwks_uri = serde_json::from_slice::<Value>(&metadata)
            .ok()
            .and_then(|metadata| metadata.get("jwks_uri")?.as_str().map(str::to_owned))
            .ok_or("metadata without jwks_uri")?;
        Keys::from_jwks(&self.read(&jwks_uri).await?).map_err(|error| format!("{jwks_uri}: {error}"))
    }

    async fn read(&self, url: &str) -> Result<Bytes, String> {
        let request = Request::get(url).body(Bytes::new()).map_err(|_| format!("'{url}', which is no URL"))?;
        let reply = self.client.send(request).await.map_err(|error| error.to_string())?;
        match reply.response.status() {
            StatusCode::OK => Ok(reply.response.into_body()),
            status => Err(format!("{url} answered {status}")),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The loaded keys, if they are this issuer's and not too old.
    fn current(&self, issuer: &str, now: Timestamp) -> Option<&Loaded> {
        self.loaded.as_ref().filter(|loaded| loaded.issuer == issuer && now.duration_since(loaded.at).abs() < LIFETIME)
    }

    /// The loaded keys, if `kid` is among them, or it is too soon to ask whether there are new ones.
    fn usable(&self, issuer: &str, kid: &str, now: Timestamp) -> Option<Arc<Keys>> {
        let loaded = self.current(issuer, now)?;
        let cools_down = self.refreshed_at.is_some_and(|at| now.duration_since(at).abs() < COOL_DOWN);
        (loaded.keys.contains(kid) || cools_down).then(|| loaded.keys.clone())
    }
}

/// OpenID Connect Discovery §4: below the issuer, whatever its path.
fn metadata_url(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}
