//! How variables are written for those who read them, so that no value is more than a value.

/// All of them, one after the other.
pub(super) fn lines(variables: &[(String, String)], notation: fn(&str, &str) -> String) -> String {
    variables.iter().map(|(name, value)| notation(name, value)).collect()
}

/// For a POSIX shell: between single quotes nothing has a meaning.
pub(super) fn shell(name: &str, value: &str) -> String {
    format!("export {name}='{}'\n", value.replace('\'', r"'\''"))
}

/// For a .env file, whose readers differ: bare where all agree, else in single quotes, else with escapes.
pub(super) fn dotenv(name: &str, value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,~=".contains(c);
    if value.chars().all(is_plain) {
        format!("{name}={value}\n")
    } else if !value.contains(['\'', '\\']) && !value.contains(char::is_control) {
        format!("{name}='{value}'\n")
    } else {
        let mut escaped = String::new();
        for c in value.chars() {
            match c {
                '\n' => escaped.push_str(r"\n"),
                '\r' => escaped.push_str(r"\r"),
                '\\' | '"' | '$' => escaped.extend(['\\', c]),
                c => escaped.push(c),
            }
        }
        format!("{name}=\"{escaped}\"\n")
    }
}

/// For the file that GITHUB_ENV names: a value ends at a line that does not occur in it.
pub(super) fn github(name: &str, value: &str) -> String {
    let mut end = "END_OF_VALUE".to_owned();
    while value.contains(&end) {
        end.push('_');
    }
    format!("{name}<<{end}\n{value}\n{end}\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a value of a variable can be: anything but NUL, with what has a meaning somewhere more often.
    fn value() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("'".to_owned()),
            Just("\"".to_owned()),
            Just("\\".to_owned()),
            Just("\n".to_owned()),
            Just("$(touch x)".to_owned()),
            Just("${HOME}".to_owned()),
            Just("`id`".to_owned()),
            Just("# ".to_owned()),
            Just("END_OF_VALUE".to_owned()),
            "[^\0]{0,6}",
        ];
        proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_value_that_was_written() {
        proptest!(ProptestConfig::with_cases(64), |(value in value())| {
            let script = format!("{}printf '%s|' \"$V\"", shell("V", &value));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            prop_assert_eq!(output.stdout, format!("{value}|").into_bytes(), "{}", script);
        });
    }

    /// The value as python-dotenv reads it: of double quotes with escapes, of single ones as it stands, else bare.
    fn read_dotenv(line: &str) -> Option<String> {
        let rest = line.strip_prefix("V=")?.strip_suffix('\n')?;
        if rest.contains('\n') {
            return None;
        }
        if let Some(inside) = rest.strip_prefix('\'') {
            return inside.strip_suffix('\'').filter(|inside| !inside.contains(['\'', '\\'])).map(str::to_owned);
        }
        let Some(inside) = rest.strip_prefix('"') else {
            return Some(rest.to_owned()).filter(|bare| !bare.contains(|c: char| " #'\"$`\\".contains(c)));
        };
        let (mut value, mut chars) = (String::new(), inside.strip_suffix('"')?.chars());
        while let Some(c) = chars.next() {
            match (c, c == '\\') {
                ('"' | '$', _) => return None,
                (_, true) => match chars.next()? {
                    'n' => value.push('\n'),
                    'r' => value.push('\r'),
                    escaped => value.push(escaped),
                },
                (c, false) => value.push(c),
            }
        }
        Some(value)
    }

    proptest! {
        #[test]
        fn a_dotenv_file_has_one_line_for_each_value_and_gives_it_back(value in value()) {
            let written = dotenv("V", &value);
            prop_assert_eq!(read_dotenv(&written), Some(value), "{}", written);
        }

        #[test]
        fn github_reads_one_variable_whatever_its_value(value in value()) {
            let text = github("V", &value);
            let (head, rest) = text.split_once('\n').unwrap();
            let end = head.strip_prefix("V<<").unwrap();
            let lines: Vec<&str> = rest.strip_suffix('\n').unwrap().split('\n').collect();
            let last = lines.iter().position(|line| *line == end).unwrap();
            prop_assert_eq!(last + 1, lines.len(), "nothing after the end");
            prop_assert_eq!(lines[..last].join("\n"), value);
        }
    }
}
