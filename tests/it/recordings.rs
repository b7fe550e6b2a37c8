//! Recordings: the wish, who may see what came of it, and the file.

use futures::future::join_all;
use harness::{Answer, Meeting, Organization, Person, TestApp, Value, json};
use kernel::{
    ids::{OrganizationId, RecordingId},
    vault::{Key, Vault},
};

/// A meeting in which people are, and a recorder that is alive.
pub async fn running(
    app: &TestApp,
    organization: &Organization<'_>,
    host: &Person,
    guests: &[&Person],
) -> Meeting {
    app.recorder().await;
    let plan = organization.meeting().host(host);
    let meeting = guests.iter().fold(plan, |plan, guest| plan.invite(guest)).create().await;
    app.enter(host, &meeting).await;
    meeting
}

pub async fn start(person: &Person, meeting: &Meeting) -> Answer {
    person.post(&meeting.path("/recordings"), json!({})).await
}

pub fn id(recording: &Value) -> &str {
    recording["id"].as_str().expect("an id")
}

/// What an egress handler leaves when it is done: the file in the vault, and the row.
pub async fn finish(app: &TestApp, organization: &Organization<'_>, recording: &Value, file: &[u8]) {
    let (organization, recording) =
        (organization.id.parse::<OrganizationId>(), id(recording).parse::<RecordingId>());
    let key = Key::Recording(organization.expect("an id"), recording.expect("an id"));
    let vault = Vault::new(&app.app.config.vault).expect("a vault");
    vault.put(key, file.to_vec().into(), "video/mp4").await.expect("stored");
    let Key::Recording(_, recording) = key else { unreachable!("made above") };
    sqlx::query(
        "update recordings set status = 'available', object_key = $2, size_bytes = $3, content_type = 'video/mp4',
                sha256 = encode(sha256($4), 'hex'), duration_seconds = 3.5, started_at = $5, ended_at = $5 where id = $1",
    )
    .bind(recording.0)
    .bind(key.path())
    .bind(i64::try_from(file.len()).expect("a small file"))
    .bind(file)
    .bind(app.clock.now())
    .execute(&mut app.database().await)
    .await
    .expect("finished");
}

pub fn file() -> Vec<u8> {
    (0..100_000_u32).map(|number| u8::try_from(number % 251).expect("small")).collect()
}

pub async fn download(person: &Person, recording: &Value, range: Option<&str>) -> Answer {
    let mut request =
        person.request(reqwest::Method::GET, &format!("/recordings/{}/download", id(recording)));
    if let Some(range) = range {
        request = request.header("range", range);
    }
    person.send(request).await
}

// REC-01, REC-18
#[tokio::test]
async fn whoever_moderates_starts_and_stops_a_recording() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (host, guest, co_host) = (
        organization.member("secretary").await,
        organization.member("member").await,
        organization.member("member").await,
    );
    let meeting = running(&app, &organization, &host, &[&guest, &co_host]).await;
    for person in [&guest, &organization.admin] {
        start(person, &meeting).await.problem(403, "FORBIDDEN");
    }
    let recording = start(&host, &meeting).await.is(202);
    assert_eq!((&recording["status"], &recording["meeting_id"]), (&json!("requested"), &json!(meeting.id)));
    assert_eq!((&recording["access_level"], &recording["failure"]), (&json!("private"), &Value::Null));
    assert_eq!((&recording["gaps"], &recording["layout"]), (&json!([]), &json!("grid")));
    start(&host, &meeting).await.problem(409, "ALREADY_RECORDING");
    let path = format!("/recordings/{}/stop", id(&recording));
    guest.post(&path, json!({})).await;
    assert!(
        app.value::<bool>("select stop_requested_at is null from recordings").await,
        "a guest stops nothing"
    );
    host.post(&path, json!({})).await.is(202);
    assert!(app.value::<bool>("select stop_requested_at is not null from recordings").await);
    host.post(&path, json!({})).await.is(202);
}

#[tokio::test]
async fn of_two_wishes_at_once_one_is_granted() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = running(&app, &organization, &organization.admin, &[]).await;
    let answers = join_all((0..6).map(|_| start(&organization.admin, &meeting))).await;
    let granted = answers.iter().filter(|answer| answer.status == 202).count();
    let refused = answers.iter().filter(|answer| answer.code() == "ALREADY_RECORDING").count();
    assert_eq!((granted, refused), (1, 5));
}

