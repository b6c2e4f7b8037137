//! What every request of a browser begins with, before the address of its answer is trusted.

use wire::{Check, Checks};

use crate::directory::{Application, Directory};
use crate::error::EntraError;
use crate::protocol::admission::check_family;
use crate::protocol::parameters::Parameters;
use crate::protocol::redirect_uri::MatchedRedirectUri;
use crate::protocol::tenant::{self, Segment};
use crate::protocol::{Family, client};

/// The start of a request that is in order: whom it addresses, who sends it, and where its answer may go.
#[derive(Clone, Debug)]
pub struct Opening<'d> {
    /// Whom it addresses.
    pub segment: Segment<'d>,
    /// The client.
    pub client: Application<'d>,
    /// The address, which is trusted from now on.
    pub redirect_uri: MatchedRedirectUri,
}

/// Checks the start of a request. What refuses here is told on a page, for nobody's address is trusted yet.
///
/// # Errors
/// Those of tenant, client and redirect URI: see [`tenant::find`], [`check_family`], [`client::find`]; 9000411 for a
/// parameter given twice.
pub fn open<'d>(
    directory: &'d Directory,
    family: Family,
    segment: &str,
    parameters: &Parameters,
    checks: &mut Checks,
) -> Result<Opening<'d>, EntraError> {
    let segment = tenant::find(directory, segment, checks)?;
    check_family(family, segment, checks)?;
    check_once(family, parameters, checks)?;
    let client = client::find(directory, segment, parameters.text("client_id"), checks)?;
    let redirect_uri = find_redirect_uri(client, parameters.text("redirect_uri"), checks)?;
    Ok(Opening { segment, client, redirect_uri })
}

/// The longest query that the authorize endpoints take, in bytes. Entra's limit is not published; this one is the usual
/// limit of web servers.
const QUERY_LIMIT_BYTES: usize = 16 * 1024;

/// A query must not be too long; a form may be.
///
/// # Errors
/// 90015.
pub fn check_query_length(length: usize, checks: &mut Checks) -> Result<(), EntraError> {
    if length <= QUERY_LIMIT_BYTES {
        return Ok(());
    }
    let expected = format!("a query of at most {QUERY_LIMIT_BYTES} bytes");
    let fix = "the client: keep what is behind state in its own store, or post the request as a form";
    checks.refuse(Check::RequestQueryLength, expected, format!("{length} bytes"), fix);
    Err(EntraError::QueryTooLong)
}

/// No parameter may come twice (RFC 6749 §3.1, §3.2), but for the `resource` of v2 (RFC 8707 §2), which is judged later.
///
/// # Errors
/// 9000411.
pub fn check_once(family: Family, parameters: &Parameters, checks: &mut Checks) -> Result<(), EntraError> {
    let but: &[&str] = match family {
        Family::V1 => &[],
        Family::V2 => &["resource"],
    };
    let Some(name) = parameters.duplicated(but) else {
        checks.pass(Check::RequestParameterOnce, "no parameter twice", "none twice");
        return Ok(());
    };
    let fix = "the client: it must send each parameter once (RFC 6749 §3.1)";
    checks.refuse(Check::RequestParameterOnce, "no parameter twice", format!("'{name}' twice"), fix);
    Err(EntraError::DuplicatedParameter { parameter: name.to_owned() })
}

/// The redirect URI of the request among those of the client, or the only one.
///
/// # Errors
/// 500113, 900971 or 50011.
fn find_redirect_uri(
    client: Application<'_>,
    requested: Option<&str>,
    checks: &mut Checks,
) -> Result<MatchedRedirectUri, EntraError> {
    let registered = &client.thing().redirect_uris;
    let setting = client.setting("redirect_uris.web", "Authentication > Web > Redirect URIs");
    let all: Vec<&str> =
        [&registered.web, &registered.spa, &registered.public].into_iter().flatten().map(String::as_str).collect();
    if all.is_empty() {
        let fix = match requested {
            Some(uri) => format!("{setting}: add {uri}"),
            None => setting,
        };
        checks.refuse(Check::RedirectUriPresent, "at least one registered redirect URI", "none", fix);
        return Err(EntraError::NoReplyAddress);
    }
    checks.pass(Check::RedirectUriPresent, "at least one registered redirect URI", format!("{} registered", all.len()));
    let expected = all.join(" or ");
    if let Some(requested) = requested.filter(|requested| url::Url::parse(requested).is_err()) {
        let fix = "the client's redirect_uri: the whole address, with its scheme";
        checks.refuse(Check::RedirectUriWellFormed, "an absolute URI", requested, fix);
        return Err(EntraError::NoAbsoluteUri { parameter: "redirect_uri" });
    }
    let Some(requested) = requested else {
        return MatchedRedirectUri::only_one(registered)
            .inspect(|matched| checks.pass(Check::RedirectUriRegistered, expected.as_str(), matched.as_str()))
            .ok_or_else(|| {
                let fix = "the client's redirect_uri: with several registered the request must name one";
                checks.refuse(Check::RedirectUriRegistered, expected.as_str(), "no redirect_uri in the request", fix);
                EntraError::NoReplyAddressGiven
            });
    };
    if let Some(matched) = MatchedRedirectUri::find(registered, requested, client.allow_public_client) {
        checks.pass(Check::RedirectUriRegistered, expected, requested);
        return Ok(matched);
    }
    checks.refuse(Check::RedirectUriRegistered, expected, requested, format!("{setting}: add {requested}"));
    Err(EntraError::RedirectUriMismatch { redirect_uri: requested.to_owned(), client_id: client.client_id })
}
