//! The queue of jobs: what a transaction leaves to be done, once it lasts.

use chrono::Duration;
use harness::{TestApp, json};
use kernel::{
    db::{self, Actor},
    jobs::{self, Failure, Job},
};
use server::app::App;

async fn enqueue(app: &TestApp, name: &str, key: Option<&str>, number: i32) {
    let mut tx = db::begin(&app.app.pool, Actor::System).await.expect("a transaction");
    let now = app.clock.now();
    match key {
        Some(key) => jobs::enqueue_once(&mut tx, name, key, json!({"number": number}), now).await,
        None => jobs::enqueue(&mut tx, name, json!({"number": number}), now).await,
    }
    .expect("enqueued");
    tx.commit().await.expect("committed");
}

async fn claim(app: &App) -> Option<Job> {
    let mut tx = db::begin(&app.pool, Actor::System).await.expect("a transaction");
    let job = jobs::claim(&mut tx, app.clock.now(), &[], false).await.expect("the database answers");
    tx.commit().await.expect("committed");
    job
}

async fn end(app: &App, job: &Job, outcome: Result<(), Failure>) -> bool {
    let mut tx = db::begin(&app.pool, Actor::System).await.expect("a transaction");
    let dead = match outcome {
        Ok(()) => jobs::done(&mut tx, job).await.map(|()| false),
        Err(failure) => jobs::failed(&mut tx, job, &failure, app.clock.now()).await,
    }
    .expect("noted");
    tx.commit().await.expect("committed");
    dead
}

fn for_now() -> Result<(), Failure> {
    Err(Failure::ForNow(std::io::Error::other("not now").into()))
}

fn numbers(job: Option<&Job>) -> Option<i64> {
    job.and_then(|job| job.payload["number"].as_i64())
}

#[tokio::test]
async fn a_job_exists_exactly_when_its_transaction_lasts_and_is_done_once() {
    let app = TestApp::start().await;
    let mut tx = db::begin(&app.app.pool, Actor::System).await.expect("a transaction");
    jobs::enqueue(&mut tx, "lost", json!({}), app.clock.now()).await.expect("enqueued");
    drop(tx);
    assert!(claim(&app.app).await.is_none(), "a transaction that does not last leaves no job");
    for number in 1..=2 {
        enqueue(&app, "test", None, number).await;
    }
    let mut later = db::begin(&app.app.pool, Actor::System).await.expect("a transaction");
    jobs::enqueue(&mut later, "test", json!({"number": 3}), app.clock.now() + Duration::minutes(2))
        .await
        .expect("enqueued");
    later.commit().await.expect("committed");
    let (first, second) = tokio::join!(claim(&app.app), claim(&app.app));
    let mut seen = [numbers(first.as_ref()), numbers(second.as_ref())];
    seen.sort_unstable();
    assert_eq!(seen, [Some(1), Some(2)], "two workers never get the same job");
    assert!(claim(&app.app).await.is_none(), "the third is not due");
    for job in [first, second].into_iter().flatten() {
        end(&app.app, &job, Ok(())).await;
    }
    app.pass(Duration::minutes(2));
    let third = claim(&app.app).await.expect("due");
    assert_eq!(numbers(Some(&third)), Some(3));
    end(&app.app, &third, Ok(())).await;
    assert_eq!(app.value::<i64>("select count(*) from jobs").await, 0);
}

// A person's transaction may leave a job, though it sees none.
#[tokio::test]
async fn everybody_may_leave_a_job_and_nobody_sees_one() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let user = Actor::User(organization.admin.user_id());
    let mut tx = db::begin(&app.app.pool, user).await.expect("a transaction");
    jobs::enqueue(&mut tx, "test", json!({}), app.clock.now()).await.expect("enqueued");
    assert!(jobs::claim(&mut tx, app.clock.now(), &[], false).await.expect("the database answers").is_none());
    tx.commit().await.expect("committed");
    let job = claim(&app.app).await.expect("it is there");
    end(&app.app, &job, Ok(())).await;
}

