//! New passwords, sessions that end at once, and the second factor.

use chrono::Duration;
use harness::{Answer, Api, TestApp, Value, app::eventually_async, json};
use totp_rs::{Builder, Secret, Totp};

const EMAIL: &str = "first@example.test";
const PASSWORD: &str = "a good password";
const OTHER: &str = "quite another thing";

async fn login(api: &Api, password: &str) -> Answer {
    api.post("/auth/login", json!({"email": EMAIL, "password": password})).await
}

/// Signed in with the password.
async fn signed_in(app: &TestApp, password: &str) -> Api {
    of(app, &login(&app.api, password).await.is(200))
}

fn of(app: &TestApp, session: &Value) -> Api {
    app.api.with_token(session["access_token"].as_str().expect("a token"))
}

async fn ask(api: &Api, email: &str) -> Answer {
    api.post("/auth/password-reset", json!({"email": email})).await
}

async fn complete(api: &Api, token: &str, password: &str) -> Answer {
    api.post("/auth/password-reset/complete", json!({"token": token, "password": password})).await
}

/// The token of the link in the last mail.
async fn mailed_token(app: &TestApp) -> String {
    let mail = app.mail().await.pop().expect("a mail");
    let text = mail["text"].as_str().expect("a text");
    let (_, token) = text.split_once("/reset-password#").unwrap_or_else(|| panic!("no link in {text}"));
    token.split_whitespace().next().expect("a token").to_owned()
}

// ORG-23
#[tokio::test]
async fn a_forgotten_password_is_replaced_by_mail_once_and_signs_everybody_out() {
    let app = TestApp::start().await;
    let before = of(&app, &app.set_up().await.is(201));
    assert_eq!(ask(&app.api, "FIRST@example.test ").await.is(202), Value::Null);
    let token = mailed_token(&app).await;
    assert_eq!(app.mail().await[0]["to"], EMAIL);
    // A password that will not do leaves the link as it was.
    complete(&app.api, &token, "short").await.fault_at("/password");
    complete(&app.api, &token, "first@example.test").await.fault_at("/password");
    complete(&app.api, &token, "Password2026!").await.fault_at("/password");
    before.get("/me").await.is(200);
    complete(&app.api, &token, OTHER).await.is(204);
    before.get("/me").await.problem(401, "SESSION_ENDED");
    login(&app.api, PASSWORD).await.problem(401, "BAD_CREDENTIALS");
    signed_in(&app, OTHER).await.get("/me").await.is(200);
    complete(&app.api, &token, "a third one of them").await.problem(410, "RESET_LINK_USED");
    let told = app.mail().await.pop().expect("a mail");
    assert_eq!((&told["subject"], &told["to"]), (&json!("Your password was changed"), &json!(EMAIL)));
}

#[tokio::test]
async fn links_that_are_forged_expired_replaced_or_of_a_switched_off_account_open_nothing() {
    let app = TestApp::start().await;
    app.set_up().await.is(201);
    for forged in ["", "x", "%00", &"a".repeat(10_000), "../../../"] {
        complete(&app.api, forged, OTHER).await.problem(404, "NOT_FOUND");
    }
    app.api.post("/auth/password-reset/complete", json!({"token": "a\0b", "password": OTHER})).await.is(404);
    ask(&app.api, EMAIL).await.is(202);
    let first = mailed_token(&app).await;
    ask(&app.api, EMAIL).await.is(202);
    let second = mailed_token(&app).await;
    assert_ne!(first, second);
    complete(&app.api, &first, OTHER).await.problem(404, "NOT_FOUND");
    app.pass(Duration::minutes(60));
    complete(&app.api, &second, OTHER).await.problem(410, "RESET_LINK_USED");
    ask(&app.api, EMAIL).await.is(202);
    let third = mailed_token(&app).await;
    app.execute("update users set is_active = false").await;
    complete(&app.api, &third, OTHER).await.problem(404, "NOT_FOUND");
    app.execute("update users set is_active = true").await;
    login(&app.api, PASSWORD).await.is(200);
    // The database never learns the token.
    let kept: String = app.value("select encode(token_hash, 'escape') from password_resets").await;
    assert!(!kept.contains(&third));
}

