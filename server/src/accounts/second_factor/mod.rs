//! The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when that is lost.

mod store;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use axum_extra::extract::cookie::CookieJar;
use chrono::{DateTime, Utc};
use kernel::{
    db::{self, Tx},
    ids::UserId,
};
use qrcodegen::{QrCode, QrCodeEcc};
use rand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::json;
use totp_rs::{Builder, Secret, Totp};
use utoipa::ToSchema;

use super::{
    api::{Session, open_session},
    passwords::require_password,
    store::{Person, person},
};
use crate::{
    access::{caller::Caller, tokens::hash_secret},
    app::App,
    http::{Json, Problem, Result},
    notifications::mail::{self, Template},
};

/// Recovery codes that one gets.
const RECOVERY_CODES: usize = 10;
/// Letters and digits that are not taken for one another; 16 of them are 79 bits.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
const RECOVERY_LENGTH: usize = 16;
/// Who issues the codes, as authenticator apps show it.
const ISSUER: &str = "Baraza";

/// What signs in after the password.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ChallengeAnswer {
    /// From the answer to the password.
    pub challenge: String,
    /// A code of the authenticator app, or a recovery code.
    pub code: String,
}

/// Signs in with the second factor, after the password was answered with `SECOND_FACTOR_REQUIRED`.
#[utoipa::path(post, path = "/auth/login/second-factor", tag = "identity", request_body = ChallengeAnswer, security(()),
    responses((status = 200, body = Session), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    jar: CookieJar,
    Json(body): Json<ChallengeAnswer>,
) -> Result<Response> {
    let user = app.tokens.read_challenge(&body.challenge, app.clock.now()).ok_or_else(|| {
        let detail = "This took too long. Please sign in again.";
        Problem::new(StatusCode::UNAUTHORIZED, "CHALLENGE_EXPIRED", detail)
    })?;
    if !shows(&app, user, &body.code).await? {
        return Err(bad_code());
    }
    db::acts_for(db::Actor::User(user));
    let mut tx = app.begin_system().await?;
    let session = open_session(&app, &mut tx, user, &headers, jar).await?;
    tx.commit().await?;
    Ok(session.into_response())
}

/// 401 for a wrong code of somebody who is not signed in yet.
pub fn bad_code() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "BAD_CODE", "This code is wrong or was used before.")
}

/// How one's own second factor stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecondFactor {
    /// Whether signing in asks for a code.
    pub enabled: bool,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: i64,
}

/// How one's own second factor stands.
#[utoipa::path(get, path = "/me/second-factor", tag = "identity",
    responses((status = 200, body = SecondFactor), (status = 401, body = Problem)))]
pub async fn read(State(app): State<App>, caller: Caller) -> Result<Json<SecondFactor>> {
    let mut tx = app.begin_system().await?;
    Ok(Json(store::state(&mut tx, caller.user_id).await?))
}

/// What begins the enrolment.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Enrolment {
    /// One's password.
    pub password: String,
}

/// What an authenticator app needs to know.
#[derive(Debug, Serialize, ToSchema)]
pub struct Authenticator {
    /// The secret, to be typed in (Base32).
    pub secret: String,
    /// The same as `otpauth://…`, for a link.
    pub url: String,
    /// The same as a picture (SVG) to be scanned.
    pub qr_code: String,
}

