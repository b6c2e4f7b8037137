//! `entralab exec [SCENARIO] -- CMD …`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use mock_idp::SigningKeys;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use scenarios::{Scenario, Source, instead};
use serde_json::json;
use wire::Redaction;

use super::connect::person;
use super::listening::{LabTime, random_seed, read_scenario, start_failure};
use super::ready::ready;
use super::report_files::{self, ReportOptions};
use super::{Common, Exit, Failure, json_line, runtime};
use crate::lab::data_folder::write_in_one_step;
use crate::lab::{Lab, Setup, pages};
use crate::play::{self, Observed, Phase, Played, PlayedStep, Purpose, Refused, observe};
use crate::report::terminal::{self, Detail};
use crate::report::visible::visible;

#[cfg(unix)]
mod browser;
#[cfg(not(unix))]
#[path = "exec/no_browser.rs"]
mod browser;
mod environment;
mod java;
mod program;

use program::Ended;

/// How many refused names are told while the program runs.
const TOLD_NAMES: usize = 20;

/// Options of `exec`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A scenario or world, as a file or by its bundled name: its setup is started as it stands, faults included.
    #[arg(default_value = "article")]
    scenario: PathBuf,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
    /// Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET to this application of the world, by its name there.
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Who signs in, in the browser that the program opens: a person's name in the world. Default: the first who has no
    /// directory role.
    #[arg(long = "as", value_name = "USER")]
    user: Option<String>,
    /// Also for a program in Java: makes a trust store with `keytool`, and sets JAVA_TOOL_OPTIONS to it and to the proxy.
    #[arg(long)]
    java: bool,
    #[command(flatten)]
    time: LabTime,
    #[command(flatten)]
    reports: ReportOptions,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    options.reports.check()?;
    let scenario = read_scenario(&options.scenario)?;
    if let Some(app) = &options.app
        && !scenario.world.idp.apps.contains_key(app)
    {
        let fix = instead(app, scenario.world.idp.apps.keys().map(String::as_str));
        let message = format!("--app: no application of this world is called '{app}'\nfix: {fix}");
        return Err(Failure::new(Exit::Usage, "app.unknown", message));
    }
    if let Some(user) = &options.user {
        person(&scenario.world, Some(user))?;
    }
    runtime()?.block_on(session(options, &scenario, common))
}

/// Starts the lab, runs the program in it, and tells what came of it.
async fn session(options: &Options, scenario: &Scenario, common: Common) -> Result<Exit, Failure> {
    // Before anything is started: a signal that comes early is the program's as well.
    let signals = program::Signals::register()?;
    let lab =
        Lab::start_cloud((*scenario.world).clone(), setup(options, scenario)?, pages::router).map_err(start_failure)?;
    let refused_names = RefusedNames::default();
    let proxy = {
        let refused_names = refused_names.clone();
        lab.proxy(move |name| refused_names.note(name, common)).map_err(start_failure)?
    };
    let folder = PrivateFolder::new()?;
    let ca = folder.write("ca.pem", lab.ca_pem())?;
    let trust_store = options.java.then(|| java::trust_store(folder.0.path(), &ca)).transpose()?;
    let mut ready = ready(&lab, &ca);
    ready["proxy"] = json!(proxy.url());
    let lab_file = folder.write("lab.json", &format!("{ready}\n"))?;
    let browser = browser::open(folder.0.path(), &lab, options.user.as_deref(), common)?;
    let files = environment::Files { ca: &ca, lab: &lab_file, browser: browser.as_deref() };
    let mut environment = environment::variables(&ready, &files, &proxy, options.app.as_deref());
    if let Some(store) = trust_store {
        environment.push(("JAVA_TOOL_OPTIONS".to_owned(), java::tool_options(&store, &proxy)));
    }

    let label = options.command.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let mut ended = None;
    let act = async {
        let came = program::run(&options.command, &environment, signals).await?;
        ended = Some(came);
        Ok(json!({ "exit": came.code() }))
    };
    let observed = observe(&lab, label, act).await?;
    let ended = ended.unwrap_or(Ended::Exit(0));
    tell(&observed, ended, &refused_names, common);
    report_files::write_all(std::slice::from_ref(scenario), &[played(scenario, observed, ended)], &options.reports)?;
    Ok(Exit::Program(ended.code()))
}

