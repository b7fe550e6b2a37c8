//! Who may call what: every operation of the description, as everybody there is.
//!
//! The table is the whole truth about rights; an operation that is not in it fails the test.

use std::{collections::BTreeSet, fmt::Write};

use harness::{Answer, Meeting, Organization, Person, TestApp, Value, json, spec::SPEC};

/// What each caller is answered: `ok` is a status of 2xx, a number that very status.
///
/// nobody: no token · admin, chair, secr, member: of the organization, not invited · part: an invited member ·
/// host: a secretary who hosts the meeting · other: admin of another organization.
const TABLE: &str = "
operation                                         nobody admin chair secr member part host other
POST   /auth/setup                                   403   403   403  403    403  403  403   403
POST   /auth/login                                   401   401   401  401    401  401  401   401
POST   /auth/refresh                                 401   401   401  401    401  401  401   401
POST   /auth/logout                                   ok    ok    ok   ok     ok   ok   ok    ok
POST   /auth/invitations/{token}                     404   404   404  404    404  404  404   404
POST   /auth/login/second-factor                     401   401   401  401    401  401  401   401
POST   /auth/password-reset                           ok    ok    ok   ok     ok   ok   ok    ok
POST   /auth/password-reset/complete                 404   404   404  404    404  404  404   404
GET    /me                                           401    ok    ok   ok     ok   ok   ok    ok
POST   /me/password                                  401   409   409  409    409  409  409   409
GET    /me/sessions                                  401    ok    ok   ok     ok   ok   ok    ok
DELETE /me/sessions                                  401    ok    ok   ok     ok   ok   ok    ok
DELETE /me/sessions/{id}                             401   404   404  404    404  404  404   404
GET    /me/second-factor                             401    ok    ok   ok     ok   ok   ok    ok
POST   /me/second-factor                             401   409   409  409    409  409  409   409
POST   /me/second-factor/confirm                     401   409   409  409    409  409  409   409
POST   /me/second-factor/recovery-codes              401   409   409  409    409  409  409   409
POST   /me/second-factor/disable                     401   409   409  409    409  409  409   409
GET    /mailbox                                      401   403   403  403    403  403  403   403
GET    /mailbox/{id}                                 401   403   403  403    403  403  403   403
POST   /organizations                                401    ok    ok   ok     ok   ok   ok    ok
GET    /organizations/{org}                          401    ok    ok   ok     ok   ok   ok   404
PATCH  /organizations/{org}                          401    ok   403  403    403  403  403   404
GET    /organizations/{org}/members                  401    ok    ok   ok     ok   ok   ok   404
POST   /organizations/{org}/members                  401    ok   403  403    403  403  403   404
PATCH  /organizations/{org}/members/{user}           401    ok   403  403    403  403  403   404
DELETE /organizations/{org}/members/{user}           401    ok   403  403    403  403  403   404
GET    /organizations/{org}/permissions              401    ok    ok   ok     ok   ok   ok   404
PUT    /organizations/{org}/permissions              401    ok   403  403    403  403  403   404
GET    /organizations/{org}/field-rules              401    ok    ok   ok     ok   ok   ok   404
PUT    /organizations/{org}/field-rules              401    ok   403  403    403  403  403   404
GET    /organizations/{org}/audit                    401    ok   403  403    403  403  403   404
GET    /organizations/{org}/audit.csv                401    ok   403  403    403  403  403   404
GET    /organizations/{org}/meetings                 401    ok    ok   ok     ok   ok   ok   404
POST   /organizations/{org}/meetings                 401    ok    ok   ok    403  403   ok   404
POST   /organizations/{org}/meetings/instant         401    ok    ok   ok    403  403   ok   404
GET    /organizations/{org}/recordings               401    ok    ok   ok     ok   ok   ok   404
GET    /meetings                                     401    ok    ok   ok     ok   ok   ok    ok
GET    /meetings/{id}                                401    ok    ok   ok     ok   ok   ok   404
PATCH  /meetings/{id}                                401   403   403  403    403  403   ok   404
PUT    /meetings/{id}                                401   403   403  403    403  403   ok   404
DELETE /meetings/{id}                                401   403   403  403    403  403   ok   404
POST   /meetings/{id}/cancel                         401   403   403  403    403  403   ok   404
POST   /meetings/{id}/end                            401   403   403  403    403  403   ok   404
POST   /meetings/{id}/invite                         401    ok    ok   ok    403  403   ok   404
GET    /meetings/{id}/participants                   401    ok    ok   ok    403   ok   ok   404
PATCH  /meetings/{id}/participants/{user}            401   403   403  403    403  403   ok   404
DELETE /meetings/{id}/participants/{user}            401   403   403  403    403  403   ok   404
POST   /meetings/{id}/participants/{user}/mute       401   403   403  403    403  403   ok   404
POST   /meetings/{id}/participants/{user}/remove     401   403   403  403    403  403   ok   404
POST   /meetings/{id}/mute-all                       401   403   403  403    403  403   ok   404
POST   /meetings/{id}/response                       401   403   403  403    403   ok   ok   404
POST   /meetings/{id}/join                           401   403   403  403    403   ok   ok   404
POST   /meetings/{id}/leave                          401   403   403  403    403   ok   ok   404
GET    /meetings/{id}/lobby                          401   403   403  403    403  403   ok   404
POST   /meetings/{id}/lobby/{user}/admit             401   403   403  403    403  403   ok   404
POST   /meetings/{id}/lobby/{user}/deny              401   403   403  403    403  403   ok   404
GET    /meetings/{id}/chat                           401   403   403  403    403   ok   ok   404
POST   /meetings/{id}/chat                           401   403   403  403    403   ok   ok   404
GET    /meetings/{id}/events                         401   403   403  403    403   ok   ok   404
GET    /meetings/{id}/attendance                     401    ok    ok   ok    403  403   ok   404
GET    /meetings/{id}/attendance.csv                 401    ok    ok   ok    403  403   ok   404
GET    /meetings/{id}/recordings                     401    ok    ok   ok     ok   ok   ok   404
POST   /meetings/{id}/recordings                     401   403   403  403    403  403   ok   404
GET    /recordings/{id}                              401   404   404  404    404  404   ok   404
POST   /recordings/{id}/stop                         401   404   404  404    404  404   ok   404
PUT    /recordings/{id}/access                       401   404   404  404    404  404   ok   404
POST   /recordings/{id}/playback                     401   404   404  404    404  404  409   404
GET    /recordings/{id}/download                     401   404   404  404    404  404  409   404
DELETE /recordings/{id}                              401   404   404  404    404  404  409   404
GET    /system/organizations                         401   403   403  403    403  403  403   403
POST   /system/organizations/{org}/suspend           401   403   403  403    403  403  403   403
POST   /system/organizations/{org}/resume            401   403   403  403    403  403  403   403
GET    /system/admins                                401   403   403  403    403  403  403   403
POST   /system/admins                                401   403   403  403    403  403  403   403
DELETE /system/admins/{user}                         401   403   403  403    403  403  403   403
GET    /system/audit                                 401   403   403  403    403  403  403   403
POST   /webhooks/livekit                             403   403   403  403    403  403  403   403
";

