//! Endpoints of recordings, except for the file itself.

use axum::{extract::State, http::StatusCode, response::Response};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, RecordingId},
    recording::{AccessLevel, Layout, RecordingOut, Status},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{erase, rules, store};
use crate::{
    access::{
        Caller, Scoped,
        policy::{Action, OrgRole},
        scope,
    },
    app::App,
    http::{Conditions, Json, Listing, PageQuery, Path, Problem, Query, Result, Tagged},
    meetings::{
        self,
        api::{not_found, require},
        model::MeetingStatus,
    },
    orgs,
};

/// How to record.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct NewRecording {
    /// How the picture is composed.
    #[serde(default)]
    pub layout: Layout,
    /// Sound without pictures.
    #[serde(default)]
    pub audio_only: bool,
}

/// Starts recording a meeting that is in progress. Host and co-hosts may. The recording is private to the host until
/// they decide otherwise.
#[utoipa::path(post, path = "/meetings/{id}/recordings", tag = "recordings", params(("id" = MeetingId, Path)),
    request_body = NewRecording,
    responses((status = 202, body = RecordingOut), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn start(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Json(body): Json<NewRecording>,
) -> Result<(StatusCode, Json<RecordingOut>)> {
    // Co-hosts start what only the host may see later, so the system writes it.
    let mut tx = app.begin_system().await?;
    require(&mut tx, &caller, id, Action::Record).await?;
    rules::check_layout(body.layout)?;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    if meeting.state.status() != MeetingStatus::InProgress {
        return Err(Problem::conflict(
            "NOT_IN_PROGRESS",
            "Only a meeting that is in progress can be recorded.",
        ));
    }
    let wish = store::Wish {
        id: RecordingId::new(app.clock.now()),
        organization: meeting.organization_id,
        meeting: id,
        engine: rules::engine_name(app.config.recorder.engine),
        layout: body.layout,
        audio_only: body.audio_only,
        by: caller.user_id,
    };
    store::request(&mut tx, &wish).await?;
    if !store::recorder_is_there(&mut tx, app.clock.now()).await? {
        return Err(Problem::unavailable("NO_RECORDER", "No recorder is running at the moment."));
    }
    answer(tx, wish.id).await.map(|recording| (StatusCode::ACCEPTED, recording))
}

/// Stops a recording. Host and co-hosts may; one that has ended stays as it is.
#[utoipa::path(post, path = "/recordings/{id}/stop", tag = "recordings", params(("id" = RecordingId, Path)),
    responses((status = 202, body = RecordingOut), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn stop(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
) -> Result<(StatusCode, Json<RecordingOut>)> {
    let visible = store::find(&mut app.begin(&caller).await?, id).await?.is_some();
    let mut tx = app.begin_system().await?;
    let recording = store::lock(&mut tx, id).await?.ok_or_else(no_recording)?;
    // Whoever may not even see it learns nothing of it.
    let allowed = require(&mut tx, &caller, recording.meeting_id, Action::Record).await;
    allowed.map_err(|refusal| if visible { refusal } else { no_recording() })?;
    if !store::request_stop(&mut tx, id, app.clock.now(), caller.user_id).await? {
        return Ok((StatusCode::ACCEPTED, Json(recording)));
    }
    answer(tx, id).await.map(|recording| (StatusCode::ACCEPTED, recording))
}

/// The recordings of a meeting that the caller may see, the newest first.
#[utoipa::path(get, path = "/meetings/{id}/recordings", tag = "recordings", params(("id" = MeetingId, Path), PageQuery),
    responses((status = 200, body = Listing<RecordingOut>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list_of_meeting(
    State(app): State<App>,
    caller: Scoped<scope::RecordingsRead>,
    Path(id): Path<MeetingId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<RecordingOut>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    meetings::store::standing(&mut tx, id, caller.user_id).await?.ok_or_else(not_found)?;
    Ok(listing(store::of_meeting(&mut tx, id, after, limit + 1).await?, limit))
}

/// The vault: the recordings of an organization that the caller may see, the newest first.
#[utoipa::path(get, path = "/organizations/{org}/recordings", tag = "recordings",
    params(("org" = OrganizationId, Path), PageQuery),
    responses((status = 200, body = Listing<RecordingOut>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list_of_organization(
    State(app): State<App>,
    caller: Scoped<scope::RecordingsRead>,
    Path(org): Path<OrganizationId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<RecordingOut>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    orgs::api::member_of(&mut tx, &caller, org).await?;
    Ok(listing(store::of_organization(&mut tx, org, after, limit + 1).await?, limit))
}

fn listing(found: Vec<(store::Place, RecordingOut)>, limit: i64) -> Json<Listing<RecordingOut>> {
    let Listing { items, next_cursor } = Listing::from_one_more(found, limit, |(place, _)| *place);
    Json(Listing { items: items.into_iter().map(|(_, recording)| recording).collect(), next_cursor })
}

/// One recording.
#[utoipa::path(get, path = "/recordings/{id}", tag = "recordings", params(("id" = RecordingId, Path)),
    responses((status = 200, body = RecordingOut), (status = 304), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Scoped<scope::RecordingsRead>,
    Path(id): Path<RecordingId>,
    conditions: Conditions,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    conditions.answer(&store::find(&mut tx, id).await?.ok_or_else(no_recording)?)
}

/// Who may see a recording.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Access {
    /// `public` to the members of the organization, `role_based`, or `private` to the host.
    pub access_level: AccessLevel,
    /// The roles that may see it, when it goes by role. The host always may.
    #[serde(default)]
    pub allowed_roles: Vec<OrgRole>,
}

/// Decides who may see a recording. Only the host may.
#[utoipa::path(put, path = "/recordings/{id}/access", tag = "recordings", params(("id" = RecordingId, Path)),
    request_body = Access,
    responses((status = 200, body = RecordingOut), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 410, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn set_access(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    conditions: Conditions,
    Json(body): Json<Access>,
) -> Result<Tagged<RecordingOut>> {
    let mut tx = app.begin(&caller).await?;
    let recording = owned(&mut tx, &caller, id).await?;
    conditions.unchanged(&recording)?;
    if recording.status == Status::Deleted {
        return Err(gone());
    }
    let roles = rules::roles_for(body.access_level, body.allowed_roles)?;
    store::set_access(&mut tx, id, body.access_level, &roles, caller.user_id).await?;
    answer(tx, id).await.map(|Json(recording)| Tagged(recording))
}

/// Deletes a recording with its file. Only the host may; one that runs has to be stopped first.
#[utoipa::path(delete, path = "/recordings/{id}", tag = "recordings", params(("id" = RecordingId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let recording = owned(&mut tx, &caller, id).await?;
    if recording.status == Status::Deleted {
        return Ok(StatusCode::NO_CONTENT);
    }
    if !store::delete(&mut tx, id, caller.user_id).await? {
        return Err(Problem::conflict(
            "RECORDING_ACTIVE",
            "The recording is not finished yet. Please stop it first.",
        ));
    }
    answer(tx, id).await?;
    // The worker tries again what fails here.
    tokio::spawn(async move {
        if let Err(error) = erase::erase_deleted(&app).await {
            tracing::warn!(error = format!("{error:#}"), "a deleted recording cannot be erased now");
        }
    });
    Ok(StatusCode::NO_CONTENT)
}

/// A recording whose host the caller is, locked.
async fn owned(tx: &mut Tx, caller: &Caller, id: RecordingId) -> Result<RecordingOut> {
    let recording = store::find(tx, id).await?.ok_or_else(no_recording)?;
    require(tx, caller, recording.meeting_id, Action::ShareRecordings).await?;
    store::lock(tx, id).await?.ok_or_else(no_recording)
}

/// Announces a change, wakes the recorders, commits, and answers with the recording as it is now.
async fn answer(mut tx: Tx, id: RecordingId) -> Result<Json<RecordingOut>> {
    store::announce(&mut tx, id).await?;
    store::wake(&mut tx, id).await?;
    let recording = store::find(&mut tx, id).await?.ok_or_else(no_recording)?;
    tx.commit().await?;
    Ok(Json(recording))
}

/// 404 for a recording.
pub(super) fn no_recording() -> Problem {
    Problem::not_found("recording")
}

/// 410 for a deleted recording.
pub(super) fn gone() -> Problem {
    Problem::new(StatusCode::GONE, "RECORDING_DELETED", "This recording was deleted.")
}
