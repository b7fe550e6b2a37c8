//! What corrections are made of.

use chrono::{DateTime, Utc};
use kernel::ids::{CorrectionId, GuestId, SpanId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::attendance::report::{AttendeeUser, SpanTimes};

/// What a correction says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionKind {
    /// Somebody was there at other times than was recorded.
    Times,
    /// Somebody was there whom nothing had seen.
    Added,
    /// Somebody was not there.
    Struck,
    /// A guest was this member.
    GuestIsMember,
    /// A guest was none of the members after all.
    GuestIsGuest,
}

/// Someone who came by a guest link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CorrectedGuest {
    /// Which.
    pub id: GuestId,
    /// The name they gave.
    pub name: String,
}

/// A correction of the record of attendance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Correction {
    /// Its id.
    pub id: CorrectionId,
    /// What it says.
    pub kind: CorrectionKind,
    /// The presence that it is about; `null` when it says who a guest is.
    pub span_id: Option<SpanId>,
    /// The guest whose presence it is about.
    pub guest: Option<CorrectedGuest>,
    /// The member whose presence it is about, or who the guest was.
    pub user: Option<AttendeeUser>,
    /// From when somebody was there.
    pub joined_at: Option<DateTime<Utc>>,
    /// Until when.
    pub left_at: Option<DateTime<Utc>>,
    /// What stood there before; `null` when that was nothing.
    pub former: Option<SpanTimes>,
    /// Why.
    pub reason: String,
    /// Who says so; `null` when their account was erased.
    pub author: Option<AttendeeUser>,
    /// When they said so.
    pub at: DateTime<Utc>,
    /// Its place among all.
    #[serde(skip)]
    #[schema(ignore)]
    pub number: i64,
}

/// A new correction: of a span, or of a member whose presence nobody saw.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub struct NewCorrection {
    /// The span that is corrected.
    pub span_id: Option<SpanId>,
    /// The member who was there without being seen.
    pub user_id: Option<UserId>,
    /// From when they were there.
    pub joined_at: Option<DateTime<Utc>>,
    /// Until when.
    pub left_at: Option<DateTime<Utc>>,
    /// That nobody was there: strikes the span.
    #[serde(default)]
    pub void: bool,
    /// Why, 1 to 500 characters.
    #[serde(default)]
    pub reason: String,
}

/// Which member a guest was.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct GuestMember {
    /// The member.
    pub user_id: UserId,
    /// Why that is known, 1 to 500 characters.
    #[serde(default)]
    pub reason: String,
}
