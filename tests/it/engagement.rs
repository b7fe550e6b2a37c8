//! Reputation and engagement of members, and the sums behind them.

use chrono::{DateTime, Duration, Utc};
use harness::{Meeting, Organization, Person, TestApp, Value, json};
use server::{
    attendance::{
        presence::Rules,
        report::{Frame, left_early},
    },
    reports::activity,
};

use crate::service_access::key;

/// Excuses somebody from a meeting, as its host does.
pub async fn excuse(app: &TestApp, organization: &Organization<'_>, meeting: &Meeting, person: &Person) {
    sqlx::query(
        "insert into attendance_excuses (organization_id, meeting_id, user_id, reason, excused_at)
         values ($1::uuid, $2::uuid, $3, '=Ill', now())",
    )
    .bind(organization.id.parse::<uuid::Uuid>().expect("an id"))
    .bind(meeting.id.parse::<uuid::Uuid>().expect("an id"))
    .bind(person.user_id().0)
    .execute(&mut app.database().await)
    .await
    .expect("an excuse");
}

/// A meeting of an hour: the admin and the first are there all the time, the second comes after a quarter of an hour, the
/// third stays away, and so does the fourth, who is excused.
pub async fn held(app: &TestApp, organization: &Organization<'_>, people: &[Person; 4]) -> Meeting {
    let host = &organization.admin;
    let [prompt, late, absent, ill] = people;
    let meeting =
        organization.meeting().invite(prompt).invite(late).invite(absent).invite(ill).create().await;
    let mut there = vec![app.enter(host, &meeting).await, app.enter(prompt, &meeting).await];
    prompt.post(&meeting.path("/chat"), json!({"type": "text", "content": "hello"})).await.is(201);
    app.pass(Duration::minutes(15));
    there.push(app.enter(late, &meeting).await);
    app.pass(Duration::minutes(45));
    for connection in &there {
        app.go(connection).await;
    }
    host.post(&meeting.path("/end"), json!({})).await.is(200);
    app.settle().await;
    excuse(app, organization, &meeting, ill).await;
    meeting
}

/// Four members.
pub async fn four(organization: &Organization<'_>) -> [Person; 4] {
    [
        organization.member("member").await,
        organization.member("member").await,
        organization.member("member").await,
        organization.member("member").await,
    ]
}

fn points(member: &Value) -> Vec<&Value> {
    member["parts"].as_array().expect("parts").iter().map(|part| &part["points"]).collect()
}

