//! Files that come into the vault from elsewhere.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use harness::{Answer, Meeting, Organization, Person, TestApp, Value, json};
use kernel::vault::{Key, Vault};
use sha2::{Digest, Sha256};

use crate::recordings::{download, id};

/// A server of files, and what was asked of it.
struct Source {
    url: String,
    asked: Arc<AtomicUsize>,
    /// Bytes of the endless file that were taken.
    taken: Arc<AtomicUsize>,
    serving: tokio::task::JoinHandle<()>,
}

impl Source {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (asked, taken) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let service = Router::new().route("/{*what}", get(serve)).with_state((asked.clone(), taken.clone()));
        let serving = tokio::spawn(async move { axum::serve(listener, service).await.expect("serving") });
        Self { url, asked, taken, serving }
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// An MP4 by its first bytes, of 20 MB, so that it takes more than one part.
fn film() -> Vec<u8> {
    let mut film = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41".to_vec();
    film.extend((0..20_000_000_u32).map(|number| u8::try_from(number % 251).expect("small")));
    film
}

async fn serve(
    State((asked, taken)): State<(Arc<AtomicUsize>, Arc<AtomicUsize>)>,
    Path(what): Path<String>,
) -> Response {
    let times = asked.fetch_add(1, Ordering::Relaxed);
    let html = [(header::CONTENT_TYPE, "text/html")];
    match what.as_str() {
        // It lies about what it is.
        "film.mp4" => (html, film()).into_response(),
        "voice.ogg" => {
            [&b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0OpusHead\x01\x02"[..], &[0; 900]]
                .concat()
                .into_response()
        }
        "page.mp4" => {
            ([(header::CONTENT_TYPE, "video/mp4")], "<!doctype html><p>Please sign in.").into_response()
        }
        "empty.mp4" => ([(header::CONTENT_TYPE, "video/mp4")], "").into_response(),
        "busy" if times < 2 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        "breaks" if times < 2 => {
            let half = Bytes::from(film()[..9_000_000].to_vec());
            let pieces = stream::iter([Ok(half), Err(std::io::Error::other("gone"))]);
            ([(header::CONTENT_LENGTH, film().len())], Body::from_stream(pieces)).into_response()
        }
        "busy" | "breaks" => film().into_response(),
        "huge" => {
            let begin = Bytes::from(film()[..1000].to_vec());
            let pieces = stream::iter([Ok::<_, std::io::Error>(begin)]).chain(stream::pending());
            ([(header::CONTENT_LENGTH, 3_000_000_000_u64)], Body::from_stream(pieces)).into_response()
        }
        "endless" => {
            let piece = Bytes::from(film()[..1_000_000].to_vec());
            let pieces = stream::repeat_with(move || {
                taken.fetch_add(piece.len(), Ordering::Relaxed);
                Ok::<_, std::io::Error>(piece.clone())
            });
            Body::from_stream(pieces).into_response()
        }
        "away" => StatusCode::BAD_GATEWAY.into_response(),
        "private" => Redirect::temporary("http://10.0.0.7/film.mp4").into_response(),
        "metadata" => Redirect::temporary("http://169.254.169.254/latest/meta-data/").into_response(),
        "loopback" => Redirect::temporary("http://[::1]:1/film.mp4").into_response(),
        "file" => Redirect::temporary("file:///etc/passwd").into_response(),
        "moved" => Redirect::permanent("/film.mp4").into_response(),
        "round" => Redirect::temporary("/round").into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

struct Shelf<'a> {
    app: &'a TestApp,
    source: Source,
    organization: Organization<'a>,
    host: Person,
    meeting: Meeting,
}

async fn app() -> TestApp {
    TestApp::with_vault_and(|config| {
        config["imports"] = json!({"max_gb": 2, "allowed_addresses": ["127.0.0.1"]});
    })
    .await
}

impl<'a> Shelf<'a> {
    async fn stand(app: &'a TestApp) -> Self {
        let organization = app.organization().await;
        let host = organization.member("secretary").await;
        let meeting = organization.meeting().host(&host).create().await;
        Self { app, source: Source::start().await, organization, host, meeting }
    }

    async fn post(&self, body: Value) -> Answer {
        self.host.post(&self.meeting.path("/recordings/import"), body).await
    }

    async fn import(&self, what: &str) -> Value {
        self.post(json!({"url": format!("{}/{what}", self.source.url)})).await.is(202)
    }

    async fn read(&self, recording: &Value) -> Value {
        self.host.get(&format!("/recordings/{}", id(recording))).await.is(200)
    }

    /// What becomes of a file when all is done that is due.
    async fn outcome(&self, what: &str) -> Value {
        let recording = self.import(what).await;
        self.app.work_off_jobs().await;
        let found = self.read(&recording).await;
        assert_eq!(found["status"], "failed", "{found}");
        found["failure"]["code"].clone()
    }
}

// REC-11
#[tokio::test]
async fn a_file_comes_into_the_vault_and_is_a_recording_like_others() {
    let app = app().await;
    let shelf = Shelf::stand(&app).await;
    let url = format!("{}/moved?signature=a-secret-of-the-address", shelf.source.url);
    let body = json!({"url": url, "title": "The assembly of 2019", "started_at": "2019-05-04T08:00:00Z"});
    let recording = shelf.post(body).await.is(202);
    assert_eq!((&recording["status"], &recording["engine"]), (&json!("importing"), &json!("import")));
    assert_eq!(recording["import"], json!({"host": "127.0.0.1", "received_bytes": 0, "total_bytes": null}));
    assert_eq!((&recording["is_keeper"], &recording["meeting_title"]), (&json!(true), &json!("Weekly")));
    download(&shelf.host, &recording, None).await.problem(409, "NOT_AVAILABLE");
    app.work_off_jobs().await;
    let found = shelf.read(&recording).await;
    assert_eq!((&found["status"], &found["content_type"]), (&json!("available"), &json!("video/mp4")));
    assert_eq!(found["sha256"], hex::encode(Sha256::digest(film())));
    assert_eq!(
        (&found["size_bytes"], &found["title"]),
        (&json!(film().len()), &json!("The assembly of 2019"))
    );
    let file = download(&shelf.host, &recording, None).await;
    assert!(file.body == film(), "another file");
    assert!(file.header("content-disposition").contains("The assembly of 2019 2019-05-04.mp4"));
    let listed = shelf.host.all(&shelf.organization.path("/recordings?q=assembly"), 50).await;
    assert_eq!(listed[0]["id"], recording["id"]);
    // It comes from nowhere that anybody could read, and the log tells who wanted it.
    let kept: i64 = app.value("select count(*) from recording_imports where url is not null").await;
    let secret: bool = app
        .value("select bool_or(coalesce(after, '{}')::text like '%a-secret%') or exists (select from jobs where payload::text like '%a-secret%') from audit_log")
        .await;
    assert!(kept == 0 && !secret);
    let told: Vec<String> = app
        .value("select array_agg(action order by id) from audit_log where entity_type like 'recording%'")
        .await;
    assert_eq!(
        told,
        ["recording.requested", "recording_import.requested", "recording.completed", "recording.downloaded"]
    );
    let voice = shelf.import("voice.ogg").await;
    app.work_off_jobs().await;
    let voice = shelf.read(&voice).await;
    assert_eq!((&voice["content_type"], &voice["audio_only"]), (&json!("audio/ogg"), &json!(true)));
}

#[tokio::test]
async fn private_addresses_are_refused_whatever_leads_there() {
    let app = app().await;
    let shelf = Shelf::stand(&app).await;
    for url in [
        "http://10.0.0.1/a.mp4",
        "http://192.168.0.1/a.mp4",
        "http://172.16.0.1/a.mp4",
        "http://100.64.0.1/a.mp4",
        "http://169.254.169.254/latest/",
        "http://0.0.0.0/a",
        "http://127.0.0.2/a.mp4",
        "http://[::1]/a.mp4",
        "http://[::ffff:10.0.0.1]/a.mp4",
        "http://[fd00:ec2::254]/a",
        "http://[fe80::1]/a",
        "http://224.0.0.1/a",
        "http://2130706434/a.mp4",
        "ftp://files.test/a.mp4",
        "file:///etc/passwd",
        "http://me:secret@files.test/a.mp4",
        "http://files.test:22/a.mp4",
        "gopher://files.test/",
    ] {
        let refused = shelf.post(json!({"url": url})).await;
        assert_eq!(refused.code(), "VALIDATION_FAILED", "{url}: {}", refused.text());
        refused.fault_at("/url");
    }
    for (body, pointer) in [
        (json!({"url": "no address"}), "/url"),
        (json!({"url": "https://files.test/a", "title": " "}), "/title"),
        (json!({"url": "https://files.test/a", "started_at": "2100-01-01T00:00:00Z"}), "/started_at"),
    ] {
        shelf.post(body).await.fault_at(pointer);
    }
    for what in ["private", "metadata", "loopback", "file"] {
        assert_eq!(shelf.outcome(what).await, "ADDRESS_REFUSED", "{what}");
        assert_eq!(shelf.source.asked(), 1);
    }
    assert_eq!(shelf.outcome("round").await, "TOO_MANY_REDIRECTS");
    // A name is judged by where it leads.
    let strict = TestApp::with_vault().await;
    let shelf = Shelf::stand(&strict).await;
    let port = shelf.source.url.rsplit(':').next().expect("a port").to_owned();
    let recording = shelf.post(json!({"url": format!("http://localhost:{port}/film.mp4")})).await.is(202);
    strict.work_off_jobs().await;
    let found = shelf.read(&recording).await;
    assert_eq!((&found["failure"]["code"], shelf.source.asked()), (&json!("ADDRESS_REFUSED"), 0));
    shelf.post(json!({"url": format!("{}/film.mp4", shelf.source.url)})).await.fault_at("/url");
}

#[tokio::test]
async fn what_is_no_recording_or_too_large_stays_outside() {
    let app = app().await;
    let shelf = Shelf::stand(&app).await;
    assert_eq!(shelf.outcome("page.mp4").await, "WRONG_TYPE");
    assert_eq!(shelf.outcome("empty.mp4").await, "WRONG_TYPE");
    assert_eq!(shelf.outcome("missing").await, "NOT_THERE");
    assert_eq!(shelf.outcome("huge").await, "TOO_LARGE", "by what its server says");
    // Only a little room is left.
    let settings = json!({"recording_quota_gb": 1});
    shelf.organization.admin.patch(&shelf.organization.path("/settings"), settings).await.is(200);
    let first = shelf.import("voice.ogg").await;
    app.work_off_jobs().await;
    app.execute("update recordings set size_bytes = 985000000 where status = 'available'").await;
    assert_eq!(shelf.outcome("film.mp4").await, "QUOTA_EXCEEDED");
    assert_eq!(shelf.outcome("endless").await, "QUOTA_EXCEEDED", "as it comes");
    let taken = shelf.source.taken.load(Ordering::Relaxed);
    assert!(taken < 60_000_000, "{taken} bytes were fetched");
    assert_eq!(app.value::<i64>("select count(*) from recordings where upload_id is not null").await, 0);
    app.execute("update recordings set size_bytes = 1000000000 where status = 'available'").await;
    let url = format!("{}/film.mp4", shelf.source.url);
    shelf.post(json!({"url": url})).await.problem(409, "QUOTA_EXCEEDED");
    shelf.host.delete(&format!("/recordings/{}", id(&first))).await.is(204);
}

#[tokio::test]
async fn a_server_that_breaks_off_is_asked_again() {
    let app = app().await;
    let shelf = Shelf::stand(&app).await;
    for what in ["breaks", "busy"] {
        shelf.source.asked();
        let recording = shelf.import(what).await;
        for _ in 0..3 {
            app.work_off_jobs().await;
            app.pass(chrono::Duration::minutes(5));
        }
        let found = shelf.read(&recording).await;
        assert_eq!(found["status"], "available", "{what}: {found}");
        assert_eq!(found["sha256"], hex::encode(Sha256::digest(film())));
        assert_eq!(shelf.source.asked(), 3);
    }
    let recording = shelf.import("away").await;
    for _ in 0..8 {
        assert_eq!(shelf.read(&recording).await["status"], "importing");
        app.work_off_jobs().await;
        app.pass(chrono::Duration::minutes(16));
    }
    assert_eq!(shelf.read(&recording).await["failure"]["code"], "SOURCE_AWAY");
}

#[tokio::test]
async fn what_is_not_wanted_any_more_leaves_nothing() {
    let app = app().await;
    let shelf = Shelf::stand(&app).await;
    let recording = shelf.import("film.mp4").await;
    let path = format!("/recordings/{}", id(&recording));
    shelf.host.delete(&path).await.is(204);
    app.work_off_jobs().await;
    assert_eq!((shelf.source.asked(), shelf.read(&recording).await["status"].clone()), (0, json!("deleted")));
    // Deleted while it comes: an endless file ends, and nothing of it stays.
    let recording = shelf.import("endless").await;
    let path = format!("/recordings/{}", id(&recording));
    let deleting = async {
        harness::app::eventually_async(async || {
            shelf.read(&recording).await["import"]["received_bytes"] != 0
        })
        .await;
        shelf.host.delete(&path).await.is(204);
    };
    tokio::join!(app.work_off_jobs(), deleting);
    assert_eq!(shelf.read(&recording).await["status"], "deleted");
    let organization = shelf.organization.id.parse().expect("an id");
    let key = Key::Recording(organization, id(&recording).parse().expect("an id"));
    let vault = Vault::new(&app.app.config.vault).expect("a vault");
    assert_eq!(vault.size(key).await.expect("the store answers"), None);
    let left: i64 = app
        .value("select (select count(*) from recordings where upload_id is not null) + (select count(*) from recording_imports where url is not null)")
        .await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_request_that_comes_twice_imports_once_and_many_have_to_wait() {
    let app = app().await;
    let shelf = Shelf::stand(&app).await;
    let body = json!({"url": format!("{}/voice.ogg", shelf.source.url)});
    let send = async || {
        let request = shelf.host.request(reqwest::Method::POST, &shelf.meeting.path("/recordings/import"));
        shelf.host.send(request.header("idempotency-key", "one").json(&body)).await.is(202)
    };
    assert_eq!(send().await["id"], send().await["id"]);
    assert_eq!(app.value::<i64>("select count(*) from recordings").await, 1);
    for _ in 0..19 {
        shelf.post(body.clone()).await.is(202);
    }
    shelf.post(body.clone()).await.problem(409, "TOO_MANY_IMPORTS");
    app.work_off_jobs().await;
    shelf.post(body).await.is(202);
    app.work_off_jobs().await;
    assert_eq!(app.value::<i64>("select count(*) from recordings where status = 'available'").await, 21);
    // Recorders have nothing to do with them, and the end of the meeting does not stop them.
    let recording = shelf.import("voice.ogg").await;
    shelf.host.post(&shelf.meeting.path("/cancel"), json!({})).await.is(200);
    app.work_off_jobs().await;
    assert_eq!(shelf.read(&recording).await["status"], "available");
}
