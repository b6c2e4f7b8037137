//! `entralab connect [URL]`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use http::Uri;
use mock_client::{ConsentAnswer, Credentials};
use mock_idp::SigningKeys;
use scenarios::world::{CONSENT_HOST, User};
use scenarios::{World, instead};
use serde_json::{Value, json};
use url::{Position, Url};
use wire::exchange::parameters;
use wire::{Clock, Exchange, Party, Redaction, Trace};

mod own_browser;

use super::listening::{data_dir, random_seed, start_failure};
use super::lone::world_of;
use super::running::Running;
use super::settings::Settings;
use super::{Common, Exit, Failure, json_line, print, runtime};
use crate::lab::certificates::CertificateAuthority;
use crate::lab::data_folder::Part;
use crate::lab::neighbours::Neighbours;
use crate::lab::sockets::Sockets;
use crate::lab::{Lab, Setup};
use crate::play::{Observed, Refused, kept_back, observe, observe_with};
use crate::report::terminal::{self, Detail};
use crate::report::visible::visible;

/// How often a sign-in in a person's browser is looked after, and for how long it may take, in real time.
const GLANCE: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_mins(10);

/// Options of `connect`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The MCP server: the lab's own, or a gate of yours in front of another. Default: what the lab's connector has.
    url: Option<String>,
    /// Who signs in: a person's name in the lab's world. Default: the first who has no directory role.
    #[arg(long = "as", value_name = "USER", conflicts_with = "browser")]
    user: Option<String>,
    /// Sign in with your own browser: opens it, says the address too, and waits.
    #[arg(long)]
    browser: bool,
    /// Ask this after the test; several are asked in turn.
    #[arg(long, value_name = "QUESTION")]
    ask: Vec<String>,
    /// The page of the running lab. Default: the lab that runs on the data folder.
    #[arg(long, value_name = "URL")]
    lab: Option<String>,
    /// The data folder of the lab. Default: ENTRALAB_DATA_DIR, or this user's.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let named = options.data_dir.clone().or(Settings::read()?.data_dir);
    let folder = data_dir(named.as_deref())?;
    let running = Running::lab(&folder, options.lab.as_deref())?;
    let joined = running.join()?;
    let mut world = world_of(&joined)?;
    // The redirect URL is ours: Entra lets the port of a loopback address differ from the registered one.
    if world.connector.consent_host == running.text("lab") {
        world.connector.consent_host = CONSENT_HOST.to_owned();
    }
    let mut neighbours = Neighbours {
        identity_provider: running.text("idp").to_owned(),
        gate: running.text("gate").to_owned(),
        ..Neighbours::default()
    };
    if let Some(url) = &options.url {
        let origin = origin(url)?;
        if Running::find(&folder, Part::Lone(Party::Gate)).is_some_and(|gate| gate.text("gate") == origin) {
            neighbours.gate = origin;
        } else if origin != neighbours.gate {
            neighbours.upstream = Some(origin);
        }
        world.connector.server_url.clone_from(url);
    }
    let broken = |error: &dyn std::fmt::Display| Failure::new(Exit::Bug, "connect", error);
    let setup = Setup {
        clock: Clock::real(),
        signing_keys: SigningKeys::bundled().map_err(|error| broken(&error))?.into(),
        certificate_authority: CertificateAuthority::generate(&["localhost".to_owned()], true)
            .map_err(|error| broken(&error))?,
        also_trusted: vec![running.ca()?],
        trace: Trace::joined_to(joined),
        seed: random_seed()?,
    };
    runtime()?.block_on(async {
        let sockets = Sockets::of_a_connector().map_err(|error| Failure::new(Exit::Environment, "port", error))?;
        let lab =
            Lab::start_local(&world, sockets, &neighbours, setup, |_| axum::Router::new()).map_err(start_failure)?;
        let mut told = Told { common, exchanges: Vec::new(), steps: Vec::new(), held: true };
        story(&lab, options, &mut told).await?;
        told.end()
    })
}

