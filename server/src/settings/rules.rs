//! Pure rules of settings.

use kernel::recording::AccessLevel;

use super::model::{EngagementWeights, Settings, SettingsChange};
use crate::{http::Checks, meetings::check_presence, presence_checks};

/// Notes what is wrong with a change that leads to `after`.
pub fn check(checks: &mut Checks, change: &SettingsChange, after: &Settings) {
    let given = change.late_threshold_minutes.flatten();
    let detail = "The late threshold is a number of minutes from 0 to 1440.";
    checks.require(given.is_none_or(|it| it <= 1440), "/late_threshold_minutes", "OUT_OF_RANGE", detail);
    let given = change.presence_checks_per_hour.flatten().flatten();
    let detail = "People can be asked 1 to 12 times an hour.";
    let fits = given.is_none_or(|it| presence_checks::PER_HOUR.contains(&it));
    checks.require(fits, "/presence_checks_per_hour", "OUT_OF_RANGE", detail);
    let given = change.max_participants.flatten().flatten();
    let fits = given.is_none_or(|it| (1..=10_000).contains(&it));
    checks.require(fits, "/max_participants", "OUT_OF_RANGE", "Between 1 and 10000 people can take part.");
    let given = change.recording_max_minutes.flatten().flatten();
    let fits = given.is_none_or(|it| (5..=1440).contains(&it));
    checks.require(
        fits,
        "/recording_max_minutes",
        "OUT_OF_RANGE",
        "A recording can be 5 to 1440 minutes long.",
    );
    let given = change.recording_quota_gb.flatten().flatten();
    let fits = given.is_none_or(|it| (1..=1_000_000).contains(&it));
    checks.require(fits, "/recording_quota_gb", "OUT_OF_RANGE", "The vault can hold 1 to 1000000 GB.");
    let given = change.recording_retention_days.flatten().flatten();
    let fits = given.is_none_or(|it| (1..=36_500).contains(&it));
    let detail = "Recordings can be kept for 1 to 36500 days.";
    checks.require(fits, "/recording_retention_days", "OUT_OF_RANGE", detail);
    let given = change.default_duration_minutes.flatten();
    let fits = given.is_none_or(|it| (5..=1440).contains(&it));
    let detail = "A meeting takes 5 to 1440 minutes.";
    checks.require(fits, "/default_duration_minutes", "OUT_OF_RANGE", detail);
    check_presence(checks, "", &after.of_meetings());
    if let Some(weights) = change.engagement_weights.flatten() {
        let EngagementWeights { attendance, punctuality, presence, messages, hands, speaking } = weights;
        for (weight, pointer) in [
            (attendance, "/engagement_weights/attendance"),
            (punctuality, "/engagement_weights/punctuality"),
            (presence, "/engagement_weights/presence"),
            (messages, "/engagement_weights/messages"),
            (hands, "/engagement_weights/hands"),
            (speaking, "/engagement_weights/speaking"),
        ] {
            checks.require(weight <= 10, pointer, "OUT_OF_RANGE", "A weight is a number from 0 to 10.");
        }
    }
    let by_role = after.recording_access_level == AccessLevel::RoleBased;
    let detail = "Please choose the roles that may see recordings.";
    checks.require(
        !by_role || !after.recording_allowed_roles.is_empty(),
        "/recording_allowed_roles",
        "REQUIRED",
        detail,
    );
    let roles = &after.recording_allowed_roles;
    let once = roles.iter().enumerate().all(|(index, role)| !roles[..index].contains(role));
    checks.require(once, "/recording_allowed_roles", "INVALID", "Each role stands here once.");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn change(body: Value) -> Result<SettingsChange, serde_json::Error> {
        serde_json::from_value(body)
    }

    fn faults(stored: &Value, body: Value) -> Vec<String> {
        let change = change(body).expect("the right types");
        let after = Settings::read(&change.onto(stored), Settings::default());
        let mut checks = Checks::default();
        check(&mut checks, &change, &after);
        checks.done().map_or_else(
            |problem| problem.errors.into_iter().map(|fault| fault.pointer).collect(),
            |()| Vec::new(),
        )
    }

    #[test]
    fn only_what_was_set_is_kept_and_null_goes_back_to_the_default() {
        let body = json!({"auto_record": true, "max_participants": 20, "allow_guests": true});
        let stored = change(body.clone()).expect("right").onto(&json!({}));
        assert_eq!(stored, body);
        let back = json!({"auto_record": null, "max_participants": null});
        let stored = change(back).expect("right").onto(&stored);
        assert_eq!(stored, json!({"allow_guests": true}));
        let read = Settings::read(&stored, Settings::default());
        assert_eq!(read, Settings { allow_guests: true, ..Settings::default() });
        // What an older or newer version has left does no harm.
        let odd = json!({"auto_record": "yes", "gone": 1, "allow_guests": true});
        assert_eq!(Settings::read(&odd, Settings::default()), read);
    }

    #[test]
    fn what_is_unknown_or_out_of_range_is_refused_where_it_stands() {
        assert!(change(json!({"autorecord": true})).is_err());
        assert!(change(json!({"auto_record": "yes"})).is_err());
        assert_eq!(faults(&json!({}), json!({"max_participants": 0})), ["/max_participants"]);
        assert_eq!(faults(&json!({}), json!({"late_threshold_minutes": 1441})), ["/late_threshold_minutes"]);
        assert_eq!(faults(&json!({"quorum_members": 5}), json!({"quorum_percent": 50})), ["/quorum_percent"]);
        let other = json!({"quorum_members": null, "quorum_percent": 50});
        assert!(faults(&json!({"quorum_members": 5}), other).is_empty());
        let by_role = json!({"recording_access_level": "role_based"});
        assert_eq!(faults(&json!({}), by_role.clone()), ["/recording_allowed_roles"]);
        assert!(faults(&json!({"recording_allowed_roles": ["admin"]}), by_role).is_empty());
        let weights = |hands: Value| json!({"engagement_weights": {"attendance": 1, "punctuality": 0, "presence": 10, "messages": 0, "hands": hands, "speaking": 2}});
        assert!(faults(&json!({}), weights(json!(0))).is_empty());
        assert_eq!(faults(&json!({}), weights(json!(11))), ["/engagement_weights/hands"]);
        for odd in [weights(json!(-1)), weights(json!(0.5)), json!({"engagement_weights": {"attendance": 1}})]
        {
            assert!(change(odd).is_err());
        }
    }

    proptest! {
        #[test]
        fn reading_back_gives_what_was_written(
            late in 0_u16..=1440, most in proptest::option::of(1..=10_000), record: bool, guests: bool, days in proptest::option::of(1..=36_500),
        ) {
            let settings = Settings {
                late_threshold_minutes: late, max_participants: most, auto_record: record, allow_guests: guests,
                recording_retention_days: days, ..Settings::default()
            };
            let written = serde_json::to_value(&settings).expect("JSON");
            prop_assert_eq!(Settings::read(&written, Settings::default()), settings.clone());
            let change: SettingsChange = serde_json::from_value(written).expect("its own JSON");
            prop_assert_eq!(Settings::read(&change.onto(&json!({})), Settings::default()), settings);
        }
    }
}
