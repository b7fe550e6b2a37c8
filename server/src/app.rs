//! What a handler may reach.

use std::{ops::Deref, sync::Arc};

use anyhow::Result;
use kernel::{
    clock::Clock,
    config::Config,
    db,
    db::Tx,
    inbox::{Inbox, Verifier},
    vault::Vault,
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{
    access::{
        caller::Caller, ended::Ended, guest::Attending, machines::KnownKeys, seal::Seal, throttle::Throttles,
        tokens::Tokens,
    },
    http,
    livekit::client::LiveKit,
    notifications::Outbox,
    oidc::Oidc,
    participants::joining::Joining,
    room::{hub::Hub, watch::Watch},
};

/// Everything a handler may reach; cheap to clone: every layer of every request has its own.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] consists of.
pub struct Parts {
    /// The configuration.
    pub config: Arc<Config>,
    /// The time.
    pub clock: Clock,
    /// The database; only [`App::begin`] and the hot paths that set their caller themselves use it.
    pub pool: PgPool,
    /// Signs and reads our own tokens.
    pub tokens: Arc<Tokens>,
    /// Seals secrets that the database keeps.
    pub seal: Arc<Seal>,
    /// The API keys that were shown lately.
    pub known_keys: KnownKeys,
    /// The provider through which people may sign in.
    pub oidc: Option<Arc<Oidc>>,
    /// The media server.
    pub livekit: LiveKit,
    /// The store of recordings.
    pub vault: Vault,
    /// Checks that webhooks come from the media server.
    pub webhook_signatures: Verifier,
    /// Stores webhooks.
    pub inbox: Inbox,
    /// Asks for people who join.
    pub joining: Joining,
    /// Tells a worker of this process that there is a job.
    pub job_news: Arc<tokio::sync::Notify>,
    /// Tells open event streams that a meeting has news.
    pub watch: Watch,
    /// Reads meetings' events for the open event streams.
    pub hub: Hub,
    /// Cancelled when the program stops: whoever answers without end ends then.
    pub stopping: CancellationToken,
    /// Sessions that were ended while their access tokens live on.
    pub ended: Ended,
    /// Where mail leaves.
    pub outbox: Outbox,
    /// What may not be tried too often.
    pub throttles: Arc<Throttles>,
    /// Lets a few password hashes run at once, so that sign-ins do not starve everything else.
    pub hashing: Arc<tokio::sync::Semaphore>,
    /// Lets a few uploaded pictures be read at once: each may take much memory.
    pub pictures: Arc<tokio::sync::Semaphore>,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Puts a program together. Connects to nothing yet.
    ///
    /// # Errors
    /// When the configuration lacks something.
    pub fn new(config: Config, clock: Clock) -> Result<Self> {
        let pool = db::connect(config.database_url()?, config.database.max_connections)?;
        Self::with_pool(config, clock, pool)
    }

    /// As [`App::new`], on a given pool.
    ///
    /// # Errors
    /// When the configuration lacks something.
    pub fn with_pool(config: Config, clock: Clock, pool: PgPool) -> Result<Self> {
        // The media server's SDK installs one that knows HMAC only, unless there is one; providers sign with RSA and curves.
        let _ = jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
        let tokens = Tokens::new(config.token_secret()?, config.tokens.access_token_ttl);
        let keys = config.livekit_keys()?;
        let webhook_signatures = Verifier::new(&keys);
        let livekit = LiveKit::new(&config.livekit_http_url(), keys)?;
        let vault = Vault::new(&config.vault)?;
        let oidc = Oidc::new(&config, clock.clone())?.map(Arc::new);
        Ok(Self(Arc::new(Parts {
            clock,
            inbox: Inbox::new(pool.clone()),
            joining: Joining::new(pool.clone(), config.tokens.join_token_ttl),
            pool,
            tokens: Arc::new(tokens),
            seal: Arc::new(Seal::new(config.token_secret()?)),
            known_keys: KnownKeys::default(),
            oidc,
            livekit,
            vault,
            webhook_signatures,
            job_news: Arc::default(),
            watch: Watch::default(),
            hub: Hub::default(),
            stopping: CancellationToken::new(),
            ended: Ended::new(config.tokens.access_token_ttl),
            outbox: Outbox::new(&config.smtp)?,
            throttles: Arc::default(),
            hashing: Arc::new(tokio::sync::Semaphore::new(1)),
            pictures: Arc::new(tokio::sync::Semaphore::new(2)),
            config: Arc::new(config),
        })))
    }

    /// Opens a transaction in which row-level security knows the caller.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn begin(&self, caller: &Caller) -> http::Result<Tx> {
        Ok(db::begin(&self.pool, caller.actor()).await?)
    }

    /// As [`App::begin`], for people and guests alike.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn begin_for(&self, who: &Attending) -> http::Result<Tx> {
        Ok(db::begin(&self.pool, who.actor()).await?)
    }

    /// Opens a transaction of the system: for background work, and for those who are not signed in yet.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn begin_system(&self) -> http::Result<Tx> {
        Ok(db::begin(&self.pool, db::Actor::System).await?)
    }
}
