//! `entralab record`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::listening::data_dir;
use super::running::Running;
use super::settings::Settings;
use super::{Common, Exit, Failure, json_line, output_file, print, runtime};
use crate::play::{self, Played};
use crate::recording::Session;
use crate::recording::file::{Recording, recording};
use crate::report::shell;
use crate::report::visible::visible;

/// Options of `record`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The scenario file to write. Default: stdout.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long, requires = "output")]
    force: bool,
    /// The data folder of the lab. Default: ENTRALAB_DATA_DIR, or this user's.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(super) fn run(options: &Options, common: Common) -> Result<Exit, Failure> {
    let named = options.data_dir.clone().or(Settings::read()?.data_dir);
    let running = Running::lab(&data_dir(named.as_deref())?, None)?;
    let recording = recording(&session(&running)?);
    if recording.steps == 0 {
        let page = running.text("lab");
        let message = format!(
            "nothing was done on the page of this lab yet\nfix: connect, test and ask at {page}: what programs do is not recorded"
        );
        return Err(Failure::new(Exit::Usage, "record.nothing", message));
    }
    let file = options.output.as_ref().map_or_else(|| "recorded".to_owned(), |path| path.display().to_string());
    let played = played_back(&file, &recording)?;
    match &options.output {
        None => print(&recording.text)?,
        Some(path) => output_file::write(path, &recording.text, options.force)?,
    }
    tell(&file, &recording, &played, options, common)?;
    Ok(if played.passed() { Exit::Ok } else { Exit::Failed })
}

fn session(running: &Running) -> Result<Session, Failure> {
    let failed = |message: String| Failure::new(Exit::Environment, "lab.session", message);
    match running.get("/_lab/session")? {
        Some((200, text)) => serde_json::from_str(&text).map_err(|error| {
            failed(format!("the lab tells of its session in a way that this version does not know: {error}"))
        }),
        Some((status, _)) => Err(failed(format!(
            "the lab answered {status} when asked for its session\nfix: start it again with this version"
        ))),
        None => Err(failed("the lab does not answer any more\nfix: is it running? `entralab status`".to_owned())),
    }
}

/// A recording that does not hold when it is played is told as such.
fn played_back(file: &str, recording: &Recording) -> Result<Played, Failure> {
    let scenario = scenarios::read_text(file, &recording.text, None)
        .map_err(|problems| Failure::new(Exit::Bug, "record.invalid", problems.render(false)))?;
    runtime()?
        .block_on(play::play(&scenario))
        .map_err(|error| Failure::new(Exit::Environment, "lab.start", format!("cannot start a lab: {error}")))
}

fn tell(file: &str, recording: &Recording, played: &Played, options: &Options, common: Common) -> Result<(), Failure> {
    let failure = played.failure.as_ref().map(|failure| failure.text(&played.redaction()));
    let steps = recording.steps;
    if common.json && options.output.is_some() {
        let document =
            json!({ "file": file, "steps": steps, "left_out": recording.left_out, "passed": failure.is_none() });
        print(&json_line(&document))?;
    } else if options.output.is_some() && !common.quiet {
        let counted = format!("{steps} step{}", if steps == 1 { "" } else { "s" });
        let held = if failure.is_none() { ", and played back they hold" } else { "" };
        let typed = shell::file(file);
        print(&visible(&format!("wrote {file}: {counted}{held}\n  entralab run {typed}\n")))?;
    }
    for what in &recording.left_out {
        eprintln!("{}", visible(&format!("left out: {what}")));
    }
    if let Some(failure) = failure {
        let message = "played back, the recording does not hold: something else happened in this lab meanwhile";
        eprintln!("{}", visible(&format!("{message}\n{failure}")));
    }
    Ok(())
}
