//! The one table of paths: the dispatcher, the discovery documents and the forms all read it.

use http::Method;

use crate::protocol::Family;

/// An endpoint that is served; all but [`Self::Lookup`] and [`Self::DeviceAlias`] under `/{tenant}/`.
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
    /// Sign-out.
    EndSession(Family),
    /// The session frame of the v1 family.
    CheckSession,
    /// Where old native applications are sent.
    NativeClient,
    /// Where the sign-in page posts to.
    SignIn,
    /// Where the answer to "Stay signed in?" goes.
    KeepSignedIn,
    /// Where the answer to "Are you trying to sign in to …?" goes.
    ConfirmApp,
    /// Where devices ask for a code (RFC 8628).
    DeviceAuthorization(Family),
    /// The page on which a user types a device's code.
    DeviceLogin,
    /// The short address of that page, under no tenant.
    DeviceAlias,
    /// Whose a user name is; the name stands behind the path.
    UserRealm,
    /// Whether a user exists, as Entra's sign-in page asks.
    CredentialType,
    /// Where the page for a new password posts to.
    NewPassword,
    /// Where the consent page posts to.
    Consent,
    /// Where the page posts to on which a user asks for an administrator's consent.
    RequestApproval,
    /// The form of the second factor.
    SecondFactor,
    /// The form of the terms of use.
    TermsOfUse,
    /// The pages' stylesheet.
    Stylesheet,
    /// The page about a code, which `error_uri` leads to.
    Lookup,
    /// Userinfo of the v1 family.
    UserInfo,
    /// Microsoft Graph, under no tenant.
    Graph(GraphCall),
}

/// A path of Microsoft Graph. On this machine Graph stands at the same address as the rest, so none of these can be one
/// under a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphCall {
    /// The userinfo endpoint of OpenID Connect.
    UserInfo,
    /// The signed-in user.
    Me,
    /// The photo of the signed-in user.
    Photo,
    /// The groups of the signed-in user.
    MemberOf,
    /// The ids of all groups of the signed-in user.
    MyMemberObjects,
    /// The same of any user.
    MemberObjects,
}

impl GraphCall {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::UserInfo, Self::Me, Self::Photo, Self::MemberOf, Self::MyMemberObjects, Self::MemberObjects];

    /// What is before the user in the path, and what behind; all of it before where the path names no user.
    const fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::UserInfo => ("/oidc/userinfo", ""),
            Self::Me => ("/v1.0/me", ""),
            Self::Photo => ("/v1.0/me/photo/$value", ""),
            Self::MemberOf => ("/v1.0/me/memberOf", ""),
            Self::MyMemberObjects => ("/v1.0/me/getMemberObjects", ""),
            Self::MemberObjects => ("/v1.0/users/", "/getMemberObjects"),
        }
    }

    /// The path, with the user where it names one.
    #[must_use]
    pub fn path(self, user: &str) -> String {
        let (before, behind) = self.parts();
        if behind.is_empty() { before.to_owned() } else { format!("{before}{user}{behind}") }
    }

    /// The call of a path, in whatever case, and the user that it names; empty where it names none.
    fn find(path: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|call| {
            let (before, behind) = call.parts();
            let (head, rest) = path.split_at_checked(before.len())?;
            let (user, tail) = rest.split_at_checked(rest.len().checked_sub(behind.len())?)?;
            let is_it = head.eq_ignore_ascii_case(before) && tail.eq_ignore_ascii_case(behind);
            let names_one = !user.is_empty() && !user.contains('/');
            let fits = if behind.is_empty() { user.is_empty() } else { names_one };
            (is_it && fits).then_some((call, user))
        })
    }

    /// The methods it serves.
    const fn methods(self) -> &'static [Method] {
        match self {
            Self::UserInfo => &[Method::GET, Method::HEAD, Method::POST, Method::OPTIONS],
            Self::Me | Self::Photo | Self::MemberOf => &[Method::GET, Method::HEAD, Method::OPTIONS],
            Self::MyMemberObjects | Self::MemberObjects => &[Method::POST, Method::OPTIONS],
        }
    }
}

/// What the discovery documents promise besides, and nothing serves yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advertised {
    /// Kerberos.
    Kerberos,
}

