//! Endpoints for guests themselves: the only ones that ask for no account.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use kernel::{
    ids::{GuestId, MeetingId, OrganizationId, UserId},
    livekit::Identity,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    api::not_allowed,
    rules,
    store::{self, Knock},
};
use crate::{
    access::{
        guest::{Guest, Returning},
        throttle::Turns,
        tokens::hash_secret,
    },
    app::App,
    http::{Json, Path, Problem, Result},
    livekit::grants::Rights,
    meetings::{
        api::refused,
        model::{EndedBy, MeetingStatus, MeetingType, State as MeetingState},
    },
    participants::{
        self,
        join::{Admission, AtTheDoor, Permissions, Waiting},
        model::ParticipantRights,
    },
    room::check::{self, Trial},
};

/// What a link is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum LinkState {
    /// It opens the meeting.
    Open,
    /// It was taken back.
    Revoked,
    /// Its time is over.
    Expired,
    /// As many as may have entered by it.
    UsedUp,
}

impl LinkState {
    /// Goes on only where it is open.
    ///
    /// # Errors
    /// 410 with the reason otherwise.
    pub fn require_open(self) -> Result<()> {
        let gone = |code, detail: &str| Err(Problem::new(StatusCode::GONE, code, detail));
        match self {
            Self::Open => Ok(()),
            Self::Revoked => gone("LINK_REVOKED", "This link was revoked."),
            Self::Expired => gone("LINK_EXPIRED", "This link has expired."),
            Self::UsedUp => gone("LINK_USED_UP", "This link has been used as often as it may be."),
        }
    }
}

/// A link as it was found.
pub(super) struct Preview {
    pub state: LinkState,
    pub allowed: bool,
    pub meeting_id: MeetingId,
    pub title: String,
    pub organization_name: String,
    pub scheduled_start: DateTime<Utc>,
    pub scheduled_end: Option<DateTime<Utc>>,
    pub timezone: String,
    pub status: MeetingStatus,
    pub meeting_type: MeetingType,
    pub require_approval: bool,
    pub measures_speaking: bool,
}

/// What somebody with a link learns before they enter.
#[derive(Debug, Serialize, ToSchema)]
pub struct GuestInvitation {
    /// The meeting.
    pub meeting_id: MeetingId,
    /// Its title.
    pub title: String,
    /// Who invites.
    pub organization_name: String,
    /// Scheduled start.
    pub scheduled_start: DateTime<Utc>,
    /// Scheduled end.
    pub scheduled_end: Option<DateTime<Utc>>,
    /// IANA time zone.
    pub timezone: String,
    /// Where it stands.
    pub status: MeetingStatus,
    /// Its media.
    pub meeting_type: MeetingType,
    /// Whether somebody has to let one in.
    pub require_approval: bool,
    /// Whether the organization wants to know how long people speak.
    pub measures_speaking: bool,
}

/// What a guest link leads to.
#[utoipa::path(get, path = "/guest/{token}", tag = "guests", operation_id = "preview", params(("token" = String, Path)), security(()),
    responses((status = 200, body = GuestInvitation), (status = 403, body = Problem), (status = 404, body = Problem), (status = 410, body = Problem)))]
pub async fn preview(
    State(app): State<App>,
    Returning(before): Returning,
    Path(token): Path<String>,
) -> Result<Json<GuestInvitation>> {
    let found = open_link(&app, before, &token).await?;
    Ok(Json(GuestInvitation {
        meeting_id: found.meeting_id,
        title: found.title,
        organization_name: found.organization_name,
        scheduled_start: found.scheduled_start,
        scheduled_end: found.scheduled_end,
        timezone: found.timezone,
        status: found.status,
        meeting_type: found.meeting_type,
        require_approval: found.require_approval,
        measures_speaking: found.measures_speaking,
    }))
}

/// A room to try the connection in before entering by a link.
#[utoipa::path(post, path = "/guest/{token}/connection-check", tag = "guests", operation_id = "guest_connection_check",
    params(("token" = String, Path)), security(()),
    responses((status = 200, body = Trial), (status = 403, body = Problem), (status = 404, body = Problem), (status = 410, body = Problem)))]
pub async fn connection_check(
    State(app): State<App>,
    Returning(before): Returning,
    Path(token): Path<String>,
) -> Result<Json<Trial>> {
    open_link(&app, before, &token).await?;
    Ok(Json(check::trial(&app)?))
}

/// What a link leads to that is open for whoever comes by it.
async fn open_link(app: &App, before: Option<Guest>, token: &str) -> Result<Preview> {
    let mut tx = app.begin_system().await?;
    let found = store::preview(&mut tx, &hash_secret(token), app.clock.now()).await?.ok_or_else(no_link)?;
    // Whoever entered by it before comes back by it also when it is used up.
    let comes_back = before.is_some_and(|guest| guest.meeting_id == found.meeting_id);
    if !(comes_back && found.state == LinkState::UsedUp) {
        found.state.require_open()?;
    }
    if !found.allowed {
        return Err(not_allowed());
    }
    Ok(found)
}

