//! `entralab check FILE…`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use scenarios::Problem;
use serde_json::json;

use super::{Common, Exit, Failure, json_line, print, runtime};
use crate::explain;
use crate::predict::{self, Finding, Severity};
use crate::report::visible::visible;

/// Options of `check`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Scenario files, folders of them, or names of bundled ones.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let (scenarios, problems) = super::run::read_all(&options.files);
    let runtime = runtime()?;
    let mut findings: Vec<Finding> = problems.0.into_iter().map(Finding::from).collect();
    let is_readable = findings.is_empty();
    for scenario in &scenarios {
        let found = runtime.block_on(predict::judge(scenario));
        findings.extend(found.unwrap_or_else(|error| {
            let fix = "write an absolute http or https URL";
            vec![Problem::of_file(&scenario.file, "world.url", error.to_string(), fix).into()]
        }));
    }
    let of = |severity| findings.iter().filter(move |finding| finding.severity == severity);
    let exit = match (is_readable, of(Severity::Error).count()) {
        (false, _) => Exit::Usage,
        (true, 0) => Exit::Ok,
        (true, _) => Exit::Failed,
    };
    if common.json {
        print(&json_line(&json!({ "problems": findings })))?;
        return Ok(exit);
    }
    for finding in of(Severity::Error) {
        print(&rendered(finding, "", common))?;
    }
    if !common.quiet {
        for finding in of(Severity::Warning) {
            print(&rendered(finding, "unwise: ", common))?;
        }
        for finding in of(Severity::Expected) {
            let Problem { file, message, fix, .. } = &finding.problem;
            let (file, message, fix) = (visible(file), visible(message), visible(fix));
            print(&format!("{file}: as the file says: {message}\n  fix: {fix}\n"))?;
        }
        let read = scenarios.iter().map(|scenario| scenario.file.as_str());
        let files: BTreeSet<&str> = read.chain(findings.iter().map(|finding| finding.problem.file.as_str())).collect();
        print(&summary(files.len(), |severity| of(severity).count()))?;
    }
    Ok(exit)
}

/// The line of the file with a caret, what to write, and where to read more.
fn rendered(finding: &Finding, prefix: &str, common: Common) -> String {
    let mut problem = finding.problem.clone();
    problem.message.insert_str(0, prefix);
    let is_known = |name: &&str| explain::names().any(|known| known == *name);
    let explained = finding.code.as_deref().or(Some(problem.check)).filter(is_known);
    if let Some(name) = explained {
        problem.fix.push_str(&format!("\nmore: entralab explain {name}"));
    }
    match finding.severity {
        Severity::Warning => problem.render_warning(common.colored()),
        Severity::Error | Severity::Expected => problem.render(common.colored()),
    }
}

fn summary(files: usize, of: impl Fn(Severity) -> usize) -> String {
    let counted = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let errors = of(Severity::Error);
    let mut parts = vec![if errors == 0 { "no error".to_owned() } else { counted(errors, "error") }];
    if of(Severity::Warning) > 0 {
        parts.push(counted(of(Severity::Warning), "warning"));
    }
    if of(Severity::Expected) > 0 {
        parts.push(format!("{} that the files themselves expect", counted(of(Severity::Expected), "failure")));
    }
    format!("{}: {}\n", counted(files, "file"), parts.join(", "))
}