// ANA-04, ANA-05, ANA-08, ATT-09
#[tokio::test]
async fn who_comes_in_time_and_takes_part_has_more_points() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let people = four(&organization).await;
    let [prompt, late, absent, ill] = &people;
    held(&app, &organization, &people).await;
    // What is still going on counts for nothing yet.
    let going_on = organization.meeting().invite(absent).create().await;
    app.enter(host, &going_on).await;
    app.pass(Duration::minutes(1));

    let path = organization.path("/reports/engagement");
    let report = host.get(&path).await.is(200);
    assert_eq!(
        report["weights"],
        json!({"attendance": 5, "punctuality": 3, "presence": 3, "messages": 1, "hands": 1, "speaking": 1})
    );
    let items = report["items"].as_array().expect("items");
    let order: Vec<&Value> = items.iter().map(|item| &item["user"]["id"]).collect();
    assert_eq!(order, [&prompt.id, &host.id, &late.id, &absent.id, &ill.id]);
    let totals = |item: &Value| json!([item["score"], item["reputation"], item["engagement"]]);
    assert_eq!(totals(&items[0]), json!([82.1, 100.0, 58.3]));
    assert_eq!(json!(points(&items[0])), json!([100.0, 100.0, 100.0, 50.0, 0.0, 0.0]));
    assert_eq!(totals(&items[2]), json!([51.8, 62.5, 37.5]));
    assert_eq!(json!(points(&items[2])), json!([100.0, 0.0, 75.0, 0.0, 0.0, 0.0]));
    assert_eq!(totals(&items[3]), json!([0.0, 0.0, null]));
    assert_eq!(totals(&items[4]), json!([null, null, null]), "an excuse counts for nothing");
    assert_eq!(
        items[0]["parts"][3],
        json!({"topic": "messages", "side": "engagement", "value": 1.0, "reference": 2.0, "total": 1.0, "weight": 1,
               "points": 50.0})
    );
    assert_eq!(&host.all(&path, 2).await, items);
    for order in ["score", "reputation", "engagement", "name"] {
        let path = format!("{path}?order={order}");
        assert_eq!(json!(host.all(&path, 2).await), host.get(&path).await.is(200)["items"], "{order}");
    }
    let by_name = host.get(&format!("{path}?order=name")).await.is(200);
    assert_eq!(by_name["items"][0]["user"]["id"], host.id.as_str());
    host.get(&format!("{path}?order=luck")).await.is(422);

    // The same once the sums are stored, and for a period that they cover in part.
    for _ in 0..2 {
        activity::refresh(&app.app).await.expect("the database answers");
        let shown =
            host.get(&format!("{path}?from=2026-11-20T00:00:00Z&to=2027-01-01T00:00:00Z")).await.is(200);
        assert_eq!(shown["items"], report["items"]);
    }
    assert_eq!(app.value::<i64>("select count(*) from activity_scores").await, 5);
    let later = host.get(&format!("{path}?from=2026-12-02T00:00:00Z&to=2027-01-01T00:00:00Z")).await.is(200);
    assert_eq!(later["items"], json!([]));

    // Each their own, officers everybody's, and nobody else anybody's.
    let own = late.get(&format!("{path}/{}", late.id)).await.is(200);
    assert_eq!((&own["score"], &own["parts"]), (&items[2]["score"], &items[2]["parts"]));
    assert_eq!(own["user"], json!({"id": late.id, "name": late.name}));
    assert_eq!(host.get(&format!("{path}/{}", late.id)).await.is(200)["parts"], own["parts"]);
    late.get(&format!("{path}/{}", prompt.id)).await.problem(403, "FORBIDDEN");
    late.get(&path).await.problem(403, "FORBIDDEN");
    late.get(&organization.path("/reports/engagement.csv")).await.problem(403, "FORBIDDEN");
    let other = app.organization().await;
    other.admin.get(&path).await.problem(404, "NOT_FOUND");
    host.get(&format!("{path}/{}", other.admin.id)).await.problem(404, "NOT_FOUND");
    let newcomer = organization.member("member").await;
    let none = newcomer.get(&format!("{path}/{}", newcomer.id)).await.is(200);
    assert_eq!((&none["score"], points(&none)), (&Value::Null, vec![&Value::Null; 6]));
    let (reader, _) = key(&app, &organization, &["attendance.read"]).await;
    assert_eq!(reader.get(&path).await.is(200)["items"], report["items"]);

    let csv = host.get(&organization.path("/reports/engagement.csv")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let text = csv.text();
    let line = text.lines().find(|line| line.starts_with(&late.id)).expect("their line");
    assert_eq!(line, format!("{},{},51.8,62.5,37.5,100,0,75,0,0,0", late.id, late.name));
    assert!(text.lines().any(|line| line == format!("{},{},,,,,,,,,", ill.id, ill.name)), "{text}");
}

// ANA-04
#[tokio::test]
async fn an_organization_weighs_and_switches_off() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let people = four(&organization).await;
    let late = &people[1];
    held(&app, &organization, &people).await;
    let settings = organization.path("/settings");
    let path = organization.path("/reports/engagement");
    let weights = |presence: i32, punctuality: i32| {
        json!({"engagement_weights": {"attendance": 0, "punctuality": punctuality, "presence": presence, "messages": 0,
                                      "hands": 0, "speaking": 0}})
    };
    host.patch(&settings, weights(1, 0)).await.is(200);
    let own = late.get(&format!("{path}/{}", late.id)).await.is(200);
    assert_eq!(json!([own["score"], own["reputation"], own["engagement"]]), json!([75.0, null, 75.0]));
    host.patch(&settings, weights(1, 2)).await.is(200);
    assert_eq!(late.get(&format!("{path}/{}", late.id)).await.is(200)["score"], 25.0);
    host.patch(&settings, weights(11, 0)).await.fault_at("/engagement_weights/presence");
    late.patch(&settings, weights(1, 1)).await.problem(403, "FORBIDDEN");
    for off in [weights(0, 0), json!({"engagement": false, "engagement_weights": null})] {
        host.patch(&settings, off).await.is(200);
        for path in [path.clone(), format!("{path}/{}", late.id), format!("{path}.csv")] {
            host.get(&path).await.problem(409, "ENGAGEMENT_OFF");
        }
    }
    host.patch(&settings, json!({"engagement": null})).await.is(200);
    assert_eq!(host.get(&path).await.is(200)["weights"]["attendance"], 5);
}

