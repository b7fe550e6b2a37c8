//! Presence checks: who is asked whether they are there, when, what they answer, and what the record says of it.

use chrono::{DateTime, Duration, Utc};
use futures::future::join_all;
use harness::{
    Answer, Api, Meeting, Organization, Person, TestApp, Value, app::beginning, json, livekit::Connection,
};

async fn ask(host: &Api, meeting: &Meeting, body: Value) -> Answer {
    host.post(&meeting.path("/presence-checks"), body).await
}

async fn confirm(who: &Api, meeting: &Meeting, check: &Value) -> Answer {
    let id = check["id"].as_str().expect("an id");
    who.post(&meeting.path(&format!("/presence-checks/{id}/confirm")), json!({})).await
}

async fn latest(who: &Api, meeting: &Meeting) -> Value {
    who.get(&meeting.path("/presence-checks/latest")).await.is(200)["check"].clone()
}

async fn checks(viewer: &Api, meeting: &Meeting) -> Vec<Value> {
    viewer.all(&meeting.path("/presence-checks"), 2).await
}

/// What one worker does when it looks. A check that somebody else holds (an answer that came too late is undone behind
/// its refusal) is closed when it looks again.
async fn look(app: &TestApp) {
    let due = "select count(*) from presence_checks where closed_at is null and closes_at <= $1";
    for _ in 0..100 {
        server::presence_checks::run(&app.app).await.expect("the database answers");
        let left: i64 = sqlx::query_scalar(due)
            .bind(app.clock.now())
            .fetch_one(&mut app.database().await)
            .await
            .expect("the database answers");
        if left == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// What became of a check for each person.
fn outcomes(check: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let people = check["people"].as_array().expect("people").iter();
    people.map(|person| (text(&person["name"]), text(&person["outcome"]))).collect()
}

fn counts(check: &Value) -> [i64; 3] {
    ["asked", "confirmed", "missed"].map(|name| check[name].as_i64().expect("a number"))
}

/// A meeting in whose room its host and two members are.
struct Room<'a> {
    organization: Organization<'a>,
    ann: Person,
    ben: Person,
    meeting: Meeting,
    connections: Vec<Connection>,
}

impl<'a> Room<'a> {
    async fn with(app: &'a TestApp, settings: Value) -> Self {
        let organization = app.organization().await;
        let (ann, ben) = (organization.member("member").await, organization.member("member").await);
        let plan = organization.meeting().invite(&ann).invite(&ben).set("settings", settings);
        let meeting = plan.create().await;
        let mut connections = Vec::new();
        for person in [&organization.admin, &ann, &ben] {
            connections.push(app.enter(person, &meeting).await);
        }
        Self { organization, ann, ben, meeting, connections }
    }

    async fn new(app: &'a TestApp) -> Self {
        Self::with(app, json!({})).await
    }

    fn host(&self) -> &Person {
        &self.organization.admin
    }
}

// Issue 6, point 3: presence checks.
#[tokio::test]
async fn whoever_is_in_the_room_is_asked_and_answers_once() {
    let app = TestApp::start().await;
    let room = Room::new(&app).await;
    let (host, meeting) = (room.host(), &room.meeting);
    assert_eq!(latest(host, meeting).await, Value::Null);
    app.pass(Duration::minutes(10));
    let check = ask(host, meeting, json!({})).await.is(201);
    let (opened_at, closes_at) = (app.clock.now(), app.clock.now() + Duration::seconds(60));
    assert_eq!(
        check,
        json!({"id": check["id"], "opened_at": opened_at, "closes_at": closes_at, "closed_at": null, "was_asked": true,
               "confirmed_at": opened_at, "standing": {"asked": 3, "confirmed": 1}}),
        "who asks has shown that they are there"
    );
    let seen = latest(&room.ann, meeting).await;
    assert_eq!((&seen["was_asked"], &seen["confirmed_at"]), (&json!(true), &Value::Null));
    assert_eq!(seen["standing"], Value::Null, "how it stands is for those who moderate");
    ask(host, meeting, json!({})).await.problem(409, "CHECK_OPEN");
    app.pass(Duration::seconds(5));
    let answer = confirm(&room.ann, meeting, &check).await.is(200);
    assert_eq!(answer, json!({"id": check["id"], "confirmed_at": app.clock.now()}));
    assert_eq!(latest(&room.ann, meeting).await["confirmed_at"], answer["confirmed_at"]);
    app.pass(Duration::seconds(5));
    assert_eq!(confirm(&room.ann, meeting, &check).await.is(200), answer, "the same answer again");
    assert_eq!(latest(host, meeting).await["standing"], json!({"asked": 3, "confirmed": 2}));
    look(&app).await;
    let people = checks(host, meeting).await[0]["people"].clone();
    let ben = people.as_array().expect("people").iter().find(|person| person["id"] == room.ben.id.as_str());
    assert_eq!(ben.expect("they were asked")["outcome"], "asked", "it is open still");
    app.pass(Duration::seconds(50));
    confirm(&room.ben, meeting, &check).await.problem(409, "CHECK_CLOSED");
    assert_eq!(confirm(&room.ann, meeting, &check).await.is(200), answer, "what was said was said");
    look(&app).await;
    confirm(&room.ben, meeting, &check).await.problem(409, "CHECK_CLOSED");
    let listed = checks(host, meeting).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["asked_by"], json!({"id": host.id, "name": host.name}));
    assert_eq!(listed[0]["closed_at"], json!(closes_at));
    assert_eq!(counts(&listed[0]), [3, 2, 1]);
    let mut expected = [(host, "confirmed"), (&room.ann, "confirmed"), (&room.ben, "missed")]
        .map(|(person, outcome)| (person.name.clone(), outcome.to_owned()));
    expected.sort();
    let mut found = outcomes(&listed[0]);
    found.sort();
    assert_eq!(found, expected);
    // The next may come at once.
    ask(host, meeting, json!({"seconds": 20})).await.is(201);
}

