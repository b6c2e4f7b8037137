//! Settings that are typed once: `entralab.toml` in the folder where the command is run.
//!
//! A flag wins over `ENTRALAB_…`, that over this file, and this file over the default.

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

impl Settings {
    /// Reads the file; the defaults where there is none.
    pub(super) fn read() -> Result<Self, Failure> {
        Self::read_from(Path::new(FILE))
    }

    fn read_from(path: &Path) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::Usage, "settings.invalid", format!("{}: {error}", path.display()))
        };
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|error| failed(&error)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(failed(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_setting_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        assert!(Settings::read_from(&file).unwrap().port_base.is_none());
        std::fs::write(&file, "port_base = 9000\n").unwrap();
        assert_eq!(Settings::read_from(&file).unwrap().port_base, Some(9000));
        std::fs::write(&file, "port_base = 9000\nport-bass = 1\n").unwrap();
        let refusal = Settings::read_from(&file).unwrap_err();
        assert_eq!(refusal.exit, Exit::Usage);
        assert!(refusal.message.contains("line 2") && refusal.message.contains("port-bass"), "{}", refusal.message);
    }
}
