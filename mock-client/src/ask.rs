//! Which tool a question needs, and with what arguments: deterministic, by names, descriptions and schemas alone.
//!
//! - [`words`]: reading text: tokens, stems, words that belong together.
//! - [`gazetteer`]: the companies, cities and states that are known by name.
//! - [`arguments`]: filling a tool's input schema from the question.
//! - [`choice`]: weighing the tools.

pub mod arguments;
pub mod choice;
pub mod gazetteer;
pub mod words;

pub use choice::{Choice, choose};
