//! One's own profile: what one says of oneself, one's picture, and what one agrees to.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::Duration;
use futures::future::join_all;
use harness::{Answer, Person, TestApp, Value, json};
use reqwest::Method;

/// A red PNG of 3 by 2 pixels.
fn picture() -> Vec<u8> {
    let text = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP4z8AAQQxwFgBB0gX7h/C5SAAAAABJRU5ErkJggg==";
    STANDARD.decode(text).expect("base64")
}

async fn set(person: &Person, kind: &str, file: Vec<u8>) -> Answer {
    person.upload(Method::PUT, "/me/avatar", kind, file).await
}

fn avatar_url(me: &Value) -> String {
    let url = me["user"]["avatar_url"].as_str().expect("a picture");
    url.strip_prefix("/api/v1").expect("a path of the API").to_owned()
}

// ORG-03
#[tokio::test]
async fn one_says_who_one_is_and_others_see_it() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let person = organization.member("member").await;
    let change = json!({"name": " Amina Wanjiru ", "phone": "+254 700 000000", "timezone": "Africa/Nairobi", "language": "sw"});
    let me = person.patch("/me", change).await.is(200);
    let user = &me["user"];
    assert_eq!(
        (&user["name"], &user["phone"], &user["timezone"], &user["language"]),
        (&json!("Amina Wanjiru"), &json!("+254 700 000000"), &json!("Africa/Nairobi"), &json!("sw"))
    );
    assert_eq!(person.get("/me").await.is(200), me);
    let members = organization.admin.all(&organization.path("/members"), 50).await;
    assert!(members.iter().any(|member| member["user"]["name"] == "Amina Wanjiru"));
    // What is absent stays; null takes away.
    let me = person.patch("/me", json!({"phone": null})).await.is(200);
    assert_eq!((&me["user"]["phone"], &me["user"]["language"]), (&Value::Null, &json!("sw")));
    assert_eq!(person.patch("/me", json!({})).await.is(200), me);
}

#[tokio::test]
async fn a_profile_that_does_not_fit_changes_nothing() {
    let app = TestApp::start().await;
    let person = Person::create(&app).await;
    let before = person.get("/me").await.is(200);
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(201))),
        ("name", json!("a\u{0}b")),
        ("name", json!("a\nb")),
        ("name", json!(7)),
        ("phone", json!("call me")),
        ("phone", json!("1".repeat(41))),
        ("timezone", json!("Mars/Olympus")),
        ("timezone", json!("")),
        ("language", json!("de")),
        ("language", json!("sw'; drop table users")),
    ] {
        person.patch("/me", json!({field: value, "timezone_": "x"})).await.fault_at(&format!("/{field}"));
    }
    assert_eq!(person.get("/me").await.is(200), before);
}