/// Operations that change something and need not be in the audit log after a success of this test, and why.
const NOT_AUDITED_HERE: &[(&str, &str)] = &[
    ("POST /auth/setup", "nobody may twice; audit::whoever_signs_in_or_out_is_named"),
    ("POST /auth/login", "audit::whoever_signs_in_or_out_is_named"),
    ("POST /auth/logout", "audit::whoever_signs_in_or_out_is_named"),
    ("POST /auth/invitations/{token}", "audit::whoever_signs_in_or_out_is_named"),
    ("POST /auth/login/second-factor", "opens a session; sessions are under audit"),
    ("POST /auth/password-reset", "leaves a job for whoever has that address, and changes nothing yet"),
    ("POST /auth/password-reset/complete", "password_resets and credentials are under audit"),
    ("POST /me/password", "audit::what_people_do_to_their_own_account_is_logged"),
    ("DELETE /me/sessions", "audit::what_people_do_to_their_own_account_is_logged"),
    ("DELETE /me/sessions/{id}", "sessions are under audit"),
    ("POST /me/second-factor", "audit::what_people_do_to_their_own_account_is_logged"),
    ("POST /me/second-factor/confirm", "second_factors are under audit"),
    ("POST /me/second-factor/recovery-codes", "recovery_codes are under audit"),
    ("POST /me/second-factor/disable", "second_factors are under audit"),
    ("POST /auth/refresh", "renews a sign-in that is in the log"),
    ("POST /meetings/{id}/join", "in the trail of movements (attendance_log), as every request to enter"),
    ("POST /meetings/{id}/leave", "in the trail of movements"),
    ("POST /recordings/{id}/playback", "audit::access_to_recordings_is_logged"),
    ("DELETE /recordings/{id}", "audit::access_to_recordings_is_logged"),
    (
        "POST /system/organizations/{org}/suspend",
        "system::nobody_works_in_a_suspended_organization_until_it_goes_on",
    ),
    (
        "POST /system/organizations/{org}/resume",
        "system::nobody_works_in_a_suspended_organization_until_it_goes_on",
    ),
    ("POST /system/admins", "system::the_last_administrator_stays_one"),
    ("DELETE /system/admins/{user}", "system::the_last_administrator_stays_one"),
];

