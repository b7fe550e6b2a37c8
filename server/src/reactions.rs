//! What follows from something in one slice for others, so that slices need not know each other.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{OrganizationId, UserId},
    jobs::Job,
};

use crate::participants;

/// Somebody is no member any more, for good or for a while: whoever follows a meeting of theirs learns it, and they have
/// to leave its room. Gives the jobs that the caller does after its commit.
///
/// # Errors
/// When the database is away.
pub async fn membership_ends(
    tx: &mut Tx,
    org: OrganizationId,
    user: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Job>> {
    participants::lose_member(tx, org, user, now).await
}
