//! `entralab run [FILE, folder or NAME …]`.

use std::path::{Path, PathBuf};

use clap::Args;
use scenarios::{Problems, Scenario};

use super::{Common, Exit, Failure, print, runtime};
use crate::play;
use crate::report::{summary, terminal};

/// Options of `run`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Scenario files, folders of them, or names of bundled ones. Default: all bundled ones.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let (scenarios, problems) = if options.files.is_empty() { read_bundled() } else { read_all(&options.files)? };
    if !problems.0.is_empty() {
        let text: String = problems.0.iter().map(|problem| problem.render(common.colored())).collect();
        return Err(Failure::new(Exit::Usage, "scenario.invalid", text));
    }
    let runtime = runtime()?;
    let mut all_played = Vec::new();
    for scenario in scenarios.iter().filter(|scenario| !scenario.steps.is_empty()) {
        let played = runtime
            .block_on(play::play(scenario))
            .map_err(|error| Failure::new(Exit::Environment, "lab.start", format!("cannot start a lab: {error}")))?;
        if !common.json {
            let detail = terminal::Detail {
                colored: common.colored(),
                hops: !common.quiet && (common.verbose || !options.files.is_empty() || !scenario.has_change),
                steps: !common.quiet,
            };
            print(&terminal::scenario(scenario, &played, detail));
        }
        all_played.push(played);
    }
    if all_played.is_empty() {
        let message = "none of these files has steps: they are worlds; `entralab up FILE` starts one";
        return Err(Failure::new(Exit::Usage, "scenario.no_steps", message));
    }
    let passed = all_played.iter().all(play::Played::passed);
    if common.json {
        print(&format!("{}\n", summary::json(&all_played)));
    } else {
        print(&summary::text(&all_played, common.colored()));
    }
    Ok(if passed { Exit::Ok } else { Exit::Failed })
}

fn read_bundled() -> (Vec<Scenario>, Problems) {
    let mut read = (Vec::new(), Problems(Vec::new()));
    for bundled in scenarios::bundled().iter().filter(|bundled| !bundled.is_world) {
        keep(bundled.read(), &mut read);
    }
    read
}

/// Reads every named file, the files in every named folder, and bundled scenarios by name.
pub(super) fn read_all(files: &[PathBuf]) -> Result<(Vec<Scenario>, Problems), Failure> {
    let mut read = (Vec::new(), Problems(Vec::new()));
    for file in files {
        if file.is_dir() {
            let found = scenario_files(file)?;
            if found.is_empty() {
                let message = format!("{}: no *.scenario.yaml file in this folder", file.display());
                return Err(Failure::new(Exit::Usage, "scenario.none", message));
            }
            for file in found {
                keep(scenarios::read(&file), &mut read);
            }
        } else {
            keep(read_one(file), &mut read);
        }
    }
    Ok(read)
}

/// Reads a file, or the bundled scenario of that name where there is no such file.
pub(super) fn read_one(file: &Path) -> Result<Scenario, Problems> {
    let bundled = file.to_str().filter(|_| !file.exists()).and_then(scenarios::find_bundled);
    match bundled {
        Some(bundled) => bundled.read(),
        None => scenarios::read(file),
    }
}

fn keep(result: Result<Scenario, Problems>, read: &mut (Vec<Scenario>, Problems)) {
    match result {
        Ok(scenario) => read.0.push(scenario),
        Err(problems) => read.1.0.extend(problems.0),
    }
}

fn scenario_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Environment, "folder.unreadable", format!("{}: {error}", folder.display()))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') {
            files.extend(scenario_files(&path)?);
        } else if name.ends_with(".scenario.yaml") || name.ends_with(".scenario.yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
