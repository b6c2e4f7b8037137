//! Values of flags: what each must be, and what to write where it is something else.

use url::{Position, Url};
use uuid::Uuid;
use wire::network::loopback_address;

use crate::lab::IDENTITY_ORIGINS;

/// An application's name, and a redirect URI, which the world judges.
pub(super) fn app_and_uri(text: &str) -> Result<(String, String), String> {
    let (app, uri) =
        text.split_once('=').ok_or("write APP=URI, such as copilot-studio-client=http://localhost:5000/")?;
    Ok((app.to_owned(), uri.to_owned()))
}

/// An origin of this machine; nothing more may stand there, for the path of each request is kept.
pub(super) fn origin_of_this_machine(url: &str) -> Result<String, String> {
    let parsed = Url::parse(url).map_err(|error| format!("no URL ({error}); write such as http://127.0.0.1:3000"))?;
    if loopback_address(url).is_none() {
        return Err(
            "not an http or https URL of this machine (localhost, 127.0.0.1 or [::1]), and nothing is ever sent \
                    outside it"
                .to_owned(),
        );
    }
    if parsed.path() != "/" || parsed.query().is_some() || parsed.fragment().is_some() {
        let origin = &parsed[..Position::BeforePath];
        return Err(format!("more than an origin: write {origin}, for paths are kept as they come"));
    }
    Ok(parsed[..Position::BeforePath].to_owned())
}

/// The issuer of tokens: somebody whom the gate can ask for keys.
pub(super) fn issuer(url: &str) -> Result<String, String> {
    let parsed = Url::parse(url)
        .map_err(|error| format!("no URL ({error}); write such as https://localhost:8443/<tenant id>/v2.0"))?;
    let origin = parsed.origin().ascii_serialization();
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err("an issuer has neither `?` nor `#`: keys are looked up below it".to_owned());
    }
    if loopback_address(url).is_some() || IDENTITY_ORIGINS.contains(&origin.as_str()) {
        return Ok(url.to_owned());
    }
    Err("not an http or https URL of this machine, or of Entra, which the lab plays: nothing is ever sent outside, so that \
         the gate would never get its keys"
        .to_owned())
}

/// The client id of an application.
pub(super) fn client_id(text: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| {
        "no GUID; write an application (client) id such as 9d4e2b7a-6c1f-4d3e-b5a8-7f6e5d4c3b2a; that of an application of \
         the world stands in what `entralab idp` prints"
            .to_owned()
    })
}

/// An audience, which is compared letter by letter.
pub(super) fn audience(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(
            "no audience holds a blank; write a client id or an Application ID URI, such as api://my-api".to_owned()
        );
    }
    Ok(text.to_owned())
}

/// An origin as browsers send it, or `*`.
pub(super) fn cors_origin(text: &str) -> Result<String, String> {
    const SUCH_AS: &str = "write scheme, host and port only, such as https://make.powerapps.com, or *";
    if text == "*" {
        return Ok(text.to_owned());
    }
    let parsed = Url::parse(text).map_err(|error| format!("no origin ({error}); {SUCH_AS}"))?;
    let origin = parsed.origin();
    match origin.ascii_serialization() {
        sent if origin.is_tuple() && sent == text => Ok(sent),
        sent if origin.is_tuple() && matches!(parsed.scheme(), "http" | "https") => {
            Err(format!("browsers send {sent}, and origins are compared letter by letter: write that"))
        }
        _ => Err(format!("no origin of the web; {SUCH_AS}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<T: std::fmt::Debug>(result: Result<T, String>) -> String {
        result.map_or_else(|said| said, |taken| format!("taken: {taken:?}"))
    }

    #[test]
    fn what_is_taken_and_what_is_said_of_the_rest() {
        let origin = |text| said(origin_of_this_machine(text));
        let (issuer, id) = (|text| said(issuer(text)), |text| said(client_id(text)));
        let (audience, cors) = (|text| said(audience(text)), |text| said(cors_origin(text)));
        let tenant = "7c0b3f52-1d2e-4a5b-9c3d-0e8f6a1b2c3d";
        for (said, expected) in [
            (origin("http://127.0.0.1:3000/"), "taken: \"http://127.0.0.1:3000\""),
            (origin("https://localhost:3000"), "taken"),
            (origin("127.0.0.1:3000"), "no URL"),
            (origin("http://example.com"), "of this machine"),
            (origin("http://0.0.0.0:3000"), "of this machine"),
            (origin("http://localhost:3000/mcp"), "write http://localhost:3000"),
            (issuer(&format!("https://localhost:8443/{tenant}/v2.0")), "taken"),
            (issuer(&format!("https://sts.windows.net/{tenant}/")), "taken"),
            (issuer("x"), "no URL"),
            (issuer("https://example.com/v2.0"), "nothing is ever sent outside"),
            (issuer("ftp://localhost/"), "not an http or https URL"),
            (issuer("https://localhost:8443/common?x=1"), "neither `?` nor `#`"),
            (id(tenant), "taken"),
            (id("x"), "no GUID; write an application (client) id"),
            (id(""), "no GUID"),
            (audience("api://x"), "taken"),
            (audience(""), "api://my-api"),
            (audience("a b"), "no audience holds a blank"),
            (cors("*"), "taken"),
            (cors("https://make.powerapps.com"), "taken"),
            (cors("http://localhost:3000"), "taken"),
            (cors("x"), "no origin"),
            (cors("null"), "no origin"),
            (cors("file:///x"), "no origin of the web"),
            (cors("https://make.powerapps.com/"), "write that"),
            (cors("https://Make.PowerApps.com:443/x"), "browsers send https://make.powerapps.com,"),
        ] {
            assert!(said.contains(expected), "{said}: {expected}");
        }
    }
}