impl Route {
    /// Every route under a tenant segment.
    pub const ALL: [Self; 30] = [
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
        Self::EndSession(Family::V1),
        Self::EndSession(Family::V2),
        Self::CheckSession,
        Self::NativeClient,
        Self::SignIn,
        Self::KeepSignedIn,
        Self::ConfirmApp,
        Self::DeviceAuthorization(Family::V1),
        Self::DeviceAuthorization(Family::V2),
        Self::DeviceLogin,
        Self::UserRealm,
        Self::CredentialType,
        Self::NewPassword,
        Self::Consent,
        Self::RequestApproval,
        Self::SecondFactor,
        Self::TermsOfUse,
        Self::Stylesheet,
        Self::UserInfo,
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
            Self::EndSession(Family::V1) => "oauth2/logout",
            Self::EndSession(Family::V2) => "oauth2/v2.0/logout",
            Self::CheckSession => "oauth2/checksession",
            Self::NativeClient => "oauth2/nativeclient",
            Self::SignIn => "login",
            Self::KeepSignedIn => "kmsi",
            Self::ConfirmApp => "appverify",
            Self::DeviceAuthorization(Family::V1) => "oauth2/devicecode",
            Self::DeviceAuthorization(Family::V2) => "oauth2/v2.0/devicecode",
            Self::DeviceLogin => "oauth2/deviceauth",
            Self::DeviceAlias => "devicelogin",
            Self::UserRealm => "userrealm/",
            Self::CredentialType => "GetCredentialType",
            Self::NewPassword => "changepassword",
            Self::Consent => "consent/set",
            Self::RequestApproval => "consent/request",
            Self::SecondFactor => "SAS/ProcessAuth",
            Self::TermsOfUse => "TermsOfUse/accept",
            Self::Stylesheet => "entralab/pages.css",
            Self::Lookup => "error",
            Self::UserInfo => "openid/userinfo",
            Self::Graph(call) => call.parts().0,
        }
    }

    /// The path under `segment`.
    #[must_use]
    pub fn path(self, segment: &str) -> String {
        match self {
            Self::Lookup | Self::DeviceAlias => format!("/{}", self.suffix()),
            Self::Graph(call) => call.path(segment),
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
            Self::UserInfo => GraphCall::UserInfo.methods(),
            Self::Graph(call) => call.methods(),
            Self::AdminConsent(_)
            | Self::CheckSession
            | Self::NativeClient
            | Self::Stylesheet
            | Self::Lookup
            | Self::DeviceAlias
            | Self::UserRealm => &[Method::GET, Method::HEAD],
            Self::Authorize(_) | Self::EndSession(_) | Self::DeviceLogin => &[Method::GET, Method::HEAD, Method::POST],
            Self::Token(_) => &[Method::POST, Method::OPTIONS],
            Self::DeviceAuthorization(_)
            | Self::CredentialType
            | Self::SignIn
            | Self::KeepSignedIn
            | Self::ConfirmApp
            | Self::NewPassword
            | Self::SecondFactor
            | Self::TermsOfUse
            | Self::Consent
            | Self::RequestApproval => &[Method::POST],
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
        if let Some((call, user)) = GraphCall::find(path) {
            return Some((Self::Graph(call), user));
        }
        let path = path.strip_prefix('/')?;
        let under_no_tenant = [Self::Lookup, Self::DeviceAlias];
        if let Some(route) = under_no_tenant.into_iter().find(|route| route.suffix().eq_ignore_ascii_case(path)) {
            return Some((route, ""));
        }
        let (segment, suffix) = path.split_once('/')?;
        if segment.is_empty() {
            return None;
        }
        // the suffix that ends in a slash is the start of one
        let fits = |route: &Self| match route.suffix() {
            start if start.ends_with('/') => {
                suffix.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
            }
            whole => whole.eq_ignore_ascii_case(suffix),
        };
        let route = Self::ALL.into_iter().find(fits)?;
        Some((route, segment))
    }
}

impl Advertised {
    /// The path under `segment`.
    #[must_use]
    pub fn path(self, segment: &str) -> String {
        let suffix = match self {
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
    fn graph_stands_beside_the_tenants() {
        for call in GraphCall::ALL {
            let path = call.path("Megan@contoso.com");
            let user = if path.contains("Megan") { "Megan@contoso.com" } else { "" };
            assert_eq!(Route::find(&path), Some((Route::Graph(call), user)));
            assert_eq!(Route::find(&path.to_lowercase()).map(|(route, _)| route), Some(Route::Graph(call)));
        }
        let others = [
            "/v1.0/users//getMemberObjects",
            "/v1.0/users/a/b/getMemberObjects",
            "/v1.0/users/getMemberObjects",
            "/v1.0/mé",
            "/v1.0/me/",
        ];
        for path in others {
            assert_eq!(Route::find(path), None, "{path}");
        }
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
