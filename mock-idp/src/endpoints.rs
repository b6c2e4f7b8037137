//! HTTP around the rules: reading requests, writing answers.

mod authorize;
mod lookup;
mod metadata;
mod reply;
mod rotation;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use jiff::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use scenarios::world::{Idp, TenantlessTokenEndpoint};
use sha2::{Digest, Sha256};
use wire::{Check, Checks, Clock};

use crate::directory::Directory;
use crate::error::faces::{Interaction, Surface};
use crate::error::{EntraError, RequestIds};
use crate::keys::SigningKeys;
use crate::origins::Origins;
use crate::protocol::authorize::Purpose;
use crate::protocol::consent::GivenConsents;
use crate::protocol::grants::redeemed::Redeemed;
use crate::protocol::parameters::Parameters;
use crate::protocol::sealed::Seal;
use crate::protocol::sessions::Sessions;
use crate::protocol::token::Seals;
use crate::protocol::{guid, interaction, randomness};
use crate::routes::Route;

/// The largest request body.
const BODY_LIMIT_BYTES: usize = 512 * 1024;

/// What an identity provider is started with.
#[derive(Clone)]
pub struct Settings {
    /// The world's identity section.
    pub idp: Arc<Idp>,
    /// Where it answers.
    pub origins: Origins,
    /// What it signs with.
    pub keys: Arc<SigningKeys>,
    /// The lab clock.
    pub clock: Clock,
    /// Where all its random values come from. A listening lab takes it from the system's source.
    pub seed: [u8; 32],
}

/// The identity provider; clones are the same one.
#[derive(Clone)]
pub struct IdentityProvider(Arc<Shared>);

struct Shared {
    directory: RwLock<Arc<Directory>>,
    consents: Mutex<GivenConsents>,
    redeemed: Mutex<Redeemed>,
    sessions: Mutex<Sessions>,
    rng: Mutex<ChaCha20Rng>,
    seals: Result<(Seals, Seal), josekit::JoseError>,
    origins: Origins,
    keys: RwLock<Arc<SigningKeys>>,
    clock: Clock,
}

/// One request, as handlers see it.
struct Incoming<'r> {
    parts: &'r Parts,
    segment: &'r str,
    query: Parameters,
    /// The form; empty where the body is none.
    form: Parameters,
    ids: RequestIds,
    now: Timestamp,
}

