//! The rows of the attack checklist that are about a real socket: raw bytes, many at once, and clients that never end.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wire::listen::{Listening, bind, serve};

use crate::support::*;

/// The identity provider of a lab on a socket of this machine; TLS is the shell's and left away.
fn listening(lab: &Lab) -> Listening {
    serve(bind(([127, 0, 0, 1], 0).into()).unwrap(), None, lab.provider.router()).unwrap()
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

fn post_of(length: usize) -> String {
    let form = "Content-Type: application/x-www-form-urlencoded";
    format!(
        "POST {V2_TOKEN} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{form}\r\nContent-Length: {length}\r\n\r\n"
    )
}

async fn open(address: SocketAddr, sent: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // whoever refuses early may close before it has read everything
    let _closed = socket.write_all(sent.as_bytes()).await;
    socket
}

/// All that comes back until the other side closes.
async fn answer(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    let _reset = socket.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn ask(address: SocketAddr, sent: &str) -> String {
    answer(open(address, sent).await).await
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn atk_a01_an_unknown_client_is_not_redirected_over_a_socket_either() {
    let lab = Lab::new();
    let asked = with(&v2(DEFAULT), "client_id", "9d4e2b7a-0000-4000-8000-00000000dead");
    let target = format!("{V2_AUTHORIZE}?{}", form(&with(&asked, "redirect_uri", "https://evil.test/")));
    let answer = runtime().block_on(async { ask(listening(&lab).address, &get(&target)).await });
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("data-aadsts=\"700016\""), "{answer}");
    assert!(!answer.to_lowercase().contains("\r\nlocation:"), "{answer}");
}

#[test]
fn atk_a09_an_unregistered_redirect_uri_is_not_followed_over_a_socket_either() {
    let lab = Lab::new();
    let asked = with(&v2(DEFAULT), "response_type", "nonsense");
    let target = format!("{V2_AUTHORIZE}?{}", form(&with(&asked, "redirect_uri", "https://evil.test/")));
    let answer = runtime().block_on(async { ask(listening(&lab).address, &get(&target)).await });
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("data-aadsts=\"50011\""), "{answer}");
    assert!(!answer.to_lowercase().contains("\r\nlocation:"), "{answer}");
}

#[test]
fn atk_b02_eight_sockets_get_one_answer() {
    let lab = Lab::new();
    let body = form(&redeem(&lab.code(V2_AUTHORIZE, &v2(DEFAULT))));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let listening = runtime.block_on(async { listening(&lab) });
    let sent = post_of(body.len()) + &body;
    let asked: Vec<_> = (0..8)
        .map(|_| {
            let (address, sent) = (listening.address, sent.clone());
            runtime.spawn(async move { ask(address, &sent).await })
        })
        .collect();
    let answers: Vec<_> = asked.into_iter().map(|task| runtime.block_on(task).unwrap()).collect();
    let good = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 200 ")).count();
    let refused = answers.iter().filter(|answer| answer.contains("AADSTS54005")).count();
    assert_eq!((good, refused), (1, 7), "{answers:?}");
}

#[test]
fn atk_b21_a_huge_head_or_a_client_that_never_ends_is_cut_off_and_others_are_served() {
    let lab = Lab::new();
    runtime().block_on(async {
        let listening = listening(&lab);
        let address = listening.address;
        let huge = get("/").replace("\r\n\r\n", &format!("\r\nX-Long: {}\r\n\r\n", "x".repeat(1 << 17)));
        let answer_to_huge = ask(address, &huge).await;
        assert!(answer_to_huge.is_empty() || answer_to_huge.starts_with("HTTP/1.1 431 "), "{answer_to_huge}");
        let too_long = post_of(1 << 20) + &"a".repeat(1 << 20);
        let answer_to_body = ask(address, &too_long).await;
        assert!(answer_to_body.is_empty() || answer_to_body.starts_with("HTTP/1.1 413 "), "{answer_to_body}");
        // two that stop in the middle, of the body and of the head
        let slow_body = open(address, &(post_of(100) + "grant_type=")).await;
        let slow_head = open(address, "GET / HTTP/1.1\r\nHost: local").await;
        let served = ask(address, &get("/common/v2.0/.well-known/openid-configuration")).await;
        assert!(served.starts_with("HTTP/1.1 200 "), "{served}");
        // the head is waited for ten seconds (an exchange sixty, which is too long to prove here)
        let cut = answer(slow_head).await;
        assert!(cut.is_empty() || cut.starts_with("HTTP/1.1 408 "), "{cut}");
        drop(slow_body);
    });
}
