//! Files that commands write for their user: whether they can be written, and what is said where they cannot.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Write};
use std::path::Path;

use super::{Exit, Failure};

/// Writes `path`, never over a file that is there, unless `force` says so.
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
        _ => unwritable(path, &error),
    })
}

/// Makes the folder that `path` is in.
pub(super) fn make_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder(path))
}

/// Looks whether `path` can be written, before something long is done; nothing comes of it.
pub(super) fn try_out(path: &Path) -> Result<(), Error> {
    match path.metadata() {
        Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(found) if found.is_file() => OpenOptions::new().append(true).open(path).map(drop),
        Ok(_) => Ok(()), // opening a pipe waits for its reader
        Err(_) => tempfile::NamedTempFile::new_in(folder(path)).map(drop),
    }
}

/// The folder that `path` is in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file cannot be written: why, and what mends it.
pub(super) fn unwritable(path: &Path, error: &Error) -> Failure {
    let folder = folder(path);
    let is_folder = |found: Result<Metadata, Error>| found.is_ok_and(|found| found.is_dir());
    let (why, fix) = match error.kind() {
        _ if is_folder(path.metadata()) => {
            ("it is a folder".to_owned(), "name a file in it, or another file".to_owned())
        }
        ErrorKind::NotFound if !is_folder(folder.metadata()) => (
            format!("there is no folder {}", folder.display()),
            "make the folder first, or name a file in another one".to_owned(),
        ),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            (format!("{} is no folder", folder.display()), "name a file in a folder".to_owned())
        }
        ErrorKind::PermissionDenied => {
            ("permission denied".to_owned(), "name a file in a folder that you may write to".to_owned())
        }
        ErrorKind::StorageFull => ("the disk is full".to_owned(), "make room, or name another file".to_owned()),
        _ => (error.to_string(), "name another file".to_owned()),
    };
    Failure::new(Exit::Environment, "file.unwritable", format!("cannot write {}: {why}\nfix: {fix}", path.display()))
}