/// Who wants to enter.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct Entry {
    /// Their name, at most 60 characters. Whoever comes back keeps the one they had.
    pub name: String,
}

/// A guest.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GuestOut {
    /// Their id; their LiveKit identity is `guest:<id>`.
    pub id: GuestId,
    /// Their name as everybody sees it, with the mark of a guest.
    pub name: String,
}

/// What a guest gets who may enter.
#[derive(Debug, Serialize, ToSchema)]
pub struct GuestAdmission {
    /// What opens the room.
    #[serde(flatten)]
    pub admission: Admission,
    /// Who they are.
    pub guest: GuestOut,
    /// The meeting.
    pub meeting_id: MeetingId,
    /// A JWT for the `Authorization` header: opens the chat, the events and the leave call of this meeting, and lets a
    /// guest come back as who they were.
    pub access_token: String,
}

/// What a guest gets who has to wait. They ask again, with the token, until they are let in.
#[derive(Debug, Serialize, ToSchema)]
pub struct GuestPending {
    /// Always `pending_approval`.
    pub status: &'static str,
    /// Who they are.
    pub guest: GuestOut,
    /// The meeting.
    pub meeting_id: MeetingId,
    /// A JWT for the `Authorization` header, to ask again as who they are.
    pub access_token: String,
    /// What for.
    #[serde(flatten)]
    pub waiting: Waiting,
}

/// What a request came to in the database.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "they are what was found")]
pub(super) struct Facts {
    pub link_state: LinkState,
    pub allowed: bool,
    pub guest_id: GuestId,
    pub name: String,
    pub meeting_id: MeetingId,
    pub organization_id: OrganizationId,
    pub status: MeetingStatus,
    pub ended_by: Option<EndedBy>,
    pub actual_start: Option<DateTime<Utc>>,
    pub actual_end: Option<DateTime<Utc>>,
    pub scheduled_end: Option<DateTime<Utc>>,
    pub meeting_type: MeetingType,
    pub room_name: String,
    pub can_unmute: bool,
    pub can_use_camera: bool,
    pub can_share_screen: bool,
    pub must_wait: bool,
    pub denied: bool,
    pub banned: bool,
    pub is_full: bool,
    pub granted: bool,
    pub record_strict: bool,
    pub locked: bool,
    pub host_absent: bool,
    pub lobby_message: String,
    /// Whether they stood at the door before.
    pub waited_before: bool,
}

/// Guests who are let in at once.
static TURNS: Turns = Turns::new(8);

/// Enters a meeting by a guest link: with a LiveKit token for whoever may enter now, 202 for whoever waits until a host
/// lets them in. Whoever sends the token of an earlier answer comes back as who they were, and is not counted again.
#[utoipa::path(post, path = "/guest/{token}/join", tag = "guests", operation_id = "join", params(("token" = String, Path)),
    request_body = Entry, security((), ("bearer" = [])),
    responses((status = 200, body = GuestAdmission), (status = 202, body = GuestPending), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 410, body = Problem), (status = 422, body = Problem)))]
pub async fn join(
    State(app): State<App>,
    Returning(before): Returning,
    Path(token): Path<String>,
    Json(body): Json<Entry>,
) -> Result<Response> {
    let now = app.clock.now();
    let name = rules::shown_name(&body.name);
    let _turn = TURNS.take().await?;
    let mut tx = app.begin_system().await?;
    let knock = Knock {
        token_hash: &hash_secret(&token),
        known: before.map(|guest| guest.guest_id),
        fresh: GuestId::new(now),
        name: name.as_deref().unwrap_or_default(),
        now,
        hold: app.config.tokens.join_token_ttl,
    };
    let fresh = knock.fresh;
    let facts = store::request_join(&mut tx, knock).await?.ok_or_else(no_link)?;
    let waits = decide(&facts, now)?;
    if facts.guest_id == fresh && name.is_none() {
        let detail = format!("Please give a name of at most {} characters.", rules::LONGEST_NAME);
        return Err(Problem::invalid_field("/name", "INVALID", detail));
    }
    // Whoever waits asks again and again; the others are told once.
    if facts.guest_id == fresh || (waits.is_some() && facts.must_wait && !facts.waited_before) {
        participants::announce(&mut tx, facts.meeting_id, UserId(facts.guest_id.0)).await?;
    }
    tx.commit().await?;
    let session = Guest { guest_id: facts.guest_id, meeting_id: facts.meeting_id };
    let access_token = app.tokens.sign_guest(session, now);
    let guest = GuestOut { id: facts.guest_id, name: facts.name.clone() };
    let meeting_id = facts.meeting_id;
    if let Some(waiting) = waits {
        let pending = GuestPending { status: "pending_approval", guest, meeting_id, access_token, waiting };
        return Ok((StatusCode::ACCEPTED, Json(pending)).into_response());
    }
    let admission = admission(&app, &facts, now)?;
    Ok(Json(GuestAdmission { admission, guest, meeting_id, access_token }).into_response())
}

