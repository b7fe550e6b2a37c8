//! What a meeting asks of presence: who counts as present, how many must be there, and who is excused.

use chrono::{DateTime, Duration, Utc};
use harness::{Event, Events, Meeting, Organization, Person, TestApp, Value, app::beginning, json};

async fn report(viewer: &Person, meeting: &Meeting) -> Value {
    viewer.get(&meeting.path("/attendance")).await.is(200)
}

fn item<'a>(report: &'a Value, person: &Person) -> &'a Value {
    let items = report["items"].as_array().expect("items");
    items.iter().find(|it| it["user"]["id"] == person.id.as_str()).expect("they are in the report")
}

async fn people(organization: &Organization<'_>, count: usize) -> Vec<Person> {
    let mut people = Vec::new();
    for _ in 0..count {
        people.push(organization.member("member").await);
    }
    people
}

fn excuse_of(meeting: &Meeting, person: &Person) -> String {
    meeting.path(&format!("/participants/{}/excuse", person.id))
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no time"))
}

async fn quorum_on_stage(viewer: &Person, meeting: &Meeting) -> Value {
    viewer.get(&meeting.path("/stage")).await.is(200)["quorum"].clone()
}

/// The next word about the quorum.
async fn told(events: &mut Events) -> (Value, Value) {
    loop {
        let Event { event, data, .. } = events.next().await;
        if event == "quorum.changed" {
            return (data["needed"].clone(), data["present"].clone());
        }
    }
}

#[tokio::test]
async fn a_meeting_has_its_own_rules_and_bad_ones_are_refused_where_they_stand() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().set("settings", json!({"quorum_members": 3})).create().await;
    let change = async |settings: Value| {
        organization.admin.patch(&meeting.path(""), json!({"settings": settings})).await
    };
    for (field, unfit) in [
        ("min_presence_percent", json!(0)),
        ("min_presence_percent", json!(101)),
        ("quorum_members", json!(0)),
        ("quorum_members", json!(10_001)),
        ("quorum_percent", json!(101)),
        ("quorum_percent", json!(-1)),
        ("quorum_percent", json!(300)),
    ] {
        change(json!({field: unfit})).await.fault_at(&format!("/settings/{field}"));
    }
    // The number that stands there is still meant.
    change(json!({"quorum_percent": 50})).await.fault_at("/settings/quorum_percent");
    let both = json!({"title": "T", "scheduled_start": beginning(), "settings": {"quorum_members": 1, "quorum_percent": 1}});
    let made = organization.admin.post(&organization.path("/meetings"), both).await;
    made.fault_at("/settings/quorum_percent");
    let set = json!({"quorum_members": null, "quorum_percent": 50, "min_presence_percent": 100});
    let settings = change(set).await.is(200)["settings"].clone();
    assert_eq!(
        (&settings["quorum_members"], &settings["quorum_percent"], &settings["min_presence_percent"]),
        (&Value::Null, &json!(50), &json!(100))
    );
    let copy = organization
        .admin
        .post(&meeting.path("/duplicate"), json!({"scheduled_start": "2026-12-09T09:00:00Z"}))
        .await
        .is(201);
    assert_eq!(copy["settings"], settings, "a copy asks for the same");
}

