//! A lab: the four parties of one setup on real sockets, on one clock, one name map and one trace.
//!
//! Labs share nothing, so that any number of them can live in one process.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use mock_client::{Browser, Connector};
use mock_idp::{IdentityProvider, SigningKeys};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use scenarios::World;
use scenarios::world::{CONSENT_HOST, ClockSkew};
use server::GateSecret;
use server::gate::Gate;
use server::mcp::McpServer;
use wire::fault::Faults;
use wire::listen::{ListenError, Listening, bind, serve};
use wire::network::Target;
use wire::record::Recorder;
use wire::{Clock, LabClient, NameMap, Network, Party, Trace};

pub mod certificates;
pub mod data_folder;
pub mod embedded;
pub mod in_memory;
pub mod journal;
pub mod pages;

use certificates::{CertificateAuthority, CertificateError};
use journal::Journal;

/// The cloud origins that the identity provider answers for.
pub const IDENTITY_ORIGINS: [&str; 5] = [
    "https://login.microsoftonline.com",
    "https://login.windows.net",
    "https://login.microsoft.com",
    "https://sts.windows.net",
    "https://graph.microsoft.com",
];

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
    world: Arc<Mutex<Arc<World>>>,
    /// The world that it was started with, as it was written.
    written: Arc<World>,
    /// Whether the program behind the gate is the lab's own.
    has_own_server: bool,
    ca_pem: Arc<str>,
    identity_provider: IdentityProvider,
    gate: Gate,
    mcp_server: McpServer,
    /// The connector, ready to be used.
    pub connector: Connector,
    /// What programs must show to steer this lab: 256 random bits, in hexadecimal.
    pub control_token: String,
    _listening: Arc<Vec<Listening>>,
}

/// Each party's view of the lab clock, which can be wrong.
#[derive(Clone)]
struct Views {
    idp: Clock,
    gate: Clock,
    mcp: Clock,
    connector: Clock,
}

impl Views {
    fn of(clock: &Clock, skew: &ClockSkew) -> Self {
        let views = Self { idp: clock.view(), gate: clock.view(), mcp: clock.view(), connector: clock.view() };
        views.set(skew);
        views
    }

    fn set(&self, skew: &ClockSkew) {
        for (view, by) in
            [(&self.idp, skew.idp), (&self.gate, skew.gate), (&self.mcp, skew.mcp), (&self.connector, skew.connector)]
        {
            view.set_skew(by.unwrap_or_default());
        }
    }
}

/// The names in which a lab speaks.
#[derive(Clone, Debug)]
pub enum Names {
    /// The cloud's own names, known to the lab's own clients only.
    Cloud,
    /// Names on this machine, so that any browser or program can follow them; each cloud origin with its local one.
    Local(Vec<(String, String)>),
}

/// The sockets of a lab's parties; each party may listen on IPv4 and IPv6.
#[derive(Debug)]
pub struct Sockets {
    identity_provider: Vec<TcpListener>,
    gate: Vec<TcpListener>,
    connector: Vec<TcpListener>,
    mcp: Vec<TcpListener>,
}

/// What a lab needs besides its world and sockets.
pub struct Setup {
    /// The lab clock.
    pub clock: Clock,
    /// The identity provider's signing keys.
    pub signing_keys: Arc<SigningKeys>,
    /// Certifies the parties' names.
    pub certificate_authority: CertificateAuthority,
    /// Where everything that looks random comes from.
    pub seed: [u8; 32],
    /// The program behind the gate, on this machine. None: the lab's own MCP server.
    pub upstream: Option<SocketAddr>,
}

/// What the parties of a lab are made from.
struct Foundation {
    /// The world as it was written, in cloud names.
    written: World,
    names: Names,
    network: Network,
    /// Where the gate finds the program behind it.
    container_url: String,
    /// Whether that program is the lab's own MCP server.
    has_own_server: bool,
    clock: Clock,
    signing_keys: Arc<SigningKeys>,
    seed: [u8; 32],
}

