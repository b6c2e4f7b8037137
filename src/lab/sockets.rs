//! The sockets of a lab: loopback only, and only for the parties that the lab has itself.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use wire::Party;
use wire::listen::{ListenError, bind};

/// The sockets of a lab's parties; each party may listen on IPv4 and IPv6. A party without one is not of the lab.
#[derive(Debug, Default)]
pub struct Sockets {
    pub(super) of_parties: BTreeMap<Party, Vec<TcpListener>>,
    /// Of the lab's pages, where no connector of the lab has them on its own.
    pub(super) of_pages: Vec<TcpListener>,
}

impl Sockets {
    /// Free loopback ports for all parties, for a lab that speaks in cloud names.
    ///
    /// # Errors
    /// When the system has none.
    pub fn free() -> Result<Self, ListenError> {
        let mut sockets = Self::default();
        for party in [Party::Idp, Party::Gate, Party::Connector, Party::Mcp] {
            sockets.of_parties.insert(party, vec![bind((Ipv4Addr::LOCALHOST, 0).into())?]);
        }
        Ok(sockets)
    }

    /// The same, and one for pages that no party has on its own.
    ///
    /// # Errors
    /// When the system has none.
    pub fn free_with_pages() -> Result<Self, ListenError> {
        Ok(Self { of_pages: on_both_loopbacks(0)?, ..Self::free()? })
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
            of_parties: BTreeMap::from([
                (Party::Idp, on_both_loopbacks(identity_provider)?),
                (Party::Gate, on_both_loopbacks(gate)?),
                (Party::Connector, on_both_loopbacks(connector)?),
                (Party::Mcp, vec![bind((Ipv4Addr::LOCALHOST, 0).into())?]),
            ]),
            of_pages: Vec::new(),
        })
    }

    /// One party alone on `port`, and its pages on `page_port`, on both loopback addresses; 0 takes a free one.
    ///
    /// # Errors
    /// When one is taken; the error names it.
    pub fn of_one(party: Party, port: u16, page_port: u16) -> Result<Self, ListenError> {
        let of_parties = BTreeMap::from([(party, on_both_loopbacks(port)?)]);
        Ok(Self { of_parties, of_pages: on_both_loopbacks(page_port)? })
    }

    /// A connector alone on a free port, without pages.
    ///
    /// # Errors
    /// When the system has none.
    pub fn of_a_connector() -> Result<Self, ListenError> {
        let of_parties = BTreeMap::from([(Party::Connector, on_both_loopbacks(0)?)]);
        Ok(Self { of_parties, of_pages: Vec::new() })
    }

    /// The same sockets without those of `party`, which somebody else runs.
    pub(super) fn without(mut self, party: Party) -> Self {
        self.of_parties.remove(&party);
        self
    }

    /// Who has sockets.
    pub(super) fn parties(&self) -> impl Iterator<Item = Party> {
        self.of_parties.keys().copied()
    }

    /// The first socket of a party.
    pub(super) fn address(&self, party: Party) -> Option<SocketAddr> {
        self.of_parties.get(&party)?.first()?.local_addr().ok()
    }

    /// The port of a party.
    pub(super) fn port(&self, party: Party) -> Option<u16> {
        self.address(party).map(|address| address.port())
    }

    /// The port of the pages, where they have one of their own.
    pub(super) fn page_port(&self) -> Option<u16> {
        Some(self.of_pages.first()?.local_addr().ok()?.port())
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