#[tokio::test]
async fn a_host_says_how_long_there_is_to_answer() {
    let app = TestApp::start().await;
    let room = Room::new(&app).await;
    for seconds in [json!(19), json!(301), json!(-1), json!("x"), json!(70_000)] {
        ask(room.host(), &room.meeting, json!({"seconds": seconds})).await.fault_at("/seconds");
    }
    ask(room.host(), &room.meeting, json!({"minutes": 1})).await.problem(422, "VALIDATION_FAILED");
    let check = ask(room.host(), &room.meeting, json!({"seconds": 300})).await.is(201);
    assert_eq!(check["closes_at"], json!(beginning() + Duration::seconds(300)));
    app.pass(Duration::seconds(299));
    confirm(&room.ann, &room.meeting, &check).await.is(200);
    app.pass(Duration::seconds(1));
    confirm(&room.ben, &room.meeting, &check).await.problem(409, "CHECK_CLOSED");
    // Nobody has closed it yet, and the next is not held up by it.
    ask(room.host(), &room.meeting, json!({"seconds": 20})).await.is(201);
    assert_eq!(checks(room.host(), &room.meeting).await.len(), 2);
}

// Who may what, and nobody of another organization sees anything.
#[tokio::test]
async fn hosts_ask_those_who_are_there_answer_and_officers_see() {
    let app = TestApp::start().await;
    let room = Room::new(&app).await;
    let (host, meeting) = (room.host(), &room.meeting);
    let (officer, absent) =
        (room.organization.member("secretary").await, room.organization.member("member").await);
    let other = app.organization().await;
    let stranger = other.meeting().create().await;
    host.post(&meeting.path("/invite"), json!({"user_ids": [absent.id]})).await.is(200);
    for who in [&room.ann, &officer, &absent] {
        ask(who, meeting, json!({})).await.problem(403, "FORBIDDEN");
    }
    ask(&other.admin, meeting, json!({})).await.problem(404, "NOT_FOUND");
    host.patch(&meeting.path(&format!("/participants/{}", room.ann.id)), json!({"role": "co_host"}))
        .await
        .is(200);
    let check = ask(&room.ann, meeting, json!({})).await.is(201);
    assert_eq!(check["standing"], json!({"asked": 3, "confirmed": 1}));
    confirm(&absent, meeting, &check).await.problem(409, "NOT_PRESENT");
    confirm(&officer, meeting, &check).await.problem(403, "FORBIDDEN");
    confirm(&other.admin, meeting, &check).await.problem(404, "NOT_FOUND");
    // A check is known in its own meeting alone.
    confirm(&other.admin, &stranger, &check).await.problem(404, "NOT_FOUND");
    let made_up = json!({"id": "01890000-0000-7000-8000-000000000000"});
    confirm(&room.ben, meeting, &made_up).await.problem(404, "NOT_FOUND");
    for who in [&room.ben, &absent] {
        who.get(&meeting.path("/presence-checks")).await.problem(403, "FORBIDDEN");
    }
    other.admin.get(&meeting.path("/presence-checks")).await.problem(404, "NOT_FOUND");
    other.admin.get(&meeting.path("/presence-checks/latest")).await.problem(404, "NOT_FOUND");
    assert_eq!(checks(&officer, meeting).await.len(), 1);
    assert_eq!(latest(&absent, meeting).await["was_asked"], false);
    // Who comes while it is open was not asked, and may say so all the same.
    app.enter(&absent, meeting).await;
    confirm(&absent, meeting, &check).await.is(200);
    app.pass(Duration::seconds(60));
    look(&app).await;
    let seen = &checks(&officer, meeting).await[0];
    assert_eq!(counts(seen), [3, 1, 2]);
    let late = seen["people"].as_array().expect("people").iter().find(|it| it["id"] == absent.id.as_str());
    let late = late.expect("who was not asked stands there too");
    assert_eq!((&late["was_asked"], &late["outcome"]), (&json!(false), &json!("confirmed")));
}

