//! The data folder: whether it can be used, who can read it, and how long its certificate authority lasts.

use std::io::ErrorKind;
use std::path::Path;

use jiff::Timestamp;
use x509_parser::pem::parse_x509_pem;

use super::Finding;
use crate::lab::data_folder::{CA_KEY, SIGNING_KEYS};
use crate::lab::kept_keys;

/// A certificate authority that ends sooner is worth a word, in seconds.
const SOON: i64 = 30 * 24 * 3600;

const NEW_CA: &str = "delete ca.pem and ca-key.pem in the data folder: the next start makes new ones";

/// Everything about the folder at `path`; one that is not there yet is made by `up`.
#[must_use]
pub fn examine(path: &Path, now: Timestamp) -> Vec<Finding> {
    const CHECK: &str = "data_dir";
    let shown = path.display();
    match path.metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            vec![not_there(path)]
        }
        Err(error) => {
            let message = format!("{shown} cannot be looked at: {error}");
            vec![Finding::problem(CHECK, message, "name another folder with --data-dir")]
        }
        Ok(found) if !found.is_dir() => {
            let message = format!("{shown} is no folder");
            vec![Finding::problem(CHECK, message, "name another folder with --data-dir")]
        }
        Ok(_) => {
            let mut findings = vec![writable(CHECK, path, format!("{shown} can be used"))];
            findings.push(private(path));
            findings.push(authority(path, now));
            findings.push(signing_keys(path));
            findings
        }
    }
}

fn not_there(path: &Path) -> Finding {
    let above = path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    writable("data_dir", above, format!("{} is not there yet; the first start makes it", path.display()))
}

fn writable(check: &'static str, folder: &Path, well: String) -> Finding {
    match tempfile::NamedTempFile::new_in(folder) {
        Ok(_) => Finding::ok(check, well),
        Err(error) => {
            let message = format!("{} cannot be written to: {}", folder.display(), error.kind());
            Finding::problem(check, message, "make it writable, or name another folder with --data-dir")
        }
    }
}

/// Keys and what runs belong to one person.
#[cfg(unix)]
fn private(folder: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt;

    use wire::Party;

    use crate::lab::data_folder::Part;

    let is_open = |name: &&str| {
        let file = folder.join(name).metadata().ok().filter(std::fs::Metadata::is_file);
        let mode = file.map_or(0, |file| file.permissions().mode());
        mode & 0o077 != 0
    };
    let running =
        [Part::Lab, Part::Lone(Party::Idp), Part::Lone(Party::Gate), Part::Lone(Party::Mcp)].map(Part::running_file);
    let names = [CA_KEY, SIGNING_KEYS].into_iter().chain(running.iter().map(String::as_str));
    let open: Vec<&str> = names.filter(is_open).collect();
    if open.is_empty() {
        return Finding::ok("data_dir.private", "nobody else can read its keys");
    }
    let message = format!("others can read {} in {}", open.join(", "), folder.display());
    Finding::problem(
        "data_dir.private",
        message,
        format!("chmod 600 {}; where the CA was trusted, {NEW_CA}", open.join(" ")),
    )
}

#[cfg(not(unix))]
fn private(_: &Path) -> Finding {
    Finding::ok("data_dir.private", "a user's data folder is private by inheritance")
}

/// The keys that the identity provider signs with.
fn signing_keys(folder: &Path) -> Finding {
    const CHECK: &str = "signing_keys";
    match kept_keys::signing_keys(folder) {
        Ok(None) => Finding::ok(CHECK, "there are no signing keys yet; the first start makes them"),
        Ok(Some(_)) => Finding::ok(CHECK, "the signing keys can be used"),
        Err(damaged) => Finding::problem(CHECK, damaged.to_string(), damaged.fix),
    }
}

fn authority(folder: &Path, now: Timestamp) -> Finding {
    const CHECK: &str = "ca";
    let kept = match kept_keys::authority(folder) {
        Ok(Some(kept)) => kept,
        Ok(None) => return Finding::ok(CHECK, "there is no certificate authority yet; the first start makes it"),
        Err(damaged) => return Finding::problem(CHECK, damaged.to_string(), damaged.fix),
    };
    let parsed = parse_x509_pem(kept.certificate_pem().as_bytes()).ok();
    let ends = parsed.and_then(|(_, pem)| Some(pem.parse_x509().ok()?.validity().not_after.timestamp()));
    let ends = ends.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let Some(ends) = ends else {
        return Finding::problem(CHECK, "the end of the certificate authority cannot be read", NEW_CA);
    };
    let left = ends.as_second() - now.as_second();
    if left <= 0 {
        return Finding::problem(CHECK, format!("the certificate authority ended at {ends}"), NEW_CA);
    }
    if left < SOON {
        return Finding::warning(CHECK, format!("the certificate authority ends soon, at {ends}"), NEW_CA);
    }
    Finding::ok(CHECK, format!("the certificate authority is valid until {ends}"))
}
