//! Meetings: scheduled, read, listed, changed, cancelled, ended.

use chrono::{DateTime, Duration, Utc};
use futures::future::join_all;
use harness::{Meeting, Organization, TestApp, Value, app::beginning, json};

fn later(minutes: i64) -> DateTime<Utc> {
    beginning() + Duration::minutes(minutes)
}

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["id"].as_str().expect("an id")).collect()
}

// TST-01, ORG-05, ORG-09
#[tokio::test]
async fn officers_schedule_and_plain_members_do_not() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    for role in ["admin", "chairperson", "secretary"] {
        let officer = organization.member(role).await;
        let meeting = organization.meeting().host(&officer).create().await;
        assert_eq!(meeting.json["host"]["id"], officer.id.as_str());
    }
    let member = organization.member("member").await;
    let body = json!({"title": "T", "scheduled_start": later(0)});
    member.post(&organization.path("/meetings"), body).await.problem(403, "FORBIDDEN");
    member
        .post(&organization.path("/meetings/instant"), json!({"title": "T"}))
        .await
        .problem(403, "FORBIDDEN");
    assert_eq!(app.value::<i64>("select count(*) from meetings").await, 3);
}

// MTG-01, MTG-02, MTG-04, MTG-06, MTG-10, MTG-12, MTG-13, MTG-14, MTG-18
#[tokio::test]
async fn a_meeting_comes_back_as_it_was_scheduled() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let body = json!({
        "title": "  Weekly council ", "description": "About things", "agenda": "1. Opening", "scheduled_start": later(60),
        "scheduled_end": later(120), "timezone": "Africa/Nairobi", "meeting_type": "audio", "max_participants": 50,
        "auto_record": true, "require_approval": true, "participants": [guest.id],
        "settings": {
            "presence_checks_per_hour": 4,
            "late_threshold_minutes": 7, "allow_guests": false, "min_presence_percent": 75, "quorum_members": null,
            "quorum_percent": 50, "recording_allowed": false,
        },
        "venue_mode": "hybrid", "location": "Room 7",
        "custom_fields": {"budget": 3}, "related_object": {"type": "order", "id": "42"},
    });
    let answer = organization.admin.post(&organization.path("/meetings"), body.clone()).await;
    let location = answer.header("location").to_owned();
    let made = answer.is(201);
    assert_eq!(location, format!("/api/v1/meetings/{}", made["id"].as_str().expect("an id")));
    assert_eq!(made["title"], "Weekly council");
    for field in [
        "description",
        "agenda",
        "timezone",
        "meeting_type",
        "max_participants",
        "auto_record",
        "require_approval",
        "venue_mode",
        "location",
    ] {
        assert_eq!(made[field], body[field], "{field}");
    }
    for field in ["settings", "custom_fields", "related_object"] {
        assert_eq!(made[field], body[field], "{field}");
    }
    assert_eq!(made["scheduled_start"], json!(later(60)));
    assert_eq!(made["status"], "scheduled");
    assert_eq!((&made["actual_start"], &made["actual_end"]), (&Value::Null, &Value::Null));
    assert_eq!(made["host"], json!({"id": organization.admin.id, "name": organization.admin.name}));
    assert_eq!(made["participant_count"], 2);
    assert_eq!(made["created_by_type"], "human");
    assert_eq!(made["my"]["role"], "host");
    assert!(made["join_url"].as_str().expect("a link").ends_with(made["id"].as_str().expect("an id")));
    let meeting = Meeting::of(made.clone());
    assert_eq!(organization.admin.get(&meeting.path("")).await.is(200), made);
    let seen = guest.get(&meeting.path("")).await.is(200);
    assert_eq!((&seen["my"]["role"], &seen["my"]["status"]), (&json!("participant"), &json!("invited")));
    assert_eq!(seen["room_name"], made["room_name"]);
}

// MTG-01, MTG-06, ATT-05
#[tokio::test]
async fn what_is_left_out_has_its_default() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let body = json!({"title": "T", "scheduled_start": later(0)});
    let made = organization.admin.post(&organization.path("/meetings"), body).await.is(201);
    assert_eq!(
        (&made["description"], &made["agenda"], &made["scheduled_end"]),
        (&json!(""), &json!(""), &Value::Null)
    );
    assert_eq!((&made["meeting_type"], &made["max_participants"]), (&json!("video"), &Value::Null));
    assert_eq!((&made["auto_record"], &made["require_approval"]), (&json!(false), &json!(false)));
    assert_eq!(
        made["settings"],
        json!({
            "late_threshold_minutes": 5, "allow_guests": false, "presence_checks_per_hour": null,
            "min_presence_percent": null, "quorum_members": null, "quorum_percent": null, "recording_allowed": true,
        })
    );
    assert_eq!((&made["custom_fields"], &made["timezone"]), (&json!({}), &json!("UTC")));
    assert_eq!((&made["provider"], &made["participant_count"]), (&json!("livekit"), &json!(1)));
}

