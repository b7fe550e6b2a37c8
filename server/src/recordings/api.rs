//! Endpoints of recordings, except for the file itself.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    egress,
    ids::{MeetingId, OrganizationId, RecordingId, UserId},
    recording::{AccessLevel, Layout, RecordingOut, Status},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    erase,
    rules::{self, Obstacle},
    store::{self, Filter, VaultUsage},
    transcripts::{self, Said},
};
use crate::{
    access::{
        Caller, Scoped,
        policy::{Action, OrgRole, Permission},
        scope,
    },
    app::App,
    http::{Checks, Conditions, Json, Listing, PageQuery, Path, Problem, Query, Result, Tagged},
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
        engine: app.config.recorder.engine.name(),
        layout: body.layout,
        audio_only: body.audio_only,
        by: caller.user_id,
        now: app.clock.now(),
    };
    store::request(&mut tx, &wish).await?;
    let means = store::means(&mut tx, id, app.clock.now()).await?;
    if let Some(obstacle) = rules::obstacles(means).into_iter().find(|it| it.is_final()) {
        return Err(refusal(obstacle));
    }
    answer(tx, wish.id).await.map(|recording| (StatusCode::ACCEPTED, recording))
}

fn refusal(obstacle: Obstacle) -> Problem {
    match obstacle {
        Obstacle::RecordingOff => {
            Problem::new(StatusCode::FORBIDDEN, "RECORDING_OFF", "This meeting may not be recorded.")
        }
        Obstacle::QuotaExceeded => {
            Problem::conflict("QUOTA_EXCEEDED", "The organization's vault is full. Please make room first.")
        }
        _ => Problem::unavailable("NO_RECORDER", "No recorder is running at the moment."),
    }
}

/// Whether a meeting can be recorded now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preflight {
    /// Whether a recording would begin or wait; else it would be refused.
    pub ready: bool,
    /// What stands in its way, the worst first.
    pub obstacles: Vec<Obstacle>,
    /// How many more recordings the recorders can make at this moment.
    pub free: i64,
}

