//! The identity provider of a lab, in whose place a reset puts one that knows nothing of what the other issued.

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::Request;
use mock_idp::IdentityProvider;
use tower::ServiceExt;

/// The identity provider of a lab; clones are the same one.
#[derive(Clone)]
pub(super) struct Replaceable(Arc<RwLock<(IdentityProvider, Router)>>);

impl Replaceable {
    /// One that is `first` until it is replaced.
    pub(super) fn of(first: IdentityProvider) -> Self {
        let router = first.router();
        Self(Arc::new(RwLock::new((first, router))))
    }

    /// The one that serves now.
    pub(super) fn current(&self) -> IdentityProvider {
        self.0.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Lets `next` serve from now on.
    pub(super) fn replace(&self, next: IdentityProvider) {
        let router = next.router();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = (next, router);
    }

    /// Hands each request to the one that serves when it comes.
    pub(super) fn router(&self) -> Router {
        let served = self.clone();
        Router::new().fallback(move |request: Request| {
            let router = served.0.read().unwrap_or_else(PoisonError::into_inner).1.clone();
            router.oneshot(request)
        })
    }
}
