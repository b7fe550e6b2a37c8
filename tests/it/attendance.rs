//! Attendance: what the media server saw, and nothing else.

use chrono::{DateTime, Duration, Utc};
use harness::{
    Meeting, Person, TestApp, Value,
    app::beginning,
    json,
    livekit::{
        DisconnectReason,
        proto::{TrackSource, participant_info::Kind},
    },
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, TestRunner},
};

async fn report(viewer: &Person, meeting: &Meeting) -> Value {
    viewer.get(&meeting.path("/attendance")).await.is(200)
}

fn item<'a>(report: &'a Value, person: &Person) -> &'a Value {
    let items = report["items"].as_array().expect("items");
    items
        .iter()
        .find(|it| it["user"]["id"] == person.id.as_str())
        .unwrap_or_else(|| panic!("{} is not in {report}", person.name))
}

fn seconds(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no time"))
}

#[track_caller]
fn assert_near(value: &Value, truth: f64) {
    assert!((seconds(value) - truth).abs() <= 1.0, "{value} where {truth} is true");
}

// TST-03, ATT-01, ATT-02, ATT-04, PAR-05
#[tokio::test]
async fn coming_and_going_gives_the_right_duration() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.enter(&organization.admin, &meeting).await;
    let connection = app.enter(&guest, &meeting).await;
    app.pass(Duration::minutes(10));
    app.go(&connection).await;
    app.pass(Duration::minutes(5));
    let second = app.enter(&guest, &meeting).await;
    app.pass(Duration::minutes(2));
    app.go(&second).await;
    let report = report(&organization.admin, &meeting).await;
    let guests = item(&report, &guest);
    assert_near(&guests["duration_seconds"], 720.0);
    assert_eq!(guests["spans"].as_array().map(Vec::len), Some(2));
    assert_eq!(time(&guests["first_joined_at"]), beginning());
    assert_eq!(guests["status"], "left");
    let hosts = item(&report, &organization.admin);
    assert_near(&hosts["duration_seconds"], 1020.0);
    assert_eq!((&hosts["status"], &hosts["spans"][0]["left_at"]), (&json!("joined"), &Value::Null));
    let (stored, computed): (f64, f64) = sqlx::query_as(
        "select duration_seconds, calculate_participant_duration(meeting_id, user_id) from meeting_participants where user_id = $1",
    )
    .bind(guest.user_id().0)
    .fetch_one(&mut app.database().await)
    .await
    .expect("a participant");
    assert!((stored - 720.0).abs() <= 1.0 && (stored - computed).abs() < 1e-9, "{stored} {computed}");
    let log: Vec<String> = sqlx::query_scalar(
        "select event::text from attendance_log where user_id = $1 and event <> 'requested' order by occurred_at, id",
    )
    .bind(guest.user_id().0)
    .fetch_all(&mut app.database().await)
    .await
    .expect("the trail");
    assert_eq!(log, ["join", "leave", "join", "leave"]);
}

// TST-03, ATT-03
#[tokio::test]
async fn the_leave_call_closes_the_span_and_the_webhook_behind_it_changes_nothing() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.enter(&guest, &meeting).await;
    app.pass(Duration::milliseconds(90_250));
    guest.post(&meeting.path("/leave"), json!({})).await.is(204);
    let before = report(&organization.admin, &meeting).await;
    let guests = item(&before, &guest);
    assert!((seconds(&guests["duration_seconds"]) - 90.25).abs() < 0.001, "{guests}");
    assert_eq!(
        (&guests["status"], &guests["spans"][0]["how_closed"]),
        (&json!("left"), &json!("leave_call"))
    );
    app.pass(Duration::seconds(7));
    app.settle().await;
    let after = report(&organization.admin, &meeting).await;
    // But for their share of the meeting, which goes on without them.
    let mut expected = guests.clone();
    expected["presence_share"] = json!(0.928);
    assert_eq!(item(&after, &guest), &expected);
    assert_eq!(app.value::<i64>("select count(*) from attendance_log where event = 'leave'").await, 1);
}

