//! Pure rules of speaking: what a device may tell.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{Checks, Result};

/// Most stretches that are told at once.
pub const MOST: usize = 200;

/// How long ago a stretch may have begun: a page tells twice a minute, and again when it could not.
const OLDEST: Duration = Duration::minutes(15);

/// By how much a device's clock may differ from ours before its times are moved, or refused.
const LEEWAY: Duration = Duration::seconds(5);

/// A stretch in which somebody spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpokenStretch {
    /// When it began.
    pub from: DateTime<Utc>,
    /// When it ended.
    pub to: DateTime<Utc>,
}

/// By how much a device's times have to be moved, which said that it is `sent_at` when it was `now`.
pub fn moved_by(sent_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Duration {
    sent_at.map(|said| now - said).filter(|off| off.abs() > LEEWAY).unwrap_or_default()
}

/// The stretches as our clock has them.
///
/// # Errors
/// 422 with pointers: too many, an end before the beginning, the future, too long ago.
pub fn accept(
    stretches: &[SpokenStretch],
    moved: Duration,
    now: DateTime<Utc>,
) -> Result<Vec<SpokenStretch>> {
    let mut checks = Checks::default();
    checks.require(
        stretches.len() <= MOST,
        "/stretches",
        "TOO_LONG",
        "At most 200 stretches are told at once.",
    );
    checks.done()?;
    let mut checks = Checks::default();
    let mut accepted = Vec::with_capacity(stretches.len());
    for (index, stretch) in stretches.iter().enumerate() {
        let at = |field: &str| format!("/stretches/{index}/{field}");
        let ends = stretch.from.checked_add_signed(moved).zip(stretch.to.checked_add_signed(moved));
        let Some((from, to)) = ends else {
            checks.require(false, &at("from"), "INVALID", "No calendar has this time.");
            continue;
        };
        checks.require(from < to, &at("to"), "INVALID", "A stretch ends after it begins.");
        checks.require(to <= now + LEEWAY, &at("to"), "IN_FUTURE", "Nobody has spoken in the future.");
        checks.require(from >= now - OLDEST, &at("from"), "TOO_OLD", "This was more than 15 minutes ago.");
        accepted.push(SpokenStretch { from, to });
    }
    checks.done()?;
    Ok(accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).expect("a valid time")
    }

    fn stretch(from: i64, to: i64) -> SpokenStretch {
        SpokenStretch { from: at(from), to: at(to) }
    }

    #[test]
    fn what_cannot_have_been_is_refused_with_a_pointer() {
        let faults = |stretches: &[SpokenStretch]| {
            accept(stretches, Duration::zero(), at(0)).map_err(|problem| {
                problem
                    .errors
                    .iter()
                    .map(|fault| format!("{} {}", fault.pointer, fault.code))
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(faults(&[stretch(-5_000, -1_000)]), Ok(vec![stretch(-5_000, -1_000)]));
        assert_eq!(faults(&[stretch(-900_000, 5_000)]).map(|it| it.len()), Ok(1), "to the edge");
        assert_eq!(faults(&[]), Ok(vec![]));
        for (wrong, fault) in [
            (stretch(-1_000, -1_000), "/stretches/1/to INVALID"),
            (stretch(-1_000, -2_000), "/stretches/1/to INVALID"),
            (stretch(-1_000, 5_001), "/stretches/1/to IN_FUTURE"),
            (stretch(-900_001, -1), "/stretches/1/from TOO_OLD"),
        ] {
            assert_eq!(faults(&[stretch(-2, -1), wrong]), Err(vec![fault.to_owned()]));
        }
        assert_eq!(faults(&vec![stretch(-2, -1); MOST]).map(|it| it.len()), Ok(MOST));
        assert_eq!(faults(&vec![stretch(-2, -1); MOST + 1]), Err(vec!["/stretches TOO_LONG".to_owned()]));
    }

    #[test]
    fn a_clock_that_is_wrong_is_put_right_and_one_that_is_nearly_right_is_left_alone() {
        assert_eq!(moved_by(None, at(0)), Duration::zero());
        assert_eq!(moved_by(Some(at(4_000)), at(0)), Duration::zero());
        let moved = moved_by(Some(at(3_600_000)), at(0));
        let told = stretch(3_590_000, 3_595_000);
        assert_eq!(accept(&[told], moved, at(0)).ok(), Some(vec![stretch(-10_000, -5_000)]));
        let end = SpokenStretch { from: DateTime::<Utc>::MAX_UTC, to: DateTime::<Utc>::MAX_UTC };
        assert!(accept(&[end], Duration::hours(1), at(0)).is_err());
    }
}
