//! The database: the pool, migrations, and transactions that carry for whom they act.
//!
//! Nothing queries a bare pool. [`begin`] opens a transaction and sets, in the same round trip, the values that
//! row-level security and the audit log read; store functions take the resulting [`Tx`].

use std::{
    fmt::Write,
    ops::{Deref, DerefMut},
    sync::{Mutex, OnceLock},
    time::Duration,
};

use anyhow::{Context, Result};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool, Postgres, Transaction,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::ids::{ApiKeyId, DeviceTokenId, GuestId, MeetingId, UserId};

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
    /// An API key of a service.
    Key {
        /// The account that it acts through.
        account: UserId,
        /// Which key.
        key: ApiKeyId,
    },
    /// A room tablet. It sees no rows itself: what it asks for is done by the system in its name.
    Device(DeviceTokenId),
    /// Somebody without an account, in the only meeting that they may see.
    Guest {
        /// Who.
        guest: GuestId,
        /// Which meeting.
        meeting: MeetingId,
    },
}

/// A transaction in which row-level security knows the caller. Rolled back unless committed.
pub struct Tx {
    /// There until the transaction ends.
    inner: Option<Transaction<'static, Postgres>>,
    /// Whether it belongs to whoever [`lend`]s it.
    lent: bool,
}

impl Tx {
    const fn own(inner: Transaction<'static, Postgres>) -> Self {
        Self { inner: Some(inner), lent: false }
    }

    /// Makes the changes last. What was lent goes back to its lender, who commits it with what they add.
    ///
    /// # Errors
    /// When the database refuses or is away; then nothing has changed.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        match self.inner.take() {
            Some(inner) if self.lent => {
                give_back(Lent { inner, undo: false });
                Ok(())
            }
            Some(inner) => inner.commit().await,
            None => Ok(()),
        }
    }

    /// Acts for another from now on.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn act_for(&mut self, actor: Actor) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(AssertSqlSafe(settings(actor))).execute(&mut **self).await?;
        Ok(())
    }

    /// Names for whom the system works from now on, when they became known only inside the transaction.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn works_for(&mut self, user: UserId) -> Result<(), sqlx::Error> {
        acts_for(Actor::User(user));
        let name = format!("SET LOCAL app.user_id = '{user}'");
        sqlx::raw_sql(AssertSqlSafe(name)).execute(&mut **self).await?;
        Ok(())
    }

    /// Undoes the changes now. One that is only dropped is undone a little later, and holds its locks until then.
    ///
    /// # Errors
    /// When the database is away; then nothing has changed either.
    pub async fn rollback(mut self) -> Result<(), sqlx::Error> {
        match self.inner.take() {
            Some(mut inner) if self.lent => {
                sqlx::raw_sql(UNDO).execute(&mut *inner).await?;
                give_back(Lent { inner, undo: false });
                Ok(())
            }
            Some(inner) => inner.rollback().await,
            None => Ok(()),
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take()
            && self.lent
        {
            give_back(Lent { inner, undo: true });
        }
    }
}

/// Undoes what a borrower did since they began.
const UNDO: &str = "ROLLBACK TO SAVEPOINT lent";

/// A transaction while nobody uses it.
struct Lent {
    inner: Transaction<'static, Postgres>,
    /// Whether the last borrower did not commit.
    undo: bool,
}

tokio::task_local! {
    static LENT: Mutex<Option<Lent>>;
}

/// Does `work` inside `tx`: the transactions that it opens one after the other are parts of this one, each of which
/// lasts or is undone as usual. Returns what `work` has come to, and the transaction with what lasts.
///
/// So whoever lends can add to what a handler does, and both last or neither.
///
/// # Errors
/// When the database is away; then nothing has changed.
pub async fn lend<W: Future>(mut tx: Tx, work: W) -> (Result<Tx, sqlx::Error>, W::Output) {
    let lent = tx.inner.take().map(|inner| Lent { inner, undo: false });
    LENT.scope(Mutex::new(lent), async {
        let outcome = work.await;
        (take_back().await, outcome)
    })
    .await
}

/// Whether the next transaction is part of a lent one: whoever would do with a single statement has to open one then.
pub fn is_lent() -> bool {
    LENT.try_with(|_| ()).is_ok()
}

