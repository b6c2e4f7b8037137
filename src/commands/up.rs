//! `entralab up [SCENARIO]`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use mock_idp::SigningKeys;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use scenarios::World;
use serde_json::{Map, Value, json};
use wire::Clock;

use super::settings::{HIGHEST_PORT_BASE, Settings};
use super::{Common, Exit, Failure, print, runtime};
use crate::Lab;
use crate::lab::certificates::CertificateAuthority;
use crate::lab::data_folder::{self, CA_CERTIFICATE, CA_KEY, DataFolder, DataFolderError, RUNNING, SIGNING_KEYS};
use crate::lab::{Setup, Sockets, StartError, pages};

/// Options of `up`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A scenario or world, as a file or by its bundled name: its setup is started as it stands, faults included.
    #[arg(default_value = "article")]
    scenario: PathBuf,
    /// Three ports from this one on: identity provider, gate, lab; 0 takes free ones. Default: 8443, 8444 and 8080.
    #[arg(long, value_name = "PORT"
        , value_parser = clap::value_parser!(u16).range(..=i64::from(HIGHEST_PORT_BASE)))]
    port_base: Option<u16>,
    /// Where keys, the local CA and `running.json` are kept. Default: this user's data folder.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// A file to write when the lab is ready: what `--json` prints.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let scenario = super::run::read_one(&options.scenario).map_err(|problems| {
        let text: String = problems.0.iter().map(|problem| problem.render(false)).collect();
        Failure::new(Exit::Usage, "scenario.invalid", text)
    })?;
    let settings = Settings::read()?;
    let options = Options {
        port_base: options.port_base.or(settings.port_base),
        data_dir: options.data_dir.clone().or(settings.data_dir),
        ready_file: options.ready_file.clone().or(settings.ready_file),
        scenario: options.scenario.clone(),
    };
    let path = data_dir(options.data_dir.as_deref())?;
    let folder = DataFolder::hold(&path).map_err(data_folder_failure)?;
    runtime()?.block_on(serve(&options, common, &scenario.world, &folder))
}

async fn serve(options: &Options, common: Common, world: &World, folder: &DataFolder) -> Result<Exit, Failure> {
    // Before anything is printed: a signal that comes early must not kill us on the way.
    let stop = stop_signal()?;
    let sockets = Sockets::documented(options.port_base).map_err(|error| {
        Failure::new(
            Exit::Environment,
            "port",
            format!("{error}\nfix: --port-base N takes N, N+1 and N+2; 0 takes free ports"),
        )
    })?;
    let setup = setup(folder)?;
    let lab = Lab::start_local(world, sockets, setup, pages::router).map_err(start_failure)?;
    let ready = ready(&lab, folder);
    let line = format!("{ready}\n");
    folder.write(RUNNING, &line).map_err(data_folder_failure)?;
    if let Some(file) = &options.ready_file {
        data_folder::write_in_one_step(file, &line).map_err(data_folder_failure)?;
    }
    let told = match (common.json, common.quiet) {
        (true, _) => print(&line),
        (false, false) => print(&welcome(&lab, folder)),
        (false, true) => Ok(()),
    };
    if told.is_ok() {
        stop.await;
    }
    folder.remove(RUNNING);
    if let Some(file) = &options.ready_file {
        let _missing = std::fs::remove_file(file);
    }
    told?;
    if !common.json && !common.quiet {
        print("stopped\n")?;
    }
    Ok(Exit::Ok)
}

fn data_folder_failure(error: DataFolderError) -> Failure {
    let code = match error {
        DataFolderError::Taken { .. } => "data_dir.taken",
        DataFolderError::Io { .. } | DataFolderError::NoDefault => "data_dir",
    };
    Failure::new(Exit::Environment, code, error)
}

/// The data folder that was named, or this user's.
pub(super) fn data_dir(named: Option<&Path>) -> Result<PathBuf, Failure> {
    named.map_or_else(DataFolder::default_path, |path| Ok(path.to_owned())).map_err(data_folder_failure)
}

fn start_failure(error: StartError) -> Failure {
    match error {
        StartError::NotAUrl(_) => Failure::new(Exit::Usage, "world.url", error),
        error => Failure::new(Exit::Environment, "lab.start", error),
    }
}

/// Waits for SIGINT, SIGTERM or SIGHUP (Ctrl-C elsewhere); registered at once, before it is awaited.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error| Failure::new(Exit::Environment, "signals", format!("cannot listen for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
    Ok(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {}, _ = hang_up.recv() => {} }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        let _unavailable = tokio::signal::ctrl_c().await;
    })
}

