//! What a room or a device is.

use chrono::{DateTime, Utc};
use kernel::ids::{OrganizationId, ResourceId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest name, in characters.
pub const LONGEST_NAME: usize = 120;
/// Longest location, in characters.
pub const LONGEST_LOCATION: usize = 200;
/// Most people that a room may be said to hold.
pub const LARGEST: i32 = 100_000;
/// Most features of one, and the longest, in characters.
pub const FEATURES: (usize, usize) = (50, 60);

/// A room, or something to take along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "resource_type", rename_all = "snake_case")]
pub enum ResourceType {
    /// A room.
    Room,
    /// A projector, a car and the like.
    Device,
}

/// A room or device that can be booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub location: String,
    /// How many people it holds; `null` when that is not known.
    pub capacity: Option<i32>,
    /// What it has: "projector", "wheelchair access".
    pub features: Vec<String>,
    /// Whether it can be booked.
    pub is_enabled: bool,
    /// Since when it is known.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}
