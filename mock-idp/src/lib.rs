//! The identity provider: Microsoft Entra ID on the wire.
//!
//! - [`SigningKeys`], [`Origins`], [`Settings`]: what one needs to start it; [`IdentityProvider`]: the party itself.
//! - [`directory`]: who exists, one immutable snapshot of the world's section.
//! - [`protocol`]: the rules, without I/O.
//! - [`error`]: one variant per AADSTS code, and the table of where each code shows and how.
//! - `endpoints` and `pages`: HTTP around the rules.

pub mod directory;
mod endpoints;
pub mod error;
pub mod keys;
pub mod origins;
mod pages;
pub mod protocol;
mod routes;

pub use endpoints::{IdentityProvider, Settings, approval, minting};
pub use error::{EntraError, EntraErrorKind};
pub use keys::{KeyError, SigningKeys};
pub use origins::Origins;
