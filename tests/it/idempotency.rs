//! `Idempotency-Key`: requests that are sent again are not done again.

use chrono::Duration;
use futures::future::join_all;
use harness::{Answer, Person, TestApp, Value, json};
use reqwest::Method;

async fn post(person: &Person, key: &str, path: &str, body: &Value) -> Answer {
    person.send(person.request(Method::POST, path).header("idempotency-key", key).json(body)).await
}

fn message(content: &str) -> Value {
    json!({"type": "text", "content": content})
}

#[tokio::test]
async fn the_same_request_again_is_answered_as_before_and_not_done_again() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let meeting = organization.meeting().create().await;
    let first = post(host, "key-1", &meeting.path("/chat"), &message("once")).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let second = post(host, "key-1", &meeting.path("/chat"), &message("once")).await;
    assert_eq!(second.headers["idempotency-replayed"], "true");
    assert_eq!(second.headers["content-type"], first.headers["content-type"]);
    assert_eq!(first.is(201), second.is(201));
    // Another key, or none, is another request.
    post(host, "key-2", &meeting.path("/chat"), &message("once")).await.is(201);
    host.post(&meeting.path("/chat"), message("once")).await.is(201);
    assert_eq!(host.all(&meeting.path("/chat"), 200).await.len(), 3);
}

#[tokio::test]
async fn a_key_stands_for_one_request_of_one_person() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (host, member) = (&organization.admin, organization.member("member").await);
    let meeting = organization.meeting().invite(&member).create().await;
    let other = organization.meeting().create().await;
    post(host, "key", &meeting.path("/chat"), &message("a")).await.is(201);
    for (path, body) in [(meeting.path("/chat"), message("b")), (other.path("/chat"), message("a"))] {
        post(host, "key", &path, &body).await.problem(422, "IDEMPOTENCY_KEY_REUSED");
    }
    // Somebody else's key of the same name is theirs.
    let theirs = post(&member, "key", &meeting.path("/chat"), &message("a")).await;
    assert!(!theirs.headers.contains_key("idempotency-replayed"));
    theirs.is(201);
    assert_eq!(host.all(&meeting.path("/chat"), 200).await.len(), 2);
    assert_eq!(host.all(&other.path("/chat"), 200).await.len(), 0);
    for bad in ["", &"k".repeat(256), "with space"] {
        post(host, bad, &meeting.path("/chat"), &message("c")).await.problem(400, "MALFORMED");
    }
}

#[tokio::test]
async fn what_failed_is_not_kept_and_what_is_old_is_forgotten() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let path = format!("/organizations/{}/meetings", organization.id);
    let start = app.clock.now() + Duration::days(2);
    post(host, "key", &path, &json!({"title": "", "scheduled_start": start})).await.fault_at("/title");
    let body = json!({"title": "Council", "scheduled_start": start});
    let made = post(host, "key", &path, &body).await.is(201);
    app.pass(Duration::hours(24) - Duration::seconds(1));
    assert_eq!(post(host, "key", &path, &body).await.is(201)["id"], made["id"]);
    app.pass(Duration::seconds(1));
    assert_ne!(post(host, "key", &path, &body).await.is(201)["id"], made["id"]);
    let mut tx = app.app.begin_system().await.expect("a transaction");
    assert!(!kernel::idempotency::forget(&mut tx, app.clock.now()).await.expect("forgotten"));
    tx.commit().await.expect("committed");
    assert_eq!(app.value::<i64>("select count(*) from idempotency_keys").await, 1);
    app.pass(Duration::hours(24));
    let mut tx = app.app.begin_system().await.expect("a transaction");
    kernel::idempotency::forget(&mut tx, app.clock.now()).await.expect("forgotten");
    tx.commit().await.expect("committed");
    assert_eq!(app.value::<i64>("select count(*) from idempotency_keys").await, 0);
}

#[tokio::test]
async fn many_at_once_are_done_once() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let path = format!("/organizations/{}/meetings/instant", organization.id);
    let body = json!({"title": "At once"});
    let answers = join_all((0..12).map(|_| post(host, "key", &path, &body))).await;
    let first = answers[0].json["id"].clone();
    for answer in answers {
        assert_eq!(answer.is(201)["id"], first);
    }
    assert_eq!(app.value::<i64>("select count(*) from meetings").await, 1);
}

// What is written and its answer are one transaction: where one cannot last, the other does not.
#[tokio::test]
async fn the_answer_and_what_was_done_last_together() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let meeting = organization.meeting().create().await;
    app.execute(
        "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'full'; end $$",
    )
    .await;
    app.execute(
        "create trigger refuse before update of answer on idempotency_keys for each row execute function refuse()",
    )
    .await;
    post(host, "key", &meeting.path("/chat"), &message("a")).await.problem(500, "INTERNAL");
    assert_eq!(app.value::<i64>("select count(*) from chat_messages").await, 0);
    app.execute("drop trigger refuse on idempotency_keys").await;
    post(host, "key", &meeting.path("/chat"), &message("a")).await.is(201);
    assert_eq!(app.value::<i64>("select count(*) from chat_messages").await, 1);
}

// Answers can hold secrets: the database alone does not show them.
#[tokio::test]
async fn answers_are_kept_sealed() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let path = format!("/organizations/{}/members", organization.id);
    let body = json!({"email": "new@council.example", "name": "New", "role": "member"});
    let answer = post(&organization.admin, "key", &path, &body).await.is(201);
    let url = answer["invitation_url"].as_str().expect("an invitation").to_owned();
    assert_eq!(post(&organization.admin, "key", &path, &body).await.is(201)["invitation_url"], url.as_str());
    let kept: Vec<u8> = app.value("select answer from idempotency_keys").await;
    assert!(kept.len() > url.len() && !String::from_utf8_lossy(&kept).contains("invitation"));
}