// MTG-01, MTG-02
#[tokio::test]
async fn unfit_input_is_422_with_a_pointer_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let good = json!({"title": "T", "scheduled_start": later(0), "scheduled_end": later(60)});
    let with = async |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        organization.admin.post(&organization.path("/meetings"), body).await
    };
    with("title", json!("")).await.fault_at("/title");
    with("title", json!("  ")).await.fault_at("/title");
    with("title", json!("x".repeat(256))).await.fault_at("/title");
    with("title", json!("nul \u{0}")).await.fault_at("/title");
    with("title", json!(7)).await.fault_at("/title");
    with("title", Value::Null).await.fault_at("/title");
    with("scheduled_end", json!(later(-1))).await.fault_at("/scheduled_end");
    with("scheduled_end", json!(later(0))).await.fault_at("/scheduled_end");
    with("scheduled_start", json!("tomorrow")).await.fault_at("/scheduled_start");
    with("scheduled_start", json!("-000044-01-01T00:00:00Z")).await.is(422);
    with("scheduled_start", json!("+262000-01-01T00:00:00Z")).await.is(422);
    with("timezone", json!("Nowhere")).await.fault_at("/timezone");
    with("meeting_type", json!("smoke_signals")).await.is(422);
    with("max_participants", json!(0)).await.fault_at("/max_participants");
    with("max_participants", json!(10_001)).await.fault_at("/max_participants");
    with("max_participants", json!(99_999_999_999_i64)).await.is(422);
    with("participants", json!(["no id"])).await.is(422);
    with("settings", json!({"late_threshold_minutes": "soon"}))
        .await
        .fault_at("/settings/late_threshold_minutes");
    with("settings", json!([])).await.fault_at("/settings");
    with("settings", json!({"own": 1})).await.fault_at("/settings/own");
    with("settings", json!({"allow_guests": 1})).await.fault_at("/settings/allow_guests");
    with("venue_mode", json!("moon")).await.fault_at("/venue_mode");
    with("location", json!("x".repeat(501))).await.fault_at("/location");
    with("auto_record", json!("yes")).await.fault_at("/auto_record");
    with("custom_fields", json!({"x": "\u{0}"})).await.fault_at("/custom_fields");
    with("related_object", json!({"type": "", "id": "1"})).await.fault_at("/related_object/type");
    with("description", json!("x".repeat(10_001))).await.fault_at("/description");
    let mut many = good.clone();
    (many["title"], many["timezone"]) = (json!(""), json!("Nowhere"));
    let problem = organization.admin.post(&organization.path("/meetings"), many).await.is(422);
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(2), "all faults are told at once");
    assert_eq!(app.value::<i64>("select count(*) from meetings").await, 0);
    with("title", json!("ü".repeat(255))).await.is(201);
}

// MTG-03, MTG-05, MTG-29: what the room and its provider decide is not written by clients.
#[tokio::test]
async fn clients_write_neither_status_nor_actual_times_nor_what_the_provider_says() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    for (field, value) in [
        ("status", json!("completed")),
        ("actual_start", json!(later(0))),
        ("actual_end", json!(later(1))),
        ("provider", json!("zoom")),
        ("provider_meeting_id", json!("1")),
        ("room_name", json!("mine")),
        ("join_url", json!("https://elsewhere.example")),
    ] {
        let pointer = format!("/{field}");
        let admin = &organization.admin;
        let body = json!({"title": "T", "scheduled_start": later(0), field: value});
        admin.post(&organization.path("/meetings"), body.clone()).await.fault_at(&pointer);
        admin.post(&organization.path("/meetings/instant"), body.clone()).await.fault_at(&pointer);
        admin.patch(&meeting.path(""), body).await.fault_at(&pointer);
    }
    assert_eq!(organization.admin.get(&meeting.path("")).await.is(200), meeting.json, "nothing has changed");
    assert_eq!(app.value::<i64>("select count(*) from meetings").await, 1);
}

// MTG-09, MTG-11
#[tokio::test]
async fn every_meeting_has_a_room_name_of_its_own_made_of_organization_and_time() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meetings = join_all((0..12).map(|_| organization.meeting().create())).await;
    let mut rooms: Vec<_> = meetings.iter().map(|meeting| meeting.room.clone()).collect();
    rooms.sort();
    rooms.dedup();
    assert_eq!(rooms.len(), 12);
    let compact = organization.id.replace('-', "");
    let millis = beginning().timestamp_millis().to_string();
    assert!(rooms.iter().all(|room| room.contains(&compact) && room.contains(&millis)), "{rooms:?}");
}

