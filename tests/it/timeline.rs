//! The timeline: one story of a meeting.

use chrono::{DateTime, Duration, Utc};
use harness::{Meeting, Person, TestApp, Value, json, livekit::proto::TrackSource};

use crate::service_access::{device, key};

async fn story(viewer: &Person, meeting: &Meeting, query: &str) -> Vec<Value> {
    let listed = viewer.get(&meeting.path(&format!("/timeline{query}"))).await.is(200);
    listed["items"].as_array().expect("items").clone()
}

fn kinds(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["kind"].as_str().expect("a kind")).collect()
}

// CFA-07
#[tokio::test]
async fn a_meetings_story_is_told_from_its_first_word_to_its_last() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let guest = organization.member("member").await;
    let (tablet, tablet_id) = device(&app, &organization).await;
    app.clock.set(DateTime::from_timestamp(1_900_000_000, 0).expect("a time"));
    let meeting = organization.meeting().invite(&guest).create().await;
    tablet.post(&meeting.path("/show"), json!({})).await.is(200);
    let connection = app.enter(&guest, &meeting).await;
    app.pass(Duration::seconds(10));
    guest.post(&meeting.path("/chat"), json!({"type": "text", "content": "hello"})).await.is(201);
    app.pass(Duration::seconds(10));
    guest.post(&meeting.path("/chat"), json!({"type": "hand_raise"})).await.is(201);
    app.pass(Duration::seconds(10));
    app.go(&connection).await;
    host.patch(&meeting.path(""), json!({"title": "Other"})).await.is(200);
    let items = story(host, &meeting, "").await;
    let at = |item: &Value| -> DateTime<Utc> {
        item["at"].as_str().and_then(|at| at.parse().ok()).expect("a time")
    };
    assert!(items.is_sorted_by_key(at), "{items:#?}");
    let told = kinds(&items);
    for kind in [
        "meeting.created",
        "participant.invited",
        "meeting.shown",
        "meeting.started",
        "meeting.changed",
        "attendance.requested",
        "attendance.joined",
        "chat.text",
        "chat.hand_raise",
        "attendance.left",
    ] {
        assert_eq!(
            told.iter().filter(|it| **it == kind).count(),
            if kind == "participant.invited" { 2 } else { 1 },
            "{kind} in {told:?}"
        );
    }
    let find = |kind: &str| items.iter().find(|item| item["kind"] == kind).expect("it is told");
    let joined = find("attendance.joined");
    assert_eq!(joined["actor"], json!({"type": "user", "id": guest.id, "name": guest.name}));
    assert_eq!(joined["data"], json!({"source": "webhook"}));
    assert_eq!(find("chat.text")["data"]["content"], "hello");
    assert_eq!(find("meeting.shown")["actor"]["type"], "device");
    assert_eq!(find("meeting.shown")["actor"]["id"], tablet_id.as_str());
    let changes = &find("meeting.changed")["data"]["changes"];
    assert_eq!(changes, &json!([{"field": "title", "before": "Weekly", "after": "Other"}]));
    let invited =
        items.iter().find(|item| item["data"]["about"]["id"] == guest.id.as_str()).expect("the guest");
    assert_eq!(
        (&invited["kind"], &invited["data"]["about"]["name"]),
        (&json!("participant.invited"), &json!(guest.name))
    );
}

#[tokio::test]
async fn filters_and_pages_hold() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    // Many words at one moment: the order is kept all the same.
    for number in 0..7 {
        let say = json!({"type": "text", "content": number.to_string()});
        guest.post(&meeting.path("/chat"), say).await.is(201);
    }
    app.enter(host, &meeting).await;
    let whole = story(host, &meeting, "").await;
    let paged = host.all(&meeting.path("/timeline"), 3).await;
    assert_eq!(paged, whole);
    let chat = story(host, &meeting, "?kind=chat").await;
    assert_eq!(chat.len(), 7);
    let paged = host.all(&meeting.path("/timeline?kind=chat"), 2).await;
    assert_eq!(paged, chat);
    let some = story(host, &meeting, "?kind=attendance.joined,chat.text").await;
    assert_eq!(some.len(), 8);
    let own = story(host, &meeting, &format!("?actor={}", guest.id)).await;
    assert!(own.iter().all(|item| item["actor"]["id"] == guest.id.as_str()) && own.len() >= 7);
    let now = app.clock.now().to_rfc3339().replace('+', "%2B");
    assert_eq!(story(host, &meeting, &format!("?kind=chat&from={now}")).await.len(), 7);
    assert_eq!(story(host, &meeting, &format!("?kind=chat&to={now}")).await.len(), 0);
    assert_eq!(story(host, &meeting, "?from=9999-12-31T00:00:00Z").await.len(), 0);
    assert_eq!(story(host, &meeting, "?from=0001-01-01T00:00:00Z").await.len(), whole.len());
    assert_eq!(story(host, &meeting, "?kind=nothing").await.len(), 0);
    for (query, pointer) in [
        ("?kind=", "/kind"),
        ("?kind=Chat", "/kind"),
        ("?kind=a,%00", "/kind"),
        ("?limit=0", "/limit"),
        ("?cursor=x", "/cursor"),
    ] {
        host.get(&meeting.path(&format!("/timeline{query}"))).await.fault_at(pointer);
    }
}