/// Begins the enrolment of an authenticator app: nothing changes until a first code is shown. Asked for again, it makes
/// a new secret.
#[utoipa::path(post, path = "/me/second-factor", tag = "identity", request_body = Enrolment,
    responses((status = 200, body = Authenticator), (status = 401, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn enroll(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Enrolment>,
) -> Result<Json<Authenticator>> {
    require_password(&app, caller.user_id, body.password, "/password").await?;
    let mut tx = app.begin_system().await?;
    let me = person(&mut tx, caller.user_id).await?.ok_or_else(Problem::unauthenticated)?;
    let secret: [u8; 20] = rand::rng().random();
    let sealed = app.seal.seal(&secret, place(me.id).as_bytes());
    if !store::begin(&mut tx, me.id, &sealed, app.clock.now()).await? {
        return Err(already_enabled());
    }
    tx.commit().await?;
    // Apps read what stands before a colon as the issuer.
    let account = me.email.replace(':', "_");
    let secret = Secret::from(secret);
    let code = Builder::new().with_secret(secret).with_account_name(account).with_issuer(Some(ISSUER));
    let totp = code.build().map_err(Problem::internal)?;
    let url = totp.to_url().map_err(Problem::internal)?;
    let qr_code = picture(&QrCode::encode_text(&url, QrCodeEcc::Medium).map_err(Problem::internal)?);
    Ok(Json(Authenticator { secret: totp.secret().to_base32(), url, qr_code }))
}

/// A QR code as SVG, black on white with the quiet zone that scanners need.
fn picture(code: &QrCode) -> String {
    use std::fmt::Write;
    const QUIET: i32 = 4;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    let side = size + 2 * QUIET;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"><path fill="#fff" d="M0,0h{side}v{side}H0z"/><path d="{path}"/></svg>"##
    )
}

/// A code of the authenticator app.
#[derive(Debug, Deserialize, ToSchema)]
pub struct FirstCode {
    /// Six digits.
    pub code: String,
}

/// Codes for when the authenticator app is lost. They are shown once; each works once.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// In groups of four.
    pub recovery_codes: Vec<String>,
}

