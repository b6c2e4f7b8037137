//! The authorization code flow and its refresh tokens.

use http::header;
use serde_json::json;

use super::{Cause, authorize, authorize_in, megan, redeemed, signed_in, token, with_origin};
use crate::support::*;

pub const CAUSES: &[Cause] = &[
    (165_900, "request.interaction", || Lab::new().post("/common/login", "loginfmt=megan@contoso.com&passwd=x")),
    (16_000, "session.present", || {
        let lab = Lab::of(changed(json!({"single_sign_on": true})));
        let mut browser = Browser::new(&lab);
        for (username, password) in [("megan@contoso.com", PASSWORD), ("nestor@fabrikam.com", "Northwind-9")] {
            browser.open(V2_AUTHORIZE, &with(&v2("openid"), "prompt", "login"));
            browser.sign_in(username, password);
        }
        browser.open(V2_AUTHORIZE, &with(&v2("openid"), "prompt", "none"))
    }),
    (28_000, "scope.well_formed", || {
        redeemed(|form| with(&form, "scope", "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation User.Read"))
    }),
    (28_000, "scope.well_formed", || {
        let world = changed(json!({"apps": {"client": {"implicit": {"access_tokens": true}}}}));
        let scope = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation User.Read";
        megan(world, V2_AUTHORIZE, &with(&v2(scope), "response_type", "token"))
    }),
    (28_003, "scope.well_formed", || {
        redeemed(|mut form| {
            form.push(("scope", ""));
            form
        })
    }),
    (50_011, "redirect_uri.registered", || {
        authorize(V1_AUTHORIZE, &with(&v1(), "redirect_uri", "https://global.consent.azure-apim.net/redirect"))
    }),
    (50_020, "user.exists", || {
        signed_in(world(), &format!("/{TENANT}/oauth2/authorize"), &v1(), "nestor@fabrikam.com", "Northwind-9")
    }),
    (50_034, "user.exists", || signed_in(world(), V1_AUTHORIZE, &v1(), "who@contoso.com", "x")),
    (50_049, "endpoint.exists", || {
        Lab::new().get("/common/discovery/instance?authorization_endpoint=https://evil.test/common/oauth2/authorize")
    }),
    (50_058, "session.present", || authorize(V1_AUTHORIZE, &with(&v1(), "prompt", "none"))),
    (50_089, "request.interaction", || {
        let lab = Lab::new();
        let mut browser = Browser::new(&lab);
        browser.open(V1_AUTHORIZE, &v1());
        lab.advance(61);
        browser.sign_in("megan@contoso.com", PASSWORD)
    }),
    (50_105, "user.assigned", || {
        megan(
            changed(json!({"apps": {"client": {"assignment_required": true, "assigned": ["admin"]}}})),
            V1_AUTHORIZE,
            &v1(),
        )
    }),
    (50_126, "user.password", || signed_in(world(), V1_AUTHORIZE, &v1(), "megan@contoso.com", "x")),
    (50_147, "code_challenge.well_formed", || {
        authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "code_challenge_method", "S256"))
    }),
    (50_194, "client.audience", || {
        authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "client_id", "9d4e2b7a-0000-4000-8000-000000000001"))
    }),
    (50_196, "client.request_loop", || {
        let lab = Lab::of(changed(json!({"client_request_loop": 3})));
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
        let token = body["refresh_token"].as_str().unwrap();
        let again = || lab.post(V2_TOKEN, &form(&refresh(token)));
        assert_eq!([again(), again(), again()].map(|seen| seen.status.as_u16()), [200; 3]);
        lab.advance(4);
        let refused = again();
        lab.advance(1);
        assert_eq!(again().status, 200, "the five minutes are over");
        refused
    }),
    (54_005, "code.unused", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        assert_eq!(lab.post(V2_TOKEN, &form(&redeem(&code))).status, 200);
        lab.post(V2_TOKEN, &form(&redeem(&code)))
    }),
    (65_001, "consent.granted", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
        lab.replace(changed(json!({"consents": {"client-on-server": null}})));
        lab.post(V2_TOKEN, &form(&refresh(body["refresh_token"].as_str().unwrap())))
    }),
    (65_002, "client.pre_authorized", || {
        let change = json!({"apps": {"client": {"first_party": true}, "server": {"first_party": true}}});
        megan(changed(change), V1_AUTHORIZE, &v1())
    }),
    (65_004, "consent.accepted", || {
        let lab = Lab::of(changed(json!({"consents": {"client-on-server": null}})));
        let mut browser = Browser::new(&lab);
        browser.open(V1_AUTHORIZE, &v1());
        browser.sign_in("megan@contoso.com", PASSWORD);
        browser.press("idBtn_Back", &[])
    }),
    (65_005, "resource.permitted", || {
        let lab = Lab::of(changed(
            json!({"apps": {"client": {"permissions": {"modern": null}}}, "consents": {"client-on-modern": null}}),
        ));
        let code = lab.code(V1_AUTHORIZE, &v1());
        lab.post(V1_TOKEN, &form(&with(&redeem(&code), "resource", MODERN)))
    }),
    (70_000, "refresh_token.authentic", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        lab.post(V2_TOKEN, &form(&refresh(&code)))
    }),
    (70_003, "grant_type.supported", || redeemed(|form| with(&form, "grant_type", "no_such_grant"))),
    (70_005, "response_type.supported", || authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "response_type", "none"))),
    (70_007, "response_mode.supported", || {
        authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "response_mode", "web_message"))
    }),
    (70_008, "code.current", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        lab.advance(10);
        lab.post(V2_TOKEN, &form(&redeem(&code)))
    }),
    (70_011, "scope.well_formed", || authorize(V2_AUTHORIZE, &v2("api://x/.default User.Read"))),
    (90_002, "tenant.exists", || Lab::new().post("/nobody.example/oauth2/v2.0/token", "grant_type=refresh_token")),
    (90_009, "resource.not_itself", || {
        let parameters =
            with(&with(&v1(), "client_id", SERVER), "redirect_uri", "https://server.example/.auth/login/aad/callback");
        authorize(&format!("/{TENANT}/oauth2/authorize"), &parameters)
    }),
    (90_013, "client_secret.present", || {
        let mut request = post(V2_TOKEN, &form(&redeem("x")));
        request.headers_mut().insert(header::AUTHORIZATION, basic(CLIENT, SECRET).parse().unwrap());
        Lab::new().send(request)
    }),
    (90_023, "prompt.supported", || authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "please"))),
    (90_094, "consent.granted", || {
        let change =
            json!({"tenants": {"contoso": {"user_consent": "disabled"}}, "consents": {"client-on-server": null}});
        megan(changed(change), V1_AUTHORIZE, &v1())
    }),
    (500_011, "resource.exists", || {
        authorize(&format!("/{TENANT}/oauth2/authorize"), &with(&v1(), "resource", "api://not-registered"))
    }),
    (500_112, "code.redirect_uri", || redeemed(|form| with(&form, "redirect_uri", "https://app.example/cb?x=1"))),
    (500_113, "redirect_uri.present", || {
        authorize(V1_AUTHORIZE, &with(&v1(), "client_id", "9d4e2b7a-0000-4000-8000-000000000003"))
    }),
    (501_481, "code_verifier.matches", || {
        redeemed(|form| with(&form, "code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
    }),
    (501_491, "code_challenge.well_formed", || authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "code_challenge", "short"))),
    (650_052, "resource.service_principal", || {
        let change = json!({"apps": {"server": {"service_principals": []}}});
        authorize_in(changed(change), &format!("/{TENANT}/oauth2/authorize"), &v1())
    }),
    (650_053, "scope.exists", || authorize(&format!("/{TENANT}/oauth2/v2.0/authorize"), &v2("user_impersonation"))),
    (650_057, "resource.permitted", || {
        let change =
            json!({"apps": {"client": {"permissions": {"server": null}}}, "consents": {"client-on-server": null}});
        megan(changed(change), V1_AUTHORIZE, &v1())
    }),
    (700_005, "code.client", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        lab.post("/fabrikam.com/oauth2/v2.0/token", &form(&redeem(&code)))
    }),
    (700_007, "code.client", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        lab.post("/contoso.com/oauth2/v2.0/token", &form(&with(&redeem(&code), "client_id", SERVER)))
    }),
    (700_016, "client.registered", || {
        authorize(V1_AUTHORIZE, &with(&v1(), "client_id", "9d4e2b7a-0000-4000-8000-00000000dead"))
    }),
    (700_025, "client_secret.present", || with_origin("http://localhost:1/cb", SECRET, None)),
    (700_038, "client.well_formed", || {
        token("grant_type=refresh_token&client_id=00000000-0000-0000-0000-000000000000")
    }),
    (700_051, "response_type.supported", || authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "response_type", "token"))),
    (700_054, "response_type.supported", || {
        authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "response_type", "code id_token"))
    }),
    (700_082, "refresh_token.current", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
        lab.advance(90 * 24 * 60);
        lab.post(V2_TOKEN, &form(&refresh(body["refresh_token"].as_str().unwrap())))
    }),
    (700_084, "refresh_token.current", || {
        let (lab, token) = spa_refresh_token();
        lab.advance(24 * 60);
        lab.send(from_origin(SPA_ORIGIN, &form(&spa_refresh(&token))))
    }),
    (900_023, "tenant.exists", || Lab::new().get("/your_tenant/v2.0/.well-known/openid-configuration")),
    (900_144, "request.parameter_present", || token("")),
    (900_561, "request.method", || Lab::new().get(V2_TOKEN)),
    (900_971, "redirect_uri.registered", || authorize(V1_AUTHORIZE, &with(&v1(), "redirect_uri", ""))),
    (901_002, "resource.accepted", || {
        let parameters = with(&v2(DEFAULT), "resource", SERVER_URI);
        authorize_in(changed(json!({"resource_parameter": "rejected"})), V2_AUTHORIZE, &parameters)
    }),
    (7_000_215, "client_secret.valid", || redeemed(|form| with(&form, "client_secret", "wrong"))),
    (7_000_218, "client_secret.present", || redeemed(|form| with(&form, "client_secret", ""))),
    (7_000_222, "client_secret.current", || redeemed(|form| with(&form, "client_secret", "an-expired-secret"))),
    (9_000_411, "request.parameter_once", || {
        authorize(V2_AUTHORIZE, &[v2(DEFAULT), vec![("scope", "openid")]].concat())
    }),
    (9_002_313, "code.authentic", || redeemed(|form| with(&form, "code", "0.AS8A-garbage"))),
    (9_002_325, "code_challenge.well_formed", || {
        authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "redirect_uri", "https://spa.example/"))
    }),
    (9_002_326, "code.origin", || with_origin(REDIRECT, SECRET, Some("https://evil.test"))),
    (9_002_327, "code.origin", || with_origin("https://spa.example/", "", None)),
    (9_002_331, "client.audience", || {
        authorize(V1_AUTHORIZE, &with(&v1(), "client_id", "9d4e2b7a-0000-4000-8000-000000000004"))
    }),
    (9_010_010, "resource.matches_scopes", || {
        authorize(
            &format!("/{TENANT}/oauth2/v2.0/authorize"),
            &with(&v2(DEFAULT), "resource", &format!("{SERVER_URI}/")),
        )
    }),
];
