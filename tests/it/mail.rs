//! Mail: to a real mail server, into the folder, and what happens when it cannot be sent.

use chrono::Duration;
use harness::{TestApp, Value, json, smtp::FakeSmtp};

async fn with_server(server: &FakeSmtp, change: impl FnOnce(&mut Value)) -> TestApp {
    TestApp::start_with(|config| {
        config["smtp"]["host"] = "127.0.0.1".into();
        config["smtp"]["port"] = server.port.into();
        change(config);
    })
    .await
}

async fn invite(app: &TestApp, email: &str) -> Value {
    let organization = app.organization().await;
    let body = json!({"email": email, "name": "Asha", "role": "member"});
    organization.admin.post(&organization.path("/members"), body).await.is(201)
}

// ORG-23, NOT-06: queued when it happens, never sent in the request.
#[tokio::test]
async fn an_invitation_is_mailed_once_with_the_link_that_the_api_returns() {
    let server = FakeSmtp::start().await;
    let app = with_server(&server, |_| ()).await;
    let url = invite(&app, "asha@example.test").await["invitation_url"].as_str().expect("a link").to_owned();
    assert!(server.received().is_empty(), "not in the request");
    app.work_off_jobs().await;
    app.work_off_jobs().await;
    let received = server.received();
    assert_eq!(received.len(), 1);
    let mail = &received[0];
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("baraza@example.test", &["asha@example.test".to_owned()][..])
    );
    for part in [
        "From: Baraza <baraza@example.test>\r\n",
        "To: asha@example.test\r\n",
        "Subject: Invitation to Organization",
        "Date: Tue, 01 Dec 2026 08:55:00 +0000\r\n",
        "Message-ID: <",
        "multipart/alternative",
        "Content-Type: text/html",
    ] {
        assert!(mail.data.contains(part), "{part} is not in\n{}", mail.data);
    }
    // Long lines are folded (quoted-printable).
    let text = mail.data.replace("=\r\n", "").replace("=3D", "=");
    assert!(text.contains(&url), "{text}");
    assert_eq!(app.value::<i64>("select count(*) from jobs").await, 0);
}

#[tokio::test]
async fn mail_waits_until_the_server_takes_it() {
    let server = FakeSmtp::start().await;
    let app = with_server(&server, |_| ()).await;
    server.refuse(Some("451 try later"));
    invite(&app, "asha@example.test").await;
    app.work_off_jobs().await;
    let error: String = app.value("select error from jobs where dead_at is null").await;
    assert!(error.contains("try later"), "{error}");
    server.refuse(None);
    app.work_off_jobs().await;
    assert!(server.received().is_empty(), "not before the pause is over");
    app.pass(Duration::seconds(2));
    app.work_off_jobs().await;
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn an_address_that_is_refused_is_left_to_a_person_at_once() {
    let server = FakeSmtp::start().await;
    let app = with_server(&server, |_| ()).await;
    server.refuse(Some("550 no such user"));
    invite(&app, "nobody@example.test").await;
    app.work_off_jobs().await;
    let error: String = app.value("select error from jobs where dead_at is not null").await;
    assert!(error.contains("no such user"), "{error}");
    app.pass(Duration::days(1));
    app.work_off_jobs().await;
    assert_eq!(server.commands().iter().filter(|command| *command == "RCPT").count(), 1);
    // An address that no server would understand, likewise.
    app.execute("delete from jobs").await;
    invite(&app, "a..b@example.test").await;
    app.work_off_jobs().await;
    assert_eq!(app.value::<i64>("select count(*) from jobs where dead_at is not null").await, 1);
    app.expect_leftovers();
}

#[tokio::test]
async fn whoever_has_to_sign_in_does_and_a_wrong_password_can_be_put_right() {
    let server = FakeSmtp::start().await;
    server.require_login("baraza", "secret");
    let login = |password: &'static str| {
        move |config: &mut Value| {
            config["smtp"]["username"] = "baraza".into();
            config["smtp"]["password"] = password.into();
        }
    };
    let app = with_server(&server, login("secret")).await;
    invite(&app, "asha@example.test").await;
    app.work_off_jobs().await;
    assert_eq!(server.received().len(), 1);
    let app = with_server(&server, login("wrong")).await;
    invite(&app, "asha@example.test").await;
    app.work_off_jobs().await;
    assert_eq!(app.value::<i64>("select count(*) from jobs where dead_at is null").await, 1, "it waits");
    let error: String = app.value("select error from jobs").await;
    assert!(!error.contains("wrong\""), "no password in {error}");
    app.expect_leftovers();
}

