//! What participants may do, who is in front, and who leads.

use chrono::Duration;
use harness::{
    Meeting, Organization, Person, TestApp, Value,
    app::eventually,
    json,
    livekit::{Connection, proto::TrackSource},
};

const ALL: [&str; 5] = ["can_unmute", "can_use_camera", "can_share_screen", "can_chat", "can_react"];

fn of(meeting: &Meeting, person: &Person, rest: &str) -> String {
    meeting.path(&format!("/participants/{}{rest}", person.id))
}

async fn stage(viewer: &Person, meeting: &Meeting) -> Value {
    viewer.get(&meeting.path("/stage")).await.is(200)
}

/// Which rights are there, in their order.
fn rights(of: &Value) -> Vec<&'static str> {
    ALL.into_iter().filter(|right| of[right] == true).collect()
}

fn sources(admission: &Value) -> &Value {
    &admission["permissions"]["can_publish_sources"]
}

async fn role(viewer: &Person, meeting: &Meeting, person: &Person) -> Value {
    let list = viewer.all(&meeting.path("/participants"), 200).await;
    let found = list.into_iter().find(|it| it["user"]["id"] == person.id.as_str());
    found.map_or(Value::Null, |it| it["role"].clone())
}

async fn say(person: &Person, meeting: &Meeting, kind: &str, content: &str) -> harness::Answer {
    person.post(&meeting.path("/chat"), json!({"type": kind, "content": content})).await
}

// LIV-09, LIV-10, LIV-16, TOK-14
#[tokio::test]
async fn camera_chat_and_reactions_are_allowed_and_forbidden_for_one() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (one, two) = (organization.member("member").await, organization.member("member").await);
    let meeting = organization.meeting().kind("video").invite(&one).invite(&two).create().await;
    let host = &organization.admin;
    let set = async |body: Value| host.patch(&of(&meeting, &one, ""), body).await.is(200);
    let connection = app.enter(&one, &meeting).await;
    let microphone = app.livekit.publish(&connection, TrackSource::Microphone).expect("may be published");
    app.livekit.publish(&connection, TrackSource::Camera).expect("may be published");
    let dark = set(json!({"can_use_camera": false})).await;
    assert_eq!(rights(&dark), ["can_unmute", "can_share_screen", "can_chat", "can_react"]);
    assert!(app.livekit.publish(&connection, TrackSource::Camera).is_err());
    assert_eq!(app.livekit.is_muted(&connection, &microphone), Some(false), "what is allowed goes on");
    assert_eq!(
        sources(&one.join(&meeting).await.is(200)),
        &json!(["microphone", "screen_share", "screen_share_audio"])
    );
    // Without a word about the camera it goes with the microphone, as it always has.
    assert_eq!(rights(&set(json!({"can_unmute": true})).await).len(), 5);
    assert_eq!(
        rights(&set(json!({"can_unmute": false})).await),
        ["can_share_screen", "can_chat", "can_react"]
    );
    let seen = set(json!({"can_unmute": false, "can_use_camera": true})).await;
    assert_eq!(rights(&seen)[0], "can_use_camera");

    let message = say(&one, &meeting, "text", "before").await.is(201);
    set(json!({"can_chat": false, "can_react": false})).await;
    assert_eq!(rights(&stage(&one, &meeting).await["my_rights"]), ["can_use_camera", "can_share_screen"]);
    assert_eq!(rights(&stage(&two, &meeting).await["my_rights"]).len(), 5);
    say(&one, &meeting, "text", "after").await.problem(403, "NOT_ALLOWED");
    say(&one, &meeting, "reaction", "👍").await.problem(403, "NOT_ALLOWED");
    let changed = meeting.path(&format!("/chat/{}", message["id"].as_str().expect("an id")));
    one.patch(&changed, json!({"content": "another way to speak"})).await.problem(403, "NOT_ALLOWED");
    // A hand is nobody's to forbid, and others speak on.
    one.post(&meeting.path("/chat"), json!({"type": "hand_raise"})).await.is(201);
    say(&two, &meeting, "text", "hello").await.is(201);
    set(json!({"can_chat": true})).await;
    say(&one, &meeting, "text", "again").await.is(201);
    say(&one, &meeting, "reaction", "👍").await.problem(403, "NOT_ALLOWED");
    one.patch(&of(&meeting, &one, ""), json!({"can_react": true})).await.problem(403, "FORBIDDEN");
    host.patch(&of(&meeting, &one, ""), json!({"can_chat": "yes"})).await.is(422);
}

