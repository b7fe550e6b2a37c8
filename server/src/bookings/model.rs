//! What a booking is.

use chrono::{DateTime, Utc};
use kernel::ids::{BookingId, ContactId, MeetingId, OrganizationId, ResourceId, UserId};
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

/// Somebody who is asked to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BookingAttendee {
    /// E-mail address; `null` where the caller may not know it.
    pub email: Option<String>,
    /// Name; the address when nobody knows it.
    pub name: String,
    /// The contact, when it is one.
    pub contact_id: Option<ContactId>,
    /// The member, when it is one.
    pub user_id: Option<UserId>,
}

impl From<Attendee> for BookingAttendee {
    fn from(attendee: Attendee) -> Self {
        let Attendee { email, name, contact_id, user_id } = attendee;
        Self { email: Some(email), name, contact_id, user_id }
    }
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
    /// Who organizes it; `null` when that is the room, or where the caller may not know the address.
    pub organizer_email: Option<String>,
    /// What is taken, by name.
    pub resources: Vec<ResourceBrief>,
    /// The ids of what is taken, in the same order.
    pub resource_ids: Vec<ResourceId>,
    /// Who is asked to come, by name.
    pub attendees: Vec<BookingAttendee>,
    /// Who booked.
    pub created_by: Option<UserId>,
    /// When it was booked.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl Booking {
    /// Without the addresses of members other than `viewer`.
    pub fn without_addresses(mut self, viewer: UserId) -> Self {
        self.organizer_email = None;
        for attendee in &mut self.attendees {
            if attendee.user_id.is_some_and(|user| user != viewer) {
                attendee.email = None;
            }
        }
        self
    }
}
