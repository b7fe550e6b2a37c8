//! What has to be told to LiveKit once a transaction lasts.

use chrono::{DateTime, Utc};
use kernel::{
    db::{self, Tx},
    jobs::{self, Failure, Job},
};
use serde::{Deserialize, Serialize};

use super::client::devices;
use crate::{app::App, attendance, meetings};

/// The job that closes the room of a meeting that is over.
pub const CLOSE: &str = "room.close";
/// The job that throws someone out of a room.
pub const REMOVE: &str = "room.remove";

/// Calls to a room that follow a commit. They are jobs, taken at once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Afterwards {
    /// Close the room.
    pub close: bool,
    /// Throw these identities out.
    pub remove: Vec<String>,
}

/// Which room to close.
#[derive(Debug, Serialize, Deserialize)]
pub struct Close {
    room: String,
}

/// Whom to throw out.
#[derive(Debug, Serialize, Deserialize)]
pub struct Remove {
    room: String,
    identity: String,
    /// When that was decided: whoever was let in again later stays.
    at: DateTime<Utc>,
}

impl Afterwards {
    /// Closes the room.
    pub fn closing() -> Self {
        Self { close: true, remove: Vec::new() }
    }

    /// Throws one person out, with all devices.
    pub fn removing(identity: &str) -> Self {
        Self::disconnecting(devices(identity).into())
    }

    /// Ends the connections of these identities.
    pub fn disconnecting(identities: Vec<String>) -> Self {
        Self { close: false, remove: identities }
    }

    /// Writes the calls as jobs that the caller does after its commit.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn take(self, tx: &mut Tx, room: &str, now: DateTime<Utc>) -> sqlx::Result<Vec<Job>> {
        if self.close {
            let close = jobs::take(tx, CLOSE, Close { room: room.to_owned() }, now).await?;
            return Ok(close.into_iter().collect());
        }
        let mut taken = Vec::with_capacity(self.remove.len());
        for identity in self.remove {
            let payload = Remove { room: room.to_owned(), identity, at: now };
            taken.extend(jobs::take(tx, REMOVE, payload, now).await?);
        }
        Ok(taken)
    }
}

/// Closes a room, unless its meeting goes on again.
///
/// # Errors
/// When the database or LiveKit is away.
pub async fn close(app: &App, Close { room }: Close) -> Result<(), Failure> {
    let mut tx = db::begin(&app.pool, db::Actor::System).await?;
    let meeting = meetings::store::lock_by_room(&mut tx, &room).await?;
    tx.commit().await?;
    if meeting.is_some_and(|meeting| meeting.state.open().is_ok()) {
        return Ok(());
    }
    tracing::info!(room, "closing the room of a meeting that is over");
    Ok(app.livekit.close(&room).await?)
}

/// Throws someone out, unless they were let in again meanwhile.
///
/// # Errors
/// When the database or LiveKit is away.
pub async fn remove(app: &App, Remove { room, identity, at }: Remove) -> Result<(), Failure> {
    let mut tx = db::begin(&app.pool, db::Actor::System).await?;
    let stays = match meetings::store::lock_by_room(&mut tx, &room).await? {
        Some(meeting) => attendance::was_let_in_again(&mut tx, &meeting, &identity, at).await?,
        None => false,
    };
    tx.commit().await?;
    if stays {
        return Ok(());
    }
    tracing::info!(room, identity, "throwing out someone who may not be here");
    Ok(app.livekit.remove(&room, &identity).await?)
}
