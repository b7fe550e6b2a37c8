//! Links by which people without an account watch a recording.

mod store;

pub(super) use store::opens;

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use kernel::{
    db::{self, Actor},
    ids::{RecordingId, ShareLinkId},
    recording::Status,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::store::{Behind, NewLink};
use super::{
    api::{gone, owned},
    download::{self, Playback, Watcher},
};
use crate::{
    access::{
        Caller,
        tokens::{hash_secret, random_secret},
    },
    accounts::password,
    app::App,
    guests::entrance::LinkState,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
};

/// A link by which people without an account watch a recording.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShareLink {
    /// Its id.
    pub id: ShareLinkId,
    /// The recording.
    pub recording_id: RecordingId,
    /// For whom it is, in the words of whoever made it.
    pub name: String,
    /// Whether it asks for a password.
    pub has_password: bool,
    /// Until when it opens the recording; `null` for as long as there is one.
    pub expires_at: Option<DateTime<Utc>>,
    /// How often it may be watched by it; `null` for any number.
    pub max_views: Option<i32>,
    /// How often it was.
    pub views: i32,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A new link.
#[derive(Default, Deserialize, ToSchema)]
pub struct NewShareLink {
    /// For whom it is, at most 100 characters.
    pub name: Option<String>,
    /// Until when it opens the recording.
    pub expires_at: Option<DateTime<Utc>>,
    /// What whoever has it must know besides, 4 to 200 characters.
    pub password: Option<String>,
    /// How often the recording may be watched by it, 1 to 100,000.
    pub max_views: Option<i32>,
}

/// A link with its address.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeShareLink {
    /// The link.
    #[serde(flatten)]
    pub link: ShareLink,
    /// Its address. It is shown this once.
    pub url: String,
}

fn no_link() -> Problem {
    Problem::not_found("link")
}

fn check(link: &NewShareLink, now: DateTime<Utc>) -> Result<()> {
    let mut checks = Checks::default();
    if let Some(name) = &link.name {
        checks.text(name, "/name", 0..=100);
    }
    if let Some(password) = &link.password {
        checks.text(password, "/password", 4..=200);
    }
    let later = link.expires_at.is_none_or(|at| at > now);
    checks.require(later, "/expires_at", "IN_THE_PAST", "The link must expire in the future.");
    let fits = link.max_views.is_none_or(|views| (1..=100_000).contains(&views));
    checks.require(
        fits,
        "/max_views",
        "OUT_OF_RANGE",
        "A recording can be watched 1 to 100,000 times by a link.",
    );
    checks.done()
}

/// Makes a link to a recording. Its host may, and whoever has `recordings.manage`.
#[utoipa::path(post, path = "/recordings/{id}/share-links", tag = "recordings", operation_id = "create_share_link",
    params(("id" = RecordingId, Path)), request_body = NewShareLink,
    responses((status = 201, body = MadeShareLink), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 410, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    Json(body): Json<NewShareLink>,
) -> Result<(StatusCode, Json<MadeShareLink>)> {
    let now = app.clock.now();
    require_keeper(&app, &caller, id).await?;
    check(&body, now)?;
    // Before the transaction: it takes a while.
    let hash = match body.password {
        Some(password) => Some(password::hash(&app, password).await?),
        None => None,
    };
    let mut tx = app.begin(&caller).await?;
    if owned(&mut tx, &caller, id).await?.status == Status::Deleted {
        return Err(gone());
    }
    let (token, link) = (random_secret(), ShareLinkId::new(now));
    let new = NewLink {
        id: link,
        recording: id,
        name: body.name.as_deref().unwrap_or_default().trim(),
        token_hash: &hash_secret(&token),
        password_hash: hash.as_deref(),
        expires_at: body.expires_at,
        max_views: body.max_views,
        now,
        by: caller.user_id,
    };
    store::create(&mut tx, new).await?;
    let link = store::find(&mut tx, link).await?.ok_or_else(no_link)?;
    tx.commit().await?;
    let url = format!("{}/shared/{token}", app.config.server.public_url);
    Ok((StatusCode::CREATED, Json(MadeShareLink { link, url })))
}

