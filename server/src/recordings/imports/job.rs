//! The job that fetches a file: it goes from the other server into the vault in parts, while it is hashed, and only a part
//! of it is here at a time.

use anyhow::{Context, anyhow};
use axum::http::{StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use kernel::{
    db::{self, Actor},
    ids::{OrganizationId, RecordingId},
    jobs::{Failure, Job},
    recording::Status,
    vault::{Key, Part},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::{
    rules::{self, Reason},
    store::{self, Stored},
};
use crate::{
    app::App,
    http::outside::{self, Outside},
    recordings::store as recordings,
};

/// The job that fetches a file.
pub const FETCH: &str = "recordings.import";
/// Attempts after which a file has failed: with their pauses, about eight minutes.
const ATTEMPTS: i32 = 8;
/// How often an address may lead on to another.
const REDIRECTS: usize = 5;
/// Bytes of a part of the upload. Of the 10,000 parts that a store takes, the largest file needs as many.
const PART: usize = 8 * 1024 * 1024;

/// What is to be fetched. Its address stands in the database only as long as it is needed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Fetch {
    /// The recording that it becomes.
    pub recording: RecordingId,
}

/// Why an attempt came to nothing.
#[derive(Debug)]
enum Trouble {
    /// It will not get better.
    Final(Reason),
    /// It may get better; the reason for when it does not.
    ForNow(Reason, anyhow::Error),
    /// Nobody wants the file any more.
    Unwanted,
}

impl Trouble {
    fn of_vault(error: anyhow::Error) -> Self {
        Self::ForNow(Reason::VaultFailed, error)
    }

    /// The address is left out of every error: it may hold a secret.
    fn of_source(error: reqwest::Error) -> Self {
        match outside::refused(&error) {
            Some(_) => Self::Final(Reason::AddressRefused),
            None => Self::ForNow(Reason::SourceAway, error.without_url().into()),
        }
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::ForNow(Reason::VaultFailed, error.into())
    }
}

/// Fetches a file.
///
/// # Errors
/// When the other server, the vault or the database is away: it is tried again.
pub async fn fetch(app: &App, job: &Job) -> Result<(), Failure> {
    let Fetch { recording } = job.payload()?;
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    let Some(import) = store::find(&mut tx, recording).await? else { return Ok(()) };
    let left = store::quota_left(&mut tx, import.organization).await?;
    drop(tx);
    let key = Key::Recording(import.organization, recording);
    if let Some(upload) = &import.upload_id {
        give_up(app, recording, key, upload).await?;
    }
    let (Status::Importing, Some(url)) = (import.status, import.url) else {
        return forget(app, recording).await;
    };
    let most = Most::of(u64::from(app.config.imports.max_gb) * 1_000_000_000, left);
    let outcome = bring(app, recording, import.organization, &url, most).await;
    match outcome {
        Ok(file) => {
            let kept = conclude(app, recording, Ok(&file)).await?;
            // It was deleted while its last part was on its way.
            if !kept {
                app.vault.delete(key).await?;
            }
            Ok(())
        }
        Err(Trouble::Unwanted) => forget(app, recording).await,
        Err(Trouble::ForNow(_, error)) if job.attempts < ATTEMPTS => Err(Failure::ForNow(error)),
        Err(Trouble::ForNow(reason, error)) => {
            tracing::warn!(%recording, error = format!("{error:#}"), "a file could not be imported");
            Ok(conclude(app, recording, Err(reason)).await.map(drop)?)
        }
        Err(Trouble::Final(reason)) => Ok(conclude(app, recording, Err(reason)).await.map(drop)?),
    }
}

/// Notes how it ended, and tells the pages of the meeting; false when nobody wants to know.
async fn conclude(
    app: &App,
    recording: RecordingId,
    outcome: Result<&Stored, Reason>,
) -> anyhow::Result<bool> {
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    let noted = match outcome {
        Ok(file) => store::available(&mut tx, recording, file).await?,
        Err(reason) => store::fail(&mut tx, recording, reason).await?,
    };
    if noted {
        recordings::announce(&mut tx, recording).await?;
    }
    tx.commit().await?;
    Ok(noted)
}

async fn forget(app: &App, recording: RecordingId) -> Result<(), Failure> {
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    store::forget_address(&mut tx, recording).await?;
    Ok(tx.commit().await?)
}

/// Gives an upload up that came to nothing; the store may have forgotten it already.
async fn give_up(app: &App, recording: RecordingId, key: Key, upload: &str) -> anyhow::Result<()> {
    if let Err(error) = app.vault.abort_upload(key, upload).await {
        tracing::warn!(%recording, error = format!("{error:#}"), "an upload could not be given up");
    }
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    store::set_upload(&mut tx, recording, None).await?;
    Ok(tx.commit().await?)
}

/// The most bytes that a file may have, and why.
#[derive(Debug, Clone, Copy)]
struct Most {
    bytes: u64,
    reason: Reason,
}

impl Most {
    fn of(largest: u64, quota_left: Option<i64>) -> Self {
        let left = quota_left.map(|left| u64::try_from(left).unwrap_or_default());
        match left {
            Some(left) if left < largest => Self { bytes: left, reason: Reason::QuotaExceeded },
            _ => Self { bytes: largest, reason: Reason::TooLarge },
        }
    }

    fn require(self, bytes: u64) -> Result<(), Trouble> {
        if bytes > self.bytes { Err(Trouble::Final(self.reason)) } else { Ok(()) }
    }
}

/// Brings a file into the vault.
async fn bring(
    app: &App,
    recording: RecordingId,
    organization: OrganizationId,
    url: &str,
    most: Most,
) -> Result<Stored, Trouble> {
    let away = |error| Trouble::ForNow(Reason::SourceAway, error);
    let outside = Outside::new(&app.config.imports.allowed_addresses).context("a client").map_err(away)?;
    let url = Url::parse(url).map_err(|_| Trouble::Final(Reason::AddressRefused))?;
    let answer = ask(&outside, url).await?;
    let total = answer.content_length();
    most.require(total.unwrap_or_default())?;
    let mut body = answer.bytes_stream();
    let mut part = BytesMut::new();
    while part.len() < rules::BEGINNING && more(&mut body, &mut part).await? {}
    let kind = rules::kind_of(&part).ok_or(Trouble::Final(Reason::WrongType))?;
    let mut upload =
        Upload::begin(app, recording, Key::Recording(organization, recording), kind, total).await?;
    let sent = async {
        loop {
            let goes_on = part.len() >= PART || more(&mut body, &mut part).await?;
            most.require(upload.sent + part.len() as u64)?;
            if part.len() >= PART || !goes_on {
                let full = part.split_to(part.len().min(PART)).freeze();
                upload.send(full).await?;
            }
            if !goes_on && part.is_empty() {
                return Ok(());
            }
        }
    };
    match sent.await {
        Ok(()) => upload.complete(kind).await,
        Err(trouble) => {
            // The next attempt does what fails here.
            let _ = give_up(app, recording, upload.key, &upload.id).await;
            Err(trouble)
        }
    }
}

/// Asks for a file, wherever its address leads on to.
async fn ask(outside: &Outside, mut url: Url) -> Result<reqwest::Response, Trouble> {
    for _ in 0..=REDIRECTS {
        outside.check(&url).map_err(|_| Trouble::Final(Reason::AddressRefused))?;
        let request = outside.get(url.clone()).header(header::ACCEPT_ENCODING, "identity");
        let answer = request.send().await.map_err(Trouble::of_source)?;
        let status = answer.status();
        if status == StatusCode::OK {
            return Ok(answer);
        }
        if !status.is_redirection() {
            return Err(refusal(status));
        }
        let next = answer.headers().get(header::LOCATION).and_then(|to| url.join(to.to_str().ok()?).ok());
        let next = next.ok_or(Trouble::Final(Reason::NotThere))?;
        // What was asked for in secret is not fetched in the open.
        if url.scheme() == "https" && next.scheme() != "https" {
            return Err(Trouble::Final(Reason::AddressRefused));
        }
        url = next;
    }
    Err(Trouble::Final(Reason::TooManyRedirects))
}

fn refusal(status: StatusCode) -> Trouble {
    let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY];
    if status.is_server_error() || busy.contains(&status) {
        return Trouble::ForNow(Reason::SourceAway, anyhow!("the other server answers {status}"));
    }
    Trouble::Final(Reason::NotThere)
}

