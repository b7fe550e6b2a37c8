//! Sign-in through an OpenID Connect provider, against one whose words can be bent.

use chrono::Duration;
use harness::{
    Answer, TestApp, Value, app,
    issuer::{CLIENT_ID, FakeIssuer, Signer},
    json,
};
use kernel::clock::Clock;
use reqwest::{Method, Url};

/// The service with a provider.
async fn start() -> (FakeIssuer, TestApp) {
    start_with(|_| ()).await
}

async fn start_with(change: impl FnOnce(&mut Value)) -> (FakeIssuer, TestApp) {
    let issuer = FakeIssuer::start(Clock::fixed(app::beginning())).await;
    let app = TestApp::start_with(|config| {
        issuer.configure(config);
        change(config);
    })
    .await;
    (issuer, app)
}

/// A sign-in that was begun in a browser.
struct Begun {
    cookie: String,
    /// Where the browser was sent.
    authorization: Url,
}

impl Begun {
    fn state(&self) -> String {
        let mut pairs = self.authorization.query_pairs();
        pairs.find(|(name, _)| name == "state").expect("a state").1.into_owned()
    }
}

async fn begin(app: &TestApp) -> Begun {
    let answer = app.api.get("/auth/oidc/start?return_to=/meetings").await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let cookie = answer.cookie().to_owned();
    for part in ["baraza_oidc=", "HttpOnly", "SameSite=Lax", "Path=/api/v1/auth/oidc", "Max-Age=600"] {
        assert!(cookie.contains(part), "{part} is not in {cookie}");
    }
    let cookie = cookie.split(';').next().expect("a cookie").to_owned();
    Begun { cookie, authorization: answer.header("location").parse().expect("a URL") }
}

/// The browser comes back with a query.
async fn come_back(app: &TestApp, cookie: &str, query: &[(&str, &str)]) -> Answer {
    let request = app.api.request(Method::GET, "/auth/oidc/callback").query(query).header("cookie", cookie);
    app.api.send(request).await
}

/// Signs in from beginning to end with these claims.
async fn sign_in(app: &TestApp, issuer: &FakeIssuer, claims: Value) -> Answer {
    let begun = begin(app).await;
    let code = issuer.sign_in(&begun.authorization, claims);
    come_back(app, &begun.cookie, &[("code", &code), ("state", &begun.state())]).await
}

fn amina() -> Value {
    json!({"sub": "amina", "email": "Amina@Example.test", "email_verified": true, "name": "Amina W.", "sid": "s1"})
}

/// Whoever the browser is signed in as now.
async fn me(app: &TestApp, answer: &Answer) -> Value {
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, &*format!("{}/meetings", app.app.config.server.public_url))
    );
    let session = refresh(app, answer).await.is(200);
    app.api.with_token(session["access_token"].as_str().expect("a token")).get("/me").await.is(200)
}

async fn refresh(app: &TestApp, answer: &Answer) -> Answer {
    let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|it| it.to_str().ok());
    let cookie = cookies.filter_map(|it| it.split(';').next()).find(|it| it.starts_with("baraza_refresh="));
    let request = app.api.request(Method::POST, "/auth/refresh").header("cookie", cookie.expect("a session"));
    app.api.send(request).await
}

async fn log_out(app: &TestApp, token: &str) -> Answer {
    let request = app
        .api
        .request(Method::POST, "/auth/oidc/backchannel-logout")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("logout_token={token}"));
    app.api.send(request).await
}

#[tokio::test]
async fn pages_are_told_how_one_can_sign_in() {
    let (_issuer, with) = start().await;
    let methods = with.api.get("/auth/methods").await.is(200);
    assert_eq!(methods["oidc"], json!({"name": "Test ID", "start_url": "/api/v1/auth/oidc/start"}));
    let without = TestApp::start().await;
    assert_eq!(without.api.get("/auth/methods").await.is(200), json!({"password": true, "oidc": null}));
    without.api.get("/auth/oidc/start").await.problem(404, "NOT_CONFIGURED");
    without.api.get("/auth/oidc/callback").await.problem(404, "NOT_CONFIGURED");
    log_out(&without, "x").await.problem(404, "NOT_CONFIGURED");
}