// A person is asked once, whatever they hold in their hands; and nothing is asked of recorders.
#[tokio::test]
async fn two_devices_are_one_person_and_a_recorder_is_none() {
    let app = TestApp::start().await;
    let room = Room::new(&app).await;
    let meeting = &room.meeting;
    let admission = room.ann.post(&meeting.path("/join"), json!({"beside": true})).await.is(200);
    app.livekit.connect(admission["token"].as_str().expect("a token"));
    app.livekit.connect_hidden(
        &meeting.room,
        "EG_recorder",
        harness::livekit::proto::participant_info::Kind::Egress,
    );
    app.settle().await;
    app.run_jobs().await;
    let check = ask(room.host(), meeting, json!({})).await.is(201);
    assert_eq!(check["standing"]["asked"], 3);
    let answers = join_all((0..20).map(|_| confirm(&room.ann, meeting, &check))).await;
    let mut times: Vec<Value> =
        answers.into_iter().map(|answer| answer.is(200)["confirmed_at"].clone()).collect();
    times.dedup();
    assert_eq!(times.len(), 1);
    assert_eq!(latest(room.host(), meeting).await["standing"], json!({"asked": 3, "confirmed": 2}));
}

// PAR-18
#[tokio::test]
async fn a_guest_is_asked_and_answers_as_a_guest() {
    let app = TestApp::start().await;
    app.expect_leftovers();
    let organization = app.organization().await;
    app.execute("update organizations set settings = settings || '{\"allow_guests\": true}'").await;
    let meeting = organization.meeting().set("settings", json!({"allow_guests": true})).create().await;
    let link = organization.admin.post(&meeting.path("/guest-links"), json!({})).await.is(201);
    let token = link["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a token");
    let mut guests = Vec::new();
    for name in ["Zoë", "Zuri"] {
        let admission = app.api.post(&format!("/guest/{token}/join"), json!({"name": name})).await.is(200);
        let connection = app.livekit.connect(admission["token"].as_str().expect("a token"));
        guests.push((app.api.with_token(admission["access_token"].as_str().expect("a token")), connection));
    }
    app.settle().await;
    // Whoever asks need not be in the room.
    let check = ask(&organization.admin, &meeting, json!({})).await.is(201);
    assert_eq!(check["standing"], json!({"asked": 2, "confirmed": 0}));
    let (zoe, zuri) = (&guests[0].0, &guests[1].0);
    assert_eq!(latest(zoe, &meeting).await["was_asked"], true);
    confirm(zoe, &meeting, &check).await.is(200);
    zoe.get(&meeting.path("/presence-checks")).await.problem(401, "UNAUTHENTICATED");
    ask(zuri, &meeting, json!({})).await.problem(401, "UNAUTHENTICATED");
    let elsewhere = organization.meeting().create().await;
    confirm(zuri, &elsewhere, &check).await.problem(404, "NOT_FOUND");
    app.pass(Duration::seconds(61));
    look(&app).await;
    let listed = &checks(&organization.admin, &meeting).await[0];
    assert_eq!(counts(listed), [2, 1, 1]);
    assert!(listed["people"].as_array().expect("people").iter().all(|it| it["is_guest"] == true), "{listed}");
    let report = organization.admin.get(&meeting.path("/attendance")).await.is(200);
    let of = |name: &str| {
        let items = report["items"].as_array().expect("items").iter();
        let mut found = items.filter(|it| it["guest_name"].as_str().is_some_and(|it| it.starts_with(name)));
        found.next().expect("the guest")["checks"].clone()
    };
    assert_eq!(of("Zoë"), json!({"asked": 1, "confirmed": 1}));
    assert_eq!(of("Zuri"), json!({"asked": 1, "confirmed": 0}));
    let actor: String =
        app.value("select actor_type from audit_log where action = 'presence_check.confirmed'").await;
    assert_eq!(actor, "guest");
}