// LIV-10, LIV-16
#[tokio::test]
async fn what_is_decided_for_all_holds_for_those_who_come_later_and_spares_those_who_moderate() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (one, helper) = (organization.member("member").await, organization.member("member").await);
    let (later, host) = (organization.member("member").await, &organization.admin);
    let meeting = organization.meeting().kind("video").invite(&one).invite(&helper).create().await;
    host.patch(&of(&meeting, &helper, ""), json!({"role": "co_host"})).await.is(200);
    let (mine, theirs) = (app.enter(&one, &meeting).await, app.enter(&helper, &meeting).await);
    app.listen().await;
    let mut events = one.follow(&meeting.path("/events"), None).await;
    let silence = json!({"can_unmute": false, "can_use_camera": true, "can_chat": false});
    one.patch(&meeting.path("/participants"), silence.clone()).await.problem(403, "FORBIDDEN");
    let changed = helper.patch(&meeting.path("/participants"), silence).await.is(200);
    assert_eq!(rights(&changed["participants"]), ["can_use_camera", "can_share_screen", "can_react"]);
    let told = events.next().await;
    assert_eq!((told.event.as_str(), &told.data["user"]["id"]), ("participant.updated", &json!(one.id)));
    let told = events.next().await;
    assert_eq!((told.event.as_str(), &told.data), ("stage.changed", &changed));
    assert!(app.livekit.publish(&mine, TrackSource::Microphone).is_err());
    assert!(app.livekit.publish(&mine, TrackSource::Camera).is_ok());
    assert!(app.livekit.publish(&theirs, TrackSource::Microphone).is_ok());
    say(&one, &meeting, "text", "hello").await.problem(403, "NOT_ALLOWED");
    say(&helper, &meeting, "text", "hello").await.is(201);
    // For one alone it can be decided otherwise.
    host.patch(&of(&meeting, &one, ""), json!({"can_chat": true})).await.is(200);
    say(&one, &meeting, "text", "hello").await.is(201);
    host.post(&meeting.path("/invite"), json!({"user_ids": [later.id]})).await.is(200);
    assert_eq!(
        sources(&later.join(&meeting).await.is(200)),
        &json!(["camera", "screen_share", "screen_share_audio"])
    );
    assert_eq!(rights(&stage(&later, &meeting).await["my_rights"]), rights(&changed["participants"]));
    // Whoever is made a co-host may do everything.
    let raised = host.patch(&of(&meeting, &later, ""), json!({"role": "co_host"})).await.is(200);
    assert_eq!(rights(&raised).len(), 5);
    helper.patch(&meeting.path("/participants"), json!({"can_unmute": 1})).await.is(422);
}

// LIV-10, PAR-18
#[tokio::test]
async fn guests_have_rights_like_everybody() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    app.execute("update organizations set settings = settings || '{\"allow_guests\": true}'").await;
    let host = &organization.admin;
    let settings = json!({"allow_guests": true});
    let meeting = organization.meeting().kind("video").set("settings", settings).create().await;
    let link = host.post(&meeting.path("/guest-links"), json!({})).await.is(201);
    let door = link["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a token").to_owned();
    host.patch(&meeting.path("/participants"), json!({"can_share_screen": false})).await.is(200);
    let enter =
        async |name: &str| app.api.post(&format!("/guest/{door}/join"), json!({"name": name})).await.is(200);
    let admission = enter("Ann").await;
    assert_eq!(sources(&admission), &json!(["microphone", "camera"]));
    let guest = app.api.with_token(admission["access_token"].as_str().expect("a token"));
    let seen = guest.get(&meeting.path("/stage")).await.is(200);
    assert_eq!(rights(&seen["my_rights"]), ["can_unmute", "can_use_camera", "can_chat", "can_react"]);
    let id = seen["my_id"].as_str().expect("an id").to_owned();
    host.patch(&meeting.path("/participants"), json!({"can_chat": false})).await.is(200);
    let hello = json!({"type": "text", "content": "hello"});
    guest.post(&meeting.path("/chat"), hello.clone()).await.problem(403, "NOT_ALLOWED");
    host.patch(&meeting.path(&format!("/participants/{id}")), json!({"can_chat": true})).await.is(200);
    guest.post(&meeting.path("/chat"), hello).await.is(201);
    host.put(&meeting.path("/spotlight"), json!({"user_ids": [id]})).await.is(200);
    assert_eq!(guest.get(&meeting.path("/stage")).await.is(200)["spotlight"], json!([id]));
    host.post(&meeting.path("/host"), json!({"user_id": id})).await.fault_at("/user_id");
    guest.patch(&meeting.path("/participants"), json!({"can_chat": true})).await.is(401);
    // A banned guest is told nothing any more.
    host.post(&meeting.path(&format!("/participants/{id}/remove")), json!({"ban": true})).await.is(204);
    guest.get(&meeting.path("/stage")).await.is(403);
}

