//! What a person pastes into a shell.

/// `text` as one word of a POSIX shell: as it is where nothing in it has a meaning there, else between single quotes.
#[must_use]
pub fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,".contains(c);
    if text.is_empty() || !text.chars().all(is_plain) {
        format!("'{}'", text.replace('\'', r"'\''"))
    } else {
        text.to_owned()
    }
}

/// A file as a word that no program takes for one of its flags.
#[must_use]
pub fn file(name: &str) -> String {
    if name.starts_with('-') { word(&format!("./{name}")) } else { word(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_quotes_gets_them() {
        assert_eq!(word("my-first.scenario.yaml"), "my-first.scenario.yaml");
        assert_eq!(word("a b"), "'a b'");
        assert_eq!(word("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(word(""), "''");
        assert_eq!(file("-x.yaml"), "./-x.yaml");
    }
}