/// Reads on; false at the end.
async fn more<S>(body: &mut S, into: &mut BytesMut) -> Result<bool, Trouble>
where
    S: Stream<Item = reqwest::Result<Bytes>> + Unpin,
{
    match body.next().await {
        Some(Ok(bytes)) => {
            into.extend_from_slice(&bytes);
            Ok(true)
        }
        Some(Err(error)) => Err(Trouble::of_source(error)),
        None => Ok(false),
    }
}

/// A file on its way into the vault.
struct Upload<'a> {
    app: &'a App,
    recording: RecordingId,
    key: Key,
    id: String,
    parts: Vec<Part>,
    hash: Sha256,
    sent: u64,
    total: Option<u64>,
}

impl<'a> Upload<'a> {
    async fn begin(
        app: &'a App,
        recording: RecordingId,
        key: Key,
        kind: &str,
        total: Option<u64>,
    ) -> Result<Self, Trouble> {
        let id = app.vault.begin_upload(key, kind).await.map_err(Trouble::of_vault)?;
        let mut tx = db::begin(&app.pool, Actor::System).await?;
        store::set_upload(&mut tx, recording, Some(&id)).await?;
        tx.commit().await?;
        Ok(Self { app, recording, key, id, parts: Vec::new(), hash: Sha256::new(), sent: 0, total })
    }

    async fn send(&mut self, bytes: Bytes) -> Result<(), Trouble> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.hash.update(&bytes);
        self.sent += bytes.len() as u64;
        let number = i32::try_from(self.parts.len() + 1).map_err(|_| Trouble::Final(Reason::TooLarge))?;
        let part =
            self.app.vault.put_part(self.key, &self.id, number, bytes).await.map_err(Trouble::of_vault)?;
        self.parts.push(part);
        let size = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let mut tx = db::begin(&self.app.pool, Actor::System).await?;
        let wanted = store::progress(&mut tx, self.recording, size(self.sent), self.total.map(size)).await?;
        tx.commit().await?;
        if wanted { Ok(()) } else { Err(Trouble::Unwanted) }
    }

    async fn complete(self, content_type: &'static str) -> Result<Stored, Trouble> {
        self.app.vault.complete_upload(self.key, &self.id, &self.parts).await.map_err(Trouble::of_vault)?;
        Ok(Stored {
            key: self.key.path(),
            size: i64::try_from(self.sent).unwrap_or(i64::MAX),
            sha256: hex::encode(self.hash.finalize()),
            content_type,
        })
    }
}
