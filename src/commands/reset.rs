//! `entralab reset`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::listening::data_dir;
use super::running::Running;
use super::settings::Settings;
use super::{Common, Exit, Failure, json_line, print};

/// Options of `reset`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The page of the running lab. Default: the lab that runs on the data folder.
    #[arg(long, value_name = "URL")]
    lab: Option<String>,
    /// The data folder of the lab. Default: ENTRALAB_DATA_DIR, or this user's.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let named = options.data_dir.clone().or(Settings::read()?.data_dir);
    let running = Running::lab(&data_dir(named.as_deref())?, options.lab.as_deref())?;
    running.ask("POST", "/_lab/state/reset", Some(&json!({})))?;
    if common.json {
        print(&json_line(&json!({ "reset": true })))?;
    } else if !common.quiet {
        print(
            "the lab is as it was started: codes, refresh tokens, sessions, consents, connections and faults are gone\n",
        )?;
    }
    Ok(Exit::Ok)
}
