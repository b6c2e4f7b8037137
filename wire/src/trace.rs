//! The list of all exchanges of a lab.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::{Checks, Exchange, JoinedLab};

/// How many exchanges a trace keeps; the oldest go first.
pub const CAPACITY: usize = 10_000;

/// How much text a trace keeps, in bytes; the oldest exchanges go first.
pub const CAPACITY_BYTES: usize = 32 * 1024 * 1024;

/// How many sockets a trace knows the receivers of; the oldest go first.
const RECEIVERS: usize = 256;

/// Every exchange of one lab, shared by its parties; clones are the same trace.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    state: Arc<Mutex<State>>,
    /// The lab that this trace is part of.
    lab: Option<JoinedLab>,
    /// Counts what is added or changed.
    news: Arc<watch::Sender<u64>>,
}

#[derive(Debug, Default)]
struct State {
    last_number: u64,
    exchanges: VecDeque<Exchange>,
    kept_bytes: usize,
    /// The numbers of those that the lab recorded and this process sent.
    own: BTreeSet<u64>,
    /// The sockets of those who record here what they receive.
    receivers: VecDeque<SocketAddr>,
}

/// An exchange came whose place nobody took, or has already.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no exchange {0} is expected: its number was not taken, or its exchange is there already")]
pub struct NotExpected(pub u64);

impl Trace {
    /// A trace that is part of the trace of `lab`: that gets whatever is recorded here, and gives the numbers, so that a
    /// number means the same exchange in both.
    #[must_use]
    pub fn joined_to(lab: JoinedLab) -> Self {
        Self { lab: Some(lab), ..Self::default() }
    }

    /// Notes that whoever listens at `address` records here what it receives: who sends there need not.
    pub fn has_receiver(&self, address: SocketAddr) {
        let mut state = self.state();
        if !state.receivers.contains(&address) {
            state.receivers.truncate(RECEIVERS - 1);
            state.receivers.push_front(address);
        }
    }

    /// Tells the lab, where this trace is part of its, who records here: what they record arrives there.
    pub async fn announce_receivers(&self) {
        if let Some(lab) = &self.lab {
            lab.announce(&self.receivers()).await;
        }
    }

    /// The sockets of those who record here, the newest first.
    #[must_use]
    pub fn receivers(&self) -> Vec<SocketAddr> {
        self.state().receivers.iter().copied().collect()
    }

    /// Whether whoever listens at `address` records here, or in the lab that this trace is part of.
    pub(crate) async fn is_received_at(&self, address: SocketAddr) -> bool {
        self.receivers().contains(&address)
            || match &self.lab {
                Some(lab) => lab.receivers().await.contains(&address),
                None => false,
            }
    }

    /// Takes the number of an exchange whose request has just arrived.
    pub async fn open(&self) -> u64 {
        let given = match &self.lab {
            Some(lab) => lab.open().await,
            None => None,
        };
        let mut state = self.state();
        let number = given.unwrap_or(state.last_number + 1);
        state.last_number = state.last_number.max(number);
        number
    }

    /// Adds a finished exchange at its place.
    pub async fn record(&self, exchange: Exchange) {
        if let Some(lab) = &self.lab {
            lab.record(&exchange).await;
        }
        self.insert(exchange);
    }

    /// Adds an exchange that another process recorded, at the place that it took before.
    ///
    /// # Errors
    /// When its number was never given, or has its exchange already.
    pub fn adopt(&self, exchange: Exchange) -> Result<(), NotExpected> {
        let number = exchange.number;
        let (last_number, is_there) = {
            let state = self.state();
            (state.last_number, state.exchanges.binary_search_by_key(&number, |kept| kept.number).is_ok())
        };
        if number == 0 || number > last_number || is_there {
            return Err(NotExpected(number));
        }
        self.insert(exchange);
        Ok(())
    }

