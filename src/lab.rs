//! A lab: parties of one setup on real sockets, on one clock, one name map and one trace.
//!
//! Usually it has all four. Those that get no socket are not there: their neighbours find them where somebody else runs
//! them, and one party alone is a lab of one. Labs share nothing, so that any number of them can live in one process.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use mock_client::{Browser, Connector};
use mock_idp::{IdentityProvider, SigningKeys};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use scenarios::World;
use scenarios::world::CONSENT_HOST;
use server::GateSecret;
use server::gate::Gate;
use server::mcp::McpServer;
use wire::fault::Faults;
use wire::listen::{Listening, serve};
use wire::network::{Target, loopback_address};
use wire::record::Recorder;
use wire::{Clock, LabClient, NameMap, Network, Party, Trace};

pub mod certificates;
pub mod control;
pub mod data_folder;
pub mod embedded;
pub mod in_memory;
pub mod journal;
mod names;
pub mod neighbours;
pub mod pages;
pub mod proxy;
mod replaceable;
mod same_page;
mod setup;
pub mod sockets;
mod views;

use certificates::CertificateAuthority;
use journal::Journal;
pub use names::Names;
use names::host;
use neighbours::Neighbours;
use replaceable::Replaceable;
pub use setup::{Setup, StartError};
use sockets::Sockets;
use views::Views;

/// The cloud origins that the identity provider answers for.
pub const IDENTITY_ORIGINS: [&str; 6] = [
    "https://login.microsoftonline.com",
    "https://login.windows.net",
    "https://login.microsoft.com",
    "https://sts.windows.net",
    "https://graph.microsoft.com",
    "https://microsoft.com",
];

/// Where steps of a scenario find the container's own port, which in the cloud only its ingress can reach.
pub const CONTAINER_ORIGIN: &str = "http://container.internal";

/// The parties of a running lab; they stop when the last clone of it is dropped.
#[derive(Clone)]
pub struct Lab {
    /// The lab clock.
    pub clock: Clock,
    /// Every message between the parties.
    pub trace: Trace,
    /// What befalls the parties' next requests.
    pub faults: Faults,
    /// What was done on the lab's page.
    pub journal: Journal,
    views: Views,
    names: Names,
    network: Network,
    parties: Vec<Party>,
    upstream: String,
    page_url: String,
    world: Arc<Mutex<Arc<World>>>,
    /// The world that it was started with, as it was written.
    written: Arc<World>,
    ca_pem: Arc<str>,
    identity_provider: Replaceable,
    /// Where the seeds of what a reset makes anew come from.
    seeds: Arc<Mutex<ChaCha20Rng>>,
    gate: Gate,
    mcp_server: McpServer,
    /// The connector, ready to be used.
    pub connector: Connector,
    /// What programs must show to steer this lab: 256 random bits, in hexadecimal.
    pub control_token: String,
    _listening: Arc<Vec<Listening>>,
}

/// Where a lab's parties are, and who they are.
struct Place {
    names: Names,
    network: Network,
    parties: Vec<Party>,
    /// The origin behind the gate.
    upstream: String,
    page_url: String,
}

/// What the gate knows of the MCP server behind it, and that of the gate: nothing where it is not of this lab.
struct Between {
    container: Option<Arc<scenarios::world::Mcp>>,
    gate: Option<Arc<scenarios::world::Gate>>,
}

impl Between {
    fn of(world: &World, parties: &[Party]) -> Self {
        Self {
            container: parties.contains(&Party::Mcp).then(|| Arc::new(world.mcp.clone())),
            gate: parties.contains(&Party::Gate).then(|| Arc::new(world.gate.clone())),
        }
    }

    fn are_together(&self) -> bool {
        self.container.is_some() && self.gate.is_some()
    }
}

impl Lab {
    /// Starts the parties of `world` in cloud names, on free loopback ports, with a clock that stands still.
    ///
    /// # Errors
    /// When no socket or certificate can be had.
    pub async fn start(world: World) -> Result<Self, StartError> {
        Self::builder(world).start().await
    }

