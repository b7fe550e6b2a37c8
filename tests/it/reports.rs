//! Reports over time.

use chrono::Duration;
use harness::{TestApp, Value, json};

use crate::{
    engagement::{excuse, four, held},
    service_access::key,
};

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

// ATT-05, ATT-07, ANA-04
#[tokio::test]
async fn absences_are_listed_for_fines() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let people = four(&organization).await;
    let [prompt, late, absent, ill] = &people;
    let first = held(&app, &organization, &people).await;
    // A meeting to which one comes late and goes early, and is excused.
    let second = organization.meeting().set("title", "=Second").invite(late).create().await;
    let there = app.enter(host, &second).await;
    app.pass(Duration::seconds(450));
    let short = app.enter(late, &second).await;
    app.pass(Duration::seconds(450));
    app.go(&short).await;
    app.pass(Duration::minutes(45));
    app.go(&there).await;
    host.post(&second.path("/end"), json!({})).await.is(200);
    app.settle().await;
    excuse(&app, &organization, &second, late).await;
    // What has not taken place, was called off, or goes on asks for nothing.
    organization.meeting().invite(absent).create().await;
    let called_off = organization.meeting().invite(absent).create().await;
    host.post(&called_off.path("/cancel"), json!({})).await.is(200);
    let going_on = organization.meeting().invite(absent).create().await;
    app.enter(host, &going_on).await;
    app.pass(Duration::minutes(30));

    let path = organization.path("/reports/absences");
    let report = host.get(&path).await.is(200);
    let items = report["items"].as_array().expect("items");
    let brief = |item: &Value| {
        let meeting = &item["meeting"]["id"];
        json!([
            meeting,
            item["user"]["id"],
            item["kind"],
            item["minutes_late"],
            item["minutes_early"],
            item["is_excused"]
        ])
    };
    let mut found: Vec<Value> = items.iter().map(brief).collect();
    let mut expected = vec![
        json!([second.id, late.id, "left_early", null, 45, true]),
        json!([second.id, late.id, "late", 7, null, true]),
        json!([first.id, late.id, "late", 15, null, false]),
        json!([first.id, absent.id, "absent", null, null, false]),
        json!([first.id, ill.id, "absent", null, null, true]),
    ];
    assert_eq!(found[..2], expected[..2], "the latest first");
    found.sort_by_key(Value::to_string);
    expected.sort_by_key(Value::to_string);
    assert_eq!(found, expected);
    assert_eq!(&host.all(&path, 1).await, items);
    let reason = items.iter().find(|item| item["user"]["id"] == ill.id.as_str()).expect("listed");
    assert_eq!((&reason["excuse_reason"], &reason["user"]["name"]), (&json!("=Ill"), &json!(ill.name)));

    // The totals of each.
    let summary = report["summary"].as_array().expect("people");
    let of = |person: &harness::Person| {
        summary.iter().find(|it| it["user"]["id"] == person.id.as_str()).expect("they were invited")
    };
    assert_eq!(summary.len(), 5);
    let it = of(late);
    assert_eq!(
        json!([
            it["invited"],
            it["attended"],
            it["late"],
            it["late_excused"],
            it["left_early"],
            it["left_early_excused"]
        ]),
        json!([2, 2, 2, 1, 1, 1])
    );
    assert_eq!((&it["attendance_rate"], &it["punctuality_rate"]), (&json!(1.0), &json!(0.5)));
    assert_eq!((&of(ill)["excused"], &of(ill)["attendance_rate"]), (&json!(1), &Value::Null));
    assert_eq!((&of(prompt)["absent"], &of(absent)["absent"]), (&json!(0), &json!(1)));

    // Narrowed.
    let count = async |query: &str| host.all(&format!("{path}?{query}"), 50).await.len();
    assert_eq!((count("kind=absent").await, count("kind=late,left_early").await), (2, 3));
    assert_eq!((count("excused=true").await, count("excused=false&kind=absent").await), (3, 1));
    assert_eq!(count(&format!("user={}", late.id)).await, 3);
    assert_eq!(count("from=2026-12-01T09:00:00Z").await, 2);
    host.get(&format!("{path}?kind=absent,,late")).await.fault_at("/kind");
    host.get(&format!("{path}?from=2026-12-02T00:00:00Z&to=2026-12-01T00:00:00Z")).await.fault_at("/from");
    host.get(&format!("{path}?cursor=none")).await.fault_at("/cursor");

    // Everybody may ask for themselves, and gets the same as officers do.
    let own = late.get(&format!("{path}?user={}", late.id)).await.is(200);
    assert_eq!(own["items"], host.get(&format!("{path}?user={}", late.id)).await.is(200)["items"]);
    assert_eq!(
        (own["items"].as_array().expect("items").len(), own["summary"].as_array().expect("one").len()),
        (3, 1)
    );
    late.get(&path).await.problem(403, "FORBIDDEN");
    late.get(&format!("{path}?user={}", ill.id)).await.problem(403, "FORBIDDEN");
    late.get(&format!("{path}.csv")).await.problem(403, "FORBIDDEN");

    let csv = host.get(&format!("{path}.csv?kind=late")).await;
    assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8"));
    let text = csv.text();
    assert_eq!(text.lines().count(), 3);
    assert!(text.contains(",'=Second,") && text.contains(",late,7,,true,'=Ill"), "{text}");
    assert_eq!(late.get(&format!("{path}.csv?user={}", late.id)).await.text().lines().count(), 4);
}

