//! From the tree to steps: what they do, and whether what they name is there.

use serde_json::Value;

use crate::expected::Expected;
use crate::format::{self, Ask};
use crate::names::no_such;
use crate::nearest::listed;
use crate::problem::Faults;
use crate::shape::Shape;
use crate::source::Span;
use crate::step::time::read_duration;
use crate::step::{Action, Hop, SignIn, Step, accidents, hop, http, members};
use crate::tree::{Entry, Node};
use crate::world::{GRAPH, Name, World};

/// The words for what a step can do.
pub(crate) const ACTIONS: [&str; 12] = [
    "connect",
    "test_operation",
    "list_tools",
    "ask",
    "refresh",
    "http",
    "fault",
    "advance_clock",
    "grant_admin_consent",
    "expire_secret",
    "rotate_keys",
    "change",
];

/// How many steps one list may hold.
const MOST_STEPS: usize = 500;

/// Reads a list of steps; each is read where its shape is right, so that all faults are found at once.
pub(crate) fn read(list: &Node, shape: Shape<'_>, world: Option<&World>, faults: &mut Faults) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    if let Some(one_too_many) = list.list().get(MOST_STEPS) {
        let message = format!("more than {MOST_STEPS} steps stand here");
        faults.at(&one_too_many.span, "file.size", message, "a scenario is one story: split it into several files");
        return steps;
    }
    for node in list.list() {
        let before = faults.count();
        shape.check(node, "a step", faults);
        if faults.count() > before || faults.full() {
            continue;
        }
        let written: format::Step = match serde_json::from_value(node.to_json()) {
            Ok(written) => written,
            Err(error) => {
                faults.at(&node.span, "value.type", format!("this is no step: {error}"), "see `entralab schema`");
                continue;
            }
        };
        read_one(node, written, world, &mut steps, faults);
    }
    steps
}

fn read_one(node: &Node, written: format::Step, world: Option<&World>, steps: &mut Vec<Step>, faults: &mut Faults) {
    let Some(map) = node.map() else { return };
    let said: Vec<(&str, &Entry)> = map.in_order().into_iter().filter(|(key, _)| ACTIONS.contains(key)).collect();
    let start = map.in_order().first().map_or(&node.span, |(_, entry)| &entry.key).clone();
    if let [_, (second, entry), ..] = said.as_slice() {
        let message = format!("a step does one thing, and `{second}` is a second one");
        faults.at(&entry.key, "step.action", message, "start a new step: write `- ` before it");
        return;
    }
    let found = Found {
        expect: read_expect(node.get("expect"), faults),
        hops: read_hops(node.get("hops"), faults),
        never: read_hops(node.get("never"), faults),
        keep: written.keep.iter().flatten().map(|(name, path)| (name.clone(), path.clone())).collect(),
    };
    let Some((word, entry)) = said.first() else {
        let belongs_to = steps.last_mut().filter(|_| found.is_some() && written.id.is_none());
        match belongs_to {
            Some(step) => found.add_to(step, node, faults),
            None => {
                let message = "this step does nothing";
                faults.at(&start, "step.action", message, format!("write one of {}", listed(ACTIONS.into_iter())));
            }
        }
        return;
    };
    let Some(action) = read_action(written, entry, world, faults) else { return };
    let id = node.get("id").and_then(Node::text).map(str::to_owned);
    let (expect, hops, never, keep) = Default::default();
    let mut step = Step { id, action, span: entry.key.clone(), expect, hops, never, keep };
    debug_assert_eq!(step.action.word(), *word);
    found.add_to(&mut step, node, faults);
    steps.push(step);
}

/// What a step expects and keeps.
struct Found {
    expect: Vec<(String, Span, Expected)>,
    hops: Vec<Hop>,
    never: Vec<Hop>,
    keep: Vec<(String, String)>,
}

impl Found {
    fn is_some(&self) -> bool {
        !(self.expect.is_empty() && self.hops.is_empty() && self.never.is_empty() && self.keep.is_empty())
    }

    fn add_to(self, step: &mut Step, node: &Node, faults: &mut Faults) {
        let word = step.action.word();
        let known = members::of(word);
        for (key, span, expected) in self.expect {
            if known.is_empty() {
                let message = format!("`{word}` has no outcome to expect anything of");
                faults.at(&span, "expect.unknown", message, "move it to a step that connects, tests, lists or asks");
            } else if !known.contains(&key.as_str()) {
                members::unknown(&key, &span, word, &known, faults);
            } else {
                members::check(&key, &expected, faults);
                step.expect.push((key, expected));
            }
        }
        step.hops.extend(self.hops);
        step.never.extend(self.never);
        for (name, path) in self.keep {
            let entry = node.get("keep").and_then(|keep| keep.entry(&name));
            let span = entry.map_or(&node.span, |entry| &entry.value.span);
            let first = path.split('.').next().unwrap_or_default();
            if !known.contains(&first) {
                members::unknown(first, span, word, &known, faults);
            }
            if step.id.is_none() {
                let message = "what a step keeps is used by the step's `id`, and this step has none";
                faults.at(span, "keep.id", message, "add `id: a-name` to the step");
            }
            step.keep.push((name, path));
        }
    }
}

fn read_hops(list: Option<&Node>, faults: &mut Faults) -> Vec<Hop> {
    list.map(Node::list).unwrap_or_default().iter().filter_map(|node| hop::read(node, faults)).collect()
}

