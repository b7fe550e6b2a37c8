//! SQL of presence checks. But for what the report reads it is the system's; who asks was looked at before.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, PresenceCheckId, UserId},
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    model::{CheckStanding, CheckedPerson, Closed, Last, LatestCheck, Time},
    rules,
};
use crate::meetings::model::MeetingSettings;

/// A meeting under way in which checks come by themselves.
pub struct Watched {
    pub id: MeetingId,
    pub started_at: DateTime<Utc>,
    pub settings: MeetingSettings,
    pub last: Last,
}

/// When a check is open, and for which slot it comes by itself.
#[derive(Debug, Clone, Copy)]
pub struct When {
    pub slot: Option<DateTime<Utc>>,
    pub opened_at: DateTime<Utc>,
    pub closes_at: DateTime<Utc>,
}

/// The meetings under way in which checks come by themselves.
pub async fn watched(tx: &mut Tx) -> sqlx::Result<Vec<Watched>> {
    let rows = sqlx::query!(
        r#"select m.id as "id: MeetingId", m.actual_start as "started_at!", m.settings, last.slot, last.opened_at
           from meetings m
           join organizations o on o.id = m.organization_id and o.suspended_at is null
           cross join lateral (select max(c.slot) as slot, max(c.opened_at) as opened_at
                               from presence_checks c where c.meeting_id = m.id) last
           where m.status = 'in_progress' and m.settings ->> 'presence_checks_per_hour' is not null
             and m.actual_start is not null"#,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = |settings: &Value| MeetingSettings::read(settings, MeetingSettings::default());
    Ok(rows
        .into_iter()
        .map(|row| Watched {
            id: row.id,
            started_at: row.started_at,
            settings: read(&row.settings),
            last: Last { slot: row.slot, opened_at: row.opened_at },
        })
        .collect())
}

/// Opens a check for everybody who is in the room, and tells of it. Whoever asks has shown that they are there. `None`
/// when nobody is, another is open, or the slot has one.
pub async fn open(
    tx: &mut Tx,
    meeting: MeetingId,
    when: When,
    by: Option<UserId>,
) -> sqlx::Result<Option<PresenceCheckId>> {
    sqlx::query_scalar!(
        r#"with there as (
               select array_agg(distinct coalesce(user_id, guest_of(identity))) as people from attendance_spans
               where meeting_id = $2 and left_at is null and coalesce(user_id, guest_of(identity)) is not null),
           made as (
               insert into presence_checks (id, organization_id, meeting_id, asked_by, slot, asked, opened_at, closes_at)
               select $1, m.organization_id, m.id, $3, $4, there.people, $5, $6
               from meetings m, there where m.id = $2 and m.status = 'in_progress' and there.people is not null
               on conflict do nothing returning *),
           own as (
               insert into presence_confirmations (check_id, person, organization_id, meeting_id, is_guest, confirmed_at)
               select id, $3, organization_id, meeting_id, false, opened_at from made where $3 = any (asked)),
           told as (
               select id, emit_meeting_event(meeting_id, 'presence_check.opened',
                   jsonb_build_object('id', id, 'opened_at', opened_at, 'closes_at', closes_at)) from made)
           select id as "id!: PresenceCheckId" from told"#,
        PresenceCheckId::new(when.opened_at).0,
        meeting.0,
        by.map(|user| user.0),
        when.slot,
        when.opened_at,
        when.closes_at,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// A check whose time is over, locked; those that another process closes are left out.
pub async fn due(tx: &mut Tx, now: DateTime<Utc>) -> sqlx::Result<Option<PresenceCheckId>> {
    sqlx::query_scalar!(
        r#"select id as "id: PresenceCheckId" from presence_checks where closed_at is null and closes_at <= $1
           order by closes_at limit 1 for no key update skip locked"#,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The check of a meeting that was not closed yet, locked, and until when it can be confirmed.
pub async fn open_one(
    tx: &mut Tx,
    meeting: MeetingId,
) -> sqlx::Result<Option<(PresenceCheckId, DateTime<Utc>)>> {
    let row = sqlx::query!(
        r#"select id as "id: PresenceCheckId", closes_at from presence_checks
           where meeting_id = $1 and closed_at is null for no key update"#,
        meeting.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.id, row.closes_at)))
}

/// Closes a check that is open and tells of it.
pub async fn close(tx: &mut Tx, check: PresenceCheckId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"with closed as (
               update presence_checks c set closed_at = least(closes_at, $2),
                      confirmed = (select count(*) from presence_confirmations a where a.check_id = c.id and a.person = any (c.asked))
               where id = $1 and closed_at is null returning id, meeting_id)
           select emit_meeting_event(meeting_id, 'presence_check.closed', jsonb_build_object('id', id)) as "seq!" from closed"#,
        check.0,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(())
}

/// Writes into the audit log who has missed a check.
pub async fn note_missed(
    tx: &mut Tx,
    check: PresenceCheckId,
    missed: Vec<(UserId, String)>,
) -> sqlx::Result<()> {
    let (people, names): (Vec<Uuid>, Vec<String>) =
        missed.into_iter().map(|(person, name)| (person.0, name)).unzip();
    sqlx::query!(
        "select audit_record(c.organization_id, c.meeting_id, 'presence_check.missed', 'presence_check', c.id, null,
                             jsonb_build_object('person', m.person, 'name', m.name))
         from presence_checks c, unnest($2::uuid[], $3::text[]) as m (person, name) where c.id = $1",
        check.0,
        &people,
        &names,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Everybody who was asked by these checks or confirmed them, by name.
pub async fn people(
    tx: &mut Tx,
    checks: &[PresenceCheckId],
) -> sqlx::Result<Vec<(PresenceCheckId, CheckedPerson)>> {
    let checks: Vec<Uuid> = checks.iter().map(|check| check.0).collect();
    let rows = sqlx::query!(
        r#"with wanted as (select * from presence_checks where id = any ($1)),
           stayed as (
               select distinct c.id, coalesce(s.user_id, guest_of(s.identity)) as person
               from wanted c join attendance_spans s on s.meeting_id = c.meeting_id
               where s.joined_at <= c.closes_at and coalesce(s.left_at, 'infinity') >= c.closes_at),
           one as (
               select id, unnest(asked) as person from wanted
               union select check_id, person from presence_confirmations where check_id = any ($1))
           select c.id as "check!: PresenceCheckId", one.person as "person!: UserId", coalesce(u.name, g.name) as name,
                  g.id is not null as "is_guest!", one.person = any (c.asked) as "was_asked!", c.closes_at as "closes_at!", c.closed_at as "closed_at?",
                  a.confirmed_at as "confirmed_at?", s.person is not null as "stayed!"
           from one
           join wanted c on c.id = one.id
           left join presence_confirmations a on a.check_id = c.id and a.person = one.person
           left join stayed s on s.id = c.id and s.person = one.person
           left join users u on u.id = one.person
           left join guests g on g.id = one.person
           order by 3, 2"#,
        &checks,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let time = Time { closes_at: row.closes_at, closed_at: row.closed_at };
            let outcome = rules::outcome(time, row.confirmed_at.is_some(), row.stayed);
            let person = CheckedPerson {
                id: row.person,
                name: row.name,
                is_guest: row.is_guest,
                was_asked: row.was_asked,
                outcome,
                confirmed_at: row.confirmed_at,
            };
            (row.check, person)
        })
        .collect())
}

