//! The audit log: what it holds, who reads it, and that nothing goes past it.

use harness::{Answer, Organization, Person, TestApp, Value, json};

async fn log(person: &Person, organization: &Organization<'_>, query: &str) -> Vec<Value> {
    person.all(&organization.path(&format!("/audit{query}")), 200).await
}

fn actions(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["action"].as_str().expect("an action")).collect()
}

/// What a request left in the log: actor, action and entity of each row, in order.
async fn left_by(app: &TestApp, answer: &Answer) -> Vec<(String, Option<uuid::Uuid>, String)> {
    sqlx::query_as("select actor_type, actor_id, action from audit_log where correlation_id = $1 order by id")
        .bind(answer.header("x-correlation-id"))
        .fetch_all(&mut app.database().await)
        .await
        .expect("the log")
}

// CFA-05, CFA-07
#[tokio::test]
async fn a_change_tells_who_what_before_and_after_and_the_request() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = organization.member("secretary").await;
    let meeting = organization.meeting().host(&host).create().await;
    let change = json!({"title": "Renamed", "description": "New"});
    let request = host.request(reqwest::Method::PATCH, &meeting.path(""));
    let request = request.header("x-correlation-id", "request.of-a_client").json(&change);
    host.send(request).await.is(200);
    let items = log(&organization.admin, &organization, "?entity_type=meeting").await;
    assert_eq!(actions(&items), ["meeting.changed", "meeting.created"]);
    let (changed, created) = (&items[0], &items[1]);
    assert_eq!(changed["actor"], json!({"type": "user", "id": host.id, "name": host.name}));
    assert_eq!(changed["entity"], json!({"type": "meeting", "id": meeting.id}));
    assert_eq!(changed["before"], json!({"title": "Weekly", "description": ""}));
    assert_eq!(changed["after"], json!({"title": "Renamed", "description": "New"}));
    assert_eq!(changed["correlation_id"], "request.of-a_client");
    assert_eq!(created["before"], Value::Null);
    assert_eq!(created["after"]["title"], "Weekly");
    host.post(&meeting.path("/cancel"), json!({"reason": "rain"})).await.is(200);
    let items = log(&organization.admin, &organization, "?action=meeting.cancelled").await;
    assert_eq!(items[0]["after"]["cancel_reason"], "rain");
    // What changes nothing is no news.
    host.patch(&organization.path("/none"), json!({})).await.is(404);
    assert_eq!(log(&organization.admin, &organization, "?entity_type=meeting").await.len(), 3);
}

// ORG-13
#[tokio::test]
async fn what_livekit_tells_is_the_systems_doing_and_presence_is_no_news() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let meeting = organization.meeting().invite(&member).create().await;
    let before = log(&organization.admin, &organization, "").await.len();
    let connection = app.enter(&member, &meeting).await;
    app.go(&connection).await;
    app.livekit.close_empty(&meeting.room);
    app.settle().await;
    let items = log(&organization.admin, &organization, "?actor=system&entity_type=meeting").await;
    assert_eq!(actions(&items), ["meeting.ended", "meeting.shown", "meeting.started"]);
    assert_eq!(items[0]["actor"], json!({"type": "system", "id": null, "name": null}));
    assert_eq!(log(&organization.admin, &organization, "").await.len(), before + 3);
}

