//! `entralab idp`, `entralab gate` and `entralab mcp`: one party alone, which is a lab of one.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use scenarios::World;
use scenarios::world::Cors;
use serde_json::json;
use url::{Position, Url};
use uuid::Uuid;
use wire::network::loopback_address;
use wire::{JoinedLab, Party, Trace};

use super::listening::{
    data_dir, data_folder_failure, forget_ready, port_failure, read_world, setup, start_failure, stay,
};
use super::ready::ready;
use super::running::{Running, read_certificate};
use super::settings::Settings;
use super::stop_signal::stop_signal;
use super::{Common, Exit, Failure, runtime};
use crate::Lab;
use crate::lab::data_folder::{CA_CERTIFICATE, DataFolder, Part};
use crate::lab::neighbours::Neighbours;
use crate::lab::pages;
use crate::lab::sockets::Sockets;

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
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The port of its trace and health; 0 takes a free one. Default: 0 where --port is 0.
    #[arg(long, value_name = "PORT")]
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
    #[arg(long, value_name = "APP=URI", value_parser = app_and_uri)]
    redirect_uri: Vec<(String, String)>,
}

/// Options of `gate`.
#[derive(Debug, Args)]
#[command(after_help = "Ports: 8444 (TLS), and 8082 for trace and health.")]
pub(super) struct GateOptions {
    #[command(flatten)]
    alone: Alone,
    /// Your server: the origin that requests are passed on to, such as http://127.0.0.1:3000.
    #[arg(long, value_name = "URL")]
    upstream: String,
    /// The origin of the identity provider. Default: that of --issuer, of the lab or `idp` that runs on the data folder,
    /// or https://localhost:8443.
    #[arg(long, value_name = "URL")]
    idp: Option<String>,
    /// Certificates, as PEM, that the gate trusts when it fetches keys and calls your server, besides the data folder's.
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
    /// `openIdIssuer`: the keys are looked up in its .well-known/openid-configuration.
    #[arg(long, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    issuer: Option<String>,
    /// The client id of the gate's own application; always an allowed audience.
    #[arg(long, value_name = "GUID")]
    client_id: Option<Uuid>,
    /// `allowedAudiences`; several add up.
    #[arg(long, value_name = "AUDIENCE", value_parser = NonEmptyStringValueParser::new())]
    audience: Vec<String>,
    /// `allowedApplications`: the client id of an application that may call; several add up.
    #[arg(long, value_name = "CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
    allow_client: Vec<String>,
    /// An origin whose pages may call (ingress CORS), or `*`; several add up.
    #[arg(long, value_name = "ORIGIN", value_parser = NonEmptyStringValueParser::new())]
    cors_origin: Vec<String>,
}

/// Options of `mcp`.
#[derive(Debug, Args)]
#[command(after_help = "Ports: 8001, and 8083 for trace and health.")]
pub(super) struct McpOptions {
    #[command(flatten)]
    alone: Alone,
    /// The path of the endpoint.
    #[arg(long)]
    path: Option<String>,
}

fn app_and_uri(text: &str) -> Result<(String, String), String> {
    let (app, uri) =
        text.split_once('=').ok_or("write APP=URI, such as copilot-studio-client=http://localhost:5000/")?;
    Ok((app.to_owned(), uri.to_owned()))
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
        forget_ready(self.ready_file.as_deref());
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
        let apps = &mut around.world.idp.apps;
        let names = apps.keys().cloned().collect::<Vec<_>>().join(", ");
        let app = apps.get_mut(name).ok_or_else(|| {
            let message = format!("--redirect-uri: no application of this world is called '{name}'; it has {names}");
            Failure::new(Exit::Usage, "app.unknown", message)
        })?;
        app.redirect_uris.web.push(uri.clone());
    }
    options.alone.start(Party::Idp, around, common)
}

/// `entralab gate`.
pub(super) fn gate(options: &GateOptions, common: Common) -> Result<Exit, Failure> {
    let mut around = options.alone.surroundings()?;
    around.neighbours.upstream = Some(origin("--upstream", &options.upstream)?);
    let issuer_origin = options.issuer.as_deref().filter(|issuer| loopback_address(issuer).is_some());
    let issuer_origin =
        issuer_origin.and_then(|issuer| Some(Url::parse(issuer).ok()?[..Position::BeforePath].to_owned()));
    if let Some(idp) = options.idp.as_deref().map(|idp| origin("--idp", idp)).transpose()?.or(issuer_origin) {
        around.neighbours.identity_provider = idp;
    } else if around.lab.is_none()
        && let Some(running) =
            [Part::Lab, Part::Lone(Party::Idp)].into_iter().find_map(|part| Running::find(&around.folder, part))
    {
        around.neighbours.identity_provider = running.text("idp").to_owned();
    }
    for file in &options.ca {
        around.also_trusted.push(read_certificate(file)?);
    }
    let gate = &mut around.world.gate;
    if let Some(issuer) = &options.issuer {
        gate.issuer.clone_from(issuer);
    }
    if let Some(client_id) = options.client_id {
        gate.client_id = client_id;
    }
    for (given, list) in
        [(&options.audience, &mut gate.allowed_audiences), (&options.allow_client, &mut gate.allowed_applications)]
    {
        if !given.is_empty() {
            list.clone_from(given);
        }
    }
    if !options.cors_origin.is_empty() {
        gate.cors.get_or_insert_with(Cors::default).allowed_origins.clone_from(&options.cors_origin);
    }
    options.alone.start(Party::Gate, around, common)
}

/// `entralab mcp`.
pub(super) fn mcp(options: &McpOptions, common: Common) -> Result<Exit, Failure> {
    let mut around = options.alone.surroundings()?;
    if let Some(path) = &options.path {
        if !path.starts_with('/') {
            let message = format!("--path: '{path}' does not begin with a slash; write /mcp, say");
            return Err(Failure::new(Exit::Usage, "usage", message));
        }
        around.world.mcp.path.clone_from(path);
    }
    options.alone.start(Party::Mcp, around, common)
}

/// The origin that a flag names; nothing more may stand there, for the path of each request is kept.
fn origin(flag: &str, url: &str) -> Result<String, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, "usage", message);
    let parsed = Url::parse(url)
        .map_err(|error| usage(format!("{flag}: '{url}' is no URL ({error}); write http://127.0.0.1:3000, say")))?;
    if loopback_address(url).is_none() {
        return Err(usage(format!(
            "{flag}: '{url}' is not an http or https URL of this machine (localhost, 127.0.0.1 or [::1]); \
             nothing is ever sent outside it"
        )));
    }
    if parsed.path() != "/" || parsed.query().is_some() || parsed.fragment().is_some() {
        let origin = &parsed[..Position::BeforePath];
        return Err(usage(format!(
            "{flag}: '{url}' has more than an origin; write {origin}: paths are kept as they come"
        )));
    }
    Ok(parsed[..Position::BeforePath].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_of_this_machine_and_nothing_more_is_taken() {
        assert_eq!(origin("--upstream", "http://127.0.0.1:3000/").unwrap(), "http://127.0.0.1:3000");
        assert_eq!(origin("--upstream", "https://localhost:3000").unwrap(), "https://localhost:3000");
        for (url, said) in [
            ("127.0.0.1:3000", "is no URL"),
            ("http://example.com", "of this machine"),
            ("http://0.0.0.0:3000", "of this machine"),
            ("http://localhost:3000/mcp", "write http://localhost:3000"),
        ] {
            let refused = origin("--upstream", url).unwrap_err();
            assert!(refused.exit == Exit::Usage && refused.message.contains(said), "{url}: {}", refused.message);
        }
    }
}
