//! Worlds and scenarios: the types, the reader, and the bundled files.

pub mod world;

pub use world::World;
