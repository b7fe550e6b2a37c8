//! Each person's microphone beside the recording: brings the pieces into the vault while it is recorded, and joins them
//! into files once the recording is available.
//!
//! Pieces are the only thing that is kept meanwhile, so whichever handler finishes the recording finds those of all who
//! worked on it.

use std::{collections::HashMap, mem, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use kernel::{
    ids::RecordingId,
    vault::{Key, MIN_PART, TrackKey, Vault},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    engine::{Piece, Voice},
    ledger::{Claim, InPieces, Ledger},
    spool::{self, Queue, Waits},
    upload::{LeaseLost, insist},
};

/// What the files are.
pub const CONTENT_TYPE: &str = "audio/ogg";

/// What a spooled piece's file begins with.
#[derive(Serialize, Deserialize)]
pub struct Label {
    track: i32,
    identity: String,
    name: String,
    starts: Duration,
    lasts: Duration,
}

impl Waits for Piece {
    type Label = Label;

    fn label(&self) -> (Label, &[u8]) {
        let Voice { identity, name } = self.voice.clone();
        let Self { track, starts, lasts, .. } = *self;
        (Label { track, identity, name, starts, lasts }, &self.bytes)
    }

    fn restored(label: Label, bytes: Vec<u8>) -> Self {
        let Label { track, identity, name, starts, lasts } = label;
        Self { track, voice: Voice { identity, name }, starts, lasts, bytes }
    }
}

/// Sends the pieces of a queue until the queue is dropped. What is recorded now begins `before` after the recording did.
pub fn start(
    vault: Vault,
    ledger: Ledger,
    claim: Claim,
    before: Duration,
    folder: PathBuf,
    lost: CancellationToken,
) -> (Queue<Piece>, JoinHandle<Result<(), LeaseLost>>) {
    let (queue, mut front) = spool::queue::<Piece>(folder);
    let task = tokio::spawn(async move {
        let mut sent = HashMap::<i32, i32>::new();
        while let Some(mut piece) = front.next().await {
            // Numbered here, so that there is no hole where a piece was lost while it waited.
            let next = sent.entry(piece.track).or_default();
            let number = mem::replace(next, *next + 1);
            let key = Key::TrackPiece(key(&claim, piece.track), number);
            let bytes = Bytes::from(mem::take(&mut piece.bytes));
            insist(&lost, "the vault", || vault.put(key, bytes.clone(), CONTENT_TYPE)).await?;
            piece.bytes = bytes.into();
            let starts_ms = i64::try_from((before + piece.starts).as_millis()).unwrap_or(i64::MAX);
            let keep = || async { Ok(ledger.keep_track_piece(&claim, &piece, number, starts_ms).await?) };
            insist(&lost, "the ledger", keep).await?;
        }
        Ok(())
    });
    (queue, task)
}

fn key(claim: &Claim, number: i32) -> TrackKey {
    TrackKey { organization: claim.organization_id, recording: claim.id, section: claim.attempt, number }
}

/// Joins the files of `recording`, or those that their handlers left in pieces; gives how many.
///
/// # Errors
/// When the vault or the database is away; trying again goes on where it stopped.
pub async fn join(vault: &Vault, ledger: &Ledger, recording: Option<RecordingId>) -> Result<usize> {
    let tracks = ledger.tracks_in_pieces(recording).await?;
    for track in &tracks {
        join_one(vault, ledger, *track).await?;
    }
    Ok(tracks.len())
}

async fn join_one(vault: &Vault, ledger: &Ledger, track: InPieces) -> Result<()> {
    let file = Key::Track(track.key);
    let upload = vault.begin_upload(file, CONTENT_TYPE).await?;
    let (size, sha256) = match send(vault, file, &upload, &track).await {
        Ok(sent) => sent,
        Err(error) => {
            let _ = vault.abort_upload(file, &upload).await;
            return Err(error);
        }
    };
    if ledger.track_joined(track.key, size, &sha256).await? {
        info!(recording = %track.key.recording, section = track.key.section, number = track.key.number, size,
            "a person's file is joined");
    } else {
        warn!(recording = %track.key.recording, "nobody wants this person's file any more");
        vault.delete(file).await?;
    }
    vault.delete_all(&track.keys()).await
}

async fn send(vault: &Vault, file: Key, upload: &str, track: &InPieces) -> Result<(u64, String)> {
    let (mut hash, mut size, mut parts) = (Sha256::new(), 0, Vec::new());
    let mut buffer = BytesMut::new();
    let keys = track.keys();
    for (n, piece) in keys.iter().enumerate() {
        let bytes = vault.read(*piece).await?;
        hash.update(&bytes);
        size += bytes.len() as u64;
        buffer.extend_from_slice(&bytes);
        if buffer.len() >= MIN_PART || n + 1 == keys.len() {
            let number = i32::try_from(parts.len() + 1).context("too many parts")?;
            parts.push(vault.put_part(file, upload, number, buffer.split().freeze()).await?);
        }
    }
    vault.complete_upload(file, upload, &parts).await?;
    Ok((size, hex::encode(hash.finalize())))
}

/// Deletes people's files whose recording was deleted; gives how many.
///
/// # Errors
/// When the vault or the database is away.
pub async fn sweep(vault: &Vault, ledger: &Ledger) -> Result<usize> {
    let tracks = ledger.stray_tracks().await?;
    for track in &tracks {
        let mut keys = track.keys();
        keys.push(Key::Track(track.key));
        vault.delete_all(&keys).await?;
        ledger.forget_track(track.key).await?;
    }
    Ok(tracks.len())
}
