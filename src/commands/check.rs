//! `entralab check FILE…`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{Common, Exit, Failure, print};

/// Options of `check`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Scenario files, folders of them, or names of bundled ones.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let (scenarios, problems) = super::run::read_all(&options.files)?;
    if common.json {
        print(&format!("{}\n", json!({ "problems": problems.0 })));
    } else {
        for problem in &problems.0 {
            print(&problem.render(common.colored()));
        }
        if problems.0.is_empty() && !common.quiet {
            print(&format!("{} {} nothing wrong\n", scenarios.len(), plural(scenarios.len())));
        }
    }
    Ok(if problems.0.is_empty() { Exit::Ok } else { Exit::Usage })
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "file has" } else { "files have" }
}