// Who has gone has not missed anything, and nobody has when the meeting ends.
#[tokio::test]
async fn who_left_before_the_end_has_not_missed_it() {
    let app = TestApp::start().await;
    let mut room = Room::new(&app).await;
    let host = room.organization.admin.clone();
    let check = ask(&host, &room.meeting, json!({})).await.is(201);
    app.pass(Duration::seconds(30));
    app.go(&room.connections.pop().expect("Ben")).await;
    confirm(&room.ben, &room.meeting, &check).await.problem(409, "NOT_PRESENT");
    app.pass(Duration::seconds(90));
    look(&app).await;
    let listed = &checks(&host, &room.meeting).await[0];
    assert_eq!(counts(listed), [3, 1, 1]);
    assert_eq!(listed["closed_at"], check["closes_at"], "however late a worker looks");
    assert!(outcomes(listed).contains(&(room.ben.name.clone(), "left".to_owned())), "{listed}");
    // The report counts what was theirs to confirm.
    let report = host.get(&room.meeting.path("/attendance")).await.is(200);
    let of = |person: &Person| {
        let items = report["items"].as_array().expect("items").iter();
        items.clone().find(|it| it["user"]["id"] == person.id.as_str()).expect("they are there")["checks"]
            .clone()
    };
    assert_eq!(report["summary"]["presence_checks"], 1);
    assert_eq!(of(&host), json!({"asked": 1, "confirmed": 1}));
    assert_eq!(of(&room.ann), json!({"asked": 1, "confirmed": 0}));
    assert_eq!(of(&room.ben), json!({"asked": 0, "confirmed": 0}));
    // The meeting ends in the middle of the next.
    let second = ask(&host, &room.meeting, json!({})).await.is(201);
    app.pass(Duration::seconds(10));
    host.post(&room.meeting.path("/end"), json!({})).await.is(200);
    confirm(&room.ann, &room.meeting, &second).await.problem(409, "CHECK_CLOSED");
    app.pass(Duration::minutes(5));
    app.run_jobs().await;
    app.settle().await;
    look(&app).await;
    let listed = checks(&host, &room.meeting).await;
    assert_eq!(listed[1]["closed_at"], json!(beginning() + Duration::seconds(130)));
    assert_eq!(counts(&listed[1]), [2, 1, 0]);
    ask(&host, &room.meeting, json!({})).await.problem(409, "MEETING_ENDED");
    assert_eq!(
        app.value::<i64>("select count(*) from audit_log where action = 'presence_check.missed'").await,
        1
    );
}

