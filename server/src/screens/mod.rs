//! Shared screens: who showed one, from when to when, as LiveKit saw it.
//!
//! One row per track. Webhooks open and close it in whatever order they come; the end of its connection ends it; and each
//! comparison with LiveKit, whose list of participants carries their tracks, repairs what was missed. It stands in the
//! story of the meeting.

mod store;

use chrono::{DateTime, Utc};
use kernel::db::Tx;

use crate::meetings::model::Meeting;

/// A track that is a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// LiveKit's name of it: a new one each time that somebody shares.
    pub track_sid: String,
    /// LiveKit's identity of who shares it.
    pub identity: String,
    /// LiveKit's name of their connection.
    pub participant_sid: String,
}

/// LiveKit told that a screen is shared since `at`.
///
/// # Errors
/// When the database is away.
pub async fn shared(tx: &mut Tx, meeting: &Meeting, screen: &Screen, at: DateTime<Utc>) -> sqlx::Result<()> {
    store::open(tx, meeting, screen, at).await
}

/// LiveKit told that a screen is not shared any more since `at`.
///
/// # Errors
/// When the database is away.
pub async fn unshared(
    tx: &mut Tx,
    meeting: &Meeting,
    screen: &Screen,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    store::close(tx, meeting, screen, at).await
}

/// Compares with what LiveKit listed at `asked_at`: opens what no webhook told of, and closes what was missed twice
/// where it was last seen. Connections have to be compared before.
///
/// # Errors
/// When the database is away.
pub async fn compare(
    tx: &mut Tx,
    meeting: &Meeting,
    listed: &[Screen],
    asked_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    store::compare(tx, meeting, listed, asked_at).await
}
