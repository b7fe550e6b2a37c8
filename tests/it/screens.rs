//! Shared screens: from when to when, whatever becomes of LiveKit's webhooks.

use chrono::{DateTime, Duration, Utc};
use harness::{
    Meeting, Person, TestApp, Value, json,
    livekit::{Connection, DisconnectReason, proto::TrackSource},
};

/// What the timeline says of screens: the kind, and after how many seconds since `since`.
async fn screens(viewer: &Person, meeting: &Meeting, since: DateTime<Utc>) -> Vec<(String, f64)> {
    let items = viewer.all(&meeting.path("/timeline?kind=screen"), 2).await;
    items
        .iter()
        .map(|item| {
            let at: DateTime<Utc> = item["at"].as_str().and_then(|at| at.parse().ok()).expect("a time");
            (item["kind"].as_str().expect("a kind").replace("screen.", ""), (at - since).as_seconds_f64())
        })
        .collect()
}

fn told(story: &[(&str, f64)]) -> Vec<(String, f64)> {
    story.iter().map(|(kind, at)| ((*kind).to_owned(), *at)).collect()
}

fn share(app: &TestApp, connection: &Connection) -> String {
    app.livekit.publish(connection, TrackSource::ScreenShare).expect("may be published")
}

async fn deliver(app: &TestApp, events: &[Value]) {
    for event in events {
        app.webhook(event).await.is(200);
    }
    app.work_off_webhooks().await;
}

async fn in_room(app: &TestApp, host: &Person, meeting: &Meeting) -> (Connection, DateTime<Utc>) {
    let connection = app.enter(host, meeting).await;
    (connection, app.clock.now())
}

#[tokio::test]
async fn a_screen_is_shared_from_when_to_when_in_whatever_order_it_is_told() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let meeting = organization.meeting().create().await;
    let (connection, since) = in_room(&app, host, &meeting).await;
    // Cameras and microphones are passed over, and stored as done.
    app.livekit.publish(&connection, TrackSource::Camera).expect("may be published");
    app.livekit.publish(&connection, TrackSource::Microphone).expect("may be published");
    for event in app.livekit.take_webhooks() {
        app.webhook(&event).await.is(200);
    }
    let waiting = "select exists (select from webhook_inbox where processed_at is null)";
    assert!(!app.value::<bool>(waiting).await);

    app.pass(Duration::seconds(10));
    let track = share(&app, &connection);
    app.settle().await;
    assert_eq!(screens(host, &meeting, since).await, told(&[("shared", 10.0)]));
    let story = host.get(&meeting.path("/timeline?kind=screen")).await.is(200);
    let item = &story["items"][0];
    assert_eq!(item["actor"], json!({"type": "user", "id": host.id, "name": host.name}));
    assert_eq!(item["data"], json!({"track": track, "until": null}));
    app.pass(Duration::seconds(20));
    app.livekit.unpublish(&connection, &track);
    app.settle().await;
    assert_eq!(screens(host, &meeting, since).await, told(&[("shared", 10.0), ("unshared", 30.0)]));

    // Its end is told before its beginning, and both twice under other ids.
    let shared = share(&app, &connection);
    app.pass(Duration::seconds(10));
    app.livekit.unpublish(&connection, &shared);
    let mut events = app.livekit.take_webhooks();
    events.reverse();
    deliver(&app, &events[..1]).await;
    let once = told(&[("shared", 10.0), ("unshared", 30.0), ("unshared", 40.0)]);
    assert_eq!(screens(host, &meeting, since).await, once, "nobody knows yet since when");
    deliver(&app, &events[1..]).await;
    // Of what comes late only the second is known.
    let both = told(&[("shared", 10.0), ("unshared", 30.0), ("shared", 30.5), ("unshared", 40.0)]);
    assert_eq!(screens(host, &meeting, since).await, both);
    for event in &mut events {
        event["id"] = json!(format!("{}again", event["id"].as_str().expect("an id")));
    }
    deliver(&app, &events).await;
    assert_eq!(screens(host, &meeting, since).await, both);
}

