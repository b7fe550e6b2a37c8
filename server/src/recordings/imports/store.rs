//! SQL of imports.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, RecordingId, UserId},
    jobs,
    recording::Status,
};

use super::{
    job::{FETCH, Fetch},
    rules::Reason,
};

/// A file that somebody wants in the vault.
pub struct Wish<'a> {
    pub id: RecordingId,
    pub organization: OrganizationId,
    pub meeting: MeetingId,
    pub title: Option<&'a str>,
    pub started_at: Option<DateTime<Utc>>,
    pub url: &'a str,
    pub host: &'a str,
    pub by: UserId,
    pub now: DateTime<Utc>,
}

/// Asks for a file to be fetched.
pub async fn request(tx: &mut Tx, wish: &Wish<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into recordings (id, organization_id, meeting_id, engine, status, title, started_at, requested_by, created_by,
                                 updated_by, requested_at, created_at)
         values ($1, $2, $3, 'import', 'importing', $4, $5, $6, $6, $6, $7, $7)",
        wish.id.0,
        wish.organization.0,
        wish.meeting.0,
        wish.title,
        wish.started_at,
        wish.by.0,
        wish.now,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into recording_imports (recording_id, organization_id, host, url) values ($1, $2, $3, $4)",
        wish.id.0,
        wish.organization.0,
        wish.host,
        wish.url,
    )
    .execute(&mut **tx)
    .await?;
    jobs::enqueue(tx, FETCH, Fetch { recording: wish.id }, jobs::AT_ONCE).await
}

/// How many files of an organization are being fetched, or wait for it. Whoever asks waits for others who ask.
pub async fn under_way(tx: &mut Tx, organization: OrganizationId) -> sqlx::Result<i64> {
    sqlx::query!("select id from organizations where id = $1 for no key update", organization.0)
        .fetch_one(&mut **tx)
        .await?;
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from recordings where organization_id = $1 and status = 'importing'"#,
        organization.0,
    )
    .fetch_one(&mut **tx)
    .await
}

/// How many bytes an organization's recordings may still take; `None` for any number.
pub async fn quota_left(tx: &mut Tx, organization: OrganizationId) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!("select recording_quota_left($1)", organization.0).fetch_one(&mut **tx).await
}

/// A file that is to be fetched, and how far that is.
pub struct Import {
    pub organization: OrganizationId,
    pub status: Status,
    pub url: Option<String>,
    /// The upload that an earlier attempt has begun.
    pub upload_id: Option<String>,
}

/// A file that is to be fetched.
pub async fn find(tx: &mut Tx, id: RecordingId) -> sqlx::Result<Option<Import>> {
    sqlx::query_as!(
        Import,
        r#"select r.organization_id as "organization: OrganizationId", r.status as "status: Status", i.url, r.upload_id
           from recordings r join recording_imports i on i.recording_id = r.id where r.id = $1"#,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Notes the upload that is under way; none when it is over.
pub async fn set_upload(tx: &mut Tx, id: RecordingId, upload: Option<&str>) -> sqlx::Result<()> {
    sqlx::query!("update recordings set upload_id = $2 where id = $1", id.0, upload)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes how far a file is; false when nobody wants it any more.
pub async fn progress(tx: &mut Tx, id: RecordingId, received: i64, total: Option<i64>) -> sqlx::Result<bool> {
    let noted = sqlx::query!(
        "update recording_imports i set received_bytes = $2, total_bytes = $3
         from recordings r where i.recording_id = $1 and r.id = $1 and r.status = 'importing'",
        id.0,
        received,
        total,
    )
    .execute(&mut **tx)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// A file that is in the vault.
pub struct Stored {
    pub key: String,
    pub size: i64,
    pub sha256: String,
    pub content_type: &'static str,
}

/// Notes that a file is there; false when nobody wants it any more.
pub async fn available(tx: &mut Tx, id: RecordingId, file: &Stored) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update recordings set status = 'available', object_key = $2, size_bytes = $3, sha256 = $4, content_type = $5,
                audio_only = $6, upload_id = null, updated_by = null
         where id = $1 and status = 'importing'",
        id.0,
        file.key,
        file.size,
        file.sha256,
        file.content_type,
        file.content_type.starts_with("audio/"),
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update recording_imports set url = null, received_bytes = $2, total_bytes = $2 where recording_id = $1",
        id.0,
        file.size,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes why a file does not come; false when nobody wants it any more.
pub async fn fail(tx: &mut Tx, id: RecordingId, reason: Reason) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update recordings set status = 'failed', failure_code = $2, failure_detail = $3, upload_id = null, updated_by = null
         where id = $1 and status = 'importing'",
        id.0,
        reason.code(),
        reason.sentence(),
    )
    .execute(&mut **tx)
    .await?;
    forget_address(tx, id).await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets where a file was to come from: its address may hold a secret.
pub async fn forget_address(tx: &mut Tx, id: RecordingId) -> sqlx::Result<()> {
    sqlx::query!("update recording_imports set url = null where recording_id = $1", id.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
