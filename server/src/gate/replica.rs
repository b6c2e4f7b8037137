//! Scale to zero: whether there is a container to pass a request on to.

use jiff::{SignedDuration, Timestamp};

/// How long after its last request a replica is taken away, where none has to be kept.
const SCALE_IN_AFTER: SignedDuration = SignedDuration::from_secs(300);

/// The container app's one replica, while there is one.
#[derive(Debug, Default)]
pub(super) struct Replica(Option<Running>);

#[derive(Clone, Copy, Debug)]
struct Running {
    ready_at: Timestamp,
    asked_at: Timestamp,
}

impl Replica {
    /// A request arrives, and starts a replica where there is none; the error says how long it still takes.
    ///
    /// The real ingress holds the request meanwhile, until whoever asked loses patience. Here the lab clock stands still
    /// while a request is under way, so that it would be held for ever: it is answered at once, as after that time-out.
    pub(super) fn ask(
        &mut self,
        now: Timestamp,
        min_replicas: u16,
        cold_start: SignedDuration,
    ) -> Result<(), SignedDuration> {
        let kept = self.0.filter(|running| now.duration_since(running.asked_at).abs() < SCALE_IN_AFTER);
        let ready_at = match kept {
            _ if min_replicas > 0 => now,
            Some(running) => running.ready_at,
            None => now.checked_add(cold_start).unwrap_or(now),
        };
        self.0 = Some(Running { ready_at, asked_at: now });
        let left = ready_at.duration_since(now);
        if left.is_positive() { Err(left) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SignedDuration = SignedDuration::from_secs(20);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_first_request_starts_it_and_the_others_wait_no_longer_than_that() {
        let mut replica = Replica::default();
        assert_eq!(replica.ask(at(0), 0, START), Err(START));
        assert_eq!(replica.ask(at(5), 0, START), Err(SignedDuration::from_secs(15)));
        assert_eq!(replica.ask(at(20), 0, START), Ok(()));
        assert_eq!(replica.ask(at(319), 0, START), Ok(()), "every request keeps it for five minutes");
        assert_eq!(replica.ask(at(619), 0, START), Err(START), "and then it goes");
    }

    #[test]
    fn where_one_is_kept_or_starts_at_once_nobody_waits() {
        let mut replica = Replica::default();
        assert_eq!(replica.ask(at(0), 1, START), Ok(()));
        assert_eq!(replica.ask(at(100_000), 1, START), Ok(()));
        assert_eq!(replica.ask(at(100_001), 0, START), Ok(()), "it runs still");
        assert_eq!(replica.ask(at(200_000), 0, SignedDuration::ZERO), Ok(()));
    }
}
