//! What is known of the files that each person's microphone has beside a recording.

use kernel::{
    ids::{OrganizationId, RecordingId},
    vault::{Key, TrackKey},
};
use uuid::Uuid;

use super::{Claim, Ledger, Result};
use crate::engine::Piece;

/// A person's file that is still in pieces.
#[derive(Debug, Clone, Copy)]
pub struct InPieces {
    /// Which.
    pub key: TrackKey,
    /// How many.
    pub pieces: i32,
}

impl InPieces {
    /// Its pieces.
    pub fn keys(self) -> Vec<Key> {
        (0..self.pieces).map(|piece| Key::TrackPiece(self.key, piece)).collect()
    }
}

struct Row {
    organization: OrganizationId,
    recording: RecordingId,
    section: i32,
    number: i32,
    pieces: i32,
}

impl From<Row> for InPieces {
    fn from(row: Row) -> Self {
        let Row { organization, recording, section, number, pieces } = row;
        Self { key: TrackKey { organization, recording, section, number }, pieces }
    }
}

/// The member or guest that LiveKit calls so.
fn person(identity: &str) -> (Option<Uuid>, Option<Uuid>) {
    let guest = identity.strip_prefix("guest:");
    let id = guest.unwrap_or(identity).parse().ok();
    if guest.is_some() { (None, id) } else { (id, None) }
}

impl Ledger {
    /// Notes that the piece `number` of a person's file is safe; the file begins `starts_ms` after the recording does.
    pub async fn keep_track_piece(
        &self,
        claim: &Claim,
        piece: &Piece,
        number: i32,
        starts_ms: i64,
    ) -> Result<()> {
        let (user, guest) = person(&piece.voice.identity);
        let mut tx = self.begin().await?;
        self.hold(&mut tx, claim).await?;
        sqlx::query!(
            "insert into recording_tracks (recording_id, section, number, identity, user_id, guest_id, name, starts_ms,
                 duration_ms, pieces, size_bytes)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10 + 1, $11)
             on conflict (recording_id, section, number) do update set duration_ms = $9, pieces = $10 + 1,
                 size_bytes = recording_tracks.size_bytes + $11
             where recording_tracks.pieces = $10",
            claim.id.0,
            claim.attempt,
            piece.track,
            piece.voice.identity,
            user,
            guest,
            piece.voice.name,
            starts_ms,
            i64::try_from(piece.lasts.as_millis()).unwrap_or(i64::MAX),
            number,
            i64::try_from(piece.bytes.len()).unwrap_or(i64::MAX),
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// People's files of an available recording that are still in pieces: of `recording`, or of one whose handler should
    /// long have joined them.
    pub async fn tracks_in_pieces(&self, recording: Option<RecordingId>) -> Result<Vec<InPieces>> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query_as!(
            Row,
            r#"select r.organization_id as "organization: OrganizationId", t.recording_id as "recording: RecordingId",
                   t.section, t.number, t.pieces
               from recording_tracks t join recordings r on r.id = t.recording_id
               where t.sha256 is null and r.status = 'available'
                 and case when $1::uuid is null then r.updated_at < now() - interval '1 minute' else r.id = $1 end
               order by t.recording_id, t.section, t.number limit 1000"#,
            recording.map(|recording| recording.0)
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows.into_iter().map(InPieces::from).collect())
    }

    /// Notes that a person's file is there; false when the recording is not any more, so that nobody wants the file.
    pub async fn track_joined(&self, key: TrackKey, size: u64, sha256: &str) -> Result<bool> {
        let mut tx = self.begin().await?;
        let noted = sqlx::query!(
            "update recording_tracks t set size_bytes = $4, sha256 = $5 from recordings r
             where r.id = t.recording_id and r.status = 'available'
               and t.recording_id = $1 and t.section = $2 and t.number = $3",
            key.recording.0,
            key.section,
            key.number,
            i64::try_from(size).unwrap_or(i64::MAX),
            sha256
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(noted.rows_affected() == 1)
    }

    /// People's files of a recording that was deleted without ever having had a file of its own.
    pub async fn stray_tracks(&self) -> Result<Vec<InPieces>> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query_as!(
            Row,
            r#"select r.organization_id as "organization: OrganizationId", t.recording_id as "recording: RecordingId",
                   t.section, t.number, t.pieces
               from recording_tracks t join recordings r on r.id = t.recording_id
               where r.status = 'deleted' and r.object_key is null limit 100"#
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows.into_iter().map(InPieces::from).collect())
    }

    /// Forgets a person's file, after it was deleted.
    pub async fn forget_track(&self, key: TrackKey) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query!(
            "delete from recording_tracks where recording_id = $1 and section = $2 and number = $3",
            key.recording.0,
            key.section,
            key.number
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_guests_are_known_by_what_livekit_calls_them() {
        let id = Uuid::from_u128(7);
        assert_eq!(person(&id.to_string()), (Some(id), None));
        assert_eq!(person(&format!("guest:{id}")), (None, Some(id)));
        assert_eq!((person("anna"), person("guest:anna")), ((None, None), (None, None)));
    }
}
