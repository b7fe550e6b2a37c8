//! The token that opens the room.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use kernel::{
    ids::MeetingId,
    livekit::{Identity, PublishSource},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{model::ParticipantRights, store::JoinFacts};
use crate::{
    access::{caller::Caller, policy::MeetingRole},
    app::App,
    http::{Json, Path, Problem, Result},
    livekit::{client::beside, grants::Rights},
    meetings::{
        api::{not_found, refused},
        model::State as MeetingState,
    },
};

/// How to join.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct JoinRequest {
    /// Whether this is a second device, beside the one that the person may be in the room with. Otherwise this
    /// connection takes the place of that one. There is one device beside the first.
    #[serde(default)]
    pub beside: bool,
}

/// Everything that a client needs to enter the room.
#[derive(Debug, Serialize, ToSchema)]
pub struct Admission {
    /// Always `admitted`.
    pub status: &'static str,
    /// Where LiveKit answers, `ws://…` or `wss://…`.
    pub server_url: String,
    /// LiveKit's access token.
    pub token: String,
    /// The room.
    pub room_name: String,
    /// Their identity in the room: the user's id; of a guest `guest:<id>`; of a device beside another, `#beside` after
    /// that.
    pub identity: String,
    /// Until when the token opens the room; a connection that stands outlives it.
    pub expires_at: DateTime<Utc>,
    /// What it allows.
    pub permissions: Permissions,
}

/// What a token allows.
#[derive(Debug, Serialize, ToSchema)]
pub struct Permissions {
    /// What may be published.
    pub can_publish_sources: Vec<PublishSource>,
    /// Whether others are heard and seen.
    pub can_subscribe: bool,
    /// Whether data packets may be sent.
    pub can_publish_data: bool,
    /// Whether the person moderates, by calls to this API.
    pub can_moderate: bool,
}

/// The way into a room elsewhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct SentElsewhere {
    /// Always `admitted`.
    pub status: &'static str,
    /// Whose room it is.
    pub provider: String,
    /// Where it is; who may be in it is that provider's to say.
    pub join_url: String,
}

/// The answer to whoever may enter.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Entrance {
    /// A room of ours.
    Here(Box<Admission>),
    /// Another provider's.
    Elsewhere(SentElsewhere),
}

/// The answer to whoever has to wait. They ask again until they are let in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pending {
    /// Always `pending_approval`.
    pub status: &'static str,
    /// What for.
    #[serde(flatten)]
    pub waiting: Waiting,
}

/// What somebody waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Waiting {
    /// `host` for whoever waits until the host or a co-host is there; left out for whoever has to be let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub waiting_for: Option<WaitingFor>,
    /// What the host says to those who wait; left out when that is nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub message: String,
}

/// For whom somebody waits who need not be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitingFor {
    /// The host or a co-host.
    Host,
}

/// How somebody finds the door; the same for members and guests.
#[derive(Debug, Clone, Copy)]
pub struct AtTheDoor<'a> {
    /// Whether they have to be let in.
    pub must_wait: bool,
    /// Whether it is locked for them.
    pub locked: bool,
    /// Whether they wait for the host, who is not there.
    pub host_absent: bool,
    /// What is said to those who wait.
    pub message: &'a str,
}

impl AtTheDoor<'_> {
    /// What they wait for; `None` when they may pass.
    ///
    /// # Errors
    /// 409 `ROOM_LOCKED`.
    pub fn pass(self) -> Result<Option<Waiting>> {
        let wait = |waiting_for| Some(Waiting { waiting_for, message: self.message.to_owned() });
        if self.must_wait {
            return Ok(wait(None));
        }
        if self.locked {
            return Err(Problem::conflict("ROOM_LOCKED", "The room is locked. Nobody comes in any more."));
        }
        Ok(if self.host_absent { wait(Some(WaitingFor::Host)) } else { None })
    }
}

/// What a request to join comes to.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Admit(MeetingRole, Rights),
    Wait(Waiting),
}

