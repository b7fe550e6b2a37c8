//! Set-up, sign-in, sessions, invitations, and who one is.

use chrono::Duration;
use harness::{Answer, Api, Person, TestApp, Value, json};

const PASSWORD: &str = "a good password";

fn access_token(session: &Value) -> &str {
    session["access_token"].as_str().expect("an access token")
}

/// The refresh cookie as a client sends it back.
fn refresh_cookie(answer: &Answer) -> String {
    answer.cookie().split(';').next().expect("a cookie").to_owned()
}

async fn refresh(api: &Api, cookie: &str) -> Answer {
    api.send(api.request(reqwest::Method::POST, "/auth/refresh").header("cookie", cookie)).await
}

async fn login(api: &Api, email: &str, password: &str) -> Answer {
    api.post("/auth/login", json!({"email": email, "password": password})).await
}

// ORG-23
#[tokio::test]
async fn the_platform_is_set_up_once_and_its_first_person_is_admin() {
    let app = TestApp::start().await;
    let session = app.set_up().await.is(201);
    assert_eq!(session["token_type"], "Bearer");
    assert_eq!(session["expires_in"], 900);
    let me = app.api.with_token(access_token(&session)).get("/me").await.is(200);
    assert_eq!(me["user"]["email"], "first@example.test");
    assert_eq!(me["memberships"][0]["role"], "admin");
    assert_eq!(me["memberships"][0]["organization"]["name"], "First Organization");
    assert_eq!(me["memberships"][0]["organization"]["slug"], "first-organization");
    app.set_up().await.problem(410, "ALREADY_SET_UP");
    assert_eq!(app.value::<i64>("select count(*) from users").await, 1);
}

#[tokio::test]
async fn two_set_ups_at_once_make_one_platform() {
    let app = TestApp::start().await;
    let (one, other) = tokio::join!(app.set_up(), app.set_up());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 410]);
    assert_eq!(app.value::<i64>("select count(*) from organizations").await, 1);
}

#[tokio::test]
async fn a_set_up_needs_the_token_of_the_link_and_fit_input() {
    let app = TestApp::start().await;
    let token = app.app.tokens.setup_token();
    let good = json!({"setup_token": token, "email": "a@b.test", "password": PASSWORD, "name": "A", "organization_name": "O"});
    let with = |field: &str, value: &str| {
        let mut body = good.clone();
        body[field] = value.into();
        app.api.post("/auth/setup", body)
    };
    with("setup_token", "wrong").await.problem(403, "BAD_SETUP_TOKEN");
    with("email", "nobody").await.fault_at("/email");
    with("password", "short").await.fault_at("/password");
    with("password", &"x".repeat(201)).await.fault_at("/password");
    with("name", " ").await.fault_at("/name");
    with("organization_name", "").await.fault_at("/organization_name");
    assert_eq!(app.value::<i64>("select count(*) from users").await, 0);
}

// ORG-06, ORG-23
#[tokio::test]
async fn whoever_signs_in_gets_an_access_token_and_a_cookie_that_scripts_cannot_read() {
    let app = TestApp::start().await;
    app.set_up().await.is(201);
    let answer = login(&app.api, "FIRST@example.test", PASSWORD).await;
    let cookie = answer.cookie().to_owned();
    for part in ["baraza_refresh=", "HttpOnly", "SameSite=Lax", "Path=/api/v1/auth", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{part} is not in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "over plain HTTP a secure cookie would be lost");
    let session = answer.is(200);
    app.api.with_token(access_token(&session)).get("/me").await.is(200);
}

#[tokio::test]
async fn over_https_the_cookie_is_secure() {
    let app =
        TestApp::start_with(|config| config["server"]["public_url"] = "https://meet.example".into()).await;
    let answer = app.set_up().await;
    assert!(answer.cookie().contains("Secure"), "{}", answer.cookie());
}

#[tokio::test]
async fn bad_credentials_are_401_and_do_not_tell_whether_the_account_exists() {
    let app = TestApp::start().await;
    app.set_up().await.is(201);
    let wrong =
        login(&app.api, "first@example.test", "not the password").await.problem(401, "BAD_CREDENTIALS");
    let unknown = login(&app.api, "nobody@example.test", PASSWORD).await.problem(401, "BAD_CREDENTIALS");
    assert_eq!(wrong["detail"], unknown["detail"]);
}

#[tokio::test]
async fn after_repeated_failures_an_account_has_to_wait() {
    let app = TestApp::start().await;
    app.set_up().await.is(201);
    for _ in 0..5 {
        login(&app.api, "first@example.test", "guess").await.problem(401, "BAD_CREDENTIALS");
    }
    let answer = login(&app.api, "First@example.test", PASSWORD).await;
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    answer.problem(429, "RATE_LIMITED");
    // Others are not locked out by it.
    login(&app.api, "someone@example.test", "guess").await.problem(401, "BAD_CREDENTIALS");
}