#[tokio::test]
async fn whoever_stays_too_short_does_not_count_as_present() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let members = people(&organization, 3).await;
    let [short, long, absent] = &members[..] else { unreachable!() };
    let rules = json!({"min_presence_percent": 75});
    let plan = organization.meeting().set("settings", rules).invite(short).invite(long).invite(absent);
    let meeting = plan.create().await;
    let before = report(&organization.admin, &meeting).await;
    assert_eq!(before["quorum"], Value::Null);
    assert_eq!(
        (&item(&before, short)["presence_share"], &item(&before, short)["counts_as_present"]),
        (&Value::Null, &json!(false)),
        "it has not begun"
    );
    let host = app.enter(&organization.admin, &meeting).await;
    app.enter(short, &meeting).await;
    let second = app.enter(long, &meeting).await;
    app.pass(Duration::minutes(75));
    let now = report(&organization.admin, &meeting).await;
    assert_eq!((&now["min_presence_percent"], &now["summary"]["present"]), (&json!(75), &json!(3)));
    assert_eq!(item(&now, short)["presence_share"], 1.0, "of the meeting as far as it went");
    short.post(&meeting.path("/leave"), json!({})).await.is(204);
    app.settle().await;
    app.pass(Duration::minutes(25) + Duration::milliseconds(10));
    app.go(&second).await;
    app.go(&host).await;
    organization.admin.post(&meeting.path("/end"), json!({})).await.is(200);
    app.settle().await;
    let over = report(&organization.admin, &meeting).await;
    assert_eq!(item(&over, short)["presence_share"], 0.7499);
    assert_eq!(item(&over, short)["counts_as_present"], false, "a moment is missing");
    assert_eq!(item(&over, long)["presence_share"], 1.0);
    assert_eq!(
        (&item(&over, absent)["presence_share"], &item(&over, absent)["counts_as_present"]),
        (&json!(0.0), &json!(false))
    );
    let summary = &over["summary"];
    assert_eq!(
        [
            &summary["invited"],
            &summary["attended"],
            &summary["present"],
            &summary["absent"],
            &summary["excused"]
        ],
        [&json!(4), &json!(3), &json!(2), &json!(1), &json!(0)]
    );
    let csv = organization.admin.get(&meeting.path("/attendance.csv")).await.text();
    let mut lines = csv.lines();
    let head = lines.next().expect("a head");
    assert!(head.ends_with("presence_share,counts_as_present,excused,excuse_reason,is_corrected"), "{head}");
    assert!(
        lines.any(|line| line.starts_with(&short.name) && line.ends_with(",0.7499,false,false,,false")),
        "{csv}"
    );
}

