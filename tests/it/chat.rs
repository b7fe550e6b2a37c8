//! Chat, reactions, raised hands: stored first, then told to the room.

use futures::future::join_all;
use harness::{Answer, Meeting, Person, TestApp, Value, json};

async fn say(person: &Person, meeting: &Meeting, content: &str) -> Answer {
    person.post(&meeting.path("/chat"), json!({"type": "text", "content": content})).await
}

async fn history(person: &Person, meeting: &Meeting) -> Vec<Value> {
    person.all(&meeting.path("/chat"), 200).await
}

fn contents(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["content"].as_str().expect("a content")).collect()
}

async fn seen(viewer: &Person, meeting: &Meeting, person: &Person) -> Value {
    let list = viewer.all(&meeting.path("/participants"), 200).await;
    list.into_iter().find(|it| it["user"]["id"] == person.id.as_str()).expect("a participant")
}

// TST-05, LIV-01, LIV-03
#[tokio::test]
async fn a_message_is_stored_and_read_back_in_pages_oldest_first() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    let message = say(&guest, &meeting, "Habari! 👋\n<b>bold</b>").await.is(201);
    assert_eq!((&message["meeting_id"], &message["type"]), (&json!(meeting.id), &json!("text")));
    assert_eq!(message["sender"]["id"], guest.id.as_str());
    assert_eq!(message["sender"]["name"], guest.name.as_str());
    assert_eq!(message["content"], "Habari! 👋\n<b>bold</b>");
    assert_eq!(message["metadata"], json!({}));
    assert_eq!(message["created_at"], json!(app.clock.now()));
    for number in 1..6 {
        say(&organization.admin, &meeting, &format!("message {number}")).await.is(201);
    }
    let all = history(&organization.admin, &meeting).await;
    assert_eq!(all[0], message);
    assert_eq!(&contents(&all)[1..], ["message 1", "message 2", "message 3", "message 4", "message 5"]);
    assert_eq!(guest.all(&meeting.path("/chat"), 2).await, all);
    guest.get(&meeting.path("/chat?cursor=made-up")).await.fault_at("/cursor");
    guest.get(&meeting.path("/chat?limit=0")).await.fault_at("/limit");
}

// TST-05, LIV-03
#[tokio::test]
async fn a_raised_hand_shows_until_it_is_lowered() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.enter(&guest, &meeting).await;
    let hand = async |kind: &str| guest.post(&meeting.path("/chat"), json!({"type": kind})).await.is(201);
    assert_eq!(hand("hand_raise").await["type"], "hand_raise");
    assert_eq!(seen(&organization.admin, &meeting, &guest).await["hand_raised"], true);
    hand("hand_lower").await;
    assert_eq!(seen(&organization.admin, &meeting, &guest).await["hand_raised"], false);
    hand("hand_raise").await;
    say(&guest, &meeting, "one").await.is(201);
    say(&guest, &meeting, "two").await.is(201);
    guest.post(&meeting.path("/chat"), json!({"type": "reaction", "content": "👍"})).await.is(201);
    let report = organization.admin.get(&meeting.path("/attendance")).await.is(200);
    let item = report["items"]
        .as_array()
        .expect("items")
        .iter()
        .find(|it| it["user"]["id"] == guest.id.as_str())
        .expect("there");
    assert_eq!(
        (&item["messages_sent"], &item["hand_raised_count"]),
        (&json!(2), &json!(2)),
        "a reaction is no message"
    );
}

// LIV-03, LIV-08
#[tokio::test]
async fn reactions_and_polls_go_the_same_way() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let post = async |body: Value| organization.admin.post(&meeting.path("/chat"), body).await;
    assert_eq!(post(json!({"type": "reaction", "content": "🎉"})).await.is(201)["content"], "🎉");
    let poll = json!({"question": "When?", "options": ["Now", "Later"]});
    assert_eq!(post(json!({"type": "poll", "metadata": poll})).await.is(201)["metadata"], poll);
    post(json!({"type": "poll", "metadata": {"question": "When?", "options": ["Now"]}}))
        .await
        .fault_at("/metadata/options");
    let stuffed = json!({"question": "When?", "options": ["Now", "Later"], "votes": {"0": 99}});
    post(json!({"type": "poll", "metadata": stuffed})).await.fault_at("/metadata/votes");
    post(json!({"type": "text", "content": "x", "metadata": {"x": "y".repeat(9000)}}))
        .await
        .fault_at("/metadata");
    post(json!({"type": "shout", "content": "x"})).await.fault_at("/type");
    post(json!({"content": 7, "type": "text"})).await.fault_at("/content");
    post(json!({"type": "text", "content": ""})).await.fault_at("/content");
    post(json!({"type": "text", "content": "  \n "})).await.fault_at("/content");
    post(json!({"type": "text"})).await.fault_at("/content");
    post(json!({"type": "text", "content": "x".repeat(4001)})).await.fault_at("/content");
    post(json!({"type": "text", "content": "nul \u{0}"})).await.fault_at("/content");
    post(json!({})).await.is(422);
    post(json!({"type": "text", "content": "ü".repeat(4000)})).await.is(201);
}

