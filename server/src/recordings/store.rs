//! SQL of recordings, as far as the server writes them.

use chrono::{DateTime, Duration, Utc};
use kernel::{
    db::Tx,
    egress::{self, Told},
    ids::{AuditId, MeetingId, OrganizationId, RecordingId, ShareLinkId, UserId},
    recording::{
        AccessLevel, FailureCode, Gap, HANDLER_GONE_AFTER, Layout, Recording, RecordingOut, Status,
        StopReason, TRASH_DAYS, UPDATED_EVENT, WAKE_CHANNEL,
    },
    vault::{Key, TrackKey},
};
use sqlx::types::Json;

use super::{
    api::{ImportProgress, VaultItem},
    chapters::ChapterKind,
    views::RecordingView,
};
use crate::access::policy::OrgRole;

/// A row as [`select_recordings`] reads it: the columns of [`Recording`], each named once, and what the vault tells besides.
macro_rules! rows {
    ($($column:ident: $kind:ty,)+) => {
        struct Row {
            created_at: DateTime<Utc>,
            title: Option<String>,
            meeting_title: String,
            is_keeper: bool,
            import_host: Option<String>,
            received_bytes: Option<i64>,
            total_bytes: Option<i64>,
            $($column: $kind,)+
        }

        impl From<Row> for RecordingOut {
            fn from(row: Row) -> Self {
                Recording { $($column: row.$column,)+ }.into()
            }
        }
    };
}

rows! {
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
    allowed_people: Vec<UserId>,
    gaps: Json<Vec<Gap>>,
    paused_at: Option<DateTime<Utc>>,
    pauses: Json<Vec<Gap>>,
    requested_by: Option<UserId>,
    trashed_at: Option<DateTime<Utc>>,
    held_at: Option<DateTime<Utc>>,
    hold_reason: Option<String>,
}

impl From<Row> for VaultItem {
    fn from(mut row: Row) -> Self {
        let import = row.import_host.take().map(|host| ImportProgress {
            host,
            received_bytes: row.received_bytes.unwrap_or_default(),
            total_bytes: row.total_bytes,
        });
        Self {
            title: row.title.take(),
            meeting_title: std::mem::take(&mut row.meeting_title),
            is_keeper: row.is_keeper,
            import,
            said: Vec::new(),
            recording: row.into(),
        }
    }
}

/// Reads recordings `r` with their meetings `m`; `k.is_keeper` says whether they are the caller's to keep.
macro_rules! select_recordings {
    ($rest:literal, $($arg:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select r.created_at, r.id as "id: RecordingId", r.meeting_id as "meeting_id: MeetingId",
                      r.status as "status: Status", r.failure_code, r.failure_detail, r.engine, r.layout as "layout: Layout",
                      r.audio_only, r.started_at, r.ended_at, r.duration_seconds, r.size_bytes, r.content_type, r.sha256,
                      r.access_level as "access_level: AccessLevel", r.allowed_roles::text[] as "allowed_roles!",
                      r.allowed_people as "allowed_people: Vec<UserId>", r.gaps as "gaps: Json<Vec<Gap>>", r.paused_at,
                      r.pauses as "pauses: Json<Vec<Gap>>", r.requested_by as "requested_by: UserId",
                      -- What the store itself does not give up yet stays longer.
                      case when r.trashed_at is not null then greatest(r.trashed_at, r.locked_until - interval '7 days') end
                          as trashed_at,
                      r.held_at, r.hold_reason, r.title, coalesce(m.title, '') as "meeting_title!", k.is_keeper as "is_keeper!",
                      i.host as "import_host?", i.received_bytes as "received_bytes?", i.total_bytes as "total_bytes?"
               from recordings r left join meetings m on m.id = r.meeting_id
               left join recording_imports i on i.recording_id = r.id,
               lateral (select app_is_host(r.meeting_id)
                               or r.organization_id = any ((select app_may_in('recordings.manage'))::uuid[]) as is_keeper) k
               "# + $rest,
            $($arg),+
        )
    };
}

/// One recording; `None` when the caller may not see it.
pub async fn find(tx: &mut Tx, id: RecordingId) -> sqlx::Result<Option<RecordingOut>> {
    Ok(item(tx, id).await?.map(|item| item.recording))
}

/// One recording as the vault tells of it; `None` when the caller may not see it.
pub async fn item(tx: &mut Tx, id: RecordingId) -> sqlx::Result<Option<VaultItem>> {
    let row = select_recordings!("where r.id = $1", id.0).fetch_optional(&mut **tx).await?;
    Ok(row.map(VaultItem::from))
}

