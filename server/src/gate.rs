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
use jiff::SignedDuration;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use scenarios::world;
use uuid::Uuid;
use wire::access_token::{Rules, Signed};
use wire::{Check, Checks, Clock, Network, Party, Trace};

use crate::GateSecret;

mod cors;
mod headers;
mod ingress;
mod keys;
mod paths;
mod policy;
mod principal;
mod proxy;
mod refusal;
mod replica;

pub use paths::is_open;

use ingress::Served;
use keys::KeyCache;
use policy::Policy;
use principal::Principal;
use proxy::{Ports, Upstream};
use refusal::{Asker, Refusal};
use replica::Replica;

/// What a gate needs.
pub struct Settings {
    /// How it is configured.
    pub gate: Arc<world::Gate>,
    /// What is known of the container behind it; none where that is any program.
    pub container: Option<Arc<world::Mcp>>,
    /// What tells the container that a request came through this gate.
    pub secret: Option<GateSecret>,
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
    replica: Mutex<Replica>,
    request_ids: Mutex<ChaCha8Rng>,
    clock: Clock,
}

/// One state of the configuration, with what follows from it; a request sees the same one from start to end.
struct Configuration {
    served: Served,
    policy: Policy,
    cors: Option<world::Cors>,
    ports: Ports,
    min_replicas: u16,
    /// None where nothing is known of the container.
    cold_start: Option<SignedDuration>,
}

impl Configuration {
    fn of(gate: &world::Gate, container: Option<&world::Mcp>) -> Arc<Self> {
        Arc::new(Self {
            served: Served::at(&gate.url),
            policy: Policy::of(gate),
            cors: gate.cors.clone(),
            ports: Ports { target: gate.target_port, listening: container.map(|container| container.port) },
            min_replicas: gate.min_replicas,
            cold_start: container.map(|container| SignedDuration::from_secs(container.cold_start_seconds.into())),
        })
    }
}

impl Gate {
    /// Makes a gate.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { gate, container, secret, upstream, network, trace, clock } = settings;
        let client = network.client(Party::Gate, trace, clock.clone());
        Self(Arc::new(Inner {
            configuration: RwLock::new(Configuration::of(&gate, container.as_deref())),
            keys: KeyCache::new(client.clone()),
            upstream: Upstream::new(upstream, client, secret),
            replica: Mutex::default(),
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
    pub fn replace(&self, gate: Arc<world::Gate>, container: Option<Arc<world::Mcp>>) {
        let configuration = Configuration::of(&gate, container.as_deref());
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
        self.wake(configuration, checks)?;
        Policy::refuse_browser_sign_in(parts.uri.path(), checks)?;
        let principal = self.authenticate(&configuration.policy, &parts, checks).await?;
        Upstream::judge_port(configuration.ports, checks)?;
        self.0.upstream.forward(parts, body, principal.as_ref(), configuration.ports, checks).await
    }

    /// Refuses a request that meets a container which is still starting: the middleware runs beside it.
    fn wake(&self, configuration: &Configuration, checks: &mut Checks) -> Result<(), Refusal> {
        let Some(cold_start) = configuration.cold_start else { return Ok(()) };
        let mut replica = self.0.replica.lock().unwrap_or_else(PoisonError::into_inner);
        replica.ask(self.0.clock.now(), configuration.min_replicas, cold_start).map_err(|left| {
            checks.refuse(
                Check::UpstreamReachable,
                "a replica that runs",
                format!("none: the first request starts one, which takes another {left:#}"),
                "gate.min_replicas: 1 or more (portal: Container App > Scale > Min replicas); or ask again later",
            );
            Refusal::UpstreamTimedOut
        })
    }

    /// The principal of the request; none where nobody has to be signed in.
    async fn authenticate(
        &self,
        policy: &Policy,
        parts: &Parts,
        checks: &mut Checks,
    ) -> Result<Option<Principal>, Refusal> {
        let Some(token) = policy.bearer_token(&parts.headers, parts.uri.path(), checks)? else {
            return Ok(None);
        };
        let mut of_token = Checks::default();
        let principal = self.principal(policy, token, &mut of_token).await;
        if let (Err(Refusal::Unauthenticated), true) = (&principal, policy.ignores_invalid_tokens()) {
            let refused = of_token.refusal().map(|refusal| refusal.check.name()).unwrap_or_default();
            let received = format!("a token that does not pass {refused}, which is ignored");
            checks.pass(Check::AuthorizationPresent, policy::ANYBODY, received);
            return Ok(None);
        }
        checks.0.append(&mut of_token.0);
        principal.map(Some)
    }

    /// Whom the token names, where it is good here.
    async fn principal(&self, policy: &Policy, token: &str, checks: &mut Checks) -> Result<Principal, Refusal> {
        let now = self.0.clock.now();
        let signed = Signed::read(token, checks).map_err(|_| Refusal::Unauthenticated)?;
        let keys = self.0.keys.for_token(&policy.issuer, signed.kid(), now, checks).await?;
        let claims = signed.verify(&keys, checks).map_err(|_| Refusal::Unauthenticated)?;
        let rules = Rules { issuer: &policy.issuer_pattern, audiences: &policy.audiences };
        claims.judge(&rules, now, checks).map_err(|_| Refusal::Unauthenticated)?;
        policy.judge_client(&claims, checks)?;
        Ok(Principal::of(&claims))
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
                    let asker = Asker::of(&parts);
                    let passed = gate.pass(&configuration, parts, body, &mut checks).await;
                    let mut response = passed.unwrap_or_else(|refusal| {
                        let realm = configuration.served.name();
                        {
                            let policy = &configuration.policy;
                            refusal.response(
                                asker,
                                policy.unauthenticated_action,
                                policy.tenant(),
                                realm,
                                gate.request_id(),
                            )
                        }
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