#[tokio::test]
async fn nobody_is_asked_where_nobody_is() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting =
        organization.meeting().set("settings", json!({"presence_checks_per_hour": 12})).create().await;
    ask(&organization.admin, &meeting, json!({})).await.problem(409, "NOT_IN_PROGRESS");
    let connection = app.enter(&organization.admin, &meeting).await;
    app.go(&connection).await;
    ask(&organization.admin, &meeting, json!({})).await.problem(409, "NOBODY_THERE");
    app.pass(Duration::minutes(20));
    look(&app).await;
    assert!(checks(&organization.admin, &meeting).await.is_empty());
}

/// The minutes of an hour after the beginning at which a meeting's checks opened.
fn seconds(checks: &[Value]) -> Vec<i64> {
    let at = |check: &Value| -> DateTime<Utc> {
        check["opened_at"].as_str().and_then(|text| text.parse().ok()).expect("a time")
    };
    checks.iter().map(|check| (at(check) - beginning()).num_seconds()).collect()
}

// Random times: so many an hour, apart, not at the beginning, each made once by whichever worker, and the same after a
// restart.
#[tokio::test]
async fn checks_come_by_themselves_at_times_that_nobody_foretells() {
    let app = TestApp::start().await;
    let rooms = [
        Room::with(&app, json!({"presence_checks_per_hour": 4})).await,
        Room::with(&app, json!({"presence_checks_per_hour": 4})).await,
        Room::with(&app, json!({"presence_checks_per_hour": null})).await,
    ];
    // Another worker, as in another process or after a restart: it knows what the first knows.
    let second =
        server::app::App::new((*app.app.config).clone(), app.clock.clone()).expect("it fits together");
    for step in 0..240 {
        app.pass(Duration::seconds(15));
        if step % 40 < 20 {
            let (a, b) =
                tokio::join!(server::presence_checks::run(&app.app), server::presence_checks::run(&second));
            a.and(b).expect("the database answers");
        } else {
            // Only one of them runs.
            server::presence_checks::run(&second).await.expect("the database answers");
        }
    }
    let mut all = Vec::new();
    for room in &rooms[..2] {
        let made = checks(room.host(), &room.meeting).await;
        assert!(made.iter().all(|check| check["asked"] == 3 && check["asked_by"].is_null()), "{made:?}");
        let times = seconds(&made);
        assert_eq!(times.len(), 4, "{times:?}");
        for (number, time) in (0_i64..).zip(&times) {
            assert!((number * 900..(number + 1) * 900).contains(time), "{times:?}");
        }
        assert!(times[0] >= 120 && times.windows(2).all(|pair| pair[1] - pair[0] >= 120), "{times:?}");
        all.push(times);
    }
    assert_ne!(all[0], all[1], "each meeting has its own times");
    assert!(checks(rooms[2].host(), &rooms[2].meeting).await.is_empty());
    let twice = "select count(*) from (select from audit_log where action = 'presence_check.opened' group by entity_id having count(*) > 1) x";
    assert_eq!(app.value::<i64>(twice).await, 0);
}

