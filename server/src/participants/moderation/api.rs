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
    livekit::{afterwards::Afterwards, client::devices},
    meetings::{
        self,
        api::{not_found, require},
        model::Meeting,
    },
    participants::{
        announce, announce_all,
        api::{no_participant, refuse_for_host},
        model::{Participant, RightsChange},
        store, take_rights,
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

/// What to ask for.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Asking {
    /// One source; the microphone when absent.
    #[serde(default)]
    pub source: Option<PublishSource>,
}

/// Asks someone in the room to switch their microphone on, or another source. Whoever may not is allowed to first, so
/// that this is also how a listener is invited to speak. Nobody is switched on but by themselves.
#[utoipa::path(post, path = "/meetings/{id}/participants/{user}/ask", tag = "participants",
    params(("id" = MeetingId, Path), ("user" = UserId, Path)), request_body = Asking,
    responses((status = 200, body = Participant), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn ask(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(MeetingId, UserId)>,
    Json(body): Json<Asking>,
) -> Result<Json<Participant>> {
    let source = body.source.unwrap_or(PublishSource::Microphone);
    let mut tx = app.begin(&caller).await?;
    let viewer = require(&mut tx, &caller, id, Action::Moderate).await?.member;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let participant = store::find(&mut tx, id, user).await?.ok_or_else(no_participant)?;
    if !participant.online {
        return Err(Problem::conflict("NOT_THERE", "This person is not in the room."));
    }
    let allowed = Some(true);
    let change = match source {
        PublishSource::Microphone => {
            let can_use_camera = Some(participant.rights.can_use_camera);
            RightsChange { can_unmute: allowed, can_use_camera, ..RightsChange::default() }
        }
        PublishSource::Camera => RightsChange { can_use_camera: allowed, ..RightsChange::default() },
        PublishSource::ScreenShare | PublishSource::ScreenShareAudio => {
            RightsChange { can_share_screen: allowed, ..RightsChange::default() }
        }
    };
    let rights = change.of(participant.rights);
    let mut taken = None;
    if rights != participant.rights {
        store::change(&mut tx, id, user, participant.role, rights, caller.user_id).await?;
        announce(&mut tx, id, user).await?;
        taken = take_rights(&mut tx, id, Some(user), app.clock.now()).await?;
    }
    log(&mut tx, &meeting, "participant.asked", ("participant", user.0), json!({"source": source})).await?;
    let asked = json!({"user_id": user, "source": source});
    store::emit(&mut tx, id, "participant.asked", &asked).await?;
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(Json(Participant { rights, ..participant }.seen_by(viewer)))
}

/// How many hands were lowered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lowered {
    /// Hands that were up.
    pub lowered: usize,
}

/// Lowers someone's hand.
#[utoipa::path(post, path = "/meetings/{id}/participants/{user}/lower-hand", tag = "participants",
    params(("id" = MeetingId, Path), ("user" = UserId, Path)),
    responses((status = 200, body = Lowered), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn lower_hand(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(MeetingId, UserId)>,
) -> Result<Json<Lowered>> {
    lower(&app, &caller, id, Some(user)).await
}

/// Lowers everybody's hand.
#[utoipa::path(post, path = "/meetings/{id}/lower-hands", tag = "participants", params(("id" = MeetingId, Path)),
    responses((status = 200, body = Lowered), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn lower_hands(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
) -> Result<Json<Lowered>> {
    lower(&app, &caller, id, None).await
}

async fn lower(app: &App, caller: &Caller, id: MeetingId, user: Option<UserId>) -> Result<Json<Lowered>> {
    let mut tx = app.begin(caller).await?;
    require(&mut tx, caller, id, Action::Moderate).await?;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    if let Some(user) = user {
        store::find(&mut tx, id, user).await?.ok_or_else(no_participant)?;
    }
    let people = store::lower_hands(&mut tx, id, user, caller.user_id).await?;
    let (action, entity) = match user {
        Some(user) => ("participant.hand_lowered", ("participant", user.0)),
        None => ("meeting.hands_lowered", ("meeting", id.0)),
    };
    log(&mut tx, &meeting, action, entity, json!({"user_ids": people})).await?;
    announce_all(&mut tx, id, &people).await?;
    tx.commit().await?;
    Ok(Json(Lowered { lowered: people.len() }))
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
    let mut muted_tracks = 0;
    for device in devices(identity) {
        let muted = app.livekit.mute(&meeting.room_name, &device, Some(source)).await;
        muted_tracks += muted.map_err(|error| {
            tracing::warn!(%error, "could not mute");
            Problem::unavailable("LIVEKIT_AWAY", "The media server can't be reached at the moment.")
        })?;
    }
    Ok(muted_tracks)
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
    let taken = Afterwards::removing(&participant.identity())
        .take(&mut tx, &meeting.room_name, app.clock.now())
        .await?;
    if !body.ban {
        log(&mut tx, &meeting, "participant.sent_out", ("participant", user.0), json!({})).await?;
    }
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(StatusCode::NO_CONTENT)
}