    /// Starts the parties of `world` that have sockets, in names of this machine; the others are where `neighbours` says.
    /// `pages` are served beside the connector's redirect URL, and on the sockets for pages.
    ///
    /// # Errors
    /// When no certificate can be had, a URL of the world is none, or a neighbour is not on this machine.
    pub fn start_local(
        world: &World,
        sockets: Sockets,
        neighbours: &Neighbours,
        setup: Setup,
        pages: impl FnOnce(&Self) -> Router,
    ) -> Result<Self, StartError> {
        let at = |party, scheme, elsewhere: &str| match sockets.port(party) {
            Some(port) => format!("{scheme}://localhost:{port}"),
            None => elsewhere.trim_end_matches('/').to_owned(),
        };
        let identity_provider = at(Party::Idp, "https", &neighbours.identity_provider);
        let mut origins: Vec<_> =
            IDENTITY_ORIGINS.iter().map(|cloud| ((*cloud).to_owned(), identity_provider.clone())).collect();
        let gate = at(Party::Gate, "https", &neighbours.gate);
        origins.push((world.gate.url.trim_end_matches('/').to_owned(), gate));
        origins.push((CONSENT_HOST.to_owned(), at(Party::Connector, "http", &neighbours.connector)));
        let upstream = neighbours.upstream.clone();
        Self::start_with(world.clone(), Names::Local(origins), sockets, upstream, setup, pages)
    }

    /// Starts all parties of `world` in cloud names, on free loopback ports, and `pages` on a port of their own: for
    /// programs that find the parties through [`Lab::proxy`].
    ///
    /// # Errors
    /// When no socket or certificate can be had, or a URL of the world is none.
    pub fn start_cloud(world: World, setup: Setup, pages: impl FnOnce(&Self) -> Router) -> Result<Self, StartError> {
        Self::start_with(world, Names::Cloud, Sockets::free_with_pages()?, None, setup, pages)
    }

    fn start_with(
        written: World,
        names: Names,
        sockets: Sockets,
        upstream: Option<String>,
        setup: Setup,
        pages: impl FnOnce(&Self) -> Router,
    ) -> Result<Self, StartError> {
        let network =
            Network { names: NameMap::default(), tls: setup.certificate_authority.client_config(&setup.also_trusted)? };
        let container = sockets.address(Party::Mcp).map(|address| format!("http://{address}"));
        let spoken = IDENTITY_ORIGINS
            .iter()
            .map(|origin| (*origin, Party::Idp))
            .chain([(written.gate.url.as_str(), Party::Gate), (CONSENT_HOST, Party::Connector)]);
        let spoken = spoken.map(|(url, party)| (names.speak(url), party));
        let of_container = container.iter().flat_map(|url| match &names {
            Names::Cloud => vec![url.clone(), CONTAINER_ORIGIN.to_owned()],
            Names::Local(_) => vec![url.clone()],
        });
        for (url, party) in spoken.chain(of_container.map(|url| (url, Party::Mcp))) {
            let address = match sockets.address(party) {
                Some(address) => address,
                None => loopback_address(&url).ok_or_else(|| StartError::NotOnThisMachine(url.clone()))?,
            };
            if !network.names.insert(&url, Target { address, party, records: true }) {
                return Err(StartError::NotAUrl(url));
            }
        }
        if let Some(url) = &upstream {
            let address = loopback_address(url).ok_or_else(|| StartError::NotOnThisMachine(url.clone()))?;
            network.names.insert(url, Target { address, party: Party::Mcp, records: false });
        }
        let page_url = match sockets.page_port() {
            Some(port) => format!("http://localhost:{port}"),
            None => names.speak(CONSENT_HOST),
        };
        let place = Place {
            names,
            network,
            parties: sockets.parties().collect(),
            upstream: upstream.or(container).unwrap_or_default(),
            page_url,
        };
        let Setup { clock, signing_keys, certificate_authority, trace, seed, .. } = setup;
        let lab = Self::assembled(written, place, trace, clock, signing_keys, seed);
        lab.listen(sockets, &certificate_authority, pages)
    }

