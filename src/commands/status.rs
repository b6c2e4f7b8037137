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
        print(&json_line(&json!({ "running": true, "lab": without_secrets(running) })))?;
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

/// What the running lab says of itself, less what lets somebody in: that stands in the ready file, for those who ask for it.
fn without_secrets(mut lab: Value) -> Value {
    if let Some(members) = lab.as_object_mut() {
        members.remove("control_token");
        members.remove("users");
    }
    for app in lab.get_mut("apps").and_then(Value::as_object_mut).into_iter().flat_map(|apps| apps.values_mut()) {
        if let Some(app) = app.as_object_mut() {
            app.remove("client_secret");
        }
    }
    lab
}
