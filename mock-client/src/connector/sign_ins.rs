//! The sign-ins that were begun, by the state that was sent with each; a state is good for one callback.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::Configuration;
use super::outcomes::ConnectOutcome;

/// How many sign-ins are remembered; the oldest are forgotten first.
const CAPACITY: usize = 1000;

/// The sign-ins of a connector.
#[derive(Default)]
pub struct SignIns {
    by_state: HashMap<String, SignIn>,
    /// The states, oldest first.
    order: VecDeque<String>,
}

enum SignIn {
    /// The browser is on its way.
    Waiting(Waiting),
    /// The callback came, and is being worked on.
    Called,
    /// It is over.
    Ended(Box<ConnectOutcome>),
}

/// A sign-in whose callback has not come yet.
#[derive(Clone)]
pub struct Waiting {
    /// Whose connection it is for.
    pub user: String,
    /// The settings it was begun with.
    pub configuration: Arc<Configuration>,
}

impl SignIns {
    /// Begins a sign-in under a new state.
    pub fn begin(&mut self, state: String, waiting: Waiting) {
        if self.order.len() == CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_state.remove(&oldest);
        }
        self.order.push_back(state.clone());
        self.by_state.insert(state, SignIn::Waiting(waiting));
    }

    /// The sign-in that waits for this state; from now on it waits no more.
    pub fn take(&mut self, state: &str) -> Option<Waiting> {
        let sign_in = self.by_state.get_mut(state)?;
        match std::mem::replace(sign_in, SignIn::Called) {
            SignIn::Waiting(waiting) => Some(waiting),
            other => {
                *sign_in = other;
                None
            }
        }
    }

    /// Notes how the sign-in of this state ended.
    pub fn end(&mut self, state: &str, outcome: ConnectOutcome) {
        if let Some(sign_in) = self.by_state.get_mut(state) {
            *sign_in = SignIn::Ended(Box::new(outcome));
        }
    }

    /// How the sign-in of this state ended; none while it has not.
    #[must_use]
    pub fn outcome(&self, state: &str) -> Option<ConnectOutcome> {
        match self.by_state.get(state)? {
            SignIn::Ended(outcome) => Some((**outcome).clone()),
            SignIn::Waiting(_) | SignIn::Called => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::configuration;
    use super::*;

    fn waiting(user: &str) -> Waiting {
        Waiting { user: user.into(), configuration: configuration() }
    }

    #[test]
    fn a_state_is_good_once() {
        let mut sign_ins = SignIns::default();
        sign_ins.begin("s".into(), waiting("megan"));
        assert!(sign_ins.take("other").is_none());
        assert_eq!(sign_ins.take("s").unwrap().user, "megan");
        assert!(sign_ins.take("s").is_none(), "while it is worked on");
        sign_ins.end("s", ConnectOutcome::failed("no"));
        assert!(sign_ins.take("s").is_none(), "after it ended");
        assert_eq!(sign_ins.outcome("s").unwrap().message, "no");
    }

    #[test]
    fn the_oldest_sign_ins_are_forgotten() {
        let mut sign_ins = SignIns::default();
        for number in 0..=CAPACITY {
            sign_ins.begin(number.to_string(), waiting("megan"));
        }
        assert!(sign_ins.take("0").is_none());
        assert!(sign_ins.take("1").is_some());
        assert_eq!(sign_ins.by_state.len(), CAPACITY);
    }
}
