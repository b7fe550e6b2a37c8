//! SQL of transcripts.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{GuestId, OrganizationId, RecordingId, UserId},
    jobs,
};

use super::{
    Said, TranscriptSegment,
    job::{TRANSCRIBE, Wish},
    rules::{Speaker, Stretch},
};

/// What is known of a transcript.
pub struct Found {
    pub status: String,
    pub running: bool,
    pub failure_code: Option<String>,
    pub failure_detail: Option<String>,
    pub language: Option<String>,
    pub left_out: i32,
}

/// The transcript of a recording, without its words; `None` while nobody has asked for one.
pub async fn find(tx: &mut Tx, recording: RecordingId) -> sqlx::Result<Option<Found>> {
    sqlx::query_as!(
        Found,
        r#"select status, running_since is not null as "running!", failure_code, failure_detail, language, left_out
           from recording_transcripts where recording_id = $1"#,
        recording.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// What was said, in its order. Names are those that people have now.
pub async fn segments(tx: &mut Tx, recording: RecordingId) -> sqlx::Result<Vec<TranscriptSegment>> {
    sqlx::query_as!(
        TranscriptSegment,
        r#"select s.starts_ms, s.ends_ms, s.user_id as "user_id: UserId", s.guest_id as "guest_id: GuestId",
                  coalesce(u.name, g.name, s.name) as name, s.text
           from transcript_segments s left join users u on u.id = s.user_id left join guests g on g.id = s.guest_id
           where s.recording_id = $1 order by s.number"#,
        recording.0,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Where in these recordings all these words were said: the first three places of each.
pub async fn said(
    tx: &mut Tx,
    recordings: &[RecordingId],
    text: &str,
) -> sqlx::Result<Vec<(RecordingId, Said)>> {
    let rows = sqlx::query!(
        r#"select s.recording_id as "recording: RecordingId", s.starts_ms, s.text
           from unnest($1::uuid[]) r (id),
                lateral (select recording_id, number, starts_ms, text from transcript_segments
                         where recording_id = r.id and words @@ plainto_tsquery('simple', $2)
                         order by number limit 3) s
           order by s.recording_id, s.number"#,
        recordings as &[RecordingId],
        text,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.recording, Said { at_ms: row.starts_ms, text: row.text })).collect())
}

/// Whether the organization of a recording wants what is said to be written down.
pub async fn is_wanted(tx: &mut Tx, recording: RecordingId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select coalesce((o.settings ->> 'transcripts')::boolean, false) as "wanted!"
           from recordings r join organizations o on o.id = r.organization_id where r.id = $1"#,
        recording.0,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Asks for a transcript, or for a new one instead of what there is. One that is being made stays; tells whether it was
/// asked for.
pub async fn request(
    tx: &mut Tx,
    recording: RecordingId,
    language: Option<&str>,
    by: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let run = sqlx::query_scalar!(
        "insert into recording_transcripts as t (recording_id, organization_id, wanted_language, requested_by, requested_at)
         select id, organization_id, $2, $3, $4 from recordings where id = $1
         on conflict (recording_id) do update
             set status = 'waiting', run = t.run + 1, running_since = null, failure_code = null, failure_detail = null,
                 wanted_language = excluded.wanted_language, language = null, left_out = 0, finished_at = null,
                 requested_by = excluded.requested_by, requested_at = excluded.requested_at
             where t.status <> 'waiting'
         returning run",
        recording.0,
        language,
        by.0,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(run) = run else { return Ok(false) };
    sqlx::query!("delete from transcript_segments where recording_id = $1", recording.0)
        .execute(&mut **tx)
        .await?;
    jobs::enqueue(tx, TRANSCRIBE, Wish { recording, run, waits: 0 }, jobs::AT_ONCE).await?;
    Ok(true)
}

/// Deletes a transcript with its words, whatever becomes of the work on it.
pub async fn delete(tx: &mut Tx, recording: RecordingId) -> sqlx::Result<()> {
    sqlx::query!("delete from recording_transcripts where recording_id = $1", recording.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// What is to be written down.
pub struct Task {
    pub organization: OrganizationId,
    pub content_type: Option<String>,
    pub size: Option<i64>,
    pub wanted_language: Option<String>,
}

/// Begins to write down what a recording says. `None` when nobody wants that any more: it was asked for anew, deleted, or
/// the recording is not there.
pub async fn begin(tx: &mut Tx, wish: &Wish, now: DateTime<Utc>) -> sqlx::Result<Option<Task>> {
    sqlx::query_as!(
        Task,
        r#"update recording_transcripts t set running_since = $3
           from recordings r
           where t.recording_id = $1 and t.run = $2 and t.status = 'waiting' and r.id = t.recording_id
             and r.status = 'available'
           returning r.organization_id as "organization: OrganizationId", r.content_type, r.size_bytes as size,
                     t.wanted_language"#,
        wish.recording.0,
        wish.run,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Notes that the work waits for its next attempt.
pub async fn pause(tx: &mut Tx, wish: &Wish) -> sqlx::Result<()> {
    sqlx::query!(
        "update recording_transcripts set running_since = null where recording_id = $1 and run = $2 and status = 'waiting'",
        wish.recording.0,
        wish.run,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes why there will be no transcript.
pub async fn fail(
    tx: &mut Tx,
    wish: &Wish,
    code: &str,
    detail: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update recording_transcripts set status = 'failed', running_since = null, failure_code = $3, failure_detail = $4,
                finished_at = $5
         where recording_id = $1 and run = $2 and status = 'waiting'",
        wish.recording.0,
        wish.run,
        code,
        detail,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps what was said. Without effect when nobody wants it any more.
pub async fn keep(
    tx: &mut Tx,
    wish: &Wish,
    said: &[Stretch],
    language: Option<&str>,
    left_out: i32,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let organization = sqlx::query_scalar!(
        "update recording_transcripts t set status = 'available', running_since = null, language = $3, left_out = $4,
                finished_at = $5
         from recordings r
         where t.recording_id = $1 and t.run = $2 and t.status = 'waiting' and r.id = t.recording_id
           and r.status = 'available'
         returning t.organization_id",
        wish.recording.0,
        wish.run,
        language,
        left_out,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(organization) = organization else { return Ok(()) };
    let starts: Vec<i64> = said.iter().map(|it| it.starts).collect();
    let ends: Vec<i64> = said.iter().map(|it| it.ends).collect();
    let users: Vec<Option<uuid::Uuid>> = said.iter().map(|it| it.speaker.user.map(|id| id.0)).collect();
    let guests: Vec<Option<uuid::Uuid>> = said.iter().map(|it| it.speaker.guest.map(|id| id.0)).collect();
    let names: Vec<Option<String>> = said.iter().map(|it| it.speaker.name.clone()).collect();
    let texts: Vec<&str> = said.iter().map(|it| it.text.as_str()).collect();
    sqlx::query!(
        "insert into transcript_segments (recording_id, number, organization_id, starts_ms, ends_ms, user_id, guest_id, name, text)
         select $1, number, $2, starts, ends, user_id, guest_id, name, said
         from unnest($3::bigint[], $4::bigint[], $5::uuid[], $6::uuid[], $7::text[], $8::text[])
              with ordinality s (starts, ends, user_id, guest_id, name, said, number)",
        wish.recording.0,
        organization,
        &starts,
        &ends,
        &users as &[Option<uuid::Uuid>],
        &guests as &[Option<uuid::Uuid>],
        &names as &[Option<String>],
        &texts as &[&str],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// One person's voice beside a recording.
pub struct Track {
    pub section: i32,
    pub number: i32,
    pub user: Option<UserId>,
    pub guest: Option<GuestId>,
    pub name: String,
    pub starts_ms: i64,
    pub duration_ms: i64,
    pub size_bytes: i64,
    /// Whether its file is there.
    pub ready: bool,
    /// Whether they have agreed that what they say is written down: members in their profile, guests by their answer to the
    /// notice of the recording.
    pub agreed: bool,
}

impl Track {
    /// Who speaks.
    pub fn speaker(&self) -> Speaker {
        Speaker { user: self.user, guest: self.guest, name: Some(self.name.clone()) }
    }
}

/// The voices that were recorded apart.
pub async fn tracks(tx: &mut Tx, recording: RecordingId) -> sqlx::Result<Vec<Track>> {
    sqlx::query_as!(
        Track,
        r#"select t.section, t.number, t.user_id as "user: UserId", t.guest_id as "guest: GuestId", t.name, t.starts_ms,
                  t.duration_ms, t.size_bytes, t.sha256 is not null as "ready!",
                  agrees_to_transcription(t.recording_id, t.user_id, t.guest_id) as "agreed!"
           from recording_tracks t where t.recording_id = $1 order by t.starts_ms, t.section, t.number"#,
        recording.0,
    )
    .fetch_all(&mut **tx)
    .await
}

/// How many people were in the meeting while it was recorded and have not agreed that what they say is written down.
pub async fn not_agreed(tx: &mut Tx, recording: RecordingId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(distinct s.identity) as "count!"
           from recordings r join attendance_spans s on s.meeting_id = r.meeting_id
           where r.id = $1 and s.joined_at < r.ended_at and coalesce(s.left_at, 'infinity') > r.started_at
             and not agrees_to_transcription(r.id, s.user_id, guest_of(s.identity))"#,
        recording.0,
    )
    .fetch_one(&mut **tx)
    .await
}
