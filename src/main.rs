//! The `entralab` command.

use std::process::ExitCode;

use entralab::commands;

fn main() -> ExitCode {
    let options = commands::parse();
    match std::panic::catch_unwind(|| commands::run(options)) {
        Ok(exit) => exit.into(),
        Err(_) => {
            eprintln!("entralab: this is a bug in entralab, not in your setup; please report the lines above");
            commands::Exit::Bug.into()
        }
    }
}
