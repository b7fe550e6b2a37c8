//! What follows from something in one slice for others, so that slices need not know each other.

use chrono::{DateTime, Utc};
use kernel::{
    db::{Actor, Tx},
    ids::{MeetingId, OrganizationId, UserId},
    jobs::Job,
};

use crate::{access::Caller, chat::polls, participants, presence_checks};

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

/// A meeting ends for all: what is still being voted on is counted, and nobody is asked any more whether they are there.
///
/// # Errors
/// When the database is away.
pub async fn meeting_ends(
    tx: &mut Tx,
    caller: &Caller,
    meeting: MeetingId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    tx.act_for(Actor::System).await?;
    polls::close_all(tx, meeting, caller.user_id, now).await?;
    presence_checks::close_of(tx, meeting, now).await?;
    tx.act_for(caller.actor()).await
}
