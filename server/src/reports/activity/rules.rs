//! Which months of a period are read as sums, and what the sums come to. Pure.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::reports::rules::share;

/// Messages that are enough for an hour in a meeting. What is more counts for nothing, so that nobody gains by flooding.
pub const MESSAGES_AN_HOUR: f64 = 2.0;
/// Raised hands that are enough for an hour in a meeting.
pub const HANDS_AN_HOUR: f64 = 1.0;
/// The share of their time in a meeting that is enough for somebody to speak: three minutes of an hour.
pub const SPEAKING_SHARE: f64 = 0.05;

/// What somebody did in some meetings that were held and are over.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    /// Meetings that they were invited to.
    pub invited: i64,
    /// Of these, the ones they came to.
    pub attended: i64,
    /// The ones they did not come to, without an excuse.
    pub absent: i64,
    /// The ones they did not come to, excused.
    pub excused: i64,
    /// Times that they came late.
    pub late: i64,
    /// Of these, the times that they were excused.
    pub late_excused: i64,
    /// Times that they left before the end.
    pub left_early: i64,
    /// Of these, the times that they were excused.
    pub left_early_excused: i64,
    /// How long they were there, in seconds.
    pub duration_seconds: f64,
    /// The same without what was beyond the meetings' time.
    pub present_seconds: f64,
    /// How long the meetings took that they came to.
    pub offered_seconds: f64,
    /// Chat messages they wrote.
    pub messages: i64,
    /// The same with at most [`MESSAGES_AN_HOUR`] in each meeting.
    pub messages_counted: f64,
    /// How often they raised a hand.
    pub hands: i64,
    /// The same with at most [`HANDS_AN_HOUR`] in each meeting.
    pub hands_counted: f64,
    /// How long they spoke.
    pub speaking_seconds: f64,
    /// The same with at most [`SPEAKING_SHARE`] in each meeting.
    pub speaking_counted: f64,
}

impl Sums {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            invited: self.invited + other.invited,
            attended: self.attended + other.attended,
            absent: self.absent + other.absent,
            excused: self.excused + other.excused,
            late: self.late + other.late,
            late_excused: self.late_excused + other.late_excused,
            left_early: self.left_early + other.left_early,
            left_early_excused: self.left_early_excused + other.left_early_excused,
            duration_seconds: self.duration_seconds + other.duration_seconds,
            present_seconds: self.present_seconds + other.present_seconds,
            offered_seconds: self.offered_seconds + other.offered_seconds,
            messages: self.messages + other.messages,
            messages_counted: self.messages_counted + other.messages_counted,
            hands: self.hands + other.hands,
            hands_counted: self.hands_counted + other.hands_counted,
            speaking_seconds: self.speaking_seconds + other.speaking_seconds,
            speaking_counted: self.speaking_counted + other.speaking_counted,
        }
    }
}

/// What somebody did over a period, in figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct ActivityFigures {
    /// Meetings that they were invited to, that were held and are over.
    pub invited: i64,
    /// Of these, the ones they came to.
    pub attended: i64,
    /// The ones they did not come to, without an excuse.
    pub absent: i64,
    /// The ones they did not come to, excused.
    pub excused: i64,
    /// Times that they came late.
    pub late: i64,
    /// Of these, the times that they were excused.
    pub late_excused: i64,
    /// Times that they left before the end.
    pub left_early: i64,
    /// Of these, the times that they were excused.
    pub left_early_excused: i64,
    /// The share of meetings that they came to, 0 to 1, without those from which they were excused; `null` without any.
    pub attendance_rate: Option<f64>,
    /// The share of times that they came in time or excused, of those they came, 0 to 1; `null` without any.
    pub punctuality_rate: Option<f64>,
    /// How long they were there, in seconds.
    pub duration_seconds: f64,
}

impl From<Sums> for ActivityFigures {
    fn from(sums: Sums) -> Self {
        Self {
            invited: sums.invited,
            attended: sums.attended,
            absent: sums.absent,
            excused: sums.excused,
            late: sums.late,
            late_excused: sums.late_excused,
            left_early: sums.left_early,
            left_early_excused: sums.left_early_excused,
            attendance_rate: share(sums.attended, sums.attended + sums.absent),
            punctuality_rate: share(sums.attended - sums.late + sums.late_excused, sums.attended),
            duration_seconds: (sums.duration_seconds * 1000.0).round() / 1000.0,
        }
    }
}