/// Asks to join: a LiveKit token for whoever may enter now, or the address of the room elsewhere; 202 for whoever waits
/// until a host lets them in.
#[utoipa::path(post, path = "/meetings/{id}/join", tag = "participants", params(("id" = MeetingId, Path)),
    request_body = JoinRequest,
    responses((status = 200, body = Entrance), (status = 202, body = Pending), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn join(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Json(body): Json<JoinRequest>,
) -> Result<Response> {
    let now = app.clock.now();
    let ttl = app.config.tokens.join_token_ttl;
    let facts = app.joining.ask(caller.user_id, id, now).await?.ok_or_else(not_found)?;
    let (role, rights) = match decide(&facts, now)? {
        Decision::Wait(waiting) => {
            let pending = Pending { status: "pending_approval", waiting };
            return Ok((StatusCode::ACCEPTED, Json(pending)).into_response());
        }
        Decision::Admit(role, rights) => (role, rights),
    };
    if let Some(join_url) = facts.external_url {
        let elsewhere = SentElsewhere { status: "admitted", provider: facts.provider, join_url };
        return Ok(Json(Entrance::Elsewhere(elsewhere)).into_response());
    }
    let metadata = serde_json::json!({
        "user_id": caller.user_id,
        "meeting_id": id,
        "organization_id": facts.organization_id,
        "avatar_url": facts.avatar_url,
    });
    let identity = caller.user_id.to_string();
    let identity = if body.beside { beside(&identity) } else { identity };
    let who = Identity { identity: &identity, name: &facts.name, metadata: &metadata.to_string() };
    let life = chrono::Duration::from_std(ttl).map_err(Problem::internal)?;
    let token =
        app.livekit.keys().sign(who, rights.grant(&facts.room_name), now, life).map_err(Problem::internal)?;
    let admission = Admission {
        status: "admitted",
        server_url: app.config.livekit_public_url(),
        token,
        room_name: facts.room_name,
        identity,
        expires_at: now + life,
        permissions: Permissions {
            can_publish_sources: rights.sources,
            can_subscribe: true,
            can_publish_data: rights.data,
            can_moderate: role.moderates(),
        },
    };
    Ok(Json(Entrance::Here(Box::new(admission))).into_response())
}

/// Decides from what was found; the database has come to the same result where it granted.
fn decide(facts: &JoinFacts, now: DateTime<Utc>) -> Result<Decision> {
    let refuse = |code, detail: &str| Problem::new(StatusCode::FORBIDDEN, code, detail);
    let role = facts.role.ok_or_else(|| refuse("NOT_INVITED", "You are not invited to this meeting."))?;
    if facts.banned == Some(true) {
        return Err(refuse("BANNED", "You were removed from this meeting."));
    }
    let state = MeetingState::from_columns(
        facts.status,
        facts.actual_start.unwrap_or(now),
        facts.actual_start,
        facts.actual_end,
        facts.ended_by,
        None,
    );
    state.enterable(facts.scheduled_end, now).map_err(refused)?;
    if facts.denied == Some(true) {
        return Err(refuse("DENIED", "The host has not let you in."));
    }
    let door = AtTheDoor {
        must_wait: facts.must_wait == Some(true),
        locked: facts.locked == Some(true),
        host_absent: facts.host_absent == Some(true),
        message: &facts.lobby_message,
    };
    if let Some(waiting) = door.pass()? {
        return Ok(Decision::Wait(waiting));
    }
    if facts.is_full == Some(true) {
        return Err(Problem::conflict("ROOM_FULL", "The room is full."));
    }
    if facts.granted != Some(true) {
        return Err(Problem::internal("the database refused a join that the rules allow"));
    }
    let may = |right: Option<bool>| right == Some(true);
    let rights = ParticipantRights {
        can_unmute: may(facts.can_unmute),
        can_use_camera: may(facts.can_use_camera),
        can_share_screen: may(facts.can_share_screen),
        ..ParticipantRights::ALL
    };
    let rights = Rights::of(facts.meeting_type, rights).recorded_strictly(facts.record_strict);
    Ok(Decision::Admit(role, rights))
}

#[cfg(test)]
mod tests {
    use kernel::ids::OrganizationId;

    use super::*;
    use crate::meetings::model::{MeetingStatus, MeetingType};

    fn facts(now: DateTime<Utc>) -> JoinFacts {
        JoinFacts {
            number: 1,
            organization_id: OrganizationId::new(now),
            status: MeetingStatus::Scheduled,
            ended_by: None,
            actual_start: None,
            actual_end: None,
            scheduled_end: None,
            meeting_type: MeetingType::Audio,
            room_name: "room".into(),
            name: "A".into(),
            avatar_url: None,
            role: Some(MeetingRole::Participant),
            can_unmute: Some(true),
            can_use_camera: Some(true),
            can_share_screen: Some(true),
            must_wait: Some(false),
            denied: Some(false),
            banned: Some(false),
            is_full: Some(false),
            granted: Some(true),
            record_strict: false,
            locked: Some(false),
            host_absent: Some(false),
            lobby_message: "Soon".into(),
            provider: "livekit".into(),
            external_url: None,
        }
    }

    #[test]
    fn each_refusal_has_its_code_and_the_door_comes_before_the_seat() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let code = |change: &dyn Fn(&mut JoinFacts)| {
            let mut facts = facts(now);
            change(&mut facts);
            decide(&facts, now).map_err(|problem| problem.code)
        };
        let audio = Rights::of(MeetingType::Audio, ParticipantRights::ALL);
        assert_eq!(code(&|_| ()), Ok(Decision::Admit(MeetingRole::Participant, audio)));
        assert_eq!(code(&|f| f.role = None), Err("NOT_INVITED"));
        assert_eq!(code(&|f| f.banned = Some(true)), Err("BANNED"));
        assert_eq!(code(&|f| f.denied = Some(true)), Err("DENIED"));
        assert_eq!(code(&|f| f.status = MeetingStatus::Cancelled), Err("MEETING_CANCELLED"));
        assert_eq!(code(&|f| f.status = MeetingStatus::Completed), Err("MEETING_ENDED"));
        assert_eq!(code(&|f| (f.is_full, f.granted) = (Some(true), Some(false))), Err("ROOM_FULL"));
        let wait = |waiting_for| Ok(Decision::Wait(Waiting { waiting_for, message: "Soon".into() }));
        assert_eq!(code(&|f| (f.must_wait, f.is_full) = (Some(true), Some(true))), wait(None));
        assert_eq!(code(&|f| (f.must_wait, f.locked) = (Some(true), Some(true))), wait(None));
        assert_eq!(code(&|f| (f.locked, f.host_absent) = (Some(true), Some(true))), Err("ROOM_LOCKED"));
        assert_eq!(code(&|f| f.host_absent = Some(true)), wait(Some(WaitingFor::Host)));
    }
}