/// A check as the list shows it; the people apart.
pub struct Row {
    pub id: PresenceCheckId,
    pub asked_by: Option<UserId>,
    pub asker: Option<String>,
    pub opened_at: DateTime<Utc>,
    pub closes_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
}

/// The checks of a meeting behind a place, the oldest first.
pub async fn list(
    tx: &mut Tx,
    meeting: MeetingId,
    after: Option<PresenceCheckId>,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"select c.id as "id: PresenceCheckId", c.asked_by as "asked_by: UserId", u.name as "asker?", c.opened_at,
                  c.closes_at, c.closed_at
           from presence_checks c left join users u on u.id = c.asked_by
           where c.meeting_id = $1 and ($2::uuid is null or c.id > $2) order by c.id limit $3"#,
        meeting.0,
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// A meeting's last check as somebody sees it who takes part; how it stands only `with_standing`.
pub async fn latest(
    tx: &mut Tx,
    meeting: MeetingId,
    person: Uuid,
    with_standing: bool,
) -> sqlx::Result<Option<LatestCheck>> {
    let row = sqlx::query!(
        r#"select c.id as "id: PresenceCheckId", c.opened_at, c.closes_at, c.closed_at, $2 = any (c.asked) as "was_asked!",
                  (select a.confirmed_at from presence_confirmations a where a.check_id = c.id and a.person = $2) as confirmed_at,
                  cardinality(c.asked)::bigint as "asked!",
                  case when $3 then (select count(*) from presence_confirmations a
                                     where a.check_id = c.id and a.person = any (c.asked)) end as confirmed
           from presence_checks c where c.meeting_id = $1 order by c.id desc limit 1"#,
        meeting.0,
        person,
        with_standing,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| LatestCheck {
        id: row.id,
        opened_at: row.opened_at,
        closes_at: row.closes_at,
        closed_at: row.closed_at,
        was_asked: row.was_asked,
        confirmed_at: row.confirmed_at,
        standing: row.confirmed.map(|confirmed| CheckStanding { asked: row.asked, confirmed }),
    }))
}

