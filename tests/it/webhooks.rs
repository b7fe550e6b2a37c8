//! LiveKit's webhooks: only true ones, each once, in order, and none is lost silently.

use chrono::Duration;
use futures::future::join_all;
use harness::{
    TestApp, Value, json,
    livekit::{API_SECRET, WebhookClaims, proto::participant_info::Kind},
};

/// The webhooks of somebody who enters a room: `room_started`, `participant_joined`.
async fn entering(app: &TestApp) -> (harness::Meeting, harness::Person, Vec<Value>) {
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let token =
        organization.admin.join(&meeting).await.is(200)["token"].as_str().expect("a token").to_owned();
    app.livekit.connect(&token);
    (meeting, organization.admin, app.livekit.take_webhooks())
}

fn bytes(event: &Value) -> Vec<u8> {
    serde_json::to_vec(event).expect("JSON")
}

async fn stored(app: &TestApp) -> i64 {
    app.value("select count(*) from webhook_inbox").await
}

// LIV-08, ATT-04, ATT-10, MTG-03, MTG-05
#[tokio::test]
async fn a_webhook_is_stored_answered_and_worked_off_later() {
    let app = TestApp::start().await;
    let (meeting, host, events) = entering(&app).await;
    assert_eq!(
        events.iter().map(|it| it["event"].clone()).collect::<Vec<_>>(),
        ["room_started", "participant_joined"]
    );
    for event in &events {
        app.webhook(event).await.is(200);
    }
    assert_eq!(stored(&app).await, 2);
    assert_eq!(
        host.get(&meeting.path("")).await.is(200)["status"],
        "scheduled",
        "answered before anything is done"
    );
    app.run_jobs().await;
    let read = host.get(&meeting.path("")).await.is(200);
    assert_eq!((&read["status"], &read["actual_start"]), (&json!("in_progress"), &json!(app.clock.now())));
    assert_eq!(app.value::<i64>("select count(*) from webhook_inbox where processed_at is null").await, 0);
}

#[tokio::test]
async fn a_forged_replayed_or_expired_webhook_is_403_and_has_no_effect() {
    let app = TestApp::start().await;
    let (meeting, host, events) = entering(&app).await;
    let event = events.last().expect("an event");
    let body = bytes(event);
    let now = app.clock.now();
    let good = WebhookClaims::of(&body, now);
    let other_body = bytes(&json!({"event": "room_finished", "id": "EV_x", "room": {"name": meeting.room}}));
    let forged = [
        ("another secret", good.sign("some secret that is not LiveKit's own one")),
        ("another key", WebhookClaims { iss: "other-key".into(), ..good.clone() }.sign(API_SECRET)),
        ("another body", WebhookClaims::of(&other_body, now).sign(API_SECRET)),
        ("no hash", WebhookClaims { sha256: String::new(), ..good.clone() }.sign(API_SECRET)),
        ("long ago", WebhookClaims::of(&body, now - Duration::minutes(7)).sign(API_SECRET)),
        ("not yet", WebhookClaims::of(&body, now + Duration::minutes(7)).sign(API_SECRET)),
        ("no token", String::new()),
        ("no JWT", "x.y.z".to_owned()),
        (
            "an access token of ours",
            app.app.tokens.sign(host.user_id(), kernel::ids::SessionId::new(now), now),
        ),
    ];
    for (case, token) in &forged {
        let answer = app.webhook_with(body.clone(), token).await;
        assert_eq!(answer.status, 403, "{case}: {}", answer.text());
    }
    let join = host.join(&meeting).await.is(200);
    app.webhook_with(body.clone(), join["token"].as_str().expect("a token")).await.is(403);
    let request = app.api.request(reqwest::Method::POST, "/webhooks/livekit").body(body.clone());
    app.api.send(request).await.is(403);
    // A true signature that comes again after its time is a replay.
    let token = good.sign(API_SECRET);
    app.pass(Duration::minutes(7));
    app.webhook_with(body, &token).await.is(403);
    app.work_off_webhooks().await;
    assert_eq!(stored(&app).await, 0);
    assert_eq!(app.value::<i64>("select count(*) from attendance_spans").await, 0);
}

