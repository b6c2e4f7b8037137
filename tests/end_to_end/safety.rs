//! The emulator as a product: rows H01, H04, H09, H20 and H23 of the attack checklist.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use entralab::World;
use entralab::lab::Setup;
use entralab::lab::certificates::CertificateAuthority;
use wire::record::Recorder;
use wire::{Clock, Party, Trace};

use crate::command_line::{entralab, text};
use crate::lab_process::LabProcess;
use crate::up::{data_dir, outside_client, ready};

/// The local addresses on which a process listens, from the system's socket table.
#[cfg(target_os = "linux")]
fn listening_addresses(pid: u32) -> Vec<String> {
    let mut inodes = Vec::new();
    for entry in std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap() {
        let target = std::fs::read_link(entry.unwrap().path()).unwrap_or_default();
        let target = target.to_string_lossy().into_owned();
        inodes.extend(target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')).map(str::to_owned));
    }
    let mut addresses = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let rows = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        for row in rows.lines().skip(1) {
            let columns: Vec<&str> = row.split_whitespace().collect();
            let listens = table.starts_with("udp") || columns[3] == "0A";
            if listens && inodes.iter().any(|inode| inode == columns[9]) {
                addresses.push(columns[1].split(':').next().unwrap().to_owned());
            }
        }
    }
    addresses
}

#[cfg(target_os = "linux")]
#[test]
fn atk_h01_a_lab_listens_on_loopback_only() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let addresses = listening_addresses(lab.child.id());
    assert!(addresses.len() >= 4, "{addresses:?}");
    for address in addresses {
        let loopback = ["0100007F", "00000000000000000000000001000000"];
        assert!(loopback.contains(&address.as_str()), "listens on {address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn atk_h04_a_certificate_for_another_name_fails_in_two_tls_stacks() {
    let local = CertificateAuthority::generate(&["localhost".to_owned()], true).unwrap();
    fails_for_another_name(&local, "localhost").await;
    let cloud = Setup::repeatable(&World::bundled("article").unwrap()).unwrap().certificate_authority;
    fails_for_another_name(&cloud, "login.microsoftonline.com").await;
}

async fn fails_for_another_name(ca: &CertificateAuthority, own_name: &str) {
    let serve = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let listener = wire::listen::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let tls = ca.server_config(&names).unwrap();
        wire::listen::serve(listener, Some(tls), Router::new().route("/", get(|| async { "hello" }))).unwrap()
    };
    let (good, bad) = (serve(&[own_name]), serve(&["example.com"]));
    for (name, address, trusted) in [(own_name, good.address, true), ("example.com", bad.address, false)] {
        let name = name.to_owned();
        // rustls
        let http = reqwest::Client::builder()
            .no_proxy()
            .resolve(&name, address)
            .tls_backend_preconfigured((*ca.client_config(&[]).unwrap()).clone())
            .build()
            .unwrap();
        let answer = http.get(format!("https://{name}:{}/", address.port())).send().await;
        assert_eq!(answer.is_ok(), trusted, "rustls, {name}: {answer:?}");
        // OpenSSL
        let (pem, asked) = (ca.certificate_pem().to_owned(), name.clone());
        let handshake = tokio::task::spawn_blocking(move || {
            let mut connector = openssl::ssl::SslConnector::builder(openssl::ssl::SslMethod::tls()).unwrap();
            let root = openssl::x509::X509::from_pem(pem.as_bytes()).unwrap();
            let mut store = openssl::x509::store::X509StoreBuilder::new().unwrap();
            store.add_cert(root).unwrap();
            connector.set_cert_store(store.build());
            connector
                .build()
                .connect(&asked, TcpStream::connect(address).unwrap())
                .map(|_| ())
                .map_err(|error| error.to_string())
        });
        let handshake = handshake.await.unwrap();
        assert_eq!(handshake.is_ok(), trusted, "OpenSSL, {name}: {handshake:?}");
    }
}