/// Keys and CA of the data folder, made at the first start.
fn setup(folder: &DataFolder) -> Result<Setup, Failure> {
    let clock = Clock::real();
    let seed = random_seed()?;
    let broken = |name: &str, error: &dyn std::fmt::Display| {
        let place = folder.file(name);
        let message =
            format!("{} cannot be used: {error}\nfix: delete it, and the next start makes a new one", place.display());
        Failure::new(Exit::Environment, "data_dir.broken", message)
    };
    let signing_keys = match folder.read(SIGNING_KEYS).map_err(data_folder_failure)? {
        Some(pem) => SigningKeys::from_pem(&pem).map_err(|error| broken(SIGNING_KEYS, &error))?,
        None => {
            let keys = SigningKeys::generate(&mut ChaCha20Rng::from_seed(seed), clock.now())
                .map_err(|error| Failure::new(Exit::Bug, "keys", error))?;
            folder.write(SIGNING_KEYS, &keys.to_pem()).map_err(data_folder_failure)?;
            keys
        }
    };
    let kept =
        (folder.read(CA_CERTIFICATE).map_err(data_folder_failure)?, folder.read(CA_KEY).map_err(data_folder_failure)?);
    let certificate_authority = match kept {
        (Some(certificate), Some(key)) => CertificateAuthority::from_pem(&certificate, &key)
            .map_err(|error| broken(&format!("{CA_CERTIFICATE} or {CA_KEY}"), &error))?,
        _ => {
            let made = CertificateAuthority::generate(&["localhost".to_owned()], true)
                .map_err(|error| Failure::new(Exit::Bug, "ca", error))?;
            // The key first: a certificate without its key would be trusted for nothing.
            folder.write(CA_KEY, &made.key_pem()).map_err(data_folder_failure)?;
            folder.write(CA_CERTIFICATE, made.certificate_pem()).map_err(data_folder_failure)?;
            made
        }
    };
    let (signing_keys, seed) = (Arc::new(signing_keys), random_seed()?);
    Ok(Setup { clock, signing_keys, certificate_authority, seed, upstream: None })
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the system for randomness")]
fn random_seed() -> Result<[u8; 32], Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Failure::new(Exit::Environment, "random", error))?;
    Ok(seed)
}

/// What scripts need to know of a running lab.
fn ready(lab: &Lab, folder: &DataFolder) -> Value {
    let world = lab.world();
    let tenant = world.idp.tenants.values().next().map(|tenant| tenant.id.to_string());
    let login = lab.idp_url();
    let mut apps = Map::new();
    for (name, app) in &world.idp.apps {
        let redirect_uris: Vec<_> =
            app.redirect_uris.web.iter().chain(&app.redirect_uris.spa).chain(&app.redirect_uris.public).collect();
        let mut entry = json!({ "client_id": app.client_id, "redirect_uris": redirect_uris });
        if let Some(secret) = app.secrets.values().next() {
            entry["client_secret"] = json!(secret.value);
        }
        if let Some(uri) = app.identifier_uris.first() {
            entry["identifier_uri"] = json!(uri);
        }
        apps.insert(name.clone(), entry);
    }
    let users: Vec<_> =
        world.idp.users.values().map(|user| json!({ "username": user.username, "password": user.password })).collect();
    let issuer = |version: &str| tenant.as_ref().map(|tenant| format!("{login}/{tenant}/{version}"));
    json!({
        "version": 1,
        "ready": true,
        "mode": "local",
        "idp": login,
        "issuer": { "v1": issuer(""), "v2": issuer("v2.0") },
        "gate": world.gate.url,
        "mcp": lab.mcp_url(),
        "lab": lab.speak(scenarios::world::CONSENT_HOST),
        "control_token": lab.control_token,
        "ca": folder.file(CA_CERTIFICATE).to_string_lossy(),
        "tenant": tenant,
        "apps": apps,
        "users": users,
        "pid": std::process::id(),
    })
}

fn welcome(lab: &Lab, folder: &DataFolder) -> String {
    let world = lab.world();
    let page = lab.speak(scenarios::world::CONSENT_HOST);
    let mut text = format!(
        "entralab is up: an emulator on this machine; nothing leaves it\n\n  \
         the lab             {page}\n  \
         identity provider   {}\n  \
         gated MCP server    {}\n  \
         certificate         {}\n\n  \
         people who can sign in\n",
        lab.idp_url(),
        lab.mcp_url(),
        folder.file(CA_CERTIFICATE).display(),
    );
    for user in world.idp.users.values() {
        text.push_str(&format!("    {:<34} {}\n", user.username, user.password));
    }
    text.push_str(&format!(
        "\n  what to do next\n    \
         1. open {page} and press Connect (your browser will warn about the certificate above: it is this lab's own)\n    \
         2. press Test operation: 406 means that all is well\n    \
         3. ask: Give me the stock price of tesla\n    \
         4. read what went over the wire at {page}/trace\n\n  \
         Ctrl-C stops it\n"
    ));
    text
}
