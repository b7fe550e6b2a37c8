//! Endpoints of participants and of the door.

use axum::{extract::State, http::StatusCode};
use kernel::{
    db::Actor,
    ids::{MeetingId, UserId},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    announce,
    model::{Participant, ParticipantRights, ParticipantStatus, RightsChange},
    require_members, store, take_rights,
};
use crate::{
    access::{
        Caller, Scoped,
        guest::Attending,
        policy::{Action, MeetingRole},
        scope,
    },
    app::App,
    attendance, guests,
    http::{Json, Listing, PageQuery, Path, Problem, Query, Result},
    jobs,
    livekit::{afterwards::Afterwards, client::devices},
    meetings::{
        self,
        api::{MOST_INVITEES, not_found, refused, require},
    },
};

/// Who takes part, by name. Invited people and officers see it.
#[utoipa::path(get, path = "/meetings/{id}/participants", tag = "participants", params(("id" = MeetingId, Path), PageQuery),
    responses((status = 200, body = Listing<Participant>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Scoped<scope::MeetingsRead>,
    Path(id): Path<MeetingId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<Participant>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    let viewer = require(&mut tx, &caller, id, Action::SeeParticipants).await?.member;
    let found = store::list(&mut tx, id, None, after, limit + 1).await?;
    let found = found.into_iter().map(|participant| participant.seen_by(viewer)).collect();
    Ok(Json(Listing::from_one_more(found, limit, |p| (p.user.name.clone(), p.user.id))))
}

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Invitation {
    /// Active members of the organization, at most 1000.
    pub user_ids: Vec<UserId>,
}

/// Invites members. Host, co-hosts and officers may; whoever is invited already stays as they are.
#[utoipa::path(post, path = "/meetings/{id}/invite", tag = "participants", params(("id" = MeetingId, Path)),
    request_body = Invitation,
    responses((status = 200, body = Listing<Participant>), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn invite(
    State(app): State<App>,
    caller: Scoped<scope::MeetingsWrite>,
    Path(id): Path<MeetingId>,
    Json(body): Json<Invitation>,
) -> Result<Json<Listing<Participant>>> {
    let mut tx = app.begin(&caller).await?;
    let viewer = require(&mut tx, &caller, id, Action::Invite).await?.member;
    if body.user_ids.len() > MOST_INVITEES {
        return Err(Problem::invalid_field(
            "/user_ids",
            "TOO_LONG",
            "These are too many people for one call.",
        ));
    }
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    meeting.state.open().map_err(refused)?;
    require_members(&mut tx, meeting.organization_id, &body.user_ids, "/user_ids").await?;
    store::invite(&mut tx, id, meeting.organization_id, &body.user_ids, caller.user_id).await?;
    let invited = store::some(&mut tx, id, &body.user_ids).await?;
    for participant in &invited {
        store::emit_updated(&mut tx, id, participant).await?;
    }
    store::tell_quorum(&mut tx, id).await?;
    tx.commit().await?;
    let invited = invited.into_iter().map(|participant| participant.seen_by(viewer)).collect();
    Ok(Json(Listing::whole(invited)))
}

/// What changes a participant; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ParticipantChange {
    /// `co_host` or `participant`; only the host decides, or whoever leads in their place. Whoever becomes a co-host gets
    /// all rights that are not said apart.
    #[serde(default)]
    pub role: Option<MeetingRole>,
    /// What they may do.
    #[serde(flatten)]
    pub rights: RightsChange,
}

/// Changes a participant's role and rights. Host and co-hosts may; in the room it takes effect at once.
#[utoipa::path(patch, path = "/meetings/{id}/participants/{user}", tag = "participants",
    params(("id" = MeetingId, Path), ("user" = UserId, Path)), request_body = ParticipantChange,
    responses((status = 200, body = Participant), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(MeetingId, UserId)>,
    Json(body): Json<ParticipantChange>,
) -> Result<Json<Participant>> {
    let mut tx = app.begin(&caller).await?;
    let standing = require(&mut tx, &caller, id, Action::Moderate).await?;
    // Locks are taken in one order everywhere: the meeting, its people, its stream of events.
    meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let participant = store::find(&mut tx, id, user).await?.ok_or_else(no_participant)?;
    let mut rights = participant.rights;
    if let Some(role) = body.role.filter(|role| *role != participant.role) {
        if standing.meeting_role != Some(MeetingRole::Host) {
            if store::acting_host(&mut tx, id).await? != Some(caller.user_id) {
                return Err(Problem::forbidden("Only the host of the meeting changes roles."));
            }
            // The database lets only the host.
            tx.act_for(Actor::System).await?;
        }
        if role == MeetingRole::Host || participant.role == MeetingRole::Host {
            return Err(Problem::invalid_field("/role", "INVALID", "A meeting has exactly one host."));
        }
        if participant.is_guest {
            return Err(Problem::invalid_field("/role", "GUEST", "A guest takes part, and no more."));
        }
        if role.moderates() {
            rights = ParticipantRights::ALL;
        }
    }
    let role = body.role.unwrap_or(participant.role);
    store::change(&mut tx, id, user, role, body.rights.of(rights), caller.user_id).await?;
    if body.role.is_some() {
        store::settle_acting(&mut tx, id, user, role).await?;
    }
    let changed = announce(&mut tx, id, user).await?.ok_or_else(no_participant)?;
    let taken = take_rights(&mut tx, id, Some(user), app.clock.now()).await?;
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(Json(changed.seen_by(standing.member)))
}

/// Takes a participant off the list and out of the room. Host and co-hosts may; the host stays.
#[utoipa::path(delete, path = "/meetings/{id}/participants/{user}", tag = "participants",
    params(("id" = MeetingId, Path), ("user" = UserId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(MeetingId, UserId)>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::Moderate).await?;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let participant = store::find(&mut tx, id, user).await?.ok_or_else(no_participant)?;
    refuse_for_host(&participant)?;
    store::remove(&mut tx, id, user, app.clock.now()).await?;
    store::emit(&mut tx, id, "participant.removed", &json!({"user_id": user})).await?;
    store::tell_quorum(&mut tx, id).await?;
    let taken = Afterwards::removing(&participant.identity())
        .take(&mut tx, &meeting.room_name, app.clock.now())
        .await?;
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(StatusCode::NO_CONTENT)
}

/// An answer to an invitation.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Answer {
    /// Whether one will come.
    pub response: Response,
}

