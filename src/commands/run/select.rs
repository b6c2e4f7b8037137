//! Which scenarios a run plays.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use scenarios::{Problem, Problems, Scenario, unknown};

use super::Options;
use crate::commands::{Common, Exit, Failure};

/// What a run plays, and what of the named files cannot be played.
pub(super) struct Selected {
    /// In order.
    pub scenarios: Vec<Scenario>,
    /// Files in error do not keep the others from being played.
    pub in_error: Option<Failure>,
}

/// The scenarios that `options` select: at least one, or files in error.
pub(super) fn selected(options: &Options, common: Common) -> Result<Selected, Failure> {
    let (mut scenarios, problems) = if options.files.is_empty() { read_bundled() } else { read_all(&options.files) };
    let in_error = (!problems.0.is_empty()).then(|| {
        crate::commands::report_files::annotate(&problems);
        let text: String = problems.0.iter().map(|problem| problem.render(common.colored())).collect();
        Failure::painted(Exit::Usage, "scenario.invalid", text)
    });
    let nothing = |scenarios: &[Scenario], code, message| {
        let is_nothing = scenarios.is_empty() && in_error.is_none();
        if is_nothing { Err(Failure::new(Exit::Usage, code, message)) } else { Ok(()) }
    };
    scenarios.retain(|scenario| !scenario.steps.is_empty());
    let message = "none of these files has steps: they are worlds\nfix: `entralab up FILE` starts one";
    nothing(&scenarios, "scenario.no_steps", message)?;
    scenarios.retain(|scenario| is_selected(scenario, options));
    let message =
        "no scenario has what --filter and --tag ask for\nfix: ask for less; `entralab list` names the bundled ones";
    nothing(&scenarios, "scenario.none_selected", message)?;
    Ok(Selected { scenarios, in_error })
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
pub(in crate::commands) fn read_all(files: &[PathBuf]) -> (Vec<Scenario>, Problems) {
    let mut read = (Vec::new(), Problems(Vec::new()));
    for file in files {
        if !file.is_dir() {
            keep(read_one(file), &mut read);
            continue;
        }
        let (found, unreadable) = scenario_files(file);
        if found.is_empty() && unreadable.0.is_empty() {
            let fix = "name a folder that has some, or a file";
            let name = file.display().to_string();
            read.1.0.push(Problem::of_file(&name, "folder.empty", "no *.scenario.yaml file in this folder", fix));
        }
        read.1.0.extend(unreadable.0);
        for file in found {
            keep(scenarios::read(&file), &mut read);
        }
    }
    read
}

/// Reads a file, or the bundled scenario of that name where there is no such file.
pub(in crate::commands) fn read_one(file: &Path) -> Result<Scenario, Problems> {
    let name = match file.to_str() {
        Some(name) if file.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) => name,
        _ => return scenarios::read(file),
    };
    match scenarios::find_bundled(name) {
        Some(bundled) => bundled.read(),
        None => {
            let mut problem = unknown(name, "there is neither a file nor a bundled scenario of this name");
            if Path::new(&format!("{name}.scenario.yaml")).exists() {
                problem.fix = format!("did you mean {name}.scenario.yaml?");
            }
            Err(problem.into())
        }
    }
}

fn keep(result: Result<Scenario, Problems>, read: &mut (Vec<Scenario>, Problems)) {
    match result {
        Ok(scenario) => read.0.extend(scenario.cases()),
        Err(problems) => read.1.0.extend(problems.0),
    }
}

/// The scenario files of a folder and of the folders in it, in order of their names, and which folders cannot be read.
pub(super) fn scenario_files(folder: &Path) -> (Vec<PathBuf>, Problems) {
    let (mut files, mut unreadable) = (Vec::new(), Problems(Vec::new()));
    collect(folder, &mut files, &mut unreadable);
    files.sort();
    (files, unreadable)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>, unreadable: &mut Problems) {
    let entries: Vec<_> = std::fs::read_dir(folder).and_then(Iterator::collect).unwrap_or_else(|error| {
        let message = format!("the folder cannot be read: {error}");
        let fix = "check who may read it, or name its files";
        unreadable.0.push(Problem::of_file(&folder.display().to_string(), "folder.unreadable", message, fix));
        Vec::new()
    });
    for entry in entries {
        let path = entry.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // not through links: they can lead in a circle
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !name.starts_with('.') {
            collect(&path, files, unreadable);
        } else if !is_folder && (name.ends_with(".scenario.yaml") || name.ends_with(".scenario.yml")) {
            files.push(path);
        }
    }
}
