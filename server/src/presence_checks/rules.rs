//! When people are asked, and what becomes of it. Pure.

use chrono::{DateTime, Duration, Utc};
use kernel::ids::UserId;

use super::model::{CheckOutcome, CheckTally, Closed, Last, Time};
use crate::attendance::report::AttendanceSpan;

/// How often an hour may have a check that comes by itself.
pub const PER_HOUR: std::ops::RangeInclusive<u8> = 1..=12;
/// How long a check may be open, in seconds.
pub const SECONDS: std::ops::RangeInclusive<u16> = 20..=300;
/// How long it is open where nothing else is said.
pub const TIME_TO_ANSWER: Duration = Duration::seconds(60);
/// A meeting's first minutes, in which nobody is asked.
const FIRST: Duration = Duration::minutes(2);
/// The least time from one check to a next one that comes by itself.
const APART: Duration = Duration::minutes(2);

/// The slot in which `now` lies: an hour from the beginning of the meeting on has `per_hour` of them. `None` before it.
fn slot(per_hour: u8, started_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Duration)> {
    let length = 3_600_000 / i64::from(per_hour.max(1));
    let passed = (now - started_at).num_milliseconds();
    let begins_at = started_at + Duration::milliseconds(passed / length * length);
    (passed >= 0).then_some((begins_at, Duration::milliseconds(length)))
}

/// The moment of a slot. It keeps half of the distance from either end, so that moments of neighbors are far enough apart.
fn moment(slot: DateTime<Utc>, length: Duration, is_first: bool, chance: u64) -> DateTime<Utc> {
    let earliest = if is_first { FIRST } else { APART / 2 };
    let room = (length - APART / 2 - earliest).num_milliseconds();
    let offset = i128::from(room) * i128::from(chance) / (i128::from(u64::MAX) + 1);
    slot + earliest + Duration::milliseconds(i64::try_from(offset).unwrap_or(0))
}

/// The slot whose check is to be opened now, if one is: each has one, after its moment, and not shortly after another.
pub fn due(
    per_hour: u8,
    started_at: DateTime<Utc>,
    last: Last,
    now: DateTime<Utc>,
    chance: impl Fn(DateTime<Utc>) -> u64,
) -> Option<DateTime<Utc>> {
    let (begins_at, length) = slot(per_hour, started_at, now)?;
    let is_new = last.slot.is_none_or(|done| done < begins_at);
    let is_apart = last.opened_at.is_none_or(|opened| now >= opened + APART);
    let moment = moment(begins_at, length, begins_at == started_at, chance(begins_at));
    (is_new && is_apart && now >= moment).then_some(begins_at)
}

/// What became of a check for somebody who was asked; `stayed` tells whether they were in the room at the end of its time.
pub fn outcome(time: Time, has_confirmed: bool, stayed: bool) -> CheckOutcome {
    match time.closed_at {
        _ if has_confirmed => CheckOutcome::Confirmed,
        None => CheckOutcome::Asked,
        Some(closed_at) if stayed && closed_at >= time.closes_at => CheckOutcome::Missed,
        Some(_) => CheckOutcome::Left,
    }
}

/// What a person made of closed checks, by when they were in the room.
pub fn tally(checks: &[Closed], person: UserId, spans: &[AttendanceSpan]) -> CheckTally {
    let stayed = |until| {
        spans
            .iter()
            .any(|span| span.joined_at <= until && span.left_at.is_none_or(|left_at| left_at >= until))
    };
    let mut tally = CheckTally::default();
    for check in checks {
        let has_confirmed = check.confirmed.contains(&person);
        if !has_confirmed && !check.asked.contains(&person) {
            continue;
        }
        match outcome(check.time, has_confirmed, stayed(check.time.closes_at)) {
            CheckOutcome::Confirmed => {
                tally.asked += 1;
                tally.confirmed += 1;
            }
            CheckOutcome::Missed => tally.asked += 1,
            CheckOutcome::Asked | CheckOutcome::Left => {}
        }
    }
    tally
}