    /// A receiver that hears whenever an exchange is added or changed.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    fn tell(&self) {
        self.news.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn insert(&self, exchange: Exchange) {
        self.keep(exchange);
        self.tell();
    }

    fn keep(&self, exchange: Exchange) {
        let mut state = self.state();
        let place = state.exchanges.partition_point(|earlier| earlier.number < exchange.number);
        state.kept_bytes += exchange.kept_bytes();
        state.exchanges.insert(place, exchange);
        while state.exchanges.len() > CAPACITY || state.kept_bytes > CAPACITY_BYTES {
            let Some(oldest) = state.exchanges.pop_front() else { break };
            state.kept_bytes = state.kept_bytes.saturating_sub(oldest.kept_bytes());
        }
    }

    /// Adds checks that another party made on a recorded exchange: the browser on an answer, say. Whether this process has
    /// the exchange.
    pub async fn annotate(&self, number: u64, checks: Checks) -> bool {
        if let Some(lab) = self.lab.as_ref().filter(|_| !checks.0.is_empty()) {
            lab.annotate(number, &checks).await;
        }
        let is_there = match self.state().exchanges.iter_mut().find(|exchange| exchange.number == number) {
            Some(exchange) => {
                exchange.checks.0.extend(checks.0);
                true
            }
            None => false,
        };
        self.tell();
        is_there
    }

    /// Notes that the answer of a recorded exchange did not arrive, and why.
    pub(crate) fn fail(&self, number: u64, why: &str) {
        if let Some(exchange) = self.state().exchanges.iter_mut().find(|exchange| exchange.number == number) {
            exchange.failure = Some(why.to_owned());
        }
    }

    /// The number of the newest exchange of this process; 0 before the first.
    #[must_use]
    pub fn last_number(&self) -> u64 {
        self.state().last_number
    }

    /// All exchanges after `number`, in order, with those that the lab has of other parties where this trace is part of
    /// its; all for 0.
    pub async fn everywhere_after(&self, number: u64) -> Vec<Exchange> {
        if let Some(lab) = &self.lab
            && let Ok(listed) = lab.list(number).await
        {
            return listed.exchanges;
        }
        self.after(number)
    }

    /// The same, without what other programs do in the lab meanwhile: what this process sent or received, what the lab's parties
    /// sent because of that, and `also`.
    pub async fn own_everywhere_after(&self, number: u64, also: impl Fn(&Exchange) -> bool) -> Vec<Exchange> {
        let all = self.everywhere_after(number).await;
        if self.lab.is_none() {
            return all;
        }
        let mut own: BTreeSet<u64> = {
            let state = self.state();
            state.own.iter().copied().chain(state.exchanges.iter().map(|exchange| exchange.number)).collect()
        };
        // causes come before what they cause
        let is_own = |exchange: &Exchange| {
            let is_own = own.contains(&exchange.number)
                || exchange.caused_by.is_some_and(|cause| own.contains(&cause))
                || also(exchange);
            if is_own {
                own.insert(exchange.number);
            }
            is_own
        };
        all.into_iter().filter(is_own).collect()
    }

    /// Notes that this process sent an exchange that the lab recorded.
    pub(crate) fn note_own(&self, number: u64) {
        if self.lab.is_some() {
            let mut state = self.state();
            state.own.insert(number);
            while state.own.len() > CAPACITY {
                state.own.pop_first();
            }
        }
    }

    /// The number of the newest exchange, in the lab too where this trace is part of its; 0 before the first.
    pub async fn last_number_everywhere(&self) -> u64 {
        if let Some(lab) = &self.lab
            && let Ok(listed) = lab.list(u64::MAX).await
        {
            return listed.last_number;
        }
        self.last_number()
    }

    /// The exchanges of this process after `number`, in order; all for 0.
    #[must_use]
    pub fn after(&self, number: u64) -> Vec<Exchange> {
        self.state().exchanges.iter().filter(|exchange| exchange.number > number).cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
