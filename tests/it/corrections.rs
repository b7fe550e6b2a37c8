//! Corrections of the record: what somebody says beside what was recorded counts, and nothing is overwritten.

use std::fmt::Write;

use chrono::{DateTime, Duration, Utc};
use harness::{
    Meeting, Organization, Person, TestApp, Value,
    app::beginning,
    json,
    livekit::{Connection, DisconnectReason},
};
use kernel::ids::SpanId;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use server::{
    attendance::{
        presence::Rules,
        report::{AttendanceSpan, Attendee, Frame, report as pure_report},
    },
    presence_checks::model::CheckTally,
    seals::{
        seal,
        verify::{self, Wanted},
    },
};
use uuid::Uuid;

async fn report(viewer: &Person, meeting: &Meeting) -> Value {
    viewer.get(&meeting.path("/attendance")).await.is(200)
}

fn item<'a>(report: &'a Value, person: &Person) -> &'a Value {
    let items = report["items"].as_array().expect("items");
    let item = items.iter().find(|it| it["user"]["id"] == person.id.as_str());
    item.unwrap_or_else(|| panic!("{} is not in {report}", person.name))
}

/// A meeting to which a member came and stayed for ten minutes.
async fn held(app: &TestApp, organization: &Organization<'_>, member: &Person) -> Meeting {
    let meeting = organization.meeting().invite(member).create().await;
    let there = app.enter(member, &meeting).await;
    app.pass(Duration::minutes(10));
    app.go(&there).await;
    meeting
}

fn after(minutes: i64) -> DateTime<Utc> {
    beginning() + Duration::minutes(minutes)
}

fn span_of(item: &Value) -> Value {
    item["spans"][0]["id"].clone()
}

fn corrections(meeting: &Meeting) -> String {
    meeting.path("/attendance/corrections")
}

async fn sums(app: &TestApp, meeting: &Meeting, person: &Person) -> (f64, f64, bool, String) {
    sqlx::query_as(
        "select duration_seconds, calculate_participant_duration(meeting_id, user_id), is_late, status::text
         from meeting_participants where meeting_id = $1 and user_id = $2",
    )
    .bind(meeting.id.parse::<Uuid>().expect("an id"))
    .bind(person.user_id().0)
    .fetch_one(&mut app.database().await)
    .await
    .expect("a participant")
}

/// How much `baraza admin verify` finds.
async fn faults(app: &TestApp) -> usize {
    verify::run(&app.app, &Wanted::default(), |_| ()).await.expect("the database answers")
}

