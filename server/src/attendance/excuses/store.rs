//! SQL of excuses.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, UserId},
};

use super::Excuse;
use crate::attendance::report::AttendeeUser;

/// Whether a member is on a meeting's list.
pub async fn is_listed(tx: &mut Tx, meeting: MeetingId, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from meeting_participants where meeting_id = $1 and user_id = $2) as "listed!""#,
        meeting.0,
        user.0,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Writes an excuse of somebody on the list; the same reason again leaves what stands there.
pub async fn write(
    tx: &mut Tx,
    meeting: MeetingId,
    user: UserId,
    reason: &str,
    by: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into attendance_excuses as e (organization_id, meeting_id, user_id, reason, excused_by, excused_at)
         select organization_id, meeting_id, user_id, $3, $4, $5 from meeting_participants
         where meeting_id = $1 and user_id = $2
         on conflict (meeting_id, user_id) do update set
                reason = excluded.reason, excused_by = excluded.excused_by, excused_at = excluded.excused_at
         where e.reason <> excluded.reason",
        meeting.0,
        user.0,
        reason,
        by.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The excuse of somebody.
pub async fn read(tx: &mut Tx, meeting: MeetingId, user: UserId) -> sqlx::Result<Option<Excuse>> {
    let row = sqlx::query!(
        r#"select e.reason, e.excused_at, u.id as "by?: UserId", u.name as "by_name?"
           from attendance_excuses e left join users u on u.id = e.excused_by
           where e.meeting_id = $1 and e.user_id = $2"#,
        meeting.0,
        user.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Excuse {
        reason: row.reason,
        excused_by: row.by.zip(row.by_name).map(|(id, name)| AttendeeUser { id, name }),
        excused_at: row.excused_at,
    }))
}

/// Takes an excuse back.
pub async fn delete(tx: &mut Tx, meeting: MeetingId, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from attendance_excuses where meeting_id = $1 and user_id = $2", meeting.0, user.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
