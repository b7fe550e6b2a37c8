//! The handler: shows that it lives, takes recordings that nobody works on, and cleans up behind the finished ones.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use kernel::{clock::Clock, config::Config, db, ids::HandlerId, recording::WAKE_CHANNEL, vault::Vault};
use sqlx::{PgPool, postgres::PgListener};
use tokio::{
    sync::Notify,
    task::{self, JoinSet},
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    engine::livekit_egress::Service,
    folders::{self, Own},
    health::Health,
    ledger::{Ledger, LedgerError},
    record::{self, Outside},
    tracks,
};

/// How often it is looked for work without being woken.
const POLL: Duration = Duration::from_millis(500);
/// How often the handler shows that it lives.
const SHOW: Duration = Duration::from_secs(2);
/// When the database comes back, leases have run out that nobody could renew: those who hold them get this long.
const GRACE: Duration = Duration::from_secs(6);
/// Connections that one recording uses at most, and those of the handler itself.
const CONNECTIONS: u32 = 4;
/// How often it is looked for folders of handlers that are gone.
const SWEEP: Duration = Duration::from_secs(15);
/// How long running recordings may take to be handed over.
const HAND_OVER: Duration = Duration::from_secs(15);

/// Runs the handler until `shutdown`.
///
/// # Errors
/// When the configuration is incomplete. Services that are away are waited for.
pub async fn run(config: &Config, clock: Clock, shutdown: CancellationToken) -> Result<()> {
    let pool = db::connect(config.database_url()?, config.recorder.capacity * 2 + CONNECTIONS)?;
    let handler = HandlerId::new(clock.now());
    let ledger = Ledger::new(pool.clone(), handler);
    let spool = config.recorder.spool_dir.clone();
    let own = task::block_in_place(|| Own::make(&spool, handler))
        .inspect_err(|error| warn!(%error, "there is no folder on the disk in which something could wait"));
    let wake = Arc::new(Notify::new());
    let outside = Outside {
        ledger: ledger.clone(),
        vault: Vault::new(&config.vault)?,
        clock,
        livekit_url: config.livekit_http_url(),
        livekit_keys: config.livekit_keys()?,
        spool: spool.join(handler.to_string()),
        empty_timeout: config.recorder.empty_timeout,
        shutdown: shutdown.clone(),
        wake: Arc::clone(&wake),
        service: Arc::new(Service::new(config)?),
    };
    let capacity = usize::try_from(config.recorder.capacity).context("recorder.capacity is too large")?;
    info!(handler = %handler, capacity, "ready to record");

    let claimed = Arc::new(Notify::new());
    let health = Health::default();
    let background = [
        tokio::spawn(listen(pool, Arc::clone(&wake), Arc::clone(&claimed))),
        tokio::spawn(clean(ledger.clone(), outside.vault.clone())),
        tokio::spawn(health.clone().watch(outside.vault.clone(), spool.clone())),
        tokio::spawn(sweep(spool, handler, ledger.clone())),
    ];
    let engine = config.recorder.engine.name();
    let mut desk = Desk {
        ledger,
        outside,
        health,
        engine,
        capacity,
        running: JoinSet::new(),
        away: false,
        back_since: None,
    };
    desk.serve(&claimed, &shutdown).await;
    info!(running = desk.running.len(), "stopping: recordings are handed over");
    desk.hand_over().await;
    background.iter().for_each(task::JoinHandle::abort);
    if let Ok(own) = own {
        task::block_in_place(|| own.remove());
    }
    Ok(())
}

struct Desk {
    ledger: Ledger,
    outside: Outside,
    health: Health,
    /// The engine of recordings that nobody has worked on yet.
    engine: &'static str,
    capacity: usize,
    running: JoinSet<()>,
    /// The database did not answer the last time.
    away: bool,
    /// When it answered again.
    back_since: Option<Instant>,
}

impl Desk {
    async fn serve(&mut self, claimed: &Notify, shutdown: &CancellationToken) {
        let mut shown = None;
        while !shutdown.is_cancelled() {
            if shown.is_none_or(|at: Instant| at.elapsed() >= SHOW) {
                self.show(false).await;
                shown = Some(Instant::now());
            }
            self.claim().await;
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = time::sleep(POLL) => {}
                () = claimed.notified() => {}
                Some(ended) = self.running.join_next() => if let Err(error) = ended {
                    // Nobody else may take what this handler seems to hold; ending hands it all over.
                    error!(%error, "a recording broke off");
                    shutdown.cancel();
                },
            }
        }
    }

    async fn claim(&mut self) {
        while self.running.len() < self.capacity {
            if self.away || self.back_since.is_some_and(|since| since.elapsed() < GRACE) {
                return;
            }
            match self.ledger.claim(self.engine).await {
                Ok(Some(claim)) => drop(self.running.spawn(record::work(self.outside.clone(), claim))),
                Ok(None) => return,
                Err(error) => return self.away(&error),
            }
        }
    }

    async fn show(&mut self, draining: bool) {
        let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        let name = std::env::var("HOSTNAME").unwrap_or_default();
        let shown = self
            .ledger
            .show(&name, count(self.capacity), count(self.running.len()), draining, &self.health)
            .await;
        match shown {
            Err(error) => self.away(&error),
            Ok(()) if std::mem::take(&mut self.away) => self.back_since = Some(Instant::now()),
            Ok(()) => {}
        }
    }

    fn away(&mut self, error: &LedgerError) {
        warn!(%error, "the database is away");
        self.away = true;
    }

    async fn hand_over(&mut self) {
        self.show(true).await;
        let all = async { while self.running.join_next().await.is_some() {} };
        if time::timeout(HAND_OVER, all).await.is_err() {
            warn!("some recordings could not be handed over in time; their leases run out by themselves");
        }
        let _ = self.ledger.sign_off().await;
    }
}

/// Wakes the handler and its recordings when the server says that something changed.
async fn listen(pool: PgPool, wake: Arc<Notify>, claimed: Arc<Notify>) {
    loop {
        let Ok(mut listener) = PgListener::connect_with(&pool).await else {
            time::sleep(SHOW).await;
            continue;
        };
        if listener.listen(WAKE_CHANNEL).await.is_ok() {
            while listener.recv().await.is_ok() {
                claimed.notify_one();
                wake.notify_waiters();
            }
        }
        time::sleep(POLL).await;
    }
}

/// Removes the folders of handlers that are gone.
async fn sweep(spool: PathBuf, own: HandlerId, ledger: Ledger) {
    loop {
        if let Err(error) = folders::sweep(&spool, own, &ledger).await {
            warn!(error = format!("{error:#}"), "folders of other handlers cannot be removed yet");
        }
        time::sleep(SWEEP).await;
    }
}

/// Deletes the pieces of recordings whose file is finished, and joins those of people's files that were left.
async fn clean(ledger: Ledger, vault: Vault) {
    loop {
        let pause = match clean_one(&ledger, &vault).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => Duration::from_secs(10),
            Err(error) => {
                warn!(error = format!("{error:#}"), "pieces cannot be deleted yet");
                Duration::from_secs(30)
            }
        };
        time::sleep(pause).await;
    }
}

async fn clean_one(ledger: &Ledger, vault: &Vault) -> Result<bool> {
    let tracks = tracks::join(vault, ledger, None).await? + tracks::sweep(vault, ledger).await?;
    let Some((recording, keys)) = ledger.leftovers().await? else { return Ok(tracks > 0) };
    vault.delete_all(&keys).await?;
    ledger.forget(recording).await?;
    info!(recording = %recording, pieces = keys.len(), "pieces deleted");
    Ok(true)
}
