//! `entralab schema`.

use super::{Exit, Failure, print};

pub(super) fn run() -> Result<Exit, Failure> {
    let schema =
        serde_json::to_string_pretty(&scenarios::schema()).map_err(|error| Failure::new(Exit::Bug, "schema", error))?;
    print(&format!("{schema}\n"))?;
    Ok(Exit::Ok)
}