// What a host asks by hand keeps those that come by themselves away for two minutes.
#[tokio::test]
async fn a_check_by_hand_and_one_by_itself_are_apart() {
    let app = TestApp::start().await;
    let room = Room::with(&app, json!({"presence_checks_per_hour": 12})).await;
    let mut by_hand = 0;
    for _ in 0..120 {
        app.pass(Duration::seconds(15));
        let open = latest(room.host(), &room.meeting).await;
        if by_hand < 10
            && app.clock.now().timestamp() % 100 < 15
            && (open.is_null() || !open["closed_at"].is_null())
        {
            ask(room.host(), &room.meeting, json!({"seconds": 20})).await.is(201);
            by_hand += 1;
        }
        look(&app).await;
    }
    let made = checks(room.host(), &room.meeting).await;
    let times = seconds(&made);
    let own = made.iter().map(|check| check["asked_by"].is_null());
    let own: Vec<bool> = own.collect();
    assert!(own.iter().any(|it| *it) && own.iter().any(|it| !*it), "{own:?}");
    for (number, pair) in times.windows(2).enumerate() {
        assert!(!own[number + 1] || pair[1] - pair[0] >= 120, "{times:?} {own:?}");
    }
}

// The events name nobody who has answered; the audit log and the timeline do.
#[tokio::test]
async fn the_record_tells_of_it() {
    let app = TestApp::start().await;
    let room = Room::new(&app).await;
    let (host, meeting) = (room.host(), &room.meeting);
    let check = ask(host, meeting, json!({})).await.is(201);
    confirm(&room.ann, meeting, &check).await.is(200);
    app.pass(Duration::seconds(60));
    look(&app).await;
    let told: Vec<(String, Value)> = sqlx::query_as(
        "select event, data from meeting_events where meeting_id = $1 and event like 'presence_check.%' order by seq",
    )
    .bind(meeting.id.parse::<uuid::Uuid>().expect("an id"))
    .fetch_all(&mut app.database().await)
    .await
    .expect("the events");
    assert_eq!(
        told,
        [
            (
                "presence_check.opened".to_owned(),
                json!({"id": check["id"], "opened_at": check["opened_at"].as_str().expect("a time").replace('Z', "+00:00"),
                       "closes_at": check["closes_at"].as_str().expect("a time").replace('Z', "+00:00")})
            ),
            ("presence_check.closed".to_owned(), json!({"id": check["id"]})),
        ]
    );
    let story = host.get(&meeting.path("/timeline?kind=presence_check")).await.is(200);
    let items = story["items"].as_array().expect("items");
    let told = |kind: &str| {
        let kind = format!("presence_check.{kind}");
        items.iter().filter(move |item| item["kind"] == kind)
    };
    assert_eq!(["opened", "confirmed", "closed", "missed"].map(|kind| told(kind).count()), [1, 2, 1, 1]);
    let opened = told("opened").next().expect("it is told");
    assert_eq!(opened["actor"]["id"], host.id.as_str());
    assert!(told("confirmed").any(|item| item["actor"]["id"] == room.ann.id.as_str()));
    let changes = |item: &Value| item["data"]["changes"].clone();
    let missed = changes(told("missed").next().expect("it is told"));
    assert!(
        missed
            .as_array()
            .expect("changes")
            .contains(&json!({"field": "name", "before": null, "after": room.ben.name}))
    );
    let closed = changes(told("closed").next().expect("it is told"));
    assert!(
        closed
            .as_array()
            .expect("changes")
            .contains(&json!({"field": "confirmed", "before": null, "after": 2}))
    );
    // The table has it too.
    let table = host.get(&meeting.path("/attendance.csv")).await.text();
    let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().expect("a head");
    let column = head.iter().position(|name| *name == "checks_asked").expect("the column");
    assert_eq!(head[column + 1], "checks_confirmed");
    let mut tallies: Vec<_> = lines.map(|line| (line[column], line[column + 1])).collect();
    tallies.sort_unstable();
    assert_eq!(tallies, [("1", "0"), ("1", "1"), ("1", "1")]);
    // Nobody changes it afterwards, not even the owner.
    for sql in [
        "update presence_checks set asked = '{}'",
        "update presence_checks set closed_at = null, confirmed = null",
        "update presence_confirmations set confirmed_at = now()",
    ] {
        sqlx::query(sql).execute(&mut app.database().await).await.expect_err(sql);
    }
    // An account that is erased leaves its id.
    let mut database = app.database().await;
    sqlx::query("update presence_checks set asked_by = null").execute(&mut database).await.expect("it goes");
}
