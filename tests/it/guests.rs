//! Guests: links, who may enter by them, and what a guest sees and does not see.

use std::collections::HashSet;

use chrono::Duration;
use futures::future::join_all;
use harness::{
    Answer, Api, Meeting, Organization, TestApp, Value, app::eventually, builders::MeetingBuilder, json,
    livekit::payload,
};
use reqwest::Method;

/// Lets the organization have guests.
async fn open_house(app: &TestApp, organization: &Organization<'_>) {
    sqlx::query("update organizations set settings = settings || '{\"allow_guests\": true}' where id = $1")
        .bind(organization.id.parse::<uuid::Uuid>().expect("an id"))
        .execute(&mut app.database().await)
        .await
        .expect("settings");
}

fn open_meeting<'a>(organization: &'a Organization<'a>) -> MeetingBuilder<'a> {
    organization.meeting().set("settings", json!({"allow_guests": true}))
}

async fn link(organization: &Organization<'_>, meeting: &Meeting, body: Value) -> Value {
    organization.admin.post(&meeting.path("/guest-links"), body).await.is(201)
}

/// The path of a link below the API.
fn door(link: &Value) -> String {
    let url = link["url"].as_str().expect("an address");
    format!("/guest/{}", url.rsplit('/').next().expect("a token"))
}

async fn enter(api: &Api, link: &Value, name: &str) -> Answer {
    api.post(&format!("{}/join", door(link)), json!({"name": name})).await
}

fn guest_api(app: &TestApp, admission: &Value) -> Api {
    app.api.with_token(admission["access_token"].as_str().expect("a token"))
}

// PAR-18, CON-08
#[tokio::test]
async fn guests_are_off_until_both_organization_and_meeting_allow_them() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let closed = organization.meeting().create().await;
    let open = open_meeting(&organization).create().await;
    for meeting in [&closed, &open] {
        organization
            .admin
            .post(&meeting.path("/guest-links"), json!({}))
            .await
            .problem(403, "GUESTS_NOT_ALLOWED");
    }
    open_house(&app, &organization).await;
    organization.admin.post(&closed.path("/guest-links"), json!({})).await.problem(403, "GUESTS_NOT_ALLOWED");
    let link = link(&organization, &open, json!({})).await;
    enter(&app.api, &link, "Ann").await.is(200);
    // Whoever forbids it afterwards forbids it to those who have a link, too.
    app.execute("update organizations set settings = settings - 'allow_guests'").await;
    enter(&app.api, &link, "Ben").await.problem(403, "GUESTS_NOT_ALLOWED");
    app.api.get(&door(&link)).await.problem(403, "GUESTS_NOT_ALLOWED");
    assert_eq!(app.value::<i64>("select count(*) from guests").await, 1);
}