// PAR-16
#[tokio::test]
async fn what_happens_to_participants_has_its_own_words() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (member, late) = (organization.member("member").await, organization.member("member").await);
    let meeting = organization.meeting().set("require_approval", true).invite(&member).create().await;
    let host = &organization.admin;
    member.join(&meeting).await.is(202);
    host.post(&meeting.path(&format!("/lobby/{}/admit", member.id)), json!({})).await.is(200);
    host.post(&meeting.path("/invite"), json!({"user_ids": [late.id]})).await.is(200);
    late.post(&meeting.path("/response"), json!({"response": "declined"})).await.is(200);
    let person = |rest: &str| meeting.path(&format!("/participants/{}{rest}", member.id));
    host.patch(&person(""), json!({"role": "co_host", "can_unmute": false})).await.is(200);
    host.post(&person("/mute"), json!({})).await.is(200);
    host.post(&person("/remove"), json!({"ban": true})).await.is(204);
    host.delete(&person("")).await.is(204);
    let items = log(host, &organization, &format!("?entity_id={}", member.id)).await;
    let expected = [
        "participant.removed",
        "participant.banned",
        "participant.muted",
        "participant.changed",
        "participant.admitted",
        "participant.knocked",
        "participant.invited",
    ];
    assert_eq!(actions(&items)[..expected.len()], expected);
    let changed =
        json!({"meeting_id": meeting.id, "role": "co_host", "can_unmute": false, "can_use_camera": false});
    assert_eq!(items[3]["after"], changed);
    assert_eq!(items[5]["actor"]["id"], *member.id, "the knock is the guest's own");
    let declined = log(host, &organization, "?action=participant.declined").await;
    assert_eq!(declined[0]["actor"]["id"], *late.id);
    let of_meeting: i64 = app.value("select count(*) from audit_log where meeting_id is not null").await;
    assert_eq!(of_meeting, 11);
}

// ORG-18
#[tokio::test]
async fn secrets_and_words_of_the_chat_are_not_in_it() {
    let app = TestApp::start().await;
    let session = app.set_up().await.is(201);
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let say = json!({"type": "text", "content": "only for this room"});
    organization.admin.post(&meeting.path("/chat"), say).await.is(201);
    let invited = json!({"email": "in@example.test", "name": "In", "role": "member"});
    let invited = organization.admin.post(&organization.path("/members"), invited).await.is(201);
    let token = invited["invitation_url"].as_str().expect("a link").rsplit('/').next().expect("a token");
    let log: String =
        app.value("select string_agg(coalesce(before, '{}')::text || coalesce(after, '{}')::text, ' ') from audit_log").await;
    for secret in [token, "only for this room", "argon2", session["access_token"].as_str().expect("a token")]
    {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    let hidden = app.value::<i64>("select count(*) from audit_log where after ->> 'password_hash' = '***' or after ->> 'token_hash' = '***' or after ->> 'content' = '***'").await;
    assert_eq!(hidden, 3);
}

#[tokio::test]
async fn filters_pages_and_order_hold() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = organization.member("secretary").await;
    for _ in 0..5 {
        organization.meeting().host(&host).create().await;
    }
    let all = log(&organization.admin, &organization, "").await;
    assert_eq!(organization.admin.all(&organization.path("/audit"), 3).await, all);
    assert!(all.windows(2).all(|pair| pair[0]["at"].as_str() >= pair[1]["at"].as_str()));
    let his = log(&organization.admin, &organization, &format!("?actor={}", host.id)).await;
    assert_eq!(his.len(), 10, "a meeting and its host, five times");
    let middle = his[4]["at"].as_str().expect("a time").replace('+', "%2B");
    let since = log(&organization.admin, &organization, &format!("?actor={}&from={middle}", host.id)).await;
    let until = log(&organization.admin, &organization, &format!("?actor={}&to={middle}", host.id)).await;
    assert_eq!([since, until].concat(), his);
    for (query, pointer) in [("actor=nobody", "/actor"), ("limit=0", "/limit"), ("cursor=x", "/cursor")] {
        organization.admin.get(&organization.path(&format!("/audit?{query}"))).await.fault_at(pointer);
    }
}

