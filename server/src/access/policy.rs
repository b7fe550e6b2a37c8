//! May they: pure decisions from who someone is and what they want to touch.

use std::collections::HashMap;

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
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Chairperson, Self::Secretary, Self::Member];

    /// Officers are chosen to run things; what they may is a matter of permissions.
    pub const fn is_officer(self) -> bool {
        !matches!(self, Self::Member)
    }
}

/// Declares the permissions with their names, the roles that have them by default, and what they allow.
macro_rules! permissions {
    ($($(#[$doc:meta])* $variant:ident = $name:tt, $roles:ident;)+) => {
        /// What a member may do in an organization beyond what is theirs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        pub enum Permission {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        impl Permission {
            /// Every permission.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its stable name, as in the API and in the database.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The roles that have it where the organization has decided nothing else.
            pub const fn default_roles(self) -> &'static [OrgRole] {
                match self { $(Self::$variant => $roles,)+ }
            }
        }
    };
}

const EVERYBODY: &[OrgRole] = &OrgRole::ALL;
const OFFICERS: &[OrgRole] = &[OrgRole::Admin, OrgRole::Chairperson, OrgRole::Secretary];
const ADMINS: &[OrgRole] = &[OrgRole::Admin];
const NOBODY: &[OrgRole] = &[];

permissions! {
    /// Schedule meetings and host them (CON-10).
    MeetingsSchedule = "meetings.schedule", OFFICERS;
    /// See titles and times of meetings without an invitation (CON-12).
    MeetingsSeeAll = "meetings.see_all", EVERYBODY;
    /// Change and cancel other people's meetings (CON-11).
    MeetingsManage = "meetings.manage", NOBODY;
    /// See who takes part in other people's meetings.
    ParticipantsView = "participants.view", OFFICERS;
    /// Invite members to other people's meetings.
    ParticipantsInvite = "participants.invite", OFFICERS;
    /// See the attendance of other people's meetings.
    AttendanceView = "attendance.view", OFFICERS;
    /// Watch recordings that are shared with one's role (ORG-08).
    RecordingsView = "recordings.view", EVERYBODY;
    /// Share, stop and delete recordings of other people's meetings.
    RecordingsManage = "recordings.manage", NOBODY;
    /// See the list of members.
    MembersView = "members.view", EVERYBODY;
    /// Invite people to the organization.
    MembersInvite = "members.invite", ADMINS;
    /// Change members' roles, deactivate and remove them.
    MembersManage = "members.manage", ADMINS;
    /// Keep contacts and contact groups.
    ContactsManage = "contacts.manage", OFFICERS;
    /// Make links with which guests enter meetings.
    GuestsInvite = "guests.invite", OFFICERS;
    /// Book rooms and times (ORG-25).
    BookingsCreate = "bookings.create", EVERYBODY;
    /// Set rooms and devices up (ORG-10).
    ResourcesManage = "resources.manage", ADMINS;
    /// Change the organization's name and settings.
    SettingsManage = "settings.manage", ADMINS;
    /// Define custom fields.
    CustomFieldsManage = "custom_fields.manage", ADMINS;
    /// Make and revoke API keys and device tokens.
    KeysManage = "keys.manage", ADMINS;
    /// See connected services (ORG-11).
    IntegrationsView = "integrations.view", ADMINS;
    /// Connect services.
    IntegrationsConnect = "integrations.connect", ADMINS;
    /// Configure connected services.
    IntegrationsConfigure = "integrations.configure", ADMINS;
    /// Disconnect services.
    IntegrationsDisconnect = "integrations.disconnect", ADMINS;
    /// Read the audit log.
    AuditView = "audit.view", ADMINS;
    /// Decide who may do what.
    PermissionsManage = "permissions.manage", ADMINS;
}

impl Permission {
    /// Whether admins keep it whatever is decided, so that every decision can be undone.
    pub const fn is_kept(self) -> bool {
        matches!(
            self,
            Self::MembersView
                | Self::MembersManage
                | Self::SettingsManage
                | Self::PermissionsManage
                | Self::AuditView
        )
    }
}

/// Declares the fields that can be hidden or frozen, with their names.
macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident = $name:tt, $hide:literal, $freeze:literal;)+) => {
        /// A field of a response or request that an organization may hide from a role, or freeze for it (ORG-22).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        pub enum Field {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        impl Field {
            /// Every field.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its stable name: `<entity>.<field>`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whether responses can go without it.
            pub const fn can_hide(self) -> bool {
                match self { $(Self::$variant => $hide,)+ }
            }

            /// Whether requests set it, so that it can be frozen.
            pub const fn can_freeze(self) -> bool {
                match self { $(Self::$variant => $freeze,)+ }
            }
        }
    };
}

