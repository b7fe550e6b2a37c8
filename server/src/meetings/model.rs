//! What a meeting is, and how its state moves.

use chrono::{DateTime, Duration, Utc};
use kernel::ids::{MeetingId, OrganizationId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::switches::switches;

/// Which media a meeting has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "meeting_type", rename_all = "snake_case")]
pub enum MeetingType {
    /// Microphones only.
    Audio,
    /// Microphones, cameras, shared screens.
    #[default]
    Video,
    /// A presentation: the shared screen in front.
    ScreenShare,
}

/// Where people meet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "venue_mode", rename_all = "snake_case")]
pub enum VenueMode {
    /// In one place.
    InPerson,
    /// In the room.
    #[default]
    Virtual,
    /// Some in one place, some in the room.
    Hybrid,
}

/// How a meeting came to stand in the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "schedule_kind", rename_all = "snake_case")]
pub enum ScheduleKind {
    /// For a time.
    Scheduled,
    /// It began when it was made.
    Instant,
    /// As part of a series.
    Recurring,
}

/// A business object of another system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelatedObject {
    /// Its kind, 1 to 100 characters.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id there, 1 to 255 characters.
    pub id: String,
}

switches! {
    /// The switches of a meeting.
    MeetingSettings,
    /// The switches of a meeting to set; others stay as they are, `null` goes back to the default, an unknown one is
    /// refused.
    MeetingSettingsChange {
        /// From how many minutes after the start on someone counts as late, 0 to 1440.
        late_threshold_minutes: u16 = 5,
        /// Whether guests may be let in; the organization has to allow it too.
        allow_guests: bool = false,
        /// Whether the meeting may be recorded; the organization has to allow it too.
        recording_allowed: bool = true,
        /// How often an hour people are asked, at random times, whether they are there, 1 to 12; `null` for never.
        presence_checks_per_hour: Option<u8> = None,
        /// From which share of the meeting on somebody counts as present, 1 to 100 percent; `null` where any presence
        /// does.
        min_presence_percent: Option<u8> = None,
        /// How many members must be there, 1 to 10000; `null` for no such number.
        quorum_members: Option<u16> = None,
        /// What share of the members on the list must be there, 1 to 100 percent; `null` for no such share. Not together
        /// with a number.
        quorum_percent: Option<u8> = None,
    }
}

/// Where a meeting stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "meeting_status", rename_all = "snake_case")]
pub enum MeetingStatus {
    /// Not begun.
    Scheduled,
    /// People are in the room.
    InProgress,
    /// Over.
    Completed,
    /// Called off.
    Cancelled,
}

impl MeetingStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Scheduled, Self::InProgress, Self::Completed, Self::Cancelled];
}

/// How a meeting came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "ended_by", rename_all = "snake_case")]
pub enum EndedBy {
    /// Someone who moderates ended it for all.
    Host,
    /// Everybody had left.
    RoomEmpty,
}

/// The state of a meeting, with the data that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not begun.
    Scheduled,
    /// People are in the room.
    InProgress {
        /// When LiveKit saw the first of them.
        started_at: DateTime<Utc>,
    },
    /// Over.
    Completed {
        /// When it began; `None` when it was ended without ever beginning.
        started_at: Option<DateTime<Utc>>,
        /// When it ended.
        ended_at: DateTime<Utc>,
        /// How.
        ended_by: EndedBy,
    },
    /// Called off.
    Cancelled {
        /// When.
        at: DateTime<Utc>,
    },
}

/// Whether a meeting is known to take place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "show_status", rename_all = "snake_case")]
pub enum ShowStatus {
    /// Nobody has said anything yet.
    Pending,
    /// It takes place, or took place.
    Attended,
    /// Nobody came.
    NoShow,
}

/// Who said that a meeting takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "show_source", rename_all = "snake_case")]
pub enum ShowSource {
    /// A room tablet.
    Device,
    /// A person.
    User,
    /// A service, with an API key.
    Service,
    /// LiveKit: somebody was in the room.
    Livekit,
}

/// Whether a meeting is known to take place, with the data that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Nobody has said anything yet.
    Pending,
    /// It takes place.
    Attended {
        /// Since when that is known.
        at: DateTime<Utc>,
        /// From whom.
        source: ShowSource,
    },
    /// Nobody came.
    NoShow,
}

/// A meeting can be shown to take place from its scheduled start on, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A meeting can be confirmed from its start until {} minutes after it.", .0.num_minutes())]
pub struct OutsideWindow(pub Duration);

impl Show {
    /// What a row's columns hold.
    pub fn from_columns(status: ShowStatus, at: Option<DateTime<Utc>>, source: Option<ShowSource>) -> Self {
        match (status, at.zip(source)) {
            (ShowStatus::Attended, Some((at, source))) => Self::Attended { at, source },
            (ShowStatus::NoShow, _) => Self::NoShow,
            _ => Self::Pending,
        }
    }

