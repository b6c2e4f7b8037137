//! What a person, or a script, reads of a run.

pub mod meaning;
pub mod summary;
pub mod terminal;
