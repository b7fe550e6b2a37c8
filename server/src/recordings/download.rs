//! The file of a recording: through this program as a stream of constant size in memory, or by a redirect to the vault.

use std::ops::Range;

use axum::{
    body::Body,
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Duration, Utc};
use futures::StreamExt;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::{
    config::Download,
    db::{self, Actor, Tx},
    ids::{OrganizationId, RecordingId, ShareLinkId, UserId},
    recording::Status,
    vault::Key,
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio_util::io::ReaderStream;
use utoipa::ToSchema;

use super::{
    api::{gone, no_recording},
    links,
    rules::{self, Wanted},
    store::{self, File},
};
use crate::{
    access::{Caller, Scoped, scope},
    app::App,
    audit,
    http::{Json, Path, Problem, Result},
};

/// How long an address to play from is good for.
const PLAYBACK: Duration = Duration::minutes(5);
/// The same of one that a link gave: each address is counted, so one has to do for a long recording. Whether the link still
/// opens is looked at whenever it is used.
const PLAYBACK_BY_LINK: Duration = Duration::hours(6);
/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;
/// Tells our playback tokens from our access tokens, which the same secret signs.
const ISSUER: &str = "baraza/playback";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    watcher: Watcher,
    rec: RecordingId,
    exp: i64,
}

/// For whom an address to watch from is good.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Watcher {
    /// A person, as long as they may see the recording.
    User(UserId),
    /// Whoever came by a link, as long as it opens.
    Link(ShareLinkId),
}

fn sign(app: &App, watcher: Watcher, recording: RecordingId, expires_at: DateTime<Utc>) -> Result<String> {
    let claims = Claims { iss: ISSUER.to_owned(), watcher, rec: recording, exp: expires_at.timestamp() };
    let secret = app.config.token_secret().map_err(Problem::internal)?;
    let key = EncodingKey::from_secret(secret.expose_secret().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(Problem::internal)
}

fn read(app: &App, token: &str) -> Option<(Watcher, RecordingId)> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    // The library would take the system's time.
    validation.validate_exp = false;
    let secret = app.config.token_secret().ok()?;
    let key = DecodingKey::from_secret(secret.expose_secret().as_bytes());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).ok()?.claims;
    (claims.exp > app.clock.now().timestamp()).then_some((claims.watcher, claims.rec))
}

/// Who wants a file: a signed-in person, an API key, or a player that was given an address for one recording.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    actor: Actor,
    /// The one recording that the address is for.
    only: Option<RecordingId>,
    /// The link by which the address was given.
    link: Option<ShareLinkId>,
}

impl Viewer {
    /// For whom this viewer's transactions act.
    pub(super) const fn actor(self) -> Actor {
        self.actor
    }

    /// Whether this is somebody who came by a link.
    pub(super) const fn by_link(self) -> bool {
        self.link.is_some()
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let token = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .find_map(|(name, value)| (name == "token").then_some(value));
        match token {
            Some(token) if !parts.headers.contains_key(header::AUTHORIZATION) => {
                let (watcher, recording) = read(app, &token).ok_or_else(Problem::unauthenticated)?;
                let (actor, link) = match watcher {
                    Watcher::User(user) => (Actor::User(user), None),
                    Watcher::Link(link) => (Actor::System, Some(link)),
                };
                Ok(Self { actor, only: Some(recording), link })
            }
            _ => {
                let caller = Scoped::<scope::RecordingsRead>::from_request_parts(parts, app).await?;
                Ok(Self { actor: caller.actor(), only: None, link: None })
            }
        }
    }
}

/// Where a recording can be played from for a while.
#[derive(Debug, Serialize, ToSchema)]
pub struct Playback {
    /// An address that needs no header, for a `<video>`.
    pub url: String,
    /// Until when it opens. What plays by then plays on.
    pub expires_at: DateTime<Utc>,
}

/// An address for a `<video>`, which cannot send a header. Whether the caller may see the recording is looked at again
/// whenever it is used.
#[utoipa::path(post, path = "/recordings/{id}/playback", tag = "recordings", params(("id" = RecordingId, Path)),
    responses((status = 200, body = Playback), (status = 404, body = Problem), (status = 409, body = Problem), (status = 410, body = Problem)))]
pub async fn playback(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
) -> Result<Json<Playback>> {
    let viewer = Viewer { actor: caller.actor(), only: None, link: None };
    available(&app, viewer, id, Some("recording.played")).await?;
    address(&app, id, Watcher::User(caller.user_id)).map(Json)
}