#[tokio::test]
async fn a_link_used_twice_at_once_works_once() {
    let app = TestApp::start().await;
    app.set_up().await.is(201);
    ask(&app.api, EMAIL).await.is(202);
    let token = mailed_token(&app).await;
    let (one, other) =
        tokio::join!(complete(&app.api, &token, OTHER), complete(&app.api, &token, "one of the two"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 410]);
}

#[tokio::test]
async fn asking_for_a_link_tells_nobody_who_has_an_account_and_is_throttled() {
    let app = TestApp::start().await;
    app.set_up().await.is(201);
    let organization = app.organization().await;
    // One has an account, one has none, one was invited and has no password yet.
    let invited = json!({"email": "invited@example.test", "name": "Invited", "role": "member"});
    organization.admin.post(&organization.path("/members"), invited).await.is(201);
    app.mail().await;
    for email in [EMAIL, "nobody@example.test", "invited@example.test"] {
        let answer = ask(&app.api, email).await;
        assert_eq!((answer.status, answer.text()), (202, String::new()));
    }
    let mails = app.mail().await;
    let sent: Vec<_> = mails
        .iter()
        .filter(|mail| mail["subject"] == "Choose a new password")
        .map(|mail| &mail["to"])
        .collect();
    assert_eq!(sent, [EMAIL]);
    // Three of one address, whether it exists or not.
    for email in [EMAIL, "nobody@example.test"] {
        for _ in 0..2 {
            ask(&app.api, email).await.is(202);
        }
        let answer = ask(&app.api, email).await;
        assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
        answer.problem(429, "RATE_LIMITED");
    }
    for bad in ["", "no address", "a\0@b.test", &format!("{}@b.test", "a".repeat(300))] {
        ask(&app.api, bad).await.fault_at("/email");
    }
    app.mail().await;
}

#[tokio::test]
async fn one_client_cannot_have_everybody_mailed() {
    let app = TestApp::start().await;
    for n in 0..30 {
        ask(&app.api, &format!("nobody{n}@example.test")).await.is(202);
    }
    ask(&app.api, "another@example.test").await.problem(429, "RATE_LIMITED");
    // What a client says of itself does not help, unless our own proxy says it.
    let body = json!({"email": "another@example.test"});
    let request = app.api.request(reqwest::Method::POST, "/auth/password-reset").json(&body);
    app.api.send(request.header("x-forwarded-for", "10.1.2.3")).await.problem(429, "RATE_LIMITED");
    app.mail().await;
}

// ORG-23
#[tokio::test]
async fn whoever_changes_their_password_proves_the_old_one_and_is_signed_out_elsewhere() {
    let app = TestApp::start().await;
    let here = of(&app, &app.set_up().await.is(201));
    let there = signed_in(&app, PASSWORD).await;
    let change = async |api: &Api, current: &str, new: &str| {
        api.post("/me/password", json!({"current_password": current, "password": new})).await
    };
    change(&here, "wrong", OTHER).await.fault_at("/current_password");
    change(&here, PASSWORD, "12345678").await.fault_at("/password");
    change(&here, PASSWORD, "First Admin").await.fault_at("/password");
    there.get("/me").await.is(200);
    change(&here, PASSWORD, OTHER).await.is(204);
    here.get("/me").await.is(200);
    there.get("/me").await.problem(401, "SESSION_ENDED");
    login(&app.api, PASSWORD).await.problem(401, "BAD_CREDENTIALS");
    login(&app.api, OTHER).await.is(200);
    // A stolen session is no way to guess the password.
    for _ in 0..5 {
        change(&here, "guess", PASSWORD).await.fault_at("/current_password");
    }
    change(&here, OTHER, PASSWORD).await.problem(429, "RATE_LIMITED");
    app.mail().await;
}

