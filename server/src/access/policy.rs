//! May they: pure decisions from who someone is and what they want to touch.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A member's role in an organization.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "org_role", rename_all = "snake_case")]
pub enum OrgRole {
    /// Runs the organization.
    Admin,
    /// An officer.
    Chairperson,
    /// An officer.
    Secretary,
    /// Everybody else.
    Member,
}

impl OrgRole {
    /// Officers schedule meetings and see attendance.
    pub const fn is_officer(self) -> bool {
        !matches!(self, Self::Member)
    }
}

/// A person's role in a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "meeting_role", rename_all = "snake_case")]
pub enum MeetingRole {
    /// Owns the meeting.
    Host,
    /// Moderates beside the host.
    CoHost,
    /// Takes part.
    Participant,
}

impl MeetingRole {
    /// Host and co-hosts moderate.
    pub const fn moderates(self) -> bool {
        matches!(self, Self::Host | Self::CoHost)
    }
}

/// How someone stands to a meeting: their role in the organization, and in the meeting when they are invited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Role in the meeting's organization.
    pub org_role: OrgRole,
    /// Role in the meeting; `None` for whoever is not invited.
    pub meeting_role: Option<MeetingRole>,
}

/// What someone may want to do with a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Enter the room.
    Join,
    /// Read and write the chat, follow the events.
    Chat,
    /// See who is invited and who is there.
    SeeParticipants,
    /// See the attendance report.
    SeeAttendance,
    /// Invite members.
    Invite,
    /// Change title, time, settings.
    Change,
    /// Cancel it.
    Cancel,
    /// End it for all.
    End,
    /// Mute, remove, admit, change rights.
    Moderate,
    /// Start and stop recordings.
    Record,
    /// Decide who may watch the recordings.
    ShareRecordings,
}

impl Action {
    /// Every action, in the order in which `my.can` lists them.
    pub const ALL: [Self; 11] = [
        Self::Join,
        Self::Chat,
        Self::SeeParticipants,
        Self::SeeAttendance,
        Self::Invite,
        Self::Change,
        Self::Cancel,
        Self::End,
        Self::Moderate,
        Self::Record,
        Self::ShareRecordings,
    ];
}

impl Standing {
    /// Whether this person may do `action`; the meeting's state is not looked at.
    pub fn may(self, action: Action) -> bool {
        let host = self.meeting_role == Some(MeetingRole::Host);
        let moderates = self.meeting_role.is_some_and(MeetingRole::moderates);
        let invited = self.meeting_role.is_some();
        let officer = self.org_role.is_officer();
        match action {
            Action::Join | Action::Chat => invited,
            Action::SeeParticipants => invited || officer,
            Action::SeeAttendance => host || officer,
            Action::Invite => moderates || officer,
            Action::Change | Action::Cancel | Action::ShareRecordings => host,
            Action::End | Action::Moderate | Action::Record => moderates,
        }
    }

    /// All that this person may do.
    pub fn can(self) -> Vec<Action> {
        Action::ALL.into_iter().filter(|action| self.may(*action)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn officers_oversee_but_only_the_host_owns() {
        let officer = Standing { org_role: OrgRole::Secretary, meeting_role: None };
        assert_eq!(officer.can(), [Action::SeeParticipants, Action::SeeAttendance, Action::Invite]);
        let host = Standing { org_role: OrgRole::Member, meeting_role: Some(MeetingRole::Host) };
        assert_eq!(host.can(), Action::ALL);
        let guest_of_the_list = Standing { org_role: OrgRole::Member, meeting_role: None };
        assert!(guest_of_the_list.can().is_empty());
        let co_host = Standing { org_role: OrgRole::Member, meeting_role: Some(MeetingRole::CoHost) };
        assert!(
            co_host.may(Action::Moderate)
                && !co_host.may(Action::Cancel)
                && !co_host.may(Action::SeeAttendance)
        );
    }
}