// ANA-08
#[tokio::test]
async fn what_is_corrected_is_counted_anew_and_nothing_twice() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let people = four(&organization).await;
    let absent = &people[2];
    let meeting = held(&app, &organization, &people).await;
    let path = organization.path("/reports/absences");
    let figures = async |person: &Person| {
        let report = host.get(&path).await.is(200);
        let summary = report["summary"].as_array().expect("a summary");
        summary.iter().find(|it| it["user"]["id"] == person.id.as_str()).expect("they were invited").clone()
    };
    app.pass(Duration::minutes(1));
    activity::refresh(&app.app).await.expect("the database answers");
    assert_eq!(figures(absent).await["absent"], 1);
    // The sums are not there yet, and the report tells what is true.
    excuse(&app, &organization, &meeting, absent).await;
    assert_eq!(app.value::<i64>("select count(*) from activity_changes").await, 1);
    let after = figures(absent).await;
    assert_eq!(
        (&after["absent"], &after["excused"], &after["attendance_rate"]),
        (&json!(0), &json!(1), &Value::Null)
    );
    activity::refresh(&app.app).await.expect("the database answers");
    assert_eq!(figures(absent).await, after);
    // A correction of the attendance, a meeting on another day of another month, one that is gone.
    app.execute("update meeting_participants set duration_seconds = duration_seconds + 60, is_late = false where is_late").await;
    assert_eq!(
        (&figures(&people[1]).await["late"], &figures(&people[1]).await["duration_seconds"]),
        (&json!(0), &json!(2760.0))
    );
    app.execute("update meetings set scheduled_start = scheduled_start - interval '40 days'").await;
    activity::refresh(&app.app).await.expect("the database answers");
    assert_eq!(app.value::<i64>("select count(distinct month) from activity_scores").await, 1);
    assert_eq!(figures(absent).await, after);
    app.execute("delete from meetings").await;
    assert_eq!(host.get(&path).await.is(200)["summary"], json!([]));
    activity::refresh(&app.app).await.expect("the database answers");
    assert_eq!(app.value::<i64>("select count(*) from activity_scores").await, 0);
    assert_eq!(app.value::<i64>("select count(*) from activity_changes").await, 0);
}