#[tokio::test]
async fn people_are_put_in_front_for_everybody() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (one, stranger) = (organization.member("member").await, organization.member("member").await);
    let meeting = organization.meeting().invite(&one).create().await;
    let host = &organization.admin;
    assert_eq!(stage(&one, &meeting).await["spotlight"], json!([]));
    app.listen().await;
    let mut events = one.follow(&meeting.path("/events"), None).await;
    let put = async |by: &Person, people: &[&str]| {
        by.put(&meeting.path("/spotlight"), json!({"user_ids": people})).await
    };
    assert_eq!(put(host, &[&one.id]).await.is(200)["spotlight"], json!([one.id]));
    let told = events.next().await;
    assert_eq!((told.event.as_str(), &told.data["spotlight"]), ("stage.changed", &json!([one.id])));
    put(host, &[&one.id]).await.is(200);
    assert!(events.is_silent().await, "what changes nothing is no news");
    assert_eq!(stage(&one, &meeting).await["spotlight"], json!([one.id]));
    put(&one, &[]).await.problem(403, "FORBIDDEN");
    put(host, &[&one.id, &stranger.id]).await.fault_at("/user_ids/1");
    put(host, &[&other.admin.id]).await.fault_at("/user_ids/0");
    put(host, &[one.id.as_str(); 5]).await.fault_at("/user_ids");
    stranger.get(&meeting.path("/stage")).await.problem(403, "FORBIDDEN");
    other.admin.get(&meeting.path("/stage")).await.problem(404, "NOT_FOUND");
    put(&other.admin, &[]).await.problem(404, "NOT_FOUND");
    assert_eq!(put(host, &[]).await.is(200)["spotlight"], json!([]));
}

// LIV-17: listeners are invited to speak, and speak when they switch their microphone on themselves.
#[tokio::test]
async fn a_listener_is_asked_to_speak_and_hands_are_lowered() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (one, two) = (organization.member("member").await, organization.member("member").await);
    let meeting = organization.meeting().kind("audio").invite(&one).invite(&two).create().await;
    let host = &organization.admin;
    host.patch(&meeting.path("/participants"), json!({"can_unmute": false})).await.is(200);
    host.post(&of(&meeting, &one, "/ask"), json!({})).await.problem(409, "NOT_THERE");
    let connection = app.enter(&one, &meeting).await;
    assert!(app.livekit.publish(&connection, TrackSource::Microphone).is_err());
    for person in [&one, &two] {
        person.post(&meeting.path("/chat"), json!({"type": "hand_raise"})).await.is(201);
    }
    app.listen().await;
    let mut events = one.follow(&meeting.path("/events"), None).await;
    two.post(&of(&meeting, &one, "/ask"), json!({})).await.problem(403, "FORBIDDEN");
    let asked = host.post(&of(&meeting, &one, "/ask"), json!({})).await.is(200);
    assert_eq!((&asked["can_unmute"], &asked["can_use_camera"]), (&json!(true), &json!(false)));
    assert_eq!(events.next().await.event, "participant.updated");
    let told = events.next().await;
    assert_eq!(
        (told.event.as_str(), &told.data),
        ("participant.asked", &json!({"user_id": one.id, "source": "microphone"}))
    );
    let track = app.livekit.publish(&connection, TrackSource::Microphone).expect("may be published");
    assert_eq!(app.livekit.is_muted(&connection, &track), Some(false));
    let asked = app.value::<i64>("select count(*) from audit_log where action = 'participant.asked'").await;
    assert_eq!(asked, 1);
    host.post(&of(&meeting, &one, "/ask"), json!({"source": "radio"})).await.fault_at("/source");

    two.post(&of(&meeting, &one, "/lower-hand"), json!({})).await.problem(403, "FORBIDDEN");
    assert_eq!(host.post(&of(&meeting, &one, "/lower-hand"), json!({})).await.is(200)["lowered"], 1);
    let told = events.next().await;
    assert_eq!((told.event.as_str(), &told.data["hand_raised"]), ("participant.updated", &json!(false)));
    assert_eq!(host.post(&meeting.path("/lower-hands"), json!({})).await.is(200)["lowered"], 1);
    assert_eq!(host.post(&meeting.path("/lower-hands"), json!({})).await.is(200)["lowered"], 0);
    let stranger = organization.member("member").await;
    host.post(&of(&meeting, &stranger, "/lower-hand"), json!({})).await.problem(404, "NOT_FOUND");
}

