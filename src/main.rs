//! The `entralab` command.

use std::process::ExitCode;

use clap::Parser;
use entralab::commands::{self, Options};

fn main() -> ExitCode {
    let options = Options::parse();
    match std::panic::catch_unwind(|| commands::run(options)) {
        Ok(exit) => exit.into(),
        Err(_) => {
            eprintln!("entralab: this is a bug in entralab, not in your setup; please report the lines above");
            commands::Exit::Bug.into()
        }
    }
}
