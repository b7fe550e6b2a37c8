//! Rooms, devices, and who has them when.

use chrono::{DateTime, Duration, Utc};
use futures::future::join_all;
use harness::{Answer, Organization, Person, TestApp, Value, json};

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

async fn resource(organization: &Organization<'_>, body: Value) -> Value {
    organization.admin.post(&organization.path("/resources"), body).await.is(201)
}

async fn room(organization: &Organization<'_>, name: &str) -> String {
    let made = resource(organization, json!({"type": "room", "name": name, "location": "2nd floor"})).await;
    id(&made).to_owned()
}

fn wish(resources: &[&str], starts_at: DateTime<Utc>, minutes: i64) -> Value {
    json!({"booking_type": "room", "title": "Board", "starts_at": starts_at,
           "ends_at": starts_at + Duration::minutes(minutes), "resource_ids": resources})
}

async fn book(person: &Person, organization: &Organization<'_>, body: Value) -> Answer {
    person.post(&organization.path("/bookings"), body).await
}

/// Tomorrow at nine.
fn nine(app: &TestApp) -> DateTime<Utc> {
    let tomorrow = app.clock.now().date_naive() + Duration::days(1);
    tomorrow.and_hms_opt(9, 0, 0).expect("a time").and_utc()
}

// BKG-01, BKG-03
#[tokio::test]
async fn rooms_and_devices_are_kept_found_and_let_go() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let baobab = resource(
        &organization,
        json!({"type": "room", "name": " Baobab ", "location": "2nd floor", "capacity": 12, "features": ["Screen", "screen", " "]}),
    )
    .await;
    assert_eq!((&baobab["name"], &baobab["features"]), (&json!("Baobab"), &json!(["Screen"])));
    assert_eq!((&baobab["is_enabled"], &baobab["type"]), (&json!(true), &json!("room")));
    resource(&organization, json!({"type": "device", "name": "Projector"})).await;
    resource(&organization, json!({"type": "room", "name": "Acacia", "capacity": 4})).await;
    let named = async |query: &str| -> Vec<String> {
        let found = member.all(&organization.path(&format!("/resources{query}")), 1).await;
        found.iter().map(|it| it["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(named("").await, ["Acacia", "Baobab", "Projector"]);
    assert_eq!(named("?type=room&min_capacity=5").await, ["Baobab"]);
    assert_eq!(named("?features=SCREEN").await, ["Baobab"]);
    assert_eq!(named("?features=screen,piano").await, Vec::<String>::new());
    let path = format!("/resources/{}", id(&baobab));
    let again = json!({"type": "device", "name": "baobab"});
    organization.admin.post(&organization.path("/resources"), again).await.problem(409, "RESOURCE_EXISTS");
    for (body, pointer) in [
        (json!({"type": "room", "name": " "}), "/name"),
        (json!({"type": "room", "name": "x", "capacity": 0}), "/capacity"),
        (json!({"type": "room", "name": "x", "features": ["x".repeat(61)]}), "/features/0"),
        (json!({"type": "room", "name": "x", "location": "x".repeat(201)}), "/location"),
    ] {
        organization.admin.post(&organization.path("/resources"), body).await.fault_at(pointer);
    }
    let changed =
        organization.admin.patch(&path, json!({"capacity": null, "is_enabled": false})).await.is(200);
    assert_eq!((&changed["capacity"], &changed["is_enabled"]), (&Value::Null, &json!(false)));
    assert_eq!(named("?is_enabled=true").await, ["Acacia", "Projector"]);
    let closed = book(&member, &organization, wish(&[id(&baobab)], nine(&app), 60)).await;
    closed.problem(409, "RESOURCE_DISABLED");
    organization.admin.delete(&path).await.is(204);
    member.get(&path).await.problem(404, "NOT_FOUND");
    organization.admin.delete(&path).await.problem(404, "NOT_FOUND");
    // Its name is free again.
    resource(&organization, json!({"type": "room", "name": "Baobab"})).await;
}

// BKG-04, BKG-06, BKG-08, BKG-14, SCH-09, SCH-11, SCH-15
#[tokio::test]
async fn a_room_is_booked_once_and_others_hear_what_they_could_take() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (first, second) = (organization.member("member").await, organization.member("member").await);
    let (baobab, acacia) = (room(&organization, "Baobab").await, room(&organization, "Acacia").await);
    let nine = nine(&app);
    let made = book(&first, &organization, wish(&[&baobab], nine, 60)).await.is(201);
    assert_eq!((&made["location"], &made["organizer_email"]), (&json!("Baobab, 2nd floor"), &Value::Null));
    assert_eq!((&made["resources"][0]["name"], &made["meeting_id"]), (&json!("Baobab"), &Value::Null));
    let refused = book(&second, &organization, wish(&[&baobab], nine + Duration::minutes(30), 60))
        .await
        .problem(409, "CONFLICT");
    let conflict = json!([{"kind": "booking", "id": made["id"], "resource_id": baobab, "starts_at": made["starts_at"],
                           "ends_at": made["ends_at"]}]);
    assert_eq!(refused["conflicts"], conflict);
    let half_past = nine + Duration::minutes(30);
    let at = |start: DateTime<Utc>, room: &str| json!({"starts_at": start, "ends_at": start + Duration::hours(1), "resource_ids": [room]});
    assert_eq!(
        refused["alternatives"],
        json!([
            at(half_past, &acacia),
            at(nine + Duration::hours(1), &baobab),
            at(nine - Duration::hours(1), &baobab)
        ])
    );
    // Times that touch do not overlap, and what was proposed can be had.
    book(&second, &organization, wish(&[&baobab], nine + Duration::hours(1), 60)).await.is(201);
    book(&second, &organization, wish(&[&acacia], half_past, 60)).await.is(201);
    // Both are in the way, or nothing is taken of either.
    let both = wish(&[&acacia, &baobab], nine + Duration::minutes(75), 90);
    let refused = book(&first, &organization, both).await.problem(409, "CONFLICT");
    assert_eq!(refused["conflicts"].as_array().map(Vec::len), Some(2));
    for (start, minutes) in [(nine, 0), (nine, -10), (nine - Duration::days(2), 60), (nine, 60 * 24 * 40)] {
        book(&first, &organization, wish(&[&baobab], start, minutes)).await.problem(422, "INVALID_SLOT");
    }
    let strange = wish(&["01890000-0000-7000-8000-000000000000"], nine, 60);
    book(&first, &organization, strange).await.fault_at("/resource_ids/0");
    book(&first, &organization, wish(&[], nine, 60)).await.fault_at("/resource_ids");
    let other = app.organization().await;
    let foreign = room(&other, "Foreign").await;
    book(&first, &organization, wish(&[&foreign], nine, 60)).await.fault_at("/resource_ids/0");
    // Whoever did not book sees when the room is taken, and nothing else.
    second.get(&format!("/bookings/{}", id(&made))).await.problem(404, "NOT_FOUND");
    let free_busy = organization.path(&format!(
        "/free-busy?from={}&to={}&resource_ids={baobab},{acacia}&user_ids={}",
        nine.format("%FT%TZ"),
        (nine + Duration::hours(1)).format("%FT%TZ"),
        first.id
    ));
    let seen = second.get(&free_busy).await.is(200);
    let block = json!([{"starts_at": made["starts_at"], "ends_at": made["ends_at"], "why": "booking"}]);
    assert_eq!(seen["items"][0], json!({"user_id": first.id, "busy": block}));
    assert_eq!(seen["items"][1], json!({"resource_id": baobab, "busy": block}));
    assert_eq!(seen["items"][2]["busy"].as_array().map(Vec::len), Some(1));
    let all = organization.path("/bookings");
    assert_eq!((first.all(&all, 1).await.len(), second.all(&all, 1).await.len()), (1, 2));
    assert_eq!(organization.admin.all(&all, 1).await.len(), 3);
    assert_eq!(organization.admin.all(&format!("{all}?resource_id={acacia}"), 50).await.len(), 1);
}

// BKG-08, BKG-09, SCH-12
#[tokio::test]
async fn a_booking_moves_and_goes_with_all_it_takes() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (member, other) = (organization.member("member").await, organization.member("member").await);
    let (baobab, acacia) = (room(&organization, "Baobab").await, room(&organization, "Acacia").await);
    let nine = nine(&app);
    let made = book(&member, &organization, wish(&[&baobab], nine, 60)).await.is(201);
    let path = format!("/bookings/{}", id(&made));
    // It is not in its own way.
    let half_past = nine + Duration::minutes(30);
    let later =
        json!({"starts_at": half_past, "ends_at": half_past + Duration::hours(1), "title": "Council"});
    let moved = member.patch(&path, later).await.is(200);
    assert_eq!((&moved["title"], &moved["resource_ids"]), (&json!("Council"), &json!([baobab])));
    book(&other, &organization, wish(&[&baobab], nine, 30)).await.is(201);
    book(&other, &organization, wish(&[&acacia], half_past, 30)).await.is(201);
    let to_acacia = json!({"resource_ids": [acacia]});
    member.patch(&path, to_acacia).await.problem(409, "CONFLICT");
    let back = json!({"starts_at": nine, "ends_at": nine + Duration::hours(1)});
    member.patch(&path, back).await.problem(409, "CONFLICT");
    assert_eq!(member.get(&path).await.is(200), moved);
    member
        .patch(&path, json!({"starts_at": half_past + Duration::hours(3)}))
        .await
        .problem(422, "INVALID_SLOT");
    let stale = member.request(reqwest::Method::PATCH, &path).header("if-match", "\"x\"");
    member.send(stale.json(&json!({"title": "X"}))).await.problem(412, "PRECONDITION_FAILED");
    let to_come = member.get(&organization.path("/bookings/dashboard")).await.is(200);
    assert_eq!((&to_come["count"], id(&to_come["results"][0])), (&json!(1), id(&made)));
    organization.admin.delete(&format!("/resources/{baobab}")).await.problem(409, "RESOURCE_IN_USE");
    member.delete(&path).await.is(204);
    member.get(&path).await.problem(404, "NOT_FOUND");
    book(&other, &organization, wish(&[&baobab], half_past, 60)).await.is(201);
    assert_eq!(member.get(&organization.path("/bookings/dashboard")).await.is(200)["count"], 0);
    let log = organization.admin.all(&organization.path("/audit?entity_type=booking"), 200).await;
    let of_it: Vec<_> = log.iter().filter(|row| row["entity"]["id"] == made["id"]).collect();
    let actions: Vec<_> = of_it.iter().rev().map(|row| row["action"].as_str().expect("an action")).collect();
    assert_eq!(
        actions,
        [
            "booking.created",
            "booking.reserved",
            "booking.changed",
            "booking.changed",
            "booking.cancelled",
            "booking.released"
        ]
    );
    // Its room of that time stays known, and what is over is to come no more.
    app.clock.advance(Duration::days(9));
    organization.admin.delete(&format!("/resources/{acacia}")).await.is(204);
    assert_eq!(other.get(&organization.path("/bookings/dashboard")).await.is(200)["count"], 0);
}

