//! What a code or a named check means, where it shows, what brings it about and what mends it.
//!
//! The words about codes stand in mock-idp, whose own page about a code shows them too; those about checks in
//! `checks.toml`, those about lints in `lints.toml`. What is known elsewhere is not repeated there: where a code shows follows from the identity provider's
//! table of faces, and which scenarios reproduce it from the bundled files.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use mock_idp::EntraErrorKind;
use mock_idp::error::meaning::{Fix, Meaning};
use scenarios::{Action, Bundled, Expected, Scenario, World};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::IntoEnumIterator;
use wire::Check;

pub mod pasted;
pub mod text;

use crate::predict::lints::{NAMES, lint};

/// Everything that is said of one code or check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explanation {
    /// `AADSTS<number>`, or the check's name.
    pub name: String,
    /// What it means when it refuses, in plain words.
    pub means: String,
    /// Where it is seen.
    pub shows: Vec<String>,
    /// What brings it about, the likeliest first.
    pub causes: Vec<String>,
    /// What mends it.
    #[schemars(with = "Vec<serde_json::Map<String, Value>>")]
    pub fixes: Vec<Fix>,
    /// The bundled scenarios that reproduce it.
    pub scenarios: Vec<Reproduction>,
    /// What is near it: codes and checks.
    pub see_also: Vec<String>,
}

/// A bundled scenario that reproduces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reproduction {
    /// Its name, as `run` takes it.
    pub name: String,
    /// What happens in it.
    pub title: String,
}

/// Nothing is known of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The number of the code, where it was one.
    pub number: Option<u32>,
    /// What is spelled most alike.
    pub nearest: Option<&'static str>,
}

/// What is written of one code or check.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    means: String,
    #[serde(default)]
    shows: Vec<String>,
    #[serde(default)]
    causes: Vec<String>,
    #[serde(default)]
    fixes: Vec<Fix>,
    /// The codes that a check refuses with.
    #[serde(default)]
    codes: Vec<String>,
    #[serde(default)]
    see: Vec<String>,
}

type Entries = BTreeMap<String, Entry>;

/// What is written here.
const OWN_FILES: [&str; 2] = [include_str!("explain/checks.toml"), include_str!("explain/lints.toml")];

/// All entries; that the files can be read is tested.
static ENTRIES: LazyLock<Entries> = LazyLock::new(|| {
    let mut entries = Entries::new();
    for text in OWN_FILES {
        entries.extend(toml::from_str::<Entries>(text).unwrap_or_default());
    }
    entries.extend(EntraErrorKind::iter().map(|kind| {
        let Meaning { means, causes, fixes, see } = kind.meaning().clone();
        (code_name(kind), Entry { means, causes, fixes, see, ..Entry::default() })
    }));
    entries
});

/// Explains a code (`AADSTS65001` or `65001`), a check (`consent.granted`), a lint (`lint.secret_expires`), or the first of them that a pasted message
/// or URL speaks of.
///
/// # Errors
/// Where there is no such code, check or lint.
pub fn explain(asked: &str) -> Result<Explanation, Unknown> {
    let codes = pasted::codes(asked);
    let mut meant = codes.iter().map(|number| format!("AADSTS{number}")).chain(pasted::names(asked));
    let Some((name, entry)) = meant.find_map(|name| ENTRIES.get_key_value(name.as_str())) else {
        let number = codes.first().copied();
        let name = number.map_or_else(|| asked.trim().to_ascii_lowercase(), |number| format!("AADSTS{number}"));
        return Err(Unknown { number, nearest: scenarios::nearest(&name, names()) });
    };
    let of_codes = || entry.codes.iter().filter_map(|code| Some((code, ENTRIES.get(code)?)));
    let several = entry.codes.len() > 1;
    let mut causes = entry.causes.clone();
    if causes.is_empty() {
        let prefix = |code: &str| if several { format!("{code}: ") } else { String::new() };
        causes.extend(
            of_codes().flat_map(|(code, of)| of.causes.iter().map(move |cause| format!("{}{cause}", prefix(code)))),
        );
    }
    let mut fixes = entry.fixes.clone();
    if fixes.is_empty() {
        of_codes().flat_map(|(_, of)| &of.fixes).for_each(|fix| {
            if !fixes.contains(fix) {
                fixes.push(fix.clone());
            }
        });
    }
    let mut shows = entry.shows.clone();
    shows.extend(shown_at(name));
    for (code, _) in of_codes() {
        let prefix = if several { format!("{code}, ") } else { String::new() };
        shows.extend(shown_at(code).into_iter().map(|place| format!("{prefix}{place}")));
    }
    Ok(Explanation {
        name: name.clone(),
        means: entry.means.clone(),
        shows,
        causes,
        fixes,
        scenarios: reproductions(name),
        see_also: see_also(name, entry),
    })
}

