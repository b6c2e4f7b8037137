//! A lab: parties of one setup on real sockets, on one clock, one name map and one trace.
//!
//! Usually it has all four. Those that get no socket are not there: their neighbours find them where somebody else runs
//! them, and one party alone is a lab of one. Labs share nothing, so that any number of them can live in one process.

use std::sync::{Arc, Mutex, PoisonError};

use mock_client::{Browser, Connector};
use mock_idp::IdentityProvider;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use scenarios::World;
use server::gate::Gate;
use server::mcp::McpServer;
use wire::fault::Faults;
use wire::listen::Listening;
use wire::network::{Target, loopback_address};
use wire::{Clock, LabClient, Network, Party, Trace};

pub mod certificates;
pub mod control;
pub mod data_folder;
pub mod embedded;
pub mod in_memory;
pub mod journal;
pub mod kept_keys;
mod names;
pub mod neighbours;
pub mod pages;
pub mod proxy;
mod replaceable;
mod same_page;
mod setup;
pub mod sockets;
mod starting;
mod views;

use journal::Journal;
pub use names::Names;
use replaceable::Replaceable;
pub use setup::{Setup, StartError};
use starting::Place;
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

    /// What users asked their administrators to consent to, the oldest first.
    #[must_use]
    pub fn admin_consent_requests(&self) -> Vec<mock_idp::approval::AdminConsentRequest> {
        self.identity_provider.current().admin_consent_requests()
    }

    /// Says no to a request for admin consent, as an administrator does; nothing where there is none of this id.
    #[must_use]
    pub fn deny_admin_consent_request(&self, id: uuid::Uuid) -> Option<mock_idp::approval::AdminConsentRequest> {
        self.identity_provider.current().deny_admin_consent_request(id)
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
    use axum::Router;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use wire::{Check, Outcome};

    use super::sockets::Sockets;
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
