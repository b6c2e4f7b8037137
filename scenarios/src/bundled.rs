//! The files that the binary brings along, found by folder when it is built.

use serde_json::Value;

use crate::nearest::nearest;
use crate::problem::Problem;
use crate::source::Source;
use crate::yaml;

/// A file as the build embeds it.
struct Embedded {
    theme: &'static str,
    name: &'static str,
    text: &'static str,
}

const EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// A bundled scenario or world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundled {
    /// Its name, such as `redirect-not-registered`: what commands and `base` take.
    pub name: &'static str,
    /// The folder that it stands in, such as `connect`; `worlds` for worlds.
    pub theme: &'static str,
    /// What happens, in one line.
    pub title: String,
    /// How messages call it: `bundled:<theme>/<name>`.
    pub file: String,
    /// The whole text.
    pub text: &'static str,
    /// Whether it is a world: a setup without steps.
    pub is_world: bool,
    /// What it reproduces.
    pub reports: Vec<String>,
    /// Words to select it by.
    pub tags: Vec<String>,
}

impl From<&Embedded> for Bundled {
    fn from(embedded: &Embedded) -> Self {
        let file = format!("bundled:{}/{}", embedded.theme, embedded.name);
        let head = yaml::parse(&Source::new(file.as_str(), embedded.text)).map_or(Value::Null, |node| node.to_json());
        let texts = |value: &Value| match value {
            Value::Array(values) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            value => value.as_str().map(str::to_owned).into_iter().collect(),
        };
        Self {
            name: embedded.name,
            theme: embedded.theme,
            title: head["title"].as_str().unwrap_or_default().to_owned(),
            file,
            text: embedded.text,
            is_world: head.get("steps").is_none(),
            reports: texts(&head["reports"]),
            tags: texts(&head["tags"]),
        }
    }
}

/// All bundled files: the story first, worlds last, and within that by theme and name.
#[must_use]
pub fn bundled() -> Vec<Bundled> {
    let mut all: Vec<_> = EMBEDDED.iter().map(Bundled::from).collect();
    all.sort_by_key(|bundled| (bundled.theme != "story", bundled.is_world, bundled.theme, bundled.name));
    all
}

/// The bundled file of this name; `theme/name` is understood too.
#[must_use]
pub fn find_bundled(name: &str) -> Option<Bundled> {
    let found = EMBEDDED.iter().find(|embedded| match name.split_once('/') {
        Some((theme, name)) => embedded.theme == theme && embedded.name == name,
        None => embedded.name == name,
    });
    found.map(Bundled::from)
}

/// That nothing bundled is called `name`, in the words of `message`, with the name that may have been meant.
#[must_use]
pub fn unknown(name: &str, message: &str) -> Problem {
    let fix = match nearest(name, EMBEDDED.iter().map(|embedded| embedded.name)) {
        Some(nearest) => format!("did you mean {nearest}? `entralab list` names what is bundled"),
        None => "check the name; `entralab list` names what is bundled".to_owned(),
    };
    Problem::of_file(name, "name.unknown", message, fix)
}
