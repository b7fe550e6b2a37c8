//! SQL of answers to the notice of a recording.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{GuestId, RecordingConsentId, RecordingId, UserId},
};

use super::RecordingConsent;

/// What a member or a guest answered.
pub struct Said {
    pub recording: RecordingId,
    pub user: Option<UserId>,
    pub guest: Option<GuestId>,
    pub accepted: bool,
}

/// Keeps an answer.
pub async fn add(tx: &mut Tx, said: &Said, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into recording_consents (id, organization_id, meeting_id, recording_id, user_id, guest_id, accepted, answered_at)
         select $1, organization_id, meeting_id, id, $3, $4, $5, $6 from recordings where id = $2",
        RecordingConsentId::new(now).0,
        said.recording.0,
        said.user.map(|id| id.0),
        said.guest.map(|id| id.0),
        said.accepted,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The answers to the notice of a recording, the latest first, behind `after`.
pub async fn list(
    tx: &mut Tx,
    recording: RecordingId,
    after: Option<RecordingConsentId>,
    limit: i64,
) -> sqlx::Result<Vec<RecordingConsent>> {
    sqlx::query_as!(
        RecordingConsent,
        r#"select c.id as "id: RecordingConsentId", c.user_id as "user_id: UserId", c.guest_id as "guest_id: GuestId",
                  coalesce(u.name, g.name) as name, c.accepted, c.answered_at
           from recording_consents c left join users u on u.id = c.user_id left join guests g on g.id = c.guest_id
           where c.recording_id = $1 and ($2::uuid is null or c.id < $2)
           order by c.id desc limit $3"#,
        recording.0,
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}