// SEC: a cell is no formula.
#[tokio::test]
async fn the_export_has_every_row_and_is_logged_itself() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    sqlx::query(
        "insert into audit_log (id, at, organization_id, actor_type, action, entity_type, correlation_id)
         select uuid_v7(now() - interval '1 hour' + n * interval '1 ms'), now(), $1, 'system', 'test.made', 'test', '=1+1'
         from generate_series(1, 2500) n",
    )
    .bind(organization.id.parse::<uuid::Uuid>().expect("an id"))
    .execute(&mut app.database().await)
    .await
    .expect("rows");
    let export = organization.admin.get(&organization.path("/audit.csv")).await;
    assert_eq!(export.status, 200);
    let text = export.text();
    assert_eq!(text.matches("test.made").count(), 2500);
    assert_eq!(text.matches("'=1+1").count(), 2500);
    assert_eq!(text.matches("actor_type").count(), 1, "one heading");
    assert!(text.lines().nth(1).is_some_and(|line| line.contains("audit.exported")), "newest first");
}

// CFA-05
#[tokio::test]
async fn nobody_changes_the_log_not_even_its_owner() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    organization.meeting().create().await;
    for sql in ["update audit_log set action = 'x'", "delete from audit_log", "truncate audit_log"] {
        sqlx::query(sql).execute(&mut app.database().await).await.expect_err(sql);
    }
    let pool = kernel::db::connect(app.database_url(), 1).expect("a URL");
    let mut tx = kernel::db::begin(&pool, kernel::db::Actor::System).await.expect("a transaction");
    let forge = "insert into audit_log (id, at, actor_type, action, entity_type) values (gen_random_uuid(), now(), 'system', 'x', 'x')";
    sqlx::query(forge).execute(&mut *tx).await.expect_err("the program only calls the functions");
}

/// Who signs in is known only on the way.
#[tokio::test]
async fn whoever_signs_in_or_out_is_named() {
    let app = TestApp::start().await;
    let set_up = app.set_up().await;
    let user: uuid::Uuid = set_up.json["user"]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    for (_, actor, action) in left_by(&app, &set_up).await {
        assert_eq!(actor, Some(user), "{action}");
    }
    let credentials = json!({"email": "first@example.test", "password": "a good password"});
    let login = app.api.post("/auth/login", credentials).await;
    assert_eq!(left_by(&app, &login).await, [("user".to_owned(), Some(user), "session.created".to_owned())]);
    let cookie = login.cookie().split(';').next().expect("a cookie").to_owned();
    let request = app.api.request(reqwest::Method::POST, "/auth/logout").header("cookie", cookie);
    let logout = app.api.send(request).await;
    assert_eq!(left_by(&app, &logout).await, [("user".to_owned(), Some(user), "session.ended".to_owned())]);
    let admin = app.api.with_token(set_up.json["access_token"].as_str().expect("a token"));
    let organization = admin.get("/me").await.is(200)["memberships"][0]["organization"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let invited = json!({"email": "in@example.test", "name": "In", "role": "member"});
    let added = admin.post(&format!("/organizations/{organization}/members"), invited).await;
    assert!(left_by(&app, &added).await.iter().all(|(_, actor, _)| *actor == Some(user)));
    let token = added.json["invitation_url"]
        .as_str()
        .expect("a link")
        .rsplit('/')
        .next()
        .expect("a token")
        .to_owned();
    let accept = json!({"name": "Invited", "password": "another good one"});
    let accepted = app.api.post(&format!("/auth/invitations/{token}"), accept).await;
    let guest = accepted.json["user"]["id"].as_str().and_then(|id| id.parse().ok());
    let left = left_by(&app, &accepted).await;
    assert!(left.iter().any(|(_, _, action)| action == "invitation.accepted"), "{left:?}");
    assert!(left.iter().all(|(_, actor, _)| *actor == guest), "{left:?}");
}

// REC-11: who has watched and fetched what.
#[tokio::test]
async fn access_to_recordings_is_logged() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let id: uuid::Uuid = sqlx::query_scalar(
        "insert into recordings (id, organization_id, meeting_id, status, object_key, size_bytes, sha256)
         select gen_random_uuid(), organization_id, id, 'available', 'x', 1, 'x' from meetings where id = $1 returning id",
    )
    .bind(meeting.id.parse::<uuid::Uuid>().expect("an id"))
    .fetch_one(&mut app.database().await)
    .await
    .expect("a recording");
    let host = &organization.admin;
    let played = host.post(&format!("/recordings/{id}/playback"), json!({})).await;
    let actor = Some(host.user_id().0);
    assert_eq!(left_by(&app, &played).await, [("user".to_owned(), actor, "recording.played".to_owned())]);
    let deleted = host.delete(&format!("/recordings/{id}")).await;
    assert_eq!(left_by(&app, &deleted).await, [("user".to_owned(), actor, "recording.deleted".to_owned())]);
}

