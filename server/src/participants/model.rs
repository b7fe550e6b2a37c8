//! What a participant is.

use chrono::{DateTime, Utc};
use kernel::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::policy::{Field, MeetingRole, Membership};

/// Where a participant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "participant_status", rename_all = "snake_case")]
pub enum ParticipantStatus {
    /// Has not answered.
    Invited,
    /// Waits at the door.
    PendingApproval,
    /// Will come.
    Accepted,
    /// Will not come.
    Declined,
    /// Is in the room.
    Joined,
    /// Was in the room.
    Left,
}

/// A participant as everybody in the meeting sees them.
#[expect(clippy::struct_excessive_bools, reason = "the shape is the contract's")]
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Participant {
    /// The person.
    pub user: ParticipantUser,
    /// Role in the meeting.
    pub role: MeetingRole,
    /// Where they stand.
    pub status: ParticipantStatus,
    /// Whether they came by a guest link; then the person's id is the guest's.
    pub is_guest: bool,
    /// Whether they may use microphone and camera.
    pub can_unmute: bool,
    /// Whether they may share their screen.
    pub can_share_screen: bool,
    /// Whether their hand is up.
    pub hand_raised: bool,
    /// Since when it is up.
    pub hand_raised_at: Option<DateTime<Utc>>,
    /// Whether they are in the room now.
    pub online: bool,
    /// When they first came.
    pub first_joined_at: Option<DateTime<Utc>>,
    /// When they last left.
    pub last_left_at: Option<DateTime<Utc>>,
}

impl Participant {
    /// Without what is hidden from `viewer`.
    pub fn seen_by(self, viewer: Membership) -> Self {
        if viewer.hides(Field::ParticipantTimes) { self.without_times() } else { self }
    }

    /// As events tell of it, which are the same for everybody.
    pub fn without_times(self) -> Self {
        Self { first_joined_at: None, last_left_at: None, ..self }
    }

    /// Who they are in the room, in LiveKit's words.
    pub fn identity(&self) -> String {
        let id = self.user.id;
        if self.is_guest { format!("guest:{id}") } else { id.to_string() }
    }
}

/// The person behind a participant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ParticipantUser {
    /// Their id; also their LiveKit identity, except of a guest, who has `guest:<id>`.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their picture.
    pub avatar_url: Option<String>,
}
