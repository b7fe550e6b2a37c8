//! SQL of reports. Row-level security lets officers read everybody's attendance, and each member their own.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, UserId},
};

use super::rules::Count;
use crate::{
    meetings::model::{MeetingStatus, ShowStatus},
    participants::model::ParticipantStatus,
};

/// From when to before when.
#[derive(Debug, Clone, Copy)]
pub struct Period {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// What is counted of a month's meetings.
pub struct Month {
    /// Its first day, in the organization's time zone.
    pub month: NaiveDate,
    pub count: Count,
}

/// The months of a period in which there were meetings.
pub async fn months(
    tx: &mut Tx,
    org: OrganizationId,
    period: Period,
    zone: &str,
) -> sqlx::Result<Vec<Month>> {
    let rows = sqlx::query!(
        r#"with found as (
               select m.id, m.status, m.show_status, m.actual_start,
                      date_trunc('month', m.scheduled_start at time zone $4::text)::date as month
               from meetings m
               where m.organization_id = $1 and m.scheduled_start >= $2 and m.scheduled_start < $3),
           people as (
               select p.meeting_id, count(*) as invited, count(p.first_joined_at) as attended,
                      count(*) filter (where p.is_late) as late, sum(p.duration_seconds) as seconds
               from found f join meeting_participants p on p.meeting_id = f.id
               where f.status <> 'cancelled' and f.actual_start is not null group by 1)
           select f.month as "month!", count(*) as "meetings!",
                  count(*) filter (where f.status <> 'cancelled'
                                   and (f.actual_start is not null or f.show_status = 'attended')) as "held!",
                  count(*) filter (where f.status = 'cancelled') as "cancelled!",
                  count(*) filter (where f.show_status = 'no_show') as "no_shows!",
                  coalesce(sum(p.invited), 0)::bigint as "invited!", coalesce(sum(p.attended), 0)::bigint as "attended!",
                  coalesce(sum(p.late), 0)::bigint as "late!", coalesce(sum(p.seconds), 0) as "seconds!"
           from found f left join people p on p.meeting_id = f.id
           group by f.month order by f.month"#,
        org.0,
        period.from,
        period.to,
        zone,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Month {
            month: row.month,
            count: Count {
                meetings: row.meetings,
                held: row.held,
                cancelled: row.cancelled,
                no_shows: row.no_shows,
                invited: row.invited,
                attended: row.attended,
                late: row.late,
                seconds: row.seconds,
            },
        })
        .collect())
}

/// A meeting with what is counted of it.
pub struct MeetingRow {
    pub id: MeetingId,
    pub title: String,
    pub host_name: Option<String>,
    pub scheduled_start: DateTime<Utc>,
    pub actual_start: Option<DateTime<Utc>>,
    pub actual_end: Option<DateTime<Utc>>,
    pub status: MeetingStatus,
    pub show_status: ShowStatus,
    pub invited: i64,
    pub attended: i64,
    pub late: i64,
    pub seconds: f64,
}

/// Where a page ended: scheduled start and id.
pub type Place = (DateTime<Utc>, MeetingId);

/// The meetings of a period, the latest first, behind `after`.
pub async fn meetings(
    tx: &mut Tx,
    org: OrganizationId,
    period: Period,
    after: Option<Place>,
    limit: i64,
) -> sqlx::Result<Vec<MeetingRow>> {
    let (at, id) = after.map_or((None, None), |(at, id)| (Some(at), Some(id.0)));
    sqlx::query_as!(
        MeetingRow,
        r#"with page as (
               select m.* from meetings m
               where m.organization_id = $1 and m.scheduled_start >= $2 and m.scheduled_start < $3
                 and ($4::timestamptz is null or (m.scheduled_start, m.id) < ($4, $5))
               order by m.scheduled_start desc, m.id desc limit $6)
           select m.id as "id!: MeetingId", m.title as "title!", h.name as "host_name?",
                  m.scheduled_start as "scheduled_start!", m.actual_start, m.actual_end,
                  m.status as "status!: MeetingStatus", m.show_status as "show_status!: ShowStatus",
                  p.invited as "invited!", p.attended as "attended!", p.late as "late!", p.seconds as "seconds!"
           from page m
           left join users h on h.id = m.host_id
           cross join lateral (
               select count(*) as invited, count(p.first_joined_at) as attended,
                      count(*) filter (where p.is_late) as late, coalesce(sum(p.duration_seconds), 0) as seconds
               from meeting_participants p where p.meeting_id = m.id) p
           order by m.scheduled_start desc, m.id desc"#,
        org.0,
        period.from,
        period.to,
        at,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// The name of somebody who is or was a member.
pub async fn member_name(tx: &mut Tx, org: OrganizationId, user: UserId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select u.name from organization_members m join users u on u.id = m.user_id and u.kind = 'person'
         where m.organization_id = $1 and m.user_id = $2",
        org.0,
        user.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// A meeting that somebody was invited to, and their part in it.
pub struct PartRow {
    pub id: MeetingId,
    pub title: String,
    pub scheduled_start: DateTime<Utc>,
    pub scheduled_end: Option<DateTime<Utc>>,
    pub actual_start: Option<DateTime<Utc>>,
    pub actual_end: Option<DateTime<Utc>>,
    pub late_threshold_minutes: i32,
    pub status: ParticipantStatus,
    pub first_joined_at: Option<DateTime<Utc>>,
    pub last_left_at: Option<DateTime<Utc>>,
    pub duration_seconds: f64,
    pub is_late: bool,
    pub messages_sent: i32,
    pub hand_raised_count: i32,
}

/// The meetings of a period that somebody was invited to and that were not called off, the latest first.
pub async fn parts(
    tx: &mut Tx,
    org: OrganizationId,
    user: UserId,
    period: Period,
) -> sqlx::Result<Vec<PartRow>> {
    sqlx::query_as!(
        PartRow,
        r#"select m.id as "id: MeetingId", m.title, m.scheduled_start, m.scheduled_end, m.actual_start, m.actual_end,
                  coalesce((m.settings ->> 'late_threshold_minutes')::integer, 5) as "late_threshold_minutes!",
                  p.status as "status: ParticipantStatus", p.first_joined_at, p.last_left_at, p.duration_seconds, p.is_late,
                  p.messages_sent + g.messages as "messages_sent!", p.hand_raised_count + g.hands as "hand_raised_count!"
           from meeting_participants p join meetings m on m.id = p.meeting_id
           cross join lateral said_as_guest(p.meeting_id, p.user_id) g
           where p.user_id = $2 and p.organization_id = $1 and m.status <> 'cancelled'
             and m.scheduled_start >= $3 and m.scheduled_start < $4
           order by m.scheduled_start desc, m.id desc"#,
        org.0,
        user.0,
        period.from,
        period.to,
    )
    .fetch_all(&mut **tx)
    .await
}
