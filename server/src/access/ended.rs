//! Sessions that were ended while their access tokens live on: every process refuses those from memory, so that ending
//! one works at once and costs no request a question to the database.
//!
//! The process that ends a session knows it; the others are told by NOTIFY, and ask every few seconds for what they may
//! have missed.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use kernel::{db, ids::SessionId};
use moka::future::Cache;
use tokio::sync::Mutex;

use crate::{accounts, app::App};

/// How often it is asked for what NOTIFY did not tell.
pub const EVERY: Duration = Duration::from_secs(5);
/// How long a transaction may take from ending a session to its commit.
const SLOWEST: chrono::Duration = chrono::Duration::seconds(60);

/// The sessions that were ended; cheap to clone.
#[derive(Clone)]
pub struct Ended {
    sessions: Cache<SessionId, ()>,
    /// Up to when it was asked.
    known_to: Arc<Mutex<Option<DateTime<Utc>>>>,
}

impl Ended {
    /// None so far; each is remembered for `life`, the life of an access token.
    pub fn new(life: Duration) -> Self {
        let sessions = Cache::builder().time_to_live(life + Duration::from_mins(1)).build();
        Self { sessions, known_to: Arc::default() }
    }

    /// Whether a session was ended.
    pub fn contains(&self, session: SessionId) -> bool {
        self.sessions.contains_key(&session)
    }

    /// Remembers ended sessions.
    pub async fn add(&self, sessions: impl IntoIterator<Item = SessionId>) {
        for session in sessions {
            self.sessions.insert(session, ()).await;
        }
    }

    /// Asks for the sessions that were ended since it was last asked.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn catch_up(&self, app: &App) -> anyhow::Result<()> {
        let mut known_to = self.known_to.lock().await;
        let now = app.clock.now();
        let since = known_to.map_or(now - app.config.tokens.access_token_ttl, |at| at - SLOWEST);
        let mut tx = db::begin(&app.pool, db::Actor::System).await?;
        let sessions = accounts::ended_since(&mut tx, since).await?;
        tx.commit().await?;
        self.add(sessions).await;
        *known_to = Some(now);
        Ok(())
    }
}