#[tokio::test]
async fn guesses_at_once_are_counted_too() {
    let app = TestApp::start().await;
    app.set_up().await.is(201);
    let guesses = (0..12).map(|_| login(&app.api, "first@example.test", "guess"));
    let answers = futures::future::join_all(guesses).await;
    let tried = answers.iter().filter(|answer| answer.status == 401).count();
    assert!(tried <= 5, "{tried} guesses were tried where 5 are allowed");
}

#[tokio::test]
async fn no_token_a_forged_one_and_an_expired_one_are_401() {
    let app = TestApp::start().await;
    let session = app.set_up().await.is(201);
    let token = access_token(&session);
    let answer = app.api.get("/me").await;
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    answer.problem(401, "UNAUTHENTICATED");
    let (claims, signature) = token.rsplit_once('.').expect("a JWT");
    let other = if signature.starts_with('A') { "B" } else { "A" };
    for forged in ["x", "", "a.b.c", &format!("{claims}.{other}{}", &signature[1..]), &format!("{claims}.")] {
        app.api.with_token(forged).get("/me").await.problem(401, "UNAUTHENTICATED");
    }
    app.pass(Duration::seconds(899));
    app.api.with_token(token).get("/me").await.is(200);
    app.pass(Duration::seconds(1));
    app.api.with_token(token).get("/me").await.problem(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_token_that_is_not_signed_at_all_is_refused() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let app = TestApp::start().await;
    let session = app.set_up().await.is(201);
    let claims = access_token(&session).split('.').nth(1).expect("claims");
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    app.api.with_token(&format!("{header}.{claims}.")).get("/me").await.problem(401, "UNAUTHENTICATED");
}

// ORG-23
#[tokio::test]
async fn a_refresh_gives_a_new_token_and_a_new_cookie() {
    let app = TestApp::start().await;
    let first = app.set_up().await;
    app.pass(Duration::hours(1));
    let second = refresh(&app.api, &refresh_cookie(&first)).await;
    assert_ne!(refresh_cookie(&first), refresh_cookie(&second));
    let session = second.clone().is(200);
    app.api.with_token(access_token(&session)).get("/me").await.is(200);
    refresh(&app.api, &refresh_cookie(&second)).await.is(200);
}

#[tokio::test]
async fn an_old_cookie_that_comes_again_ends_the_whole_sign_in() {
    let app = TestApp::start().await;
    let stolen = refresh_cookie(&app.set_up().await);
    let elsewhere = refresh_cookie(&login(&app.api, "first@example.test", PASSWORD).await);
    let current = refresh_cookie(&refresh(&app.api, &stolen).await);
    refresh(&app.api, &stolen).await.problem(401, "SESSION_ENDED");
    refresh(&app.api, &current).await.problem(401, "SESSION_ENDED");
    // The sign-in on another device has nothing to do with it.
    refresh(&app.api, &elsewhere).await.is(200);
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_wins_and_the_family_ends() {
    let app = TestApp::start().await;
    let cookie = refresh_cookie(&app.set_up().await);
    let (one, other) = tokio::join!(refresh(&app.api, &cookie), refresh(&app.api, &cookie));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[tokio::test]
async fn a_refresh_needs_a_cookie_that_we_gave_and_that_has_not_expired() {
    let app = TestApp::start().await;
    let cookie = refresh_cookie(&app.set_up().await);
    app.api.post("/auth/refresh", json!({})).await.problem(401, "UNAUTHENTICATED");
    refresh(&app.api, "baraza_refresh=made-up").await.problem(401, "SESSION_ENDED");
    app.pass(Duration::days(31));
    refresh(&app.api, &cookie).await.problem(401, "SESSION_ENDED");
}

// ORG-23
#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie_back() {
    let app = TestApp::start().await;
    let cookie = refresh_cookie(&app.set_up().await);
    let request = app.api.request(reqwest::Method::POST, "/auth/logout").header("cookie", &cookie);
    let answer = app.api.send(request).await;
    assert!(
        answer.cookie().contains("baraza_refresh=;") && answer.cookie().contains("Max-Age=0"),
        "{}",
        answer.cookie()
    );
    assert_eq!(answer.status, 204);
    refresh(&app.api, &cookie).await.problem(401, "SESSION_ENDED");
    // Signing out twice, or without being signed in, is fine.
    app.api.post("/auth/logout", json!({})).await.is(204);
}

async fn invite(
    app: &TestApp,
    admin: &Person,
    organization: &str,
    email: &str,
    role: &str,
) -> (String, String) {
    let body = json!({"email": email, "name": "Invited", "role": role});
    let added = admin.post(&format!("/organizations/{organization}/members"), body).await.is(201);
    let url = added["invitation_url"].as_str().expect("an invitation").to_owned();
    assert!(url.starts_with(&app.app.config.server.public_url), "{url}");
    let token = url.rsplit('/').next().expect("a token").to_owned();
    (added["user"]["id"].as_str().expect("an id").to_owned(), token)
}

async fn accept(app: &TestApp, token: &str, name: &str, password: &str) -> Answer {
    app.api.post(&format!("/auth/invitations/{token}"), json!({"name": name, "password": password})).await
}

// ORG-04, ORG-23
#[tokio::test]
async fn an_invited_person_counts_only_after_they_have_accepted() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (id, token) =
        invite(&app, &organization.admin, &organization.id, "new@example.test", "secretary").await;
    // Invited is not yet a member: nobody can invite them to a meeting.
    let body = json!({"title": "T", "scheduled_start": "2026-12-02T09:00:00Z", "participants": [id]});
    organization.admin.post(&organization.path("/meetings"), body.clone()).await.problem(422, "NOT_A_MEMBER");
    login(&app.api, "new@example.test", "").await.problem(401, "BAD_CREDENTIALS");
    let session = accept(&app, &token, "New Person", PASSWORD).await.is(201);
    assert_eq!(
        (session["user"]["id"].as_str(), session["user"]["name"].as_str()),
        (Some(id.as_str()), Some("New Person"))
    );
    let me = app.api.with_token(access_token(&session)).get("/me").await.is(200);
    assert_eq!(me["memberships"][0]["role"], "secretary");
    organization.admin.post(&organization.path("/meetings"), body).await.is(201);
    login(&app.api, "new@example.test", PASSWORD).await.is(200);
}

#[tokio::test]
async fn an_invitation_works_once_and_for_two_weeks() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (_, token) = invite(&app, &organization.admin, &organization.id, "new@example.test", "member").await;
    accept(&app, "made-up", "N", PASSWORD).await.problem(404, "NOT_FOUND");
    accept(&app, &token, "", PASSWORD).await.fault_at("/name");
    accept(&app, &token, "N", "short").await.fault_at("/password");
    accept(&app, &token, "N", PASSWORD).await.is(201);
    accept(&app, &token, "N", PASSWORD).await.problem(410, "INVITATION_USED");
    let (_, late) = invite(&app, &organization.admin, &organization.id, "late@example.test", "member").await;
    app.pass(Duration::days(14));
    accept(&app, &late, "N", PASSWORD).await.problem(410, "INVITATION_USED");
}

