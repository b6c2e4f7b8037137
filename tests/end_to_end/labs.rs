//! Labs inside a test: many at once, and with programs that know nothing of them.

use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use entralab::{Check, Connection, Exchange, Lab, Outcome, Party, World, deciding_refusal};
use http::{Method, Request};
use serde_json::Value;
use tokio::task::JoinSet;

const COUNT: u8 = 50;
const QUESTION: &str = "Give me the stock price of tesla";

/// The article's world with one person of its own; in every second the gate knows no audience.
fn world(number: u8) -> World {
    let mut world = World::bundled("article").unwrap();
    let mut person = world.idp.users["megan"].clone();
    person.username = format!("person{number}@contoso.com");
    person.password = Some(format!("the-password-of-{number}"));
    person.object_id = uuid::Uuid::from_u128(u128::from(number) + 1);
    world.idp.users = [("person".to_owned(), person)].into_iter().collect();
    if number % 2 == 1 {
        world.gate.allowed_audiences.clear();
    }
    world
}

/// Whether a lab signs with a key of its own.
fn has_own_key(number: u8) -> bool {
    number % 5 == 4
}

async fn played(number: u8) -> Lab {
    let lab = Lab::builder(world(number)).seed([number; 32]).start().await.unwrap();
    if has_own_key(number) {
        lab.rotate_keys(false).unwrap();
    }
    assert_eq!(lab.connect("person").await.connection, Connection::Connected, "lab {number}");
    let tested = lab.connector.test_operation(&mut lab.browser(), "person").await;
    let asked = lab.connector.ask("person", QUESTION).await;
    if number.is_multiple_of(2) {
        assert_eq!((tested.status, asked.tool.as_deref()), (Some(406), Some("get_stockprice")), "lab {number}");
    } else {
        assert_eq!((tested.status, asked.tool.as_deref()), (Some(401), None), "lab {number}");
        let refusal = deciding_refusal(&lab.trace.after(0)).map(|refusal| refusal.check);
        assert_eq!(refusal, Some(Check::AudienceAllowed), "lab {number}");
    }
    lab
}

fn route(exchange: &Exchange) -> (Party, Party, String, Option<u16>) {
    (exchange.from, exchange.to, format!("{} {}", exchange.method, exchange.path()), exchange.status)
}

