//! The background work: what runs beside the answering of requests, in `serve` or in processes of its own.
//!
//! Every loop outlives the database and LiveKit: what fails is said, and begins again after a pause.

use std::{future::Future, time::Duration};

use anyhow::{Context, Result};
use kernel::{
    db, idempotency,
    ids::{MeetingId, SessionId},
};
use sqlx::{PgConnection, postgres::PgListener};
use tokio_util::sync::CancellationToken;

use crate::{
    access::ended, app::App, attendance, jobs, presence_checks, recordings, reports::activity, room, seals,
    shows, webhooks,
};

/// Workers that take webhooks in one process: while one waits for a room's lock, another goes on.
const INBOX_WORKERS: usize = 2;
/// Workers that do jobs in one process: while one waits for a mail server, another tells LiveKit something.
const JOB_WORKERS: usize = 4;
/// Workers that do slow jobs in one process: two, so that a long import does not hold up all others.
const SLOW_WORKERS: usize = 2;
/// How often it is looked for what deleted recordings have left, and for what is too old.
const ERASE: Duration = Duration::from_mins(1);
/// How often it is looked where a night's work is due.
const NIGHT: Duration = Duration::from_mins(1);
/// How often it is looked whether people are to be asked if they are there, or have had their time to answer.
const CHECK: Duration = Duration::from_secs(1);
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// The key under which processes agree who compares with LiveKit.
const RECONCILER: i64 = 0x6261_7261_7a61_0001;

/// Does the background work until told to stop.
pub async fn run(app: App, stop: CancellationToken) {
    let mut loops = tokio::task::JoinSet::new();
    for _ in 0..INBOX_WORKERS {
        let app = app.clone();
        loops.spawn(forever("webhooks", stop.clone(), move || {
            let app = app.clone();
            async move { webhooks::worker::run(&app).await }
        }));
    }
    for _ in 0..JOB_WORKERS {
        let app = app.clone();
        loops.spawn(forever("jobs", stop.clone(), move || {
            let app = app.clone();
            async move { jobs::run(&app).await }
        }));
    }
    for _ in 0..SLOW_WORKERS {
        let app = app.clone();
        loops.spawn(forever("slow jobs", stop.clone(), move || {
            let app = app.clone();
            async move { jobs::run_slow(&app).await }
        }));
    }
    let watching = app.clone();
    loops.spawn(forever("pulse", stop.clone(), move || {
        let app = watching.clone();
        async move { attendance::pulse::watch(&app).await }
    }));
    let (carrying, until) = (app.clone(), stop.clone());
    loops.spawn(forever("fan-out", stop.clone(), move || {
        let (app, stop) = (carrying.clone(), until.clone());
        async move {
            room::fanout::run(app, stop).await;
            Ok(())
        }
    }));
    let erasing = app.clone();
    loops.spawn(forever("erase", stop.clone(), move || {
        let app = erasing.clone();
        async move { erase(&app).await }
    }));
    let sealing = app.clone();
    loops.spawn(forever("seals", stop.clone(), move || {
        let app = sealing.clone();
        async move { seals::seal::run(&app).await }
    }));
    let counting = app.clone();
    loops.spawn(forever("activity", stop.clone(), move || {
        let app = counting.clone();
        async move { count_activity(&app).await }
    }));
    let waking = app.clone();
    loops.spawn(forever("nightly", stop.clone(), move || {
        let app = waking.clone();
        async move { nightly(&app).await }
    }));
    let checking = app.clone();
    loops.spawn(forever("presence checks", stop.clone(), move || {
        let app = checking.clone();
        async move { check_presence(&app).await }
    }));
    loops.spawn(forever("reconcile", stop, move || {
        let app = app.clone();
        async move { reconcile(&app).await }
    }));
    loops.join_all().await;
}

/// Wakes whoever in this process waits for news, whichever process has them, until told to stop.
pub async fn listen(app: App, stop: CancellationToken) {
    let asking = app.clone();
    tokio::join!(
        forever("ended sessions", stop.clone(), move || {
            let app = asking.clone();
            async move { ask_for_ended_sessions(&app).await }
        }),
        forever("listen", stop, move || {
            let app = app.clone();
            async move { listen_once(&app).await }
        }),
    );
}

