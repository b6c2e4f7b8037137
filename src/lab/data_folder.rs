//! The data folder of a listening lab: its signing keys, its local CA, and who runs on it.
//!
//! Every file is written beside its place and moved there in one step, so that a process killed at any moment leaves
//! the last good state. Private files are readable by their owner only.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// A data folder, held by this process for as long as the value lives.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// The system releases this lock when the process ends, however it ends.
    _lock: File,
}

/// The data folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// Another lab runs on it.
    #[error("another lab is running on {path} (pid {pid}); stop it, or give this one its own --data-dir")]
    Taken {
        /// The folder.
        path: PathBuf,
        /// The process that holds it.
        pid: String,
    },
    /// The system refused to read or write.
    #[error("cannot use {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// This system names no place for a program's data.
    #[error("this system names no folder for a program's data; give one with --data-dir")]
    NoDefault,
}

/// Where the lab that is running can be found.
pub const RUNNING: &str = "running.json";
/// The identity provider's signing keys.
pub const SIGNING_KEYS: &str = "signing-keys.pem";
/// The certificate of the local CA: the one file that other programs need.
pub const CA_CERTIFICATE: &str = "ca.pem";
/// The key of the local CA.
pub const CA_KEY: &str = "ca-key.pem";
const LOCK: &str = "lock";

impl DataFolder {
    /// The folder for this user, where none is named.
    ///
    /// # Errors
    /// When the system names no such place.
    pub fn default_path() -> Result<PathBuf, DataFolderError> {
        let folders = directories::ProjectDirs::from("", "", "entralab").ok_or(DataFolderError::NoDefault)?;
        Ok(folders.data_local_dir().to_owned())
    }

    /// Makes the folder where it is missing, and holds it.
    ///
    /// # Errors
    /// When another process holds it, or the system refuses.
    pub fn hold(path: &Path) -> Result<Self, DataFolderError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| DataFolderError::Io { path, source }
        };
        fs::create_dir_all(path).map_err(failed(path))?;
        restrict(path, 0o700).map_err(failed(path))?;
        let lock_path = path.join(LOCK);
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _unreadable = lock.read_to_string(&mut pid);
                return Err(DataFolderError::Taken { path: path.to_owned(), pid: pid.trim().to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(DataFolderError::Io { path: lock_path, source }),
        }
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(failed(&lock_path))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The place of a file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reads a file; none where it does not exist.
    ///
    /// # Errors
    /// When it exists and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<String>, DataFolderError> {
        let path = self.file(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DataFolderError::Io { path, source }),
        }
    }

    /// Writes a file that only its owner may read, in one step.
    ///
    /// # Errors
    /// When the system refuses; the old file is then still there.
    pub fn write(&self, name: &str, text: &str) -> Result<(), DataFolderError> {
        write_in_one_step(&self.file(name), text)
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, name: &str) {
        let _missing = fs::remove_file(self.file(name));
    }
}

/// Writes `path`, readable by its owner only, so that a reader sees either the old text or the whole new one.
///
/// # Errors
/// When the system refuses; the old file is then still there.
pub fn write_in_one_step(path: &Path, text: &str) -> Result<(), DataFolderError> {
    // The kind only: the rest names the temporary file, which is no concern of the reader's.
    let failed = |error: std::io::Error| DataFolderError::Io { path: path.to_owned(), source: error.kind().into() };
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?; // made with mode 0600
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(()) // a user's data folder is private by inheritance on Windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_folder_is_refused_with_the_pid_and_free_again_afterwards() {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::hold(place.path()).unwrap();
        let refusal = DataFolder::hold(place.path()).unwrap_err().to_string();
        assert!(refusal.contains(&format!("pid {}", std::process::id())), "{refusal}");
        drop(folder);
        DataFolder::hold(place.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn files_are_private_and_replaced_whole() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::hold(place.path()).unwrap();
        folder.write("x", "first").unwrap();
        folder.write("x", "second").unwrap();
        assert_eq!(folder.read("x").unwrap().as_deref(), Some("second"));
        assert_eq!(folder.read("y").unwrap(), None);
        let mode = fs::metadata(folder.file("x")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
