//! What is in the way of what.

use chrono::{DateTime, Utc};
use kernel::ids::ResourceId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A stretch of time, its end outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// From here on.
    pub starts_at: DateTime<Utc>,
    /// Up to here.
    pub ends_at: DateTime<Utc>,
}

impl Slot {
    /// Whether both have a moment in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.starts_at < other.ends_at && other.starts_at < self.ends_at
    }
}

/// What is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// Somebody's booking.
    Booking,
}

/// Something in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Conflict {
    /// What it is.
    pub kind: ConflictKind,
    /// Its id: the booking's.
    pub id: Uuid,
    /// The room or device that it takes.
    pub resource_id: Option<ResourceId>,
    /// From when.
    pub starts_at: DateTime<Utc>,
    /// Until when.
    pub ends_at: DateTime<Utc>,
}

impl Conflict {
    /// When it is in the way.
    pub fn slot(&self) -> Slot {
        Slot { starts_at: self.starts_at, ends_at: self.ends_at }
    }
}

/// What could be taken instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Alternative {
    /// From when.
    pub starts_at: DateTime<Utc>,
    /// Until when.
    pub ends_at: DateTime<Utc>,
    /// The rooms and devices that are free then.
    pub resource_ids: Vec<ResourceId>,
}

impl Alternative {
    /// These resources at this time.
    pub fn new(slot: Slot, resource_ids: Vec<ResourceId>) -> Self {
        Self { starts_at: slot.starts_at, ends_at: slot.ends_at, resource_ids }
    }
}

/// What is in the way of a time, and what could be taken instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// What is in the way, in the order of time.
    pub conflicts: Vec<Conflict>,
    /// Others of the same kind at that time first, then the nearest times; there may be none.
    pub alternatives: Vec<Alternative>,
}
