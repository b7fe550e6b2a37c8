//! SQL of reports. Row-level security lets officers read everybody's attendance, and each member their own.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::{
    db::Tx,
    ids::{ContactGroupId, ContactId, MeetingId, OrganizationId, UserId},
};

use uuid::Uuid;

use super::rules::{AbsenceKind, Count};
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
    pub excuse_reason: Option<String>,
    pub messages_sent: i32,
    pub hand_raised_count: i32,
}

/// The meetings of a period that somebody was invited to and that were not called off, the latest first, behind `after`.
pub async fn parts(
    tx: &mut Tx,
    org: OrganizationId,
    user: UserId,
    period: Period,
    after: Option<Place>,
    limit: i64,
) -> sqlx::Result<Vec<PartRow>> {
    let (at, id) = after.map_or((None, None), |(at, id)| (Some(at), Some(id.0)));
    sqlx::query_as!(
        PartRow,
        r#"select m.id as "id: MeetingId", m.title, m.scheduled_start, m.scheduled_end, m.actual_start, m.actual_end,
                  coalesce((m.settings ->> 'late_threshold_minutes')::integer, 5) as "late_threshold_minutes!",
                  p.status as "status: ParticipantStatus", p.first_joined_at, p.last_left_at, p.duration_seconds, p.is_late,
                  p.messages_sent + g.messages as "messages_sent!", p.hand_raised_count + g.hands as "hand_raised_count!",
                  e.reason as "excuse_reason?"
           from meeting_participants p join meetings m on m.id = p.meeting_id
           left join attendance_excuses e on e.meeting_id = p.meeting_id and e.user_id = p.user_id
           cross join lateral said_as_guest(p.meeting_id, p.user_id) g
           where p.user_id = $2 and p.organization_id = $1 and m.status <> 'cancelled'
             and m.scheduled_start >= $3 and m.scheduled_start < $4
             and ($5::timestamptz is null or (m.scheduled_start, m.id) < ($5, $6))
           order by m.scheduled_start desc, m.id desc limit $7"#,
        org.0,
        user.0,
        period.from,
        period.to,
        at,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Which absences are read.
#[derive(Debug, Clone)]
pub struct Absences {
    pub period: Period,
    /// Whose; everybody's when `None`.
    pub people: Option<Vec<UserId>>,
    pub kinds: Vec<AbsenceKind>,
    /// Only what is excused, or only what is not.
    pub excused: Option<bool>,
}

/// Somebody who was not there, not from the beginning, or not until the end.
pub struct AbsenceRow {
    pub meeting_id: MeetingId,
    pub title: String,
    pub scheduled_start: DateTime<Utc>,
    /// When the meeting ended, at the latest as it was planned.
    pub ends_at: Option<DateTime<Utc>>,
    pub user_id: UserId,
    pub name: String,
    pub kind: AbsenceKind,
    pub first_joined_at: Option<DateTime<Utc>>,
    pub last_left_at: Option<DateTime<Utc>>,
    pub excuse_reason: Option<String>,
}

/// Where a page of absences ended: scheduled start, meeting, person and kind.
pub type AbsencePlace = (DateTime<Utc>, MeetingId, UserId, AbsenceKind);

impl AbsenceRow {
    /// Where it stands.
    pub fn place(&self) -> AbsencePlace {
        (self.scheduled_start, self.meeting_id, self.user_id, self.kind)
    }
}

/// Who was absent, late, or left early, the latest meeting first, behind `after`.
pub async fn absences(
    tx: &mut Tx,
    org: OrganizationId,
    wanted: &Absences,
    after: Option<AbsencePlace>,
    limit: i64,
) -> sqlx::Result<Vec<AbsenceRow>> {
    // Without a place it is behind all that there can be: the same query walks the same index.
    let last = (wanted.period.to, MeetingId(Uuid::max()), UserId(Uuid::max()), AbsenceKind::LeftEarly);
    let (at, meeting, user, kind) = after.unwrap_or(last);
    let people: Option<Vec<Uuid>> =
        wanted.people.as_ref().map(|people| people.iter().map(|user| user.0).collect());
    sqlx::query_as!(
        AbsenceRow,
        r#"select m.id as "meeting_id!: MeetingId", m.title as "title!", m.scheduled_start as "scheduled_start!",
                  least(m.scheduled_end, m.actual_end) as ends_at, u.id as "user_id!: UserId", u.name as "name!",
                  k.kind as "kind!: AbsenceKind", p.first_joined_at, p.last_left_at, x.reason as "excuse_reason?"
           from meetings m
           join meeting_participants p on p.meeting_id = m.id and ($4::uuid[] is null or p.user_id = any ($4))
           join users u on u.id = p.user_id and u.kind = 'person'
           left join attendance_excuses x on x.meeting_id = p.meeting_id and x.user_id = p.user_id
           cross join lateral (
               select 'absent'::absence_kind as kind where p.first_joined_at is null
               union all select 'late' where p.is_late
               union all select 'left_early'
                         where check_participant_left_early(p.status = 'joined', p.last_left_at, m.scheduled_end, m.actual_end,
                                   coalesce((m.settings ->> 'late_threshold_minutes')::integer, 5))) k
           where m.organization_id = $1 and m.scheduled_start >= $2 and m.scheduled_start < $3
             and m.status = 'completed' and m.actual_start is not null
             and k.kind = any ($5) and ($6::boolean is null or (x.user_id is not null) = $6)
             and (m.scheduled_start, m.id) <= ($7, $8)
             and (m.scheduled_start, m.id, p.user_id, k.kind) < ($7, $8, $9, $10)
           order by m.scheduled_start desc, m.id desc, p.user_id desc, k.kind desc limit $11"#,
        org.0,
        wanted.period.from,
        wanted.period.to,
        people.as_deref() as Option<&[Uuid]>,
        &wanted.kinds as &[AbsenceKind],
        wanted.excused,
        at,
        meeting.0,
        user.0,
        kind as AbsenceKind,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// The name of a group of contacts.
pub async fn group_name(
    tx: &mut Tx,
    org: OrganizationId,
    group: ContactGroupId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select name from contact_groups where organization_id = $1 and id = $2",
        org.0,
        group.0
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Somebody in a group of contacts.
pub struct GroupPerson {
    pub contact: ContactId,
    pub name: String,
    /// The member who has the contact's e-mail address.
    pub user: Option<(UserId, String)>,
}

/// Who is in a group of contacts, by name.
pub async fn group_people(tx: &mut Tx, group: ContactGroupId) -> sqlx::Result<Vec<GroupPerson>> {
    let rows = sqlx::query!(
        r#"select c.id as "contact!: ContactId", c.name as "name!", u.id as "user?: UserId", u.name as "user_name?"
           from contact_group_members g
           join contacts c on c.id = g.contact_id
           left join (users u join organization_members m on m.user_id = u.id and m.is_active and u.kind = 'person')
             on u.email = c.email and m.organization_id = g.organization_id
           where g.group_id = $1 order by c.name, c.id"#,
        group.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let person = rows.into_iter().map(|row| GroupPerson {
        contact: row.contact,
        name: row.name,
        user: row.user.zip(row.user_name),
    });
    Ok(person.collect())
}

/// Meetings of a period that were held and are over, to which any of these people was invited.
pub async fn meetings_of(
    tx: &mut Tx,
    org: OrganizationId,
    period: Period,
    people: &[UserId],
) -> sqlx::Result<i64> {
    let people: Vec<Uuid> = people.iter().map(|user| user.0).collect();
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from meetings m
           where m.organization_id = $1 and m.scheduled_start >= $2 and m.scheduled_start < $3
             and m.status = 'completed' and m.actual_start is not null
             and exists (select from meeting_participants p where p.meeting_id = m.id and p.user_id = any ($4))"#,
        org.0,
        period.from,
        period.to,
        &people,
    )
    .fetch_one(&mut **tx)
    .await
}