/// A lab could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket could not be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A socket could not be served.
    #[error("cannot serve a socket: {0}")]
    Serve(#[from] std::io::Error),
    /// A certificate could not be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The signing keys could not be read.
    #[error(transparent)]
    Keys(#[from] mock_idp::KeyError),
    /// A URL of the world has no origin that a party could serve.
    #[error("'{0}' is not an absolute http or https URL")]
    NotAUrl(String),
    /// The program behind the gate is on another machine.
    #[error("{0} is not a loopback address; a lab never sends anything to the network")]
    UpstreamElsewhere(SocketAddr),
}

impl Sockets {
    /// Free loopback ports, for a lab that speaks in cloud names.
    ///
    /// # Errors
    /// When the system has none.
    pub fn free() -> Result<Self, ListenError> {
        let free = || bind((Ipv4Addr::LOCALHOST, 0).into()).map(|listener| vec![listener]);
        Ok(Self { identity_provider: free()?, gate: free()?, connector: free()?, mcp: free()? })
    }

    /// The ports of `up`: identity provider, gate, lab; 0 stands for a free one.
    #[must_use]
    pub fn documented_ports(port_base: Option<u16>) -> [u16; 3] {
        match port_base {
            None => [8443, 8444, 8080],
            Some(0) => [0; 3],
            Some(base) => [base, base.saturating_add(1), base.saturating_add(2)],
        }
    }

    /// The documented ports of `up` on both loopback addresses, or three from `port_base` on; 0 takes free ones.
    ///
    /// # Errors
    /// When one is taken; the error names it.
    pub fn documented(port_base: Option<u16>) -> Result<Self, ListenError> {
        let [identity_provider, gate, connector] = Self::documented_ports(port_base);
        Ok(Self {
            identity_provider: on_both_loopbacks(identity_provider)?,
            gate: on_both_loopbacks(gate)?,
            connector: on_both_loopbacks(connector)?,
            mcp: vec![bind((Ipv4Addr::LOCALHOST, 0).into())?],
        })
    }
}

fn on_both_loopbacks(port: u16) -> Result<Vec<TcpListener>, ListenError> {
    let first = bind((Ipv4Addr::LOCALHOST, port).into())?;
    let port = first.local_addr().map_or(port, |address| address.port());
    let mut sockets = vec![first];
    match bind((Ipv6Addr::LOCALHOST, port).into()) {
        Ok(second) => sockets.push(second),
        Err(ListenError::Bind { source, .. }) if source.kind() != std::io::ErrorKind::AddrInUse => {} // a host without IPv6
        Err(error) => return Err(error),
    }
    Ok(sockets)
}

fn address_of(sockets: &[TcpListener]) -> Result<SocketAddr, StartError> {
    let first = sockets.first().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))?;
    Ok(first.local_addr()?)
}