// TST-02, PAR-07, MTG-15
#[tokio::test]
async fn only_active_members_can_be_invited_and_the_call_names_who_is_none() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let member = organization.member("member").await;
    let body = json!({
        "title": "T", "scheduled_start": later(0),
        "participants": [member.id, other.admin.id, "01890000-0000-7000-8000-000000000000"],
    });
    let problem =
        organization.admin.post(&organization.path("/meetings"), body).await.problem(422, "NOT_A_MEMBER");
    let pointers: Vec<_> =
        problem["errors"].as_array().expect("errors").iter().map(|it| it["pointer"].clone()).collect();
    assert_eq!(pointers, ["/participants/1", "/participants/2"]);
    assert_eq!(app.value::<i64>("select count(*) from meetings").await, 0);
}

// PAR-01, PAR-02, PAR-08
#[tokio::test]
async fn a_new_meeting_has_rows_for_its_host_and_its_invitees_once_each() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization
        .meeting()
        .invite(&guest)
        .invite(&guest)
        .invite(&organization.admin.clone())
        .create()
        .await;
    assert_eq!(meeting.json["participant_count"], 2);
    let list = organization.admin.all(&meeting.path("/participants"), 50).await;
    let roles: Vec<_> = list.iter().map(|it| (it["user"]["id"].clone(), it["role"].clone())).collect();
    assert!(roles.contains(&(json!(organization.admin.id), json!("host"))), "{roles:?}");
    assert!(roles.contains(&(json!(guest.id), json!("participant"))), "{roles:?}");
}

// MTG-19, MTG-20
#[tokio::test]
async fn the_organization_sees_all_its_meetings_and_a_person_their_own() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (guest, bystander) = (organization.member("member").await, organization.member("member").await);
    other.add(&guest, "member").await;
    let early = organization.meeting().between(later(10), None).invite(&guest).create().await;
    let late = organization.meeting().between(later(30), None).create().await;
    let elsewhere = other.meeting().between(later(20), None).invite(&guest).create().await;
    let of_organization = bystander.all(&organization.path("/meetings"), 50).await;
    assert_eq!(ids(&of_organization), [&early.id, &late.id]);
    assert_eq!(ids(&guest.all("/meetings", 50).await), [&early.id, &elsewhere.id]);
    assert_eq!(ids(&bystander.all("/meetings", 50).await), [""; 0]);
    assert_eq!(ids(&organization.admin.all("/meetings", 50).await), [&early.id, &late.id]);
    other.admin.get(&organization.path("/meetings")).await.problem(404, "NOT_FOUND");
}

// MTG-10, MTG-18, MTG-20: the metadata is the organization's, the way in is for those who are invited.
#[tokio::test]
async fn members_who_are_not_invited_see_no_way_in() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let bystander = organization.member("member").await;
    let officer = organization.member("secretary").await;
    let meeting = organization.meeting().create().await;
    for person in [&bystander, &officer] {
        for seen in [
            person.get(&meeting.path("")).await.is(200),
            person.all(&organization.path("/meetings"), 50).await.remove(0),
        ] {
            assert_eq!((&seen["room_name"], &seen["join_url"]), (&Value::Null, &json!("")));
            assert_eq!((&seen["my"]["role"], &seen["my"]["status"]), (&Value::Null, &Value::Null));
            assert_eq!(seen["participant_count"], 1);
        }
    }
    assert_eq!(bystander.get(&meeting.path("")).await.is(200)["my"]["can"], json!([]));
    let may = officer.get(&meeting.path("")).await.is(200)["my"]["can"].clone();
    assert!(
        may.as_array()
            .is_some_and(|may| may.contains(&json!("see_attendance")) && !may.contains(&json!("join"))),
        "{may}"
    );
}