fields! {
    /// A member's e-mail address.
    MemberEmail = "member.email", true, false;
    /// A member's picture, in lists of members.
    MemberAvatar = "member.avatar", true, false;
    /// When a participant first came and last left.
    ParticipantTimes = "participant.times", true, false;
    /// A meeting's description.
    MeetingDescription = "meeting.description", true, true;
    /// A meeting's agenda.
    MeetingAgenda = "meeting.agenda", true, true;
    /// The business object that a meeting belongs to.
    MeetingRelatedObject = "meeting.related_object", true, true;
    /// A meeting's custom fields.
    MeetingCustomFields = "meeting.custom_fields", true, true;
    /// How many may be in the room at once.
    MeetingMaxParticipants = "meeting.max_participants", false, true;
    /// Whether recording starts with the meeting.
    MeetingAutoRecord = "meeting.auto_record", false, true;
    /// Whether joiners wait until a host lets them in.
    MeetingRequireApproval = "meeting.require_approval", false, true;
    /// A meeting's other switches.
    MeetingSettings = "meeting.settings", false, true;
}

impl Field {
    /// Under which name it is decided for which roles the field is hidden.
    pub fn hidden_key(self) -> String {
        format!("hide.{}", self.name())
    }

    /// Under which name it is decided for which roles the field is frozen.
    pub fn frozen_key(self) -> String {
        format!("freeze.{}", self.name())
    }

    /// Where it stands in a body.
    pub fn pointer(self) -> String {
        let field = self.name().split_once('.').map_or(self.name(), |(_, field)| field);
        format!("/{field}")
    }
}

/// What an organization has decided otherwise than the defaults: all roles that have a permission, or for which a rule
/// of a field holds, by its name. Names that this program does not know are passed over.
pub type Decisions = HashMap<String, Vec<OrgRole>>;

/// A member's role and what it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Role in the organization.
    pub role: OrgRole,
    /// One bit for each permission.
    granted: u32,
    /// One bit for each field that is hidden.
    hidden: u32,
    /// One bit for each field that is frozen.
    frozen: u32,
}

impl Membership {
    /// What `role` may do where `decisions` hold.
    pub fn new(role: OrgRole, decisions: &Decisions) -> Self {
        let granted = Permission::ALL
            .iter()
            .filter(|permission| {
                let roles = decisions.get(permission.name());
                roles.map_or(permission.default_roles(), Vec::as_slice).contains(&role)
                    || (role == OrgRole::Admin && permission.is_kept())
            })
            .fold(0, |bits, permission| bits | 1 << *permission as u32);
        // Whoever sets the rules is bound by none of them.
        let holds =
            |key: String| role != OrgRole::Admin && decisions.get(&key).is_some_and(|it| it.contains(&role));
        let fields = |holds: &dyn Fn(Field) -> bool| {
            let bound = Field::ALL.iter().filter(|field| holds(**field));
            bound.fold(0, |bits, field| bits | 1 << *field as u32)
        };
        let hidden = fields(&|field| field.can_hide() && holds(field.hidden_key()));
        let frozen = fields(&|field| field.can_freeze() && holds(field.frozen_key()));
        Self { role, granted, hidden, frozen }
    }

    /// What comes with an API key: the permissions of its scopes, and no rule of fields.
    pub fn of_key(permissions: impl Iterator<Item = Permission>) -> Self {
        let granted = permissions.fold(0, |bits, permission| bits | 1 << permission as u32);
        Self { role: OrgRole::Secretary, granted, hidden: 0, frozen: 0 }
    }

    /// Whether responses to this member go without a field.
    pub const fn hides(self, field: Field) -> bool {
        self.hidden & (1 << field as u32) != 0
    }

    /// Whether this member may not set a field. What one does not see one does not set either.
    pub const fn freezes(self, field: Field) -> bool {
        (self.frozen | self.hidden) & (1 << field as u32) != 0
    }

    /// Whether this member may.
    pub const fn may(self, permission: Permission) -> bool {
        self.granted & (1 << permission as u32) != 0
    }

    /// All that this member may do.
    pub fn permissions(self) -> Vec<Permission> {
        Permission::ALL.iter().copied().filter(|permission| self.may(*permission)).collect()
    }

    /// Whether this member may give somebody a role, or take theirs: only admins make and unmake admins, so that
    /// nobody raises themselves.
    pub fn may_assign(self, permission: Permission, roles: &[OrgRole]) -> bool {
        self.may(permission) && (self.role == OrgRole::Admin || !roles.contains(&OrgRole::Admin))
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
    /// Role in the meeting's organization, and what it allows.
    pub member: Membership,
    /// Role in the meeting; `None` for whoever is not invited.
    pub meeting_role: Option<MeetingRole>,
}

/// What someone may want to do with a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Enter the room.
    Join,
    /// Say that it takes place.
    Show,
    /// Read and write the chat, follow the events.
    Chat,
    /// See who is invited and who is there.
    SeeParticipants,
    /// See the attendance report.
    SeeAttendance,
    /// Excuse people who are invited, and take that back.
    Excuse,
    /// Correct the record of attendance.
    CorrectAttendance,
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
    pub const ALL: [Self; 14] = [
        Self::Join,
        Self::Show,
        Self::Chat,
        Self::SeeParticipants,
        Self::SeeAttendance,
        Self::Excuse,
        Self::CorrectAttendance,
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
        let member = self.member;
        match action {
            Action::Join | Action::Chat => invited,
            Action::Show => {
                invited || member.may(Permission::AttendanceView) || member.may(Permission::MeetingsManage)
            }
            Action::SeeParticipants => invited || member.may(Permission::ParticipantsView),
            Action::SeeAttendance => host || member.may(Permission::AttendanceView),
            Action::Excuse => moderates || member.may(Permission::AttendanceView),
            // Whoever may look on is not yet trusted with the record.
            Action::CorrectAttendance => {
                host || (member.role.is_officer() && member.may(Permission::AttendanceView))
            }
            Action::Invite => moderates || member.may(Permission::ParticipantsInvite),
            Action::Change | Action::Cancel => host || member.may(Permission::MeetingsManage),
            Action::ShareRecordings => host || member.may(Permission::RecordingsManage),
            Action::End | Action::Moderate | Action::Record => moderates,
        }
    }

