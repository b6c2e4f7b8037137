//! From a place in the world, as fixes name it, to the value in the file.

use scenarios::{Node, Span};

/// Where the file says what `fix` speaks of: the deepest value that is written there of all places that it names, and of
/// equally deep ones that which `message` quotes. Where none is, the line that brings the world in.
#[must_use]
pub fn find(tree: &Node, fix: &str, message: &str) -> Option<Span> {
    let world = tree.entry("world")?;
    let written = world.value.get("change").unwrap_or(&world.value);
    let is_quoted = |value: &Node| value.text().is_some_and(|text| !text.is_empty() && message.contains(text));
    let written = places(fix).filter_map(|path| descend(written, path));
    let deepest = written.max_by_key(|written| (written.depth, is_quoted(written.value)));
    if let Some(deepest) = deepest {
        return Some(deepest.span);
    }
    let line = world.value.entry("change").or_else(|| world.value.entry("base")).unwrap_or(world);
    Some(line.key.clone())
}

/// Whether the file itself says what stands at `path`.
#[must_use]
pub fn is_written(tree: &Node, path: &str) -> bool {
    let written = tree.at(&["world", "change"]).and_then(|change| descend(change, path));
    written.is_some_and(|written| written.depth == path.split('.').count())
}

/// The places in the world that a text names, such as `gate.allowed_audiences`.
fn places(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    text.split(move |c| !is_part(c)).map(|word| word.trim_matches('.')).filter(|word| {
        let section = word.split('.').next().unwrap_or_default();
        ["idp", "gate", "mcp", "connector", "clock"].contains(&section)
    })
}

/// The last value of a path that is written.
struct Written<'n> {
    /// How many keys of the path are.
    depth: usize,
    value: &'n Node,
    span: Span,
}

/// How far `path` is written below `node`.
fn descend<'n>(node: &'n Node, path: &str) -> Option<Written<'n>> {
    let mut here = node;
    let mut found = None;
    for (depth, key) in path.split('.').enumerate() {
        let Some(entry) = here.entry(key) else { break };
        let span = if entry.value.map().is_some() { &entry.key } else { &entry.value.span };
        found = Some(Written { depth: depth + 1, value: &entry.value, span: span.clone() });
        here = &entry.value;
    }
    found
}

#[cfg(test)]
mod tests {
    use scenarios::{Source, parse};

    use super::*;

    fn place(text: &str) -> (usize, usize) {
        let file = "scenario: 1\ntitle: T\nworld:\n  base: article\n  change:\n    connector:\n      client_secret: abc\n    \
                    gate: { allowed_audiences: [x], url: y, issuer: z }\n";
        let tree = parse(&Source::new("f", file)).unwrap();
        let span = find(&tree, text, "expected z, received y").unwrap();
        (span.line(), span.column())
    }

    #[test]
    fn the_deepest_written_value_decides() {
        let fix =
            "the client's secret, such as connector.client_secret: the Value of one of idp.apps.c.secrets (portal: x)";
        assert_eq!(place(fix), (7, 22));
        assert_eq!(place("gate.allowed_audiences (portal: y)"), (8, 32));
        assert_eq!(place("connector.server_url"), (6, 5));
        assert_eq!(place("idp.apps.c.redirect_uris.web"), (5, 3));
        assert_eq!(place("nothing of the kind"), (5, 3));
        // of two that are written, that which the message quotes
        assert_eq!(place("gate.url and gate.allowed_audiences"), place("gate.url"));
        assert_eq!(place("gate.allowed_audiences and gate.url"), place("gate.url"));
        let tree = parse(&Source::new("f", "world: { base: b, change: { gate: { url: x } } }")).unwrap();
        assert!(is_written(&tree, "gate.url") && !is_written(&tree, "gate.url.x") && !is_written(&tree, "gate.cors"));
    }
}
