//! What a lab is started with besides its world and its sockets, and why it cannot be started.

use std::sync::Arc;

use mock_idp::SigningKeys;
use scenarios::World;
use scenarios::world::CONSENT_HOST;
use wire::listen::ListenError;
use wire::{Clock, Trace};

use super::IDENTITY_ORIGINS;
use super::certificates::{CertificateAuthority, CertificateError};
use super::names::host;

/// What a lab needs besides its world and sockets.
pub struct Setup {
    /// The lab clock.
    pub clock: Clock,
    /// The identity provider's signing keys.
    pub signing_keys: Arc<SigningKeys>,
    /// Certifies the parties' names; the lab's own clients trust it.
    pub certificate_authority: CertificateAuthority,
    /// Certificates that the lab's own clients trust besides, as PEM.
    pub also_trusted: Vec<String>,
    /// Where exchanges are recorded.
    pub trace: Trace,
    /// Where everything that looks random comes from.
    pub seed: [u8; 32],
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
    /// A party that runs elsewhere is not on this machine.
    #[error("'{0}' is not a URL of this machine (localhost, 127.0.0.1 or [::1]), and nothing is ever sent outside it")]
    NotOnThisMachine(String),
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
            also_trusted: Vec::new(),
            trace: Trace::default(),
            seed: [7; 32],
        })
    }
}
