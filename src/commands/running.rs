//! What runs on a data folder: a lab, or parties alone.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use wire::JoinedLab;
use wire::network::loopback_address;

use super::{Exit, Failure, runtime};
use crate::lab::certificates::{certificates, client_config};
use crate::lab::data_folder::Part;

/// The variable that holds the control token of the lab that `--lab` names, for who cannot read its data folder.
const CONTROL_TOKEN: &str = "ENTRALAB_CONTROL_TOKEN";

/// What mends a wrong one.
const TOKEN_FIX: &str = "set ENTRALAB_CONTROL_TOKEN to `control_token` of the lab's ready file";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What runs, as its ready file says; it answered when it was found.
#[derive(Clone, Debug)]
pub(super) struct Running(pub Value);

impl Running {
    /// What runs as `part` on `folder`; none where nothing answers, for a file may outlive its process.
    pub(super) fn find(folder: &Path, part: Part) -> Option<Self> {
        let text = std::fs::read_to_string(folder.join(part.running_file())).ok()?;
        serde_json::from_str(&text).ok().map(Self).filter(Self::answers)
    }

    /// The lab that runs on `folder`; at `url`, where one is named.
    pub(super) fn lab(folder: &Path, url: Option<&str>) -> Result<Self, Failure> {
        let none = |message: String| Failure::new(Exit::Environment, "lab.not_running", message);
        let folder_name = folder.display();
        if let Some(url) = url.filter(|url| loopback_address(url).is_none()) {
            let message = format!("'{url}' is no URL of this machine\nfix: write such as http://localhost:8080");
            return Err(Failure::new(Exit::Usage, "usage", message));
        }
        if let Some((url, token)) = url.zip(std::env::var_os(CONTROL_TOKEN).filter(|token| !token.is_empty())) {
            return Self::at(url, &token.to_string_lossy());
        }
        let Some(running) = Self::find(folder, Part::Lab) else {
            let at = url.map(|url| format!(" at {url}")).unwrap_or_default();
            return Err(none(format!(
                "no lab is running{at} on the data folder {folder_name}\n\
                 fix: start one with `entralab up`, or name its data folder with --data-dir, or its URL with --lab and its token in \
                 {CONTROL_TOKEN}"
            )));
        };
        match url {
            Some(url) if loopback_address(url) != loopback_address(running.text("lab")) => Err(none(format!(
                "the lab that runs on the data folder {folder_name} is at {}, not at {url}\n\
                 fix: give its URL, or name the data folder of the other lab with --data-dir",
                running.text("lab")
            ))),
            _ => Ok(running),
        }
    }

    /// The lab at `url`, which knows us by `token`.
    fn at(url: &str, token: &str) -> Result<Self, Failure> {
        let url = url.trim_end_matches('/');
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = format!("{CONTROL_TOKEN} holds what is no token of a lab\nfix: {TOKEN_FIX}");
            return Err(Failure::new(Exit::Usage, "usage", message));
        }
        let state = Self(json!({ "lab": url, "control_token": token })).ask("GET", "/_lab/state", None)?;
        let text = |member: &str| state[member].as_str().unwrap_or_default();
        Ok(Self(json!({
            "lab": url, "control_token": token, "idp": text("idp"), "gate": text("gate"), "ca_pem": text("ca"),
        })))
    }

    /// A member of the ready file that is text; empty where there is none.
    pub(super) fn text(&self, member: &str) -> &str {
        self.0.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// The certificate that it asks others to trust.
    pub(super) fn ca(&self) -> Result<String, Failure> {
        match self.text("ca_pem") {
            "" => read_certificates(Path::new(self.text("ca"))),
            pem => Ok(pem.to_owned()),
        }
    }

    /// Joins the lab: it gets what is recorded here.
    pub(super) fn join(&self) -> Result<JoinedLab, Failure> {
        let when_lost = |error: &wire::joined_lab::JoinError| {
            eprintln!("{error}\nfrom now on what is recorded here is kept here only");
        };
        JoinedLab::new(self.text("lab"), self.text("control_token"), when_lost)
            .map_err(|error| Failure::new(Exit::Environment, "lab.join", error))
    }

    /// Asks its control API, and gives the answer; what it refuses is told with its reason.
    pub(super) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let lost = || {
            let lab = self.text("lab");
            let fix = "is it running (`entralab status`), and is this the address of its page?";
            Failure::new(Exit::Environment, "lab.lost", format!("no lab answers at {lab}\nfix: {fix}"))
        };
        let answer = async {
            let method = method.parse::<reqwest::Method>().ok()?;
            let mut request = client()?.request(method, format!("{}{path}", self.text("lab")));
            request = request.bearer_auth(self.text("control_token"));
            if let Some(body) = body {
                request = request.header("content-type", "application/json").body(body.to_string());
            }
            let answer = request.send().await.ok()?;
            Some((answer.status().as_u16(), answer.text().await.ok()?))
        };
        let (status, text) = runtime()?.block_on(answer).ok_or_else(lost)?;
        let document: Value = serde_json::from_str(&text).unwrap_or_default();
        if status == 200 {
            return Ok(document);
        }
        let exit = if [404, 422].contains(&status) { Exit::Usage } else { Exit::Environment };
        let told = |member: &str| document["error"][member].as_str();
        let message = match (told("message"), told("fix")) {
            (Some(message), Some(_)) if status == 401 => format!("{message}\nfix: {TOKEN_FIX}"),
            (Some(message), Some(fix)) => format!("{message}\nfix: {fix}"),
            (message, _) => {
                let message = message.map_or_else(|| format!("the lab answered {status}"), str::to_owned);
                format!("{message}\nfix: is {} a lab, and of this version?", self.text("lab"))
            }
        };
        Err(Failure::new(exit, "lab.refused", message))
    }

    /// Asks for a page of its own port, with its control token: the status and the text; none where nobody answers.
    pub(super) fn get(&self, path: &str) -> Result<Option<(u16, String)>, Failure> {
        let answer = async {
            let request = client()?.get(format!("{}{path}", self.text("lab"))).bearer_auth(self.text("control_token"));
            let answer = request.send().await.ok()?;
            Some((answer.status().as_u16(), answer.text().await.ok()?))
        };
        Ok(runtime()?.block_on(answer))
    }

    fn answers(&self) -> bool {
        matches!(self.get("/readyz"), Ok(Some((200, _))))
    }
}

/// A client for the lab's own port, which speaks plain HTTP.
fn client() -> Option<reqwest::Client> {
    let trusts_nobody = client_config(rustls::RootCertStore::empty()).ok()?;
    let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(trusts_nobody).timeout(PATIENCE);
    client.build().ok()
}

/// Reads a file of certificates.
pub(super) fn read_certificates(file: &Path) -> Result<String, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        let fix = "name a file with certificates as PEM text, such as ca.pem in a lab's data folder";
        Failure::new(Exit::Usage, "ca.unreadable", format!("{} cannot be trusted: {why}\nfix: {fix}", file.display()))
    };
    let text = std::fs::read_to_string(file).map_err(|error| failed(&error))?;
    certificates(&text).map(|_| text).map_err(|error| failed(&error))
}
