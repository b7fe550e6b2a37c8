//! What a recording is, as both programs see it: its states, the rules between them, and its shape in the API.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{MeetingId, RecordingId, UserId};

/// The channel of `pg_notify` on which the server wakes the egress handlers; the payload is the recording's id.
pub const WAKE_CHANNEL: &str = "recordings";

/// The event that tells the room and its pages of every change; its data is a [`RecordingOut`].
pub const UPDATED_EVENT: &str = "recording.updated";

/// How long a deleted recording stays in the trash, in days.
pub const TRASH_DAYS: i64 = 7;

/// A handler that was not seen for so long is gone. Handlers show themselves every two seconds.
pub const HANDLER_GONE_AFTER: chrono::Duration = chrono::Duration::seconds(7);

/// How far a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "recording_status", rename_all = "snake_case")]
pub enum Status {
    /// Wanted; no handler has taken it yet.
    Requested,
    /// A handler is joining the room.
    Starting,
    /// Pictures and sound are being kept.
    Recording,
    /// It has ended; the file is being completed and checked.
    Finalizing,
    /// A file from elsewhere waits to be fetched, or is on its way.
    Importing,
    /// The file is complete and may be downloaded.
    Available,
    /// There is no file, and the recording says why.
    Failed,
    /// The file was deleted.
    Deleted,
}

impl Status {
    /// Whether a handler has work to do with it.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Requested | Self::Starting | Self::Recording | Self::Finalizing)
    }

    /// Goes on to `next`.
    ///
    /// # Errors
    /// When no recording ever goes that way.
    pub fn to(self, next: Self) -> Result<Self, Impossible> {
        use Status::{Available, Deleted, Failed, Finalizing, Importing, Recording, Requested, Starting};
        match (self, next) {
            (Requested, Starting | Failed)
            | (Starting, Recording | Finalizing | Failed)
            | (Recording, Finalizing | Failed)
            | (Finalizing, Available | Failed)
            | (Importing, Available | Failed | Deleted)
            | (Available | Failed, Deleted)
            // Out of the trash.
            | (Deleted, Available) => Ok(next),
            _ => Err(Impossible { from: self, to: next }),
        }
    }
}

/// A step that no recording takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a recording does not go from {from:?} to {to:?}")]
pub struct Impossible {
    /// Where it is.
    pub from: Status,
    /// Where it was to go.
    pub to: Status,
}

/// How the picture is composed.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "recording_layout", rename_all = "snake_case")]
pub enum Layout {
    /// All alike.
    #[default]
    Grid,
    /// Who speaks is large.
    Speaker,
    /// The shared screen is large.
    Screen,
}

/// Who may see a recording.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "recording_access", rename_all = "snake_case")]
pub enum AccessLevel {
    /// Every active member of the organization.
    Public,
    /// Members with one of the allowed roles, and the host.
    RoleBased,
    /// The host alone.
    #[default]
    Private,
}

/// Why a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The host stopped it.
    Host,
    /// The meeting ended.
    MeetingEnded,
    /// Nobody was in the room for a while.
    RoomEmpty,
    /// It was as long as the organization lets recordings be.
    TooLong,
    /// The store was away until the recorder's disk was full.
    DiskFull,
}

impl StopReason {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::MeetingEnded => "meeting_ended",
            Self::RoomEmpty => "room_empty",
            Self::TooLong => "too_long",
            Self::DiskFull => "disk_full",
        }
    }
}

/// Why there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCode {
    /// The recorder could not get into the room.
    RoomUnreachable,
    /// It was stopped before anything was recorded.
    NothingRecorded,
    /// Pictures and sound could not be mixed or encoded.
    EngineFailed,
    /// The file could not be completed in the vault.
    VaultFailed,
    /// The finished file did not pass its check.
    VerificationFailed,
    /// Handler after handler gave it up.
    TooManyAttempts,
    /// The organization's recordings take all that they may.
    QuotaExceeded,
    /// The recording service had no recorder free for too long.
    NoRecorder,
    /// The recorder vanished in the middle, and what it had with it.
    RecorderLost,
}

impl FailureCode {
    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RoomUnreachable => "ROOM_UNREACHABLE",
            Self::NothingRecorded => "NOTHING_RECORDED",
            Self::EngineFailed => "ENGINE_FAILED",
            Self::VaultFailed => "VAULT_FAILED",
            Self::VerificationFailed => "VERIFICATION_FAILED",
            Self::TooManyAttempts => "TOO_MANY_ATTEMPTS",
            Self::QuotaExceeded => "QUOTA_EXCEEDED",
            Self::NoRecorder => "NO_RECORDER",
            Self::RecorderLost => "RECORDER_LOST",
        }
    }

    /// One sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::RoomUnreachable => "The recorder could not get into the meeting room.",
            Self::NothingRecorded => "The recording was stopped before anything was recorded.",
            Self::EngineFailed => "The recorder could not process the meeting's pictures and sound.",
            Self::VaultFailed => "The recording could not be stored.",
            Self::VerificationFailed => "The stored file did not pass its check.",
            Self::TooManyAttempts => "The recorder stopped unexpectedly too many times.",
            Self::QuotaExceeded => "The organization's vault is full.",
            Self::NoRecorder => "No recorder was free.",
            Self::RecorderLost => "The recorder vanished in the middle of the recording.",
        }
    }
}

/// A stretch of time that is missing in a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Gap {
    /// Last moment before it.
    pub from: DateTime<Utc>,
    /// First moment after it.
    pub to: DateTime<Utc>,
}

