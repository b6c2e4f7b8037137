//! The requests that cause each code, as the test of all causes sends them.

use super::EntraErrorKind;

/// Every code with its faces, causes and answers; `tests/http/golden.rs` writes it.
const GOLDEN: &str = include_str!("../../tests/golden/aadsts.txt");

/// A request that causes a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CausingRequest {
    /// The check that refuses it.
    pub check: &'static str,
    /// Method and path, and below them the parameters of query and form, each in a line.
    pub request: String,
}

impl EntraErrorKind {
    /// The requests that cause the code.
    #[must_use]
    pub fn caused_by(self) -> Vec<CausingRequest> {
        let heading = format!("AADSTS{}", self.number());
        let of_code = GOLDEN.lines().skip_while(|line| **line != heading).take_while(|line| !line.is_empty());
        let mut found: Vec<CausingRequest> = Vec::new();
        let mut is_answer = true;
        for line in of_code {
            if let Some(check) = line.strip_prefix("  refused by ") {
                found.push(CausingRequest { check, request: String::new() });
                is_answer = false;
            } else if line.starts_with("    HTTP ") {
                is_answer = true;
            } else if let (false, Some(cause), Some(line)) = (is_answer, found.last_mut(), line.strip_prefix("    ")) {
                cause.request.push_str(&format!("{line}\n"));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn every_code_has_a_request_that_causes_it() {
        for kind in EntraErrorKind::iter() {
            let causes = kind.caused_by();
            assert!(!causes.is_empty(), "{kind:?}: UPDATE_GOLDEN=1 writes tests/golden/aadsts.txt anew");
            for CausingRequest { check, request } in causes {
                assert!(wire::Check::named(check).is_some(), "{check}");
                let first = request.lines().next().unwrap_or_default();
                assert!(first.split_once(" /").is_some_and(|(method, _)| method.len() < 8), "{kind:?}: {request}");
            }
        }
    }
}