/// An address of a recording for `watcher`.
pub(super) fn address(app: &App, id: RecordingId, watcher: Watcher) -> Result<Playback> {
    let life = match watcher {
        Watcher::User(_) => PLAYBACK,
        Watcher::Link(_) => PLAYBACK_BY_LINK,
    };
    let expires_at = app.clock.now() + life;
    let token = sign(app, watcher, id, expires_at)?;
    let url = format!("{}/api/v1/recordings/{id}/download?token={token}", app.config.server.public_url);
    Ok(Playback { url, expires_at })
}

/// Writes down that somebody watches a recording by a link.
pub(super) async fn note_watched(
    tx: &mut Tx,
    organization: OrganizationId,
    id: RecordingId,
    link: ShareLinkId,
) -> sqlx::Result<()> {
    let event = audit::Event {
        organization: Some(organization),
        meeting: None,
        action: "recording.played",
        entity: ("recording", Some(id.0)),
        data: Some(serde_json::json!({"share_link": link})),
    };
    audit::record(tx, event).await
}

/// The file. One range of bytes at a time; with `vault.download: presigned` a redirect to the vault.
#[utoipa::path(get, path = "/recordings/{id}/download", tag = "recordings",
    params(("id" = RecordingId, Path),
           ("token" = Option<String>, Query, description = "From `playback`, instead of a header."),
           ("Range" = Option<String>, Header, description = "One range of bytes.")),
    responses((status = 200, content_type = "video/mp4"), (status = 206, content_type = "video/mp4"), (status = 302),
              (status = 304), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 410, body = Problem), (status = 416, body = Problem), (status = 503, body = Problem)))]
pub async fn download(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<RecordingId>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response> {
    // A player was logged when it was given its address, and a download goes on in ranges.
    let begins = headers.get(header::RANGE).is_none_or(|range| range.as_bytes().starts_with(b"bytes=0-"));
    let is_download = viewer.only.is_none() && method == Method::GET && begins;
    let log = is_download.then_some("recording.downloaded");
    let (file, size) = available(&app, viewer, id, log).await?;
    let key = Key::Recording(file.organization, id);
    let content_type = file.content_type.as_deref().unwrap_or("video/mp4");
    let name = rules::file_name(&file.title, file.started_at, content_type);
    if app.config.vault.download == Download::Presigned && method == Method::GET {
        let life = PLAYBACK.to_std().map_err(Problem::internal)?;
        let url =
            app.vault.sign(key, &rules::ascii_name(&name), life).await.map_err(|error| vault_away(&error))?;
        return Ok((
            StatusCode::FOUND,
            [(header::LOCATION, url), (header::CACHE_CONTROL, "no-store".into())],
        )
            .into_response());
    }
    let etag = format!("\"{}\"", file.sha256.unwrap_or_default());
    let kind = if viewer.only.is_some() { "inline" } else { "attachment" };
    let mut common = HeaderMap::new();
    for (name, value) in [
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_TYPE, content_type),
        (header::ETAG, &etag),
        (header::CONTENT_DISPOSITION, &rules::disposition(kind, &name)),
    ] {
        common.insert(name, HeaderValue::from_str(value).map_err(Problem::internal)?);
    }
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    // Parts of another file than the client has the rest of are of no use to it.
    let same = headers.get(header::IF_RANGE).is_none_or(|known| known.as_bytes() == etag.as_bytes());
    let range = headers.get(header::RANGE).filter(|_| same).map(|range| range.to_str().unwrap_or("bytes="));
    let (status, part) = match rules::wanted(range, size) {
        Wanted::Whole => (StatusCode::OK, 0..size),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Unsatisfiable => return Ok(unsatisfiable(size)),
    };
    if status == StatusCode::PARTIAL_CONTENT {
        let value = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        common.insert(header::CONTENT_RANGE, HeaderValue::from_str(&value).map_err(Problem::internal)?);
    }
    common.insert(header::CONTENT_LENGTH, (part.end - part.start).into());
    let body = if method == Method::HEAD { Body::empty() } else { stream(&app, key, part).await? };
    Ok((status, common, body).into_response())
}