/// Why a check cannot be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unconfirmed {
    /// Its time is over.
    Closed,
    /// Who confirms is not in the room.
    Absent,
}

/// Whether somebody who has not confirmed yet may at `now`: whoever is in the room, asked or not, until it closes.
pub fn may_confirm(time: Time, is_there: bool, now: DateTime<Utc>) -> Result<(), Unconfirmed> {
    if time.closed_at.is_some() || now >= time.closes_at {
        return Err(Unconfirmed::Closed);
    }
    if is_there { Ok(()) } else { Err(Unconfirmed::Absent) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use kernel::ids::SpanId;
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("a valid time")
    }

    fn person(number: u128) -> UserId {
        UserId(uuid::Uuid::from_u128(number))
    }

    /// When checks open that a worker looks for every `step` seconds.
    fn opened(per_hour: u8, seed: u64, step: i64, until: i64, by_hand: &[i64]) -> Vec<(i64, bool)> {
        let chance = |slot: DateTime<Utc>| {
            // Any function will do that scatters.
            (slot.timestamp_millis().unsigned_abs() ^ seed)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .rotate_left(23)
                .wrapping_mul(0xD1B5_4A32_D192_ED03)
        };
        let (mut last, mut found) = (Last::default(), Vec::new());
        for second in (0..until).step_by(usize::try_from(step).expect("small")) {
            if by_hand.contains(&second) {
                last.opened_at = Some(at(second));
                found.push((second, false));
            }
            if let Some(slot) = due(per_hour, at(0), last, at(second), chance) {
                last = Last { slot: Some(slot), opened_at: Some(at(second)) };
                found.push((second, true));
            }
        }
        found
    }

    proptest! {
        #[test]
        fn each_slot_has_one_check_and_they_are_apart(per_hour in PER_HOUR, seed: u64, step in 1_i64..5) {
            let hours = 3;
            let times: Vec<i64> = opened(per_hour, seed, step, hours * 3600, &[]).iter().map(|it| it.0).collect();
            prop_assert_eq!(times.len(), usize::from(per_hour) * 3);
            prop_assert!(times[0] >= 120, "not in the first two minutes");
            prop_assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 120), "{:?}", times);
            let length = 3_600_000 / i64::from(per_hour);
            for (number, time) in (0_i64..).zip(&times) {
                let place = time * 1000 - number * length;
                prop_assert!((60_000..=length - 60_000 + step * 1000).contains(&place), "{time} in slot {number}");
            }
        }

        #[test]
        fn what_a_host_asks_moves_what_comes_by_itself(per_hour in PER_HOUR, seed: u64, by_hand in proptest::collection::vec(0_i64..7200, 0..6)) {
            let found = opened(per_hour, seed, 1, 7200, &by_hand);
            for pair in found.windows(2) {
                prop_assert!(!pair[1].1 || pair[1].0 - pair[0].0 >= 120, "{:?}", found);
            }
            let by_themselves = found.iter().filter(|it| it.1).count();
            prop_assert!(by_themselves <= usize::from(per_hour) * 2);
        }

        #[test]
        fn a_moment_lies_in_its_slot_whatever_chance_says(per_hour in PER_HOUR, chance: u64, second in 0_i64..100_000) {
            let (begins_at, length) = slot(per_hour, at(0), at(second)).expect("it has begun");
            prop_assert!(begins_at <= at(second) && at(second) < begins_at + length + Duration::seconds(1));
            let is_first = begins_at == at(0);
            let moment = moment(begins_at, length, is_first, chance);
            let least = if is_first { FIRST } else { APART / 2 };
            prop_assert!(moment >= begins_at + least);
            prop_assert!(moment <= begins_at + length - APART / 2);
        }

        #[test]
        fn a_tally_counts_what_was_theirs_to_confirm(rows in proptest::collection::vec((any::<bool>(), any::<bool>(), any::<bool>()), 0..20)) {
            // Of each check: whether they were asked, have confirmed, and were there at its end.
            let (mut checks, mut spans) = (Vec::new(), Vec::new());
            for (number, (asked, confirmed, stayed)) in (0_i64..).zip(&rows) {
                let (opened, closes) = (number * 1000, number * 1000 + 60);
                let all = |is: &bool| -> HashSet<UserId> { is.then_some(person(1)).into_iter().collect() };
                let time = Time { closes_at: at(closes), closed_at: Some(at(closes)) };
                checks.push(Closed { time, asked: all(asked), confirmed: all(confirmed) });
                let left_at = Some(at(closes - 1 + i64::from(*stayed)));
                spans.push(span(at(opened), left_at));
            }
            let tally = tally(&checks, person(1), &spans);
            prop_assert_eq!(tally.confirmed, rows.iter().filter(|it| it.1).count());
            prop_assert_eq!(tally.asked, rows.iter().filter(|it| it.1 || it.0 && it.2).count());
            prop_assert_eq!(super::tally(&checks, person(2), &spans), CheckTally::default());
        }
    }

    fn span(joined_at: DateTime<Utc>, left_at: Option<DateTime<Utc>>) -> AttendanceSpan {
        let id = SpanId(uuid::Uuid::nil());
        AttendanceSpan {
            id,
            joined_at,
            left_at,
            how_closed: None,
            exact_within_seconds: None,
            correction: None,
        }
    }

    #[test]
    fn chance_moves_the_moment_over_the_whole_slot() {
        let (begins_at, length) = slot(4, at(0), at(1000)).expect("it has begun");
        assert_eq!((begins_at, length), (at(900), Duration::minutes(15)));
        assert_eq!(moment(begins_at, length, false, 0), at(960));
        assert_eq!(moment(begins_at, length, false, u64::MAX / 2 + 1), at(960 + 390));
        assert!(moment(begins_at, length, false, u64::MAX) > at(1738));
        assert_eq!(slot(4, at(0), at(-1)), None, "it has not begun");
        assert_eq!(due(4, at(0), Last::default(), at(60), |_| 0), None);
        assert_eq!(due(4, at(0), Last::default(), at(120), |_| 0), Some(at(0)));
        let done = Last { slot: Some(at(0)), opened_at: Some(at(120)) };
        assert_eq!(due(4, at(0), done, at(899), |_| 0), None, "each slot has one");
        assert_eq!(due(4, at(0), done, at(960), |_| 0), Some(at(900)));
        // Nobody looked for a while: what is over is over, and the slot that is now has its check.
        assert_eq!(due(4, at(0), done, at(9_100), |_| 0), Some(at(9_000)));
    }

    #[test]
    fn what_becomes_of_a_check_is_told_by_who_stayed() {
        let time = |closed| Time { closes_at: at(60), closed_at: closed };
        assert_eq!(outcome(time(None), false, true), CheckOutcome::Asked);
        assert_eq!(outcome(time(None), true, true), CheckOutcome::Confirmed);
        assert_eq!(outcome(time(Some(at(60))), true, false), CheckOutcome::Confirmed);
        assert_eq!(outcome(time(Some(at(60))), false, true), CheckOutcome::Missed);
        assert_eq!(outcome(time(Some(at(60))), false, false), CheckOutcome::Left);
        assert_eq!(outcome(time(Some(at(30))), false, true), CheckOutcome::Left, "the meeting ended");
    }

    #[test]
    fn one_confirms_in_time_and_in_the_room() {
        let open = Time { closes_at: at(60), closed_at: None };
        assert_eq!(may_confirm(open, true, at(59)), Ok(()));
        assert_eq!(may_confirm(open, false, at(59)), Err(Unconfirmed::Absent));
        assert_eq!(may_confirm(open, true, at(60)), Err(Unconfirmed::Closed));
        let closed = Time { closed_at: Some(at(30)), ..open };
        assert_eq!(may_confirm(closed, true, at(40)), Err(Unconfirmed::Closed));
    }
}