impl Setup {
    /// What `run` and tests use: a clock that stands still, keys that are public, the same ids in every run.
    ///
    /// # Errors
    /// When a certificate cannot be made.
    pub fn repeatable(world: &World) -> Result<Self, StartError> {
        let mut hosts: Vec<String> =
            IDENTITY_ORIGINS.iter().chain([&CONSENT_HOST]).filter_map(|url| host(url)).collect();
        hosts.extend(host(&world.gate.url));
        Ok(Self {
            clock: Clock::frozen_at(world.clock),
            signing_keys: Arc::new(SigningKeys::bundled()?),
            certificate_authority: CertificateAuthority::generate(&hosts, false)?,
            seed: [7; 32],
            upstream: None,
        })
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

    /// Starts the parties of `world` in names of this machine; `pages` are served beside the connector's redirect URL.
    ///
    /// # Errors
    /// When no socket or certificate can be had.
    pub fn start_local(
        world: &World,
        sockets: Sockets,
        setup: Setup,
        pages: impl FnOnce(&Self) -> Router,
    ) -> Result<Self, StartError> {
        let [identity_provider, gate, connector] = [
            format!("https://localhost:{}", address_of(&sockets.identity_provider)?.port()),
            format!("https://localhost:{}", address_of(&sockets.gate)?.port()),
            format!("http://localhost:{}", address_of(&sockets.connector)?.port()),
        ];
        let mut origins: Vec<_> =
            IDENTITY_ORIGINS.iter().map(|cloud| ((*cloud).to_owned(), identity_provider.clone())).collect();
        origins.push((world.gate.url.trim_end_matches('/').to_owned(), gate));
        origins.push((CONSENT_HOST.to_owned(), connector));
        Self::start_with(world.clone(), Names::Local(origins), sockets, setup, pages)
    }

    fn start_with(
        written: World,
        names: Names,
        mut sockets: Sockets,
        setup: Setup,
        pages: impl FnOnce(&Self) -> Router,
    ) -> Result<Self, StartError> {
        let container = match setup.upstream {
            None => address_of(&sockets.mcp)?,
            Some(upstream) if upstream.ip().is_loopback() => {
                sockets.mcp.clear();
                upstream
            }
            Some(upstream) => return Err(StartError::UpstreamElsewhere(upstream)),
        };
        let name_map = NameMap::default();
        let container_url = format!("http://{container}");
        for (urls, party, address) in [
            (
                IDENTITY_ORIGINS.map(|origin| names.speak(origin)).to_vec(),
                Party::Idp,
                address_of(&sockets.identity_provider)?,
            ),
            (vec![names.speak(&written.gate.url)], Party::Gate, address_of(&sockets.gate)?),
            (vec![names.speak(CONSENT_HOST)], Party::Connector, address_of(&sockets.connector)?),
            (vec![container_url.clone()], Party::Mcp, container),
        ] {
            for url in urls {
                if !name_map.insert(&url, Target { address, party }) {
                    return Err(StartError::NotAUrl(url));
                }
            }
        }
        let network = Network { names: name_map, tls: setup.certificate_authority.client_config()? };
        let lab = Self::assembled(Foundation {
            written,
            names,
            network,
            container_url,
            has_own_server: setup.upstream.is_none(),
            clock: setup.clock,
            signing_keys: setup.signing_keys,
            seed: setup.seed,
        });
        lab.listen(sockets, &setup.certificate_authority, pages)
    }

    /// The parties of a world, which serve nothing yet.
    fn assembled(foundation: Foundation) -> Self {
        let Foundation { written, names, network, container_url, has_own_server, clock, signing_keys, seed } =
            foundation;
        let world = Arc::new(match &names {
            Names::Cloud => written.clone(),
            Names::Local(origins) => scenarios::localize(&written, origins),
        });
        let trace = Trace::default();
        let views = Views::of(&clock, &world.clock_skew);
        let mut seeds = ChaCha20Rng::from_seed(seed);
        let mut seed = || {
            let mut seed = [0; 32];
            seeds.fill_bytes(&mut seed);
            seed
        };
        let identity_provider = IdentityProvider::new(mock_idp::Settings {
            idp: Arc::new(world.idp.clone()),
            origins: names.identity_origins(),
            keys: signing_keys,
            clock: views.idp.clone(),
            seed: seed(),
        });
        let gate_secret = GateSecret::of(seed());
        let gate = Gate::new(server::gate::Settings {
            gate: Arc::new(world.gate.clone()),
            container: has_own_server.then(|| Arc::new(world.mcp.clone())),
            secret: has_own_server.then(|| gate_secret.clone()),
            upstream: container_url,
            network: network.clone(),
            trace: trace.clone(),
            clock: views.gate.clone(),
        });
        let mcp_server = McpServer::new(server::mcp::Settings {
            mcp: Arc::new(world.mcp.clone()),
            gate: Some(Arc::new(world.gate.clone())),
            secret: Some(gate_secret),
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
            world: Arc::new(Mutex::new(world)),
            written: Arc::new(written),
            has_own_server,
            ca_pem: Arc::default(),
            identity_provider,
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
        let record = |party, scheme, router| {
            Recorder { party, trace: self.trace.clone(), clock: self.clock.clone(), scheme }
                .wrap_with(router, self.faults.clone())
        };
        let world = self.world();
        let tls = |urls: &[String]| {
            let mut names: Vec<String> = urls.iter().filter_map(|url| host(url)).collect();
            names.sort();
            names.dedup();
            if let Names::Local(_) = self.names {
                names.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
            }
            certificate_authority.server_config(&names).map(Some)
        };
        let connector_tls = match self.names {
            Names::Cloud => tls(&[CONSENT_HOST.to_owned()])?,
            Names::Local(_) => None,
        };
        let connector_scheme = if connector_tls.is_some() { "https" } else { "http" };
        let callback = record(Party::Connector, connector_scheme, self.connector.router());
        let served = [
            (
                sockets.identity_provider,
                tls(&IDENTITY_ORIGINS.map(|origin| self.names.speak(origin)))?,
                record(Party::Idp, "https", self.identity_provider.router()),
            ),
            (
                sockets.gate,
                tls(std::slice::from_ref(&world.gate.url))?,
                record(Party::Gate, "https", self.gate.router()),
            ),
            (sockets.connector, connector_tls, callback.merge(pages(&self))),
            (sockets.mcp, None, record(Party::Mcp, "http", self.mcp_server.router())),
        ];
        let mut listening = Vec::new();
        for (sockets, tls, router) in served {
            for socket in sockets {
                listening.push(serve(socket, tls.clone(), router.clone())?);
            }
        }
        let ca_pem = certificate_authority.certificate_pem().into();
        Ok(Self { _listening: Arc::new(listening), ca_pem, ..self })
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
        self.identity_provider.replace(Arc::new(world.idp.clone()));
        let (gate, mcp) = (Arc::new(world.gate.clone()), Arc::new(world.mcp.clone()));
        self.gate.replace(gate.clone(), self.has_own_server.then(|| mcp.clone()));
        self.mcp_server.replace(mcp, Some(gate));
        let redirect_url = self.names.speak(&world.connector.redirect_url());
        self.connector.replace(Arc::new(world.connector.clone()), redirect_url);
        *self.world.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(world);
    }

    /// Lets the identity provider sign with a new key; see [`IdentityProvider::rotate_keys`].
    ///
    /// # Errors
    /// When no key could be made.
    pub fn rotate_keys(&self, with_overlap: bool) -> Result<(), mock_idp::KeyError> {
        self.identity_provider.rotate_keys(with_overlap)
    }

    /// An HTTP client for requests as written, which reaches nothing but this lab.
    #[must_use]
    pub fn client(&self, from: Party) -> LabClient {
        self.network.client(from, self.trace.clone(), self.clock.clone())
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

impl Names {
    /// `url` in these names.
    #[must_use]
    fn speak(&self, url: &str) -> String {
        let Self::Local(origins) = self else { return url.to_owned() };
        let translated = origins.iter().find_map(|(cloud, local)| {
            let rest = url.strip_prefix(cloud.as_str())?;
            (rest.is_empty() || rest.starts_with(['/', '?', '#'])).then(|| format!("{local}{rest}"))
        });
        translated.unwrap_or_else(|| url.to_owned())
    }

    fn identity_origins(&self) -> mock_idp::Origins {
        let cloud = mock_idp::Origins::cloud();
        mock_idp::Origins {
            login: self.speak(&cloud.login),
            sts: self.speak(&cloud.sts),
            graph: self.speak(&cloud.graph),
        }
    }
}

fn host(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
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
        let address = address_of(&sockets.mcp).unwrap();
        let world = (*scenario.world).clone();
        let setup = Setup::repeatable(&world).unwrap();
        let lab = Lab::start_with(world, Names::Cloud, sockets, setup, |_| Router::new()).unwrap();

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
        let credentials = mock_client::Credentials { username: megan.username, password: megan.password };
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
