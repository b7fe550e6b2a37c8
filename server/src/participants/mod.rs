//! Who takes part in a meeting: invitations, answers, the door, rights, and the tokens that open the room.

pub mod api;
pub mod join;
pub mod model;
mod moderation;
mod store;

pub use moderation::{RIGHTS, api as moderation_api, set_rights, take_rights};
pub use store::add_first;

use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, UserId},
};

use crate::{
    http::{Problem, Result, error::FieldError},
    orgs,
};

/// Tells the room and the pages of a meeting how a participant is now.
///
/// # Errors
/// When the database refuses or is away.
pub async fn announce(tx: &mut Tx, meeting: MeetingId, user: UserId) -> sqlx::Result<()> {
    if let Some(participant) = store::find(tx, meeting, user).await? {
        store::emit(tx, meeting, "participant.updated", &serde_json::json!(participant)).await?;
    }
    Ok(())
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
    let strangers: Vec<FieldError> = users
        .iter()
        .enumerate()
        .filter(|(_, user)| !members.contains(user))
        .map(|(index, _)| FieldError {
            pointer: format!("{pointer}/{index}"),
            code: "NOT_A_MEMBER",
            detail: "This person is no active member of the organization.".to_owned(),
        })
        .collect();
    if strangers.is_empty() {
        return Ok(());
    }
    Err(Problem {
        code: "NOT_A_MEMBER",
        kind: "urn:baraza:problem:not_a_member".into(),
        ..Problem::invalid(strangers)
    })
}