/// What they have to wait for; an error when they may not enter. Nothing was written then.
fn decide(facts: &Facts, now: DateTime<Utc>) -> Result<Option<Waiting>> {
    facts.link_state.require_open()?;
    if !facts.allowed {
        return Err(not_allowed());
    }
    let refuse = |code, detail: &str| Err(Problem::new(StatusCode::FORBIDDEN, code, detail));
    if facts.banned {
        return refuse("BANNED", "You were removed from this meeting.");
    }
    MeetingState::from_columns(
        facts.status,
        facts.actual_start.unwrap_or(now),
        facts.actual_start,
        facts.actual_end,
        facts.ended_by,
        None,
    )
    .enterable(facts.scheduled_end, now)
    .map_err(refused)?;
    if facts.denied {
        return refuse("DENIED", "The host has not let you in.");
    }
    let door = AtTheDoor {
        must_wait: facts.must_wait,
        locked: facts.locked,
        host_absent: facts.host_absent,
        message: &facts.lobby_message,
    };
    if let Some(waiting) = door.pass()? {
        return Ok(Some(waiting));
    }
    if facts.is_full {
        return Err(Problem::conflict("ROOM_FULL", "The room is full."));
    }
    if !facts.granted {
        return Err(Problem::internal("the database refused a guest whom the rules allow"));
    }
    Ok(None)
}

fn admission(app: &App, facts: &Facts, now: DateTime<Utc>) -> Result<Admission> {
    let rights = ParticipantRights {
        can_unmute: facts.can_unmute,
        can_use_camera: facts.can_use_camera,
        can_share_screen: facts.can_share_screen,
        ..ParticipantRights::ALL
    };
    let rights = Rights::of(facts.meeting_type, rights).recorded_strictly(facts.record_strict);
    let metadata = serde_json::json!({
        "user_id": null,
        "guest_id": facts.guest_id,
        "is_guest": true,
        "meeting_id": facts.meeting_id,
        "organization_id": facts.organization_id,
        "avatar_url": null,
    });
    let identity = format!("guest:{}", facts.guest_id);
    let who = Identity { identity: &identity, name: &facts.name, metadata: &metadata.to_string() };
    let life = chrono::Duration::from_std(app.config.tokens.join_token_ttl).map_err(Problem::internal)?;
    let token =
        app.livekit.keys().sign(who, rights.grant(&facts.room_name), now, life).map_err(Problem::internal)?;
    Ok(Admission {
        status: "admitted",
        server_url: app.config.livekit_public_url(),
        token,
        room_name: facts.room_name.clone(),
        identity,
        expires_at: now + life,
        permissions: Permissions {
            can_publish_sources: rights.sources,
            can_subscribe: true,
            can_publish_data: rights.data,
            can_moderate: false,
        },
    })
}

fn no_link() -> Problem {
    Problem::not_found("link")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_code_and_the_link_comes_first() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let code = |change: &dyn Fn(&mut Facts)| {
            let mut facts = Facts {
                link_state: LinkState::Open,
                allowed: true,
                guest_id: GuestId::new(now),
                name: "A (guest)".into(),
                meeting_id: MeetingId::new(now),
                organization_id: OrganizationId::new(now),
                status: MeetingStatus::Scheduled,
                ended_by: None,
                actual_start: None,
                actual_end: None,
                scheduled_end: None,
                meeting_type: MeetingType::Video,
                room_name: "room".into(),
                can_unmute: true,
                can_use_camera: true,
                can_share_screen: true,
                must_wait: false,
                denied: false,
                banned: false,
                is_full: false,
                granted: true,
                record_strict: false,
                locked: false,
                host_absent: false,
                lobby_message: String::new(),
                waited_before: false,
            };
            change(&mut facts);
            decide(&facts, now).map(|waiting| waiting.is_some()).map_err(|problem| problem.code)
        };
        assert_eq!(code(&|_| ()), Ok(false));
        assert_eq!(code(&|f| (f.must_wait, f.granted) = (true, false)), Ok(true));
        assert_eq!(code(&|f| (f.link_state, f.allowed) = (LinkState::Revoked, false)), Err("LINK_REVOKED"));
        assert_eq!(code(&|f| f.link_state = LinkState::Expired), Err("LINK_EXPIRED"));
        assert_eq!(code(&|f| f.link_state = LinkState::UsedUp), Err("LINK_USED_UP"));
        assert_eq!(code(&|f| f.allowed = false), Err("GUESTS_NOT_ALLOWED"));
        assert_eq!(code(&|f| f.banned = true), Err("BANNED"));
        assert_eq!(code(&|f| f.status = MeetingStatus::Cancelled), Err("MEETING_CANCELLED"));
        assert_eq!(code(&|f| f.denied = true), Err("DENIED"));
        assert_eq!(code(&|f| (f.locked, f.granted) = (true, false)), Err("ROOM_LOCKED"));
        assert_eq!(code(&|f| (f.host_absent, f.granted) = (true, false)), Ok(true));
        assert_eq!(code(&|f| (f.is_full, f.granted) = (true, false)), Err("ROOM_FULL"));
        assert_eq!(code(&|f| f.granted = false), Err("INTERNAL"));
    }
}
