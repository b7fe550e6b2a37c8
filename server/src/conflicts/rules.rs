//! Which times are free. Pure.

use chrono::{DateTime, Duration, DurationRound, Utc};

use super::model::Slot;

/// What proposed times begin at: five past, ten past.
const STEP: Duration = Duration::minutes(5);

/// Times that are taken, in order and without overlap.
#[derive(Debug, Default)]
pub struct Busy(Vec<Slot>);

impl Busy {
    /// The union of these.
    pub fn new(slots: impl IntoIterator<Item = Slot>) -> Self {
        let mut slots: Vec<_> = slots.into_iter().filter(|slot| slot.starts_at < slot.ends_at).collect();
        slots.sort_unstable_by_key(|slot| slot.starts_at);
        let mut union: Vec<Slot> = Vec::with_capacity(slots.len());
        for slot in slots {
            match union.last_mut() {
                Some(last) if slot.starts_at <= last.ends_at => last.ends_at = last.ends_at.max(slot.ends_at),
                _ => union.push(slot),
            }
        }
        Self(union)
    }

    /// Whether nothing of this time is taken.
    pub fn leaves(&self, slot: Slot) -> bool {
        // Of those that begin before its end, the last one ends last.
        let before = self.0.partition_point(|taken| taken.starts_at < slot.ends_at);
        before.checked_sub(1).is_none_or(|last| self.0[last].ends_at <= slot.starts_at)
    }

    /// The times that are taken, in order.
    pub fn slots(&self) -> &[Slot] {
        &self.0
    }
}

/// The free times nearest to a wanted one that last as long, at most `count`, the nearest first; of two that are as near,
/// the later. Those before `now`, and further away than `horizon`, are none.
///
/// A time that is as near as possible touches something that is taken, so only such are looked at; they are moved to
/// round times where there is room for it.
pub fn nearest(wanted: Slot, busy: &Busy, now: DateTime<Utc>, horizon: Duration, count: usize) -> Vec<Slot> {
    let lasts = wanted.ends_at - wanted.starts_at;
    let away = |starts_at: DateTime<Utc>| (starts_at - wanted.starts_at).abs();
    let behind = busy.slots().iter().map(|taken| rounded_up(taken.ends_at));
    let before =
        busy.slots().iter().filter_map(|taken| rounded_down(taken.starts_at.checked_sub_signed(lasts)?));
    let mut starts: Vec<_> = behind
        .chain(before)
        .filter(|starts_at| *starts_at >= now && away(*starts_at) <= horizon)
        .filter(|starts_at| busy.leaves(Slot { starts_at: *starts_at, ends_at: *starts_at + lasts }))
        .collect();
    starts.sort_unstable_by_key(|starts_at| (away(*starts_at), std::cmp::Reverse(*starts_at)));
    starts.dedup();
    starts.truncate(count);
    starts.into_iter().map(|starts_at| Slot { starts_at, ends_at: starts_at + lasts }).collect()
}

fn rounded_down(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    at.duration_trunc(STEP).ok()
}

fn rounded_up(at: DateTime<Utc>) -> DateTime<Utc> {
    rounded_down(at).map_or(at, |down| if down < at { down + STEP } else { down })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + 60 * minutes, 0).expect("a valid time")
    }

    fn slot(from: i64, to: i64) -> Slot {
        Slot { starts_at: at(from), ends_at: at(to) }
    }

    fn found(wanted: Slot, taken: &[Slot], now: i64) -> Vec<Slot> {
        nearest(wanted, &Busy::new(taken.iter().copied()), at(now), Duration::days(7), 3)
    }

    #[test]
    fn the_nearest_times_before_and_behind_are_proposed() {
        let taken = [slot(60, 120), slot(180, 240)];
        assert_eq!(found(slot(60, 120), &taken, -600), [slot(120, 180), slot(0, 60), slot(240, 300)]);
        assert_eq!(found(slot(60, 120), &taken, 0), [slot(120, 180), slot(0, 60), slot(240, 300)]);
        assert_eq!(found(slot(60, 120), &taken, 1), [slot(120, 180), slot(240, 300)]);
        // What does not fit between the two goes behind them.
        assert_eq!(found(slot(60, 150), &taken, 30), [slot(240, 330)]);
    }

    #[test]
    fn times_that_touch_do_not_overlap() {
        let busy = Busy::new([slot(60, 120)]);
        assert!(busy.leaves(slot(0, 60)) && busy.leaves(slot(120, 121)));
        assert!(!busy.leaves(slot(59, 61)) && !busy.leaves(slot(70, 80)) && !busy.leaves(slot(0, 500)));
    }

    fn slots() -> impl Strategy<Value = Vec<Slot>> {
        prop::collection::vec(
            (0_i64..3000, 1_i64..300).prop_map(|(from, lasts)| slot(from, from + lasts)),
            0..30,
        )
    }

    proptest! {
        #[test]
        fn what_is_proposed_is_free_round_and_no_further_than_what_is_not_proposed(
            taken in slots(), from in 0_i64..3000, lasts in 1_i64..300, now in 0_i64..3000,
        ) {
            let wanted = slot(from, from + lasts);
            let overlaps = |one: Slot| taken.iter().any(|other| other.overlaps(one));
            prop_assert_eq!(Busy::new(taken.clone()).leaves(wanted), !overlaps(wanted));
            let proposed = nearest(wanted, &Busy::new(taken.clone()), at(now), Duration::days(7), 3);
            for one in &proposed {
                prop_assert!(!overlaps(*one));
                prop_assert!(one.starts_at >= at(now));
                prop_assert_eq!(one.ends_at - one.starts_at, Duration::minutes(lasts));
                prop_assert_eq!(one.starts_at.timestamp() % STEP.num_seconds(), 0);
            }
            // Every round time that is free lies between two that are proposed or taken: the very nearest is among them.
            if overlaps(wanted) {
                let round = |minutes: i64| rounded_up(at(minutes));
                let free = |starts_at: DateTime<Utc>| Slot { starts_at, ends_at: starts_at + Duration::minutes(lasts) };
                let best = (0..4000).map(round).filter(|start| *start >= at(now) && !overlaps(free(*start)))
                    .map(|start| (start - wanted.starts_at).abs()).min();
                if now <= from {
                    prop_assert_eq!(proposed.first().map(|one| (one.starts_at - wanted.starts_at).abs()), best);
                }
            }
        }
    }
}