#[tokio::test]
async fn the_quorum_is_told_live_and_stands_in_the_report() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let members = people(&organization, 5).await;
    let [one, two, three, absent, late] = &members[..] else { unreachable!() };
    let settings = json!({"quorum_percent": 60});
    let plan =
        organization.meeting().set("settings", settings).invite(one).invite(two).invite(three).invite(absent);
    let meeting = plan.create().await;
    let admin = &organization.admin;
    assert_eq!(quorum_on_stage(one, &meeting).await, json!({"needed": 3, "present": 0}), "60 % of 5");
    app.listen().await;
    let mut events = one.follow(&meeting.path("/events"), None).await;
    let first = app.enter(one, &meeting).await;
    assert_eq!(told(&mut events).await, (json!(3), json!(1)));
    app.pass(Duration::minutes(1));
    let second = app.enter(two, &meeting).await;
    assert_eq!(told(&mut events).await, (json!(3), json!(2)));
    // Somebody's second device is nobody else.
    let beside = two.post(&meeting.path("/join"), json!({"beside": true})).await.is(200);
    let beside = app.livekit.connect(beside["token"].as_str().expect("a token"));
    app.settle().await;
    assert_eq!(told(&mut events).await, (json!(3), json!(2)));
    app.pass(Duration::minutes(1));
    let third = app.enter(three, &meeting).await;
    assert_eq!(told(&mut events).await, (json!(3), json!(3)));
    assert_eq!(quorum_on_stage(one, &meeting).await, json!({"needed": 3, "present": 3}));
    app.pass(Duration::minutes(1));
    let running = report(admin, &meeting).await["quorum"].clone();
    assert_eq!(running["was_reached"], true);
    assert_eq!(running["periods"][0]["to"], Value::Null, "it holds: {running}");
    app.pass(Duration::minutes(9));
    // One goes with one device and stays with the other, another goes for good.
    app.go(&beside).await;
    assert_eq!(told(&mut events).await, (json!(3), json!(3)));
    app.go(&second).await;
    assert_eq!(told(&mut events).await, (json!(3), json!(2)));
    // More people on the list need more of them.
    admin.post(&meeting.path("/invite"), json!({"user_ids": [late.id]})).await.is(200);
    assert_eq!(told(&mut events).await, (json!(4), json!(2)));
    admin.delete(&meeting.path(&format!("/participants/{}", late.id))).await.is(204);
    assert_eq!(told(&mut events).await, (json!(3), json!(2)));
    // And so does another rule.
    let rule = json!({"settings": {"quorum_percent": null, "quorum_members": 2}});
    admin.patch(&meeting.path(""), rule).await.is(200);
    assert_eq!(told(&mut events).await, (json!(2), json!(2)));
    admin.patch(&meeting.path(""), json!({"settings": {"quorum_members": 3}})).await.is(200);
    assert_eq!(told(&mut events).await, (json!(3), json!(2)));
    app.pass(Duration::minutes(5));
    let again = app.enter(two, &meeting).await;
    assert_eq!(told(&mut events).await, (json!(3), json!(3)));
    app.pass(Duration::minutes(2));
    for connection in [&first, &again, &third] {
        app.go(connection).await;
    }
    admin.post(&meeting.path("/end"), json!({})).await.is(200);
    app.settle().await;
    let quorum = report(admin, &meeting).await["quorum"].clone();
    let minute = |minutes| beginning() + Duration::minutes(minutes);
    assert_eq!(
        (&quorum["needed"], &quorum["invited"], &quorum["most_present"], &quorum["was_reached"]),
        (&json!(3), &json!(5), &json!(3), &json!(true))
    );
    assert_eq!(time(&quorum["reached_at"]), minute(2));
    assert_eq!(quorum["held_seconds"], 720.0);
    let periods = quorum["periods"].as_array().expect("periods");
    let periods: Vec<_> = periods.iter().map(|it| (time(&it["from"]), time(&it["to"]))).collect();
    assert_eq!(periods, [(minute(2), minute(12)), (minute(17), minute(19))]);
    // A meeting that asks for none tells nobody, and shows none.
    let other = organization.meeting().invite(one).create().await;
    let mut events = one.follow(&other.path("/events"), None).await;
    let connection = app.enter(one, &other).await;
    app.go(&connection).await;
    assert_eq!(quorum_on_stage(one, &other).await, Value::Null);
    for event in events.take(2).await {
        assert_ne!(event.event, "quorum.changed");
    }
}

