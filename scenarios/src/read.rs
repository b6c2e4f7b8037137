//! From a file to a scenario: written, merged with its base, then checked, with all faults at once.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::base::{self, LONGEST_CHAIN};
use crate::bundled::{Bundled, find_bundled, unknown};
use crate::change;
use crate::format::OneOrMany;
use crate::interpolate::{Captures, Kept, Roots, interpolated, visible};
use crate::matrix;
use crate::names;
use crate::problem::{Faults, Problem, Problems};
use crate::same_as::Written;
use crate::schema::{file_schema, world_schema};
use crate::shape::Rules;
use crate::source::{Source, Span};
use crate::step::{self, Accident, Action, Step};
use crate::tree::{Node, merge};
use crate::world::World;
use crate::yaml;

/// A story that can be played, or, without steps, a world that can be started.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file's name without folder and ending, such as `redirect-not-registered`.
    pub name: String,
    /// The file as the user wrote it, or `bundled:<theme>/<name>`.
    pub file: String,
    /// The file's text.
    pub source: Source,
    /// What happens, in one line.
    pub title: String,
    /// What it reproduces.
    pub reports: Vec<String>,
    /// What a reader learns from it.
    pub teaches: Option<String>,
    /// Words to select it by.
    pub tags: Vec<String>,
    /// The world without the file's own change.
    pub base: Arc<World>,
    /// The world with it.
    pub world: Arc<World>,
    /// Whether the file changes its base.
    pub has_change: bool,
    /// What people and programs do.
    pub steps: Vec<Step>,
    /// What mends the change.
    pub fix: Vec<Step>,
    /// What holds once it is mended.
    pub then: Vec<Step>,
    /// The same file with the other values of its matrix.
    others: Vec<Scenario>,
}

impl Scenario {
    /// The scenario once for each value of its matrix; itself alone where it has none.
    #[must_use]
    pub fn cases(mut self) -> Vec<Self> {
        let others = std::mem::take(&mut self.others);
        std::iter::once(self).chain(others).collect()
    }

    /// The step with its references replaced, once: `${world.…}` by what `world` holds now, `${steps.<id>.<name>}` by
    /// what was kept.
    ///
    /// # Errors
    /// References that lead nowhere: the world has lost what they name, or a step did not keep what it should have.
    pub fn interpolate(&self, step: &Step, world: &World, captured: &Captures) -> Result<Step, Problems> {
        interpolated(step, &visible(world), captured)
    }

    /// The world after a change, merged as RFC 7396 and checked as a whole.
    ///
    /// # Errors
    /// Everything that is wrong with the result.
    pub fn change_world(&self, current: &World, patch: &Value) -> Result<World, Problems> {
        let steps = [&self.steps, &self.fix, &self.then].into_iter().flatten();
        let written =
            steps.into_iter().find(|step| matches!(&step.action, Action::Change { patch: own } if own == patch));
        let span = written.map_or_else(|| self.source.span(0, 0), |step| step.span.clone());
        let before = serde_json::to_value(current).unwrap_or_default();
        let merged = merge(Node::from_json(&before, &span), &Node::from_json(patch, &span));
        let mut faults = Faults::default();
        let world = check_world(&merged, self.source.file(), &mut faults);
        finish(faults, world, &span)
    }

    /// The change that "Grant admin consent" makes to `world`.
    #[must_use]
    pub fn grant_admin_consent_patch(world: &World, client: &str, resource: Option<&str>) -> Value {
        change::grant_admin_consent(world, client, resource)
    }

    /// The change after which a secret of `app`, or all of them, has expired at `now`.
    #[must_use]
    pub fn expire_secret_patch(world: &World, app: &str, secret: Option<&str>, now: jiff::Timestamp) -> Value {
        change::expire_secret(world, app, secret, now)
    }
}

/// Reads a scenario or world from a file.
///
/// # Errors
/// Everything that is wrong with it, and with the worlds that it builds on.
pub fn read(path: &Path) -> Result<Scenario, Problems> {
    let source = base::read_file(path, &path.display().to_string())?;
    scenario(&source, path.parent())
}

/// Reads a scenario or world from text. `folder` is where files beside it are looked for.
///
/// # Errors
/// Everything that is wrong with it, and with the worlds that it builds on.
pub fn read_text(file: &str, text: &str, folder: Option<&Path>) -> Result<Scenario, Problems> {
    scenario(&Source::new(file, text), folder)
}

impl Bundled {
    /// The scenario.
    ///
    /// # Errors
    /// Never for a file that the tests of this crate have seen.
    pub fn read(&self) -> Result<Scenario, Problems> {
        read_text(&self.file, self.text, None)
    }
}

