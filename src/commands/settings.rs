//! Settings that are typed once: `ENTRALAB_…` in the environment, and `entralab.toml` in the folder where the command is
//! run. A flag wins over the environment, that over the file, and the file over the default.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Exit, Failure};

/// The file's name.
const FILE: &str = "entralab.toml";

/// What the file can set.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
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
        let file = Self::read_file(Path::new(FILE))?;
        // A variable that is set to nothing says nothing.
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let port_base = match variable("ENTRALAB_PORT_BASE") {
            None => file.port_base,
            Some(text) => Some(
                text.to_str()
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| port_base_failure("ENTRALAB_PORT_BASE"))?,
            ),
        };
        if port_base.is_some_and(|base| base > HIGHEST_PORT_BASE) {
            return Err(port_base_failure("port_base"));
        }
        Ok(Self {
            port_base,
            data_dir: variable("ENTRALAB_DATA_DIR").map(PathBuf::from).or(file.data_dir),
            ready_file: variable("ENTRALAB_READY_FILE").map(PathBuf::from).or(file.ready_file),
        })
    }

    fn read_file(path: &Path) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            let error = error.to_string();
            let fix = "fix: it can set port_base, a number, and data_dir and ready_file, each a text in quotes";
            Failure::new(Exit::Usage, "settings.invalid", format!("{}: {}\n{fix}", path.display(), error.trim_end()))
        };
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|error| failed(&error)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(failed(&error)),
        }
    }
}

fn port_base_failure(name: &str) -> Failure {
    let message = format!(
        "{name} is out of range\nfix: write a number from 0 to {HIGHEST_PORT_BASE}: the lab takes that port and the two after it, \
         or free ones for 0"
    );
    Failure::new(Exit::Usage, "settings.invalid", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_setting_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        assert!(Settings::read_file(&file).unwrap().port_base.is_none());
        std::fs::write(&file, "port_base = 9000\n").unwrap();
        assert_eq!(Settings::read_file(&file).unwrap().port_base, Some(9000));
        std::fs::write(&file, "port_base = 9000\nport-bass = 1\n").unwrap();
        let refusal = Settings::read_file(&file).unwrap_err();
        assert_eq!(refusal.exit, Exit::Usage);
        assert!(refusal.message.contains("line 2") && refusal.message.contains("port-bass"), "{}", refusal.message);
    }
}
