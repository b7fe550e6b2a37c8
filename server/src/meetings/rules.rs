//! Pure rules of meetings.

use chrono::{DateTime, Utc};
use kernel::ids::OrganizationId;
use serde_json::{Map, Value};

use crate::http::Checks;

/// Largest JSON of settings or custom fields, in bytes.
const JSON_LIMIT: usize = 16 * 1024;

/// The name of a meeting's room: organization and time (MTG-11), and a random end that makes it unique.
pub fn room_name(organization: OrganizationId, now: DateTime<Utc>, random: u32) -> String {
    format!("baraza-{}-{}-{random:08x}", organization.0.simple(), now.timestamp_millis())
}

/// Notes what is wrong with the texts and numbers of a meeting.
pub fn check_texts(
    checks: &mut Checks,
    title: Option<&str>,
    description: Option<&str>,
    agenda: Option<&str>,
) {
    if let Some(title) = title {
        checks.text(title, "/title", 1..=255);
    }
    if let Some(description) = description {
        checks.text(description, "/description", 0..=10_000);
    }
    if let Some(agenda) = agenda {
        checks.text(agenda, "/agenda", 0..=20_000);
    }
}

/// Notes what is wrong with the times.
pub fn check_times(checks: &mut Checks, start: DateTime<Utc>, end: Option<DateTime<Utc>>) {
    let ordered = end.is_none_or(|end| end > start);
    checks.require(ordered, "/scheduled_end", "END_BEFORE_START", "The end must be after the start.");
    // PostgreSQL's and JavaScript's calendars both hold these years.
    let plausible = |at: DateTime<Utc>| (1970..=9999).contains(&chrono::Datelike::year(&at));
    checks.require(plausible(start), "/scheduled_start", "OUT_OF_RANGE", "This is no plausible time.");
    checks.require(end.is_none_or(plausible), "/scheduled_end", "OUT_OF_RANGE", "This is no plausible time.");
}

/// Notes what is wrong with the zone.
pub fn check_timezone(checks: &mut Checks, zone: Option<&str>) {
    let known = zone.is_none_or(|zone| zone.parse::<chrono_tz::Tz>().is_ok());
    checks.require(known, "/timezone", "UNKNOWN_TIME_ZONE", "This is no IANA time zone.");
}

/// Notes what is wrong with the highest number of participants.
pub fn check_max_participants(checks: &mut Checks, max: Option<i32>) {
    let fits = max.is_none_or(|max| (1..=10_000).contains(&max));
    checks.require(fits, "/max_participants", "OUT_OF_RANGE", "Between 1 and 10000 people can take part.");
}

/// Notes what is wrong with the settings: an object of moderate size, with the known switches of the right kind.
pub fn check_settings(checks: &mut Checks, settings: Option<&Map<String, Value>>) {
    let Some(settings) = settings else { return };
    check_size(checks, settings, "/settings");
    let minutes = settings.get("late_threshold_minutes");
    let fits = minutes.is_none_or(|minutes| minutes.as_u64().is_some_and(|minutes| minutes <= 1440));
    let detail = "The late threshold is a number of minutes from 0 to 1440.";
    checks.require(fits, "/settings/late_threshold_minutes", "OUT_OF_RANGE", detail);
    let fits = settings.get("allow_guests").is_none_or(Value::is_boolean);
    checks.require(fits, "/settings/allow_guests", "INVALID", "Allowing guests is either true or false.");
}

/// Notes an object that is too large or holds what cannot be stored.
pub fn check_size(checks: &mut Checks, object: &Map<String, Value>, pointer: &str) {
    let text = serde_json::to_string(object).unwrap_or_default();
    checks.require(text.len() <= JSON_LIMIT, pointer, "TOO_LONG", "This is more than can be kept.");
    checks.require(
        !text.contains("\\u0000"),
        pointer,
        "INVALID",
        "This contains a character that cannot be stored.",
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_checked_switch_by_switch() {
        let faults = |settings: Value| {
            let mut checks = Checks::default();
            check_settings(&mut checks, settings.as_object());
            checks.done().err().map(|problem| problem.errors[0].pointer.clone())
        };
        assert_eq!(faults(json!({"late_threshold_minutes": 0, "allow_guests": false, "other": 1})), None);
        assert_eq!(
            faults(json!({"late_threshold_minutes": -1})).as_deref(),
            Some("/settings/late_threshold_minutes")
        );
        assert_eq!(
            faults(json!({"late_threshold_minutes": "5"})).as_deref(),
            Some("/settings/late_threshold_minutes")
        );
        assert_eq!(faults(json!({"allow_guests": 1})).as_deref(), Some("/settings/allow_guests"));
        assert_eq!(faults(json!({"x": "a".repeat(20_000)})).as_deref(), Some("/settings"));
        assert_eq!(faults(json!({"x": "\0"})).as_deref(), Some("/settings"));
    }

    #[test]
    fn room_names_hold_no_character_that_livekit_reads_otherwise() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let name = room_name(OrganizationId::new(now), now, 7);
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        assert!(name.len() < 128);
    }
}
