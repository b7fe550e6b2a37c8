//! Pure rules of meetings.

use chrono::{DateTime, Utc};
use kernel::ids::OrganizationId;
use serde_json::{Map, Value};

use super::model::{MeetingSettings, MeetingSettingsChange, RelatedObject};
use crate::{http::Checks, presence_checks};

/// Largest JSON of custom fields, in bytes.
const JSON_LIMIT: usize = 16 * 1024;

/// The name of a meeting's room: organization and time (MTG-11), and a random end that makes it unique.
pub fn room_name(organization: OrganizationId, now: DateTime<Utc>, random: u32) -> String {
    format!("baraza-{}-{}-{random:08x}", organization.0.simple(), now.timestamp_millis())
}

/// The texts of a meeting; what is absent is not looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Texts<'a> {
    pub title: Option<&'a str>,
    pub description: Option<&'a str>,
    pub agenda: Option<&'a str>,
    pub location: Option<&'a str>,
    pub related_object: Option<&'a RelatedObject>,
}

/// Notes what is wrong with the texts of a meeting.
pub fn check_texts(checks: &mut Checks, texts: &Texts) {
    let mut check = |text: Option<&str>, pointer, length| {
        if let Some(text) = text {
            checks.text(text, pointer, length);
        }
    };
    check(texts.title, "/title", 1..=255);
    check(texts.description, "/description", 0..=10_000);
    check(texts.agenda, "/agenda", 0..=20_000);
    check(texts.location, "/location", 0..=500);
    check(texts.related_object.map(|object| object.kind.as_str()), "/related_object/type", 1..=100);
    check(texts.related_object.map(|object| object.id.as_str()), "/related_object/id", 1..=255);
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

/// Notes what is wrong with a change of the switches that leads to `after`.
pub fn check_settings(checks: &mut Checks, change: &MeetingSettingsChange, after: &MeetingSettings) {
    let fits = change.late_threshold_minutes.flatten().is_none_or(|minutes| minutes <= 1440);
    let detail = "The late threshold is a number of minutes from 0 to 1440.";
    checks.require(fits, "/settings/late_threshold_minutes", "OUT_OF_RANGE", detail);
    let given = change.presence_checks_per_hour.flatten().flatten();
    let fits = given.is_none_or(|times| presence_checks::PER_HOUR.contains(&times));
    let detail = "People can be asked 1 to 12 times an hour.";
    checks.require(fits, "/settings/presence_checks_per_hour", "OUT_OF_RANGE", detail);
    check_presence(checks, "/settings", after);
}

/// Notes what is wrong with the rules of presence, which stand at `place`.
pub fn check_presence(checks: &mut Checks, place: &str, rules: &MeetingSettings) {
    let mut percent = |given: Option<u8>, field| {
        let fits = given.is_none_or(|it| (1..=100).contains(&it));
        checks.require(fits, &format!("{place}/{field}"), "OUT_OF_RANGE", "A share is 1 to 100 percent.");
    };
    percent(rules.min_presence_percent, "min_presence_percent");
    percent(rules.quorum_percent, "quorum_percent");
    let fits = rules.quorum_members.is_none_or(|it| (1..=10_000).contains(&it));
    let detail = "A quorum is 1 to 10000 members.";
    checks.require(fits, &format!("{place}/quorum_members"), "OUT_OF_RANGE", detail);
    let one = rules.quorum_members.is_none() || rules.quorum_percent.is_none();
    let detail = "A quorum is a number or a share, not both.";
    checks.require(one, &format!("{place}/quorum_percent"), "TWO_QUORUMS", detail);
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

/// Which row it is, and what only the program needs: no news for whoever reads a history.
const NO_NEWS: [&str; 8] = [
    "id",
    "meeting_id",
    "organization_id",
    "user_id",
    "room_name",
    "cancelled_at",
    "created_by_type",
    "schedule_kind",
];

/// What differs between two states of a row, by field: what it was and what it is. Objects are compared key by key, so
/// that one switch is told as one; what is empty on both sides is left out.
pub fn differences(before: Option<&Value>, after: Option<&Value>) -> Vec<(String, Value, Value)> {
    let mut found = Vec::new();
    for key in keys(before, after) {
        if NO_NEWS.contains(&key) {
            continue;
        }
        let (was, is) = (value_at(before, key), value_at(after, key));
        if was.is_object() || is.is_object() {
            for inner in keys(Some(&was), Some(&is)) {
                let (was, is) = (value_at(Some(&was), inner), value_at(Some(&is), inner));
                found.push((format!("{key}.{inner}"), was, is));
            }
        } else {
            found.push((key.to_owned(), was, is));
        }
    }
    found.retain(|(_, was, is)| was != is && !(is_empty(was) && is_empty(is)));
    found
}

fn keys<'a>(before: Option<&'a Value>, after: Option<&'a Value>) -> std::collections::BTreeSet<&'a str> {
    let of = |value: Option<&'a Value>| value.and_then(Value::as_object).into_iter().flat_map(Map::keys);
    of(before).chain(of(after)).map(String::as_str).collect()
}

fn value_at(object: Option<&Value>, key: &str) -> Value {
    object.and_then(|object| object.get(key)).cloned().unwrap_or_default()
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_of_any_content_have_a_size() {
        let faults = |object: Value| {
            let mut checks = Checks::default();
            check_size(&mut checks, object.as_object().expect("an object"), "/custom_fields");
            checks.done().is_err()
        };
        assert!(!faults(json!({"x": [1, {"y": null}]})));
        assert!(faults(json!({"x": "a".repeat(20_000)})));
        assert!(faults(json!({"x": "\0"})));
    }

    #[test]
    fn a_quorum_is_a_number_or_a_share() {
        let faults = |min_presence_percent, quorum_members, quorum_percent| {
            let mut checks = Checks::default();
            let rules = MeetingSettings {
                min_presence_percent,
                quorum_members,
                quorum_percent,
                ..MeetingSettings::default()
            };
            check_presence(&mut checks, "/settings", &rules);
            let faults = checks.done().err().map(|problem| problem.errors).unwrap_or_default();
            faults.into_iter().map(|fault| fault.pointer).collect::<Vec<_>>()
        };
        assert!(faults(Some(100), Some(10_000), None).is_empty());
        assert!(faults(Some(1), None, Some(100)).is_empty());
        assert_eq!(
            faults(Some(0), Some(0), None),
            ["/settings/min_presence_percent", "/settings/quorum_members"]
        );
        assert_eq!(
            faults(Some(101), None, Some(101)),
            ["/settings/min_presence_percent", "/settings/quorum_percent"]
        );
        assert_eq!(faults(None, Some(10_001), None), ["/settings/quorum_members"]);
        assert_eq!(faults(None, Some(3), Some(50)), ["/settings/quorum_percent"]);
    }

    #[test]
    fn a_history_tells_what_differs_and_nothing_else() {
        let before =
            json!({"id": 1, "title": "A", "agenda": "", "settings": {"allow_guests": false, "late": 5}});
        let after =
            json!({"id": 1, "title": "B", "agenda": null, "settings": {"allow_guests": true, "late": 5}});
        assert_eq!(
            differences(Some(&before), Some(&after)),
            [
                ("settings.allow_guests".to_owned(), json!(false), json!(true)),
                ("title".to_owned(), json!("A"), json!("B")),
            ]
        );
        assert_eq!(
            differences(None, Some(&json!({"title": "A", "room_name": "x", "location": ""}))),
            [("title".to_owned(), Value::Null, json!("A"))]
        );
        assert_eq!(differences(None, None), []);
    }

    proptest::proptest! {
        #[test]
        fn what_is_told_leads_from_the_one_state_to_the_other(
            before in proptest::collection::btree_map("[a-c]", 0..3_i32, 0..3),
            after in proptest::collection::btree_map("[a-c]", 0..3_i32, 0..3),
        ) {
            let (was, is) = (json!(before), json!(after));
            let mut replayed = was.clone();
            for (field, old, new) in differences(Some(&was), Some(&is)) {
                proptest::prop_assert_eq!(&value_at(Some(&replayed), &field), &old);
                match new {
                    Value::Null => { replayed.as_object_mut().expect("an object").remove(&field); }
                    new => replayed[field] = new,
                }
            }
            proptest::prop_assert_eq!(replayed, is);
        }
    }

    #[test]
    fn room_names_hold_no_character_that_livekit_reads_otherwise() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let name = room_name(OrganizationId::new(now), now, 7);
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        assert!(name.len() < 128);
    }
}
