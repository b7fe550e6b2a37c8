//! What the handler knows and changes in the database. Every change names the lease under which it is made, so that a
//! handler whose recording was taken over by another can change nothing any more.

mod tracks;

use chrono::{DateTime, Utc};
use kernel::{
    db::{self, Actor, Tx},
    egress::Told,
    ids::{HandlerId, MeetingId, OrganizationId, RecordingId, UserId},
    recording::{
        AccessLevel, FailureCode, Gap, Layout, Recording, RecordingOut, Status, StopReason, UPDATED_EVENT,
    },
    vault::{Key, Part},
};
use sqlx::{PgPool, types::Json};

use crate::{
    health::Health,
    mp4::{Codecs, Index},
};

pub use tracks::InPieces;

/// How long a lease holds without a heartbeat, in seconds.
const LEASE_SECONDS: f64 = 3.5;
/// So many times handlers try one recording before it is given up.
pub const MAX_ATTEMPTS: i32 = 50;

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another handler has the recording now.
    #[error("another handler has taken the recording over")]
    LeaseLost,
    /// The database is away, or refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

type Result<T> = std::result::Result<T, LedgerError>;

/// How many recordings have not ended.
pub async fn open(tx: &mut Tx) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from recordings where status in ('requested', 'starting', 'recording', 'finalizing')"#
    )
    .fetch_one(&mut **tx)
    .await?)
}

/// A recording that this handler has taken.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The recording.
    pub id: RecordingId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The meeting it is of.
    pub meeting_id: MeetingId,
    /// The meeting's room.
    pub room_name: String,
    /// How far it was when it was taken.
    pub status: Status,
    /// Sound without pictures.
    pub audio_only: bool,
    /// How the picture is composed.
    pub layout: Layout,
    /// Each person's microphone is wanted as a file of its own, too.
    pub voices: bool,
    /// The how manieth handler this is; also the number of the section that it records.
    pub attempt: i32,
    /// Why it ended, when it has.
    pub stop_reason: Option<String>,
    /// How the samples so far are decoded.
    pub codecs: Json<Codecs>,
    /// The upload of the finished file.
    pub upload_id: Option<String>,
    /// Which engine records it.
    pub engine: String,
}

impl Claim {
    /// The finished file.
    pub fn file(&self) -> Key {
        Key::Recording(self.organization_id, self.id)
    }

    /// A piece of it.
    pub fn segment(&self, section: i32, number: i32) -> Key {
        Key::Segment { organization: self.organization_id, recording: self.id, section, number }
    }

    /// What the finished file is.
    pub fn content_type(&self) -> &'static str {
        if self.audio_only { "audio/mp4" } else { "video/mp4" }
    }
}

/// A piece of the file that is safe in the vault.
#[derive(Debug, Clone)]
pub struct KeptSegment {
    /// Its place in the file, from 0.
    pub number: i32,
    /// The section it belongs to.
    pub section: i32,
    /// When its first picture was taken.
    pub started_at: DateTime<Utc>,
    /// When its last picture was taken.
    pub ended_at: DateTime<Utc>,
    /// Where it begins in the file.
    pub byte_offset: i64,
    /// How large it is.
    pub size_bytes: i32,
    /// Where its samples are.
    pub samples: Json<Index>,
    /// The hash over the file up to its end.
    pub hash_state: Vec<u8>,
}

/// What the handler is to do with a recording that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Orders {
    /// It is to end, because of this.
    pub stop: Option<StopReason>,
    /// Nothing is to be kept until somebody goes on.
    pub paused: bool,
}

/// A file that passed its check.
#[derive(Debug)]
pub struct Finished {
    /// How long it plays, in seconds.
    pub duration: f64,
    /// How large it is.
    pub size: u64,
    /// SHA-256 over it, in hexadecimal.
    pub sha256: String,
}

/// The database, as one handler uses it.
#[derive(Clone)]
pub struct Ledger {
    pool: PgPool,
    handler: HandlerId,
}

impl Ledger {
    /// The ledger of `handler`.
    pub fn new(pool: PgPool, handler: HandlerId) -> Self {
        Self { pool, handler }
    }

    async fn begin(&self) -> Result<Tx> {
        Ok(db::begin(&self.pool, Actor::System).await?)
    }