#[tokio::test]
async fn what_was_shared_ends_with_its_connection() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let meeting = organization.meeting().create().await;
    let (connection, since) = in_room(&app, host, &meeting).await;
    share(&app, &connection);
    app.settle().await;
    app.pass(Duration::seconds(10));
    app.go(&connection).await;
    assert_eq!(screens(host, &meeting, since).await, told(&[("shared", 0.0), ("unshared", 10.0)]));

    // The connection's end is told first, and a vanished client was gone before LiveKit noticed.
    let connection = app.enter(host, &meeting).await;
    app.pass(Duration::seconds(60));
    share(&app, &connection);
    let shared = app.livekit.take_webhooks();
    app.pass(Duration::seconds(60));
    app.livekit.disconnect(&connection, DisconnectReason::ConnectionTimeout);
    app.settle().await;
    deliver(&app, &shared).await;
    let found = screens(host, &meeting, since).await;
    assert_eq!(found[..3], told(&[("shared", 0.0), ("unshared", 10.0), ("shared", 70.5)]));
    let (kind, at) = &found[3];
    assert!(kind == "unshared" && (108.0..112.0).contains(at), "{found:?}");
    assert_eq!(found.len(), 4);
}

#[tokio::test]
async fn a_comparison_finds_what_no_webhook_told() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let meeting = organization.meeting().create().await;
    let (connection, since) = in_room(&app, host, &meeting).await;
    let compare = async |seconds: i64| {
        app.pass(Duration::seconds(seconds));
        app.run_jobs().await;
    };
    // Both webhooks are lost.
    let track = share(&app, &connection);
    app.livekit.take_webhooks();
    compare(10).await;
    assert_eq!(screens(host, &meeting, since).await, told(&[("shared", 10.0)]));
    compare(30).await;
    app.livekit.unpublish(&connection, &track);
    app.livekit.take_webhooks();
    compare(30).await;
    assert_eq!(screens(host, &meeting, since).await, told(&[("shared", 10.0)]), "once is no proof");
    compare(30).await;
    assert_eq!(screens(host, &meeting, since).await, told(&[("shared", 10.0), ("unshared", 40.0)]));

    // A list that is behind hides it twice; then it is there again, as it was.
    app.pass(Duration::seconds(10));
    let track = share(&app, &connection);
    app.settle().await;
    app.livekit.hide_track(&connection, &track, true);
    compare(30).await;
    compare(30).await;
    assert_eq!(screens(host, &meeting, since).await.len(), 4);
    app.livekit.hide_track(&connection, &track, false);
    compare(30).await;
    assert_eq!(screens(host, &meeting, since).await[2..], told(&[("shared", 110.0)]));
    // A list that still has it does not bring back what LiveKit said has ended.
    app.pass(Duration::seconds(10));
    app.livekit.unpublish(&connection, &track);
    let ended = app.livekit.take_webhooks();
    app.livekit.hide_track(&connection, &track, false);
    deliver(&app, &ended).await;
    compare(30).await;
    assert_eq!(screens(host, &meeting, since).await[2..], told(&[("shared", 110.0), ("unshared", 210.0)]));
}

#[tokio::test]
async fn guests_share_and_other_organizations_see_nothing_of_it() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let host = &organization.admin;
    host.patch(&organization.path("/settings"), json!({"allow_guests": true})).await.is(200);
    let meeting = organization.meeting().set("settings", json!({"allow_guests": true})).create().await;
    let link = host.post(&meeting.path("/guest-links"), json!({})).await.is(201);
    let token = link["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a token").to_owned();
    let entered = app.api.post(&format!("/guest/{token}/join"), json!({"name": "Asha"})).await.is(200);
    let connection = app.livekit.connect(entered["token"].as_str().expect("a token"));
    share(&app, &connection);
    // A recorder that shares is nobody, and neither is an identity that we never gave.
    let mut events = app.livekit.take_webhooks();
    let mut strange = events.last().cloned().expect("an event");
    strange["track"]["sid"] = json!("TR_strange");
    for identity in ["EG_recorder", "01890a5d-ac96-774b-bcce-b302099a8057"] {
        strange["id"] = json!(format!("EV_{identity}"));
        strange["participant"]["identity"] = json!(identity);
        events.push(strange.clone());
    }
    deliver(&app, &events).await;
    let story = host.get(&meeting.path("/timeline?kind=screen")).await.is(200);
    let items = story["items"].as_array().expect("items");
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["actor"]["type"], "guest");
    let of_guest =
        format!("/timeline?kind=screen&actor={}", items[0]["actor"]["id"].as_str().expect("an id"));
    assert_eq!(host.get(&meeting.path(&of_guest)).await.is(200)["items"], story["items"]);
    other.admin.get(&meeting.path("/timeline?kind=screen")).await.problem(404, "NOT_FOUND");
    // Nothing of one meeting stands in another.
    let alone = organization.meeting().create().await;
    assert_eq!(host.get(&alone.path("/timeline?kind=screen")).await.is(200)["items"], json!([]));
}
