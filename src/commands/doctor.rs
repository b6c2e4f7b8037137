//! `entralab doctor`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use url::Url;
use wire::Clock;

use super::listening::data_dir;
use super::running::Running;
use super::settings::{HIGHEST_PORT_BASE, Settings};
use super::{Common, Exit, Failure, json_line, print};
use crate::doctor::{self, Finding, RunningLab, State, folder, surroundings};
use crate::lab::data_folder::{CA_CERTIFICATE, Part};
use crate::lab::sockets::Sockets;
use crate::report::visible::visible;

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The port base that `up` would be given.
    #[arg(long, value_name = "PORT", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(..=i64::from(HIGHEST_PORT_BASE)))]
    port_base: Option<u16>,
    /// The data folder that `up` would be given.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let settings = Settings::read()?;
    let data_dir = data_dir(options.data_dir.as_deref().or(settings.data_dir.as_deref()))?;
    // the shell that a fix is pasted into may stand elsewhere
    let data_dir = std::path::absolute(&data_dir).unwrap_or(data_dir);
    let variable = |name: &str| std::env::var(name).ok();
    let running = Running::find(&data_dir, Part::Lab).map(|running| running_lab(&running.0));
    let now = Clock::real().now();
    let mut findings = doctor::loopback();
    findings.push(doctor::localhost());
    match Sockets::documented_ports(options.port_base.or(settings.port_base)) {
        [0, ..] => {} // whatever is free
        ports => findings.extend(doctor::ports(ports, running.as_ref())),
    }
    findings.extend(folder::examine(&data_dir, now));
    findings.extend(surroundings::trust(&data_dir.join(CA_CERTIFICATE), variable));
    findings.push(surroundings::proxy(variable));
    findings.push(doctor::clock(now));
    let is_fit = findings.iter().all(|finding| finding.state != State::Problem);
    if common.json {
        print(&json_line(&json!({ "fit": is_fit, "findings": findings })))?;
    } else {
        print(&visible(&text(&findings, common.quiet)))?;
    }
    Ok(if is_fit { Exit::Ok } else { Exit::Failed })
}

fn running_lab(told: &Value) -> RunningLab {
    let port = |member: &str| Url::parse(told.get(member)?.as_str()?).ok()?.port_or_known_default();
    let ports = ["idp", "gate", "lab"].into_iter().filter_map(port).collect();
    RunningLab { pid: told["pid"].as_u64().unwrap_or_default(), ports }
}

fn text(findings: &[Finding], quiet: bool) -> String {
    let told = findings.iter().filter(|finding| !quiet || finding.state != State::Ok);
    told.map(|finding| {
        let fix = finding.fix.as_ref().map(|fix| format!("{:9}fix: {fix}\n", "")).unwrap_or_default();
        format!("{:<9}{}\n{fix}", finding.state.to_string(), finding.message)
    })
    .collect()
}
