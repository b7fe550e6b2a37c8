//! Excused absence: that somebody on the list is excused from a meeting, why, and who said so.

pub mod api;
mod store;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::report::AttendeeUser;

/// Why somebody need not be at a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Excuse {
    /// In the words of whoever wrote it down.
    pub reason: String,
    /// Who wrote it down; `null` when that account was erased.
    pub excused_by: Option<AttendeeUser>,
    /// When.
    pub excused_at: DateTime<Utc>,
}