/// Why a recording failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Failure {
    /// A stable code.
    pub code: String,
    /// One sentence.
    pub detail: String,
}

/// A recording as it is read from the database. Queries of both programs select these columns:
/// `status`, `access_level` and `layout` with their types, `allowed_roles::text[]`, `gaps` and `pauses` as JSON.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns of the table, told of there")]
pub struct Recording {
    pub id: RecordingId,
    pub meeting_id: MeetingId,
    pub status: Status,
    pub failure_code: Option<String>,
    pub failure_detail: Option<String>,
    pub engine: String,
    pub layout: Layout,
    pub audio_only: bool,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub duration_seconds: Option<f64>,
    pub size_bytes: Option<i64>,
    pub content_type: Option<String>,
    pub sha256: Option<String>,
    pub access_level: AccessLevel,
    pub allowed_roles: Vec<String>,
    pub allowed_people: Vec<UserId>,
    pub gaps: sqlx::types::Json<Vec<Gap>>,
    pub paused_at: Option<DateTime<Utc>>,
    pub pauses: sqlx::types::Json<Vec<Gap>>,
    pub requested_by: Option<UserId>,
    pub trashed_at: Option<DateTime<Utc>>,
    pub held_at: Option<DateTime<Utc>>,
    pub hold_reason: Option<String>,
}

/// A recording as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecordingOut {
    /// Its id.
    pub id: RecordingId,
    /// The meeting it is of.
    pub meeting_id: MeetingId,
    /// How far it is.
    pub status: Status,
    /// Why there is no file.
    pub failure: Option<Failure>,
    /// What recorded it.
    pub engine: String,
    /// How the picture is composed.
    pub layout: Layout,
    /// Whether it is sound alone.
    pub audio_only: bool,
    /// When the first picture was taken.
    pub started_at: Option<DateTime<Utc>>,
    /// When the last picture was taken.
    pub ended_at: Option<DateTime<Utc>>,
    /// How long the file plays.
    pub duration_seconds: Option<f64>,
    /// How large the file is.
    pub size_bytes: Option<i64>,
    /// What the file is.
    pub content_type: Option<String>,
    /// SHA-256 over the file, in hexadecimal.
    pub sha256: Option<String>,
    /// Who may see it.
    pub access_level: AccessLevel,
    /// The roles that may, when it goes by role.
    pub allowed_roles: Vec<String>,
    /// Members who may, whatever the level.
    pub allowed_people: Vec<UserId>,
    /// What is missing in the middle.
    pub gaps: Vec<Gap>,
    /// Since when it is paused: nothing is kept until somebody goes on.
    pub paused_at: Option<DateTime<Utc>>,
    /// What was left out so.
    pub pauses: Vec<Gap>,
    /// Who started it; `null` when it started by itself.
    pub requested_by: Option<UserId>,
    /// When its file is erased, once it is in the trash.
    pub erased_at: Option<DateTime<Utc>>,
    /// Since when nothing may delete it, and why.
    pub hold: Option<Hold>,
}

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hold {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why, in the words of whoever holds it.
    pub reason: String,
}

impl RecordingOut {
    /// What everybody in the room may know of it: not which people may see it, nor why it is held.
    pub fn for_the_room(self) -> Self {
        Self { allowed_people: Vec::new(), hold: None, ..self }
    }
}

impl From<Recording> for RecordingOut {
    fn from(row: Recording) -> Self {
        let failure =
            row.failure_code.map(|code| Failure { code, detail: row.failure_detail.unwrap_or_default() });
        Self {
            id: row.id,
            meeting_id: row.meeting_id,
            status: row.status,
            failure,
            engine: row.engine,
            layout: row.layout,
            audio_only: row.audio_only,
            started_at: row.started_at,
            ended_at: row.ended_at,
            duration_seconds: row.duration_seconds,
            size_bytes: row.size_bytes,
            content_type: row.content_type,
            sha256: row.sha256,
            access_level: row.access_level,
            allowed_roles: row.allowed_roles,
            allowed_people: row.allowed_people,
            gaps: row.gaps.0,
            paused_at: row.paused_at,
            pauses: row.pauses.0,
            requested_by: row.requested_by,
            erased_at: row.trashed_at.map(|at| at + chrono::Duration::days(TRASH_DAYS)),
            hold: row.held_at.map(|since| Hold { since, reason: row.hold_reason.unwrap_or_default() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use Status::{Available, Deleted, Failed, Finalizing, Importing, Recording, Requested, Starting};

    use super::*;

    const ALL: [Status; 8] =
        [Requested, Starting, Recording, Finalizing, Importing, Available, Failed, Deleted];

    #[test]
    fn the_straight_way_is_open() {
        let end =
            [Starting, Recording, Finalizing, Available, Deleted].into_iter().try_fold(Requested, Status::to);
        assert_eq!(end, Ok(Deleted));
    }

    #[test]
    fn whatever_is_active_may_fail_and_nothing_goes_back() {
        for from in ALL {
            let may_fail = from.is_active() || from == Importing;
            assert_eq!(from.to(Failed).is_ok(), may_fail, "{from:?}");
            assert!(from.to(Requested).is_err());
            assert_eq!(Deleted.to(from).is_ok(), from == Available, "only out of the trash: {from:?}");
        }
        assert!(Importing.to(Available).is_ok() && !Importing.is_active(), "no recorder takes it");
        assert_eq!(Recording.to(Starting), Err(Impossible { from: Recording, to: Starting }));
    }
}
