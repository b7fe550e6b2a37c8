//! `Idempotency-Key`: a request that is sent again, because its answer was lost, is not done again.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use kernel::{
    db,
    idempotency::{self, Claim},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::{Problem, Result};
use crate::{access::caller::bearer, app::App};

/// Names the request; the caller chooses it.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that the answer is the one that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Largest body that is looked at, in bytes.
const BODY_LIMIT: usize = 8 << 20;
/// Largest answer that is kept, in bytes.
const ANSWER_LIMIT: usize = 8 << 20;
/// Headers that belong to an answer.
const HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Does a POST that carries a key once, and answers every further one with the same key as the first. What the
/// request does and that its answer is kept are one transaction. Only what created something (201) or took something
/// on (202) is kept: everything else changed nothing, or may be done again.
pub async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let key = request.headers().get(&HEADER).cloned();
    let owner = bearer(request.headers()).map(|bearer| owner(&app, bearer));
    match (key, owner) {
        (Some(key), Some(owner)) if request.method() == Method::POST => {
            attempt(&app, &key, owner, request, next).await.unwrap_or_else(IntoResponse::into_response)
        }
        _ => next.run(request).await,
    }
}

async fn attempt(
    app: &App,
    key: &HeaderValue,
    owner: Vec<u8>,
    request: Request,
    next: Next,
) -> Result<Response> {
    // 1. The key, and what it is to stand for.
    let key = key.as_bytes();
    if key.is_empty() || key.len() > 255 || !key.iter().all(u8::is_ascii_graphic) {
        return Err(Problem::malformed("The Idempotency-Key must be 1 to 255 visible ASCII characters."));
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT)
        .await
        .map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", "The request is too large."))?;
    let asked = idempotency::Request {
        key: digest(&[key]),
        fingerprint: digest(&[parts.uri.to_string().as_bytes(), &body]),
        owner,
        at: app.clock.now(),
    };
    // 2. Is it done already?
    let mut tx = db::begin(&app.pool, db::Actor::System).await?;
    match idempotency::claim(&mut tx, &asked).await? {
        Claim::Fresh => {}
        Claim::Taken => {
            let detail = "This Idempotency-Key was used for another request.";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED", detail));
        }
        Claim::Answered(sealed) => return again(app, &asked, &sealed),
    }
    // 3. Do it, and keep the answer.
    let (tx, response) = db::lend(tx, next.run(Request::from_parts(parts, Body::from(body)))).await;
    let (head, body) = response.into_parts();
    let mut tx = tx?;
    if !head.status.is_success() {
        tx.rollback().await?;
        return Ok(Response::from_parts(head, body));
    }
    let body = to_bytes(body, ANSWER_LIMIT).await.map_err(Problem::internal)?;
    tx.act_for(db::Actor::System).await?;
    if matches!(head.status, StatusCode::CREATED | StatusCode::ACCEPTED) {
        idempotency::keep(&mut tx, &asked, &seal(app, &asked, head.status, &head.headers, &body)).await?;
    } else {
        idempotency::release(&mut tx, &asked).await?;
    }
    tx.commit().await?;
    Ok(Response::from_parts(head, Body::from(body)))
}

/// Whose key it is: a person's at whatever sign-in; of every other credential its own.
fn owner(app: &App, bearer: &str) -> Vec<u8> {
    match app.tokens.read(bearer, app.clock.now()) {
        Some(caller) => digest(&[caller.user_id.0.as_bytes()]),
        None => digest(&[bearer.as_bytes()]),
    }
}

fn seal(
    app: &App,
    asked: &idempotency::Request,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Bytes,
) -> Vec<u8> {
    let headers = HEADERS
        .iter()
        .filter_map(|name| Some((name.to_string(), headers.get(name)?.to_str().ok()?.to_owned())))
        .collect();
    let answer = Answer { status: status.as_u16(), headers, body: body.to_vec() };
    app.seal.seal(&serde_json::to_vec(&answer).expect("plain data"), &place(asked))
}

fn again(app: &App, asked: &idempotency::Request, sealed: &[u8]) -> Result<Response> {
    let opened = app.seal.open(sealed, &place(asked)).and_then(|plain| serde_json::from_slice(&plain).ok());
    let Answer { status, headers, body } =
        opened.ok_or_else(|| Problem::internal("an answer that was kept cannot be opened"))?;
    let mut response = (StatusCode::from_u16(status).map_err(Problem::internal)?, body).into_response();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

fn place(asked: &idempotency::Request) -> Vec<u8> {
    digest(&[b"idempotent answer", &asked.owner, &asked.key])
}

/// A hash of several texts that no other division of the same bytes has.
fn digest(texts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().to_vec()
}