/// Every code, check and lint that can be explained.
pub fn names() -> impl Iterator<Item = &'static str> {
    ENTRIES.keys().map(String::as_str)
}

/// Where a code is seen, by the identity provider's own table.
fn shown_at(name: &str) -> Vec<String> {
    kind_named(name).map(|kind| kind.faces().in_words()).unwrap_or_default()
}

fn kind_named(name: &str) -> Option<EntraErrorKind> {
    EntraErrorKind::iter().find(|kind| code_name(*kind) == name)
}

fn code_name(kind: EntraErrorKind) -> String {
    format!("AADSTS{}", kind.number())
}

/// What the entry names, and what names the entry; a check and its codes name each other.
fn see_also(name: &String, entry: &Entry) -> Vec<String> {
    let mut near: Vec<String> = entry.codes.iter().chain(&entry.see).cloned().collect();
    let naming = ENTRIES.iter().filter(|(_, other)| other.codes.contains(name) || other.see.contains(name));
    near.extend(naming.map(|(other, _)| other.clone()));
    let mut seen = std::collections::HashSet::new();
    near.retain(|other| other != name && seen.insert(other.clone()));
    near
}

/// A bundled scenario, read when somebody needs it.
struct Readable {
    bundled: Bundled,
    read: OnceLock<Option<Scenario>>,
}

impl Readable {
    fn scenario(&self) -> Option<&Scenario> {
        self.read.get_or_init(|| self.bundled.read().ok()).as_ref()
    }
}

static SCENARIOS: LazyLock<Vec<Readable>> = LazyLock::new(|| {
    let scenarios = scenarios::bundled().into_iter().filter(|bundled| !bundled.is_world);
    scenarios.map(|bundled| Readable { bundled, read: OnceLock::new() }).collect()
});

/// The bundled scenarios that say they reproduce the code, that expect the check to refuse, or in which a change brings the
/// lint or takes it away.
fn reproductions(name: &str) -> Vec<Reproduction> {
    let check = Check::named(name);
    let reproduces = |one: &&Readable| match check {
        None if NAMES.contains(&name) => one.scenario().is_some_and(|scenario| changes_lint(scenario, name)),
        None => one.bundled.reports.iter().any(|report| report == name),
        // only what speaks of the check at all has to be read
        Some(check) => {
            one.bundled.text.contains(name) && one.scenario().is_some_and(|scenario| expects_refusal(scenario, check))
        }
    };
    let told = |Readable { bundled, .. }: &Readable| Reproduction {
        name: bundled.name.to_owned(),
        title: bundled.title.clone(),
    };
    SCENARIOS.iter().filter(reproduces).map(told).collect()
}

fn changes_lint(scenario: &Scenario, name: &str) -> bool {
    let has = |world: &World| lint(world).iter().any(|lint| lint.name == name);
    let (mut world, at_first) = (scenario.world.clone(), has(&scenario.base));
    let patches = scenario.steps.iter().chain(&scenario.fix).filter_map(|step| match &step.action {
        Action::Change { patch } => Some(patch),
        _ => None,
    });
    let mut differs = has(&world) != at_first;
    for patch in patches {
        // what a step before it kept is not known here
        let Ok(changed) = scenario.change_world(&world, patch) else { continue };
        differs |= has(&changed) != at_first;
        world = changed.into();
    }
    differs
}