#[tokio::test]
async fn what_fails_waits_longer_each_time_and_is_left_to_a_person_in_the_end() {
    let app = TestApp::start().await;
    enqueue(&app, "test", None, 1).await;
    let (mut waited, mut attempts) = (Vec::new(), 0);
    loop {
        let job = claim(&app.app).await.expect("it is tried again");
        attempts += 1;
        assert_eq!(job.attempts, attempts);
        if end(&app.app, &job, for_now()).await {
            break;
        }
        let due: i64 = app.value("select extract(epoch from due_at)::bigint from jobs").await;
        waited.push(due - app.clock.now().timestamp());
        app.pass(Duration::seconds(waited[waited.len() - 1] - 1));
        assert!(claim(&app.app).await.is_none(), "not before its time");
        app.pass(Duration::seconds(1));
    }
    assert_eq!(&waited[..4], [2, 4, 8, 16]);
    assert_eq!((waited.len(), waited.last()), (23, Some(&900)));
    let numbers = app.api.http_get("/metrics").await.text();
    assert!(numbers.contains("jobs_dead ") && numbers.contains("jobs_due "), "{numbers}");
    let mut tx = db::begin(&app.app.pool, Actor::System).await.expect("a transaction");
    let backlog = jobs::backlog(&mut tx, app.clock.now()).await.expect("two numbers");
    assert_eq!((backlog.due, backlog.dead), (0, 1));
    let dead = jobs::dead(&mut tx).await.expect("a list");
    assert_eq!((dead.len(), dead[0].name.as_str(), dead[0].error.as_str()), (1, "test", "not now"));
    assert_eq!(jobs::replay(&mut tx, Some(dead[0].id + 1), app.clock.now()).await.expect("none"), 0);
    assert_eq!(jobs::replay(&mut tx, Some(dead[0].id), app.clock.now()).await.expect("one"), 1);
    tx.commit().await.expect("committed");
    let job = claim(&app.app).await.expect("it is tried again");
    assert_eq!(job.attempts, 1);
    // What never works is not tried again.
    assert!(end(&app.app, &job, Err(Failure::Final(std::io::Error::other("never").into()))).await);
    let mut tx = db::begin(&app.app.pool, Actor::System).await.expect("a transaction");
    assert_eq!(jobs::replay(&mut tx, None, app.clock.now()).await.expect("all"), 1);
    tx.commit().await.expect("committed");
    let job = claim(&app.app).await.expect("it is tried again");
    end(&app.app, &job, Ok(())).await;
}

#[tokio::test]
async fn a_worker_that_died_loses_its_job_when_the_lease_is_over() {
    let app = TestApp::start().await;
    enqueue(&app, "test", None, 1).await;
    let lost = claim(&app.app).await.expect("due");
    app.pass(Duration::from_std(jobs::LIMIT).expect("a duration"));
    assert!(claim(&app.app).await.is_none(), "it may still be running");
    app.pass(Duration::minutes(1));
    let taken_over = claim(&app.app).await.expect("the lease is over");
    // The one who was thought dead has no say any more.
    end(&app.app, &lost, Ok(())).await;
    end(&app.app, &lost, for_now()).await;
    assert_eq!(app.value::<i64>("select count(*) from jobs where is_taken").await, 1);
    end(&app.app, &taken_over, Ok(())).await;
    assert_eq!(app.value::<i64>("select count(*) from jobs").await, 0);
}

#[tokio::test]
async fn of_the_jobs_with_one_key_only_one_waits() {
    let app = TestApp::start().await;
    enqueue(&app, "test", Some("a"), 1).await;
    enqueue(&app, "test", Some("a"), 2).await;
    enqueue(&app, "test", Some("b"), 3).await;
    enqueue(&app, "other", Some("a"), 4).await;
    assert_eq!(app.value::<i64>("select count(*) from jobs").await, 3);
    let running = claim(&app.app).await.expect("due");
    assert_eq!(numbers(Some(&running)), Some(2), "the last word counts");
    // While it runs, the next one waits; and takes its place when it fails.
    enqueue(&app, "test", Some("a"), 5).await;
    end(&app.app, &running, for_now()).await;
    let mut left = Vec::new();
    while let Some(job) = claim(&app.app).await {
        left.extend(numbers(Some(&job)));
        end(&app.app, &job, Ok(())).await;
    }
    assert_eq!(left, [3, 4, 5]);
}

// LIV-10: rights reach LiveKit at once, and surely.
#[tokio::test]
async fn rights_that_livekit_did_not_take_are_made_sure_of_by_a_job() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    let connection = app.enter(&guest, &meeting).await;
    let path = meeting.path(&format!("/participants/{}", guest.id));
    app.livekit.off();
    organization.admin.patch(&path, json!({"can_unmute": false})).await.is(200);
    app.livekit.on();
    assert!(!app.livekit.sources(&connection).is_empty(), "nobody could tell LiveKit");
    app.pass(Duration::seconds(2));
    app.work_off_jobs().await;
    let screen = [
        harness::livekit::proto::TrackSource::ScreenShare,
        harness::livekit::proto::TrackSource::ScreenShareAudio,
    ];
    assert_eq!(app.livekit.sources(&connection), screen);
    // Somebody who was sent out and came back meanwhile stays.
    app.livekit.off();
    organization.admin.post(&format!("{path}/remove"), json!({})).await.is(204);
    app.livekit.on();
    app.pass(Duration::seconds(1));
    let back = app.enter(&guest, &meeting).await;
    app.pass(Duration::seconds(1));
    app.work_off_jobs().await;
    assert!(app.livekit.is_connected(&back));
    assert_eq!(app.value::<i64>("select count(*) from jobs").await, 0);
    app.go(&back).await;
}

// A request with an Idempotency-Key commits later than its handler thinks: what follows must not run before.
#[tokio::test]
async fn with_an_idempotency_key_a_worker_tells_livekit_once_the_request_lasts() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    let connection = app.enter(&guest, &meeting).await;
    let host = &organization.admin;
    let request = host.request(reqwest::Method::POST, &meeting.path("/end")).header("idempotency-key", "end");
    host.send(request.json(&json!({}))).await.is(200);
    assert_eq!(
        app.value::<i64>("select count(*) from jobs where name = 'room.close' and not is_taken").await,
        1
    );
    app.work_off_jobs().await;
    assert!(!app.livekit.is_connected(&connection) && !app.livekit.has_room(&meeting.room));
    app.settle().await;
}
