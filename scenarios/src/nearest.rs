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
    let distances = || {
        known.iter().copied().map(|candidate| (strsim::damerau_levenshtein(&fold(word), &fold(candidate)), candidate))
    };
    let closest = |most: fn(&str) -> usize| {
        let close = distances().filter(|(distance, candidate)| *distance <= most(candidate));
        close.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
    };
    if let Some(slip) = closest(|candidate| usize::from(candidate.chars().count() > 2)) {
        return Some(slip);
    }
    let begun = || known.iter().copied().filter(|candidate| word.len() > 2 && candidate.starts_with(word));
    if begun().next().is_some() {
        return only(begun());
    }
    closest(|candidate| (candidate.chars().count() / 3).clamp(1, 3)).or_else(|| {
        let shared = || known.iter().copied().map(|candidate| (shared_letters(word, candidate), candidate));
        let most = shared().map(|(letters, _)| letters).max().filter(|letters| *letters >= FEWEST_SHARED)?;
        only(shared().filter(|(letters, _)| *letters == most).map(|(_, candidate)| candidate))
    })
}

/// How many letters two names that share words must share at least.
const FEWEST_SHARED: usize = 5;

/// The one element; none where there are several.
fn only<'k>(mut elements: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    elements.next().filter(|_| elements.next().is_none())
}

/// How many letters are in the words with which both begin, or both end, where that is the whole of one of them.
fn shared_letters(one: &str, other: &str) -> usize {
    let (one, other) = (words(one), words(other));
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    if long.starts_with(&short) || long.ends_with(&short) { short.concat().len() } else { 0 }
}

/// The words of a name: `signInAudience`, `sign_in_audience` and `sign-in.audience` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = None;
    for c in name.chars() {
        let is_first =
            before.is_none_or(|before: char| !before.is_alphanumeric() || before.is_lowercase() && c.is_uppercase());
        if c.is_alphanumeric() {
            match words.last_mut().filter(|_| !is_first) {
                Some(word) => word.extend(c.to_lowercase()),
                None => words.push(c.to_lowercase().collect()),
            }
        }
        before = Some(c);
    }
    words
}

/// What to write in the place of a name that is not known, in words.
#[must_use]
pub fn instead<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> String {
    let known: Vec<&str> = known.collect();
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("write {near}"),
        None if known.is_empty() => "leave it out: there is none".to_owned(),
        None => format!("write one of {}", known.join(", ")),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_finds_the_name_that_was_meant() {
        let known = [
            "access_token_version",
            "allow_public_client",
            "audience",
            "client_id",
            "display_name",
            "id",
            "identifier_uris",
            "redirect_uris",
            "secrets",
            "service_principal_ids",
            "service_principals",
        ];
        for (word, expected) in [
            ("allow_public_client_flows", Some("allow_public_client")),
            ("allowPublicClient", Some("allow_public_client")),
            ("redirect_uri", Some("redirect_uris")),
            ("redirect_uris_web", Some("redirect_uris")),
            ("signInAudience", Some("audience")),
            ("token_version", Some("access_token_version")),
            ("requestedAccessTokenVersion", Some("access_token_version")),
            ("identifierUris", Some("identifier_uris")),
            ("client", Some("client_id")),
            ("displ", Some("display_name")),
            ("service", None),
            ("service_principal", Some("service_principals")),
            ("id_of_it", None),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), expected, "{word}");
        }
    }
}
