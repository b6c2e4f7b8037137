//! The page about a code, which `error_uri` leads to.

use axum::response::Response;
use http::StatusCode;
use strum::IntoEnumIterator;
use wire::Checks;

use super::Incoming;
use super::reply::{frame, page_response};
use crate::error::EntraErrorKind;
use crate::pages::{LookupPage, ShownMeaning};
use crate::routes::Route;

/// How much of what was asked for is shown again.
const LIMIT_CHARS: usize = 40;

pub(super) fn page(incoming: &Incoming<'_>) -> Response {
    let asked = incoming.query.text("code").unwrap_or_default().trim();
    let digits = asked.get(..6).filter(|start| start.eq_ignore_ascii_case("AADSTS")).map_or(asked, |_| &asked[6..]);
    let kind =
        digits.parse::<u32>().ok().and_then(|number| EntraErrorKind::iter().find(|kind| kind.number() == number));
    let found = kind.map(|kind| {
        let meaning = kind.meaning();
        ShownMeaning {
            number: kind.number(),
            means: &meaning.means,
            shows: kind.faces().in_words(),
            causes: &meaning.causes,
            fixes: &meaning.fixes,
        }
    });
    let status = if found.is_some() || asked.is_empty() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let page = LookupPage {
        frame: frame(),
        action: Route::Lookup.path("common"),
        asked: asked.chars().take(LIMIT_CHARS).collect(),
        found,
    };
    page_response(status, &page, "'self'", Checks::default())
}
