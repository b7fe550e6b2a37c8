//! SQL of recordings, as far as the server writes them.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, RecordingId, UserId},
    recording::{
        AccessLevel, FailureCode, Gap, HANDLER_GONE_AFTER, Layout, Recording, RecordingOut, Status,
        StopReason, UPDATED_EVENT, WAKE_CHANNEL,
    },
};
use sqlx::types::Json;

use crate::access::policy::OrgRole;

struct Row {
    created_at: DateTime<Utc>,
    id: RecordingId,
    meeting_id: MeetingId,
    status: Status,
    failure_code: Option<String>,
    failure_detail: Option<String>,
    engine: String,
    layout: Layout,
    audio_only: bool,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    duration_seconds: Option<f64>,
    size_bytes: Option<i64>,
    content_type: Option<String>,
    sha256: Option<String>,
    access_level: AccessLevel,
    allowed_roles: Vec<String>,
    gaps: Json<Vec<Gap>>,
}

impl From<Row> for RecordingOut {
    fn from(row: Row) -> Self {
        Recording {
            id: row.id,
            meeting_id: row.meeting_id,
            status: row.status,
            failure_code: row.failure_code,
            failure_detail: row.failure_detail,
            engine: row.engine,
            layout: row.layout,
            audio_only: row.audio_only,
            started_at: row.started_at,
            ended_at: row.ended_at,
            duration_seconds: row.duration_seconds,
            size_bytes: row.size_bytes,
            content_type: row.content_type,
            sha256: row.sha256,
            access_level: row.access_level,
            allowed_roles: row.allowed_roles,
            gaps: row.gaps,
        }
        .into()
    }
}

macro_rules! select_recordings {
    ($rest:literal, $($arg:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select created_at, id as "id: RecordingId", meeting_id as "meeting_id: MeetingId",
                      status as "status: Status", failure_code, failure_detail, engine, layout as "layout: Layout",
                      audio_only, started_at, ended_at, duration_seconds, size_bytes, content_type, sha256,
                      access_level as "access_level: AccessLevel", allowed_roles::text[] as "allowed_roles!",
                      gaps as "gaps: Json<Vec<Gap>>"
               from recordings "# + $rest,
            $($arg),+
        )
    };
}

/// One recording; `None` when the caller may not see it.
pub async fn find(tx: &mut Tx, id: RecordingId) -> sqlx::Result<Option<RecordingOut>> {
    let row = select_recordings!("where id = $1", id.0).fetch_optional(&mut **tx).await?;
    Ok(row.map(RecordingOut::from))
}

/// A recording with its row locked until the transaction ends; `None` when the caller may not see it.
pub async fn lock(tx: &mut Tx, id: RecordingId) -> sqlx::Result<Option<RecordingOut>> {
    let row = select_recordings!("where id = $1 for no key update", id.0).fetch_optional(&mut **tx).await?;
    Ok(row.map(RecordingOut::from))
}

/// Where a page of a list ended.
pub type Place = (DateTime<Utc>, RecordingId);

/// What the caller may see of a meeting's recordings, the newest first, each with its place in the list.
pub async fn of_meeting(
    tx: &mut Tx,
    meeting: MeetingId,
    after: Option<Place>,
    limit: i64,
) -> sqlx::Result<Vec<(Place, RecordingOut)>> {
    let (at, id) = after.map_or((None, None), |(at, id)| (Some(at), Some(id.0)));
    let rows = select_recordings!(
        "where meeting_id = $1 and status <> 'deleted' and ($2::timestamptz is null or (created_at, id) < ($2, $3))
         order by created_at desc, id desc limit $4",
        meeting.0,
        at,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| ((row.created_at, row.id), row.into())).collect())
}

/// What the caller may see of an organization's recordings, the newest first, each with its place in the list.
pub async fn of_organization(
    tx: &mut Tx,
    organization: OrganizationId,
    after: Option<Place>,
    limit: i64,
) -> sqlx::Result<Vec<(Place, RecordingOut)>> {
    let (at, id) = after.map_or((None, None), |(at, id)| (Some(at), Some(id.0)));
    let rows = select_recordings!(
        "where organization_id = $1 and status <> 'deleted' and ($2::timestamptz is null or (created_at, id) < ($2, $3))
         order by created_at desc, id desc limit $4",
        organization.0,
        at,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| ((row.created_at, row.id), row.into())).collect())
}

/// A recording that someone wants.
pub struct Wish {
    pub id: RecordingId,
    pub organization: OrganizationId,
    pub meeting: MeetingId,
    pub engine: &'static str,
    pub layout: Layout,
    pub audio_only: bool,
    pub by: UserId,
}

/// Asks for a recording. A second one of the same meeting breaks `recordings_one_active_per_meeting`.
pub async fn request(tx: &mut Tx, wish: &Wish) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into recordings (id, organization_id, meeting_id, engine, layout, audio_only, requested_by, created_by, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $7)",
        wish.id.0,
        wish.organization.0,
        wish.meeting.0,
        wish.engine,
        wish.layout as Layout,
        wish.audio_only,
        wish.by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Asks for a recording when the meeting records by itself and none runs; tells whether it did.
