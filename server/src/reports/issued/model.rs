//! What a report's file is made from.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use kernel::ids::{MeetingId, OrganizationId, ReportId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    attendance::report::Attendance,
    seals::model::{Hash, Head},
};

/// What stands above the figures.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whose meeting.
    pub organization: OrganizationId,
    /// What the organization is called.
    pub organization_name: String,
    /// What the meeting is called.
    pub title: String,
    /// Who held it.
    pub host: Option<String>,
    /// When it was to begin.
    pub scheduled_start: DateTime<Utc>,
    /// When it was to end.
    pub scheduled_end: Option<DateTime<Utc>>,
    /// When it began.
    pub actual_start: Option<DateTime<Utc>>,
    /// When it ended.
    pub actual_end: Option<DateTime<Utc>>,
    /// Whose clocks its times are told by.
    pub zone: Tz,
}

/// A meeting's report, to be written as a file.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// What stands above the figures.
    pub facts: Facts,
    /// The figures, and who was there.
    pub attendance: Attendance,
    /// When it was made.
    pub issued_at: DateTime<Utc>,
    /// The reader's language (BCP 47).
    pub language: String,
}

/// What proves a report.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Which report it is.
    pub id: ReportId,
    /// The hash of what it says.
    pub code: Hash,
    /// The page that verifies it.
    pub link: String,
    /// The last seal of the organization's chain.
    pub seal: Option<Head>,
}

/// The movements that a report rests on, as the record has them.
#[derive(Debug, Clone)]
pub struct Record {
    /// Which, in their order.
    pub movements: Vec<i64>,
    /// What they say, hashed.
    pub hash: Hash,
}

impl Sheet {
    /// The hash of what the report says: which it is, of which meeting, when it was made, all of its figures, and what they rest on.
    ///
    /// # Errors
    /// None in practice: figures can be written.
    pub fn code(&self, id: ReportId, meeting: MeetingId, record: &Record) -> serde_json::Result<Hash> {
        Ok(Hash::of(&[
            Some("report"),
            Some(&id.to_string()),
            Some(&meeting.to_string()),
            Some(&self.facts.title),
            Some(&self.issued_at.to_rfc3339_opts(SecondsFormat::Micros, true)),
            Some(&serde_json::to_string(&self.attendance)?),
            Some(&record.hash.to_string()),
        ]))
    }
}

/// Whether the record still says what it said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LedgerState {
    /// Word for word.
    Unchanged,
    /// It does, and more was recorded since: a correction, or the meeting went on.
    Extended,
    /// It does not: entries were changed or removed behind the program's back.
    Changed,
}

/// What was asked for by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportMatch {
    /// The code that is printed in a report.
    Code,
    /// The file itself, to the last byte.
    File,
}

/// What the record says today of a report that it still bears out, or not; `has_more` than what the report rests on.
pub const fn state(holds: bool, has_more: bool) -> LedgerState {
    match (holds, has_more) {
        (false, _) => LedgerState::Changed,
        (true, true) => LedgerState::Extended,
        (true, false) => LedgerState::Unchanged,
    }
}
