//! Endpoints of moderation. Host and co-hosts may.

use axum::{extract::State, http::StatusCode};
use kernel::{
    db::Tx,
    ids::{MeetingId, UserId},
    livekit::PublishSource,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    access::{
        caller::Caller,
        policy::{Action, MeetingRole},
    },
    app::App,
    audit,
    http::{Json, Path, Problem, Result},
    jobs,
    livekit::afterwards::Afterwards,
    meetings::{
        self,
        api::{not_found, require},
        model::Meeting,
    },
    participants::{
        api::{no_participant, refuse_for_host},
        store,
    },
};

/// What to mute.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Mute {
    /// One source; the microphone when absent.
    #[serde(default)]
    pub source: Option<PublishSource>,
}

/// How much was muted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Muted {
    /// Tracks that were not muted before.
    pub muted_tracks: usize,
}

/// Mutes someone. They may unmute themselves again as far as their rights go.
#[utoipa::path(post, path = "/meetings/{id}/participants/{user}/mute", tag = "participants",
    params(("id" = MeetingId, Path), ("user" = UserId, Path)), request_body = Mute,
    responses((status = 200, body = Muted), (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub async fn mute(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(MeetingId, UserId)>,
    Json(body): Json<Mute>,
) -> Result<Json<Muted>> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::Moderate).await?;
    let participant = store::find(&mut tx, id, user).await?.ok_or_else(no_participant)?;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let source = body.source.unwrap_or(PublishSource::Microphone);
    log(&mut tx, &meeting, "participant.muted", ("participant", user.0), json!({"source": source})).await?;
    tx.commit().await?;
    Ok(Json(Muted { muted_tracks: mute_one(&app, &meeting, &participant.identity(), source).await? }))
}

/// Mutes every participant's microphone, except of those who moderate.
#[utoipa::path(post, path = "/meetings/{id}/mute-all", tag = "participants", params(("id" = MeetingId, Path)),
    responses((status = 200, body = Muted), (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub async fn mute_all(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
) -> Result<Json<Muted>> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::Moderate).await?;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let online = store::online(&mut tx, id).await?;
    log(&mut tx, &meeting, "meeting.muted", ("meeting", id.0), json!({"participants": online.len()})).await?;
    tx.commit().await?;
    let mut muted_tracks = 0;
    for participant in online.iter().filter(|p| p.role == MeetingRole::Participant) {
        muted_tracks += mute_one(&app, &meeting, &participant.identity(), PublishSource::Microphone).await?;
    }
    Ok(Json(Muted { muted_tracks }))
}

/// What moderators do changes no row: it is written down here.
async fn log(
    tx: &mut Tx,
    meeting: &Meeting,
    action: &str,
    (kind, entity): (&str, Uuid),
    data: Value,
) -> Result<()> {
    let event = audit::Event {
        organization: Some(meeting.organization_id),
        meeting: Some(meeting.id),
        action,
        entity: (kind, Some(entity)),
        data: Some(data),
    };
    Ok(audit::record(tx, event).await?)
}

async fn mute_one(app: &App, meeting: &Meeting, identity: &str, source: PublishSource) -> Result<usize> {
    app.livekit.mute(&meeting.room_name, identity, Some(source)).await.map_err(|error| {
        tracing::warn!(%error, "could not mute");
        Problem::unavailable("LIVEKIT_AWAY", "The media server can't be reached at the moment.")
    })
}

/// How to remove someone.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Removal {
    /// Whether they are kept out for the rest of the meeting.
    #[serde(default)]
    pub ban: bool,
}

/// Sends someone out of the room. With `ban` they stay out; without, they may ask to come in again.
#[utoipa::path(post, path = "/meetings/{id}/participants/{user}/remove", tag = "participants", operation_id = "send_out",
    params(("id" = MeetingId, Path), ("user" = UserId, Path)), request_body = Removal,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(MeetingId, UserId)>,
    Json(body): Json<Removal>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::Moderate).await?;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let participant = store::find(&mut tx, id, user).await?.ok_or_else(no_participant)?;
    refuse_for_host(&participant)?;
    store::send_out(&mut tx, id, user, body.ban, app.clock.now(), caller.user_id).await?;
    store::emit(&mut tx, id, "participant.removed", &json!({"user_id": user})).await?;
    let taken = Afterwards::removing(participant.identity())
        .take(&mut tx, &meeting.room_name, app.clock.now())
        .await?;
    if !body.ban {
        log(&mut tx, &meeting, "participant.sent_out", ("participant", user.0), json!({})).await?;
    }
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(StatusCode::NO_CONTENT)
}
