//! `entralab env`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use scenarios::instead;
use serde_json::json;

use super::listening::data_dir;
use super::running::Running;
use super::settings::Settings;
use super::variables::{TRUST, of_lab};
use super::{Common, Exit, Failure, json_line, print};
use crate::lab::data_folder::Part;

mod notation;
mod sdks;

use sdks::Sdk;

/// Options of `env`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// How the variables are written.
    #[arg(long, value_name = "FORMAT", default_value = "shell")]
    format: Format,
    /// Only what this SDK needs, with its settings in its own language.
    #[arg(long = "for", value_name = "SDK")]
    sdk: Option<String>,
    /// The application that AZURE_CLIENT_ID and AZURE_CLIENT_SECRET name, by its name in the world. Default: the first that
    /// has a secret.
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// The data folder of the lab. Default: ENTRALAB_DATA_DIR, or this user's.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For `eval "$(entralab env)"` in a POSIX shell.
    Shell,
    /// For a .env file.
    Dotenv,
    /// One document.
    Json,
    /// For the file that GITHUB_ENV names.
    Github,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let sdk = options.sdk.as_deref().map(sdks::find).transpose()?;
    let named = options.data_dir.clone().or(Settings::read()?.data_dir);
    let folder = data_dir(named.as_deref())?;
    let running = Running::lab(&folder, None)?;
    let lab_file = std::path::absolute(folder.join(Part::Lab.running_file())).unwrap_or_default();
    let app = app(options, &running)?;
    let mut variables = of_lab(&running.0, &lab_file, app.as_deref());
    variables.push(("AZURE_AUTHORITY_HOST".to_owned(), running.text("idp").to_owned()));
    variables.extend(TRUST.map(|name| (name.to_owned(), running.text("ca").to_owned())));
    if let Some(sdk) = &sdk {
        variables.retain(|(name, _)| sdk.variables.contains(name));
    }
    let format = if common.json { Format::Json } else { options.format };
    let settings = sdk.as_ref().map(Sdk::as_comment).unwrap_or_default();
    let text = match format {
        Format::Shell => {
            let note = "# the certificate files hold the lab's alone: use a shell that talks to nobody else\n";
            let trusts = variables.iter().any(|(name, _)| TRUST.contains(&name.as_str()));
            format!("{}{}{settings}", if trusts { note } else { "" }, notation::lines(&variables, notation::shell))
        }
        Format::Dotenv => format!("{}{settings}", notation::lines(&variables, notation::dotenv)),
        Format::Github => notation::lines(&variables, notation::github),
        Format::Json => {
            let members: serde_json::Map<_, _> =
                variables.into_iter().map(|(name, value)| (name, value.into())).collect();
            let mut document = json!({ "variables": members });
            if let Some(sdk) = sdk {
                document["sdk"] = json!({ "name": sdk.name, "language": sdk.language, "settings": sdk.settings });
            }
            json_line(&document)
        }
    };
    print(&text)?;
    Ok(Exit::Ok)
}

/// The application that was named, or the first that has a secret.
fn app(options: &Options, running: &Running) -> Result<Option<String>, Failure> {
    let empty = serde_json::Map::new();
    let apps = running.0["apps"].as_object().unwrap_or(&empty);
    match &options.app {
        Some(name) if !apps.contains_key(name) => {
            let fix = instead(name, apps.keys().map(String::as_str));
            let message = format!("--app: no application of the running lab is called '{name}'\nfix: {fix}");
            Err(Failure::new(Exit::Usage, "app.unknown", message))
        }
        Some(name) => Ok(Some(name.clone())),
        None => Ok(apps.iter().find(|(_, app)| app["client_secret"].is_string()).map(|(name, _)| name.clone())),
    }
}