#[tokio::test]
async fn an_invitation_takes_no_existing_account_over() {
    let app = TestApp::start().await;
    let victim = app.set_up().await.is(201);
    let attacker = app.organization().await;
    // Whoever runs an organization can invite anybody and sees the invitation's link.
    let (id, token) = invite(&app, &attacker.admin, &attacker.id, "first@example.test", "member").await;
    assert_eq!(id, victim["user"]["id"].as_str().expect("an id"));
    accept(&app, &token, "Taken Over", "the attacker's password").await.problem(401, "BAD_CREDENTIALS");
    login(&app.api, "first@example.test", PASSWORD).await.is(200);
    // With the right password it is accepted, and the name stays.
    let session = accept(&app, &token, "Another Name", PASSWORD).await.is(201);
    assert_eq!(session["user"]["name"], "First Admin");
    let me = app.api.with_token(access_token(&session)).get("/me").await.is(200);
    assert_eq!(me["memberships"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_password_given_for_somebody_else_changes_no_existing_account() {
    let app = TestApp::start().await;
    app.set_up().await.is(201);
    let attacker = app.organization().await;
    let body = json!({"email": "First@Example.test", "name": "X", "role": "member", "password": "the attacker's password"});
    attacker.admin.post(&attacker.path("/members"), body).await;
    login(&app.api, "first@example.test", "the attacker's password").await.problem(401, "BAD_CREDENTIALS");
    login(&app.api, "first@example.test", PASSWORD).await.is(200);
}

#[tokio::test]
async fn passwords_of_invitations_cannot_be_guessed_without_end() {
    let app = TestApp::start().await;
    app.set_up().await.is(201);
    let attacker = app.organization().await;
    let (_, token) = invite(&app, &attacker.admin, &attacker.id, "first@example.test", "member").await;
    let mut last = 0;
    for number in 0..8 {
        last = accept(&app, &token, "X", &format!("a guess, number {number}")).await.status;
    }
    assert_eq!(last, 429, "a link to somebody's account lets its holder guess the password for ever");
}

// ORG-02, ORG-03
#[tokio::test]
async fn a_person_belongs_to_several_organizations() {
    let app = TestApp::start().await;
    let (one, other) = (app.organization().await, app.organization().await);
    let person = one.member("secretary").await;
    other.add(&person, "member").await;
    let me = person.get("/me").await.is(200);
    let role = |organization: &str| {
        let memberships = me["memberships"].as_array().expect("a list");
        memberships.iter().find(|it| it["organization"]["id"] == organization).map(|it| it["role"].clone())
    };
    assert_eq!(me["memberships"].as_array().map(Vec::len), Some(2));
    assert_eq!((role(&one.id), role(&other.id)), (Some(json!("secretary")), Some(json!("member"))));
    for field in ["name", "email", "phone", "avatar_url", "timezone"] {
        assert!(me["user"].get(field).is_some(), "a person has {field}");
    }
}

#[tokio::test]
async fn a_deactivated_account_is_out_at_once() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    organization.admin.get("/me").await.is(200);
    app.execute("update users set is_active = false").await;
    organization.admin.get("/me").await.problem(401, "UNAUTHENTICATED");
}
