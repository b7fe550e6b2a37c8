//! Jobs: work that a transaction leaves to be done after it, by whichever worker is free.
//!
//! A job is written in the caller's transaction, so it exists exactly when what asked for it does. It runs outside any
//! transaction, under a lease that outlasts it; what fails is tried again after a pause that doubles, and in the end
//! left to a person. A job may therefore run twice, and has to bear it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::db::{self, Tx};

/// When a job is to be done that waits for nothing.
pub const AT_ONCE: DateTime<Utc> = DateTime::UNIX_EPOCH;
/// Longest that a job may run, unless its worker keeps it ([`keep`]).
pub const LIMIT: Duration = Duration::from_mins(4);
/// How long a worker has a job for itself: longer than it may run.
const LEASE: Duration = Duration::from_mins(5);
/// Longest that a job may run which its caller took at once, and how long the caller has it for itself.
pub const LIMIT_AT_ONCE: Duration = Duration::from_secs(45);
const LEASE_AT_ONCE: Duration = Duration::from_mins(1);
/// Attempts after which a job is left to a person: with these pauses, about four hours.
const ATTEMPTS: i32 = 24;
/// Longest pause between two attempts, in seconds.
const LONGEST_PAUSE: f64 = 900.0;

/// A job that is being done.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// Which work.
    pub name: String,
    /// On what.
    pub payload: Value,
    /// Which attempt this is, from 1.
    pub attempts: i32,
    /// The request that asked for it.
    pub correlation_id: Option<String>,
}

impl Job {
    /// The payload as its type.
    ///
    /// # Errors
    /// [`Failure::Final`] when it is of another form: trying again would not help.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_value(self.payload.clone()).map_err(|cause| Failure::Final(cause.into()))
    }
}

/// Why a job could not be done.
#[derive(Debug)]
pub enum Failure {
    /// It may work later.
    ForNow(anyhow::Error),
    /// It may work later, but not before this moment: whoever refuses has said so.
    NotBefore(DateTime<Utc>, anyhow::Error),
    /// It will never work: a person has to look at it.
    Final(anyhow::Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::ForNow(cause) | Self::NotBefore(_, cause) | Self::Final(cause)) = self;
        write!(f, "{cause:#}")
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(cause: E) -> Self {
        Self::ForNow(cause.into())
    }
}

/// Leaves a job to be done from `run_at` on.
///
/// # Errors
/// When the payload is no JSON or the database is away.
pub async fn enqueue(
    tx: &mut Tx,
    name: &str,
    payload: impl Serialize,
    run_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    insert(tx, name, &json(payload)?, run_at, None, false).await.map(drop)
}