// MTG-19, MTG-20
#[tokio::test]
async fn lists_are_filtered_ordered_and_paged() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let mut made = Vec::new();
    for minute in [30, 10, 20, 20, 40] {
        let title = format!("Council {minute}%_x");
        // Those made in one millisecond stand in any order.
        app.pass(Duration::milliseconds(1));
        made.push(organization.meeting().set("title", title).between(later(minute), None).create().await);
    }
    organization.admin.post(&made[4].path("/cancel"), json!({})).await.is(200);
    let list = async |query: &str| {
        let items = organization.admin.all(&organization.path(&format!("/meetings{query}")), 2).await;
        ids(&items).into_iter().map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let all = list("").await;
    let start =
        |id: &String| made.iter().find(|it| it.id == *id).expect("ours").json["scheduled_start"].to_string();
    assert_eq!(all.len(), 5);
    assert!(all.iter().map(start).is_sorted());
    let mut backwards = list("?order=-scheduled_start").await;
    assert!(backwards.iter().map(start).rev().is_sorted());
    backwards.sort();
    let mut sorted = all.clone();
    sorted.sort();
    assert_eq!(backwards, sorted, "no item twice, none missing");
    assert_eq!(list("?status=cancelled").await, [made[4].id.clone()]);
    assert_eq!(list("?status=Scheduled").await.len(), 4);
    assert_eq!(list("?status=scheduled,cancelled").await.len(), 5);
    let window = format!("?from={}&to={}", later(20).format("%FT%TZ"), later(40).format("%FT%TZ"));
    assert_eq!(list(&window).await.len(), 3, "from is included, to is not");
    assert_eq!(list("?q=council%2030").await, [made[0].id.clone()]);
    assert_eq!(list("?q=%25").await.len(), 0, "a percent sign is no word");
    assert_eq!(list("?q=%5C").await.len(), 0);
    assert_eq!(list("?q=4_%25").await, [made[4].id.clone()], "signs are no wildcards");
    assert_eq!(list("?q=c%25l").await.len(), 0, "signs are no wildcards");
    assert_eq!(list("?order=created_at").await, made.iter().map(|it| it.id.clone()).collect::<Vec<_>>());
    assert_eq!(list("?order=-created_at&from=2020-01-01T00:00:00Z").await[0], made[4].id);
    let get =
        async |query: &str| organization.admin.get(&organization.path(&format!("/meetings?{query}"))).await;
    get("status=over").await.fault_at("/status");
    get("order=title").await.fault_at("/order");
    get("from=yesterday").await.fault_at("/from");
    get("limit=0").await.fault_at("/limit");
    get("cursor=x").await.fault_at("/cursor");
}

#[tokio::test]
async fn meetings_are_found_by_their_related_object() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let order =
        organization.meeting().set("related_object", json!({"type": "order", "id": "42"})).create().await;
    organization.meeting().set("related_object", json!({"type": "order", "id": "43"})).create().await;
    organization.meeting().create().await;
    let found =
        organization.admin.all(&organization.path("/meetings?related_type=order&related_id=42"), 50).await;
    assert_eq!(ids(&found), [&order.id]);
    assert_eq!(organization.admin.all(&organization.path("/meetings?related_type=order"), 50).await.len(), 2);
}

// MTG-16
#[tokio::test]
async fn the_host_changes_what_was_scheduled_and_nobody_else() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (host, guest) = (organization.member("secretary").await, organization.member("member").await);
    let meeting = organization.meeting().host(&host).invite(&guest).create().await;
    let change = json!({"title": "New", "settings": {"late_threshold_minutes": 9}, "max_participants": 3});
    for other in [&organization.admin, &guest] {
        other.patch(&meeting.path(""), change.clone()).await.problem(403, "FORBIDDEN");
    }
    let changed = host.patch(&meeting.path(""), change).await.is(200);
    assert_eq!((&changed["title"], &changed["max_participants"]), (&json!("New"), &json!(3)));
    assert_eq!(
        changed["settings"],
        json!({
            "late_threshold_minutes": 9, "allow_guests": false, "presence_checks_per_hour": null,
            "min_presence_percent": null, "quorum_members": null, "quorum_percent": null, "recording_allowed": true,
        }),
        "other switches stay"
    );
    assert_eq!(changed["scheduled_end"], meeting.json["scheduled_end"], "what is absent stays");
    let changed =
        host.patch(&meeting.path(""), json!({"scheduled_end": null, "max_participants": null})).await.is(200);
    assert_eq!((&changed["scheduled_end"], &changed["max_participants"]), (&Value::Null, &Value::Null));
    let changed = host.put(&meeting.path(""), json!({"title": "By PUT"})).await.is(200);
    assert_eq!(
        (&changed["title"], &changed["settings"]["late_threshold_minutes"]),
        (&json!("By PUT"), &json!(9))
    );
    host.patch(&meeting.path(""), json!({"scheduled_end": later(-60)})).await.fault_at("/scheduled_end");
    host.patch(&meeting.path(""), json!({"title": ""})).await.fault_at("/title");
    assert_eq!(host.patch(&meeting.path(""), json!({})).await.is(200)["title"], "By PUT");
}