#[tokio::test]
async fn a_guest_sees_the_quorum_and_does_not_count() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    organization.admin.patch(&organization.path("/settings"), json!({"allow_guests": true})).await.is(200);
    let settings = json!({"allow_guests": true, "quorum_members": 1});
    let meeting = organization.meeting().set("settings", settings).create().await;
    let link = organization.admin.post(&meeting.path("/guest-links"), json!({})).await.is(201);
    let token = link["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a token").to_owned();
    let joined = app.api.post(&format!("/guest/{token}/join"), json!({"name": "Ann"})).await.is(200);
    app.livekit.connect(joined["token"].as_str().expect("a token"));
    app.settle().await;
    let guest = app.api.with_token(joined["access_token"].as_str().expect("a guest's own token"));
    let stage = guest.get(&meeting.path("/stage")).await.is(200);
    assert_eq!(stage["quorum"], json!({"needed": 1, "present": 0}));
    let found = report(&organization.admin, &meeting).await;
    assert_eq!((&found["quorum"]["was_reached"], &found["quorum"]["invited"]), (&json!(false), &json!(1)));
    let ann =
        found["items"].as_array().expect("items").iter().find(|it| it["user"].is_null()).expect("a guest");
    assert_eq!((&found["summary"]["present"], &ann["is_listed"]), (&json!(0), &json!(false)));
    assert_eq!(ann["counts_as_present"], true, "they were there");
    let id =
        joined["identity"].as_str().and_then(|identity| identity.strip_prefix("guest:")).expect("a guest");
    let person = meeting.path(&format!("/participants/{id}/excuse"));
    organization.admin.put(&person, json!({"reason": "Guests need none"})).await.problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn whoever_keeps_the_attendance_excuses_people() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let members = people(&organization, 3).await;
    let [ill, co_host, bystander] = &members[..] else { unreachable!() };
    let (host, officer) = (organization.member("secretary").await, organization.member("chairperson").await);
    let meeting = organization.meeting().host(&host).invite(ill).invite(co_host).create().await;
    host.patch(&meeting.path(&format!("/participants/{}", co_host.id)), json!({"role": "co_host"}))
        .await
        .is(200);
    let path = excuse_of(&meeting, ill);
    let reason = |text: &str| json!({"reason": text});
    // Whoever may not, and whom it cannot be about.
    for person in [ill, bystander] {
        person.put(&path, reason("I say so")).await.problem(403, "FORBIDDEN");
        person.delete(&path).await.problem(403, "FORBIDDEN");
    }
    other.admin.put(&path, reason("x")).await.problem(404, "NOT_FOUND");
    other.admin.delete(&path).await.problem(404, "NOT_FOUND");
    host.put(&excuse_of(&meeting, bystander), reason("x")).await.problem(404, "NOT_FOUND");
    host.delete(&excuse_of(&meeting, &other.admin)).await.problem(404, "NOT_FOUND");
    // What is no reason.
    for unfit in ["", "  \n", &"x".repeat(501), "a\u{0}b"] {
        host.put(&path, reason(unfit)).await.fault_at("/reason");
    }
    host.put(&path, json!({})).await.problem(422, "VALIDATION_FAILED");
    host.put(&path, json!({"reason": "x", "by": "y"})).await.fault_at("/by");
    assert_eq!(app.value::<i64>("select count(*) from attendance_excuses").await, 0);
    // Everybody who may.
    let written = host.put(&path, reason("  Ill \n")).await.is(200);
    assert_eq!(
        (&written["reason"], &written["excused_by"], time(&written["excused_at"])),
        (&json!("Ill"), &json!({"id": host.id, "name": host.name}), app.clock.now())
    );
    app.pass(Duration::minutes(1));
    assert_eq!(officer.put(&path, reason("Ill")).await.is(200), written, "the same again changes nothing");
    let long = "é".repeat(500);
    let changed = co_host.put(&path, reason(&long)).await.is(200);
    assert_eq!((&changed["reason"], &changed["excused_by"]["id"]), (&json!(long), &json!(co_host.id)));
    officer.delete(&path).await.is(204);
    officer.delete(&path).await.is(204);
    officer.put(&path, reason("At another meeting")).await.is(200);
    // Who did what stands in the log, the history and the timeline.
    let items = officer.get(&meeting.path("/history")).await.is(200)["items"].clone();
    let said: Vec<_> = items
        .as_array()
        .expect("items")
        .iter()
        .filter(|it| it["action"].as_str().is_some_and(|action| action.ends_with("excused")))
        .map(|it| {
            (
                it["action"].as_str().expect("text"),
                it["actor"]["id"].as_str().expect("an id"),
                &it["about"]["id"],
            )
        })
        .collect();
    let about = json!(ill.id);
    assert_eq!(
        said,
        [
            ("participant.excused", officer.id.as_str(), &about),
            ("participant.unexcused", officer.id.as_str(), &about),
            ("participant.excused", co_host.id.as_str(), &about),
            ("participant.excused", host.id.as_str(), &about),
        ]
    );
    let timeline = host.get(&meeting.path("/timeline")).await.is(200);
    let kinds = timeline["items"].as_array().expect("items").iter();
    assert_eq!(kinds.filter(|it| it["kind"] == "participant.unexcused").count(), 1);
    // Another decision about who sees the attendance holds for excuses too.
    let nobody = json!({"permissions": {"attendance.view": []}});
    organization.admin.put(&organization.path("/permissions"), nobody).await.is(200);
    officer.put(&path, reason("x")).await.problem(403, "FORBIDDEN");
    assert_eq!(item(&report(&host, &meeting).await, ill)["excuse"]["reason"], "At another meeting");
}