// ANA-05, ORG-20
#[tokio::test]
async fn a_group_is_reported_by_its_members() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let people = four(&organization).await;
    let [_, late, absent, ill] = &people;
    let idle = organization.member("member").await;
    let meeting = held(&app, &organization, &people).await;
    // One of somebody else.
    held(&app, &organization, &people).await;
    app.execute("delete from meeting_participants p using meetings m where m.id = p.meeting_id and m.scheduled_start > '2026-12-01T09:00:00Z'").await;
    let mut contacts = Vec::new();
    for (name, email) in [
        ("L", late.email.to_uppercase()),
        ("A", absent.email.clone()),
        ("I", ill.email.clone()),
        ("Idle", idle.email.clone()),
        ("=Stranger", "stranger@example.test".to_owned()),
    ] {
        let made =
            host.post(&organization.path("/contacts"), json!({"name": name, "email": email})).await.is(201);
        contacts.push(made["id"].clone());
    }
    let made = host
        .post(&organization.path("/contacts"), json!({"name": "By phone", "phone": "+254 700 000000"}))
        .await;
    contacts.push(made.is(201)["id"].clone());
    let group = host
        .post(&organization.path("/contact-groups"), json!({"name": "Board", "contact_ids": contacts}))
        .await
        .is(201);
    let id = group["id"].as_str().expect("an id");
    let path = organization.path(&format!("/reports/groups/{id}"));
    let to = "to=2027-01-01T00:00:00Z";
    let report = host.get(&format!("{path}?{to}")).await.is(200);
    assert_eq!((&report["group"], &report["meetings"]), (&json!({"id": id, "name": "Board"}), &json!(1)));
    let summary = &report["summary"];
    assert_eq!(
        json!([
            summary["invited"],
            summary["attended"],
            summary["absent"],
            summary["excused"],
            summary["late"]
        ]),
        json!([3, 1, 1, 1, 1])
    );
    assert_eq!((&summary["attendance_rate"], &summary["punctuality_rate"]), (&json!(0.5), &json!(0.0)));
    let items = report["items"].as_array().expect("items");
    let mut expected = [late, absent, ill, &idle].map(|person| (person.name.clone(), person.id.clone()));
    expected.sort();
    let found: Vec<_> = items.iter().map(|item| item["user"]["id"].as_str().expect("an id")).collect();
    assert_eq!(found, expected.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>());
    let one = items.iter().find(|item| item["user"]["id"] == late.id.as_str()).expect("listed");
    assert_eq!(json!([one["invited"], one["late"], one["duration_seconds"]]), json!([1, 1, 2700.0]));
    assert_eq!(report["without_account"], 2);
    let names: Vec<_> = report["contacts_without_account"]
        .as_array()
        .expect("contacts")
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["=Stranger", "By phone"]);
    assert_eq!(&host.all(&format!("{path}?{to}"), 3).await, items);
    let csv = host.get(&format!("{path}/members.csv?{to}")).await;
    assert_eq!((csv.status, csv.text().lines().count()), (200, 5));

    // The absences of a group.
    let absences = host.all(&organization.path(&format!("/reports/absences?group={id}&{to}")), 50).await;
    assert_eq!(absences.len(), 3);
    assert!(absences.iter().all(|it| it["meeting"]["id"] == meeting.id.as_str()));

    late.get(&path).await.problem(403, "FORBIDDEN");
    let other = app.organization().await;
    other.admin.get(&path).await.problem(404, "NOT_FOUND");
    other.admin.get(&other.path(&format!("/reports/groups/{id}"))).await.problem(404, "NOT_FOUND");
    other.admin.get(&other.path(&format!("/reports/absences?group={id}"))).await.problem(404, "NOT_FOUND");
}