#[tokio::test]
async fn a_start_moved_behind_the_end_is_refused() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    organization
        .admin
        .patch(&meeting.path(""), json!({"scheduled_start": later(600)}))
        .await
        .fault_at("/scheduled_end");
    let both = json!({"scheduled_start": later(600), "scheduled_end": later(660)});
    organization.admin.patch(&meeting.path(""), both).await.is(200);
}

#[tokio::test]
async fn a_change_of_something_stale_is_412() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let admin = &organization.admin;
    let etag = admin.get(&meeting.path("")).await.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    let change = async |tag: &str, title: &str| {
        let request = admin.request(reqwest::Method::PATCH, &meeting.path("")).header("if-match", tag);
        admin.send(request.json(&json!({"title": title}))).await
    };
    let first = change(&etag, "First").await;
    let fresh = first.header("etag").to_owned();
    assert_ne!(fresh, etag);
    first.is(200);
    change(&etag, "Second").await.problem(412, "PRECONDITION_FAILED");
    assert_eq!(admin.get(&meeting.path("")).await.is(200)["title"], "First");
    change(&fresh, "Third").await.is(200);
    change("*", "Fourth").await.is(200);
}

#[tokio::test]
async fn of_two_changes_at_once_with_one_etag_one_is_412() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let admin = &organization.admin;
    let etag = admin.get(&meeting.path("")).await.header("etag").to_owned();
    let changes = (0..4).map(async |number| {
        let request = admin.request(reqwest::Method::PATCH, &meeting.path("")).header("if-match", &etag);
        admin.send(request.json(&json!({"title": format!("Title {number}")}))).await.status
    });
    let mut statuses = join_all(changes).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412]);
}

// TST-06, MTG-05, MTG-17
#[tokio::test]
async fn only_the_host_cancels_and_the_row_stays() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (host, guest) = (organization.member("secretary").await, organization.member("member").await);
    let meeting = organization.meeting().host(&host).invite(&guest).create().await;
    for other in [&organization.admin, &guest] {
        other.post(&meeting.path("/cancel"), json!({})).await.problem(403, "FORBIDDEN");
        other.delete(&meeting.path("")).await.problem(403, "FORBIDDEN");
    }
    let cancelled = host.post(&meeting.path("/cancel"), json!({"reason": "Rain"})).await.is(200);
    assert_eq!((&cancelled["status"], &cancelled["cancel_reason"]), (&json!("cancelled"), &json!("Rain")));
    assert_eq!(guest.get(&meeting.path("")).await.is(200)["status"], "cancelled");
    host.post(&meeting.path("/cancel"), json!({})).await.problem(409, "MEETING_CANCELLED");
    host.post(&meeting.path("/end"), json!({})).await.problem(409, "MEETING_CANCELLED");
    host.patch(&meeting.path(""), json!({"title": "X"})).await.problem(409, "MEETING_CANCELLED");
    host.post(&meeting.path("/invite"), json!({"user_ids": [guest.id]}))
        .await
        .problem(409, "MEETING_CANCELLED");
    let second = organization.meeting().host(&host).create().await;
    host.post(&second.path("/cancel"), json!({"reason": "x".repeat(1001)})).await.fault_at("/reason");
    host.delete(&second.path("")).await.is(204);
    assert_eq!(host.get(&second.path("")).await.is(200)["status"], "cancelled");
}

// MTG-21
#[tokio::test]
async fn a_cancelled_meeting_cannot_be_joined_not_even_by_its_host() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    organization.admin.post(&meeting.path("/cancel"), json!({})).await.is(200);
    for person in [&organization.admin, &guest] {
        person.join(&meeting).await.problem(409, "MEETING_CANCELLED");
    }
    assert_eq!(app.value::<i64>("select count(*) from attendance_log").await, 0);
}

#[tokio::test]
async fn host_and_co_host_end_a_meeting_and_others_do_not() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (co_host, guest, officer) = (
        organization.member("member").await,
        organization.member("member").await,
        organization.member("secretary").await,
    );
    let meeting = organization.meeting().invite(&co_host).invite(&guest).create().await;
    organization
        .admin
        .patch(&meeting.path(&format!("/participants/{}", co_host.id)), json!({"role": "co_host"}))
        .await
        .is(200);
    for other in [&guest, &officer] {
        other.post(&meeting.path("/end"), json!({})).await.problem(403, "FORBIDDEN");
    }
    let ended = co_host.post(&meeting.path("/end"), json!({})).await.is(200);
    assert_eq!((&ended["status"], &ended["ended_by"]), (&json!("completed"), &json!("host")));
    organization.admin.post(&meeting.path("/end"), json!({})).await.problem(409, "MEETING_ENDED");
    organization.admin.post(&meeting.path("/cancel"), json!({})).await.problem(409, "MEETING_ENDED");
    organization.admin.patch(&meeting.path(""), json!({"title": "X"})).await.problem(409, "MEETING_ENDED");
    for person in [&organization.admin, &guest] {
        person.join(&meeting).await.problem(409, "MEETING_ENDED");
    }
}

