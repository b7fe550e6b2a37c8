//! Events of a meeting for pages outside the room.

use harness::{TestApp, json};

// LIV-01, LIV-08
#[tokio::test]
async fn a_page_hears_what_happens_in_order() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.listen().await;
    let mut events = guest.follow(&meeting.path("/events"), None).await;
    let message = organization
        .admin
        .post(&meeting.path("/chat"), json!({"type": "text", "content": "hello"}))
        .await
        .is(201);
    let event = events.next().await;
    assert_eq!((event.event.as_str(), &event.data), ("chat.message", &message));
    guest.post(&meeting.path("/response"), json!({"response": "accepted"})).await.is(200);
    let next = events.next().await;
    assert_eq!((next.event.as_str(), &next.data["status"]), ("participant.updated", &json!("accepted")));
    let number = |id: &str| id.parse::<i64>().expect("a number");
    assert!(number(&next.id) > number(&event.id));
    assert!(events.is_silent().await);
}

#[tokio::test]
async fn a_page_that_comes_back_misses_nothing_and_hears_nothing_twice() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    app.listen().await;
    let say = async |text: &str| {
        organization
            .admin
            .post(&meeting.path("/chat"), json!({"type": "text", "content": text}))
            .await
            .is(201);
    };
    let mut events = organization.admin.follow(&meeting.path("/events"), None).await;
    say("one").await;
    let last = events.next().await;
    drop(events);
    say("two").await;
    say("three").await;
    let mut again = organization.admin.follow(&meeting.path("/events"), Some(&last.id)).await;
    let missed: Vec<_> = again.take(2).await.into_iter().map(|event| event.data["content"].clone()).collect();
    assert_eq!(missed, ["two", "three"]);
    say("four").await;
    assert_eq!(again.next().await.data["content"], "four");
    // A number that was never given is no reason to break.
    for odd in ["999999", "x", "-1", "9223372036854775808"] {
        let request = organization
            .admin
            .request(reqwest::Method::GET, &meeting.path("/events"))
            .header("last-event-id", odd);
        let status = request.send().await.expect("an answer").status().as_u16();
        assert!(matches!(status, 200 | 400 | 422), "{odd}: {status}");
    }
}

// LIV-04, ORG-01
#[tokio::test]
async fn only_those_who_take_part_follow_a_meeting() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (bystander, officer) = (organization.member("member").await, organization.member("secretary").await);
    let meeting = organization.meeting().create().await;
    for person in [&bystander, &officer] {
        person.get(&meeting.path("/events")).await.problem(403, "FORBIDDEN");
    }
    other.admin.get(&meeting.path("/events")).await.problem(404, "NOT_FOUND");
    app.api.get(&meeting.path("/events")).await.problem(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn whoever_is_taken_off_the_list_hears_no_more() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.listen().await;
    let mut events = guest.follow(&meeting.path("/events"), None).await;
    organization.admin.delete(&meeting.path(&format!("/participants/{}", guest.id))).await.is(204);
    organization
        .admin
        .post(&meeting.path("/chat"), json!({"type": "text", "content": "among ourselves"}))
        .await
        .is(201);
    assert!(events.ends().await, "the stream of somebody who is no longer invited ends");
}

#[tokio::test]
async fn comings_and_goings_are_told() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.listen().await;
    let mut events = organization.admin.follow(&meeting.path("/events"), None).await;
    let connection = app.enter(&guest, &meeting).await;
    let started = |it: &harness::Event| it.event == "meeting.updated" && it.data["status"] == "in_progress";
    let arrived = |it: &harness::Event| {
        (it.event == "participant.updated" && it.data["status"] == "joined")
            || (it.event == "presence.changed" && it.data["online"] == true)
    };
    let mut told = Vec::new();
    while !(told.iter().any(started) && told.iter().any(arrived)) {
        told.push(events.next().await);
    }
    app.go(&connection).await;
    app.livekit.close_empty(&meeting.room);
    app.settle().await;
    told.clear();
    while !told.iter().any(|it| it.event == "meeting.updated" && it.data["status"] == "completed") {
        told.push(events.next().await);
    }
}
