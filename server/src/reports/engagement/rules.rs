//! The points. Pure.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    reports::activity::rules::{HANDS_AN_HOUR, MESSAGES_AN_HOUR, SPEAKING_SHARE, Sums},
    settings::{Settings, model::EngagementWeights},
};

/// What points are given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngagementTopic {
    /// Coming to meetings. What one was excused from does not count.
    Attendance,
    /// Coming in time. Coming late while excused counts as in time.
    Punctuality,
    /// Staying: the time in the meetings that one came to.
    Presence,
    /// Chat messages.
    Messages,
    /// Raised hands.
    Hands,
    /// Speaking.
    Speaking,
}

/// Which of the two a part belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngagementSide {
    /// Being there, and in time.
    Reputation,
    /// Taking part.
    Engagement,
}

/// One part of somebody's points, explained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct EngagementPart {
    /// What for.
    pub topic: EngagementTopic,
    /// What it belongs to.
    pub side: EngagementSide,
    /// What they did: meetings, seconds, messages or hands. Messages, hands and speaking are what counts of them: in each
    /// meeting at most what is enough.
    pub value: f64,
    /// What gives all 100 points; 0 when there is nothing to measure by.
    pub reference: f64,
    /// What they did in all, where it may be more than what counts.
    pub total: f64,
    /// How much the organization makes of it, 0 to 10.
    pub weight: u8,
    /// 0 to 100; `null` when there is nothing to measure by.
    pub points: Option<f64>,
}

/// Somebody's points, each 0 to 100; `null` where there is nothing to measure by, or it weighs nothing.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EngagementScore {
    /// All parts by their weights.
    pub score: Option<f64>,
    /// Attendance and punctuality by their weights.
    pub reputation: Option<f64>,
    /// The other parts by their weights.
    pub engagement: Option<f64>,
    /// The parts.
    pub parts: Vec<EngagementPart>,
}

/// Whether the organization wants points at all: it can switch them off, and without any weight there are none.
pub fn is_on(settings: &Settings) -> bool {
    let EngagementWeights { attendance, punctuality, presence, messages, hands, speaking } =
        settings.engagement_weights;
    settings.engagement && [attendance, punctuality, presence, messages, hands, speaking] != [0; 6]
}

/// Somebody's points. Each part is the share of what is enough, so that more of it never gives less.
pub fn score(sums: &Sums, weights: EngagementWeights) -> EngagementScore {
    let hours = sums.present_seconds / 3600.0;
    let part = |topic, value: f64, total: f64, reference: f64, weight| {
        let side = match topic {
            EngagementTopic::Attendance | EngagementTopic::Punctuality => EngagementSide::Reputation,
            _ => EngagementSide::Engagement,
        };
        let points = (reference > 0.0).then(|| tenths((100.0 * value / reference).clamp(0.0, 100.0)));
        EngagementPart {
            topic,
            side,
            value: tenths(value),
            reference: tenths(reference),
            total: tenths(total),
            weight,
            points,
        }
    };
    let (attended, came_late) = (number(sums.attended), number(sums.late - sums.late_excused));
    let expected = number(sums.attended + sums.absent);
    let speaking = SPEAKING_SHARE * sums.present_seconds;
    let parts = vec![
        part(EngagementTopic::Attendance, attended, attended, expected, weights.attendance),
        part(EngagementTopic::Punctuality, attended - came_late, attended, attended, weights.punctuality),
        part(
            EngagementTopic::Presence,
            sums.present_seconds,
            sums.duration_seconds,
            sums.offered_seconds,
            weights.presence,
        ),
        part(
            EngagementTopic::Messages,
            sums.messages_counted,
            number(sums.messages),
            MESSAGES_AN_HOUR * hours,
            weights.messages,
        ),
        part(
            EngagementTopic::Hands,
            sums.hands_counted,
            number(sums.hands),
            HANDS_AN_HOUR * hours,
            weights.hands,
        ),
        part(
            EngagementTopic::Speaking,
            sums.speaking_counted,
            sums.speaking_seconds,
            speaking,
            weights.speaking,
        ),
    ];
    let of = |side| mean(parts.iter().filter(|part| part.side == side));
    EngagementScore {
        score: mean(parts.iter()),
        reputation: of(EngagementSide::Reputation),
        engagement: of(EngagementSide::Engagement),
        parts,
    }
}

