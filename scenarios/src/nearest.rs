//! Known words, for messages about a wrong one.

use crate::yaml::escaped;

/// The known word that was probably meant.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let known: Vec<&str> = known.collect();
    if word.chars().count() > 100 {
        return None;
    }
    let fold = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let begun = || known.iter().copied().filter(|candidate| word.len() > 2 && candidate.starts_with(word));
    let alike = known
        .iter()
        .copied()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&fold(word), &fold(candidate));
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate);
    alike.or_else(|| begun().next().filter(|_| begun().count() == 1))
}

/// Words as a message lists them.
pub(crate) fn listed<'w>(words: impl Iterator<Item = &'w str>) -> String {
    const MOST: usize = 24;
    let mut words: Vec<String> = words.take(MOST + 1).map(|word| format!("`{}`", escaped(word))).collect();
    if words.len() > MOST {
        words[MOST] = "…".to_owned();
    }
    words.join(", ")
}