/// Whether a meeting can be recorded now, before anybody presses the button. Host and co-hosts may ask.
#[utoipa::path(get, path = "/meetings/{id}/recordings/preflight", tag = "recordings", operation_id = "preflight",
    params(("id" = MeetingId, Path)),
    responses((status = 200, body = Preflight), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn preflight(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
) -> Result<Json<Preflight>> {
    let mut tx = app.begin_system().await?;
    require(&mut tx, &caller, id, Action::Record).await?;
    let means = store::means(&mut tx, id, app.clock.now()).await?;
    let obstacles = rules::obstacles(means);
    let ready = !obstacles.iter().any(|it| it.is_final());
    Ok(Json(Preflight { ready, obstacles, free: means.free.max(0) }))
}

/// Stops a recording. Host and co-hosts may; one that has ended stays as it is.
#[utoipa::path(post, path = "/recordings/{id}/stop", tag = "recordings", params(("id" = RecordingId, Path)),
    responses((status = 202, body = RecordingOut), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn stop(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
) -> Result<(StatusCode, Json<RecordingOut>)> {
    let (mut tx, recording) = moderated(&app, &caller, id).await?;
    if !store::request_stop(&mut tx, id, app.clock.now(), caller.user_id).await? {
        return Ok((StatusCode::ACCEPTED, Json(recording)));
    }
    answer(tx, id).await.map(|recording| (StatusCode::ACCEPTED, recording))
}

/// A recording of a meeting that the caller moderates, locked, in a transaction of the system.
async fn moderated(app: &App, caller: &Caller, id: RecordingId) -> Result<(Tx, RecordingOut)> {
    let visible = store::find(&mut app.begin(caller).await?, id).await?.is_some();
    let mut tx = app.begin_system().await?;
    let recording = store::lock(&mut tx, id).await?.ok_or_else(no_recording)?;
    // Whoever may not even see it learns nothing of it.
    let allowed = require(&mut tx, caller, recording.meeting_id, Action::Record).await;
    allowed.map_err(|refusal| if visible { refusal } else { no_recording() })?;
    Ok((tx, recording))
}

/// Pauses a recording: nothing is kept until somebody goes on. Host and co-hosts may; one that is paused stays as it is.
#[utoipa::path(post, path = "/recordings/{id}/pause", tag = "recordings", operation_id = "pause_recording", params(("id" = RecordingId, Path)),
    responses((status = 202, body = RecordingOut), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn pause(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
) -> Result<(StatusCode, Json<RecordingOut>)> {
    set_paused(&app, &caller, id, true).await
}

/// Goes on with a recording that is paused. Host and co-hosts may; one that is not stays as it is.
#[utoipa::path(post, path = "/recordings/{id}/resume", tag = "recordings", operation_id = "resume_recording", params(("id" = RecordingId, Path)),
    responses((status = 202, body = RecordingOut), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn resume(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
) -> Result<(StatusCode, Json<RecordingOut>)> {
    set_paused(&app, &caller, id, false).await
}

async fn set_paused(
    app: &App,
    caller: &Caller,
    id: RecordingId,
    paused: bool,
) -> Result<(StatusCode, Json<RecordingOut>)> {
    let (mut tx, recording) = moderated(app, caller, id).await?;
    if !recording.status.is_active() || recording.status == Status::Finalizing {
        return Err(ended());
    }
    if paused && recording.engine == egress::ENGINE {
        return Err(Problem::conflict(
            "CANNOT_PAUSE",
            "This recorder cannot pause. It can be stopped, and another recording started.",
        ));
    }
    if !store::pause(&mut tx, id, paused, app.clock.now(), caller.user_id).await? {
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

/// Which recordings of the vault are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VaultQuery {
    /// Part of the title, or words that were said one after the other, at most 200 characters.
    pub q: Option<String>,
    /// How far they are.
    #[param(inline)]
    pub status: Option<Status>,
    /// Asked for at this moment or later.
    pub from: Option<DateTime<Utc>>,
    /// Asked for before this moment.
    pub to: Option<DateTime<Utc>>,
    /// What is in the trash, as far as the caller may take it out, instead of what is not.
    pub trash: Option<bool>,
}

/// A recording in the vault.
#[derive(Debug, Serialize, ToSchema)]
pub struct VaultItem {
    /// The recording.
    #[serde(flatten)]
    pub recording: RecordingOut,
    /// What it is called, where it has a name of its own.
    pub title: Option<String>,
    /// Its meeting's title.
    pub meeting_title: String,
    /// Whether the caller decides who sees it, and may delete it.
    pub is_keeper: bool,
    /// From where it comes, when it was not recorded here.
    pub import: Option<ImportProgress>,
    /// Where in it the words were said that were looked for: the first three places.
    pub said: Vec<Said>,
}

/// A file that comes, or came, from elsewhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportProgress {
    /// The server that has it.
    pub host: String,
    /// Bytes that have come.
    pub received_bytes: i64,
    /// Bytes that will come in all, as far as the server says.
    pub total_bytes: Option<i64>,
}

/// The vault: the recordings of an organization that the caller may see, the newest first.
#[utoipa::path(get, path = "/organizations/{org}/recordings", tag = "recordings",
    params(("org" = OrganizationId, Path), VaultQuery, PageQuery),
    responses((status = 200, body = Listing<VaultItem>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list_of_organization(
    State(app): State<App>,
    caller: Scoped<scope::RecordingsRead>,
    Path(org): Path<OrganizationId>,
    Query(wanted): Query<VaultQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<VaultItem>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let text = wanted.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if let Some(text) = text {
        Checks::default().text(text, "/q", 1..=200).done()?;
    }
    let filter = Filter {
        text,
        status: wanted.status,
        from: wanted.from,
        to: wanted.to,
        trash: wanted.trash.unwrap_or_default(),
    };
    let mut tx = app.begin(&caller).await?;
    orgs::api::member_of(&mut tx, &caller, org).await?;
    let mut found = store::of_organization(&mut tx, org, &filter, after, limit + 1).await?;
    if let Some(text) = text {
        transcripts::tell_where_said(&mut tx, text, found.iter_mut().map(|(_, item)| item)).await?;
    }
    Ok(listing(found, limit))
}

/// What the organization's recordings take, and may take. Officers see it, and whoever has `recordings.manage`.
#[utoipa::path(get, path = "/organizations/{org}/recordings/usage", tag = "recordings", operation_id = "recordings_usage",
    params(("org" = OrganizationId, Path)),
    responses((status = 200, body = VaultUsage), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn usage(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
) -> Result<Json<VaultUsage>> {
    let mut tx = app.begin_system().await?;
    let member = orgs::api::member_of(&mut tx, &caller, org).await?;
    if !member.role.is_officer() && !member.may(Permission::RecordingsManage) {
        return Err(Problem::forbidden("Only officers see how full the vault is."));
    }
    Ok(Json(store::usage(&mut tx, org).await?))
}

fn listing<T>(found: Vec<(store::Place, T)>, limit: i64) -> Json<Listing<T>> {
    let Listing { items, next_cursor } = Listing::from_one_more(found, limit, |(place, _)| *place);
    Json(Listing { items: items.into_iter().map(|(_, item)| item).collect(), next_cursor })
}

/// One recording.
#[utoipa::path(get, path = "/recordings/{id}", tag = "recordings", params(("id" = RecordingId, Path)),
    responses((status = 200, body = VaultItem), (status = 304), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Scoped<scope::RecordingsRead>,
    Path(id): Path<RecordingId>,
    conditions: Conditions,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    conditions.answer(&store::item(&mut tx, id).await?.ok_or_else(no_recording)?)
}

/// Who may see a recording.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Access {
    /// `public` to the members of the organization, `role_based`, or `private` to the host.
    pub access_level: AccessLevel,
    /// The roles that may see it, when it goes by role. The host always may.
    #[serde(default)]
    pub allowed_roles: Vec<OrgRole>,
    /// Members who may see it whatever the level, at most 200; as they are when absent.
    #[serde(default)]
    pub allowed_people: Option<Vec<UserId>>,
}

/// Decides who may see a recording. Only the host may.
#[utoipa::path(put, path = "/recordings/{id}/access", tag = "recordings", params(("id" = RecordingId, Path)),
    request_body = Access,
    responses((status = 200, body = VaultItem), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 410, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn set_access(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    conditions: Conditions,
    Json(body): Json<Access>,
) -> Result<Tagged<VaultItem>> {
    let mut tx = app.begin(&caller).await?;
    let recording = owned(&mut tx, &caller, id).await?;
    conditions.unchanged(&store::item(&mut tx, id).await?.ok_or_else(no_recording)?)?;
    if recording.status == Status::Deleted {
        return Err(gone());
    }
    let roles = rules::roles_for(body.access_level, body.allowed_roles)?;
    let people = match body.allowed_people {
        None => recording.allowed_people,
        Some(mut people) => {
            people.sort_unstable();
            people.dedup();
            let organization = store::organization(&mut tx, id).await?;
            let members = store::members_among(&mut tx, organization, &people).await?;
            let detail = "Only members of the organization can be named.";
            Checks::default()
                .require(
                    people.len() <= 200,
                    "/allowed_people",
                    "TOO_MANY",
                    "At most 200 people can be named.",
                )
                .require(members.len() == people.len(), "/allowed_people", "NOT_A_MEMBER", detail)
                .done()?;
            people
        }
    };
    store::set_access(&mut tx, id, body.access_level, &roles, &people, caller.user_id).await?;
    store::announce(&mut tx, id).await?;
    let item = store::item(&mut tx, id).await?.ok_or_else(no_recording)?;
    tx.commit().await?;
    Ok(Tagged(item))
}

/// A legal hold.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewHold {
    /// Why, 1 to 500 characters.
    pub reason: String,
}

/// Holds a recording: neither people nor its age delete it. The host may, and whoever has `recordings.manage`.
#[utoipa::path(put, path = "/recordings/{id}/hold", tag = "recordings", operation_id = "hold_recording", params(("id" = RecordingId, Path)),
    request_body = NewHold,
    responses((status = 200, body = RecordingOut), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 410, body = Problem), (status = 422, body = Problem)))]
pub async fn hold(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    Json(body): Json<NewHold>,
) -> Result<Json<RecordingOut>> {
    let mut tx = app.begin(&caller).await?;
    owned(&mut tx, &caller, id).await?;
    Checks::default().text(&body.reason, "/reason", 1..=500).done()?;
    if !store::hold(&mut tx, id, Some(body.reason.trim()), app.clock.now(), caller.user_id).await? {
        return Err(gone());
    }
    answer(tx, id).await
}

/// Lets a recording go that is held. Whoever holds it may, and whoever has `recordings.manage`.
#[utoipa::path(delete, path = "/recordings/{id}/hold", tag = "recordings", operation_id = "release_recording", params(("id" = RecordingId, Path)),
    responses((status = 200, body = RecordingOut), (status = 403, body = Problem), (status = 404, body = Problem), (status = 410, body = Problem)))]
pub async fn release(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
) -> Result<Json<RecordingOut>> {
    let mut tx = app.begin(&caller).await?;
    owned(&mut tx, &caller, id).await?;
    let holder = store::held_by(&mut tx, id).await?;
    if holder.is_some_and(|holder| holder != caller.user_id) {
        let organization = store::organization(&mut tx, id).await?;
        orgs::api::require(&mut tx, &caller, organization, Permission::RecordingsManage).await?;
    }
    if !store::hold(&mut tx, id, None, app.clock.now(), caller.user_id).await? {
        return Err(gone());
    }
    answer(tx, id).await
}

/// How to delete.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Deletion {
    /// Erases the file at once, instead of after a week in the trash.
    pub permanently: Option<bool>,
}

