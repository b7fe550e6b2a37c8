//! What recordings say: written down by a service, read, searched, and deleted with them.

use chrono::Duration;
use harness::{
    Answer, Meeting, Organization, Person, TestApp, Value, json,
    transcriber::{KEY, Transcriber, Turn},
};
use kernel::vault::{Key, TrackKey, Vault};

use crate::recordings::{file, finish, id, running, start};

/// A service that writes down, an organization that wants it, and a recording that somebody agreed to.
struct Desk<'a> {
    app: &'a TestApp,
    organization: Organization<'a>,
    host: Person,
    guest: Person,
    meeting: Meeting,
    recording: Value,
}

async fn app_with(transcriber: &Transcriber) -> TestApp {
    TestApp::with_vault_and(|config| transcriber.configure(config)).await
}

async fn agree(person: &Person) {
    person.put("/me/consents/transcription", json!({"given": true})).await.is(200);
}

async fn want(organization: &Organization<'_>, wanted: bool) {
    organization.admin.patch(&organization.path("/settings"), json!({"transcripts": wanted})).await.is(200);
}

impl<'a> Desk<'a> {
    async fn prepare(app: &'a TestApp) -> Self {
        let organization = app.organization().await;
        want(&organization, true).await;
        let (host, guest) = (organization.member("secretary").await, organization.member("member").await);
        agree(&host).await;
        let meeting = running(app, &organization, &host, &[&guest]).await;
        let recording = start(&host, &meeting).await.is(202);
        app.pass(Duration::seconds(10));
        Self { app, organization, host, guest, meeting, recording }
    }

    async fn finish(&self) {
        finish(self.app, &self.organization, &self.recording, &file()).await;
    }

    fn path(&self, rest: &str) -> String {
        format!("/recordings/{}{rest}", id(&self.recording))
    }

    async fn read(&self) -> Value {
        self.host.get(&self.path("/transcript")).await.is(200)
    }

    async fn captions(&self) -> Answer {
        self.host.get(&self.path("/captions.vtt")).await
    }

    /// Why there is no transcript.
    async fn failure(&self) -> Value {
        let found = self.read().await;
        assert_eq!(found["status"], "failed", "{found}");
        found["failure"]["code"].clone()
    }

    /// Somebody's voice beside the recording.
    async fn voice(&self, number: i32, person: &Person, starts: i64, sound: &'static [u8]) {
        let key = TrackKey {
            organization: self.organization.id.parse().expect("an id"),
            recording: id(&self.recording).parse().expect("an id"),
            section: 1,
            number,
        };
        let vault = Vault::new(&self.app.app.config.vault).expect("a vault");
        vault.put(Key::Track(key), sound.into(), "audio/ogg").await.expect("stored");
        sqlx::query(
            "insert into recording_tracks (recording_id, section, number, identity, user_id, name, starts_ms, duration_ms, pieces,
                                           size_bytes, sha256)
             values ($1, 1, $2, $3::text, $3, 'As it was', $4, 5000, 1, $5, 'x')",
        )
        .bind(key.recording.0)
        .bind(number)
        .bind(person.user_id().0)
        .bind(starts)
        .bind(i64::try_from(sound.len()).expect("small"))
        .execute(&mut self.app.database().await)
        .await
        .expect("a voice");
    }
}

fn texts(transcript: &Value) -> Vec<(i64, Value, String)> {
    let segments = transcript["segments"].as_array().expect("a list");
    let text = |it: &Value| it["text"].as_str().expect("text").to_owned();
    segments
        .iter()
        .map(|it| (it["starts_ms"].as_i64().expect("a time"), it["name"].clone(), text(it)))
        .collect()
}