// A person's devices: a second one beside the first is a connection of its own, and the time of both counts once.
#[tokio::test]
async fn a_second_device_is_the_same_person() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let meeting = organization.meeting().set("max_participants", 1).invite(&member).create().await;
    let first = app.enter(&member, &meeting).await;
    app.pass(Duration::minutes(1));
    let admission = member.post(&meeting.path("/join"), json!({"beside": true})).await.is(200);
    let beside = format!("{}#beside", member.id);
    assert_eq!(admission["identity"], beside.as_str(), "a full room has a place for whoever is in it");
    assert_eq!(app.livekit.connect(admission["token"].as_str().expect("a token")).identity, beside);
    app.settle().await;
    app.pass(Duration::minutes(1));
    for stranger in [organization.admin.id.as_str(), "x", ""] {
        let foreign = json!({"identity": stranger});
        member.post(&meeting.path("/leave"), foreign).await.problem(422, "VALIDATION_FAILED");
    }
    member.post(&meeting.path("/leave"), json!({"identity": beside})).await.is(204);
    app.settle().await;
    let both = report(&organization.admin, &meeting).await;
    let of_member = item(&both, &member);
    assert_eq!(of_member["status"], "joined", "the first device is still there");
    assert_eq!(of_member["spans"].as_array().map(Vec::len), Some(2));
    assert_near(&of_member["duration_seconds"], 120.0);
    app.pass(Duration::minutes(1));
    member.post(&meeting.path("/leave"), json!({"identity": first.identity})).await.is(204);
    app.settle().await;
    let end = report(&organization.admin, &meeting).await;
    assert_eq!(item(&end, &member)["status"], "left");
    assert_near(&item(&end, &member)["duration_seconds"], 180.0);
    assert!(app.livekit.identities(&meeting.room).is_empty(), "nobody is left in the room");
}

// What is done about a person is done on all their devices.
#[tokio::test]
async fn moderation_reaches_both_devices() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let meeting = organization.meeting().invite(&member).create().await;
    let first = app.enter(&member, &meeting).await;
    let admission = member.post(&meeting.path("/join"), json!({"beside": true})).await.is(200);
    let second = app.livekit.connect(admission["token"].as_str().expect("a token"));
    app.settle().await;
    let devices = [first, second];
    let tracks =
        devices.each_ref().map(|it| app.livekit.publish(it, TrackSource::Microphone).expect("may speak"));
    let of_member = meeting.path(&format!("/participants/{}", member.id));
    organization.admin.patch(&of_member, json!({"can_share_screen": false})).await.is(200);
    for device in &devices {
        assert_eq!(app.livekit.sources(device), [TrackSource::Microphone, TrackSource::Camera]);
    }
    let muted = organization.admin.post(&format!("{of_member}/mute"), json!({})).await.is(200);
    assert_eq!(muted["muted_tracks"], 2);
    assert!(devices.iter().zip(&tracks).all(|(it, track)| app.livekit.is_muted(it, track) == Some(true)));
    organization.admin.post(&format!("{of_member}/remove"), json!({"ban": true})).await.is(204);
    app.settle().await;
    assert!(app.livekit.identities(&meeting.room).is_empty(), "both are out");
    member.post(&meeting.path("/join"), json!({"beside": true})).await.problem(403, "BANNED");
}

// TST-04, ATT-05
#[tokio::test]
async fn late_is_a_first_join_after_the_start_and_the_threshold() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let people = [
        organization.member("member").await,
        organization.member("member").await,
        organization.member("member").await,
    ];
    let plan = organization.meeting().invite(&people[0]).invite(&people[1]).invite(&people[2]);
    let meeting = plan.create().await;
    let punctual = app.enter(&people[0], &meeting).await;
    app.pass(Duration::minutes(5));
    app.enter(&people[1], &meeting).await;
    app.go(&punctual).await;
    app.pass(Duration::milliseconds(1));
    app.enter(&people[2], &meeting).await;
    app.pass(Duration::minutes(10));
    app.enter(&people[0], &meeting).await;
    let report = report(&organization.admin, &meeting).await;
    let late: Vec<_> = people.iter().map(|person| item(&report, person)["is_late"].clone()).collect();
    assert_eq!(
        late,
        [json!(false), json!(false), json!(true)],
        "only the first join counts, and exactly at the threshold is in time"
    );
    assert_eq!(report["summary"]["late"], 1);
    let stored: i64 = app.value("select count(*) from meeting_participants where is_late").await;
    assert_eq!(stored, 1);
}

