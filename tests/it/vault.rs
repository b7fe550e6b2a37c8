//! The vault: who else may see a recording, the trash, holds, how much there may be, pauses and consent.

use chrono::Duration;
use harness::{Answer, Meeting, Organization, Person, TestApp, Value, json};
use kernel::vault::{Key, TrackKey, Vault};

use crate::recordings::{download, file, finish, id, running, start};

/// A finished recording of a meeting with one guest, private to its host.
struct Shelf {
    meeting: Meeting,
    host: Person,
    guest: Person,
    recording: Value,
}

impl Shelf {
    async fn fill(app: &TestApp, organization: &Organization<'_>) -> Self {
        let (host, guest) = (organization.member("secretary").await, organization.member("member").await);
        let meeting = running(app, organization, &host, &[&guest]).await;
        let recording = start(&host, &meeting).await.is(202);
        finish(app, organization, &recording, &file()).await;
        Self { meeting, host, guest, recording }
    }

    fn path(&self, rest: &str) -> String {
        format!("/recordings/{}{rest}", id(&self.recording))
    }

    fn key(&self, organization: &Organization<'_>) -> Key {
        Key::Recording(organization.id.parse().expect("an id"), id(&self.recording).parse().expect("an id"))
    }

    async fn link(&self, body: Value) -> Value {
        self.host.post(&self.path("/share-links"), body).await.is(201)
    }
}

fn vault(app: &TestApp) -> Vault {
    Vault::new(&app.app.config.vault).expect("a vault")
}

async fn shelves(person: &Person, organization: &Organization<'_>, query: &str) -> Vec<String> {
    let answer = person.get(&organization.path(&format!("/recordings{query}"))).await.is(200);
    let items = answer["items"].as_array().expect("a list");
    items.iter().map(|item| item["meeting_title"].as_str().expect("a title").to_owned()).collect()
}

async fn with_person(app: &TestApp, statement: &'static str, person: &Person) {
    sqlx::query(statement)
        .bind(person.user_id().0)
        .execute(&mut app.database().await)
        .await
        .expect("it is so");
}

async fn set(organization: &Organization<'_>, settings: Value) {
    organization.admin.patch(&organization.path("/settings"), settings).await.is(200);
}

#[tokio::test]
async fn named_people_see_a_recording_as_long_as_they_are_members() {
    let app = TestApp::with_vault().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let shelf = Shelf::fill(&app, &organization).await;
    let access = shelf.path("/access");
    shelf.guest.get(&shelf.path("")).await.problem(404, "NOT_FOUND");
    let stranger = json!({"access_level": "private", "allowed_people": [other.admin.id]});
    shelf.host.put(&access, stranger).await.fault_at("/allowed_people");
    let named = json!({"access_level": "private", "allowed_people": [shelf.guest.id, shelf.guest.id]});
    let recording = shelf.host.put(&access, named).await.is(200);
    assert_eq!(recording["allowed_people"], json!([shelf.guest.id]));
    assert_eq!(download(&shelf.guest, &shelf.recording, None).await.body, file());
    organization.admin.get(&shelf.path("")).await.problem(404, "NOT_FOUND");
    // Who does not speak of people leaves them as they are.
    shelf.host.put(&access, json!({"access_level": "private"})).await.is(200);
    shelf.guest.get(&shelf.path("")).await.is(200);
    with_person(&app, "update organization_members set is_active = false where user_id = $1", &shelf.guest)
        .await;
    assert_ne!(shelf.guest.get(&shelf.path("")).await.status, 200);
}

