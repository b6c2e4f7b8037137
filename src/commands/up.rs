//! `entralab up [SCENARIO]`.

use std::path::PathBuf;

use clap::Args;
use scenarios::World;
use wire::Trace;

use super::listening::{
    LabTime, claim_ready, data_dir, data_folder_failure, port_failure, read_world, setup, start_failure, stay,
};
use super::ready::ready;
use super::settings::{HIGHEST_PORT_BASE, Settings};
use super::stop_signal::stop_signal;
use super::{Common, Exit, Failure, runtime};
use crate::Lab;
use crate::lab::Setup;
use crate::lab::data_folder::{CA_CERTIFICATE, DataFolder, Part};
use crate::lab::neighbours::Neighbours;
use crate::lab::pages;
use crate::lab::sockets::Sockets;

/// Options of `up`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A scenario or world, as a file or by its bundled name: its setup is started as it stands, faults included.
    #[arg(default_value = "article")]
    scenario: PathBuf,
    /// Three ports from this one on: identity provider, gate, lab; 0 takes free ones. Default: 8443, 8444 and 8080.
    #[arg(long, value_name = "PORT", allow_negative_numbers = true
        , value_parser = clap::value_parser!(u16).range(..=i64::from(HIGHEST_PORT_BASE)))]
    port_base: Option<u16>,
    /// Where keys, the local CA and `running.json` are kept. Default: this user's data folder.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// A file to write when the lab is ready: what `--json` prints.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    time: LabTime,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let world = read_world(&options.scenario)?;
    let settings = Settings::read()?;
    let options = Options {
        port_base: options.port_base.or(settings.port_base),
        data_dir: options.data_dir.clone().or(settings.data_dir),
        ready_file: options.ready_file.clone().or(settings.ready_file),
        scenario: options.scenario.clone(),
        time: options.time,
    };
    let path = data_dir(options.data_dir.as_deref())?;
    let folder = DataFolder::hold(&path, Part::Lab).map_err(data_folder_failure)?;
    claim_ready(options.ready_file.as_deref())?;
    runtime()?.block_on(serve(&options, common, &world, &folder))
}

async fn serve(options: &Options, common: Common, world: &World, folder: &DataFolder) -> Result<Exit, Failure> {
    // Before anything is printed: a signal that comes early must not kill us on the way.
    let stop = stop_signal()?;
    let sockets = Sockets::documented(options.port_base)
        .map_err(|error| port_failure(&error, "--port-base N takes N, N+1 and N+2; 0 takes free ports"))?;
    let setup = setup(folder, Trace::default())?;
    let setup = Setup { clock: options.time.clock(), ..setup };
    let lab = Lab::start_local(world, sockets, &Neighbours::default(), setup, pages::router).map_err(start_failure)?;
    stay(
        &ready(&lab, &folder.file(CA_CERTIFICATE)),
        &welcome(&lab, folder),
        folder,
        options.ready_file.as_deref(),
        common,
        stop,
    )
    .await
}

fn welcome(lab: &Lab, folder: &DataFolder) -> String {
    let world = lab.world();
    let page = lab.page_url();
    let mut text = format!(
        "entralab is up: an emulator on this machine; nothing leaves it\n\n  \
         the lab             {page}\n  \
         identity provider   {}\n  \
         gated MCP server    {}\n  \
         certificate         {}\n\n  \
         people who can sign in\n",
        lab.idp_url(),
        lab.mcp_url(),
        folder.file(CA_CERTIFICATE).display(),
    );
    for user in world.idp.users.values() {
        text.push_str(&format!("    {:<34} {}\n", user.username, user.password.as_deref().unwrap_or("(no password)")));
    }
    text.push_str(&format!(
        "\n  what to do next\n    \
         1. open {page} and press Connect (your browser will warn about the certificate above: it is this lab's own)\n    \
         2. press Test operation: 406 means that all is well\n    \
         3. ask: Give me the stock price of tesla\n    \
         4. read what went over the wire at {page}/trace\n\n  \
         Ctrl-C stops it\n"
    ));
    text
}