// ORG-23
#[tokio::test]
async fn a_person_sees_and_ends_their_sessions_at_once() {
    let app = TestApp::start().await;
    let here = of(&app, &app.set_up().await.is(201));
    app.pass(Duration::minutes(1));
    let request = app.api.request(reqwest::Method::POST, "/auth/login");
    let request = request
        .header("user-agent", "Firefox on a ship")
        .json(&json!({"email": EMAIL, "password": PASSWORD}));
    let there = of(&app, &app.api.send(request).await.is(200));
    let stranger = app.organization().await.admin;
    let sessions = here.all("/me/sessions", 1).await;
    assert_eq!(sessions.len(), 2);
    assert_eq!(
        (&sessions[0]["user_agent"], &sessions[0]["is_current"]),
        (&json!("Firefox on a ship"), &json!(false))
    );
    assert_eq!(sessions[1]["is_current"], true);
    let path = format!("/me/sessions/{}", sessions[0]["id"].as_str().expect("an id"));
    stranger.delete(&path).await.problem(404, "NOT_FOUND");
    there.get("/me").await.is(200);
    here.delete(&path).await.is(204);
    there.get("/me").await.problem(401, "SESSION_ENDED");
    here.delete(&path).await.problem(404, "NOT_FOUND");
    here.delete("/me/sessions/x").await.problem(404, "NOT_FOUND");
    // All others.
    let (one, two) = (signed_in(&app, PASSWORD).await, signed_in(&app, PASSWORD).await);
    here.delete("/me/sessions").await.is(204);
    for api in [&one, &two] {
        api.get("/me").await.problem(401, "SESSION_ENDED");
    }
    here.get("/me").await.is(200);
    stranger.get("/me").await.is(200);
    assert_eq!(here.all("/me/sessions", 50).await.len(), 1);
}

#[tokio::test]
async fn a_session_that_ends_in_another_process_is_refused_here_at_once() {
    let app = TestApp::start().await;
    let here = of(&app, &app.set_up().await.is(201));
    app.listen().await;
    here.get("/me").await.is(200);
    // The listener may not listen yet; what it missed, it asks for.
    app.execute("update sessions set revoked_at = '2026-12-01T08:55:00Z'").await;
    eventually_async(async || here.get("/me").await.status == 401).await;
    let told = signed_in(&app, PASSWORD).await;
    told.get("/me").await.is(200);
    app.execute("delete from sessions where revoked_at is null").await;
    eventually_async(async || told.get("/me").await.code() == "SESSION_ENDED").await;
}

#[tokio::test]
async fn what_notify_did_not_tell_is_asked_for() {
    let app = TestApp::start().await;
    let here = of(&app, &app.set_up().await.is(201));
    app.app.ended.catch_up(&app.app).await.expect("the database answers");
    app.pass(Duration::seconds(30));
    app.execute("update sessions set revoked_at = '2026-12-01T08:55:20Z'").await;
    here.get("/me").await.is(200);
    app.app.ended.catch_up(&app.app).await.expect("the database answers");
    here.get("/me").await.problem(401, "SESSION_ENDED");
}

/// An authenticator app with its own view of the secret.
struct Authenticator(Totp);

impl Authenticator {
    fn of(secret: &Value) -> Self {
        let secret = Secret::try_from_base32(secret.as_str().expect("a secret")).expect("Base32");
        Self(Builder::new().with_secret(secret).build().expect("a TOTP"))
    }

    fn code(&self, app: &TestApp) -> String {
        self.0.generate(u64::try_from(app.clock.now().timestamp()).expect("after 1970")).to_string()
    }
}