// ATT-05, MTG-12
#[tokio::test]
async fn the_threshold_is_the_meetings_own() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    for (threshold, after, late) in [(0, 1, true), (0, 0, false), (20, 1200, false), (20, 1201, true)] {
        let guest = organization.member("member").await;
        let plan = organization.meeting().set("settings", json!({"late_threshold_minutes": threshold}));
        let meeting = plan.invite(&guest).create().await;
        app.pass(Duration::seconds(after));
        app.enter(&guest, &meeting).await;
        let report = report(&organization.admin, &meeting).await;
        assert_eq!(item(&report, &guest)["is_late"], late, "{threshold} minutes, {after} seconds");
    }
}

// TST-05, ATT-06
#[tokio::test]
async fn only_the_host_and_officers_see_the_attendance() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (host, officer) = (organization.member("secretary").await, organization.member("chairperson").await);
    let (guest, bystander, co_host) = (
        organization.member("member").await,
        organization.member("member").await,
        organization.member("member").await,
    );
    let meeting = organization.meeting().host(&host).invite(&guest).invite(&co_host).create().await;
    host.patch(&meeting.path(&format!("/participants/{}", co_host.id)), json!({"role": "co_host"}))
        .await
        .is(200);
    for person in [&host, &officer, &organization.admin] {
        report(person, &meeting).await;
    }
    for person in [&guest, &bystander, &co_host] {
        person.get(&meeting.path("/attendance")).await.problem(403, "FORBIDDEN");
    }
    other.admin.get(&meeting.path("/attendance")).await.problem(404, "NOT_FOUND");
    app.api.get(&meeting.path("/attendance")).await.problem(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn the_summary_counts_people() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (one, two, absent) = (
        organization.member("member").await,
        organization.member("member").await,
        organization.member("member").await,
    );
    let meeting = organization.meeting().invite(&one).invite(&two).invite(&absent).create().await;
    let host = app.enter(&organization.admin, &meeting).await;
    let first = app.enter(&one, &meeting).await;
    app.pass(Duration::minutes(10));
    app.go(&first).await;
    let second = app.enter(&two, &meeting).await;
    app.pass(Duration::minutes(10));
    app.go(&second).await;
    app.go(&host).await;
    let summary = report(&organization.admin, &meeting).await["summary"].clone();
    assert_eq!(
        (&summary["invited"], &summary["attended"], &summary["absent"]),
        (&json!(4), &json!(3), &json!(1))
    );
    assert_eq!((&summary["late"], &summary["peak_participants"]), (&json!(1), &json!(2)));
    assert_near(&summary["average_duration_seconds"], 800.0);
}

// ATT-20
#[tokio::test]
async fn times_keep_their_fractions_of_a_second() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    app.pass(Duration::milliseconds(123));
    app.enter(&organization.admin, &meeting).await;
    let report = report(&organization.admin, &meeting).await;
    assert_eq!(
        time(&item(&report, &organization.admin)["first_joined_at"]),
        beginning() + Duration::milliseconds(123)
    );
    let plain: i64 = app
        .value(
            "select count(*) from information_schema.columns where table_schema = 'public' and table_name like 'attendance%'
             and column_name like '%\\_at' and not (data_type = 'timestamp with time zone' and datetime_precision = 6)",
        )
        .await;
    assert_eq!(plain, 0);
}