// BKG-05, BKG-12, SCH-21
#[tokio::test]
async fn people_rooms_and_an_online_room_are_booked_at_once() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (secretary, member) = (organization.member("secretary").await, organization.member("member").await);
    let baobab = room(&organization, "Baobab").await;
    let amina = json!({"name": "Amina", "email": "amina@example.test"});
    let amina = organization.admin.post(&organization.path("/contacts"), amina).await.is(201);
    let group = json!({"name": "Board", "contact_ids": [id(&amina)]});
    let group = organization.admin.post(&organization.path("/contact-groups"), group).await.is(201);
    let nine = nine(&app);
    let body = json!({
        "booking_type": "custom", "title": "Annual meeting", "notes": "Bring the books", "starts_at": nine,
        "ends_at": nine + Duration::hours(1), "resource_ids": [baobab], "attendees": [member.email, "x@example.test"],
        "contact_group_ids": [id(&group)], "with_online_room": true,
    });
    let mut by_member = body.clone();
    by_member["resource_ids"] = json!([]);
    // A member may book, but not schedule.
    book(&member, &organization, by_member).await.problem(403, "FORBIDDEN");
    let made = book(&secretary, &organization, body.clone()).await.is(201);
    assert_eq!(made["organizer_email"], secretary.email);
    let names: Vec<_> =
        made["attendees"].as_array().expect("a list").iter().map(|it| it["email"].clone()).collect();
    assert_eq!(names, [json!("amina@example.test"), json!(member.email), json!("x@example.test")]);
    let meeting = format!("/meetings/{}", made["meeting_id"].as_str().expect("a meeting"));
    let seen = member.get(&meeting).await.is(200);
    assert_eq!((&seen["title"], &seen["venue_mode"]), (&json!("Annual meeting"), &json!("hybrid")));
    assert_eq!(
        (&seen["scheduled_start"], &seen["location"]),
        (&made["starts_at"], &json!("Baobab, 2nd floor"))
    );
    // Taken once: a second one leaves nothing behind, no meeting either.
    let meetings = organization.path("/meetings");
    let before = organization.admin.all(&meetings, 50).await.len();
    book(&secretary, &organization, body.clone()).await.problem(409, "CONFLICT");
    assert_eq!(organization.admin.all(&meetings, 50).await.len(), before);
    // Whoever is asked sees it, and is busy once.
    let path = format!("/bookings/{}", id(&made));
    assert_eq!(member.get(&path).await.is(200)["organizer_email"], secretary.email);
    let hidden = json!({"hidden": {"member.email": ["member"]}});
    organization.admin.put(&organization.path("/field-rules"), hidden).await.is(200);
    let seen = member.get(&path).await.is(200);
    let names: Vec<_> =
        seen["attendees"].as_array().expect("a list").iter().map(|it| it["email"].clone()).collect();
    assert_eq!(names, [json!("amina@example.test"), json!(member.email), json!("x@example.test")]);
    assert_eq!(seen["organizer_email"], Value::Null);
    assert_eq!(member.all(&organization.path("/bookings"), 50).await, [seen]);
    member.patch(&path, json!({"title": "Mine"})).await.problem(403, "FORBIDDEN");
    let from = format!("from={}&to={}", nine.format("%FT%TZ"), (nine + Duration::hours(9)).format("%FT%TZ"));
    let busy = organization.path(&format!("/free-busy?{from}&user_ids={}", member.id));
    let blocks = member.get(&busy).await.is(200)["items"][0]["busy"].clone();
    assert_eq!(
        blocks,
        json!([{"starts_at": made["starts_at"], "ends_at": made["ends_at"], "why": "meeting"}])
    );
    // The booking takes its meeting along, and the meeting its booking.
    let ten = nine + Duration::hours(1);
    let later = json!({"starts_at": ten, "ends_at": ten + Duration::hours(1), "title": "General meeting"});
    let moved = secretary.patch(&path, later).await.is(200);
    let seen = member.get(&meeting).await.is(200);
    assert_eq!((&seen["scheduled_start"], &seen["title"]), (&moved["starts_at"], &json!("General meeting")));
    let blocker = book(&member, &organization, wish(&[&baobab], nine, 60)).await.is(201);
    let eleven =
        json!({"scheduled_start": ten + Duration::hours(1), "scheduled_end": ten + Duration::hours(2)});
    secretary.patch(&meeting, eleven.clone()).await.is(200);
    assert_eq!(secretary.get(&path).await.is(200)["starts_at"], eleven["scheduled_start"]);
    let onto = json!({"scheduled_start": blocker["starts_at"], "scheduled_end": blocker["ends_at"]});
    secretary.patch(&meeting, onto).await.problem(409, "CONFLICT");
    assert_eq!(member.get(&meeting).await.is(200)["scheduled_start"], eleven["scheduled_start"]);
    app.execute(
        "update meetings set status = 'completed', actual_end = now() where title = 'General meeting'",
    )
    .await;
    secretary.patch(&path, json!({"title": "Too late"})).await.problem(409, "MEETING_ENDED");
    app.execute(
        "update meetings set status = 'scheduled', actual_end = null where title = 'General meeting'",
    )
    .await;
    secretary.delete(&path).await.is(204);
    assert_eq!(member.get(&meeting).await.is(200)["status"], "cancelled");
    // And the other way round.
    let made = book(
        &secretary,
        &organization,
        json!({"starts_at": ten, "ends_at": ten + Duration::hours(1),
        "booking_type": "custom", "title": "T", "resource_ids": [baobab], "with_online_room": true}),
    )
    .await
    .is(201);
    let meeting = format!("/meetings/{}", made["meeting_id"].as_str().expect("a meeting"));
    secretary.post(&format!("{meeting}/cancel"), json!({})).await.is(200);
    secretary.get(&format!("/bookings/{}", id(&made))).await.problem(404, "NOT_FOUND");
    book(&member, &organization, wish(&[&baobab], ten, 60)).await.is(201);
    for (body, pointer) in [
        (json!({"attendees": ["no address"]}), "/attendees/0"),
        (json!({"organizer_email": "nobody@example.test"}), "/organizer_email"),
        (json!({"contact_group_ids": ["01890000-0000-7000-8000-000000000000"]}), "/contact_group_ids/0"),
        (json!({"title": ""}), "/title"),
    ] {
        let mut wish = json!({"booking_type": "custom", "title": "T", "starts_at": ten, "ends_at": ten + Duration::hours(1)});
        wish.as_object_mut().expect("an object").extend(body.as_object().expect("an object").clone());
        book(&secretary, &organization, wish).await.fault_at(pointer);
    }
}

