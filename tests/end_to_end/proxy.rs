//! The proxy that leads programs into a lab of cloud names: rows H02 and H04 of the attack checklist.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use entralab::lab::proxy::Proxy;
use entralab::{Lab, Party, World};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

/// A lab in cloud names with its proxy, and the names that were refused.
async fn lab_behind_a_proxy() -> (Lab, Proxy, Arc<Mutex<Vec<String>>>) {
    let lab = Lab::start(World::bundled("article").unwrap()).await.unwrap();
    let refused = Arc::new(Mutex::new(Vec::new()));
    let noted = refused.clone();
    let proxy = lab.proxy(move |name| noted.lock().unwrap().push(name.to_owned())).unwrap();
    (lab, proxy, refused)
}

/// What the proxy answers to these bytes; the connection is closed by it, or kept open and read until `enough`.
async fn answer_to(address: SocketAddr, request: &str) -> String {
    let request = request.to_owned();
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    tokio::task::spawn_blocking(exchange).await.unwrap()
}

/// An HTTP client of its own make, which finds the lab by the proxy and trusts its CA alone.
fn client(lab: &Lab, proxy: &Proxy) -> reqwest::Client {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(lab.ca_pem().as_bytes()).unwrap()).unwrap();
    reqwest::Client::builder()
        .proxy(reqwest::Proxy::all(proxy.url()).unwrap())
        .tls_backend_preconfigured(entralab::lab::certificates::client_config(roots).unwrap())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_finds_the_lab_under_the_clouds_own_names() {
    let (lab, proxy, refused) = lab_behind_a_proxy().await;
    let http = client(&lab, &proxy);
    for host in ["login.microsoftonline.com", "login.windows.net", "sts.windows.net"] {
        let url = format!("https://{host}/common/v2.0/.well-known/openid-configuration");
        let discovery: Value = http.get(&url).send().await.unwrap().json().await.unwrap();
        assert_eq!(discovery["token_endpoint"], "https://login.microsoftonline.com/common/oauth2/v2.0/token", "{url}");
    }
    assert_eq!(http.post(lab.mcp_url()).send().await.unwrap().status(), 401, "the gate is there too");
    let exchanges = lab.trace.after(0);
    let parties: Vec<_> = exchanges.iter().map(|exchange| (exchange.from, exchange.to)).collect();
    let (idp, gate) = ((Party::Client, Party::Idp), (Party::Client, Party::Gate));
    assert_eq!(parties, [idp, idp, idp, gate], "each is recorded once, by its receiver");
    assert!(refused.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_https_url_in_a_request_to_the_proxy_itself_is_sent_on() {
    let (lab, proxy, _) = lab_behind_a_proxy().await;
    let body = "grant_type=password&client_id=nobody";
    let answer = answer_to(
        proxy.address(),
        &format!(
            "POST https://login.microsoftonline.com/common/oauth2/v2.0/token HTTP/1.1\r\nHost: elsewhere.example\r\n\
             Connection: close, X-Hop\r\nX-Hop: 1\r\nProxy-Authorization: Basic c2VjcmV0\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("AADSTS"), "{answer}");
    let [exchange] = &lab.trace.after(0)[..] else { panic!("one exchange") };
    assert_eq!(exchange.url, "https://login.microsoftonline.com/common/oauth2/v2.0/token", "Host follows from the URL");
    let names: Vec<_> = exchange.request_headers.iter().map(|(name, _)| name.as_str()).collect();
    assert!(!names.contains(&"x-hop") && !names.contains(&"proxy-authorization"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn atk_h02_a_name_outside_the_lab_is_refused_told_and_never_dialled() {
    let (lab, proxy, refused) = lab_behind_a_proxy().await;
    // a program of this machine that nobody gave to the lab: if the proxy dialled at all, it would be heard here
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let local = other.local_addr().unwrap();
    for target in ["login.microsoftonline.com.evil.test:443", "login.microsoftonline.com:8443", &local.to_string()] {
        let answer = answer_to(
            proxy.address(),
            &format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n"),
        )
        .await;
        assert!(answer.starts_with(&format!("HTTP/1.1 403 {target} is not in this lab\r\n")), "{answer}");
        assert!(answer.contains("login.microsoftonline.com, "), "it says what is there: {answer}");
    }
    // what the Azure SDKs ask of a virtual machine: they go on at once when the answer says so
    let metadata = "http://169.254.169.254/metadata/identity/oauth2/token?resource=x";
    for url in [metadata, "http://login.microsoftonline.com/", &format!("http://{local}/")] {
        let answer =
            answer_to(proxy.address(), &format!("GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert_eq!(answer.ends_with("attempted to an unreachable network."), url == metadata, "{answer}");
    }
    assert!(other.accept().is_err(), "somebody was dialled");
    let exchanges = lab.trace.after(0);
    let unmapped: Vec<_> = exchanges.iter().filter(|exchange| exchange.to == Party::Unmapped).collect();
    assert_eq!((exchanges.len(), unmapped.len(), refused.lock().unwrap().len()), (6, 6, 6));
    let first = unmapped.first().unwrap();
    assert_eq!(
        (first.method.as_str(), first.url.as_str()),
        ("CONNECT", "https://login.microsoftonline.com.evil.test:443/")
    );
    assert!(first.failure.as_ref().is_some_and(|failure| failure.contains("nothing is ever sent outside")));
}

#[tokio::test(flavor = "multi_thread")]
async fn atk_h02_the_proxy_shows_a_browser_nothing_and_bears_any_bytes() {
    let (lab, proxy, _) = lab_behind_a_proxy().await;
    let page = answer_to(proxy.address(), "GET /trace HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(page.starts_with("HTTP/1.1 400 "), "{page}");
    for bytes in [
        "CONNECT\r\n\r\n",
        "CONNECT / HTTP/1.1\r\nConnection: close\r\n\r\n",
        "CONNECT a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "\u{0}\u{1}\u{2}\r\n\r\n",
    ] {
        let answer = answer_to(proxy.address(), bytes).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 40"), "{bytes:?}: {answer}");
    }
    let url = "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration";
    assert_eq!(client(&lab, &proxy).get(url).send().await.unwrap().status(), 200, "and it is still there");
    assert!(lab.trace.after(0).len() <= 2);
}