#[tokio::test]
async fn what_is_deleted_can_be_taken_back_for_a_week() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let shelf = Shelf::fill(&app, &organization).await;
    shelf.host.put(&shelf.path("/access"), json!({"access_level": "public"})).await.is(200);
    let key = shelf.key(&organization);
    shelf.host.delete(&shelf.path("")).await.is(204);
    let answer = download(&shelf.host, &shelf.recording, None).await;
    assert_eq!(answer.status, 410, "{}", answer.text());
    for person in [&shelf.host, &shelf.guest] {
        assert_eq!(shelves(person, &organization, "").await, [""; 0]);
    }
    assert_eq!(shelves(&shelf.host, &organization, "?trash=true").await.len(), 1);
    assert_eq!(shelves(&shelf.guest, &organization, "?trash=true").await, [""; 0], "it is of its host");
    shelf.guest.post(&shelf.path("/restore"), json!({})).await.problem(403, "FORBIDDEN");
    app.pass(Duration::days(6));
    server::recordings::erase_deleted(&app.app).await.expect("the vault answers");
    let back = shelf.host.post(&shelf.path("/restore"), json!({})).await.is(200);
    assert_eq!((&back["status"], &back["erased_at"]), (&json!("available"), &Value::Null));
    assert_eq!(download(&shelf.guest, &shelf.recording, None).await.body, file());
    shelf.host.delete(&shelf.path("")).await.is(204);
    app.pass(Duration::days(7));
    server::recordings::erase_deleted(&app.app).await.expect("the vault answers");
    assert_eq!(vault(&app).size(key).await.expect("the store answers"), None);
    shelf.host.post(&shelf.path("/restore"), json!({})).await.problem(410, "RECORDING_DELETED");
    let told: Vec<String> = app
        .value("select array_agg(action order by id) from audit_log where entity_type = 'recording' and action not like '%played'")
        .await;
    assert_eq!(told.iter().filter(|it| *it == "recording.completed").count(), 1, "{told:?}");
    assert!(told.contains(&"recording.brought_back".to_owned()), "{told:?}");
}

#[tokio::test]
async fn nothing_deletes_what_is_held() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let shelf = Shelf::fill(&app, &organization).await;
    let hold = shelf.path("/hold");
    shelf.host.put(&hold, json!({"reason": " "})).await.fault_at("/reason");
    shelf.guest.put(&hold, json!({"reason": "A claim"})).await.problem(404, "NOT_FOUND");
    let held = shelf.host.put(&hold, json!({"reason": "A claim of 3 May"})).await.is(200);
    assert_eq!(held["hold"]["reason"], "A claim of 3 May");
    shelf.host.delete(&shelf.path("?permanently=true")).await.problem(409, "LEGAL_HOLD");
    set(&organization, json!({"recording_retention_days": 1})).await;
    app.pass(Duration::days(3));
    server::recordings::delete_outlived(&app.app).await.expect("the database answers");
    assert_eq!(shelf.host.get(&shelf.path("")).await.is(200)["status"], "available");
    // Whoever did not hold it needs the right to keep the vault.
    with_person(&app, "update recordings set held_by = $1", &organization.admin).await;
    shelf.host.delete(&hold).await.problem(403, "FORBIDDEN");
    with_person(&app, "update recordings set held_by = $1", &shelf.host).await;
    assert_eq!(shelf.host.delete(&hold).await.is(200)["hold"], Value::Null);
    server::recordings::delete_outlived(&app.app).await.expect("the database answers");
    assert_eq!(shelf.host.get(&shelf.path("")).await.is(200)["status"], "deleted");
}

#[tokio::test]
async fn what_the_store_locks_is_kept_until_the_day_that_is_told() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let shelf = Shelf::fill(&app, &organization).await;
    let key = shelf.key(&organization);
    // Each person's microphone is erased with the recording.
    let Key::Recording(of, recording) = key else { panic!("a recording") };
    let track = TrackKey { organization: of, recording, section: 1, number: 1 };
    for part in [Key::Track(track), Key::TrackPiece(track, 2)] {
        vault(&app).put(part, "sound".into(), "audio/ogg").await.expect("the store takes it");
    }
    app.execute(
        "insert into recording_tracks (recording_id, section, number, identity, name, starts_ms, duration_ms, pieces, size_bytes)
         select id, 1, 1, 'anna', 'Anna', 0, 1000, 2, 5 from recordings",
    )
    .await;
    let until = app.clock.now() + Duration::days(20);
    sqlx::query("update recordings set locked_until = $1")
        .bind(until)
        .execute(&mut app.database().await)
        .await
        .expect("it is so");
    let refused = shelf.host.delete(&shelf.path("?permanently=true")).await;
    refused.problem(409, "STORE_LOCK");
    shelf.host.delete(&shelf.path("")).await.is(204);
    let told = shelf.host.get(&shelf.path("")).await.is(200)["erased_at"].clone();
    let told: chrono::DateTime<chrono::Utc> = told.as_str().expect("a time").parse().expect("a time");
    assert!((told - until).abs() < Duration::seconds(1), "{told} and {until}");
    app.pass(Duration::days(19));
    server::recordings::erase_deleted(&app.app).await.expect("the vault answers");
    assert!(vault(&app).size(key).await.expect("the store answers").is_some());
    app.pass(Duration::days(2));
    server::recordings::erase_deleted(&app.app).await.expect("the vault answers");
    for part in [key, Key::Track(track), Key::TrackPiece(track, 2)] {
        assert_eq!(vault(&app).size(part).await.expect("the store answers"), None, "{}", part.path());
    }
    assert_eq!(app.value::<i64>("select count(*) from recording_tracks").await, 0);
}

