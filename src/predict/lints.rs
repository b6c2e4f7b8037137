//! Settings that work, and should not stay as they are.

use jiff::SignedDuration;
use mock_idp::protocol::scope::{OidcScope, ScopeText};
use scenarios::World;
use scenarios::world::{ErrorBodies, Gate, ProviderProfile, UnauthenticatedClientAction};
use url::Url;

/// How long before its end a secret is spoken of.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The names of all lints.
pub const NAMES: [&str; 11] = [
    "lint.anonymous_allowed",
    "lint.cors_any_origin",
    "lint.cors_authorization_unnamed",
    "lint.login_page",
    "lint.mcp_path_open",
    "lint.no_offline_access",
    "lint.plain_text_errors",
    "lint.scopes_of_graph_only",
    "lint.scopes_with_commas",
    "lint.secret_expires",
    "lint.tenantless_url",
];

/// Something unwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// Its name, one of [`NAMES`]; stable.
    pub name: &'static str,
    /// The place in the world.
    pub path: String,
    /// What is unwise about it.
    pub message: String,
    /// What to do.
    pub fix: &'static str,
}

/// What is unwise in `world`.
#[must_use]
pub fn lint(world: &World) -> Vec<Lint> {
    let mut found = Vec::new();
    cors(&world.gate, &mut found);
    open_paths(world, &mut found);
    secrets(world, &mut found);
    if world.mcp.errors == ErrorBodies::Plain {
        found.push(Lint {
            name: "lint.plain_text_errors",
            path: "mcp.errors".to_owned(),
            message: "refusals in plain text reach the maker as \"The response is not in a JSON format.\"".to_owned(),
            fix: "let the server answer errors as JSON",
        });
    }
    if world.connector.profile == ProviderProfile::GenericV2 {
        scopes(&world.connector.scopes, &mut found);
        for (path, url) in [
            ("connector.token_url", &world.connector.token_url),
            ("connector.refresh_url", &world.connector.refresh_url),
            ("connector.authorization_url", &world.connector.authorization_url),
        ] {
            tenantless(path, url, &mut found);
        }
    }
    found
}

fn cors(gate: &Gate, found: &mut Vec<Lint>) {
    let Some(cors) = &gate.cors else { return };
    let is_star = |list: &[String]| list.iter().any(|entry| entry == "*");
    if is_star(&cors.allowed_origins) {
        found.push(Lint {
            name: "lint.cors_any_origin",
            path: "gate.cors.allowed_origins".to_owned(),
            message: "any page in any browser may call the server: `*` is not needed for the Test tab".to_owned(),
            fix: "list https://make.powerapps.com, and what else calls from a browser (portal: Container App > \
                  Networking > CORS)",
        });
    }
    let names_authorization = cors.allowed_headers.iter().any(|name| name.eq_ignore_ascii_case("authorization"));
    if is_star(&cors.allowed_headers) && !names_authorization {
        found.push(Lint {
            name: "lint.cors_authorization_unnamed",
            path: "gate.cors.allowed_headers".to_owned(),
            message: "`*` does not cover Authorization (Fetch standard), so no page can send a token".to_owned(),
            fix: "add Authorization by name (portal: Container App > Networking > CORS)",
        });
    }
}