/// Switches the second factor on; gives the app and the recovery codes.
async fn enroll(app: &TestApp, me: &Api) -> (Authenticator, Vec<String>) {
    let begun = me.post("/me/second-factor", json!({"password": PASSWORD})).await.is(200);
    let authenticator = Authenticator::of(&begun["secret"]);
    let confirmed =
        me.post("/me/second-factor/confirm", json!({"code": authenticator.code(app)})).await.is(200);
    let codes = confirmed["recovery_codes"].as_array().expect("codes");
    (authenticator, codes.iter().map(|code| code.as_str().expect("a code").to_owned()).collect())
}

async fn challenge(app: &TestApp) -> String {
    let asked = login(&app.api, PASSWORD).await.problem(401, "SECOND_FACTOR_REQUIRED");
    asked["challenge"].as_str().expect("a challenge").to_owned()
}

async fn show(app: &TestApp, challenge: &str, code: &str) -> Answer {
    app.api.post("/auth/login/second-factor", json!({"challenge": challenge, "code": code})).await
}

#[tokio::test]
async fn with_a_second_factor_the_password_alone_opens_nothing() {
    let app = TestApp::start().await;
    let me = of(&app, &app.set_up().await.is(201));
    assert_eq!(
        me.get("/me/second-factor").await.is(200),
        json!({"enabled": false, "recovery_codes_left": 0})
    );
    me.post("/me/second-factor", json!({"password": "wrong"})).await.fault_at("/password");
    me.post("/me/second-factor/confirm", json!({"code": "000000"})).await.problem(409, "NOT_ENROLLED");
    let begun = me.post("/me/second-factor", json!({"password": PASSWORD})).await.is(200);
    let url = begun["url"].as_str().expect("a link");
    assert!(
        url.starts_with("otpauth://totp/Baraza:first%40example.test?") && url.contains("secret="),
        "{url}"
    );
    assert!(begun["qr_code"].as_str().is_some_and(|svg| svg.starts_with("<svg")));
    // Nothing is asked for until a first code was shown.
    login(&app.api, PASSWORD).await.is(200);
    me.post("/me/second-factor/confirm", json!({"code": "000000"})).await.fault_at("/code");
    let (authenticator, codes) = enroll(&app, &me).await;
    assert_eq!(codes.len(), 10);
    me.post("/me/second-factor", json!({"password": PASSWORD})).await.problem(409, "ALREADY_ENABLED");
    let asked = challenge(&app).await;
    // The challenge opens nothing by itself.
    app.api.with_token(&asked).get("/me").await.problem(401, "UNAUTHENTICATED");
    show(&app, &asked, "000000").await.problem(401, "BAD_CODE");
    // The code that switched it on was used.
    show(&app, &asked, &authenticator.code(&app)).await.problem(401, "BAD_CODE");
    app.pass(Duration::seconds(30));
    let code = authenticator.code(&app);
    let session = show(&app, &asked, &code).await;
    assert!(session.cookie().starts_with("baraza_refresh="));
    of(&app, &session.is(200)).get("/me").await.is(200);
    // Once each, also within its time.
    show(&app, &challenge(&app).await, &code).await.problem(401, "BAD_CODE");
    // A challenge waits for five minutes, and nobody else can make one.
    app.pass(Duration::minutes(5));
    for late in [asked.as_str(), "", "x", "a.b.c"] {
        show(&app, late, &authenticator.code(&app)).await.problem(401, "CHALLENGE_EXPIRED");
    }
    let now = app.clock.now();
    let token = app.app.tokens.sign(kernel::ids::UserId::new(now), kernel::ids::SessionId::new(now), now);
    show(&app, &token, &authenticator.code(&app)).await.problem(401, "CHALLENGE_EXPIRED");
    let told: Vec<_> = app.mail().await.iter().map(|mail| mail["subject"].clone()).collect();
    assert_eq!(told, ["Your sign-in now asks for a code"]);
}