/// Ends the enrolment with a first code: from now on, signing in asks for one.
#[utoipa::path(post, path = "/me/second-factor/confirm", tag = "identity", request_body = FirstCode,
    responses((status = 200, body = RecoveryCodes), (status = 401, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn confirm(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<FirstCode>,
) -> Result<Json<RecoveryCodes>> {
    let key = caller.user_id.to_string();
    app.throttles.codes.attempt(&key).await?;
    let now = app.clock.now();
    let mut tx = app.begin_system().await?;
    let factor = store::lock(&mut tx, caller.user_id).await?;
    let factor = factor.ok_or_else(|| {
        Problem::conflict("NOT_ENROLLED", "Please begin with the secret for your authenticator app.")
    })?;
    if factor.confirmed {
        return Err(already_enabled());
    }
    let step = step_of(&app, caller.user_id, &factor.secret, &body.code, now)?.ok_or_else(wrong_code)?;
    store::confirm(&mut tx, caller.user_id, step, now).await?;
    let codes = new_recovery_codes(&mut tx, caller.user_id).await?;
    let me = person(&mut tx, caller.user_id).await?.ok_or_else(Problem::unauthenticated)?;
    mail_change(&app, &mut tx, &me, true).await?;
    tx.commit().await?;
    app.throttles.codes.forget(&key).await;
    Ok(Json(codes))
}

/// What proves that it is still the same person.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Proof {
    /// One's password.
    pub password: String,
    /// A code of the authenticator app, or a recovery code.
    pub code: String,
}

/// Makes new recovery codes; those before lose their force.
#[utoipa::path(post, path = "/me/second-factor/recovery-codes", tag = "identity", request_body = Proof,
    responses((status = 200, body = RecoveryCodes), (status = 401, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn renew_recovery_codes(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Proof>,
) -> Result<Json<RecoveryCodes>> {
    prove(&app, caller.user_id, body).await?;
    let mut tx = app.begin_system().await?;
    let codes = new_recovery_codes(&mut tx, caller.user_id).await?;
    tx.commit().await?;
    Ok(Json(codes))
}

/// Switches the second factor off.
#[utoipa::path(post, path = "/me/second-factor/disable", tag = "identity", request_body = Proof,
    responses((status = 204), (status = 401, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn disable(State(app): State<App>, caller: Caller, Json(body): Json<Proof>) -> Result<StatusCode> {
    prove(&app, caller.user_id, body).await?;
    let mut tx = app.begin_system().await?;
    let me = person(&mut tx, caller.user_id).await?.ok_or_else(Problem::unauthenticated)?;
    store::remove(&mut tx, me.id).await?;
    mail_change(&app, &mut tx, &me, false).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn prove(app: &App, user: UserId, proof: Proof) -> Result<()> {
    let mut tx = app.begin_system().await?;
    let state = store::state(&mut tx, user).await?;
    tx.commit().await?;
    if !state.enabled {
        return Err(Problem::conflict("NOT_ENABLED", "There is no second factor to begin with."));
    }
    require_password(app, user, proof.password, "/password").await?;
    if shows(app, user, &proof.code).await? { Ok(()) } else { Err(wrong_code()) }
}

fn wrong_code() -> Problem {
    Problem::invalid_field("/code", "BAD_CODE", "This code is wrong or was used before.")
}

fn already_enabled() -> Problem {
    Problem::conflict("ALREADY_ENABLED", "The second factor is switched on already.")
}

/// Whether signing in asks this person for a code.
///
/// # Errors
/// When the database is away.
pub async fn is_enabled(tx: &mut Tx, user: UserId) -> sqlx::Result<bool> {
    Ok(store::state(tx, user).await?.enabled)
}

/// Whether `code` is one of this person's: of the authenticator app and newer than the last, or a recovery code. It is
/// used up then.
///
/// # Errors
/// 429 after too many, 503 when the database is away.
pub async fn shows(app: &App, user: UserId, code: &str) -> Result<bool> {
    let key = user.to_string();
    app.throttles.codes.attempt(&key).await?;
    let now = app.clock.now();
    let mut tx = app.begin_system().await?;
    let Some(factor) = store::lock(&mut tx, user).await?.filter(|factor| factor.confirmed) else {
        return Ok(false);
    };
    let right = match step_of(app, user, &factor.secret, code, now)? {
        Some(step) => store::take_step(&mut tx, user, step).await?,
        None => store::take_recovery_code(&mut tx, user, &hash_of(code), now).await?,
    };
    tx.commit().await?;
    if right {
        app.throttles.codes.forget(&key).await;
    }
    Ok(right)
}

/// The time step to which a code belongs; a step early or late is let pass, for clocks differ.
fn step_of(app: &App, user: UserId, sealed: &[u8], code: &str, now: DateTime<Utc>) -> Result<Option<i64>> {
    let secret = app.seal.open(sealed, place(user).as_bytes());
    let secret = secret.ok_or_else(|| Problem::internal("the secret of a second factor can't be opened"))?;
    let totp: Totp = Builder::new().with_secret(secret).build().map_err(Problem::internal)?;
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Ok(totp.check(&digits, seconds).and_then(|step| i64::try_from(step).ok()))
}

/// Where a secret is sealed to: it opens for nobody else.
fn place(user: UserId) -> String {
    format!("second factor of {user}")
}

async fn new_recovery_codes(tx: &mut Tx, user: UserId) -> Result<RecoveryCodes> {
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| hash_of(code)).collect();
    store::replace_recovery_codes(tx, user, &hashes).await?;
    Ok(RecoveryCodes { recovery_codes: codes })
}

fn recovery_code() -> String {
    let mut rng = rand::rng();
    let letters: Vec<u8> =
        (0..RECOVERY_LENGTH).map(|_| ALPHABET[rng.random_range(0..ALPHABET.len())]).collect();
    letters.chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
}

/// The hash of a recovery code, however it is typed. The codes are random and long, so a plain hash suffices.
fn hash_of(code: &str) -> Vec<u8> {
    let plain: String = code.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    hash_secret(&plain)
}

async fn mail_change(app: &App, tx: &mut Tx, person: &Person, enabled: bool) -> sqlx::Result<()> {
    let url = format!("{}/profile/security", app.config.server.public_url);
    let data = json!({"name": person.name, "enabled": enabled, "url": url});
    mail::enqueue(tx, &person.email, Template::SecondFactor, &person.language, data).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_codes_are_long_differ_and_may_be_typed_anyhow() {
        let (one, two) = (recovery_code(), recovery_code());
        assert_eq!((one.len(), one.matches('-').count()), (19, 3));
        assert_ne!(one, two);
        assert_eq!(hash_of(&one), hash_of(&format!(" {} ", one.replace('-', "").to_uppercase())));
        assert_ne!(hash_of(&one), hash_of(&two));
    }
}