#[tokio::test]
async fn a_first_sign_in_makes_an_account_and_the_next_finds_it() {
    let (issuer, app) = start().await;
    let first = me(&app, &sign_in(&app, &issuer, amina()).await).await;
    assert_eq!(
        (&first["user"]["email"], &first["user"]["name"]),
        (&json!("Amina@Example.test"), &json!("Amina W."))
    );
    // The address may change at the provider, or be taken back: who they are does not.
    let again = json!({"sub": "amina", "email": "other@example.test", "email_verified": false});
    let second = me(&app, &sign_in(&app, &issuer, again).await).await;
    assert_eq!(second["user"]["id"], first["user"]["id"]);
    assert_eq!(app.value::<i64>("select count(*) from users").await, 1);
    let named = app.value::<i64>(
        "select count(*) from audit_log where action = 'identity.linked' and actor_id is not null",
    );
    assert_eq!(named.await, 1);
}

#[tokio::test]
async fn the_browser_is_sent_with_pkce_state_and_nonce_and_only_home_again() {
    let (issuer, app) = start().await;
    let begun = begin(&app).await;
    let query: std::collections::HashMap<_, _> = begun.authorization.query_pairs().into_owned().collect();
    assert!(begun.authorization.as_str().starts_with(&format!("{}/authorize?", issuer.url)));
    assert_eq!((query["response_type"].as_str(), query["client_id"].as_str()), ("code", CLIENT_ID));
    assert_eq!(query["scope"], "openid profile email groups");
    assert_eq!(
        query["redirect_uri"],
        format!("{}/api/v1/auth/oidc/callback", app.app.config.server.public_url)
    );
    assert_eq!((query["code_challenge_method"].as_str(), query["code_challenge"].len()), ("S256", 43));
    assert!(query["state"].len() == 43 && query["nonce"].len() == 43 && query["state"] != query["nonce"]);
    let elsewhere = app.api.get("/auth/oidc/start?return_to=https://evil.test/").await;
    let cookie = elsewhere.cookie().split(';').next().expect("a cookie").to_owned();
    let begun = Begun { cookie, authorization: elsewhere.header("location").parse().expect("a URL") };
    let code = issuer.sign_in(&begun.authorization, amina());
    let answer = come_back(&app, &begun.cookie, &[("code", &code), ("state", &begun.state())]).await;
    assert_eq!(answer.header("location"), format!("{}/", app.app.config.server.public_url));
}

#[tokio::test]
async fn a_sign_in_works_once_in_the_browser_that_began_it_and_for_ten_minutes() {
    let (issuer, app) = start().await;
    let begun = begin(&app).await;
    let code = || issuer.sign_in(&begun.authorization, amina());
    let state = begun.state();
    let other = begin(&app).await;
    for (cookie, given) in [
        ("", &*state),
        (&*other.cookie, &*state),
        (&*begun.cookie, &*other.state()),
        ("baraza_oidc=x", &*state),
    ] {
        come_back(&app, cookie, &[("code", &code()), ("state", given)]).await.problem(400, "SIGN_IN_EXPIRED");
    }
    come_back(&app, &begun.cookie, &[("code", &code())]).await.problem(400, "SIGN_IN_EXPIRED");
    me(&app, &come_back(&app, &begun.cookie, &[("code", &code()), ("state", &state)]).await).await;
    // The same again, also with a fresh code.
    come_back(&app, &begun.cookie, &[("code", &code()), ("state", &state)])
        .await
        .problem(400, "SIGN_IN_EXPIRED");
    let late = begin(&app).await;
    app.pass(Duration::minutes(10));
    let code = issuer.sign_in(&late.authorization, amina());
    come_back(&app, &late.cookie, &[("code", &code), ("state", &late.state())])
        .await
        .problem(400, "SIGN_IN_EXPIRED");
    assert_eq!(app.value::<i64>("select count(*) from sessions").await, 1);
}

