//! What an organization can set.

use kernel::recording::AccessLevel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::policy::OrgRole,
    meetings::model::{MeetingSettings, MeetingType},
    switches::switches,
};

/// A day on which a week can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WeekStart {
    /// As in most of the world.
    Monday,
    /// As in much of the Middle East.
    Saturday,
    /// As in America.
    Sunday,
}

/// How much an organization makes of each part of a member's engagement: numbers from 0, which leaves it out, to 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EngagementWeights {
    /// Coming to meetings.
    pub attendance: u8,
    /// Coming in time.
    pub punctuality: u8,
    /// Staying until the end.
    pub presence: u8,
    /// Chat messages.
    pub messages: u8,
    /// Raised hands.
    pub hands: u8,
    /// Speaking.
    pub speaking: u8,
}

impl EngagementWeights {
    /// Without any weight, engagement is switched off.
    pub const NONE: Self =
        Self { attendance: 0, punctuality: 0, presence: 0, messages: 0, hands: 0, speaking: 0 };

    /// Being there counts for most, then being in time and staying; what people do there for less.
    const USUAL: Self =
        Self { attendance: 5, punctuality: 3, presence: 3, messages: 1, hands: 1, speaking: 1 };
}

switches! {
    /// The settings of an organization, with the defaults where it has set nothing.
    Settings,
    /// What changes the settings: what is absent stays, `null` goes back to the default, an unknown key is refused.
    SettingsChange {
        /// From how many minutes after the start on someone counts as late, 0 to 1440; for new meetings.
        late_threshold_minutes: u16 = 5,
        /// How often an hour people are asked, at random times, whether they are there, 1 to 12, `null` for never; for new
        /// meetings.
        presence_checks_per_hour: Option<u8> = None,
        /// From which share of a meeting on somebody counts as present, 1 to 100 percent; for new meetings, `null` where
        /// any presence does.
        min_presence_percent: Option<u8> = None,
        /// How many members must be in a new meeting, 1 to 10000; `null` for no such number.
        quorum_members: Option<u16> = None,
        /// What share of the members on its list must be in a new meeting, 1 to 100 percent; `null` for no such share.
        /// Not together with a number.
        quorum_percent: Option<u8> = None,
        /// The media of new meetings.
        meeting_type: MeetingType = MeetingType::Video,
        /// How many may be in the room of a new meeting at once, 1 to 10000; `null` for no limit.
        max_participants: Option<i32> = None,
        /// Whether new meetings record by themselves.
        auto_record: bool = false,
        /// Whether joiners of new meetings wait until a host lets them in.
        require_approval: bool = false,
        /// Whether guests may be let into meetings at all; each meeting has to allow them too.
        allow_guests: bool = false,
        /// Whether all data in a room goes through the server: tokens don't allow to publish data packets.
        record_strict: bool = false,
        /// Whether somebody who comes into the room shows that a meeting takes place.
        livekit_join_shows: bool = true,
        /// Whether people's own devices tell how long they speak.
        measure_speaking: bool = true,
        /// Who may see a new recording.
        recording_access_level: AccessLevel = AccessLevel::Private,
        /// The roles that may see a new recording when it goes by role. The host always may.
        recording_allowed_roles: Vec<OrgRole> = Vec::new(),
        /// Whether meetings may be recorded at all; each meeting has to allow it too.
        recording_allowed: bool = true,
        /// How long a recording may be, 5 to 1440 minutes; `null` for as long as the meeting.
        recording_max_minutes: Option<u16> = None,
        /// How much all recordings together may take, 1 to 1,000,000 GB (of 10⁹ bytes); `null` for no such limit.
        recording_quota_gb: Option<u32> = None,
        /// Days after which recordings are deleted, 1 to 36500; `null` keeps them.
        recording_retention_days: Option<i32> = None,
        /// Whether what recordings say is written down, where the service has somebody to do it.
        transcripts: bool = false,
        /// Whether people are told of meetings: invitations, changes, reminders.
        meeting_notifications: bool = true,
        /// Whether people are told of calendar events that are no meetings.
        calendar_event_notifications: bool = false,
        /// How long a new meeting takes where nothing else is said, 5 to 1440 minutes.
        default_duration_minutes: u16 = 60,
        /// The day on which weeks begin in calendars.
        week_starts_on: WeekStart = WeekStart::Monday,
        /// Whether reputation and engagement of members are measured.
        engagement: bool = true,
        /// How much each part counts in them, 0 to 10; all of them 0 switches them off too.
        engagement_weights: EngagementWeights = EngagementWeights::USUAL,
    }
}

impl Settings {
    /// The switches that new meetings begin with.
    pub fn of_meetings(&self) -> MeetingSettings {
        MeetingSettings {
            late_threshold_minutes: self.late_threshold_minutes,
            presence_checks_per_hour: self.presence_checks_per_hour,
            min_presence_percent: self.min_presence_percent,
            quorum_members: self.quorum_members,
            quorum_percent: self.quorum_percent,
            ..MeetingSettings::default()
        }
    }
}
