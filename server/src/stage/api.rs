//! Endpoints of the stage.

use axum::extract::State;
use kernel::{
    db::Actor,
    ids::{MeetingId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{announce, store};
use crate::{
    access::{
        caller::Caller,
        guest::Attending,
        policy::{Action, MeetingRole},
    },
    app::App,
    http::{Json, Path, Problem, Result},
    jobs,
    meetings::{
        self,
        api::{not_found, refused, require},
    },
    participants::{
        self,
        api::no_participant,
        model::{Participant, ParticipantRights, RightsChange},
    },
    room, speaking,
};

/// Most people in front at once.
const MOST_IN_FRONT: usize = 4;

/// What everybody in the room sees alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Stage {
    /// Members and guests whom everybody sees in front, at most 4.
    pub spotlight: Vec<UserId>,
    /// Who leads in the host's place, while the host is away.
    pub acting_host_id: Option<UserId>,
    /// What whoever comes may do, unless they moderate or it was decided for them alone.
    pub participants: ParticipantRights,
}

/// How many members must be in the room, and how many are: people on the list, each once; guests don't count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct StageQuorum {
    /// How many must be there.
    pub needed: i64,
    /// How many are.
    pub present: i64,
}

/// The stage as one person stands on it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyStage {
    /// What everybody sees.
    #[serde(flatten)]
    pub stage: Stage,
    /// The caller: a user's id, or a guest's.
    pub my_id: UserId,
    /// What the caller may do.
    pub my_rights: ParticipantRights,
    /// Whether the organization wants to know how long people speak.
    pub measures_speaking: bool,
    /// Whether enough members are there, as `quorum.changed` tells too; `null` where the meeting asks for no quorum.
    pub quorum: Option<StageQuorum>,
}

/// What everybody in the room sees alike, and what one may do there oneself. People who take part see it.
#[utoipa::path(get, path = "/meetings/{id}/stage", tag = "participants", operation_id = "stage", params(("id" = MeetingId, Path)),
    responses((status = 200, body = MyStage), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    attending: Attending,
    Path(id): Path<MeetingId>,
) -> Result<Json<MyStage>> {
    let mut tx = app.begin_for(&attending).await?;
    room::require_follower(&mut tx, &attending, id).await?;
    // A guest sees no other rows of the meeting.
    tx.act_for(Actor::System).await?;
    let stage = store::read(&mut tx, id).await?.ok_or_else(not_found)?;
    let me = participants::find(&mut tx, id, UserId(attending.id())).await?.ok_or_else(no_participant)?;
    let measures_speaking = speaking::is_measured(&mut tx, id).await?;
    let quorum = store::quorum(&mut tx, id).await?;
    Ok(Json(MyStage { stage, my_id: me.user.id, my_rights: me.rights, measures_speaking, quorum }))
}

/// Allows or forbids something to everybody who does not moderate, and to those who come later. What was decided for one
/// alone is overwritten. Host and co-hosts may; in the room it takes effect at once.
#[utoipa::path(patch, path = "/meetings/{id}/participants", tag = "participants", operation_id = "change_all",
    params(("id" = MeetingId, Path)), request_body = RightsChange,
    responses((status = 200, body = Stage), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change_rights(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Json(change): Json<RightsChange>,
) -> Result<Json<Stage>> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::Moderate).await?;
    meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let people = store::change_rights(&mut tx, id, change, caller.user_id).await?;
    participants::announce_all(&mut tx, id, &people).await?;
    announce(&mut tx, id).await?;
    let stage = store::read(&mut tx, id).await?.ok_or_else(not_found)?;
    let taken = participants::take_rights(&mut tx, id, None, app.clock.now()).await?;
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(Json(stage))
}

/// Whom everybody is to see in front.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Spotlight {
    /// Members and guests of the meeting, at most 4; nobody ends it.
    pub user_ids: Vec<UserId>,
}

/// Puts people in front for everybody. Host and co-hosts may.
#[utoipa::path(put, path = "/meetings/{id}/spotlight", tag = "participants", operation_id = "set_spotlight",
    params(("id" = MeetingId, Path)), request_body = Spotlight,
    responses((status = 200, body = Stage), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn set_spotlight(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Json(body): Json<Spotlight>,
) -> Result<Json<Stage>> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::Moderate).await?;
    if body.user_ids.len() > MOST_IN_FRONT {
        let detail = "No more than four people can be in front at once.";
        return Err(Problem::invalid_field("/user_ids", "TOO_LONG", detail));
    }
    meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let known = participants::some(&mut tx, id, &body.user_ids).await?;
    let ids: Vec<_> = body.user_ids.iter().map(|user| user.0).collect();
    participants::require_there(&ids, "/user_ids", |id| known.iter().any(|one| one.user.id.0 == *id))?;
    let stage = store::read(&mut tx, id).await?.ok_or_else(not_found)?;
    if stage.spotlight == body.user_ids {
        return Ok(Json(stage));
    }
    store::set_spotlight(&mut tx, id, &body.user_ids, caller.user_id).await?;
    announce(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(Stage { spotlight: body.user_ids, ..stage }))
}

/// Who is to host the meeting.
#[derive(Debug, Deserialize, ToSchema)]
pub struct HandOver {
    /// A member who is invited.
    pub user_id: UserId,
}

/// Hands the meeting over: they host it from now on, with all that belongs to it, and whoever did becomes a co-host. The
/// host may, and whoever manages the organization's meetings.
#[utoipa::path(post, path = "/meetings/{id}/host", tag = "participants", operation_id = "hand_over",
    params(("id" = MeetingId, Path)), request_body = HandOver,
    responses((status = 200, body = Participant), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn hand_over(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Json(body): Json<HandOver>,
) -> Result<Json<Participant>> {
    let mut tx = app.begin(&caller).await?;
    let viewer = require(&mut tx, &caller, id, Action::Change).await?.member;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    meeting.state.open().map_err(refused)?;
    let refuse = |detail| Problem::invalid_field("/user_id", "INVALID", detail);
    let next = participants::find(&mut tx, id, body.user_id)
        .await?
        .ok_or_else(|| refuse("This person is not invited to the meeting."))?;
    if next.is_guest {
        return Err(refuse("A guest takes part, and no more."));
    }
    if next.role != MeetingRole::Host {
        participants::require_members(&mut tx, meeting.organization_id, &[body.user_id], "/user_id").await?;
        // Whoever manages the organization's meetings need not moderate this one.
        tx.act_for(Actor::System).await?;
        let changed = store::hand_over(&mut tx, id, body.user_id, caller.user_id).await?;
        participants::announce_all(&mut tx, id, &changed).await?;
        announce(&mut tx, id).await?;
    }
    let host = participants::find(&mut tx, id, body.user_id).await?.ok_or_else(no_participant)?;
    let taken = participants::take_rights(&mut tx, id, None, app.clock.now()).await?;
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(Json(host.seen_by(viewer)))
}
