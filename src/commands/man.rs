//! `entralab man`.

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use super::output_file::unwritable;
use super::{Exit, Failure, print};

/// Options of `man`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A folder for one page for each command, such as ~/.local/share/man/man1. Default: the first page, on stdout.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> Result<Exit, Failure> {
    let mut command = super::Options::command().disable_help_subcommand(true);
    command.build();
    match &options.output {
        None => print(&page(&command)?)?,
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
            let name = command.get_name().to_owned();
            write(folder, &name, &command)?;
            for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
                let name = format!("{name}-{}", subcommand.get_name());
                write(folder, &name, &subcommand.clone().display_name(&name))?;
            }
        }
    }
    Ok(Exit::Ok)
}

fn write(folder: &Path, name: &str, command: &Command) -> Result<(), Failure> {
    let path = folder.join(format!("{name}.1"));
    std::fs::write(&path, page(command)?).map_err(|error| unwritable(&path, &error))
}

fn page(command: &Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page).map_err(|error| Failure::new(Exit::Bug, "man", error))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