#[tokio::test]
async fn a_token_that_is_not_right_opens_nothing() {
    let (issuer, app) = start().await;
    let now = app.clock.now().timestamp();
    for wrong in [
        json!({"nonce": "another"}),
        json!({"nonce": null}),
        json!({"iss": "https://evil.test"}),
        json!({"aud": "somebody else"}),
        json!({"aud": [CLIENT_ID, "somebody else"]}),
        json!({"exp": now}),
        json!({"exp": now - 60, "iat": now - 360}),
        json!({"iat": now + 3600, "exp": now + 7200}),
        json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
    ] {
        let mut claims = amina();
        for (name, value) in wrong.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        let answer = sign_in(&app, &issuer, claims).await;
        assert_eq!((answer.status, answer.code()), (401, "PROVIDER_NOT_TRUSTED"), "{wrong}");
    }
    // Signed by nobody we know, by the client's secret, not at all, and not even a token.
    let begun = begin(&app).await;
    let code = issuer.sign_in_by(Signer::Next, &begun.authorization, amina());
    come_back(&app, &begun.cookie, &[("code", &code), ("state", &begun.state())])
        .await
        .problem(401, "PROVIDER_NOT_TRUSTED");
    for kind in ["hmac", "none", "text", "cut", "absent"] {
        let begun = begin(&app).await;
        let nonce = begun
            .authorization
            .query_pairs()
            .find(|(name, _)| name == "nonce")
            .expect("a nonce")
            .1
            .into_owned();
        let mut claims = amina();
        for (name, value) in [
            ("iss", json!(issuer.url)),
            ("aud", json!(CLIENT_ID)),
            ("nonce", json!(nonce)),
            ("iat", json!(now)),
            ("exp", json!(now + 300)),
        ] {
            claims[name] = value;
        }
        let token = forged(kind, &issuer, &claims);
        let mut answer = json!({"access_token": "x", "token_type": "Bearer"});
        if let Some(token) = token {
            answer["id_token"] = token.into();
        }
        let code = issuer.grant(&begun.authorization, answer);
        let answer = come_back(&app, &begun.cookie, &[("code", &code), ("state", &begun.state())]).await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, "PROVIDER_NOT_TRUSTED"),
            "{kind}: {}",
            answer.text()
        );
    }
    assert_eq!(
        app.value::<i64>("select (select count(*) from users) + (select count(*) from sessions)").await,
        0
    );
}

fn forged(kind: &str, issuer: &FakeIssuer, claims: &Value) -> Option<String> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
    let good = issuer.sign(Signer::Elliptic, claims);
    Some(match kind {
        "hmac" => {
            let key = jsonwebtoken::EncodingKey::from_secret(b"a secret of the provider and us");
            jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).expect("a token")
        }
        "none" => format!("{}.{}.", B64.encode(r#"{"alg":"none"}"#), B64.encode(claims.to_string())),
        "text" => "no token".to_owned(),
        "cut" => good[..good.len() - 8].to_owned(),
        _ => return None,
    })
}

#[tokio::test]
async fn both_kinds_of_keys_are_taken_and_new_ones_are_asked_for() {
    let (issuer, app) = start().await;
    let by = async |signer| {
        let begun = begin(&app).await;
        let code = issuer.sign_in_by(signer, &begun.authorization, amina());
        come_back(&app, &begun.cookie, &[("code", &code), ("state", &begun.state())]).await
    };
    me(&app, &by(Signer::Rsa).await).await;
    issuer.rotate();
    by(Signer::Next).await.problem(401, "PROVIDER_NOT_TRUSTED");
    // Not at once, so that nobody makes us ask again and again.
    app.pass(Duration::seconds(10));
    me(&app, &by(Signer::Next).await).await;
}

#[tokio::test]
async fn a_code_is_redeemed_with_the_proof_of_whoever_began() {
    let (issuer, app) = start().await;
    let (one, other) = (begin(&app).await, begin(&app).await);
    // A code that belongs to another sign-in, put under the victim's nose.
    let code = issuer.sign_in(&other.authorization, amina());
    come_back(&app, &one.cookie, &[("code", &code), ("state", &one.state())])
        .await
        .problem(401, "PROVIDER_NOT_TRUSTED");
    let begun = begin(&app).await;
    come_back(&app, &begun.cookie, &[("code", "made-up"), ("state", &begun.state())])
        .await
        .problem(401, "PROVIDER_NOT_TRUSTED");
}

