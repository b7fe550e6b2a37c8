//! The job that has a recording written down.
//!
//! Where each person was recorded apart, each voice is sent by itself, so that it is known who says what, and only of
//! those who agreed. Else the recording's own file is sent, if everybody agreed who was there.

use anyhow::Context;
use chrono::Duration;
use futures::Stream;
use kernel::{
    db::{self, Actor},
    ids::RecordingId,
    jobs::{self, Failure, Job},
    vault::{Key, TrackKey},
};
use serde::{Deserialize, Serialize};
use tokio_util::io::ReaderStream;

use super::{
    endpoint::{Endpoint, Unheard, Words},
    rules::{self, Speaker, Stretch},
    store::{self, Task, Track},
};
use crate::app::App;

/// The job that has a recording written down.
pub const TRANSCRIBE: &str = "recordings.transcribe";
/// Attempts after which the transcript has failed: with their pauses, about 50 minutes.
const ATTEMPTS: i32 = 12;
/// Attempts after which an answer that makes no sense is believed to stay so.
const ATTEMPTS_AT_NONSENSE: i32 = 3;
/// How long is waited for the files of voices, and how often: they are put together after the recording.
const WAIT: Duration = Duration::seconds(15);
const WAITS: u32 = 40;
/// Shorter files than this say nothing, and services refuse them.
const SHORTEST_MS: i64 = 200;
/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// What is to be written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wish {
    /// The recording.
    pub recording: RecordingId,
    /// Which wish for its transcript this is.
    pub run: i32,
    /// How often it was waited for the files of voices.
    #[serde(default)]
    pub waits: u32,
}

/// Why there is no transcript, in the end.
struct Reason {
    code: &'static str,
    detail: &'static str,
}

const TOO_LARGE: Reason =
    Reason { code: "TOO_LARGE", detail: "The recording is larger than the transcription service takes." };
const REFUSED: Reason =
    Reason { code: "SERVICE_REFUSED", detail: "The transcription service refused the recording." };
const AWAY: Reason =
    Reason { code: "SERVICE_AWAY", detail: "The transcription service could not be reached for too long." };
const NONSENSE: Reason = Reason {
    code: "BAD_ANSWER",
    detail: "The transcription service answered with something else than a transcript.",
};
const NOT_AGREED: Reason = Reason {
    code: "NOT_AGREED",
    detail: "Not everybody who was there has agreed that what they say is written down.",
};

/// What came of an attempt.
enum Outcome {
    Kept {
        said: Vec<Stretch>,
        language: Option<String>,
        left_out: i32,
    },
    /// The voices' files are not there yet.
    NotYet,
    Never(Reason),
}

/// Has a recording written down.
///
/// # Errors
/// When the service, the vault or the database is away: it is tried again.
pub async fn transcribe(app: &App, job: &Job) -> Result<(), Failure> {
    let wish: Wish = job.payload()?;
    let Some(endpoint) = Endpoint::new(&app.config.transcripts)? else {
        tracing::warn!(recording = %wish.recording, "no transcription service is configured");
        return forget(app, &wish).await;
    };
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    let Some(task) = store::begin(&mut tx, &wish, app.clock.now()).await? else { return Ok(()) };
    let tracks = store::tracks(&mut tx, wish.recording).await?;
    let not_agreed = store::not_agreed(&mut tx, wish.recording).await?;
    tx.commit().await?;
    let outcome = if tracks.is_empty() {
        hear_all(app, &endpoint, &wish, &task, not_agreed).await
    } else {
        hear_each(app, &endpoint, &wish, &task, tracks).await
    };
    match outcome {
        Ok(outcome) => conclude(app, &wish, outcome).await,
        Err(unheard) => put_off(app, &wish, job.attempts, unheard).await,
    }
}

/// Nobody can do it: there is no transcript, and none that waits.
async fn forget(app: &App, wish: &Wish) -> Result<(), Failure> {
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    if store::begin(&mut tx, wish, app.clock.now()).await?.is_some() {
        store::delete(&mut tx, wish.recording).await?;
    }
    Ok(tx.commit().await?)
}

/// Everybody's voice in one file, of which nobody knows who speaks.
async fn hear_all(
    app: &App,
    endpoint: &Endpoint,
    wish: &Wish,
    task: &Task,
    not_agreed: i64,
) -> Result<Outcome, Unheard> {
    if not_agreed > 0 {
        return Ok(Outcome::Never(NOT_AGREED));
    }
    let key = Key::Recording(task.organization, wish.recording);
    let size = task.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    let kind = task.content_type.as_deref().unwrap_or("video/mp4");
    let Words { language, heard } = listen(app, endpoint, key, size, kind, task).await?;
    let said = rules::merged(rules::stretches(heard, &Speaker::default(), 0));
    Ok(Outcome::Kept { said, language, left_out: 0 })
}