#[tokio::test]
async fn a_guest_enters_marked_and_with_the_rights_of_a_participant() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    open_house(&app, &organization).await;
    let meeting = open_meeting(&organization).create().await;
    let link = link(&organization, &meeting, json!({"name": "For the press"})).await;
    let preview = app.api.get(&door(&link)).await.is(200);
    assert_eq!((&preview["title"], &preview["meeting_id"]), (&json!("Weekly"), &json!(meeting.id)));
    // The name of the host, with a trick.
    let posing = format!("{}\u{202e}\u{200b} (host)", organization.admin.name);
    let admission = enter(&app.api, &link, &posing).await.is(200);
    let id = admission["guest"]["id"].as_str().expect("an id").to_owned();
    let shown = format!("{} host (guest)", organization.admin.name);
    assert_eq!(
        (&admission["guest"]["name"], &admission["identity"]),
        (&json!(shown), &json!(format!("guest:{id}")))
    );
    assert_eq!(admission["permissions"]["can_moderate"], false);
    let claims = payload(admission["token"].as_str().expect("a token"));
    assert_eq!((&claims["sub"], &claims["name"]), (&json!(format!("guest:{id}")), &json!(shown)));
    let metadata: Value = serde_json::from_str(claims["metadata"].as_str().expect("metadata")).expect("JSON");
    assert_eq!(
        (&metadata["is_guest"], &metadata["user_id"], &metadata["guest_id"]),
        (&json!(true), &Value::Null, &json!(id))
    );
    let video = &claims["video"];
    assert_eq!(
        (&video["room"], &video["canUpdateOwnMetadata"], &video["roomAdmin"]),
        (&json!(meeting.room), &json!(false), &Value::Null)
    );
    // In the room, in the chat, on the list and in the attendance they carry the mark.
    let connection = app.livekit.connect(admission["token"].as_str().expect("a token"));
    app.settle().await;
    let guest = guest_api(&app, &admission);
    let message =
        guest.post(&meeting.path("/chat"), json!({"type": "text", "content": "hello"})).await.is(201);
    assert_eq!(message["sender"], json!({"id": id, "name": shown, "is_guest": true}));
    guest.post(&meeting.path("/chat"), json!({"type": "hand_raise"})).await.is(201);
    let chat = organization.admin.all(&meeting.path("/chat"), 50).await;
    assert_eq!(chat[0]["sender"], message["sender"]);
    assert_eq!(guest.all(&meeting.path("/chat"), 50).await, chat);
    let people = organization.admin.all(&meeting.path("/participants"), 50).await;
    let person = people.iter().find(|it| it["user"]["id"] == id).expect("on the list");
    assert_eq!(
        (&person["user"]["name"], &person["is_guest"], &person["online"], &person["hand_raised"]),
        (&json!(shown), &json!(true), &json!(true), &json!(true))
    );
    app.pass(Duration::minutes(10));
    app.go(&connection).await;
    let attendance = organization.admin.get(&meeting.path("/attendance")).await.is(200);
    let item = attendance["items"]
        .as_array()
        .expect("items")
        .iter()
        .find(|it| it["user"].is_null())
        .expect("the guest");
    assert_eq!(
        (&item["guest_name"], &item["messages_sent"], &item["hand_raised_count"]),
        (&json!(shown), &json!(1), &json!(1))
    );
    assert_eq!(
        (item["spans"].as_array().map(Vec::len), item["duration_seconds"].as_f64().map(f64::round)),
        (Some(1), Some(600.0))
    );
}

#[tokio::test]
async fn bad_names_and_bad_links_change_nothing() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    open_house(&app, &organization).await;
    let meeting = open_meeting(&organization).create().await;
    let now = app.clock.now();
    for (field, value) in [
        ("max_uses", json!(0)),
        ("max_uses", json!(10_001)),
        ("max_uses", json!("many")),
        ("expires_at", json!(now)),
        ("expires_at", json!("tomorrow")),
        ("name", json!("x".repeat(101))),
        ("name", json!("a\u{0}")),
    ] {
        organization
            .admin
            .post(&meeting.path("/guest-links"), json!({field: value}))
            .await
            .fault_at(&format!("/{field}"));
    }
    let link =
        link(&organization, &meeting, json!({"max_uses": 3, "expires_at": now + Duration::hours(1)})).await;
    for name in ["", "  ", "\u{200b}", "\u{0}", "()", &"x".repeat(61)] {
        enter(&app.api, &link, name).await.fault_at("/name");
    }
    app.api.post(&format!("{}/join", door(&link)), json!({"name": 7})).await.is(422);
    for forged in ["x", "%00", "..%2f", &"a".repeat(500), &door(&link)[7..40]] {
        let answer = app.api.post(&format!("/guest/{forged}/join"), json!({"name": "Ann"})).await;
        assert!(matches!(answer.status, 400 | 404), "{}", answer.text());
    }
    assert_eq!(app.value::<i32>("select uses from guest_links").await, 0);
    app.pass(Duration::hours(1));
    enter(&app.api, &link, "Ann").await.problem(410, "LINK_EXPIRED");
    app.api.get(&door(&link)).await.problem(410, "LINK_EXPIRED");
    // The database keeps no token.
    let token = door(&link).trim_start_matches("/guest/").to_owned();
    let rows: String =
        app.value("select coalesce(string_agg(to_jsonb(l)::text, ''), '') from guest_links l").await;
    assert!(!rows.contains(&token));
}