// Account takeover by an address that somebody merely claims.
#[tokio::test]
async fn an_account_goes_to_whoever_has_its_address_verified_and_to_nobody_else() {
    let (issuer, app) = start().await;
    let victim = app.set_up().await.is(201);
    let claim =
        |verified: Value| json!({"sub": "thief", "email": "first@example.test", "email_verified": verified});
    for unverified in [json!(false), Value::Null] {
        let mut claims = claim(unverified.clone());
        if unverified.is_null() {
            claims.as_object_mut().expect("claims").remove("email_verified");
        }
        issuer.tells(json!({"sub": "thief", "email": "first@example.test"}));
        sign_in(&app, &issuer, claims).await.problem(403, "EMAIL_NOT_VERIFIED");
    }
    issuer.tells(json!({"sub": "thief"}));
    sign_in(&app, &issuer, json!({"sub": "thief"})).await.problem(403, "EMAIL_MISSING");
    issuer.tells(json!({"sub": "thief", "email": "no address", "email_verified": true}));
    sign_in(&app, &issuer, json!({"sub": "thief"})).await.problem(403, "EMAIL_MISSING");
    // What is told of somebody else is not taken.
    issuer.tells(json!({"sub": "somebody else", "email": "first@example.test", "email_verified": true}));
    sign_in(&app, &issuer, json!({"sub": "thief"})).await.problem(401, "PROVIDER_NOT_TRUSTED");
    assert_eq!(app.value::<i64>("select count(*) from identities").await, 0);

    let owner = me(&app, &sign_in(&app, &issuer, claim(json!(true))).await).await;
    assert_eq!(owner["user"]["id"], victim["user"]["id"]);
    // The password of the set-up was chosen by its owner: it stays.
    let login = json!({"email": "first@example.test", "password": "a good password"});
    app.api.post("/auth/login", login).await.is(200);
    // The address went to a new colleague at the provider: the account does not.
    let heir = json!({"sub": "heir", "email": "first@example.test", "email_verified": true});
    sign_in(&app, &issuer, heir).await.problem(403, "ACCOUNT_LINKED");
}

#[tokio::test]
async fn whoever_made_an_account_for_somebody_else_cannot_keep_a_way_in() {
    let (issuer, app) = start().await;
    let organization = app.organization().await;
    let body = json!({"email": "amina@example.test", "name": "A", "role": "member", "password": "the admin's choice"});
    organization.admin.post(&organization.path("/members"), body).await.is(201);
    let login = || {
        app.api.post("/auth/login", json!({"email": "amina@example.test", "password": "the admin's choice"}))
    };
    let before = login().await;
    before.clone().is(200);
    let owner = me(&app, &sign_in(&app, &issuer, amina()).await).await;
    assert_eq!(owner["memberships"][0]["organization"]["id"], organization.id);
    login().await.problem(401, "BAD_CREDENTIALS");
    refresh(&app, &before).await.problem(401, "SESSION_ENDED");
}

#[tokio::test]
async fn an_invitation_does_not_put_a_password_on_a_providers_account() {
    let (issuer, app) = start().await;
    me(&app, &sign_in(&app, &issuer, amina()).await).await;
    let attacker = app.organization().await;
    let body = json!({"email": "amina@example.test", "name": "A", "role": "member"});
    let invited = attacker.admin.post(&attacker.path("/members"), body).await.is(201);
    let token =
        invited["invitation_url"].as_str().expect("a link").rsplit('/').next().expect("a token").to_owned();
    let accept = json!({"name": "A", "password": "the attacker's password"});
    app.api.post(&format!("/auth/invitations/{token}"), accept).await.problem(409, "SIGN_IN_WITH_PROVIDER");
    let login = json!({"email": "amina@example.test", "password": "the attacker's password"});
    app.api.post("/auth/login", login).await.problem(401, "BAD_CREDENTIALS");
    // Whoever signs in through the provider with the link in hand accepts it.
    let begun = app.api.get(&format!("/auth/oidc/start?return_to=/meetings&invitation={token}")).await;
    let cookie = begun.cookie().split(';').next().expect("a cookie").to_owned();
    let begun = Begun { cookie, authorization: begun.header("location").parse().expect("a URL") };
    let code = issuer.sign_in(&begun.authorization, amina());
    let answer = come_back(&app, &begun.cookie, &[("code", &code), ("state", &begun.state())]).await;
    let owner = me(&app, &answer).await;
    assert_eq!(owner["memberships"][0]["organization"]["id"], attacker.id);
}

