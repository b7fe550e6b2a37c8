//! Endpoints of provider sign-in. A browser walks through them, so what goes wrong ends on a page.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::{
    db::Tx,
    ids::{IdentityId, SessionId, UserId},
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    provider::{Claims, Failure, Oidc},
    rules::{self, Flow},
    store,
};
use crate::{
    access::{
        policy::OrgRole,
        tokens::{hash_secret, random_secret},
    },
    accounts,
    app::App,
    http::{Json, Problem, Query, Result, browser},
    orgs,
};

/// Name of the cookie of a sign-in that was begun.
const COOKIE: &str = "baraza_oidc";
/// Where that cookie goes.
const COOKIE_PATH: &str = "/api/v1/auth/oidc";
/// How long a sign-in may take.
const PATIENCE: Duration = Duration::minutes(10);
/// Tells the cookie's token from our other tokens, which the same secret signs.
const ISSUER: &str = "baraza/oidc";

/// How one can sign in here.
#[derive(Debug, Serialize, ToSchema)]
pub struct Methods {
    /// With e-mail address and password: always.
    pub password: bool,
    /// Through a provider, when one is configured.
    pub oidc: Option<OidcMethod>,
}

/// Sign-in through a provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct OidcMethod {
    /// What people call the provider; `null` when nobody has said.
    pub name: Option<String>,
    /// Where the browser goes to begin.
    pub start_url: String,
}

/// How one can sign in here.
#[utoipa::path(get, path = "/auth/methods", tag = "identity", operation_id = "sign_in_methods", security(()),
    responses((status = 200, body = Methods)))]
pub async fn methods(State(app): State<App>) -> Json<Methods> {
    let oidc = app.oidc.as_ref().map(|provider| OidcMethod {
        name: provider.name().map(ToOwned::to_owned),
        start_url: "/api/v1/auth/oidc/start".to_owned(),
    });
    Json(Methods { password: true, oidc })
}

/// Where a sign-in leads to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Start {
    /// The page to go to afterwards, as a path of ours.
    pub return_to: Option<String>,
    /// Token of an invitation that the sign-in accepts, when it is for whoever signs in.
    pub invitation: Option<String>,
}

/// What the cookie of a sign-in under way says.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    iss: String,
    /// Random; state, nonce and the proof for the code follow from it.
    handle: String,
    return_to: String,
    /// Hash of an invitation's token, in Base64.
    #[serde(default)]
    invitation: Option<String>,
    exp: i64,
}

/// Begins a sign-in through the provider: sends the browser there.
#[utoipa::path(get, path = "/auth/oidc/start", tag = "identity", operation_id = "oidc_start", params(Start), security(()),
    responses((status = 303), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub async fn start(
    State(app): State<App>,
    headers: HeaderMap,
    jar: CookieJar,
    Query(query): Query<Start>,
) -> Response {
    let begun = async {
        let provider = configured(&app)?;
        let handle = random_secret();
        let url = provider.sign_in_url(&Flow::of(&handle)).await.map_err(problem)?;
        let begun = Begun {
            iss: ISSUER.to_owned(),
            handle,
            return_to: rules::return_path(query.return_to.as_deref()).to_owned(),
            invitation: query.invitation.as_deref().map(|token| URL_SAFE_NO_PAD.encode(hash_secret(token))),
            exp: (app.clock.now() + PATIENCE).timestamp(),
        };
        let cookie = sign(&app, &begun)?;
        Ok((jar.add(cookie_of(&app, cookie)), Redirect::to(url.as_str())))
    };
    browser::answer(&headers, begun.await)
}

/// What the provider sends the browser back with.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Callback {
    /// To be redeemed for tokens.
    pub code: Option<String>,
    /// What we gave along.
    pub state: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// Ends a sign-in through the provider: opens a session and goes on to the pages.
#[utoipa::path(get, path = "/auth/oidc/callback", tag = "identity", operation_id = "oidc_callback", params(Callback), security(()),
    responses((status = 303), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 503, body = Problem)))]
pub async fn callback(
    State(app): State<App>,
    headers: HeaderMap,
    jar: CookieJar,
    Query(query): Query<Callback>,
) -> Response {
    let begun = jar.get(COOKIE).and_then(|cookie| read(&app, cookie.value()));
    let dead = Cookie::build((COOKIE, "")).path(COOKIE_PATH).build();
    match finish(&app, &headers, begun, query).await {
        Ok((session, return_to)) => (jar.remove(dead).add(session), Redirect::to(&return_to)).into_response(),
        Err(problem) => (jar.remove(dead), browser::answer::<()>(&headers, Err(problem))).into_response(),
    }
}

