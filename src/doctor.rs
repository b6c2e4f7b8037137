//! Whether this machine is fit for a lab, and what mends it where it is not.
//!
//! Each examination looks at one thing and changes nothing: `doctor` may run beside a lab.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use jiff::Timestamp;
use serde::Serialize;

pub mod folder;
pub mod surroundings;

/// What an examination found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at; the name is stable.
    pub check: &'static str,
    /// How it is.
    pub state: State,
    /// What was found, in words.
    pub message: String,
    /// What mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// A lab starts, and somebody may wonder later.
    Warning,
    /// A lab does not start, or cannot be used.
    Problem,
}

impl Finding {
    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, state: State::Ok, message: message.into(), fix: None }
    }

    fn warning(check: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, state: State::Warning, message: message.into(), fix: Some(fix.into()) }
    }

    fn problem(check: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, state: State::Problem, message: message.into(), fix: Some(fix.into()) }
    }
}

/// The lab that runs on the data folder, as `running.json` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningLab {
    /// Its process.
    pub pid: u64,
    /// The ports that it listens on.
    pub ports: Vec<u16>,
}

/// Whether both loopback addresses can be listened on.
#[must_use]
pub fn loopback() -> Vec<Finding> {
    let listens = |address: IpAddr| TcpListener::bind((address, 0));
    let ipv4 = match listens(Ipv4Addr::LOCALHOST.into()) {
        Ok(_) => Finding::ok("loopback.ipv4", "127.0.0.1 can be listened on"),
        Err(error) => Finding::problem(
            "loopback.ipv4",
            format!("127.0.0.1 cannot be listened on: {error}"),
            "bring up the loopback interface (Linux: ip link set lo up)",
        ),
    };
    let ipv6 = match listens(Ipv6Addr::LOCALHOST.into()) {
        Ok(_) => Finding::ok("loopback.ipv6", "::1 can be listened on"),
        Err(error) => Finding::warning(
            "loopback.ipv6",
            format!("::1 cannot be listened on ({error}): a lab serves 127.0.0.1 only"),
            "none is needed, unless a program of yours insists on IPv6",
        ),
    };
    vec![ipv4, ipv6]
}

/// Whether `localhost`, the one name in a lab's URLs, leads to this machine.
#[must_use]
pub fn localhost() -> Finding {
    const FIX: &str = "write '127.0.0.1 localhost' into the hosts file (/etc/hosts)";
    match ("localhost", 0).to_socket_addrs().map(Iterator::collect::<Vec<_>>) {
        Ok(addresses) => named(&addresses, FIX),
        Err(error) => Finding::problem("name.localhost", format!("the name localhost leads nowhere: {error}"), FIX),
    }
}

fn named(addresses: &[SocketAddr], fix: &str) -> Finding {
    let elsewhere: Vec<_> = addresses.iter().filter(|address| !address.ip().is_loopback()).collect();
    match (elsewhere.first(), addresses.is_empty()) {
        (None, false) => Finding::ok("name.localhost", "the name localhost leads to this machine"),
        (None, true) => Finding::problem("name.localhost", "the name localhost leads nowhere", fix),
        (Some(elsewhere), _) => {
            let message = format!("the name localhost leads to {}, which is not this machine", elsewhere.ip());
            Finding::problem("name.localhost", message, fix)
        }
    }
}

/// Whether `up` gets its ports: free, or held by the lab that runs already.
#[must_use]
pub fn ports(ports: [u16; 3], running: Option<&RunningLab>) -> Vec<Finding> {
    let parties = ["identity provider", "gate", "lab's page"];
    ports.into_iter().zip(parties).map(|(port, party)| self::port(port, party, running)).collect()
}

fn port(port: u16, party: &str, running: Option<&RunningLab>) -> Finding {
    const CHECK: &str = "port";
    if let Some(running) = running.filter(|running| running.ports.contains(&port)) {
        return Finding::ok(CHECK, format!("{port} ({party}) is held by the lab that runs, pid {}", running.pid));
    }
    let taken = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()].into_iter().find_map(|address| {
        let error = TcpListener::bind((address, port)).err()?;
        // a host without IPv6 is no hindrance
        (address.is_ipv4() || error.kind() == std::io::ErrorKind::AddrInUse).then_some((address, error))
    });
    match taken {
        None => Finding::ok(CHECK, format!("{port} ({party}) is free")),
        Some((address, error)) => {
            let message = match error.kind() {
                std::io::ErrorKind::AddrInUse => format!(
                    "{port} ({party}) is taken on {address}, by another program or by a lab on another data folder"
                ),
                _ => format!("{port} ({party}) cannot be had on {address}: {error}"),
            };
            Finding::problem(CHECK, message, "entralab up --port-base N takes N, N+1 and N+2; 0 takes free ports")
        }
    }
}

/// Whether the clock shows a time at which certificates of a lab are valid.
#[must_use]
pub fn clock(now: Timestamp) -> Finding {
    let (first, last) = ("2025-01-01", "2044-01-01");
    let today = now.strftime("%Y-%m-%d").to_string();
    if (first..last).contains(&today.as_str()) {
        return Finding::ok("clock", format!("the clock shows {today}"));
    }
    let message = format!("the clock shows {today}; a lab's certificates are valid from {first} to {last}");
    Finding::problem("clock", message, "set the clock of this machine")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_must_lead_here_and_nowhere_else() {
        let state = |addresses: &[&str]| {
            let addresses: Vec<SocketAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
            named(&addresses, "fix").state
        };
        assert_eq!(state(&["127.0.0.1:0", "[::1]:0"]), State::Ok);
        assert_eq!(state(&["127.0.0.1:0", "10.0.0.1:0"]), State::Problem);
        assert_eq!(state(&[]), State::Problem);
    }

    #[test]
    fn a_taken_port_is_a_problem_unless_our_own_lab_holds_it() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = listener.local_addr().unwrap().port();
        let finding = port(taken, "gate", None);
        assert!(finding.state == State::Problem && finding.message.contains(&taken.to_string()), "{finding:?}");
        let running = RunningLab { pid: 7, ports: vec![taken] };
        let finding = port(taken, "gate", Some(&running));
        assert!(finding.state == State::Ok && finding.message.ends_with("pid 7"), "{finding:?}");
    }

    #[test]
    fn a_clock_outside_the_certificates_is_a_problem() {
        for (now, state) in [
            ("1970-01-01T00:00:00Z", State::Problem),
            ("2026-11-24T00:00:00Z", State::Ok),
            ("2044-01-01T00:00:00Z", State::Problem),
        ] {
            assert_eq!(clock(now.parse().unwrap()).state, state, "{now}");
        }
    }
}
