//! What presence checks are made of.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use kernel::ids::{PresenceCheckId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// What became of a check for one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It is open still.
    Asked,
    /// They have confirmed.
    Confirmed,
    /// They were there when it closed and had not confirmed.
    Missed,
    /// They had left before it closed, or the meeting had ended.
    Left,
}

/// How long a check is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// Until when it can be confirmed.
    pub closes_at: DateTime<Utc>,
    /// When it was closed, earlier where the meeting ended; `None` while it has not been.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A check that was closed.
#[derive(Debug, Clone)]
pub struct Closed {
    /// How long it was open.
    pub time: Time,
    /// Who was asked: users and guests.
    pub asked: HashSet<UserId>,
    /// Who has confirmed.
    pub confirmed: HashSet<UserId>,
}

/// What somebody made of the checks of a meeting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckTally {
    /// Closed checks that were theirs to confirm; not those before whose end they left.
    pub asked: usize,
    /// Those that they confirmed.
    pub confirmed: usize,
}

/// The last checks of a meeting.
#[derive(Debug, Clone, Copy, Default)]
pub struct Last {
    /// The slot of the last that came by itself.
    pub slot: Option<DateTime<Utc>>,
    /// When the last of all opened.
    pub opened_at: Option<DateTime<Utc>>,
}

/// Somebody who was asked, or confirmed without being asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckedPerson {
    /// A user's id, or a guest's.
    pub id: UserId,
    /// Their name; `null` for an account that was erased.
    pub name: Option<String>,
    /// Whether it is a guest.
    pub is_guest: bool,
    /// Whether they were in the room when it opened.
    pub was_asked: bool,
    /// What became of it.
    pub outcome: CheckOutcome,
    /// When they confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// How a check stands, without names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckStanding {
    /// How many were asked.
    pub asked: i64,
    /// How many of them have confirmed.
    pub confirmed: i64,
}

/// A meeting's last check, as somebody who takes part sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LatestCheck {
    /// Its id.
    pub id: PresenceCheckId,
    /// When it opened.
    pub opened_at: DateTime<Utc>,
    /// Until when it can be confirmed.
    pub closes_at: DateTime<Utc>,
    /// When it was closed; `null` while it has not been.
    pub closed_at: Option<DateTime<Utc>>,
    /// Whether the caller was asked.
    pub was_asked: bool,
    /// When the caller confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// How it stands, for those who moderate.
    pub standing: Option<CheckStanding>,
}
