//! Time as an argument. Programs read the system clock here and nowhere else; tests set their own.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Duration, SubsecRound, Utc};

/// Where a program takes the time from.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Fixed(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// The clock of the machine.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until [`Clock::advance`] or [`Clock::set`] moves it.
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self(Source::Fixed(Arc::new(Mutex::new(at))))
    }

    /// The present time, cut to microseconds as PostgreSQL keeps it, so that what was stored compares equal.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System => Utc::now(),
            Source::Fixed(at) => *at.lock().expect("the clock is never poisoned"),
        }
        .trunc_subsecs(6)
    }

    /// Moves a fixed clock forward; the system clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Source::Fixed(at) = &self.0 {
            *at.lock().expect("the clock is never poisoned") += by;
        }
    }

    /// Sets a fixed clock; the system clock stays as it is.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Source::Fixed(at) = &self.0 {
            *at.lock().expect("the clock is never poisoned") = to;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let start = DateTime::from_timestamp(1_800_000_000, 123_456_789).expect("a valid time");
        let clock = Clock::fixed(start);
        assert_eq!(clock.now(), start.trunc_subsecs(6));
        clock.advance(Duration::seconds(5));
        assert_eq!(clock.now(), (start + Duration::seconds(5)).trunc_subsecs(6));
    }
}
