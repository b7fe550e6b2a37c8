//! Typed ids: a meeting's id does not fit where a user's is wanted. All are UUIDv7 (RFC 9562), so they sort by
//! the time of their making, which keeps index pages warm and makes keyset lists possible.

use chrono::{DateTime, Utc};
use uuid::{NoContext, Timestamp, Uuid};

/// A new UUIDv7 whose time part is `now`.
pub fn uuid_at(now: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos()))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize, sqlx::Type, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        #[schema(value_type = Uuid)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id made at `now`.
            pub fn new(now: DateTime<Utc>) -> Self {
                Self(uuid_at(now))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self(text.parse()?))
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

ids! {
    /// An organization: the one unit of tenancy.
    OrganizationId,
    /// A person's account; also their LiveKit identity.
    UserId,
    /// A sign-in of a person on a device; its refresh tokens form one family.
    SessionId,
    /// An API key of a service.
    ApiKeyId,
    /// A device token of a room tablet.
    DeviceTokenId,
    /// Who a person is at a sign-in provider.
    IdentityId,
    /// An invitation to an organization.
    InvitationId,
    /// A meeting.
    MeetingId,
    /// A chat message, reaction, raised hand or poll.
    MessageId,
    /// One presence of one connection in a meeting.
    SpanId,
    /// A correction of the record of attendance; of a presence that nobody saw also the span.
    CorrectionId,
    /// A recording.
    RecordingId,
    /// Somebody whom an organization knows and who has no account.
    ContactId,
    /// A group of contacts.
    ContactGroupId,
    /// A link by which people without an account enter a meeting.
    GuestLinkId,
    /// Somebody who came by such a link; their LiveKit identity is `guest:<id>`.
    GuestId,
    /// A link by which people without an account watch a recording.
    ShareLinkId,
    /// What somebody answered to the notice that they are being recorded.
    RecordingConsentId,
    /// A running egress handler.
    HandlerId,
    /// A row of the audit log.
    AuditId,
    /// A field that an organization adds to its meetings.
    CustomFieldId,
    /// A report that was issued as a file.
    ReportId,
    /// A check of who is in the room.
    PresenceCheckId,
    /// A room or device that can be booked.
    ResourceId,
    /// A booking.
    BookingId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_survive_text() {
        let early = DateTime::from_timestamp_millis(1_800_000_000_000).expect("a valid time");
        let late = DateTime::from_timestamp_millis(1_800_000_000_001).expect("a valid time");
        let (a, b) = (MeetingId::new(early), MeetingId::new(late));
        assert!(a < b);
        assert_eq!(a.0.get_version_num(), 7);
        assert_eq!(a.to_string().parse::<MeetingId>().expect("its own text"), a);
    }
}