/// The two answers.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// Will come.
    Accepted,
    /// Will not come.
    Declined,
}

/// Answers one's own invitation.
#[utoipa::path(post, path = "/meetings/{id}/response", tag = "participants", params(("id" = MeetingId, Path)),
    request_body = Answer,
    responses((status = 200, body = Participant), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn respond(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Json(body): Json<Answer>,
) -> Result<Json<Participant>> {
    let mut tx = app.begin(&caller).await?;
    let viewer = require(&mut tx, &caller, id, Action::Join).await?.member;
    let status = match body.response {
        Response::Accepted => ParticipantStatus::Accepted,
        Response::Declined => ParticipantStatus::Declined,
    };
    store::answer(&mut tx, id, caller.user_id, status).await?;
    let changed = announce(&mut tx, id, caller.user_id).await?.ok_or_else(no_participant)?;
    tx.commit().await?;
    Ok(Json(changed.seen_by(viewer)))
}

/// Which device leaves.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Leaving {
    /// The identity of one connection, as joining gave it; all of one's own when absent.
    #[serde(default)]
    pub identity: Option<String>,
}

/// Leaves the room: closes one's spans now and ends one's connection, or that of one device.
#[utoipa::path(post, path = "/meetings/{id}/leave", tag = "participants", params(("id" = MeetingId, Path)), request_body = Leaving,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn leave(
    State(app): State<App>,
    attending: Attending,
    Path(id): Path<MeetingId>,
    Json(body): Json<Leaving>,
) -> Result<StatusCode> {
    // Spans are the record: only the system writes them.
    let mut tx = app.begin_system().await?;
    let identity = match attending {
        Attending::Person(caller) => {
            require(&mut tx, &caller, id, Action::Join).await?;
            caller.user_id.to_string()
        }
        Attending::Guest(guest) => {
            guests::require(&mut tx, guest, id).await?;
            format!("guest:{}", guest.guest_id)
        }
    };
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let now = app.clock.now();
    let mut leaving = Vec::from(devices(&identity));
    if let Some(only) = &body.identity {
        leaving.retain(|device| device == only);
        if leaving.is_empty() {
            return Err(Problem::invalid_field("/identity", "INVALID", "This is not your connection."));
        }
    }
    attendance::leave(&mut tx, id, &leaving, now).await?;
    let taken = Afterwards::disconnecting(leaving).take(&mut tx, &meeting.room_name, now).await?;
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Who waits at the door. Host and co-hosts see it.
#[utoipa::path(get, path = "/meetings/{id}/lobby", tag = "participants", params(("id" = MeetingId, Path), PageQuery),
    responses((status = 200, body = Listing<Participant>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn lobby(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<Participant>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    let viewer = require(&mut tx, &caller, id, Action::Moderate).await?.member;
    let waiting =
        store::list(&mut tx, id, Some(ParticipantStatus::PendingApproval), after, limit + 1).await?;
    let waiting = waiting.into_iter().map(|participant| participant.seen_by(viewer)).collect();
    Ok(Json(Listing::from_one_more(waiting, limit, |p| (p.user.name.clone(), p.user.id))))
}

/// Lets someone in. Host and co-hosts may.
#[utoipa::path(post, path = "/meetings/{id}/lobby/{user}/admit", tag = "participants",
    params(("id" = MeetingId, Path), ("user" = UserId, Path)),
    responses((status = 200, body = Participant), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn admit(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(MeetingId, UserId)>,
) -> Result<Json<Participant>> {
    decide(&app, &caller, id, user, true).await
}

/// Turns someone away. Host and co-hosts may.
#[utoipa::path(post, path = "/meetings/{id}/lobby/{user}/deny", tag = "participants",
    params(("id" = MeetingId, Path), ("user" = UserId, Path)),
    responses((status = 200, body = Participant), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn deny(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(MeetingId, UserId)>,
) -> Result<Json<Participant>> {
    decide(&app, &caller, id, user, false).await
}

async fn decide(
    app: &App,
    caller: &Caller,
    id: MeetingId,
    user: UserId,
    admit: bool,
) -> Result<Json<Participant>> {
    let mut tx = app.begin(caller).await?;
    let viewer = require(&mut tx, caller, id, Action::Moderate).await?.member;
    let participant = store::find(&mut tx, id, user).await?.ok_or_else(no_participant)?;
    if !admit {
        refuse_for_host(&participant)?;
    }
    store::decide(&mut tx, id, user, admit, app.clock.now(), caller.user_id).await?;
    let event = if admit { "lobby.admitted" } else { "lobby.denied" };
    store::emit(&mut tx, id, event, &json!({"user_id": user})).await?;
    let changed = announce(&mut tx, id, user).await?.ok_or_else(no_participant)?;
    tx.commit().await?;
    Ok(Json(changed.seen_by(viewer)))
}

/// 404 for a participant.
pub fn no_participant() -> Problem {
    Problem::not_found("participant")
}

/// The host can be neither removed nor turned away.
pub fn refuse_for_host(participant: &Participant) -> Result<()> {
    if participant.role == MeetingRole::Host {
        return Err(Problem::conflict("HOST_STAYS", "The host of a meeting can't be removed from it."));
    }
    Ok(())
}
