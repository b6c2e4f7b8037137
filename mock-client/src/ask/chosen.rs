//! The value that a property gets, and why.

use std::fmt;

use serde_json::Value;

/// A value for a property, and where it comes from.
pub type Found = (Value, Source);

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The question names it in these words.
    Words(String),
    /// It follows from this.
    Fact(String),
}

impl Source {
    /// A fact in these words.
    pub fn fact(text: &str) -> Self {
        Self::Fact(text.to_owned())
    }

    /// That `words` name the thing called `name`.
    pub fn naming(words: &str, name: &str) -> Self {
        if words.to_lowercase() == name.to_lowercase() {
            Self::Words(words.to_owned())
        } else {
            Self::Fact(format!("'{words}' is {name}"))
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => write!(f, "'{words}'"),
            Self::Fact(fact) => f.write_str(fact),
        }
    }
}

/// What goes into a property.
pub struct Chosen {
    /// The value.
    pub value: Value,
    sources: Vec<Source>,
    /// What the question named for it as well, and the property has no room for.
    left_out: Vec<Source>,
}

impl Chosen {
    /// One value, of which there is no choice.
    pub fn one((value, source): Found) -> Self {
        Self { value, sources: vec![source], left_out: Vec::new() }
    }

    /// The first of what was found; what names the same value again is not left out.
    pub fn first_of(found: Vec<Found>) -> Option<Self> {
        let mut found = found.into_iter();
        let mut chosen = Self::one(found.next()?);
        chosen.left_out = found.filter(|(value, _)| *value != chosen.value).map(|(_, source)| source).collect();
        Some(chosen)
    }

    /// Everything that was found, as a list; none where that is nothing.
    pub fn all_of(found: Vec<Found>) -> Option<Self> {
        let (values, sources): (Vec<Value>, Vec<Source>) = found.into_iter().unzip();
        if values.is_empty() { None } else { Some(Self { value: Value::Array(values), sources, left_out: Vec::new() }) }
    }

    /// Why `name` is what it is, and what was left out.
    pub fn reasons(&self, name: &str) -> Vec<String> {
        let told = |sources: &[Source]| sources.iter().map(Source::to_string).collect::<Vec<_>>().join(", ");
        let is_named = self.sources.iter().all(|source| matches!(source, Source::Words(_)));
        let from = if is_named { ", from" } else { ":" };
        let mut reasons = vec![format!("{name} is {}{from} {}", self.value, told(&self.sources))];
        if !self.left_out.is_empty() {
            reasons.push(format!("left out, because one call takes one: {}", told(&self.left_out)));
        }
        reasons
    }
}