// ATT-06
#[tokio::test]
async fn the_host_and_officers_see_it_and_words_only_those_who_take_part() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (host, officer) = (organization.member("secretary").await, organization.member("secretary").await);
    let guest = organization.member("member").await;
    let meeting = organization.meeting().host(&host).invite(&guest).create().await;
    guest.post(&meeting.path("/chat"), json!({"type": "text", "content": "between us"})).await.is(201);
    let path = meeting.path("/timeline");
    app.api.get(&path).await.problem(401, "UNAUTHENTICATED");
    guest.get(&path).await.problem(403, "FORBIDDEN");
    other.admin.get(&path).await.problem(404, "NOT_FOUND");
    let (reader, _) = key(&app, &organization, &["attendance.read"]).await;
    let (foreign, _) = key(&app, &other, &["attendance.read"]).await;
    foreign.get(&path).await.problem(404, "NOT_FOUND");
    let words = |items: &[Value]| items.iter().any(|item| item["data"].to_string().contains("between us"));
    assert!(words(&story(&host, &meeting, "").await));
    let seen = story(&officer, &meeting, "").await;
    assert!(!words(&seen) && kinds(&seen).contains(&"chat.text"));
    let read = reader.get(&path).await.is(200);
    assert!(!words(read["items"].as_array().expect("items")));
    // A meeting tells nothing of another.
    let alone = organization.meeting().host(&host).create().await;
    assert!(!kinds(&story(&host, &alone, "").await).contains(&"chat.text"));
}

// ORG-22
#[tokio::test]
async fn what_is_hidden_from_a_role_is_not_in_its_story() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let officer = organization.member("secretary").await;
    let meeting = organization.meeting().create().await;
    organization.admin.patch(&meeting.path(""), json!({"agenda": "salaries"})).await.is(200);
    let rule = json!({"hidden": {"meeting.agenda": ["secretary"]}});
    organization.admin.put(&organization.path("/field-rules"), rule).await.is(200);
    let told = |items: Vec<Value>| json!(items).to_string().contains("salaries");
    assert!(told(story(&organization.admin, &meeting, "").await));
    assert!(!told(story(&officer, &meeting, "").await));
}