// LIV-04, ORG-01
#[tokio::test]
async fn only_those_who_take_part_read_and_write() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (bystander, officer) = (organization.member("member").await, organization.member("secretary").await);
    let meeting = organization.meeting().create().await;
    for person in [&bystander, &officer] {
        say(person, &meeting, "hello").await.problem(403, "FORBIDDEN");
        person.get(&meeting.path("/chat")).await.problem(403, "FORBIDDEN");
    }
    say(&other.admin, &meeting, "hello").await.problem(404, "NOT_FOUND");
    other.admin.get(&meeting.path("/chat")).await.problem(404, "NOT_FOUND");
    app.api.get(&meeting.path("/chat")).await.problem(401, "UNAUTHENTICATED");
    assert_eq!(app.value::<i64>("select count(*) from chat_messages").await, 0);
}

// LIV-10: whoever was banned is silent too.
#[tokio::test]
async fn whoever_was_banned_or_taken_off_the_list_writes_no_more() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (banned, removed) = (organization.member("member").await, organization.member("member").await);
    let meeting = organization.meeting().invite(&banned).invite(&removed).create().await;
    let path = |person: &Person, rest: &str| meeting.path(&format!("/participants/{}{rest}", person.id));
    organization.admin.post(&path(&banned, "/remove"), json!({"ban": true})).await.is(204);
    organization.admin.delete(&path(&removed, "")).await.is(204);
    say(&removed, &meeting, "still here").await.problem(403, "FORBIDDEN");
    say(&banned, &meeting, "still here").await.problem(403, "BANNED");
}

// LIV-01: stored first, then fanned out by the server, who is no participant.
#[tokio::test]
async fn every_message_reaches_the_room_once_and_in_order() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.enter(&organization.admin, &meeting).await;
    app.enter(&guest, &meeting).await;
    app.carry().await;
    let before = app.livekit.packets(&meeting.room).len();
    let answers = join_all((0..20).map(|number| {
        let (person, text) =
            (if number % 2 == 0 { &guest } else { &organization.admin }, format!("message {number}"));
        let meeting = &meeting;
        async move { say(person, meeting, &text).await.is(201) }
    }))
    .await;
    app.carried().await;
    let packets = &app.livekit.packets(&meeting.room)[before..];
    let told: Vec<_> = packets
        .iter()
        .filter(|it| it.data["event"] == "chat.message")
        .map(|it| it.data["data"].clone())
        .collect();
    let stored = history(&guest, &meeting).await;
    assert_eq!(stored.len(), 20);
    assert_eq!(told, stored, "the room hears what is stored, once, in the same order");
    assert!(answers.iter().all(|answer| stored.contains(answer)));
    assert!(packets.iter().all(|packet| packet.topic == "baraza" && packet.to.is_empty()));
    app.pass(chrono::Duration::minutes(1));
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(app.livekit.packets(&meeting.room).len(), before + packets.len(), "nothing is told twice");
}

// LIV-01
#[tokio::test]
async fn while_the_media_server_is_away_messages_are_kept_and_told_later() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    app.enter(&organization.admin, &meeting).await;
    app.carry().await;
    app.livekit.off();
    say(&organization.admin, &meeting, "one").await.is(201);
    say(&organization.admin, &meeting, "two").await.is(201);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    app.livekit.on();
    app.carried().await;
    let packets = app.livekit.packets(&meeting.room);
    let told: Vec<_> = packets
        .iter()
        .filter(|it| it.data["event"] == "chat.message")
        .map(|it| it.data["data"].clone())
        .collect();
    assert_eq!(contents(&told), ["one", "two"]);
}

#[tokio::test]
async fn messages_without_a_room_reach_nobody_twice_when_it_opens() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    say(&organization.admin, &meeting, "before").await.is(201);
    app.carry().await;
    app.enter(&organization.admin, &meeting).await;
    say(&organization.admin, &meeting, "after").await.is(201);
    app.carried().await;
    let packets = app.livekit.packets(&meeting.room);
    let told: Vec<_> = packets
        .iter()
        .filter(|it| it.data["event"] == "chat.message")
        .map(|it| it.data["data"].clone())
        .collect();
    assert_eq!(contents(&told).last(), Some(&"after"));
    assert_eq!(contents(&history(&organization.admin, &meeting).await), ["before", "after"]);
}

#[tokio::test]
async fn a_flood_of_one_sender_is_stored_in_full_or_refused_in_full() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let answers = join_all((0..60).map(|number| {
        let (admin, meeting) = (&organization.admin, &meeting);
        async move { say(admin, meeting, &format!("{number}")).await.status }
    }))
    .await;
    let stored = answers.iter().filter(|status| **status == 201).count();
    assert!(answers.iter().all(|status| matches!(status, 201 | 429)), "{answers:?}");
    assert_eq!(history(&organization.admin, &meeting).await.len(), stored);
}

// LIV-01: what somebody said stays theirs after they have left the organization.
#[tokio::test]
async fn the_history_keeps_the_names_of_those_who_have_left() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    say(&guest, &meeting, "remember me").await.is(201);
    organization.admin.delete(&organization.path(&format!("/members/{}", guest.id))).await.is(204);
    let all = history(&organization.admin, &meeting).await;
    assert_eq!(all[0]["sender"]["name"], guest.name.as_str());
}
