//! Who takes part in a meeting: invitations, answers, the door, rights, and the tokens that open the room.

pub mod api;
pub mod join;
pub mod model;
mod moderation;
mod store;

pub use moderation::{api as moderation_api, push_all_rights};
pub use store::add_first;

use kernel::{db::Tx, ids::OrganizationId, ids::UserId};

use crate::{
    http::{Problem, Result, error::FieldError},
    orgs,
};

/// Requires that all these people are active members of the organization.
///
/// # Errors
/// 422 `NOT_A_MEMBER` with a pointer to each who is not.
pub async fn require_members(tx: &mut Tx, org: OrganizationId, users: &[UserId], pointer: &str) -> Result<()> {
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
    Err(Problem { code: "NOT_A_MEMBER", kind: "urn:baraza:problem:not_a_member".into(), ..Problem::invalid(strangers) })
}
