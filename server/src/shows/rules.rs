//! When an organization's night is. Pure.

use chrono::{DateTime, Days, Duration, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// The first moment after `after` at which clocks in `zone` show `at`.
pub fn next_night(zone: Tz, at: NaiveTime, after: DateTime<Utc>) -> DateTime<Utc> {
    let today = after.with_timezone(&zone).date_naive();
    (0..3)
        .map(|days| moment(zone, (today + Days::new(days)).and_time(at)))
        .find(|moment| *moment > after)
        .unwrap_or(after + Duration::days(1))
}

/// When clocks in `zone` show `wall`: the earlier of two moments, and where it is skipped the first quarter behind.
fn moment(zone: Tz, wall: NaiveDateTime) -> DateTime<Utc> {
    (0..=96)
        .find_map(|quarter| zone.from_local_datetime(&(wall + Duration::minutes(15 * quarter))).earliest())
        .map_or(wall.and_utc(), |moment| moment.to_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn three() -> NaiveTime {
        NaiveTime::from_hms_opt(3, 0, 0).expect("a time")
    }

    #[test]
    fn the_night_is_the_organizations_own() {
        let noon = utc("2026-12-01T12:00:00Z");
        assert_eq!(next_night(Tz::UTC, three(), noon), utc("2026-12-02T03:00:00Z"));
        assert_eq!(next_night(Tz::Africa__Nairobi, three(), noon), utc("2026-12-02T00:00:00Z"));
        assert_eq!(next_night(Tz::Pacific__Auckland, three(), noon), utc("2026-12-01T14:00:00Z"));
        assert_eq!(next_night(Tz::America__Los_Angeles, three(), noon), utc("2026-12-02T11:00:00Z"));
        assert_eq!(
            next_night(Tz::UTC, three(), utc("2026-12-02T03:00:00Z")),
            utc("2026-12-03T03:00:00Z"),
            "exactly then it is done"
        );
    }

    #[test]
    fn a_time_that_clocks_skip_or_show_twice_comes_once() {
        let half_past_two = NaiveTime::from_hms_opt(2, 30, 0).expect("a time");
        // In spring clocks go from 2:00 to 3:00, in autumn from 3:00 back to 2:00.
        let spring = next_night(Tz::Europe__Berlin, half_past_two, utc("2026-03-28T12:00:00Z"));
        assert_eq!(spring, utc("2026-03-29T01:00:00Z"));
        let autumn = next_night(Tz::Europe__Berlin, half_past_two, utc("2026-10-24T12:00:00Z"));
        assert_eq!(autumn, utc("2026-10-25T00:30:00Z"));
        assert_eq!(next_night(Tz::Europe__Berlin, half_past_two, autumn), utc("2026-10-26T01:30:00Z"));
    }

    proptest! {
        #[test]
        fn a_night_comes_within_a_day_or_so(seconds in 0_i64..4_000_000_000, zone in 0..chrono_tz::TZ_VARIANTS.len(), minute in 0_u32..1440) {
            let after = DateTime::from_timestamp(seconds, 0).expect("a time");
            let at = NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).expect("a time");
            let next = next_night(chrono_tz::TZ_VARIANTS[zone], at, after);
            // A day that a zone skips altogether (Samoa in 2011) makes it two.
            prop_assert!(next > after && next - after <= Duration::hours(50), "{next}");
        }
    }
}
