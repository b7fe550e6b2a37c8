//! Works off what was stored: the events of one room in their order, and no room waits for another.

use std::time::Duration;

use kernel::{db, inbox};

use crate::{app::App, jobs, livekit::events, shows};

/// Events of one room that one transaction works off at most.
const RUN: i64 = 64;
/// Longest pause before looking again, for what another process stored and for what has to be tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Works off events as they come, without end.
///
/// # Errors
/// When the database is away.
pub async fn run(app: &App) -> anyhow::Result<()> {
    loop {
        if !work_off(app).await? {
            // Whether there is news or the pause is over: look again.
            let _ = tokio::time::timeout(PAUSE, app.inbox.news()).await;
        }
    }
}

/// Works off the events of the room whose turn it is; false when there is nothing to do.
///
/// A run of events is one transaction: what they ask for and that they are processed last together. Should one fail,
/// the run is done again event by event, so that only that one fails.
///
/// # Errors
/// When the database is away.
pub async fn work_off(app: &App) -> anyhow::Result<bool> {
    match attempt(app, RUN).await {
        Ok(done) => Ok(done),
        Err(Failure { event: Some(_), .. }) => match attempt(app, 1).await {
            Ok(done) => Ok(done),
            Err(Failure { event: Some(event), cause }) => {
                give_up_for_now(app, &event, &cause).await?;
                Ok(true)
            }
            Err(Failure { cause, .. }) => Err(cause),
        },
        Err(Failure { cause, .. }) => Err(cause),
    }
}

/// Why an attempt failed, and at which event, once one was claimed.
struct Failure {
    event: Option<inbox::Stored>,
    cause: anyhow::Error,
}

async fn attempt(app: &App, limit: i64) -> Result<bool, Failure> {
    let unclaimed = |cause: sqlx::Error| Failure { event: None, cause: cause.into() };
    let now = app.clock.now();
    let mut tx = db::begin(&app.pool, db::Actor::System).await.map_err(unclaimed)?;
    let run = inbox::claim(&mut tx, events::SOURCE, now, limit).await.map_err(unclaimed)?;
    let Some(first) = run.first() else { return Ok(false) };
    let failed = |cause: sqlx::Error| Failure { event: Some(first.clone()), cause: cause.into() };
    let applied = match events::apply(&mut tx, &first.subject, &run, now, shows::window(app)).await {
        Ok(afterwards) => afterwards.take(&mut tx, &first.subject, now).await,
        Err(cause) => Err(cause),
    };
    let taken = match applied {
        Ok(taken) => taken,
        Err(cause) => {
            // A transaction that is only dropped is rolled back later, and until then its events are locked: the
            // next attempt would pass over them as if there were nothing to do.
            tx.rollback().await.map_err(unclaimed)?;
            return Err(failed(cause));
        }
    };
    tx.commit().await.map_err(failed)?;
    super::count("done", run.len());
    jobs::spawn_taken(app, taken);
    Ok(true)
}

async fn give_up_for_now(app: &App, event: &inbox::Stored, cause: &anyhow::Error) -> anyhow::Result<()> {
    let mut tx = db::begin(&app.pool, db::Actor::System).await?;
    let now = app.clock.now();
    let dead = inbox::failed(&mut tx, events::SOURCE, &event.event_id, &format!("{cause:#}"), now).await?;
    tx.commit().await?;
    let id = &event.event_id;
    super::count(if dead { "dead" } else { "failed" }, 1);
    if dead {
        tracing::error!(%cause, id, kind = event.kind, "an event failed for good; replay it with `baraza admin webhooks replay`");
    } else {
        tracing::warn!(%cause, id, kind = event.kind, "an event failed and will be tried again");
    }
    Ok(())
}