/// A recording with its row locked until the transaction ends; `None` when the caller may not see it.
pub async fn lock(tx: &mut Tx, id: RecordingId) -> sqlx::Result<Option<RecordingOut>> {
    let row =
        select_recordings!("where r.id = $1 for no key update of r", id.0).fetch_optional(&mut **tx).await?;
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
        "where r.meeting_id = $1 and r.status <> 'deleted' and ($2::timestamptz is null or (r.created_at, r.id) < ($2, $3))
         order by r.created_at desc, r.id desc limit $4",
        meeting.0,
        at,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| ((row.created_at, row.id), row.into())).collect())
}

/// What a list of the vault is to hold; `None` leaves a filter out.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// Part of a title, or words that were said.
    pub text: Option<&'a str>,
    pub status: Option<Status>,
    /// Asked for at this moment or later.
    pub from: Option<DateTime<Utc>>,
    /// Asked for before this moment.
    pub to: Option<DateTime<Utc>>,
    /// What is in the trash, instead of what is not.
    pub trash: bool,
}

/// What the caller may see of an organization's recordings, the newest first, each with its place in the list. The
/// trash is of those who may empty it.
pub async fn of_organization(
    tx: &mut Tx,
    organization: OrganizationId,
    filter: &Filter<'_>,
    after: Option<Place>,
    limit: i64,
) -> sqlx::Result<Vec<(Place, VaultItem)>> {
    let (at, id) = after.map_or((None, None), |(at, id)| (Some(at), Some(id.0)));
    let rows = select_recordings!(
        "where r.organization_id = $1 and ($2::timestamptz is null or (r.created_at, r.id) < ($2, $3))
           and case when $4 then r.status = 'deleted' and r.object_key is not null and k.is_keeper
                    else r.status <> 'deleted' end
           and ($5::text is null or strpos(lower(m.title), lower($5)) > 0 or strpos(lower(r.title), lower($5)) > 0
                or r.id = any ((select recordings_that_say($1, $5))::uuid[]))
           and ($6::recording_status is null or r.status = $6)
           and ($7::timestamptz is null or r.created_at >= $7) and ($8::timestamptz is null or r.created_at < $8)
         order by r.created_at desc, r.id desc limit $9",
        organization.0,
        at,
        id,
        filter.trash,
        filter.text,
        filter.status as Option<Status>,
        filter.from,
        filter.to,
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
    pub now: DateTime<Utc>,
}

/// Asks for a recording. A second one of the same meeting breaks `recordings_one_active_per_meeting`.
pub async fn request(tx: &mut Tx, wish: &Wish) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into recordings (id, organization_id, meeting_id, engine, layout, audio_only, requested_by, created_by, updated_by,
                                 requested_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $7, $8, $8)",
        wish.id.0,
        wish.organization.0,
        wish.meeting.0,
        wish.engine,
        wish.layout as Layout,
        wish.audio_only,
        wish.by.0,
        wish.now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Asks for a recording when the meeting records by itself, may be recorded, and none runs; tells whether it did. Where
/// the vault is full the recording says so instead of beginning.
pub async fn request_automatically(
    tx: &mut Tx,
    id: RecordingId,
    meeting: MeetingId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let full = FailureCode::QuotaExceeded;
    let done = sqlx::query!(
        "insert into recordings (id, organization_id, meeting_id, requested_at, created_at, status, failure_code, failure_detail, ended_at)
         select $1, m.organization_id, m.id, $5, $5, case when q.is_full then 'failed' else 'requested' end::recording_status,
                case when q.is_full then $3 end, case when q.is_full then $4 end, case when q.is_full then $5::timestamptz end
         from meetings m, lateral (select recording_quota_used_up(m.organization_id) as is_full) q
         where m.id = $2 and m.auto_record and recording_allowed(m.id)
         on conflict (meeting_id) where status in ('requested', 'starting', 'recording', 'finalizing') do nothing",
        id.0,
        meeting.0,
        full.as_str(),
        full.sentence(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What decides whether a meeting can be recorded now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// Whether the organization and the meeting let it be recorded.
    pub is_allowed: bool,
    /// Whether the organization's recordings take all that they may.
    pub is_full: bool,
    /// Recorders that live and take new recordings.
    pub recorders: i64,
    /// How many recordings they could take besides those they make, and those that wait for one.
    pub free: i64,
    /// Of them, those that reach the vault.
    pub reaching_the_vault: i64,
    /// The most room that one of them has for what the vault does not take at the moment, in bytes.
    pub room: Option<i64>,
}

/// What there is to record a meeting with.
pub async fn means(tx: &mut Tx, meeting: MeetingId, now: DateTime<Utc>) -> sqlx::Result<Means> {
    sqlx::query_as!(
        Means,
        r#"select recording_allowed(m.id) as "is_allowed!", recording_quota_used_up(m.organization_id) as "is_full!",
                  h.recorders as "recorders!", h.free - (select count(*) from recordings where status = 'requested') as "free!",
                  h.reaching as "reaching_the_vault!", h.room
           from meetings m,
                (select count(*) as recorders, coalesce(sum(greatest(capacity - running, 0)), 0) as free,
                        count(*) filter (where vault_reachable) as reaching, max(free_bytes) as room
                 from egress_handlers where not draining and last_seen_at > $2) h
           where m.id = $1"#,
        meeting.0,
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

/// Asks for a pause of a recording that runs, or for its end; false when there is nothing to change.
pub async fn pause(
    tx: &mut Tx,
    id: RecordingId,
    paused: bool,
    now: DateTime<Utc>,
    by: UserId,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update recordings set updated_by = $4, paused_at = case when $2 then $3::timestamptz end,
                pauses = case when $2 then pauses
                              else pauses || jsonb_build_array(jsonb_build_object('from', paused_at, 'to', $3::timestamptz)) end
         where id = $1 and (paused_at is null) = $2 and status in ('requested', 'starting', 'recording')
           and stop_requested_at is null",
        id.0,
        paused,
        now,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Asks for the end of recordings that are as long as their organization lets them be; tells which.
pub async fn stop_too_long(tx: &mut Tx, now: DateTime<Utc>) -> sqlx::Result<Vec<RecordingId>> {
    sqlx::query_scalar!(
        r#"update recordings r set stop_requested_at = $1, stop_reason = $2
           from organizations o
           where o.id = r.organization_id and r.status = 'recording' and r.stop_requested_at is null
             and o.settings ? 'recording_max_minutes'
             and r.started_at <= $1::timestamptz - make_interval(mins => (o.settings ->> 'recording_max_minutes')::integer)
           returning r.id as "id: RecordingId""#,
        now,
        StopReason::TooLong.as_str(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Whose a recording is.
pub async fn organization(tx: &mut Tx, id: RecordingId) -> sqlx::Result<OrganizationId> {
    sqlx::query_scalar!(
        r#"select organization_id as "id: OrganizationId" from recordings where id = $1"#,
        id.0
    )
    .fetch_one(&mut **tx)
    .await
}

/// Who holds a recording.
pub async fn held_by(tx: &mut Tx, id: RecordingId) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(r#"select held_by as "id: UserId" from recordings where id = $1"#, id.0)
        .fetch_one(&mut **tx)
        .await
}

/// Which of these people are active members of the organization.
pub async fn members_among(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[UserId],
) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"select user_id as "id: UserId" from organization_members
           where organization_id = $1 and user_id = any ($2) and is_active"#,
        organization.0,
        people as &[UserId],
    )
    .fetch_all(&mut **tx)
    .await
}

/// Decides who may see a recording.
pub async fn set_access(
    tx: &mut Tx,
    id: RecordingId,
    level: AccessLevel,
    roles: &[OrgRole],
    people: &[UserId],
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update recordings set access_level = $2, allowed_roles = $3, allowed_people = $4, updated_by = $5 where id = $1",
        id.0,
        level as AccessLevel,
        roles as &[OrgRole],
        people as &[UserId],
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Holds a recording, so that nothing deletes it, or lets it go. False when it is deleted.
pub async fn hold(
    tx: &mut Tx,
    id: RecordingId,
    reason: Option<&str>,
    now: DateTime<Utc>,
    by: UserId,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update recordings set held_at = case when $2::text is not null then coalesce(held_at, $3) end,
                held_by = case when $2 is not null then $4::uuid end, hold_reason = $2, updated_by = $4
         where id = $1 and status <> 'deleted'",
        id.0,
        reason,
        now,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a recording that has ended into the trash. False when it has not ended, or is held.
pub async fn delete(tx: &mut Tx, id: RecordingId, now: DateTime<Utc>, by: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update recordings set status = 'deleted', failure_code = null, failure_detail = null, trashed_at = $2, updated_by = $3
         where id = $1 and status in ('available', 'failed', 'importing') and held_at is null",
        id.0,
        now,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a recording out of the trash. False when it is not there any more.
pub async fn restore(tx: &mut Tx, id: RecordingId, now: DateTime<Utc>, by: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update recordings set status = 'available', trashed_at = null, restored_at = $2, updated_by = $3
         where id = $1 and status = 'deleted' and object_key is not null and sha256 is not null and trashed_at > $4",
        id.0,
        now,
        by.0,
        now - Duration::days(TRASH_DAYS),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Until when the store itself refuses to delete a recording's file, when it does now.
pub async fn locked_until(
    tx: &mut Tx,
    id: RecordingId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let until = sqlx::query_scalar!(
        "select locked_until from recordings where id = $1 and object_key is not null",
        id.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(until.flatten().filter(|until| *until > now))
}

/// Lets a deleted recording be erased without waiting for the end of its time in the trash.
pub async fn do_not_wait(tx: &mut Tx, id: RecordingId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update recordings set trashed_at = least(trashed_at, $2) where id = $1 and status = 'deleted'",
        id.0,
        now - Duration::days(TRASH_DAYS),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts recordings into the trash that their organization keeps no longer, at most `limit`; tells which.
pub async fn delete_outlived(tx: &mut Tx, now: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<RecordingId>> {
    sqlx::query_scalar!(
        r#"update recordings set status = 'deleted', trashed_at = $1, updated_by = null
           where id in (select r.id from organizations o join recordings r on r.organization_id = o.id
                        where o.settings ? 'recording_retention_days' and r.status = 'available' and r.held_at is null
                          and coalesce(r.ended_at, r.created_at) < $1::timestamptz - make_interval(days => (o.settings ->> 'recording_retention_days')::integer)
                        limit $2)
             and status = 'available' and held_at is null
           returning id as "id: RecordingId""#,
        now,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Deleted recordings whose time in the trash is over and whose object is still in the vault.
pub async fn to_erase(
    tx: &mut Tx,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<(OrganizationId, RecordingId)>> {
    let rows = sqlx::query!(
        r#"select organization_id as "organization: OrganizationId", id as "id: RecordingId" from recordings
           where status = 'deleted' and object_key is not null and coalesce(trashed_at, '-infinity') <= $1
             and coalesce(locked_until, '-infinity') <= $3
           order by trashed_at limit $2"#,
        now - Duration::days(TRASH_DAYS),
        limit,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.organization, row.id)).collect())
}

/// The files and pieces of files that a recording's people have beside it.
pub async fn track_keys(
    tx: &mut Tx,
    organization: OrganizationId,
    recording: RecordingId,
) -> sqlx::Result<Vec<Key>> {
    let rows = sqlx::query!(
        "select section, number, pieces from recording_tracks where recording_id = $1",
        recording.0
    )
    .fetch_all(&mut **tx)
    .await?;
    let keys = rows.into_iter().flat_map(|row| {
        let track = TrackKey { organization, recording, section: row.section, number: row.number };
        // One piece more: the handler may have died between writing it and noting it.
        (0..=row.pieces).map(move |piece| Key::TrackPiece(track, piece)).chain([Key::Track(track)])
    });
    Ok(keys.collect())
}

/// Forgets a recording's people's files, after they were deleted.
pub async fn forget_tracks(tx: &mut Tx, recording: RecordingId) -> sqlx::Result<()> {
    sqlx::query!("delete from recording_tracks where recording_id = $1", recording.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes that a deleted recording's object is gone.
pub async fn erased(tx: &mut Tx, id: RecordingId) -> sqlx::Result<()> {
    sqlx::query!("update recordings set object_key = null where id = $1 and status = 'deleted'", id.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// What an organization's recordings take, and may take.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct VaultUsage {
    /// Files in the vault, those in the trash included.
    pub files: i64,
    /// What they take, in bytes.
    pub bytes: i64,
    /// What they may take; `null` for no limit.
    pub quota_bytes: Option<i64>,
}

/// What an organization's recordings take.
pub async fn usage(tx: &mut Tx, organization: OrganizationId) -> sqlx::Result<VaultUsage> {
    sqlx::query_as!(
        VaultUsage,
        r#"select count(r.id) as "files!", coalesce(sum(r.size_bytes), 0)::bigint as "bytes!",
                  (min(o.settings ->> 'recording_quota_gb'))::bigint * 1000000000 as quota_bytes
           from organizations o left join recordings r on r.organization_id = o.id and r.object_key is not null
           where o.id = $1"#,
        organization.0,
    )
    .fetch_one(&mut **tx)
    .await
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
                  r.status as "status: Status", r.size_bytes as size, r.sha256, r.content_type, r.started_at,
                  coalesce(r.title, m.title) as "title!"
           from recordings r join meetings m on m.id = r.meeting_id where r.id = $1"#,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Something in a meeting that a chapter may begin with.
pub struct Moment {
    pub at: DateTime<Utc>,
    pub kind: ChapterKind,
    pub title: String,
}

/// What a recording of a meeting from `begin` to `end` has for chapters, in its order, at most 500: polls, shared screens,
/// and who spoke for ten seconds or longer after somebody else.
pub async fn moments(
    tx: &mut Tx,
    meeting: MeetingId,
    begin: DateTime<Utc>,
    end: DateTime<Utc>,
) -> sqlx::Result<Vec<Moment>> {
    sqlx::query_as!(
        Moment,
        r#"select m.at as "at!", m.kind as "kind!: ChapterKind", m.title as "title!" from (
               select c.created_at as at, 'poll' as kind, c.metadata ->> 'question' as title
               from chat_messages c where c.meeting_id = $1 and c.type = 'poll'
               union all
               select s.began_at, 'screen', coalesce(u.name, g.name) from shared_screens s
               left join users u on u.id = s.user_id left join guests g on g.id = guest_of(s.identity)
               where s.meeting_id = $1
               union all
               select s.from_at, 'speaker', coalesce(u.name, g.name)
               from (select speaker, is_guest, from_at, lag(speaker) over (order by from_at) as before
                     from speaking_spans where meeting_id = $1 and to_at - from_at >= interval '10 seconds') s
               left join users u on not s.is_guest and u.id = s.speaker
               left join guests g on s.is_guest and g.id = s.speaker
               where s.before is distinct from s.speaker) m
           where m.at >= $2 and m.at < $3 and m.title is not null order by m.at limit 500"#,
        meeting.0,
        begin,
        end,
    )
    .fetch_all(&mut **tx)
    .await
}

/// When somebody watched or downloaded a recording, the latest first, behind `after`: what the audit log says.
pub async fn views(
    tx: &mut Tx,
    id: RecordingId,
    after: Option<AuditId>,
    limit: i64,
) -> sqlx::Result<Vec<RecordingView>> {
    sqlx::query_as!(
        RecordingView,
        r#"select a.id as "id: AuditId", a.at, a.action = 'recording.downloaded' as "downloaded!",
                  case when a.actor_type = 'user' then a.actor_id end as "user_id: UserId",
                  coalesce(u.name, k.name) as name, l.id as "share_link_id?: ShareLinkId", l.name as "share_link_name?"
           from audit_log a
           left join users u on a.actor_type = 'user' and u.id = a.actor_id
           left join api_keys k on a.actor_type = 'key' and k.id = a.actor_id
           left join share_links l on l.id = (a.after ->> 'share_link')::uuid
           where a.entity_id = $1 and a.action in ('recording.played', 'recording.downloaded')
             and ($2::uuid is null or a.id < $2)
           order by a.id desc limit $3"#,
        id.0,
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Tells the room and the pages of the meeting how a recording is now.
pub async fn announce(tx: &mut Tx, id: RecordingId) -> sqlx::Result<()> {
    let recording = find(tx, id).await?.ok_or(sqlx::Error::RowNotFound)?;
    let (meeting, data) = (recording.meeting_id, serde_json::json!(recording.for_the_room()));
    sqlx::query!(r#"select emit_meeting_event($1, $2, $3) as "seq!""#, meeting.0, UPDATED_EVENT, data)
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}

/// Notes what the LiveKit Egress service says of the recording that it makes of a meeting, when that is more than is known;
/// tells of which. Before its id is known an egress is known by the file that it writes.
pub async fn egress_told(tx: &mut Tx, meeting: MeetingId, told: &Told) -> sqlx::Result<Option<RecordingId>> {
    let row = sqlx::query!(
        r#"select id as "id: RecordingId", organization_id as "organization_id: OrganizationId", egress as "egress: Json<Told>"
           from recordings
           where meeting_id = $1 and engine = $2 and status in ('starting', 'recording', 'finalizing') for update"#,
        meeting.0,
        egress::ENGINE,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let now = match &row.egress {
        Some(known) => known.0.clone().and(told.clone()),
        None if told.path == Key::Recording(row.organization_id, row.id).path() => told.clone(),
        None => return Ok(None),
    };
    if row.egress.is_some_and(|known| known.0 == now) {
        return Ok(None);
    }
    sqlx::query!("update recordings set egress = $2 where id = $1", row.id.0, Json(&now) as _)
        .execute(&mut **tx)
        .await?;
    Ok(Some(row.id))
}

/// Wakes the egress handlers when the transaction commits.
pub async fn wake(tx: &mut Tx, id: RecordingId) -> sqlx::Result<()> {
    sqlx::query!("select pg_notify($1, $2)", WAKE_CHANNEL, id.to_string()).fetch_one(&mut **tx).await?;
    Ok(())
}
