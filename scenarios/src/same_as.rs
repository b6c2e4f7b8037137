//! `same_as`: a step that is another one once more, with changes.

use std::collections::BTreeMap;

use crate::nearest::{listed, nearest};
use crate::problem::Faults;
use crate::step::ACTIONS;
use crate::tree::{Node, Tree, merge};
use crate::yaml::escaped;

/// The steps of a file that have an id, as they were written.
#[derive(Default)]
pub(crate) struct Written(BTreeMap<String, Node>);

impl Written {
    /// The list with each `same_as` step written out: the other step without its `id` and `keep`, and what this one
    /// says merged into it as RFC 7396.
    pub(crate) fn out(&mut self, list: &Node, faults: &mut Faults) -> Node {
        let mut steps = Vec::new();
        for node in list.list() {
            let step = match node.entry("same_as") {
                Some(entry) if entry.value.text().is_some() => {
                    let name = entry.value.text().unwrap_or_default();
                    let Some(other) = self.0.get(name) else {
                        let known = || self.0.keys().map(String::as_str);
                        let fix = match nearest(name, known()) {
                            Some(near) => format!("write `{near}`"),
                            None if self.0.is_empty() => format!("give that step `id: {}`", escaped(name)),
                            None => format!("the ids before this step are {}", listed(known())),
                        };
                        let message = format!("no step before this one has the id `{}`", escaped(name));
                        faults.at(&entry.value.span, "name.unknown", message, fix);
                        continue;
                    };
                    let mut own = node.clone();
                    own.without("same_as");
                    let mut step = merge(other.clone(), &own);
                    step.span = node.span.clone();
                    if let Tree::Map(map) = &mut step.tree {
                        // the step stands here, whoever wrote what it does
                        let actions = map.entries.iter_mut().filter(|(key, _)| ACTIONS.contains(&key.as_str()));
                        let copied = actions.filter(|(key, _)| node.get(key).is_none());
                        copied.for_each(|(_, action)| action.key = entry.key.clone());
                    }
                    step
                }
                _ => node.clone(),
            };
            if let Some(id) = step.get("id").and_then(Node::text) {
                let mut plain = step.clone();
                plain.without("id");
                plain.without("keep");
                self.0.insert(id.to_owned(), plain);
            }
            steps.push(step);
        }
        Node { span: list.span.clone(), tree: Tree::List(steps) }
    }
}