// ORG-01, ORG-07
#[tokio::test]
async fn a_meeting_of_another_organization_does_not_exist() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.organization().await, app.organization().await);
    let meeting = theirs.meeting().create().await;
    let me = &ours.admin;
    me.get(&meeting.path("")).await.problem(404, "NOT_FOUND");
    me.patch(&meeting.path(""), json!({"title": "Mine"})).await.problem(404, "NOT_FOUND");
    me.delete(&meeting.path("")).await.problem(404, "NOT_FOUND");
    for call in ["/cancel", "/end", "/join", "/leave"] {
        me.post(&meeting.path(call), json!({})).await.problem(404, "NOT_FOUND");
    }
    me.post(&meeting.path("/invite"), json!({"user_ids": [me.id]})).await.problem(404, "NOT_FOUND");
    me.get(&meeting.path("/participants")).await.problem(404, "NOT_FOUND");
    for id in ["01890000-0000-7000-8000-000000000000", "x"] {
        me.get(&format!("/meetings/{id}")).await.problem(404, "NOT_FOUND");
        me.post(&format!("/meetings/{id}/join"), json!({})).await.problem(404, "NOT_FOUND");
    }
    assert_eq!(theirs.admin.get(&meeting.path("")).await.is(200)["title"], meeting.json["title"]);
}

#[tokio::test]
async fn an_instant_meeting_starts_now_and_its_host_walks_in() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let body = json!({"title": "Quick", "participants": [guest.id], "meeting_type": "audio"});
    let made = organization.admin.post(&organization.path("/meetings/instant"), body).await.is(201);
    assert_eq!((&made["scheduled_start"], &made["meeting_type"]), (&json!(beginning()), &json!("audio")));
    assert_eq!(made["actual_start"], Value::Null, "people in the room start it, not the call");
    let meeting = Meeting::of(made);
    app.enter(&organization.admin, &meeting).await;
    assert_eq!(guest.get(&meeting.path("")).await.is(200)["status"], "in_progress");
}

// MTG-35, ORG-18
#[tokio::test]
async fn main_tables_carry_who_and_when() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let traces: bool = app
        .value("select created_by is not null and updated_by is not null and updated_at >= created_at from meetings")
        .await;
    assert!(traces, "a new meeting knows who made it");
    app.execute("update meetings set updated_at = 'epoch'").await;
    organization.admin.patch(&meeting.path(""), json!({"title": "New"})).await.is(200);
    assert!(
        app.value::<bool>("select updated_at > 'epoch' from meetings").await,
        "the trigger keeps updated_at"
    );
    for table in
        ["users", "organizations", "organization_members", "meetings", "meeting_participants", "recordings"]
    {
        let columns: Vec<String> = sqlx::query_scalar(
            "select column_name::text from information_schema.columns where table_schema = 'public' and table_name = $1",
        )
        .bind(table)
        .fetch_all(&mut app.database().await)
        .await
        .expect("columns");
        for wanted in ["created_at", "updated_at", "updated_by"] {
            assert!(columns.iter().any(|column| column == wanted), "{table}.{wanted}");
        }
    }
}

// MTG-01: half a letter is no letter, and what PostgreSQL cannot store does not reach it.
#[tokio::test]
async fn any_text_that_is_text_is_kept_as_it_is() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    for title in [
        "🪘 Baraza ya wazee",
        "'; drop table meetings; --",
        "<script>alert(1)</script>",
        "\u{202e}tfel",
        "a\nb",
    ] {
        let meeting = organization.meeting().set("title", title).create().await;
        assert_eq!(meeting.json["title"], title);
    }
    let request = organization.admin.request(reqwest::Method::POST, &organization.path("/meetings"));
    let half = r#"{"title": "\ud800", "scheduled_start": "2026-12-01T09:00:00Z"}"#;
    let answer = organization.admin.send(request.header("content-type", "application/json").body(half)).await;
    assert!(matches!(answer.status, 400 | 422), "{}", answer.text());
}

// MTG-15: who is invited together with others at the same time is invited once.
#[tokio::test]
async fn invitations_at_once_make_one_row_each() {
    let app = TestApp::start().await;
    let organization: Organization<'_> = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().create().await;
    let body = json!({"user_ids": [guest.id]});
    let invitations =
        (0..6).map(async |_| organization.admin.post(&meeting.path("/invite"), body.clone()).await);
    let answers = join_all(invitations).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(app.value::<i64>("select count(*) from meeting_participants").await, 2);
}

