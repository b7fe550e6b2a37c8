//! The door: the lobby, the lock, the host for whom people wait, and what is said to those who wait.

use std::time::{Duration, Instant};

use futures::future::join_all;
use harness::{Answer, Api, Meeting, Organization, Person, TestApp, Value, json};

async fn set(person: &Person, meeting: &Meeting, change: Value) -> Value {
    person.patch(&meeting.path("/door"), change).await.is(200)
}

/// A guest link of the meeting, as the path that opens it.
async fn link(app: &TestApp, organization: &Organization<'_>, meeting: &Meeting) -> String {
    app.execute("update organizations set settings = settings || '{\"allow_guests\": true}'").await;
    let link = organization.admin.post(&meeting.path("/guest-links"), json!({})).await.is(201);
    let token = link["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a token").to_owned();
    format!("/guest/{token}/join")
}

async fn knock(api: &Api, path: &str, name: &str) -> Answer {
    api.post(path, json!({"name": name})).await
}

/// As clients do, who come back when there is no room for their request at the moment.
async fn knock_patiently(api: &Api, path: &str, name: &str) -> Answer {
    loop {
        let answer = knock(api, path, name).await;
        if answer.status != 503 {
            return answer;
        }
    }
}

fn open_to_guests<'a>(organization: &'a Organization<'a>) -> harness::builders::MeetingBuilder<'a> {
    organization.meeting().set("settings", json!({"allow_guests": true}))
}

#[tokio::test]
async fn hosts_and_co_hosts_decide_about_the_door() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let member = organization.member("member").await;
    let meeting = organization.meeting().invite(&member).set("require_approval", true).create().await;
    let open = json!({"require_approval": true, "auto_admit": [], "wait_for_host": false, "locked": false, "message": ""});
    assert_eq!(host.get(&meeting.path("/door")).await.is(200), open);
    app.listen().await;
    let mut events = member.follow(&meeting.path("/events"), None).await;
    let change =
        json!({"auto_admit": ["secretary", "admin", "secretary"], "message": "  We begin at nine.  "});
    let door = set(host, &meeting, change).await;
    assert_eq!(door["auto_admit"], json!(["admin", "secretary"]));
    assert_eq!((&door["message"], &door["require_approval"]), (&json!("We begin at nine."), &json!(true)));
    let told = events.next().await;
    assert_eq!((told.event.as_str(), &told.data), ("door.changed", &door));
    // What changes nothing is no news.
    assert_eq!(set(host, &meeting, json!({})).await, door);
    assert!(events.is_silent().await);
    member.get(&meeting.path("/door")).await.problem(403, "FORBIDDEN");
    member.patch(&meeting.path("/door"), json!({"locked": true})).await.problem(403, "FORBIDDEN");
    let role = meeting.path(&format!("/participants/{}", member.id));
    host.patch(&role, json!({"role": "co_host"})).await.is(200);
    assert_eq!(set(&member, &meeting, json!({"locked": true})).await["locked"], true);
    host.patch(&meeting.path("/door"), json!({"message": "x".repeat(501)})).await.fault_at("/message");
    host.patch(&meeting.path("/door"), json!({"auto_admit": ["boss"]})).await.is(422);
    let stale = host
        .request(reqwest::Method::PATCH, &meeting.path("/door"))
        .header("if-match", "\"other\"")
        .json(&json!({"locked": false}));
    host.send(stale).await.problem(412, "PRECONDITION_FAILED");
}

#[tokio::test]
async fn some_roles_need_not_wait_and_those_who_do_are_told_what_the_host_says() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (officer, member) = (organization.member("secretary").await, organization.member("member").await);
    let meeting = open_to_guests(&organization)
        .invite(&officer)
        .invite(&member)
        .set("require_approval", true)
        .create()
        .await;
    let path = link(&app, &organization, &meeting).await;
    let change = json!({"auto_admit": ["admin", "chairperson", "secretary"], "message": "Soon."});
    set(&organization.admin, &meeting, change).await;
    officer.join(&meeting).await.is(200);
    let waiting = json!({"status": "pending_approval", "message": "Soon."});
    assert_eq!(member.join(&meeting).await.is(202), waiting);
    let guest = knock(&app.api, &path, "Ann").await.is(202);
    assert_eq!((&guest["message"], guest.get("waiting_for")), (&json!("Soon."), None));
    // When members need not wait any more, guests still do.
    set(&organization.admin, &meeting, json!({"auto_admit": ["member"], "message": ""})).await;
    member.join(&meeting).await.is(200);
    let guest = app.api.with_token(guest["access_token"].as_str().expect("a token"));
    assert_eq!(knock(&guest, &path, "").await.is(202).get("message"), None);
    // And when nobody has to, whoever waits comes in.
    set(&organization.admin, &meeting, json!({"require_approval": false})).await;
    knock(&guest, &path, "").await.is(200);
}

