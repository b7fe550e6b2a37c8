//! The rules of presence: who counts as present, and whether enough members were there. Pure.

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::meetings::model::MeetingSettings;

/// A stretch of time, from its start to before its end.
pub type Stretch = (DateTime<Utc>, DateTime<Utc>);

/// What a meeting asks of presence.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// From which share of the meeting on somebody counts as present, in percent; `None` where any presence does.
    pub min_percent: Option<u8>,
    /// How many members must be there.
    pub quorum: Option<Need>,
}

/// How many members must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// So many.
    Members(u16),
    /// This share of those on the list, in percent.
    Percent(u8),
}

impl From<&MeetingSettings> for Rules {
    fn from(settings: &MeetingSettings) -> Self {
        let members = settings.quorum_members.map(Need::Members);
        let quorum = members.or(settings.quorum_percent.map(Need::Percent));
        Self { min_percent: settings.min_presence_percent, quorum }
    }
}

impl Need {
    /// How many that are when `invited` members are on the list; one at least.
    pub fn of(self, invited: usize) -> usize {
        match self {
            Self::Members(members) => members.into(),
            Self::Percent(percent) => (invited * usize::from(percent)).div_ceil(100).max(1),
        }
    }
}

/// Whether enough members were there. Members on the list count, each once; guests don't, nor does whoever is not (or no
/// longer) on the list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttendanceQuorum {
    /// How many must be there.
    pub needed: usize,
    /// Members on the list.
    pub invited: usize,
    /// The most of them who were there at one time.
    pub most_present: usize,
    /// Whether enough were ever there.
    pub was_reached: bool,
    /// When enough were there first.
    pub reached_at: Option<DateTime<Utc>>,
    /// How long enough were there, all in all.
    pub held_seconds: f64,
    /// From when to when enough were there, in their order.
    pub periods: Vec<QuorumPeriod>,
}

/// From when to when enough members were there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuorumPeriod {
    /// Since when.
    pub from: DateTime<Utc>,
    /// Until when; `null` while they are.
    pub to: Option<DateTime<Utc>>,
}