#[tokio::test]
async fn a_recording_needs_people_and_a_recorder() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    start(&organization.admin, &meeting).await.problem(409, "NOT_IN_PROGRESS");
    app.enter(&organization.admin, &meeting).await;
    let answer = start(&organization.admin, &meeting).await;
    assert!(!answer.header("retry-after").is_empty());
    answer.problem(503, "NO_RECORDER");
    app.recorder().await;
    app.execute("update egress_handlers set last_seen_at = last_seen_at - interval '8 seconds'").await;
    start(&organization.admin, &meeting).await.problem(503, "NO_RECORDER");
    app.execute("update egress_handlers set draining = true").await;
    app.recorder().await;
    organization
        .admin
        .post(&meeting.path("/recordings"), json!({"layout": "cinema"}))
        .await
        .fault_at("/layout");
    start(&organization.admin, &meeting).await.is(202);
}

#[tokio::test]
async fn a_recorder_that_is_busy_or_about_to_go_takes_no_more() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = running(&app, &organization, &organization.admin, &[]).await;
    app.execute("update egress_handlers set draining = true").await;
    start(&organization.admin, &meeting).await.problem(503, "NO_RECORDER");
    assert_eq!(app.value::<i64>("select count(*) from recordings").await, 0);
}

#[tokio::test]
async fn the_end_of_the_meeting_stops_the_recording() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    for how in ["/end", "/cancel"] {
        let meeting = running(&app, &organization, &organization.admin, &[]).await;
        start(&organization.admin, &meeting).await.is(202);
        organization.admin.post(&meeting.path(how), json!({})).await.is(200);
        app.settle().await;
        app.run_jobs().await;
        let going_on: i64 =
            app.value("select count(*) from recordings where stop_requested_at is null").await;
        assert_eq!(going_on, 0, "{how}");
        start(&organization.admin, &meeting).await.problem(409, "NOT_IN_PROGRESS");
    }
}

// REC-07, ORG-17
#[tokio::test]
async fn only_those_who_may_see_a_recording_see_that_it_is_there() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (host, secretary, guest) = (
        organization.member("secretary").await,
        organization.member("secretary").await,
        organization.member("member").await,
    );
    let meeting = running(&app, &organization, &host, &[&guest]).await;
    let recording = start(&host, &meeting).await.is(202);
    let path = format!("/recordings/{}", id(&recording));
    let access = async |body: Value| host.put(&format!("{path}/access"), body).await;
    let visible = async || {
        let mut who = Vec::new();
        for (name, person) in
            [("host", &host), ("secretary", &secretary), ("guest", &guest), ("admin", &organization.admin)]
        {
            let read = person.get(&path).await;
            let vault = person.all(&organization.path("/recordings"), 50).await;
            assert!(matches!(read.status, 200 | 404), "{name}: {}", read.text());
            assert_eq!(
                vault.len(),
                usize::from(read.status == 200),
                "{name}: the vault lists what may be read"
            );
            if read.status == 200 {
                who.push(name);
            }
        }
        other.admin.get(&path).await.problem(404, "NOT_FOUND");
        who
    };
    assert_eq!(visible().await, ["host"], "private by default");
    access(json!({"access_level": "role_based", "allowed_roles": ["secretary"]})).await.is(200);
    assert_eq!(visible().await, ["host", "secretary"]);
    access(json!({"access_level": "role_based", "allowed_roles": ["admin", "member"]})).await.is(200);
    assert_eq!(visible().await, ["host", "guest", "admin"]);
    access(json!({"access_level": "public"})).await.is(200);
    assert_eq!(visible().await, ["host", "secretary", "guest", "admin"]);
    access(json!({"access_level": "private"})).await.is(200);
    assert_eq!(visible().await, ["host"]);
    access(json!({"access_level": "secret"})).await.fault_at("/access_level");
    access(json!({"access_level": "role_based", "allowed_roles": ["king"]})).await.is(422);
    other.admin.get(&organization.path("/recordings")).await.problem(404, "NOT_FOUND");
    other.admin.get(&meeting.path("/recordings")).await.problem(404, "NOT_FOUND");
}

// REC-07: also in the list of a meeting.
#[tokio::test]
async fn a_meetings_list_shows_only_what_the_caller_may_see() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (host, guest) = (organization.member("secretary").await, organization.member("member").await);
    let meeting = running(&app, &organization, &host, &[&guest]).await;
    let recording = start(&host, &meeting).await.is(202);
    assert_eq!(host.all(&meeting.path("/recordings"), 50).await, [recording]);
    assert_eq!(guest.all(&meeting.path("/recordings"), 50).await, [Value::Null; 0]);
}