/// As [`enqueue`], for many jobs of one name, in one round trip.
///
/// # Errors
/// When a payload is no JSON or the database is away.
pub async fn enqueue_many(
    tx: &mut Tx,
    name: &str,
    payloads: impl IntoIterator<Item: Serialize>,
    run_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let payloads = payloads.into_iter().map(json).collect::<sqlx::Result<Vec<Value>>>()?;
    sqlx::query!(
        r#"select count(enqueue_job($1, payload, $3, null, false)) as "count!" from unnest($2::jsonb[]) payload"#,
        name,
        &payloads,
        run_at,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(())
}

/// As [`enqueue`]; a job of this name with the same key that still waits takes the new payload and the earlier time,
/// instead of a second one being made.
///
/// # Errors
/// When the payload is no JSON or the database is away.
pub async fn enqueue_once(
    tx: &mut Tx,
    name: &str,
    key: &str,
    payload: impl Serialize,
    run_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    insert(tx, name, &json(payload)?, run_at, Some(key), false).await.map(drop)
}

/// Leaves a job that the caller itself does right after its commit, because it has to take effect at once. Should it
/// fail, or the caller die before, a worker makes sure. `None` where the caller's commit is part of another that comes
/// later ([`db::lend`]): then a worker does it as soon as that lasts.
///
/// # Errors
/// When the payload is no JSON or the database is away.
pub async fn take(
    tx: &mut Tx,
    name: &str,
    payload: impl Serialize,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Job>> {
    let payload = json(payload)?;
    if db::is_lent() {
        return insert(tx, name, &payload, AT_ONCE, None, false).await.map(|_| None);
    }
    let id = insert(tx, name, &payload, now + LEASE_AT_ONCE, None, true).await?;
    let correlation_id = Some(db::request().0).filter(|id| !id.is_empty());
    Ok(Some(Job { id, name: name.to_owned(), payload, attempts: 1, correlation_id }))
}

fn json(payload: impl Serialize) -> sqlx::Result<Value> {
    serde_json::to_value(payload).map_err(|cause| sqlx::Error::Encode(cause.into()))
}

async fn insert(
    tx: &mut Tx,
    name: &str,
    payload: &Value,
    due_at: DateTime<Utc>,
    key: Option<&str>,
    taken: bool,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select enqueue_job($1, $2, $3, $4, $5) as "id!""#,
        name,
        payload,
        due_at,
        key,
        taken
    )
    .fetch_one(&mut **tx)
    .await
}

/// Takes the job that is due for longest, for as long as the lease lasts; `None` when nothing is due. Only among the jobs
/// of these names, or (`these` being false) only among all others: so that work that takes long leaves workers to the
/// rest. The caller commits, runs it, and says how it went with [`done`] or [`failed`].
///
/// # Errors
/// When the database is away.
pub async fn claim(
    tx: &mut Tx,
    now: DateTime<Utc>,
    names: &[&str],
    these: bool,
) -> sqlx::Result<Option<Job>> {
    sqlx::query_as!(
        Job,
        "update jobs set is_taken = true, due_at = $2, attempts = attempts + 1
         where id = (select id from jobs where dead_at is null and due_at <= $1 and (name = any ($3)) = $4
                     order by due_at, id limit 1 for update skip locked)
         returning id, name, payload, attempts, correlation_id",
        now,
        now + LEASE,
        names as &[&str],
        these,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Keeps a job that takes long: its lease begins anew. False when another worker has taken it.
///
/// # Errors
/// When the database is away.
pub async fn keep(tx: &mut Tx, job: &Job, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let kept = sqlx::query!(
        "update jobs set due_at = $3 where id = $1 and attempts = $2 and is_taken",
        job.id,
        job.attempts,
        now + LEASE,
    )
    .execute(&mut **tx)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Notes that a job is done: it is gone. Without effect when its lease ran out and another worker has taken it.
///
/// # Errors
/// When the database is away; then it is done again.
pub async fn done(tx: &mut Tx, job: &Job) -> sqlx::Result<()> {
    sqlx::query!("delete from jobs where id = $1 and attempts = $2 and is_taken", job.id, job.attempts)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes that a job failed: it is tried again after a pause that doubles, or left to a person when that does not help
/// or was tried often enough. A newer job with the same key that waits meanwhile takes its place. Returns whether it
/// was left.
///
/// # Errors
/// When the database is away; then it is done again once the lease is over.
pub async fn failed(tx: &mut Tx, job: &Job, failure: &Failure, now: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query!(
        "delete from jobs j where id = $1 and attempts = $2 and is_taken
           and exists (select from jobs newer where newer.name = j.name and newer.unique_key = j.unique_key
                       and not newer.is_taken and newer.dead_at is null)",
        job.id,
        job.attempts,
    )
    .execute(&mut **tx)
    .await?;
    let not_before = if let Failure::NotBefore(moment, _) = failure { *moment } else { now };
    sqlx::query_scalar!(
        r#"update jobs set is_taken = false, error = $3,
                  due_at = greatest($8, $4::timestamptz + make_interval(secs => least(power(2, attempts), $5))),
                  dead_at = case when $6 or attempts >= $7 then $4::timestamptz end
           where id = $1 and attempts = $2 and is_taken
           returning dead_at is not null as "dead!""#,
        job.id,
        job.attempts,
        failure.to_string(),
        now,
        LONGEST_PAUSE,
        matches!(failure, Failure::Final(_)),
        ATTEMPTS,
        not_before,
    )
    .fetch_optional(&mut **tx)
    .await
    .map(|dead| dead.unwrap_or(false))
}

/// A job that was left to a person.
#[derive(Debug, Clone)]
pub struct Dead {
    /// Its number.
    pub id: i64,
    /// Which work.
    pub name: String,
    /// Attempts that were made.
    pub attempts: i32,
    /// When it was given up.
    pub dead_at: DateTime<Utc>,
    /// Why the last attempt failed.
    pub error: String,
}

/// The jobs that were left to a person, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn dead(tx: &mut Tx) -> sqlx::Result<Vec<Dead>> {
    sqlx::query_as!(
        Dead,
        r#"select id, name, attempts, dead_at as "dead_at!", coalesce(error, '') as "error!"
           from jobs where dead_at is not null order by id"#,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Lets dead jobs be tried again from the start: one by its number, or all. Returns how many.
///
/// # Errors
/// When the database is away.
pub async fn replay(tx: &mut Tx, id: Option<i64>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let replayed = sqlx::query!(
        "update jobs set dead_at = null, attempts = 0, due_at = $2, unique_key = null
         where dead_at is not null and ($1::bigint is null or id = $1)",
        id,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(replayed.rows_affected())
}

/// How long the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Jobs that could be done now and are not.
    pub due: i64,
    /// Jobs that were left to a person.
    pub dead: i64,
}

/// How long the queue is.
///
/// # Errors
/// When the database is away.
pub async fn backlog(tx: &mut Tx, now: DateTime<Utc>) -> sqlx::Result<Backlog> {
    sqlx::query_as!(
        Backlog,
        r#"select (select count(*) from jobs where dead_at is null and due_at <= $1) as "due!",
                  (select count(*) from jobs where dead_at is not null) as "dead!""#,
        now,
    )
    .fetch_one(&mut **tx)
    .await
}
