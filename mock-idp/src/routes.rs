//! The one table of paths: the dispatcher, the discovery documents and the forms all read it.

use http::Method;

use crate::protocol::Family;

/// An endpoint that is served; all but [`Self::Lookup`] under `/{tenant}/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The discovery document of one family.
    Discovery(Family),
    /// The signing keys.
    Keys(Family),
    /// Which hosts make up this cloud.
    InstanceDiscovery,
    /// The authorize endpoint.
    Authorize(Family),
    /// The token endpoint.
    Token(Family),
    /// Where a client asks for admin consent.
    AdminConsent(Family),
    /// Where the sign-in page posts to.
    SignIn,
    /// Where the consent page posts to.
    Consent,
    /// The pages' stylesheet.
    Stylesheet,
    /// The page about a code, which `error_uri` leads to.
    Lookup,
}

/// What the discovery documents promise besides, and nothing serves yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advertised {
    /// RFC 8628.
    DeviceAuthorization(Family),
    /// Sign-out.
    EndSession(Family),
    /// The session iframe of the v1 family.
    CheckSession,
    /// Userinfo of the v1 family.
    UserInfo,
    /// Kerberos.
    Kerberos,
}

impl Route {
    /// Every route under a tenant segment.
    pub const ALL: [Self; 14] = [
        Self::Discovery(Family::V1),
        Self::Discovery(Family::V2),
        Self::Keys(Family::V1),
        Self::Keys(Family::V2),
        Self::InstanceDiscovery,
        Self::Authorize(Family::V1),
        Self::Authorize(Family::V2),
        Self::Token(Family::V1),
        Self::Token(Family::V2),
        Self::AdminConsent(Family::V1),
        Self::AdminConsent(Family::V2),
        Self::SignIn,
        Self::Consent,
        Self::Stylesheet,
    ];

    /// The path behind the tenant segment.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Discovery(Family::V1) => ".well-known/openid-configuration",
            Self::Discovery(Family::V2) => "v2.0/.well-known/openid-configuration",
            Self::Keys(Family::V1) => "discovery/keys",
            Self::Keys(Family::V2) => "discovery/v2.0/keys",
            Self::InstanceDiscovery => "discovery/instance",
            Self::Authorize(Family::V1) => "oauth2/authorize",
            Self::Authorize(Family::V2) => "oauth2/v2.0/authorize",
            Self::Token(Family::V1) => "oauth2/token",
            Self::Token(Family::V2) => "oauth2/v2.0/token",
            Self::AdminConsent(Family::V1) => "adminconsent",
            Self::AdminConsent(Family::V2) => "v2.0/adminconsent",
            Self::SignIn => "login",
            Self::Consent => "consent/set",
            Self::Stylesheet => "entralab/pages.css",
            Self::Lookup => "error",
        }
    }

    /// The path under `segment`.
    #[must_use]
    pub fn path(self, segment: &str) -> String {
        match self {
            Self::Lookup => format!("/{}", self.suffix()),
            _ => format!("/{segment}/{}", self.suffix()),
        }
    }

    /// The methods it serves; HEAD goes with GET.
    #[must_use]
    pub const fn methods(self) -> &'static [Method] {
        match self {
            Self::Discovery(_) | Self::Keys(_) | Self::InstanceDiscovery => {
                &[Method::GET, Method::HEAD, Method::OPTIONS]
            }
            Self::AdminConsent(_) | Self::Stylesheet | Self::Lookup => &[Method::GET, Method::HEAD],
            Self::Authorize(_) => &[Method::GET, Method::HEAD, Method::POST],
            Self::Token(_) => &[Method::POST, Method::OPTIONS],
            Self::SignIn | Self::Consent => &[Method::POST],
        }
    }

    /// The token endpoint of a path that lacks its tenant segment.
    #[must_use]
    pub fn tenantless_token(path: &str) -> Option<Self> {
        let suffix = path.strip_prefix('/')?;
        [Self::Token(Family::V1), Self::Token(Family::V2)]
            .into_iter()
            .find(|route| route.suffix().eq_ignore_ascii_case(suffix))
    }

    /// The route of a path, in whatever case, and its tenant segment as written; an empty one where it has none.
    #[must_use]
    pub fn find(path: &str) -> Option<(Self, &str)> {
        let path = path.strip_prefix('/')?;
        if path.eq_ignore_ascii_case(Self::Lookup.suffix()) {
            return Some((Self::Lookup, ""));
        }
        let (segment, suffix) = path.split_once('/')?;
        if segment.is_empty() {
            return None;
        }
        let route = Self::ALL.into_iter().find(|route| route.suffix().eq_ignore_ascii_case(suffix))?;
        Some((route, segment))
    }
}

impl Advertised {
    /// The path under `segment`.
    #[must_use]
    pub fn path(self, segment: &str) -> String {
        let suffix = match self {
            Self::DeviceAuthorization(Family::V1) => "oauth2/devicecode",
            Self::DeviceAuthorization(Family::V2) => "oauth2/v2.0/devicecode",
            Self::EndSession(Family::V1) => "oauth2/logout",
            Self::EndSession(Family::V2) => "oauth2/v2.0/logout",
            Self::CheckSession => "oauth2/checksession",
            Self::UserInfo => "openid/userinfo",
            Self::Kerberos => "kerberos",
        };
        format!("/{segment}/{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found_by_its_own_path_in_any_case() {
        for route in Route::ALL {
            let path = route.path("Contoso.com");
            assert_eq!(Route::find(&path), Some((route, "Contoso.com")));
            let shouted = path.to_uppercase();
            assert_eq!(Route::find(&shouted), Some((route, "CONTOSO.COM")));
        }
    }

    #[test]
    fn the_page_about_codes_stands_under_no_tenant() {
        assert_eq!(Route::find(&Route::Lookup.path("common")), Some((Route::Lookup, "")));
        assert_eq!(Route::find("/Error"), Some((Route::Lookup, "")));
        assert_eq!(Route::find("/common/error"), None);
    }

    #[test]
    fn a_path_without_a_tenant_segment_is_no_route() {
        let paths = [
            "/oauth2/v2.0/token",
            "/oauth2/token",
            "/oauth2/authorize",
            "//oauth2/token",
            "/",
            "",
            "/common",
            "/common/oauth2/token/",
        ];
        for path in paths {
            assert_eq!(Route::find(path), None, "{path}");
        }
    }
}
