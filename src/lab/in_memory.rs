//! A lab without sockets: the same parties, and requests that are handed over in memory.

use std::ops::Deref;
use std::sync::Arc;

use mock_idp::SigningKeys;
use scenarios::World;
use scenarios::world::CONSENT_HOST;
use wire::record::Recorder;
use wire::{Clock, NameMap, Network, Party, Trace};

use super::certificates::client_config;
use super::{IDENTITY_ORIGINS, Lab, Names, Place, StartError};

/// Where the gate finds the MCP server; no socket, and in nobody's configuration.
const MCP_URL: &str = "http://127.0.0.1:8001";

/// A lab that listens nowhere, in cloud names, with a clock that stands still. Its clients reach its parties in memory.
pub struct InMemoryLab {
    lab: Lab,
    names: NameMap,
}

impl InMemoryLab {
    /// The parties of `world`.
    ///
    /// # Errors
    /// When a URL of the world has no origin that a party could serve.
    pub fn new(world: World) -> Result<Self, StartError> {
        let names = NameMap::default();
        let tls = Arc::new(client_config(rustls::RootCertStore::empty())?);
        let network = Network { names: names.clone(), tls };
        let (clock, keys) = (Clock::frozen_at(world.clock), Arc::new(SigningKeys::bundled()?));
        let gate_url = world.gate.url.clone();
        let place = Place {
            names: Names::Cloud,
            network,
            parties: vec![Party::Idp, Party::Gate, Party::Connector, Party::Mcp],
            upstream: MCP_URL.to_owned(),
            page_url: CONSENT_HOST.to_owned(),
        };
        let lab = Lab::assembled(world, place, Trace::default(), clock, keys, [7; 32]);
        let made = Self { lab, names };
        let identity_provider = made.lab.identity_provider.router();
        for origin in IDENTITY_ORIGINS {
            made.serve(origin, Party::Idp, identity_provider.clone())?;
        }
        made.serve(&gate_url, Party::Gate, made.lab.gate.router())?;
        made.serve(CONSENT_HOST, Party::Connector, made.lab.connector.router())?;
        made.serve(MCP_URL, Party::Mcp, made.lab.mcp_server.router())?;
        Ok(made)
    }

    fn serve(&self, url: &str, party: Party, router: axum::Router) -> Result<(), StartError> {
        let scheme = if url.starts_with("http:") { "http" } else { "https" };
        let recorder = Recorder { party, trace: self.lab.trace.clone(), clock: self.lab.clock.clone(), scheme };
        let is_mapped = self.names.insert_router(url, party, recorder.wrap_with(router, self.lab.faults.clone()));
        if is_mapped { Ok(()) } else { Err(StartError::NotAUrl(url.to_owned())) }
    }
}

impl Deref for InMemoryLab {
    type Target = Lab;

    fn deref(&self) -> &Lab {
        &self.lab
    }
}

impl Drop for InMemoryLab {
    fn drop(&mut self) {
        // the parties hold the name map, and the name map holds the parties
        self.names.forget_routers();
    }
}
