//! Brings the pieces of a recording into the vault while it is recorded.
//!
//! Every piece is stored twice: at once as an object of its own, so that a crash costs seconds, and, together with its
//! neighbors, as a part of the multipart upload that becomes the file. At the end only the last part and the index are
//! missing. What is stored is noted in the ledger, with the state of the hash, so that any handler can go on from there.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use kernel::vault::{MIN_PART, Part, UploadLost, Vault};
use serde::{Deserialize, Serialize};
use sha2::{
    Digest, Sha256,
    digest::common::hazmat::{SerializableState, SerializedState},
};
use sqlx::types::Json;
use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    engine::Segment,
    ledger::{Claim, KeptSegment, Ledger, LedgerError},
    mp4::{self, Codecs, Index, Placed},
    spool::{self, Queue, Waits},
};

/// Shortest and longest pause before a store or a database that is away is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));

/// Another handler has the recording now; everything that is left here is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another handler has taken the recording over")]
pub struct LeaseLost;

/// A finished file, as it was sent.
#[derive(Debug)]
pub struct Sent {
    /// How long it plays, in seconds.
    pub duration: f64,
    /// How large it is.
    pub size: u64,
    /// SHA-256 over it, in hexadecimal.
    pub sha256: String,
    /// Its index, which stands at its end.
    pub tail: Bytes,
    /// Its pieces.
    pub segments: Vec<Placed>,
    /// How its samples are decoded.
    pub codecs: Codecs,
    /// When its last picture was taken.
    pub ended_at: DateTime<Utc>,
}

/// What a spooled piece's file begins with.
#[derive(Serialize, Deserialize)]
pub struct Label {
    started_at: DateTime<Utc>,
    lasts: Duration,
    index: Index,
    codecs: Codecs,
}

impl Waits for Segment {
    type Label = Label;

    fn label(&self) -> (Label, &[u8]) {
        let label = Label {
            started_at: self.started_at,
            lasts: self.lasts,
            index: self.index.clone(),
            codecs: self.codecs.clone(),
        };
        (label, &self.bytes)
    }

    fn restored(label: Label, bytes: Vec<u8>) -> Self {
        let Label { started_at, lasts, index, codecs } = label;
        Self { started_at, lasts, index, codecs, bytes }
    }
}

/// Sends one recording's pieces, in order.
pub struct Uploader {
    vault: Vault,
    ledger: Ledger,
    claim: Claim,
    lost: CancellationToken,
    hash: Sha256,
    /// Bytes of the file so far.
    offset: u64,
    /// Pieces so far.
    count: i32,
    /// How long it was when it was resumed.
    lasts: Duration,
    codecs: Codecs,
    ended_at: Option<DateTime<Utc>>,
    upload: Option<String>,
    parts: Vec<Part>,
    /// What will be the next part.
    buffer: BytesMut,
}

impl Uploader {
    /// Goes on where the ledger says that the recording is.
    ///
    /// # Errors
    /// When the lease is lost meanwhile.
    pub async fn resume(
        vault: Vault,
        ledger: Ledger,
        claim: Claim,
        lost: CancellationToken,
    ) -> Result<Self, LeaseLost> {
        let head = mp4::head().unwrap_or_default();
        let mut uploader = Self {
            hash: Sha256::new_with_prefix(&head),
            offset: head.len() as u64,
            count: 0,
            lasts: Duration::ZERO,
            codecs: claim.codecs.0.clone(),
            ended_at: None,
            upload: claim.upload_id.clone(),
            parts: Vec::new(),
            buffer: BytesMut::new(),
            vault,
            ledger,
            claim,
            lost,
        };
        let kept = uploader
            .insist("the ledger", || async { Ok(uploader.ledger.segments(&uploader.claim).await?) })
            .await?;
        if let Some(last) = kept.last() {
            uploader.hash = hash_from(&last.hash_state).unwrap_or_default();
            uploader.offset = end_of(last);
            uploader.count = last.number + 1;
            uploader.ended_at = Some(last.ended_at);
        }
        uploader.lasts = Duration::try_from_secs_f64(mp4::duration(&placed(&kept))).unwrap_or_default();
        let parts = uploader
            .insist("the ledger", || async { Ok(uploader.ledger.parts(&uploader.claim).await?) })
            .await?;
        let covered: i64 = parts.iter().map(|(_, size)| size).sum();
        uploader.parts = parts.into_iter().map(|(part, _)| part).collect();
        if !uploader.refill(&kept, covered).await? {
            uploader.start_over().await?;
        }
        Ok(uploader)
    }