async fn finish(
    app: &App,
    headers: &HeaderMap,
    begun: Option<Begun>,
    query: Callback,
) -> Result<(Cookie<'static>, String)> {
    // 1. It was begun in this browser, lately, and not finished yet.
    let provider = configured(app)?;
    let begun = begun.ok_or_else(over)?;
    let flow = Flow::of(&begun.handle);
    if query.state.as_deref() != Some(&flow.state) {
        return Err(over());
    }
    spend(app, &begun.handle).await?;
    // 2. The provider says who it is.
    if let Some(error) = &query.error {
        return Err(refused(error));
    }
    let code = query.code.ok_or_else(over)?;
    let claims = provider.redeem(code, &flow).await.map_err(problem)?;
    // 3. They have an account, a session, and the roles that their groups give.
    let mut tx = app.begin_system().await?;
    let (user, identity, ended) = account_for(app, &mut tx, provider, &claims).await?;
    tx.works_for(user).await?;
    accept(&mut tx, user, begun.invitation.as_deref(), app.clock.now()).await?;
    apply_roles(&mut tx, provider, user, &claims).await?;
    let (session, cookie) = accounts::api::begin_session(app, &mut tx, user, headers).await?;
    store::vouch(&mut tx, session, identity, claims.session.as_deref()).await?;
    tx.commit().await?;
    app.ended.add(ended).await;
    Ok((cookie, format!("{}{}", app.config.server.public_url, begun.return_to)))
}

async fn spend(app: &App, handle: &str) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.begin_system().await?;
    let fresh = store::spend(&mut tx, &hash_secret(handle), now, now + PATIENCE).await?;
    tx.commit().await?;
    fresh.then_some(()).ok_or_else(over)
}

/// The account of whoever the provider names: the one that is linked, else the one with their verified address, else a
/// new one. And the sessions that this has ended.
async fn account_for(
    app: &App,
    tx: &mut Tx,
    provider: &Oidc,
    claims: &Claims,
) -> Result<(UserId, IdentityId, Vec<SessionId>)> {
    let now = app.clock.now();
    if let Some(known) = store::known(tx, provider.issuer(), &claims.subject, now).await? {
        return known_account(&known);
    }
    let email = verified_address(claims)?;
    store::lock_address(tx, email).await?;
    // Their other first sign-in may have ended meanwhile.
    if let Some(known) = store::known(tx, provider.issuer(), &claims.subject, now).await? {
        return known_account(&known);
    }
    let user = match store::account(tx, provider.issuer(), email).await? {
        Some(account) if account.is_taken => return Err(taken()),
        Some(account) if !account.is_active => return Err(inactive()),
        Some(account) => account.user_id,
        None => {
            let user = UserId::new(now);
            let names: Vec<_> = claims.names.iter().map(|name| Some(name.as_str())).collect();
            let name = rules::name_for(&names, email);
            accounts::create_person(tx, user, email, &name, None, None).await?;
            user
        }
    };
    let identity = IdentityId::new(now);
    tx.works_for(user).await?;
    let ended = store::link(tx, identity, user, provider.issuer(), &claims.subject, now).await?;
    Ok((user, identity, ended))
}

fn known_account(known: &store::Known) -> Result<(UserId, IdentityId, Vec<SessionId>)> {
    if known.is_active { Ok((known.user_id, known.id, Vec::new())) } else { Err(inactive()) }
}

/// The address, when the provider has verified it: an account must not go to whoever merely claims its address.
fn verified_address(claims: &Claims) -> Result<&str> {
    let forbidden = |code, detail| Problem::new(StatusCode::FORBIDDEN, code, detail);
    let Some((email, verified)) = &claims.email else {
        return Err(forbidden("EMAIL_MISSING", "Your provider tells no e-mail address of you."));
    };
    if !verified {
        let detail = "Your provider has not verified your e-mail address, so it can't open an account here.";
        return Err(forbidden("EMAIL_NOT_VERIFIED", detail));
    }
    let mut checks = crate::http::Checks::default();
    accounts::api::check_email(&mut checks, email);
    checks.done().map_err(|_| forbidden("EMAIL_MISSING", "Your provider tells no e-mail address of you."))?;
    Ok(email.trim())
}