#[cfg(unix)]
#[test]
fn atk_h04_private_files_are_the_owners_only_and_each_folder_has_its_own_ca() {
    use std::os::unix::fs::PermissionsExt;
    let labs = [LabProcess::start(&["up", "--port-base", "0"]), LabProcess::start(&["up", "--port-base", "0"])];
    for lab in &labs {
        for file in ["ca-key.pem", "signing-keys.pem", "running.json"] {
            let mode = std::fs::metadata(data_dir(lab).join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
    for file in ["ca.pem", "ca-key.pem", "signing-keys.pem"] {
        let [first, second] = [0, 1].map(|index: usize| std::fs::read(data_dir(&labs[index]).join(file)).unwrap());
        assert_ne!(first, second, "{file}");
    }
}

/// The ways in which a secret may show.
pub(crate) fn spellings(secret: &str) -> Vec<String> {
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    vec![
        secret.to_owned(),
        encoded.to_lowercase(),
        encoded,
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ]
}

/// A flow whose every secret is known.
pub(crate) struct Canary {
    /// The scenario; its last expectation does not hold, so that a run of it has a failure to tell.
    pub file: PathBuf,
    /// The user's password.
    pub password: String,
    /// The password, the client's secret, and every code, token and cookie that went over the wire.
    pub secrets: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Canary {
    /// Plays the same flow in a lab of this process, which tells which codes, tokens and cookies there are.
    pub(crate) async fn play() -> Self {
        let (secret, password) = ("Canary~secret/+value=1", "Canary Password/+2");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("canary.scenario.yaml");
        let scenario = format!(
            "scenario: 1\ntitle: Canary\nworld:\n  base: article-v2\n  change:\n    idp:\n      users: {{ megan: {{ password: '{password}' }} }}\n      \
             apps: {{ copilot-studio-client: {{ secrets: {{ copilot: {{ value: '{secret}' }} }} }} }}\n    connector: {{ client_secret: '{secret}' }}\n\
             steps:\n  - connect: {{ as: megan }}\n  - test_operation: {{}}\n  - advance_clock: 70m\n  - ask: Give me the stock price of tesla\n    expect: {{ tool: nothing }}\n"
        );
        std::fs::write(&file, scenario).unwrap();
        let played = entralab::play::play(&scenarios::read(&file).unwrap()).await.unwrap();
        let mut secrets = vec![secret.to_owned(), password.to_owned()];
        let mut kinds = 0;
        for exchange in played.steps().flat_map(|step| &step.exchanges) {
            let mut pairs = exchange.query();
            pairs.extend(exchange.form());
            pairs.extend(exchange.location().map(wire::exchange::query_of).unwrap_or_default());
            if let Ok(serde_json::Value::Object(members)) = serde_json::from_str(exchange.response_body.as_str()) {
                pairs.extend(members.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))));
            }
            for (name, value) in pairs {
                if ["code", "access_token", "refresh_token", "id_token", "code_verifier"].contains(&name.as_str()) {
                    kinds += 1;
                    secrets.push(value);
                }
            }
            for (name, value) in &exchange.response_headers {
                let cookie = value.split(['=', ';']).nth(1).unwrap_or_default();
                if name == "set-cookie" && !cookie.is_empty() {
                    kinds += 1;
                    secrets.push(cookie.to_owned());
                }
            }
        }
        assert!(kinds >= 6, "the flow had codes, tokens and cookies");
        Self { file, password: password.to_owned(), secrets, _folder: folder }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn atk_h09_no_secret_of_a_flow_shows_in_output() {
    let Canary { file, secrets, .. } = &Canary::play().await;
    let mut shown = Vec::new();
    for arguments in [&["run", "-v"][..], &["run", "--json"], &["check"], &["run", "-q"]] {
        let output = entralab(&[arguments, &[file.to_str().unwrap()]].concat());
        shown.push((arguments.join(" "), text(&output.stdout) + &text(&output.stderr)));
    }
    assert!(shown[0].1.contains("‹code"), "placeholders stand in for secrets:\n{}", shown[0].1);
    for (place, output) in &shown {
        for secret in secrets {
            for spelling in spellings(secret) {
                assert!(!output.contains(&spelling), "{place} shows {spelling}:\n{output}");
            }
        }
    }
}

/// The value of a hidden input.
pub(crate) fn input(html: &str, name: &str) -> String {
    let (_, rest) = html.split_once(&format!("name=\"{name}\"")).expect(name);
    rest.split_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn atk_h09_no_secret_of_a_flow_shows_on_the_pages_of_up() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let ready = ready(&lab);
    let http = outside_client(&ready);
    let page = |path: &str| format!("{}{path}", ready["lab"].as_str().unwrap());
    let user = ready["users"].as_array().unwrap().iter().find(|user| user["username"] == "megan@contoso.com").unwrap();
    let password = user["password"].as_str().unwrap();

    let connect = http.post(page("/connect")).send().await.unwrap();
    let authorize = connect.headers()["location"].to_str().unwrap();
    let sign_in = http.get(authorize).send().await.unwrap();
    let cookie = sign_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let action = sign_in.url().clone();
    let html = sign_in.text().await.unwrap();
    let action = action.join(html.split_once("action=\"").unwrap().1.split('"').next().unwrap()).unwrap();
    let flow_token = input(&html, "flowToken");
    let form = [
        ("flowToken", flow_token.as_str()),
        ("decision", "accept"),
        ("loginfmt", "megan@contoso.com"),
        ("passwd", password),
    ];
    let redirect = http.post(action).header("cookie", &cookie).form(&form).send().await.unwrap();
    let callback = redirect.headers()["location"].to_str().unwrap().to_owned();
    let code = callback.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned();
    let connected = http.get(&callback).send().await.unwrap().text().await.unwrap();
    assert!(connected.contains("Connected"), "{connected}");
    let tested = http.post(page("/test-operation")).send().await.unwrap().text().await.unwrap();
    assert!(tested.contains("406") && tested.contains("All is well"), "{tested}");
    let asked = http.post(page("/ask")).form(&[("question", "Give me the stock price of tesla")]).send().await.unwrap();
    let asked = asked.text().await.unwrap();
    assert!(asked.contains("get_stockprice") && asked.contains("TSLA"), "{asked}");

    let secret = ready["apps"]["copilot-studio-client"]["client_secret"].as_str().unwrap();
    let cookie = cookie.split_once('=').unwrap().1;
    for path in ["/trace", "/trace.json"] {
        let shown = http.get(page(path)).send().await.unwrap().text().await.unwrap();
        assert!(shown.contains("‹code 1›") && shown.contains("tools/call"), "{path} shows the flow: {shown}");
        for secret in [secret, password, cookie, &flow_token, &code] {
            for spelling in spellings(secret) {
                assert!(!shown.contains(&spelling), "{path} shows {spelling}");
            }
        }
        // Access, refresh and id tokens are JWTs, and so are codes: none of them stands there whole or in part.
        for part in shown.split("eyJ").skip(1) {
            let word: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
            assert!(!word.contains(".eyJ") && !word.contains('.'), "{path} shows a token: eyJ{word}");
        }
    }
}

#[test]
fn atk_h20_an_address_outside_the_lab_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    for outside in ["https://203.0.113.7/mcp", "https://mcp.example.com/mcp", "http://169.254.169.254/latest"] {
        let file = folder.path().join("outside.scenario.yaml");
        let scenario = format!(
            "scenario: 1\ntitle: Outside\nworld:\n  base: article\n  change:\n    connector: {{ server_url: '{outside}' }}\n\
             steps:\n  - connect: {{ as: megan }}\n  - test_operation: {{}}\n    expect: {{ verdict: unreachable, message: {{ has: name map }} }}\n"
        );
        std::fs::write(&file, scenario).unwrap();
        let output = entralab(&["run", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn atk_h20_everything_runs_on_a_machine_without_a_network() {
    let binary = env!("CARGO_BIN_EXE_entralab");
    let script = format!("ip link set lo up && exec {binary} run --json");
    let Ok(output) = Command::new("unshare").args(["-rn", "sh", "-c", &script]).output() else {
        println!("not run: this machine has no unshare");
        return;
    };
    let said = text(&output.stderr);
    if said.contains("unshare:") || said.contains("ip:") || said.contains("not found") {
        println!("not run: a network namespace cannot be made here ({})", said.trim());
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{}{said}", text(&output.stdout));
}

#[tokio::test]
async fn atk_h23_a_panic_is_a_plain_500_and_others_are_served() {
    let recorder = Recorder { party: Party::Gate, trace: Trace::default(), clock: Clock::real(), scheme: "http" };
    let trace = recorder.trace.clone();
    let router = Router::new()
        .route(
            "/panic",
            get(|| async {
                if true {
                    panic!("a bug at src/secret.rs")
                }
            }),
        )
        .route("/fine", get(|| async { "fine" }));
    let listener = wire::listen::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listening = wire::listen::serve(listener, None, recorder.wrap(router)).unwrap();
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_backend_preconfigured(entralab::lab::certificates::client_config(rustls::RootCertStore::empty()).unwrap())
        .build()
        .unwrap();
    let get = |path: &str| http.get(format!("http://{}{path}", listening.address)).send();
    let answer = get("/panic").await.unwrap();
    assert_eq!(answer.status(), 500);
    let body = answer.text().await.unwrap();
    assert!(!body.contains("secret.rs") && !body.contains("panicked"), "{body}");
    assert_eq!(get("/fine").await.unwrap().status(), 200);
    assert_eq!(trace.after(0).iter().map(|exchange| exchange.status).collect::<Vec<_>>(), [Some(500), Some(200)]);
}

#[cfg(unix)]
#[test]
fn atk_h23_a_kill_at_any_moment_of_the_start_leaves_a_folder_that_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().to_str().unwrap();
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_entralab"))
            .args(["up", "--port-base", "0", "--json", "--data-dir", data_dir])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let start_and_be_ready = || {
        let mut child = start();
        let mut line = String::new();
        let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
        child.kill().unwrap();
        let said = text(&child.wait_with_output().unwrap().stderr);
        assert!(line.contains("\"ready\":true"), "{line}{said}");
    };
    let killed_after = |delay_ms| {
        let mut child = start();
        std::thread::sleep(Duration::from_millis(delay_ms)); // the moment of the kill, not a wait for anything
        child.kill().unwrap();
        child.wait().unwrap();
    };
    // While the signing keys are made and written.
    (0..60).step_by(10).for_each(killed_after);
    start_and_be_ready();
    // With the keys kept, a start takes a few milliseconds: these fall before, into and after the other writes.
    let keys = std::fs::read(folder.path().join("signing-keys.pem")).unwrap();
    for delay_ms in 0..24 {
        for file in ["ca.pem", "ca-key.pem", "running.json"] {
            let _not_there = std::fs::remove_file(folder.path().join(file));
        }
        killed_after(delay_ms);
        for file in ["ca.pem", "ca-key.pem", "running.json"] {
            let Ok(written) = std::fs::read_to_string(folder.path().join(file)) else { continue };
            let whole = written.ends_with("-----END CERTIFICATE-----\n")
                || written.ends_with("-----END PRIVATE KEY-----\n")
                || serde_json::from_str::<serde_json::Value>(&written).is_ok();
            assert!(whole, "{file} after {delay_ms} ms: {written}");
        }
    }
    start_and_be_ready();
    assert_eq!(std::fs::read(folder.path().join("signing-keys.pem")).unwrap(), keys);
}

#[tokio::test]
async fn malformed_http_is_refused_everywhere_and_others_are_served() {
    let lab = LabProcess::start(&["up", "--port-base", "0"]);
    let ready = ready(&lab);
    let http = outside_client(&ready);
    for member in ["idp", "gate", "lab"] {
        let base = ready[member].as_str().unwrap();
        for path in ["/%", "/%00", "/..%2f..%2fetc/passwd", "//", "/?%zz=%", "/common/oauth2/v2.0/token?a=%ff"] {
            for method in ["GET", "POST", "OPTIONS", "DELETE", "BREW"] {
                let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
                let request = http.request(method.clone(), format!("{base}{path}")).body("\u{0}{=&%");
                let status = request.send().await.unwrap().status().as_u16();
                assert!(status < 500, "{method} {member} {path}: {status}");
            }
        }
    }
    let page = ready["lab"].as_str().unwrap();
    let address = page.strip_prefix("http://").unwrap();
    for raw in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: nonsense\r\n\r\n",
    ] {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.write_all(raw).unwrap();
        let _half_closed = socket.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _reset = socket.read_to_end(&mut answer);
        let head = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || head.starts_with("HTTP/1.1 4") || head.starts_with("HTTP/1.0 4"), "{head}");
    }
    assert_eq!(http.get(format!("{page}/healthz")).send().await.unwrap().status(), 200);
}