    /// The parties of a world, which serve nothing yet.
    fn assembled(
        written: World,
        place: Place,
        trace: Trace,
        clock: Clock,
        signing_keys: Arc<SigningKeys>,
        seed: [u8; 32],
    ) -> Self {
        let Place { names, network, parties, upstream, page_url } = place;
        let world = Arc::new(names.world(&written));
        let views = Views::of(&clock, &world.clock_skew);
        let mut seeds = ChaCha20Rng::from_seed(seed);
        let mut seed = || {
            let mut seed = [0; 32];
            seeds.fill_bytes(&mut seed);
            seed
        };
        let identity_provider = Replaceable::of(IdentityProvider::new(mock_idp::Settings {
            idp: Arc::new(world.idp.clone()),
            origins: names.identity_origins(),
            keys: signing_keys,
            clock: views.idp.clone(),
            seed: seed(),
        }));
        let between = Between::of(&world, &parties);
        let secret = Some(GateSecret::of(seed())).filter(|_| between.are_together());
        let gate = Gate::new(server::gate::Settings {
            gate: Arc::new(world.gate.clone()),
            container: between.container,
            secret: secret.clone(),
            upstream: upstream.clone(),
            network: network.clone(),
            trace: trace.clone(),
            clock: views.gate.clone(),
        });
        let mcp_server = McpServer::new(server::mcp::Settings {
            mcp: Arc::new(world.mcp.clone()),
            gate: between.gate,
            secret,
            clock: views.mcp.clone(),
        });
        let connector = Connector::new(mock_client::Settings {
            connector: Arc::new(world.connector.clone()),
            redirect_url: names.speak(&world.connector.redirect_url()),
            network: network.clone(),
            trace: trace.clone(),
            clock: views.connector.clone(),
            seed: seed(),
        });
        let control_token = seed().iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            control_token,
            clock,
            trace,
            faults: Faults::default(),
            journal: Journal::default(),
            views,
            names,
            network,
            parties,
            upstream,
            page_url,
            world: Arc::new(Mutex::new(world)),
            written: Arc::new(written),
            ca_pem: Arc::default(),
            identity_provider,
            seeds: Arc::new(Mutex::new(seeds)),
            gate,
            mcp_server,
            connector,
            _listening: Arc::default(),
        }
    }

    fn listen(
        self,
        sockets: Sockets,
        certificate_authority: &CertificateAuthority,
        pages: impl FnOnce(&Self) -> Router,
    ) -> Result<Self, StartError> {
        // what the pages tell of must be there when they are made
        let lab = Self { ca_pem: certificate_authority.certificate_pem().into(), ..self };
        let world = lab.world();
        let tls = |urls: &[String]| {
            let mut names: Vec<String> = urls.iter().filter_map(|url| host(url)).collect();
            names.sort();
            names.dedup();
            if let Names::Local(_) = lab.names {
                names.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
            }
            certificate_authority.server_config(&names).map(Some)
        };
        let pages = pages(&lab);
        let mut listening = Vec::new();
        for (party, sockets) in sockets.of_parties {
            let (tls, router) = match party {
                Party::Idp => {
                    (tls(&IDENTITY_ORIGINS.map(|origin| lab.names.speak(origin)))?, lab.identity_provider.router())
                }
                Party::Gate => (tls(std::slice::from_ref(&world.gate.url))?, lab.gate.router()),
                Party::Connector => match lab.names {
                    Names::Cloud => (tls(&[CONSENT_HOST.to_owned()])?, lab.connector.router()),
                    Names::Local(_) => (None, lab.connector.router()),
                },
                Party::Mcp => (None, lab.mcp_server.router()),
                Party::Browser | Party::Client | Party::Unmapped => continue, // they do not listen
            };
            let scheme = if tls.is_some() { "https" } else { "http" };
            let recorder = Recorder { party, trace: lab.trace.clone(), clock: lab.clock.clone(), scheme };
            let recorded = recorder.wrap_with(router, lab.faults.clone());
            let router = if party == Party::Connector { recorded.merge(pages.clone()) } else { recorded };
            for socket in sockets {
                let served = serve(socket, tls.clone(), router.clone())?;
                lab.trace.has_receiver(served.address);
                listening.push(served);
            }
        }
        for socket in sockets.of_pages {
            listening.push(serve(socket, None, pages.clone())?);
        }
        Ok(Self { _listening: Arc::new(listening), ..lab })
    }

    /// The parties that this lab has itself.
    #[must_use]
    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    /// Whether it speaks in the cloud's names, which only its own clients and those of its proxy can resolve.
    #[must_use]
    pub fn speaks_cloud_names(&self) -> bool {
        matches!(self.names, Names::Cloud)
    }

    /// The origin behind the gate: that of the lab's MCP server, or of the program that was named.
    #[must_use]
    pub fn upstream(&self) -> &str {
        &self.upstream
    }

    /// Where the lab's pages are.
    #[must_use]
    pub fn page_url(&self) -> &str {
        &self.page_url
    }

    /// The world as it is now, in the names that the lab speaks.
    #[must_use]
    pub fn world(&self) -> Arc<World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The world that it was started with, as it was written: in cloud names, without later changes.
    #[must_use]
    pub fn written_world(&self) -> Arc<World> {
        self.written.clone()
    }

    /// Gives every party its section of `world`; what was issued, consented and connected stays.
    pub fn change(&self, world: World) {
        self.views.set(&world.clock_skew);
        self.identity_provider.current().replace(Arc::new(world.idp.clone()));
        let between = Between::of(&world, &self.parties);
        self.gate.replace(Arc::new(world.gate.clone()), between.container);
        self.mcp_server.replace(Arc::new(world.mcp.clone()), between.gate);
        let redirect_url = self.names.speak(&world.connector.redirect_url());
        self.connector.replace(Arc::new(world.connector.clone()), redirect_url);
        *self.world.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(world);
    }

    /// Takes a setup in cloud names or in those that the lab speaks, and gives every party its section.
    pub fn take(&self, world: &World) {
        self.change(self.names.world(world));
    }

    /// Brings back the setup that the lab was started with. Every code, refresh token, session, consent of a page, connection
    /// and waiting fault is dead; keys, clock and trace stay.
    pub fn reset(&self) {
        let world = self.names.world(&self.written);
        let mut seed = [0; 32];
        self.seeds.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut seed);
        self.identity_provider.replace(IdentityProvider::new(mock_idp::Settings {
            idp: Arc::new(world.idp.clone()),
            origins: self.names.identity_origins(),
            keys: self.identity_provider.current().signing_keys(),
            clock: self.views.idp.clone(),
            seed,
        }));
        self.change(world);
        self.connector.forget();
        self.faults.clear();
        self.journal.clear();
    }

    /// Makes an access token that nobody asked for; see [`IdentityProvider::mint`].
    ///
    /// # Errors
    /// When something that the order names is not in the world, or the token cannot be signed.
    pub fn mint(&self, order: &mock_idp::minting::Order) -> Result<String, mock_idp::minting::MintError> {
        self.identity_provider.current().mint(order)
    }

    /// The `kid`s of the signing keys; the first signs.
    #[must_use]
    pub fn key_ids(&self) -> Vec<String> {
        self.identity_provider.current().key_ids()
    }

    /// Lets the identity provider sign with a new key; see [`IdentityProvider::rotate_keys`].
    ///
    /// # Errors
    /// When no key could be made.
    pub fn rotate_keys(&self, with_overlap: bool) -> Result<(), mock_idp::KeyError> {
        self.identity_provider.current().rotate_keys(with_overlap)
    }

    /// An HTTP client for requests as written, which reaches nothing but this lab.
    #[must_use]
    pub fn client(&self, from: Party) -> LabClient {
        self.network.client(from, self.trace.clone(), self.clock.clone())
    }

    /// Lets the lab's own clients reach the program that listens at the origin of `url`; nothing where that is not an http or
    /// https URL of this machine.
    pub fn reach(&self, url: &str) {
        if let Some(address) = loopback_address(url) {
            self.network.names.insert(url, Target { address, party: Party::Client, records: false });
        }
    }

    /// A fresh scripted browser, with no cookies.
    #[must_use]
    pub fn browser(&self) -> Browser {
        let client = self.network.client(Party::Browser, self.trace.clone(), self.clock.clone());
        Browser::new(client, self.trace.clone(), self.clock.clone())
    }

    /// A URL of the world, written in cloud names, as the lab speaks it.
    #[must_use]
    pub fn speak(&self, url: &str) -> String {
        self.names.speak(url)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use wire::{Check, Outcome};

    use super::*;

    #[tokio::test]
    async fn atk_d04_the_port_behind_the_gate_answers_the_gate_alone() {
        let scenario = scenarios::find_bundled("the-article").unwrap().read().unwrap();
        let sockets = Sockets::free().unwrap();
        let address = sockets.address(Party::Mcp).unwrap();
        let world = (*scenario.world).clone();
        let setup = Setup::repeatable(&world).unwrap();
        let lab = Lab::start_with(world, Names::Cloud, sockets, None, setup, |_| Router::new()).unwrap();

        let mut stream = TcpStream::connect(address).await.unwrap();
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nX-MS-CLIENT-PRINCIPAL-NAME: admin\r\n\
             X-Entralab-From: gate\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 ") && !answer.contains("get_stockprice"), "{answer}");

        let megan = lab.world().idp.users["megan"].clone();
        let credentials = mock_client::Credentials::of(&megan);
        let mut browser = lab.browser();
        lab.connector.connect(&mut browser, "megan", &credentials, mock_client::ConsentAnswer::Accept).await;
        assert!(lab.connector.list_tools("megan").await.tools.is_some(), "through the gate they are listed");
        let of_the_gate = |outcome| {
            let exchanges = lab.trace.after(0);
            let checks = exchanges.into_iter().flat_map(|exchange| exchange.checks.0);
            checks.filter(|result| result.check == Check::GateSecret && result.outcome == outcome).count()
        };
        assert_eq!((of_the_gate(Outcome::Refused), of_the_gate(Outcome::Passed)), (1, 3));
    }
}
