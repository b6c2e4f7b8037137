//! What is wrong with a file: where, what, and what to write instead.

pub(crate) mod masked;

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, Severity,
    SourceCode, SourceSpan, SpanContents,
};
use serde::Serialize;

use crate::source::Span;

/// The longest line that a message shows; a longer one is named by its number only.
const LONGEST_LINE_SHOWN_BYTES: usize = 400;

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// The kind of fault; the name is stable.
    pub check: &'static str,
    /// The file, as the user wrote it.
    pub file: String,
    /// The line, from 1; 0 where the whole file is meant.
    pub line: usize,
    /// The column in characters, from 1; 0 where the whole file is meant.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub fix: String,
    #[serde(skip)]
    span: Option<Span>,
}

impl Problem {
    /// A fault at one place of a file.
    #[must_use]
    pub fn at(span: &Span, check: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            check,
            file: span.file().to_owned(),
            line: span.line(),
            column: span.column(),
            message: message.into(),
            fix: fix.into(),
            span: Some(span.clone()),
        }
    }

    /// A fault of a whole file: it cannot be read, say.
    #[must_use]
    pub fn of_file(file: &str, check: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        let (message, fix) = (message.into(), fix.into());
        Self { check, file: file.to_owned(), line: 0, column: 0, message, fix, span: None }
    }

    /// The message for a terminal: the line with a caret, and what to write. Secrets on that line are masked.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        self.rendered(color, Severity::Error)
    }

    /// The same, as a warning looks.
    #[must_use]
    pub fn render_warning(&self, color: bool) -> String {
        self.rendered(color, Severity::Warning)
    }

    fn rendered(&self, color: bool, severity: Severity) -> String {
        let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(120).with_context_lines(1);
        let mut text = String::new();
        match handler.render_report(&mut text, &Shown::of(self, severity)) {
            Ok(()) => text,
            Err(_) => format!("{self}\n"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked::inert(&self.file))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", masked::harmless(&self.message))?;
        if self.fix.is_empty() { Ok(()) } else { write!(f, "; {}", masked::harmless(&self.fix)) }
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        if self.check.is_empty() { None } else { Some(Box::new(self.check)) }
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        if self.fix.is_empty() { None } else { Some(Box::new(&self.fix)) }
    }
}

/// Collects faults, and stops when a file has too many to be of use.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Problem>);

impl Faults {
    /// How many faults of one file are shown.
    const MOST: usize = 100;

    /// Notes a fault at one place.
    pub(crate) fn at(&mut self, span: &Span, check: &'static str, message: impl Into<String>, fix: impl Into<String>) {
        if !self.full() {
            self.0.push(Problem::at(span, check, message, fix));
        }
    }

    /// Notes faults that were found elsewhere.
    pub(crate) fn extend(&mut self, problems: Problems) {
        let room = Self::MOST.saturating_sub(self.0.len());
        self.0.extend(problems.0.into_iter().take(room));
    }

    /// Whether there is no use in looking further.
    pub(crate) fn full(&self) -> bool {
        self.0.len() >= Self::MOST
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The value, where nothing is wrong with it.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.0.is_empty() { Ok(value) } else { Err(Problems::sorted(self.0)) }
    }
}

/// All faults of a file, in the order of their places.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// `problems` in the order of their places, each once.
    #[must_use]
    pub fn sorted(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| (&a.file, a.line, a.column, &a.message).cmp(&(&b.file, b.line, b.column, &b.message)));
        problems.dedup();
        Self(problems)
    }

    /// All messages for a terminal.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        self.0.iter().map(|problem| problem.render(color)).collect::<Vec<_>>().join("\n")
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A problem with the masked line that it stands on, as miette draws it.
#[derive(Debug)]
struct Shown<'p> {
    problem: &'p Problem,
    severity: Severity,
    line: Option<Line>,
}

/// One line of a file.
#[derive(Debug)]
struct Line {
    file: String,
    /// The line's text, masked.
    text: String,
    /// Its first byte in the file.
    start: usize,
    /// Its number, from 1.
    number: usize,
    /// The problem's column, from 1.
    column: usize,
    /// The problem's place in the file.
    place: SourceSpan,
}

impl<'p> Shown<'p> {
    fn of(problem: &'p Problem, severity: Severity) -> Self {
        Self { problem, severity, line: problem.span.as_ref().and_then(|span| Line::of(problem, span)) }
    }
}

impl Line {
    fn of(problem: &Problem, span: &Span) -> Option<Self> {
        let text = span.source().text();
        let start = text[..span.start()].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[span.start()..].find('\n').map_or(text.len(), |newline| span.start() + newline);
        if end - start > LONGEST_LINE_SHOWN_BYTES {
            return None;
        }
        Some(Self {
            file: masked::inert(span.file()),
            text: span.source().masked().get(start..end)?.to_owned(),
            start,
            number: problem.line,
            column: problem.column,
            place: (span.start()..span.end().min(end)).into(),
        })
    }
}

impl SourceCode for Line {
    /// The place alone where no line around it is asked for, else the whole line.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let column = if lines_before == 0 { self.column.saturating_sub(1) } else { 0 };
        let from = if lines_before == 0 { span.offset().saturating_sub(self.start) } else { 0 };
        let text = self.text.get(from..).ok_or(MietteError::OutOfBounds)?;
        let covered = (self.start + from..self.start + from + text.len()).into();
        let line = self.number.saturating_sub(1);
        Ok(Box::new(MietteSpanContents::new_named(self.file.clone(), text.as_bytes(), covered, line, column, 1)))
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = masked::harmless(&self.problem.message);
        if self.line.is_some() {
            return f.write_str(&message);
        }
        f.write_str(&masked::inert(&self.problem.file))?;
        if self.problem.line > 0 {
            write!(f, ":{}:{}", self.problem.line, self.problem.column)?;
        }
        write!(f, ": {message}")
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.code()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.problem.help()?;
        Some(Box::new(masked::harmless(&help.to_string())))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.line.as_ref().map(|line| line as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_primary_with_span(None, self.line.as_ref()?.place);
        Some(Box::new(std::iter::once(label)))
    }
}
