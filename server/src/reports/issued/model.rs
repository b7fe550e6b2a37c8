//! What a report's file is made from.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use kernel::ids::{MeetingId, OrganizationId, ReportId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::words::{duration, moment, share, time};
use crate::{
    chat::polls::PollResult,
    seals::model::{Hash, Head},
};

/// A moment.
pub type At = DateTime<Utc>;

/// A report, to be written as a file.
#[derive(Debug, Clone, Serialize)]
pub struct Sheet {
    /// Whose it is, and what kind of report.
    pub kind: String,
    /// What it is about.
    pub title: String,
    /// What stands under the title: what each is called, and what it is.
    pub facts: Vec<(&'static str, String)>,
    /// The figures.
    pub cards: Vec<(&'static str, Cell)>,
    /// The tables.
    pub tables: Vec<Table>,
    /// What was voted on.
    pub polls: Vec<PollResult>,
    /// When it was made.
    pub issued_at: At,
    /// Whose clocks its times are told by.
    pub zone: Tz,
    /// The reader's language (BCP 47).
    pub language: String,
}

/// A table.
#[derive(Debug, Clone, Serialize)]
pub struct Table {
    /// What it is called.
    pub name: &'static str,
    /// Whether it is for paper too, or for workbooks only.
    pub is_printed: bool,
    /// What its columns are called, and how wide they are on paper, in points.
    pub columns: Vec<(&'static str, f32)>,
    /// From when to when its charts go.
    pub window: (At, At),
    /// Its lines, each with a cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

/// What stands in a place.
#[derive(Debug, Clone, Serialize)]
pub enum Cell {
    /// Text.
    Text(String),
    /// Text to which the reader's eye is drawn.
    Remark(String),
    /// A number.
    Count(i64),
    /// A share, 0 to 1.
    Share(Option<f64>),
    /// A day and time.
    Moment(At),
    /// A time of a day that is known.
    Time(Option<At>),
    /// Seconds.
    Duration(Option<f64>),
    /// When something was, from when to when: drawn on paper, left out elsewhere.
    Chart(Vec<(At, At)>),
}

impl Cell {
    /// As it is printed, by the clocks of a zone.
    pub fn text(&self, zone: Tz) -> String {
        match self {
            Self::Text(text) | Self::Remark(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Share(part) => part.map(share).unwrap_or_default(),
            Self::Moment(at) => moment(*at, zone),
            Self::Time(at) => at.map(|at| time(at, zone)).unwrap_or_default(),
            Self::Duration(seconds) => seconds.map(duration).unwrap_or_default(),
            Self::Chart(_) => String::new(),
        }
    }
}

/// What a report is about.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Whose meetings.
    pub organization: OrganizationId,
    /// The meeting, when it is about one.
    pub meeting: Option<MeetingId>,
    /// The member, when it is about one.
    pub user: Option<UserId>,
    /// All the meetings that it rests on.
    pub meetings: Vec<MeetingId>,
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
    /// The hash of all that the report says, and of what it rests on.
    ///
    /// # Errors
    /// None in practice: what it says can be written.
    pub fn code(&self, id: ReportId, record: &Record) -> serde_json::Result<Hash> {
        Ok(Hash::of(&[
            Some("report"),
            Some(&id.to_string()),
            Some(&serde_json::to_string(self)?),
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
