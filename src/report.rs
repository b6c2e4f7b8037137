//! What a person, or a program, reads of a run.
//!
//! [`account`] is what all files are made of: a played scenario without its secrets, unless they are asked for. What is
//! printed ([`terminal`], [`summary`], [`events`], [`github`]) never holds them.

pub mod account;
pub mod events;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod meaning;
pub mod shell;
pub mod summary;
pub mod tap;
pub mod terminal;
pub(crate) mod visible;

pub use account::Account;