// ATT-01, ATT-02
#[tokio::test]
async fn other_times_count_and_what_was_recorded_stays() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let meeting = held(&app, &organization, &member).await;
    let host = &organization.admin;
    let before = report(host, &meeting).await;
    let recorded = item(&before, &member)["spans"][0].clone();
    assert_eq!((&recorded["correction"], &recorded["exact_within_seconds"]), (&Value::Null, &json!(1.0)));
    app.pass(Duration::minutes(30));
    let body = json!({"span_id": recorded["id"], "joined_at": after(7), "left_at": after(22), "reason": " Clock was wrong "});
    let made = host.post(&corrections(&meeting), body).await.is(201);
    assert_eq!((&made["kind"], &made["reason"]), (&json!("times"), &json!("Clock was wrong")));
    let times = json!({"joined_at": recorded["joined_at"], "left_at": recorded["left_at"]});
    assert_eq!(made["former"], times);
    let now = report(host, &meeting).await;
    let of_member = item(&now, &member);
    assert_eq!(of_member["duration_seconds"], json!(900.0));
    assert_eq!(of_member["is_late"], true);
    assert_eq!(now["summary"]["late"], 1);
    let span = &of_member["spans"][0];
    assert_eq!((&span["id"], &span["exact_within_seconds"]), (&recorded["id"], &Value::Null));
    let author = json!({"id": host.id, "name": host.name});
    assert_eq!(
        span["correction"],
        json!({"reason": "Clock was wrong", "author": author, "at": made["at"], "former": times})
    );
    assert_eq!(sums(&app, &meeting, &member).await, (900.0, 900.0, true, "left".into()));
    let of_member = host.get(&organization.path(&format!("/reports/members/{}", member.id))).await.is(200);
    assert_eq!(
        (&of_member["items"][0]["duration_seconds"], &of_member["items"][0]["is_late"]),
        (&json!(900.0), &json!(true))
    );
    assert!(host.get(&meeting.path("/attendance.csv")).await.text().contains("left,2026-12-01T09:02:00"));
    // The trail still says what LiveKit told, and that somebody corrected it; the story tells by whom.
    let told: Vec<String> =
        sqlx::query_scalar("select event::text from attendance_log where event <> 'requested' order by id")
            .fetch_all(&mut app.database().await)
            .await
            .expect("the trail");
    assert_eq!(told, ["join", "leave", "corrected"]);
    let left: DateTime<Utc> = app.value("select left_at from attendance_spans").await;
    assert!((left - after(10)).abs() < Duration::seconds(1));
    let story = host.get(&meeting.path("/timeline?kind=attendance.corrected")).await.is(200);
    let entry = &story["items"][0];
    assert_eq!(
        (&entry["actor"]["id"], &entry["data"]["about"]["id"]),
        (&json!(host.id), &json!(member.id)),
        "{story}"
    );
    let requested = host.get(&meeting.path("/timeline?kind=attendance.requested")).await.is(200);
    assert_eq!(
        requested["items"].as_array().map(Vec::len),
        Some(1),
        "a correction is no request: {requested}"
    );
    // A second one takes the place of the first, and both stay.
    let body = json!({"span_id": recorded["id"], "joined_at": after(1), "left_at": after(2), "reason": "Wrong again"});
    host.post(&corrections(&meeting), body).await.is(201);
    let now = report(host, &meeting).await;
    let of_member = item(&now, &member);
    assert_eq!((&of_member["duration_seconds"], &of_member["is_late"]), (&json!(60.0), &json!(false)));
    assert_eq!(of_member["spans"][0]["correction"]["former"], times, "what was recorded");
    let all = host.all(&corrections(&meeting), 1).await;
    assert_eq!(all.len(), 2);
    assert_eq!((&all[0]["reason"], &all[1]["reason"]), (&json!("Wrong again"), &json!("Clock was wrong")));
    assert_eq!(all[0]["former"]["left_at"], json!(after(22)));
    assert_eq!(faults(&app).await, 0);
}

#[tokio::test]
async fn a_presence_is_struck_and_another_added() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (member, unseen) = (organization.member("member").await, organization.member("member").await);
    let uninvited = organization.member("member").await;
    let meeting = organization.meeting().invite(&member).invite(&unseen).create().await;
    let there = app.enter(&member, &meeting).await;
    app.pass(Duration::minutes(10));
    app.go(&there).await;
    let host = &organization.admin;
    let span = span_of(item(&report(host, &meeting).await, &member));
    let strike = json!({"span_id": span, "void": true, "reason": "It was the caretaker"});
    let struck = host.post(&corrections(&meeting), strike).await.is(201);
    assert_eq!((&struck["kind"], &struck["joined_at"]), (&json!("struck"), &Value::Null));
    let now = report(host, &meeting).await;
    let of_member = item(&now, &member);
    assert_eq!((&of_member["spans"], &of_member["duration_seconds"]), (&json!([]), &json!(0.0)));
    assert_eq!(of_member["struck"][0]["id"], span);
    assert_eq!(of_member["struck"][0]["correction"]["reason"], "It was the caretaker");
    assert_eq!((&now["summary"]["attended"], &now["summary"]["absent"]), (&json!(0), &json!(3)));
    assert_eq!(sums(&app, &meeting, &member).await, (0.0, 0.0, false, "accepted".into()));
    for (person, key) in [(&unseen, "one"), (&unseen, "one"), (&uninvited, "two")] {
        let body = json!({"user_id": person.id, "joined_at": after(1), "left_at": after(4), "reason": "Sat beside me"});
        let request = host.api.request(reqwest::Method::POST, &corrections(&meeting));
        let request = request.header("Idempotency-Key", key).json(&body);
        let made = host.api.send(request).await.is(201);
        assert_eq!((&made["kind"], &made["former"]), (&json!("added"), &Value::Null));
    }
    let now = report(host, &meeting).await;
    for person in [&unseen, &uninvited] {
        let of_person = item(&now, person);
        assert_eq!(of_person["spans"].as_array().map(Vec::len), Some(1), "a repeated request is one");
        assert_eq!((&of_person["duration_seconds"], &of_person["status"]), (&json!(180.0), &json!("left")));
        assert_eq!(of_person["spans"][0]["correction"]["former"], Value::Null);
    }
    assert_eq!((&now["summary"]["attended"], &now["summary"]["peak_participants"]), (&json!(2), &json!(2)));
    assert_eq!(sums(&app, &meeting, &unseen).await, (180.0, 180.0, false, "left".into()));
    // What was struck can be put back, and what was added struck.
    let back = json!({"span_id": span, "joined_at": after(0), "left_at": after(10), "reason": "It was her after all"});
    host.post(&corrections(&meeting), back).await.is(201);
    let added = span_of(item(&now, &uninvited));
    let strike = json!({"span_id": added, "void": true, "reason": "Mistaken"});
    host.post(&corrections(&meeting), strike).await.is(201);
    let now = report(host, &meeting).await;
    assert_eq!(item(&now, &member)["duration_seconds"], json!(600.0));
    assert_eq!(item(&now, &member)["struck"], json!([]));
    assert!(!now.to_string().contains(&uninvited.id), "nobody is left behind");
    assert_eq!(now["summary"]["invited"], 3);
    assert_eq!(faults(&app).await, 0);
}