#[tokio::test]
async fn nobody_comes_in_before_the_host() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (co_host, member) = (organization.member("member").await, organization.member("member").await);
    let meeting = open_to_guests(&organization).invite(&co_host).invite(&member).create().await;
    let role = meeting.path(&format!("/participants/{}", co_host.id));
    organization.admin.patch(&role, json!({"role": "co_host"})).await.is(200);
    let path = link(&app, &organization, &meeting).await;
    set(&organization.admin, &meeting, json!({"wait_for_host": true})).await;
    let waiting = json!({"status": "pending_approval", "waiting_for": "host"});
    assert_eq!(member.join(&meeting).await.is(202), waiting);
    assert_eq!(knock(&app.api, &path, "Ann").await.is(202)["waiting_for"], "host");
    assert_eq!(app.value::<i64>("select count(*) from guests").await, 0, "who waits has not used the link");
    let lobby = organization.admin.get(&meeting.path("/lobby")).await.is(200);
    assert_eq!(lobby["items"], json!([]), "nobody has to let them in");
    // A token alone is no presence.
    co_host.join(&meeting).await.is(200);
    member.join(&meeting).await.is(202);
    let connection = app.enter(&co_host, &meeting).await;
    member.join(&meeting).await.is(200);
    knock(&app.api, &path, "Ann").await.is(200);
    app.go(&connection).await;
    member.join(&meeting).await.is(202);
}

#[tokio::test]
async fn a_locked_room_takes_back_who_was_in_it_and_who_is_let_in() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let (inside, late, gone) = (
        organization.member("member").await,
        organization.member("member").await,
        organization.member("member").await,
    );
    let meeting = open_to_guests(&organization).invite(&inside).invite(&late).invite(&gone).create().await;
    let path = link(&app, &organization, &meeting).await;
    let left = app.enter(&gone, &meeting).await;
    app.pass(chrono::Duration::seconds(5));
    app.go(&left).await;
    let connection = app.enter(&inside, &meeting).await;
    app.pass(chrono::Duration::seconds(5));
    set(host, &meeting, json!({"locked": true})).await;
    for person in [&late, &gone] {
        person.join(&meeting).await.problem(409, "ROOM_LOCKED");
    }
    knock(&app.api, &path, "Ann").await.problem(409, "ROOM_LOCKED");
    host.join(&meeting).await.is(200);
    // A reload, or a connection that broke.
    app.pass(chrono::Duration::seconds(5));
    app.go(&connection).await;
    inside.join(&meeting).await.is(200);
    host.post(&meeting.path(&format!("/lobby/{}/admit", late.id)), json!({})).await.is(200);
    late.join(&meeting).await.is(200);
    // Locked twice is locked once, and an open door is open.
    set(host, &meeting, json!({"locked": true})).await;
    late.join(&meeting).await.is(200);
    set(host, &meeting, json!({"locked": false})).await;
    gone.join(&meeting).await.is(200);
    // Who is sent out of a locked room stays out.
    app.enter(&late, &meeting).await;
    app.pass(chrono::Duration::seconds(5));
    set(host, &meeting, json!({"locked": true})).await;
    late.join(&meeting).await.is(200);
    app.pass(chrono::Duration::seconds(5));
    host.post(&meeting.path(&format!("/participants/{}/remove", late.id)), json!({})).await.is(204);
    app.settle().await;
    late.join(&meeting).await.problem(409, "ROOM_LOCKED");
}