// PAR-17
#[tokio::test]
async fn a_meeting_is_handed_over_with_all_that_belongs_to_it() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (one, host) = (organization.member("member").await, organization.member("secretary").await);
    let stranger = organization.member("member").await;
    let meeting = organization.meeting().host(&host).invite(&one).create().await;
    let hand =
        async |by: &Person, to: &Person| by.post(&meeting.path("/host"), json!({"user_id": to.id})).await;
    hand(&one, &one).await.problem(403, "FORBIDDEN");
    hand(&host, &stranger).await.fault_at("/user_id");
    hand(&host, &other.admin).await.fault_at("/user_id");
    hand(&other.admin, &one).await.problem(404, "NOT_FOUND");
    assert_eq!(hand(&host, &one).await.is(200)["role"], "host");
    let seen = one.get(&meeting.path("")).await.is(200);
    assert_eq!((&seen["my"]["role"], &seen["host"]["id"]), (&json!("host"), &json!(one.id)));
    assert_eq!(host.get(&meeting.path("")).await.is(200)["my"]["role"], "co_host");
    // What only a host may.
    host.patch(&meeting.path(""), json!({"title": "Mine no more"})).await.problem(403, "FORBIDDEN");
    one.patch(&meeting.path(""), json!({"title": "Mine"})).await.is(200);
    one.patch(&of(&meeting, &host, ""), json!({"role": "participant"})).await.is(200);
    hand(&host, &host).await.problem(403, "FORBIDDEN");
    assert_eq!(hand(&one, &one).await.is(200)["role"], "host", "to whom has it, nothing changes");
    // It is written down whose doing it was.
    let by: Vec<Option<uuid::Uuid>> = sqlx::query_scalar(
        "select actor_id from audit_log where entity_type = 'meeting' and actor_type = 'user' and after ->> 'host_id' = $1",
    )
    .bind(&one.id)
    .fetch_all(&mut app.database().await)
    .await
    .expect("entries");
    assert_eq!(by, [Some(host.user_id().0)]);
    one.delete(&meeting.path("")).await.is(204);
}

struct Held<'a> {
    app: &'a TestApp,
    organization: &'a Organization<'a>,
    host: &'a Person,
    meeting: &'a Meeting,
}

impl Held<'_> {
    /// What the comparison sees after some seconds.
    async fn after(&self, seconds: i64) {
        self.app.pass(Duration::seconds(seconds));
        self.app.run_jobs().await;
        self.app.settle().await;
    }

    async fn acting(&self) -> Value {
        stage(self.host, self.meeting).await["acting_host_id"].clone()
    }

    async fn role(&self, person: &Person) -> Value {
        role(&self.organization.admin, self.meeting, person).await
    }

    async fn go(&self, connection: &Connection) {
        self.app.go(connection).await;
    }
}

