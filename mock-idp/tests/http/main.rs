//! The identity provider over HTTP, in process: every request is one that a browser or client could send.

mod admin_consent;
mod attacks;
mod causes;
mod client_credentials;
mod flows;
mod golden;
mod hints;
mod isolation;
mod metadata;
mod pages;
mod response_types;
mod rules;
mod sessions;
mod spa;
mod support;
mod tenants;
