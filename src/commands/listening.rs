//! What the commands that stay have in common: keys, signals, and telling when they are ready.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use mock_idp::SigningKeys;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use scenarios::{Scenario, World};
use serde_json::Value;
use wire::listen::ListenError;
use wire::{Clock, Trace};

use super::{Common, Exit, Failure, output_file, print};
use crate::lab::certificates::CertificateAuthority;
use crate::lab::data_folder::{self, CA_CERTIFICATE, CA_KEY, DataFolder, DataFolderError, SIGNING_KEYS};
use crate::lab::kept_keys::{self, Damaged};
use crate::lab::{Setup, StartError};

/// The flags of lab time.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct LabTime {
    /// Lab time at the start, such as 2026-01-15T09:00:00Z, from which it goes on. Default: the real time.
    #[arg(long, value_name = "TIME", value_parser = lab_time, allow_negative_numbers = true)]
    clock: Option<Timestamp>,
    /// Lab time stands still.
    #[arg(long)]
    freeze: bool,
}

/// An instant, with an example where it is none.
fn lab_time(text: &str) -> Result<Timestamp, String> {
    let time: Timestamp = text
        .parse()
        .map_err(|_| "no instant with date, time and zone; write such as 2026-01-15T09:00:00Z".to_owned())?;
    if time < Timestamp::UNIX_EPOCH {
        return Err("before 1970, from when tokens count their seconds; write such as 2026-01-15T09:00:00Z".to_owned());
    }
    Ok(time)
}

impl LabTime {
    /// The lab clock that they ask for.
    pub(super) fn clock(self) -> Clock {
        match (self.clock, self.freeze) {
            (None, false) => Clock::real(),
            (start, true) => Clock::frozen_at(start.unwrap_or_else(|| Clock::real().now())),
            (Some(start), false) => Clock::ticking_from(start),
        }
    }
}

/// A scenario or world file, or a bundled one.
pub(super) fn read_scenario(named: &Path) -> Result<Scenario, Failure> {
    super::run::read_one(named).map_err(|problems| {
        let text: String = problems.0.iter().map(|problem| problem.render(false)).collect();
        Failure::new(Exit::Usage, "scenario.invalid", text)
    })
}

/// The world of a scenario or world file, or of a bundled one.
pub(super) fn read_world(named: &Path) -> Result<World, Failure> {
    Ok((*read_scenario(named)?.world).clone())
}

/// Looks whether the ready file can be written, and takes back what an earlier start said that did not come to its end:
/// whoever waits for the file waits for this one. What somebody else wrote is left alone.
pub(super) fn claim_ready(ready_file: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = ready_file else { return Ok(()) };
    let unwritable = |error: std::io::Error| output_file::unwritable(file, &error);
    output_file::try_out(file).map_err(unwritable)?;
    // a pipe would be waited for
    if !file.is_file() {
        return Ok(());
    }
    let is_ours = |text: &str| {
        text.is_empty() || serde_json::from_str::<Value>(text).is_ok_and(|said| said.get("ready").is_some())
    };
    match std::fs::read_to_string(file) {
        Ok(text) if is_ours(&text) => std::fs::remove_file(file).map_err(unwritable),
        Err(error) if error.kind() != ErrorKind::InvalidData => Err(unwritable(error)),
        Ok(_) | Err(_) => {
            let message = format!("{} is there already, and is no ready file", file.display());
            let fix = "name another with --ready-file, or remove it";
            Err(Failure::new(Exit::Usage, "file.exists", format!("{message}\nfix: {fix}")))
        }
    }
}