impl Accident {
    /// The fault that `value` describes, as a `fault` step has it. `name` stands for the file in what is wrong with it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_json(value: &Value, name: &str) -> Result<Self, Problems> {
        let span = Source::new(name, "").span(0, 0);
        let node = Node::from_json(value, &span);
        let mut faults = Faults::default();
        SCHEMAS.file.shape().definition("Fault").check(&node, "a fault", &mut faults);
        if faults.count() > 0 {
            return finish(faults, None, &span);
        }
        let accident = match serde_json::from_value(value.clone()) {
            Ok(written) => step::accident(written, &node, &mut faults),
            Err(error) => {
                faults.at(&span, "value.type", format!("this is no fault: {error}"), "see `entralab schema`");
                None
            }
        };
        finish(faults, accident, &span)
    }
}

impl World {
    /// The world of the bundled file of this name, such as `article`; of a scenario, with its change.
    ///
    /// # Errors
    /// When nothing bundled has this name.
    pub fn bundled(name: &str) -> Result<Self, Problems> {
        let found = find_bundled(name).ok_or_else(|| unknown(name, "nothing bundled has this name"))?;
        Ok(Arc::unwrap_or_clone(found.read()?.world))
    }

    /// The world that `value` holds, checked as that of a file is. `name` stands for the file in what is wrong with it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_json(value: &Value, name: &str) -> Result<Self, Problems> {
        let span = Source::new(name, "").span(0, 0);
        let mut faults = Faults::default();
        let world = check_world(&Node::from_json(value, &span), name, &mut faults);
        finish(faults, world, &span)
    }

    /// The same world after a change, merged as RFC 7396. `name` stands for the file in what is wrong with the result.
    ///
    /// # Errors
    /// Everything that is wrong with the result.
    pub fn changed(&self, patch: &Value, name: &str) -> Result<Self, Problems> {
        let span = Source::new(name, "").span(0, 0);
        let before = serde_json::to_value(self).unwrap_or_default();
        Self::from_json(&merge(Node::from_json(&before, &span), &Node::from_json(patch, &span)).to_json(), name)
    }

    /// The world of a scenario file's text, with its change; steps are not played.
    ///
    /// # Errors
    /// Everything that is wrong with the text.
    pub fn from_text(text: &str) -> Result<Self, Problems> {
        Ok(Arc::unwrap_or_clone(read_text("text", text, None)?.world))
    }
}

/// Reads a scenario with all cases of its matrix.
fn scenario(source: &Source, folder: Option<&Path>) -> Result<Scenario, Problems> {
    let mut problems = Vec::new();
    let mut cases = Vec::new();
    for matrix::Case { label, tree } in matrix::cases(yaml::parse(source)?)? {
        match Reading::default().scenario(source.clone(), &tree, folder) {
            Ok(mut scenario) => {
                if let Some(label) = label {
                    scenario.name = format!("{} [{label}]", scenario.name);
                }
                cases.push(scenario);
            }
            Err(found) => problems.extend(found.0),
        }
    }
    let mut cases = cases.into_iter();
    match cases.next() {
        Some(first) if problems.is_empty() => Ok(Scenario { others: cases.collect(), ..first }),
        _ => Err(Problems::sorted(problems)),
    }
}

/// Reads a world: a file without steps.
///
/// # Errors
/// Everything that is wrong with it, also that it has steps.
pub fn read_world(path: &Path) -> Result<World, Problems> {
    let scenario = read(path)?;
    match [&scenario.steps, &scenario.fix, &scenario.then].into_iter().flatten().next() {
        None => Ok(Arc::unwrap_or_clone(scenario.world)),
        Some(step) => {
            let message = "this file is a scenario, and a world is wanted";
            Err(Problem::at(&step.span, "base.steps", message, "leave out `steps`, `fix` and `then`").into())
        }
    }
}

/// A world while it is read: without and with the file's own change.
struct Worlds {
    base: Node,
    changed: Node,
    has_change: bool,
}

/// What files are compared with: made from the types once, and never changed.
static SCHEMAS: LazyLock<Schemas> = LazyLock::new(Schemas::new);

/// The schemas that a file is compared with.
struct Schemas {
    file: Rules,
    /// The same, with nothing said of what is in the world and the steps.
    head: Rules,
    world: Rules,
}

impl Schemas {
    fn new() -> Self {
        let file = file_schema();
        let mut head = file.clone();
        for (key, kind) in [("world", "object"), ("steps", "array"), ("fix", "array"), ("then", "array")] {
            let description = &file["properties"][key]["description"];
            head["properties"][key] = serde_json::json!({ "type": kind, "description": description });
        }
        Self { file: Rules::of(file), head: Rules::of(head), world: Rules::of(world_schema()) }
    }
}

