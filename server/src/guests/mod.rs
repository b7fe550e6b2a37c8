//! People without an account who enter a meeting by a link.
//!
//! Both the organization and the meeting must allow it. A link is random, kept as a hash, may expire, counts its uses and
//! can be revoked; whoever came by it has then to leave. A guest sees this one meeting and nothing else.

pub mod api;
pub mod entrance;
mod rules;
mod store;

use axum::http::StatusCode;
use kernel::{db::Tx, ids::MeetingId};

use crate::{
    access::guest::Guest,
    http::{Problem, Result},
    meetings::api::not_found,
};

/// Requires that a guest was let into this meeting and may stay.
///
/// # Errors
/// 404 for any other meeting, 403 `NOT_ADMITTED` for whoever waits or was sent away.
pub async fn require(tx: &mut Tx, guest: Guest, meeting: MeetingId) -> Result<()> {
    if guest.meeting_id != meeting {
        return Err(not_found());
    }
    if store::may_stay(tx, guest).await? {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "NOT_ADMITTED", "You are not in this meeting."))
}