    /// Somebody says at `now` that the meeting takes place (ATT-11, ATT-16). What is known stays as it is.
    pub fn attend(
        self,
        start: DateTime<Utc>,
        window: Duration,
        now: DateTime<Utc>,
        source: ShowSource,
    ) -> Result<Self, OutsideWindow> {
        match self {
            Self::Attended { .. } => Ok(self),
            Self::Pending | Self::NoShow if start <= now && now <= start + window => {
                Ok(Self::Attended { at: now, source })
            }
            Self::Pending | Self::NoShow => Err(OutsideWindow(window)),
        }
    }
}

/// Why a state cannot move as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was called off.
    #[error("The meeting was cancelled.")]
    Cancelled,
    /// It is over.
    #[error("The meeting has ended.")]
    Ended,
}

impl State {
    /// The state that a row's columns hold. Where a column that belongs to the status is empty, the scheduled start
    /// stands in.
    pub fn from_columns(
        status: MeetingStatus,
        scheduled_start: DateTime<Utc>,
        actual_start: Option<DateTime<Utc>>,
        actual_end: Option<DateTime<Utc>>,
        ended_by: Option<EndedBy>,
        cancelled_at: Option<DateTime<Utc>>,
    ) -> Self {
        match status {
            MeetingStatus::Scheduled => Self::Scheduled,
            MeetingStatus::InProgress => {
                Self::InProgress { started_at: actual_start.unwrap_or(scheduled_start) }
            }
            MeetingStatus::Completed => Self::Completed {
                started_at: actual_start,
                ended_at: actual_end.unwrap_or(scheduled_start),
                ended_by: ended_by.unwrap_or(EndedBy::Host),
            },
            MeetingStatus::Cancelled => Self::Cancelled { at: cancelled_at.unwrap_or(scheduled_start) },
        }
    }

    /// The status column.
    pub const fn status(&self) -> MeetingStatus {
        match self {
            Self::Scheduled => MeetingStatus::Scheduled,
            Self::InProgress { .. } => MeetingStatus::InProgress,
            Self::Completed { .. } => MeetingStatus::Completed,
            Self::Cancelled { .. } => MeetingStatus::Cancelled,
        }
    }

    /// LiveKit saw people in the room at `at`. A meeting that completed only because everybody had left goes on.
    pub fn start(self, at: DateTime<Utc>) -> Result<Self, Refusal> {
        match self {
            Self::Scheduled => Ok(Self::InProgress { started_at: at }),
            Self::InProgress { started_at } => Ok(Self::InProgress { started_at: started_at.min(at) }),
            Self::Completed { started_at, ended_by: EndedBy::RoomEmpty, .. } => {
                Ok(Self::InProgress { started_at: started_at.map_or(at, |first| first.min(at)) })
            }
            Self::Completed { ended_by: EndedBy::Host, .. } => Err(Refusal::Ended),
            Self::Cancelled { .. } => Err(Refusal::Cancelled),
        }
    }

    /// LiveKit closed the empty room at `at`.
    pub fn room_emptied(self, at: DateTime<Utc>) -> Result<Self, Refusal> {
        match self {
            Self::InProgress { started_at } => Ok(Self::Completed {
                started_at: Some(started_at),
                ended_at: at.max(started_at),
                ended_by: EndedBy::RoomEmpty,
            }),
            // Nobody was ever there, or it is known already.
            other => Ok(other),
        }
    }

    /// Someone who moderates ends it for all at `at`.
    pub fn end(self, at: DateTime<Utc>) -> Result<Self, Refusal> {
        match self {
            Self::Scheduled => {
                Ok(Self::Completed { started_at: None, ended_at: at, ended_by: EndedBy::Host })
            }
            Self::InProgress { started_at } => Ok(Self::Completed {
                started_at: Some(started_at),
                ended_at: at.max(started_at),
                ended_by: EndedBy::Host,
            }),
            // The room emptied first; now it is final.
            Self::Completed { started_at, ended_at, ended_by: EndedBy::RoomEmpty } => {
                Ok(Self::Completed { started_at, ended_at, ended_by: EndedBy::Host })
            }
            Self::Completed { ended_by: EndedBy::Host, .. } => Err(Refusal::Ended),
            Self::Cancelled { .. } => Err(Refusal::Cancelled),
        }
    }

    /// The host calls it off at `at`.
    pub fn cancel(self, at: DateTime<Utc>) -> Result<Self, Refusal> {
        match self {
            Self::Scheduled | Self::InProgress { .. } => Ok(Self::Cancelled { at }),
            Self::Completed { .. } => Err(Refusal::Ended),
            Self::Cancelled { .. } => Err(Refusal::Cancelled),
        }
    }