#[tokio::test]
async fn a_link_counts_its_uses_also_when_fifty_come_at_once() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    open_house(&app, &organization).await;
    let meeting = open_meeting(&organization).create().await;
    let made = link(&organization, &meeting, json!({"max_uses": 7})).await;
    let answers = join_all((0..50).map(|n| {
        let (api, link) = (&app.api, &made);
        async move { enter(api, link, &format!("Guest {n}")).await }
    }))
    .await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 7, "{statuses:?}");
    assert!(answers.iter().filter(|it| it.status != 200).all(|it| it.code() == "LINK_USED_UP"));
    let ids: HashSet<_> = answers.iter().filter_map(|it| it.json["guest"]["id"].as_str()).collect();
    assert_eq!((ids.len(), app.value::<i64>("select count(*) from guests").await), (7, 7));
    // Whoever was in comes back as who they were, and counts once.
    let first = answers.iter().find(|it| it.status == 200).expect("somebody");
    let again = enter(&guest_api(&app, &first.json), &made, "Another name").await.is(200);
    assert_eq!(again["guest"], first.json["guest"]);
    assert_eq!(app.value::<i32>("select uses from guest_links").await, 7);
    // Another link knows nothing of them.
    app.pass(Duration::seconds(1));
    let other = link(&organization, &meeting, json!({})).await;
    let elsewhere = enter(&guest_api(&app, &first.json), &other, "Ann").await.is(200);
    assert_ne!(elsewhere["guest"]["id"], first.json["guest"]["id"]);
    let listed = organization.admin.all(&meeting.path("/guest-links"), 1).await;
    assert_eq!(listed.iter().map(|it| it["uses"].as_i64()).collect::<Vec<_>>(), [Some(1), Some(7)]);
    assert!(listed.iter().all(|it| it.get("url").is_none()));
}

#[tokio::test]
async fn the_room_has_as_many_seats_for_guests_as_for_members() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    open_house(&app, &organization).await;
    let meeting = open_meeting(&organization).set("max_participants", 2).create().await;
    let link = link(&organization, &meeting, json!({"max_uses": 10})).await;
    app.enter(&organization.admin, &meeting).await;
    let first = enter(&app.api, &link, "Ann").await.is(200);
    enter(&app.api, &link, "Ben").await.problem(409, "ROOM_FULL");
    let connection = app.livekit.connect(first["token"].as_str().expect("a token"));
    app.settle().await;
    app.pass(Duration::minutes(2));
    enter(&app.api, &link, "Ben").await.problem(409, "ROOM_FULL");
    assert_eq!(app.value::<i32>("select uses from guest_links").await, 1, "a refusal counts nothing");
    app.go(&connection).await;
    enter(&app.api, &link, "Ben").await.is(200);
    enter(&guest_api(&app, &first), &link, "Ann").await.problem(409, "ROOM_FULL");
}

