//! `entralab explain CODE|CHECK|MESSAGE`.

use std::io::Read;

use clap::Args;
use serde_json::json;

use super::{Common, Exit, Failure, json_line, print};
use crate::explain::{Unknown, explain, text};
use crate::report::terminal::Paint;

/// Options of `explain`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A code, such as AADSTS65001 or 65001; a named check or lint, such as consent.granted; or a whole error message or
    /// URL that holds one. `-` reads it from standard input.
    #[arg(required = true, value_name = "CODE|CHECK|MESSAGE")]
    asked: Vec<String>,
}

/// How much of a pasted text is read, in bytes.
const LIMIT_BYTES: u64 = 1 << 20;

/// How much of it is repeated when nothing is found in it.
const SHOWN_CHARS: usize = 80;

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let asked = if options.asked == ["-"] { piped() } else { options.asked.join(" ") };
    let explanation = explain(&asked).map_err(|unknown| {
        Failure::new(Exit::Usage, "explain.unknown", format!("{}\nfix: {}", message(&asked, unknown), fix(unknown)))
    })?;
    if common.json {
        print(&json_line(&json!(explanation)))?;
    } else {
        print(&text::rendered(&explanation, Paint { colored: common.colored() }))?;
    }
    Ok(Exit::Ok)
}

/// Standard input, as far as it is text.
fn piped() -> String {
    let mut bytes = Vec::new();
    // what cannot be read holds no code, and is answered so
    let _ = std::io::stdin().take(LIMIT_BYTES).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn message(asked: &str, unknown: Unknown) -> String {
    if let Some(number) = unknown.number {
        return format!("AADSTS{number} is a code that nothing here refuses with");
    }
    let mut shown: String = asked.trim().chars().take(SHOWN_CHARS).collect();
    if shown.len() < asked.trim().len() {
        shown.push('…');
    }
    format!("nothing is known of '{shown}'")
}

fn fix(unknown: Unknown) -> String {
    let Unknown { number, nearest } = unknown;
    let meant = nearest.map(|nearest| format!("did you mean {nearest}?"));
    match (number, meant) {
        (Some(number), meant) => {
            let meant = meant.map(|meant| format!("; or, if it is mistyped, {meant}")).unwrap_or_default();
            format!("Microsoft's own page about it is https://login.microsoftonline.com/error?code={number}{meant}")
        }
        (None, Some(meant)) => meant,
        (None, None) => {
            "codes look like AADSTS65001, checks like consent.granted; paste the message or the address that holds one. What \
             `check` says of the form of a file, such as value.form, has its fix beside it"
                .to_owned()
        }
    }
}
