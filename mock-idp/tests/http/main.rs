//! The identity provider over HTTP, in process: every request is one that a browser or client could send.

mod admin_consent;
mod assertions;
mod attacks;
mod causes;
mod claims;
mod client_credentials;
mod device;
mod flows;
mod golden;
mod graph;
mod hints;
mod isolation;
mod metadata;
mod on_behalf_of;
mod page_attacks;
mod pages;
mod policies;
mod response_types;
mod rules;
mod scripted;
mod sessions;
mod sign_out;
mod spa;
mod support;
mod tenants;
mod users;
