//! What a booking is.

use chrono::{DateTime, Utc};
use kernel::ids::{BookingId, MeetingId, OrganizationId, ResourceId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{contacts::api::Attendee, resources::model::ResourceType};

/// Two kinds of bookings (BKG-04).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "booking_type", rename_all = "snake_case")]
pub enum BookingType {
    /// Somebody organizes it, and asks people to come.
    Custom,
    /// A room is taken; where it is follows from the room.
    Room,
}

/// A room or device that is taken, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResourceBrief {
    /// Its id.
    pub id: ResourceId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub location: String,
}

/// A booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Booking {
    /// Its id.
    pub id: BookingId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Its online room.
    pub meeting_id: Option<MeetingId>,
    /// What kind it is.
    pub booking_type: BookingType,
    /// What it is for.
    pub title: String,
    /// What is to be known.
    pub notes: String,
    /// From when.
    pub starts_at: DateTime<Utc>,
    /// Until when.
    pub ends_at: DateTime<Utc>,
    /// Where.
    pub location: String,
    /// Who organizes it; `null` when that is the room.
    pub organizer_email: Option<String>,
    /// What is taken, by name.
    pub resources: Vec<ResourceBrief>,
    /// The ids of what is taken, in the same order.
    pub resource_ids: Vec<ResourceId>,
    /// Who is asked to come, by name.
    pub attendees: Vec<Attendee>,
    /// Who booked.
    pub created_by: Option<UserId>,
    /// When it was booked.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}