/// Cloud names for a program that judges tokens itself: lab time is real unless another is asked for, and the keys that
/// sign are this lab's alone.
fn setup(options: &Options, scenario: &Scenario) -> Result<Setup, Failure> {
    let clock = options.time.clock();
    let signing_keys = SigningKeys::generate(&mut ChaCha20Rng::from_seed(random_seed()?), clock.now())
        .map_err(|error| Failure::new(Exit::Bug, "keys", error))?;
    let repeatable = Setup::repeatable(&scenario.world).map_err(start_failure)?;
    Ok(Setup { clock, signing_keys: Arc::new(signing_keys), seed: random_seed()?, ..repeatable })
}

/// The names that the program asked for and the lab does not have.
#[derive(Clone, Default)]
struct RefusedNames(Arc<Mutex<BTreeSet<String>>>);

impl RefusedNames {
    /// Says it at once, because a program may wait long for such a name, or hide what the proxy answers.
    fn note(&self, name: &str, common: Common) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() < TOLD_NAMES && names.insert(name.to_owned()) && !common.quiet && !common.json {
            eprintln!(
                "{}",
                visible(&format!("entralab: refused {name}: it is not in this lab, and nothing leaves it"))
            );
        }
    }

    fn list(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// A folder of this user's alone that goes with the process.
struct PrivateFolder(tempfile::TempDir);

impl PrivateFolder {
    fn new() -> Result<Self, Failure> {
        tempfile::Builder::new().prefix("entralab-").tempdir().map(Self).map_err(|error| Self::failure(&error))
    }

    fn failure(error: &std::io::Error) -> Failure {
        let message = format!("cannot use a temporary folder: {error}\nfix: name one with TMPDIR that can be written");
        Failure::new(Exit::Environment, "temporary_folder", message)
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.0.path().join(name);
        write_in_one_step(&path, text).map_err(|error| Self::failure(&error))?;
        Ok(path)
    }
}

/// Tells on stderr, for stdout is the program's: which check refused, where the program failed; with --verbose every message.
fn tell(observed: &Observed, ended: Ended, refused_names: &RefusedNames, common: Common) {
    let redaction = Redaction::of(&observed.exchanges);
    let refused = Refused::of(&observed.exchanges);
    if common.json {
        let by = refused.map(|refused| refused.json(&redaction));
        let document = json!({
            "exit": ended.code(),
            "exchanges": observed.exchanges.len(),
            "refused": by,
            "refused_names": refused_names.list(),
        });
        eprint!("{}", json_line(&document));
    } else if common.verbose {
        let detail = Detail { colored: false, hops: true, steps: true };
        eprint!("{}", terminal::observed(observed, ended.is_success(), &redaction, detail));
    } else if let Some(refused) = refused.filter(|_| !common.quiet && !ended.is_success()) {
        let text = format!("entralab: {}: {ended}\n{}", observed.label, refused.text());
        eprint!("{}", visible(&redaction.hide(&text)));
    }
}

/// What came, as reports tell it: a scenario of one step.
fn played(scenario: &Scenario, observed: Observed, ended: Ended) -> Played {
    let failure = (!ended.is_success()).then(|| play::Failure::Program {
        label: observed.label.clone(),
        ended: ended.to_string(),
        refused: Refused::of(&observed.exchanges).map(Box::new),
    });
    let Observed { label, outcome, exchanges, duration_us } = observed;
    let span = Source::new(scenario.file.clone(), "").span(0, 0);
    let step =
        PlayedStep { label, outcome, exchanges, duration_us, span, mismatches: Vec::new(), expects_nothing: false };
    let phase = Phase { purpose: Purpose::Steps, steps: vec![step], unplayed: Vec::new() };
    Played { name: scenario.name.clone(), file: scenario.file.clone(), phases: vec![phase], failure }
}
