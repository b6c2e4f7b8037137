//! The data folder of a listening lab: its signing keys, its local CA, and who runs on it.
//!
//! Every file is written beside its place and moved there in one step, so that a process killed at any moment leaves
//! the last good state. Private files are readable by their owner only.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use wire::Party;

/// A data folder, held by this process for as long as the value lives.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    part: Part,
    /// The system releases this lock when the process ends, however it ends.
    _lock: File,
}

/// The right to make keys.
struct KeysLock(File);

impl Drop for KeysLock {
    fn drop(&mut self) {
        let _released_by_closing_too = self.0.unlock();
    }
}

/// The data folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// The same runs on it already.
    #[error("another {what} is running on {path} (pid {pid})\nfix: stop it, or give this one its own --data-dir")]
    Taken {
        /// What runs.
        what: Part,
        /// The folder.
        path: PathBuf,
        /// The process that holds it.
        pid: String,
    },
    /// The system refused to read or write.
    #[error(
        "cannot use {path}: {source}\nfix: look at what it is and whose, or name another data folder with --data-dir"
    )]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What is there is a file, or something else.
    #[error("{0} is no folder\nfix: name another data folder with --data-dir")]
    NoFolder(PathBuf),
    /// This system names no place for a program's data.
    #[error("this system names no folder for a program's data\nfix: name one with --data-dir")]
    NoDefault,
}

/// The identity provider's signing keys.
pub const SIGNING_KEYS: &str = "signing-keys.pem";
/// The certificate of the local CA: the one file that other programs need.
pub const CA_CERTIFICATE: &str = "ca.pem";
/// The key of the local CA.
pub const CA_KEY: &str = "ca-key.pem";
/// Held while keys are made, because the lab and lone parties share them.
const KEYS_LOCK: &str = "keys.lock";

/// What holds a data folder; each part of the emulator can run on it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A lab with all parties.
    Lab,
    /// One party alone.
    Lone(Party),
}

impl Part {
    fn lock(self) -> String {
        match self {
            Self::Lab => "lock".to_owned(),
            Self::Lone(party) => format!("{party}.lock"),
        }
    }

    /// The file that says where it can be found while it runs.
    #[must_use]
    pub fn running_file(self) -> String {
        match self {
            Self::Lab => "running.json".to_owned(),
            Self::Lone(party) => format!("running-{party}.json"),
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lab => f.write_str("lab"),
            Self::Lone(party) => write!(f, "{party}"),
        }
    }
}

impl DataFolder {
    /// The folder for this user, where none is named.
    ///
    /// # Errors
    /// When the system names no such place.
    pub fn default_path() -> Result<PathBuf, DataFolderError> {
        let folders = directories::ProjectDirs::from("", "", "entralab").ok_or(DataFolderError::NoDefault)?;
        Ok(folders.data_local_dir().to_owned())
    }

    /// Makes the folder where it is missing, and holds it for `part`.
    ///
    /// # Errors
    /// When another process holds it for the same, or the system refuses.
    pub fn hold(path: &Path, part: Part) -> Result<Self, DataFolderError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| DataFolderError::Io { path, source }
        };
        // somebody else's folder, such as a home, stays as it is: the files in it that matter are private themselves
        match fs::metadata(path) {
            Ok(found) if !found.is_dir() => return Err(DataFolderError::NoFolder(path.to_owned())),
            Ok(_) => {}
            Err(_) => {
                fs::create_dir_all(path).map_err(failed(path))?;
                restrict(path, 0o700).map_err(failed(path))?;
            }
        }
        let lock_path = path.join(part.lock());
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
                let pid = pid.trim().to_owned();
                return Err(DataFolderError::Taken { what: part, path: path.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(DataFolderError::Io { path: lock_path, source }),
        }
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(failed(&lock_path))?;
        // programs in other folders read the names of its files
        let path = std::path::absolute(path).map_err(failed(path))?;
        Ok(Self { path, part, _lock: lock })
    }

    /// Waits until nobody else makes keys in the folder, and keeps others from it while the value lives.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn lock_keys(&self) -> Result<impl Drop + use<>, DataFolderError> {
        let path = self.file(KEYS_LOCK);
        let locked = File::options().write(true).create(true).truncate(false).open(&path).and_then(|file| {
            file.lock()?;
            Ok(KeysLock(file))
        });
        locked.map_err(|source| DataFolderError::Io { path, source })
    }

    /// The file that says where this part of the emulator can be found.
    #[must_use]
    pub fn running_file(&self) -> String {
        self.part.running_file()
    }

    /// The place of a file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file that only its owner may read, in one step.
    ///
    /// # Errors
    /// When the system refuses; the old file is then still there.
    pub fn write(&self, name: &str, text: &str) -> Result<(), DataFolderError> {
        let path = self.file(name);
        write_in_one_step(&path, text).map_err(|source| DataFolderError::Io { path, source })
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
pub fn write_in_one_step(path: &Path, text: &str) -> std::io::Result<()> {
    // The kind only: the rest names the temporary file, which is no concern of the reader's.
    let failed = |error: std::io::Error| std::io::Error::from(error.kind());
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
        let folder = DataFolder::hold(place.path(), Part::Lab).unwrap();
        let refusal = DataFolder::hold(place.path(), Part::Lab).unwrap_err().to_string();
        assert!(refusal.contains(&format!("pid {}", std::process::id())), "{refusal}");
        let beside = DataFolder::hold(place.path(), Part::Lone(Party::Gate));
        assert!(beside.is_ok(), "a lone party runs beside it: {beside:?}");
        drop(folder);
        DataFolder::hold(place.path(), Part::Lab).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_of_its_own_is_private_and_anybody_elses_stays_as_it_is() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        DataFolder::hold(place.path(), Part::Lab).unwrap();
        let own = place.path().join("own");
        DataFolder::hold(&own, Part::Lab).unwrap();
        assert_eq!((mode(place.path()), mode(&own)), (0o755, 0o700));
        let refusal = DataFolder::hold(&place.path().join("lock"), Part::Lab).unwrap_err().to_string();
        assert!(refusal.contains("lock is no folder\nfix: "), "{refusal}");
    }

    #[cfg(unix)]
    #[test]
    fn files_are_private_and_replaced_whole() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::hold(place.path(), Part::Lab).unwrap();
        folder.write("x", "first").unwrap();
        folder.write("x", "second").unwrap();
        assert_eq!(fs::read_to_string(folder.file("x")).unwrap(), "second");
        let mode = fs::metadata(folder.file("x")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
