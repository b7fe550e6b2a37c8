//! SQL of shows.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId},
};

use crate::meetings::model::{MeetingStatus, ShowSource, ShowStatus};

/// Stores that a meeting takes place; false when that was known.
pub async fn attend(tx: &mut Tx, id: MeetingId, at: DateTime<Utc>, source: ShowSource) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select store_show($1, 'attended', $2, $3) as "new!""#,
        id.0,
        at,
        source as ShowSource
    )
    .fetch_one(&mut **tx)
    .await
}

/// Whether LiveKit's word that somebody was in the room until `until` is news, and stores it.
pub async fn confirm(
    tx: &mut Tx,
    id: MeetingId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select confirm_show($1, $2, $3) as "new!""#, id.0, until, now)
        .fetch_one(&mut **tx)
        .await
}

/// Whether a meeting is one of an organization that works.
pub async fn is_of(tx: &mut Tx, id: MeetingId, org: OrganizationId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from meetings m
                          join organizations o on o.id = m.organization_id and o.suspended_at is null
                          where m.id = $1 and m.organization_id = $2) as "is!""#,
        id.0,
        org.0,
    )
    .fetch_one(&mut **tx)
    .await
}

/// A meeting as a room tablet shows it.
pub struct OfDevice {
    pub id: MeetingId,
    pub title: String,
    pub location: String,
    pub host_name: Option<String>,
    pub scheduled_start: DateTime<Utc>,
    pub scheduled_end: Option<DateTime<Utc>>,
    pub timezone: String,
    pub status: MeetingStatus,
    pub show_status: ShowStatus,
    pub shown_at: Option<DateTime<Utc>>,
}

/// The meetings of an organization that people come to in a place, by start, as long as the organization works.
pub async fn of_device(
    tx: &mut Tx,
    org: OrganizationId,
    from: DateTime<Utc>,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<OfDevice>> {
    sqlx::query_as!(
        OfDevice,
        r#"select m.id as "id: MeetingId", m.title, m.location, h.name as "host_name?", m.scheduled_start, m.scheduled_end,
                  m.timezone, m.status as "status: MeetingStatus", m.show_status as "show_status: ShowStatus", m.shown_at
           from meetings m
           join organizations o on o.id = m.organization_id and o.suspended_at is null
           left join users h on h.id = m.host_id
           where m.organization_id = $1 and m.status in ('scheduled', 'in_progress', 'completed')
             and m.venue_mode in ('in_person', 'hybrid') and m.scheduled_start >= $2 and m.scheduled_start < $3
           order by m.scheduled_start, m.id limit $4"#,
        org.0,
        from,
        before,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// An organization whose night has come, and its time zone.
pub struct Night {
    pub organization: OrganizationId,
    pub timezone: String,
}

/// The organization whose night came first, locked; those that another process sees to are left out.
pub async fn night(tx: &mut Tx, now: DateTime<Utc>) -> sqlx::Result<Option<Night>> {
    sqlx::query_as!(
        Night,
        r#"select r.organization_id as "organization: OrganizationId", o.timezone
           from no_show_runs r join organizations o on o.id = r.organization_id
           where r.due_at <= $1 order by r.due_at limit 1 for update of r skip locked"#,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Notes when an organization's next night is.
pub async fn next_night(tx: &mut Tx, org: OrganizationId, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update no_show_runs set due_at = $2 where organization_id = $1", org.0, at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes that nobody came to some meetings that should have begun before `before` (ATT-13); gives their ids.
pub async fn miss(
    tx: &mut Tx,
    org: OrganizationId,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<MeetingId>> {
    sqlx::query_scalar!(
        r#"with due as (
               select id from meetings
               where organization_id = $1 and status = 'scheduled' and show_status = 'pending' and scheduled_start < $2
               order by scheduled_start, id limit $3 for no key update)
           select id as "id!: MeetingId" from due where store_show(id, 'no_show', null, null)"#,
        org.0,
        before,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}
