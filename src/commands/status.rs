//! `entralab status`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::running::Running;
use super::settings::Settings;
use super::{Common, Exit, Failure, json_line, print};
use crate::lab::data_folder::Part;

/// Options of `status`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The data folder of the lab. Default: ENTRALAB_DATA_DIR, or this user's.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let named = options.data_dir.clone().or(Settings::read()?.data_dir);
    let folder = super::listening::data_dir(named.as_deref())?;
    let Some(Running(running)) = Running::find(&folder, Part::Lab) else {
        if common.json {
            print(&json_line(&json!({ "running": false })))?;
        } else {
            print("no lab is running; `entralab up` starts one\n")?;
        }
        return Ok(Exit::Environment);
    };
    if common.json {
        print(&json_line(&json!({ "running": true, "lab": running })))?;
    } else {
        let text = |member: &str| running.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        print(&format!(
            "running (pid {})\n  identity provider  {}\n  MCP server         {}\n  lab                {}\n",
            running.get("pid").unwrap_or(&Value::Null),
            text("idp"),
            text("mcp"),
            text("lab"),
        ))?;
    }
    Ok(Exit::Ok)
}
