//! The scenario file of a session: the world as a bundled one with a change, and each step with what was seen.

use jiff::{SignedDuration, Timestamp};
use scenarios::World;
use serde_json::{Map, Value, json};

use super::{Did, Session, Taken};

/// Pauses add up to this before the file lets the clock pass them; a token is renewed that long before its end.
const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// How long a line may get before a map is written below its key, in characters.
const LINE: usize = 110;

/// A scenario file that was made of a session.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The file.
    pub text: String,
    /// How many steps it has.
    pub steps: usize,
    /// What was done and is not in it, in words.
    pub left_out: Vec<String>,
}

/// The scenario file of `session`.
#[must_use]
pub fn recording(session: &Session) -> Recording {
    let mut writer = Writer::default();
    for taken in &session.steps {
        writer.write(taken, &session.world);
    }
    let Writer { mut left_out, steps, count, first, .. } = writer;
    if session.left_out > 0 {
        left_out.push(format!("{} more steps: a lab remembers the first {}", session.left_out, session.steps.len()));
    }
    let mut world = json!(session.world);
    if let Some(first) = first {
        world["clock"] = json!(Timestamp::from_second(first.as_second()).unwrap_or(first));
    }
    let mut text =
        "# Recorded by `entralab record`: what was done on the page of a lab that was up, and what was seen.\n\
                    scenario: 1\ntitle: A recorded session\n"
            .to_owned();
    text.push_str(&based(&world));
    text.push_str("steps:\n");
    text.push_str(&steps);
    Recording { text, steps: count, left_out }
}

/// The steps of a file while they are written.
#[derive(Default)]
struct Writer {
    steps: String,
    count: usize,
    left_out: Vec<String>,
    /// When the first step was taken.
    first: Option<Timestamp>,
    /// Up to when the file's clock has come.
    clock: Option<Timestamp>,
    /// Who tried to connect last: whose steps they are that name nobody.
    tried: Option<String>,
    /// Whose connection there is.
    connected: Option<String>,
}

impl Writer {
    fn write(&mut self, taken: &Taken, world: &World) {
        let (name, value) = match &taken.did {
            Did::Connect { user, declined } => {
                let anybody = || world.idp.users.keys().next().cloned();
                let Some(user) = user.clone().or_else(|| self.connected.clone()).or_else(anybody) else {
                    return self.left_out.push("somebody signed in whom the world does not know".to_owned());
                };
                self.tried = Some(user.clone());
                if taken.outcome.get("connection") == Some(&json!("connected")) {
                    self.connected = Some(user.clone());
                }
                let mut value = json!({ "as": user });
                if *declined {
                    value["consent"] = json!("decline");
                }
                ("connect", value)
            }
            Did::TestOperation => ("test_operation", self.by_user(Map::new())),
            Did::ListTools => ("list_tools", self.by_user(Map::new())),
            Did::Ask { question } if question.contains("${") => {
                return self.left_out.push(format!("the question '{question}': in a file ${{ begins a reference"));
            }
            Did::Ask { question } => match self.by_user(Map::new()) {
                Value::Object(by) if !by.is_empty() => {
                    let mut value = Map::from_iter([("question".to_owned(), json!(question))]);
                    value.extend(by);
                    ("ask", Value::Object(value))
                }
                _ => ("ask", json!(question)),
            },
            Did::Other { what } => return self.left_out.push(what.clone()),
        };
        self.pass_time(taken.at);
        self.steps.push_str(&format!("  - {name}: {}\n", flow(&value)));
        let expected = expected(&taken.did, &taken.outcome);
        if !expected.is_empty() {
            self.steps.push_str(&format!("    expect: {}\n", flow(&Value::Object(expected))));
        }
        self.count += 1;
    }

    /// Says whose connection is meant where that is not who tried to connect last.
    fn by_user(&self, mut members: Map<String, Value>) -> Value {
        if let Some(user) = self.connected.as_ref().filter(|_| self.connected != self.tried) {
            members.insert("as".to_owned(), json!(user));
        }
        Value::Object(members)
    }

    fn pass_time(&mut self, at: Timestamp) {
        self.first.get_or_insert(at);
        let clock = *self.clock.get_or_insert(at);
        let pause = at.duration_since(clock);
        if pause < SHORTEST_PAUSE {
            return;
        }
        let minutes = pause.as_mins();
        self.steps.push_str(&format!("  - advance_clock: {minutes}m\n"));
        self.count += 1;
        self.clock = clock.checked_add(SignedDuration::from_mins(minutes)).ok();
    }
}

/// The members of an outcome that a reader of the file wants to see again.
fn expected(did: &Did, outcome: &Map<String, Value>) -> Map<String, Value> {
    let connected = outcome.get("connection") == Some(&json!("connected"));
    let members: &[&str] = match did {
        Did::Connect { .. } if connected => &["connection"],
        Did::Connect { .. } => &["connection", "shown", "aadsts", "by", "check"],
        Did::TestOperation => &["status", "verdict", "aadsts", "by", "check"],
        Did::ListTools => &["tools", "status", "aadsts", "by", "check"],
        Did::Ask { .. } => &["tool", "arguments", "status", "aadsts", "by", "check"],
        Did::Other { .. } => &[],
    };
    let seen = members.iter().filter_map(|member| Some(((*member).to_owned(), outcome.get(*member)?.clone())));
    let no_tool = matches!(did, Did::Ask { .. }) && !outcome.contains_key("tool");
    no_tool.then(|| ("tool".to_owned(), json!({ "absent": true }))).into_iter().chain(seen).collect()
}

