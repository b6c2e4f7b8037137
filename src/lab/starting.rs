//! How a lab comes to be: its sockets are mapped to the names that it speaks, its parties made, and everything served.

use std::sync::{Arc, Mutex};

use axum::Router;
use mock_client::Connector;
use mock_idp::{IdentityProvider, SigningKeys};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use scenarios::World;
use scenarios::world::CONSENT_HOST;
use server::GateSecret;
use server::gate::Gate;
use server::mcp::McpServer;
use wire::fault::Faults;
use wire::listen::serve;
use wire::network::{Target, loopback_address};
use wire::record::Recorder;
use wire::{Clock, NameMap, Network, Party, Trace};

use super::certificates::CertificateAuthority;
use super::journal::Journal;
use super::names::host;
use super::neighbours::Neighbours;
use super::replaceable::Replaceable;
use super::sockets::Sockets;
use super::views::Views;
use super::{Between, CONTAINER_ORIGIN, IDENTITY_ORIGINS, Lab, Names, Setup, StartError};

/// Where a lab's parties are, and who they are.
pub(super) struct Place {
    pub names: Names,
    pub network: Network,
    pub parties: Vec<Party>,
    /// The origin behind the gate.
    pub upstream: String,
    pub page_url: String,
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

    pub(super) fn start_with(
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
    pub(super) fn assembled(
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
}