/// Says that the parties are ready, and where they are; waits for `stop`, and takes it back.
pub(super) async fn stay(
    ready: &Value,
    welcome: &str,
    folder: &DataFolder,
    ready_file: Option<&Path>,
    common: Common,
    stop: impl Future<Output = ()>,
) -> Result<Exit, Failure> {
    let line = format!("{ready}\n");
    folder.write(&folder.running_file(), &line).map_err(data_folder_failure)?;
    let noted = ready_file.map_or(Ok(()), |file| {
        data_folder::write_in_one_step(file, &line).map_err(|error| output_file::unwritable(file, &error))
    });
    let is_noted = noted.is_ok();
    let told = noted.and_then(|()| match (common.json, common.quiet) {
        (true, _) => print(&line),
        (false, false) => print(welcome),
        (false, true) => Ok(()),
    });
    if told.is_ok() {
        stop.await;
    }
    folder.remove(&folder.running_file());
    if let Some(file) = ready_file.filter(|_| is_noted) {
        let _missing = std::fs::remove_file(file);
    }
    told?;
    if !common.json && !common.quiet {
        print("stopped\n")?;
    }
    Ok(Exit::Ok)
}

/// A port is taken; `fix` says which flag takes another.
pub(super) fn port_failure(error: &ListenError, fix: &str) -> Failure {
    Failure::new(Exit::Environment, "port", format!("{error}\nfix: {fix}"))
}

pub(super) fn data_folder_failure(error: DataFolderError) -> Failure {
    let code = match error {
        DataFolderError::Taken { .. } => "data_dir.taken",
        DataFolderError::Io { .. } | DataFolderError::NoFolder(_) | DataFolderError::NoDefault => "data_dir",
    };
    Failure::new(Exit::Environment, code, error)
}

/// The data folder that was named, or this user's.
pub(super) fn data_dir(named: Option<&Path>) -> Result<PathBuf, Failure> {
    named.map_or_else(DataFolder::default_path, |path| Ok(path.to_owned())).map_err(data_folder_failure)
}

pub(super) fn start_failure(error: StartError) -> Failure {
    match error {
        StartError::NotAUrl(_) | StartError::NotOnThisMachine(_) => {
            Failure::new(Exit::Usage, "world.url", format!("{error}\nfix: write such as http://localhost:3000"))
        }
        error => Failure::new(Exit::Environment, "lab.start", error),
    }
}

/// Keys and CA of the data folder, made at the first start.
pub(super) fn setup(folder: &DataFolder, trace: Trace) -> Result<Setup, Failure> {
    let clock = Clock::real();
    let seed = random_seed()?;
    let _nobody_else_makes_keys = folder.lock_keys().map_err(data_folder_failure)?;
    let broken = |damaged: Damaged| {
        let message = format!("{damaged}\nfix: {}", damaged.fix);
        Failure::new(Exit::Environment, "data_dir.broken", message)
    };
    let signing_keys = match kept_keys::signing_keys(folder.path()).map_err(broken)? {
        Some(keys) => keys,
        None => {
            let keys = SigningKeys::generate(&mut ChaCha20Rng::from_seed(seed), clock.now())
                .map_err(|error| Failure::new(Exit::Bug, "keys", error))?;
            folder.write(SIGNING_KEYS, &keys.to_pem()).map_err(data_folder_failure)?;
            keys
        }
    };
    let certificate_authority = match kept_keys::authority(folder.path()).map_err(broken)? {
        Some(kept) => kept,
        None => {
            let made = CertificateAuthority::generate(&["localhost".to_owned()], true)
                .map_err(|error| Failure::new(Exit::Bug, "ca", error))?;
            // The key first: a certificate without its key would be trusted for nothing.
            folder.write(CA_KEY, &made.key_pem()).map_err(data_folder_failure)?;
            folder.write(CA_CERTIFICATE, made.certificate_pem()).map_err(data_folder_failure)?;
            made
        }
    };
    Ok(Setup {
        clock,
        signing_keys: Arc::new(signing_keys),
        certificate_authority,
        also_trusted: Vec::new(),
        trace,
        seed: random_seed()?,
    })
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the system for randomness")]
pub(super) fn random_seed() -> Result<[u8; 32], Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Failure::new(Exit::Environment, "random", error))?;
    Ok(seed)
}
