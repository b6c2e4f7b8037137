//! `entralab show NAME`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::{Exit, Failure, print};

/// Options of `show`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The name of a bundled scenario or world, as `list` prints it.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    name: String,
}

pub(super) fn run(options: &Options) -> Result<Exit, Failure> {
    let bundled = scenarios::find_bundled(&options.name).ok_or_else(|| {
        let problem = scenarios::unknown(&options.name, "no bundled scenario or world has this name");
        Failure::new(Exit::Usage, "scenario.unknown", problem.render(false))
    })?;
    print(bundled.text)?;
    Ok(Exit::Ok)
}