#[tokio::test]
async fn guests_wait_in_the_lobby_and_see_nothing_until_they_are_let_in() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    open_house(&app, &organization).await;
    let meeting = open_meeting(&organization).set("require_approval", true).create().await;
    let link = link(&organization, &meeting, json!({"max_uses": 3})).await;
    let waiting = enter(&app.api, &link, "Ann").await.is(202);
    assert_eq!(waiting["status"], "pending_approval");
    assert!(waiting.get("token").is_none());
    let guest = guest_api(&app, &waiting);
    guest.get(&meeting.path("/chat")).await.problem(403, "NOT_ADMITTED");
    guest
        .post(&meeting.path("/chat"), json!({"type": "text", "content": "x"}))
        .await
        .problem(403, "NOT_ADMITTED");
    enter(&guest, &link, "Ann").await.is(202);
    let lobby = organization.admin.all(&meeting.path("/lobby"), 50).await;
    assert_eq!(lobby.len(), 1);
    assert_eq!((&lobby[0]["user"]["name"], &lobby[0]["is_guest"]), (&json!("Ann (guest)"), &json!(true)));
    let id = lobby[0]["user"]["id"].as_str().expect("an id").to_owned();
    organization.admin.post(&meeting.path(&format!("/lobby/{id}/admit")), json!({})).await.is(200);
    let admission = enter(&guest, &link, "").await.is(200);
    assert_eq!(admission["guest"], waiting["guest"]);
    guest.get(&meeting.path("/chat")).await.is(200);
    // Turned away, they stay out.
    let other = enter(&app.api, &link, "Ben").await.is(202);
    let id = other["guest"]["id"].as_str().expect("an id").to_owned();
    organization.admin.post(&meeting.path(&format!("/lobby/{id}/deny")), json!({})).await.is(200);
    enter(&guest_api(&app, &other), &link, "Ben").await.problem(403, "DENIED");
    assert_eq!(app.value::<i32>("select uses from guest_links").await, 2);
}

#[tokio::test]
async fn a_meeting_that_is_over_or_called_off_takes_no_guests() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    open_house(&app, &organization).await;
    let (cancelled, ended) =
        (open_meeting(&organization).create().await, open_meeting(&organization).create().await);
    let links =
        (link(&organization, &cancelled, json!({})).await, link(&organization, &ended, json!({})).await);
    let inside = enter(&app.api, &links.0, "Ann").await.is(200);
    organization.admin.post(&cancelled.path("/cancel"), json!({})).await.is(200);
    organization.admin.post(&ended.path("/end"), json!({})).await.is(200);
    enter(&app.api, &links.0, "Ann").await.problem(409, "MEETING_CANCELLED");
    enter(&app.api, &links.1, "Ann").await.problem(409, "MEETING_ENDED");
    let message = json!({"type": "text", "content": "x"});
    guest_api(&app, &inside).post(&cancelled.path("/chat"), message).await.problem(409, "MEETING_CANCELLED");
    organization.admin.post(&ended.path("/guest-links"), json!({})).await.problem(409, "MEETING_ENDED");
    app.livekit.take_webhooks();
}

#[tokio::test]
async fn whoever_came_by_a_revoked_link_is_out_at_once() {
    let app = TestApp::start().await;
    app.listen().await;
    let organization = app.organization().await;
    open_house(&app, &organization).await;
    let meeting = open_meeting(&organization).create().await;
    let (revoked, other) =
        (link(&organization, &meeting, json!({})).await, link(&organization, &meeting, json!({})).await);
    let (out, stays) =
        (enter(&app.api, &revoked, "Ann").await.is(200), enter(&app.api, &other, "Ben").await.is(200));
    let token = |admission: &Value| admission["token"].as_str().expect("a token").to_owned();
    let (gone, here) = (app.livekit.connect(&token(&out)), app.livekit.connect(&token(&stays)));
    app.settle().await;
    let guest = guest_api(&app, &out);
    let mut events = guest.follow(&meeting.path("/events"), None).await;
    organization
        .admin
        .delete(&format!("/guest-links/{}", revoked["id"].as_str().expect("an id")))
        .await
        .is(204);
    assert!(!app.livekit.is_connected(&gone) && app.livekit.is_connected(&here));
    assert!(events.ends().await);
    guest.get(&meeting.path("/chat")).await.problem(403, "NOT_ADMITTED");
    enter(&guest, &revoked, "Ann").await.problem(410, "LINK_REVOKED");
    enter(&app.api, &revoked, "Ann").await.problem(410, "LINK_REVOKED");
    // A token that is still alive does not help: they are thrown out again.
    let back = app.livekit.connect(&token(&out));
    app.settle().await;
    eventually(|| !app.livekit.is_connected(&back)).await;
    organization
        .admin
        .delete(&format!("/guest-links/{}", revoked["id"].as_str().expect("an id")))
        .await
        .is(204);
    app.settle().await;
    app.expect_leftovers();
}

