//! The lab clock: real, or standing still, and movable in both cases.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// A clock that all parties of one lab share; clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    state: Arc<Mutex<State>>,
    /// How far this view of it is ahead; shared by clones of the view.
    skew: Arc<Mutex<SignedDuration>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Stands still at this instant.
    Frozen(Timestamp),
    /// Real time plus this offset.
    Ticking(SignedDuration),
}

/// The instant would lie outside the range that timestamps can express (years -9999 to 9999).
#[derive(Debug, thiserror::Error)]
#[error("the lab clock cannot be moved there: {0}")]
pub struct OutOfRange(#[source] jiff::Error);

impl Clock {
    fn of(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)), skew: Arc::default() }
    }

    /// A view of the same clock that can be ahead or behind: a party whose clock is wrong.
    #[must_use]
    pub fn view(&self) -> Self {
        Self { state: self.state.clone(), skew: Arc::default() }
    }

    /// Sets this view ahead by `by`, or behind where it is negative; other views and the clock itself are unchanged.
    pub fn set_skew(&self, by: SignedDuration) {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = by;
    }

    /// Lets `duration` pass: a clock that stands still moves on at once, any other is waited for.
    pub(crate) async fn pass(&self, duration: SignedDuration) {
        if matches!(*self.state(), State::Frozen(_)) {
            let _at_the_end_of_time = self.advance(duration);
        } else if let Ok(duration) = duration.try_into() {
            tokio::time::sleep(duration).await;
        }
    }

    /// A clock that stands still at `instant` until it is moved.
    #[must_use]
    pub fn frozen_at(instant: Timestamp) -> Self {
        Self::of(State::Frozen(instant))
    }

    /// A clock that shows real time.
    #[must_use]
    pub fn real() -> Self {
        Self::of(State::Ticking(SignedDuration::ZERO))
    }

    /// A clock that shows `instant` now and goes on from there.
    #[must_use]
    pub fn ticking_from(instant: Timestamp) -> Self {
        Self::of(State::Ticking(instant.duration_since(real_now())))
    }

    /// The lab time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = match *self.state() {
            State::Frozen(instant) => instant,
            State::Ticking(offset) => real_now().checked_add(offset).unwrap_or(Timestamp::MAX),
        };
        let skew = *self.skew.lock().unwrap_or_else(PoisonError::into_inner);
        now.checked_add(skew).unwrap_or(now)
    }

    /// Moves the clock by `duration`, which may be negative.
    ///
    /// # Errors
    /// When the result cannot be expressed; the clock is then unchanged.
    pub fn advance(&self, duration: SignedDuration) -> Result<(), OutOfRange> {
        let mut state = self.state();
        *state = match *state {
            State::Frozen(instant) => State::Frozen(instant.checked_add(duration).map_err(OutOfRange)?),
            State::Ticking(offset) => {
                real_now().checked_add(offset).and_then(|now| now.checked_add(duration)).map_err(OutOfRange)?;
                State::Ticking(offset + duration)
            }
        };
        Ok(())
    }

    /// Whether it stands still.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        matches!(*self.state(), State::Frozen(_))
    }

    /// Lets it stand still where it is.
    pub fn freeze(&self) {
        let mut state = self.state();
        if let State::Ticking(offset) = *state {
            *state = State::Frozen(real_now().checked_add(offset).unwrap_or(Timestamp::MAX));
        }
    }

    /// Lets it go on from where it stands.
    pub fn go_on(&self) {
        let mut state = self.state();
        if let State::Frozen(instant) = *state {
            *state = State::Ticking(instant.duration_since(real_now()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the real clock")]
fn real_now() -> Timestamp {
    Timestamp::now()
}

/// Measures how long something took, in real time; never used by a rule.
#[derive(Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts measuring.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "durations in the trace are real, not lab time")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Microseconds since the start.
    #[must_use]
    pub fn elapsed_us(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let start: Timestamp = "2026-01-15T09:00:00Z".parse().unwrap();
        let clock = Clock::frozen_at(start);
        let shared = clock.clone();
        assert_eq!(clock.now(), start);
        shared.advance(SignedDuration::from_mins(70)).unwrap();
        assert_eq!(clock.now(), "2026-01-15T10:10:00Z".parse().unwrap());
    }

    #[test]
    fn a_clock_stands_still_and_goes_on_where_it_is() {
        let clock = Clock::ticking_from(Timestamp::UNIX_EPOCH);
        clock.freeze();
        let stood = clock.now();
        assert!(clock.is_frozen() && clock.now() == stood);
        clock.advance(SignedDuration::from_hours(1)).unwrap();
        clock.go_on();
        let gone_on = clock.now().duration_since(stood);
        assert!(!clock.is_frozen() && gone_on >= SignedDuration::from_hours(1));
        assert!(gone_on < SignedDuration::from_hours(2), "{gone_on}");
    }

    #[test]
    fn a_view_can_be_wrong_and_moves_with_the_clock() {
        let clock = Clock::frozen_at(Timestamp::UNIX_EPOCH);
        let (view, other) = (clock.view(), clock.view());
        view.set_skew(SignedDuration::from_mins(10));
        view.clone().advance(SignedDuration::from_mins(1)).unwrap();
        assert_eq!(clock.now().as_second(), 60);
        assert_eq!(view.clone().now().as_second(), 660);
        assert_eq!(other.now(), clock.now());
        view.set_skew(SignedDuration::from_mins(-10));
        assert_eq!(view.now().as_second(), -540);
    }

    #[test]
    fn atk_h26_a_move_out_of_range_is_refused_and_changes_nothing() {
        for clock in [Clock::frozen_at(Timestamp::UNIX_EPOCH), Clock::ticking_from(Timestamp::UNIX_EPOCH)] {
            assert!(clock.advance(SignedDuration::MAX).is_err());
            assert!(clock.advance(SignedDuration::MIN).is_err());
            assert!(clock.now() < Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1));
        }
    }
}
