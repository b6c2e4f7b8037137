//! The parties that a lab does not start itself, because somebody else runs them on this machine.

/// Where they are; a lab's own parties are on its own sockets whatever stands here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbours {
    /// The origin of the identity provider. Default: that of `up` and `idp`.
    pub identity_provider: String,
    /// The origin of the gate. Default: that of `up` and `gate`.
    pub gate: String,
    /// The origin of the connector's redirect URL. Default: that of `up`.
    pub connector: String,
    /// The origin of the program behind the gate, which need not be ours. Default: none.
    pub upstream: Option<String>,
}

impl Default for Neighbours {
    fn default() -> Self {
        Self {
            identity_provider: "https://localhost:8443".to_owned(),
            gate: "https://localhost:8444".to_owned(),
            connector: "http://localhost:8080".to_owned(),
            upstream: None,
        }
    }
}
