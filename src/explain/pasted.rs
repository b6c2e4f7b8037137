//! What a pasted text speaks of: a whole error message, a JSON answer, an address of the browser.

/// What stands before the number of a code: in messages, in the JSON answer, and in `error_uri`.
const BEFORE_CODES: [&str; 3] = ["aadsts", "\"error_codes\":[", "error?code="];

/// The numbers of the codes that `text` names, in order, each once; a text that is a number is one.
#[must_use]
pub fn codes(text: &str) -> Vec<u32> {
    let folded: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    if let Ok(number) = folded.parse() {
        return vec![number];
    }
    let mut found = Vec::new();
    for before in BEFORE_CODES {
        for (start, _) in folded.match_indices(before) {
            let rest = &folded[start + before.len()..];
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            found.extend(rest[..digits].parse::<u32>().ok().filter(|number| !found.contains(number)));
        }
    }
    found
}

/// The words of `text` that could name a check or a lint, in order: those with a point inside.
pub fn names(text: &str) -> impl Iterator<Item = String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
    let words = text.split(move |c| !is_part(c)).map(|word| word.trim_matches('.').to_ascii_lowercase());
    words.filter(|word| word.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_wherever_it_stands() {
        for text in [
            "50011",
            " 50011\n",
            "AADSTS50011",
            "aadsts50011:",
            "AADSTS50011: The redirect URI 'https://x/cb' specified in the request does not match.",
            "Error: AADSTS 50011",
            "https://global.consent.azure-apim.net/redirect?error=x&error_description=AADSTS50011%3a+The+redirect",
            "https://login.microsoftonline.com/error?code=50011",
            "{\"error\":\"x\",\"error_codes\": [\n 50011 ],\"trace_id\":\"y\"}",
        ] {
            assert_eq!(codes(text), [50_011], "{text}");
        }
        assert_eq!(codes("AADSTS70002: a. AADSTS50012: b. AADSTS70002"), [70_002, 50_012]);
        for text in ["", "AADSTS", "https://x/cb?code=0.AX8&state=12", "AADSTSxyz", "99999999999", "consent.granted"] {
            assert_eq!(codes(text), [0_u32; 0], "{text}");
        }
    }

    #[test]
    fn a_check_is_found_among_words() {
        let found: Vec<String> = names("refused by idp at Consent.Granted, not audience.allowed.").collect();
        assert_eq!(found, ["consent.granted", "audience.allowed"]);
        assert_eq!(names("consent granted.").count(), 0);
    }
}