// REC-07: only the host decides, an officer who sees it does not.
#[tokio::test]
async fn only_the_host_changes_who_may_see_a_recording() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (host, co_host) = (organization.member("secretary").await, organization.member("member").await);
    let meeting = running(&app, &organization, &host, &[&co_host]).await;
    host.patch(&meeting.path(&format!("/participants/{}", co_host.id)), json!({"role": "co_host"}))
        .await
        .is(200);
    let recording = start(&host, &meeting).await.is(202);
    let path = format!("/recordings/{}/access", id(&recording));
    let body = json!({"access_level": "public"});
    organization.admin.put(&path, body.clone()).await.problem(404, "NOT_FOUND");
    host.put(&path, body.clone()).await.is(200);
    for person in [&organization.admin, &co_host] {
        person.put(&path, body.clone()).await.problem(403, "FORBIDDEN");
    }
}

// REC-03, REC-08
#[tokio::test]
async fn a_download_gives_the_file_whole_or_in_ranges() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let (host, guest) = (organization.member("secretary").await, organization.member("member").await);
    let meeting = running(&app, &organization, &host, &[&guest]).await;
    let recording = start(&host, &meeting).await.is(202);
    let early = download(&host, &recording, None).await;
    assert_eq!(early.status, 409, "{}", early.text());
    let file = file();
    finish(&app, &organization, &recording, &file).await;
    let whole = download(&host, &recording, None).await;
    assert_eq!(
        (whole.status, whole.header("content-type"), whole.header("accept-ranges")),
        (200, "video/mp4", "bytes")
    );
    assert_eq!(whole.header("content-length"), "100000");
    assert_eq!(whole.body, file);
    let part = async |range: &str| {
        let answer = download(&host, &recording, Some(range)).await;
        assert_eq!(answer.status, 206, "{range}: {}", answer.text());
        (answer.header("content-range").to_owned(), answer.body.to_vec())
    };
    assert_eq!(part("bytes=0-99").await, ("bytes 0-99/100000".into(), file[..100].to_vec()));
    assert_eq!(part("bytes=99990-").await, ("bytes 99990-99999/100000".into(), file[99_990..].to_vec()));
    assert_eq!(part("bytes=-10").await, ("bytes 99990-99999/100000".into(), file[99_990..].to_vec()));
    assert_eq!(
        part("bytes=99990-200000").await,
        ("bytes 99990-99999/100000".into(), file[99_990..].to_vec())
    );
    let beyond = download(&host, &recording, Some("bytes=100000-")).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */100000"));
    for odd in ["bytes=5-1", "bytes=x", "lines=1-2", "bytes=", "bytes=0-1,5-6"] {
        let status = download(&host, &recording, Some(odd)).await.status;
        assert!(matches!(status, 200 | 206 | 416), "{odd}: {status}");
    }
    for person in [&guest, &organization.admin] {
        download(person, &recording, None).await.problem(404, "NOT_FOUND");
    }
    host.put(&format!("/recordings/{}/access", id(&recording)), json!({"access_level": "public"}))
        .await
        .is(200);
    assert_eq!(download(&guest, &recording, None).await.body, file);
    app.api.get(&format!("/recordings/{}/download", id(&recording))).await.problem(401, "UNAUTHENTICATED");
}

// REC-08
#[tokio::test]
async fn a_presigned_download_leads_to_the_store_and_only_for_a_while() {
    let app = TestApp::with_vault_and(|config| config["vault"]["download"] = "presigned".into()).await;
    let organization = app.organization().await;
    let meeting = running(&app, &organization, &organization.admin, &[]).await;
    let recording = start(&organization.admin, &meeting).await.is(202);
    let file = file();
    finish(&app, &organization, &recording, &file).await;
    let answer = download(&organization.admin, &recording, None).await;
    assert_eq!(answer.status, 302, "{}", answer.text());
    let url = answer.header("location").to_owned();
    assert!(url.contains("X-Amz-Signature") && url.contains("X-Amz-Expires"), "{url}");
    let stored = app.api.http_raw(&url).await;
    assert_eq!((stored.status().as_u16(), stored.bytes().await.expect("a body")), (200, file.into()));
    let (bare, _) = url.split_once('?').expect("a signature");
    assert!(matches!(app.api.http_raw(bare).await.status().as_u16(), 400 | 403), "the bucket is private");
}

