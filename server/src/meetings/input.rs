//! What clients say of meetings.

use chrono::{DateTime, Utc};
use kernel::ids::UserId;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    elsewhere::ExternalUrl,
    model::{MeetingSettings, MeetingSettingsChange, MeetingType, RelatedObject, VenueMode},
    rules,
};
use crate::{
    access::policy::Field,
    http::{
        Checks,
        extract::{given, object},
    },
};

/// Most people that one call may invite.
pub const MOST_INVITEES: usize = 1000;

/// A field that only the room and its provider write; whoever sends one is told so where it stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOnly;

impl<'de> Deserialize<'de> for ReadOnly {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("this field is written by the service alone"))
    }
}

/// Declares a body with the fields that none may write (MTG-29).
macro_rules! body {
    ($(#[$about:meta])* $name:ident { $($fields:tt)* }) => {
        #[derive(Debug, Deserialize, ToSchema)]
        $(#[$about])*
        #[expect(dead_code, reason = "nothing is read of what none may write")]
        pub struct $name {
            $($fields)*
            #[serde(default)]
            #[schema(ignore)]
            status: ReadOnly,
            #[serde(default)]
            #[schema(ignore)]
            actual_start: ReadOnly,
            #[serde(default)]
            #[schema(ignore)]
            actual_end: ReadOnly,
            #[serde(default)]
            #[schema(ignore)]
            provider: ReadOnly,
            #[serde(default)]
            #[schema(ignore)]
            provider_meeting_id: ReadOnly,
            #[serde(default)]
            #[schema(ignore)]
            room_name: ReadOnly,
            #[serde(default)]
            #[schema(ignore)]
            join_url: ReadOnly,
        }
    };
}

/// Declares the body of a new meeting: its times, and what every new meeting may say.
macro_rules! new_meeting {
    ($(#[$about:meta])* $name:ident { $($times:tt)* }) => {
        body! {
            $(#[$about])* $name {
                /// 1 to 255 characters.
                pub title: String,
                /// What it is about, at most 10000 characters.
                #[serde(default)]
                pub description: String,
                /// What will be talked about, as Markdown, at most 20000 characters.
                #[serde(default)]
                pub agenda: String,
                $($times)*
                /// IANA time zone; the organization's when absent.
                #[serde(default)]
                pub timezone: Option<String>,
                /// Where people meet.
                #[serde(default)]
                pub venue_mode: VenueMode,
                /// The place, at most 500 characters.
                #[serde(default)]
                pub location: String,
                /// The room elsewhere that people are sent to, as Zoom, Google Meet or Teams gave it; in a room of ours
                /// when absent.
                #[serde(default)]
                pub external_url: Option<ExternalUrl>,
                /// Its media; as the organization's settings say when absent.
                #[serde(default)]
                pub meeting_type: Option<MeetingType>,
                /// How many may be in the room at once, 1 to 10000, `null` for no limit; as the organization's
                /// settings say when absent.
                #[serde(default, deserialize_with = "given")]
                #[schema(value_type = Option<i32>)]
                pub max_participants: Option<Option<i32>>,
                /// Whether recording starts with the meeting; as the organization's settings say when absent.
                #[serde(default)]
                pub auto_record: Option<bool>,
                /// Whether joiners wait until a host lets them in; as the organization's settings say when absent.
                #[serde(default)]
                pub require_approval: Option<bool>,
                /// Who holds it, an active member. A person who leaves this out holds it; what an API key makes has no
                /// host then.
                #[serde(default)]
                pub host_id: Option<UserId>,
                /// Members to invite, at most 1000.
                #[serde(default)]
                pub participants: Vec<UserId>,
                /// Its switches; as the organization's settings say where absent.
                #[serde(default, deserialize_with = "object")]
                pub settings: Option<MeetingSettingsChange>,
                /// Fields that the organization added, by their keys.
                #[serde(default)]
                #[schema(value_type = Object)]
                pub custom_fields: Map<String, Value>,
                /// The business object that it belongs to.
                #[serde(default)]
                pub related_object: Option<RelatedObject>,
            }
        }

        impl $name {
            /// What is to be made of it.
            pub fn plan(self, start: DateTime<Utc>, end: Option<DateTime<Utc>>, instant: bool) -> Plan {
                Plan {
                    title: self.title,
                    description: self.description,
                    agenda: self.agenda,
                    location: self.location,
                    start,
                    end,
                    timezone: self.timezone,
                    venue_mode: self.venue_mode,
                    external_url: self.external_url,
                    meeting_type: self.meeting_type,
                    instant,
                    max_participants: self.max_participants,
                    auto_record: self.auto_record,
                    require_approval: self.require_approval,
                    host_id: self.host_id,
                    participants: self.participants,
                    settings: self.settings,
                    custom_fields: self.custom_fields,
                    related_object: self.related_object,
                }
            }
        }
    };
}

new_meeting! {
    /// A new meeting.
    NewMeeting {
        /// Scheduled start.
        pub scheduled_start: DateTime<Utc>,
        /// Scheduled end, after the start.
        #[serde(default)]
        pub scheduled_end: Option<DateTime<Utc>>,
    }
}

new_meeting! {
    /// A meeting that starts now.
    InstantMeeting {}
}

/// A meeting that is to be made; what is absent follows from the organization's settings.
#[derive(Debug)]
pub struct Plan {
    /// 1 to 255 characters.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// What will be talked about.
    pub agenda: String,
    /// The place.
    pub location: String,
    /// Scheduled start.
    pub start: DateTime<Utc>,
    /// Scheduled end.
    pub end: Option<DateTime<Utc>>,
    /// IANA time zone; the organization's when absent.
    pub timezone: Option<String>,
    /// Where people meet.
    pub venue_mode: VenueMode,
    /// The room elsewhere.
    pub external_url: Option<ExternalUrl>,
    /// Its media.
    pub meeting_type: Option<MeetingType>,
    /// Whether it starts now.
    pub instant: bool,
    /// How many may be in the room at once.
    pub max_participants: Option<Option<i32>>,
    /// Whether recording starts with the meeting.
    pub auto_record: Option<bool>,
    /// Whether joiners wait until a host lets them in.
    pub require_approval: Option<bool>,
    /// Who holds it; the caller when absent.
    pub host_id: Option<UserId>,
    /// Members to invite.
    pub participants: Vec<UserId>,
    /// Its switches.
    pub settings: Option<MeetingSettingsChange>,
    /// Fields that the organization added.
    pub custom_fields: Map<String, Value>,
    /// The business object that it belongs to.
    pub related_object: Option<RelatedObject>,
}

impl Plan {
    /// What is set otherwise than it would be without saying so.
    pub fn sets(&self) -> [(Field, bool); 8] {
        [
            (Field::MeetingDescription, !self.description.is_empty()),
            (Field::MeetingAgenda, !self.agenda.is_empty()),
            (Field::MeetingRelatedObject, self.related_object.is_some()),
            (Field::MeetingCustomFields, !self.custom_fields.is_empty()),
            (Field::MeetingMaxParticipants, self.max_participants.is_some()),
            (Field::MeetingAutoRecord, self.auto_record.is_some()),
            (Field::MeetingRequireApproval, self.require_approval.is_some()),
            (Field::MeetingSettings, self.settings.is_some()),
        ]
    }

    /// Notes what is wrong with it; the custom fields apart.
    pub fn check(&self, checks: &mut Checks) {
        let texts = rules::Texts {
            title: Some(&self.title),
            description: Some(&self.description),
            agenda: Some(&self.agenda),
            location: Some(&self.location),
            related_object: self.related_object.as_ref(),
        };
        rules::check_texts(checks, &texts);
        rules::check_times(checks, self.start, self.end);
        rules::check_timezone(checks, self.timezone.as_deref());
        rules::check_max_participants(checks, self.max_participants.flatten());
        if let Some(settings) = &self.settings {
            let after = MeetingSettings::read(&settings.onto(&Value::Null), MeetingSettings::default());
            rules::check_settings(checks, settings, &after);
        }
        rules::check_size(checks, &self.custom_fields, "/custom_fields");
        let detail = "These are too many people for one call.";
        checks.require(self.participants.len() <= MOST_INVITEES, "/participants", "TOO_LONG", detail);
    }
}

body! {
    /// What changes a meeting; what is absent stays.
    #[derive(Default)]
    #[serde(default)]
    MeetingChange {
        /// 1 to 255 characters.
        pub title: Option<String>,
        /// What it is about, at most 10000 characters.
        pub description: Option<String>,
        /// What will be talked about, as Markdown, at most 20000 characters.
        pub agenda: Option<String>,
        /// Scheduled start.
        pub scheduled_start: Option<DateTime<Utc>>,
        /// Scheduled end; `null` takes it away.
        #[serde(deserialize_with = "given")]
        #[schema(value_type = Option<DateTime<Utc>>)]
        pub scheduled_end: Option<Option<DateTime<Utc>>>,
        /// IANA time zone.
        pub timezone: Option<String>,
        /// Where people meet.
        pub venue_mode: Option<VenueMode>,
        /// The place, at most 500 characters.
        pub location: Option<String>,
        /// The room elsewhere that people are sent to; `null` for a room of ours. Not while people are in that.
        #[serde(deserialize_with = "given")]
        #[schema(value_type = Option<ExternalUrl>)]
        pub external_url: Option<Option<ExternalUrl>>,
        /// Its media.
        pub meeting_type: Option<MeetingType>,
        /// How many may be in the room at once; `null` for no limit.
        #[serde(deserialize_with = "given")]
        #[schema(value_type = Option<i32>)]
        pub max_participants: Option<Option<i32>>,
        /// Whether recording starts with the meeting.
        pub auto_record: Option<bool>,
        /// Whether joiners wait until a host lets them in.
        pub require_approval: Option<bool>,
        /// Switches to set; others stay.
        #[serde(deserialize_with = "object")]
        pub settings: Option<MeetingSettingsChange>,
        /// All fields that the organization added, by their keys.
        #[schema(value_type = Option<Object>)]
        pub custom_fields: Option<Map<String, Value>>,
        /// The business object that it belongs to; `null` takes it away.
        #[serde(deserialize_with = "given")]
        #[schema(value_type = Option<RelatedObject>)]
        pub related_object: Option<Option<RelatedObject>>,
    }
}

impl MeetingChange {
    /// What is to be set.
    pub fn sets(&self) -> [(Field, bool); 8] {
        [
            (Field::MeetingDescription, self.description.is_some()),
            (Field::MeetingAgenda, self.agenda.is_some()),
            (Field::MeetingRelatedObject, self.related_object.is_some()),
            (Field::MeetingCustomFields, self.custom_fields.is_some()),
            (Field::MeetingMaxParticipants, self.max_participants.is_some()),
            (Field::MeetingAutoRecord, self.auto_record.is_some()),
            (Field::MeetingRequireApproval, self.require_approval.is_some()),
            (Field::MeetingSettings, self.settings.is_some()),
        ]
    }

    /// Notes what is wrong with it; times, switches and custom fields apart, which depend on what is stored.
    pub fn check(&self, checks: &mut Checks) {
        let texts = rules::Texts {
            title: self.title.as_deref(),
            description: self.description.as_deref(),
            agenda: self.agenda.as_deref(),
            location: self.location.as_deref(),
            related_object: self.related_object.as_ref().and_then(Option::as_ref),
        };
        rules::check_texts(checks, &texts);
        rules::check_timezone(checks, self.timezone.as_deref());
        rules::check_max_participants(checks, self.max_participants.flatten());
        if let Some(fields) = &self.custom_fields {
            rules::check_size(checks, fields, "/custom_fields");
        }
    }
}
