//! Answers that are kept, so that a request that is sent again is not done again.
//!
//! A key is claimed in the transaction of what the request does. A second request with the same key waits at that row
//! until the first has ended: it then finds the answer, or, when the first failed, takes its place.

use chrono::{DateTime, Duration, Utc};

use crate::db::Tx;

/// How long an answer is kept.
const KEPT: Duration = Duration::hours(24);
/// Keys that one statement forgets at most.
const FORGOTTEN_AT_ONCE: i64 = 10_000;

/// A request that carries a key. All fields but the time are hashes.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whose key it is.
    pub owner: Vec<u8>,
    /// The key.
    pub key: Vec<u8>,
    /// What is asked for: equal requests have equal ones.
    pub fingerprint: Vec<u8>,
    /// Now.
    pub at: DateTime<Utc>,
}

/// What stands under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing: the request has to be done.
    Fresh,
    /// The answer that was given to the same request.
    Answered(Vec<u8>),
    /// Another request: the key is used already.
    Taken,
}

/// Claims a key. The transaction has to act for the system.
///
/// # Errors
/// When the database is away.
pub async fn claim(tx: &mut Tx, request: &Request) -> sqlx::Result<Claim> {
    let row = sqlx::query!(
        r#"insert into idempotency_keys as k (owner, key, fingerprint, created_at) values ($1, $2, $3, $4)
           on conflict (owner, key) do update set
               fingerprint = case when k.created_at <= $5 then excluded.fingerprint else k.fingerprint end,
               answer = case when k.created_at <= $5 then null else k.answer end,
               created_at = case when k.created_at <= $5 then excluded.created_at else k.created_at end
           returning fingerprint, answer"#,
        request.owner,
        request.key,
        request.fingerprint,
        request.at,
        request.at - KEPT,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(match row.answer {
        _ if row.fingerprint != request.fingerprint => Claim::Taken,
        Some(answer) => Claim::Answered(answer),
        None => Claim::Fresh,
    })
}

/// Keeps the answer to a request whose key was claimed in this transaction. It has to act for the system again.
///
/// # Errors
/// When the database is away.
pub async fn keep(tx: &mut Tx, request: &Request, answer: &[u8]) -> sqlx::Result<()> {
    sqlx::query!(
        "update idempotency_keys set answer = $3 where owner = $1 and key = $2",
        request.owner,
        request.key,
        answer,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives a key back: its request may be done again.
///
/// # Errors
/// When the database is away.
pub async fn release(tx: &mut Tx, request: &Request) -> sqlx::Result<()> {
    sqlx::query!("delete from idempotency_keys where owner = $1 and key = $2", request.owner, request.key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets what is older than a day. Returns whether there may be more.
///
/// # Errors
/// When the database is away.
pub async fn forget(tx: &mut Tx, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let forgotten = sqlx::query!(
        "delete from idempotency_keys where (owner, key) in
         (select owner, key from idempotency_keys where created_at <= $1 order by created_at limit $2)",
        now - KEPT,
        FORGOTTEN_AT_ONCE,
    )
    .execute(&mut **tx)
    .await?;
    Ok(forgotten.rows_affected() >= FORGOTTEN_AT_ONCE.unsigned_abs())
}
