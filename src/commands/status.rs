//! `entralab status`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::settings::Settings;
use super::{Common, Exit, Failure, print, runtime};
use crate::lab::certificates::client_config;
use crate::lab::data_folder::RUNNING;

/// Options of `status`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The data folder of the lab. Default: ENTRALAB_DATA_DIR, or this user's.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let named = options.data_dir.clone().or(Settings::read()?.data_dir);
    let folder = super::up::data_dir(named.as_deref())?;
    let running = std::fs::read_to_string(folder.join(RUNNING))
        .ok()
        .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .filter(answers);
    let Some(running) = running else {
        if common.json {
            print(&format!("{}\n", json!({ "running": false })));
        } else {
            print("no lab is running; `entralab up` starts one\n");
        }
        return Ok(Exit::Environment);
    };
    if common.json {
        print(&format!("{}\n", json!({ "running": true, "lab": running })));
    } else {
        let text = |member: &str| running.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        print(&format!(
            "running (pid {})\n  identity provider  {}\n  MCP server         {}\n  lab                {}\n",
            running.get("pid").unwrap_or(&Value::Null),
            text("idp"),
            text("mcp"),
            text("lab"),
        ));
    }
    Ok(Exit::Ok)
}

/// Whether the lab that the file names is alive: a file may outlive its process.
fn answers(running: &Value) -> bool {
    let Some(lab) = running.get("lab").and_then(Value::as_str) else { return false };
    let Ok(runtime) = runtime() else { return false };
    runtime.block_on(async {
        let trusts_nobody = client_config(rustls::RootCertStore::empty()).ok()?;
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(trusts_nobody)
            .timeout(Duration::from_secs(2))
            .build()
            .ok()?;
        let answer = client.get(format!("{lab}/readyz")).send().await.ok()?;
        Some(answer.status().is_success())
    }) == Some(true)
}