/// The numbers of the people whom a trace names.
fn people(exchanges: &[Exchange]) -> Vec<u8> {
    let text = serde_json::to_string(exchanges).unwrap();
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let mut people: Vec<u8> = text.split("person").skip(1).filter_map(digits).collect();
    people.sort_unstable();
    people.dedup();
    people
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_labs_in_one_process_never_meet() {
    let mut running = JoinSet::new();
    for number in 0..COUNT {
        running.spawn(async move { (number, played(number).await) });
    }
    let mut labs = running.join_all().await;
    labs.sort_by_key(|(number, _)| *number);
    assert_eq!(labs.len(), usize::from(COUNT));
    let mut routes_by_kind: [Option<Vec<_>>; 2] = [None, None];
    for (number, lab) in &labs {
        let exchanges = lab.trace.after(0);
        assert_eq!(people(&exchanges), [*number], "whom the trace of lab {number} names");
        let numbers: Vec<u64> = exchanges.iter().map(|exchange| exchange.number).collect();
        assert_eq!(numbers, (1..=lab.trace.last_number()).collect::<Vec<_>>(), "lab {number}");
        let routes: Vec<_> = exchanges.iter().map(route).collect();
        let expected = routes_by_kind[usize::from(number % 2)].get_or_insert_with(|| routes.clone());
        assert_eq!(routes, *expected, "lab {number} saw what its kind sees, no more and no less");
    }
    let lab = |number: usize| &labs[number].1;
    // 0 and 2 sign with the same public key, 4 with its own: a token of the one is none to the other.
    assert_eq!(called_with(lab(2), lab(2)).await, (200, None));
    for (issuer, other) in [(0, 4), (4, 0)] {
        let (status, refusal) = called_with(lab(issuer), lab(other)).await;
        assert_eq!(status, 401, "a token of lab {issuer} at lab {other}");
        assert_eq!(refusal, Some(Check::TokenSignature));
    }
    // Refresh tokens are sealed by the seed, which each lab has for itself.
    for (issuer, other, status) in [(0, 0, 200), (0, 2, 400), (4, 2, 400), (2, 4, 400)] {
        assert_eq!(renewed_with(lab(issuer), lab(other)).await, status, "of lab {issuer} at lab {other}");
    }
}

/// Calls `lab` with the access token of `issuer`: the status, and what refused.
async fn called_with(issuer: &Lab, lab: &Lab) -> (u16, Option<Check>) {
    let token = issuer.connector.access_token("person").unwrap();
    let request = Request::builder()
        .method(Method::POST)
        .uri(lab.mcp_url())
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .body(Bytes::from_static(br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#))
        .unwrap();
    let before = lab.trace.last_number();
    let status = lab.client(Party::Client).send(request).await.unwrap().response.status().as_u16();
    (status, deciding_refusal(&lab.trace.after(before)).map(|refusal| refusal.check))
}

/// Asks `lab` to renew with the refresh token of `issuer`.
async fn renewed_with(issuer: &Lab, lab: &Lab) -> u16 {
    let exchanges = issuer.trace.after(0);
    let redeemed = exchanges.iter().find(|exchange| exchange.path().ends_with("/oauth2/token")).unwrap();
    let answer: Value = serde_json::from_str(redeemed.response_body.as_str()).unwrap();
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    form.append_pair("refresh_token", answer["refresh_token"].as_str().unwrap());
    for (name, value) in redeemed.form() {
        if ["client_id", "client_secret", "resource"].contains(&name.as_str()) {
            form.append_pair(&name, &value);
        }
    }
    let request = Request::builder()
        .method(Method::POST)
        .uri(&redeemed.url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form.finish()))
        .unwrap();
    lab.client(Party::Client).send(request).await.unwrap().response.status().as_u16()
}

#[tokio::test]
async fn a_lab_on_localhost_is_reached_by_any_client_and_stops_when_it_is_dropped() {
    let lab = Lab::builder(World::bundled("article").unwrap()).on_localhost().start().await.unwrap();
    let client = crate::up::client_trusting(lab.ca_pem().as_bytes());
    let issuer = lab.world().gate.issuer.clone();
    assert!(issuer.starts_with(&format!("{}/", lab.idp_url())), "{issuer}");
    let discovery: Value =
        client.get(format!("{issuer}.well-known/openid-configuration")).send().await.unwrap().json().await.unwrap();
    assert_eq!(discovery["issuer"], issuer);
    assert_eq!(client.post(lab.mcp_url()).send().await.unwrap().status(), 401);
    assert_eq!(lab.connect("megan").await.connection, Connection::Connected);
    assert!(lab.connector.ask("megan", QUESTION).await.tool.is_some());
    let nobody = lab.connect("nobody").await;
    assert!(nobody.connection == Connection::Failed && nobody.message.contains("'nobody'"), "{nobody:?}");

    let address = lab.idp_url().replace("https://localhost", "127.0.0.1");
    assert!(TcpStream::connect(&address).is_ok());
    drop((lab, client));
    // The socket closes once the runtime comes to it.
    for _ in 0..1000 {
        if TcpStream::connect(&address).is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{address} is still served");
}

#[tokio::test]
async fn a_program_of_ones_own_stands_behind_the_gate_and_is_in_the_trace() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = axum::Router::new().fallback(|headers: http::HeaderMap| async move {
        headers.get("x-ms-client-principal-name").map_or("nobody".to_owned(), |name| name.to_str().unwrap().to_owned())
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    let builder = || Lab::builder(World::bundled("article").unwrap());
    let lab = builder().upstream(address).start().await.unwrap();
    lab.connect("megan").await;
    let token = lab.connector.access_token("megan").unwrap();
    let before = lab.trace.last_number();
    let request = Request::get(format!("{}/anything", lab.world().gate.url))
        .header("authorization", format!("Bearer {token}"))
        .body(Bytes::new())
        .unwrap();
    let reply = lab.client(Party::Client).send(request).await.unwrap();
    assert_eq!((reply.response.status().as_u16(), &reply.response.body()[..]), (200, &b"megan@contoso.com"[..]));
    let exchanges = lab.trace.after(before);
    let behind = exchanges.iter().find(|exchange| exchange.to == Party::Mcp).expect("what the program received");
    assert_eq!((behind.path(), behind.status), ("/anything", Some(200)));
    let passed =
        |check| exchanges.iter().flat_map(|e| &e.checks.0).any(|c| c.check == check && c.outcome == Outcome::Passed);
    assert!(passed(Check::AudienceAllowed));

    let elsewhere = builder().upstream("192.0.2.1:80".parse().unwrap()).start().await.err().unwrap().to_string();
    assert!(elsewhere.contains("'http://192.0.2.1:80' is not a URL of this machine"), "{elsewhere}");
}

#[test]
fn a_world_is_a_bundled_name_or_a_text() {
    let broken = World::bundled("audience-not-allowed").unwrap();
    assert_ne!(broken, World::bundled("article").unwrap());
    let problem = World::bundled("articl").unwrap_err().to_string();
    assert!(problem.contains("did you mean article?"), "{problem}");
    let problem = World::from_text("scenario: 1\ntitle: x\nworld: { base: articl }\n").unwrap_err().to_string();
    assert!(problem.contains("text:3:"), "{problem}");
}
