//! SQL of the events of a meeting.

use axum::http::StatusCode;
use kernel::{
    db::Tx,
    ids::{MeetingId, SessionId, UserId},
};
use sqlx::{
    PgPool,
    postgres::types::PgInterval,
    types::{Json, Uuid},
};

use super::event::Event;
use crate::{
    access::{guest::Attending, policy::Action},
    guests,
    http::{Problem, Result},
    meetings::api::require,
};

/// A stream of events that this process carries into the room, until its lease ends.
#[derive(Debug)]
pub struct Claimed {
    pub meeting: MeetingId,
    /// Names this lease, and no later one.
    pub carrier: Uuid,
    /// Up to here everything was sent.
    pub done: i64,
}

/// What is to be sent next.
#[derive(Debug)]
pub struct Load {
    /// Number of the last event.
    pub head: i64,
    pub room: String,
    pub in_progress: bool,
    pub events: Vec<Event>,
}

/// Takes streams with events that were not sent yet and that nobody carries, in one round trip.
pub async fn claim(pool: &PgPool, hold: std::time::Duration, most: usize) -> sqlx::Result<Vec<Claimed>> {
    sqlx::query_as!(
        Claimed,
        r#"select meeting as "meeting!: MeetingId", carrier as "carrier!", done as "done!" from claim_streams($1, $2)"#,
        interval(hold),
        i32::try_from(most).unwrap_or(i32::MAX),
    )
    .fetch_all(pool)
    .await
}

/// Notes what was sent and gets what is next, in one round trip. With `rest` the stream is given back. `None` when
/// somebody else has it now.
pub async fn carry(
    pool: &PgPool,
    stream: &Claimed,
    hold: std::time::Duration,
    most: i32,
    rest: bool,
) -> sqlx::Result<Option<Load>> {
    let row = sqlx::query!(
        r#"select head as "head!", room as "room!", in_progress as "in_progress!", events as "events!: Json<Vec<Event>>"
           from carry_stream($1, $2, $3, $4, $5, $6)"#,
        stream.meeting.0,
        stream.carrier,
        stream.done,
        interval(hold),
        most,
        rest,
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Load {
        head: row.head,
        room: row.room,
        in_progress: row.in_progress,
        events: row.events.0,
    }))
}

fn interval(of: std::time::Duration) -> PgInterval {
    PgInterval { months: 0, days: 0, microseconds: i64::try_from(of.as_micros()).unwrap_or(i64::MAX) }
}

/// Number of a meeting's last event; 0 when nothing has happened.
pub async fn head(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<i64> {
    let head = sqlx::query_scalar!("select last_seq from meeting_streams where meeting_id = $1", meeting.0)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(head.unwrap_or(0))
}

/// The next events behind a number.
pub async fn behind(tx: &mut Tx, meeting: MeetingId, seq: i64, most: i64) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as!(
        Event,
        "select event, data, seq from meeting_events where meeting_id = $1 and seq > $2 order by seq limit $3",
        meeting.0,
        seq,
        most,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Requires that somebody takes part in a meeting: invited, an active member and not banned, or a guest who may stay.
///
/// # Errors
/// 404 when the meeting is not visible to them, 403 when they are not invited or were banned.
pub async fn require_follower(tx: &mut Tx, attending: &Attending, meeting: MeetingId) -> Result<()> {
    let caller = match attending {
        Attending::Person(caller) => caller,
        Attending::Guest(guest) => return guests::require(tx, *guest, meeting).await,
    };
    require(tx, caller, meeting, Action::Chat).await?;
    if is_banned(tx, meeting, caller.user_id).await? {
        return Err(Problem::new(StatusCode::FORBIDDEN, "BANNED", "You were removed from this meeting."));
    }
    Ok(())
}

async fn is_banned(tx: &mut Tx, meeting: MeetingId, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from meeting_participants
                          where meeting_id = $1 and user_id = $2 and banned_at is not null) as "banned!""#,
        meeting.0,
        user.0,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Whether a sign-in was ended.
pub async fn is_signed_out(tx: &mut Tx, session: SessionId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from sessions where id = $1 and revoked_at is not null) as "ended!""#,
        session.0,
    )
    .fetch_one(&mut **tx)
    .await
}