/// Whether a request left a row in the audit log that names its caller.
async fn is_audited(app: &TestApp, answer: &Answer, caller: &Person) -> bool {
    sqlx::query_scalar(
        "select exists (select from audit_log where correlation_id = $1 and actor_type = 'user' and actor_id = $2)",
    )
    .bind(answer.header("x-correlation-id"))
    .bind(caller.user_id().0)
    .fetch_one(&mut app.database().await)
    .await
    .expect("the log")
}

/// Everybody who calls, in the order of the table.
struct Callers {
    people: Vec<Option<Person>>,
    host: Person,
    participant: Person,
}

impl Callers {
    async fn of(organization: &Organization<'_>, other: &Organization<'_>) -> Self {
        let (chair, secretary) =
            (organization.member("chairperson").await, organization.member("secretary").await);
        let (member, participant) =
            (organization.member("member").await, organization.member("member").await);
        let host = organization.member("secretary").await;
        let people = vec![
            None,
            Some(organization.admin.clone()),
            Some(chair),
            Some(secretary),
            Some(member),
            Some(participant.clone()),
            Some(host.clone()),
            Some(other.admin.clone()),
        ];
        Self { people, host, participant }
    }
}

fn body(operation: &str, target: &str, number: usize) -> Value {
    match operation {
        "POST /auth/setup" => {
            json!({"setup_token": "x", "email": "a@b.test", "password": "a good password", "name": "A", "organization_name": "O"})
        }
        "POST /auth/login" => json!({"email": format!("nobody{number}@example.test"), "password": "x"}),
        "POST /auth/login/second-factor" => json!({"challenge": "made-up", "code": "000000"}),
        "POST /auth/password-reset" => json!({"email": format!("nobody{number}@example.test")}),
        "POST /auth/password-reset/complete" => json!({"token": "made-up", "password": "a good password"}),
        "POST /me/password" => json!({"current_password": "x", "password": "a good password"}),
        "POST /me/second-factor" => json!({"password": "x"}),
        "POST /me/second-factor/confirm" => json!({"code": "000000"}),
        "POST /me/second-factor/recovery-codes" | "POST /me/second-factor/disable" => {
            json!({"password": "x", "code": "000000"})
        }
        "POST /auth/invitations/{token}" => json!({"name": "A", "password": "a good password"}),
        "POST /organizations" => json!({"name": "New"}),
        "PATCH /organizations/{org}" => json!({"name": "Renamed"}),
        "POST /organizations/{org}/members" => {
            json!({"email": format!("new{number}@example.test"), "name": "New", "role": "member"})
        }
        "PATCH /organizations/{org}/members/{user}" => json!({"role": "secretary"}),
        "POST /organizations/{org}/meetings" => {
            json!({"title": "T", "scheduled_start": "2026-12-02T09:00:00Z"})
        }
        "POST /organizations/{org}/meetings/instant" => json!({"title": "T"}),
        // Nothing that this test looks at depends on them.
        "PUT /organizations/{org}/permissions" => {
            json!({"permissions": {"resources.manage": ["secretary"]}})
        }
        "PUT /organizations/{org}/field-rules" => json!({"hidden": {"member.avatar": ["member"]}}),
        "POST /system/admins" => json!({"email": "nobody@example.test"}),
        "PATCH /meetings/{id}" | "PUT /meetings/{id}" => json!({"title": "Changed"}),
        "POST /meetings/{id}/invite" => json!({"user_ids": [target]}),
        "PATCH /meetings/{id}/participants/{user}" => json!({"can_unmute": false}),
        "POST /meetings/{id}/response" => json!({"response": "accepted"}),
        "POST /meetings/{id}/chat" => json!({"type": "text", "content": "hello"}),
        "PUT /recordings/{id}/access" => json!({"access_level": "public"}),
        _ => json!({}),
    }
}

struct Cell {
    meeting: Meeting,
    recording: String,
    target: Person,
}

