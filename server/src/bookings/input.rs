//! What somebody asks to be booked, and whether it can be.

use axum::http::StatusCode;
use chrono::{DateTime, Duration, Utc};
use kernel::ids::{ContactGroupId, ResourceId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::model::BookingType;
use crate::{
    accounts::is_email,
    conflicts::model::Slot,
    http::{Checks, Problem, Result, extract::given},
};

/// Most rooms and devices of one booking.
const MOST_RESOURCES: usize = 20;
/// Most addresses and groups that one call names, and most people whom they may come to.
pub const MOST_NAMED: usize = 1000;
/// How long ago a booking may begin: the clocks of forms run behind.
const LATE: Duration = Duration::minutes(5);
/// Longest booking, and how far ahead it may begin.
const LONGEST: Duration = Duration::days(31);
const FURTHEST: Duration = Duration::days(5 * 366);

/// A new booking.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBooking {
    /// `custom` is organized by somebody; `room` takes a room, which says where it is.
    pub booking_type: BookingType,
    /// What it is for, 1 to 255 characters.
    pub title: String,
    /// What is to be known, at most 10,000 characters.
    #[serde(default)]
    pub notes: String,
    /// From when: now or later, at most five years ahead.
    pub starts_at: DateTime<Utc>,
    /// Until when: after the start, at most 31 days later.
    pub ends_at: DateTime<Utc>,
    /// Rooms and devices to take, all or none; at most 20. A booking of a room needs one.
    #[serde(default)]
    pub resource_ids: Vec<ResourceId>,
    /// Addresses of those who are asked to come.
    #[serde(default)]
    pub attendees: Vec<String>,
    /// Groups of contacts who are asked to come.
    #[serde(default)]
    pub contact_group_ids: Vec<ContactGroupId>,
    /// Address of the member who organizes it; the caller's when absent. A room has no organizer.
    #[serde(default)]
    pub organizer_email: Option<String>,
    /// Where, at most 500 characters; the room's when absent.
    #[serde(default)]
    pub location: Option<String>,
    /// Whether an online room is made for it, to which its members are invited. Needs `meetings.schedule`.
    #[serde(default)]
    pub with_online_room: bool,
}

/// What changes a booking; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookingChange {
    /// What it is for.
    #[serde(default)]
    pub title: Option<String>,
    /// What is to be known.
    #[serde(default)]
    pub notes: Option<String>,
    /// From when.
    #[serde(default)]
    pub starts_at: Option<DateTime<Utc>>,
    /// Until when.
    #[serde(default)]
    pub ends_at: Option<DateTime<Utc>>,
    /// All rooms and devices to take.
    #[serde(default)]
    pub resource_ids: Option<Vec<ResourceId>>,
    /// Addresses of all who are asked to come.
    #[serde(default)]
    pub attendees: Option<Vec<String>>,
    /// Groups of contacts who are asked to come besides.
    #[serde(default)]
    pub contact_group_ids: Vec<ContactGroupId>,
    /// Address of the member who organizes it.
    #[serde(default)]
    pub organizer_email: Option<String>,
    /// Where; `null` for where the room is.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub location: Option<Option<String>>,
}

/// Checks what both have in common; an error names the field.
pub(super) struct Texts<'a> {
    pub kind: BookingType,
    pub title: &'a str,
    pub notes: &'a str,
    pub location: Option<&'a str>,
    pub resources: &'a [ResourceId],
    pub attendees: &'a [String],
    pub groups: &'a [ContactGroupId],
    pub organizer: Option<&'a str>,
}

impl Texts<'_> {
    /// Says what is wrong.
    ///
    /// # Errors
    /// 422 with a pointer to each field that does not fit.
    pub fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        checks.text(self.title, "/title", 1..=255);
        checks.text(self.notes, "/notes", 0..=10_000);
        checks.text(self.location.unwrap_or_default(), "/location", 0..=500);
        let few = self.resources.len() <= MOST_RESOURCES;
        checks.require(few, "/resource_ids", "TOO_LONG", "A booking takes at most 20 rooms and devices.");
        for (count, pointer) in
            [(self.attendees.len(), "/attendees"), (self.groups.len(), "/contact_group_ids")]
        {
            checks.require(count <= MOST_NAMED, pointer, "TOO_LONG", "These are too many for one call.");
        }
        for (index, email) in self.attendees.iter().enumerate().take(MOST_NAMED) {
            let pointer = format!("/attendees/{index}");
            checks.require(
                is_email(email.trim()),
                &pointer,
                "INVALID_EMAIL",
                "This is not an e-mail address.",
            );
        }
        if self.kind == BookingType::Room {
            let detail = "Whoever books a room says which.";
            checks.require(!self.resources.is_empty(), "/resource_ids", "REQUIRED", detail);
            let detail = "The room organizes it.";
            checks.require(self.organizer.is_none(), "/organizer_email", "NOT_ALLOWED", detail);
        }
        checks.done()
    }
}

/// Requires that a time can be booked at all.
///
/// # Errors
/// 422 `INVALID_SLOT`.
pub fn check_slot(slot: Slot, now: DateTime<Utc>) -> Result<()> {
    let Slot { starts_at, ends_at } = slot;
    let wrong = match () {
        () if ends_at <= starts_at => "The end must be after the start.",
        () if ends_at - starts_at > LONGEST => "A booking lasts at most 31 days.",
        () if starts_at < now - LATE => "That time has passed.",
        () if starts_at > now + FURTHEST => "That is more than five years ahead.",
        () => return Ok(()),
    };
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_SLOT", wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_booked_has_a_length_and_lies_ahead() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let code = |from: Duration, lasts: Duration| {
            check_slot(Slot { starts_at: now + from, ends_at: now + from + lasts }, now)
                .err()
                .map(|it| it.code)
        };
        let (hour, bad) = (Duration::hours(1), Some("INVALID_SLOT"));
        assert_eq!(code(Duration::zero(), hour), None);
        assert_eq!(code(Duration::minutes(-5), hour), None);
        assert_eq!(code(hour, LONGEST), None);
        for (from, lasts) in [
            (hour, Duration::zero()),
            (hour, -hour),
            (Duration::minutes(-6), hour),
            (hour, LONGEST + Duration::seconds(1)),
            (FURTHEST + hour, hour),
        ] {
            assert_eq!(code(from, lasts), bad, "{from} {lasts}");
        }
    }
}