    /// Shows that this handler lives, and forgets those that have not done so for a day.
    pub async fn show(
        &self,
        name: &str,
        capacity: i32,
        running: i32,
        draining: bool,
        health: &Health,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query!(
            "insert into egress_handlers (id, name, capacity, running, draining, vault_reachable, free_bytes)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (id) do update set running = $4, draining = $5, vault_reachable = $6, free_bytes = $7,
                 last_seen_at = now()",
            self.handler.0,
            name,
            capacity,
            running,
            draining,
            health.vault_reachable(),
            health.free_bytes(),
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("delete from egress_handlers where last_seen_at < now() - interval '1 day'")
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Takes this handler off the list.
    pub async fn sign_off(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query!("delete from egress_handlers where id = $1", self.handler.0).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Those of these handlers that are gone: not seen lately, and holding no recording.
    pub async fn gone(&self, handlers: &[HandlerId]) -> Result<Vec<HandlerId>> {
        let handlers: Vec<_> = handlers.iter().map(|handler| handler.0).collect();
        let mut tx = self.begin().await?;
        let gone = sqlx::query_scalar!(
            r#"select asked.id as "id!" from unnest($1::uuid[]) as asked (id)
               where not exists (select from egress_handlers h
                                 where h.id = asked.id and h.last_seen_at > now() - interval '10 seconds')
                 and not exists (select from recordings r where r.leased_by = asked.id and r.lease_until > now())"#,
            &handlers
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(gone.into_iter().map(HandlerId).collect())
    }

    /// Takes the oldest recording that nobody holds. One that nobody has worked on yet is for `engine` from now on.
    pub async fn claim(&self, engine: &str) -> Result<Option<Claim>> {
        let mut tx = self.begin().await?;
        let claim = sqlx::query_as!(
            Claim,
            r#"update recordings r set
                   leased_by = $1, lease_until = now() + make_interval(secs => $2), attempts = r.attempts + 1,
                   engine = case when r.status = 'requested' then $3 else r.engine end,
                   status = case when r.status = 'requested' then 'starting' else r.status end
               from meetings m, organizations o
               where m.id = r.meeting_id and o.id = r.organization_id and r.id = (
                   select id from recordings
                   where status in ('requested', 'starting', 'recording', 'finalizing')
                     and (lease_until is null or lease_until < now())
                     and (leased_by is null or leased_by <> $1)
                   order by requested_at for update skip locked limit 1)
               returning r.id as "id: RecordingId", r.organization_id as "organization_id: OrganizationId",
                   r.meeting_id as "meeting_id: MeetingId", m.room_name, r.status as "status: Status", r.audio_only,
                   r.layout as "layout: Layout",
                   coalesce((o.settings ->> 'transcripts')::boolean, false) as "voices!", r.attempts as attempt, r.stop_reason, r.codecs as "codecs: Json<Codecs>", r.upload_id,
                   r.engine"#,
            self.handler.0,
            LEASE_SECONDS,
            engine
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(claim) = claim.as_ref().filter(|claim| claim.status == Status::Starting) {
            announce(&mut tx, claim.id).await?;
        }
        tx.commit().await?;
        Ok(claim)
    }

    /// Holds the lease and asks what is to be done.
    pub async fn heartbeat(&self, claim: &Claim) -> Result<Orders> {
        let mut tx = self.begin().await?;
        let row = sqlx::query!(
            r#"update recordings r set lease_until = now() + make_interval(secs => $4)
               from meetings m
               where m.id = r.meeting_id and r.id = $1 and r.leased_by = $2 and r.attempts = $3
               returning r.stop_requested_at is not null as "stopped!", r.paused_at is not null as "paused!",
                   m.status in ('completed', 'cancelled') as "over!""#,
            claim.id.0,
            self.handler.0,
            claim.attempt,
            LEASE_SECONDS
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(LedgerError::LeaseLost)?;
        tx.commit().await?;
        let stop = match (row.stopped, row.over) {
            (true, _) => Some(StopReason::Host),
            (false, true) => Some(StopReason::MeetingEnded),
            (false, false) => None,
        };
        Ok(Orders { stop, paused: row.paused })
    }

    /// All pieces that are safe in the vault, in order.
    pub async fn segments(&self, claim: &Claim) -> Result<Vec<KeptSegment>> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query_as!(
            KeptSegment,
            r#"select number, section, started_at, ended_at, byte_offset, size_bytes,
                   samples as "samples: Json<Index>", hash_state
               from recording_segments where recording_id = $1 order by number"#,
            claim.id.0
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows)
    }

    /// All parts that the store has confirmed, in order, with their sizes.
    pub async fn parts(&self, claim: &Claim) -> Result<Vec<(Part, i64)>> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query!(
            "select number, etag, size_bytes from recording_parts where recording_id = $1 order by number",
            claim.id.0
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (Part { number: row.number, etag: row.etag }, row.size_bytes))
            .collect())
    }

    /// Notes that a piece is safe. The same piece a second time changes nothing.
    pub async fn keep_segment(&self, claim: &Claim, segment: &KeptSegment, codecs: &Codecs) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold(&mut tx, claim).await?;
        sqlx::query!(
            "insert into recording_segments (recording_id, number, section, started_at, ended_at, byte_offset,
                 size_bytes, samples, hash_state)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
            claim.id.0,
            segment.number,
            segment.section,
            segment.started_at,
            segment.ended_at,
            segment.byte_offset,
            segment.size_bytes,
            Json(&segment.samples.0) as _,
            segment.hash_state
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "update recordings set codecs = $2 where id = $1 and codecs <> $2",
            claim.id.0,
            Json(codecs) as _
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Notes the upload of the finished file; parts of an earlier upload are forgotten.
    pub async fn set_upload(&self, claim: &Claim, upload_id: Option<&str>) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold(&mut tx, claim).await?;
        sqlx::query!("update recordings set upload_id = $2 where id = $1", claim.id.0, upload_id)
            .execute(&mut *tx)
            .await?;
        sqlx::query!("delete from recording_parts where recording_id = $1", claim.id.0)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Notes that the store has confirmed a part.
    pub async fn keep_part(&self, claim: &Claim, part: &Part, size: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold(&mut tx, claim).await?;
        sqlx::query!(
            "insert into recording_parts (recording_id, number, size_bytes, etag) values ($1, $2, $3, $4)
             on conflict (recording_id, number) do update set size_bytes = $3, etag = $4",
            claim.id.0,
            part.number,
            size,
            part.etag
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Notes that pictures and sound are being kept, since `started_at` unless another handler began before.
    pub async fn started(&self, claim: &Claim, started_at: DateTime<Utc>) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold(&mut tx, claim).await?;
        sqlx::query!(
            "update recordings set status = 'recording', started_at = coalesce(started_at, $2)
             where id = $1 and status in ('starting', 'recording')",
            claim.id.0,
            started_at
        )
        .execute(&mut *tx)
        .await?;
        announce(&mut tx, claim.id).await?;
        Ok(tx.commit().await?)
    }

    /// Notes a stretch of time that is missing.
    pub async fn add_gap(&self, claim: &Claim, gap: &Gap) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold(&mut tx, claim).await?;
        sqlx::query!(
            "update recordings set gaps = gaps || $2::jsonb where id = $1",
            claim.id.0,
            Json([gap]) as _
        )
        .execute(&mut *tx)
        .await?;
        announce(&mut tx, claim.id).await?;
        Ok(tx.commit().await?)
    }

    /// Notes that the recording has ended and its file is being completed.
    pub async fn ended(&self, claim: &Claim, reason: StopReason, at: DateTime<Utc>) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold(&mut tx, claim).await?;
        let changed = sqlx::query!(
            "update recordings set status = 'finalizing', stop_reason = coalesce(stop_reason, $2),
                 ended_at = coalesce(ended_at, $3)
             where id = $1 and status in ('starting', 'recording')",
            claim.id.0,
            reason.as_str(),
            at
        )
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 1 {
            announce(&mut tx, claim.id).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Notes that the file is complete and passed its check.
    pub async fn available(
        &self,
        claim: &Claim,
        file: &Finished,
        ended_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold(&mut tx, claim).await?;
        sqlx::query!(
            "update recordings set status = 'available', duration_seconds = $2, size_bytes = $3, sha256 = $4,
                 content_type = $5, object_key = $6, upload_id = null, ended_at = coalesce($7, ended_at),
                 leased_by = null, lease_until = null
             where id = $1 and status = 'finalizing'",
            claim.id.0,
            file.duration,
            i64::try_from(file.size).unwrap_or(i64::MAX),
            file.sha256,
            claim.content_type(),
            claim.file().path(),
            ended_at
        )
        .execute(&mut *tx)
        .await?;
        announce(&mut tx, claim.id).await?;
        Ok(tx.commit().await?)
    }

    /// Notes that there will be no file, and why.
    pub async fn failed(
        &self,
        claim: &Claim,
        code: FailureCode,
        detail: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold(&mut tx, claim).await?;
        sqlx::query!(
            "update recordings set status = 'failed', failure_code = $2, failure_detail = $3,
                 ended_at = coalesce(ended_at, $4), leased_by = null, lease_until = null
             where id = $1 and status in ('requested', 'starting', 'recording', 'finalizing')",
            claim.id.0,
            code.as_str(),
            detail,
            at
        )
        .execute(&mut *tx)
        .await?;
        announce(&mut tx, claim.id).await?;
        Ok(tx.commit().await?)
    }

    /// What is known of the recording service's work on it; webhooks write it, too.
    pub async fn egress(&self, claim: &Claim) -> Result<Option<Told>> {
        let mut tx = self.begin().await?;
        let told = sqlx::query_scalar!(
            r#"select egress as "egress: Json<Told>" from recordings where id = $1"#,
            claim.id.0
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(told.map(|told| told.0))
    }

    /// Notes what the recording service said, unless more is known; gives what is known now.
    pub async fn tell(&self, claim: &Claim, told: &Told) -> Result<Told> {
        let mut tx = self.begin().await?;
        self.hold(&mut tx, claim).await?;
        let known = sqlx::query_scalar!(
            r#"select egress as "egress: Json<Told>" from recordings where id = $1"#,
            claim.id.0
        )
        .fetch_one(&mut *tx)
        .await?;
        let now = known.as_ref().map_or_else(|| told.clone(), |known| known.0.clone().and(told.clone()));
        if known.is_none_or(|known| known.0 != now) {
            sqlx::query!("update recordings set egress = $2 where id = $1", claim.id.0, Json(&now) as _)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(now)
    }

    /// Notes until when the store refuses to delete the file.
    pub async fn locked(&self, claim: &Claim, until: DateTime<Utc>) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold(&mut tx, claim).await?;
        sqlx::query!("update recordings set locked_until = $2 where id = $1", claim.id.0, until)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Gives the recording back after `pause` seconds, so that another handler, or this one, goes on with it.
    pub async fn release(&self, claim: &Claim, pause: f64) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold(&mut tx, claim).await?;
        sqlx::query!(
            "update recordings set leased_by = null, lease_until = now() + make_interval(secs => $2) where id = $1",
            claim.id.0,
            pause
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("select pg_notify('recordings', $1)", claim.id.to_string()).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Pieces that are no longer needed, of one recording whose file is finished or deleted.
    pub async fn leftovers(&self) -> Result<Option<(RecordingId, Vec<Key>)>> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query!(
            r#"select s.recording_id, r.organization_id, s.section, s.number
               from recording_segments s join recordings r on r.id = s.recording_id
               where s.recording_id = (
                   select s.recording_id from recording_segments s join recordings r on r.id = s.recording_id
                   where s.number = 0 and r.status in ('available', 'deleted') limit 1)"#
        )
        .fetch_all(&mut *tx)
        .await?;
        let Some(recording) = rows.first().map(|row| RecordingId(row.recording_id)) else { return Ok(None) };
        let keys = rows.iter().map(|row| Key::Segment {
            organization: OrganizationId(row.organization_id),
            recording,
            section: row.section,
            number: row.number,
        });
        Ok(Some((recording, keys.collect())))
    }

    /// Forgets the pieces of a recording, after they were deleted.
    pub async fn forget(&self, recording: RecordingId) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query!("delete from recording_parts where recording_id = $1", recording.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query!("delete from recording_segments where recording_id = $1", recording.0)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Locks the recording's row and makes sure that it is still ours.
    async fn hold(&self, tx: &mut Tx, claim: &Claim) -> Result<()> {
        sqlx::query_scalar!(
            "select id from recordings where id = $1 and leased_by = $2 and attempts = $3 for update",
            claim.id.0,
            self.handler.0,
            claim.attempt
        )
        .fetch_optional(&mut **tx)
        .await?
        .map(|_| ())
        .ok_or(LedgerError::LeaseLost)
    }
}

/// Tells the room and its pages how the recording is now.
async fn announce(tx: &mut Tx, id: RecordingId) -> Result<()> {
    let recording = sqlx::query_as!(
        Recording,
        r#"select id as "id: RecordingId", meeting_id as "meeting_id: MeetingId", status as "status: Status",
               failure_code, failure_detail, engine, layout as "layout: Layout", audio_only, started_at, ended_at,
               duration_seconds, size_bytes, content_type, sha256, access_level as "access_level: AccessLevel",
               allowed_roles::text[] as "allowed_roles!", allowed_people as "allowed_people: Vec<UserId>",
               gaps as "gaps: Json<Vec<Gap>>", paused_at, pauses as "pauses: Json<Vec<Gap>>",
               requested_by as "requested_by: UserId", trashed_at, held_at, hold_reason
           from recordings where id = $1"#,
        id.0
    )
    .fetch_one(&mut **tx)
    .await?;
    let meeting = recording.meeting_id;
    let data = Json(RecordingOut::from(recording).for_the_room());
    sqlx::query!("select emit_meeting_event($1, $2, $3)", meeting.0, UPDATED_EVENT, data as _)
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}
