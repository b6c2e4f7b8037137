//! `entralab explain CODE|CHECK`.

use clap::Args;

use super::{Common, Exit, Failure, print};
use crate::explain::{Unknown, explain, text};
use crate::report::terminal::Paint;

/// Options of `explain`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A code, such as AADSTS65001 or 65001, or a named check, such as consent.granted.
    #[arg(value_name = "CODE|CHECK")]
    asked: String,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let explanation = explain(&options.asked).map_err(|Unknown { nearest }| {
        let fix = match nearest {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => "codes look like AADSTS65001, checks like consent.granted".to_owned(),
        };
        let message = format!("nothing is known of '{}'\nfix: {fix}", options.asked);
        Failure::new(Exit::Usage, "explain.unknown", message)
    })?;
    if common.json {
        print(&format!("{}\n", serde_json::to_string(&explanation).unwrap_or_default()))?;
    } else {
        print(&text::rendered(&explanation, Paint { colored: common.colored() }))?;
    }
    Ok(Exit::Ok)
}