// CON-19, issue: hidden participants, recorders and agents are not people.
#[tokio::test]
async fn who_is_hidden_or_a_machine_was_not_there() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    app.enter(&organization.admin, &meeting).await;
    app.livekit.connect_hidden(&meeting.room, "EG_recorder", Kind::Egress);
    app.livekit.connect_hidden(&meeting.room, "agent", Kind::Agent);
    app.livekit.connect_hidden(&meeting.room, "recorder:1", Kind::Standard);
    app.settle().await;
    app.pass(Duration::seconds(30));
    app.run_jobs().await;
    let report = report(&organization.admin, &meeting).await;
    assert_eq!(report["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["summary"]["peak_participants"], 1);
}

#[tokio::test]
async fn one_identity_twice_is_one_person_and_no_time_counts_double() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    let first = app.enter(&guest, &meeting).await;
    app.pass(Duration::minutes(3));
    let second = app.enter(&guest, &meeting).await;
    assert!(!app.livekit.is_connected(&first), "LiveKit keeps one connection of an identity");
    app.pass(Duration::minutes(4));
    app.go(&second).await;
    let report = report(&organization.admin, &meeting).await;
    assert_near(&item(&report, &guest)["duration_seconds"], 420.0);
    assert_eq!(report["summary"]["peak_participants"], 1);
}

/// LiveKit lets the bearer of a token add `#something` to their identity.
#[tokio::test]
async fn a_suffix_of_the_identity_makes_nobody_else() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.enter(&organization.admin, &meeting).await;
    let admission = guest.join(&meeting).await.is(200);
    let mut event = {
        app.livekit.connect(admission["token"].as_str().expect("a token"));
        app.livekit.take_webhooks().pop().expect("participant_joined")
    };
    event["participant"]["identity"] = format!("{}#tab", guest.id).into();
    app.webhook(&event).await.is(200);
    app.run_jobs().await;
    let report = report(&organization.admin, &meeting).await;
    assert_eq!(report["summary"]["attended"], 2);
    assert_eq!(item(&report, &guest)["status"], "joined");
}

#[tokio::test]
async fn a_vanished_client_was_there_until_it_vanished_and_not_until_livekit_noticed() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    let connection = app.enter(&guest, &meeting).await;
    app.pass(Duration::minutes(5) + Duration::milliseconds(20_500));
    app.livekit.disconnect(&connection, DisconnectReason::ConnectionTimeout);
    app.settle().await;
    let report = report(&organization.admin, &meeting).await;
    assert_near(&item(&report, &guest)["duration_seconds"], 300.0);
}

#[tokio::test]
async fn the_end_of_the_room_ends_every_span() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    for person in [&organization.admin, &guest] {
        app.enter(person, &meeting).await;
    }
    app.pass(Duration::minutes(20));
    // Everything of the end is lost but the last event.
    app.livekit.close_empty(&meeting.room);
    let last = app.livekit.take_webhooks().pop().expect("room_finished");
    assert_eq!(last["event"], "room_finished");
    app.webhook(&last).await.is(200);
    app.run_jobs().await;
    let report = report(&organization.admin, &meeting).await;
    for person in [&organization.admin, &guest] {
        assert_near(&item(&report, person)["duration_seconds"], 1200.0);
        assert_eq!(item(&report, person)["spans"][0]["how_closed"], "room_finished");
    }
    assert_eq!(organization.admin.get(&meeting.path("")).await.is(200)["status"], "completed");
}

#[tokio::test]
async fn the_comparison_finds_who_came_without_a_webhook() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.enter(&organization.admin, &meeting).await;
    let admission = guest.join(&meeting).await.is(200);
    app.pass(Duration::seconds(10));
    app.livekit.connect(admission["token"].as_str().expect("a token"));
    app.livekit.take_webhooks();
    app.pass(Duration::seconds(30));
    app.run_jobs().await;
    let report = report(&organization.admin, &meeting).await;
    assert_eq!(time(&item(&report, &guest)["first_joined_at"]), beginning() + Duration::seconds(10));
    assert_eq!(item(&report, &guest)["status"], "joined");
}

#[tokio::test]
async fn the_comparison_starts_a_meeting_of_which_no_webhook_told() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let admission = organization.admin.join(&meeting).await.is(200);
    app.livekit.connect(admission["token"].as_str().expect("a token"));
    app.livekit.take_webhooks();
    app.pass(Duration::seconds(30));
    app.run_jobs().await;
    let read = organization.admin.get(&meeting.path("")).await.is(200);
    assert_eq!((&read["status"], time(&read["actual_start"])), (&json!("in_progress"), beginning()));
}

