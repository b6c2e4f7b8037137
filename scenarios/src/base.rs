//! Where a `base` leads: to a bundled world, or to a file beside the one that names it, and never anywhere else.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::bundled::{bundled, find_bundled};
use crate::nearest::{listed, nearest};
use crate::problem::{Problem, Problems};
use crate::source::Source;
use crate::tree::Node;
use crate::yaml::{LARGEST_FILE_BYTES, escaped, too_large};

/// How many bases may stand on each other.
pub(crate) const LONGEST_CHAIN: usize = 8;

const ENDINGS: [&str; 4] = ["", ".scenario.yaml", ".scenario.yml", ".yaml"];

/// Reads a file that the user named, within the limit.
pub(crate) fn read_file(path: &Path, file: &str) -> Result<Source, Problems> {
    let unreadable = |reason: &io::Error| {
        let fix = "check the name; `entralab list` names what is bundled";
        Problem::of_file(file, "file.unreadable", format!("the file cannot be read: {reason}"), fix)
    };
    // before it is opened: a pipe would be waited for
    let kind = path.metadata().map_err(|reason| unreadable(&reason))?.file_type();
    if !kind.is_file() {
        let what = if kind.is_dir() { "a folder" } else { "a pipe, a device or a socket" };
        let message = format!("this is {what}, and a file is wanted");
        return Err(Problem::of_file(file, "file.kind", message, "name an ordinary file").into());
    }
    let mut bytes = Vec::new();
    let opened = File::open(path).and_then(|opened| {
        let limit = LARGEST_FILE_BYTES as u64;
        if opened.metadata()?.len() > limit {
            return Ok(false);
        }
        opened.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(bytes.len() as u64 <= limit)
    });
    match opened {
        Ok(true) => {}
        Ok(false) => return Err(too_large(file).into()),
        Err(reason) => return Err(unreadable(&reason).into()),
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(file, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let valid = String::from_utf8_lossy(&error.as_bytes()[..at]).into_owned();
            let end = Source::new(file, valid).span(at, at);
            Err(Problem::at(&end, "file.encoding", "the file is not UTF-8 from here on", "save it as UTF-8").into())
        }
    }
}

/// The text of the base that `node` names. `folder` is where the file that names it stands.
pub(crate) fn find(node: &Node, folder: Option<&Path>) -> Result<(Source, Option<PathBuf>), Problems> {
    let name = node.text().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(plain) || name.contains("..") {
        let message = format!("a base is a plain name, and `{}` is none", escaped(name));
        let fix = "write the name of a bundled world, or of a file beside this one: no folder, no address";
        return Err(Problem::at(&node.span, "base.form", message, fix).into());
    }
    if let Some(world) = find_bundled(name) {
        if !world.is_world {
            return Err(not_a_world(node).into());
        }
        return Ok((Source::new(world.file, world.text), None));
    }
    let beside = folder.and_then(|folder| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let names = ENDINGS.iter().map(|ending| folder.join(format!("{name}{ending}")));
        names.into_iter().find(|path| path.symlink_metadata().is_ok()).map(|path| (folder, path))
    });
    let Some((folder, path)) = beside else {
        let worlds = bundled();
        let known = || worlds.iter().filter(|bundled| bundled.is_world).map(|bundled| bundled.name);
        let fix = match nearest(name, known()) {
            Some(near) => format!("write `{near}`"),
            None => format!("the bundled worlds are {}", listed(known())),
        };
        let place = if folder.is_some() { ", and no file of that name beside this one" } else { "" };
        let message = format!("there is no bundled world `{name}`{place}");
        return Err(Problem::at(&node.span, "base.unknown", message, fix).into());
    };
    if !stays_in(folder, &path) {
        let message = format!("`{name}` leads out of this folder, or to no ordinary file");
        let fix = "copy the world beside this file";
        return Err(Problem::at(&node.span, "base.outside", message, fix).into());
    }
    let shown = path.strip_prefix(".").unwrap_or(&path).display().to_string();
    Ok((read_file(&path, &shown)?, Some(folder.to_path_buf())))
}

/// Whether the file itself, after all links, stands in the folder.
fn stays_in(folder: &Path, path: &Path) -> bool {
    let (Ok(folder), Ok(path)) = (folder.canonicalize(), path.canonicalize()) else { return false };
    path.parent() == Some(folder.as_path()) && path.is_file()
}

/// A scenario cannot be a base.
pub(crate) fn not_a_world(node: &Node) -> Problem {
    let name = node.text().unwrap_or_default();
    let message = format!("`{}` is a scenario, not a world: it has steps", escaped(name));
    Problem::at(&node.span, "base.steps", message, "name a world: a file without `steps`")
}