#[derive(Default)]
struct Reading {
    faults: Faults,
}

impl Reading {
    fn scenario(mut self, source: Source, tree: &Node, folder: Option<&Path>) -> Result<Scenario, Problems> {
        self.check_head(tree);
        let worlds = self.worlds(tree, folder, LONGEST_CHAIN);
        let (base, world) = match &worlds {
            Some(worlds) => self.checked(worlds, source.file()),
            None => (None, None),
        };
        let visible = world.as_ref().map(visible);
        let steps = self.steps(tree, world.as_ref(), visible.as_ref(), worlds.as_ref());
        self.check_story(tree, &steps[0], worlds.as_ref().is_some_and(|worlds| worlds.has_change));
        let whole = source.span(0, 0);
        let [steps, fix, then] = steps;
        let text = |key: &str| tree.get(key).and_then(Node::text).map(str::to_owned);
        let texts = |key: &str| -> Vec<String> {
            let value = tree.get(key).map(Node::to_json).unwrap_or_default();
            serde_json::from_value::<OneOrMany>(value).unwrap_or_default().into()
        };
        let (title, teaches, reports, tags) = (text("title"), text("teaches"), texts("reports"), texts("tags"));
        let (base, world) = finish(self.faults, base.zip(world), &whole)?;
        Ok(Scenario {
            name: stem(source.file()),
            file: source.file().to_owned(),
            source,
            title: title.unwrap_or_default(),
            reports,
            teaches,
            tags,
            base: Arc::new(base),
            world: Arc::new(world),
            has_change: worlds.is_some_and(|worlds| worlds.has_change),
            steps,
            fix,
            then,
            others: Vec::new(),
        })
    }

    /// Everything in the file but what is in `world`, `steps`, `fix` and `then`.
    fn check_head(&mut self, tree: &Node) {
        SCHEMAS.head.shape().check(tree, "", &mut self.faults);
    }

    /// The file's world, with and without its change. None where it cannot be put together.
    fn worlds(&mut self, tree: &Node, folder: Option<&Path>, chain: usize) -> Option<Worlds> {
        let world = tree.get("world").filter(|world| world.map().is_some())?;
        if world.get("base").is_none() && world.get("change").is_none() {
            return Some(Worlds { base: world.clone(), changed: world.clone(), has_change: false });
        }
        let before = self.faults.count();
        let shape = SCHEMAS.file.shape().definition("BasedWorld");
        let mut head = world.clone();
        head.without("change");
        shape.check(&head, "world", &mut self.faults);
        let change = world.get("change");
        if let Some(change) = change.filter(|change| change.map().is_none()) {
            let message = format!("`change` must be a map, and this is {}", change.kind());
            self.faults.at(&change.span, "value.type", message, "write what is different, such as { gate: { … } }");
        }
        let named = world.get("base").filter(|base| base.text().is_some())?;
        let base = self.base(named, folder, chain)?;
        if self.faults.count() > before {
            return None;
        }
        let changed = change.map_or_else(|| base.clone(), |change| merge(base.clone(), change));
        Some(Worlds { base, changed, has_change: change.is_some() })
    }

    /// The world that another one builds on. None where it cannot be put together; why is noted.
    fn base(&mut self, named: &Node, folder: Option<&Path>, chain: usize) -> Option<Node> {
        if chain == 0 {
            let message = format!("more than {LONGEST_CHAIN} worlds stand on each other here, perhaps in a circle");
            self.faults.at(&named.span, "base.chain", message, "name a world that has no base itself");
            return None;
        }
        let found = base::find(named, folder).and_then(|(source, folder)| Ok((yaml::parse(&source)?, folder)));
        let (tree, folder) = match found {
            Ok(found) => found,
            Err(problems) => {
                self.faults.extend(problems);
                return None;
            }
        };
        if ["steps", "fix", "then"].iter().any(|key| tree.get(key).is_some()) {
            self.faults.extend(base::not_a_world(named).into());
            return None;
        }
        self.check_head(&tree);
        self.worlds(&tree, folder.as_deref(), chain - 1).map(|worlds| worlds.changed)
    }

    /// Both worlds, checked. A fault of the base is not told twice.
    fn checked(&mut self, worlds: &Worlds, file: &str) -> (Option<World>, Option<World>) {
        let mut faults = Faults::default();
        let base = check_world(&worlds.base, file, &mut faults);
        if !worlds.has_change || faults.count() > 0 {
            if let Err(problems) = faults.or(()) {
                self.faults.extend(problems);
            }
            return (base.clone(), base);
        }
        (base, check_world(&worlds.changed, file, &mut self.faults))
    }

