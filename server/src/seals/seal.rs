//! Seals what has come into the logs.

use std::time::Duration;

use chrono::TimeDelta;
use kernel::db::{self, Actor};
use tokio::time::{Instant, sleep};

use super::{rules, store};
use crate::app::App;

/// Entries that one transaction seals.
const BATCH: usize = 200;
/// Batches that somebody waits for at most; the rest comes behind their back.
const WAITED_FOR: usize = 10;
/// Pause when everything is sealed.
const PAUSE: Duration = Duration::from_secs(2);
/// How much longer than a full batch took is rested behind it: where much comes in at once, whoever brings it goes first.
const REST: u32 = 3;
/// How often it is noted that nothing has come.
const QUIET: TimeDelta = TimeDelta::minutes(1);

/// Seals without end.
///
/// # Errors
/// When the database is away.
pub async fn run(app: &App) -> anyhow::Result<()> {
    loop {
        let began = Instant::now();
        let rest = if step(app).await? { began.elapsed() * REST } else { PAUSE };
        sleep(rest).await;
    }
}

/// Seals what has come in until now, as far as somebody can wait for it.
///
/// # Errors
/// When the database is away.
pub async fn catch_up(app: &App) -> anyhow::Result<()> {
    for _ in 0..WAITED_FOR {
        if !step(app).await? {
            break;
        }
    }
    Ok(())
}

/// Seals some entries, unless another process does; whether there may be more.
///
/// # Errors
/// When the database is away.
pub async fn step(app: &App) -> anyhow::Result<bool> {
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    let Some(progress) = store::lock(&mut tx).await? else { return Ok(false) };
    let open = store::open(&mut tx).await?;
    let waiting = store::waiting(&mut tx, open, i64::try_from(BATCH)?).await?;
    if waiting.is_empty() && progress.complete_at.is_some_and(|at| progress.now - at < QUIET) {
        return Ok(false);
    }
    let entries = store::entries(&mut tx, waiting.iter().map(|waiting| waiting.entry)).await?;
    let organizations: Vec<_> = waiting.iter().map(|waiting| waiting.organization).collect();
    let mut ends = store::heads(&mut tx, &organizations).await?;
    let mut seals = Vec::with_capacity(waiting.len());
    for waiting in &waiting {
        let Some(entry) = entries.get(&waiting.entry) else { continue };
        let is_late = rules::is_late(entry.at, progress.complete_at);
        let last = ends.get(&waiting.organization).copied();
        let seal = rules::next(waiting.organization, last, *entry, is_late, progress.now);
        ends.insert(waiting.organization, seal.head());
        seals.push(seal);
    }
    if !seals.is_empty() {
        store::append(&mut tx, &seals, &ends, progress.now).await?;
    }
    // What is behind the last one of a full batch has yet to be looked at, and what belongs to transactions that still
    // ran may have yet to come in.
    let is_full = waiting.len() == BATCH;
    let seen = waiting.last().filter(|_| is_full).map_or(progress.horizon, |last| last.tx);
    store::advance(&mut tx, seen.min(progress.horizon), !is_full).await?;
    tx.commit().await?;
    metrics::counter!("seals_total").increment(u64::try_from(seals.len())?);
    Ok(is_full)
}
