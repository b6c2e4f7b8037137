//! Software that knows nothing of us, against a running lab: client libraries from their own packages, unmodified.
//!
//! Each script gets a lab of its own. What it needs is not part of this project:
//!
//! - `ENTRALAB_PYTHON` names a Python that has `tests/clients/python/requirements.txt` installed;
//! - `ENTRALAB_NODE` names a Node.js, 22 or newer, and `NODE_PATH` the folder with the packages of
//!   `tests/clients/node/package.json`;
//! - `ENTRALAB_CHROMIUM` names a Chromium, which scripts of that Node.js drive;
//! - `ENTRALAB_OPENIDCONNECT` names the program that `cargo build` makes of `tests/clients/rust`.
//!
//! Without them the test passes and says what it did not run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

#[path = "support/lab_process.rs"]
mod lab_process;

use lab_process::LabProcess;

/// What runs a script.
#[derive(Clone, Copy, PartialEq)]
enum Runtime {
    Python,
    Node,
    /// Node.js, with a browser to drive.
    Chromium,
    /// The program itself.
    Rust,
}

/// How a script reaches the lab.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// On localhost: its one argument is the ready file of `up`.
    Local,
    /// In the cloud's own names: run by `exec`, with [`APP`] in its variables.
    Cloud,
}

/// A piece of software, and the script that uses it as its users do.
struct Client {
    name: &'static str,
    runtime: Runtime,
    mode: Mode,
    script: &'static str,
    /// A bundled world, or a file of `tests/clients`.
    world: &'static str,
}

/// An application of each kind.
const WORLD: &str = "clients.scenario.yaml";

/// The same, with every page on the way of a sign-in.
const PAGES: &str = "pages.scenario.yaml";

/// The application that scripts in cloud names are.
const APP: &str = "web-shop";

const CLIENTS: &[Client] = &[
    local("MSAL for Python", Runtime::Python, "msal_code.py", "article"),
    local("MSAL for Python, device code", Runtime::Python, "msal_device.py", WORLD),
    local("MSAL for Python, grants", Runtime::Python, "msal_grants.py", WORLD),
    local("MSAL for Python, claims challenge", Runtime::Python, "msal_claims_challenge.py", "policies.scenario.yaml"),
    local("MCP SDK for Python", Runtime::Python, "mcp_sdk.py", "article"),
    local("azure-identity", Runtime::Python, "azure_identity.py", WORLD),
    local("Authlib", Runtime::Python, "authlib_starlette.py", WORLD),
    local("fastmcp", Runtime::Python, "fastmcp_azure.py", WORLD),
    local("MSAL Node", Runtime::Node, "msal_node.cjs", WORLD),
    local("MSAL Node, public client", Runtime::Node, "msal_node_public.cjs", WORLD),
    local("openid-client", Runtime::Node, "openid_client.cjs", WORLD),
    local("oauth4webapi", Runtime::Node, "oauth4webapi.cjs", WORLD),
    local("Chromium", Runtime::Chromium, "chromium_pages.cjs", PAGES),
    local("MSAL.js", Runtime::Chromium, "msal_browser.cjs", PAGES),
    local("openidconnect", Runtime::Rust, "src/main.rs", WORLD),
    cloud("MSAL for Python", Runtime::Python, "cloud_msal.py", WORLD),
    cloud("MSAL for Python, public client", Runtime::Python, "cloud_msal_public.py", WORLD),
    cloud("azure-identity", Runtime::Python, "cloud_azure_identity.py", WORLD),
    cloud("fastapi-azure-auth", Runtime::Python, "cloud_fastapi_azure_auth.py", WORLD),
    cloud("MSAL Node", Runtime::Node, "cloud_msal_node.cjs", WORLD),
];

const fn local(name: &'static str, runtime: Runtime, script: &'static str, world: &'static str) -> Client {
    Client { name, runtime, mode: Mode::Local, script, world }
}

const fn cloud(name: &'static str, runtime: Runtime, script: &'static str, world: &'static str) -> Client {
    Client { name, runtime, mode: Mode::Cloud, script, world }
}

