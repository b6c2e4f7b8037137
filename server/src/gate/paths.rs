//! `excludedPaths`: which paths are open without a sign-in.

use percent_encoding::percent_decode_str;

/// Whether `path` (as it was sent) is open. It must match both as sent and after one normalisation, so that neither an
/// upstream that decodes paths nor one that does not can be reached by a path that means something else to the gate.
#[must_use]
pub fn is_open(excluded: &[String], path: &str) -> bool {
    let Some(normal) = normalized(path) else { return false };
    excluded.iter().any(|pattern| matches(pattern, path) && matches(pattern, &normal))
}

/// Exact, or a prefix where the pattern ends in `/*`; upper and lower case differ.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) if prefix.ends_with('/') => path.starts_with(prefix),
        _ => pattern == path,
    }
}

/// The path decoded once, without dot segments, empty segments and path parameters; none where that leaves it open what
/// is meant.
fn normalized(path: &str) -> Option<String> {
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    if decoded.contains('%') || decoded.contains(char::is_control) {
        return None;
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in decoded.split(['/', '\\']) {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    let end = if decoded.ends_with(['/', '\\']) && !segments.is_empty() { "/" } else { "" };
    Some(format!("/{}{end}", segments.join("/")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn open(excluded: &[&str], path: &str) -> bool {
        is_open(&excluded.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>(), path)
    }

    #[test]
    fn a_path_is_open_exactly_or_by_prefix() {
        let excluded = ["/health", "/assets/*"];
        for path in ["/health", "/assets/a", "/assets/a/b.css", "/assets/a%20b", "/assets/"] {
            assert!(open(&excluded, path), "{path}");
        }
        for path in ["/", "/mcp", "/Health", "/health/", "/healthz", "/health/x", "/assets", "/assetsx", "*", ""] {
            assert!(!open(&excluded, path), "{path}");
        }
        assert!(open(&["/*"], "/mcp"), "a pattern for everything opens everything");
        assert!(!open(&["*", "/mc*"], "/mcp"), "a star stands for whole segments only");
        assert!(!open(&[], "/health"));
    }

    #[test]
    fn atk_d05_no_game_with_the_path_opens_it() {
        for path in [
            "/health/../mcp",
            "//mcp",
            "/%6dcp",
            "/mcp;x",
            "/health%2f..%2fmcp",
            "/health/%2e%2e/mcp",
            "/health/..%2fmcp",
            "/health/..;/mcp",
            "/health/.%2e;a=b/mcp",
            "/health\\..\\mcp",
            "/health/..%5cmcp",
            "/health/%252e%252e/mcp",
            "/mcp/%2e%2e%2fhealth/x",
            "/mcp/../health/x",
            "/health.",
            "/health%00/x",
            "/health/%ff",
            "/health/%zz",
            "/HEALTH/x",
        ] {
            assert!(!open(&["/health", "/health/*"], path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn an_open_path_stays_below_its_prefix(path in "/open/[a-z./%;25eEfF\\\\]{0,20}") {
            if open(&["/open/*"], &path) {
                prop_assert!(normalized(&path).is_some_and(|normal| normal.starts_with("/open/")));
            }
        }
    }
}
