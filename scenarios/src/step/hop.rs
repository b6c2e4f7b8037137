//! `hop: browser -> idp GET /path`, and what must be seen of it.

use wire::Party;

use crate::expected::Expected;
use crate::problem::Faults;
use crate::step::Hop;
use crate::step::members::{self, parties};
use crate::tree::{Node, Tree};
use crate::yaml::escaped;

/// Reads one hop; none where it does not say who sends what to whom.
pub(super) fn read(node: &Node, faults: &mut Faults) -> Option<Hop> {
    let line = node.get("hop")?;
    let mut words = line.text()?.split_whitespace();
    let (from, arrow, to, method, path) = (words.next(), words.next(), words.next(), words.next(), words.next());
    let (Some(from), Some("->"), Some(to), Some(method), Some(path), None) =
        (from, arrow, to, method, path, words.next())
    else {
        let message = format!("\"{}\" does not say who sends what to whom", escaped(line.text()?));
        faults.at(&line.span, "hop.form", message, "write such as `browser -> idp GET /common/oauth2/authorize`");
        return None;
    };
    let mut party = |name: &str| match name.parse::<Party>() {
        _ if name == "*" => Some(None),
        Ok(party) => Some(Some(party)),
        Err(_) => {
            faults.at(&line.span, "name.unknown", format!("no party is called `{}`", escaped(name)), parties());
            None
        }
    };
    let (from, to) = (party(from)?, party(to)?);
    if method != "*" && !method.chars().all(|c| c.is_ascii_uppercase()) {
        let message = format!("`{}` is no HTTP method", escaped(method));
        faults.at(&line.span, "hop.form", message, format!("write such as `{}`", method.to_uppercase()));
    }
    if !(path.starts_with(['/', '*']) || path.starts_with("${")) || path.replace("${", "").contains(['?', '#']) {
        let message = format!("`{}` is no path", escaped(path));
        faults.at(&line.span, "hop.form", message, "start it with `/`, and put parameters under `query:`");
    }
    let mut read = |key: &str| {
        let node = node.get(key)?;
        Some(match key {
            "query" | "form" => Expected::read(&as_text(node, false), faults),
            "headers" | "response_headers" => Expected::read(&as_text(node, true), faults),
            _ => Expected::read(node, faults),
        })
    };
    let hop = Hop {
        from,
        to,
        method: (method != "*").then(|| method.to_owned()),
        path: path.to_owned(),
        query: read("query"),
        form: read("form"),
        headers: read("headers"),
        body: read("body"),
        status: read("status"),
        response_headers: read("response_headers"),
        response_body: read("response_body"),
        check: read("check"),
        fault: read("fault"),
        span: line.span.clone(),
    };
    for (key, expected) in [("status", &hop.status), ("check", &hop.check)] {
        expected.iter().for_each(|expected| members::check(key, expected, faults));
    }
    Some(hop)
}

/// Parameters and headers are texts on the wire, so that a number in the file means its digits.
fn as_text(node: &Node, lower_case_names: bool) -> Node {
    let Tree::Map(map) = &node.tree else { return node.clone() };
    let mut map = map.clone();
    if lower_case_names {
        map.entries = map.entries.into_iter().map(|(name, entry)| (name.to_ascii_lowercase(), entry)).collect();
    }
    for entry in map.entries.values_mut() {
        texts(&mut entry.value);
    }
    Node { span: node.span.clone(), tree: Tree::Map(map) }
}

fn texts(node: &mut Node) {
    match &mut node.tree {
        Tree::Number(number) => node.tree = Tree::Text(number.to_string()),
        Tree::List(nodes) => nodes.iter_mut().for_each(texts),
        Tree::Map(map) => {
            let values = map.entries.iter_mut().filter(|(key, _)| !["between", "absent"].contains(&key.as_str()));
            values.for_each(|(_, entry)| texts(&mut entry.value));
        }
        Tree::Bool(_) | Tree::Null | Tree::Text(_) => {}
    }
}
