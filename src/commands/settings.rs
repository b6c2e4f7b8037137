//! Settings that are typed once: `ENTRALAB_…` in the environment, and `entralab.toml` in the folder where the command is
//! run. A flag wins over the environment, that over the file, and the file over the default.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Exit, Failure};

/// The file's name.
const FILE: &str = "entralab.toml";

/// The variable of `--port-base`.
const PORT_BASE: &str = "ENTRALAB_PORT_BASE";

/// The variable of `run --jobs`.
const JOBS: &str = "ENTRALAB_JOBS";

/// What the file can set.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    port_base: Option<i64>,
    data_dir: Option<PathBuf>,
    ready_file: Option<PathBuf>,
}

/// What is set.
#[derive(Debug)]
pub(super) struct Settings {
    /// As `--port-base`.
    pub port_base: Option<u16>,
    /// As `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// As `--ready-file`.
    pub ready_file: Option<PathBuf>,
}

/// The highest `--port-base`: it needs two ports after it.
pub(super) const HIGHEST_PORT_BASE: u16 = u16::MAX - 2;

impl Settings {
    /// What the environment says, and the file where it says nothing.
    pub(super) fn read() -> Result<Self, Failure> {
        let file = read_file(Path::new(FILE))?;
        let port_base = match (variable(PORT_BASE), file.port_base) {
            (Some(text), _) => Some(port_base(PORT_BASE, &text.to_string_lossy())),
            (None, Some(number)) => Some(port_base(&format!("{FILE}: port_base"), &number.to_string())),
            (None, None) => None,
        };
        Ok(Self {
            port_base: port_base.transpose()?,
            data_dir: variable("ENTRALAB_DATA_DIR").map(PathBuf::from).or(file.data_dir),
            ready_file: variable("ENTRALAB_READY_FILE").map(PathBuf::from).or(file.ready_file),
        })
    }

    /// How many scenarios are played at a time, where the environment says so.
    pub(super) fn jobs() -> Result<Option<u16>, Failure> {
        let Some(text) = variable(JOBS) else { return Ok(None) };
        let text = text.to_string_lossy();
        let number = text.trim().parse().ok().filter(|number| *number > 0);
        number.map(Some).ok_or_else(|| invalid(&format!("{JOBS} cannot be '{text}'"), "write a number from 1 to 65535"))
    }
}

/// A variable; one that is set to nothing says nothing.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn read_file(path: &Path) -> Result<File, Failure> {
    let failed = |error: &str, fix: &str| Err(invalid(&format!("{}: {}", path.display(), error.trim_end()), fix));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(File::default()),
        Err(_) if path.is_dir() => {
            return failed("this is a folder", "give the folder another name: a file of this name holds settings");
        }
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            return failed("this is no text", "write it anew, in UTF-8");
        }
        Err(error) => return failed(&error.to_string(), "make it readable for yourself, or remove it"),
    };
    toml::from_str(&text).or_else(|error| {
        let fix = "it can set port_base, a number, and data_dir and ready_file, each a text in quotes";
        failed(&error.to_string(), fix)
    })
}

/// The port base that `place` sets.
fn port_base(place: &str, text: &str) -> Result<u16, Failure> {
    let number = text.trim().parse().ok().filter(|base| *base <= HIGHEST_PORT_BASE);
    number.ok_or_else(|| {
        let fix = format!(
            "write a number from 0 to {HIGHEST_PORT_BASE}: the lab takes that port and the two after it, or free ones for 0"
        );
        invalid(&format!("{place} cannot be '{text}'"), &fix)
    })
}

fn invalid(message: &str, fix: &str) -> Failure {
    Failure::new(Exit::Usage, "settings.invalid", format!("{message}\nfix: {fix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_setting_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        assert!(read_file(&file).unwrap().port_base.is_none());
        std::fs::write(&file, "port_base = 9000\n").unwrap();
        assert_eq!(read_file(&file).unwrap().port_base, Some(9000));
        std::fs::write(&file, "port_base = 9000\nport-bass = 1\n").unwrap();
        let refusal = read_file(&file).unwrap_err();
        assert_eq!(refusal.exit, Exit::Usage);
        assert!(refusal.message.contains("line 2") && refusal.message.contains("port-bass"), "{}", refusal.message);
    }
}