#[tokio::test]
async fn only_the_host_and_officers_correct_and_only_what_can_be() {
    let app = TestApp::start().await;
    let (organization, elsewhere) = (app.organization().await, app.organization().await);
    let (member, co_host) = (organization.member("member").await, organization.member("member").await);
    let (host, officer) = (organization.member("secretary").await, organization.member("chairperson").await);
    let meeting = organization.meeting().host(&host).invite(&member).invite(&co_host).create().await;
    let path = corrections(&meeting);
    let body = |from: i64, to: i64| json!({"user_id": member.id, "joined_at": after(from), "left_at": after(to), "reason": "Seen"});
    host.post(&path, body(-2, -1)).await.problem(409, "NOT_STARTED");
    let role = json!({"role": "co_host"});
    host.patch(&meeting.path(&format!("/participants/{}", co_host.id)), role).await.is(200);
    let open = app.enter(&member, &meeting).await;
    app.pass(Duration::minutes(10));
    for person in [&member, &co_host] {
        person.post(&path, body(1, 2)).await.problem(403, "FORBIDDEN");
        person.get(&path).await.problem(403, "FORBIDDEN");
    }
    elsewhere.admin.post(&path, body(1, 2)).await.problem(404, "NOT_FOUND");
    officer.post(&path, body(1, 2)).await.is(201);
    host.post(&path, body(3, 4)).await.is(201);
    // Members who may look on are not trusted with the record.
    let decided = json!({"permissions": {"attendance.view": ["admin", "secretary", "member"]}});
    organization.admin.put(&organization.path("/permissions"), decided).await.is(200);
    let onlooker = organization.member("member").await;
    onlooker.get(&path).await.is(200);
    onlooker.post(&path, body(1, 2)).await.problem(403, "FORBIDDEN");
    officer.post(&path, body(1, 2)).await.problem(403, "FORBIDDEN");
    // Whoever is still there is corrected when they have left.
    let spans = report(&host, &meeting).await;
    let mut there = item(&spans, &member)["spans"].as_array().expect("spans").iter();
    let span = there.find(|span| span["left_at"].is_null()).expect("an open one")["id"].clone();
    let strike = json!({"span_id": span, "void": true, "reason": "Gone"});
    host.post(&path, strike.clone()).await.problem(409, "STILL_OPEN");
    app.go(&open).await;
    host.post(&path, strike).await.is(201);
    // What cannot be.
    let stranger = elsewhere.member("member").await;
    let mut of_stranger = body(1, 2);
    of_stranger["user_id"] = stranger.id.clone().into();
    host.post(&path, of_stranger).await.problem(422, "NOT_A_MEMBER");
    let foreign = held(&app, &elsewhere, &stranger).await;
    let foreign_span = span_of(item(&report(&elsewhere.admin, &foreign).await, &stranger));
    let times = json!({"joined_at": after(1), "left_at": after(2), "reason": "x"});
    let with = |changes: Value| {
        let mut body = times.clone();
        body.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        body
    };
    host.post(&path, with(json!({"span_id": foreign_span}))).await.problem(404, "NOT_FOUND");
    host.post(&path, with(json!({"span_id": Uuid::nil()}))).await.problem(404, "NOT_FOUND");
    for (changes, pointer) in [
        (json!({}), "/span_id"),
        (json!({"span_id": span, "user_id": member.id}), "/span_id"),
        (json!({"user_id": member.id, "reason": "  "}), "/reason"),
        (json!({"user_id": member.id, "reason": "x".repeat(501)}), "/reason"),
        (json!({"user_id": member.id, "reason": "a\u{0}b"}), "/reason"),
        (json!({"user_id": member.id, "left_at": after(1)}), "/left_at"),
        (json!({"user_id": member.id, "left_at": null}), "/left_at"),
        (json!({"user_id": member.id, "left_at": after(60 * 24)}), "/left_at"),
        (json!({"user_id": member.id, "joined_at": after(-60 * 24 - 1)}), "/joined_at"),
        (json!({"user_id": member.id, "joined_at": "+262000-01-01T00:00:00Z"}), "/joined_at"),
        (json!({"user_id": member.id, "joined_at": "yesterday"}), "/joined_at"),
        (json!({"span_id": span, "void": true}), "/joined_at"),
        (json!({"user_id": member.id, "void": true, "joined_at": null, "left_at": null}), "/span_id"),
    ] {
        let problem = host.post(&path, with(changes.clone())).await.problem(422, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{changes}: {problem}");
    }
    // A day after the end it is too late to have been there.
    host.post(&meeting.path("/end"), json!({})).await.is(200);
    app.pass(Duration::hours(40));
    host.post(&path, body(1, 60 * 26)).await.problem(422, "VALIDATION_FAILED");
    host.post(&path, body(1, 60 * 24)).await.is(201);
    let cancelled = organization.meeting().host(&host).create().await;
    host.post(&cancelled.path("/cancel"), json!({})).await.is(200);
    host.post(&corrections(&cancelled), body(1, 2)).await.problem(409, "MEETING_CANCELLED");
}

/// A guest who comes by a link, as LiveKit and the program know them.
async fn visitor(
    app: &TestApp,
    host: &Person,
    meeting: &Meeting,
    name: &str,
) -> (String, Connection, harness::Api) {
    let link = host.post(&meeting.path("/guest-links"), json!({})).await.is(201);
    let token = link["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a token").to_owned();
    let admission = app.api.post(&format!("/guest/{token}/join"), json!({"name": name})).await.is(200);
    let connection = app.livekit.connect(admission["token"].as_str().expect("a token"));
    app.settle().await;
    let api = app.api.with_token(admission["access_token"].as_str().expect("a token"));
    (admission["guest"]["id"].as_str().expect("an id").to_owned(), connection, api)
}

// ATT-02
#[tokio::test]
async fn a_guest_who_was_a_member_is_counted_once_as_that_member() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    app.execute("update organizations set settings = settings || '{\"allow_guests\": true}'").await;
    let (member, uninvited) = (organization.member("member").await, organization.member("member").await);
    let host = &organization.admin;
    let settings = json!({"allow_guests": true});
    let meeting = organization.meeting().invite(&member).set("settings", settings).create().await;
    let own = app.enter(&member, &meeting).await;
    let (guest, at_work, api) = visitor(&app, host, &meeting, "Ann").await;
    api.post(&meeting.path("/chat"), json!({"type": "text", "content": "hello"})).await.is(201);
    member.post(&meeting.path("/chat"), json!({"type": "text", "content": "hello"})).await.is(201);
    app.pass(Duration::minutes(10));
    app.go(&own).await;
    app.pass(Duration::minutes(10));
    app.livekit.disconnect(&at_work, DisconnectReason::ClientInitiated);
    app.settle().await;
    let (other, phone, _) = visitor(&app, host, &meeting, "Ann's phone").await;
    app.pass(Duration::minutes(5));
    app.livekit.disconnect(&phone, DisconnectReason::ClientInitiated);
    app.settle().await;
    let path = |guest: &str| meeting.path(&format!("/guests/{guest}/member"));
    let before = report(host, &meeting).await;
    let said = json!({"user_id": member.id, "reason": "She told me"});
    member.put(&path(&guest), said.clone()).await.problem(403, "FORBIDDEN");
    host.put(&path(&Uuid::nil().to_string()), said.clone()).await.problem(404, "NOT_FOUND");
    host.put(&path(&guest), json!({"user_id": member.id})).await.problem(422, "VALIDATION_FAILED");
    let elsewhere = app.organization().await;
    let stranger = json!({"user_id": elsewhere.admin.id, "reason": "x"});
    host.put(&path(&guest), stranger).await.problem(422, "NOT_A_MEMBER");
    let foreign = organization.meeting().create().await;
    app.enter(host, &foreign).await;
    host.put(&foreign.path(&format!("/guests/{guest}/member")), said.clone()).await.problem(404, "NOT_FOUND");

    let made = host.put(&path(&guest), said.clone()).await.is(200);
    assert_eq!((&made["kind"], &made["guest"]["id"]), (&json!("guest_is_member"), &json!(guest)));
    host.put(&path(&other), said).await.is(200);
    let now = report(host, &meeting).await;
    let of_member = item(&now, &member);
    let seconds = of_member["duration_seconds"].as_f64().expect("seconds");
    assert!((seconds - 1500.0).abs() < 1.0, "what overlaps counts once: {seconds}");
    let names: Vec<_> =
        of_member["came_as"].as_array().expect("a list").iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["Ann (guest)", "Ann's phone (guest)"]);
    assert_eq!(of_member["messages_sent"], 2);
    assert_eq!(of_member["spans"].as_array().map(Vec::len), Some(3));
    assert!(!now["items"].as_array().expect("items").iter().any(|it| !it["guest_id"].is_null()), "{now}");
    assert_eq!(
        (&now["summary"]["attended"], &now["summary"]["peak_participants"]),
        (&json!(1), &json!(1)),
        "one person, however many devices"
    );
    let (stored, computed, ..) = sums(&app, &meeting, &member).await;
    assert!((stored - seconds).abs() < 1e-6 && (computed - seconds).abs() < 1e-6, "{stored} {computed}");
    let of_member = host.get(&organization.path(&format!("/reports/members/{}", member.id))).await.is(200);
    assert_eq!(of_member["items"][0]["messages_sent"], 2);
    // What comes later counts as well, and a guest's presence is corrected as any other.
    let spans = item(&now, &member)["spans"].as_array().expect("spans").clone();
    let late = spans.last().expect("a span")["id"].clone();
    host.post(&corrections(&meeting), json!({"span_id": late, "void": true, "reason": "Nobody held it"}))
        .await
        .is(201);
    let seconds = item(&report(host, &meeting).await, &member)["duration_seconds"].as_f64().expect("seconds");
    assert!((seconds - 1200.0).abs() < 1.0, "{seconds}");
    assert!((sums(&app, &meeting, &member).await.0 - seconds).abs() < 1e-6);
    // Somebody else, who is not on the list; then nobody.
    let said = json!({"user_id": uninvited.id, "reason": "It was him"});
    host.put(&path(&guest), said).await.is(200);
    let now = report(host, &meeting).await;
    let seconds =
        |now: &Value, person: &Person| item(now, person)["duration_seconds"].as_f64().expect("seconds");
    assert!((seconds(&now, &uninvited) - 1200.0).abs() < 1.0, "{now}");
    assert!((seconds(&now, &member) - 600.0).abs() < 1.0, "{now}");
    assert!((sums(&app, &meeting, &member).await.0 - 600.0).abs() < 1.0);
    for guest in [&guest, &other, &guest] {
        member.delete(&path(guest)).await.problem(403, "FORBIDDEN");
        host.delete(&path(guest)).await.is(204);
    }
    let back = report(host, &meeting).await;
    assert_eq!(item(&back, &member), item(&before, &member));
    let of_guest = |report: &Value| {
        let items = report["items"].as_array().expect("items");
        items.iter().find(|it| it["guest_id"] == guest.as_str()).cloned().expect("the guest")
    };
    assert_eq!(of_guest(&back), of_guest(&before));
    let kinds: Vec<_> =
        host.all(&corrections(&meeting), 50).await.iter().map(|it| it["kind"].clone()).collect();
    let is = "guest_is_member";
    assert_eq!(kinds, ["guest_is_guest", "guest_is_guest", is, "struck", is, is]);
    assert_eq!(faults(&app).await, 0);
}

