//! The parameters of a query or form, byte for byte.

/// Name and value pairs in order; values stay bytes, because `state` must come back as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, Vec<u8>)>);

impl Parameters {
    /// Reads `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Self {
        let pairs = encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                        Some(end) => (&pair[..end], &pair[end + 1..]),
                        None => (pair, &[][..]),
                    };
                    (String::from_utf8_lossy(&decode(name)).into_owned(), decode(value))
                })
                .collect(),
        )
    }

    /// Writes `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut encoded = String::new();
        for (name, value) in &self.0 {
            append(&mut encoded, name, value);
        }
        encoded
    }

    /// The value as it was sent; none where it is missing or empty (RFC 6749 §3.1 treats both alike).
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice()).filter(|value| !value.is_empty())
    }

    /// The value as text; none where it is missing, empty or not UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.bytes(name)?).ok()
    }

    /// Every value of a parameter that may come more than once.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_slice())
    }

    /// Whether the parameter is there, be it empty.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// The first name that occurs twice (RFC 6749 §3.1 and §3.2 forbid it), but for those that may.
    #[must_use]
    pub fn duplicated(&self, but: &[&str]) -> Option<&str> {
        let mut seen = std::collections::HashSet::with_capacity(self.0.len());
        self.0.iter().map(|(name, _)| name.as_str()).find(|name| !seen.insert(*name) && !but.contains(name))
    }
}

/// Appends one pair to a query or form, with Entra's lower-case escapes and `+` for spaces.
pub fn append(encoded: &mut String, name: &str, value: &[u8]) {
    if !encoded.is_empty() {
        encoded.push('&');
    }
    escape(encoded, name.as_bytes());
    encoded.push('=');
    escape(encoded, value);
}

fn escape(encoded: &mut String, bytes: &[u8]) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => encoded.push(char::from(*byte)),
            b' ' => encoded.push('+'),
            _ => encoded.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
}

/// Undoes the form encoding; a `%` without two hex digits stands for itself, as browsers have it.
#[must_use]
pub fn decode(encoded: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut place = 0;
    while let Some(byte) = encoded.get(place) {
        match (byte, digit(encoded.get(place + 1)), digit(encoded.get(place + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.extend(u8::try_from(high * 16 + low));
                place += 2;
            }
            (b'+', _, _) => decoded.push(b' '),
            _ => decoded.push(*byte),
        }
        place += 1;
    }
    decoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_form_comes_apart_as_browsers_write_it() {
        let parameters = Parameters::parse(b"a=1+2&b=%7Ex%7e&&c&d=&e=%zz%4&=f&a=2");
        assert_eq!(parameters.text("a"), Some("1 2"));
        assert_eq!(parameters.text("b"), Some("~x~"));
        assert_eq!(parameters.text("c"), None);
        assert!(parameters.has("d") && parameters.text("d").is_none());
        assert_eq!(parameters.text("e"), Some("%zz%4"));
        assert_eq!(parameters.duplicated(&[]), Some("a"));
    }

    #[test]
    fn escapes_are_lower_case() {
        let mut encoded = String::new();
        append(&mut encoded, "state", "a b/ü\r\n".as_bytes());
        assert_eq!(encoded, "state=a+b%2f%c3%bc%0d%0a");
    }

    proptest! {
        #[test]
        fn any_bytes_survive_the_way_there_and_back(pairs in prop::collection::vec(("[a-z_]{1,8}", prop::collection::vec(any::<u8>(), 0..64)), 0..8)) {
            let parameters = Parameters(pairs);
            prop_assert_eq!(Parameters::parse(parameters.encode().as_bytes()), parameters);
        }

        #[test]
        fn any_input_is_read_without_panic(encoded in prop::collection::vec(any::<u8>(), 0..256)) {
            let parameters = Parameters::parse(&encoded);
            let again = Parameters::parse(parameters.encode().as_bytes());
            prop_assert_eq!(again.duplicated(&[]), parameters.duplicated(&[]));
        }
    }
}
