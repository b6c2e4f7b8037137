//! Whatever is sent to any endpoint: an answer comes, of which nothing is a crash, a secret or a way to a foreign address.

use axum::body::Body;
use http::{Request, header};
use proptest::prelude::*;
use serde_json::json;
use url::Url;

use crate::causes::users::ropc;
use crate::support::*;

const SEGMENTS: &[&str] = &[
    "common",
    "organizations",
    "consumers",
    "contoso.com",
    "Fabrikam.COM",
    TENANT,
    "nobody.example",
    "%00",
    "x y",
    "..",
    "",
];

const PATHS: &[&str] = &[
    "oauth2/authorize",
    "oauth2/v2.0/authorize",
    "oauth2/token",
    "oauth2/v2.0/token",
    "adminconsent",
    "v2.0/adminconsent",
    "oauth2/logout",
    "oauth2/v2.0/logout",
    "login",
    "kmsi",
    "appverify",
    "oauth2/devicecode",
    "oauth2/v2.0/devicecode",
    "oauth2/deviceauth",
    "userrealm/",
    "userrealm/megan@contoso.com",
    "GetCredentialType",
    "changepassword",
    "consent/set",
    "consent/request",
    "SAS/ProcessAuth",
    "TermsOfUse/accept",
    "openid/userinfo",
    "discovery/keys",
    "discovery/instance",
    "oauth2/checksession",
    "v2.0/.well-known/openid-configuration",
    "../error",
    "../devicelogin",
    "../v1.0/me",
    "../oidc/userinfo",
    "../v1.0/me/getMemberObjects",
    "../v1.0/users/megan@contoso.com/getMemberObjects",
];

const NAMES: &[&str] = &[
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "resource",
    "state",
    "nonce",
    "prompt",
    "login_hint",
    "domain_hint",
    "sid",
    "max_age",
    "claims",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
    "refresh_token",
    "assertion",
    "requested_token_use",
    "username",
    "password",
    "device_code",
    "user_code",
    "otc",
    "loginfmt",
    "passwd",
    "decision",
    "flowToken",
    "session",
    "currentPassword",
    "newPassword",
    "confirmNewPassword",
    "post_logout_redirect_uri",
    "id_token_hint",
    "logout_hint",
    "api-version",
    "authorization_endpoint",
    "code",
    "appid",
    "admin_consent",
    "error",
    "client_info",
    "instance_aware",
    "return_spa_code",
    "x",
];

/// What real requests carry, so that many go far before something stops them.
const VALUES: &[&str] = &[
    CLIENT,
    SERVER,
    REDIRECT,
    SPA,
    DEFAULT,
    CHALLENGE,
    VERIFIER,
    TENANT,
    MEGAN,
    SERVER_URI,
    "code",
    "id_token",
    "code id_token",
    "token",
    "query",
    "fragment",
    "form_post",
    "S256",
    "plain",
    "none",
    "login",
    "select_account",
    "consent",
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    "on_behalf_of",
    "accept",
    "cancel",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "openid profile offline_access",
    "megan@contoso.com",
    "nestor@fabrikam.com",
    "https://evil.test/",
    "//evil.test",
    "javascript:alert(1)",
    "1",
    "0",
    "-1",
    "true",
    "{\"id_token\":{\"acrs\":{\"values\":[\"c1\"],\"essential\":true}}}",
    "{\"access_token\":{\"xms_cc\":{\"values\":[\"cp1\"]}}}",
    "eyJhbGciOiJub25lIn0.e30.",
    "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOjF9.AA",
    "{",
    "[[[[",
    "",
    " ",
    "\0",
    "ü\u{202e}",
];

/// One parameter: a name that means something, or not, and a value of the same kinds.
fn parameter() -> impl Strategy<Value = (String, String)> {
    let name = prop_oneof![9 => prop::sample::select(NAMES).prop_map(str::to_owned), 1 => "\\PC{0,12}"];
    let value = prop_oneof![
        8 => prop::sample::select(VALUES).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[a-z]{1,3}".prop_map(|text| text.repeat(3000)),
    ];
    (name, value)
}

/// A method, a path and parameters.
type Start = (&'static str, &'static str, Vec<(&'static str, &'static str)>);

/// Requests that are good, or nearly.
fn good() -> Vec<Start> {
    let device =
        [("client_id", CLIENT), ("device_code", "x"), ("grant_type", "urn:ietf:params:oauth:grant-type:device_code")];
    let admin = [("client_id", CLIENT), ("redirect_uri", REDIRECT), ("scope", SERVER_URI), ("state", "s")];
    vec![
        ("GET", "oauth2/authorize", v1()),
        ("GET", "oauth2/v2.0/authorize", v2(DEFAULT)),
        ("GET", "oauth2/v2.0/authorize", spa(DEFAULT)),
        ("POST", "oauth2/v2.0/token", redeem("0.AS8A")),
        ("POST", "oauth2/token", refresh("0.AS8A")),
        ("POST", "oauth2/v2.0/token", for_itself("api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default")),
        ("POST", "oauth2/v2.0/token", ropc()),
        ("POST", "oauth2/v2.0/token", device.to_vec()),
        ("POST", "oauth2/v2.0/devicecode", vec![("client_id", CLIENT), ("scope", "openid")]),
        ("POST", "oauth2/deviceauth", vec![("otc", "ABCDEFGHJ")]),
        ("GET", "v2.0/adminconsent", admin.to_vec()),
        ("GET", "oauth2/v2.0/logout", vec![("post_logout_redirect_uri", REDIRECT), ("client_id", CLIENT)]),
        ("POST", "login", vec![("loginfmt", "megan@contoso.com"), ("passwd", PASSWORD), ("flowToken", "x")]),
    ]
}

