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

/// What a participant may do in the room, besides seeing and hearing.
#[expect(clippy::struct_excessive_bools, reason = "the shape is the contract's")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ParticipantRights {
    /// Whether they may use the microphone.
    pub can_unmute: bool,
    /// Whether they may use the camera.
    pub can_use_camera: bool,
    /// Whether they may share their screen.
    pub can_share_screen: bool,
    /// Whether they may write in the chat.
    pub can_chat: bool,
    /// Whether they may send reactions.
    pub can_react: bool,
}

impl ParticipantRights {
    /// All of them.
    pub const ALL: Self = Self {
        can_unmute: true,
        can_use_camera: true,
        can_share_screen: true,
        can_chat: true,
        can_react: true,
    };
}

/// What changes about rights; what is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub struct RightsChange {
    /// Whether they may use the microphone, and the camera unless that is said apart.
    #[serde(default)]
    pub can_unmute: Option<bool>,
    /// Whether they may use the camera.
    #[serde(default)]
    pub can_use_camera: Option<bool>,
    /// Whether they may share their screen.
    #[serde(default)]
    pub can_share_screen: Option<bool>,
    /// Whether they may write in the chat.
    #[serde(default)]
    pub can_chat: Option<bool>,
    /// Whether they may send reactions.
    #[serde(default)]
    pub can_react: Option<bool>,
}

impl RightsChange {
    /// The rights after the change.
    pub fn of(self, rights: ParticipantRights) -> ParticipantRights {
        ParticipantRights {
            can_unmute: self.can_unmute.unwrap_or(rights.can_unmute),
            can_use_camera: self.can_use_camera.or(self.can_unmute).unwrap_or(rights.can_use_camera),
            can_share_screen: self.can_share_screen.unwrap_or(rights.can_share_screen),
            can_chat: self.can_chat.unwrap_or(rights.can_chat),
            can_react: self.can_react.unwrap_or(rights.can_react),
        }
    }
}

/// A participant as everybody in the meeting sees them.
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
    /// What they may do.
    #[serde(flatten)]
    pub rights: ParticipantRights,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_camera_goes_with_the_microphone_unless_it_is_said_apart() {
        let all = ParticipantRights::ALL;
        let silent = RightsChange { can_unmute: Some(false), ..RightsChange::default() };
        assert_eq!(silent.of(all), ParticipantRights { can_unmute: false, can_use_camera: false, ..all });
        assert_eq!(RightsChange { can_unmute: Some(true), ..silent }.of(silent.of(all)), all);
        let seen = RightsChange { can_use_camera: Some(true), ..silent };
        assert_eq!(seen.of(all), ParticipantRights { can_unmute: false, ..all });
        let dark = RightsChange { can_use_camera: Some(false), ..RightsChange::default() };
        assert_eq!(dark.of(all), ParticipantRights { can_use_camera: false, ..all });
        assert_eq!(RightsChange::default().of(dark.of(all)), dark.of(all));
    }
}
