//! `entralab idp`, `entralab gate` and `entralab mcp`: one party alone, which is a lab of one.

use std::path::{Path, PathBuf};

use clap::Args;
use scenarios::{World, instead};
use serde_json::{Value, json};
use url::{Position, Url};
use uuid::Uuid;
use wire::network::loopback_address;
use wire::{JoinedLab, Party, Trace};

use super::listening::{
    claim_ready, data_dir, data_folder_failure, port_failure, read_world, setup, start_failure, stay,
};
use super::ready::ready;
use super::running::{Running, read_certificates};
use super::settings::Settings;
use super::stop_signal::stop_signal;
use super::{Common, Exit, Failure, runtime};
use crate::Lab;
use crate::lab::data_folder::{CA_CERTIFICATE, DataFolder, Part};
use crate::lab::neighbours::Neighbours;
use crate::lab::pages;
use crate::lab::sockets::Sockets;
use crate::report::visible::visible;

mod flags;
mod welcome;

/// The world where none is named and no lab is joined.
const DEFAULT_WORLD: &str = "article";

/// What all three take.
#[derive(Debug, Args)]
struct Alone {
    /// A scenario or world, as a file or by its bundled name. Default: that of the lab that --lab names, else article.
    scenario: Option<PathBuf>,
    /// The same, by a flag.
    #[arg(long, value_name = "SCENARIO", conflicts_with = "scenario")]
    world: Option<PathBuf>,
    /// The party's port; 0 takes a free one.
    #[arg(long, value_name = "PORT", allow_negative_numbers = true)]
    port: Option<u16>,
    /// The port of its trace and health; 0 takes a free one. Default: 0 where --port is 0.
    #[arg(long, value_name = "PORT", allow_negative_numbers = true)]
    page_port: Option<u16>,
    /// Where keys and the local CA are kept, and where labs that run are found. Default: this user's data folder.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// A file to write when the party is ready: what `--json` prints.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Join the running lab with this page, such as http://localhost:8080: what is recorded here goes to its trace too.
    #[arg(long, value_name = "URL")]
    lab: Option<String>,
}

/// Options of `idp`.
#[derive(Debug, Args)]
#[command(after_help = "Ports: 8443 (TLS), and 8081 for trace and health.")]
pub(super) struct IdentityProviderOptions {
    #[command(flatten)]
    alone: Alone,
    /// Register another redirect URI of the platform "web": the application's name in the world, and the URI.
    #[arg(long, value_name = "APP=URI", value_parser = flags::app_and_uri)]
    redirect_uri: Vec<(String, String)>,
}

/// Options of `gate`.
#[derive(Debug, Args)]
#[command(after_help = "Ports: 8444 (TLS), and 8082 for trace and health.")]
pub(super) struct GateOptions {
    #[command(flatten)]
    alone: Alone,
    /// Your server: the origin that requests are passed on to, such as http://127.0.0.1:3000.
    #[arg(long, value_name = "URL", value_parser = flags::origin_of_this_machine)]
    upstream: String,
    /// The origin of the identity provider. Default: that of --issuer, of the lab or `idp` that runs on the data folder,
    /// or https://localhost:8443.
    #[arg(long, value_name = "URL", value_parser = flags::origin_of_this_machine)]
    idp: Option<String>,
    /// Certificates, as PEM, that the gate trusts when it fetches keys and calls your server, besides the data folder's.
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
    /// `openIdIssuer`: the keys are looked up in its .well-known/openid-configuration.
    #[arg(long, value_name = "URL", value_parser = flags::issuer)]
    issuer: Option<String>,
    /// The client id of the gate's own application; always an allowed audience.
    #[arg(long, value_name = "GUID", value_parser = flags::client_id)]
    client_id: Option<Uuid>,
    /// `allowedAudiences`, in the place of those of the world; several add up.
    #[arg(long, value_name = "AUDIENCE", value_parser = flags::audience)]
    audience: Vec<String>,
    /// `allowedApplications`, in the place of those of the world: the client id of an application that may call; several
    /// add up.
    #[arg(long, value_name = "CLIENT_ID", value_parser = flags::client_id)]
    allow_client: Vec<Uuid>,
    /// An origin whose pages may call (ingress CORS), or `*`, in the place of those of the world; several add up.
    #[arg(long, value_name = "ORIGIN", value_parser = flags::cors_origin)]
    cors_origin: Vec<String>,
}

