//! HTTP around the rules: reading requests, writing answers.

pub mod approval;
mod authorize;
mod graph;
mod lookup;
mod metadata;
pub mod minting;
mod realm;
mod reply;
mod rotation;
mod sign_out;
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
use crate::keys::{Keyring, SigningKeys};
use crate::origins::Origins;
use crate::protocol::authorize::Purpose;
use crate::protocol::conditional_access::Enrolments;
use crate::protocol::consent::GivenConsents;
use crate::protocol::consent_requests::ConsentRequests;
use crate::protocol::device_code::DeviceCodes;
use crate::protocol::graph::GraphError;
use crate::protocol::parameters::Parameters;
use crate::protocol::passwords::Passwords;
use crate::protocol::redeemed::Redeemed;
use crate::protocol::request_loops::RequestLoops;
use crate::protocol::sealed::Seal;
use crate::protocol::second_factor::{SecondFactor, WrongCodes};
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
    consent_requests: Mutex<ConsentRequests>,
    redeemed: Mutex<Redeemed>,
    request_loops: Mutex<RequestLoops>,
    sessions: Mutex<Sessions>,
    enrolments: Mutex<Enrolments>,
    second_factor: SecondFactor,
    wrong_codes: Mutex<WrongCodes>,
    passwords: Mutex<Passwords>,
    device_codes: Mutex<DeviceCodes>,
    rng: Mutex<ChaCha20Rng>,
    seals: Result<(Seals, Seal), josekit::JoseError>,
    origins: Origins,
    keys: Keyring,
    clock: Clock,
}

/// One request, as handlers see it.
struct Incoming<'r> {
    parts: &'r Parts,
    segment: &'r str,
    query: Parameters,
    /// The form; empty where the body is none.
    form: Parameters,
    /// The body as it came.
    body: &'r [u8],
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
            consent_requests: Mutex::default(),
            redeemed: Mutex::default(),
            request_loops: Mutex::default(),
            sessions: Mutex::default(),
            enrolments: Mutex::default(),
            second_factor: SecondFactor::new(&seed),
            wrong_codes: Mutex::default(),
            passwords: Mutex::default(),
            device_codes: Mutex::default(),
            rng: Mutex::new(ChaCha20Rng::from_seed(rng_seed)),
            seals,
            origins,
            keys: Keyring::new(keys, seed),
            clock,
        }))
    }

    /// All endpoints. Every answer carries the checks that led to it as an extension of type [`Checks`].
    pub fn router(&self) -> Router {
        Router::new().fallback(dispatch).with_state(self.clone())
    }

    /// Takes `idp` in the place of the world's identity section. Codes, refresh tokens, sessions, and what users gave,
    /// agreed to and registered on the pages stay.
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

    fn consent_requests(&self) -> MutexGuard<'_, ConsentRequests> {
        self.0.consent_requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn redeemed(&self) -> MutexGuard<'_, Redeemed> {
        self.0.redeemed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request_loops(&self) -> MutexGuard<'_, RequestLoops> {
        self.0.request_loops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enrolments(&self) -> MutexGuard<'_, Enrolments> {
        self.0.enrolments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrong_codes(&self) -> MutexGuard<'_, WrongCodes> {
        self.0.wrong_codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn passwords(&self) -> MutexGuard<'_, Passwords> {
        self.0.passwords.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn device_codes(&self) -> MutexGuard<'_, DeviceCodes> {
        self.0.device_codes.lock().unwrap_or_else(PoisonError::into_inner)
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
        let incoming = Incoming { parts, segment, query, form, body, ids, now };
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
                Route::DeviceAuthorization(family) => self.device_authorization(family, &incoming),
                Route::DeviceLogin => self.device_login(&incoming),
                Route::DeviceAlias => self.device_alias(),
                Route::UserRealm => self.user_realm(&incoming),
                Route::CredentialType => self.credential_type(&incoming),
                Route::SignIn => self.sign_in(&incoming),
                Route::KeepSignedIn => self.keep_signed_in(&incoming),
                Route::ConfirmApp => self.confirm_app(&incoming),
                Route::NewPassword => self.new_password(&incoming),
                Route::Consent => self.consent(&incoming),
                Route::RequestApproval => self.request_approval(&incoming),
                Route::SecondFactor => self.second_factor(&incoming),
                Route::TermsOfUse => self.terms_of_use(&incoming),
                Route::EndSession(family) => self.sign_out(family, &incoming),
                Route::CheckSession | Route::NativeClient => self.blank(),
                Route::Stylesheet => metadata::stylesheet(),
                Route::Lookup => lookup::page(&incoming),
                Route::UserInfo | Route::Graph(_) if parts.method == Method::OPTIONS => {
                    graph::preflight(route, &incoming)
                }
                Route::UserInfo => self.userinfo(&incoming),
                Route::Graph(call) => self.graph(call, &incoming),
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
            Route::Token(_) | Route::DeviceAuthorization(_) => Surface::Token,
            Route::Authorize(_)
            | Route::AdminConsent(_)
            | Route::DeviceLogin
            | Route::DeviceAlias
            | Route::EndSession(_)
            | Route::SignIn
            | Route::KeepSignedIn
            | Route::ConfirmApp
            | Route::NewPassword
            | Route::Consent
            | Route::RequestApproval
            | Route::SecondFactor
            | Route::TermsOfUse
            | Route::Lookup => Surface::Authorize { return_to: None, interaction: Interaction::Allowed },
            _ => Surface::Discovery,
        };
        let mut response = match route {
            Route::UserInfo | Route::Graph(_) => self.refuse_graph(GraphError::WrongMethod, incoming, checks),
            _ => {
                let error = EntraError::WrongMethod { accepted: accepted.clone(), received };
                self.refuse(&error, surface, incoming, checks)
            }
        };
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
