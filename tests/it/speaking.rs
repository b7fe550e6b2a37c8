//! Speaking: what people's own devices tell of when they spoke.

use chrono::{DateTime, Duration, Utc};
use harness::{Api, Meeting, Organization, Person, TestApp, Value, json};

/// A stretch by milliseconds before now.
fn ago(app: &TestApp, from: i64, to: i64) -> Value {
    let at = |millis: i64| app.clock.now() - Duration::milliseconds(millis);
    json!({"from": at(from), "to": at(to)})
}

async fn tell(api: &Api, meeting: &Meeting, stretches: &[Value]) {
    api.post(&meeting.path("/speaking"), json!({"stretches": stretches})).await.is(204);
}

/// The seconds of a person as the attendance has them.
async fn seconds(viewer: &Person, meeting: &Meeting, name: &str) -> f64 {
    let attendance = viewer.get(&meeting.path("/attendance")).await.is(200);
    let items = attendance["items"].as_array().expect("items");
    let own = items.iter().find(|item| item["user"]["name"] == name || item["guest_name"] == name);
    own.expect("they stand in it")["speaking_seconds"].as_f64().expect("a number")
}

/// The stretches of the timeline, the oldest first: who, from when, for how long.
async fn spoken(viewer: &Person, meeting: &Meeting) -> Vec<(Value, DateTime<Utc>, f64)> {
    let story = viewer.all(&meeting.path("/timeline?kind=attendance.spoke"), 3).await;
    story
        .iter()
        .map(|item| {
            assert_eq!(
                (&item["kind"], &item["data"]["source"]),
                (&json!("attendance.spoke"), &json!("device"))
            );
            let at = item["at"].as_str().and_then(|at| at.parse().ok()).expect("a time");
            (item["actor"].clone(), at, item["data"]["seconds"].as_f64().expect("seconds"))
        })
        .collect()
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() < 0.002
}

#[tokio::test]
async fn what_a_device_tells_of_its_person_counts_once_and_only_while_they_were_there() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (host, member) = (&organization.admin, organization.member("member").await);
    let meeting = organization.meeting().invite(&member).create().await;
    member.post(&meeting.path("/speaking"), json!({"stretches": []})).await.problem(409, "NOT_IN_ROOM");
    app.pass(Duration::seconds(60));
    let connection = app.enter(&member, &meeting).await;
    let joined_at = app.clock.now();
    app.pass(Duration::seconds(60));

    // Before they came nobody heard them: of the 50 seconds around their coming 20 count.
    tell(
        &member,
        &meeting,
        &[ago(&app, 90_000, 40_000), ago(&app, 30_000, 25_500), ago(&app, 10_000, 5_000)],
    )
    .await;
    assert!(close(seconds(host, &meeting, &member.name).await, 29.5));
    // The same again, and what overlaps, and what is told by a second device at once.
    let again = [ago(&app, 30_000, 25_500), ago(&app, 12_000, 9_000), ago(&app, 5_000, 4_000)];
    tell(&member, &meeting, &again).await;
    let (one, other) = (tell(&member, &meeting, &again), tell(&member, &meeting, &again));
    tokio::join!(one, other);
    assert!(close(seconds(host, &meeting, &member.name).await, 32.5));
    let told = spoken(host, &meeting).await;
    let who = json!({"type": "user", "id": member.id, "name": member.name});
    assert!(told.iter().all(|(actor, ..)| *actor == who));
    assert_eq!(told.first().map(|(_, at, _)| *at), Some(joined_at));
    assert!(close(told.iter().map(|(.., seconds)| seconds).sum(), 32.5), "{told:?}");

    // On the way out the rest is told, and for two minutes after; what lies behind the end does not count.
    app.go(&connection).await;
    app.pass(Duration::seconds(100));
    tell(&member, &meeting, &[ago(&app, 102_000, 90_000)]).await;
    assert!(close(seconds(host, &meeting, &member.name).await, 34.5));
    app.pass(Duration::seconds(30));
    let late = json!({"stretches": [ago(&app, 140_000, 135_000)]});
    member.post(&meeting.path("/speaking"), late).await.problem(409, "NOT_IN_ROOM");

    let csv = host.get(&meeting.path("/attendance.csv")).await.text();
    let line = csv.lines().find(|line| line.starts_with(&member.name)).expect("a line");
    let head: Vec<&str> = csv.lines().next().expect("a head").split(',').collect();
    let column = head.iter().position(|name| *name == "speaking_seconds").expect("the column");
    assert_eq!(line.split(',').nth(column), Some("34.500"), "{line}");
}

