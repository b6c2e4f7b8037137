//! The files of `--report`, and what GitHub Actions is told.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use scenarios::{Problems, Scenario};
use wire::exports::har::har;
use wire::exports::mermaid::mermaid;
use wire::exports::{Secrets, Section};

use super::output_file;
use super::{Exit, Failure};
use crate::lab::data_folder::write_in_one_step;
use crate::play::Played;
use crate::report::visible::visible;
use crate::report::{Account, github, html, json, junit, tap};

/// The flags of reports.
#[derive(Debug, Default, Args)]
pub(super) struct ReportOptions {
    /// Write reports: junit, html, har, mermaid, tap or json, each with its file. Several are separated by commas.
    #[arg(long, value_name = "FORMAT=FILE", value_delimiter = ',')]
    report: Vec<ReportFile>,
    /// Leave secrets in the files of --report, which only their owner can then read.
    #[arg(long, requires = "report")]
    with_secrets: bool,
}

impl ReportOptions {
    /// Whether any report is wanted.
    pub(super) fn are_wanted(&self) -> bool {
        !self.report.is_empty()
    }

    /// Refuses, before anything is played, a file that cannot be written, and one that two reports would be written to.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let mut files = Vec::new();
        for report in &self.report {
            let tried = output_file::make_folder(&report.path).and_then(|()| output_file::try_out(&report.path));
            tried.map_err(|error| unwritable(&report.path, &error))?;
            // whatever is written to a device or a pipe goes through it
            if report.path.metadata().is_ok_and(|found| !found.is_file()) {
                continue;
            }
            let file = the_one_file(&report.path);
            if files.contains(&file) {
                let message = format!("--report: two reports go to {}", report.path.display());
                return Err(Failure::new(Exit::Usage, "usage", message + "\nfix: give each a file of its own"));
            }
            files.push(file);
        }
        Ok(())
    }
}

/// A report to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReportFile {
    format: Format,
    path: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Junit,
    Html,
    Har,
    Mermaid,
    Tap,
    Json,
}

const FORMATS: [(&str, Format); 6] = [
    ("junit", Format::Junit),
    ("html", Format::Html),
    ("har", Format::Har),
    ("mermaid", Format::Mermaid),
    ("tap", Format::Tap),
    ("json", Format::Json),
];

impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = FORMATS.map(|(name, _)| name).join(", ");
        let known = |name: &str| FORMATS.iter().find(|(known, _)| *known == name).map(|(_, format)| *format);
        match text.split_once('=') {
            Some((_, "-")) => Err("`-` is no file; --json prints the result on stdout".to_owned()),
            Some((name, path)) if !path.is_empty() => {
                let format = known(name).ok_or_else(|| format!("no report is called '{name}': there are {names}"))?;
                Ok(Self { format, path: path.into() })
            }
            _ => Err(format!("a report is FORMAT=FILE, where FORMAT is one of {names}")),
        }
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure { code: "report.unwritable", ..output_file::unwritable(path, error) }
}

/// The file that `path` leads to, however it is written, through links too.
fn the_one_file(path: &Path) -> PathBuf {
    let found = path.canonicalize().or_else(|error| match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if !folder.as_os_str().is_empty() => Ok(folder.canonicalize()?.join(name)),
        (_, Some(name)) => Ok(Path::new(".").canonicalize()?.join(name)),
        (_, None) => Err(error),
    });
    found.unwrap_or_else(|_: std::io::Error| path.to_owned())
}

/// Writes every report that was asked for.
pub(super) fn write_all(scenarios: &[Scenario], all_played: &[Played], options: &ReportOptions) -> Result<(), Failure> {
    if options.report.is_empty() {
        return Ok(());
    }
    let secrets = if options.with_secrets { Secrets::Included } else { Secrets::Replaced };
    let accounts = accounts(scenarios, all_played, secrets);
    options.report.iter().try_for_each(|report| {
        let text = report.format.text(&accounts, secrets).map_err(|error| Failure::new(Exit::Bug, "report", error))?;
        write(&report.path, &text, secrets).map_err(|error| unwritable(&report.path, &error))
    })
}

/// Tells GitHub Actions, where it runs there, what failed, and where.
pub(super) fn tell_github(scenarios: &[Scenario], all_played: &[Played]) {
    if is_on_github() {
        let accounts = accounts(scenarios, all_played, Secrets::Replaced);
        // Commands are read from either stream; on stdout one would stand between the lines of --json.
        eprint!("{}", github::annotations(&accounts));
        if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from) {
            // nobody asked for it: the result is told elsewhere too
            if let Err(error) = append(&path, &github::step_summary(&accounts)) {
                eprintln!("{}", visible(&format!("no step summary: cannot write {}: {error}", path.display())));
            }
        }
    }
}

fn accounts<'p>(scenarios: &'p [Scenario], all_played: &'p [Played], secrets: Secrets) -> Vec<Account<'p>> {
    scenarios.iter().zip(all_played).map(|(scenario, played)| Account::of(scenario, played, secrets)).collect()
}

/// Tells GitHub Actions, where it runs there, which files are in error.
pub(super) fn annotate(problems: &Problems) {
    if is_on_github() {
        eprint!("{}", github::file_annotations(problems));
    }
}

fn is_on_github() -> bool {
    std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true")
}

impl Format {
    fn text(self, accounts: &[Account], secrets: Secrets) -> Result<String, String> {
        let sections = || -> Vec<Section> { accounts.iter().flat_map(Account::sections).collect() };
        match self {
            Self::Junit => junit::junit(accounts, secrets).map_err(|error| error.to_string()),
            Self::Html => html::html(accounts, secrets).map_err(|error| error.to_string()),
            Self::Har => Ok(format!("{:#}\n", har(&sections(), secrets))),
            Self::Mermaid => Ok(mermaid(&sections(), secrets)),
            Self::Tap => Ok(tap::tap(accounts, secrets)),
            Self::Json => Ok(format!("{:#}\n", json::json(accounts, secrets))),
        }
    }
}

/// Writes a report. One with secrets is its owner's only, whoever could read the file that it replaces.
fn write(path: &Path, text: &str, secrets: Secrets) -> std::io::Result<()> {
    match secrets {
        Secrets::Replaced => std::fs::write(path, text),
        Secrets::Included => write_in_one_step(path, text),
    }
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_known_format_and_a_file() {
        let report = ReportFile { format: Format::Html, path: "out/a=b.html".into() };
        assert_eq!("html=out/a=b.html".parse(), Ok(report));
        for (text, said) in [
            ("pdf=x", "no report is called 'pdf': there are junit"),
            ("junit", "FORMAT=FILE"),
            ("tap=", "FORMAT=FILE"),
            ("json=-", "--json prints"),
        ] {
            let refusal = text.parse::<ReportFile>().unwrap_err();
            assert!(refusal.contains(said), "{refusal}");
        }
    }
}