/// A check that somebody wants to confirm.
pub struct ToConfirm {
    pub time: Time,
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Whether they are in the room.
    pub is_there: bool,
}

/// A check of a meeting, kept from being closed until the transaction ends. `None` when there is none.
pub async fn to_confirm(
    tx: &mut Tx,
    meeting: MeetingId,
    check: PresenceCheckId,
    person: Uuid,
) -> sqlx::Result<Option<ToConfirm>> {
    let row = sqlx::query!(
        r#"select closes_at, closed_at,
                  (select a.confirmed_at from presence_confirmations a where a.check_id = c.id and a.person = $3) as confirmed_at,
                  exists (select from attendance_spans s where s.meeting_id = c.meeting_id and s.left_at is null
                          and coalesce(s.user_id, guest_of(s.identity)) = $3) as "is_there!"
           from presence_checks c where c.id = $1 and c.meeting_id = $2 for share of c"#,
        check.0,
        meeting.0,
        person,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| ToConfirm {
        time: Time { closes_at: row.closes_at, closed_at: row.closed_at },
        confirmed_at: row.confirmed_at,
        is_there: row.is_there,
    }))
}

/// Stores that somebody confirmed; gives when, which is the first time.
pub async fn confirm(
    tx: &mut Tx,
    check: PresenceCheckId,
    person: Uuid,
    is_guest: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query!(
        "insert into presence_confirmations (check_id, person, organization_id, meeting_id, is_guest, confirmed_at)
         select id, $2, organization_id, meeting_id, $3, $4 from presence_checks where id = $1
         on conflict do nothing",
        check.0,
        person,
        is_guest,
        now,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query_scalar!(
        "select confirmed_at from presence_confirmations where check_id = $1 and person = $2",
        check.0,
        person,
    )
    .fetch_one(&mut **tx)
    .await
}

/// The checks of a meeting that were closed, for whoever may see its attendance.
///
/// # Errors
/// When the database is away.
pub async fn closed_ones(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Vec<Closed>> {
    let rows = sqlx::query!(
        r#"select closes_at, closed_at, asked as "asked: Vec<UserId>",
                  array(select a.person from presence_confirmations a where a.check_id = c.id) as "confirmed!: Vec<UserId>"
           from presence_checks c where meeting_id = $1 and closed_at is not null order by id"#,
        meeting.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Closed {
            time: Time { closes_at: row.closes_at, closed_at: row.closed_at },
            asked: row.asked.into_iter().collect(),
            confirmed: row.confirmed.into_iter().collect(),
        })
        .collect())
}
