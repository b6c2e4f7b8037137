//! The variables that lead a program into the lab, whatever language it is written in.

use std::ffi::OsString;
use std::path::Path;

use crate::Lab;
use crate::lab::proxy::Proxy;

/// The files that the variables name.
pub(super) struct Files<'f> {
    /// The certificate of the lab's authority.
    pub ca: &'f Path,
    /// What scripts need to know of the lab, as JSON.
    pub lab: &'f Path,
}

/// What needs no proxy: programs on this machine.
const THIS_MACHINE: &str = "localhost,127.0.0.1,::1";

/// Variables by which programs choose a proxy: curl reads `http_proxy` in lower case only, others the upper case first.
const PROXY: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Variables that name a file of certificates to trust: OpenSSL, Go, Ruby and .NET; requests; curl; Node.js, which adds it
/// to its own; Deno.
const TRUST: [&str; 5] = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "DENO_CERT"];

/// Variables that would lead an SDK to another authority than the lab's; they are taken away.
pub(super) const TAKEN_AWAY: [&str; 1] = ["AZURE_AUTHORITY_HOST"];

/// The variables of a program in `lab`; those of `app` too, where one is named.
pub(super) fn variables(lab: &Lab, files: &Files<'_>, proxy: &Proxy, app: Option<&str>) -> Vec<(String, OsString)> {
    let mut variables: Vec<(String, OsString)> = Vec::new();
    let mut set = |name: &str, value: &dyn AsRef<std::ffi::OsStr>| {
        variables.push((name.to_owned(), value.as_ref().to_owned()));
    };
    for name in PROXY {
        set(name, &proxy.url());
    }
    for name in ["NO_PROXY", "no_proxy"] {
        set(name, &THIS_MACHINE);
    }
    for name in TRUST {
        set(name, &files.ca);
    }
    set("NODE_USE_ENV_PROXY", &"1"); // without it Node.js reads none of the above
    set("ENTRALAB_LAB", &lab.page_url());
    set("ENTRALAB_LAB_FILE", &files.lab);
    let world = lab.world();
    if let Some(tenant) = world.idp.tenants.values().next() {
        set("ENTRALAB_TENANT_ID", &tenant.id.to_string());
    }
    for (name, registered) in &world.idp.apps {
        let suffix = name.replace('-', "_").to_ascii_uppercase();
        let client_id = registered.client_id.to_string();
        let secret = registered.secrets.values().next().map(|secret| &secret.value);
        set(&format!("ENTRALAB_CLIENT_ID_{suffix}"), &client_id);
        if let Some(secret) = secret {
            set(&format!("ENTRALAB_CLIENT_SECRET_{suffix}"), secret);
        }
        if app == Some(name) {
            if let Some(tenant) = world.idp.tenants.get(&registered.tenant) {
                set("AZURE_TENANT_ID", &tenant.id.to_string());
            }
            set("AZURE_CLIENT_ID", &client_id);
            if let Some(secret) = secret {
                set("AZURE_CLIENT_SECRET", secret);
            }
        }
    }
    variables
}