/// Options of `mcp`.
#[derive(Debug, Args)]
#[command(after_help = "Ports: 8001, and 8083 for trace and health.")]
pub(super) struct McpOptions {
    #[command(flatten)]
    alone: Alone,
    /// The path of the endpoint, such as /mcp.
    #[arg(long)]
    path: Option<String>,
}

/// What surrounds a party that is about to start.
struct Surroundings {
    folder: PathBuf,
    /// The lab that it joins.
    lab: Option<(Running, JoinedLab)>,
    world: World,
    neighbours: Neighbours,
    also_trusted: Vec<String>,
}

impl Alone {
    /// Finds the lab to join, the world and the neighbours.
    fn surroundings(&self) -> Result<Surroundings, Failure> {
        let named = self.data_dir.clone().or(Settings::read()?.data_dir);
        let folder = data_dir(named.as_deref())?;
        let running = self.lab.as_deref().map(|url| Running::lab(&folder, Some(url))).transpose()?;
        let lab = running.map(|running| running.join().map(|joined| (running, joined))).transpose()?;
        let world = match (self.scenario.as_deref().or(self.world.as_deref()), &lab) {
            (None, Some((_, joined))) => world_of(joined)?,
            (named, _) => read_world(named.unwrap_or(Path::new(DEFAULT_WORLD)))?,
        };
        let (mut neighbours, mut also_trusted) = (Neighbours::default(), Vec::new());
        if let Some((running, _)) = &lab {
            neighbours.identity_provider = running.text("idp").to_owned();
            neighbours.gate = running.text("gate").to_owned();
            neighbours.connector = running.text("lab").to_owned();
            also_trusted.push(running.ca()?);
        }
        Ok(Surroundings { folder, lab, world, neighbours, also_trusted })
    }

    /// Starts the party, and stays.
    fn start(&self, party: Party, around: Surroundings, common: Common) -> Result<Exit, Failure> {
        let [port, page_port] = documented_ports(party);
        let port = self.port.unwrap_or(port);
        let page_port = self.page_port.unwrap_or(if port == 0 { 0 } else { page_port });
        let folder = DataFolder::hold(&around.folder, Part::Lone(party)).map_err(data_folder_failure)?;
        claim_ready(self.ready_file.as_deref())?;
        runtime()?.block_on(async {
            let stop = stop_signal()?;
            let sockets = Sockets::of_one(party, port, page_port).map_err(|error| {
                port_failure(&error, "--port N takes another, and --page-port N for its pages; 0 takes a free one")
            })?;
            let trace = around.lab.map_or_else(Trace::default, |(_, joined)| Trace::joined_to(joined));
            let mut setup = setup(&folder, trace)?;
            setup.also_trusted = around.also_trusted;
            let lab = Lab::start_local(&around.world, sockets, &around.neighbours, setup, pages::router)
                .map_err(start_failure)?;
            lab.trace.announce_receivers().await;
            let mut ready = ready(&lab, &folder.file(CA_CERTIFICATE));
            ready["party"] = json!(party);
            let welcome = welcome::welcome(party, &lab, &folder);
            stay(&ready, &welcome, &folder, self.ready_file.as_deref(), common, stop).await
        })
    }
}

/// The party's port and that of its pages: those of `up`, and three that `up` does not take.
fn documented_ports(party: Party) -> [u16; 2] {
    match party {
        Party::Idp => [8443, 8081],
        Party::Gate => [8444, 8082],
        _ => [8001, 8083],
    }
}

/// The world of a lab, in the names that it speaks.
pub(super) fn world_of(lab: &JoinedLab) -> Result<World, Failure> {
    let state =
        runtime()?.block_on(lab.state()).map_err(|error| Failure::new(Exit::Environment, "lab.state", error))?;
    serde_json::from_value(state["world"].clone()).map_err(|error| {
        let message =
            format!("the setup of the lab cannot be read: {error}\nfix: start lab and party from one version");
        Failure::new(Exit::Environment, "lab.state", message)
    })
}

