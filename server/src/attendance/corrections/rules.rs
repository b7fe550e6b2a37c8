//! Pure rules of corrections.

use chrono::{DateTime, Duration, SubsecRound, Utc};

use super::model::NewCorrection;
use crate::{
    attendance::report::SpanTimes,
    http::{Checks, Result},
    meetings::model::{Meeting, State},
};

/// How long before its scheduled start, and after its end, somebody may have been at a meeting.
const AROUND: Duration = Duration::hours(24);

/// What is wanted of a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Somebody was there.
    There(SpanTimes),
    /// Nobody was.
    Void,
}

/// Whether a meeting has begun or is over, so that there is something to correct.
///
/// # Errors
/// The stable code and a sentence for people.
pub const fn may_correct(state: &State) -> Result<(), (&'static str, &'static str)> {
    match state {
        State::Scheduled => Err(("NOT_STARTED", "This meeting has not begun yet.")),
        State::Cancelled { .. } => Err(("MEETING_CANCELLED", "This meeting was called off.")),
        State::InProgress { .. } | State::Completed { .. } => Ok(()),
    }
}

/// What a correction of a meeting says, when it can be true.
///
/// # Errors
/// 422 with everything that cannot.
pub fn check(new: &NewCorrection, meeting: &Meeting, now: DateTime<Utc>) -> Result<Wanted> {
    let mut checks = Checks::default();
    checks.text(&new.reason, "/reason", 1..=500);
    let one = new.span_id.is_some() != new.user_id.is_some();
    checks.require(one, "/span_id", "INVALID", "Please name either a span or a member.");
    if new.void {
        checks.require(new.span_id.is_some(), "/span_id", "REQUIRED", "Only a span can be struck.");
        let none = new.joined_at.is_none() && new.left_at.is_none();
        checks.require(none, "/joined_at", "INVALID", "What is struck has no times.");
        checks.done()?;
        return Ok(Wanted::Void);
    }
    let earliest = meeting.scheduled_start - AROUND;
    let latest = now.min(end(meeting, now) + AROUND);
    for (at, pointer) in [(new.joined_at, "/joined_at"), (new.left_at, "/left_at")] {
        let Some(at) = at else {
            checks.require(false, pointer, "REQUIRED", "Please give both times.");
            continue;
        };
        checks.require(at <= now, pointer, "IN_THE_FUTURE", "Nobody knows yet who will be there.");
        let detail = "The time must lie within a day around the meeting.";
        checks.require(at > now || (earliest..=latest).contains(&at), pointer, "OUT_OF_RANGE", detail);
    }
    // The database keeps microseconds.
    let times = new.joined_at.zip(new.left_at).map(|(from, to)| (from.trunc_subsecs(6), to.trunc_subsecs(6)));
    let detail = "The end must lie after the beginning.";
    checks.require(times.is_none_or(|(from, to)| from < to), "/left_at", "INVALID", detail);
    checks.done()?;
    let (joined_at, left_at) = times.unwrap_or_default();
    Ok(Wanted::There(SpanTimes { joined_at, left_at }))
}

fn end(meeting: &Meeting, now: DateTime<Utc>) -> DateTime<Utc> {
    let scheduled = meeting.scheduled_end.unwrap_or(meeting.scheduled_start);
    match meeting.state {
        State::Completed { ended_at, .. } => ended_at.max(scheduled),
        _ => now.max(scheduled),
    }
}