#[tokio::test]
async fn the_comparison_ends_who_left_without_a_webhook_where_they_were_last_seen() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.enter(&organization.admin, &meeting).await;
    let connection = app.enter(&guest, &meeting).await;
    for _ in 0..4 {
        app.pass(Duration::seconds(30));
        app.run_jobs().await;
    }
    app.livekit.disconnect(&connection, DisconnectReason::ClientInitiated);
    app.livekit.take_webhooks();
    app.pass(Duration::seconds(30));
    app.run_jobs().await;
    let first = report(&organization.admin, &meeting).await;
    assert_eq!(item(&first, &guest)["status"], "joined", "missing once may be LiveKit's own gap");
    app.pass(Duration::seconds(30));
    app.run_jobs().await;
    let report = report(&organization.admin, &meeting).await;
    let guests = item(&report, &guest);
    assert_eq!((&guests["status"], &guests["spans"][0]["how_closed"]), (&json!("left"), &json!("reconcile")));
    assert_near(&guests["duration_seconds"], 120.0);
    assert_eq!(item(&report, &organization.admin)["status"], "joined");
}

#[tokio::test]
async fn after_a_crash_of_livekit_nobody_is_there_any_more_and_coming_back_is_a_new_span() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    app.enter(&organization.admin, &meeting).await;
    for _ in 0..2 {
        app.pass(Duration::seconds(30));
        app.run_jobs().await;
    }
    app.livekit.crash();
    app.pass(Duration::seconds(15));
    app.enter(&organization.admin, &meeting).await;
    app.pass(Duration::seconds(60));
    app.run_jobs().await;
    let report = report(&organization.admin, &meeting).await;
    let spans = item(&report, &organization.admin)["spans"].as_array().expect("spans").clone();
    assert_eq!(spans.len(), 2);
    assert_eq!(spans.iter().filter(|span| span["left_at"].is_null()).count(), 1);
    let total = seconds(&item(&report, &organization.admin)["duration_seconds"]);
    assert!(
        (119.0..=136.0).contains(&total),
        "{total}: between last sign of life and first of the new connection nobody knows"
    );
}

#[tokio::test]
async fn an_empty_room_that_livekit_forgot_ends_the_meeting() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    app.enter(&organization.admin, &meeting).await;
    app.livekit.crash();
    for _ in 0..6 {
        app.pass(Duration::seconds(30));
        app.run_jobs().await;
    }
    assert_eq!(organization.admin.get(&meeting.path("")).await.is(200)["status"], "completed");
}

#[tokio::test]
async fn while_livekit_is_away_nothing_is_concluded() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    app.enter(&organization.admin, &meeting).await;
    app.livekit.off();
    for _ in 0..10 {
        app.pass(Duration::seconds(30));
        app.run_jobs().await;
    }
    let report = report(&organization.admin, &meeting).await;
    assert_eq!(item(&report, &organization.admin)["status"], "joined");
    assert_eq!(organization.admin.get(&meeting.path("")).await.is(200)["status"], "in_progress");
}

// CON-19
#[tokio::test]
async fn a_token_holder_who_never_came_was_not_there() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    guest.join(&meeting).await.is(200);
    app.pass(Duration::minutes(5));
    app.run_jobs().await;
    let report = report(&organization.admin, &meeting).await;
    assert_eq!(
        (&item(&report, &guest)["status"], &item(&report, &guest)["spans"]),
        (&json!("invited"), &json!([]))
    );
    assert_eq!(report["summary"]["attended"], 0);
}

/// Somebody's presence as it truly was, in milliseconds after the beginning.
#[derive(Debug, Clone)]
struct Presence {
    person: usize,
    from: i64,
    to: i64,
}

/// Connections of up to three people: one after the other for each of them, some of them replaced by the next.
fn presences() -> impl Strategy<Value = Vec<Presence>> {
    proptest::collection::vec((0_usize..3, 1_000_i64..600_000, 0_i64..120_000), 1..9).prop_map(|steps| {
        let mut clock = [0_i64; 3];
        let mut all = Vec::new();
        for (person, long, pause) in steps {
            let from = clock[person] + pause;
            all.push(Presence { person, from, to: from + long });
            clock[person] = from + long;
        }
        all
    })
}