/// A meeting that is under way, somebody who is invited to it, and a recording of it that has begun.
async fn cell(app: &TestApp, organization: &Organization<'_>, callers: &Callers, records: bool) -> Cell {
    let target = organization.member("member").await;
    let meeting = organization
        .meeting()
        .host(&callers.host)
        .invite(&callers.participant)
        .invite(&target)
        .create()
        .await;
    let id = meeting.id.parse::<uuid::Uuid>().expect("an id");
    let mut database = app.database().await;
    sqlx::query("update meetings set status = 'in_progress', actual_start = now() where id = $1")
        .bind(id)
        .execute(&mut database)
        .await
        .expect("under way");
    let mut recording = String::new();
    if records {
        let made: uuid::Uuid = sqlx::query_scalar(
            "insert into recordings (id, organization_id, meeting_id, status)
             select gen_random_uuid(), organization_id, id, 'recording' from meetings where id = $1 returning id",
        )
        .bind(id)
        .fetch_one(&mut database)
        .await
        .expect("a recording");
        recording = made.to_string();
    }
    Cell { meeting, recording, target }
}

// ORG-05, ORG-06, ORG-07, ORG-08, ORG-09, REC-07, LIV-04, ATT-06
#[tokio::test]
async fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let app = TestApp::start().await;
    app.recorder().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let callers = Callers::of(&organization, &other).await;
    let mut lines = TABLE.trim().lines();
    let names: Vec<&str> = lines.next().expect("a heading").split_whitespace().skip(1).collect();
    let table: Vec<Vec<&str>> = lines.map(|line| line.split_whitespace().collect()).collect();
    let mut faults = String::new();
    let outsider = organization.member("member").await.id;
    let mut number = 0;
    let mut audited = BTreeSet::new();
    for operation in SPEC.operations() {
        let path = operation.path.trim_start_matches("/api/v1").to_owned();
        let name = format!("{} {path}", operation.method);
        let Some(row) = table.iter().find(|row| row[0] == operation.method && row[1] == path) else {
            let _ = writeln!(faults, "{name} is not in the table");
            continue;
        };
        for ((who, caller), expected) in names.iter().zip(&callers.people).zip(&row[2..]) {
            number += 1;
            let cell = cell(&app, &organization, &callers, path.starts_with("/recordings/")).await;
            let id = if path.starts_with("/recordings/") { &cell.recording } else { &cell.meeting.id };
            let address = path
                .replace("{org}", &organization.id)
                .replace("{id}", id)
                .replace("{user}", &cell.target.id)
                .replace("{token}", "made-up");
            let api = caller.as_ref().map_or_else(|| app.api.clone(), |person| person.api.clone());
            let method = operation.method.parse().expect("a method");
            let mut request = api.request(method, &address);
            if operation.method != "GET" && operation.method != "DELETE" {
                // Whoever is invited already would change nothing.
                let whom = if path.ends_with("/invite") { &outsider } else { &cell.target.id };
                request = request.json(&body(&name, whom, number));
            }
            // A stream has no end: its head says enough.
            let status = if path.ends_with("/events") {
                request.send().await.expect("an answer").status().as_u16()
            } else {
                let answer = api.send(request).await;
                if let Some(person) = caller
                    && operation.method != "GET"
                    && answer.status < 300
                    && !audited.contains(&name)
                    && is_audited(&app, &answer, person).await
                {
                    audited.insert(name.clone());
                }
                answer.status
            };
            let fits = match *expected {
                "ok" => (200..300).contains(&status),
                code => code == status.to_string(),
            };
            if !fits {
                let _ = writeln!(faults, "{name} as {who}: {status} where {expected} is right");
            }
        }
    }
    // CFA-05: every change that a person makes is in the audit log.
    for operation in SPEC.operations().iter().filter(|operation| operation.method != "GET") {
        let name = format!("{} {}", operation.method, operation.path.trim_start_matches("/api/v1"));
        let excused = name.contains(" /webhooks/") || NOT_AUDITED_HERE.iter().any(|(it, _)| *it == name);
        if audited.contains(&name) == excused {
            let _ =
                writeln!(faults, "{name} {}", if excused { "is audited now" } else { "writes no audit row" });
        }
    }
    for row in &table {
        let known = SPEC
            .operations()
            .iter()
            .any(|it| it.method == row[0] && it.path.trim_start_matches("/api/v1") == row[1]);
        if !known {
            let _ = writeln!(faults, "{} {} is in the table and not in the description", row[0], row[1]);
        }
    }
    app.work_off_jobs().await;
    assert!(faults.is_empty(), "\n{faults}");
}