/// What share of a meeting somebody was there, 0 to 1: to four places, and never more than it was. Their stretches are
/// apart from each other; what lies outside of the meeting does not count.
pub fn share(presence: &[Stretch], meeting: Stretch) -> f64 {
    let (there, whole) = (covered(presence, meeting), micros(meeting.1 - meeting.0));
    if whole <= 0 {
        return if presence.is_empty() { 0.0 } else { 1.0 };
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 10000")]
    let share = (there * 10_000 / whole) as f64;
    share / 10_000.0
}

/// Whether somebody counts as present. Where a minimum is asked for, nobody does before the meeting began.
pub fn counts(presence: &[Stretch], meeting: Option<Stretch>, min_percent: Option<u8>) -> bool {
    match (min_percent, meeting) {
        _ if presence.is_empty() => false,
        (None, _) => true,
        (Some(_), None) => false,
        (Some(percent), Some(meeting)) => {
            covered(presence, meeting) * 100 >= micros(meeting.1 - meeting.0) * i128::from(percent)
        }
    }
}

fn covered(presence: &[Stretch], (from, to): Stretch) -> i128 {
    presence.iter().map(|(came, left)| micros(*left.min(&to) - *came.max(&from)).max(0)).sum()
}

fn micros(duration: Duration) -> i128 {
    duration.num_microseconds().map_or(i128::from(i64::MAX), i128::from)
}

/// How many are there from each moment on at which that changes. Whoever goes as another comes makes no difference.
pub fn levels(stretches: impl Iterator<Item = Stretch>) -> Vec<(DateTime<Utc>, usize)> {
    let mut changes: Vec<(DateTime<Utc>, i32)> =
        stretches.filter(|(from, to)| from < to).flat_map(|(from, to)| [(from, 1), (to, -1)]).collect();
    changes.sort_unstable();
    let mut there = 0;
    let mut levels = Vec::new();
    for at_once in changes.chunk_by(|one, other| one.0 == other.0) {
        there += at_once.iter().map(|(_, change)| change).sum::<i32>();
        levels.push((at_once[0].0, usize::try_from(there).unwrap_or(0)));
    }
    levels
}

/// Whether and when enough of the `members` on the list were in a meeting, which goes on when `is_on`.
pub fn quorum(need: Need, members: &[&[Stretch]], meeting: Option<Stretch>, is_on: bool) -> AttendanceQuorum {
    let needed = need.of(members.len());
    let within = |(from, to): Stretch| meeting.map(|(start, end)| (from.max(start), to.min(end)));
    let levels = levels(members.iter().copied().flatten().copied().filter_map(within));
    let mut held: Vec<Stretch> = Vec::new();
    for pair in levels.windows(2) {
        let ((from, there), (to, _)) = (pair[0], pair[1]);
        match held.last_mut() {
            _ if there < needed => {}
            Some((_, until)) if *until == from => *until = to,
            _ => held.push((from, to)),
        }
    }
    let seconds: f64 = held.iter().map(|(from, to)| (*to - *from).as_seconds_f64()).sum();
    let until = |to: DateTime<Utc>| Some(to).filter(|to| !is_on || meeting.is_none_or(|(_, now)| *to < now));
    AttendanceQuorum {
        needed,
        invited: members.len(),
        most_present: levels.iter().map(|(_, there)| *there).max().unwrap_or(0),
        was_reached: !held.is_empty(),
        reached_at: held.first().map(|(from, _)| *from),
        held_seconds: (seconds * 1000.0).round() / 1000.0,
        periods: held.into_iter().map(|(from, to)| QuorumPeriod { from, to: until(to) }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("a valid time")
    }

    fn stretch(from: i64, to: i64) -> Stretch {
        (at(from), at(to))
    }

    #[test]
    fn a_share_of_the_list_is_rounded_up() {
        assert_eq!([0, 1, 2, 3, 7, 10].map(|invited| Need::Percent(50).of(invited)), [1, 1, 1, 2, 4, 5]);
        assert_eq!([1, 3, 100].map(|invited| Need::Percent(100).of(invited)), [1, 3, 100]);
        assert_eq!(Need::Percent(67).of(3), 3);
        assert_eq!(Need::Members(4).of(2), 4);
    }

    #[test]
    fn the_limit_itself_counts() {
        let meeting = Some(stretch(0, 60));
        assert!(counts(&[stretch(0, 45)], meeting, Some(75)));
        assert!(!counts(&[stretch(0, 44)], meeting, Some(75)));
        assert!(counts(&[stretch(-30, 15), stretch(30, 90)], meeting, Some(75)), "what lies inside");
        assert!(!counts(&[], meeting, None) && counts(&[stretch(5, 5)], meeting, None), "any presence");
        assert!(!counts(&[stretch(0, 9)], None, Some(1)), "it never began");
        assert!(counts(&[stretch(0, 0)], Some(stretch(0, 0)), Some(100)), "it was over at once");
        assert!((share(&[stretch(0, 20)], stretch(0, 30)) - 0.6666).abs() < 1e-9, "never more than it was");
        assert_eq!((share(&[], stretch(0, 0)), share(&[stretch(0, 0)], stretch(0, 0))), (0.0, 1.0));
    }

    #[test]
    fn a_quorum_is_reached_lost_and_reached_again() {
        let (a, b, c) = ([stretch(0, 100)], [stretch(10, 40), stretch(60, 100)], [stretch(40, 50)]);
        let members: Vec<&[Stretch]> = vec![&a, &b, &c, &[]];
        let quorum = |meeting, is_on| super::quorum(Need::Percent(50), &members, meeting, is_on);
        let ended = quorum(Some(stretch(0, 100)), false);
        assert_eq!((ended.needed, ended.invited, ended.most_present), (2, 4, 2));
        let period = |from, to: Option<i64>| QuorumPeriod { from: at(from), to: to.map(at) };
        assert_eq!(ended.periods, [period(10, Some(50)), period(60, Some(100))], "one goes as another comes");
        assert_eq!((ended.was_reached, ended.reached_at), (true, Some(at(10))));
        assert!((ended.held_seconds - 80.0).abs() < 1e-9);
        let on = quorum(Some(stretch(0, 100)), true);
        assert_eq!(on.periods, [period(10, Some(50)), period(60, None)], "it still holds");
        let never = quorum(None, false);
        assert_eq!((never.most_present, never.was_reached, never.reached_at), (0, false, None));
    }

    fn any_stretches() -> impl Strategy<Value = Vec<Stretch>> {
        let any = proptest::collection::vec((1_i64..30, 0_i64..30), 0..5);
        // Apart and in order, as the presence of one person is.
        any.prop_map(|gaps| {
            let mut from = -20;
            gaps.into_iter()
                .map(|(gap, long)| {
                    from += gap;
                    let stretch = stretch(from, from + long);
                    from += long;
                    stretch
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn a_share_lies_between_nothing_and_all_and_grows_with_presence(
            presence in any_stretches(), long in 0_i64..90, percent in 1_u8..=100,
        ) {
            let meeting = stretch(0, long);
            let whole = share(&presence, meeting);
            prop_assert!((0.0..=1.0).contains(&whole));
            let mut before = 0.0;
            for upto in 0..=presence.len() {
                let part = share(&presence[..upto], meeting);
                prop_assert!(before <= part);
                before = part;
            }
            prop_assert!((0..long).all(|second| presence.iter().any(|(from, to)| *from <= at(second) && at(second) < *to))
                == ((whole - 1.0).abs() < 1e-9) || long == 0);
            // Whoever counts at a limit counts at every lower one.
            let counted = counts(&presence, Some(meeting), Some(percent));
            prop_assert!(!counted || counts(&presence, Some(meeting), Some(percent.max(2) - 1)));
            prop_assert!(!counted || counts(&presence, Some(meeting), None));
            prop_assert!(long == 0 || presence.is_empty() || counted == (whole * 100.0 + 1e-6 >= f64::from(percent)));
        }

        #[test]
        fn a_quorum_holds_exactly_while_enough_are_there(
            members in proptest::collection::vec(any_stretches(), 0..6), needed in 1_u16..5, long in 0_i64..90,
        ) {
            let members: Vec<&[Stretch]> = members.iter().map(Vec::as_slice).collect();
            let found = quorum(Need::Members(needed), &members, Some(stretch(0, long)), false);
            let there = |second| {
                let middle = at(second) + Duration::milliseconds(500);
                members.iter().filter(|one| one.iter().any(|(from, to)| *from < middle && middle < *to)).count()
            };
            let enough = (0..long).filter(|second| there(*second) >= usize::from(needed)).count();
            for second in 0..long {
                let middle = at(second) + Duration::milliseconds(500);
                let holds = found.periods.iter().any(|it| it.from < middle && it.to.is_some_and(|to| middle < to));
                prop_assert_eq!(holds, there(second) >= usize::from(needed));
            }
            #[expect(clippy::cast_precision_loss, reason = "at most 90")]
            let enough = enough as f64;
            prop_assert!((found.held_seconds - enough).abs() < 1e-9);
            prop_assert_eq!(found.most_present, (0..long).map(there).max().unwrap_or(0));
            prop_assert_eq!(found.was_reached, found.most_present >= usize::from(needed));
            prop_assert_eq!(found.reached_at, found.periods.first().map(|first| first.from));
            prop_assert!(found.periods.windows(2).all(|pair| pair[0].to.is_some_and(|to| to < pair[1].from)));
        }
    }
}
