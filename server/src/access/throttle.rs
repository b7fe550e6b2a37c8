//! How often something may be tried: per process, counted per key.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};
use kernel::db;
use moka::future::Cache;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use crate::http::{Problem, Result};

/// Everything that is throttled.
pub struct Throttles {
    /// Wrong passwords, per client and account.
    pub passwords: Throttle,
    /// Wrong codes of the second factor, per account.
    pub codes: Throttle,
    /// Asking for a new password, per address.
    pub resets_of_address: Throttle,
    /// Asking for a new password, per client.
    pub resets_by_client: Throttle,
    /// What somebody says in a meeting, reactions and hands included: a flood drowns what others say.
    pub messages: Pace,
    /// When somebody spoke in a meeting, told by their device.
    pub speaking: Pace,
}

impl Default for Throttles {
    fn default() -> Self {
        Self {
            passwords: Throttle::new(5, Duration::from_mins(1)),
            codes: Throttle::new(5, Duration::from_mins(5)),
            resets_of_address: Throttle::new(3, Duration::from_mins(15)),
            resets_by_client: Throttle::new(30, Duration::from_mins(15)),
            messages: Pace::new(Quota::per_second(MESSAGES_PER_SECOND), MESSAGES_AT_ONCE),
            speaking: Pace::new(Quota::per_minute(SPEAKING_PER_MINUTE), SPEAKING_PER_MINUTE),
        }
    }
}

/// More than anybody types, and enough for a program that reads something out.
const MESSAGES_PER_SECOND: NonZeroU32 = NonZeroU32::new(3).expect("not zero");
const MESSAGES_AT_ONCE: NonZeroU32 = NonZeroU32::new(30).expect("not zero");

/// A page tells twice a minute, and a person may have two of them and come and go.
const SPEAKING_PER_MINUTE: NonZeroU32 = NonZeroU32::new(12).expect("not zero");

/// So many keys are kept before those that are at rest are forgotten.
const MOST_KEYS: usize = 100_000;

/// A steady pace with room for a burst, per meeting and person.
pub struct Pace {
    limiter: DefaultKeyedRateLimiter<(Uuid, Uuid)>,
}

impl Pace {
    fn new(pace: Quota, at_once: NonZeroU32) -> Self {
        Self { limiter: DefaultKeyedRateLimiter::keyed(pace.allow_burst(at_once)) }
    }

    /// Counts one.
    ///
    /// # Errors
    /// 429 when they come too fast; then it does not count.
    pub fn keep(&self, meeting: Uuid, person: Uuid) -> Result<()> {
        if self.limiter.len() > MOST_KEYS {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&(meeting, person)).map_err(|early| {
            let wait = early.wait_time_from(DefaultClock::default().now());
            Problem::limited(wait.as_secs() + 1)
        })
    }
}

/// How many do something at once. The others wait, so that a rush neither takes all connections to the database nor runs
/// out of time for one.
pub struct Turns(Semaphore);

impl Turns {
    /// So many at once.
    pub const fn new(at_once: usize) -> Self {
        Self(Semaphore::const_new(at_once))
    }

    /// Waits for a turn, which ends with what this gives; whoever has a connection already needs none.
    ///
    /// # Errors
    /// None: turns are never closed.
    pub async fn take(&self) -> Result<Option<SemaphorePermit<'_>>> {
        if db::is_lent() {
            return Ok(None);
        }
        self.0.acquire().await.map(Some).map_err(Problem::internal)
    }
}

/// At most so many attempts; the window begins anew with each.
pub struct Throttle {
    most: u32,
    window: Duration,
    attempts: Cache<String, u32>,
}

impl Throttle {
    fn new(most: u32, window: Duration) -> Self {
        let attempts = Cache::builder().time_to_live(window).max_capacity(100_000).build();
        Self { most, window, attempts }
    }

    /// Counts an attempt, so that attempts made at once are all counted.
    ///
    /// # Errors
    /// 429 when there were too many; then it does not count.
    pub async fn attempt(&self, key: &str) -> Result<()> {
        let mut allowed = false;
        let count = |entry: Option<moka::Entry<String, u32>>| {
            let before = entry.map_or(0, moka::Entry::into_value);
            allowed = before < self.most;
            std::future::ready(if allowed {
                moka::ops::compute::Op::Put(before + 1)
            } else {
                moka::ops::compute::Op::Nop
            })
        };
        self.attempts.entry_by_ref(key).and_compute_with(count).await;
        if allowed { Ok(()) } else { Err(Problem::limited(self.window.as_secs())) }
    }

    /// An attempt went well: those before it are forgotten.
    pub async fn forget(&self, key: &str) {
        self.attempts.invalidate(key).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn attempts_made_at_once_are_all_counted() {
        let throttle = Throttle::new(5, Duration::from_mins(1));
        let tries = futures::future::join_all((0..20).map(|_| throttle.attempt("a"))).await;
        assert_eq!(tries.iter().filter(|tried| tried.is_ok()).count(), 5);
        assert!(throttle.attempt("b").await.is_ok(), "another key is free");
        throttle.forget("a").await;
        assert!(throttle.attempt("a").await.is_ok());
    }

    #[test]
    fn a_burst_passes_and_a_flood_does_not() {
        let pace = Throttles::default().messages;
        let (meeting, other, person) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let passed = (0..100).filter(|_| pace.keep(meeting, person).is_ok()).count();
        assert!((30..=32).contains(&passed), "{passed} passed");
        let refused = pace.keep(meeting, person).expect_err("too fast");
        assert_eq!((refused.code, refused.retry_after), ("RATE_LIMITED", Some(1)));
        assert!(pace.keep(other, person).is_ok() && pace.keep(meeting, other).is_ok(), "others are free");
    }
}
