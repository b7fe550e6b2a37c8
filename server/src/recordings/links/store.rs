//! SQL of links to recordings.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{OrganizationId, RecordingId, ShareLinkId, UserId},
    recording::Status,
};

use super::ShareLink;
use crate::guests::entrance::LinkState;

/// What a link is made of.
pub struct NewLink<'a> {
    pub id: ShareLinkId,
    pub recording: RecordingId,
    pub name: &'a str,
    pub token_hash: &'a [u8],
    pub password_hash: Option<&'a str>,
    pub expires_at: Option<DateTime<Utc>>,
    pub max_views: Option<i32>,
    pub now: DateTime<Utc>,
    pub by: UserId,
}

/// Stores a link.
pub async fn create(tx: &mut Tx, link: NewLink<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into share_links (id, organization_id, recording_id, name, token_hash, password_hash, expires_at, max_views,
                                  created_at, created_by)
         select $1, organization_id, id, $3, $4, $5, $6, $7, $8, $9 from recordings where id = $2",
        link.id.0,
        link.recording.0,
        link.name,
        link.token_hash,
        link.password_hash,
        link.expires_at,
        link.max_views,
        link.now,
        link.by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

macro_rules! select_links {
    ($rest:literal, $($arg:expr),+ $(,)?) => {
        sqlx::query_as!(
            ShareLink,
            r#"select id as "id: ShareLinkId", recording_id as "recording_id: RecordingId", name,
                      password_hash is not null as "has_password!", expires_at, max_views, views, revoked_at, created_at
               from share_links "# + $rest,
            $($arg),+
        )
    };
}

/// One link.
pub async fn find(tx: &mut Tx, id: ShareLinkId) -> sqlx::Result<Option<ShareLink>> {
    select_links!("where id = $1", id.0).fetch_optional(&mut **tx).await
}

/// The links to a recording, the newest first, behind `after`.
pub async fn list(
    tx: &mut Tx,
    recording: RecordingId,
    after: Option<ShareLinkId>,
    limit: i64,
) -> sqlx::Result<Vec<ShareLink>> {
    select_links!(
        "where recording_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3",
        recording.0,
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Takes a link back; once is enough.
pub async fn revoke(tx: &mut Tx, id: ShareLinkId, now: DateTime<Utc>, by: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "update share_links set revoked_at = $2, revoked_by = $3 where id = $1 and revoked_at is null",
        id.0,
        now,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What is behind a link.
pub struct Behind {
    pub id: ShareLinkId,
    pub recording: RecordingId,
    pub organization: OrganizationId,
    pub organization_name: String,
    pub title: String,
    pub status: Status,
    pub started_at: Option<DateTime<Utc>>,
    pub duration_seconds: Option<f64>,
    pub audio_only: bool,
    pub password_hash: Option<String>,
    pub state: LinkState,
}

/// What is behind a link. `None` when there is no such link.
pub async fn behind(tx: &mut Tx, token_hash: &[u8], now: DateTime<Utc>) -> sqlx::Result<Option<Behind>> {
    sqlx::query_as!(
        Behind,
        r#"select l.id as "id: ShareLinkId", r.id as "recording: RecordingId",
                  r.organization_id as "organization: OrganizationId", o.name as organization_name, coalesce(r.title, m.title) as "title!",
                  r.status as "status: Status", r.started_at, r.duration_seconds, r.audio_only, l.password_hash,
                  case when l.revoked_at is not null or o.suspended_at is not null then 'revoked'
                       when l.expires_at <= $2 then 'expired' when l.views >= l.max_views then 'used_up'
                       else 'open' end as "state!: LinkState"
           from share_links l join recordings r on r.id = l.recording_id join meetings m on m.id = r.meeting_id
           join organizations o on o.id = r.organization_id
           where l.token_hash = $1"#,
        token_hash,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Counts that somebody watches by a link; false when nobody may any more.
pub async fn count_view(tx: &mut Tx, id: ShareLinkId) -> sqlx::Result<bool> {
    let counted = sqlx::query!(
        "update share_links set views = views + 1
         where id = $1 and revoked_at is null and (max_views is null or views < max_views)",
        id.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(counted.rows_affected() == 1)
}

/// Whether a link still opens a recording for whoever was given an address by it.
pub async fn opens(
    tx: &mut Tx,
    link: ShareLinkId,
    recording: RecordingId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from share_links l join organizations o on o.id = l.organization_id
                          where l.id = $1 and l.recording_id = $2 and l.revoked_at is null and o.suspended_at is null
                            and (l.expires_at is null or l.expires_at > $3)) as "opens!""#,
        link.0,
        recording.0,
        now,
    )
    .fetch_one(&mut **tx)
    .await
}
