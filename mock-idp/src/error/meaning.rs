//! What each code means in words: `codes.toml`, read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::EntraErrorKind;

/// What a code means, what brings it about and what mends it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meaning {
    /// In plain words.
    pub means: String,
    /// What brings it about, the likeliest first.
    pub causes: Vec<String>,
    /// What mends it.
    pub fixes: Vec<Fix>,
    /// What is near it: codes as `AADSTS<number>`, and checks.
    #[serde(default)]
    pub see: Vec<String>,
}

/// Something that mends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// What to do.
    #[serde(rename = "do")]
    pub action: String,
    /// The field in the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<String>,
    /// The command of the Azure CLI, or the property.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cli: Option<String>,
    /// The place in a world of entralab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<String>,
}

/// All of them, by `AADSTS<number>`; that the file can be read, and leaves no code out, is tested.
static MEANINGS: LazyLock<BTreeMap<String, Meaning>> =
    LazyLock::new(|| toml::from_str(include_str!("codes.toml")).unwrap_or_default());

static NOTHING: LazyLock<Meaning> = LazyLock::new(Meaning::default);

impl EntraErrorKind {
    /// What the code means.
    #[must_use]
    pub fn meaning(self) -> &'static Meaning {
        MEANINGS.get(&format!("AADSTS{}", self.number())).unwrap_or(&NOTHING)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn the_file_speaks_of_every_code_and_of_no_other() {
        let meanings: BTreeMap<String, Meaning> = toml::from_str(include_str!("codes.toml")).unwrap();
        let written: BTreeSet<String> = meanings.into_keys().collect();
        let codes: BTreeSet<String> = EntraErrorKind::iter().map(|kind| format!("AADSTS{}", kind.number())).collect();
        assert_eq!(written, codes);
        for kind in EntraErrorKind::iter() {
            let meaning = kind.meaning();
            assert!(!meaning.means.is_empty() && !meaning.causes.is_empty() && !meaning.fixes.is_empty(), "{kind:?}");
        }
    }
}
