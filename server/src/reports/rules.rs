//! The figures of reports. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is counted of some meetings.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Count {
    pub meetings: i64,
    pub held: i64,
    pub cancelled: i64,
    pub no_shows: i64,
    pub invited: i64,
    pub attended: i64,
    pub late: i64,
    pub seconds: f64,
}

impl Count {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            meetings: self.meetings + other.meetings,
            held: self.held + other.held,
            cancelled: self.cancelled + other.cancelled,
            no_shows: self.no_shows + other.no_shows,
            invited: self.invited + other.invited,
            attended: self.attended + other.attended,
            late: self.late + other.late,
            seconds: self.seconds + other.seconds,
        }
    }
}

/// The figures of some meetings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Figures {
    /// Meetings that were scheduled.
    pub meetings: i64,
    /// Meetings that took place, or do now.
    pub held: i64,
    /// Meetings that were called off.
    pub cancelled: i64,
    /// Meetings to which nobody came.
    pub no_shows: i64,
    /// Invitations to the meetings of which attendance was kept.
    pub invited: i64,
    /// Invitations that somebody followed.
    pub attended: i64,
    /// Times that somebody came late.
    pub late: i64,
    /// The share of invitations that somebody followed, 0 to 1; `null` without any.
    pub attendance_rate: Option<f64>,
    /// How long those who came stayed on average, in seconds; `null` when nobody came.
    pub average_duration_seconds: Option<f64>,
}

impl From<Count> for Figures {
    fn from(count: Count) -> Self {
        Self {
            meetings: count.meetings,
            held: count.held,
            cancelled: count.cancelled,
            no_shows: count.no_shows,
            invited: count.invited,
            attended: count.attended,
            late: count.late,
            attendance_rate: share(count.attended, count.invited),
            average_duration_seconds: per(count.seconds, count.attended),
        }
    }
}

/// What share `part` is of `whole`, to four places.
pub fn share(part: i64, whole: i64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "no organization has 2^52 meetings")]
    let part = part as f64;
    per(part * 10_000.0, whole).map(|share| share.round() / 10_000.0)
}

fn per(sum: f64, count: i64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "no organization has 2^52 meetings")]
    let divisor = count as f64;
    (count > 0).then(|| (sum / divisor * 1000.0).round() / 1000.0)
}

/// How a member did at one meeting.
#[expect(clippy::struct_excessive_bools, reason = "each is seen by itself")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    pub is_held: bool,
    pub is_attended: bool,
    pub is_late: bool,
    pub left_early: bool,
    pub is_excused: bool,
    pub seconds: f64,
    pub messages: i64,
    pub hands: i64,
}

/// The figures of a member.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct MemberFigures {
    /// Meetings that they were invited to and that took place in the room.
    pub invited: i64,
    /// Of these, the ones they came to, however long they stayed.
    pub attended: i64,
    /// Of all, the ones they did not come to, excused or not.
    pub absent: i64,
    /// Of these, the ones that they were excused from.
    pub excused: i64,
    /// Times that they came late.
    pub late: i64,
    /// Times that they left before the end.
    pub left_early: i64,
    /// The share of meetings that they came to, 0 to 1; `null` without any. What they were excused from counts as not
    /// attended, and how long they stayed does not matter.
    pub attendance_rate: Option<f64>,
    /// The share of meetings that they came to in time, of those they came to; `null` without any.
    pub punctuality_rate: Option<f64>,
    /// How long they were there, in seconds.
    pub duration_seconds: f64,
    /// Chat messages they wrote.
    pub messages_sent: i64,
    /// How often they raised a hand.
    pub hand_raised_count: i64,
}

/// Counts what a member did. What has not taken place counts for nothing.
pub fn member_figures(parts: impl Iterator<Item = Part>) -> MemberFigures {
    let none = MemberFigures {
        invited: 0,
        attended: 0,
        absent: 0,
        excused: 0,
        late: 0,
        left_early: 0,
        attendance_rate: None,
        punctuality_rate: None,
        duration_seconds: 0.0,
        messages_sent: 0,
        hand_raised_count: 0,
    };
    let mut sum = parts.filter(|part| part.is_held).fold(none, |sum, part| MemberFigures {
        invited: sum.invited + 1,
        attended: sum.attended + i64::from(part.is_attended),
        absent: sum.absent + i64::from(!part.is_attended),
        excused: sum.excused + i64::from(!part.is_attended && part.is_excused),
        late: sum.late + i64::from(part.is_late),
        left_early: sum.left_early + i64::from(part.left_early),
        duration_seconds: sum.duration_seconds + part.seconds,
        messages_sent: sum.messages_sent + part.messages,
        hand_raised_count: sum.hand_raised_count + part.hands,
        ..sum
    });
    sum.attendance_rate = share(sum.attended, sum.invited);
    sum.punctuality_rate = share(sum.attended - sum.late, sum.attended);
    sum.duration_seconds = (sum.duration_seconds * 1000.0).round() / 1000.0;
    sum
}

/// In which way somebody was not at a meeting as planned.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "absence_kind", rename_all = "snake_case")]
pub enum AbsenceKind {
    /// Did not come.
    Absent,
    /// Came late.
    Late,
    /// Left before the end.
    LeftEarly,
}

impl AbsenceKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Absent, Self::Late, Self::LeftEarly];

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "absent" => Some(Self::Absent),
            "late" => Some(Self::Late),
            "left_early" => Some(Self::LeftEarly),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_something_or_nothing() {
        let none = Figures::from(Count::default());
        assert_eq!((none.attendance_rate, none.average_duration_seconds), (None, None));
        let one = Count { meetings: 2, held: 1, invited: 3, attended: 2, seconds: 100.0, ..Count::default() };
        let figures = Figures::from(one.and(Count { meetings: 1, no_shows: 1, ..Count::default() }));
        assert_eq!((figures.meetings, figures.held, figures.no_shows), (3, 1, 1));
        assert_eq!((figures.attendance_rate, figures.average_duration_seconds), (Some(0.6667), Some(50.0)));
    }

    #[test]
    fn a_member_is_measured_by_what_took_place() {
        let there = Part {
            is_held: true,
            is_attended: true,
            is_late: false,
            left_early: false,
            is_excused: false,
            seconds: 60.0,
            messages: 2,
            hands: 1,
        };
        let late = Part { is_late: true, left_early: true, ..there };
        let absent = Part { is_attended: false, seconds: 0.0, messages: 0, hands: 0, ..there };
        let ahead = Part { is_held: false, ..absent };
        let excused = [there, absent].map(|part| Part { is_excused: true, ..part });
        let figures = member_figures([there, late, absent, ahead].into_iter());
        assert_eq!((figures.invited, figures.attended, figures.absent, figures.excused), (3, 2, 1, 0));
        assert_eq!((figures.late, figures.left_early, figures.messages_sent), (1, 1, 4));
        assert_eq!((figures.attendance_rate, figures.punctuality_rate), (Some(0.6667), Some(0.5)));
        assert!((figures.duration_seconds - 120.0).abs() < 1e-9);
        let figures = member_figures(excused.into_iter());
        assert_eq!((figures.absent, figures.excused), (1, 1), "who came needs no excuse");
        assert_eq!(figures.attendance_rate, Some(0.5), "an excuse takes no invitation back");
        let nothing = member_figures(std::iter::empty());
        assert_eq!((nothing.attendance_rate, nothing.punctuality_rate), (None, None));
    }
}