async fn take_back() -> Result<Tx, sqlx::Error> {
    // What was dropped elsewhere, or is still in use somewhere, is rolled back there.
    let mut lent = take_lent().ok_or(sqlx::Error::WorkerCrashed)?;
    if lent.undo {
        sqlx::raw_sql(UNDO).execute(&mut *lent.inner).await?;
    }
    Ok(Tx::own(lent.inner))
}

fn take_lent() -> Option<Lent> {
    LENT.try_with(|slot| slot.lock().expect("nobody panics with it").take()).ok().flatten()
}

fn give_back(lent: Lent) {
    // Where nobody lends any more it is dropped, and so rolled back.
    let _ = LENT.try_with(|slot| *slot.lock().expect("nobody panics with it") = Some(lent));
}

impl Deref for Tx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        self.inner.as_deref().expect("there until the transaction ends")
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.inner.as_deref_mut().expect("there until the transaction ends")
    }
}

/// What the audit log says of every change that a request brings about.
#[derive(Debug, Default)]
pub struct Request {
    correlation_id: String,
    actor: OnceLock<Actor>,
}

tokio::task_local! {
    static REQUEST: Request;
}

/// Runs the work of one request: all its transactions carry `correlation_id`.
pub async fn in_request<F: Future>(correlation_id: &str, work: F) -> F::Output {
    // It goes into SQL: what could end a text does not.
    let fit = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | ':');
    let correlation_id = correlation_id.chars().filter(fit).take(128).collect();
    REQUEST.scope(Request { correlation_id, actor: OnceLock::new() }, work).await
}

/// Notes who makes the request, once they are known: what it does under the rights of the system is their doing still.
pub fn acts_for(actor: Actor) {
    let _ = REQUEST.try_with(|request| request.actor.set(actor));
}

/// The correlation id and the actor of the running request, for what goes around [`begin`].
pub fn request() -> (String, Option<Actor>) {
    REQUEST
        .try_with(|request| (request.correlation_id.clone(), request.actor.get().copied()))
        .unwrap_or_default()
}

/// Opens a transaction for `actor`, in one round trip.
///
/// # Errors
/// When the database is away or the pool is exhausted.
pub async fn begin(pool: &PgPool, actor: Actor) -> Result<Tx, sqlx::Error> {
    if let Some(mut lent) = take_lent() {
        let undo = if lent.undo { UNDO } else { "" };
        let part = format!("{undo}; SAVEPOINT lent; {}", settings(actor));
        sqlx::raw_sql(AssertSqlSafe(part)).execute(&mut *lent.inner).await?;
        return Ok(Tx { inner: Some(lent.inner), lent: true });
    }
    pool.begin_with(AssertSqlSafe(format!("BEGIN; {}", settings(actor)))).await.map(Tx::own)
}

/// What row-level security and the audit log read, as statements.
fn settings(actor: Actor) -> String {
    let (correlation_id, requester) = request();
    // The system works for whoever asked it to.
    let named = if actor == Actor::System { requester.unwrap_or(actor) } else { actor };
    let rights = match actor {
        Actor::System => "system",
        Actor::User(_) | Actor::Key { .. } => "user",
        Actor::Device(_) => "device",
        Actor::Guest { .. } => "guest",
    };
    let mut sql = format!("SET LOCAL app.actor = '{rights}'");
    // A UUID's text needs no quoting.
    let _ = match named {
        Actor::System => Ok(()),
        Actor::User(id) => write!(sql, "; SET LOCAL app.user_id = '{id}'"),
        Actor::Key { account, key } => {
            write!(sql, "; SET LOCAL app.user_id = '{account}'; SET LOCAL app.key_id = '{key}'")
        }
        Actor::Device(device) => write!(sql, "; SET LOCAL app.device_id = '{device}'"),
        Actor::Guest { guest, meeting } => {
            write!(sql, "; SET LOCAL app.guest_id = '{guest}'; SET LOCAL app.meeting_id = '{meeting}'")
        }
    };
    if !correlation_id.is_empty() {
        let _ = write!(sql, "; SET LOCAL app.correlation_id = '{correlation_id}'");
    }
    sql
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