#[tokio::test]
async fn guests_are_moderated_as_participants_are() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    open_house(&app, &organization).await;
    let meeting = open_meeting(&organization).create().await;
    let link = link(&organization, &meeting, json!({})).await;
    let admission = enter(&app.api, &link, "Ann").await.is(200);
    let connection = app.livekit.connect(admission["token"].as_str().expect("a token"));
    app.settle().await;
    let id = admission["guest"]["id"].as_str().expect("an id").to_owned();
    let path = |rest: &str| meeting.path(&format!("/participants/{id}{rest}"));
    let changed = organization.admin.patch(&path(""), json!({"can_unmute": false})).await.is(200);
    assert_eq!(changed["can_unmute"], false);
    assert!(app.livekit.sources(&connection).iter().all(|source| source.as_str_name() != "MICROPHONE"));
    organization.admin.patch(&path(""), json!({"role": "co_host"})).await.fault_at("/role");
    organization.admin.post(&path("/mute"), json!({})).await.is(200);
    organization.admin.post(&path("/remove"), json!({"ban": true})).await.is(204);
    assert!(!app.livekit.is_connected(&connection));
    let guest = guest_api(&app, &admission);
    enter(&guest, &link, "Ann").await.problem(403, "BANNED");
    guest.get(&meeting.path("/chat")).await.problem(403, "NOT_ADMITTED");
    app.settle().await;
}

#[tokio::test]
async fn a_guest_sees_this_meeting_and_nothing_else() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    open_house(&app, &organization).await;
    let (meeting, other) =
        (open_meeting(&organization).create().await, open_meeting(&organization).create().await);
    let link = link(&organization, &meeting, json!({})).await;
    let admission = enter(&app.api, &link, "Ann").await.is(200);
    let guest = guest_api(&app, &admission);
    for path in [
        "/me".to_owned(),
        "/meetings".to_owned(),
        organization.path(""),
        organization.path("/members"),
        meeting.path(""),
        meeting.path("/participants"),
        meeting.path("/attendance"),
        meeting.path("/recordings"),
        meeting.path("/guest-links"),
        meeting.path("/lobby"),
    ] {
        guest.get(&path).await.problem(401, "UNAUTHENTICATED");
    }
    guest.post(&meeting.path("/join"), json!({})).await.problem(401, "UNAUTHENTICATED");
    guest.post(&meeting.path("/end"), json!({})).await.problem(401, "UNAUTHENTICATED");
    for rest in ["/chat", "/events"] {
        guest.get(&other.path(rest)).await.problem(404, "NOT_FOUND");
    }
    guest.post(&other.path("/leave"), json!({})).await.problem(404, "NOT_FOUND");
    guest.post(&other.path("/chat"), json!({"type": "text", "content": "x"})).await.problem(404, "NOT_FOUND");
    guest.post(&meeting.path("/leave"), json!({})).await.is(204);
    // A day later the session is over.
    app.pass(Duration::hours(24));
    guest.get(&meeting.path("/chat")).await.problem(401, "UNAUTHENTICATED");
    let forged = app.api.with_token(&format!("{}x", admission["access_token"].as_str().expect("a token")));
    forged.get(&meeting.path("/chat")).await.problem(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn links_of_other_organizations_are_not_there() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    open_house(&app, &organization).await;
    let meeting = open_meeting(&organization).create().await;
    let link = link(&organization, &meeting, json!({})).await;
    let path = format!("/guest-links/{}", link["id"].as_str().expect("an id"));
    other.admin.delete(&path).await.problem(404, "NOT_FOUND");
    let member = organization.member("member").await;
    member.delete(&path).await.problem(404, "NOT_FOUND");
    let request = app.api.request(Method::POST, &format!("{}/join", door(&link)));
    let answer = app.api.send(request.bearer_auth("nonsense").json(&json!({"name": "Ann"}))).await;
    answer.is(200);
}