    /// All that this person may do.
    pub fn can(self) -> Vec<Action> {
        Action::ALL.into_iter().filter(|action| self.may(*action)).collect()
    }
}

/// Whether an API key may do with a meeting what its scopes allow (CON-31): it cancels only what a key has made.
pub fn key_may(action: Action, by_key: bool) -> bool {
    action != Action::Cancel || by_key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(role: OrgRole) -> Membership {
        Membership::new(role, &Decisions::new())
    }

    #[test]
    fn officers_oversee_but_only_the_host_owns() {
        let officer = Standing { member: member(OrgRole::Secretary), meeting_role: None };
        assert_eq!(
            officer.can(),
            [
                Action::Show,
                Action::SeeParticipants,
                Action::SeeAttendance,
                Action::Excuse,
                Action::CorrectAttendance,
                Action::Invite
            ]
        );
        let host = Standing { member: member(OrgRole::Member), meeting_role: Some(MeetingRole::Host) };
        assert_eq!(host.can(), Action::ALL);
        let stranger = Standing { member: member(OrgRole::Member), meeting_role: None };
        assert!(stranger.can().is_empty());
        let co_host = Standing { member: member(OrgRole::Member), meeting_role: Some(MeetingRole::CoHost) };
        assert!(
            co_host.may(Action::Moderate)
                && co_host.may(Action::Excuse)
                && !co_host.may(Action::Cancel)
                && !co_host.may(Action::SeeAttendance)
        );
    }

    #[test]
    fn a_decision_takes_the_place_of_the_default_but_locks_no_admin_out() {
        for permission in Permission::ALL {
            let nobody = Decisions::from([(permission.name().to_owned(), Vec::new())]);
            assert_eq!(Membership::new(OrgRole::Admin, &nobody).may(*permission), permission.is_kept());
            assert!(!Membership::new(OrgRole::Secretary, &nobody).may(*permission));
            let members = Decisions::from([(permission.name().to_owned(), vec![OrgRole::Member])]);
            assert!(Membership::new(OrgRole::Member, &members).may(*permission));
            let others = Membership::new(OrgRole::Member, &members).permissions().len();
            assert!(others - member(OrgRole::Member).permissions().len() <= 1, "{permission:?} alone");
        }
        let unknown = Decisions::from([("of.tomorrow".to_owned(), vec![OrgRole::Member])]);
        assert_eq!(Membership::new(OrgRole::Member, &unknown), member(OrgRole::Member));
    }

    #[test]
    fn names_are_one_to_one_and_fit_the_bits() {
        assert!(Permission::ALL.len() <= 32);
        for permission in Permission::ALL {
            assert_eq!(serde_json::to_value(permission).expect("a name"), permission.name());
        }
    }

    #[test]
    fn rules_of_fields_hold_for_their_roles_and_never_for_admins() {
        for field in Field::ALL {
            let all = OrgRole::ALL.to_vec();
            let rules = Decisions::from([(field.hidden_key(), all.clone()), (field.frozen_key(), all)]);
            let (admin, bound) =
                (Membership::new(OrgRole::Admin, &rules), Membership::new(OrgRole::Member, &rules));
            assert!(!admin.hides(*field) && !admin.freezes(*field));
            assert_eq!(bound.hides(*field), field.can_hide());
            assert!(bound.freezes(*field));
            assert_eq!(bound.permissions(), member(OrgRole::Member).permissions());
        }
        assert!(Field::ALL.len() <= 32);
        assert_eq!(Field::MeetingAgenda.pointer(), "/agenda");
    }

    #[test]
    fn nobody_raises_themselves_to_admin() {
        let all = Decisions::from([("members.manage".to_owned(), OrgRole::ALL.to_vec())]);
        let secretary = Membership::new(OrgRole::Secretary, &all);
        let manage = Permission::MembersManage;
        assert!(secretary.may_assign(manage, &[OrgRole::Member, OrgRole::Secretary]));
        assert!(!secretary.may_assign(manage, &[OrgRole::Member, OrgRole::Admin]));
        assert!(member(OrgRole::Admin).may_assign(manage, &[OrgRole::Admin]));
        assert!(!member(OrgRole::Member).may_assign(manage, &[OrgRole::Member]));
    }
}