    /// The three lists of steps, each reference and each changed world checked.
    fn steps(
        &mut self,
        tree: &Node,
        world: Option<&World>,
        visible: Option<&Value>,
        worlds: Option<&Worlds>,
    ) -> [Vec<Step>; 3] {
        let shape = SCHEMAS.file.shape().definition("Step");
        let mut kept: Vec<(String, Vec<String>)> = Vec::new();
        let mut written = Written::default();
        let mut current = worlds.map(|worlds| worlds.changed.clone()).filter(|_| world.is_some());
        ["steps", "fix", "then"].map(|key| {
            let Some(list) = tree.get(key) else { return Vec::new() };
            let list = &written.out(list, &mut self.faults);
            let steps = step::read(list, shape, world, &mut self.faults);
            for step in &steps {
                if let Some(id) = &step.id
                    && kept.iter().any(|(other, _)| other == id)
                {
                    let message = format!("another step already has the id `{id}`");
                    self.faults.at(&step.span, "step.id", message, "give each step an id of its own");
                }
                let before = self.faults.count();
                let roots = Roots { world: visible, captured: Kept::Names(&kept) };
                let resolved = roots.step(step, &mut self.faults);
                if let (Action::Change { patch }, Some(world)) = (&resolved.action, current.take()) {
                    let clean = self.faults.count() == before && !patch.to_string().contains("${steps.");
                    current = Some(if clean { self.after_change(list, step, world, patch) } else { world });
                }
                if let Some(id) = &step.id {
                    kept.push((id.clone(), step.keep.iter().map(|(name, _)| name.clone()).collect()));
                }
            }
            steps
        })
    }

    /// The world after a `change` step, with the places of the step's values.
    fn after_change(&mut self, list: &Node, step: &Step, world: Node, resolved: &Value) -> Node {
        let written = list.list().iter().filter_map(|node| node.entry("change")).find(|entry| entry.key == step.span);
        let patch = match written {
            Some(entry) if entry.value.to_json() == *resolved => entry.value.clone(),
            _ => Node::from_json(resolved, &step.span),
        };
        let changed = merge(world.clone(), &patch);
        let before = self.faults.count();
        check_world(&changed, step.span.file(), &mut self.faults);
        if self.faults.count() == before { changed } else { world }
    }

    /// What holds between the parts of a file.
    fn check_story(&mut self, tree: &Node, steps: &[Step], has_change: bool) {
        for key in ["fix", "then"] {
            if let Some(entry) = tree.entry(key)
                && !has_change
            {
                let message = format!("`{key}` belongs to a change, and this file has none");
                let fix = "add `change:` under `world`, or move the steps to `steps`";
                self.faults.at(&entry.key, "story.change", message, fix);
            }
        }
        if let Some(entry) = tree.entry("then")
            && tree.get("fix").is_none()
        {
            let message = "`then` says what holds after the fix, and this file has no `fix`";
            self.faults.at(&entry.key, "story.fix", message, "add `fix:` before it");
        }
        if tree.get("fix").is_some()
            && let Some(last) = steps.last()
            && last.expect.is_empty()
            && last.hops.is_empty()
            && last.never.is_empty()
        {
            let message = "the last step must show the symptom, and nothing is expected of it";
            let fix = "add `expect:` with what is seen, and `check:` with the check that refuses";
            self.faults.at(&last.span, "story.symptom", message, fix);
        }
    }
}

/// The world that a tree holds, where nothing is wrong with it. `file` is the one that a user would mend.
fn check_world(tree: &Node, file: &str, faults: &mut Faults) -> Option<World> {
    let before = faults.count();
    SCHEMAS.world.shape().check(tree, "world", faults);
    if faults.count() > before {
        return None;
    }
    match serde_json::from_value::<World>(tree.to_json()) {
        Ok(world) => {
            names::check(&world, tree, file, faults);
            (faults.count() == before).then_some(world)
        }
        Err(error) => {
            faults.at(&tree.span, "value.type", format!("this is no world: {error}"), "see `entralab schema`");
            None
        }
    }
}

/// The value, or what is wrong; a value that is missing without a reason given is a fault too.
fn finish<T>(faults: Faults, value: Option<T>, whole: &Span) -> Result<T, Problems> {
    faults.or(())?;
    value.ok_or_else(|| {
        Problem::at(whole, "key.missing", "the file has no world", "add `world: { base: article }`").into()
    })
}

/// The name of a file: without folder, theme and ending.
fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let endings = [".scenario.yaml", ".scenario.yml", ".yaml", ".yml"];
    endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name).to_owned()
}