#[tokio::test]
async fn a_real_store_locks_what_it_is_told_to_and_says_what_it_cannot() {
    let app = TestApp::with_vault().await;
    let plain = app.app.config.vault.clone();
    let id = kernel::ids::uuid_at(app.clock.now());
    let with = |change: fn(&mut kernel::config::Vault)| {
        let mut config = plain.clone();
        change(&mut config);
        Vault::new(&config).expect("a vault")
    };
    let locks = with(|config| {
        config.bucket = "locked".to_owned();
        config.object_lock_days = Some(1);
    });
    locks.ensure_bucket().await.expect("made");
    locks.probe(id).await.expect("the bucket has object lock");
    let key = Key::Probe(kernel::ids::uuid_at(app.clock.now()));
    locks.put(key, "x".into(), "text/plain").await.expect("written");
    let until = locks.lock_until(kernel::clock::Clock::system().now()).expect("a day");
    locks.lock(key, until).await.expect("locked");
    assert!(locks.delete(key).await.is_err());
    assert_eq!(locks.size(key).await.expect("the store answers"), Some(1));
    let refuses = async |vault: Vault, why: &str| {
        let error = format!("{:#}", vault.probe(id).await.expect_err(why));
        assert!(error.contains(why), "{error}");
    };
    refuses(with(|config| config.object_lock_days = Some(1)), "no object lock").await;
    // Our embedded store takes the wish for encryption and forgets it.
    refuses(with(|config| config.encryption = kernel::config::Encryption::SseS3), "does not encrypt").await;
}

/// The path of a link below the API.
fn door(link: &Value) -> String {
    let url = link["url"].as_str().expect("an address");
    format!("/shared/{}", url.rsplit('/').next().expect("a token"))
}

async fn play(app: &TestApp, link: &Value, password: Option<&str>) -> Answer {
    app.api.post(&format!("{}/playback", door(link)), json!({"password": password})).await
}

async fn watch(app: &TestApp, url: &Value) -> u16 {
    app.api.http_raw(url.as_str().expect("an address")).await.status().as_u16()
}

