//! Finding the lab that `up` started, and asking it.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::settings::Settings;
use super::{Failure, runtime};
use crate::lab::certificates::client_config;
use crate::lab::data_folder::RUNNING;

/// What `running.json` of the named data folder says (default: ENTRALAB_DATA_DIR, the settings file, or this user's), where
/// the lab that it names is alive: a file may outlive its process.
pub(super) fn find(data_dir: Option<&Path>) -> Result<Option<Value>, Failure> {
    let named = match data_dir {
        Some(named) => Some(named.to_owned()),
        None => Settings::read()?.data_dir,
    };
    find_in(&super::up::data_dir(named.as_deref())?)
}

/// The same for a folder.
pub(super) fn find_in(folder: &Path) -> Result<Option<Value>, Failure> {
    let text = std::fs::read_to_string(folder.join(RUNNING)).ok();
    let told = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let Some(told) = told else { return Ok(None) };
    let is_ready = get(&told, "/readyz")?.is_some_and(|(status, _)| status == 200);
    Ok(is_ready.then_some(told))
}

/// Asks the lab that `running` names for a page of its own port: the status and the text; none where nobody answers.
pub(super) fn get(running: &Value, path: &str) -> Result<Option<(u16, String)>, Failure> {
    let text = |member: &str| running.get(member).and_then(Value::as_str);
    let (Some(lab), Some(token)) = (text("lab"), text("control_token")) else { return Ok(None) };
    let answer = async {
        let trusts_nobody = client_config(rustls::RootCertStore::empty()).ok()?;
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(trusts_nobody)
            .timeout(Duration::from_secs(5))
            .build()
            .ok()?;
        let answer = client.get(format!("{lab}{path}")).bearer_auth(token).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    };
    Ok(runtime()?.block_on(answer))
}
