//! Files that commands write for their user: never over one that is there, unless told to.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::{Exit, Failure};

/// Writes `path`; with `force`, over a file that is there.
pub(super) fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let file = if force { File::create(path) } else { File::create_new(path) };
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            let message = format!(
                "{} is there already, and nothing was written\nfix: give another name, or --force",
                path.display()
            );
            Failure::new(Exit::Usage, "file.exists", message)
        }
        _ => Failure::new(Exit::Environment, "file.unwritable", format!("cannot write {}: {error}", path.display())),
    })
}