/// Accepts the invitation that was in hand when the sign-in began; one that is for somebody else, used or over is left
/// alone, and its page says so.
async fn accept(tx: &mut Tx, user: UserId, invitation: Option<&str>, now: DateTime<Utc>) -> Result<()> {
    let Some(hash) = invitation.and_then(|hash| URL_SAFE_NO_PAD.decode(hash).ok()) else { return Ok(()) };
    let found = orgs::lock_invitation(tx, &hash).await?;
    if let Some(it) = found.filter(|it| it.user_id == user && !it.accepted && it.expires_at > now) {
        orgs::accept_invitation(tx, it.id, now).await?;
    }
    Ok(())
}

/// Gives and takes the memberships that the provider's groups speak of. The last admin of an organization stays.
async fn apply_roles(tx: &mut Tx, provider: &Oidc, user: UserId, claims: &Claims) -> Result<()> {
    let roles = rules::roles_of(provider.grants(), &claims.groups);
    let slugs: Vec<&str> = roles.iter().map(|(slug, _)| *slug).collect();
    for (org, slug) in store::organizations(tx, &slugs).await? {
        let role = roles.iter().find(|(name, _)| *name == slug).and_then(|(_, role)| *role);
        if role != Some(OrgRole::Admin) && orgs::is_last_admin(tx, org, user).await? {
            tracing::warn!(organization = %org, %user, "the provider would take the last admin away; it stays");
            continue;
        }
        match role {
            Some(role) => store::give_role(tx, org, user, role).await?,
            None => store::take_role(tx, org, user).await?,
        }
    }
    Ok(())
}

/// The provider.
///
/// # Errors
/// 404 when none is configured.
pub(super) fn configured(app: &App) -> Result<&Oidc> {
    app.oidc.as_deref().ok_or_else(|| {
        let detail = "Sign-in through a provider is not set up here.";
        Problem::new(StatusCode::NOT_FOUND, "NOT_CONFIGURED", detail)
    })
}

/// What a failure of the provider means to whoever signs in.
pub(super) fn problem(failure: Failure) -> Problem {
    match failure {
        Failure::Away(cause) => {
            tracing::warn!(%cause, "the sign-in provider does not answer");
            Problem::unavailable("PROVIDER_AWAY", "Your sign-in provider can't be reached at the moment.")
        }
        Failure::Untrue(cause) => {
            tracing::warn!(%cause, "the sign-in provider's word is not taken");
            let detail = "What your sign-in provider said could not be verified.";
            Problem::new(StatusCode::UNAUTHORIZED, "PROVIDER_NOT_TRUSTED", detail)
        }
    }
}

fn over() -> Problem {
    let detail = "This sign-in has expired or was used already. Please begin again.";
    Problem::new(StatusCode::BAD_REQUEST, "SIGN_IN_EXPIRED", detail)
}

fn refused(error: &str) -> Problem {
    let forbidden = |code, detail| Problem::new(StatusCode::FORBIDDEN, code, detail);
    match error {
        "access_denied" => forbidden("SIGN_IN_CANCELLED", "The sign-in was cancelled at the provider."),
        "temporarily_unavailable" | "server_error" => problem(Failure::Away("it says so itself".to_owned())),
        _ => forbidden("SIGN_IN_REFUSED", "Your sign-in provider has refused the sign-in."),
    }
}

fn inactive() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "ACCOUNT_INACTIVE", "Your account here was deactivated.")
}

fn taken() -> Problem {
    let detail = "The account with your e-mail address belongs to somebody else at your provider.";
    Problem::new(StatusCode::FORBIDDEN, "ACCOUNT_LINKED", detail)
}

fn sign(app: &App, begun: &Begun) -> Result<String> {
    let secret = app.config.token_secret().map_err(Problem::internal)?;
    let key = EncodingKey::from_secret(secret.expose_secret().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), begun, &key).map_err(Problem::internal)
}

fn read(app: &App, cookie: &str) -> Option<Begun> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    // The library would take the system's time.
    validation.validate_exp = false;
    let secret = app.config.token_secret().ok()?;
    let key = DecodingKey::from_secret(secret.expose_secret().as_bytes());
    let begun = jsonwebtoken::decode::<Begun>(cookie, &key, &validation).ok()?.claims;
    (begun.exp > app.clock.now().timestamp()).then_some(begun)
}

fn cookie_of(app: &App, value: String) -> Cookie<'static> {
    Cookie::build((COOKIE, value))
        .path(COOKIE_PATH)
        .http_only(true)
        // It has to come along when the provider sends the browser back.
        .same_site(SameSite::Lax)
        .secure(app.config.server.public_url.starts_with("https://"))
        .max_age(time::Duration::seconds(PATIENCE.num_seconds()))
        .build()
}