// MTG-37
#[tokio::test]
async fn people_stand_inside_a_meeting_when_they_are_asked_for() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (guest, outsider) = (organization.member("member").await, organization.member("member").await);
    let meeting = organization.meeting().invite(&guest).create().await;
    organization.meeting().create().await;
    let plain = organization.admin.get(&meeting.path("")).await.is(200);
    assert_eq!(plain.get("participants"), None);
    for person in [&organization.admin, &guest] {
        let found = person.get(&meeting.path("?include=participants")).await.is(200);
        let people: Vec<_> = found["participants"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| (it["user"]["id"].clone(), it["role"].clone()))
            .collect();
        assert_eq!(
            people,
            [(json!(organization.admin.id), json!("host")), (json!(guest.id), json!("participant"))]
        );
    }
    let found = outsider.get(&meeting.path("?include=participants")).await.is(200);
    assert_eq!(found.get("participants"), None, "whoever is not invited sees a number and no names");
    let listed = organization.admin.all(&organization.path("/meetings?include=participants"), 50).await;
    let counts: Vec<_> = listed.iter().map(|it| it["participants"].as_array().map_or(0, Vec::len)).collect();
    assert_eq!(counts.iter().sum::<usize>(), 3);
    organization.admin.get(&meeting.path("?include=everything")).await.fault_at("/include");
}

#[tokio::test]
async fn what_is_known_already_is_not_sent_again() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    for path in [meeting.path(""), organization.path("")] {
        let etag = organization.admin.get(&path).await.header("etag").to_owned();
        let ask = async |tag: &str| {
            let request = organization.admin.request(reqwest::Method::GET, &path);
            organization.admin.send(request.header("if-none-match", tag)).await
        };
        let again = ask(&format!("\"other\", {etag}")).await;
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, &*etag));
        ask("\"other\"").await.is(200);
        let change =
            |tag: &str| organization.admin.request(reqwest::Method::PATCH, &path).header("if-match", tag);
        organization
            .admin
            .send(change("\"other\"").json(&json!({})))
            .await
            .problem(412, "PRECONDITION_FAILED");
        organization.admin.send(change(&etag).json(&json!({}))).await.is(200);
    }
}

#[tokio::test]
async fn a_related_object_is_set_and_taken_away() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting =
        organization.meeting().set("related_object", json!({"type": "order", "id": "42"})).create().await;
    let change = async |object: Value| {
        organization.admin.patch(&meeting.path(""), json!({"related_object": object})).await
    };
    change(json!({"type": "order"})).await.fault_at("/related_object");
    change(json!({"type": "order", "id": ""})).await.fault_at("/related_object/id");
    change(json!({"type": "order", "id": "1", "more": 1})).await.fault_at("/related_object/more");
    let other = json!({"type": "case", "id": "7"});
    assert_eq!(change(other.clone()).await.is(200)["related_object"], other);
    assert_eq!(change(Value::Null).await.is(200)["related_object"], Value::Null);
}

#[tokio::test]
async fn a_meeting_is_scheduled_again_with_its_people() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (co_host, gone) = (organization.member("member").await, organization.member("member").await);
    let officer = organization.member("secretary").await;
    let meeting = organization
        .meeting()
        .invite(&co_host)
        .invite(&gone)
        .kind("audio")
        .set("agenda", "1. Opening")
        .set("location", "Hall")
        .set("settings", json!({"late_threshold_minutes": 3}))
        .create()
        .await;
    let path = meeting.path(&format!("/participants/{}", co_host.id));
    organization.admin.patch(&path, json!({"role": "co_host"})).await.is(200);
    organization.admin.delete(&organization.path(&format!("/members/{}", gone.id))).await.is(204);
    organization.admin.post(&meeting.path("/cancel"), json!({})).await.is(200);
    let start = json!({"scheduled_start": later(10_000)});
    co_host.post(&meeting.path("/duplicate"), start.clone()).await.problem(403, "FORBIDDEN");
    let copy = officer.post(&meeting.path("/duplicate"), start).await.is(201);
    for field in ["title", "agenda", "location", "meeting_type", "settings", "timezone", "venue_mode"] {
        assert_eq!(copy[field], meeting.json[field], "{field}");
    }
    assert_eq!((&copy["status"], &copy["host"]["id"]), (&json!("scheduled"), &json!(officer.id)));
    assert_ne!(copy["room_name"], meeting.json["room_name"]);
    assert_eq!(copy["scheduled_end"], json!(later(10_060)), "as long as before");
    let copy = Meeting::of(copy);
    let people = officer.all(&copy.path("/participants"), 50).await;
    let mut roles: Vec<_> = people
        .iter()
        .map(|it| (it["user"]["id"].as_str().expect("an id"), it["role"].as_str().expect("a role")))
        .collect();
    roles.sort_unstable();
    let mut expected =
        vec![(&*officer.id, "host"), (&*organization.admin.id, "co_host"), (&*co_host.id, "co_host")];
    expected.sort_unstable();
    assert_eq!(roles, expected, "who has left the organization is not invited");
    let far = json!({"scheduled_start": "+262142-12-31T23:30:00Z"});
    assert_eq!(officer.post(&meeting.path("/duplicate"), far).await.status, 422);
}