/// A picture of the recording: a JPEG of about 640x360. It opens for whoever may see the recording, with the header or with
/// an address to play from; 404 while there is none.
#[utoipa::path(get, path = "/recordings/{id}/poster", tag = "recordings", operation_id = "poster_of_recording",
    params(("id" = RecordingId, Path), ("token" = Option<String>, Query, description = "Of an address to play from.")),
    responses((status = 200, description = "A JPEG", content_type = "image/jpeg"), (status = 401, body = Problem),
              (status = 404, body = Problem), (status = 410, body = Problem), (status = 503, body = Problem)))]
pub async fn poster(State(app): State<App>, viewer: Viewer, Path(id): Path<RecordingId>) -> Result<Response> {
    still(&app, viewer, id, Key::Poster).await
}

/// Small pictures of the recording from beginning to end, ten in a row, in one JPEG: one every ten seconds, of what is longer
/// than that many a hundred at equal distances. Who may see them is as with the poster.
#[utoipa::path(get, path = "/recordings/{id}/thumbnails", tag = "recordings", operation_id = "thumbnails_of_recording",
    params(("id" = RecordingId, Path), ("token" = Option<String>, Query, description = "Of an address to play from.")),
    responses((status = 200, description = "A JPEG", content_type = "image/jpeg"), (status = 401, body = Problem),
              (status = 404, body = Problem), (status = 410, body = Problem), (status = 503, body = Problem)))]
pub async fn thumbnails(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<RecordingId>,
) -> Result<Response> {
    still(&app, viewer, id, Key::Thumbnails).await
}

async fn still(
    app: &App,
    viewer: Viewer,
    id: RecordingId,
    key: fn(OrganizationId, RecordingId) -> Key,
) -> Result<Response> {
    let (file, _) = available(app, viewer, id, None).await?;
    let key = key(file.organization, id);
    // It is made after the file, and of sound alone there is none.
    let size = app.vault.size(key).await.map_err(|error| vault_away(&error))?;
    let size = size.ok_or_else(|| Problem::not_found("picture"))?;
    let headers = [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "private, max-age=300")];
    Ok((headers, stream(app, key, 0..size).await?).into_response())
}

/// A recording's finished file and its size; `log` is what the audit log calls the access to it.
pub(super) async fn available(
    app: &App,
    viewer: Viewer,
    id: RecordingId,
    log: Option<&'static str>,
) -> Result<(File, u64)> {
    if viewer.only.is_some_and(|only| only != id) {
        return Err(Problem::unauthenticated());
    }
    let mut tx = db::begin(&app.pool, viewer.actor).await?;
    if let Some(link) = viewer.link
        && !links::opens(&mut tx, link, id, app.clock.now()).await?
    {
        return Err(Problem::new(StatusCode::GONE, "LINK_REVOKED", "This link was revoked, or has expired."));
    }
    let file = store::file(&mut tx, id).await?.ok_or_else(no_recording)?;
    match (file.status, file.size.and_then(|size| u64::try_from(size).ok())) {
        (Status::Available, Some(size)) => {
            if let Some(action) = log {
                let (organization, meeting) = (Some(file.organization), Some(file.meeting));
                let entity = ("recording", Some(id.0));
                let event = audit::Event { organization, meeting, action, entity, data: None };
                audit::record(&mut tx, event).await?;
                tx.commit().await?;
            }
            Ok((file, size))
        }
        (Status::Deleted, _) => Err(gone()),
        (Status::Failed, _) => Err(Problem::conflict("RECORDING_FAILED", "This recording has no file.")),
        _ => Err(Problem::conflict("NOT_AVAILABLE", "This recording is not finished yet.")),
    }
}

/// The bytes on their way; only a few of them are here at a time, and none after the program was told to stop.
async fn stream(app: &App, key: Key, part: Range<u64>) -> Result<Body> {
    let object = app.vault.get(key, Some(part)).await.map_err(|error| vault_away(&error))?;
    let chunks = ReaderStream::with_capacity(object.body.into_async_read(), CHUNK);
    Ok(Body::from_stream(chunks.take_until(app.stopping.clone().cancelled_owned())))
}

fn unsatisfiable(size: u64) -> Response {
    let detail = "The file has no such range of bytes, or more than one was asked for.";
    let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "RANGE_NOT_SATISFIABLE", detail);
    ([(header::CONTENT_RANGE, format!("bytes */{size}"))], problem).into_response()
}

fn vault_away(error: &anyhow::Error) -> Problem {
    tracing::warn!(error = format!("{error:#}"), "the vault does not answer");
    Problem::unavailable("VAULT_AWAY", "The store of recordings can't be reached at the moment.")
}