#[tokio::test]
async fn claims_that_the_token_lacks_are_asked_for() {
    let (issuer, app) = start().await;
    issuer.tells(amina());
    let person = me(&app, &sign_in(&app, &issuer, json!({"sub": "amina"})).await).await;
    assert_eq!(
        (&person["user"]["name"], &person["user"]["email"]),
        (&json!("Amina W."), &json!("Amina@Example.test"))
    );
}

#[tokio::test]
async fn groups_give_and_take_roles_where_the_configuration_says_so() {
    let (issuer, app) = start_with(|config| {
        config["oidc"]["roles"] = json!([
            {"group": "staff", "organization": "first-organization", "role": "member"},
            {"group": "board", "organization": "first-organization", "role": "chairperson"},
            {"group": "staff", "organization": "no-such-place", "role": "admin"},
        ]);
    })
    .await;
    app.set_up().await.is(201);
    let elsewhere = app.organization().await;
    let with = |groups: Value| {
        let mut claims = amina();
        claims["groups"] = groups;
        claims
    };
    let roles = async |groups: Value| {
        let me = me(&app, &sign_in(&app, &issuer, with(groups)).await).await;
        let list = me["memberships"].as_array().expect("a list").clone();
        list.into_iter().map(|it| it["role"].as_str().expect("a role").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(roles(json!(["board", "staff"])).await, ["chairperson"]);
    assert_eq!(roles(json!("staff")).await, ["member"]);
    assert!(roles(json!([])).await.is_empty());
    assert_eq!(roles(json!(["staff"])).await, ["member"]);
    // What the organization itself gave, or took, is its own.
    let amina: uuid::Uuid = app.value("select id from users where email = 'amina@example.test'").await;
    elsewhere
        .admin
        .post(
            &elsewhere.path("/members"),
            json!({"email": "amina@example.test", "name": "A", "role": "secretary"}),
        )
        .await
        .is(201);
    app.execute("update organization_members set is_active = true where role = 'secretary'").await;
    assert_eq!(roles(json!([])).await, ["secretary"]);
    roles(json!(["staff"])).await;
    let first: uuid::Uuid = app.value("select id from organizations where slug = 'first-organization'").await;
    let session = app
        .api
        .post("/auth/login", json!({"email": "first@example.test", "password": "a good password"}))
        .await
        .is(200);
    let admin = app.api.with_token(session["access_token"].as_str().expect("a token"));
    admin
        .patch(&format!("/organizations/{first}/members/{amina}"), json!({"is_active": false}))
        .await
        .is(200);
    assert_eq!(roles(json!(["board"])).await, ["secretary"], "whoever was put out comes back by no group");
    // The last admin of an organization stays.
    let last =
        json!({"sub": "first", "email": "first@example.test", "email_verified": true, "groups": ["staff"]});
    let last = me(&app, &sign_in(&app, &issuer, last).await).await;
    assert_eq!(last["memberships"][0]["role"], "admin");
}

#[tokio::test]
async fn a_deactivated_account_is_not_opened_by_the_provider() {
    let (issuer, app) = start().await;
    me(&app, &sign_in(&app, &issuer, amina()).await).await;
    app.execute("update users set is_active = false").await;
    sign_in(&app, &issuer, amina()).await.problem(403, "ACCOUNT_INACTIVE");
    let other = json!({"sub": "another subject", "email": "amina@example.test", "email_verified": true});
    sign_in(&app, &issuer, other).await.problem(403, "ACCOUNT_LINKED");
}

#[tokio::test]
async fn what_goes_wrong_at_the_provider_is_said_clearly() {
    let (issuer, app) = start().await;
    for (error, status, code) in [
        ("access_denied", 403, "SIGN_IN_CANCELLED"),
        ("invalid_scope", 403, "SIGN_IN_REFUSED"),
        ("<script>alert(1)</script>", 403, "SIGN_IN_REFUSED"),
        ("server_error", 503, "PROVIDER_AWAY"),
    ] {
        let begun = begin(&app).await;
        let told = come_back(&app, &begun.cookie, &[("error", error), ("state", &begun.state())]).await;
        told.problem(status, code);
    }
    // A browser is led on to a page of ours that says it; nothing of what the provider said is in it.
    let begun = begin(&app).await;
    let request = app
        .api
        .request(Method::GET, "/auth/oidc/callback")
        .query(&[("error", "<script>"), ("state", &begun.state())])
        .header("cookie", &begun.cookie)
        .header("accept", "text/html");
    let page = request.send().await.expect("an answer");
    assert_eq!(page.status(), 403);
    let text = page.text().await.expect("a text");
    assert!(text.contains("/login?problem=SIGN_IN_REFUSED") && !text.contains("script"), "{text}");
    let begun = begin(&app).await;
    let code = issuer.sign_in(&begun.authorization, amina());
    issuer.go_away();
    come_back(&app, &begun.cookie, &[("code", &code), ("state", &begun.state())])
        .await
        .problem(503, "PROVIDER_AWAY");
    let (away, other) = start().await;
    away.go_away();
    other.api.get("/auth/oidc/start").await.problem(503, "PROVIDER_AWAY");
}

#[tokio::test]
async fn the_provider_ends_one_of_its_sessions_or_all_of_a_person() {
    let (issuer, app) = start().await;
    let first = sign_in(&app, &issuer, amina()).await;
    let mut second = amina();
    second["sid"] = json!("s2");
    let second = sign_in(&app, &issuer, second).await;
    let other = sign_in(
        &app,
        &issuer,
        json!({"sub": "b", "email": "b@example.test", "email_verified": true, "sid": "s3"}),
    )
    .await;
    log_out(&app, &issuer.logout_token(Signer::Elliptic, json!({"sid": "s1", "jti": "1"}))).await.is(200);
    refresh(&app, &first).await.problem(401, "SESSION_ENDED");
    assert_eq!(app.value::<i64>("select count(*) from sessions where revoked_at is null").await, 2);
    log_out(&app, &issuer.logout_token(Signer::Rsa, json!({"sub": "amina", "jti": "2"}))).await.is(200);
    refresh(&app, &second).await.problem(401, "SESSION_ENDED");
    refresh(&app, &other).await.is(200);
}

#[tokio::test]
async fn a_logout_token_that_is_not_right_ends_nothing() {
    let (issuer, app) = start().await;
    let session = sign_in(&app, &issuer, amina()).await;
    let now = app.clock.now().timestamp();
    for (number, wrong) in [
        json!({"iss": "https://evil.test"}),
        json!({"aud": "somebody else"}),
        json!({"exp": now}),
        json!({"iat": now - 3600, "exp": null}),
        json!({"iat": now + 3600}),
        json!({"events": {}}),
        json!({"events": null}),
        json!({"nonce": "as in an ID token"}),
        json!({"jti": null}),
        json!({"sub": null, "sid": null}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = json!({"sub": "amina", "sid": "s1", "jti": format!("wrong {number}")});
        for (name, value) in wrong.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        let answer = log_out(&app, &issuer.logout_token(Signer::Elliptic, claims)).await;
        assert_eq!((answer.status, answer.code()), (400, "BAD_LOGOUT_TOKEN"), "{wrong}");
    }
    let claims = json!({
        "iss": issuer.url, "aud": CLIENT_ID, "iat": now, "exp": now + 60, "jti": "x", "sub": "amina",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    for kind in ["hmac", "none", "text", "cut"] {
        let token = forged(kind, &issuer, &claims).expect("a token");
        log_out(&app, &token).await.problem(400, "BAD_LOGOUT_TOKEN");
    }
    log_out(&app, &issuer.sign(Signer::Next, &claims)).await.problem(400, "BAD_LOGOUT_TOKEN");
    app.api.post("/auth/oidc/backchannel-logout", json!({})).await.problem(400, "BAD_LOGOUT_TOKEN");
    refresh(&app, &session).await.is(200);
    // One that was used does nothing again.
    let other = sign_in(&app, &issuer, amina()).await;
    let token = issuer.logout_token(Signer::Elliptic, json!({"sid": "none of ours", "jti": "once"}));
    log_out(&app, &token).await.is(200);
    log_out(&app, &token).await.problem(400, "BAD_LOGOUT_TOKEN");
    refresh(&app, &other).await.is(200);
}
