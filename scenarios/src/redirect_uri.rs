//! Which redirect URIs an app registration takes: what the portal refuses to save, a world cannot hold either.
//!
//! Source: Microsoft identity platform, "Redirect URI (reply URL) restrictions and limitations".

use url::Url;

use crate::problem::Faults;
use crate::source::Span;
use crate::tree::Node;
use crate::world::{App, SignInAudience, World};
use crate::yaml::escaped;

/// How long one may be, in characters.
const LONGEST: usize = 256;

/// How many an app may have, and how many where personal accounts sign in.
const MOST: usize = 256;
const MOST_PERSONAL: usize = 100;

/// Characters that no redirect URI may hold, though URLs may.
const UNSUPPORTED: &[char] = &['!', '$', '\'', '(', ')', ',', ';'];

/// Schemes that no application can own.
const DANGEROUS: [&str; 6] = ["javascript", "data", "vbscript", "file", "blob", "about"];

/// Why one is not taken, and what to write instead.
type Refused = (String, String);

/// Notes every redirect URI that an app of `world` cannot have.
pub(crate) fn check(world: &World, tree: &Node, place: &dyn Fn(&[&str]) -> Span, faults: &mut Faults) {
    for (name, app) in &world.idp.apps {
        let path = |platform| ["idp", "apps", name.as_str(), "redirect_uris", platform];
        let uris = &app.redirect_uris;
        for (platform, list, is_public) in
            [("web", &uris.web, false), ("spa", &uris.spa, false), ("public", &uris.public, true)]
        {
            let nodes = tree.at(&path(platform)).map(Node::list).unwrap_or_default();
            for (uri, node) in list.iter().zip(nodes) {
                if let Some((why, fix)) = refused(uri, is_public, app.audience) {
                    let message = format!("`{name}` cannot have the redirect URI \"{}\": {why}", escaped(uri));
                    faults.at(&node.span, "value.form", message, fix);
                }
            }
        }
        let (count, most) = (uris.web.len() + uris.spa.len() + uris.public.len(), most(app));
        if count > most {
            let message = format!("`{name}` has {count} redirect URIs, and may have {most}");
            faults.at(&place(&path("")[..4]), "value.range", message, "take some away");
        }
    }
}

fn signs_in_personal_accounts(audience: SignInAudience) -> bool {
    matches!(audience, SignInAudience::MultipleOrgsAndPersonal | SignInAudience::Personal)
}

fn most(app: &App) -> usize {
    if signs_in_personal_accounts(app.audience) { MOST_PERSONAL } else { MOST }
}

fn refused(uri: &str, is_public: bool, audience: SignInAudience) -> Option<Refused> {
    let refused = |why: &str, fix: &str| Some((why.to_owned(), fix.to_owned()));
    let such_as = if is_public {
        "write an https address, http://localhost, or a scheme of your own such as msal9d4e2b7a://auth"
    } else {
        "write an https address, or http://localhost with any port"
    };
    let length = uri.chars().count();
    if length > LONGEST {
        return refused(
            &format!("it has {length} characters, and may have {LONGEST}"),
            "shorten it: `state` holds the rest",
        );
    }
    let Ok(url) = Url::parse(uri) else { return refused("it is no absolute URL", such_as) };
    let scheme = match url.scheme() {
        "https" => None,
        "http" if matches!(url.host_str(), Some("localhost" | "127.0.0.1")) => None,
        "http" if url.host_str() == Some("[::1]") => refused("[::1] is not supported", "write http://localhost"),
        "http" => refused("http is for localhost only", such_as),
        scheme if is_public && !DANGEROUS.contains(&scheme) => None,
        scheme => refused(&format!("the scheme {scheme} is not taken here"), such_as),
    };
    if scheme.is_some() {
        return scheme;
    }
    if let Some(c) = uri.chars().find(|c| !c.is_ascii_graphic() || UNSUPPORTED.contains(c)) {
        let fix = "leave it out, or percent-encode it; write the host of an international domain as xn--…";
        return refused(&format!("it holds {}", named(c)), fix);
    }
    if uri.contains('#') {
        return refused("it holds a fragment", "end it before `#`");
    }
    if uri.contains('*') {
        return refused("it holds a wildcard, which this emulator does not match", "list each address by itself");
    }
    if url.query().is_some() && signs_in_personal_accounts(audience) {
        let fix = "end it before `?`, or let `audience` name accounts of organizations only";
        return refused("it holds a query, and the app signs in personal accounts", fix);
    }
    None
}

/// A character as a message can show it.
fn named(c: char) -> String {
    if c.is_ascii_graphic() {
        format!("`{c}`")
    } else if c == ' ' {
        "a blank".to_owned()
    } else {
        format!("U+{:04X}", u32::from(c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_portals_rules() {
        let org = SignInAudience::MyOrg;
        let why =
            |uri: &str, is_public, audience| refused(uri, is_public, audience).map_or_else(String::new, |(why, _)| why);
        for uri in [
            "https://contoso.com",
            "https://contoso.com/a/b?c=d&e=%20",
            "http://localhost",
            "http://localhost:3000/callback",
            "http://127.0.0.1:8080/",
        ] {
            assert_eq!(why(uri, false, org), "", "{uri}");
            assert_eq!(why(uri, true, org), "", "{uri}");
        }
        for uri in ["msal9d4e2b7a://auth", "myapp://x", "urn:ietf:wg:oauth:2.0:oob", "com.contoso.app:/back"] {
            assert_eq!(why(uri, true, org), "", "{uri}");
            assert!(why(uri, false, org).contains("is not taken here"), "{uri}");
        }
        let long = format!("https://contoso.com/{}", "a".repeat(237));
        for (uri, expected) in [
            ("", "no absolute URL"),
            ("/callback", "no absolute URL"),
            ("contoso.com", "no absolute URL"),
            ("javascript:alert`1`", "the scheme javascript"),
            ("data:text/html,x", "the scheme data"),
            ("file:///etc/passwd", "the scheme file"),
            ("http://contoso.com/", "localhost only"),
            ("http://localhost.evil.test/", "localhost only"),
            ("http://[::1]:3000/", "[::1] is not supported"),
            ("https://contoso.com/#x", "a fragment"),
            ("https://*.contoso.com/", "a wildcard"),
            ("https://contoso.com/a b", "a blank"),
            ("https://contoso.com/a\nb", "U+000A"),
            ("https://bücher.example/", "U+00FC"),
            ("https://contoso.com/(x)", "holds `(`"),
            (&long, "257 characters"),
        ] {
            for is_public in [false, true] {
                assert!(why(uri, is_public, org).contains(expected), "{uri}: {}", why(uri, is_public, org));
            }
        }
        let query = "https://contoso.com/?a=b";
        assert!(why(query, false, SignInAudience::MultipleOrgsAndPersonal).contains("personal accounts"));
        assert_eq!(why(query, false, SignInAudience::MultipleOrgs), "");
    }
}