pub async fn request_automatically(tx: &mut Tx, id: RecordingId, meeting: MeetingId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into recordings (id, organization_id, meeting_id)
         select $1, organization_id, id from meetings where id = $2 and auto_record
         on conflict (meeting_id) where status in ('requested', 'starting', 'recording', 'finalizing') do nothing",
        id.0,
        meeting.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether an egress handler lives that takes new recordings.
pub async fn recorder_is_there(tx: &mut Tx, now: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from egress_handlers where not draining
                          and last_seen_at > $1) as "there!""#,
        now - HANDLER_GONE_AFTER,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Asks for the end of a recording. One that no handler has taken yet ends at once; one that has ended stays as it is.
/// Tells whether it changed anything.
pub async fn request_stop(
    tx: &mut Tx,
    id: RecordingId,
    now: DateTime<Utc>,
    by: UserId,
) -> sqlx::Result<bool> {
    let nothing = FailureCode::NothingRecorded;
    let done = sqlx::query!(
        "update recordings set stop_requested_at = $2, stop_reason = coalesce(stop_reason, $3), updated_by = $4,
                status = case when status = 'requested' then 'failed' else status end,
                failure_code = case when status = 'requested' then $5 end,
                failure_detail = case when status = 'requested' then $6 end,
                ended_at = case when status = 'requested' then $2 else ended_at end
         where id = $1 and stop_requested_at is null
           and status in ('requested', 'starting', 'recording', 'finalizing')",
        id.0,
        now,
        StopReason::Host.as_str(),
        by.0,
        nothing.as_str(),
        nothing.sentence(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Decides who may see a recording.
pub async fn set_access(
    tx: &mut Tx,
    id: RecordingId,
    level: AccessLevel,
    roles: &[OrgRole],
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update recordings set access_level = $2, allowed_roles = $3, updated_by = $4 where id = $1",
        id.0,
        level as AccessLevel,
        roles as &[OrgRole],
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Marks a recording that has ended as deleted; its object is still in the vault. False when it has not ended.
pub async fn delete(tx: &mut Tx, id: RecordingId, by: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update recordings set status = 'deleted', failure_code = null, failure_detail = null, updated_by = $2
         where id = $1 and status in ('available', 'failed')",
        id.0,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks recordings as deleted that their organization keeps no longer, at most `limit`; tells which.
pub async fn delete_outlived(tx: &mut Tx, now: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<RecordingId>> {
    sqlx::query_scalar!(
        r#"update recordings set status = 'deleted', updated_by = null
           where id in (select r.id from organizations o join recordings r on r.organization_id = o.id
                        where o.settings ? 'recording_retention_days' and r.status = 'available'
                          and r.ended_at < $1::timestamptz - make_interval(days => (o.settings ->> 'recording_retention_days')::integer)
                        limit $2)
             and status = 'available'
           returning id as "id: RecordingId""#,
        now,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Deleted recordings whose object is still in the vault.
pub async fn to_erase(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<(OrganizationId, RecordingId)>> {
    let rows = sqlx::query!(
        r#"select organization_id as "organization: OrganizationId", id as "id: RecordingId" from recordings
           where status = 'deleted' and object_key is not null order by id limit $1"#,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.organization, row.id)).collect())
}

/// Notes that a deleted recording's object is gone.
pub async fn erased(tx: &mut Tx, id: RecordingId) -> sqlx::Result<()> {
    sqlx::query!("update recordings set object_key = null where id = $1 and status = 'deleted'", id.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A file that can be downloaded, or could.
pub struct File {
    pub organization: OrganizationId,
    pub meeting: MeetingId,
    pub status: Status,
    pub size: Option<i64>,
    pub sha256: Option<String>,
    pub content_type: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub title: String,
}

/// The file of a recording; `None` when the caller may not see it.
pub async fn file(tx: &mut Tx, id: RecordingId) -> sqlx::Result<Option<File>> {
    sqlx::query_as!(
        File,
        r#"select r.organization_id as "organization: OrganizationId", r.meeting_id as "meeting: MeetingId",
                  r.status as "status: Status", r.size_bytes as size, r.sha256, r.content_type, r.started_at, m.title
           from recordings r join meetings m on m.id = r.meeting_id where r.id = $1"#,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Tells the room and the pages of the meeting how a recording is now.
pub async fn announce(tx: &mut Tx, id: RecordingId) -> sqlx::Result<()> {
    let recording = find(tx, id).await?.ok_or(sqlx::Error::RowNotFound)?;
    let (meeting, data) = (recording.meeting_id, serde_json::json!(recording));
    sqlx::query!(r#"select emit_meeting_event($1, $2, $3) as "seq!""#, meeting.0, UPDATED_EVENT, data)
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}

/// Wakes the egress handlers when the transaction commits.
pub async fn wake(tx: &mut Tx, id: RecordingId) -> sqlx::Result<()> {
    sqlx::query!("select pg_notify($1, $2)", WAKE_CHANNEL, id.to_string()).fetch_one(&mut **tx).await?;
    Ok(())
}