/// The mean by weights, of the parts that can be measured.
fn mean<'a>(parts: impl Iterator<Item = &'a EngagementPart>) -> Option<f64> {
    let (sum, weights) = parts
        .filter_map(|part| part.points.map(|points| (points, f64::from(part.weight))))
        .fold((0.0, 0.0), |(sum, weights), (points, weight)| (points.mul_add(weight, sum), weights + weight));
    (weights > 0.0).then(|| tenths(sum / weights))
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[expect(clippy::cast_precision_loss, reason = "nobody goes to 2^52 meetings")]
fn number(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVENLY: EngagementWeights =
        EngagementWeights { attendance: 1, punctuality: 1, presence: 1, messages: 1, hands: 1, speaking: 1 };

    fn points(score: &EngagementScore) -> Vec<Option<f64>> {
        score.parts.iter().map(|part| part.points).collect()
    }

    /// Somebody who was invited to eight meetings of an hour.
    fn somebody() -> Sums {
        Sums {
            invited: 8,
            attended: 4,
            absent: 1,
            excused: 3,
            late: 2,
            late_excused: 1,
            duration_seconds: 12_000.0,
            present_seconds: 10_800.0,
            offered_seconds: 14_400.0,
            messages: 500,
            messages_counted: 3.0,
            hands: 3,
            hands_counted: 3.0,
            speaking_seconds: 270.0,
            speaking_counted: 270.0,
            ..Sums::default()
        }
    }

    #[test]
    fn each_part_is_a_share_of_what_is_enough() {
        let found = score(&somebody(), EVENLY);
        assert_eq!(points(&found), [Some(80.0), Some(75.0), Some(75.0), Some(50.0), Some(100.0), Some(50.0)]);
        assert_eq!((found.reputation, found.engagement, found.score), (Some(77.5), Some(68.8), Some(71.7)));
        let messages = found.parts[3];
        assert_eq!((messages.value, messages.reference, messages.total), (3.0, 6.0, 500.0));
    }

    #[test]
    fn a_weight_of_nothing_leaves_a_part_out_and_nothing_is_measured_by_nothing() {
        let only = EngagementWeights { punctuality: 7, ..EngagementWeights::NONE };
        let found = score(&somebody(), only);
        assert_eq!((found.score, found.reputation, found.engagement), (Some(75.0), Some(75.0), None));
        let absent = score(&Sums { invited: 2, excused: 2, ..Sums::default() }, EVENLY);
        assert_eq!((absent.score, points(&absent)), (None, vec![None; 6]));
        let never = score(&Sums { invited: 2, absent: 2, ..Sums::default() }, EVENLY);
        assert_eq!((never.score, never.engagement), (Some(0.0), None));
    }

    #[test]
    fn it_can_be_switched_off() {
        let on = Settings::default();
        assert!(is_on(&on));
        assert!(!is_on(&Settings { engagement: false, ..on.clone() }));
        assert!(!is_on(&Settings { engagement_weights: EngagementWeights::NONE, ..on.clone() }));
        assert!(is_on(&Settings {
            engagement_weights: EngagementWeights { hands: 1, ..EngagementWeights::NONE },
            ..on
        }));
    }

    /// One meeting of somebody: its seconds, whether they came, were late, were excused, stayed how long, and did what.
    type Meeting = (f64, bool, bool, bool, f64, i64, i64, f64);

    fn sums((length, came, late, is_excused, stayed, messages, hands, speaking): Meeting) -> Sums {
        if !came {
            return Sums {
                invited: 1,
                absent: i64::from(!is_excused),
                excused: i64::from(is_excused),
                ..Sums::default()
            };
        }
        let present = (stayed * length).min(length);
        let hours = present / 3600.0;
        Sums {
            invited: 1,
            attended: 1,
            late: i64::from(late),
            late_excused: i64::from(late && is_excused),
            duration_seconds: stayed * length,
            present_seconds: present,
            offered_seconds: if is_excused { present } else { length },
            messages,
            messages_counted: number(messages).min(MESSAGES_AN_HOUR * hours),
            hands,
            hands_counted: number(hands).min(HANDS_AN_HOUR * hours),
            speaking_seconds: speaking,
            speaking_counted: speaking.min(SPEAKING_SHARE * present),
            ..Sums::default()
        }
    }

    fn meeting() -> impl Strategy<Value = Meeting> {
        (
            1.0..20_000.0,
            any::<bool>(),
            any::<bool>(),
            any::<bool>(),
            0.0..1.5,
            0_i64..10_000,
            0_i64..50,
            0.0..9000.0,
        )
    }

    fn weights() -> impl Strategy<Value = EngagementWeights> {
        proptest::array::uniform6(0_u8..=10).prop_map(
            |[attendance, punctuality, presence, messages, hands, speaking]| EngagementWeights {
                attendance,
                punctuality,
                presence,
                messages,
                hands,
                speaking,
            },
        )
    }

    fn all(meetings: &[Meeting]) -> Sums {
        meetings.iter().copied().map(sums).fold(Sums::default(), Sums::and)
    }

    proptest! {
        #[test]
        fn points_are_between_nothing_and_a_hundred(meetings in proptest::collection::vec(meeting(), 0..20), weights in weights()) {
            let found = score(&all(&meetings), weights);
            let totals = [found.score, found.reputation, found.engagement];
            for points in points(&found).into_iter().chain(totals).flatten() {
                prop_assert!((0.0..=100.0).contains(&points));
            }
            prop_assert_eq!(found.score.is_some(), found.reputation.is_some() || found.engagement.is_some());
        }

        #[test]
        fn doing_more_never_gives_less(meetings in proptest::collection::vec(meeting(), 1..20), weights in weights(), which in any::<prop::sample::Index>()) {
            let before = score(&all(&meetings), weights).score;
            let at = which.index(meetings.len());
            let better = |change: &dyn Fn(&mut Meeting)| {
                let mut meetings = meetings.clone();
                change(&mut meetings[at]);
                score(&all(&meetings), weights).score
            };
            for after in [
                better(&|it| it.2 = false),
                better(&|it| it.5 += 1),
                better(&|it| it.6 += 1),
                better(&|it| it.7 += 60.0),
            ] {
                prop_assert!(after >= before, "{:?} after {:?}", after, before);
            }
        }

        #[test]
        fn an_excuse_never_harms(meetings in proptest::collection::vec(meeting(), 1..20), weights in weights(), which in any::<prop::sample::Index>()) {
            let at = which.index(meetings.len());
            let with = |is_excused| {
                let mut meetings = meetings.clone();
                meetings[at].3 = is_excused;
                score(&all(&meetings), weights)
            };
            let (excused, not) = (with(true), with(false));
            for (excused, not) in points(&excused).into_iter().zip(points(&not)) {
                prop_assert!(excused.is_none_or(|points| points >= not.unwrap_or(0.0)));
            }
        }

        #[test]
        fn one_flood_does_not_speak_for_other_meetings(messages in 2_i64..100_000) {
            let flooded = (3600.0, true, false, false, 1.0, messages, 0, 0.0);
            let silent = (3600.0, true, false, false, 1.0, 0, 0, 0.0);
            let found = score(&all(&[flooded, silent, silent, silent]), EVENLY);
            prop_assert_eq!(found.parts[3].points, Some(25.0));
        }
    }
}
