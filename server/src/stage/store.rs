//! SQL of the stage.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, UserId},
};
use uuid::Uuid;

use super::{
    api::{Stage, StageQuorum},
    rules::{Lead, Present},
};
use crate::{
    access::policy::{MeetingRole, OrgRole},
    participants::model::{ParticipantRights, RightsChange},
};

/// What everybody sees alike; `None` when there is no such meeting.
pub async fn read(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Option<Stage>> {
    let row = sqlx::query!(
        r#"select spotlight as "spotlight: Vec<UserId>", acting_host_id as "acting_host_id: UserId",
                  participants_can_unmute, participants_can_use_camera, participants_can_share_screen,
                  participants_can_chat, participants_can_react
           from meetings where id = $1"#,
        meeting.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Stage {
        spotlight: row.spotlight,
        acting_host_id: row.acting_host_id,
        participants: ParticipantRights {
            can_unmute: row.participants_can_unmute,
            can_use_camera: row.participants_can_use_camera,
            can_share_screen: row.participants_can_share_screen,
            can_chat: row.participants_can_chat,
            can_react: row.participants_can_react,
        },
    }))
}

/// How many members must be in the room and how many are; `None` where the meeting asks for no quorum.
pub async fn quorum(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Option<StageQuorum>> {
    sqlx::query_as!(
        StageQuorum,
        r#"select needed as "needed!", present as "present!" from meeting_quorum($1)"#,
        meeting.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Puts people in front.
pub async fn set_spotlight(
    tx: &mut Tx,
    meeting: MeetingId,
    people: &[UserId],
    by: UserId,
) -> sqlx::Result<()> {
    let people: Vec<Uuid> = people.iter().map(|id| id.0).collect();
    sqlx::query!(
        "update meetings set spotlight = $2, updated_by = $3 where id = $1",
        meeting.0,
        &people,
        by.0
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Changes what everybody may do who does not moderate, and what those may who come later. Gives who of them is in the
/// room.
pub async fn change_rights(
    tx: &mut Tx,
    meeting: MeetingId,
    change: RightsChange,
    by: UserId,
) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"with later as (
               update meetings set participants_can_unmute = coalesce($2, participants_can_unmute),
                      participants_can_use_camera = coalesce($3, $2, participants_can_use_camera),
                      participants_can_share_screen = coalesce($4, participants_can_share_screen),
                      participants_can_chat = coalesce($5, participants_can_chat),
                      participants_can_react = coalesce($6, participants_can_react), updated_by = $7
               where id = $1),
           visitors as (
               update guests set can_unmute = coalesce($2, can_unmute),
                      can_use_camera = coalesce($3, $2, can_use_camera),
                      can_share_screen = coalesce($4, can_share_screen), can_chat = coalesce($5, can_chat),
                      can_react = coalesce($6, can_react), updated_by = $7
               where meeting_id = $1 and banned_at is null returning id, status),
           members as (
               update meeting_participants set can_unmute = coalesce($2, can_unmute),
                      can_use_camera = coalesce($3, $2, can_use_camera),
                      can_share_screen = coalesce($4, can_share_screen), can_chat = coalesce($5, can_chat),
                      can_react = coalesce($6, can_react), updated_by = $7
               where meeting_id = $1 and role = 'participant' returning user_id as id, status)
           select id as "id!: UserId" from (select * from visitors union all select * from members) changed
           where status = 'joined'"#,
        meeting.0,
        change.can_unmute,
        change.can_use_camera,
        change.can_share_screen,
        change.can_chat,
        change.can_react,
        by.0,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Hands a meeting over: whoever hosted it becomes a co-host, and nobody stands in for them any more. Gives those whose
/// role changed.
pub async fn hand_over(
    tx: &mut Tx,
    meeting: MeetingId,
    user: UserId,
    by: UserId,
) -> sqlx::Result<Vec<UserId>> {
    sqlx::query!(
        "update meetings set host_id = $2, acting_host_id = null, acting_host_was = null, updated_by = $3 where id = $1",
        meeting.0,
        user.0,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query_scalar!(
        r#"update meeting_participants set
                  role = case when user_id = $2 then 'host'::meeting_role else 'co_host' end,
                  can_unmute = true, can_use_camera = true, can_share_screen = true, can_chat = true, can_react = true,
                  updated_by = $3
           where meeting_id = $1 and (user_id = $2 or role = 'host')
           returning user_id as "id: UserId""#,
        meeting.0,
        user.0,
        by.0,
    )
    .fetch_all(&mut **tx)
    .await
}

/// How a meeting that began at `started_at` is led.
pub async fn lead(tx: &mut Tx, meeting: MeetingId, started_at: DateTime<Utc>) -> sqlx::Result<Lead> {
    let host = sqlx::query!(
        r#"select m.acting_host_id as "acting: UserId", p.last_left_at as "left_at?"
           from meetings m left join meeting_participants p on p.meeting_id = m.id and p.role = 'host'
           where m.id = $1"#,
        meeting.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    let present = sqlx::query_as!(
        Present,
        r#"select p.user_id as "user: UserId", p.role as "role: MeetingRole", om.role as "org_role: OrgRole",
                  min(s.joined_at) as "since!"
           from attendance_spans s
           join meeting_participants p on p.meeting_id = s.meeting_id and p.user_id = s.user_id
           join organization_members om on om.organization_id = p.organization_id and om.user_id = p.user_id and om.is_active
           where s.meeting_id = $1 and s.left_at is null
           group by p.user_id, p.role, om.role"#,
        meeting.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(Lead { started_at, host_left_at: host.left_at, acting: host.acting, present })
}

/// Notes who leads in the host's place; they moderate as long as they do.
pub async fn set_acting(tx: &mut Tx, meeting: MeetingId, user: Option<UserId>) -> sqlx::Result<()> {
    sqlx::query!(
        "update meetings set acting_host_id = $2,
                acting_host_was = (select role from meeting_participants where meeting_id = $1 and user_id = $2)
         where id = $1",
        meeting.0,
        user.map(|id| id.0),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