/// Asks for what NOTIFY did not tell.
async fn ask_for_ended_sessions(app: &App) -> Result<()> {
    loop {
        app.ended.catch_up(app).await?;
        tokio::time::sleep(ended::EVERY).await;
    }
}

/// Runs `work` again and again until told to stop, also after a panic.
async fn forever<F, W>(name: &'static str, stop: CancellationToken, mut work: F)
where
    F: FnMut() -> W,
    W: Future<Output = Result<()>> + Send + 'static,
{
    while !stop.is_cancelled() {
        let mut running = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(work()));
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = &mut running => outcome.context("it panicked").flatten(),
        };
        if let Err(error) = outcome {
            tracing::warn!(error = format!("{error:#}"), name, "background work failed; it begins again");
        }
        let _ = tokio::time::timeout(PAUSE, stop.cancelled()).await;
    }
}

async fn listen_once(app: &App) -> Result<()> {
    let outcome = hear(app).await;
    app.known_keys.follow(false);
    outcome
}

async fn hear(app: &App) -> Result<()> {
    let mut listener = PgListener::connect_with(&app.pool).await?;
    listener.listen_all(["meeting_events", "jobs", "sessions_ended", "service_access"]).await?;
    // What was told before we listened is found by looking.
    app.watch.tell_all();
    app.known_keys.follow(true);
    loop {
        let Some(news) = listener.try_recv().await? else {
            // The connection broke and is made again; what was told meanwhile is lost.
            app.watch.tell_all();
            app.known_keys.forget();
            continue;
        };
        match news.channel() {
            "service_access" => app.known_keys.forget(),
            "jobs" => app.job_news.notify_one(),
            "sessions_ended" => app.ended.add(news.payload().parse::<SessionId>()).await,
            _ => {
                if let Ok(meeting) = news.payload().parse::<MeetingId>() {
                    app.watch.tell(meeting);
                }
            }
        }
    }
}

/// Stops recordings that are too long, deletes those that are kept no longer, erases what deleted ones have left in the vault, should it have been away
/// when they were deleted, and forgets old answers to requests that could have been sent again.
async fn erase(app: &App) -> Result<()> {
    loop {
        tokio::time::sleep(ERASE).await;
        recordings::stop_too_long(app).await?;
        recordings::delete_outlived(app).await?;
        recordings::erase_deleted(app).await?;
        let mut more = true;
        while more {
            let mut tx = db::begin(&app.pool, db::Actor::System).await?;
            more = idempotency::forget(&mut tx, app.clock.now()).await?;
            tx.commit().await?;
        }
    }
}

/// Sees to what an organization wants done in its night.
async fn nightly(app: &App) -> Result<()> {
    loop {
        shows::nightly::run(app).await?;
        tokio::time::sleep(NIGHT).await;
    }
}

/// Asks people whether they are there, where and when they are to be asked.
async fn check_presence(app: &App) -> Result<()> {
    loop {
        presence_checks::run(app).await?;
        tokio::time::sleep(CHECK).await;
    }
}

/// Sums what members did, where that has changed.
async fn count_activity(app: &App) -> Result<()> {
    loop {
        activity::refresh(app).await?;
        tokio::time::sleep(activity::EVERY).await;
    }
}

/// Compares with LiveKit at every interval, as long as this process is the one that does.
async fn reconcile(app: &App) -> Result<()> {
    let mut interval = tokio::time::interval(app.config.reconcile.interval);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut office: Option<PgConnection> = None;
    loop {
        interval.tick().await;
        office = hold_office(app, office.take()).await?;
        if office.is_some()
            && let Err(error) = attendance::reconcile::run(app).await
        {
            tracing::warn!(error = format!("{error:#}"), "the comparison with LiveKit failed");
        }
    }
}

/// The connection whose lock says that this process compares; it lasts as long as the connection. `None` while another
/// process has it.
async fn hold_office(app: &App, office: Option<PgConnection>) -> Result<Option<PgConnection>> {
    let mut connection = match office {
        Some(mut connection) => {
            sqlx::Connection::ping(&mut connection).await?;
            return Ok(Some(connection));
        }
        None => app.pool.acquire().await?.detach(),
    };
    Ok(db::try_lock(&mut connection, RECONCILER).await?.then_some(connection))
}
