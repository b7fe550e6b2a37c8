//! What a host does to people in the room. The database says what is allowed; LiveKit is told right after, by jobs that
//! make sure of it.

pub mod api;

use chrono::{DateTime, Utc};
use kernel::{
    db::{self, Tx},
    ids::{MeetingId, UserId},
    jobs::{self, Failure, Job},
};
use serde::{Deserialize, Serialize};

use super::store;
use crate::{
    app::App,
    livekit::{client::devices, grants::Rights},
    meetings,
};

/// The job that gives people in a room the rights that are stored for them.
pub const RIGHTS: &str = "room.rights";

/// Whose rights are to be told to LiveKit.
#[derive(Debug, Serialize, Deserialize)]
pub struct SetRights {
    meeting: MeetingId,
    /// One person, or everybody in the room.
    user: Option<UserId>,
}

/// Writes the job that gives one person, or everybody in the room, the rights that are stored for them; the caller
/// does it after its commit.
///
/// # Errors
/// When the database is away.
pub async fn take_rights(
    tx: &mut Tx,
    meeting: MeetingId,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Job>> {
    jobs::take(tx, RIGHTS, SetRights { meeting, user }, now).await
}

/// Gives people in the room the rights that are stored for them now, whatever they were when the job was written.
///
/// # Errors
/// When the database or LiveKit is away.
pub async fn set_rights(app: &App, SetRights { meeting: id, user }: SetRights) -> Result<(), Failure> {
    let mut tx = db::begin(&app.pool, db::Actor::System).await?;
    let meeting = meetings::store::lock(&mut tx, id).await?;
    let people = match user {
        Some(user) => store::some(&mut tx, id, &[user]).await?,
        None => store::online(&mut tx, id).await?,
    };
    tx.commit().await?;
    let Some(meeting) = meeting else { return Ok(()) };
    for person in people {
        let rights = Rights::of(meeting.meeting_type, person.rights).recorded_strictly(meeting.record_strict);
        for identity in devices(&person.identity()) {
            app.livekit.set_rights(&meeting.room_name, &identity, &rights).await?;
        }
    }
    Ok(())
}