/// The links to a recording, the newest first, without their addresses. Its host sees them, and whoever has
/// `recordings.manage`.
#[utoipa::path(get, path = "/recordings/{id}/share-links", tag = "recordings", operation_id = "list_share_links",
    params(("id" = RecordingId, Path), PageQuery),
    responses((status = 200, body = Listing<ShareLink>), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<ShareLink>>> {
    let (limit, after) = (page.limit()?, page.after::<ShareLinkId>()?);
    let mut tx = app.begin(&caller).await?;
    owned(&mut tx, &caller, id).await?;
    let found = store::list(&mut tx, id, after, limit + 1).await?;
    Ok(Json(Listing::from_one_more(found, limit, |link| link.id)))
}

/// Revokes a link: it opens nothing any more, not even what is being watched by it. Once is enough.
#[utoipa::path(delete, path = "/share-links/{id}", tag = "recordings", operation_id = "revoke_share_link",
    params(("id" = ShareLinkId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ShareLinkId>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let link = store::find(&mut tx, id).await?.ok_or_else(no_link)?;
    owned(&mut tx, &caller, link.recording_id).await?;
    store::revoke(&mut tx, id, app.clock.now(), caller.user_id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn require_keeper(app: &App, caller: &Caller, id: RecordingId) -> Result<()> {
    owned(&mut app.begin(caller).await?, caller, id).await.map(drop)
}

// For whoever has a link --------------------------------------------------------------------------------------------

/// What a link to a recording leads to.
#[derive(Debug, Serialize, ToSchema)]
pub struct SharedRecording {
    /// The meeting's title.
    pub title: String,
    /// Whose it is.
    pub organization_name: String,
    /// When it begins.
    pub started_at: Option<DateTime<Utc>>,
    /// How long it plays.
    pub duration_seconds: Option<f64>,
    /// Whether it is sound alone.
    pub audio_only: bool,
    /// Whether a password has to be given.
    pub needs_password: bool,
}

/// The recording behind an open link, and what of it is refused.
async fn behind(app: &App, token: &str) -> Result<Behind> {
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    let found = store::behind(&mut tx, &hash_secret(token), app.clock.now()).await?.ok_or_else(no_link)?;
    found.state.require_open()?;
    if found.status == Status::Available { Ok(found) } else { Err(gone()) }
}

/// What a link to a recording leads to.
#[utoipa::path(get, path = "/shared/{token}", tag = "recordings", operation_id = "shared_recording",
    params(("token" = String, Path)), security(()),
    responses((status = 200, body = SharedRecording), (status = 404, body = Problem), (status = 410, body = Problem)))]
pub async fn preview(State(app): State<App>, Path(token): Path<String>) -> Result<Json<SharedRecording>> {
    let found = behind(&app, &token).await?;
    Ok(Json(SharedRecording {
        title: found.title,
        organization_name: found.organization_name,
        started_at: found.started_at,
        duration_seconds: found.duration_seconds,
        audio_only: found.audio_only,
        needs_password: found.password_hash.is_some(),
    }))
}

/// What whoever has a link must know.
#[derive(Default, Deserialize, ToSchema)]
pub struct LinkKnowledge {
    /// The password, where the link asks for one.
    pub password: Option<String>,
}

/// An address to watch a shared recording from. Each is counted as one time that it is watched.
#[utoipa::path(post, path = "/shared/{token}/playback", tag = "recordings", operation_id = "play_shared",
    params(("token" = String, Path)), security(()), request_body = LinkKnowledge,
    responses((status = 200, body = Playback), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 410, body = Problem), (status = 429, body = Problem)))]
pub async fn play(
    State(app): State<App>,
    Path(token): Path<String>,
    Json(body): Json<LinkKnowledge>,
) -> Result<Json<Playback>> {
    let found = behind(&app, &token).await?;
    if found.password_hash.is_some() {
        let given = body.password.ok_or_else(|| {
            Problem::new(StatusCode::FORBIDDEN, "PASSWORD_REQUIRED", "This link asks for a password.")
        })?;
        if !password::guess(&app, &format!("share link {}", found.id), given, found.password_hash).await? {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "WRONG_PASSWORD",
                "This is not the password of the link.",
            ));
        }
    }
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    if !store::count_view(&mut tx, found.id).await? {
        LinkState::UsedUp.require_open()?;
    }
    download::note_watched(&mut tx, found.organization, found.recording, found.id).await?;
    tx.commit().await?;
    download::address(&app, found.recording, Watcher::Link(found.id)).map(Json)
}
