//! The verbs of the program: what runs in which process.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use kernel::{clock::Clock, config::Config, db, inbox, jobs};
use tokio::net::TcpListener;

use crate::{accounts, app::App, router, seals::verify, work};

/// How long requests may go on once the program was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Answers HTTP until told to stop; does the background work too, unless configured not to.
///
/// # Errors
/// A configuration that lacks something, or an address that is taken.
pub async fn serve(config: Config, clock: Clock) -> Result<()> {
    let listen = config.server.listen;
    let app = App::new(config, clock)?;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    tracing::info!(%listen, "serving");
    let stop = app.stopping.clone();
    tokio::spawn(work::listen(app.clone(), stop.clone()));
    if app.config.server.work {
        tokio::spawn(work::run(app.clone(), stop.clone()));
    }
    let service = router::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let stopping = stop.clone();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        stop_signal().await;
        stopping.cancel();
    });
    tokio::select! {
        ended = serving.into_future() => ended?,
        () = async { stop.cancelled().await; tokio::time::sleep(GRACE).await } => {
            tracing::warn!("some requests did not end in time");
        }
    }
    Ok(())
}

/// Does the background work until told to stop.
///
/// # Errors
/// A configuration that lacks something.
pub async fn work(config: Config, clock: Clock) -> Result<()> {
    let app = App::new(config, clock)?;
    let stop = app.stopping.clone();
    let working = tokio::spawn(work::run(app.clone(), stop.clone()));
    tokio::spawn(work::listen(app, stop.clone()));
    stop_signal().await;
    stop.cancel();
    working.await?;
    Ok(())
}

/// Checks what the program needs, and says what is wrong.
///
/// # Errors
/// When a check fails.
pub async fn doctor(config: Config) -> Result<()> {
    let app = App::new(config, Clock::system())?;
    let mut tx = app.begin_system().await.map_err(|problem| anyhow::anyhow!(problem.detail))?;
    accounts::is_set_up(&mut tx).await.context("the database does not answer")?;
    drop(tx);
    let probe = kernel::ids::uuid_at(app.clock.now());
    app.vault.probe(probe).await.context("the vault does not do what it is told to")?;
    app.livekit.room_sids(Vec::new()).await.context("LiveKit does not answer")?;
    Ok(())
}

/// The token of the set-up link; `None` once it was used.
///
/// # Errors
/// A configuration that lacks something, or no database.
pub async fn setup_token(config: Config) -> Result<Option<String>> {
    let app = App::new(config, Clock::system())?;
    let mut tx = app.begin_system().await.map_err(|problem| anyhow::anyhow!(problem.detail))?;
    let done = accounts::is_set_up(&mut tx).await?;
    Ok((!done).then(|| app.tokens.setup_token().to_owned()))
}

/// Verifies the seals of the audit log and of the trail of movements; gives each line to `print`.
///
/// # Errors
/// A configuration that lacks something, no database, or anything that does not fit.
pub async fn verify(
    config: Config,
    wanted: &verify::Wanted,
    print: impl Fn(&str) -> Result<()>,
) -> Result<()> {
    let app = App::new(config, Clock::system())?;
    let mut printed = Ok(());
    let faults = verify::run(&app, wanted, |told| {
        if printed.is_ok() {
            printed = print(&told.to_string());
        }
    })
    .await?;
    printed?;
    anyhow::ensure!(faults == 0, "the record is not as it was written: {faults} faults");
    Ok(())
}

/// The webhooks that failed for good, as lines for a person.
///
/// # Errors
/// A configuration that lacks something, or no database.
pub async fn dead_webhooks(config: Config) -> Result<Vec<String>> {
    let app = App::new(config, Clock::system())?;
    let mut tx = db::begin(&app.pool, db::Actor::System).await?;
    let dead = inbox::dead(&mut tx).await?;
    let line = |dead: inbox::Dead| {
        let received_at = dead.received_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        [dead.event_id, dead.source, dead.kind, dead.subject, received_at, dead.error].join("\t")
    };
    Ok(dead.into_iter().map(line).collect())
}

/// Lets a webhook that failed for good be tried again.
///
/// # Errors
/// A configuration that lacks something, no database, or no such webhook.
pub async fn replay_webhook(config: Config, event_id: &str) -> Result<()> {
    let app = App::new(config, Clock::system())?;
    let mut tx = db::begin(&app.pool, db::Actor::System).await?;
    let replayed = inbox::replay(&mut tx, event_id, app.clock.now()).await?;
    tx.commit().await?;
    anyhow::ensure!(replayed, "no webhook with the id {event_id} failed for good");
    Ok(())
}

/// The jobs that failed for good, as lines for a person.
///
/// # Errors
/// A configuration that lacks something, or no database.
pub async fn dead_jobs(config: Config) -> Result<Vec<String>> {
    let app = App::new(config, Clock::system())?;
    let mut tx = db::begin(&app.pool, db::Actor::System).await?;
    let line = |dead: jobs::Dead| {
        let dead_at = dead.dead_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        [dead.id.to_string(), dead.name, dead_at, dead.attempts.to_string(), dead.error].join("\t")
    };
    Ok(jobs::dead(&mut tx).await?.into_iter().map(line).collect())
}

/// Lets jobs that failed for good be tried again, one or all; returns how many.
///
/// # Errors
/// A configuration that lacks something, no database, or no such job.
pub async fn replay_jobs(config: Config, id: Option<i64>) -> Result<u64> {
    let app = App::new(config, Clock::system())?;
    let mut tx = db::begin(&app.pool, db::Actor::System).await?;
    let replayed = jobs::replay(&mut tx, id, app.clock.now()).await?;
    tx.commit().await?;
    anyhow::ensure!(replayed > 0 || id.is_none(), "no job with this id failed for good");
    Ok(replayed)
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut stream) => {
                stream.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping");
}
