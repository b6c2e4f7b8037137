//! Worlds and scenarios: the types, the reader, and the bundled files.
//!
//! A file goes through these stages, and every value keeps its place in the file through all of them:
//!
//! 1. [`parse`]: the strict subset of YAML becomes a tree of values with their places;
//! 2. the world is merged with its base, so that each value points at the file that said it;
//! 3. the tree is compared with the schema that the Rust types give, then read into those types;
//! 4. names, references and what belongs together are checked; all faults come back at once as [`Problems`].

mod base;
mod bundled;
pub mod certificate;
mod change;
mod expected;
mod format;
mod interpolate;
mod localize;
mod matrix;
mod names;
mod nearest;
mod patterns;
mod problem;
mod read;
mod redirect_uri;
mod same_as;
mod schema;
mod shape;
mod source;
mod step;
mod tree;
pub mod world;
mod yaml;

pub use bundled::{Bundled, bundled, find_bundled, unknown};
pub use expected::{Expected, MATCHERS, Mismatch};
pub use format::Consent;
pub use interpolate::Captures;
pub use localize::localize;
pub use nearest::{instead, nearest};
pub use problem::{Problem, Problems};
pub use read::{Scenario, read, read_text, read_world};
pub use schema::{fault_schema, schema};
pub use shape::fits;
pub use source::{Source, Span};
pub use step::{Accident, Action, Hop, HttpBody, HttpRequest, SignIn, Step, values_of};
pub use tree::{Entry, Map, Node, Removed, Tree, merge};
pub use world::World;
pub use yaml::{DEEPEST, LARGEST_FILE_BYTES, MOST_VALUES, parse};
