//! Recordings: who may have one made, who may see it, and its way out of the vault.
//!
//! This slice only writes the wish (a row, a stop); an egress handler does the recording and moves the status. Who
//! sees a recording is decided by row-level security, so a list, a page and a download can never differ.

pub mod api;
pub mod chapters;
pub mod consents;
pub mod download;
mod erase;
pub mod imports;
pub mod links;
mod rules;
mod store;
pub mod transcripts;
pub mod views;

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    egress::Told,
    ids::{MeetingId, RecordingId},
};

pub use erase::{delete_outlived, erase_deleted, stop_too_long};

use crate::meetings::model::{Meeting, MeetingStatus, State};

/// Asks for a recording when a meeting that records by itself begins, by moving to the state `to`; one that runs
/// already is enough.
///
/// # Errors
/// When the database refuses or is away.
pub async fn auto_start(tx: &mut Tx, meeting: &Meeting, to: &State, now: DateTime<Utc>) -> sqlx::Result<()> {
    let begins =
        to.status() == MeetingStatus::InProgress && meeting.state.status() != MeetingStatus::InProgress;
    let id = RecordingId::new(now);
    if begins && store::request_automatically(tx, id, meeting.id, now).await? {
        store::announce(tx, id).await?;
        store::wake(tx, id).await?;
    }
    Ok(())
}

/// Takes what the LiveKit Egress service says of the recording that it makes of a meeting, and wakes whoever conducts it. What
/// is already known, or less than is known, changes nothing; nor does an egress that is not ours.
///
/// # Errors
/// When the database refuses or is away.
pub async fn egress_told(tx: &mut Tx, meeting: MeetingId, told: &Told) -> sqlx::Result<()> {
    if let Some(id) = store::egress_told(tx, meeting, told).await? {
        store::wake(tx, id).await?;
    }
    Ok(())
}