#[tokio::test]
async fn what_cannot_have_been_is_refused() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let meeting = organization.meeting().invite(&member).create().await;
    app.enter(&member, &meeting).await;
    app.pass(Duration::minutes(20));
    let path = meeting.path("/speaking");
    for (wrong, pointer) in [
        (ago(&app, 1_000, -10_000), "/stretches/0/to"),
        (ago(&app, 1_000, 2_000), "/stretches/0/to"),
        (ago(&app, 1_000, 1_000), "/stretches/0/to"),
        (ago(&app, 901_000, 890_000), "/stretches/0/from"),
    ] {
        member.post(&path, json!({"stretches": [wrong]})).await.fault_at(pointer);
    }
    let many = vec![ago(&app, 2_000, 1_000); 201];
    member.post(&path, json!({"stretches": many})).await.fault_at("/stretches");
    for malformed in [json!({}), json!({"stretches": [{"from": "now", "to": 1}]}), json!([])] {
        let status = member.post(&path, malformed).await.status;
        assert!((400..500).contains(&status), "{status}");
    }
    assert!(close(seconds(&organization.admin, &meeting, &member.name).await, 0.0));
    // A device whose clock is an hour ahead says so.
    let ahead = Duration::hours(1);
    let at = |seconds: i64| app.clock.now() + ahead - Duration::seconds(seconds);
    let told = json!({"stretches": [{"from": at(20), "to": at(10)}], "sent_at": at(0)});
    member.post(&path, told).await.is(204);
    assert!(close(seconds(&organization.admin, &meeting, &member.name).await, 10.0));
    // Twelve a minute are more than any page sends.
    let mut answers = Vec::new();
    for _ in 0..15 {
        answers.push(member.post(&path, json!({"stretches": []})).await.status);
    }
    assert!(answers.contains(&429), "{answers:?}");
}

/// A guest in the room of a meeting.
async fn guest(app: &TestApp, organization: &Organization<'_>, meeting: &Meeting) -> Api {
    let link = organization.admin.post(&meeting.path("/guest-links"), json!({})).await.is(201);
    let token = link["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a token").to_owned();
    let entered = app.api.post(&format!("/guest/{token}/join"), json!({"name": "Asha"})).await.is(200);
    app.livekit.connect(entered["token"].as_str().expect("a token"));
    app.settle().await;
    app.api.with_token(entered["access_token"].as_str().expect("a token"))
}

#[tokio::test]
async fn guests_speak_too_and_strangers_say_nothing_of_a_meeting() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let host = &organization.admin;
    host.patch(&organization.path("/settings"), json!({"allow_guests": true})).await.is(200);
    let meeting = organization.meeting().set("settings", json!({"allow_guests": true})).create().await;
    let another = organization.meeting().create().await;
    let guest = guest(&app, &organization, &meeting).await;
    let (outsider, banned) = (organization.member("member").await, organization.member("member").await);
    host.post(&meeting.path("/invite"), json!({"user_ids": [banned.id]})).await.is(200);
    app.enter(&banned, &meeting).await;
    host.post(&meeting.path(&format!("/participants/{}/remove", banned.id)), json!({"ban": true}))
        .await
        .is(204);
    app.pass(Duration::seconds(30));
    let stretches = json!({"stretches": [ago(&app, 20_000, 10_000)]});
    let path = meeting.path("/speaking");
    app.api.post(&path, stretches.clone()).await.problem(401, "UNAUTHENTICATED");
    other.admin.post(&path, stretches.clone()).await.problem(404, "NOT_FOUND");
    outsider.post(&path, stretches.clone()).await.problem(403, "FORBIDDEN");
    banned.post(&path, stretches.clone()).await.problem(403, "BANNED");
    host.post(&path, stretches.clone()).await.problem(409, "NOT_IN_ROOM");
    guest.post(&another.path("/speaking"), stretches.clone()).await.problem(404, "NOT_FOUND");
    tell(&guest, &meeting, &[ago(&app, 20_000, 10_000)]).await;
    let told = spoken(host, &meeting).await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0].0["type"], close(told[0].2, 10.0)), (&json!("guest"), true));
    let name = told[0].0["name"].as_str().expect("a name").to_owned();
    assert!(close(seconds(host, &meeting, &name).await, 10.0));
}

#[tokio::test]
async fn an_organization_that_does_not_want_to_know_is_told_nothing() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let meeting = organization.meeting().create().await;
    let measured = async || host.get(&meeting.path("/stage")).await.is(200)["measures_speaking"].clone();
    assert_eq!(measured().await, true);
    app.enter(host, &meeting).await;
    app.pass(Duration::seconds(30));
    host.patch(&organization.path("/settings"), json!({"measure_speaking": false})).await.is(200);
    assert_eq!(measured().await, false);
    let stretches = json!({"stretches": [ago(&app, 20_000, 10_000)]});
    host.post(&meeting.path("/speaking"), stretches.clone()).await.problem(409, "NOT_MEASURED");
    assert!(spoken(host, &meeting).await.is_empty());
    host.patch(&organization.path("/settings"), json!({"measure_speaking": null})).await.is(200);
    host.post(&meeting.path("/speaking"), stretches).await.is(204);
    assert_eq!(spoken(host, &meeting).await.len(), 1);
}
