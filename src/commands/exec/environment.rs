//! The variables that lead a program into the lab, whatever language it is written in.

use std::path::Path;

use serde_json::Value;

use crate::commands::variables::{TRUST, of_lab};
use crate::lab::proxy::Proxy;

/// The files that the variables name.
pub(super) struct Files<'f> {
    /// The certificate of the lab's authority.
    pub ca: &'f Path,
    /// What scripts need to know of the lab, as JSON.
    pub lab: &'f Path,
    /// The program that opens addresses.
    pub browser: Option<&'f Path>,
}

/// What needs no proxy: programs on this machine.
const THIS_MACHINE: &str = "localhost,127.0.0.1,::1";

/// Variables by which programs choose a proxy: curl reads `http_proxy` in lower case only, others the upper case first.
const PROXY: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Variables that would lead an SDK to another authority than the lab's; they are taken away.
pub(super) const TAKEN_AWAY: [&str; 1] = ["AZURE_AUTHORITY_HOST"];

/// The variables of a program in the lab that `ready` describes; those of `app` too, where one is named.
pub(super) fn variables(ready: &Value, files: &Files<'_>, proxy: &Proxy, app: Option<&str>) -> Vec<(String, String)> {
    let mut variables = of_lab(ready, files.lab, app);
    let mut set = |name: &str, value: String| variables.push((name.to_owned(), value));
    for name in PROXY {
        set(name, proxy.url());
    }
    for name in ["NO_PROXY", "no_proxy"] {
        set(name, THIS_MACHINE.to_owned());
    }
    for name in TRUST {
        set(name, files.ca.to_string_lossy().into_owned());
    }
    if let Some(browser) = files.browser {
        set("BROWSER", browser.to_string_lossy().into_owned());
    }
    set("NODE_USE_ENV_PROXY", "1".to_owned()); // without it Node.js reads no proxy from variables
    variables
}
