//! Who takes part in a meeting: invitations, answers, the door, rights, and the tokens that open the room.

pub mod api;
pub mod join;
pub mod joining;
pub mod model;
mod moderation;
mod store;

pub use moderation::{RIGHTS, api as moderation_api, set_rights, take_rights};
pub use store::{add_first, emit, find, first_of, invite_as_before, some, tell_quorum};

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, UserId},
    jobs::Job,
};

use model::Participant;
use uuid::Uuid;

use crate::{
    http::{Problem, Result, error::FieldError},
    livekit::afterwards::Afterwards,
    orgs,
};

/// Tells the room and the pages of a meeting how a participant is now; `None` when there is no such participant.
///
/// # Errors
/// When the database refuses or is away.
pub async fn announce(tx: &mut Tx, meeting: MeetingId, user: UserId) -> sqlx::Result<Option<Participant>> {
    let found = store::find(tx, meeting, user).await?;
    if let Some(participant) = &found {
        store::emit_updated(tx, meeting, participant).await?;
    }
    Ok(found)
}

/// The same for many at once.
///
/// # Errors
/// When the database refuses or is away.
pub async fn announce_all(tx: &mut Tx, meeting: MeetingId, users: &[UserId]) -> sqlx::Result<()> {
    let found = store::some(tx, meeting, users).await?;
    store::emit_all_updated(tx, meeting, found).await
}

/// Somebody is no member of the organization any more: tells the meetings that are under way, which ends their streams
/// of events, and throws them out of the rooms by the jobs that the caller does after its commit.
///
/// # Errors
/// When the database refuses or is away.
pub async fn lose_member(
    tx: &mut Tx,
    org: OrganizationId,
    user: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Job>> {
    let mut taken = Vec::new();
    for room in store::rooms_of(tx, org, user).await? {
        store::emit(tx, room.meeting, "participant.removed", &serde_json::json!({"user_id": user})).await?;
        taken.extend(Afterwards::removing(&user.to_string()).take(tx, &room.name, now).await?);
    }
    Ok(taken)
}

/// Requires that all these people are active members of the organization.
///
/// # Errors
/// 422 `NOT_A_MEMBER` with a pointer to each who is not.
pub async fn require_members(
    tx: &mut Tx,
    org: OrganizationId,
    users: &[UserId],
    pointer: &str,
) -> Result<()> {
    let members = orgs::active_members(tx, org, users).await?;
    let strangers = users.iter().enumerate().filter(|(_, user)| !members.contains(user));
    refuse_strangers(strangers.map(|(index, _)| format!("{pointer}/{index}")).collect())
}

/// As [`require_members`], for one person or none.
///
/// # Errors
/// 422 `NOT_A_MEMBER`.
pub async fn require_member(
    tx: &mut Tx,
    org: OrganizationId,
    user: Option<UserId>,
    pointer: &str,
) -> Result<()> {
    let Some(user) = user else { return Ok(()) };
    let known = !orgs::active_members(tx, org, &[user]).await?.is_empty();
    refuse_strangers(if known { Vec::new() } else { vec![pointer.to_owned()] })
}

fn refuse_strangers(pointers: Vec<String>) -> Result<()> {
    if pointers.is_empty() {
        return Ok(());
    }
    let error = |pointer| FieldError {
        pointer,
        code: "NOT_A_MEMBER",
        detail: "This person is no active member of the organization.".to_owned(),
    };
    Err(Problem {
        code: "NOT_A_MEMBER",
        kind: "urn:baraza:problem:not_a_member".into(),
        ..Problem::invalid(pointers.into_iter().map(error).collect())
    })
}

/// Requires that all these people, members or guests, are in the meeting.
///
/// # Errors
/// 422 `NOT_A_PARTICIPANT` with a pointer to each whom `is_there` does not know.
pub fn require_there(people: &[Uuid], pointer: &str, is_there: impl Fn(&Uuid) -> bool) -> Result<()> {
    let faults: Vec<FieldError> = people
        .iter()
        .enumerate()
        .filter(|(_, id)| !is_there(id))
        .map(|(index, _)| FieldError {
            pointer: format!("{pointer}/{index}"),
            code: "NOT_A_PARTICIPANT",
            detail: "This person is not in the meeting.".to_owned(),
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}
