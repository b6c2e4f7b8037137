//! Which scenarios a run plays.

use std::path::{Path, PathBuf};

use scenarios::{Problems, Scenario};

use super::{Options, report_file};
use crate::commands::{Common, Exit, Failure};

/// The scenarios that `options` select, in order; at least one.
pub(super) fn selected(options: &Options, common: Common) -> Result<Vec<Scenario>, Failure> {
    let (mut scenarios, problems) = if options.files.is_empty() { read_bundled() } else { read_all(&options.files)? };
    if !problems.0.is_empty() {
        report_file::annotate(&problems);
        let text: String = problems.0.iter().map(|problem| problem.render(common.colored())).collect();
        return Err(Failure::painted(Exit::Usage, "scenario.invalid", text));
    }
    scenarios.retain(|scenario| !scenario.steps.is_empty());
    if scenarios.is_empty() {
        let message = "none of these files has steps: they are worlds; `entralab up FILE` starts one";
        return Err(Failure::new(Exit::Usage, "scenario.no_steps", message));
    }
    scenarios.retain(|scenario| is_selected(scenario, options));
    if scenarios.is_empty() {
        let message = "no scenario has what --filter and --tag ask for; `entralab list` names the bundled ones";
        return Err(Failure::new(Exit::Usage, "scenario.none_selected", message));
    }
    Ok(scenarios)
}

fn is_selected(scenario: &Scenario, options: &Options) -> bool {
    let tagged = options.tag.is_empty() || options.tag.iter().any(|tag| scenario.tags.contains(tag));
    let Some(filter) = options.filter.as_ref().map(|text| text.to_lowercase()) else { return tagged };
    let mut texts = [&scenario.name, &scenario.file, &scenario.title].into_iter().chain(&scenario.reports);
    tagged && texts.any(|text| text.to_lowercase().contains(&filter))
}

fn read_bundled() -> (Vec<Scenario>, Problems) {
    let mut read = (Vec::new(), Problems(Vec::new()));
    for bundled in scenarios::bundled().iter().filter(|bundled| !bundled.is_world) {
        keep(bundled.read(), &mut read);
    }
    read
}

/// Reads every named file, the files in every named folder, and bundled scenarios by name.
pub(in crate::commands) fn read_all(files: &[PathBuf]) -> Result<(Vec<Scenario>, Problems), Failure> {
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
pub(in crate::commands) fn read_one(file: &Path) -> Result<Scenario, Problems> {
    let bundled = file.to_str().filter(|_| !file.exists()).and_then(scenarios::find_bundled);
    match bundled {
        Some(bundled) => bundled.read(),
        None => scenarios::read(file),
    }
}

fn keep(result: Result<Scenario, Problems>, read: &mut (Vec<Scenario>, Problems)) {
    match result {
        Ok(scenario) => read.0.extend(scenario.cases()),
        Err(problems) => read.1.0.extend(problems.0),
    }
}

/// The scenario files of a folder and of the folders in it, in order of their names.
pub(super) fn scenario_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
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