#[tokio::test]
async fn a_picture_is_made_small_kept_and_shown_to_those_who_may_know_the_person() {
    let app = TestApp::with_vault().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let person = organization.member("member").await;
    let me = set(&person, "image/png", picture()).await.is(200);
    let url = avatar_url(&me);
    assert!(url.starts_with(&format!("/users/{}/avatar?v=", person.id)), "{url}");
    // Participants, tokens.
    let meeting = organization.meeting().invite(&person).create().await;
    let participants = organization.admin.all(&meeting.path("/participants"), 50).await;
    let shown = participants.iter().find(|it| it["user"]["id"] == person.id).expect("invited");
    assert_eq!(shown["user"]["avatar_url"], me["user"]["avatar_url"]);
    let admission = person.join(&meeting).await.is(200);
    let claims = admission["token"].as_str().and_then(|token| token.split('.').nth(1)).expect("a token");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    let metadata: Value = serde_json::from_str(claims["metadata"].as_str().expect("metadata")).expect("JSON");
    assert_eq!(metadata["avatar_url"], me["user"]["avatar_url"]);
    // The file.
    let bare = format!("/users/{}/avatar", person.id);
    for (api, path, cache) in [
        (&organization.admin.api, &url, "private, max-age=31536000, immutable"),
        (&app.api, &url, "private, max-age=31536000, immutable"),
        (&organization.admin.api, &bare, "private, no-cache"),
        (&person.api, &bare, "private, no-cache"),
    ] {
        let file = api.get(path).await;
        assert_eq!((file.status, file.header("content-type")), (200, "image/webp"), "{}", file.text());
        assert_eq!(file.header("cache-control"), cache);
        assert_eq!((&file.body[..4], &file.body[8..12]), (&b"RIFF"[..], &b"WEBP"[..]));
        let again = api.request(Method::GET, path).header("if-none-match", file.header("etag"));
        assert_eq!(api.send(again).await.status, 304);
    }
    // Not strangers, nobody without the address, no guessed one, no other person's.
    for path in [&url, &bare] {
        other.admin.get(path).await.problem(404, "NOT_FOUND");
    }
    app.api.get(&bare).await.problem(401, "UNAUTHENTICATED");
    app.api.get(&format!("{bare}?v={}", uuid::Uuid::nil())).await.problem(404, "NOT_FOUND");
    app.api.get(&format!("{bare}?v=1")).await.fault_at("/v");
    let swapped = url.replace(&person.id, &organization.admin.id);
    app.api.get(&swapped).await.problem(404, "NOT_FOUND");
    app.api.with_token("forged").get(&url).await.problem(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn an_old_picture_is_gone_with_its_address() {
    let app = TestApp::with_vault().await;
    let person = app.organization().await.admin;
    let first = avatar_url(&set(&person, "image/png", picture()).await.is(200));
    let second = avatar_url(&set(&person, "IMAGE/PNG; x=y", picture()).await.is(200));
    assert_ne!(first, second);
    app.api.get(&first).await.problem(404, "NOT_FOUND");
    assert_eq!(app.api.get(&second).await.status, 200);
    let key = |url: &str| kernel::vault::Key::Avatar {
        user: person.user_id(),
        version: url.rsplit_once('=').expect("a version").1.parse().expect("an id"),
    };
    assert_eq!(app.app.vault.size(key(&first)).await.expect("the vault"), None);
    person.delete("/me/avatar").await.is(204);
    person.delete("/me/avatar").await.is(204);
    app.api.get(&second).await.problem(404, "NOT_FOUND");
    assert_eq!(app.app.vault.size(key(&second)).await.expect("the vault"), None);
    assert_eq!(person.get("/me").await.is(200)["user"]["avatar_url"], Value::Null);
}

#[tokio::test]
async fn what_is_no_picture_or_too_much_is_refused_and_changes_nothing() {
    let app = TestApp::with_vault().await;
    let person = app.organization().await.admin;
    let before = set(&person, "image/png", picture()).await.is(200);
    for (kind, file) in [
        ("image/jpeg", b"<script>alert(1)</script>".to_vec()),
        ("image/png", Vec::new()),
        ("image/png", picture()[..40].to_vec()),
        ("image/webp", b"RIFF\xff\xff\xff\xffWEBPVP8X".to_vec()),
        ("image/gif", b"GIF89a\xff\xff\xff\xff\x00\x00\x00;".to_vec()),
    ] {
        let answer = set(&person, kind, file).await;
        assert_eq!(answer.status, 422, "{kind} {}", answer.text());
        assert!(answer.json["errors"][0]["code"].as_str().is_some_and(|code| !code.is_empty()));
    }
    for kind in ["image/svg+xml", "application/json", "text/html", ""] {
        set(&person, kind, picture()).await.problem(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    set(&person, "image/png", vec![0; 50 * 1024 * 1024]).await.problem(413, "TOO_LARGE");
    set(&person, "image/png", vec![0; 5 * 1024 * 1024 + 1]).await.problem(413, "TOO_LARGE");
    app.api.upload(Method::PUT, "/me/avatar", "image/png", picture()).await.problem(401, "UNAUTHENTICATED");
    assert_eq!(person.get("/me").await.is(200), before);
}

/// Thirty thousand pixels each way in a file of a few hundred kilobytes, which decoded would fill gigabytes.
#[tokio::test]
async fn a_decompression_bomb_is_refused_quickly_also_many_at_once() {
    let app = TestApp::with_vault().await;
    let person = app.organization().await.admin;
    let mut bomb = picture();
    bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let sum = crc(&bomb[12..29]).to_be_bytes();
    bomb[29..33].copy_from_slice(&sum);
    let began = std::time::Instant::now();
    let answers = join_all((0..20).map(|_| set(&person, "image/png", bomb.clone()))).await;
    for answer in answers {
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert_eq!(answer.json["errors"][0]["code"], "TOO_MANY_PIXELS");
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
}

/// The checksum of a PNG chunk (ISO 3309).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 },
        )
    })
}

#[tokio::test]
async fn while_the_vault_is_away_a_picture_is_refused_and_the_old_one_stays() {
    let app = TestApp::start().await;
    let person = app.organization().await.admin;
    set(&person, "image/png", picture()).await.problem(503, "VAULT_AWAY");
    assert_eq!(person.get("/me").await.is(200)["user"]["avatar_url"], Value::Null);
}

// ORG-24, SEC-09
#[tokio::test]
async fn consent_is_kept_by_purpose_with_its_times_and_can_be_taken_back() {
    let app = TestApp::start().await;
    let person = Person::create(&app).await;
    let all = person.all("/me/consents", 200).await;
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|it| it["given"] == false && it["given_at"].is_null()));
    let path = "/me/consents/calendar_sync";
    let given = person.put(path, json!({"given": true})).await.is(200);
    assert_eq!(
        given,
        json!({"purpose": "calendar_sync", "given": true, "given_at": app.clock.now(), "withdrawn_at": null})
    );
    app.pass(Duration::hours(1));
    assert_eq!(person.put(path, json!({"given": true})).await.is(200), given, "the first time stands");
    let withdrawn = person.put(path, json!({"given": false})).await.is(200);
    assert_eq!((&withdrawn["given"], &withdrawn["withdrawn_at"]), (&json!(false), &json!(app.clock.now())));
    assert_eq!(withdrawn["given_at"], given["given_at"]);
    app.pass(Duration::hours(1));
    assert_eq!(person.put(path, json!({"given": false})).await.is(200), withdrawn);
    let again = person.put(path, json!({"given": true})).await.is(200);
    assert_eq!((&again["given"], &again["given_at"]), (&json!(true), &json!(app.clock.now())));
    assert_eq!(app.value::<i64>("select count(*) from consents").await, 2, "each time is kept");
    person.put("/me/consents/everything", json!({"given": true})).await.problem(404, "NOT_FOUND");
    person.put(path, json!({})).await.is(422);
    let other = Person::create(&app).await;
    assert!(other.all("/me/consents", 200).await.iter().all(|it| it["given"] == false));
}

#[tokio::test]
async fn two_decisions_at_once_leave_one() {
    let app = TestApp::start().await;
    let person = Person::create(&app).await;
    let answers =
        join_all((0..10).map(|_| person.put("/me/consents/transcription", json!({"given": true})))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(app.value::<i64>("select count(*) from consents").await, 1);
}
