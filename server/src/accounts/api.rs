//! Endpoints of accounts.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use kernel::{
    db::{self, Tx},
    ids::{OrganizationId, SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{password, rules::is_email, second_factor, store, store::Person};
use crate::{
    access::{
        caller::Caller,
        policy::{OrgRole, Permission},
        tokens::{hash_secret, random_secret},
    },
    app::App,
    http::{Checks, Json, Path, Problem, Result, client::Client},
    notifications::Outbox,
    orgs,
};

/// Name of the cookie that holds the refresh token.
const COOKIE: &str = "baraza_refresh";

/// A sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// A JWT for the `Authorization` header.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// Who signed in.
    pub user: Person,
}

/// What sets the platform up.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Setup {
    /// From the set-up link.
    pub setup_token: String,
    /// The first administrator's e-mail address.
    pub email: String,
    /// Their password, 8 to 200 characters, not easy to guess.
    pub password: String,
    /// Their name.
    pub name: String,
    /// The first organization's name.
    pub organization_name: String,
}

/// Sets the platform up: the first person, who administers it, and the first organization. Works once.
#[utoipa::path(post, path = "/auth/setup", tag = "identity", request_body = Setup, security(()),
    responses((status = 201, body = Session), (status = 403, body = Problem), (status = 410, body = Problem), (status = 422, body = Problem)))]
pub async fn setup(
    State(app): State<App>,
    headers: HeaderMap,
    jar: CookieJar,
    Json(body): Json<Setup>,
) -> Result<Response> {
    if !constant_time_eq(&body.setup_token, app.tokens.setup_token()) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "BAD_SETUP_TOKEN", "This set-up link is not valid."));
    }
    let mut checks = Checks::default();
    check_email(&mut checks, &body.email);
    checks.text(&body.name, "/name", 1..=200).text(&body.organization_name, "/organization_name", 1..=200);
    password::check(&mut checks, &body.password, &[&body.email, &body.name]);
    checks.done()?;
    let user = UserId::new(app.clock.now());
    db::acts_for(db::Actor::User(user));
    let mut tx = app.begin_system().await?;
    if store::is_set_up(&mut tx).await? {
        return Err(Problem::new(StatusCode::GONE, "ALREADY_SET_UP", "This platform is set up already."));
    }
    let hash = password::hash(&app, body.password).await?;
    let now = app.clock.now();
    if !store::take_setup(&mut tx, now).await? {
        return Err(Problem::new(StatusCode::GONE, "ALREADY_SET_UP", "This platform is set up already."));
    }
    store::create(&mut tx, user, body.email.trim(), body.name.trim(), Some(&hash), None).await?;
    store::make_system_admin(&mut tx, user).await?;
    // The set-up link was theirs alone.
    store::prove_password(&mut tx, user).await?;
    let organization = OrganizationId::new(now);
    orgs::create(&mut tx, organization, body.organization_name.trim(), None, user).await?;
    let session = open_session(&app, &mut tx, user, &headers, jar).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, session).into_response())
}

/// A sign-in's input.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Credentials {
    /// E-mail address, in any case.
    pub email: String,
    /// Password.
    pub password: String,
}

/// Signs in with e-mail address and password. Where a second factor is switched on, the answer is 401
/// `SECOND_FACTOR_REQUIRED` with a `challenge` for `POST /auth/login/second-factor`, good for five minutes.
#[utoipa::path(post, path = "/auth/login", tag = "identity", request_body = Credentials, security(()),
    responses((status = 200, body = Session), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn login(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    jar: CookieJar,
    Json(body): Json<Credentials>,
) -> Result<Response> {
    let key = format!("{} {}", client.0, body.email.trim().to_lowercase());
    let mut tx = app.begin_system().await?;
    let known = store::login(&mut tx, body.email.trim()).await?;
    // The hash takes long: no connection is held meanwhile.
    tx.commit().await?;
    let hash = known.as_ref().and_then(|login| login.password_hash.clone());
    let right = password::guess(&app, &key, body.password, hash).await?;
    let Some(login) = known.filter(|_| right) else {
        let detail = "E-mail address or password is wrong.";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "BAD_CREDENTIALS", detail));
    };
    if login.second_factor {
        let challenge = app.tokens.challenge(login.user_id, app.clock.now());
        return Err(Problem { challenge: Some(challenge), ..code_required() });
    }
    db::acts_for(db::Actor::User(login.user_id));
    let mut tx = app.begin_system().await?;
    let session = open_session(&app, &mut tx, login.user_id, &headers, jar).await?;
    tx.commit().await?;
    Ok(session.into_response())
}

fn code_required() -> Problem {
    let detail = "Please give a code of your authenticator app.";
    Problem::new(StatusCode::UNAUTHORIZED, "SECOND_FACTOR_REQUIRED", detail)
}

