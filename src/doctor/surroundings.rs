//! What the environment does to programs that talk to a lab: proxies that would swallow loopback, and who trusts the CA.

use std::path::Path;

use super::Finding;
use crate::report::shell;

/// The variables that name a proxy.
const PROXIES: [&str; 6] = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// The variables that name a file of trusted certificates, with who reads them.
const BUNDLES: [(&str, &str); 5] = [
    ("SSL_CERT_FILE", "OpenSSL, Go, Rust and .NET"),
    ("REQUESTS_CA_BUNDLE", "Python's requests, even where `verify` names another file,"),
    ("CURL_CA_BUNDLE", "curl"),
    ("NODE_EXTRA_CA_CERTS", "Node.js"),
    ("GIT_SSL_CAINFO", "git"),
];

/// Where systems keep the certificates that they trust.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Whether programs that are started here would ask a proxy for localhost.
#[must_use]
pub fn proxy(variable: impl Fn(&str) -> Option<String>) -> Finding {
    let set = |name: &&&str| variable(name).is_some_and(|value| !value.trim().is_empty());
    let proxies: Vec<&str> = PROXIES.iter().filter(set).copied().collect();
    let Some(first) = proxies.first() else {
        return Finding::ok("proxy", "no variable sends programs to a proxy");
    };
    let excepted = ["no_proxy", "NO_PROXY"].iter().filter_map(|name| variable(name)).collect::<Vec<_>>().join(",");
    let is_excepted = |host: &str| excepted.split(',').any(|entry| entry.trim() == host || entry.trim() == "*");
    let missing: Vec<&str> = ["localhost", "127.0.0.1"].into_iter().filter(|host| !is_excepted(host)).collect();
    if missing.is_empty() {
        return Finding::ok("proxy", format!("{first} is set, and NO_PROXY excepts this machine"));
    }
    let message = format!(
        "{first} is set, and NO_PROXY does not except {}: programs that are started here ask the proxy for the lab",
        missing.join(" and ")
    );
    Finding::warning("proxy", message, "export NO_PROXY=localhost,127.0.0.1,::1 no_proxy=localhost,127.0.0.1,::1")
}

/// Who trusts the certificate authority at `ca`, as far as can be told; where there is none yet, nobody does.
#[must_use]
pub fn trust(ca: &Path, variable: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    const CHECK: &str = "ca.trust";
    let body = std::fs::read_to_string(ca).ok().map(|certificate| one_line(&certificate));
    let holds = |path: &str| {
        let bundle = one_line(&std::fs::read_to_string(path).ok()?);
        Some(body.as_ref().is_some_and(|body| bundle.contains(body)))
    };
    let named = |name: &str| variable(name).filter(|path| !path.is_empty());
    let findings = BUNDLES.iter().filter_map(|(name, readers)| {
        let path = named(name)?;
        Some(match holds(&path) {
            Some(true) => Finding::ok(CHECK, format!("{name} holds the lab's certificate ({readers})")),
            found => {
                let lacks = if found.is_none() { "cannot be read" } else { "lacks the lab's certificate" };
                let shown = shell::word(&ca.display().to_string());
                let made = if body.is_none() { " (the first start makes it)" } else { "" };
                let fix = format!("add {shown}{made} to {path}, or: export {name}={shown}");
                Finding::warning(
                    CHECK,
                    format!("{name} names {path}, which {lacks}: {readers} will refuse the lab"),
                    fix,
                )
            }
        })
    });
    let mut findings: Vec<Finding> = findings.collect();
    if body.is_none() {
        return findings;
    }
    if SYSTEM_BUNDLES.into_iter().any(|path| holds(path) == Some(true)) {
        findings.push(Finding::ok(CHECK, "this system trusts the lab's certificate authority"));
    } else if findings.is_empty() {
        let message = format!(
            "nobody was told to trust the lab's certificate: browsers warn once, programs need {}",
            ca.display()
        );
        findings.push(Finding::ok(CHECK, message));
    }
    findings
}

/// PEM without what editors and tools change: line ends.
fn one_line(pem: &str) -> String {
    pem.lines().map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn proxy_with(variables: &[(&str, &str)]) -> Finding {
        proxy(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_proxy_must_except_this_machine() {
        assert_eq!(proxy_with(&[]).state, State::Ok);
        assert_eq!(proxy_with(&[("HTTPS_PROXY", "")]).state, State::Ok);
        let finding = proxy_with(&[("https_proxy", "http://proxy:3128"), ("NO_PROXY", "localhost, .corp")]);
        assert_eq!(finding.state, State::Warning);
        assert!(finding.message.contains("except 127.0.0.1:"), "{finding:?}");
        for excepted in ["*", "localhost,127.0.0.1", ".corp, 127.0.0.1 ,localhost"] {
            assert_eq!(
                proxy_with(&[("ALL_PROXY", "socks://p"), ("no_proxy", excepted)]).state,
                State::Ok,
                "{excepted}"
            );
        }
    }

    #[test]
    fn a_bundle_without_the_lab_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (ca, bundle) = (folder.path().join("ca.pem"), folder.path().join("bundle.pem"));
        assert!(trust(&ca, |_| None).is_empty());
        let before = trust(&ca, |name| (name == "NODE_EXTRA_CA_CERTS").then(|| "/etc/mine.pem".to_owned()));
        assert!(before[0].state == State::Warning, "{before:?}");
        assert!(
            before[0].fix.as_ref().unwrap().contains("ca.pem (the first start makes it) to /etc/mine.pem"),
            "{before:?}"
        );
        std::fs::write(&ca, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        let asked = |name: &str| (name == "REQUESTS_CA_BUNDLE").then(|| bundle.display().to_string());
        let said = |findings: &[Finding]| findings.iter().map(|finding| finding.message.clone()).collect::<String>();
        assert!(said(&trust(&ca, asked)).contains("cannot be read"));
        std::fs::write(&bundle, "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n").unwrap();
        assert!(said(&trust(&ca, asked)).contains("lacks the lab's certificate"));
        std::fs::write(&bundle, "# mine\r\n-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----\r\n")
            .unwrap();
        assert_eq!(trust(&ca, asked)[0].state, State::Ok);
        assert_eq!(trust(&ca, |_| None)[0].state, State::Ok);
    }
}