/// A request: one of the good ones, changed here and there, or anything.
#[derive(Clone, Debug)]
struct Sent {
    method: &'static str,
    segment: &'static str,
    path: &'static str,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    content_type: &'static str,
    headers: Vec<(&'static str, &'static str)>,
}

fn sent() -> impl Strategy<Value = Sent> {
    let headers = [
        ("authorization", "Basic OWQ0ZTJiN2EtNmMxZi00ZDNlLWI1YTgtN2Y2ZTVkNGMzYjJhOng="),
        ("authorization", "Basic ===="),
        ("authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),
        ("origin", "https://spa.example"),
        ("origin", "null"),
        ("cookie", "ESTSAUTH=x; ESTSAUTHPERSISTENT=; =; ;;"),
        ("client-request-id", "no guid"),
        ("restrict-access-to-tenants", ",,fabrikam.com"),
        ("accept-language", "de"),
    ];
    let start = prop_oneof![
        4 => prop::sample::select(good()),
        1 => (prop::sample::select(vec!["GET", "POST", "HEAD", "OPTIONS", "PUT"]), prop::sample::select(PATHS))
            .prop_map(|(method, path)| (method, path, Vec::new())),
    ];
    let form = "application/x-www-form-urlencoded";
    (
        start,
        prop_oneof![3 => Just(TENANT), 1 => prop::sample::select(SEGMENTS)],
        prop::collection::vec(parameter(), 0..4),
        prop::collection::vec(any::<prop::sample::Index>(), 0..2),
        any::<bool>(),
        prop_oneof![8 => Just(form), 1 => prop::sample::select(vec!["application/json", "text/plain", ""])],
        prop_oneof![2 => Just(Vec::new()), 1 => prop::sample::subsequence(headers.to_vec(), 0..4)],
    )
        .prop_map(|((method, path, parameters), segment, changes, removals, is_added, content_type, headers)| {
            let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            let mut parameters: Vec<(String, String)> = parameters.into_iter().map(owned).collect();
            for removal in removals.iter().filter(|_| changes.len() < 3) {
                if !parameters.is_empty() {
                    parameters.remove(removal.index(parameters.len()));
                }
            }
            for (name, value) in changes {
                parameters.retain(|(kept, _)| is_added || *kept != name);
                parameters.push((name, value));
            }
            let (query, form) = if method == "POST" { (Vec::new(), parameters) } else { (parameters, Vec::new()) };
            Sent { method, segment, path, query, form, content_type, headers }
        })
}

impl Sent {
    /// None where it is none that a server would be given.
    fn request(&self) -> Option<Request<Body>> {
        let path = match self.path.strip_prefix("..") {
            Some(path) => path.to_owned(),
            None => format!("/{}/{}", self.segment, self.path),
        };
        let encoded = |pairs: &[(String, String)]| {
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
        };
        let mut request = Request::builder().method(self.method).uri(format!("{path}?{}", encoded(&self.query)));
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let body =
            if self.content_type == "application/json" { "{\"Username\":1}".to_owned() } else { encoded(&self.form) };
        request.header(header::CONTENT_TYPE, self.content_type).body(Body::from(body)).ok()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// In a lab as it is after some traffic: what one request left behind meets the next.
    #[test]
    fn every_request_gets_an_answer_that_tells_no_secret_and_leads_nowhere_else(sent in prop::collection::vec(sent(), 40)) {
        let lab = Lab::of(changed(json!({"single_sign_on": true, "keep_me_signed_in": true})));
        let registered = [REDIRECT, "https://app.example/cb", SPA, "http://localhost", "https://single.example/cb",
            "https://personal.example/cb", "https://server.example/.auth/login/aad/callback"];
        for sent in sent {
            let Some(request) = sent.request() else { continue };
            let seen = lab.send(request);
            prop_assert!(seen.status.as_u16() < 500, "{} {}", seen.status, seen.request);
            if let Some(location) = seen.location() {
                let is_own = Url::parse(location).is_err() && !location.starts_with("//") && !location.contains('\\');
                let is_own = is_own || location.starts_with("https://login.microsoftonline.com/");
                prop_assert!(is_own || registered.iter().any(|uri| location.starts_with(uri)), "{location} {}", seen.request);
            }
        }
    }
}
