//! `entralab token`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::SignedDuration;
use mock_idp::minting::Flaw;
use serde_json::{Map, Value, json};
use strum::IntoEnumIterator;

use super::listening::data_dir;
use super::running::Running;
use super::settings::Settings;
use super::{Common, Exit, Failure, json_line, print};
use crate::report::visible::visible;

/// Options of `token`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: curl -H \"Authorization: Bearer $(entralab token --user megan)\" https://localhost:8444/mcp"
)]
pub(super) struct Options {
    /// The user, by name in the world or by username. Default: the first who has no directory role.
    #[arg(long, value_name = "USER", conflicts_with = "app_only")]
    user: Option<String>,
    /// The client, by its name in the world. Default: the connector's.
    #[arg(long, value_name = "APP")]
    app: Option<String>,
    /// A token for the application itself, without a user.
    #[arg(long)]
    app_only: bool,
    /// The resource: its name in the world, an Application ID URI or a client id. Default: the first that the client lists.
    #[arg(long, value_name = "RESOURCE")]
    audience: Option<String>,
    /// A scope that the resource has, with or without the resource in front; several add up. Default: those that the client
    /// lists.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// The version of the token. Default: what the resource accepts.
    #[arg(long, value_name = "1|2", allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(1..=2))]
    version: Option<u8>,
    /// A claim that is added, or stands in the place of another: a name, and a value as JSON or text; null takes it away.
    #[arg(long, value_name = "NAME=VALUE", value_parser = claim)]
    claim: Vec<(String, Value)>,
    /// How long it lasts, such as 10m, a year at most; -10m for one that is over. Default: 1h.
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true)]
    expires_in: Option<SignedDuration>,
    /// What is wrong with it, so that a resource must refuse it.
    #[arg(long, value_name = "MODE", value_parser = PossibleValuesParser::new(Flaw::iter().map(<&'static str>::from)))]
    not_valid: Option<String>,
    /// Show header and claims in the place of the token.
    #[arg(long)]
    decode: bool,
    /// The page of the running lab. Default: the lab that runs on the data folder.
    #[arg(long, value_name = "URL")]
    lab: Option<String>,
    /// The data folder of the lab. Default: ENTRALAB_DATA_DIR, or this user's.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

fn claim(text: &str) -> Result<(String, Value), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            match serde_json::from_str(value) {
                Ok(value) => Ok((name.to_owned(), value)),
                // what begins as JSON is meant to be JSON
                Err(error) if value.starts_with(['[', '{', '"']) => Err(format!("no JSON ({error})")),
                Err(_) => Ok((name.to_owned(), value.into())),
            }
        }
        _ => Err("write NAME=VALUE, such as roles='[\"Reader\"]' or name=Megan".to_owned()),
    }
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    text.parse().map_err(|_| "no time; write such as 10m, 1h 30m or -10m".to_owned())
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let named = options.data_dir.clone().or(Settings::read()?.data_dir);
    let running = Running::lab(&data_dir(named.as_deref())?, options.lab.as_deref())?;
    let made = running.ask("POST", "/_lab/tokens", Some(&order(options, &running)?))?;
    if common.json {
        print(&json_line(&made))?;
    } else if options.decode {
        let shown = json!({ "header": made["header"], "claims": made["claims"] });
        print(&visible(&format!("{shown:#}\n")))?;
    } else {
        print(&format!("{}\n", made["access_token"].as_str().unwrap_or_default()))?;
    }
    Ok(Exit::Ok)
}

/// What the control API is asked for.
fn order(options: &Options, running: &Running) -> Result<Value, Failure> {
    let user = match (&options.user, options.app_only) {
        (_, true) => None,
        (Some(user), _) => Some(user.clone()),
        (None, _) => usual_user(&running.ask("GET", "/_lab/users", None)?),
    };
    let mut resource = options.audience.clone();
    let mut scopes = Vec::new();
    for scope in &options.scope {
        let (of, name) = scope.rsplit_once('/').map_or((None, scope.as_str()), |(of, name)| (Some(of), name));
        resource = resource.or_else(|| of.map(str::to_owned));
        if name != ".default" {
            scopes.push(name);
        }
    }
    let claims: Map<String, Value> = options.claim.iter().cloned().collect();
    let mut order = json!({
        "user": user, "app": options.app, "resource": resource, "version": options.version, "claims": claims,
        "expires_in": options.expires_in.map(|time| time.as_secs()), "not_valid": options.not_valid,
    });
    if !scopes.is_empty() {
        order["scopes"] = json!(scopes);
    }
    Ok(order)
}

/// The first who has no directory role, or else the first.
fn usual_user(users: &Value) -> Option<String> {
    let users = users.as_object()?;
    let is_plain = |user: &Value| user.get("roles").and_then(Value::as_array).is_none_or(Vec::is_empty);
    users.iter().find(|(_, user)| is_plain(user)).or_else(|| users.iter().next()).map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_json_or_text() {
        assert_eq!(claim("roles=[\"Reader\"]").unwrap(), ("roles".to_owned(), json!(["Reader"])));
        assert_eq!(claim("name=Megan Bowen").unwrap(), ("name".to_owned(), json!("Megan Bowen")));
        assert_eq!(claim("upn=null").unwrap(), ("upn".to_owned(), Value::Null));
        assert!(claim("name").is_err() && claim("=x").is_err());
        assert!(claim("roles=[\"Reader\"").unwrap_err().contains("no JSON"));
    }
}