#[tokio::test]
async fn a_finished_recording_is_written_down_and_found_by_what_was_said() {
    let transcriber = Transcriber::start().await;
    let app = app_with(&transcriber).await;
    let desk = Desk::prepare(&app).await;
    desk.host.get(&desk.path("/transcript")).await.problem(409, "NOT_AVAILABLE");
    desk.finish().await;
    assert_eq!(desk.read().await["status"], "waiting");
    desk.captions().await.problem(404, "NOT_FOUND");
    transcriber.next([Turn::Hears(vec![
        (0.0, 2.5, "We lend 5,000 to Amina & <her> group."),
        (2.5, 4.0, "Agreed --> unanimously."),
    ])]);
    app.work_off_jobs().await;
    let asked = transcriber.take();
    assert_eq!(asked.len(), 1);
    assert_eq!(&asked[0].file[..], file(), "the recording itself, as nobody was recorded apart");
    assert_eq!((asked[0].file_name.as_str(), asked[0].kind.as_str()), ("recording.mp4", "video/mp4"));
    assert_eq!(asked[0].fields["model"], "whisper-1");
    assert!(!asked[0].fields.contains_key("language"), "it is found out");
    let found = desk.read().await;
    assert_eq!((&found["status"], &found["language"]), (&json!("available"), &json!("english")));
    assert_eq!(found["can_request"], true);
    let captions = desk.captions().await;
    assert_eq!((captions.status, captions.header("content-type")), (200, "text/vtt; charset=utf-8"));
    assert_eq!(
        captions.text(),
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nWe lend 5,000 to Amina &amp; &lt;her&gt; group.\n\n\
         00:00:02.500 --> 00:00:04.000\nAgreed --&gt; unanimously.\n"
    );
    let search = async |person: &Person, q: &str| {
        person.all(&desk.organization.path(&format!("/recordings?q={q}")), 50).await
    };
    let hits = search(&desk.host, "amina%20LEND").await;
    assert_eq!(hits[0]["said"], json!([{"at_ms": 0, "text": "We lend 5,000 to Amina & <her> group."}]));
    assert!(search(&desk.host, "amina%20unanimously").await.is_empty(), "not in one breath");
    assert!(search(&desk.guest, "amina").await.is_empty(), "who may not see it does not find it");
    assert_eq!(search(&desk.host, "weekly").await[0]["said"], json!([]), "found by its title");
    let told: Vec<String> = app
        .value("select array_agg(action order by id) from audit_log where entity_type = 'transcript'")
        .await;
    assert_eq!(told, ["transcript.requested", "transcript.completed"]);
}

#[tokio::test]
async fn nothing_is_written_down_where_nobody_wants_or_can_do_it() {
    let transcriber = Transcriber::start().await;
    let app = app_with(&transcriber).await;
    let desk = Desk::prepare(&app).await;
    want(&desk.organization, false).await;
    desk.finish().await;
    let found = desk.read().await;
    assert_eq!((&found["status"], &found["can_request"]), (&json!("none"), &json!(false)));
    desk.host.post(&desk.path("/transcript"), json!({})).await.problem(409, "TRANSCRIPTS_OFF");
    // Asked for later, in a language.
    want(&desk.organization, true).await;
    assert_eq!(desk.read().await["can_request"], true);
    desk.host.post(&desk.path("/transcript"), json!({"language": "Swahili"})).await.fault_at("/language");
    desk.guest.post(&desk.path("/transcript"), json!({})).await.problem(404, "NOT_FOUND");
    desk.host.put(&desk.path("/access"), json!({"access_level": "public"})).await.is(200);
    desk.guest.post(&desk.path("/transcript"), json!({})).await.problem(403, "FORBIDDEN");
    assert_eq!(desk.guest.get(&desk.path("/transcript")).await.is(200)["can_request"], false);
    desk.host.post(&desk.path("/transcript"), json!({"language": "sw"})).await.is(202);
    desk.host.post(&desk.path("/transcript"), json!({"language": "sw"})).await.is(202);
    transcriber.next([Turn::Hears(vec![(0.0, 1.0, "Habari.")])]);
    app.work_off_jobs().await;
    let asked = transcriber.take();
    assert_eq!((asked.len(), asked[0].fields["language"].as_str()), (1, "sw"), "asked twice, done once");
    // Anew: what there was is gone at once.
    desk.host.post(&desk.path("/transcript"), json!({})).await.is(202);
    assert_eq!(desk.read().await["segments"], json!([]));
    transcriber.next([Turn::Hears(vec![(0.0, 1.0, "Hello.")])]);
    app.work_off_jobs().await;
    assert_eq!(texts(&desk.read().await), [(0, Value::Null, "Hello.".to_owned())]);
    drop(transcriber);
    let without = TestApp::with_vault().await;
    let desk = Desk::prepare(&without).await;
    desk.finish().await;
    without.work_off_jobs().await;
    assert_eq!(desk.read().await["status"], "none", "no service is configured");
    desk.host.post(&desk.path("/transcript"), json!({})).await.problem(409, "TRANSCRIPTS_OFF");
}