/// The `world` of a file: the bundled world that needs the smallest change, and the change.
fn based(world: &Value) -> String {
    let worlds = scenarios::bundled().into_iter().filter(|bundled| bundled.is_world);
    let changes = worlds.filter_map(|bundled| {
        let base = json!(*bundled.read().ok()?.world);
        Some((bundled.name, patch(&base, world)))
    });
    let smallest = changes.min_by_key(|(_, change)| change.as_ref().map_or(0, |change| change.to_string().len()));
    let Some((base, change)) = smallest else { return format!("world:\n{}", block(world, 2)) };
    let change = change.map(|change| format!("  change:\n{}", block(&change, 4))).unwrap_or_default();
    format!("world:\n  base: {base}\n{change}")
}

/// What makes `target` of `base` (RFC 7396); none where they are the same.
fn patch(base: &Value, target: &Value) -> Option<Value> {
    let (Value::Object(base), Value::Object(target)) = (base, target) else {
        return (base != target).then(|| without_nulls(target));
    };
    let mut changed = Map::new();
    for key in base.keys().filter(|key| !target.contains_key(*key)) {
        changed.insert(key.clone(), Value::Null);
    }
    for (key, value) in target {
        let change = match base.get(key) {
            Some(before) => patch(before, value),
            None => Some(without_nulls(value)),
        };
        changed.extend(change.map(|change| (key.clone(), change)));
    }
    (!changed.is_empty()).then_some(Value::Object(changed))
}

/// In a patch null removes: what is not there need not be removed.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, member)| !member.is_null());
            kept.map(|(key, member)| (key.clone(), without_nulls(member))).collect()
        }
        other => other.clone(),
    }
}

/// A map as YAML: short ones on one line, others below their key.
fn block(value: &Value, indent: usize) -> String {
    let mut text = String::new();
    for (key, member) in value.as_object().into_iter().flatten() {
        let line = format!("{:indent$}{}: {}", "", word(key), flow(member));
        let has_more = member.as_object().is_some_and(|members| !members.is_empty());
        if has_more && line.chars().count() > LINE {
            text.push_str(&format!("{:indent$}{}:\n{}", "", word(key), block(member, indent + 2)));
        } else {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

/// A value as YAML on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|(key, value)| format!("{}: {}", word(key), flow(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) => word(text),
        other => other.to_string(),
    }
}

/// A text as YAML: plain where nobody could take it for something else, else in quotes, as JSON has it.
fn word(text: &str) -> String {
    const NOT_TEXT: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
        && !NOT_TEXT.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { json!(text).to_string() }
}

#[cfg(test)]
mod tests {
    use scenarios::Scenario;

    use super::*;

    fn session(world: World, steps: Vec<Value>) -> Session {
        let steps = steps.into_iter().map(|step| serde_json::from_value(step).unwrap()).collect();
        Session { world, steps, left_out: 0 }
    }

    fn read(recording: &Recording) -> Scenario {
        scenarios::read_text("recorded.scenario.yaml", &recording.text, None)
            .unwrap_or_else(|problems| panic!("{problems}\n{}", recording.text))
    }

    #[test]
    fn every_bundled_world_comes_back_as_it_was() {
        for bundled in scenarios::bundled() {
            let mut world = World::bundled(bundled.name).unwrap();
            world.clock = "2026-11-24T02:30:00Z".parse().unwrap();
            let step = json!({ "at": "2026-11-24T02:30:00.9Z", "did": "test_operation", "outcome": {} });
            let recording = recording(&session(world.clone(), vec![step]));
            assert_eq!(*read(&recording).world, world, "{}:\n{}", bundled.name, recording.text);
        }
    }

    #[test]
    fn pauses_add_up_and_pass_once_they_matter() {
        let at = |at: &str| json!({ "at": at, "did": "test_operation", "outcome": { "verdict": "no_connection" } });
        let times = ["2026-01-15T09:00:00Z", "2026-01-15T09:04:00Z", "2026-01-15T09:08:30Z", "2026-01-15T10:08:31Z"];
        let recording = recording(&session(World::bundled("article").unwrap(), times.map(at).to_vec()));
        assert_eq!(recording.text.matches("advance_clock").count(), 2, "{}", recording.text);
        assert!(recording.text.contains("advance_clock: 8m\n") && recording.text.contains("advance_clock: 60m\n"));
        assert_eq!(read(&recording).steps.len(), 6);
    }

    #[test]
    fn a_connection_that_stays_after_another_failed_is_named() {
        let at = "2026-01-15T09:00:00Z";
        let steps = vec![
            json!({ "at": at, "did": "connect", "user": "megan", "declined": false, "outcome": { "connection": "connected" } }),
            json!({ "at": at, "did": "connect", "user": "admin", "declined": true,
                    "outcome": { "connection": "failed", "aadsts": 65004 } }),
            json!({ "at": at, "did": "ask", "question": "yes: \"no\" # ${", "outcome": {} }),
            json!({ "at": at, "did": "ask", "question": "yes: \"no\" #", "outcome": { "refused": "no tool" } }),
            json!({ "at": at, "did": "other", "what": "somebody began to sign in" }),
        ];
        let recording = recording(&session(World::bundled("article").unwrap(), steps));
        assert!(recording.text.contains("connect: { as: admin, consent: decline }"), "{}", recording.text);
        assert!(recording.text.contains(r##"ask: { question: "yes: \"no\" #", as: megan }"##), "{}", recording.text);
        assert!(recording.text.contains("expect: { tool: { absent: true } }"), "{}", recording.text);
        assert_eq!((recording.steps, recording.left_out.len()), (3, 2));
        assert_eq!(read(&recording).steps.len(), 3);
    }
}
