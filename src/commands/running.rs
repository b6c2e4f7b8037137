//! What runs on a data folder: a lab, or parties alone.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use wire::JoinedLab;
use wire::network::loopback_address;

use super::{Exit, Failure, runtime};
use crate::lab::certificates::client_config;
use crate::lab::data_folder::Part;

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
        let Some(running) = Self::find(folder, Part::Lab) else {
            let at = url.map(|url| format!(" at {url}")).unwrap_or_default();
            return Err(none(format!(
                "no lab is running{at} on the data folder {folder_name}\n\
                 fix: start one with `entralab up`, or name its data folder with --data-dir"
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

    /// A member of the ready file that is text; empty where there is none.
    pub(super) fn text(&self, member: &str) -> &str {
        self.0.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// The certificate that it asks others to trust.
    pub(super) fn ca(&self) -> Result<String, Failure> {
        read_certificate(Path::new(self.text("ca")))
    }

    /// Joins the lab: it gets what is recorded here.
    pub(super) fn join(&self) -> Result<JoinedLab, Failure> {
        let when_lost = |error: &wire::joined_lab::JoinError| {
            eprintln!("{error}\nfrom now on what is recorded here is kept here only");
        };
        JoinedLab::new(self.text("lab"), self.text("control_token"), when_lost)
            .map_err(|error| Failure::new(Exit::Environment, "lab.join", error))
    }

    /// Asks for a page of its own port, with its control token: the status and the text; none where nobody answers.
    pub(super) fn get(&self, path: &str) -> Result<Option<(u16, String)>, Failure> {
        let answer = async {
            let trusts_nobody = client_config(rustls::RootCertStore::empty()).ok()?;
            let client = reqwest::Client::builder()
                .no_proxy()
                .tls_backend_preconfigured(trusts_nobody)
                .timeout(PATIENCE)
                .build()
                .ok()?;
            let request = client.get(format!("{}{path}", self.text("lab"))).bearer_auth(self.text("control_token"));
            let answer = request.send().await.ok()?;
            Some((answer.status().as_u16(), answer.text().await.ok()?))
        };
        Ok(runtime()?.block_on(answer))
    }

    fn answers(&self) -> bool {
        matches!(self.get("/readyz"), Ok(Some((200, _))))
    }
}

/// Reads a certificate file.
pub(super) fn read_certificate(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        Failure::new(Exit::Usage, "ca.unreadable", format!("{}: cannot be read: {error}", file.display()))
    })
}
