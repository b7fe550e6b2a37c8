//! What attendance is made of.

use chrono::{DateTime, Utc};
use kernel::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who is connected.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Person {
    /// Someone with an account.
    User(UserId),
    /// Someone who came by a guest link, by the name they gave.
    Guest(String),
}

/// One connection of a person to a room, as LiveKit tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Who it is.
    pub person: Person,
    /// LiveKit's identity.
    pub identity: String,
    /// LiveKit's name of the connection.
    pub sid: String,
    /// The incarnation of the room.
    pub room_sid: String,
    /// When its signal connection was made.
    pub joined_at: DateTime<Utc>,
}

/// How we learnt of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "span_opened_by", rename_all = "snake_case")]
pub enum OpenedBy {
    /// LiveKit told us.
    Webhook,
    /// A comparison found it.
    Reconcile,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "span_closed_by", rename_all = "snake_case")]
pub enum ClosedBy {
    /// LiveKit told that it ended.
    Left,
    /// LiveKit told that nothing was heard of it any more.
    Vanished,
    /// The person left by our leave call.
    LeaveCall,
    /// A later connection of the same identity took its place.
    Replaced,
    /// The room closed.
    RoomFinished,
    /// A comparison found it gone.
    Reconcile,
}