#[tokio::test]
async fn whoever_has_a_link_watches_until_it_is_taken_back() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let shelf = Shelf::fill(&app, &organization).await;
    let link = shelf.link(json!({"name": "The auditors"})).await;
    let seen = app.api.get(&door(&link)).await.is(200);
    assert_eq!(
        (&seen["needs_password"], &seen["title"]),
        (&json!(false), &json!(shelf.meeting.json["title"]))
    );
    let url = play(&app, &link, None).await.is(200)["url"].clone();
    assert_eq!(watch(&app, &url).await, 200);
    // It opens this recording only, and nothing else.
    let other = Shelf::fill(&app, &organization).await;
    let elsewhere = url.as_str().expect("an address").replace(id(&shelf.recording), id(&other.recording));
    assert_eq!(app.api.http_raw(&elsewhere).await.status().as_u16(), 401);
    let links = shelf.host.all(&shelf.path("/share-links"), 50).await;
    assert_eq!((links.len(), &links[0]["views"]), (1, &json!(1)));
    assert!(links[0].get("url").is_none(), "its address is shown once");
    let path = format!("/share-links/{}", id(&link));
    for person in [&shelf.guest, &organization.admin] {
        person.delete(&path).await.problem(404, "NOT_FOUND");
    }
    shelf.host.delete(&path).await.is(204);
    shelf.host.delete(&path).await.is(204);
    assert_eq!(watch(&app, &url).await, 410, "nor does an address that was given before");
    play(&app, &link, None).await.problem(410, "LINK_REVOKED");
    app.api.get(&door(&link)).await.problem(410, "LINK_REVOKED");
    app.api.get("/shared/nonsense").await.problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_link_may_ask_for_a_password_expire_and_be_used_up() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let shelf = Shelf::fill(&app, &organization).await;
    for (body, pointer) in [
        (json!({"expires_at": app.clock.now() - Duration::seconds(1)}), "/expires_at"),
        (json!({"max_views": 0}), "/max_views"),
        (json!({"password": "abc"}), "/password"),
        (json!({"name": "x".repeat(101)}), "/name"),
    ] {
        shelf.host.post(&shelf.path("/share-links"), body).await.fault_at(pointer);
    }
    let link = shelf.link(json!({"password": "a secret", "max_views": 2})).await;
    assert!(app.api.get(&door(&link)).await.is(200)["needs_password"].as_bool().expect("a truth"));
    play(&app, &link, None).await.problem(403, "PASSWORD_REQUIRED");
    play(&app, &link, Some("a guess")).await.problem(403, "WRONG_PASSWORD");
    let stored: String = app.value("select password_hash from share_links").await;
    assert!(stored.starts_with("$argon2id$"), "{stored}");
    play(&app, &link, Some("a secret")).await.is(200);
    let last = play(&app, &link, Some("a secret")).await.is(200)["url"].clone();
    play(&app, &link, Some("a secret")).await.problem(410, "LINK_USED_UP");
    assert_eq!(watch(&app, &last).await, 200, "what was counted is watched");
    let short = shelf.link(json!({"expires_at": app.clock.now() + Duration::minutes(1)})).await;
    let url = play(&app, &short, None).await.is(200)["url"].clone();
    app.pass(Duration::minutes(2));
    play(&app, &short, None).await.problem(410, "LINK_EXPIRED");
    assert_eq!(watch(&app, &url).await, 410);
    shelf.host.delete(&shelf.path("")).await.is(204);
    let gone = shelf.host.post(&shelf.path("/share-links"), json!({})).await;
    assert_eq!(gone.status, 410, "{}", gone.text());
}

// REC-08
#[tokio::test]
async fn who_watched_is_told_to_the_host() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let shelf = Shelf::fill(&app, &organization).await;
    shelf.host.put(&shelf.path("/access"), json!({"access_level": "public"})).await.is(200);
    shelf.guest.post(&shelf.path("/playback"), json!({})).await.is(200);
    download(&shelf.guest, &shelf.recording, None).await;
    download(&shelf.guest, &shelf.recording, Some("bytes=500-")).await;
    let link = shelf.link(json!({"name": "The auditors"})).await;
    play(&app, &link, None).await.is(200);
    let views = shelf.host.all(&shelf.path("/views"), 2).await;
    let said: Vec<_> = views
        .iter()
        .map(|view| (view["user_id"].clone(), view["share_link_name"].clone(), view["downloaded"].clone()))
        .collect();
    let guest = json!(shelf.guest.id);
    assert_eq!(
        said,
        [
            (Value::Null, json!("The auditors"), json!(false)),
            (guest.clone(), Value::Null, json!(true)),
            (guest, Value::Null, json!(false)),
        ]
    );
    shelf.guest.get(&shelf.path("/views")).await.problem(403, "FORBIDDEN");
}

