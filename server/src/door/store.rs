//! SQL of the door.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, UserId},
};

use super::api::Door;
use crate::access::policy::OrgRole;

/// The door of a meeting.
pub async fn read(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Option<Door>> {
    sqlx::query_as!(
        Door,
        r#"select require_approval, auto_admit as "auto_admit: Vec<OrgRole>", wait_for_host,
                  locked_at is not null as "locked!", lobby_message as message
           from meetings where id = $1"#,
        meeting.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Stores the door of a locked meeting.
pub async fn save(
    tx: &mut Tx,
    meeting: MeetingId,
    door: &Door,
    now: DateTime<Utc>,
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update meetings set require_approval = $2,
                auto_admit = array(select r::org_role from jsonb_array_elements_text($3) r), wait_for_host = $4,
                locked_at = case when $5 then coalesce(locked_at, $6) end, lobby_message = $7, updated_by = $8
         where id = $1",
        meeting.0,
        door.require_approval,
        serde_json::json!(door.auto_admit),
        door.wait_for_host,
        door.locked,
        now,
        door.message,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets everybody in who waits. Gives their ids.
pub async fn admit_all(
    tx: &mut Tx,
    meeting: MeetingId,
    now: DateTime<Utc>,
    by: UserId,
) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"with members as (
               update meeting_participants set approved_at = $2, denied_at = null, status = 'accepted', updated_by = $3
               where meeting_id = $1 and status = 'pending_approval' and banned_at is null returning user_id),
           others as (
               update guests set approved_at = $2, denied_at = null, status = 'accepted', updated_by = $3
               where meeting_id = $1 and status = 'pending_approval' and banned_at is null returning id)
           select user_id as "id!: UserId" from members union all select id from others"#,
        meeting.0,
        now,
        by.0,
    )
    .fetch_all(&mut **tx)
    .await
}