// ATT-04, ATT-20: whatever the order in which LiveKit's events arrive, and however often, the record is the truth.
#[tokio::test]
async fn any_order_of_events_gives_the_true_attendance() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let people = [
        organization.member("member").await,
        organization.member("member").await,
        organization.member("member").await,
    ];
    let mut runner = TestRunner::new(Config::default());
    let order = proptest::collection::vec(proptest::prelude::any::<u64>(), 40);
    for _ in 0..24 {
        let truth = presences().new_tree(&mut runner).expect("a case").current();
        let order = order.new_tree(&mut runner).expect("an order").current();
        let plan = organization.meeting().between(beginning(), None);
        let meeting = people.iter().fold(plan, harness::builders::MeetingBuilder::invite).create().await;
        let mut events = events_of(&meeting, &people, &truth);
        // Some come twice.
        let again: Vec<_> = events.iter().step_by(3).cloned().collect();
        events.extend(again);
        let mut keyed: Vec<_> = order.into_iter().cycle().zip(events).collect();
        keyed.sort_by_key(|(key, _)| *key);
        app.clock.set(beginning() + Duration::hours(2));
        let mut arrived = Vec::new();
        for (_, event) in keyed {
            arrived.push(format!("{} {}", event["event"], event["participant"]["sid"]));
            app.webhook(&event).await.is(200);
        }
        // Nobody is compared: LiveKit knows nothing of this room. Only the webhooks are worked off.
        app.work_off_webhooks().await;
        let report = report(&organization.admin, &meeting).await;
        for (index, person) in people.iter().enumerate() {
            let mine: Vec<_> = truth.iter().filter(|it| it.person == index).collect();
            let spans = item(&report, person)["spans"].as_array().expect("spans").clone();
            let context =
                || format!("{}\ntruth {truth:?}\narrived {arrived:#?}\nspans {spans:#?}", person.name);
            assert_eq!(spans.len(), mine.len(), "{}", context());
            for (span, presence) in spans.iter().zip(&mine) {
                assert_eq!(
                    time(&span["joined_at"]),
                    beginning() + Duration::milliseconds(presence.from),
                    "{}",
                    context()
                );
                let left = time(&span["left_at"]) - (beginning() + Duration::milliseconds(presence.to));
                assert!(left.num_milliseconds().abs() <= 1000, "left {left} off: {}", context());
            }
            let total: i64 = mine.iter().map(|it| it.to - it.from).sum();
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let off = (seconds(&item(&report, person)["duration_seconds"]) - total as f64 / 1000.0).abs();
            assert!(off <= f64::from(u32::try_from(mine.len()).expect("few")), "{off} s off: {}", context());
        }
        app.clock.set(beginning());
    }
}

/// The events that LiveKit sends of these presences.
fn events_of(meeting: &Meeting, people: &[Person; 3], truth: &[Presence]) -> Vec<Value> {
    let room = json!({"sid": format!("RM_{}", meeting.id), "name": meeting.room});
    let at = |millis: i64| beginning() + Duration::milliseconds(millis);
    let mut events = Vec::new();
    for (number, presence) in truth.iter().enumerate() {
        let sid = format!("PA_{}_{number}", meeting.id);
        let participant = |state: &str| {
            json!({
                "sid": sid, "identity": people[presence.person].id, "state": state, "name": people[presence.person].name,
                "joinedAt": at(presence.from).timestamp().to_string(),
                "joinedAtMs": at(presence.from).timestamp_millis().to_string(),
                "permission": {"canSubscribe": true, "canPublish": true, "canPublishData": true},
            })
        };
        for (event, millis, state) in [
            ("participant_joined", presence.from, "ACTIVE"),
            ("participant_left", presence.to, "DISCONNECTED"),
        ] {
            let mut participant = participant(state);
            if event == "participant_left" {
                participant["disconnectReason"] = "CLIENT_INITIATED".into();
            }
            events.push(json!({
                "event": event, "id": format!("EV_{}_{number}_{event}", meeting.id), "room": room,
                "createdAt": at(millis).timestamp().to_string(), "participant": participant,
            }));
        }
    }
    events
}