// LIV-10: when the host drops out.
#[tokio::test]
async fn an_officer_who_is_there_stands_in_for_a_host_who_drops_out() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (host, member) = (organization.member("secretary").await, organization.member("member").await);
    let officer = organization.member("secretary").await;
    let meeting = organization.meeting().host(&host).invite(&member).invite(&officer).create().await;
    let held = Held { app: &app, organization: &organization, host: &host, meeting: &meeting };
    let hosts = app.enter(&host, &meeting).await;
    app.enter(&member, &meeting).await;
    let officers = app.enter(&officer, &meeting).await;
    held.after(30).await;
    held.go(&hosts).await;
    held.after(30).await;
    assert_eq!(held.acting().await, Value::Null, "a page may be loading again");
    officer.post(&meeting.path("/mute-all"), json!({})).await.problem(403, "FORBIDDEN");
    app.listen().await;
    let mut events = member.follow(&meeting.path("/events"), None).await;
    held.after(31).await;
    assert_eq!(held.acting().await, json!(officer.id));
    assert_eq!(held.role(&officer).await, "co_host");
    assert_eq!(events.next().await.event, "participant.updated");
    let told = events.next().await;
    assert_eq!((told.event.as_str(), &told.data["acting_host_id"]), ("stage.changed", &json!(officer.id)));
    officer.post(&meeting.path("/mute-all"), json!({})).await.is(200);
    // Who leads decides about roles too.
    officer.patch(&of(&meeting, &member, ""), json!({"role": "co_host"})).await.is(200);
    officer.patch(&of(&meeting, &member, ""), json!({"role": "participant"})).await.is(200);
    // Back, and all is as before.
    let hosts = app.enter(&host, &meeting).await;
    held.after(30).await;
    assert_eq!((held.acting().await, held.role(&officer).await), (Value::Null, json!("participant")));
    officer.post(&meeting.path("/mute-all"), json!({})).await.problem(403, "FORBIDDEN");
    // A role that is given while one stands in stays.
    held.go(&hosts).await;
    held.after(61).await;
    assert_eq!(held.acting().await, json!(officer.id));
    host.patch(&of(&meeting, &officer, ""), json!({"role": "co_host"})).await.is(200);
    app.enter(&host, &meeting).await;
    held.after(30).await;
    assert_eq!((held.acting().await, held.role(&officer).await), (Value::Null, json!("co_host")));
    held.go(&officers).await;
    host.post(&meeting.path("/end"), json!({})).await.is(200);
    eventually(|| !app.livekit.is_connected(&officers)).await;
    app.settle().await;
}

#[tokio::test]
async fn a_meeting_that_is_over_is_led_by_nobody() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (host, officer) = (organization.member("secretary").await, organization.member("chairperson").await);
    let meeting = organization.meeting().host(&host).invite(&officer).create().await;
    let held = Held { app: &app, organization: &organization, host: &host, meeting: &meeting };
    app.enter(&officer, &meeting).await;
    held.after(60).await;
    assert_eq!(held.acting().await, Value::Null, "one waits longer for a host who has not come");
    held.after(241).await;
    assert_eq!(held.acting().await, json!(officer.id));
    officer.post(&meeting.path("/end"), json!({})).await.is(200);
    assert_eq!((held.acting().await, held.role(&officer).await), (Value::Null, json!("participant")));
    app.settle().await;
}

#[tokio::test]
async fn a_connection_is_tried_in_a_room_of_no_meeting() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    app.execute("update organizations set settings = settings || '{\"allow_guests\": true}'").await;
    let settings = json!({"allow_guests": true});
    let meeting = organization.meeting().set("settings", settings).create().await;
    let link = organization.admin.post(&meeting.path("/guest-links"), json!({})).await.is(201);
    let door = link["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a token").to_owned();
    let as_guest = async || app.api.post(&format!("/guest/{door}/connection-check"), json!({})).await;
    let trials =
        [organization.admin.post("/connection-check", json!({})).await.is(200), as_guest().await.is(200)];
    for trial in &trials {
        let connection = app.livekit.connect(trial["token"].as_str().expect("a token"));
        assert!(connection.room.starts_with("check-"), "{}", connection.room);
        assert!(app.livekit.publish(&connection, TrackSource::Microphone).is_ok());
        assert!(app.livekit.publish(&connection, TrackSource::Camera).is_err());
    }
    assert_ne!(trials[0]["token"], trials[1]["token"]);
    app.settle().await;
    app.run_jobs().await;
    assert_eq!(app.value::<i64>("select count(*) from attendance_spans").await, 0);
    assert_eq!(organization.admin.get(&meeting.path("")).await.is(200)["status"], "scheduled");
    let id = link["id"].as_str().expect("an id");
    organization.admin.delete(&format!("/guest-links/{id}")).await.is(204);
    assert!(as_guest().await.status >= 400);
}
