//! `run --watch`: plays the named files, and again what changes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use scenarios::Scenario;

use super::interruption::Interruption;
use super::select::Selected;
use super::{Options, round, select};
use crate::commands::{Common, Exit, Failure};

/// How often modification times are looked at.
const PAUSE: Duration = Duration::from_millis(250);

/// When each file was last changed.
type Times = BTreeMap<PathBuf, SystemTime>;

/// Plays until interrupted. A file in error is told, and waited for.
pub(super) fn watch(options: &Options, common: Common) -> Result<Exit, Failure> {
    if let Some(missing) = options.files.iter().find(|file| !file.exists()) {
        let message = format!("--watch: there is no file or folder {}", missing.display());
        let fix = "name one that is there; what is bundled never changes";
        return Err(Failure::new(Exit::Usage, "usage", format!("{message}\nfix: {fix}")));
    }
    let interruption = Interruption::awaited()?;
    let mut seen = Times::new();
    loop {
        let now = times(&options.files);
        let changed: Vec<PathBuf> =
            now.iter().filter(|(path, time)| seen.get(*path) != Some(*time)).map(|(path, _)| path.clone()).collect();
        let first = seen.is_empty();
        if !changed.is_empty() {
            if let Err(failure) = play_changed(&changed, first, options, &interruption, common) {
                failure.tell(common);
            }
            if first && !common.quiet {
                eprintln!("watching {} files; Ctrl+C ends it", now.len());
            }
        }
        seen = now;
        if interruption.within(PAUSE) {
            return Ok(Exit::Interrupted);
        }
    }
}

/// Plays the scenarios of the changed files; all of them, where a changed file is one that others may build on.
fn play_changed(
    changed: &[PathBuf],
    first: bool,
    options: &Options,
    interruption: &Interruption,
    common: Common,
) -> Result<Exit, Failure> {
    let Selected { mut scenarios, in_error } = select::selected(options, common)?;
    if let Some(failure) = in_error {
        return Err(failure);
    }
    let own = |scenario: &Scenario| changed.iter().any(|path| path == Path::new(&scenario.file));
    let all_are_scenarios = changed.iter().all(|path| scenarios.iter().any(|one| Path::new(&one.file) == path));
    if !first && all_are_scenarios {
        scenarios.retain(own);
    }
    round(&scenarios, options, interruption, common)
}

/// The modification times of the named files, and of the scenario files beside them: a base may be among those.
fn times(files: &[PathBuf]) -> Times {
    let mut watched: Vec<PathBuf> = Vec::new();
    for file in files {
        if file.is_dir() {
            watched.extend(select::scenario_files(file).0);
        } else if file.exists() {
            let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty());
            let beside = std::fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter().flatten().flatten();
            let beside = beside.map(|entry| folder.map_or_else(|| entry.file_name().into(), |_| entry.path()));
            watched.extend(beside.filter(|path: &PathBuf| path.to_string_lossy().contains(".scenario.y")));
            watched.push(file.clone());
        }
    }
    let time = |path: PathBuf| Some((path.metadata().ok()?.modified().ok()?, path));
    watched.into_iter().filter_map(time).map(|(time, path)| (path, time)).collect()
}
