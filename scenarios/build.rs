//! Lists the bundled files: every `<theme>/*.scenario.yaml` beside this file is embedded, with no Rust edit.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const ENDING: &str = ".scenario.yaml";

fn main() -> io::Result<()> {
    // The whole folder, so that a new theme or file is noticed too.
    println!("cargo::rerun-if-changed=.");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut list = String::from("&[\n");
    for theme in sorted(&root)?.into_iter().filter(|path| path.is_dir()) {
        for file in sorted(&theme)? {
            let (Some(theme), Some(name)) =
                (name_of(&theme), name_of(&file).and_then(|name| name.strip_suffix(ENDING)))
            else {
                continue;
            };
            let path = file.display().to_string();
            let _ =
                writeln!(list, "    Embedded {{ theme: {theme:?}, name: {name:?}, text: include_str!({path:?}) }},");
        }
    }
    list.push(']');
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("bundled.rs"), list)
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}