// REC-14, MTG-26
#[tokio::test]
async fn before_the_button_is_pressed_it_is_known_what_stands_in_the_way() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    app.enter(&organization.admin, &meeting).await;
    let ask = async || {
        let found = organization.admin.get(&meeting.path("/recordings/preflight")).await.is(200);
        (found["ready"].as_bool().expect("a truth"), found["obstacles"].clone())
    };
    assert_eq!(ask().await, (false, json!(["NO_RECORDER"])));
    app.recorder().await;
    assert_eq!(ask().await, (true, json!([])));
    app.execute("update egress_handlers set running = capacity").await;
    assert_eq!(ask().await, (true, json!(["RECORDERS_BUSY"])));
    app.execute("update egress_handlers set running = 0, vault_reachable = false, free_bytes = 1000").await;
    assert_eq!(ask().await, (true, json!(["VAULT_AWAY", "LITTLE_ROOM"])));
    app.execute("update egress_handlers set vault_reachable = true, free_bytes = null").await;
    set(&organization, json!({"recording_allowed": false})).await;
    assert_eq!(ask().await, (false, json!(["RECORDING_OFF"])));
    start(&organization.admin, &meeting).await.problem(403, "RECORDING_OFF");
    set(&organization, json!({"recording_allowed": null})).await;
    organization
        .admin
        .patch(&meeting.path(""), json!({"settings": {"recording_allowed": false}}))
        .await
        .is(200);
    start(&organization.admin, &meeting).await.problem(403, "RECORDING_OFF");
    organization
        .admin
        .patch(&meeting.path(""), json!({"settings": {"recording_allowed": true}}))
        .await
        .is(200);
    start(&organization.admin, &meeting).await.is(202);
}

#[tokio::test]
async fn a_full_vault_takes_nothing_more_and_says_so() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let shelf = Shelf::fill(&app, &organization).await;
    set(&organization, json!({"recording_quota_gb": 1})).await;
    app.execute("update recordings set size_bytes = 1000000000").await;
    let usage = organization.admin.get(&organization.path("/recordings/usage")).await.is(200);
    assert_eq!(usage, json!({"files": 1, "bytes": 1_000_000_000, "quota_bytes": 1_000_000_000}));
    start(&shelf.host, &shelf.meeting).await.problem(409, "QUOTA_EXCEEDED");
    let by_itself = organization.meeting().set("auto_record", true).create().await;
    app.enter(&organization.admin, &by_itself).await;
    let told = organization.admin.all(&by_itself.path("/recordings"), 50).await;
    assert_eq!(
        (&told[0]["status"], &told[0]["failure"]["code"]),
        (&json!("failed"), &json!("QUOTA_EXCEEDED"))
    );
    shelf.host.delete(&shelf.path("?permanently=true")).await.is(204);
    harness::app::eventually_async(async || {
        organization.admin.get(&organization.path("/recordings/usage")).await.is(200)["files"] == 0
    })
    .await;
    start(&shelf.host, &shelf.meeting).await.is(202);
}

#[tokio::test]
async fn a_recording_ends_when_it_is_as_long_as_it_may_be() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    set(&organization, json!({"recording_max_minutes": 30})).await;
    let meeting = running(&app, &organization, &organization.admin, &[]).await;
    let recording = start(&organization.admin, &meeting).await.is(202);
    sqlx::query("update recordings set status = 'recording', started_at = $1")
        .bind(app.clock.now())
        .execute(&mut app.database().await)
        .await
        .expect("it runs");
    let stopped = async || {
        server::recordings::stop_too_long(&app.app).await.expect("the database answers");
        app.value::<bool>("select stop_reason is not distinct from 'too_long' from recordings").await
    };
    app.pass(Duration::minutes(29));
    assert!(!stopped().await);
    app.pass(Duration::minutes(1));
    assert!(stopped().await);
    organization.admin.post(&format!("/recordings/{}/pause", id(&recording)), json!({})).await.is(202);
    assert!(app.value::<bool>("select paused_at is null from recordings").await, "it is about to end");
}