#[tokio::test]
async fn an_unsigned_token_is_refused() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
    let app = TestApp::start().await;
    let (_, _, events) = entering(&app).await;
    let body = bytes(&events[0]);
    let claims = serde_json::to_vec(&WebhookClaims::of(&body, app.clock.now())).expect("JSON");
    let token = format!("{}.{}.", BASE64.encode(r#"{"alg":"none","typ":"JWT"}"#), BASE64.encode(claims));
    app.webhook_with(body, &token).await.is(403);
    assert_eq!(stored(&app).await, 0);
}

#[tokio::test]
async fn a_webhook_that_comes_twice_counts_once() {
    let app = TestApp::start().await;
    let (_, _, events) = entering(&app).await;
    for event in &events {
        let answers = join_all((0..8).map(|_| app.webhook(event))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
    }
    assert_eq!(stored(&app).await, 2);
    app.run_jobs().await;
    for event in &events {
        app.webhook(event).await.is(200);
    }
    app.run_jobs().await;
    assert_eq!(stored(&app).await, 2);
    assert_eq!(app.value::<i64>("select count(*) from attendance_spans").await, 1);
    assert_eq!(app.value::<i64>("select count(*) from attendance_log where event = 'join'").await, 1);
}

#[tokio::test]
async fn a_signed_webhook_that_cannot_be_read_is_400() {
    let app = TestApp::start().await;
    let bodies: [&[u8]; 7] =
        [b"", b"{", b"[]", b"null", b"{\"event\": \"room_started\"}", b"{\"id\": \"EV_1\"}", b"\xff\xfe"];
    for body in bodies {
        let token = WebhookClaims::of(body, app.clock.now()).sign(API_SECRET);
        let answer = app.webhook_with(body.to_vec(), &token).await;
        assert_eq!(answer.status, 400, "{:?}: {}", String::from_utf8_lossy(body), answer.text());
    }
    assert_eq!(stored(&app).await, 0);
}

#[tokio::test]
async fn metadata_of_half_a_megabyte_passes_and_more_than_any_webhook_is_413() {
    let app = TestApp::start().await;
    let (_, _, mut events) = entering(&app).await;
    let mut event = events.pop().expect("an event");
    event["participant"]["metadata"] = "x".repeat(512 * 1024).into();
    app.webhook(&event).await.is(200);
    app.run_jobs().await;
    event["participant"]["metadata"] = "x".repeat(16 * 1024 * 1024).into();
    app.webhook(&event).await.is(413);
    assert_eq!(stored(&app).await, 1);
}

#[tokio::test]
async fn what_cannot_be_stored_now_is_503_so_that_it_is_sent_again() {
    let app = TestApp::start().await;
    let (_, _, events) = entering(&app).await;
    app.execute("alter table webhook_inbox rename to away").await;
    let answer = app.webhook(&events[0]).await;
    assert!(!answer.header("retry-after").is_empty());
    answer.is(503);
    app.execute("alter table away rename to webhook_inbox").await;
    app.webhook(&events[0]).await.is(200);
    app.run_jobs().await;
}

#[tokio::test]
async fn rooms_and_events_of_others_are_kept_and_change_nothing() {
    let app = TestApp::start().await;
    let (meeting, host, _) = entering(&app).await;
    let strange = [
        json!({"event": "room_started", "id": "EV_a", "createdAt": "1796115300", "room": {"sid": "RM_x", "name": "somebody-elses"}}),
        json!({"event": "participant_joined", "id": "EV_b", "createdAt": "1796115300", "room": {"sid": "RM_x", "name": "somebody-elses"},
               "participant": {"sid": "PA_x", "identity": host.id, "joinedAt": "1796115300", "state": "ACTIVE"}}),
        json!({"event": "something_new", "id": "EV_c", "createdAt": "1796115300", "room": {"sid": "RM_x", "name": meeting.room}}),
        json!({"event": "participant_joined", "id": "EV_d", "createdAt": "1796115300", "room": {"sid": "RM_x", "name": meeting.room},
               "participant": {"sid": "PA_y", "identity": host.id, "joinedAtMs": "1796115300000", "kind": "HOLOGRAM", "state": "DREAMING"},
               "unheardOf": {"deep": [1]}}),
        json!({"event": "egress_ended", "id": "EV_e", "createdAt": "1796115300", "egressInfo": {"egressId": "EG_x", "roomName": meeting.room}}),
        json!({"event": "track_published", "id": "EV_f", "room": {"name": meeting.room}, "participant": {"identity": "x\u{0}y"}}),
    ];
    for event in &strange {
        app.webhook(event).await.is(200);
    }
    app.run_jobs().await;
    assert_eq!(
        app.value::<i64>(
            "select count(*) from webhook_inbox where dead_at is not null or processed_at is null"
        )
        .await,
        0
    );
    assert_eq!(
        app.value::<i64>(
            "select count(*) from attendance_spans where room_sid = 'RM_x' and participant_sid = 'PA_x'"
        )
        .await,
        0
    );
}

#[tokio::test]
async fn no_password_of_livekit_is_stored() {
    let app = TestApp::start().await;
    let (_, _, events) = entering(&app).await;
    assert!(events[0].to_string().contains("turnPassword"), "LiveKit sends it");
    for event in &events {
        app.webhook(event).await.is(200);
    }
    let found: i64 =
        app.value("select count(*) from webhook_inbox where body::text ilike '%password%'").await;
    assert_eq!(found, 0);
    app.run_jobs().await;
}

#[tokio::test]
async fn what_fails_is_tried_again_in_order_and_holds_up_no_other_room() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (stuck, fine) = (organization.meeting().create().await, organization.meeting().create().await);
    let enter = async |meeting: &harness::Meeting| {
        let admission = organization.admin.join(meeting).await.is(200);
        app.livekit.connect(admission["token"].as_str().expect("a token"))
    };
    // Whatever goes wrong with one room only.
    sqlx::query(
        "create function refuse_one() returns trigger language plpgsql as $$
         begin if new.meeting_id::text = tg_argv[0] then raise exception 'not today'; end if; return new; end $$",
    )
    .execute(&mut app.database().await)
    .await
    .expect("a function");
    let trigger = format!(
        "create trigger refuse_one before insert on attendance_spans for each row execute function refuse_one('{}')",
        stuck.id
    );
    sqlx::query(sqlx::AssertSqlSafe(trigger)).execute(&mut app.database().await).await.expect("a trigger");
    let first = enter(&stuck).await;
    app.pass(Duration::seconds(1));
    enter(&fine).await;
    app.settle().await;
    let status = async |meeting: &harness::Meeting| {
        organization.admin.get(&meeting.path("")).await.is(200)["status"].clone()
    };
    assert_eq!(status(&fine).await, "in_progress");
    let waiting: i64 =
        app.value("select count(*) from webhook_inbox where processed_at is null and dead_at is null").await;
    assert!(waiting > 0, "what failed waits");
    assert!(
        app.value::<bool>("select bool_or(attempts > 0 and error like '%not today%') from webhook_inbox")
            .await
    );
    app.livekit.disconnect(&first, harness::livekit::DisconnectReason::ClientInitiated);
    app.settle().await;
    app.execute("drop trigger refuse_one on attendance_spans").await;
    app.pass(Duration::minutes(10));
    app.settle().await;
    assert_eq!(app.value::<i64>("select count(*) from webhook_inbox where processed_at is null").await, 0);
    let closed: i64 = app.value("select count(*) from attendance_spans where left_at is not null").await;
    assert_eq!(closed, 1, "join and leave of the room that was stuck were made up for in their order");
}

#[tokio::test]
async fn what_fails_for_ever_is_kept_for_a_person_and_the_room_goes_on() {
    let app = TestApp::start().await;
    let (_, host, events) = entering(&app).await;
    app.execute(
        "create function refuse_all() returns trigger language plpgsql as $$ begin raise exception 'never'; end $$",
    )
    .await;
    app.execute("create trigger refuse_all before insert on attendance_spans for each row execute function refuse_all()").await;
    for event in &events {
        app.webhook(event).await.is(200);
    }
    for _ in 0..16 {
        app.run_jobs().await;
        app.pass(Duration::minutes(10));
    }
    let dead: i64 = app
        .value("select count(*) from webhook_inbox where dead_at is not null and error like '%never%'")
        .await;
    assert!(dead >= 1, "after its attempts it is left to a person");
    assert_eq!(
        app.value::<i64>("select count(*) from webhook_inbox where dead_at is null and processed_at is null")
            .await,
        0
    );
    // The person mends what was broken and lets it be tried again.
    app.execute("drop trigger refuse_all on attendance_spans").await;
    let ids: Vec<String> =
        sqlx::query_scalar("select event_id from webhook_inbox where dead_at is not null order by arrival")
            .fetch_all(&mut app.database().await)
            .await
            .expect("ids");
    let mut tx = app.app.begin_system().await.expect("a transaction");
    assert_eq!(kernel::inbox::dead(&mut tx).await.expect("a list").len(), ids.len());
    let backlog = kernel::inbox::backlog(&mut tx).await.expect("two numbers");
    assert_eq!((backlog.waiting, backlog.dead), (0, dead));
    for id in &ids {
        assert!(kernel::inbox::replay(&mut tx, id, app.clock.now()).await.expect("replayed"));
    }
    tx.commit().await.expect("committed");
    app.run_jobs().await;
    assert_eq!(app.value::<i64>("select count(*) from webhook_inbox where processed_at is null").await, 0);
    assert_eq!(app.value::<i64>("select count(*) from attendance_spans").await, 1);
    host.get("/me").await.is(200);
}

/// How many webhooks came to an end of this kind, in all services of this program.
async fn ended(app: &TestApp, outcome: &str) -> u64 {
    let numbers = app.api.http_get("/metrics").await.text();
    let name = format!(r#"webhooks_total{{source="livekit",outcome="{outcome}"}} "#);
    let line = numbers.lines().find_map(|line| line.strip_prefix(&name));
    line.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no {name} in {numbers}"))
}

// OBS-02, OBS-03
#[tokio::test]
async fn what_becomes_of_webhooks_is_counted() {
    let app = TestApp::start().await;
    let before = ended(&app, "refused").await;
    app.webhook_with(b"{}".to_vec(), "no token").await.problem(403, "BAD_SIGNATURE");
    assert!(ended(&app, "refused").await > before);
    let (_, _, events) = entering(&app).await;
    app.execute(
        "create function refuse_all() returns trigger language plpgsql as $$ begin raise exception 'never'; end $$",
    )
    .await;
    app.execute("create trigger refuse_all before insert on attendance_spans for each row execute function refuse_all()").await;
    let (failed, dead) = (ended(&app, "failed").await, ended(&app, "dead").await);
    for event in &events {
        app.webhook(event).await.is(200);
    }
    app.run_jobs().await;
    assert!(ended(&app, "failed").await > failed);
    app.execute("drop trigger refuse_all on attendance_spans").await;
    let done = ended(&app, "done").await;
    app.pass(Duration::minutes(10));
    app.run_jobs().await;
    assert!(ended(&app, "done").await > done);
    ended(&app, "not_stored").await;
    assert!(ended(&app, "dead").await >= dead);
    let numbers = app.api.http_get("/metrics").await.text();
    for name in ["webhooks_waiting ", "webhooks_dead ", "meetings_no_show_total "] {
        assert!(numbers.contains(name), "{name} in {numbers}");
    }
}

// LIV-08: hidden participants, recorders and agents are no people.
#[tokio::test]
async fn recorders_and_agents_start_no_meeting() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    app.livekit.connect_hidden(&meeting.room, "EG_recorder", Kind::Egress);
    app.livekit.connect_hidden(&meeting.room, "agent-1", Kind::Agent);
    app.livekit.connect_hidden(&meeting.room, &organization.admin.id, Kind::Standard);
    app.settle().await;
    assert_eq!(organization.admin.get(&meeting.path("")).await.is(200)["status"], "scheduled");
    assert_eq!(app.value::<i64>("select count(*) from attendance_spans").await, 0);
}

// MTG-03, MTG-05, ATT-10
#[tokio::test]
async fn the_end_of_the_room_completes_the_meeting_and_a_late_start_does_not_revive_it() {
    let app = TestApp::start().await;
    let (meeting, host, mut events) = entering(&app).await;
    app.pass(Duration::minutes(30));
    app.livekit.close_empty(&meeting.room);
    events.extend(app.livekit.take_webhooks());
    for event in &events {
        app.webhook(event).await.is(200);
    }
    app.run_jobs().await;
    let read = host.get(&meeting.path("")).await.is(200);
    assert_eq!((&read["status"], &read["ended_by"]), (&json!("completed"), &json!("room_empty")));
    assert_eq!(read["actual_start"], json!(harness::app::beginning()));
    assert_eq!(read["actual_end"], json!(app.clock.now()));
}

#[tokio::test]
async fn a_webhook_for_a_cancelled_meeting_moves_nothing() {
    let app = TestApp::start().await;
    let (meeting, host, events) = entering(&app).await;
    host.post(&meeting.path("/cancel"), json!({})).await.is(200);
    for event in &events {
        app.webhook(event).await.is(200);
    }
    app.run_jobs().await;
    app.settle().await;
    assert_eq!(host.get(&meeting.path("")).await.is(200)["status"], "cancelled");
}

/// The harness itself: what is left undone does not go unseen.
#[tokio::test]
#[should_panic(expected = "webhooks or jobs were left undone")]
async fn a_test_that_leaves_webhooks_undone_fails() {
    let app = TestApp::start().await;
    let (_, _, events) = entering(&app).await;
    app.webhook(&events[0]).await.is(200);
}

#[tokio::test]
async fn a_test_may_leave_webhooks_undone_when_it_says_so() {
    let app = TestApp::start().await;
    let (_, _, events) = entering(&app).await;
    app.webhook(&events[0]).await.is(200);
    app.expect_leftovers();
}