fn open_paths(world: &World, found: &mut Vec<Lint>) {
    let gate = &world.gate;
    let paths =
        [Some(world.mcp.path.clone()), Url::parse(&world.connector.server_url).ok().map(|url| url.path().to_owned())];
    if let Some(path) = paths.into_iter().flatten().find(|path| server::gate::is_open(&gate.excluded_paths, path)) {
        found.push(Lint {
            name: "lint.mcp_path_open",
            path: "gate.excluded_paths".to_owned(),
            message: format!("{path} is open to everybody: it is excluded from Authentication"),
            fix: "exclude exactly the paths that must be open, such as /.well-known/oauth-protected-resource \
                  (property globalValidation.excludedPaths)",
        });
    }
    let unwise = match gate.unauthenticated_client_action {
        UnauthenticatedClientAction::AllowAnonymous => {
            Some(("lint.anonymous_allowed", "requests without a token reach the server"))
        }
        UnauthenticatedClientAction::RedirectToLoginPage => {
            Some(("lint.login_page", "clients that look like a browser get a sign-in page in the place of a 401"))
        }
        UnauthenticatedClientAction::Return401 | UnauthenticatedClientAction::Return403 => None,
    };
    if let Some((name, message)) = unwise {
        found.push(Lint {
            name,
            path: "gate.unauthenticated_client_action".to_owned(),
            message: message.to_owned(),
            fix: "Return401 (portal: Container App > Authentication > Edit > Unauthenticated requests)",
        });
    }
}

fn secrets(world: &World, found: &mut Vec<Lint>) {
    for (app_name, app) in &world.idp.apps {
        for (name, secret) in &app.secrets {
            let left = secret.expires.duration_since(world.clock);
            if left > SOON {
                continue;
            }
            let message = if left.is_positive() {
                format!("the secret expires on {}, in {} days", secret.expires, left.as_hours() / 24)
            } else {
                format!("the secret has been expired since {}", secret.expires)
            };
            found.push(Lint {
                name: "lint.secret_expires",
                path: format!("idp.apps.{app_name}.secrets.{name}.expires"),
                message,
                fix: "make a new secret, push it into the connector, then remove this one (portal: App registrations > \
                      Certificates & secrets; CLI: az ad app credential reset --append)",
            });
        }
    }
}

/// Reads the scopes by the identity provider's own rule where it can.
fn scopes(text: &str, found: &mut Vec<Lint>) {
    let mut note = |name, message: &str, fix| {
        found.push(Lint { name, path: "connector.scopes".to_owned(), message: message.to_owned(), fix });
    };
    if text.contains(',') {
        note(
            "lint.scopes_with_commas",
            "a comma is part of a scope's name: scopes are separated by spaces (RFC 6749 §3.3)",
            "write spaces only (portal: Custom connectors > Security > Scopes)",
        );
    }
    let Ok(scopes) = ScopeText::parse(text) else { return };
    // without any scope nobody gets as far as a token
    if !scopes.is_empty() && !scopes.oidc.contains(&OidcScope::OfflineAccess) {
        note(
            "lint.no_offline_access",
            "without offline_access there is no refresh token, and every connection ends after about an hour",
            "add offline_access (portal: Custom connectors > Security > Scopes)",
        );
    }
    let is_graphs = |resource: &Option<String>| {
        resource.as_deref().is_none_or(|resource| mock_idp::directory::GRAPH_URI == resource.trim_end_matches('/'))
    };
    if !scopes.is_empty() && scopes.of_resources.iter().all(|scope| is_graphs(&scope.resource)) {
        note(
            "lint.scopes_of_graph_only",
            "these scopes are Microsoft Graph's: the token will be for Graph, and useless at the server",
            "add <Application ID URI>/.default or a scope of the server's app (portal: Custom connectors > Security > Scopes)",
        );
    }
}

fn tenantless(path: &str, url: &str, found: &mut Vec<Lint>) {
    let is_tenantless = Url::parse(url).is_ok_and(|url| {
        let first = url.path_segments().and_then(|mut segments| segments.next());
        first.is_some_and(|segment| segment.eq_ignore_ascii_case("oauth2"))
    });
    if is_tenantless {
        found.push(Lint {
            name: "lint.tenantless_url",
            path: path.to_owned(),
            message: "the URL has no tenant segment; what Entra answers there is not established".to_owned(),
            fix: "put the tenant's id, or common, in front of /oauth2 (portal: Custom connectors > Security)",
        });
    }
}

#[cfg(test)]
mod tests {
    use scenarios::world::Cors;

    use super::*;

    fn world(name: &str) -> World {
        let bundled = scenarios::find_bundled(name).unwrap().read().unwrap();
        (*bundled.world).clone()
    }

