//! Reports over time.

use chrono::Duration;
use harness::{TestApp, Value, json};

use crate::service_access::key;

// ANA-05, ATT-07
#[tokio::test]
async fn an_organizations_meetings_are_counted() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let people = [
        organization.member("member").await,
        organization.member("member").await,
        organization.member("member").await,
    ];
    let plan = || organization.meeting().invite(&people[0]).invite(&people[1]);
    let held = plan().set("title", "=Held").create().await;
    let empty = plan().create().await;
    let called_off = plan().create().await;
    host.post(&called_off.path("/cancel"), json!({})).await.is(200);
    let connection = app.enter(&people[0], &held).await;
    app.pass(Duration::minutes(6));
    let late = app.enter(&people[1], &held).await;
    app.pass(Duration::minutes(4));
    app.go(&connection).await;
    app.go(&late).await;
    host.post(&held.path("/end"), json!({})).await.is(200);
    app.clock.set("2026-12-02T04:00:00Z".parse().expect("a time"));
    server::shows::nightly::run(&app.app).await.expect("the database answers");
    let report = host.get(&organization.path("/reports/meetings")).await.is(200);
    assert_eq!(
        report["summary"],
        json!({
            "meetings": 3, "held": 1, "cancelled": 1, "no_shows": 1, "invited": 3, "attended": 2, "late": 1,
            "attendance_rate": 0.6667, "average_duration_seconds": 420.0,
        })
    );
    let month = &report["months"][0];
    assert_eq!((&month["month"], &month["held"], &month["late"]), (&json!("2026-12"), &json!(1), &json!(1)));
    let items = report["items"].as_array().expect("items");
    let find = |id: &str| items.iter().find(|item| item["id"] == id).expect("it is listed");
    assert_eq!(find(&held.id)["attendance_rate"], 0.6667);
    assert_eq!((&find(&held.id)["late"], &find(&held.id)["show_status"]), (&json!(1), &json!("attended")));
    assert_eq!(find(&empty.id)["show_status"], "no_show");
    assert_eq!(find(&called_off.id)["status"], "cancelled");
    let paged = host.all(&organization.path("/reports/meetings"), 2).await;
    assert_eq!(&paged, items);
    // A period without them.
    let none = host
        .get(&organization.path("/reports/meetings?from=2026-01-01T00:00:00Z&to=2026-12-01T00:00:00Z"))
        .await;
    let none = none.is(200);
    assert_eq!(
        (&none["summary"]["meetings"], &none["summary"]["attendance_rate"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!((&none["months"], &none["items"]), (&json!([]), &json!([])));
    let csv = host.get(&organization.path("/reports/meetings.csv")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let text = csv.text();
    assert_eq!(text.lines().count(), 4);
    let line = text.lines().find(|line| line.starts_with(&held.id)).expect("its line");
    assert!(line.contains(",'=Held,") && line.contains(",completed,attended,3,2,1,420"), "{line}");
}

// ANA-05
#[tokio::test]
async fn months_are_the_organizations_own() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    host.patch(&organization.path(""), json!({"timezone": "Africa/Nairobi"})).await.is(200);
    let start = "2026-12-31T21:30:00Z".parse().expect("a time");
    organization.meeting().between(start, None).create().await;
    let report = host.get(&organization.path("/reports/meetings?to=2027-02-01T00:00:00Z")).await.is(200);
    assert_eq!(report["months"][0]["month"], "2027-01");
}

// ATT-06, ANA-08
#[tokio::test]
async fn a_members_attendance_is_for_officers_and_the_member() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let host = &organization.admin;
    let (member, neighbor) = (organization.member("member").await, organization.member("member").await);
    let chair = organization.member("chairperson").await;
    let plan = || organization.meeting().invite(&member);
    let (first, second, third) = (plan().create().await, plan().create().await, plan().create().await);
    let ahead = plan().between(app.clock.now() + Duration::days(1), None).create().await;
    let there = app.enter(&member, &first).await;
    member.post(&first.path("/chat"), json!({"type": "text", "content": "hello"})).await.is(201);
    app.enter(host, &second).await;
    app.pass(Duration::minutes(10));
    app.go(&there).await;
    let late = app.enter(&member, &second).await;
    app.pass(Duration::minutes(5));
    app.go(&late).await;
    app.enter(host, &third).await;
    app.pass(Duration::minutes(30));
    for meeting in [&first, &second, &third] {
        host.post(&meeting.path("/end"), json!({})).await.is(200);
    }
    app.settle().await;
    let path = organization.path(&format!("/reports/members/{}", member.id));
    let own = member.get(&format!("{path}?to=2027-01-01T00:00:00Z")).await.is(200);
    assert_eq!(own["user"], json!({"id": member.id, "name": member.name}));
    let summary = &own["summary"];
    assert_eq!(
        (&summary["invited"], &summary["attended"], &summary["absent"], &summary["late"]),
        (&json!(3), &json!(2), &json!(1), &json!(1))
    );
    assert_eq!((&summary["attendance_rate"], &summary["punctuality_rate"]), (&json!(0.6667), &json!(0.5)));
    assert_eq!((&summary["duration_seconds"], &summary["messages_sent"]), (&json!(900.0), &json!(1)));
    let items = own["items"].as_array().expect("items");
    assert_eq!(items.len(), 4);
    assert_eq!((&items[0]["id"], &items[0]["is_held"]), (&json!(ahead.id), &json!(false)));
    let paged = member.all(&format!("{path}?to=2027-01-01T00:00:00Z"), 3).await;
    assert_eq!(&paged, items);
    for viewer in [host, &chair] {
        let seen = viewer.get(&format!("{path}?to=2027-01-01T00:00:00Z")).await.is(200);
        assert_eq!(&seen, &own);
    }
    let csv = member.get(&format!("{path}/meetings.csv")).await;
    assert_eq!((csv.status, csv.text().lines().count()), (200, 4), "what has begun, and the heading");
    app.api.get(&path).await.problem(401, "UNAUTHENTICATED");
    neighbor.get(&path).await.problem(403, "FORBIDDEN");
    neighbor.get(&format!("{path}/meetings.csv")).await.problem(403, "FORBIDDEN");
    other.admin.get(&path).await.problem(404, "NOT_FOUND");
    let stranger = organization.path(&format!("/reports/members/{}", other.admin.id));
    host.get(&stranger).await.problem(404, "NOT_FOUND");
    let (reader, _) = key(&app, &organization, &["attendance.read"]).await;
    assert_eq!(reader.get(&path).await.is(200)["user"]["id"], member.id.as_str());
    let (blind, _) = key(&app, &organization, &["meetings.read"]).await;
    blind.get(&path).await.problem(403, "FORBIDDEN");
}

#[tokio::test]
async fn a_period_makes_sense() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let me = &organization.admin;
    for report in ["meetings".to_owned(), "meetings.csv".to_owned(), format!("members/{}", me.id)] {
        let path = organization.path(&format!("/reports/{report}"));
        me.get(&format!("{path}?from=2026-12-02T00:00:00Z&to=2026-12-01T00:00:00Z")).await.fault_at("/from");
        me.get(&format!("{path}?from=2001-01-01T00:00:00Z")).await.fault_at("/from");
        me.get(&format!("{path}?from=yesterday")).await.fault_at("/from");
    }
    let path = organization.path("/reports/meetings");
    me.get(&format!("{path}?limit=201")).await.fault_at("/limit");
    me.get(&format!("{path}?cursor=none")).await.fault_at("/cursor");
}
