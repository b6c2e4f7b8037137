//! The keys that a data folder keeps: those of the identity provider, and the certificate authority.

use std::io::ErrorKind;
use std::path::Path;

use mock_idp::SigningKeys;

use super::certificates::CertificateAuthority;
use super::data_folder::{CA_CERTIFICATE, CA_KEY, SIGNING_KEYS};
use crate::report::shell;

/// What is kept cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Damaged {
    /// What is wrong.
    why: String,
    /// What mends it.
    pub fix: String,
}

/// The signing keys in `folder`; none where there are none yet.
///
/// # Errors
/// When they cannot be read, or are none.
pub fn signing_keys(folder: &Path) -> Result<Option<SigningKeys>, Damaged> {
    let Some(pem) = read(folder, SIGNING_KEYS, &[SIGNING_KEYS])? else { return Ok(None) };
    let damaged = |error| damaged(folder, SIGNING_KEYS, &format!("is damaged: {error}"), &[SIGNING_KEYS]);
    SigningKeys::from_pem(&pem).map(Some).map_err(damaged)
}

/// The certificate authority in `folder`; none where one of its two files is not there: it is made anew then.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn authority(folder: &Path) -> Result<Option<CertificateAuthority>, Damaged> {
    const BOTH: [&str; 2] = [CA_CERTIFICATE, CA_KEY];
    let kept = read(folder, CA_CERTIFICATE, &BOTH)?.zip(read(folder, CA_KEY, &BOTH)?);
    let Some((certificate, key)) = kept else { return Ok(None) };
    CertificateAuthority::from_pem(&certificate, &key).map(Some).map_err(|error| {
        let name = if error.is_of_the_key() { CA_KEY } else { CA_CERTIFICATE };
        damaged(folder, name, &format!("is damaged: {error}"), &BOTH)
    })
}

/// Reads a file; none where it does not exist. `all` are the files that must go where this one is of no use.
fn read(folder: &Path, name: &str, all: &[&str]) -> Result<Option<String>, Damaged> {
    let place = folder.join(name);
    match std::fs::read_to_string(&place) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(damaged(folder, name, "is damaged: it is no text", all))
        }
        Err(_) if place.is_dir() => Err(damaged(folder, name, "is a folder", all)),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let fix =
                format!("chmod 600 {}, where it is yours; or name another folder with --data-dir", quoted(&place));
            Err(Damaged { why: format!("{} cannot be read: permission denied", place.display()), fix })
        }
        Err(error) => {
            let fix = "look at what it is, or name another folder with --data-dir".to_owned();
            Err(Damaged { why: format!("{} cannot be read: {error}", place.display()), fix })
        }
    }
}

fn damaged(folder: &Path, name: &str, why: &str, all: &[&str]) -> Damaged {
    let places = all.iter().map(|name| folder.join(name)).filter(|place| place.exists());
    let places: Vec<String> = places.map(|place| quoted(&place)).collect();
    let trusted =
        if all.contains(&CA_CERTIFICATE) { "; programs that trusted the old certificate need the new one" } else { "" };
    Damaged {
        why: format!("{} {why}", folder.join(name).display()),
        fix: format!("delete it, and the next start makes a new one{trusted}: rm -r {}", places.join(" ")),
    }
}

fn quoted(place: &Path) -> String {
    shell::word(&place.display().to_string())
}