#[tokio::test]
async fn a_recording_deleted_for_good_is_gone_from_the_vault_and_stays_on_the_record() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let (host, guest) = (organization.member("secretary").await, organization.member("member").await);
    let meeting = running(&app, &organization, &host, &[&guest]).await;
    let recording = start(&host, &meeting).await.is(202);
    let path = format!("/recordings/{}", id(&recording));
    let early = host.delete(&path).await;
    assert_eq!(early.status, 409, "what is still being recorded is not deleted: {}", early.text());
    finish(&app, &organization, &recording, &file()).await;
    guest.delete(&path).await.problem(404, "NOT_FOUND");
    host.put(&format!("{path}/access"), json!({"access_level": "public"})).await.is(200);
    guest.delete(&path).await.problem(403, "FORBIDDEN");
    host.delete(&format!("{path}?permanently=true")).await.is(204);
    let key = Key::Recording(organization.id.parse().expect("an id"), id(&recording).parse().expect("an id"));
    let vault = Vault::new(&app.app.config.vault).expect("a vault");
    harness::app::eventually_async(async || vault.size(key).await.expect("the store answers").is_none())
        .await;
    assert_eq!(app.value::<String>("select status::text from recordings").await, "deleted");
    let answer = download(&host, &recording, None).await;
    assert!(matches!(answer.status, 404 | 410), "{}", answer.text());
    assert_eq!(
        host.all(&meeting.path("/recordings"), 50)
            .await
            .iter()
            .filter(|it| it["status"] == "available")
            .count(),
        0
    );
}

#[tokio::test]
async fn while_the_store_is_away_a_download_says_so() {
    let app = TestApp::start_with(|config| config["vault"]["endpoint"] = "http://127.0.0.1:9".into()).await;
    let organization = app.organization().await;
    let meeting = running(&app, &organization, &organization.admin, &[]).await;
    let recording = start(&organization.admin, &meeting).await.is(202);
    app.execute(
        "update recordings set status = 'available', object_key = 'x', size_bytes = 5, sha256 = 'x', content_type = 'video/mp4'",
    )
    .await;
    let answer = download(&organization.admin, &recording, None).await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(!answer.header("retry-after").is_empty());
}

// ORG-01
#[tokio::test]
async fn recordings_of_others_and_unknown_ones_do_not_exist() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.organization().await, app.organization().await);
    let meeting = running(&app, &theirs, &theirs.admin, &[]).await;
    let recording = start(&theirs.admin, &meeting).await.is(202);
    for id in [id(&recording), "01890000-0000-7000-8000-000000000000", "x"] {
        let path = format!("/recordings/{id}");
        ours.admin.get(&path).await.problem(404, "NOT_FOUND");
        ours.admin.post(&format!("{path}/stop"), json!({})).await.problem(404, "NOT_FOUND");
        ours.admin
            .put(&format!("{path}/access"), json!({"access_level": "public"}))
            .await
            .problem(404, "NOT_FOUND");
        ours.admin.get(&format!("{path}/download")).await.problem(404, "NOT_FOUND");
        ours.admin.delete(&path).await.problem(404, "NOT_FOUND");
    }
    start(&ours.admin, &meeting).await.problem(404, "NOT_FOUND");
}

// REC-08: a `<video>` cannot send a header, so it gets an address of its own for a while.
#[tokio::test]
async fn an_address_to_play_from_opens_one_recording_for_one_person_for_a_while() {
    let app = TestApp::with_vault().await;
    let organization = app.organization().await;
    let (host, guest) = (organization.member("secretary").await, organization.member("member").await);
    let meeting = running(&app, &organization, &host, &[&guest]).await;
    let recording = start(&host, &meeting).await.is(202);
    let path = format!("/recordings/{}", id(&recording));
    host.post(&format!("{path}/playback"), json!({})).await.is(409);
    let file = file();
    finish(&app, &organization, &recording, &file).await;
    guest.post(&format!("{path}/playback"), json!({})).await.problem(404, "NOT_FOUND");
    host.put(&format!("{path}/access"), json!({"access_level": "public"})).await.is(200);
    let url = guest.post(&format!("{path}/playback"), json!({})).await.is(200)["url"]
        .as_str()
        .expect("an address")
        .to_owned();
    let play = async |url: &str| app.api.http_raw(url).await;
    let played = play(&url).await;
    assert_eq!((played.status().as_u16(), played.bytes().await.expect("a body")), (200, file.into()));
    // It opens nothing else.
    let token = url.split_once("token=").expect("a token").1.to_owned();
    app.api.with_token(&token).get("/me").await.problem(401, "UNAUTHENTICATED");
    let other = url.replace(id(&recording), &meeting.id);
    assert_eq!(play(&other).await.status().as_u16(), 401);
    assert_eq!(play(&format!("{url}x")).await.status().as_u16(), 401);
    // Whoever may no longer see the recording may no longer play it.
    host.put(&format!("{path}/access"), json!({"access_level": "private"})).await.is(200);
    assert_eq!(play(&url).await.status().as_u16(), 404);
    host.put(&format!("{path}/access"), json!({"access_level": "public"})).await.is(200);
    app.pass(chrono::Duration::minutes(5));
    assert_eq!(play(&url).await.status().as_u16(), 401);
}

