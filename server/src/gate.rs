//! The gate: what Container Apps puts in front of a container when "Authentication" is on.
//!
//! A request meets, in this order: the ingress (is the host ours, is it a preflight), the scrubbing of headers that
//! only the gate may write, the list of excluded paths, the bearer token, the list of allowed applications; then it
//! goes to the upstream with identity headers. Nothing is passed on in doubt.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use scenarios::world;
use uuid::Uuid;
use wire::access_token::{Rules, Signed};
use wire::{Checks, Clock, Network, Party, Trace};

mod cors;
mod headers;
mod ingress;
mod keys;
mod paths;
mod policy;
mod principal;
mod proxy;
mod refusal;

use ingress::Served;
use keys::KeyCache;
use policy::Policy;
use principal::Principal;
use proxy::Upstream;
use refusal::Refusal;

/// What a gate needs.
pub struct Settings {
    /// How it is configured.
    pub gate: Arc<world::Gate>,
    /// The origin that it passes requests on to, such as `http://127.0.0.1:8001`; mapped in the network's names.
    pub upstream: String,
    /// The lab's names.
    pub network: Network,
    /// The lab's trace.
    pub trace: Trace,
    /// The lab clock.
    pub clock: Clock,
}

/// A running gate; clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    configuration: RwLock<Arc<Configuration>>,
    keys: KeyCache,
    upstream: Upstream,
    request_ids: Mutex<ChaCha8Rng>,
    clock: Clock,
}

/// One state of the configuration, with what follows from it; a request sees the same one from start to end.
struct Configuration {
    served: Served,
    policy: Policy,
    cors: Option<world::Cors>,
}

impl Configuration {
    fn of(gate: &world::Gate) -> Arc<Self> {
        Arc::new(Self { served: Served::at(&gate.url), policy: Policy::of(gate), cors: gate.cors.clone() })
    }
}

impl Gate {
    /// Makes a gate.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { gate, upstream, network, trace, clock } = settings;
        let client = network.client(Party::Gate, trace, clock.clone());
        Self(Arc::new(Inner {
            configuration: RwLock::new(Configuration::of(&gate)),
            keys: KeyCache::new(client.clone()),
            upstream: Upstream::new(upstream, client),
            // The ids only tell answers apart, so every gate may give the same ones.
            request_ids: Mutex::new(ChaCha8Rng::seed_from_u64(0)),
            clock,
        }))
    }

    /// Everything the gate answers: all methods, all paths.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// Puts another configuration in force for the requests that arrive from now on.
    pub fn replace(&self, gate: Arc<world::Gate>) {
        let configuration = Configuration::of(&gate);
        *self.0.configuration.write().unwrap_or_else(PoisonError::into_inner) = configuration;
    }

    fn configuration(&self) -> Arc<Configuration> {
        self.0.configuration.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn request_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.0.request_ids.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// Everything behind the ingress: who is it, may they, and what does the upstream say.
    async fn pass(
        &self,
        configuration: &Configuration,
        mut parts: Parts,
        body: Bytes,
        checks: &mut Checks,
    ) -> Result<Response, Refusal> {
        headers::scrub(&mut parts.headers);
        let principal = self.authenticate(&configuration.policy, &parts, checks).await?;
        self.0.upstream.forward(parts, body, principal.as_ref(), checks).await
    }

    /// The principal of the request; none on an excluded path.
    async fn authenticate(
        &self,
        policy: &Policy,
        parts: &Parts,
        checks: &mut Checks,
    ) -> Result<Option<Principal>, Refusal> {
        let Some(token) = policy.bearer_token(&parts.headers, parts.uri.path(), checks)? else {
            return Ok(None);
        };
        let now = self.0.clock.now();
        let signed = Signed::read(token, checks).map_err(|_| Refusal::Unauthenticated)?;
        let keys = self.0.keys.for_token(&policy.issuer, signed.kid(), now, checks).await?;
        let claims = signed.verify(&keys, checks).map_err(|_| Refusal::Unauthenticated)?;
        let rules = Rules { issuer: &policy.issuer_pattern, audiences: &policy.audiences };
        claims.judge(&rules, now, checks).map_err(|_| Refusal::Unauthenticated)?;
        policy.judge_client(&claims, checks)?;
        Ok(Some(Principal::of(&claims)))
    }
}

async fn answer(State(gate): State<Gate>, request: Request) -> Response {
    let configuration = gate.configuration();
    let mut checks = Checks::default();
    let mut response = match ingress::receive(&configuration.served, request, &mut checks).await {
        Err(status) => ingress::refused(status),
        Ok((parts, body)) => {
            let cors = configuration.cors.as_ref().and_then(|policy| cors::allowed(policy, &parts.headers));
            match cors {
                Some(cors) if cors::is_preflight(&parts.method, &parts.headers) => cors.preflight(),
                cors => {
                    let passed = gate.pass(&configuration, parts, body, &mut checks).await;
                    let mut response = passed.unwrap_or_else(|refusal| {
                        let policy = &configuration.policy;
                        refusal.response(policy.unauthenticated_action, configuration.served.name(), gate.request_id())
                    });
                    if let Some(cors) = cors {
                        cors.mark(response.headers_mut());
                    }
                    response
                }
            }
        }
    };
    response.extensions_mut().insert(checks);
    response
}