/// Exchanges the refresh cookie for a new access token and a new cookie. A cookie that comes a second time was
/// copied: it ends the sign-in everywhere.
#[utoipa::path(post, path = "/auth/refresh", tag = "identity", security(()),
    responses((status = 200, body = Session), (status = 401, body = Problem)))]
pub async fn refresh(State(app): State<App>, jar: CookieJar) -> Result<Response> {
    let token =
        jar.get(COOKIE).map(|cookie| cookie.value().to_owned()).ok_or_else(Problem::unauthenticated)?;
    let now = app.clock.now();
    let mut tx = app.begin_system().await?;
    let found =
        store::lock_refresh(&mut tx, &hash_secret(&token), now).await?.ok_or_else(Problem::session_ended)?;
    tx.works_for(found.user_id).await?;
    if found.used || !found.alive {
        store::revoke(&mut tx, found.session_id, now).await?;
        tx.commit().await?;
        app.ended.add([found.session_id]).await;
        return Ok((jar.remove(dead_cookie()), Problem::session_ended()).into_response());
    }
    let next = random_secret();
    store::rotate(&mut tx, found.session_id, &hash_secret(&token), &hash_secret(&next), now).await?;
    let session = session_of(&app, &mut tx, found.user_id, found.session_id).await?;
    tx.commit().await?;
    Ok((jar.add(live_cookie(&app, next)), Json(session)).into_response())
}

/// Signs out: ends the session of the refresh cookie.
#[utoipa::path(post, path = "/auth/logout", tag = "identity", security(()), responses((status = 204)))]
pub async fn logout(State(app): State<App>, jar: CookieJar) -> Result<Response> {
    if let Some(cookie) = jar.get(COOKIE) {
        let now = app.clock.now();
        let mut tx = app.begin_system().await?;
        let found = store::lock_refresh(&mut tx, &hash_secret(cookie.value()), now).await?;
        if let Some(found) = &found {
            tx.works_for(found.user_id).await?;
            store::revoke(&mut tx, found.session_id, now).await?;
        }
        tx.commit().await?;
        app.ended.add(found.map(|found| found.session_id)).await;
    }
    Ok((jar.remove(dead_cookie()), StatusCode::NO_CONTENT).into_response())
}

/// What accepts an invitation.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Acceptance {
    /// The person's name.
    pub name: String,
    /// The password they choose, 8 to 200 characters, not easy to guess; of an account that exists, its password.
    pub password: String,
    /// A code of the second factor, for an account that has one.
    #[serde(default)]
    pub code: Option<String>,
}

/// Accepts an invitation to an organization and signs in: sets name and password of a new account; whoever has an
/// account gives its password, and where a second factor is switched on, a code (401 `SECOND_FACTOR_REQUIRED`).
#[utoipa::path(post, path = "/auth/invitations/{token}", tag = "identity", request_body = Acceptance, security(()),
    responses((status = 201, body = Session), (status = 401, body = Problem), (status = 429, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 410, body = Problem), (status = 422, body = Problem)))]
pub async fn accept_invitation(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    jar: CookieJar,
    Json(body): Json<Acceptance>,
) -> Result<Response> {
    let mut checks = Checks::default();
    checks.text(&body.name, "/name", 1..=200);
    checks.done()?;
    let now = app.clock.now();
    let mut tx = app.begin_system().await?;
    let invitation = orgs::lock_invitation(&mut tx, &hash_secret(&token)).await?;
    let invitation = invitation.ok_or_else(|| Problem::not_found("invitation"))?;
    if invitation.accepted || invitation.expires_at <= now {
        return Err(Problem::new(
            StatusCode::GONE,
            "INVITATION_USED",
            "This invitation has been used or has expired.",
        ));
    }
    tx.works_for(invitation.user_id).await?;
    // Whoever has a password already proves it here: an invitation must not take an account over.
    if let Some(hash) = store::password_hash(&mut tx, invitation.user_id).await? {
        if !password::guess(&app, &invitation.user_id.to_string(), body.password, Some(hash)).await? {
            let detail = "You have an account already. Please give its password.";
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "BAD_CREDENTIALS", detail));
        }
        if second_factor::is_enabled(&mut tx, invitation.user_id).await? {
            let code = body.code.ok_or_else(code_required)?;
            if !second_factor::shows(&app, invitation.user_id, &code).await? {
                return Err(second_factor::bad_code());
            }
        }
    } else if store::has_identity(&mut tx, invitation.user_id).await? {
        // Nor must it put a password on an account that has none because it signs in elsewhere.
        let detail = "You have an account already. Please sign in through your provider to accept.";
        return Err(Problem::conflict("SIGN_IN_WITH_PROVIDER", detail));
    } else {
        let person = store::person(&mut tx, invitation.user_id).await?;
        let email = person.map(|person| person.email).unwrap_or_default();
        password::check(&mut checks, &body.password, &[&email, &body.name]);
        checks.done()?;
        let hash = password::hash(&app, body.password).await?;
        store::set_password(&mut tx, invitation.user_id, &hash).await?;
        store::rename(&mut tx, invitation.user_id, body.name.trim()).await?;
    }
    orgs::accept_invitation(&mut tx, invitation.id, now).await?;
    let session = open_session(&app, &mut tx, invitation.user_id, &headers, jar).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, session).into_response())
}

