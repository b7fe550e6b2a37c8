//! Shows: whether a meeting takes place, and who says so.

use chrono::{DateTime, Duration, Utc};
use harness::{Meeting, Organization, Person, TestApp, Value, app::beginning, json};

use crate::service_access::{device, key};

/// The night of all organizations whose night has come.
async fn night(app: &TestApp) {
    server::shows::nightly::run(&app.app).await.expect("the database answers");
}

async fn status(viewer: &Person, meeting: &Meeting) -> Value {
    viewer.get(&meeting.path("")).await.is(200)["show_status"].clone()
}

/// What the audit log says of a meeting's shows, the oldest first: action, kind of actor.
async fn history(app: &TestApp, meeting: &Meeting) -> Vec<(String, String)> {
    sqlx::query_as(
        "select action, actor_type from audit_log
         where meeting_id = $1 and action in ('meeting.shown', 'meeting.no_show') order by id",
    )
    .bind(meeting.id.parse::<uuid::Uuid>().expect("an id"))
    .fetch_all(&mut app.database().await)
    .await
    .expect("the log")
}

fn rows(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(action, actor)| ((*action).to_owned(), (*actor).to_owned())).collect()
}

async fn in_place(organization: &Organization<'_>, start: DateTime<Utc>) -> Meeting {
    let plan = organization.meeting().between(start, Some(start + Duration::hours(1)));
    plan.set("venue_mode", "in_person").create().await
}

// ATT-11, ATT-12, ATT-16, ATT-17, TST-16
#[tokio::test]
async fn a_tablet_shows_a_meeting_once() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (tablet, id) = device(&app, &organization).await;
    let meeting = in_place(&organization, beginning() + Duration::minutes(5)).await;
    assert_eq!(status(&organization.admin, &meeting).await, "pending");
    tablet.post(&meeting.path("/show"), json!({})).await.problem(409, "OUTSIDE_WINDOW");
    assert_eq!(status(&organization.admin, &meeting).await, "pending");
    app.pass(Duration::minutes(5));
    let shown = tablet.post(&meeting.path("/show"), json!({})).await.is(200);
    let at = beginning() + Duration::minutes(5);
    assert_eq!(shown, json!({"show_status": "attended", "shown_at": at, "source": "device"}));
    // Again, by somebody else, and when the window is over: what is known stays.
    app.pass(Duration::hours(3));
    assert_eq!(tablet.post(&meeting.path("/show"), json!({})).await.is(200), shown);
    assert_eq!(organization.admin.post(&meeting.path("/show"), json!({})).await.is(200), shown);
    let seen = organization.admin.get(&meeting.path("")).await.is(200);
    assert_eq!((&seen["show_status"], &seen["shown_at"]), (&json!("attended"), &json!(at)));
    assert_eq!(history(&app, &meeting).await, rows(&[("meeting.shown", "device")]));
    let actor: uuid::Uuid = app.value("select actor_id from audit_log where action = 'meeting.shown'").await;
    assert_eq!(actor.to_string(), id);
    let numbers = app.api.http_get("/metrics").await.text();
    assert!(numbers.contains(r#"meetings_shown_total{source="device"}"#), "{numbers}");
}

// ATT-11, ATT-16
#[tokio::test]
async fn the_window_is_from_the_start_to_two_hours_after_it_or_as_configured() {
    for (window, minutes, status) in
        [(None, 120, 200), (None, 121, 409), (Some(60), 1, 200), (Some(60), 2, 409)]
    {
        let app = TestApp::start_with(|config| {
            if let Some(seconds) = window {
                config["noshow"] = json!({"window": seconds});
            }
        })
        .await;
        let organization = app.organization().await;
        let meeting = organization.meeting().create().await;
        app.pass(Duration::minutes(minutes));
        let answer = organization.admin.post(&meeting.path("/show"), json!({})).await;
        assert_eq!(answer.status, status, "{window:?} {minutes}: {}", answer.text());
        if status == 409 {
            answer.problem(409, "OUTSIDE_WINDOW");
        }
    }
}

// ATT-12
#[tokio::test]
async fn people_services_and_tablets_of_the_organization_may_say_so_and_nobody_else() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (invited, member) = (organization.member("member").await, organization.member("member").await);
    let officer = organization.member("secretary").await;
    let (service, _) = key(&app, &organization, &["meetings.write"]).await;
    let (reader, _) = key(&app, &organization, &["meetings.read", "attendance.read"]).await;
    let (foreign_service, _) = key(&app, &other, &["meetings.write"]).await;
    let (foreign_tablet, _) = device(&app, &other).await;
    let plan = || organization.meeting().invite(&invited);
    let meeting = plan().create().await;
    let path = meeting.path("/show");
    app.api.post(&path, json!({})).await.problem(401, "UNAUTHENTICATED");
    app.api.with_token("bz_dev_made-up").post(&path, json!({})).await.problem(401, "UNAUTHENTICATED");
    member.post(&path, json!({})).await.problem(403, "FORBIDDEN");
    reader.post(&path, json!({})).await.problem(403, "FORBIDDEN");
    other.admin.post(&path, json!({})).await.problem(404, "NOT_FOUND");
    foreign_service.post(&path, json!({})).await.problem(404, "NOT_FOUND");
    foreign_tablet.post(&path, json!({})).await.problem(404, "NOT_FOUND");
    organization.admin.post("/meetings/none/show", json!({})).await.problem(404, "NOT_FOUND");
    assert_eq!(history(&app, &meeting).await, rows(&[]));
    assert_eq!(invited.post(&path, json!({})).await.is(200)["source"], "user");
    assert_eq!(history(&app, &meeting).await, rows(&[("meeting.shown", "user")]));
    let meeting = plan().create().await;
    assert_eq!(officer.post(&meeting.path("/show"), json!({})).await.is(200)["source"], "user");
    let meeting = plan().create().await;
    assert_eq!(service.post(&meeting.path("/show"), json!({})).await.is(200)["source"], "service");
    assert_eq!(history(&app, &meeting).await, rows(&[("meeting.shown", "key")]));
    let can = |seen: Value| seen["my"]["can"].as_array().expect("a list").contains(&json!("show"));
    assert!(can(invited.get(&meeting.path("")).await.is(200)));
    assert!(!can(member.get(&meeting.path("")).await.is(200)));
}