impl IdentityProvider {
    /// An identity provider that serves nothing yet; see [`Self::router`].
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { idp, origins, keys, clock, seed } = settings;
        let seals = Seals::new(&seed).and_then(|seals| Ok((seals, Seal::new(&seed, interaction::TYP)?)));
        let rng_seed: [u8; 32] = Sha256::new().chain_update(seed).chain_update("random values").finalize().into();
        Self(Arc::new(Shared {
            directory: RwLock::new(Arc::new(Directory::new(idp, &origins))),
            consents: Mutex::default(),
            redeemed: Mutex::default(),
            sessions: Mutex::default(),
            rng: Mutex::new(ChaCha20Rng::from_seed(rng_seed)),
            seals,
            origins,
            keys: RwLock::new(keys),
            clock,
        }))
    }

    /// All endpoints. Every answer carries the checks that led to it as an extension of type [`Checks`].
    pub fn router(&self) -> Router {
        Router::new().fallback(dispatch).with_state(self.clone())
    }

    /// Takes `idp` in the place of the world's identity section. Codes, refresh tokens, sessions and the consents that
    /// users gave on the page stay.
    pub fn replace(&self, idp: Arc<Idp>) {
        let directory = Arc::new(Directory::new(idp, &self.0.origins));
        *self.0.directory.write().unwrap_or_else(PoisonError::into_inner) = directory;
    }

    fn directory(&self) -> Arc<Directory> {
        self.0.directory.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn consents(&self) -> MutexGuard<'_, GivenConsents> {
        self.0.consents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn redeemed(&self) -> MutexGuard<'_, Redeemed> {
        self.0.redeemed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rng(&self) -> MutexGuard<'_, ChaCha20Rng> {
        self.0.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request_ids(&self, parts: &Parts, query: &Parameters, form: &Parameters) -> RequestIds {
        let given = parts.headers.get("client-request-id").and_then(|value| value.to_str().ok()).and_then(guid);
        let given = given.or_else(|| query.text("client-request-id").or(form.text("client-request-id")).and_then(guid));
        let mut rng = self.rng();
        let trace_id = randomness::trace_id(&mut *rng);
        RequestIds { trace_id, correlation_id: given.unwrap_or_else(|| randomness::guid(&mut *rng)) }
    }

    fn answer(&self, parts: &Parts, body: &Bytes) -> Response {
        let query = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let form = if is_form(&parts.headers) { Parameters::parse(body) } else { Parameters::default() };
        let ids = self.request_ids(parts, &query, &form);
        let now = self.0.clock.now();
        let Some((route, segment)) = self.route(parts.uri.path()) else {
            return self.with_common_headers(no_such_path(parts), parts, &ids, now);
        };
        let incoming = Incoming { parts, segment, query, form, ids, now };
        let response = if route.methods().contains(&parts.method) {
            match route {
                Route::Discovery(_) | Route::Keys(_) | Route::InstanceDiscovery if parts.method == Method::OPTIONS => {
                    metadata::preflight()
                }
                Route::Discovery(family) => self.discovery(family, &incoming),
                Route::Keys(family) => self.keys(family, &incoming),
                Route::InstanceDiscovery => self.instance_discovery(&incoming),
                Route::Authorize(family) => self.authorize(Purpose::Tokens, family, &incoming),
                Route::AdminConsent(family) => self.authorize(Purpose::AdminConsent, family, &incoming),
                Route::Token(_) if parts.method == Method::OPTIONS => self.token_preflight(&incoming),
                Route::Token(family) => self.token(family, &incoming),
                Route::SignIn => self.sign_in(&incoming),
                Route::Consent => self.consent(&incoming),
                Route::Stylesheet => metadata::stylesheet(),
                Route::Lookup => lookup::page(&incoming),
            }
        } else {
            self.wrong_method(route, &incoming)
        };
        self.with_common_headers(response, parts, &incoming.ids, now)
    }

    fn route<'p>(&self, path: &'p str) -> Option<(Route, &'p str)> {
        let serves_common = self.directory().tenantless_token_endpoint() == TenantlessTokenEndpoint::Common;
        let tenantless = || Route::tenantless_token(path).filter(|_| serves_common);
        Route::find(path).or_else(|| Some((tenantless()?, "common")))
    }

    fn wrong_method(&self, route: Route, incoming: &Incoming<'_>) -> Response {
        let mut checks = Checks::default();
        let accepted = route.methods().iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let received = incoming.parts.method.to_string();
        checks.refuse(
            Check::RequestMethod,
            accepted.as_str(),
            received.as_str(),
            "let the client use one of these methods",
        );
        let surface = match route {
            Route::Token(_) => Surface::Token,
            Route::Authorize(_) | Route::AdminConsent(_) | Route::SignIn | Route::Consent | Route::Lookup => {
                Surface::Authorize { return_to: None, interaction: Interaction::Allowed }
            }
            _ => Surface::Discovery,
        };
        let error = EntraError::WrongMethod { accepted: accepted.clone(), received };
        let mut response = self.refuse(&error, surface, incoming, checks);
        if let Ok(allow) = accepted.parse() {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        response
    }
}

async fn dispatch(State(provider): State<IdentityProvider>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match to_bytes(body, BODY_LIMIT_BYTES).await {
        Ok(body) => {
            let is_head = parts.method == Method::HEAD;
            let response = provider.answer(&parts, &body);
            if is_head { response.map(|_| Body::empty()) } else { response }
        }
        Err(_) => {
            let mut response = StatusCode::PAYLOAD_TOO_LARGE.into_response();
            response.extensions_mut().insert(Checks::default());
            response
        }
    }
}

fn no_such_path(parts: &Parts) -> Response {
    let mut checks = Checks::default();
    let path = parts.uri.path();
    let expected = "a path of the identity provider: /<tenant>/oauth2/v2.0/token and the like";
    let fix = match Route::find(&format!("/common{path}")) {
        Some(_) => format!(
            "the URL lacks its tenant segment: /common{path}, or the tenant's id in the place of common \
             (connector.token_url, connector.refresh_url, connector.authorization_url)"
        ),
        None => "the URL that the client was given".to_owned(),
    };
    checks.refuse(Check::EndpointExists, expected, path, fix);
    let mut response = (StatusCode::NOT_FOUND, "Not Found").into_response();
    response.extensions_mut().insert(checks);
    response
}

fn is_form(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}
