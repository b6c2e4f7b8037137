//! Times that pass, as a file writes them.

use jiff::{SignedDuration, Span as Duration, SpanRelativeTo};

use crate::problem::Faults;
use crate::source::Span;
use crate::yaml::escaped;

/// The longest time that one step may let pass.
const LONGEST_ADVANCE: SignedDuration = SignedDuration::from_hours(24 * 3_660);

pub(super) fn read_duration(text: &str, span: &Span, faults: &mut Faults) -> Option<SignedDuration> {
    let days = SpanRelativeTo::days_are_24_hours();
    let duration = text.parse::<Duration>().and_then(|duration| duration.to_duration(days)).ok();
    let duration = duration.filter(|duration| duration.is_positive() && *duration <= LONGEST_ADVANCE);
    if duration.is_none() {
        let message = format!("\"{}\" is no time that can pass", escaped(text));
        faults.at(
            span,
            "value.form",
            message,
            "write such as `70m`, `\"1h 10m\"` or `91d`: more than nothing, ten years at most",
        );
    }
    duration
}
