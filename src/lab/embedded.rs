//! A lab inside somebody else's test: the choices that `Lab::start` makes for one, and what a test does with a lab.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use mock_client::{Browser, ConnectOutcome, ConsentAnswer, Credentials};
use mock_idp::SigningKeys;
use scenarios::World;
use wire::{Clock, Party, Trace};

use super::certificates::CertificateAuthority;
use super::neighbours::Neighbours;
use super::sockets::Sockets;
use super::{IDENTITY_ORIGINS, Lab, Names, Setup, StartError};

/// How a lab is to be started; [`Lab::builder`] makes one.
pub struct LabBuilder {
    world: World,
    on_localhost: bool,
    upstream: Option<SocketAddr>,
    seed: Option<[u8; 32]>,
}

impl LabBuilder {
    /// Speaks in names of this machine, such as `https://localhost:40123`, instead of the cloud's, so that any program can
    /// follow its URLs ([`Lab::ca_pem`] is what it must trust), and shows real time, so that any program finds its tokens
    /// valid. Default: cloud names, and a clock that stands still.
    #[must_use]
    pub fn on_localhost(self) -> Self {
        Self { on_localhost: true, ..self }
    }

    /// Puts the program that listens at `address`, on this machine, behind the gate. Default: the lab's own MCP server.
    #[must_use]
    pub fn upstream(self, address: SocketAddr) -> Self {
        Self { upstream: Some(address), ..self }
    }

    /// Where everything that looks random comes from: labs with different seeds accept no code and no refresh token of each
    /// other. Default: the same in every lab. Access tokens are signed with the same public keys in every lab, until
    /// [`Lab::rotate_keys`].
    #[must_use]
    pub fn seed(self, seed: [u8; 32]) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Starts the lab; it stops when the last clone of it is dropped. It needs a Tokio runtime, and keeps to it.
    ///
    /// # Errors
    /// When no socket or certificate can be had, a URL of the world is none, or the upstream is on another machine.
    #[expect(clippy::unused_async, reason = "sockets are served by the runtime of the caller, which must be there")]
    pub async fn start(self) -> Result<Lab, StartError> {
        let mut sockets = Sockets::free()?;
        if self.upstream.is_some() {
            sockets = sockets.without(Party::Mcp);
        }
        let upstream = self.upstream.map(|address| format!("http://{address}"));
        let mut setup = if self.on_localhost { Setup::on_localhost()? } else { Setup::repeatable(&self.world)? };
        setup.seed = self.seed.unwrap_or(setup.seed);
        if self.on_localhost {
            let neighbours = Neighbours { upstream, ..Neighbours::default() };
            Lab::start_local(&self.world, sockets, &neighbours, setup, |_| Router::new())
        } else {
            Lab::start_with(self.world, Names::Cloud, sockets, upstream, setup, |_| Router::new())
        }
    }
}

impl Setup {
    /// For other programs on this machine: real time, keys that are public, a certificate authority of its own.
    ///
    /// # Errors
    /// When a certificate cannot be made.
    pub fn on_localhost() -> Result<Self, StartError> {
        Ok(Self {
            clock: Clock::real(),
            signing_keys: Arc::new(SigningKeys::bundled()?),
            certificate_authority: CertificateAuthority::generate(&["localhost".to_owned()], true)?,
            also_trusted: Vec::new(),
            trace: Trace::default(),
            seed: [7; 32],
        })
    }
}

impl Lab {
    /// A lab of `world` to be started, with the choices of [`Lab::start`] until others are made.
    #[must_use]
    pub fn builder(world: World) -> LabBuilder {
        LabBuilder { world, on_localhost: false, upstream: None, seed: None }
    }

    /// Lets `user`, by the name that the world has for the person, create the connector's connection: signs in with a fresh
    /// scripted browser, and accepts on the consent page, if there is one.
    pub async fn connect(&self, user: &str) -> ConnectOutcome {
        self.connect_in(&mut self.browser(), user, ConsentAnswer::Accept).await
    }

    /// Lets `user` create the connection in `browser`, whose cookies may know the person already.
    pub async fn connect_in(&self, browser: &mut Browser, user: &str, consent: ConsentAnswer) -> ConnectOutcome {
        let world = self.world();
        let Some(person) = world.idp.users.get(user) else {
            return ConnectOutcome::failed(format!("nobody in this world is called '{user}'"));
        };
        self.connector.connect(browser, user, &Credentials::of(person), consent).await
    }

    /// The identity provider's address, without a tenant.
    #[must_use]
    pub fn idp_url(&self) -> String {
        self.names.speak(IDENTITY_ORIGINS[0])
    }

    /// The MCP endpoint, at the gate's address.
    #[must_use]
    pub fn mcp_url(&self) -> String {
        let world = self.world();
        format!("{}{}", world.gate.url.trim_end_matches('/'), world.mcp.path)
    }

    /// The certificate of the authority that certified the parties' names, as PEM: what another program must trust.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }
}