#[tokio::test]
async fn a_cancelled_meeting_is_not_shown_and_a_suspended_organization_has_no_tablets() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (tablet, _) = device(&app, &organization).await;
    let (meeting, other) =
        (in_place(&organization, beginning()).await, in_place(&organization, beginning()).await);
    organization.admin.post(&meeting.path("/cancel"), json!({})).await.is(200);
    tablet.post(&meeting.path("/show"), json!({})).await.problem(409, "MEETING_CANCELLED");
    app.execute("update organizations set suspended_at = now()").await;
    tablet.post(&other.path("/show"), json!({})).await.problem(404, "NOT_FOUND");
    assert_eq!(tablet.get("/device/meetings").await.is(200)["items"], json!([]));
}

// ATT-12, ORG-15
#[tokio::test]
async fn a_tablet_sees_what_takes_place_in_rooms_around_now() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (tablet, _) = device(&app, &organization).await;
    let later = in_place(&organization, beginning() + Duration::hours(3)).await;
    let now = in_place(&organization, beginning()).await;
    for hours in [-13, 25] {
        in_place(&organization, beginning() + Duration::hours(hours)).await;
    }
    organization.meeting().set("venue_mode", "virtual").create().await;
    in_place(&other, beginning()).await;
    let called_off = in_place(&organization, beginning()).await;
    organization.admin.post(&called_off.path("/cancel"), json!({})).await.is(200);
    tablet.post(&now.path("/show"), json!({})).await.is(200);
    let listed = tablet.get("/device/meetings").await.is(200);
    let items = listed["items"].as_array().expect("items");
    let ids: Vec<_> = items.iter().map(|it| it["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, [now.id.as_str(), later.id.as_str()]);
    assert_eq!(items[0]["show_status"], "attended");
    assert_eq!(items[1]["show_until"], json!(beginning() + Duration::hours(5)));
    assert_eq!(items[1]["host_name"], organization.admin.name.as_str());
    organization.admin.get("/device/meetings").await.problem(403, "DEVICE_REQUIRED");
}

// CON-28
#[tokio::test]
async fn whoever_comes_into_the_room_in_time_shows_that_it_takes_place() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let start = beginning() + Duration::minutes(10);
    let plan = || organization.meeting().between(start, Some(start + Duration::hours(1)));
    let (early, gone) = (plan().create().await, plan().create().await);
    let first = app.enter(host, &early).await;
    let before = app.enter(host, &gone).await;
    app.pass(Duration::minutes(5));
    app.go(&before).await;
    assert_eq!(status(host, &early).await, "pending", "it has not begun");
    app.pass(Duration::minutes(6));
    app.run_jobs().await;
    assert_eq!(status(host, &early).await, "attended", "who came early and is there still");
    assert_eq!(status(host, &gone).await, "pending", "who went before the start");
    let shown = host.get(&early.path("")).await.is(200);
    assert_eq!(shown["shown_at"], json!(start));
    assert_eq!(history(&app, &early).await, rows(&[("meeting.shown", "system")]));
    app.go(&first).await;
    // A meeting that begins now is shown by the join itself.
    let punctual = organization.meeting().create().await;
    app.enter(host, &punctual).await;
    let shown = host.post(&punctual.path("/show"), json!({})).await.is(200);
    assert_eq!((&shown["source"], &shown["shown_at"]), (&json!("livekit"), &json!(app.clock.now())));
    // Too late is too late.
    let late = organization.meeting().create().await;
    app.pass(Duration::minutes(121));
    app.enter(host, &late).await;
    assert_eq!(status(host, &late).await, "pending");
    app.pass(Duration::days(2));
    night(&app).await;
    assert_eq!(status(host, &late).await, "pending", "what was held is never a no-show");
}