impl Runtime {
    const ALL: [Self; 4] = [Self::Python, Self::Node, Self::Chromium, Self::Rust];

    const fn variable(self) -> &'static str {
        match self {
            Self::Python => "ENTRALAB_PYTHON",
            Self::Node => "ENTRALAB_NODE",
            Self::Chromium => "ENTRALAB_CHROMIUM",
            Self::Rust => "ENTRALAB_OPENIDCONNECT",
        }
    }

    const fn folder(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node | Self::Chromium => "node",
            Self::Rust => "rust",
        }
    }

    const fn needs(self) -> &'static str {
        match self {
            Self::Python => "a Python that has tests/clients/python/requirements.txt installed",
            Self::Node => {
                "a Node.js, 22 or newer, and NODE_PATH to a folder with the packages of tests/clients/node/package.json"
            }
            Self::Chromium => "a Chromium, for the scripts of ENTRALAB_NODE to drive",
            Self::Rust => "the program that cargo build makes of tests/clients/rust",
        }
    }

    fn program(self) -> Option<OsString> {
        let named = std::env::var_os(self.variable()).filter(|value| !value.is_empty())?;
        if self == Self::Chromium { Self::Node.program() } else { Some(named) }
    }
}

impl Client {
    fn run(&self, program: &OsString) -> std::io::Result<Output> {
        let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
        let script = clients.join(self.runtime.folder()).join(self.script);
        let file = clients.join(self.world);
        let world: PathBuf = if file.exists() { file } else { self.world.into() };
        let mut command = match self.mode {
            Mode::Local => Command::new(program),
            Mode::Cloud => {
                let mut exec = Command::new(env!("CARGO_BIN_EXE_entralab"));
                exec.arg("exec").arg(&world).args(["--app", APP, "--"]).arg(program);
                exec
            }
        };
        if self.runtime == Runtime::Python {
            // no bytecode of the shared module is left beside it
            command.arg("-B");
        }
        if self.runtime != Runtime::Rust {
            command.arg(script);
        }
        command.stdin(Stdio::null());
        match self.mode {
            Mode::Local => {
                let lab = LabProcess::start(&["up", &world.to_string_lossy(), "--port-base", "0"]);
                let ready = std::fs::read(&lab.ready_file)?;
                let ready: serde_json::Value = serde_json::from_slice(&ready)?;
                command.env("NODE_EXTRA_CA_CERTS", ready["ca"].as_str().unwrap_or_default());
                command.arg(&lab.ready_file).output()
            }
            Mode::Cloud => command.output(),
        }
    }
}

fn main() -> ExitCode {
    // `cargo test -- NAME` runs those whose name or script holds NAME
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let is_wanted = |client: &&Client| client.name.contains(&wanted) || client.script.contains(&wanted);
    for runtime in Runtime::ALL.into_iter().filter(|runtime| runtime.program().is_none()) {
        let missing: Vec<_> =
            CLIENTS.iter().filter(|client| client.runtime == runtime).map(|client| client.name).collect();
        if !missing.is_empty() {
            println!("not run: {} ({} names {})", missing.join(", "), runtime.variable(), runtime.needs());
        }
    }
    let runnable: Vec<(&Client, OsString)> =
        CLIENTS.iter().filter(is_wanted).filter_map(|client| Some((client, client.runtime.program()?))).collect();
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        while let Some((client, program)) = runnable.get(next.fetch_add(1, Ordering::Relaxed)) {
            match client.run(program) {
                Ok(output) if output.status.success() => {
                    println!("ok: {}", String::from_utf8_lossy(&output.stdout).trim());
                }
                Ok(output) => {
                    failed.fetch_add(1, Ordering::Relaxed);
                    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
                    println!("FAILED: {} ({}): {}\n{out}{err}", client.name, client.script, output.status);
                }
                Err(error) => {
                    failed.fetch_add(1, Ordering::Relaxed);
                    println!("FAILED: {} ({}): {error}", client.name, client.script);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let failed = failed.into_inner();
    println!("{} passed, {failed} failed", runnable.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