// ANA-08
#[tokio::test]
async fn the_sums_say_what_the_record_says_whatever_the_period() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    four(&organization).await;
    // A year of meetings in which all sorts of things happen.
    sqlx::query(
        "with plan as (
             select n, uuid_v7(now()) as id, '2025-11-20 10:00Z'::timestamptz + n * interval '37 hours' as at,
                    random() < 0.8 as is_over from generate_series(1, 250) n),
         made as (
             insert into meetings (id, organization_id, title, scheduled_start, scheduled_end, actual_start, actual_end, status, room_name)
             select id, $1, 'M', at, at + interval '1 hour', at, at + random() * interval '2 hours',
                    case when is_over then 'completed' else 'cancelled' end::meeting_status, id::text from plan returning id, scheduled_start)
         insert into meeting_participants (meeting_id, organization_id, user_id, status, first_joined_at, last_left_at,
                 duration_seconds, is_late, messages_sent, hand_raised_count, speaking_seconds)
         select m.id, $1, o.user_id, 'left', case when r < 0.7 then m.scheduled_start + r * interval '10 minutes' end,
                case when r < 0.7 then m.scheduled_start + interval '30 minutes' end, case when r < 0.7 then r * 6000 else 0 end,
                r < 0.2, (r * 10)::int, (r * 3)::int, r * 300
         from made m, organization_members o, lateral (select random() as r where m.id is not null and o.user_id is not null) x
         where o.organization_id = $1",
    )
    .bind(organization.id.parse::<uuid::Uuid>().expect("an id"))
    .execute(&mut app.database().await)
    .await
    .expect("meetings");
    app.execute(
        "insert into attendance_excuses (organization_id, meeting_id, user_id, reason, excused_at)
         select organization_id, meeting_id, user_id, 'Ill', now() from meeting_participants where random() < 0.2",
    )
    .await;
    let periods = [
        "from=2025-11-01T00:00:00Z&to=2027-01-01T00:00:00Z",
        "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z",
        "from=2026-01-10T11:00:00Z&to=2026-01-20T07:30:00Z",
        "from=2025-12-31T21:00:00Z&to=2026-11-30T21:00:00Z",
    ];
    let read = async || {
        let mut found = Vec::new();
        for period in periods {
            let report =
                host.get(&organization.path(&format!("/reports/absences?limit=1&{period}"))).await.is(200);
            let scores = host.get(&organization.path(&format!("/reports/engagement?{period}"))).await.is(200);
            found.push((report["summary"].clone(), scores["items"].clone()));
        }
        found
    };
    let by_record = read().await;
    assert_eq!(by_record[0].0.as_array().expect("people").len(), 5);
    activity::refresh(&app.app).await.expect("the database answers");
    assert_eq!(app.value::<i64>("select count(*) from activity_changes").await, 0);
    let by_sums = read().await;
    for (record, sums) in by_record.iter().zip(&by_sums) {
        // Sums of the same numbers in another order may differ where nobody looks.
        for (record, sums) in [(&record.0, &sums.0), (&record.1, &sums.1)] {
            same(record, sums);
        }
    }
    // The list has each of them once: as many as are counted.
    let first = &by_sums[0].0;
    let counted: i64 = ["absent", "excused", "late", "left_early"]
        .iter()
        .flat_map(|kind| {
            first.as_array().expect("people").iter().map(move |it| it[kind].as_i64().expect("a number"))
        })
        .sum();
    let listed = host.all(&organization.path(&format!("/reports/absences?{}", periods[0])), 100).await;
    assert_eq!(i64::try_from(listed.len()).expect("few"), counted);
}

/// The same JSON but for the last places of numbers.
fn same(a: &Value, b: &Value) {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).for_each(|(a, b)| same(a, b));
        }
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            a.iter().for_each(|(key, a)| same(a, &b[key]));
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().expect("a number"), b.as_f64().expect("a number"));
            assert!((a - b).abs() < 0.11, "{a} is not {b}");
        }
        _ => assert_eq!(a, b),
    }
}

// ATT-05
#[tokio::test]
async fn the_database_and_the_program_agree_on_who_left_early() {
    /// When somebody left, the scheduled and the actual end, the threshold in minutes, and whether that was early.
    type Case = (DateTime<Utc>, Option<DateTime<Utc>>, Option<DateTime<Utc>>, i32, bool);
    let app = TestApp::start().await;
    let rows: Vec<Case> = sqlx::query_as(
        "select left_at, scheduled, actual, threshold,
                check_participant_left_early(false, left_at, scheduled, actual, threshold)
         from (select '2026-12-01 10:00Z'::timestamptz + (l * 7) * interval '10 seconds' as left_at,
                      '2026-12-01 10:00Z'::timestamptz + s * interval '1 minute' as scheduled,
                      '2026-12-01 10:00Z'::timestamptz + a * interval '1 minute' as actual, t as threshold
               from generate_series(0, 60) l, unnest(array[null, 30, 60]) s, unnest(array[null, 1, 29, 61]) a,
                    unnest(array[0, 1, 5]) t) x",
    )
    .fetch_all(&mut app.database().await)
    .await
    .expect("cases");
    assert_eq!(rows.len(), 61 * 3 * 4 * 3);
    for (left_at, scheduled_end, actual_end, threshold, found) in rows {
        let frame = Frame {
            scheduled_start: left_at,
            scheduled_end,
            actual_start: None,
            actual_end,
            late_threshold_minutes: threshold.into(),
            rules: Rules::default(),
        };
        assert_eq!(
            left_early(frame, left_at),
            found,
            "{left_at} {scheduled_end:?} {actual_end:?} {threshold}"
        );
    }
}