// A report that was issued before a correction is as true as it was; one that was corrected by hand is not.
#[tokio::test]
async fn a_correction_extends_the_record_and_one_made_by_hand_is_found() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let meeting = held(&app, &organization, &member).await;
    let host = &organization.admin;
    let proof = async |hash: &str| -> Value {
        app.api.get(&format!("/reports/verify/{hash}")).await.is(200)["ledger"].clone()
    };
    let issue = async |path: &str| -> String {
        let file = host.get(path).await;
        assert_eq!(file.status, 200, "{}", file.text());
        hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&file.body))
    };
    let of_member = organization.path(&format!("/reports/members/{}/meetings.pdf", member.id));
    let before = [issue(&meeting.path("/attendance.pdf")).await, issue(&of_member).await];
    let span = span_of(item(&report(host, &meeting).await, &member));
    let body = json!({"span_id": span, "joined_at": after(1), "left_at": after(9), "reason": "Came later"});
    let made = host.post(&corrections(&meeting), body).await.is(201);
    for hash in &before {
        assert_eq!(proof(hash).await, "extended");
    }
    let since = issue(&meeting.path("/attendance.xlsx")).await;
    seal::catch_up(&app.app).await.expect("the database answers");
    let mut owner = app.database().await;
    for sql in ["update attendance_corrections set reason = 'x'", "delete from attendance_corrections"] {
        sqlx::query(sql).execute(&mut owner).await.expect_err(sql);
    }
    for table in ["attendance_corrections", "attendance_log", "audit_log"] {
        let sql = format!("alter table {table} disable trigger user");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut owner).await.expect("an owner");
    }
    let id = made["id"].as_str().expect("an id");
    let add = "insert into attendance_corrections (id, organization_id, meeting_id, span_id, user_id, joined_at, left_at, reason, corrected_at)
               select gen_random_uuid(), organization_id, meeting_id, span_id, user_id, joined_at, left_at, 'Mine', corrected_at
               from attendance_corrections";
    let keep = "create table kept as select * from attendance_corrections";
    let again = "insert into attendance_corrections overriding system value select * from kept";
    let cases = [
        (
            "update attendance_corrections set left_at = left_at + interval '1 minute'".to_owned(),
            "update attendance_corrections set left_at = left_at - interval '1 minute'".to_owned(),
        ),
        (
            "update attendance_corrections set reason = 'Another'".to_owned(),
            "update attendance_corrections set reason = 'Came later'".to_owned(),
        ),
        (
            "update attendance_corrections set author_id = user_id".to_owned(),
            format!("update attendance_corrections set author_id = '{}'", host.id),
        ),
        (
            format!(
                "update attendance_log set occurred_at = occurred_at - interval '1 minute' where source = 'correction:{id}'"
            ),
            format!(
                "update attendance_log set occurred_at = occurred_at + interval '1 minute' where source = 'correction:{id}'"
            ),
        ),
        (
            format!(
                "update audit_log set after = after || '{{\"reason\": \"Another\"}}' where entity_id = '{id}'"
            ),
            format!(
                "update audit_log set after = after || '{{\"reason\": \"Came later\"}}' where entity_id = '{id}'"
            ),
        ),
        (add.to_owned(), "delete from attendance_corrections where reason = 'Mine'".to_owned()),
        ("delete from attendance_corrections".to_owned(), again.to_owned()),
    ];
    sqlx::query(keep).execute(&mut owner).await.expect("kept");
    for (tampering, undoing) in cases {
        assert_eq!(
            (proof(&since).await, proof(&before[0]).await),
            (json!("unchanged"), json!("extended")),
            "before {tampering}"
        );
        assert_eq!(faults(&app).await, 0, "before {tampering}");
        sqlx::query(sqlx::AssertSqlSafe(tampering.clone())).execute(&mut owner).await.expect(&tampering);
        assert_eq!(
            (proof(&since).await, proof(&before[0]).await),
            (json!("changed"), json!("changed")),
            "{tampering}"
        );
        assert_ne!(faults(&app).await, 0, "{tampering}");
        sqlx::query(sqlx::AssertSqlSafe(undoing.clone())).execute(&mut owner).await.expect(&undoing);
    }
}

