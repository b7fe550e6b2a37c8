//! What everybody in a room sees alike, and who leads it: whom the hosts put in front, what participants may do, the
//! handing over of the meeting, and who leads while the host is away.

pub mod api;
mod rules;
mod store;

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, UserId},
    jobs::Job,
};

use crate::{
    meetings::model::{Meeting, State},
    participants,
};
use rules::Change;

/// Looks who leads a meeting that is under way: a co-host, else an officer, who is in the room stands in for a host who
/// dropped out, until they are back. Gives the job that the caller does after its commit.
///
/// # Errors
/// When the database is away.
pub async fn look_who_leads(
    tx: &mut Tx,
    meeting: &Meeting,
    state: &State,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Job>> {
    let State::InProgress { started_at } = state else { return Ok(None) };
    let lead = store::lead(tx, meeting.id, *started_at).await?;
    let acting = lead.acting;
    let next = match rules::next(&lead, now) {
        Change::Keep => return Ok(None),
        Change::End => None,
        Change::Begin(user) => Some(user),
    };
    tracing::info!(meeting = %meeting.id, ?acting, ?next, "somebody else leads the meeting");
    let people: Vec<UserId> = acting.into_iter().chain(next).collect();
    store::set_acting(tx, meeting.id, next).await?;
    participants::announce_all(tx, meeting.id, &people).await?;
    announce(tx, meeting.id).await?;
    participants::take_rights(tx, meeting.id, None, now).await
}

async fn announce(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<()> {
    let Some(stage) = store::read(tx, meeting).await? else { return Ok(()) };
    participants::emit(tx, meeting, "stage.changed", &serde_json::json!(stage)).await
}