/// `entralab idp`.
pub(super) fn identity_provider(options: &IdentityProviderOptions, common: Common) -> Result<Exit, Failure> {
    let mut around = options.alone.surroundings()?;
    for (name, uri) in &options.redirect_uri {
        let apps = &around.world.idp.apps;
        let app = apps.get(name).ok_or_else(|| {
            let fix = instead(name, apps.keys().map(String::as_str));
            let message = format!("--redirect-uri: no application of this world is called '{name}'\nfix: {fix}");
            Failure::new(Exit::Usage, "app.unknown", message)
        })?;
        let web: Vec<&String> = app.redirect_uris.web.iter().chain([uri]).collect();
        let change = json!({ "idp": { "apps": { name: { "redirect_uris": { "web": web } } } } });
        around.world = changed(&around.world, "--redirect-uri", &change)?;
    }
    options.alone.start(Party::Idp, around, common)
}

/// The world with what a flag says, judged as that of a file.
fn changed(world: &World, flag: &str, change: &Value) -> Result<World, Failure> {
    world.changed(change, flag).map_err(|problems| {
        let told = problems.0.iter().map(|problem| format!("{flag}: {}\nfix: {}\n", problem.message, problem.fix));
        Failure::new(Exit::Usage, "usage", told.collect::<String>())
    })
}

/// `entralab gate`.
pub(super) fn gate(options: &GateOptions, common: Common) -> Result<Exit, Failure> {
    let mut around = options.alone.surroundings()?;
    around.neighbours.upstream = Some(options.upstream.clone());
    let issuer_origin = options.issuer.as_deref().filter(|issuer| loopback_address(issuer).is_some());
    let issuer_origin =
        issuer_origin.and_then(|issuer| Some(Url::parse(issuer).ok()?[..Position::BeforePath].to_owned()));
    if let Some(idp) = options.idp.clone().or(issuer_origin) {
        around.neighbours.identity_provider = idp;
    } else if around.lab.is_none()
        && let Some(running) =
            [Part::Lab, Part::Lone(Party::Idp)].into_iter().find_map(|part| Running::find(&around.folder, part))
    {
        around.neighbours.identity_provider = running.text("idp").to_owned();
    }
    for file in &options.ca {
        around.also_trusted.push(read_certificates(file)?);
    }
    let gate = &mut around.world.gate;
    if let Some(issuer) = &options.issuer {
        gate.issuer.clone_from(issuer);
    }
    if let Some(client_id) = options.client_id {
        gate.client_id = client_id;
    }
    let clients: Vec<String> = options.allow_client.iter().map(Uuid::to_string).collect();
    // the client id is an allowed audience whatever the list says
    let own = gate.client_id.to_string();
    gate.allowed_audiences.retain(|audience| *audience != own);
    replace("--audience", &options.audience, &mut gate.allowed_audiences, common);
    replace("--allow-client", &clients, &mut gate.allowed_applications, common);
    if !options.cors_origin.is_empty() {
        let cors = gate.cors.get_or_insert_default();
        replace("--cors-origin", &options.cors_origin, &mut cors.allowed_origins, common);
    }
    options.alone.start(Party::Gate, around, common)
}

/// Puts what a flag names in the place of what the world has, and says of what goes.
fn replace(flag: &str, given: &[String], list: &mut Vec<String>, common: Common) {
    if given.is_empty() {
        return;
    }
    let gone: Vec<&str> = list.iter().filter(|one| !given.contains(one)).map(String::as_str).collect();
    if !gone.is_empty() && !common.quiet && !common.json {
        let gone = visible(&gone.join(", "));
        eprintln!("{flag} stands in the place of what the world has: no more {gone}");
    }
    *list = given.to_vec();
}

/// `entralab mcp`.
pub(super) fn mcp(options: &McpOptions, common: Common) -> Result<Exit, Failure> {
    let mut around = options.alone.surroundings()?;
    if let Some(path) = &options.path {
        around.world = changed(&around.world, "--path", &json!({ "mcp": { "path": path } }))?;
    }
    options.alone.start(Party::Mcp, around, common)
}
