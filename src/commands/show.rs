//! `entralab show NAME`.

use clap::Args;

use super::{Exit, Failure, print};

/// Options of `show`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The name of a bundled scenario or world, as `list` prints it.
    name: String,
}

pub(super) fn run(options: &Options) -> Result<Exit, Failure> {
    let bundled = scenarios::find_bundled(&options.name).ok_or_else(|| {
        let message = format!("no bundled scenario is called '{}'; `entralab list` names them", options.name);
        Failure::new(Exit::Usage, "scenario.unknown", message)
    })?;
    print(bundled.text);
    Ok(Exit::Ok)
}
