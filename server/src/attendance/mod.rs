//! Attendance: who was in the room, from when to when, as LiveKit saw it.
//!
//! One span per connection (participant SID). Webhooks open and close spans in whatever order they come; a comparison
//! with LiveKit repairs what they missed. A token that someone asked for is no presence.

pub mod api;
pub mod corrections;
pub mod excuses;
pub mod model;
pub mod presence;
pub mod pulse;
pub mod reconcile;
pub mod report;
pub mod rules;
mod store;

use chrono::{DateTime, Utc};
use kernel::{db::Tx, ids::MeetingId};

use self::model::{ClosedBy, Connection, OpenedBy, Person};
use crate::meetings::model::Meeting;

pub use store::anybody;

impl From<&Meeting> for store::Of {
    fn from(meeting: &Meeting) -> Self {
        Self { meeting: meeting.id, organization: meeting.organization_id }
    }
}

/// LiveKit told that a connection began. A later connection of an identity ends its earlier ones.
///
/// # Errors
/// When the database is away.
pub async fn joined(
    tx: &mut Tx,
    meeting: &Meeting,
    connection: &Connection,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    store::open(tx, meeting.into(), connection, OpenedBy::Webhook, now).await?;
    for span in store::replaced(tx, meeting.id, &connection.identity).await? {
        let (at, how) = rules::replaced(span.last_sign, span.misses, span.later);
        store::conclude(tx, span.id, at, how).await?;
    }
    Ok(())
}

/// LiveKit told that a connection ended at `left_at`.
///
/// # Errors
/// When the database is away.
pub async fn left(
    tx: &mut Tx,
    meeting: &Meeting,
    connection: &Connection,
    left_at: DateTime<Utc>,
    how: ClosedBy,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    store::close(tx, meeting.into(), connection, left_at, how, now).await
}

/// LiveKit told that a room began anew at `at`: whoever was in an earlier incarnation of it is no longer there.
///
/// # Errors
/// When the database is away.
pub async fn room_started(
    tx: &mut Tx,
    meeting: &Meeting,
    room_sid: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    store::close_earlier_rooms(tx, meeting.id, room_sid, at).await
}

/// LiveKit told that a room closed at `at`. Returns whether nobody is there any more.
///
/// # Errors
/// When the database is away.
pub async fn room_finished(
    tx: &mut Tx,
    meeting: &Meeting,
    room_sid: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    store::close_room(tx, meeting.id, room_sid, at).await?;
    Ok(!anybody(tx, meeting.id).await?)
}

/// A person leaves by our own call: the open spans of these devices of theirs end now.
///
/// # Errors
/// When the database is away.
pub async fn leave(
    tx: &mut Tx,
    meeting: MeetingId,
    devices: &[String],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    store::leave(tx, meeting, devices, now).await
}

/// Whether someone may be in the room: everybody on the list who is not banned, and guests who may stay.
///
/// # Errors
/// When the database is away.
pub async fn is_welcome(tx: &mut Tx, meeting: &Meeting, connection: &Connection) -> sqlx::Result<bool> {
    match &connection.person {
        Person::User(user) => Ok(store::unwelcome(tx, meeting.id, &[*user]).await?.is_empty()),
        Person::Guest(_) => {
            let identities = std::slice::from_ref(&connection.identity);
            Ok(store::unwelcome_guests(tx, meeting.id, identities).await?.is_empty())
        }
    }
}

/// Whether someone who was to leave the room at `at` may be in it after all, because they were let in again since.
///
/// # Errors
/// When the database is away.
pub async fn was_let_in_again(
    tx: &mut Tx,
    meeting: &Meeting,
    identity: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let Some(Person::User(user)) = rules::person_of(identity, "") else { return Ok(false) };
    Ok(store::unwelcome(tx, meeting.id, &[user]).await?.is_empty()
        && store::was_admitted_since(tx, meeting.id, user, at).await?)
}