    /// Whether it can still be changed.
    pub fn open(&self) -> Result<(), Refusal> {
        match self {
            Self::Scheduled
            | Self::InProgress { .. }
            | Self::Completed { ended_by: EndedBy::RoomEmpty, .. } => Ok(()),
            Self::Completed { .. } => Err(Refusal::Ended),
            Self::Cancelled { .. } => Err(Refusal::Cancelled),
        }
    }

    /// Whether someone may enter the room at `now`. A meeting whose room merely emptied can be entered again until
    /// its scheduled end, or for a quarter of an hour: a dropped connection must not end a meeting for good.
    pub fn enterable(&self, scheduled_end: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), Refusal> {
        match self {
            Self::Completed { ended_at, ended_by: EndedBy::RoomEmpty, .. } => {
                let grace = *ended_at + chrono::Duration::minutes(15);
                if now <= scheduled_end.map_or(grace, |end| end.max(grace)) {
                    Ok(())
                } else {
                    Err(Refusal::Ended)
                }
            }
            other => other.open(),
        }
    }
}

/// What moves or refuses a meeting's state, loaded and locked.
#[derive(Debug, Clone)]
pub struct Meeting {
    /// Its id.
    pub id: MeetingId,
    /// Its organization.
    pub organization_id: OrganizationId,
    /// Whose it is; empty when that account was erased.
    pub host_id: Option<UserId>,
    /// Name of its LiveKit room.
    pub room_name: String,
    /// Its media.
    pub meeting_type: MeetingType,
    /// Where its room is when that is another provider's.
    pub external_url: Option<String>,
    /// Scheduled start.
    pub scheduled_start: DateTime<Utc>,
    /// Scheduled end.
    pub scheduled_end: Option<DateTime<Utc>>,
    /// Its switches as they are stored.
    pub settings: serde_json::Value,
    /// Fields that the organization added.
    pub custom_fields: serde_json::Map<String, serde_json::Value>,
    /// Whether all data in the room goes through the server.
    pub record_strict: bool,
    /// Whether it is known to take place.
    pub show: Show,
    /// Where it stands.
    pub state: State,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("a valid time")
    }

    #[test]
    fn the_room_moves_it_forward_and_an_emptied_room_may_fill_again() {
        let running = State::Scheduled.start(at(5)).expect("starts");
        // A second or an earlier event that comes late changes only the beginning.
        let running = running.start(at(3)).expect("stays");
        assert_eq!(running, State::InProgress { started_at: at(3) });
        let over = running.room_emptied(at(60)).expect("ends");
        assert_eq!(over.status(), MeetingStatus::Completed);
        assert_eq!(over.clone().start(at(70)), Ok(State::InProgress { started_at: at(3) }));
        assert_eq!(over.enterable(None, at(70)), Ok(()));
        assert_eq!(over.enterable(None, at(60 + 16 * 60)), Err(Refusal::Ended));
        assert_eq!(over.enterable(Some(at(7200)), at(60 + 16 * 60)), Ok(()));
        let ended = over.end(at(80)).expect("final");
        assert_eq!(ended.clone().start(at(90)), Err(Refusal::Ended));
        assert_eq!(ended.enterable(Some(at(7200)), at(90)), Err(Refusal::Ended));
    }

    #[test]
    fn a_meeting_is_shown_inside_its_window_and_once() {
        let (window, source) = (Duration::hours(2), ShowSource::Device);
        for show in [Show::Pending, Show::NoShow] {
            assert_eq!(show.attend(at(0), window, at(-1), source), Err(OutsideWindow(window)));
            assert_eq!(show.attend(at(0), window, at(7201), source), Err(OutsideWindow(window)));
            for second in [0, 7200] {
                let shown = show.attend(at(0), window, at(second), source).expect("inside");
                assert_eq!(shown, Show::Attended { at: at(second), source });
                // Again, by another, and long after: what is known stays.
                assert_eq!(shown.attend(at(0), window, at(second + 9000), ShowSource::User), Ok(shown));
            }
        }
        assert_eq!(
            OutsideWindow(window).to_string(),
            "A meeting can be confirmed from its start until 120 minutes after it."
        );
    }

    #[test]
    fn a_cancelled_or_ended_meeting_stays_so() {
        let cancelled = State::Scheduled.cancel(at(0)).expect("cancels");
        assert_eq!(cancelled.clone().start(at(1)), Err(Refusal::Cancelled));
        assert_eq!(cancelled.clone().end(at(1)), Err(Refusal::Cancelled));
        assert_eq!(cancelled.clone().cancel(at(1)), Err(Refusal::Cancelled));
        assert_eq!(cancelled.clone().room_emptied(at(1)), Ok(cancelled));
        let ended = State::InProgress { started_at: at(0) }.end(at(9)).expect("ends");
        assert_eq!(ended.clone().cancel(at(10)), Err(Refusal::Ended));
        assert_eq!(ended.clone().end(at(10)), Err(Refusal::Ended));
        assert_eq!(ended.open(), Err(Refusal::Ended));
    }
}