    /// Whether anything was recorded.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How long the file was when it was resumed.
    pub fn lasts(&self) -> Duration {
        self.lasts
    }

    /// When the last picture so far was taken.
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.ended_at
    }

    /// Sends the pieces of a queue until the queue is dropped.
    ///
    /// # Errors
    /// When the lease is lost meanwhile.
    pub fn start(
        mut self,
        folder: PathBuf,
    ) -> (Queue<Segment>, tokio::task::JoinHandle<Result<Self, LeaseLost>>) {
        let (queue, mut front) = spool::queue(folder);
        let task = tokio::spawn(async move {
            while let Some(segment) = front.next().await {
                self.add(segment).await?;
            }
            Ok(self)
        });
        (queue, task)
    }

    async fn add(&mut self, segment: Segment) -> Result<(), LeaseLost> {
        let bytes = Bytes::from(segment.bytes);
        // Sound may begin a segment later than the pictures, and then its decoder is known later, too.
        let Codecs { video, audio } = segment.codecs;
        let codecs =
            Codecs { video: self.codecs.video.take().or(video), audio: self.codecs.audio.take().or(audio) };
        self.codecs = codecs;
        self.hash.update(&bytes);
        let kept = KeptSegment {
            number: self.count,
            section: self.claim.attempt,
            started_at: segment.started_at,
            ended_at: segment.started_at + segment.lasts,
            byte_offset: i64::try_from(self.offset).unwrap_or(i64::MAX),
            size_bytes: i32::try_from(bytes.len()).unwrap_or(i32::MAX),
            samples: Json(segment.index),
            hash_state: self.hash.serialize().to_vec(),
        };
        let key = self.claim.segment(kept.section, kept.number);
        self.insist("the vault", || self.vault.put(key, bytes.clone(), "application/octet-stream")).await?;
        self.insist("the ledger", || async {
            Ok(self.ledger.keep_segment(&self.claim, &kept, &self.codecs).await?)
        })
        .await?;
        self.offset += bytes.len() as u64;
        self.count += 1;
        self.ended_at = Some(kept.ended_at);
        self.buffer.extend_from_slice(&bytes);
        if self.buffer.len() >= MIN_PART && !self.flush().await? {
            self.start_over().await?;
        }
        Ok(())
    }

    /// Completes the file.
    ///
    /// # Errors
    /// When the lease is lost meanwhile.
    pub async fn complete(&mut self) -> Result<Sent, LeaseLost> {
        let kept =
            self.insist("the ledger", || async { Ok(self.ledger.segments(&self.claim).await?) }).await?;
        let segments = placed(&kept);
        let tail = Bytes::from(
            self.insist("the index", || async { Ok(mp4::tail(&segments, &self.codecs)?) }).await?,
        );
        self.hash.update(&tail);
        let size = self.offset + tail.len() as u64;
        self.buffer.extend_from_slice(&tail);
        self.seal(size, &tail).await?;
        Ok(Sent {
            duration: mp4::duration(&segments),
            size,
            sha256: hex::encode(self.hash.clone().finalize()),
            tail,
            segments,
            codecs: self.codecs.clone(),
            ended_at: self.ended_at.unwrap_or_default(),
        })
    }

    /// Sends the last part and joins all, unless that was done before.
    async fn seal(&mut self, size: u64, tail: &Bytes) -> Result<(), LeaseLost> {
        let file = self.claim.file();
        loop {
            let there = self.insist("the vault", || self.vault.size(file)).await?;
            if there == Some(size) {
                return Ok(());
            }
            let sealed = self.flush().await?
                && self
                    .insist("the vault", || async {
                        let upload = self.upload.as_deref().context("no upload was begun")?;
                        unless_lost(self.vault.complete_upload(file, upload, &self.parts).await)
                    })
                    .await?
                    .is_some();
            if sealed {
                return Ok(());
            }
            self.start_over().await?;
            self.buffer.extend_from_slice(tail);
        }
    }

    /// Sends what is in the buffer as the next part; false when the store has lost the parts before it.
    async fn flush(&mut self) -> Result<bool, LeaseLost> {
        let bytes = self.buffer.split().freeze();
        let file = self.claim.file();
        if self.upload.is_none() {
            let content_type = self.claim.content_type();
            let upload = self.insist("the vault", || self.vault.begin_upload(file, content_type)).await?;
            self.insist("the ledger", || async {
                Ok(self.ledger.set_upload(&self.claim, Some(&upload)).await?)
            })
            .await?;
            self.upload = Some(upload);
        }
        let number = i32::try_from(self.parts.len()).unwrap_or(i32::MAX) + 1;
        let sent = self
            .insist("the vault", || async {
                let upload = self.upload.as_deref().context("no upload was begun")?;
                unless_lost(self.vault.put_part(file, upload, number, bytes.clone()).await)
            })
            .await?;
        let Some(part) = sent else { return Ok(false) };
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        self.insist("the ledger", || async { Ok(self.ledger.keep_part(&self.claim, &part, size).await?) })
            .await?;
        self.parts.push(part);
        Ok(true)
    }

    /// Begins a new upload with all pieces that are kept.
    async fn start_over(&mut self) -> Result<(), LeaseLost> {
        warn!("the store has lost the upload; it is made again from the pieces");
        loop {
            self.upload = None;
            self.parts.clear();
            self.buffer.clear();
            let kept =
                self.insist("the ledger", || async { Ok(self.ledger.segments(&self.claim).await?) }).await?;
            if self.refill(&kept, 0).await? {
                return Ok(());
            }
        }
    }

    /// Fetches the pieces that no part holds yet; false when the store has lost the parts that hold the others.
    async fn refill(&mut self, kept: &[KeptSegment], covered: i64) -> Result<bool, LeaseLost> {
        if covered == 0 {
            self.buffer.extend_from_slice(&mp4::head().unwrap_or_default());
        }
        for segment in kept.iter().filter(|segment| segment.byte_offset >= covered) {
            let key = self.claim.segment(segment.section, segment.number);
            let bytes = self.insist("the vault", || self.vault.read(key)).await?;
            self.buffer.extend_from_slice(&bytes);
            if self.buffer.len() >= MIN_PART && !self.flush().await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn insist<T, F>(&self, whom: &str, work: impl Fn() -> F) -> Result<T, LeaseLost>
    where
        F: Future<Output = Result<T>>,
    {
        insist(&self.lost, whom, work).await
    }
}

/// Tries until it works, because giving up would lose what is recorded.
///
/// # Errors
/// When the lease is lost meanwhile.
pub async fn insist<T, F>(lost: &CancellationToken, whom: &str, work: impl Fn() -> F) -> Result<T, LeaseLost>
where
    F: Future<Output = Result<T>>,
{
    let mut pause = BACKOFF.0;
    loop {
        let done = tokio::select! {
            biased;
            () = lost.cancelled() => return Err(LeaseLost),
            done = work() => done,
        };
        match done {
            Ok(done) => return Ok(done),
            Err(error) if matches!(error.downcast_ref(), Some(LedgerError::LeaseLost)) => {
                return Err(LeaseLost);
            }
            Err(error) => warn!(error = format!("{error:#}"), "{whom} is away or refuses; trying again"),
        }
        time::sleep(pause).await;
        pause = (pause * 2).min(BACKOFF.1);
    }
}

/// Nothing, when the store has lost the upload.
fn unless_lost<T>(done: Result<T>) -> Result<Option<T>> {
    match done {
        Err(error) if error.is::<UploadLost>() => Ok(None),
        done => done.map(Some),
    }
}

fn placed(kept: &[KeptSegment]) -> Vec<Placed> {
    let placed = |kept: &KeptSegment| Placed {
        section: kept.section,
        offset: u64::try_from(kept.byte_offset).unwrap_or(0),
        index: kept.samples.0.clone(),
    };
    kept.iter().map(placed).collect()
}

fn end_of(segment: &KeptSegment) -> u64 {
    u64::try_from(segment.byte_offset + i64::from(segment.size_bytes)).unwrap_or(0)
}

fn hash_from(state: &[u8]) -> Option<Sha256> {
    let state = SerializedState::<Sha256>::try_from(state).ok()?;
    Sha256::deserialize(&state).ok()
}
