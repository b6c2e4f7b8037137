//! Faults and raw requests, as scenario files ask for them.

use entralab::play::{Played, play};
use scenarios::read_text;

fn played(steps: &str) -> Played {
    let text = format!("scenario: 1\ntitle: A test\nworld: {{ base: article }}\nsteps:\n{steps}");
    let scenario = read_text("test.scenario.yaml", &text, None).unwrap_or_else(|faults| panic!("{faults}"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(play(&scenario)).expect("a lab starts")
}

fn passes(steps: &str) {
    let played = played(steps);
    if let Some(failure) = &played.failure {
        panic!("{}", failure.text(&played.redaction()));
    }
}

#[test]
fn atk_h20_a_request_to_an_address_outside_the_lab_is_never_sent() {
    for url in [
        "https://example.com/",
        "http://127.0.0.1:22/",
        "http://169.254.169.254/latest",
        "https://login.microsoftonline.com.evil.test/",
    ] {
        passes(&format!(
            "  - http: {{ get: \"{url}\" }}\n    expect: {{ status: {{ absent: true }}, message: {{ has: name map }} }}\n"
        ));
    }
}

#[test]
fn a_fault_is_marked_in_the_trace_and_only_where_it_befell() {
    let played = played(concat!(
        "  - fault: { at: gate, method: POST, path: /mcp, correlation: c-1, status: 418, body: { tea: true } }\n",
        "  - http: { post: \"${world.gate.url}/mcp\" }\n",
        "    expect: { status: 401 }\n",
        "  - http: { post: \"${world.gate.url}/mcp\", headers: { x-ms-client-request-id: c-1 } }\n",
        "    expect: { status: 418, json: { tea: true } }\n",
        "    hops: [{ hop: \"client -> gate POST /*\", fault: { has: \"418\" } }]\n",
        "    never: [{ hop: \"* -> mcp * *\" }]\n",
    ));
    assert!(played.passed(), "{:?}", played.failure);
    let exchanges: Vec<_> = played.steps().flat_map(|step| &step.exchanges).collect();
    assert!(exchanges[0].faults.is_empty());
    assert_eq!(serde_json::to_value(exchanges[1]).unwrap()["faults"][0], "answered 418 in its place");
}

#[test]
fn an_answer_that_breaks_off_or_comes_too_late_is_one_exchange_that_failed() {
    let played = played(concat!(
        "  - fault: { at: idp, drop_after_bytes: 5, times: 2 }\n",
        "  - http: { get: \"${world.gate.issuer}.well-known/openid-configuration\" }\n",
        "    expect: { status: { absent: true }, message: { has: no answer } }\n",
        "  - http: { get: \"${world.gate.issuer}.well-known/openid-configuration\" }\n",
        "  - fault: { at: idp, delay: 30s, from: browser }\n",
        "  - http: { from: browser, get: \"${world.gate.issuer}.well-known/openid-configuration\" }\n",
        "    expect: { message: { has: did not answer within } }\n",
    ));
    assert!(played.passed(), "{:?}", played.failure);
    for step in played.steps().filter(|step| !step.exchanges.is_empty()) {
        let [exchange] = step.exchanges.as_slice() else { panic!("{:?}", step.exchanges) };
        assert!(exchange.failure.is_some() && !exchange.faults.is_empty(), "{exchange:?}");
    }
    let first = played.steps().find_map(|step| step.exchanges.first()).unwrap();
    assert_eq!(first.response_body.size_bytes, 5);
}

#[test]
fn what_must_never_go_over_the_wire_fails_the_step_that_sends_it() {
    let played = played(
        "  - http: { post: \"${world.gate.url}/mcp\" }\n    never: [{ hop: \"client -> gate * /m*\", status: 401 }]\n",
    );
    let failure = played.failure.as_ref().expect("it was sent").text(&played.redaction());
    assert!(failure.contains("never: expected no message client -> gate * /m*"), "{failure}");
}