// MTG-13
#[tokio::test]
async fn a_meeting_that_records_by_itself_does_so_once() {
    let app = TestApp::start().await;
    app.recorder().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().set("auto_record", true).invite(&guest).create().await;
    app.enter(&organization.admin, &meeting).await;
    app.enter(&guest, &meeting).await;
    app.run_jobs().await;
    let recordings = organization.admin.all(&meeting.path("/recordings"), 50).await;
    assert_eq!(recordings.iter().map(|it| it["status"].clone()).collect::<Vec<_>>(), ["requested"]);
    start(&organization.admin, &meeting).await.problem(409, "ALREADY_RECORDING");
    let plain = organization.meeting().create().await;
    app.enter(&organization.admin, &plain).await;
    assert_eq!(organization.admin.all(&plain.path("/recordings"), 50).await, [Value::Null; 0]);
}

/// What LiveKit tells of the egress that makes a recording, in protobuf's JSON.
fn egress_event(meeting: &Meeting, path: &str, number: u32, status: &str) -> Value {
    let mut info = json!({
        "egressId": "EG_1", "roomName": meeting.room, "updatedAt": format!("17952407410000000{number:02}"),
        "roomComposite": {"roomName": meeting.room, "fileOutputs": [{"filepath": path, "s3": {"secret": "{secret}"}}]},
    });
    // The first stage is the default and is not written.
    if status != "EGRESS_STARTING" {
        info["status"] = json!(status);
    }
    json!({"event": "egress_updated", "id": format!("EV_{number}_{status}"), "createdAt": "1795240741", "egressInfo": info})
}

#[tokio::test]
async fn what_is_told_of_an_egress_only_goes_forward() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = running(&app, &organization, &organization.admin, &[]).await;
    let recording = start(&organization.admin, &meeting).await.is(202);
    let path = format!("organizations/{}/recordings/{}.mp4", organization.id, id(&recording));
    let hear = async |number, status: &str| {
        app.webhook(&egress_event(&meeting, &path, number, status)).await.is(200);
        app.work_off_webhooks().await;
        app.value::<Option<String>>("select egress ->> 'stage' from recordings").await
    };
    assert_eq!(hear(1, "EGRESS_ACTIVE").await, None, "another engine makes it");
    app.execute("update recordings set engine = 'livekit_egress', status = 'starting'").await;
    app.webhook(&egress_event(&meeting, "somebody/else.mp4", 2, "EGRESS_COMPLETE")).await.is(200);
    assert_eq!(hear(3, "EGRESS_STARTING").await.as_deref(), Some("starting"));
    for (number, status, stage) in [
        (6, "EGRESS_ENDING", "ending"),
        (4, "EGRESS_ACTIVE", "ending"),
        (6, "EGRESS_ENDING", "ending"),
        (7, "EGRESS_DANCING", "ending"),
        (8, "EGRESS_COMPLETE", "complete"),
        (9, "EGRESS_FAILED", "complete"),
        (5, "EGRESS_ACTIVE", "complete"),
    ] {
        assert_eq!(hear(number, status).await.as_deref(), Some(stage), "{number} {status}");
    }
    let kept =
        app.value::<i64>("select count(*) from webhook_inbox where body::text like '%{secret}%'").await;
    assert_eq!(kept, 0, "keys are not kept");
    assert_eq!(app.value::<i64>("select count(*) from webhook_inbox where processed_at is null").await, 0);
    app.execute("update recordings set status = 'available', object_key = 'x', size_bytes = 1, sha256 = ''")
        .await;
    assert_eq!(hear(10, "EGRESS_ACTIVE").await.as_deref(), Some("complete"), "it is done");
}

#[tokio::test]
async fn what_the_livekit_egress_service_records_cannot_be_paused() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = running(&app, &organization, &organization.admin, &[]).await;
    let recording = start(&organization.admin, &meeting).await.is(202);
    app.execute("update recordings set engine = 'livekit_egress', status = 'recording', started_at = now()")
        .await;
    let ask = async |what: &str| {
        organization.admin.post(&format!("/recordings/{}/{what}", id(&recording)), json!({})).await
    };
    ask("pause").await.problem(409, "CANNOT_PAUSE");
    assert_eq!(ask("resume").await.is(202)["paused_at"], Value::Null);
}
