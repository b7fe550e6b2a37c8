//! The timeline: one story of a meeting.

use chrono::{DateTime, Duration, Utc};
use harness::{Meeting, Person, TestApp, Value, json};

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