#[tokio::test]
async fn who_has_not_agreed_is_not_written_down() {
    let transcriber = Transcriber::start().await;
    let app = app_with(&transcriber).await;
    let desk = Desk::prepare(&app).await;
    app.enter(&desk.guest, &desk.meeting).await;
    app.pass(Duration::seconds(10));
    desk.finish().await;
    app.work_off_jobs().await;
    assert_eq!(desk.failure().await, "NOT_AGREED");
    assert_eq!(transcriber.take().len(), 0, "nothing left the house");
    // Recorded apart, those who agreed are written down, and the others are counted.
    desk.voice(0, &desk.host, 1000, b"the voice of the host").await;
    desk.voice(1, &desk.guest, 4000, b"the voice of the guest").await;
    desk.voice(2, &desk.host, 60_000, b"the host after a break").await;
    desk.host.post(&desk.path("/transcript"), json!({})).await.is(202);
    transcriber.next([
        Turn::Hears(vec![(0.5, 2.0, "Welcome."), (5.0, 6.0, "Let us begin.")]),
        Turn::Hears(vec![(0.0, 1.0, "I am back.")]),
    ]);
    app.work_off_jobs().await;
    let asked = transcriber.take();
    let files: Vec<_> = asked.iter().map(|it| it.file.to_vec()).collect();
    assert_eq!(files, [b"the voice of the host".to_vec(), b"the host after a break".to_vec()]);
    assert_eq!((asked[0].file_name.as_str(), asked[0].kind.as_str()), ("recording.ogg", "audio/ogg"));
    assert_eq!(desk.read().await["left_out"], 1);
    agree(&desk.guest).await;
    desk.host.post(&desk.path("/transcript"), json!({})).await.is(202);
    transcriber.next([
        Turn::Hears(vec![(0.5, 2.0, "Welcome."), (5.0, 6.0, "Let us begin.")]),
        Turn::Hears(vec![(0.0, 1.0, "Thank you.")]),
        Turn::Hears(vec![(0.0, 1.0, "I am back.")]),
    ]);
    app.work_off_jobs().await;
    let found = desk.read().await;
    let (host, guest) = (json!(desk.host.name), json!(desk.guest.name));
    assert_eq!(
        texts(&found),
        [
            (1500, host.clone(), "Welcome.".to_owned()),
            (4000, guest.clone(), "Thank you.".to_owned()),
            (6000, host.clone(), "Let us begin.".to_owned()),
            (60_000, host, "I am back.".to_owned()),
        ]
    );
    assert_eq!((&found["left_out"], &found["segments"][1]["user_id"]), (&json!(0), &json!(desk.guest.id)));
    let voice = format!("00:00:04.000 --> 00:00:05.000\n<v {}>Thank you.\n", desk.guest.name);
    assert!(desk.captions().await.text().contains(&voice), "{}", desk.captions().await.text());
    // Consent that was taken back counts from then on.
    desk.guest.put("/me/consents/transcription", json!({"given": false})).await.is(200);
    desk.host.put("/me/consents/transcription", json!({"given": false})).await.is(200);
    desk.host.post(&desk.path("/transcript"), json!({})).await.is(202);
    app.work_off_jobs().await;
    assert_eq!(desk.failure().await, "NOT_AGREED");
}

#[tokio::test]
async fn it_waits_for_voices_that_are_still_put_together() {
    let transcriber = Transcriber::start().await;
    let app = app_with(&transcriber).await;
    let desk = Desk::prepare(&app).await;
    desk.voice(0, &desk.host, 0, b"a voice").await;
    app.execute("update recording_tracks set sha256 = null").await;
    desk.finish().await;
    for _ in 0..3 {
        app.work_off_jobs().await;
        assert_eq!(desk.read().await["status"], "waiting");
        app.pass(Duration::seconds(16));
    }
    assert_eq!(transcriber.take().len(), 0);
    app.execute("update recording_tracks set sha256 = 'x'").await;
    transcriber.next([Turn::Hears(vec![(0.0, 1.0, "Here.")])]);
    app.work_off_jobs().await;
    assert_eq!(texts(&desk.read().await).len(), 1);
}

#[tokio::test]
async fn a_service_that_is_busy_is_asked_again_when_it_says() {
    let transcriber = Transcriber::start().await;
    let app = app_with(&transcriber).await;
    let desk = Desk::prepare(&app).await;
    desk.finish().await;
    transcriber.next([Turn::Refuses(429, Some(90)), Turn::Refuses(500, None)]);
    app.work_off_jobs().await;
    app.pass(Duration::seconds(80));
    app.work_off_jobs().await;
    assert_eq!(transcriber.take().len(), 1, "not before its time");
    assert_eq!(desk.read().await["status"], "waiting");
    app.pass(Duration::seconds(11));
    app.work_off_jobs().await;
    assert_eq!(transcriber.take().len(), 1);
    app.pass(Duration::seconds(5));
    transcriber.next([Turn::Hears(vec![(0.0, 1.0, "At last.")])]);
    app.work_off_jobs().await;
    assert_eq!(desk.read().await["status"], "available");
    // One that stays away is given up, with the reason.
    desk.host.post(&desk.path("/transcript"), json!({})).await.is(202);
    transcriber.next((0..12).map(|_| Turn::Refuses(503, None)));
    for _ in 0..12 {
        app.work_off_jobs().await;
        app.pass(Duration::minutes(16));
    }
    assert_eq!(desk.failure().await, "SERVICE_AWAY");
}