/// Who one is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The person.
    pub user: Person,
    /// Where they are an active member.
    pub memberships: Vec<MembershipOut>,
    /// Whether they may read the mail that is kept because no mail server is configured.
    pub mailbox: bool,
}

/// A membership.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembershipOut {
    /// The organization.
    pub organization: OrganizationBrief,
    /// The person's role in it.
    pub role: OrgRole,
    /// What the role allows there.
    pub permissions: Vec<Permission>,
    /// Whether nobody may work in it now.
    pub is_suspended: bool,
}

/// An organization in short.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationBrief {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its short name for addresses.
    pub slug: String,
}

/// Who one is and where one is a member.
#[utoipa::path(get, path = "/me", tag = "identity", responses((status = 200, body = Me), (status = 401, body = Problem)))]
pub async fn me(State(app): State<App>, caller: Caller) -> Result<Json<Me>> {
    let mut tx = app.begin(&caller).await?;
    Ok(Json(Me::load(&app, &mut tx, caller.user_id).await?))
}

impl Me {
    /// Who somebody is, for themselves.
    ///
    /// # Errors
    /// 401 when the account is gone.
    pub async fn load(app: &App, tx: &mut Tx, id: UserId) -> Result<Self> {
        let user = store::person(tx, id).await?.ok_or_else(Problem::unauthenticated)?;
        let memberships = store::memberships(tx, id)
            .await?
            .into_iter()
            .map(|m| MembershipOut {
                organization: OrganizationBrief { id: m.organization_id, name: m.name, slug: m.slug },
                role: m.member.role,
                permissions: m.member.permissions(),
                is_suspended: m.is_suspended,
            })
            .collect();
        let mailbox = matches!(app.outbox, Outbox::Folder(_)) && user.is_system_admin;
        Ok(Self { user, memberships, mailbox })
    }
}

/// Notes what is wrong with an e-mail address.
pub fn check_email(checks: &mut Checks, email: &str) {
    checks.require(is_email(email), "/email", "INVALID_EMAIL", "This is not an e-mail address.");
}

/// Opens a session and sets its cookie.
pub(super) async fn open_session(
    app: &App,
    tx: &mut Tx,
    user: UserId,
    headers: &HeaderMap,
    jar: CookieJar,
) -> Result<(CookieJar, Json<Session>)> {
    let (id, cookie) = begin_session(app, tx, user, headers).await?;
    let session = session_of(app, tx, user, id).await?;
    Ok((jar.add(cookie), Json(session)))
}

/// Begins a session; gives it back with the cookie that holds its refresh token.
///
/// # Errors
/// When the database refuses or is away.
pub async fn begin_session(
    app: &App,
    tx: &mut Tx,
    user: UserId,
    headers: &HeaderMap,
) -> Result<(SessionId, Cookie<'static>)> {
    let now = app.clock.now();
    let id = SessionId::new(now);
    let token = random_secret();
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let agent: String = agent.chars().take(300).collect();
    let expires_at = now + app.config.tokens.refresh_token_ttl;
    store::open_session(tx, id, user, &agent, &hash_secret(&token), now, expires_at).await?;
    Ok((id, live_cookie(app, token)))
}

async fn session_of(app: &App, tx: &mut Tx, user: UserId, session: SessionId) -> Result<Session> {
    let person = store::person(tx, user).await?.ok_or_else(Problem::unauthenticated)?;
    Ok(Session {
        access_token: app.tokens.sign(user, session, app.clock.now()),
        token_type: "Bearer",
        expires_in: app.tokens.access_life(),
        user: person,
    })
}

fn live_cookie(app: &App, token: String) -> Cookie<'static> {
    let seconds = i64::try_from(app.config.tokens.refresh_token_ttl.as_secs()).unwrap_or(i64::MAX);
    Cookie::build((COOKIE, token))
        .path("/api/v1/auth")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.config.server.public_url.starts_with("https://"))
        .max_age(time::Duration::seconds(seconds))
        .build()
}

fn dead_cookie() -> Cookie<'static> {
    Cookie::build((COOKIE, "")).path("/api/v1/auth").build()
}

/// Compares hashes, so that the time taken tells nothing of the secret.
fn constant_time_eq(a: &str, b: &str) -> bool {
    hash_secret(a) == hash_secret(b)
}