    fn names(world: &World) -> Vec<&'static str> {
        let names: Vec<_> = lint(world).into_iter().map(|lint| lint.name).collect();
        assert!(names.iter().all(|name| NAMES.contains(name)), "{names:?}");
        names
    }

    /// The worlds as bundled, but for the article's wildcard.
    fn clean(name: &str) -> World {
        let mut world = world(name);
        if let Some(cors) = &mut world.gate.cors {
            cors.allowed_origins = vec!["https://make.powerapps.com".to_owned()];
        }
        assert_eq!(names(&world), [""; 0]);
        world
    }

    #[test]
    fn the_articles_own_wildcard_is_all_that_is_said_of_it() {
        assert_eq!(names(&world("article")), ["lint.cors_any_origin"]);
        assert_eq!(names(&world("article-v2")), ["lint.cors_any_origin"]);
    }

    #[test]
    fn each_unwise_setting_has_its_lint() {
        let mut one = clean("article");
        one.gate.cors = Some(Cors { allowed_headers: vec!["*".to_owned()], ..Cors::default() });
        assert_eq!(names(&one), ["lint.cors_authorization_unnamed"]);
        let mut one = clean("article");
        for (excluded, opens) in [("/*", true), ("/mcp", true), ("/health", false), ("/mcp/*", false)] {
            one.gate.excluded_paths = vec![excluded.to_owned()];
            assert_eq!(names(&one).contains(&"lint.mcp_path_open"), opens, "{excluded}");
        }
        let mut one = clean("article");
        one.gate.unauthenticated_client_action = UnauthenticatedClientAction::AllowAnonymous;
        assert_eq!(names(&one), ["lint.anonymous_allowed"]);
        one.gate.unauthenticated_client_action = UnauthenticatedClientAction::RedirectToLoginPage;
        assert_eq!(names(&one), ["lint.login_page"]);
        let mut one = clean("article");
        one.mcp.errors = ErrorBodies::Plain;
        assert_eq!(names(&one), ["lint.plain_text_errors"]);
    }

    #[test]
    fn a_secret_is_spoken_of_in_its_last_thirty_days_and_after() {
        let mut world = clean("article");
        let expires = world.idp.apps["copilot-studio-client"].secrets["copilot"].expires;
        for (days, said) in [(31, None), (29, Some("in 29 days")), (-1, Some("has been expired"))] {
            world.clock = expires.checked_sub(SignedDuration::from_hours(24 * days)).unwrap();
            let lints = lint(&world);
            assert_eq!(lints.len(), usize::from(said.is_some()), "{days}");
            if let (Some(said), Some(lint)) = (said, lints.first()) {
                assert!(lint.message.contains(said), "{lint:?}");
                assert_eq!(lint.path, "idp.apps.copilot-studio-client.secrets.copilot.expires");
            }
        }
    }

    #[test]
    fn scopes_and_urls_count_where_they_are_used() {
        let mut one = clean("article-v2");
        let api = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default";
        for (scopes, expected) in [
            (String::new(), &[][..]),
            (format!("{api} offline_access"), &[]),
            (api.to_owned(), &["lint.no_offline_access"]),
            ("openid, profile offline_access".to_owned(), &["lint.scopes_with_commas", "lint.scopes_of_graph_only"]),
            ("openid email offline_access".to_owned(), &["lint.scopes_of_graph_only"]),
            ("https://graph.microsoft.com/User.Read offline_access".to_owned(), &["lint.scopes_of_graph_only"]),
        ] {
            one.connector.scopes = scopes;
            assert_eq!(names(&one), expected, "{}", one.connector.scopes);
        }
        let mut one = clean("article-v2");
        one.connector.token_url = "https://login.microsoftonline.com/oauth2/v2.0/token".to_owned();
        assert_eq!(names(&one), ["lint.tenantless_url"]);
        one.connector.profile = ProviderProfile::AadV1;
        assert_eq!(names(&one), [""; 0]);
    }
}