fn origin(url: &str) -> Result<String, Failure> {
    let usage = |why: &str| {
        let message =
            format!("'{url}' is no URL of an MCP server: {why}\nfix: write such as https://localhost:8444/mcp");
        Failure::new(Exit::Usage, "usage", message)
    };
    let parsed = Url::parse(url).map_err(|error| usage(&error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") || url.parse::<Uri>().is_err() {
        return Err(usage("it is not an http or https URL without blanks"));
    }
    Ok(parsed[..Position::BeforePath].to_owned())
}

/// Connects, tests, lists the tools and asks, until something is refused.
async fn story(lab: &Lab, options: &Options, told: &mut Told) -> Result<(), Failure> {
    let world = lab.world();
    let connected = |outcome: &Value| outcome["connection"] == "connected";
    let mut browser = lab.browser();
    let (user, person) = if options.browser { ("you", None) } else { person(&world, options.user.as_deref())? };
    let observed = match person {
        Some(person) => {
            let credentials = Credentials::of(person);
            let sign_in = lab.connector.connect(&mut browser, user, &credentials, ConsentAnswer::Accept);
            done(lab, format!("{user} connects"), sign_in).await
        }
        None => {
            let sign_in = in_own_browser(lab, user);
            // a person's own browser is nobody whom the lab knows
            let of_browser = |exchange: &Exchange| (exchange.from, exchange.to) == (Party::Client, Party::Idp);
            observe_with(lab, "you connect".to_owned(), sign_in, of_browser).await?
        }
    };
    if !told.tell(observed, connected)? {
        return Ok(());
    }
    let test = lab.connector.test_operation(&mut browser, user);
    let observed = done(lab, "Test operation".to_owned(), test).await;
    if !told.tell(observed, |outcome| outcome["verdict"] == "reachable_and_authorized")? {
        return Ok(());
    }
    let list = lab.connector.list_tools(user);
    let observed = done(lab, "the agent lists the tools".to_owned(), list).await;
    if !told.tell(observed, |outcome| outcome["tools"].is_array())? {
        return Ok(());
    }
    for question in &options.ask {
        let observed = done(lab, format!("ask: {question}"), lab.connector.ask(user, question)).await;
        if !told.tell(observed, |outcome| outcome["answer"].is_string())? {
            return Ok(());
        }
    }
    Ok(())
}

/// Does what cannot fail to be done, and watches.
async fn done<T: serde::Serialize>(lab: &Lab, label: String, act: impl Future<Output = T>) -> Observed {
    let act = async { Ok::<_, std::convert::Infallible>(json!(act.await)) };
    match observe(lab, label, act).await {
        Ok(observed) => observed,
        Err(never) => match never {},
    }
}

/// Who signs in.
pub(super) fn person<'w>(world: &'w World, named: Option<&str>) -> Result<(&'w str, Option<&'w User>), Failure> {
    let users = &world.idp.users;
    let found = match named {
        Some(name) => users.get_key_value(name),
        None => users.iter().find(|(_, user)| user.roles.is_empty()).or_else(|| users.iter().next()),
    };
    found.map(|(name, user)| (name.as_str(), Some(user))).ok_or_else(|| {
        let named = named.unwrap_or_default();
        let fix = instead(named, users.keys().map(String::as_str));
        let message = format!("nobody in the lab's world is called '{named}'\nfix: {fix}");
        Failure::new(Exit::Usage, "user.unknown", message)
    })
}

/// Sends a person to the authorize URL, and waits until their browser comes to our redirect URL.
async fn in_own_browser(lab: &Lab, user: &str) -> Result<Value, Failure> {
    let authorize_url = match lab.connector.begin(user) {
        Ok(url) => url,
        Err(outcome) => return Ok(json!(outcome)),
    };
    let query = authorize_url.split_once('?').map_or("", |(_, query)| query);
    let state = parameters(query).into_iter().find(|(name, _)| name == "state").map(|(_, state)| state);
    let asked = if own_browser::open(&authorize_url) {
        "your browser opens; if not, open this"
    } else {
        "open this in your browser"
    };
    eprintln!("{asked}, and sign in (Ctrl-C gives up):\n\n  {authorize_url}\n");
    let ended = async {
        loop {
            if let Some(outcome) = state.as_deref().and_then(|state| lab.connector.outcome(state)) {
                return outcome;
            }
            tokio::time::sleep(GLANCE).await;
        }
    };
    tokio::select! {
        ended = tokio::time::timeout(PATIENCE, ended) => Ok(ended.map_or_else(
            |_| json!({ "connection": "failed", "message": "nobody came back from the sign-in within ten minutes" }),
            |outcome| json!(outcome),
        )),
        _ = tokio::signal::ctrl_c() => {
            Err(Failure::new(Exit::Interrupted, "interrupted", "interrupted before the sign-in was done"))
        }
    }
}

/// What was told so far.
struct Told {
    common: Common,
    exchanges: Vec<Exchange>,
    steps: Vec<Value>,
    held: bool,
}

impl Told {
    /// Tells of a step; whether it held.
    fn tell(&mut self, observed: Observed, holds: impl FnOnce(&Value) -> bool) -> Result<bool, Failure> {
        self.held = holds(&observed.outcome);
        self.exchanges.extend(observed.exchanges.iter().cloned());
        let redaction = Redaction::of(&self.exchanges);
        if self.common.json {
            let outcome = redaction.hide(&observed.outcome.to_string());
            let outcome: Value = serde_json::from_str(&outcome).unwrap_or_default();
            let mut step = json!({ "label": observed.label, "held": self.held, "outcome": outcome });
            if let Some(refused) = Refused::of(&observed.exchanges).filter(|_| !self.held) {
                step["refused"] = refused.json(&redaction);
            }
            self.steps.push(step);
            return Ok(self.held);
        }
        let detail = Detail { colored: self.common.colored(), hops: !self.common.quiet, steps: true };
        print(&terminal::observed(&observed, self.held, &redaction, detail))?;
        if !self.held {
            print(&visible(&redaction.hide(&refusal(&observed))))?;
        }
        Ok(self.held)
    }

    fn end(self) -> Result<Exit, Failure> {
        if self.common.json {
            print(&json_line(&json!({ "connected": self.held, "steps": self.steps })))?;
        }
        Ok(if self.held { Exit::Ok } else { Exit::Failed })
    }
}

/// Why a step did not hold: the check that refused, and what the maker reads.
fn refusal(observed: &Observed) -> String {
    let member = |name: &str| observed.outcome.get(name).and_then(Value::as_str);
    let refused = Refused::of(&observed.exchanges).map(|refused| refused.text());
    let mut text = match refused.or_else(|| kept_back(&observed.outcome)) {
        Some(text) => text,
        None => match observed.exchanges.iter().rev().find(|exchange| exchange.failure.is_some()) {
            Some(unanswered) => format!(
                "nobody answered at {}\n  fix       start the server there, or name one that runs: entralab connect URL\n",
                unanswered.url
            ),
            None => "no party refused anything in this step\n".to_owned(),
        },
    };
    if let Some(message) = member("message").or_else(|| member("refused")) {
        text.push_str(&format!("  shown     {message}\n"));
    }
    text
}