#[tokio::test]
async fn what_a_service_refuses_or_garbles_is_told_without_its_words() {
    let transcriber = Transcriber::start().await;
    let app = app_with(&transcriber).await;
    let desk = Desk::prepare(&app).await;
    desk.finish().await;
    let again = async |turns: Vec<Turn>| {
        transcriber.next(turns);
        for _ in 0..3 {
            app.work_off_jobs().await;
            app.pass(Duration::minutes(1));
        }
        let code = desk.failure().await;
        desk.host.post(&desk.path("/transcript"), json!({})).await.is(202);
        code
    };
    assert_eq!(again(vec![Turn::Refuses(400, None)]).await, "SERVICE_REFUSED");
    assert_eq!(again(vec![Turn::Refuses(401, None)]).await, "SERVICE_REFUSED");
    assert_eq!(again(vec![Turn::Refuses(413, None)]).await, "TOO_LARGE");
    let nonsense = ["<html>", "{}", r#"{"text": "x", "segments": [{"start": "now"}]}"#];
    assert_eq!(again(nonsense.map(Turn::Says).to_vec()).await, "BAD_ANSWER");
    let odd = r#"{"text": "x", "segments": [{"start": -5, "end": 1e300, "text": "odd\u0000\n\ntimes"}, {"start": 3, "end": 1, "text": "back"}]}"#;
    transcriber.next([Turn::Says(odd)]);
    app.work_off_jobs().await;
    assert_eq!(
        texts(&desk.read().await),
        [(0, Value::Null, "odd times".to_owned()), (3000, Value::Null, "back".to_owned())]
    );
    assert_eq!(desk.captions().await.text().matches("-->").count(), 2);
    transcriber.take();
    app.execute("update recordings set size_bytes = 26000000").await;
    desk.host.post(&desk.path("/transcript"), json!({})).await.is(202);
    app.work_off_jobs().await;
    assert_eq!(desk.failure().await, "TOO_LARGE");
    assert_eq!((transcriber.take().len(), transcriber.refused()), (0, 0), "it is not even sent");
    let said: String = app
        .value("select coalesce(string_agg(failure_detail, ' '), '') || coalesce((select string_agg(coalesce(after, '{}')::text, ' ') from audit_log), '') from recording_transcripts")
        .await;
    assert!(!said.contains(KEY), "{said}");
}

#[tokio::test]
async fn it_goes_with_its_recording_and_stays_with_what_is_held() {
    let transcriber = Transcriber::start().await;
    let app = app_with(&transcriber).await;
    let desk = Desk::prepare(&app).await;
    desk.finish().await;
    let hear = async || {
        transcriber.next([Turn::Hears(vec![(0.0, 1.0, "Between us.")])]);
        app.work_off_jobs().await;
        assert_eq!(desk.read().await["status"], "available");
    };
    hear().await;
    let words = "select count(*) from transcript_segments";
    desk.host.put(&desk.path("/hold"), json!({"reason": "A claim"})).await.is(200);
    desk.host.delete(&desk.path("/transcript")).await.problem(409, "LEGAL_HOLD");
    desk.host.post(&desk.path("/transcript"), json!({})).await.problem(409, "LEGAL_HOLD");
    desk.host.delete(&desk.path("/hold")).await.is(200);
    desk.organization.admin.delete(&desk.path("/transcript")).await.problem(404, "NOT_FOUND");
    desk.host.delete(&desk.path("/transcript")).await.is(204);
    desk.host.delete(&desk.path("/transcript")).await.is(204);
    assert_eq!((desk.read().await["status"].clone(), app.value::<i64>(words).await), (json!("none"), 0));
    desk.host.post(&desk.path("/transcript"), json!({})).await.is(202);
    hear().await;
    // In the trash it opens to nobody, and comes back with it.
    desk.host.delete(&desk.path("")).await.is(204);
    for way in ["/transcript", "/captions.vtt"] {
        desk.host.get(&desk.path(way)).await.problem(410, "RECORDING_DELETED");
    }
    desk.host.post(&desk.path("/transcript"), json!({})).await.problem(410, "RECORDING_DELETED");
    desk.host.post(&desk.path("/restore"), json!({})).await.is(200);
    assert_eq!(desk.read().await["status"], "available", "and is not written down anew");
    desk.host.delete(&desk.path("")).await.is(204);
    app.pass(Duration::days(8));
    server::recordings::erase_deleted(&app.app).await.expect("the vault answers");
    assert_eq!(app.value::<i64>(words).await, 0);
    assert_eq!(app.value::<i64>("select count(*) from recording_transcripts").await, 0);
}

#[tokio::test]
async fn what_is_deleted_while_it_is_written_down_stays_deleted() {
    let transcriber = Transcriber::start().await;
    let app = app_with(&transcriber).await;
    let desk = Desk::prepare(&app).await;
    desk.finish().await;
    transcriber.next([Turn::Slow(std::time::Duration::from_millis(700))]);
    let deleting = async {
        harness::app::eventually_async(async || desk.read().await["status"] == "running").await;
        desk.host.delete(&desk.path("/transcript")).await.is(204);
    };
    tokio::join!(app.work_off_jobs(), deleting);
    assert_eq!(desk.read().await["status"], "none");
    // So does what is asked for anew meanwhile: the older attempt keeps nothing.
    desk.host.post(&desk.path("/transcript"), json!({})).await.is(202);
    transcriber
        .next([Turn::Slow(std::time::Duration::from_millis(700)), Turn::Hears(vec![(0.0, 1.0, "New.")])]);
    let anew = async {
        harness::app::eventually_async(async || desk.read().await["status"] == "running").await;
        desk.host.delete(&desk.path("/transcript")).await.is(204);
        app.execute("insert into recording_transcripts (recording_id, organization_id, requested_at, run) select id, organization_id, now(), 7 from recordings").await;
    };
    tokio::join!(app.work_off_jobs(), anew);
    assert_eq!(desk.read().await["status"], "waiting", "nobody has done the newer one");
}

// A person without access gets nowhere.
#[tokio::test]
async fn who_may_not_see_the_recording_does_not_read_it_either() {
    let transcriber = Transcriber::start().await;
    let app = app_with(&transcriber).await;
    let desk = Desk::prepare(&app).await;
    let other = app.organization().await;
    desk.voice(0, &desk.host, 0, b"a voice").await;
    desk.finish().await;
    transcriber.next([Turn::Hears(vec![(0.0, 1.0, "Between us.")])]);
    app.work_off_jobs().await;
    for person in [&desk.guest, &desk.organization.admin, &other.admin] {
        for way in ["/transcript", "/captions.vtt"] {
            person.get(&desk.path(way)).await.problem(404, "NOT_FOUND");
        }
        person.delete(&desk.path("/transcript")).await.problem(404, "NOT_FOUND");
    }
    for way in ["/transcript", "/captions.vtt", "/captions.vtt?token=made-up"] {
        app.api.get(&desk.path(way)).await.problem(401, "UNAUTHENTICATED");
    }
    let link = desk.host.post(&desk.path("/share-links"), json!({})).await.is(201);
    let token = link["url"].as_str().expect("an address").rsplit('/').next().expect("a token").to_owned();
    let shared = app.api.post(&format!("/shared/{token}/playback"), json!({})).await.is(200)["url"].clone();
    let own = desk.host.post(&desk.path("/playback"), json!({})).await.is(200)["url"].clone();
    let way = |url: &Value, to: &str| url.as_str().expect("an address").replace("/download?", to);
    let look = async |url: &str| app.api.http_raw(url).await.status().as_u16();
    for url in [&shared, &own] {
        assert_eq!(look(&way(url, "/captions.vtt?")).await, 200);
        assert_eq!(look(&way(url, "/transcript?")).await, 200);
    }
    let seen: Value = app.api.http_raw(&way(&shared, "/transcript?")).await.json().await.expect("JSON");
    let first = &seen["segments"][0];
    assert_eq!(
        (&first["name"], &first["user_id"]),
        (&json!(desk.host.name), &Value::Null),
        "a name and no more"
    );
    desk.host.delete(&format!("/share-links/{}", id(&link))).await.is(204);
    for to in ["/captions.vtt?", "/transcript?"] {
        assert_eq!(look(&way(&shared, to)).await, 410, "the link was taken back");
    }
    app.pass(Duration::minutes(6));
    for to in ["/captions.vtt?", "/transcript?"] {
        assert_eq!(look(&way(&own, to)).await, 401, "the address has expired");
    }
}