/// What of a period is read from where.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// Whole months whose sums hold, by their first day in UTC.
    pub months: Vec<NaiveDate>,
    /// What has to be read from the record, from when to before when.
    pub record: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

/// Divides a period into whole months that have not `changed` and what is between them: all of it, and nothing twice.
pub fn cover(from: DateTime<Utc>, to: DateTime<Utc>, changed: &[NaiveDate]) -> Cover {
    let mut cover = Cover::default();
    let mut at = from;
    while at < to {
        let Some((month, start, end)) = month_of(at) else {
            // So far away that there is no such month: nothing happens there.
            cover.record.push((at, to));
            break;
        };
        if at == start && end <= to && !changed.contains(&month) {
            cover.months.push(month);
        } else {
            let until = end.min(to);
            match cover.record.last_mut() {
                Some((_, before)) if *before == at => *before = until,
                _ => cover.record.push((at, until)),
            }
        }
        at = end;
    }
    cover
}

/// The month that a moment lies in: its first day, its beginning and its end.
fn month_of(at: DateTime<Utc>) -> Option<(NaiveDate, DateTime<Utc>, DateTime<Utc>)> {
    let month = at.date_naive().with_day(1)?;
    let next = month.checked_add_months(Months::new(1))?;
    let begins = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    Some((month, begins(month), begins(next)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn whole_months_are_summed_and_the_edges_are_read() {
        let found = cover(at("2026-01-15T10:00:00Z"), at("2026-05-02T00:00:00Z"), &[day("2026-03-01")]);
        assert_eq!(found.months, [day("2026-02-01"), day("2026-04-01")]);
        assert_eq!(
            found.record,
            [
                (at("2026-01-15T10:00:00Z"), at("2026-02-01T00:00:00Z")),
                (at("2026-03-01T00:00:00Z"), at("2026-04-01T00:00:00Z")),
                (at("2026-05-01T00:00:00Z"), at("2026-05-02T00:00:00Z")),
            ]
        );
        let joined = cover(at("2026-01-15T10:00:00Z"), at("2026-03-01T00:00:00Z"), &[day("2026-02-01")]);
        assert_eq!(joined.record, [(at("2026-01-15T10:00:00Z"), at("2026-03-01T00:00:00Z"))]);
        assert!(joined.months.is_empty());
    }

    #[test]
    fn an_excuse_takes_a_meeting_out_and_a_late_coming_back() {
        let sums = Sums {
            invited: 6,
            attended: 3,
            absent: 1,
            excused: 2,
            late: 2,
            late_excused: 1,
            ..Sums::default()
        };
        let figures = ActivityFigures::from(sums);
        assert_eq!((figures.attendance_rate, figures.punctuality_rate), (Some(0.75), Some(0.6667)));
        let none = ActivityFigures::from(Sums { invited: 2, excused: 2, ..Sums::default() });
        assert_eq!((none.attendance_rate, none.punctuality_rate), (None, None));
    }

    proptest! {
        #[test]
        fn a_period_is_covered_once(from in 1_600_000_000_i64..1_900_000_000, long in 1_i64..100_000_000, changed in proptest::collection::vec(0_u32..60, 0..8)) {
            let at = |second| DateTime::from_timestamp(second, 0).expect("a time");
            let first = at(from).date_naive().with_day(1).expect("a month");
            let changed: Vec<_> = changed.into_iter().filter_map(|months| first.checked_add_months(Months::new(months))).collect();
            let (from, to) = (at(from), at(from + long));
            let found = cover(from, to, &changed);
            prop_assert!(found.months.iter().all(|month| !changed.contains(month)));
            let months = found.months.iter().map(|month| {
                let (_, start, end) = month_of(month.and_time(NaiveTime::MIN).and_utc()).expect("a month");
                (start, end)
            });
            let mut pieces: Vec<_> = found.record.iter().copied().chain(months).collect();
            pieces.sort_unstable();
            prop_assert_eq!(pieces.first().map(|piece| piece.0), Some(from));
            prop_assert_eq!(pieces.last().map(|piece| piece.1), Some(to));
            prop_assert!(pieces.windows(2).all(|pair| pair[0].1 == pair[1].0), "no gap and nothing twice");
        }
    }
}