// CON-28
#[tokio::test]
async fn an_organization_may_want_to_hear_it_from_people() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let quiet = json!({"livekit_join_shows": false});
    organization.admin.patch(&organization.path("/settings"), quiet).await.is(200);
    let meeting = organization.meeting().create().await;
    app.enter(&organization.admin, &meeting).await;
    assert_eq!(status(&organization.admin, &meeting).await, "pending");
    organization.admin.post(&meeting.path("/show"), json!({})).await.is(200);
    assert_eq!(status(&organization.admin, &meeting).await, "attended");
}

// ATT-13, ATT-14, ATT-15, ATT-17, ORG-13, OBS-02, TST-16
#[tokio::test]
async fn the_night_marks_what_nobody_came_to() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let start = beginning();
    let empty = in_place(&organization, start).await;
    let shown = in_place(&organization, start).await;
    let called_off = in_place(&organization, start).await;
    let held = organization.meeting().create().await;
    let today = in_place(&organization, start + Duration::hours(15)).await;
    let tomorrow = in_place(&organization, start + Duration::hours(20)).await;
    host.post(&shown.path("/show"), json!({})).await.is(200);
    host.post(&called_off.path("/cancel"), json!({})).await.is(200);
    app.enter(host, &held).await;
    night(&app).await;
    assert_eq!(status(host, &empty).await, "pending", "its window is open");
    // The night of 2 December at three begins: two hours after `today`, and not after `tomorrow`.
    app.clock.set("2026-12-02T02:59:59Z".parse().expect("a time"));
    night(&app).await;
    assert_eq!(status(host, &empty).await, "pending", "not before the night");
    app.clock.set("2026-12-02T03:00:00Z".parse().expect("a time"));
    night(&app).await;
    let mut found = Vec::new();
    for meeting in [&empty, &shown, &called_off, &held, &today, &tomorrow] {
        found.push(status(host, meeting).await);
    }
    assert_eq!(found, ["no_show", "attended", "pending", "attended", "no_show", "pending"]);
    assert_eq!(history(&app, &empty).await, rows(&[("meeting.no_show", "system")]));
    let told = host.get(&empty.path("/history")).await.is(200);
    assert_eq!(told["items"][0]["action"], "meeting.no_show");
    let numbers = app.api.http_get("/metrics").await.text();
    assert!(numbers.contains("meetings_no_show_total "), "{numbers}");
    // Again the same night: nothing is new.
    night(&app).await;
    assert_eq!(history(&app, &empty).await.len(), 1);
    // Once missed, it is too late; moved, it begins anew.
    host.post(&empty.path("/show"), json!({})).await.problem(409, "OUTSIDE_WINDOW");
    let later = app.clock.now() + Duration::hours(1);
    let moved = json!({"scheduled_start": later, "scheduled_end": later + Duration::hours(1)});
    assert_eq!(host.patch(&empty.path(""), moved).await.is(200)["show_status"], "pending");
    app.pass(Duration::hours(1));
    host.post(&empty.path("/show"), json!({})).await.is(200);
    assert_eq!(
        history(&app, &empty).await,
        rows(&[("meeting.no_show", "system"), ("meeting.shown", "user")])
    );
}

// ATT-13
#[tokio::test]
async fn each_organizations_night_is_its_own() {
    let app = TestApp::start_with(|config| config["noshow"] = json!({"run_at": "01:30"})).await;
    let (nairobi, auckland) = (app.organization().await, app.organization().await);
    for (organization, zone) in [(&nairobi, "Africa/Nairobi"), (&auckland, "Pacific/Auckland")] {
        organization.admin.patch(&organization.path(""), json!({"timezone": zone})).await.is(200);
    }
    let meetings = [nairobi.meeting().create().await, auckland.meeting().create().await];
    night(&app).await;
    let both =
        async || [status(&nairobi.admin, &meetings[0]).await, status(&auckland.admin, &meetings[1]).await];
    // Half past one in Auckland is half past twelve in London; in Nairobi it is half past ten in the evening.
    app.clock.set("2026-12-01T12:30:00Z".parse().expect("a time"));
    night(&app).await;
    assert_eq!(both().await, ["pending", "no_show"]);
    app.clock.set("2026-12-01T22:30:00Z".parse().expect("a time"));
    night(&app).await;
    assert_eq!(both().await, ["no_show", "no_show"]);
}

// ATT-13
#[tokio::test]
async fn a_night_marks_any_number_of_meetings_once() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    organization.meeting().create().await;
    app.execute(
        "insert into meetings (id, organization_id, title, scheduled_start, room_name)
         select gen_random_uuid(), organization_id, title, scheduled_start, 'room-' || n
         from meetings, generate_series(1, 450) n",
    )
    .await;
    app.pass(Duration::days(1));
    // Two processes look at the same time.
    let (a, b) = tokio::join!(server::shows::nightly::run(&app.app), server::shows::nightly::run(&app.app));
    a.and(b).expect("the database answers");
    assert_eq!(app.value::<i64>("select count(*) from meetings where show_status = 'no_show'").await, 451);
    assert_eq!(
        app.value::<i64>("select count(*) from audit_log where action = 'meeting.no_show'").await,
        451
    );
}