#[tokio::test]
async fn an_excuse_stands_in_every_report() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let admin = &organization.admin;
    let members = people(&organization, 4).await;
    let [ill, came, short, absent] = &members[..] else { unreachable!() };
    let rules = json!({"min_presence_percent": 50, "quorum_members": 2});
    let plan = organization.meeting().set("settings", rules);
    let meeting = plan.invite(ill).invite(came).invite(short).invite(absent).create().await;
    for person in [ill, came, short] {
        admin.put(&excuse_of(&meeting, person), json!({"reason": "=Ill"})).await.is(200);
    }
    let first = app.enter(short, &meeting).await;
    let second = app.enter(came, &meeting).await;
    app.pass(Duration::minutes(4));
    app.go(&first).await;
    app.pass(Duration::minutes(6));
    app.go(&second).await;
    admin.post(&meeting.path("/end"), json!({})).await.is(200);
    app.settle().await;
    let found = report(admin, &meeting).await;
    let summary = &found["summary"];
    assert_eq!(
        [&summary["present"], &summary["absent"], &summary["excused"]],
        [&json!(1), &json!(3), &json!(2)],
        "one was absent, one there too short; who came in spite of it is present"
    );
    assert_eq!(item(&found, ill)["excuse"]["excused_by"]["id"], admin.id.as_str());
    assert_eq!(item(&found, absent)["excuse"], Value::Null);
    let csv = admin.get(&meeting.path("/attendance.csv")).await.text();
    assert!(
        csv.lines()
            .any(|line| line.starts_with(&ill.name) && line.ends_with(",0.0000,false,true,'=Ill,false")),
        "{csv}"
    );
    // Each member sees their own.
    let reports = organization.path(&format!("/reports/members/{}", ill.id));
    let of_member = ill.get(&reports).await.is(200);
    assert_eq!(
        [&of_member["summary"]["invited"], &of_member["summary"]["absent"], &of_member["summary"]["excused"]],
        [&json!(1), &json!(1), &json!(1)]
    );
    assert_eq!(
        (&of_member["summary"]["attendance_rate"], &of_member["items"][0]["excuse_reason"]),
        (&json!(0.0), &json!("=Ill"))
    );
    let of_came = came.get(&organization.path(&format!("/reports/members/{}", came.id))).await.is(200);
    assert_eq!((&of_came["summary"]["excused"], &of_came["summary"]["attended"]), (&json!(0), &json!(1)));
    let csv = ill.get(&format!("{reports}/meetings.csv")).await.text();
    assert!(csv.lines().nth(1).is_some_and(|line| line.ends_with(",true,'=Ill")), "{csv}");
    // As files, which prove themselves.
    for file in ["/attendance.pdf", "/attendance.xlsx"] {
        let answer = admin.get(&meeting.path(file)).await;
        assert_eq!(answer.status, 200);
        let hash = <sha2::Sha256 as sha2::Digest>::digest(&answer.body);
        let proof = app.api.get(&format!("/reports/verify/{}", hex::encode(hash))).await.is(200);
        assert_eq!((&proof["genuine"], &proof["ledger"]), (&json!(true), &json!("unchanged")), "{file}");
    }
    // Whoever is taken off the list leaves no excuse in the report.
    let again = organization.meeting().invite(ill).create().await;
    admin.put(&excuse_of(&again, ill), json!({"reason": "Ill"})).await.is(200);
    admin.delete(&again.path(&format!("/participants/{}", ill.id))).await.is(204);
    assert_eq!(report(admin, &again).await["summary"]["excused"], 0);
    admin.delete(&excuse_of(&again, ill)).await.problem(404, "NOT_FOUND");
}
