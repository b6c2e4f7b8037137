//! `entralab completions SHELL`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Exit, Failure, print};

/// Options of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "bash: entralab completions bash > ~/.local/share/bash-completion/completions/entralab")]
pub(super) struct Options {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(options: &Options) -> Result<Exit, Failure> {
    let mut command = super::Options::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, name, &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