/// Tables without audit, and why.
const UNAUDITED: [(&str, &str); 29] = [
    ("activity_changes", "follows from meetings and attendance"),
    ("activity_scores", "follows from meetings and attendance"),
    ("attendance_log", "is a log itself"),
    ("attendance_spans", "attendance_log is their record"),
    ("audit_log", "is the log"),
    ("chat_reads", "how far people have read"),
    ("chat_versions", "a log itself"),
    ("egress_handlers", "what programs note of themselves"),
    ("idempotency_keys", "answers that were given"),
    ("jobs", "work to be done"),
    ("meeting_events", "a log itself"),
    ("meeting_search", "follows from meetings"),
    ("meeting_streams", "who carries events where"),
    ("meeting_words", "follows from meetings"),
    ("my_meetings", "follows from meetings and participants"),
    ("no_show_runs", "when a job is due"),
    ("platform", "the set-up makes an account and an organization, which are logged"),
    ("recording_parts", "how far an upload is"),
    ("recording_segments", "pieces of a file"),
    ("recording_tracks", "files beside a recording"),
    ("refresh_tokens", "sessions are logged"),
    ("seal_heads", "follows from seals"),
    ("seal_progress", "how far sealing is"),
    ("seals", "what holds the logs together"),
    ("shared_screens", "what LiveKit saw; the timeline tells it"),
    ("speaking_spans", "a log itself"),
    ("spent_tokens", "what was used once, by its hash"),
    ("transcript_segments", "follow from transcripts, which are logged"),
    ("webhook_inbox", "what others told"),
];

// CFA-05
#[tokio::test]
async fn every_table_is_under_audit_or_says_why_not() {
    let app = TestApp::start().await;
    let bare: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname <> '_sqlx_migrations'
           and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'audit_insert_delete') order by 1",
    )
    .fetch_all(&mut app.database().await)
    .await
    .expect("a list of tables");
    let forgotten: Vec<_> =
        bare.iter().filter(|table| UNAUDITED.iter().all(|(known, _)| known != table)).collect();
    assert!(forgotten.is_empty(), "neither under audit nor excused: {forgotten:?}");
}

#[tokio::test]
async fn what_people_do_to_their_own_account_is_logged() {
    let app = TestApp::start().await;
    let set_up = app.set_up().await;
    let user: uuid::Uuid = set_up.json["user"]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let token = set_up.json["access_token"].as_str().expect("a token");
    let person = app.api.with_token(token);
    let own = async |answer: Answer, action: &str| {
        let left = left_by(&app, &answer).await;
        assert!(answer.status < 300, "{}", answer.text());
        assert!(left.iter().any(|(_, _, did)| did == action), "{left:?}");
        assert!(left.iter().all(|(_, actor, _)| *actor == Some(user)), "{left:?}");
    };
    let login = json!({"email": "first@example.test", "password": "a good password"});
    app.api.post("/auth/login", login).await.is(200);
    own(person.delete("/me/sessions").await, "session.ended").await;
    let change = json!({"current_password": "a good password", "password": "quite another one"});
    own(person.post("/me/password", change).await, "credential.changed").await;
    own(
        person.post("/me/second-factor", json!({"password": "quite another one"})).await,
        "second_factor.begun",
    )
    .await;
}