/// Each voice by itself.
async fn hear_each(
    app: &App,
    endpoint: &Endpoint,
    wish: &Wish,
    task: &Task,
    tracks: Vec<Track>,
) -> Result<Outcome, Unheard> {
    if tracks.iter().any(|track| !track.ready) && wish.waits < WAITS {
        return Ok(Outcome::NotYet);
    }
    let (agreed, others): (Vec<Track>, Vec<Track>) = tracks.into_iter().partition(|track| track.agreed);
    if agreed.is_empty() {
        return Ok(Outcome::Never(NOT_AGREED));
    }
    let mut people: Vec<_> = others.iter().map(|it| (it.user, it.guest, &it.name)).collect();
    people.sort_unstable();
    people.dedup();
    let left_out = i32::try_from(people.len()).unwrap_or(i32::MAX);
    let (mut said, mut spoken) = (Vec::new(), None);
    for track in agreed.iter().filter(|track| track.ready && track.duration_ms >= SHORTEST_MS) {
        let key = Key::Track(TrackKey {
            organization: task.organization,
            recording: wish.recording,
            section: track.section,
            number: track.number,
        });
        let size = u64::try_from(track.size_bytes).unwrap_or_default();
        let Words { language, heard } = listen(app, endpoint, key, size, "audio/ogg", task).await?;
        said.extend(rules::stretches(heard, &track.speaker(), track.starts_ms));
        spoken = spoken.or(language);
    }
    Ok(Outcome::Kept { said: rules::merged(said), language: spoken, left_out })
}

/// Sends an object of the vault to the service while it is read.
async fn listen(
    app: &App,
    endpoint: &Endpoint,
    key: Key,
    size: u64,
    kind: &str,
    task: &Task,
) -> Result<Words, Unheard> {
    // Before the store is asked for what nobody takes.
    if size > endpoint.largest {
        return Err(Unheard::TooLarge);
    }
    let file = open(app, key).await.map_err(|error| Unheard::Later(None, error))?;
    endpoint.write_down(file, size, kind, task.wanted_language.as_deref()).await
}

async fn open(
    app: &App,
    key: Key,
) -> anyhow::Result<impl Stream<Item = std::io::Result<bytes::Bytes>> + Send + 'static> {
    let object = app.vault.get(key, None).await.context("the vault does not answer")?;
    Ok(ReaderStream::with_capacity(object.body.into_async_read(), CHUNK))
}

async fn conclude(app: &App, wish: &Wish, outcome: Outcome) -> Result<(), Failure> {
    let now = app.clock.now();
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    match outcome {
        Outcome::Kept { said, language, left_out } => {
            store::keep(&mut tx, wish, &said, language.as_deref(), left_out, now).await?;
        }
        Outcome::NotYet => {
            store::pause(&mut tx, wish).await?;
            let later = Wish { waits: wish.waits + 1, ..wish.clone() };
            jobs::enqueue(&mut tx, TRANSCRIBE, later, now + WAIT).await?;
        }
        Outcome::Never(reason) => store::fail(&mut tx, wish, reason.code, reason.detail, now).await?,
    }
    Ok(tx.commit().await?)
}

/// Notes that it did not work: for now, or for good.
async fn put_off(app: &App, wish: &Wish, attempts: i32, unheard: Unheard) -> Result<(), Failure> {
    let again = match &unheard {
        Unheard::Later(..) => attempts < ATTEMPTS,
        Unheard::Nonsense(_) => attempts < ATTEMPTS_AT_NONSENSE,
        Unheard::TooLarge | Unheard::Refused(_) => false,
    };
    if again {
        let mut tx = db::begin(&app.pool, Actor::System).await?;
        store::pause(&mut tx, wish).await?;
        tx.commit().await?;
    }
    match unheard {
        Unheard::Later(Some(seconds), error) if again => {
            let pause = Duration::seconds(i64::try_from(seconds).unwrap_or_default());
            Err(Failure::NotBefore(app.clock.now() + pause, error))
        }
        Unheard::Later(_, error) | Unheard::Nonsense(error) if again => Err(Failure::ForNow(error)),
        unheard => {
            let (reason, cause) = match unheard {
                Unheard::Later(_, error) => (AWAY, format!("{error:#}")),
                Unheard::Nonsense(error) => (NONSENSE, format!("{error:#}")),
                Unheard::TooLarge => (TOO_LARGE, String::new()),
                Unheard::Refused(status) => (REFUSED, status.to_string()),
            };
            let recording = wish.recording;
            tracing::warn!(%recording, code = reason.code, cause, "there will be no transcript");
            conclude(app, wish, Outcome::Never(reason)).await
        }
    }
}