/// A stretch of time: begins at a second, in thousandths, and lasts so long.
type Stretch = (i64, i64);

/// What is known of a presence.
#[derive(Debug, Clone)]
enum Told {
    /// LiveKit's word alone.
    Recorded(Stretch),
    /// And what people said of it, one after the other; nothing means that nobody was there.
    Corrected(Stretch, Vec<Option<Stretch>>),
    /// Nobody saw it; what people say, one after the other.
    Added(Stretch, Vec<Option<Stretch>>),
    /// It lasts.
    Open(i64),
}

fn stretches() -> impl Strategy<Value = Stretch> {
    (0_i64..600_000, prop_oneof![1_i64..2_000, 1_i64..300_000])
}

/// What is known of somebody: their own presence, and that of guests who are them.
fn told() -> impl Strategy<Value = Vec<(Option<usize>, Told)>> {
    let said = || prop::collection::vec(prop::option::of(stretches()), 1..3);
    let told = prop_oneof![
        4 => stretches().prop_map(Told::Recorded),
        3 => (stretches(), said()).prop_map(|(told, said)| Told::Corrected(told, said)),
        2 => (stretches(), prop::collection::vec(prop::option::of(stretches()), 0..2)).prop_map(|(told, said)| Told::Added(told, said)),
        1 => (0_i64..600_000).prop_map(Told::Open),
    ];
    prop::collection::vec((prop::option::of(0_usize..2), told), 0..8)
}

