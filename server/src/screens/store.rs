//! SQL of shared screens. A trigger on the connections ends what was shared through one that ended.

use chrono::{DateTime, Utc};
use kernel::{db::Tx, ids::UserId};
use uuid::Uuid;

use super::Screen;
use crate::{
    attendance::{model::Person, rules::person_of},
    meetings::model::Meeting,
};

/// Comparisons in a row that must miss a screen before it counts as ended.
const MISSES: i32 = 2;

/// Notes that a screen is shared since `at`. Its connection may have ended meanwhile; its end may have been told before.
pub async fn open(tx: &mut Tx, meeting: &Meeting, screen: &Screen, at: DateTime<Utc>) -> sqlx::Result<()> {
    let Some((user, guest)) = columns(&screen.identity) else { return Ok(()) };
    sqlx::query!(
        "insert into shared_screens as s (meeting_id, track_sid, organization_id, user_id, identity, participant_sid, began_at,
                ended_at, last_seen_at)
         select $1, $2, $3, $4, $5, $6, $7::timestamptz,
                (select greatest($7, a.left_at) from attendance_spans a
                 where a.meeting_id = $1 and a.participant_sid = $6 and a.left_at is not null), $7
         where $8 or exists (select from users where id = $4)
         on conflict (meeting_id, track_sid) do update set began_at = least(s.began_at, excluded.began_at)",
        meeting.id.0,
        screen.track_sid,
        meeting.organization_id.0,
        user,
        screen.identity,
        screen.participant_sid,
        at,
        guest,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that LiveKit said that a screen is not shared any more since `at`. When its beginning is told later, it begins
/// there; until then nobody knows.
pub async fn close(tx: &mut Tx, meeting: &Meeting, screen: &Screen, at: DateTime<Utc>) -> sqlx::Result<()> {
    let Some((user, guest)) = columns(&screen.identity) else { return Ok(()) };
    sqlx::query!(
        "with ended as (
             select least($7::timestamptz, (select a.left_at from attendance_spans a
                                            where a.meeting_id = $1 and a.participant_sid = $6)) as at)
         insert into shared_screens as s (meeting_id, track_sid, organization_id, user_id, identity, participant_sid, began_at,
                ended_at, end_was_told, last_seen_at)
         select $1, $2, $3, $4, $5, $6, null, at, true, at from ended
         where $8 or exists (select from users where id = $4)
         on conflict (meeting_id, track_sid) do update set
             ended_at = greatest(s.began_at, case when s.end_was_told then least(s.ended_at, excluded.ended_at)
                                                  else excluded.ended_at end),
             end_was_told = true",
        meeting.id.0,
        screen.track_sid,
        meeting.organization_id.0,
        user,
        screen.identity,
        screen.participant_sid,
        at,
        guest,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Holds the open screens of a meeting against those that LiveKit listed, as connections are compared: what is listed
/// through an open connection is shared, unless LiveKit told of its end since; what was missed twice ended when it was
/// last seen.
pub async fn compare(
    tx: &mut Tx,
    meeting: &Meeting,
    listed: &[Screen],
    asked_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let known: Vec<(&Screen, Option<Uuid>)> = listed
        .iter()
        .filter_map(|screen| columns(&screen.identity).map(|(user, _)| (screen, user)))
        .collect();
    let column =
        |of: fn(&Screen) -> &String| known.iter().map(|(screen, _)| of(screen).clone()).collect::<Vec<_>>();
    let users: Vec<Option<Uuid>> = known.iter().map(|(_, user)| *user).collect();
    sqlx::query!(
        "with listed as (
             select l.* from unnest($3::text[], $4::text[], $5::text[], $6::uuid[]) l (track, who, connection, person)
             join attendance_spans a on a.meeting_id = $1 and a.participant_sid = l.connection and a.left_at is null),
         held as (
             update shared_screens s set
                 misses = case when h.there then 0 else s.misses + 1 end,
                 last_seen_at = case when h.there then greatest(s.last_seen_at, $7) else s.last_seen_at end,
                 ended_at = case when not h.there and s.misses + 1 >= $8 then greatest(s.began_at, s.last_seen_at) end
             from (select o.track_sid, o.track_sid in (select track from listed) as there from shared_screens o
                   where o.meeting_id = $1) h
             where s.meeting_id = $1 and s.track_sid = h.track_sid
               and (s.ended_at is null or h.there and not s.end_was_told))
         insert into shared_screens (meeting_id, track_sid, organization_id, user_id, identity, participant_sid, began_at,
                last_seen_at)
         select $1, l.track, $2, u.id, l.who, l.connection, $7, $7 from listed l
         left join users u on u.id = l.person
         where l.person is null or u.id is not null
         on conflict (meeting_id, track_sid) do nothing",
        meeting.id.0,
        meeting.organization_id.0,
        &column(|screen| &screen.track_sid),
        &column(|screen| &screen.identity),
        &column(|screen| &screen.participant_sid),
        &users as &[Option<Uuid>],
        asked_at,
        MISSES,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The user behind an identity, or that it is a guest's; `None` for whatever is no person.
fn columns(identity: &str) -> Option<(Option<Uuid>, bool)> {
    match person_of(identity, "")? {
        Person::User(UserId(user)) => Some((Some(user), false)),
        Person::Guest(_) => Some((None, true)),
    }
}
