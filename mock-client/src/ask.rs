//! Which tool a question needs, and with what arguments: deterministic, by names, descriptions and schemas alone.
//!
//! - [`tokens`] and [`words`]: reading text.
//! - [`gazetteer`]: the companies, cities and states that are known by name.
//! - [`question`]: what it names, and where.
//! - [`arguments`]: filling a tool's input schema from the question.
//! - [`choice`]: weighing the tools.

pub mod arguments;
pub mod choice;
mod chosen;
pub mod gazetteer;
pub mod question;
mod slots;
pub mod tokens;
pub mod words;

pub use choice::{Choice, choose};
