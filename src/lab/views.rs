//! The clocks of a lab's parties.

use scenarios::world::ClockSkew;
use wire::Clock;

/// Each party's view of the lab clock, which can be wrong.
#[derive(Clone)]
pub(super) struct Views {
    pub(super) idp: Clock,
    pub(super) gate: Clock,
    pub(super) mcp: Clock,
    pub(super) connector: Clock,
}

impl Views {
    pub(super) fn of(clock: &Clock, skew: &ClockSkew) -> Self {
        let views = Self { idp: clock.view(), gate: clock.view(), mcp: clock.view(), connector: clock.view() };
        views.set(skew);
        views
    }

    pub(super) fn set(&self, skew: &ClockSkew) {
        for (view, by) in
            [(&self.idp, skew.idp), (&self.gate, skew.gate), (&self.mcp, skew.mcp), (&self.connector, skew.connector)]
        {
            view.set_skew(by.unwrap_or_default());
        }
    }
}