/// Everything that a meeting's story has to tell, on one meeting.
// CFA-07
#[tokio::test]
async fn the_story_is_complete_and_its_file_says_the_same() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let (member, waiting) = (organization.member("member").await, organization.member("member").await);
    host.patch(&organization.path("/settings"), json!({"allow_guests": true})).await.is(200);
    let meeting = organization
        .meeting()
        .invite(&member)
        .invite(&waiting)
        .set("require_approval", true)
        .set("settings", json!({"allow_guests": true}))
        .create()
        .await;
    host.patch(&meeting.path(""), json!({"title": "Other"})).await.is(200);
    let host_there = app.enter(host, &meeting).await;
    waiting.post(&meeting.path("/join"), json!({})).await.is(202);
    host.post(&meeting.path(&format!("/lobby/{}/admit", waiting.id)), json!({})).await.is(200);
    member.post(&meeting.path("/join"), json!({})).await.is(202);
    host.post(&meeting.path(&format!("/lobby/{}/deny", member.id)), json!({})).await.is(200);
    let connection = app.enter(&waiting, &meeting).await;
    let link = host.post(&meeting.path("/guest-links"), json!({})).await.is(201);
    let token = link["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a token").to_owned();
    app.api.post(&format!("/guest/{token}/join"), json!({"name": "Asha"})).await.is(202);
    let guest_id: uuid::Uuid = app.value("select id from guests").await;
    host.post(&meeting.path(&format!("/lobby/{guest_id}/admit")), json!({})).await.is(200);
    let track = app.livekit.publish(&connection, TrackSource::ScreenShare).expect("may be published");
    app.settle().await;
    app.pass(Duration::seconds(30));
    app.livekit.unpublish(&connection, &track);
    app.settle().await;
    let at = |seconds: i64| app.clock.now() - Duration::seconds(seconds);
    let spoken = json!({"stretches": [{"from": at(20), "to": at(15)}]});
    waiting.post(&meeting.path("/speaking"), spoken).await.is(204);
    waiting.post(&meeting.path("/chat"), json!({"type": "text", "content": "hello"})).await.is(201);
    waiting.post(&meeting.path("/chat"), json!({"type": "hand_raise"})).await.is(201);
    let question = json!({"question": "Shall we?", "options": ["Yes", "No"]});
    let poll = host.post(&meeting.path("/chat"), json!({"type": "poll", "metadata": question})).await.is(201);
    let poll = poll["id"].as_str().expect("an id").to_owned();
    host.post(&meeting.path(&format!("/polls/{poll}/votes")), json!({"choices": [0]})).await.is(200);
    app.recorder().await;
    host.post(&meeting.path("/recordings"), json!({})).await.is(202);
    app.go(&connection).await;
    host.post(&meeting.path("/end"), json!({})).await.is(200);
    app.go(&host_there).await;
    app.run_jobs().await;

    let whole = host.all(&meeting.path("/timeline"), 200).await;
    let told = kinds(&whole);
    for kind in [
        "meeting.created",
        "meeting.changed",
        "participant.invited",
        "participant.knocked",
        "participant.admitted",
        "participant.denied",
        "guest_link.created",
        "guest.knocked",
        "guest.admitted",
        "meeting.started",
        "attendance.requested",
        "attendance.joined",
        "attendance.spoke",
        "screen.shared",
        "screen.unshared",
        "chat.text",
        "chat.hand_raise",
        "chat.poll",
        "recording.requested",
        "attendance.left",
        "meeting.ended",
    ] {
        assert!(told.contains(&kind), "{kind} is missing in {told:?}");
    }
    assert!(told.iter().any(|kind| kind.starts_with("poll.")), "{told:?}");
    let admitted = whole.iter().find(|item| item["kind"] == "guest.admitted").expect("it is told");
    assert_eq!(admitted["data"]["about"]["id"], guest_id.to_string());
    assert!(admitted["data"]["about"]["name"].as_str().is_some_and(|name| name.contains("Asha")));
    let speech = whole.iter().find(|item| item["kind"] == "attendance.spoke").expect("it is told");
    assert_eq!(speech["data"]["seconds"], json!(5.0));
    // Each page size, each order of pages: the same story.
    for limit in [1, 7] {
        assert_eq!(host.all(&meeting.path("/timeline"), limit).await, whole);
    }
    for kind in ["screen", "attendance", "attendance.spoke", "guest,guest_link", "chat.poll,poll"] {
        let heads: Vec<&str> = kind.split(',').collect();
        let wanted: Vec<_> = whole
            .iter()
            .filter(|item| {
                let kind = item["kind"].as_str().expect("a kind");
                heads.iter().any(|head| *head == kind || kind.split('.').next() == Some(head))
            })
            .cloned()
            .collect();
        assert_eq!(host.all(&meeting.path(&format!("/timeline?kind={kind}")), 3).await, wanted, "{kind}");
    }

    // The file has the same, and that it was taken.
    let answer = host.get(&meeting.path("/timeline.json")).await;
    assert!(answer.header("content-disposition").contains("timeline-"));
    let mut file = answer.is(200)["items"].as_array().expect("items").clone();
    let taken = file.iter().position(|item| item["kind"] == "timeline.exported").expect("it is told");
    file.remove(taken);
    assert_eq!(file, whole);
    let own =
        host.get(&meeting.path(&format!("/timeline.json?actor={}&kind=chat", waiting.id))).await.is(200);
    assert_eq!(own["items"].as_array().map(Vec::len), Some(2));
    host.get(&meeting.path("/timeline.json?kind=Chat")).await.fault_at("/kind");
}

#[tokio::test]
async fn a_file_of_many_pages_is_whole_and_hides_what_the_list_hides() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = organization.member("secretary").await;
    let officer = organization.member("secretary").await;
    let meeting = organization.meeting().host(&host).create().await;
    // More than the pages that a file is made of, many of them at one moment.
    sqlx::query(
        "insert into chat_messages (id, organization_id, meeting_id, seq, sender_id, content, created_at)
         select gen_random_uuid(), m.organization_id, m.id, 1000 + n, m.host_id, 'between us', now() + (n / 300) * interval '1 second'
         from meetings m, generate_series(1, 2500) n where m.id = $1",
    )
    .bind(meeting.id.parse::<uuid::Uuid>().expect("an id"))
    .execute(&mut app.database().await)
    .await
    .expect("messages");
    let file = host.get(&meeting.path("/timeline.json?kind=chat")).await.is(200);
    assert_eq!(file["next_cursor"], Value::Null);
    let items = file["items"].as_array().expect("items").clone();
    assert_eq!(items.iter().filter(|item| item["kind"] == "chat.text").count(), 2500);
    assert_eq!(items, host.all(&meeting.path("/timeline?kind=chat"), 200).await);
    let seen = officer.get(&meeting.path("/timeline.json")).await;
    let text = seen.text();
    assert!(text.contains("chat.text") && !text.contains("between us"));
    let empty = host.get(&meeting.path("/timeline.json?kind=nothing")).await.is(200);
    assert_eq!(empty, json!({"items": [], "next_cursor": null}));
}
