//! Every message of the reader, provoked and kept in one golden file.
//!
//! After a deliberate change: `ENTRALAB_BLESS=1 cargo test -p scenarios`, and read the difference.

use std::fmt::Write as _;
use std::path::Path;

use scenarios::read_text;

/// What is wrong, and a file of which it is true.
const CASES: &[(&str, &str)] = &[
    ("empty file", ""),
    ("not YAML: a bracket", "scenario: 1\ntitle: [x\nworld: {}\n"),
    ("not YAML: indentation", "scenario: 1\n  title: x\n"),
    ("a tab", "scenario: 1\nworld:\n\tbase: article\n"),
    ("an anchor, an alias and a tag", "scenario: 1\ntitle: &t x\nteaches: *t\nworld: !mine { base: article }\n"),
    ("a merge key", "scenario: 1\ntitle: x\nworld:\n  <<: { base: article }\n"),
    ("a directive", "%YAML 1.2\n---\nscenario: 1\n"),
    ("two documents", "scenario: 1\n---\nscenario: 1\n"),
    ("a key twice", "scenario: 1\ntitle: x\ntitle: y\nworld: { base: article }\n"),
    ("a key that is no text", "scenario: 1\ntitle: x\n[a]: b\nworld: { base: article }\n"),
    ("no value", "scenario: 1\ntitle: x\nworld: { base: article }\nsteps:\n"),
    ("a list for a file", "- scenario: 1\n"),
    ("another version of the format", "scenario: 2\ntitle: x\nworld: { base: article }\n"),
    ("nothing that is needed", "teaches: x\n"),
    ("unknown keys, near and far", "scenario: 1\ntitel: x\nworld: { base: article }\ncolour: {}\n"),
    ("a number for a text", "scenario: 1\ntitle: 406\nworld: { base: article }\n"),
    (
        "a report and a tag that are none",
        "scenario: 1\ntitle: x\nreports: [90094, \"bug 5\"]\ntags: [Not This]\nworld: { base: article }\n",
    ),
    ("a world that is a text", "scenario: 1\ntitle: x\nworld: article\n"),
    ("a base that does not exist", "scenario: 1\ntitle: x\nworld: { base: artikle }\n"),
    ("a base that is a path", "scenario: 1\ntitle: x\nworld: { base: ../article }\n"),
    ("a base that starts with a dot", "scenario: 1\ntitle: x\nworld: { base: .hidden }\n"),
    ("a base that is a scenario", "scenario: 1\ntitle: x\nworld: { base: wrong-secret }\n"),
    ("a change without a base", "scenario: 1\ntitle: x\nworld: { change: {} }\n"),
    ("a change that is no map", "scenario: 1\ntitle: x\nworld: { base: article, change: cors }\n"),
    ("a base beside a whole world", "scenario: 1\ntitle: x\nworld: { base: article, gate: {} }\n"),
    (
        "a change with faults of every kind",
        "scenario: 1
title: x
world:
  base: article
  change:
    clock: tomorrow
    idp:
      tenants: { contoso: { user_consent: disable, id: 7, domains: [] } }
      users:
        Megan: { tenant: contoso }
        admin: { tenant: fabrikam }
      apps:
        copilot-studio-client:
          permissions: { server: { resource: streamable-mcp-server } }
          redirect_uris: { wep: [] }
          access_token_version: 3
      consents: { copilot-on-sever: null }
      lifetimes: { access_token_minutes: 5 }
    gate: { url: null, cors: [\"*\"], alowed_audiences: [x] }
    connector: { profile: aad, scopes: [openid] }
",
    ),
    (
        "names that do not exist, and things that exist twice",
        "scenario: 1
title: x
world:
  base: article
  change:
    idp:
      users: { admin: { tenant: fabrikam, username: Megan@contoso.com } }
      apps:
        copilot-studio-client:
          client_id: 3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b
          permissions: { server: { resource: streamable-mcp-server } }
      consents: { server-on-graph: { client: nobody, user: meg } }
    gate: { url: \"https://app.example/mcp\" }
    mcp: { path: \"/{mcp}\" }
    connector: { name: \"two\\nlines\" }
",
    ),
    (
        "steps with faults of every kind",
        "scenario: 1
title: x
world: { base: article }
steps:
  - expect: { status: 200 }
  - connect: { as: meagan }
  - conect: { as: megan }
  - connect: { user: megan }
  - connect: megan
  - connect: { as: megan, consent: maybe }
  - connect: { as: megan }
    ask: two things
  - list_tools: { as: nobody-like-that }
    expect: { tool: x, stattus: 200, status: \"200\" }
  - advance_clock: soon
  - advance_clock: -5m
  - advance_clock: 70
  - advance_clock: 1h
    expect: { status: 200 }
  - grant_admin_consent: { client: copilot-studio, resource: nothing }
  - grant_admin_consent: { client: streamable-mcp-server2, resource: copilot-studio-client }
  - id: Mine
    test_operation: {}
    keep: { a: status }
  - id: twice
    test_operation: {}
    keep: { a: sttus }
  - id: twice
    test_operation: {}
  - test_operation: {}
    keep: { a: status }
  - change: { gate: { curs: null } }
  - fault: {}
  - test_operation: {}
    hops:
      - { hop: browser -> idp GET /x, quary: {} }
      - query: {}
",
    ),
    (
        "accidents, requests and copies with faults of every kind",
        "scenario: 1
title: x
world: { base: article, change: { clock_skew: { gate: soon, idb: 1m } } }
steps:
  - fault: {}
  - fault: { at: gate, aadsts: 90033 }
  - fault: { at: ipd, status: 503 }
  - fault: { at: idp, path: token, body: x, delay: soon }
  - fault: { at: idp, status: 700, times: 0, aadsts: 90033, body: {} }
  - fault: { at: idp }
  - http: {}
  - http: { get: /mcp, post: \"${world.gate.url}/mcp\", form: { a: [1] } }
  - http: { from: gate, get: \"https://a/\" }
  - http: { get: \"https://a/\", json: {}, body: x }
  - id: one
    http: { get: \"https://a/\" }
    expect: { stutus: 200 }
    never:
      - hop: \"* -> mpc * *\"
  - same_as: two
  - same_as: one
    ask: something else
  - same_as: 7
  - expire_secret: { app: copilot-studio-clint }
  - expire_secret: { app: copilot-studio-client, secret: copilo }
  - expire_secret: { app: streamable-mcp-server2 }
  - rotate_keys: { overlap: maybe }
  - refresh: { as: meg }
",
    ),
    ("a matrix without names", "scenario: 1\ntitle: x\nmatrix: {}\nworld: { base: article }\n"),
    (
        "a matrix with faults of every kind",
        "scenario: 1\ntitle: x\nmatrix: { world: [article, artikel], N: [1], m: [[2]], n: x }\nworld: { base: \"${matrix.world}\" }\n",
    ),
    (
        "a matrix that lacks a name",
        "scenario: 1\ntitle: x\nmatrix: { world: [article] }\nworld: { base: \"${matrix.wold}\" }\n",
    ),
    (
        "a matrix that is too large",
        "scenario: 1\ntitle: x\nmatrix: { a: [1, 2, 3, 4, 5], b: [1, 2, 3, 4, 5] }\nworld: { base: article }\n",
    ),
    (
        "expectations with faults of every kind",
        "scenario: 1
title: x
world: { base: article }
steps:
  - connect: { as: megan }
    expect:
      aadsts: AADSTS50011
      by: ipd
      check: redirect_uri.registred
      token: { has: x, not: y }
      message: { matches: \"(\" }
      error: { start_with: x }
      display_name: { one_of: megan }
      shown: { between: [2, 1] }
      connection: { absent: 1 }
      error_description: { starts_with: 5 }
    hops:
      - hop: browser to idp
      - hop: browser -> entra GET /x
      - hop: browser -> idp get x?y
",
    ),
    (
        "references that lead nowhere",
        "scenario: 1
title: x
world: { base: article }
steps:
  - id: first
    ask: \"${env.HOME}\"
    keep: { tool: tool }
  - ask: \"${world.gat.url}\"
  - ask: \"at ${world.gate.cors}\"
  - ask: \"${steps.first.tol}\"
    hops: [{ hop: \"connector -> gate POST ${world.mcp.path\" }]
",
    ),
    ("a fix without a change", "scenario: 1\ntitle: x\nworld: { base: article }\nfix: [{ list_tools: {} }]\n"),
    (
        "a then without a fix",
        "scenario: 1\ntitle: x\nworld: { base: article, change: { gate: { cors: null } } }\nthen: [{ list_tools: {} }]\n",
    ),
    (
        "no symptom",
        "scenario: 1
title: x
world: { base: article, change: { gate: { cors: null } } }
steps: [{ list_tools: {} }]
fix: [{ change: { gate: { cors: { allowed_origins: [\"*\"] } } } }]
then: [{ list_tools: {} }]
",
    ),
    ("too deep", "scenario: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n"),
];

#[test]
fn every_message_says_what_is_wrong_where_and_what_to_write() {
    let mut shown = String::new();
    for (name, text) in CASES {
        let _ = writeln!(shown, "######## {name}\n");
        match read_text("mine.scenario.yaml", text, None) {
            Ok(_) => shown.push_str("(nothing is wrong)\n\n"),
            Err(problems) => {
                for problem in &problems.0 {
                    let _ = writeln!(shown, "{}", problem.render(false));
                }
            }
        }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/messages.txt");
    if std::env::var_os("ENTRALAB_BLESS").is_some() {
        std::fs::write(&golden, &shown).unwrap();
    }
    let kept = std::fs::read_to_string(&golden).unwrap_or_default().replace("\r\n", "\n");
    let first = shown.lines().zip(kept.lines()).find(|(now, before)| now != before);
    assert!(shown == kept, "the messages have changed, first here: {first:?}");
}
