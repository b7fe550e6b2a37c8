//! Recordings: who may have one made, who may see it, and its way out of the vault.
//!
//! This slice only writes the wish (a row, a stop); an egress handler does the recording and moves the status. Who
//! sees a recording is decided by row-level security, so a list, a page and a download can never differ.

pub mod api;
pub mod download;
mod erase;
mod rules;
mod store;

use kernel::{
    db::Tx,
    ids::{MeetingId, RecordingId},
};

pub use erase::erase_deleted;

use crate::app::App;

/// Asks for a recording when a meeting that wants one by itself has begun; one that runs already is enough.
///
/// # Errors
/// When the database refuses or is away.
pub async fn auto_start(app: &App, tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<()> {
    let id = RecordingId::new(app.clock.now());
    if store::request_automatically(tx, id, meeting, rules::engine_name(app.config.recorder.engine)).await? {
        store::announce(tx, id).await?;
        store::wake(tx, id).await?;
    }
    Ok(())
}
