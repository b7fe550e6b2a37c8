//! Callers that are no people, as an organization's admins see them: API keys of services, device tokens of tablets.

pub mod api_keys;
pub mod device_tokens;
mod store;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::http::{Checks, Result};

pub use store::Maker;

/// Longest that a secret works on after it was replaced.
const LONGEST_GRACE: u32 = 7 * 24 * 60 * 60;

/// How a secret is replaced.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct Rotation {
    /// Seconds that the secret before works on, at most a week; 0 when absent: it stops at once.
    #[serde(default)]
    pub grace_seconds: u32,
}

impl Rotation {
    /// Until when the secret before works; `None` when it stops at once.
    fn previous_until(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let fits = self.grace_seconds <= LONGEST_GRACE;
        let detail = "A secret that was replaced may work for a week at most.";
        Checks::default().require(fits, "/grace_seconds", "OUT_OF_RANGE", detail).done()?;
        Ok((self.grace_seconds > 0).then(|| now + Duration::seconds(self.grace_seconds.into())))
    }
}

/// Notes an end of life that lies in the past.
fn check_expiry(checks: &mut Checks, expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) {
    let fits = expires_at.is_none_or(|at| at > now);
    checks.require(fits, "/expires_at", "IN_THE_PAST", "The end must lie in the future.");
}

/// Tells `null` from absent.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}