#[tokio::test]
async fn a_server_that_offers_no_tls_gets_no_mail_when_tls_is_asked_for() {
    let server = FakeSmtp::start().await;
    let app = with_server(&server, |config| config["smtp"]["tls"] = "starttls".into()).await;
    invite(&app, "asha@example.test").await;
    app.work_off_jobs().await;
    assert!(server.received().is_empty());
    assert!(!server.commands().contains(&"MAIL".to_owned()));
    app.expect_leftovers();
}

#[tokio::test]
async fn names_cannot_write_headers() {
    let server = FakeSmtp::start().await;
    let app = with_server(&server, |_| ()).await;
    let organization = app.organization().await;
    let name = json!({"name": "Umoja\r\nBcc: thief@example.test\r\n\r\n.\r\nMAIL FROM:<x>"});
    organization.admin.patch(&organization.path(""), name).await.is(200);
    let body = json!({"email": "asha@example.test", "name": "Asha", "role": "member"});
    organization.admin.post(&organization.path("/members"), body).await.is(201);
    app.work_off_jobs().await;
    let received = server.received();
    assert_eq!((received.len(), received[0].to.len()), (1, 1));
    let head = received[0].data.split("\r\n\r\n").next().unwrap_or_default();
    assert!(!head.contains("\r\nBcc"), "{head}");
}

#[tokio::test]
async fn without_a_mail_server_mail_is_kept_for_the_administrator() {
    let app = TestApp::start().await;
    let session = app.set_up().await.is(201);
    let first = app.api.with_token(session["access_token"].as_str().expect("a token"));
    assert_eq!(first.get("/me").await.is(200)["mailbox"], true);
    assert_eq!(first.get("/mailbox").await.is(200), json!({"items": [], "next_cursor": null}));
    let url = invite(&app, "asha@example.test").await["invitation_url"].as_str().expect("a link").to_owned();
    app.pass(Duration::seconds(1));
    invite(&app, "juma@example.test").await;
    assert_eq!(app.mail().await.len(), 2);
    let mails = first.all("/mailbox", 1).await;
    assert_eq!(
        (mails.len(), &mails[0]["to"], &mails[1]["to"]),
        (2, &json!("juma@example.test"), &json!("asha@example.test"))
    );
    let id = mails[1]["id"].as_str().expect("an id");
    let mail = first.get(&format!("/mailbox/{id}")).await.is(200);
    assert!(mail["text"].as_str().is_some_and(|text| text.contains(&url)), "{mail}");
    for hostile in ["..%2F..%2Fetc%2Fpasswd", "1", "%00", &"1".repeat(65), "..", "1.eml"] {
        first.get(&format!("/mailbox/{hostile}")).await.is(404);
    }
    // Nobody else, however high in an organization.
    let organization = app.organization().await;
    assert_eq!(organization.admin.get("/me").await.is(200)["mailbox"], false);
    organization.admin.get("/mailbox").await.problem(403, "FORBIDDEN");
    organization.admin.get(&format!("/mailbox/{id}")).await.problem(403, "FORBIDDEN");
    app.api.get("/mailbox").await.problem(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn with_a_mail_server_there_is_no_mailbox() {
    let server = FakeSmtp::start().await;
    let app = with_server(&server, |_| ()).await;
    let session = app.set_up().await.is(201);
    let first = app.api.with_token(session["access_token"].as_str().expect("a token"));
    assert_eq!(first.get("/me").await.is(200)["mailbox"], false);
    first.get("/mailbox").await.problem(404, "NOT_FOUND");
}
