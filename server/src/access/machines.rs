//! API keys and device tokens, told by their secrets.
//!
//! Keys that were shown lately are remembered, as long as this process hears from the database when one changes; a
//! revoked key finds nothing in the database even where it is still remembered, because its membership is gone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use kernel::db;
use moka::future::Cache;

use super::{
    caller::{Caller, Credential, Device, Key},
    store::{self, Machine},
    tokens::hash_secret,
};
use crate::{app::App, http::Result};

/// How long a key is remembered, should a notice of its change get lost.
const MEMORY: Duration = Duration::from_secs(30);
/// Seconds between two notes of the last use.
const NOTE_EVERY: i64 = 60;

/// The keys that were shown lately.
#[derive(Clone)]
pub struct KnownKeys {
    found: Cache<Vec<u8>, Arc<Known>>,
    /// Whether changes are heard of at the moment.
    following: Arc<AtomicBool>,
}

struct Known {
    caller: Caller,
    valid_until: Option<DateTime<Utc>>,
    /// Seconds since 1970.
    last_used: AtomicI64,
}

impl From<store::KeyRow> for Known {
    fn from(row: store::KeyRow) -> Self {
        let scopes = row.scopes.into_iter().collect();
        let key = Key { id: row.id, organization_id: row.organization_id, scopes };
        Self {
            caller: Caller { user_id: row.account_id, credential: Credential::Key(key) },
            valid_until: row.valid_until,
            last_used: AtomicI64::new(row.last_used_at.map_or(0, |at| at.timestamp())),
        }
    }
}

impl Default for KnownKeys {
    fn default() -> Self {
        Self {
            found: Cache::builder().time_to_live(MEMORY).max_capacity(10_000).build(),
            following: Arc::default(),
        }
    }
}

impl KnownKeys {
    /// Forgets everything: a key has changed.
    pub fn forget(&self) {
        self.found.invalidate_all();
    }

    /// Says whether changes are heard of from now on. While they are not, nothing is remembered.
    pub fn follow(&self, following: bool) {
        self.following.store(following, Ordering::Release);
        self.forget();
    }
}

/// Who shows this API key; `None` when it is unknown, revoked or expired.
pub(super) async fn key(app: &App, secret: &str) -> Result<Option<Caller>> {
    let (hash, now) = (hash_secret(secret), app.clock.now());
    let remembers = app.known_keys.following.load(Ordering::Acquire);
    let remembered = if remembers { app.known_keys.found.get(&hash).await } else { None };
    let known = if let Some(known) = remembered {
        known
    } else {
        let mut tx = app.begin_system().await?;
        let Some(row) = store::key(&mut tx, &hash).await? else { return Ok(None) };
        let known = Arc::new(Known::from(row));
        if remembers {
            app.known_keys.found.insert(hash, known.clone()).await;
        }
        known
    };
    if known.valid_until.is_some_and(|until| until <= now) {
        return Ok(None);
    }
    let last = known.last_used.load(Ordering::Relaxed);
    let due = now.timestamp() - last >= NOTE_EVERY;
    let (seen, order) = (now.timestamp(), Ordering::Relaxed);
    if let Credential::Key(key) = known.caller.credential
        && due
        && known.last_used.compare_exchange(last, seen, order, order).is_ok()
    {
        note_use(app, Machine::Key(key.id));
    }
    Ok(Some(known.caller))
}

/// Which device shows this token; `None` when it is unknown, revoked or expired.
pub(super) async fn device(app: &App, secret: &str) -> Result<Option<Device>> {
    let now = app.clock.now();
    let mut tx = app.begin_system().await?;
    let found = store::device(&mut tx, &hash_secret(secret)).await?;
    let Some(row) = found.filter(|row| row.valid_until.is_none_or(|until| until > now)) else {
        return Ok(None);
    };
    if row.last_used_at.is_none_or(|last| (now - last).num_seconds() >= NOTE_EVERY) {
        note_use(app, Machine::Device(row.id));
    }
    Ok(Some(Device {
        id: row.id,
        label: row.name,
        organization_id: row.organization_id,
        organization_name: row.organization_name,
        resource_id: row.resource_id,
    }))
}

/// Notes the last use behind the answer; a note that gets lost is made up for by the next use.
fn note_use(app: &App, machine: Machine) {
    let (pool, now) = (app.pool.clone(), app.clock.now());
    tokio::spawn(async move {
        let noted = async {
            let mut tx = db::begin(&pool, db::Actor::System).await?;
            store::note_use(&mut tx, machine, now).await?;
            tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::debug!(%error, "the last use of a key could not be noted");
        }
    });
}
