//! The control API: what it does to a running lab, and that its document says so.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::control::{Api, answer};

async fn ask(api: &Api, method: Method, path: &str, body: Value) -> (u16, Value) {
    let request = api.with_token(method.clone(), path);
    answer(if method == Method::GET || method == Method::DELETE { request } else { request.json(&body) }).await
}

async fn document(api: &Api) -> Value {
    let (status, document) = answer(api.request(Method::GET, "/_lab/openapi.json")).await;
    assert_eq!(status, 200, "the document needs no token");
    document
}

/// Every operation of the document: method, path, and the statuses that it names.
fn operations(document: &Value) -> Vec<(Method, String, BTreeSet<u16>)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let statuses = operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap());
            found.push((method.to_uppercase().parse().unwrap(), path.clone(), statuses.collect()));
        }
    }
    found
}

#[tokio::test]
async fn every_operation_answers_what_its_document_says() {
    let api = Api::start();
    let document = document(&api).await;
    assert_eq!(document["openapi"], "3.1.0");
    let operations = operations(&document);
    assert!(operations.len() > 30, "{}", operations.len());
    let bodies =
        ["", "{", "null", "[]", "1", "{}", r#"{"x":1}"#, r#"{"by":"-1h"}"#, r#"{"world":{}}"#, r#"{"at":"idp"}"#];
    for (method, path, statuses) in operations {
        if path.ends_with("/stream") {
            continue; // it has no end
        }
        assert!(statuses.contains(&200) && statuses.contains(&401) && statuses.contains(&403), "{method} {path}");
        for name in ["megan", "nobody", "7", "%00", "%ff", "..%2f"] {
            let url = ["{name}", "{number}", "{id}"].iter().fold(path.clone(), |url, part| url.replace(part, name));
            for body in bodies {
                for query in ["", "?after=x", "?timeout=0", "?of=50011"] {
                    let request = api.with_token(method.clone(), &format!("{url}{query}"));
                    let request = request.header("content-type", "application/json").body(body);
                    let (status, told) = answer(request).await;
                    assert!(statuses.contains(&status), "{method} {url}{query} {body}: {status} {told}");
                    assert!(status == 200 || is_told(&told), "{method} {url}{query} {body}: {told}");
                }
                if method == Method::GET || method == Method::DELETE {
                    break;
                }
            }
            if !path.contains('{') {
                break;
            }
        }
        let (status, told) = answer(api.request(method.clone(), &path)).await;
        assert!(status == 401 && is_told(&told), "{method} {path} without a token: {told}");
    }
}

/// Whether a refusal says what is wrong and what mends it, and in no words of the language that it is written in.
fn is_told(refusal: &Value) -> bool {
    let text = |member: &str| refusal["error"][member].as_str().unwrap_or_default();
    let is_foreign = |word: &&str| text("message").contains(word);
    ["code", "message", "fix"].into_iter().all(|member| !text(member).is_empty())
        && !["deserialize", "target type", "invalid type", "expected struct", "u64", "key must be"]
            .iter()
            .any(is_foreign)
}

#[tokio::test]
async fn every_refusal_says_what_is_wrong_and_what_mends_it() {
    let api = Api::start();
    let long = format!(r#"{{"x":"{}"}}"#, "x".repeat(5 << 20));
    for (method, path, body, expected, message, fix) in [
        (Method::GET, "/_lab", "", 404, "nothing at /_lab", "openapi.json"),
        (Method::GET, "/_lab/usrs", "", 404, "nothing at /_lab/usrs", "did you mean /_lab/users?"),
        (Method::POST, "/_lab/token", "{}", 404, "nothing at /_lab/token", "did you mean /_lab/tokens?"),
        (Method::POST, "/_lab/users", "{}", 405, "does not answer to POST", "Allow"),
        (Method::DELETE, "/_lab/openapi.json", "", 405, "does not answer to DELETE", "Allow"),
        (Method::GET, "/_lab/users/mgan", "", 404, "no 'mgan'", "write megan"),
        (Method::GET, "/_lab/users/%ff", "", 400, "no UTF-8", "percent-encode"),
        (Method::GET, "/_lab/trace?after=x", "", 400, "`after` must be a whole number", "write a whole number"),
        (Method::GET, "/_lab/trace?aftr=1", "", 400, "`aftr` is not a key", "write `after`"),
        (Method::GET, "/_lab/trace?to=idq", "", 400, "`to` cannot be \"idq\"", "write `idp`"),
        (Method::GET, "/_lab/explain", "", 400, "lacks `of`", "add `of:`"),
        (Method::GET, "/_lab/explain?of=50012345", "", 404, "no code or check", "AADSTS50011"),
        (Method::POST, "/_lab/trace/99/checks", "[]", 404, "no exchange 99", "GET /_lab/trace"),
        (Method::POST, "/_lab/trace/x/checks", "[]", 400, "no number", "such as 1"),
        (Method::POST, "/_lab/trace/1/checks", "{}", 422, "must be a list", "write a list"),
        (Method::POST, "/_lab/tokens", "", 400, "the body is empty", "{} at least"),
        (
            Method::POST,
            "/_lab/tokens",
            "{\n \"user\": megan}",
            400,
            "no JSON from line 2, column 10",
            "one JSON document",
        ),
        (Method::POST, "/_lab/tokens", &long, 413, "larger than 4 MiB", "send less"),
        (Method::POST, "/_lab/tokens", r#"{"usr":"megan"}"#, 422, "`usr` is not a key", "write `user`"),
        (Method::POST, "/_lab/tokens", r#"{"user":7}"#, 422, "`user` must be a text", "in quotes"),
        (Method::POST, "/_lab/tokens", r#"{"user":"a","user":"b"}"#, 422, "duplicate", "openapi.json"),
        (Method::POST, "/_lab/tokens", r#"{"user":"mega"}"#, 404, "no user 'mega'", "write megan"),
        (Method::POST, "/_lab/tokens", r#"{"version":3}"#, 422, "version cannot be 3", "write 1 or 2"),
        (Method::POST, "/_lab/tokens", r#"{"not_valid":"expird"}"#, 422, "cannot be 'expird'", "write expired"),
        (
            Method::POST,
            "/_lab/tokens",
            r#"{"user":"megan","scopes":["foo"]}"#,
            422,
            "'streamable-mcp-server2' has no scope 'foo'",
            "write one of user_impersonation; the claim scp=foo",
        ),
        (Method::POST, "/_lab/tokens", r#"{"expires_in":31536001}"#, 422, "more than a year", "within a year"),
        (Method::POST, "/_lab/clock/advance", r#"{"by":"soon"}"#, 422, "'soon' is no time", "write such as 70m"),
        (Method::PUT, "/_lab/clock", r#"{"now":"soon"}"#, 422, "`now` cannot be \"soon\"", "2026-01-15T09:00:00Z"),
        (Method::PUT, "/_lab/clock", r#"{"now":"2020-01-01T00:00:00Z"}"#, 409, "is past", "entralab up --clock"),
        (Method::PUT, "/_lab/state", r#"{"wrld":{}}"#, 422, "lacks `world`", "add `world:`"),
    ] {
        let request = api.with_token(method.clone(), path).header("content-type", "application/json");
        let (status, told) = answer(request.body(body.to_owned())).await;
        let text = |member: &str| told["error"][member].as_str().unwrap_or_default();
        assert_eq!(status, expected, "{method} {path} {told}");
        assert!(is_told(&told), "{method} {path}: {told}");
        assert!(text("message").contains(message) && text("fix").contains(fix), "{method} {path}: {told}");
    }
    let wrong_method = api.with_token(Method::DELETE, "/_lab/clock").send().await.unwrap();
    let mut allowed: Vec<&str> = wrong_method.headers()["allow"].to_str().unwrap().split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "PUT"]);
    for (name, value, code) in
        [("Host", "evil.test", "control.host"), ("Origin", "https://evil.test", "control.origin")]
    {
        for path in ["/_lab/openapi.json", "/_lab/users", "/_lab/nothing"] {
            let (status, told) = answer(api.with_token(Method::GET, path).header(name, value)).await;
            assert_eq!((status, &told["error"]["code"]), (403, &json!(code)), "{path}: {told}");
            assert!(is_told(&told), "{told}");
        }
    }
}

#[tokio::test]
async fn references_of_the_document_lead_somewhere() {
    let document = document(&Api::start()).await;
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference}"));
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn people_and_apps_are_judged_as_those_of_a_file() {
    let api = Api::start();
    let user = json!({
        "tenant": "contoso", "username": "new@contoso.com", "password": "New-person-1", "display_name": "New",
        "object_id": "51c0a7de-0000-4000-8000-000000000001",
    });
    let (status, made) = ask(&api, Method::PUT, "/_lab/users/new", user.clone()).await;
    assert_eq!((status, &made["username"]), (200, &json!("new@contoso.com")), "{made}");
    let (status, changed) = ask(&api, Method::PATCH, "/_lab/users/new", json!({ "display_name": "Newer" })).await;
    assert_eq!((status, &changed["display_name"]), (200, &json!("Newer")), "{changed}");
    let (_, all) = ask(&api, Method::GET, "/_lab/users", Value::Null).await;
    assert!(all["megan"].is_object() && all["new"].is_object(), "{all}");

    let mut twin = user;
    twin["object_id"] = json!("51c0a7de-8f0e-4d53-9d1b-6c2f0b7a9e41");
    let (status, told) = ask(&api, Method::PUT, "/_lab/users/twin", twin).await;
    assert_eq!((status, &told["error"]["code"]), (422, &json!("world.invalid")));
    assert!(told["error"]["problems"][0]["fix"].is_string(), "{told}");
    let lost = json!({ "client": "nobody", "resource": "microsoft-graph", "scopes": ["openid"] });
    let (status, told) = ask(&api, Method::PUT, "/_lab/consents/lost", lost).await;
    assert_eq!((status, &told["error"]["problems"][0]["check"]), (422, &json!("name.unknown")), "{told}");
    let (status, told) = ask(&api, Method::DELETE, "/_lab/apps/streamable-mcp-server2", Value::Null).await;
    assert_eq!(status, 422, "consents need it: {told}");

    assert_eq!(ask(&api, Method::DELETE, "/_lab/users/new", Value::Null).await.0, 200);
    assert_eq!(ask(&api, Method::GET, "/_lab/users/new", Value::Null).await.0, 404);
}

#[tokio::test]
async fn atk_h26_time_goes_forwards_only() {
    let api = Api::start();
    for by in ["-1h", "0s", "PT99999999999999999H"] {
        let (status, told) = ask(&api, Method::POST, "/_lab/clock/advance", json!({ "by": by })).await;
        assert!([409, 422].contains(&status), "{by}: {status} {told}");
    }
    let past = json!({ "now": "2020-01-01T00:00:00Z" });
    assert_eq!(ask(&api, Method::PUT, "/_lab/clock", past).await.1["error"]["code"], "clock.range");
    let (_, frozen) = ask(&api, Method::PUT, "/_lab/clock", json!({ "frozen": true })).await;
    assert_eq!(frozen["frozen"], true);
    let (_, moved) = ask(&api, Method::POST, "/_lab/clock/advance", json!({ "by": "1h" })).await;
    let at = |told: &Value| told["now"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(at(&moved).duration_since(at(&frozen)), jiff::SignedDuration::from_hours(1));
    let (_, set) = ask(&api, Method::PUT, "/_lab/clock", json!({ "now": "2040-01-01T00:00:00Z" })).await;
    assert_eq!(set["now"], "2040-01-01T00:00:00Z");
}

/// A token of the lab, at the gate in front of the MCP server.
async fn at_the_gate(api: &Api, order: Value) -> u16 {
    let (status, made) = ask(api, Method::POST, "/_lab/tokens", order.clone()).await;
    assert_eq!(status, 200, "{order}: {made}");
    let (_, state) = ask(api, Method::GET, "/_lab/state", Value::Null).await;
    let url = state["world"]["connector"]["server_url"].as_str().unwrap();
    let call = api.http.post(url).bearer_auth(made["access_token"].as_str().unwrap());
    let call = call.header("accept", "application/json, text/event-stream");
    call.json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_good_token_passes_the_gate_and_one_with_a_flaw_does_not() {
    let api = Api::start();
    assert_eq!(at_the_gate(&api, json!({ "user": "megan" })).await, 200);
    assert_eq!(at_the_gate(&api, json!({ "user": "megan", "expires_in": -600 })).await, 401);
    assert_eq!(at_the_gate(&api, json!({ "user": "megan", "claims": { "aud": "api://other" } })).await, 401);
    let document = document(&api).await;
    let flaws = document.pointer("/components/schemas/Written/properties/not_valid/enum").unwrap().as_array().unwrap();
    assert_eq!(flaws.len(), 9);
    for flaw in flaws {
        assert_eq!(at_the_gate(&api, json!({ "user": "megan", "not_valid": flaw })).await, 401, "{flaw}");
    }
    let (_, made) = ask(&api, Method::POST, "/_lab/tokens", json!({ "claims": { "roles": ["Reader"] } })).await;
    assert!(made["claims"]["roles"] == json!(["Reader"]) && made["claims"].get("scp").is_none(), "{made}");
    let (status, told) = ask(&api, Method::POST, "/_lab/tokens", json!({ "user": "nobody" })).await;
    assert!(status == 404 && told["error"]["fix"].as_str().unwrap().contains("megan"), "{told}");
}

#[tokio::test]
async fn atk_h25_after_a_reset_everything_that_was_issued_is_dead() {
    let api = Api::start();
    ask(&api, Method::PATCH, "/_lab/state", json!({ "world": { "idp": { "single_sign_on": true } } })).await;
    let (_, state) = ask(&api, Method::GET, "/_lab/state", Value::Null).await;
    let connector = &state["world"]["connector"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let idp = text(&state["idp"]);
    let authorize = format!("{idp}/common/oauth2/v2.0/authorize");
    let query = [
        ("client_id", text(&connector["client_id"])),
        ("response_type", "code".to_owned()),
        ("redirect_uri", text(&state["world"]["idp"]["apps"]["copilot-studio-client"]["redirect_uris"]["web"][0])),
        ("scope", "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default offline_access".to_owned()),
    ];
    let url = |more: &[(&str, &str)]| {
        let own = query.iter().map(|(name, value)| (*name, value.as_str()));
        url::Url::parse_with_params(&authorize, own.chain(more.iter().copied())).unwrap()
    };
    let page = api.http.get(url(&[])).send().await.unwrap();
    let flow_cookie = cookie(&page);
    let html = page.text().await.unwrap();
    let flow_token = html.split("name=\"flowToken\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let form = [
        ("flowToken", flow_token.as_str()),
        ("decision", "accept"),
        ("loginfmt", "megan@contoso.com"),
        ("passwd", "Tailwind-Traders-7"),
    ];
    let sign_in = api.http.post(format!("{idp}/common/login")).header("cookie", &flow_cookie).form(&form);
    let signed_in = sign_in.send().await.unwrap();
    let session = cookie(&signed_in);
    let code = code_of(&signed_in);
    let redeem = |code: String| {
        let form = [
            ("grant_type", "authorization_code".to_owned()),
            ("client_id", query[0].1.clone()),
            ("client_secret", text(&connector["client_secret"])),
            ("redirect_uri", query[2].1.clone()),
            ("code", code),
        ];
        api.http.post(format!("{idp}/common/oauth2/v2.0/token")).form(&form)
    };
    let refresh = |token: String| {
        let form = [
            ("grant_type", "refresh_token".to_owned()),
            ("client_id", query[0].1.clone()),
            ("client_secret", text(&connector["client_secret"])),
            ("refresh_token", token),
        ];
        api.http.post(format!("{idp}/common/oauth2/v2.0/token")).form(&form)
    };
    let (status, tokens) = answer(redeem(code)).await;
    assert_eq!(status, 200, "{tokens}");
    let refresh_token = text(&tokens["refresh_token"]);
    let silent = || api.http.get(url(&[("prompt", "none")])).header("cookie", &session);
    let unused_code = code_of(&silent().send().await.unwrap());
    assert_eq!(answer(refresh(refresh_token.clone())).await.0, 200);

    let fault = json!({ "at": "idp", "path": "*/token", "status": 503 });
    assert_eq!(ask(&api, Method::POST, "/_lab/faults", fault).await.0, 200);
    let (status, reset) = ask(&api, Method::POST, "/_lab/state/reset", json!({})).await;
    assert_eq!(status, 200);
    assert_ne!(reset["world"]["idp"]["single_sign_on"], true, "the setup is the one of the start");
    assert_eq!(ask(&api, Method::GET, "/_lab/faults", Value::Null).await.1, json!({ "faults": [] }));
    assert_eq!(answer(redeem(unused_code)).await.0, 400);
    assert_eq!(answer(refresh(refresh_token)).await.0, 400);
    let location = silent().send().await.unwrap().headers()["location"].to_str().unwrap().to_owned();
    assert!(location.contains("error=login_required"), "{location}");
}

fn cookie(answer: &reqwest::Response) -> String {
    let cookies = answer.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let live = cookies.filter(|cookie| !cookie.contains("Max-Age=0")).filter_map(|cookie| cookie.split(';').next());
    live.collect::<Vec<_>>().join("; ")
}

fn code_of(answer: &reqwest::Response) -> String {
    let location = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    let code = location.query_pairs().find(|(name, _)| name == "code");
    code.unwrap_or_else(|| panic!("{location}")).1.into_owned()
}

#[tokio::test]
async fn the_trace_is_filtered_waited_for_and_streamed() {
    let api = Api::start();
    let (status, told) = ask(&api, Method::GET, "/_lab/trace/wait?to=idp&timeout=0", Value::Null).await;
    assert_eq!((status, &told["error"]["code"]), (408, &json!("trace.timeout")));
    let (_, state) = ask(&api, Method::GET, "/_lab/state", Value::Null).await;
    let discovery = format!("{}/common/v2.0/.well-known/openid-configuration", state["idp"].as_str().unwrap());
    let waiting = ask(&api, Method::GET, "/_lab/trace/wait?path=*/openid-configuration&status=200", Value::Null);
    let (waited, asked) = tokio::join!(waiting, api.http.get(&discovery).send());
    assert_eq!(asked.unwrap().status(), 200);
    assert_eq!(waited.1["exchanges"][0]["to"], "idp", "{waited:?}");
    let (_, none) = ask(&api, Method::GET, "/_lab/trace?to=mcp", Value::Null).await;
    assert_eq!(none["exchanges"], json!([]));

    let mut stream = api.with_token(Method::GET, "/_lab/trace/stream?to=idp").send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let first = String::from_utf8(stream.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(first.contains("id:") && first.contains("openid-configuration"), "{first}");
    let foreign = api.with_token(Method::GET, "/_lab/trace/stream").header("Origin", "https://evil.test");
    assert_eq!(answer(foreign).await.0, 403, "atk-H08");
}

#[tokio::test]
async fn faults_keys_and_explanations() {
    let api = Api::start();
    let fault = json!({ "at": "gate", "aadsts": 50011 });
    let (status, told) = ask(&api, Method::POST, "/_lab/faults", fault).await;
    assert_eq!((status, &told["error"]["problems"][0]["check"]), (422, &json!("fault.party")), "{told}");
    let fault = json!({ "at": "idp", "path": "*/keys", "status": 503, "times": 2, "correlation": "c-1" });
    let (_, waiting) = ask(&api, Method::POST, "/_lab/faults", fault).await;
    assert_eq!((&waiting["faults"][0]["times"], &waiting["faults"][0]["correlation"]), (&json!(2), &json!("c-1")));
    assert_eq!(ask(&api, Method::DELETE, "/_lab/faults", Value::Null).await.1, json!({ "cleared": 1 }));

    let (_, before) = ask(&api, Method::GET, "/_lab/keys", Value::Null).await;
    let (_, after) = ask(&api, Method::POST, "/_lab/keys/rotate", json!({ "overlap": false })).await;
    assert!(before["kids"][0] != after["kids"][0] && !after.to_string().contains(before["kids"][0].as_str().unwrap()));
    let (_, explained) = ask(&api, Method::GET, "/_lab/explain?of=AADSTS50011", Value::Null).await;
    assert_eq!(explained["name"], "AADSTS50011");
    assert_eq!(ask(&api, Method::GET, "/_lab/explain?of=x", Value::Null).await.0, 404);
}

/// What megan asks of her administrators is listed, and who sees it there can say no.
#[tokio::test]
async fn consent_requests_are_listed_and_denied() {
    let api = Api::start();
    let tenant = json!({ "user_consent": "disabled", "admin_consent_requests": true });
    let change = json!({ "idp": { "tenants": { "contoso": tenant }, "consents": { "copilot-on-server": null } } });
    let (status, told) = ask(&api, Method::PATCH, "/_lab/state", json!({ "world": change })).await;
    assert_eq!(status, 200, "{told}");
    let (_, state) = ask(&api, Method::GET, "/_lab/state", Value::Null).await;
    let app = &state["world"]["idp"]["apps"]["copilot-studio-client"];
    let idp = state["idp"].as_str().unwrap();
    let query = [
        ("client_id", app["client_id"].as_str().unwrap()),
        ("response_type", "code"),
        ("redirect_uri", app["redirect_uris"]["web"][0].as_str().unwrap()),
        ("scope", "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation"),
    ];
    let authorize = url::Url::parse_with_params(&format!("{idp}/common/oauth2/v2.0/authorize"), query).unwrap();
    let page = api.http.get(authorize).send().await.unwrap();
    let cookie = cookie(&page);
    let flow_token = |html: String| {
        let value = html.split("name=\"flowToken\" value=\"").nth(1).unwrap_or_else(|| panic!("{html}"));
        value.split('"').next().unwrap().to_owned()
    };
    let submit = async |path: &str, token: &str, fields: &[(&str, &str)]| {
        let form: Vec<_> = [("flowToken", token), ("decision", "accept")].iter().chain(fields).copied().collect();
        let request = api.http.post(format!("{idp}/common/{path}")).header("cookie", &cookie).form(&form);
        request.send().await.unwrap().text().await.unwrap()
    };
    let token = flow_token(page.text().await.unwrap());
    let who = [("loginfmt", "megan@contoso.com"), ("passwd", "Tailwind-Traders-7")];
    let token = flow_token(submit("login", &token, &who).await);
    let sent = submit("consent/request", &token, &[("justification", "for stocks")]).await;
    assert!(sent.contains("Request sent"), "{sent}");

    let (_, listed) = ask(&api, Method::GET, "/_lab/consent-requests", Value::Null).await;
    let request = &listed["requests"][0];
    assert_eq!((&request["requested_by"], &request["status"]), (&json!("megan"), &json!("pending")), "{listed}");
    assert_eq!(request["justification"], "for stocks");
    let path = format!("/_lab/consent-requests/{}/deny", request["id"].as_str().unwrap());
    let (status, denied) = ask(&api, Method::POST, &path, Value::Null).await;
    assert_eq!((status, &denied["status"]), (200, &json!("denied")), "{denied}");
    let page = api.http.get(request["review_url"].as_str().unwrap()).send().await.unwrap();
    assert!(page.status() == 200 && page.text().await.unwrap().contains("loginfmt"), "an administrator signs in there");
}