/// Puts a recording into the trash, from where it can be taken back for a week; then its file is erased. Only the host
/// may, and whoever has `recordings.manage`; one that runs has to be stopped first, one that is held stays.
#[utoipa::path(delete, path = "/recordings/{id}", tag = "recordings", params(("id" = RecordingId, Path), Deletion),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    Query(how): Query<Deletion>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let recording = owned(&mut tx, &caller, id).await?;
    let permanently = how.permanently.unwrap_or_default();
    if permanently && let Some(until) = store::locked_until(&mut tx, id, app.clock.now()).await? {
        let until = until.format("%Y-%m-%d %H:%M UTC");
        let why = format!("The store keeps this recording until {until}; it can't be erased before.");
        return Err(Problem::conflict("STORE_LOCK", why));
    }
    if recording.status != Status::Deleted
        && !store::delete(&mut tx, id, app.clock.now(), caller.user_id).await?
    {
        return Err(if recording.hold.is_some() {
            Problem::conflict("LEGAL_HOLD", "This recording is held and can't be deleted.")
        } else {
            Problem::conflict("RECORDING_ACTIVE", "The recording is not finished yet. Please stop it first.")
        });
    }
    if permanently {
        store::do_not_wait(&mut tx, id, app.clock.now()).await?;
    }
    answer(tx, id).await?;
    if permanently {
        // The worker tries again what fails here.
        tokio::spawn(async move {
            if let Err(error) = erase::erase_deleted(&app).await {
                tracing::warn!(error = format!("{error:#}"), "a deleted recording cannot be erased now");
            }
        });
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a recording out of the trash. Only the host may, and whoever has `recordings.manage`.
#[utoipa::path(post, path = "/recordings/{id}/restore", tag = "recordings", operation_id = "restore_recording", params(("id" = RecordingId, Path)),
    responses((status = 200, body = RecordingOut), (status = 403, body = Problem), (status = 404, body = Problem), (status = 410, body = Problem)))]
pub async fn restore(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
) -> Result<Json<RecordingOut>> {
    let mut tx = app.begin(&caller).await?;
    let recording = owned(&mut tx, &caller, id).await?;
    if recording.status != Status::Deleted {
        return Ok(Json(recording));
    }
    if !store::restore(&mut tx, id, app.clock.now(), caller.user_id).await? {
        return Err(gone());
    }
    answer(tx, id).await
}

/// A recording whose host the caller is, or that they keep, locked.
pub(super) async fn owned(tx: &mut Tx, caller: &Caller, id: RecordingId) -> Result<RecordingOut> {
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

/// 409 for a recording that has ended.
pub(super) fn ended() -> Problem {
    Problem::conflict("RECORDING_ENDED", "This recording has ended.")
}

/// 410 for a deleted recording.
pub(super) fn gone() -> Problem {
    Problem::new(StatusCode::GONE, "RECORDING_DELETED", "This recording was deleted.")
}
