//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0): the provider says that somebody has signed out there.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::{StatusCode, header},
    response::IntoResponse,
};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    Algorithm as A, DecodingKey, Header, Validation,
    jwk::{AlgorithmParameters, Jwk, JwkSet},
};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    api::{configured, problem},
    provider::Oidc,
    store,
};
use crate::{
    access::tokens::hash_secret,
    app::App,
    http::{Problem, Result},
};

/// What makes a token a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How old a logout token may be that does not say itself when it expires.
const LIFE: TimeDelta = TimeDelta::minutes(10);
/// How far the provider's clock may be ahead of ours.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// What the provider sends, as a form.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Logout {
    /// A signed logout token.
    pub logout_token: String,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    #[serde(deserialize_with = "one_or_many")]
    aud: Vec<String>,
    iat: i64,
    #[serde(default)]
    exp: Option<i64>,
    jti: String,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    sid: Option<String>,
    events: Map<String, Value>,
    #[serde(default)]
    nonce: Option<Value>,
}

/// Ends the sessions of somebody who has signed out at the provider: those of one of its sessions, or all of theirs. The
/// provider calls this itself; the logout token proves that.
#[utoipa::path(post, path = "/auth/oidc/backchannel-logout", tag = "identity", operation_id = "oidc_backchannel_logout",
    request_body(content = Logout, content_type = "application/x-www-form-urlencoded"), security(()),
    responses((status = 200), (status = 400, body = Problem), (status = 404, body = Problem), (status = 415, body = Problem),
              (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn backchannel(
    State(app): State<App>,
    form: std::result::Result<Form<Logout>, FormRejection>,
) -> Result<impl IntoResponse> {
    let provider = configured(&app)?;
    let Form(body) = form.map_err(|_| bad("there is no logout token"))?;
    let now = app.clock.now();
    let claims = verified(provider, &body.logout_token, now).await?;
    let mut tx = app.begin_system().await?;
    let spent = hash_secret(&format!("{}\0{}", claims.iss, claims.jti));
    if !store::spend(&mut tx, &spent, now, now + LIFE + SKEW).await? {
        return Err(bad("it was used before"));
    }
    let (subject, session) = (claims.sub.as_deref(), claims.sid.as_deref());
    let ended = store::end_sessions(&mut tx, provider.issuer(), subject, session, now).await?;
    tx.commit().await?;
    tracing::info!(ended = ended.len(), "the sign-in provider has ended sessions");
    app.ended.add(ended).await;
    Ok((StatusCode::OK, [(header::CACHE_CONTROL, "no-store")]))
}

async fn verified(provider: &Oidc, token: &str, now: DateTime<Utc>) -> Result<Claims> {
    let head = jsonwebtoken::decode_header(token).map_err(|_| bad("it can't be read"))?;
    let mut keys = fitting(provider, &head, false).await?;
    if keys.is_empty() {
        // The provider may sign with a new key since we asked.
        keys = fitting(provider, &head, true).await?;
    }
    let mut validation = Validation::new(head.alg);
    validation.set_audience(&[provider.client_id()]);
    validation.set_issuer(&[provider.issuer()]);
    // The library would take the system's time.
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let claims = keys.iter().find_map(|key| jsonwebtoken::decode::<Claims>(token, key, &validation).ok());
    let claims = claims.ok_or_else(|| bad("it is not signed by the provider, or not for us"))?.claims;
    check(&claims, provider, now).map_err(bad)?;
    Ok(claims)
}

/// The provider's keys that may have signed a token: of the right kind, and by the name that it gives. Several keys may
/// bear one name.
async fn fitting(provider: &Oidc, head: &Header, anew: bool) -> Result<Vec<DecodingKey>> {
    let keys: JwkSet =
        serde_json::from_value(provider.keys(anew).await.map_err(problem)?).map_err(Problem::internal)?;
    let fits = |key: &&Jwk| {
        let named = head.kid.is_none() || key.common.key_id == head.kid;
        // Never a key that both sides know: that would be the client's secret.
        named
            && match key.algorithm {
                AlgorithmParameters::RSA(_) => {
                    matches!(head.alg, A::RS256 | A::RS384 | A::RS512 | A::PS256 | A::PS384 | A::PS512)
                }
                AlgorithmParameters::EllipticCurve(_) => matches!(head.alg, A::ES256 | A::ES384),
                AlgorithmParameters::OctetKeyPair(_) => head.alg == A::EdDSA,
                AlgorithmParameters::OctetKey(_) => false,
            }
    };
    Ok(keys.keys.iter().filter(fits).filter_map(|key| DecodingKey::from_jwk(key).ok()).collect())
}

fn check(claims: &Claims, provider: &Oidc, now: DateTime<Utc>) -> std::result::Result<(), &'static str> {
    let issued = DateTime::from_timestamp(claims.iat, 0).ok_or("it has no time")?;
    if claims.iss != provider.issuer() || !claims.aud.iter().any(|it| it == provider.client_id()) {
        return Err("it is for somebody else");
    }
    if issued > now + SKEW || issued < now - LIFE || claims.exp.is_some_and(|exp| exp <= now.timestamp()) {
        return Err("its time is over");
    }
    // An ID token, which has a nonce, must not be taken for a logout token.
    if claims.nonce.is_some() || !claims.events.contains_key(EVENT) {
        return Err("it is no logout token");
    }
    if claims.sub.is_none() && claims.sid.is_none() {
        return Err("it names nobody");
    }
    Ok(())
}

fn bad(cause: &str) -> Problem {
    tracing::warn!(%cause, "a logout token is not taken");
    let detail = "This logout token is not valid.";
    Problem::new(StatusCode::BAD_REQUEST, "BAD_LOGOUT_TOKEN", detail)
}

fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Audience::deserialize(from)? {
        Audience::One(audience) => vec![audience],
        Audience::Many(audiences) => audiences,
    })
}