#[tokio::test]
async fn meetings_are_called_off_together_each_for_itself() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let officer = organization.member("secretary").await;
    let (first, second) = (organization.meeting().create().await, organization.meeting().create().await);
    let (theirs, foreign) =
        (organization.meeting().host(&officer).create().await, other.meeting().create().await);
    let over = organization.meeting().create().await;
    organization.admin.post(&over.path("/end"), json!({})).await.is(200);
    let path = organization.path("/meetings/bulk-cancel");
    let ids = json!([first.id, second.id, theirs.id, foreign.id, over.id, first.id]);
    let done = organization.admin.post(&path, json!({"ids": ids, "reason": "Storm"})).await.is(200);
    let outcomes: Vec<_> = done["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| (it["id"].as_str().expect("an id"), it["status"].as_str(), it["problem"]["code"].as_str()))
        .collect();
    assert_eq!(
        outcomes,
        [
            (&*first.id, Some("cancelled"), None),
            (&*second.id, Some("cancelled"), None),
            (&*theirs.id, None, Some("FORBIDDEN")),
            (&*foreign.id, None, Some("NOT_FOUND")),
            (&*over.id, None, Some("MEETING_ENDED")),
        ]
    );
    let found = organization.admin.get(&first.path("")).await.is(200);
    assert_eq!((&found["status"], &found["cancel_reason"]), (&json!("cancelled"), &json!("Storm")));
    assert_eq!(officer.get(&theirs.path("")).await.is(200)["status"], "scheduled");
    assert_eq!(other.admin.get(&foreign.path("")).await.is(200)["status"], "scheduled");
    let again = organization.admin.post(&path, json!({"ids": [first.id]})).await.is(200);
    assert_eq!(again["items"][0]["problem"]["code"], "MEETING_CANCELLED");
    organization.admin.post(&path, json!({"ids": []})).await.fault_at("/ids");
    organization.admin.post(&path, json!({"ids": ["x"]})).await.fault_at("/ids/0");
}

// CFA-05, CFA-07, CFA-11
#[tokio::test]
async fn a_meetings_history_tells_who_changed_what() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (officer, guest) = (organization.member("secretary").await, organization.member("member").await);
    let meeting = organization.meeting().create().await;
    let admin = &organization.admin;
    admin.post(&meeting.path("/invite"), json!({"user_ids": [guest.id]})).await.is(200);
    let change = json!({"title": "New", "settings": {"late_threshold_minutes": 9}});
    admin.patch(&meeting.path(""), change).await.is(200);
    admin
        .post(&organization.path("/meetings/bulk-cancel"), json!({"ids": [meeting.id], "reason": "Storm"}))
        .await
        .is(200);
    guest.get(&meeting.path("/history")).await.problem(403, "FORBIDDEN");
    let items = officer.all(&meeting.path("/history"), 2).await;
    let actions: Vec<_> = items.iter().map(|it| it["action"].as_str().expect("an action")).collect();
    assert_eq!(
        actions,
        [
            "meeting.cancelled",
            "meeting.changed",
            "participant.invited",
            "participant.invited",
            "meeting.created"
        ]
    );
    assert!(
        items.iter().all(|it| it["actor"] == json!({"type": "user", "id": admin.id, "name": admin.name}))
    );
    assert_eq!(
        items[1]["changes"],
        json!([
            {"field": "settings.late_threshold_minutes", "before": 5, "after": 9},
            {"field": "title", "before": "Weekly", "after": "New"},
        ])
    );
    assert_eq!(items[2]["about"], json!({"id": guest.id, "name": guest.name}));
    let cancelled = items[0]["changes"].as_array().expect("a list");
    let status = json!({"field": "status", "before": "scheduled", "after": "cancelled"});
    assert!(cancelled.contains(&status), "{cancelled:?}");
    let other = app.organization().await;
    other.admin.get(&meeting.path("/history")).await.problem(404, "NOT_FOUND");
}