#[tokio::test]
async fn a_code_shown_twice_at_once_signs_in_once() {
    let app = TestApp::start().await;
    let me = of(&app, &app.set_up().await.is(201));
    let (authenticator, _) = enroll(&app, &me).await;
    let asked = challenge(&app).await;
    app.pass(Duration::seconds(30));
    let code = authenticator.code(&app);
    let (one, other) = tokio::join!(show(&app, &asked, &code), show(&app, &asked, &code));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[tokio::test]
async fn recovery_codes_work_once_each_and_codes_cannot_be_guessed() {
    let app = TestApp::start().await;
    let me = of(&app, &app.set_up().await.is(201));
    let (authenticator, codes) = enroll(&app, &me).await;
    let asked = challenge(&app).await;
    show(&app, &asked, &codes[0].to_uppercase().replace('-', " ")).await.is(200);
    show(&app, &asked, &codes[0]).await.problem(401, "BAD_CODE");
    assert_eq!(me.get("/me/second-factor").await.is(200)["recovery_codes_left"], 9);
    // Nothing of them is readable in the database, nor the secret.
    let kept: i64 = app.value("select count(*) from recovery_codes where length(code_hash) = 32").await;
    assert_eq!(kept, 10);
    app.pass(Duration::seconds(30));
    let proof = json!({"password": PASSWORD, "code": authenticator.code(&app)});
    let renewed = me.post("/me/second-factor/recovery-codes", proof).await.is(200);
    show(&app, &asked, &codes[1]).await.problem(401, "BAD_CODE");
    show(&app, &asked, renewed["recovery_codes"][0].as_str().expect("a code")).await.is(200);
    for _ in 0..5 {
        show(&app, &asked, "123456").await.problem(401, "BAD_CODE");
    }
    app.pass(Duration::seconds(30));
    show(&app, &asked, &authenticator.code(&app)).await.problem(429, "RATE_LIMITED");
}

#[tokio::test]
async fn switching_it_off_takes_the_password_and_a_code() {
    let app = TestApp::start().await;
    let me = of(&app, &app.set_up().await.is(201));
    let off = async |password: &str, code: &str| {
        me.post("/me/second-factor/disable", json!({"password": password, "code": code})).await
    };
    off(PASSWORD, "000000").await.problem(409, "NOT_ENABLED");
    let (authenticator, codes) = enroll(&app, &me).await;
    app.pass(Duration::seconds(30));
    let code = authenticator.code(&app);
    off("wrong", &code).await.fault_at("/password");
    off(PASSWORD, "000000").await.fault_at("/code");
    off(PASSWORD, &code).await.is(204);
    assert_eq!(
        me.get("/me/second-factor").await.is(200),
        json!({"enabled": false, "recovery_codes_left": 0})
    );
    login(&app.api, PASSWORD).await.is(200);
    // What was valid before is of no use for the next one.
    let (_, fresh) = enroll(&app, &me).await;
    let asked = challenge(&app).await;
    show(&app, &asked, &codes[0]).await.problem(401, "BAD_CODE");
    show(&app, &asked, &fresh[0]).await.is(200);
    app.mail().await;
}

// An invitation must not be a way around the second factor.
#[tokio::test]
async fn an_invitation_asks_for_the_second_factor_too() {
    let app = TestApp::start().await;
    let me = of(&app, &app.set_up().await.is(201));
    let (authenticator, _) = enroll(&app, &me).await;
    let organization = app.organization().await;
    let body = json!({"email": EMAIL, "name": "First", "role": "member"});
    let url = organization.admin.post(&organization.path("/members"), body).await.is(201);
    let token =
        url["invitation_url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a token").to_owned();
    let accept = async |body: Value| app.api.post(&format!("/auth/invitations/{token}"), body).await;
    let with = |code: &str| json!({"name": "First", "password": PASSWORD, "code": code});
    accept(json!({"name": "First", "password": PASSWORD})).await.problem(401, "SECOND_FACTOR_REQUIRED");
    accept(with("000000")).await.problem(401, "BAD_CODE");
    app.pass(Duration::seconds(30));
    accept(with(&authenticator.code(&app))).await.is(201);
    assert_eq!(me.get("/me").await.is(200)["memberships"].as_array().map(Vec::len), Some(2));
}