fn expects_refusal(scenario: &Scenario, check: Check) -> bool {
    let is = |expected: &Option<Expected>| matches!(expected, Some(Expected::Is(Value::String(name), _)) if name == check.name());
    scenario.steps.iter().any(|step| step.named_check() == Some(check) || step.hops.iter().any(|hop| is(&hop.check)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_can_be_read() {
        for text in OWN_FILES {
            if let Err(error) = toml::from_str::<Entries>(text) {
                panic!("{error}");
            }
        }
    }

    /// Whoever adds a code or a check adds an entry to mock-idp's `error/codes.toml` or to `checks.toml` here.
    #[test]
    fn every_code_check_and_lint_is_explained_with_surface_causes_and_fixes() {
        let codes = EntraErrorKind::iter().map(code_name);
        let checks = Check::ALL.iter().map(|check| check.name().to_owned());
        let mut missing = Vec::new();
        for name in codes.chain(checks).chain(NAMES.map(str::to_owned)) {
            let Ok(explanation) = explain(&name) else {
                missing.push(name);
                continue;
            };
            assert!(!explanation.means.is_empty(), "{name}");
            assert!(!explanation.shows.is_empty(), "{name} shows nowhere");
            assert!(!explanation.causes.is_empty(), "{name} has no cause");
            assert!(!explanation.fixes.is_empty(), "{name} has no fix");
            assert!(!explanation.see_also.is_empty(), "{name} stands alone");
        }
        assert!(missing.is_empty(), "not explained: {}", missing.join(", "));
    }

    #[test]
    fn what_entries_name_exists() {
        for (name, entry) in ENTRIES.iter() {
            for other in entry.codes.iter().chain(&entry.see) {
                assert!(ENTRIES.contains_key(other), "{name} names {other}");
            }
            let is_code = EntraErrorKind::iter().any(|kind| code_name(kind) == *name);
            let is_lint = NAMES.contains(&name.as_str());
            assert!(is_code || is_lint || Check::named(name).is_some(), "{name} is no code, check or lint");
        }
    }

    #[test]
    fn a_code_is_found_however_it_is_written() {
        for asked in ["AADSTS65001", "65001", "aadsts65001", " 65001 "] {
            assert_eq!(explain(asked).unwrap().name, "AADSTS65001", "{asked}");
        }
        assert_eq!(explain("Consent.Granted").unwrap().name, "consent.granted");
        let unknown = explain("65000").unwrap_err();
        assert_eq!((unknown.number, unknown.nearest), (Some(65_000), Some("AADSTS65001")));
        let unknown = explain("consent.grant").unwrap_err();
        assert_eq!((unknown.number, unknown.nearest), (None, Some("consent.granted")));
        assert_eq!(explain("").unwrap_err(), Unknown { number: None, nearest: None });
    }

    /// Whoever adds a code, a check or a lint writes the scenario in which it happens.
    #[test]
    fn every_code_check_and_lint_can_be_seen_to_happen() {
        let codes = EntraErrorKind::iter().map(code_name);
        let checks = Check::ALL.iter().map(|check| check.name().to_owned());
        let all = codes.chain(checks).chain(NAMES.map(str::to_owned));
        let unseen: Vec<String> = all.filter(|name| explain(name).unwrap().scenarios.is_empty()).collect();
        assert!(unseen.is_empty(), "no bundled scenario shows {}", unseen.join(", "));
    }

    #[test]
    fn scenarios_and_surfaces_are_found_where_they_are_written() {
        let names = |asked: &str| -> Vec<String> {
            explain(asked).unwrap().scenarios.into_iter().map(|scenario| scenario.name).collect()
        };
        assert!(names("AADSTS50011").contains(&"redirect-not-registered".to_owned()));
        assert!(names("redirect_uri.registered").contains(&"redirect-not-registered".to_owned()));
        let secret = explain("7000215").unwrap();
        assert_eq!(secret.shows, ["token endpoint: 401 with error invalid_client"]);
        assert!(explain("client_secret.valid").unwrap().see_also.contains(&"AADSTS7000215".to_owned()));
    }
}