// ATT-02: the function of the database, the sum that its trigger keeps, and the rule of the program are one.
#[tokio::test]
async fn the_database_and_the_program_count_alike() {
    /// Meetings in which it is tried.
    const MEETINGS: usize = 12;
    let app = TestApp::start().await;
    let organization = app.organization().await;
    for _ in 0..MEETINGS {
        count_alike(&app, &organization).await;
    }
    assert_eq!(faults(&app).await, 0);
}

/// Tries the presence of some people in a meeting.
async fn count_alike(app: &TestApp, organization: &Organization<'_>) {
    const PEOPLE: usize = 25;
    let meeting = organization.meeting().create().await;
    let at = |millis: i64| beginning() + Duration::milliseconds(millis);
    let time = |millis: i64| format!("'{}'", at(millis).to_rfc3339());
    let (org, id) = (&organization.id, &meeting.id);
    let mut runner = TestRunner::new(Config::default());
    let mut sql = format!(
        "insert into guest_links (id, organization_id, meeting_id, token_hash) values ('{id}', '{org}', '{id}', sha256('{id}'));\n"
    );
    let mut cases = Vec::new();
    for _ in 0..PEOPLE {
        let case = told().new_tree(&mut runner).expect("a case").current();
        let person = SpanId::new(beginning()).0;
        let guests = [SpanId::new(beginning()).0, SpanId::new(beginning()).0];
        let _ = writeln!(
            sql,
            "insert into users (id, email, name) values ('{person}', '{person}@example.test', 'P');
             insert into organization_members (organization_id, user_id, role) values ('{org}', '{person}', 'member');
             insert into meeting_participants (organization_id, meeting_id, user_id) values ('{org}', '{id}', '{person}');"
        );
        for (number, guest) in guests.iter().enumerate() {
            let _ = writeln!(
                sql,
                "insert into guests (id, organization_id, meeting_id, link_id, name) values ('{guest}', '{org}', '{id}', '{id}', 'G');"
            );
            let says = |user: &str| {
                format!(
                    "insert into attendance_corrections (id, organization_id, meeting_id, guest_id, user_id, reason, corrected_at)
                     values (gen_random_uuid(), '{org}', '{id}', '{guest}', {user}, 'x', now());\n"
                )
            };
            // The first guest before anything is told, the second taken for somebody, taken back, and taken for them again.
            sql.push_str(&says(&format!("'{person}'")));
            if number == 1 {
                sql.push_str(&says("null"));
                sql.push_str(&says(&format!("'{person}'")));
            }
        }
        let mut believed: Vec<Stretch> = Vec::new();
        for (as_guest, told) in &case {
            let span = SpanId::new(beginning()).0;
            let (identity, user) = match as_guest {
                Some(guest) => (format!("guest:{}", guests[*guest]), "null".to_owned()),
                None => (person.to_string(), format!("'{person}'")),
            };
            let span_sql = |from: i64, to: Option<i64>| {
                let to = to.map_or_else(|| "null, null".to_owned(), |to| format!("{}, 'left'", time(to)));
                format!(
                    "insert into attendance_spans (id, organization_id, meeting_id, user_id, identity, participant_sid, room_sid,
                            joined_at, last_seen_at, opened_by, left_at, closed_by)
                     values ('{span}', '{org}', '{id}', {user}, '{identity}', '{span}', 'RM', {}, now(), 'webhook', {to});\n",
                    time(from)
                )
            };
            let correction = |id_of: &str, user: &str, says: Option<Stretch>| {
                let times = says.map_or_else(
                    || "null, null".to_owned(),
                    |(from, long)| format!("{}, {}", time(from), time(from + long)),
                );
                format!(
                    "insert into attendance_corrections (id, organization_id, meeting_id, span_id, user_id, joined_at, left_at, reason, corrected_at)
                     values ({id_of}, '{org}', '{id}', '{span}', {user}, {times}, 'x', now());\n"
                )
            };
            let mine = format!("'{person}'");
            match told {
                Told::Recorded((from, long)) => {
                    sql.push_str(&span_sql(*from, Some(from + long)));
                    believed.push((*from, *long));
                }
                Told::Corrected((from, long), said) => {
                    sql.push_str(&span_sql(*from, Some(from + long)));
                    for says in said {
                        sql.push_str(&correction("gen_random_uuid()", &mine, *says));
                    }
                    believed.extend(said.last().copied().flatten());
                }
                Told::Added(first, said) => {
                    sql.push_str(&correction(&format!("'{span}'"), &mine, Some(*first)));
                    for says in said {
                        sql.push_str(&correction("gen_random_uuid()", &mine, *says));
                    }
                    believed.extend(said.last().copied().unwrap_or(Some(*first)));
                }
                Told::Open(from) => sql.push_str(&span_sql(*from, None)),
            }
        }
        cases.push((person, case, believed));
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut app.database().await).await.expect("a history");
    let read: Vec<(Uuid, f64, f64)> = sqlx::query_as(
        "select user_id, duration_seconds, calculate_participant_duration(meeting_id, user_id)
         from meeting_participants where meeting_id = $1",
    )
    .bind(id.parse::<Uuid>().expect("an id"))
    .fetch_all(&mut app.database().await)
    .await
    .expect("sums");
    let shown = report(&organization.admin, &meeting).await;
    let frame = Frame {
        scheduled_start: at(0),
        scheduled_end: None,
        actual_start: None,
        actual_end: None,
        late_threshold_minutes: 5,
        rules: Rules::default(),
    };
    for (person, case, believed) in cases {
        let span = |(from, long): &Stretch| AttendanceSpan {
            id: Uuid::nil().into(),
            joined_at: at(*from),
            left_at: Some(at(from + long)),
            how_closed: None,
            exact_within_seconds: None,
            correction: None,
        };
        let attendee = Attendee {
            user: None,
            guest_id: None,
            guest_name: None,
            status: None,
            is_listed: false,
            excuse: None,
            messages_sent: 0,
            hand_raised_count: 0,
            speaking_seconds: 0.0,
            checks: CheckTally::default(),
            came_as: Vec::new(),
            spans: believed.iter().map(span).collect(),
            struck: Vec::new(),
        };
        let rule = pure_report(frame, vec![attendee], at(0)).items[0].duration_seconds;
        let (_, stored, computed) = read.iter().find(|(user, ..)| *user == person).expect("a participant");
        assert!(
            (stored - rule).abs() < 1e-6 && (computed - rule).abs() < 1e-6,
            "{stored} {computed} {rule}: {case:?}"
        );
        let item = shown["items"]
            .as_array()
            .expect("items")
            .iter()
            .find(|it| it["user"]["id"] == person.to_string().as_str());
        let item = item.unwrap_or_else(|| panic!("{person} is not shown: {case:?}"));
        if !case.iter().any(|(_, told)| matches!(told, Told::Open(_))) {
            let shown = item["duration_seconds"].as_f64().expect("seconds");
            assert!((shown - rule).abs() < 1e-6, "{shown} {rule}: {case:?}");
        }
    }
}