fn read_action(written: format::Step, entry: &Entry, world: Option<&World>, faults: &mut Faults) -> Option<Action> {
    let names = Names { node: &entry.value, world };
    let user = |user: Option<Name>, faults: &mut Faults| {
        names.must_exist("as", user.as_deref(), "user", |world| world.idp.users.keys().collect(), faults);
        user
    };
    Some(if let Some(connect) = written.connect {
        user(Some(connect.user.clone()), faults);
        let users = |world: &'_ World| -> Vec<Name> { world.idp.users.keys().cloned().collect() };
        names.must_exist("browser", connect.browser.as_deref(), "user", users, faults);
        let pause = entry.value.get("pause").zip(connect.pause);
        let pause = pause.and_then(|(node, text)| read_duration(&text, &node.span, faults));
        let (username, password, browser) = (connect.username, connect.password, connect.browser);
        let sign_in = Box::new(SignIn { username, password, browser, pause });
        Action::Connect { user: connect.user, consent: connect.consent, sign_in }
    } else if let Some(by) = written.test_operation {
        Action::TestOperation { user: user(by.user, faults) }
    } else if let Some(by) = written.list_tools {
        Action::ListTools { user: user(by.user, faults) }
    } else if let Some(ask) = written.ask {
        let (question, by) = match ask {
            Ask::Alone(question) => (question, None),
            Ask::By(ask) => (ask.question, ask.user),
        };
        Action::Ask { question, user: user(by, faults) }
    } else if let Some(grant) = written.grant_admin_consent {
        let client = Some(grant.client.as_str());
        names.must_exist("client", client, "app", |world| world.idp.apps.keys().collect(), faults);
        let graph = GRAPH.to_owned();
        let resources = |world: &'_ World| -> Vec<Name> { world.idp.apps.keys().chain([&graph]).cloned().collect() };
        names.must_exist("resource", grant.resource.as_deref(), "app", resources, faults);
        names.must_be_listed(&grant, faults);
        Action::GrantAdminConsent { client: grant.client, resource: grant.resource }
    } else if let Some(text) = written.advance_clock {
        Action::AdvanceClock { by: read_duration(&text, &entry.value.span, faults)? }
    } else if let Some(by) = written.refresh {
        Action::Refresh { user: user(by.user, faults) }
    } else if let Some(expire) = written.expire_secret {
        names.must_exist("app", Some(&expire.app), "app", |world| world.idp.apps.keys().collect(), faults);
        let app = world.and_then(|world| world.idp.apps.get(&expire.app));
        if let Some(app) = app {
            let secrets = |_: &World| app.secrets.keys().cloned().collect::<Vec<Name>>();
            names.must_exist("secret", expire.secret.as_deref(), "secret", secrets, faults);
            if app.secrets.is_empty() {
                let message = format!("`{}` has no secret that could expire", expire.app);
                let fix = format!("add one under `idp.apps.{}.secrets`", expire.app);
                faults.at(&entry.value.span, "name.unknown", message, fix);
            }
        }
        Action::ExpireSecret { app: expire.app, secret: expire.secret }
    } else if let Some(rotate) = written.rotate_keys {
        Action::RotateKeys { overlap: rotate.overlap.unwrap_or(true) }
    } else if let Some(fault) = written.fault {
        Action::Fault(Box::new(accidents::read(fault, &entry.value, faults)?))
    } else if let Some(mut request) = written.http {
        request.user = user(request.user, faults);
        Action::Http(Box::new(http::read(request, &entry.value, &entry.key, faults)?))
    } else {
        Action::Change { patch: Value::Object(written.change?) }
    })
}

/// The names that a step uses, and the world that must have them.
struct Names<'n> {
    node: &'n Node,
    world: Option<&'n World>,
}

impl Names<'_> {
    fn must_exist<'w, K: AsRef<str>>(
        &'w self,
        key: &str,
        name: Option<&str>,
        what: &str,
        known: impl FnOnce(&'w World) -> Vec<K>,
        faults: &mut Faults,
    ) {
        let (Some(name), Some(world), Some(node)) = (name, self.world, self.node.get(key)) else { return };
        let known = known(world);
        let known = || known.iter().map(AsRef::as_ref);
        if !known().any(|candidate| candidate == name) {
            no_such(&node.span, what, name, known(), faults);
        }
    }

    /// Consent can be granted only for what the client's registration lists.
    fn must_be_listed(&self, grant: &format::GrantAdminConsent, faults: &mut Faults) {
        let (Some(world), Some(resource)) = (self.world, grant.resource.as_deref()) else { return };
        let Some(client) = world.idp.apps.get(&grant.client) else { return };
        let listed_there = || client.permissions.values().map(|permission| permission.resource.as_str());
        let exists = resource == GRAPH || world.idp.apps.contains_key(resource);
        if exists && !listed_there().any(|listed| listed == resource) {
            let span = self.node.get("resource").map_or(&self.node.span, |node| &node.span);
            let message = format!("`{}` lists no permission on `{resource}`", grant.client);
            let fix = match client.permissions.len() {
                0 => format!("add one under `idp.apps.{}.permissions`", grant.client),
                _ => format!("its permissions are on {}", listed(listed_there())),
            };
            faults.at(span, "name.unknown", message, fix);
        }
    }
}

fn read_expect(node: Option<&Node>, faults: &mut Faults) -> Vec<(String, Span, Expected)> {
    let entries = node.and_then(Node::map).map(|map| map.in_order()).unwrap_or_default();
    entries
        .into_iter()
        .map(|(key, entry)| (key.to_owned(), entry.key.clone(), Expected::read(&entry.value, faults)))
        .collect()
}
