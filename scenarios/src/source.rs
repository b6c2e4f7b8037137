//! Places in files: what a message points at.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::problem::masked::masked;

/// A file that was read: its name, as the user wrote it, and its text. Clones are the same file.
#[derive(Clone)]
pub struct Source(Arc<Text>);

struct Text {
    file: String,
    text: String,
    /// The text as messages may show it, made when the first one is shown.
    masked: OnceLock<String>,
}

impl Source {
    /// A file of this name with this text.
    #[must_use]
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self(Arc::new(Text { file: file.into(), text: text.into(), masked: OnceLock::new() }))
    }

    /// The file's name, as the user wrote it.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The text as a message may show it: same bytes, same lines, no secrets.
    pub(crate) fn masked(&self) -> &str {
        self.0.masked.get_or_init(|| masked(self.text()))
    }

    /// The place from byte `start` up to byte `end`, moved to the nearest place that exists.
    #[must_use]
    pub fn span(&self, start: usize, end: usize) -> Span {
        let boundary = |at: usize| (0..=at.min(self.text().len())).rev().find(|at| self.text().is_char_boundary(*at));
        let start = boundary(start).unwrap_or(0);
        let end = boundary(end).unwrap_or(0).max(start);
        Span { source: self.clone(), start, end }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?})", self.file())
    }
}

/// A stretch of one file.
#[derive(Clone)]
pub struct Span {
    source: Source,
    start: usize,
    end: usize,
}

impl Span {
    /// The file.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The file's name, as the user wrote it.
    #[must_use]
    pub fn file(&self) -> &str {
        self.source.file()
    }

    /// The first byte.
    #[must_use]
    pub fn start(&self) -> usize {
        self.start
    }

    /// The byte after the last.
    #[must_use]
    pub fn end(&self) -> usize {
        self.end
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// The column in characters, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.before().rsplit('\n').next().unwrap_or_default().chars().count() + 1
    }

    /// The text as it is written there.
    #[must_use]
    pub fn text(&self) -> &str {
        self.source.text().get(self.start..self.end).unwrap_or_default()
    }

    fn before(&self) -> &str {
        self.source.text().get(..self.start).unwrap_or_default()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file(), self.line(), self.column())
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Span({self})")
    }
}

impl PartialEq for Span {
    fn eq(&self, other: &Self) -> bool {
        (self.file(), self.start, self.end) == (other.file(), other.start, other.end)
    }
}
