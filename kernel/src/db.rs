//! The database: the pool, migrations, and transactions that carry for whom they act.
//!
//! Nothing queries a bare pool. [`begin`] opens a transaction and sets, in the same round trip, the values that
//! row-level security reads; store functions take the resulting [`Tx`].

use std::{ops::Deref, ops::DerefMut, time::Duration};

use anyhow::{Context, Result};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool, Postgres, Transaction,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::ids::UserId;

/// All migrations, in order. They run as the owner of the database, never as `baraza_app`.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// The role under which programs work. It owns nothing, so that row-level security binds it.
const ROLE: &str = "baraza_app";

/// For whom a transaction acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Background work, sign-in and webhooks.
    System,
    /// A signed-in person.
    User(UserId),
}

/// A transaction in which row-level security knows the caller. Rolled back unless committed.
pub struct Tx(Transaction<'static, Postgres>);

impl Tx {
    /// Makes the changes last.
    ///
    /// # Errors
    /// When the database refuses or is away; then nothing has changed.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.0.commit().await
    }
}

impl Deref for Tx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

/// Opens a transaction for `actor`, in one round trip.
///
/// # Errors
/// When the database is away or the pool is exhausted.
pub async fn begin(pool: &PgPool, actor: Actor) -> Result<Tx, sqlx::Error> {
    let begin = match actor {
        Actor::System => "BEGIN; SET LOCAL app.actor = 'system'".to_owned(),
        // A UUID's text needs no quoting.
        Actor::User(id) => format!("BEGIN; SET LOCAL app.actor = 'user'; SET LOCAL app.user_id = '{id}'"),
    };
    pool.begin_with(AssertSqlSafe(begin)).await.map(Tx)
}

/// Connects under the role that owns nothing. Connections are made when first needed.
///
/// # Errors
/// A URL that cannot be read.
pub fn connect(url: &str, max_connections: u32) -> Result<PgPool> {
    let options: PgConnectOptions = url.parse().context("database.url is no PostgreSQL URL")?;
    Ok(PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(Duration::from_secs(5))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                // A ping costs a round trip: ask only those that had time to die.
                Ok(meta.idle_for < Duration::from_secs(1) || connection.ping().await.is_ok())
            })
        })
        .connect_lazy_with(options.application_name("baraza").options([("role", ROLE)])))
}

/// Tries to take a lock that processes agree on; it lasts as long as the connection.
///
/// # Errors
/// When the database is away.
pub async fn try_lock(connection: &mut PgConnection, key: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "taken!""#, key).fetch_one(connection).await
}

/// Brings the database to the newest schema, as the owner.
///
/// # Errors
/// When the database is away or a migration fails.
pub async fn migrate(url: &str) -> Result<()> {
    let mut owner = PgConnection::connect(url).await.context("cannot connect to the database")?;
    MIGRATOR.run(&mut owner).await.context("a migration failed")?;
    Ok(())
}
