//! The forms of short texts, as regular expressions of the schema.

/// What a name under `keep` looks like.
pub(crate) const KEPT_PATTERN: &str = "^[a-z][a-z0-9_-]*$";

/// What a file can say that it reproduces: an AADSTS code, a row of the catalogue, an issue.
pub(crate) const REPORT_PATTERN: &str =
    r"^(AADSTS[0-9]{4,8}|(bug|atk)-[A-Z][0-9]{2}|[A-Za-z0-9._-]+/[A-Za-z0-9._-]+#[0-9]+)$";

/// What a time that passes looks like, roughly.
pub(crate) const TIME_PATTERN: &str = "^[0-9P].*[A-Za-z]$";