#[tokio::test]
async fn a_recording_is_paused_and_goes_on() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = running(&app, &organization, &organization.admin, &[&guest]).await;
    let recording = start(&organization.admin, &meeting).await.is(202);
    let step = async |name: &str| {
        organization.admin.post(&format!("/recordings/{}/{name}", id(&recording)), json!({})).await.is(202)
    };
    guest.post(&format!("/recordings/{}/pause", id(&recording)), json!({})).await.problem(404, "NOT_FOUND");
    let paused = step("pause").await;
    assert_ne!(paused["paused_at"], Value::Null);
    app.pass(Duration::seconds(30));
    assert_eq!(step("pause").await["paused_at"], paused["paused_at"], "it is paused once");
    let on = step("resume").await;
    let pauses = on["pauses"].as_array().expect("a list");
    assert_eq!((&on["paused_at"], pauses.len()), (&Value::Null, 1));
    let moment = |text: &Value| {
        text.as_str().expect("a time").parse::<chrono::DateTime<chrono::Utc>>().expect("a time")
    };
    assert_eq!(moment(&pauses[0]["to"]) - moment(&pauses[0]["from"]), Duration::seconds(30));
    assert_eq!(step("resume").await["pauses"].as_array().map(Vec::len), Some(1));
    // A pause ends with the recording.
    step("pause").await;
    app.execute("update recordings set status = 'failed', failure_code = 'X', ended_at = now()").await;
    assert!(
        app.value::<bool>("select paused_at is null and jsonb_array_length(pauses) = 2 from recordings")
            .await
    );
    let over = organization.admin.post(&format!("/recordings/{}/pause", id(&recording)), json!({})).await;
    over.problem(409, "RECORDING_ENDED");
}

#[tokio::test]
async fn people_answer_the_notice_and_their_answers_are_kept() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let (host, guest, outsider) = (
        organization.member("secretary").await,
        organization.member("member").await,
        organization.member("member").await,
    );
    let meeting = running(&app, &organization, &host, &[&guest]).await;
    let recording = start(&host, &meeting).await.is(202);
    let path = format!("/recordings/{}/consent", id(&recording));
    outsider.post(&path, json!({"accepted": true})).await.problem(404, "NOT_FOUND");
    guest.post(&path, json!({"accepted": false})).await.is(204);
    app.pass(Duration::seconds(1));
    guest.post(&path, json!({"accepted": true})).await.is(204);
    let list = format!("/recordings/{}/consents", id(&recording));
    let said = host.all(&list, 1).await;
    let answers: Vec<_> = said.iter().map(|it| (it["user_id"].clone(), it["accepted"].clone())).collect();
    assert_eq!(
        answers,
        [(json!(guest.id), json!(true)), (json!(guest.id), json!(false))],
        "the latest first"
    );
    guest.get(&list).await.problem(404, "NOT_FOUND");
    finish(&app, &organization, &recording, &file()).await;
    guest.post(&path, json!({"accepted": true})).await.problem(409, "RECORDING_ENDED");
}

#[tokio::test]
async fn the_vault_is_searched() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let admin = &organization.admin;
    for title in ["Loans of March", "Savings of March", "Loans of April"] {
        let meeting = organization.meeting().set("title", title).create().await;
        app.recorder().await;
        app.enter(admin, &meeting).await;
        let recording = start(admin, &meeting).await.is(202);
        if title.ends_with("March") {
            finish(&app, &organization, &recording, &file()).await;
        }
        app.pass(Duration::hours(1));
    }
    let found = async |query: &str| shelves(admin, &organization, query).await;
    assert_eq!(found("").await, ["Loans of April", "Savings of March", "Loans of March"]);
    assert_eq!(found("?q=loans").await, ["Loans of April", "Loans of March"]);
    assert_eq!(found("?q=loans&status=available").await, ["Loans of March"]);
    assert_eq!(found("?q=%25").await, [""; 0], "no wildcards");
    let from = (app.clock.now() - Duration::minutes(150)).format("%Y-%m-%dT%H:%M:%SZ");
    assert_eq!(found(&format!("?from={from}")).await, ["Loans of April", "Savings of March"]);
    assert_eq!(found(&format!("?to={from}")).await, ["Loans of March"]);
    admin.get(&organization.path("/recordings?status=lost")).await.is(422);
}