// BKG-14, PRF: many who want overlapping times of the same rooms at once
#[tokio::test]
async fn of_many_who_want_the_same_at_once_nobody_overlaps_and_nobody_meets_a_deadlock() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let people = join_all((0..4).map(|_| organization.member("member"))).await;
    let rooms =
        [room(&organization, "A").await, room(&organization, "B").await, room(&organization, "C").await];
    let nine = nine(&app);
    for round in 0..4_usize {
        let day = nine + Duration::days(i64::try_from(round).expect("small"));
        let answers = join_all((0..50_usize).map(|number| {
            // Pairs in either order, at times that overlap in many ways.
            let pair = [&rooms[number % 3], &rooms[(number + 1 + number / 3 % 2) % 3]];
            let start = day + Duration::minutes(i64::try_from(number * 7 % 40).expect("small"));
            book(&people[number % 4], &organization, wish(&[pair[0], pair[1]], start, 30))
        }))
        .await;
        let mut won = 0;
        for answer in answers {
            if answer.status == 201 {
                won += 1;
            } else {
                let refused = answer.problem(409, "CONFLICT");
                assert!(!refused["conflicts"].as_array().expect("a list").is_empty());
                assert!(!refused["alternatives"].as_array().expect("a list").is_empty());
            }
        }
        assert!(won >= 1, "somebody gets it");
    }
    let overlaps: i64 = sqlx::query_scalar(
        "select count(*) from reservations a join reservations b
         on a.resource_id = b.resource_id and a.booking_id < b.booking_id
            and a.starts_at < b.ends_at and b.starts_at < a.ends_at",
    )
    .fetch_one(&mut app.database().await)
    .await
    .expect("a count");
    assert_eq!(overlaps, 0);
}