// A link does not say who comes by it, so somebody has to look.
#[tokio::test]
async fn after_somebody_was_banned_nobody_comes_in_unseen_by_a_link() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let member = organization.member("member").await;
    let meeting = open_to_guests(&organization).invite(&member).create().await;
    let path = link(&app, &organization, &meeting).await;
    let ann = knock(&app.api, &path, "Ann").await.is(200);
    let ann = app.api.with_token(ann["access_token"].as_str().expect("a token"));
    host.post(&meeting.path(&format!("/participants/{}/remove", member.id)), json!({"ban": true}))
        .await
        .is(204);
    member.join(&meeting).await.problem(403, "BANNED");
    let unknown = knock(&app.api, &path, "Somebody").await.is(202);
    assert_eq!(unknown["status"], "pending_approval");
    knock(&ann, &path, "").await.is(200);
    let id = unknown["guest"]["id"].as_str().expect("an id");
    let unknown = app.api.with_token(unknown["access_token"].as_str().expect("a token"));
    knock(&unknown, &path, "").await.is(202);
    host.post(&meeting.path(&format!("/lobby/{id}/admit")), json!({})).await.is(200);
    knock(&unknown, &path, "").await.is(200);
    // A guest who was banned does not come back as another one either.
    host.post(&meeting.path(&format!("/participants/{id}/remove")), json!({"ban": true})).await.is(204);
    knock(&unknown, &path, "").await.problem(403, "BANNED");
    knock(&app.api, &path, "Nobody").await.is(202);
}

// 200 people knock at once, also while the program is replaced; nobody is in before they are let in, all of them at once.
#[tokio::test]
async fn two_hundred_who_knock_are_let_in_at_once_and_none_before() {
    const MANY: usize = 200;
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let meeting = open_to_guests(&organization).set("require_approval", true).create().await;
    let path = link(&app, &organization, &meeting).await;
    let members = join_all((0..10).map(|_| organization.member("member"))).await;
    let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
    host.post(&meeting.path("/invite"), json!({"user_ids": ids})).await.is(200);
    let knocks = join_all((members.len()..MANY).map(|number| {
        let (api, path) = (&app.api, &path);
        async move {
            let waiting = knock_patiently(api, path, &format!("Guest {number}")).await.is(202);
            assert_eq!(waiting.get("token"), None);
            api.with_token(waiting["access_token"].as_str().expect("a token"))
        }
    }));
    let joins = join_all(members.iter().map(|member| member.join(&meeting)));
    let (guests, joins) = futures::join!(knocks, joins);
    for waiting in joins {
        waiting.is(202);
    }
    // Another process takes over: who waits is in the database.
    let other = app.second_process().await;
    let as_other = |api: &Api| other.with_credentials_of(api);
    let lobby = as_other(host).all(&meeting.path("/lobby"), 200).await;
    assert_eq!(lobby.len(), MANY);
    knock(&as_other(&guests[0]), &path, "").await.is(202);
    let begin = Instant::now();
    let answer = as_other(host).post(&meeting.path("/lobby/admit-all"), json!({})).await.is(200);
    assert_eq!(answer["admitted"], MANY);
    let entered = join_all(guests.iter().map(|guest| {
        let (guest, path) = (as_other(guest), &path);
        async move { knock(&guest, path, "").await.is(200) }
    }));
    let joined = join_all(members.iter().map(|member| {
        let (member, path) = (as_other(member), meeting.path("/join"));
        async move { member.post(&path, json!({})).await.is(200) }
    }));
    let (mut entered, joined) = futures::join!(entered, joined);
    entered.extend(joined);
    let took = begin.elapsed();
    assert!(entered.iter().all(|it| it["token"].is_string()));
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(as_other(host).get(&meeting.path("/lobby")).await.is(200)["items"], json!([]));
    let admitted: i64 = app
        .value("select count(*) from audit_log where action in ('participant.admitted', 'guest.admitted')")
        .await;
    assert_eq!(usize::try_from(admitted).expect("a number"), MANY);
    // Whoever was turned away before is not let in with the others.
    let denied = &members[0];
    host.post(&meeting.path(&format!("/lobby/{}/deny", denied.id)), json!({})).await.is(200);
    assert_eq!(host.post(&meeting.path("/lobby/admit-all"), json!({})).await.is(200)["admitted"], 0);
    denied.join(&meeting).await.problem(403, "DENIED");
}