#[tokio::test]
async fn stills_open_for_whoever_may_see_the_recording() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let shelf = Shelf::fill(&app, &organization).await;
    shelf.host.get(&shelf.path("/poster")).await.problem(404, "NOT_FOUND");
    let Key::Recording(of, recording) = shelf.key(&organization) else { unreachable!("made so") };
    let picture = b"a picture".to_vec();
    vault(&app).put(Key::Poster(of, recording), picture.clone().into(), "image/jpeg").await.expect("stored");
    let poster = shelf.host.get(&shelf.path("/poster")).await;
    assert_eq!((poster.status, poster.header("content-type")), (200, "image/jpeg"));
    assert_eq!(poster.body, picture);
    shelf.host.get(&shelf.path("/thumbnails")).await.problem(404, "NOT_FOUND");
    let url = shelf.host.post(&shelf.path("/playback"), json!({})).await.is(200)["url"].clone();
    let url = url.as_str().expect("an address").replace("/download?", "/poster?");
    assert_eq!(app.api.http_raw(&url).await.status().as_u16(), 200);
    shelf.host.delete(&shelf.path("?permanently=true")).await.is(204);
    let key = Key::Poster(of, recording);
    harness::app::eventually_async(async || {
        vault(&app).size(key).await.expect("the store answers").is_none()
    })
    .await;
}

// A person without access gets nowhere, by any way to the bytes.
#[tokio::test]
async fn no_way_leads_around_the_access() {
    let app = TestApp::with_vault().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let shelf = Shelf::fill(&app, &organization).await;
    let link = shelf.link(json!({})).await;
    let shared = play(&app, &link, None).await.is(200)["url"].clone();
    let own = shelf.host.post(&shelf.path("/playback"), json!({})).await.is(200)["url"].clone();
    for person in [&shelf.guest, &organization.admin, &other.admin] {
        for way in
            ["", "/download", "/poster", "/thumbnails", "/chapters", "/views", "/share-links", "/consents"]
        {
            let answer = person.get(&shelf.path(way)).await;
            assert!(matches!(answer.status, 403 | 404), "{way}: {}", answer.text());
        }
        let part = download(person, &shelf.recording, Some("bytes=0-9")).await;
        assert!(matches!(part.status, 403 | 404), "{}", part.text());
        for way in ["/playback", "/share-links", "/restore"] {
            let answer = person.post(&shelf.path(way), json!({})).await;
            assert!(matches!(answer.status, 403 | 404), "{way}: {}", answer.text());
        }
    }
    shelf.host.delete(&format!("/share-links/{}", id(&link))).await.is(204);
    assert_eq!(watch(&app, &shared).await, 410);
    app.pass(Duration::minutes(6));
    assert_eq!(watch(&app, &own).await, 401);
}

#[tokio::test]
async fn chapters_tell_where_in_the_file_something_happened() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let shelf = Shelf::fill(&app, &organization).await;
    let begin = app.clock.now();
    let (before, after) = (begin + Duration::seconds(10), begin + Duration::seconds(70));
    sqlx::query(
        "update recordings set started_at = $1, ended_at = $1 + interval '10 minutes',
                pauses = jsonb_build_array(jsonb_build_object('from', $1 + interval '20 seconds', 'to', $1 + interval '50 seconds'))",
    )
    .bind(begin)
    .execute(&mut app.database().await)
    .await
    .expect("a recording of ten minutes");
    for (speaker, from, seconds) in [
        (&shelf.host, before, 15.0),
        (&shelf.host, before + Duration::seconds(16), 12.0),
        (&shelf.guest, after, 20.0),
        (&shelf.guest, after + Duration::minutes(20), 30.0),
    ] {
        sqlx::query(
            "insert into speaking_spans (organization_id, meeting_id, speaker, is_guest, from_at, to_at, recorded_at)
             select organization_id, id, $2, false, $3, $3 + make_interval(secs => $4), $3 from meetings where id = $1",
        )
        .bind(shelf.meeting.id.parse::<uuid::Uuid>().expect("an id"))
        .bind(speaker.user_id().0)
        .bind(from)
        .bind(seconds)
        .execute(&mut app.database().await)
        .await
        .expect("somebody speaks");
    }
    let chapters = shelf.host.get(&shelf.path("/chapters")).await.is(200)["items"].clone();
    let told: Vec<_> = chapters
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| (it["at_seconds"].as_f64().expect("seconds"), it["kind"].clone()))
        .collect();
    assert_eq!(told, [(10.0, json!("speaker")), (40.0, json!("speaker"))], "{chapters}");
    shelf.guest.get(&shelf.path("/chapters")).await.problem(404, "NOT_FOUND");
}
