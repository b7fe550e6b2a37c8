//! Endpoints that change a password: by a link that came by mail, or by whoever is signed in.

use axum::{extract::State, http::StatusCode};
use chrono::Duration;
use kernel::{
    db::{self, Tx},
    ids::UserId,
    jobs::{self, Failure, Job},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{api::check_email, password, store};
use crate::{
    access::{
        caller::Caller,
        tokens::{hash_secret, random_secret},
    },
    app::App,
    http::{Checks, Json, Problem, Result, client::Client},
    notifications::mail::{self, Mail, Template},
};

/// The job that looks an address up and mails a link to its account, if it has one.
pub const RESET: &str = "password.reset";
/// Minutes that a link waits.
const RESET_MINUTES: i64 = 60;

/// Who wants a new password.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ResetRequest {
    /// The account's e-mail address.
    pub email: String,
}

/// Asks for a link to choose a new password. The answer is the same, and takes the same time, whether the address has
/// an account or not: that is looked up later, by the job that mails the link.
#[utoipa::path(post, path = "/auth/password-reset", tag = "identity", request_body = ResetRequest, security(()),
    responses((status = 202, description = "If the address has an account, a link is on its way"), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn request_reset(
    State(app): State<App>,
    client: Client,
    Json(body): Json<ResetRequest>,
) -> Result<StatusCode> {
    let mut checks = Checks::default();
    check_email(&mut checks, &body.email);
    checks.done()?;
    let email = body.email.trim().to_lowercase();
    app.throttles.resets_by_client.attempt(&client.0.to_string()).await?;
    app.throttles.resets_of_address.attempt(&email).await?;
    let mut tx = app.begin_system().await?;
    jobs::enqueue_once(&mut tx, RESET, &email, ResetRequest { email: email.clone() }, jobs::AT_ONCE).await?;
    tx.commit().await?;
    Ok(StatusCode::ACCEPTED)
}

/// Mails a link to whoever asked for it, when the address has an account with a password. Done again, it mails a new
/// link: the one before loses its force.
///
/// # Errors
/// When the database or the mail server is away.
pub async fn mail_reset(app: &App, job: &Job) -> Result<(), Failure> {
    let ResetRequest { email } = job.payload()?;
    let now = app.clock.now();
    let mut tx = db::begin(&app.pool, db::Actor::System).await?;
    let Some(person) = store::may_reset(&mut tx, &email).await? else {
        tx.commit().await?;
        return Ok(());
    };
    let token = random_secret();
    let expires_at = now + Duration::minutes(RESET_MINUTES);
    store::put_reset(&mut tx, person.id, &hash_secret(&token), expires_at, now).await?;
    tx.commit().await?;
    // Behind the #, so that no server's log ever holds it.
    let url = format!("{}/reset-password#{token}", app.config.server.public_url);
    let data = json!({"name": person.name, "url": url, "minutes": RESET_MINUTES});
    let number = format!("{}-{}", now.timestamp_millis(), job.id);
    mail::deliver(app, &Mail::new(person.email, Template::PasswordReset, person.language, data), &number)
        .await
}

/// A new password, with the token of the link.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewPassword {
    /// From the link.
    pub token: String,
    /// 8 to 200 characters, not easy to guess.
    pub password: String,
}

/// Chooses a new password with a link that came by mail. Ends all sessions of the account.
#[utoipa::path(post, path = "/auth/password-reset/complete", tag = "identity", request_body = NewPassword, security(()),
    responses((status = 204), (status = 404, body = Problem), (status = 410, body = Problem), (status = 422, body = Problem)))]
pub async fn complete_reset(State(app): State<App>, Json(body): Json<NewPassword>) -> Result<StatusCode> {
    // 1. Whose link is it, and does it still work?
    let gone = || {
        let detail = "This link has been used or has expired. Please ask for a new one.";
        Problem::new(StatusCode::GONE, "RESET_LINK_USED", detail)
    };
    let token = hash_secret(&body.token);
    let mut tx = app.begin_system().await?;
    let found = store::find_reset(&mut tx, &token, app.clock.now()).await?;
    let found = found.ok_or_else(|| Problem::not_found("link"))?;
    let person = store::person(&mut tx, found.user_id).await?.ok_or_else(|| Problem::not_found("link"))?;
    // The hash takes long: no connection is held meanwhile.
    tx.commit().await?;
    if !found.alive {
        return Err(gone());
    }
    // 2. A password that will do.
    let mut checks = Checks::default();
    password::check(&mut checks, &body.password, &[&person.email, &person.name]);
    checks.done()?;
    let hash = password::hash(&app, body.password).await?;
    // 3. The link is used up, the password changed, and everybody signed out.
    let now = app.clock.now();
    db::acts_for(db::Actor::User(person.id));
    let mut tx = app.begin_system().await?;
    if !store::use_reset(&mut tx, &token, now).await? {
        return Err(gone());
    }
    store::set_password(&mut tx, person.id, &hash).await?;
    store::prove_password(&mut tx, person.id).await?;
    let ended = store::revoke_all(&mut tx, person.id, None, now).await?;
    mail_changed(&app, &mut tx, &person).await?;
    tx.commit().await?;
    app.ended.add(ended).await;
    Ok(StatusCode::NO_CONTENT)
}

/// A change of one's own password.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PasswordChange {
    /// The password so far.
    pub current_password: String,
    /// The new one: 8 to 200 characters, not easy to guess.
    pub password: String,
}

/// Changes one's own password. Ends all other sessions.
#[utoipa::path(post, path = "/me/password", tag = "identity", request_body = PasswordChange,
    responses((status = 204), (status = 401, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<PasswordChange>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let person = store::person(&mut tx, caller.user_id).await?.ok_or_else(Problem::unauthenticated)?;
    tx.commit().await?;
    let mut checks = Checks::default();
    password::check(&mut checks, &body.password, &[&person.email, &person.name]);
    checks.done()?;
    require_password(&app, person.id, body.current_password, "/current_password").await?;
    let hash = password::hash(&app, body.password).await?;
    let mut tx = app.begin_system().await?;
    store::set_password(&mut tx, person.id, &hash).await?;
    let ended = store::revoke_all(&mut tx, person.id, caller.session_id(), app.clock.now()).await?;
    mail_changed(&app, &mut tx, &person).await?;
    tx.commit().await?;
    app.ended.add(ended).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn mail_changed(app: &App, tx: &mut Tx, person: &store::Person) -> sqlx::Result<()> {
    let url = format!("{}/forgot-password", app.config.server.public_url);
    let data = json!({"name": person.name, "url": url});
    mail::enqueue(tx, &person.email, Template::PasswordChanged, &person.language, data).await
}

/// Whoever is signed in proves that they are still the same person.
///
/// # Errors
/// 422 at `pointer` for a wrong password, 429 after too many, 409 for an account that has none.
pub async fn require_password(app: &App, user: UserId, given: String, pointer: &str) -> Result<()> {
    let mut tx = app.begin_system().await?;
    let hash = store::password_hash(&mut tx, user).await?;
    tx.commit().await?;
    let Some(hash) = hash else {
        let detail = "This account has no password: it signs in with another service.";
        return Err(Problem::conflict("NO_PASSWORD", detail));
    };
    if password::guess(app, &user.to_string(), given, Some(hash)).await? {
        return Ok(());
    }
    Err(Problem::invalid_field(pointer, "BAD_CREDENTIALS", "This password is wrong."))
}
