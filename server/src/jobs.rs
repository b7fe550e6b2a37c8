//! Works off the queue of jobs: which work each name means, and how it is run.

use std::time::{Duration, Instant};

use kernel::{
    db,
    jobs::{self, Failure, Job},
};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::{
    accounts,
    app::App,
    livekit::afterwards,
    notifications::mail,
    participants,
    recordings::{imports, transcripts},
};

/// Longest pause before looking again, for what becomes due and what another process was not told of.
const PAUSE: Duration = Duration::from_secs(2);
/// Work that may take long. It has workers of its own, so that it holds up nothing else.
const SLOW: [&str; 2] = [imports::FETCH, transcripts::TRANSCRIBE];
/// Longest that such work may take.
const SLOW_LIMIT: Duration = Duration::from_hours(2);
/// How often its worker says that it still does it.
const KEEP: Duration = Duration::from_mins(1);

/// Which work a name means: the table of contents.
async fn work(app: &App, job: &Job) -> Result<(), Failure> {
    match job.name.as_str() {
        afterwards::CLOSE => afterwards::close(app, job.payload()?).await,
        afterwards::REMOVE => afterwards::remove(app, job.payload()?).await,
        participants::RIGHTS => participants::set_rights(app, job.payload()?).await,
        mail::SEND => mail::send(app, job).await,
        accounts::RESET => accounts::mail_reset(app, job).await,
        imports::FETCH => imports::fetch(app, job).await,
        transcripts::TRANSCRIBE => transcripts::transcribe(app, job).await,
        // A newer program may have left it, and will do it.
        other => Err(Failure::ForNow(anyhow::anyhow!("no work is called {other}"))),
    }
}

/// Works off jobs as they come, without end; all but the slow ones.
///
/// # Errors
/// When the database is away.
pub async fn run(app: &App) -> anyhow::Result<()> {
    loop {
        if work_off_one(app, false).await? {
            continue;
        }
        // Whether there is news or the pause is over: look again.
        let _ = tokio::time::timeout(PAUSE, app.job_news.notified()).await;
    }
}

/// Works off slow jobs, without end. News is left to those for whom a moment counts.
///
/// # Errors
/// When the database is away.
pub async fn run_slow(app: &App) -> anyhow::Result<()> {
    loop {
        if !work_off_one(app, true).await? {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Does the job that is due for longest, a slow one when there is no other; false when nothing is due.
///
/// # Errors
/// When the database is away; then the job is done again when its lease is over.
pub async fn work_off(app: &App) -> anyhow::Result<bool> {
    Ok(work_off_one(app, false).await? || work_off_one(app, true).await?)
}

async fn work_off_one(app: &App, slow: bool) -> anyhow::Result<bool> {
    let mut tx = db::begin(&app.pool, db::Actor::System).await?;
    let Some(job) = jobs::claim(&mut tx, app.clock.now(), &SLOW, slow).await? else {
        return Ok(false);
    };
    tx.commit().await?;
    if slow {
        let _kept = AbortOnDropHandle::new(tokio::spawn(keep(app.clone(), job.clone())));
        attempt(app, &job, SLOW_LIMIT).await?;
    } else {
        // Where one is, there may be more: another worker looks too.
        app.job_news.notify_one();
        attempt(app, &job, jobs::LIMIT).await?;
    }
    Ok(true)
}

/// Keeps a slow job, as long as nobody else has it.
async fn keep(app: App, job: Job) {
    loop {
        tokio::time::sleep(KEEP).await;
        let kept = async {
            let mut tx = db::begin(&app.pool, db::Actor::System).await?;
            let kept = jobs::keep(&mut tx, &job, app.clock.now()).await?;
            tx.commit().await?;
            anyhow::Ok(kept)
        };
        match kept.await {
            Ok(true) => (),
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), id = job.id, "a job could not be kept");
            }
        }
    }
}

/// Does jobs that the caller took in the transaction that it has just committed. What fails is done again by a worker.
pub async fn run_taken(app: &App, taken: impl IntoIterator<Item = Job>) {
    for job in taken {
        if let Err(error) = attempt(app, &job, jobs::LIMIT_AT_ONCE).await {
            let error = format!("{error:#}");
            tracing::warn!(error, id = job.id, "how a job went could not be noted; it is done again");
        }
    }
}

/// As [`run_taken`], behind the caller's back.
pub fn spawn_taken(app: &App, taken: Vec<Job>) {
    if !taken.is_empty() {
        let app = app.clone();
        tokio::spawn(async move { run_taken(&app, taken).await }.in_current_span());
    }
}

/// Runs a job in a task of its own, so that a panic is a failure like others, and notes how it went.
async fn attempt(app: &App, job: &Job, limit: Duration) -> anyhow::Result<()> {
    let correlation_id = job.correlation_id.as_deref().unwrap_or_default();
    let span =
        tracing::info_span!("job", work = job.name, id = job.id, attempt = job.attempts, correlation_id);
    let started = Instant::now();
    let running = {
        let (app, job) = (app.clone(), job.clone());
        let doing = async move {
            let correlation_id = job.correlation_id.clone().unwrap_or_default();
            // It is large: on the heap it is not moved about.
            let work = Box::pin(work(&app, &job));
            db::in_request(&correlation_id, tokio::time::timeout(limit, work)).await
        };
        tokio::spawn(doing.instrument(span.clone()))
    };
    let outcome = match running.await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Failure::ForNow(anyhow::anyhow!("it took longer than {} s", limit.as_secs()))),
        Err(_) => Err(Failure::ForNow(anyhow::anyhow!("it panicked"))),
    };
    let mut tx = db::begin(&app.pool, db::Actor::System).await?;
    let said = match &outcome {
        Ok(()) => {
            jobs::done(&mut tx, job).await?;
            "done"
        }
        Err(failure) if jobs::failed(&mut tx, job, failure, app.clock.now()).await? => "dead",
        Err(_) => "failed",
    };
    tx.commit().await?;
    let elapsed = started.elapsed();
    span.in_scope(|| {
        let elapsed_ms = elapsed.as_millis();
        match &outcome {
            Ok(()) => tracing::info!(elapsed_ms, "a job is done"),
            Err(failure) if said == "dead" => {
                tracing::error!(%failure, elapsed_ms, "a job failed for good; replay it with `baraza admin jobs replay`");
            }
            Err(failure) => tracing::warn!(%failure, elapsed_ms, "a job failed and will be tried again"),
        }
    });
    metrics::counter!("jobs_total", "name" => job.name.clone(), "outcome" => said).increment(1);
    metrics::histogram!("job_seconds", "name" => job.name.clone()).record(elapsed.as_secs_f64());
    Ok(())
}
