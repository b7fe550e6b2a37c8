//! Webhooks in: verified over the raw body, stored once, and claimed in the order of their arrival.
//!
//! A webhook's answer waits for nothing but the commit that stores it. Whatever arrives while commits are under way goes
//! into the next, all in one statement, so that the database's disk is asked once for many.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use subtle::ConstantTimeEq;
use tokio::sync::Notify;

use crate::{db::Tx, livekit::Keys, together::Together};

/// Seconds by which the sender's clock may differ from ours.
const LEEWAY: i64 = 60;
/// Events that one commit stores at most.
const BATCH: usize = 256;
/// Commits under way at once: while the disk is busy with one, the next is gathered and sent. A room's events keep their
/// order, for LiveKit sends the next one when the one before was answered.
const COMMITS: usize = 2;
/// Longest that storing may take; the sender tries again, so a stuck database must not hold it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Failures after which an event is left to a person.
const ATTEMPTS: i32 = 10;
/// Longest pause between two attempts, in seconds.
const LONGEST_PAUSE: f64 = 300.0;

// Verify ----------------------------------------------------------------------------------------------------------

/// The signature is forged, expired, or of another body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit the body")]
pub struct BadSignature;

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    nbf: Option<i64>,
    exp: i64,
    sha256: String,
}

/// Checks LiveKit's signatures.
pub struct Verifier {
    key: DecodingKey,
    validation: Validation,
}

impl Verifier {
    /// One that takes what was signed with these keys.
    pub fn new(keys: &Keys) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[&keys.api_key]);
        validation.set_required_spec_claims(&["iss", "exp"]);
        // The library would take the system's time; ours decides.
        validation.validate_exp = false;
        Self { key: DecodingKey::from_secret(keys.api_secret.expose_secret().as_bytes()), validation }
    }

    /// Checks a signature: a JWT of our key that carries the hash of the raw body, with or without `Bearer` before it.
    ///
    /// # Errors
    /// [`BadSignature`] unless all of it fits.
    pub fn verify(&self, authorization: &str, body: &[u8], now: DateTime<Utc>) -> Result<(), BadSignature> {
        let token = match authorization.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => authorization.trim(),
        };
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation)
            .map_err(|_| BadSignature)?
            .claims;
        let now = now.timestamp();
        let current = claims.nbf.is_none_or(|from| from <= now + LEEWAY) && now - LEEWAY < claims.exp;
        let signed = STANDARD.decode(&claims.sha256).map_err(|_| BadSignature)?;
        let same = bool::from(signed.ct_eq(&Sha256::digest(body)));
        if current && same { Ok(()) } else { Err(BadSignature) }
    }
}

// Store once ------------------------------------------------------------------------------------------------------

/// An event to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// Who sent it: `livekit`.
    pub source: &'static str,
    /// The sender's id of it: the second one with the same id has no effect.
    pub event_id: String,
    /// What has to be worked off in order: for LiveKit the room.
    pub subject: String,
    /// The kind of event, in the sender's words.
    pub kind: String,
    /// The event, without secrets: JSON that PostgreSQL can store.
    pub body: String,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// Whether there is anything to do for it; what nobody waits for is only kept.
    pub concerns_us: bool,
}

/// Stores events; cheap to clone. Lives as long as its last clone.
#[derive(Clone)]
pub struct Inbox {
    storing: Together<Incoming, Result<(), StoreError>>,
    news: Arc<Notify>,
}

/// An event could not be stored.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the event could not be stored: {0}")]
pub struct StoreError(Arc<str>);

impl StoreError {
    fn new(cause: impl std::fmt::Display) -> Self {
        Self(cause.to_string().into())
    }
}

impl Inbox {
    /// An inbox in the database. Has to be called inside the runtime.
    pub fn new(pool: PgPool) -> Self {
        let news = Arc::new(Notify::new());
        let told = news.clone();
        let storing = Together::new(BATCH, COMMITS, PATIENCE, move |events: Vec<Incoming>| {
            let (pool, news) = (pool.clone(), told.clone());
            async move {
                let outcome = write(&pool, &events).await;
                if outcome.is_ok() && events.iter().any(|event| event.concerns_us) {
                    news.notify_one();
                }
                vec![outcome; events.len()]
            }
        });
        Self { storing, news }
    }

    /// Stores an event, unless it is stored already. Returns when it is safe.
    ///
    /// # Errors
    /// When it is not known to be stored; then the sender has to send it again.
    pub async fn store(&self, event: Incoming) -> Result<(), StoreError> {
        self.storing
            .ask(event)
            .await
            .unwrap_or_else(|| Err(StoreError::new("it took too long, or the inbox is closed")))
    }

    /// Returns as soon as this process stored something to do.
    pub async fn news(&self) {
        self.news.notified().await;
    }
}

/// Writes what has arrived in one commit.
async fn write(pool: &PgPool, events: &[Incoming]) -> Result<(), StoreError> {
    let outcome = insert(pool, events).await.map_err(StoreError::new);
    if let Err(cause) = &outcome {
        tracing::warn!(%cause, events = events.len(), "webhooks could not be stored");
    }
    outcome
}

/// One statement that is a transaction of its own: it says that it acts for the system, and inserts.
async fn insert(pool: &PgPool, events: &[Incoming]) -> sqlx::Result<()> {
    let column = |of: fn(&Incoming) -> &str| events.iter().map(of).collect::<Vec<_>>();
    sqlx::query!(
        "with me as materialized (select set_config('app.actor', 'system', true))
         insert into webhook_inbox (source, event_id, subject, kind, body, received_at, next_attempt_at, processed_at)
         select e.source, e.event_id, e.subject, e.kind, e.body::jsonb, e.received_at, e.received_at,
                case when not e.concerns_us then e.received_at end
         from me, unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::bool[])
              with ordinality as e (source, event_id, subject, kind, body, received_at, concerns_us, number)
         order by e.number
         on conflict do nothing",
        &column(|event| event.source) as &[&str],
        &column(|event| &event.event_id) as &[&str],
        &column(|event| &event.subject) as &[&str],
        &column(|event| &event.kind) as &[&str],
        &column(|event| &event.body) as &[&str],
        &events.iter().map(|event| event.received_at).collect::<Vec<_>>(),
        &events.iter().map(|event| event.concerns_us).collect::<Vec<_>>(),
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Replaces the character that PostgreSQL cannot store, so that one odd name does not lose a whole event.
pub fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(text.replace('\0', "\u{fffd}")),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| {
                (if key.contains('\0') { key.replace('\0', "\u{fffd}") } else { key }, without_nul(value))
            })
            .collect(),
        other => other,
    }
}

// Claim -----------------------------------------------------------------------------------------------------------

/// An event that was stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The sender's id of it.
    pub event_id: String,
    /// What it is about: for LiveKit the room.
    pub subject: String,
    /// The kind of event, in the sender's words.
    pub kind: String,
    /// The event.
    pub body: Value,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
}

/// Takes up to `limit` events of the one subject whose turn it is, oldest first, and marks them as processed. The
/// caller does what they ask in the same transaction: either both last or neither.
///
/// The query is written so that only one index fits each of its parts: a queue is empty most of the time, and a plan
/// that was made then has to do when it is long.
///
/// Until the transaction ends nobody else gets an event of that subject, for only the oldest of a subject can be
/// claimed, and that one is locked.
///
/// # Errors
/// When the database is away.
pub async fn claim(tx: &mut Tx, source: &str, now: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<Stored>> {
    let mut claimed = sqlx::query!(
        r#"with head as (
               select w.queue from webhook_inbox w
               where w.source = $1 and w.processed_at is null and w.dead_at is null and w.next_attempt_at <= $2
                 and w.arrival = (select e.arrival from webhook_inbox e
                                  where e.queue = w.queue and e.processed_at is null and e.dead_at is null
                                  order by e.arrival limit 1)
               order by w.arrival limit 1 for update skip locked),
           run as (
               select w.arrival from webhook_inbox w
               where w.queue = (select queue from head) and w.processed_at is null and w.dead_at is null
               order by w.arrival limit $3)
           update webhook_inbox w set processed_at = $2, error = null
           where w.queue = (select queue from head) and w.arrival <= (select max(arrival) from run)
             and w.processed_at is null and w.dead_at is null
           returning w.arrival as "arrival!", w.event_id, w.subject, w.kind, w.body, w.received_at"#,
        source,
        now,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    claimed.sort_unstable_by_key(|row| row.arrival);
    Ok(claimed
        .into_iter()
        .map(|row| Stored {
            event_id: row.event_id,
            subject: row.subject,
            kind: row.kind,
            body: row.body,
            received_at: row.received_at,
        })
        .collect())
}

/// Notes that an event failed: it is tried again after a pause that doubles, and its subject waits with it; after
/// ten attempts it is left to a person, and the subject goes on. Returns whether it was left.
///
/// # Errors
/// When the database is away.
pub async fn failed(
    tx: &mut Tx,
    source: &str,
    event_id: &str,
    cause: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"update webhook_inbox set attempts = attempts + 1, error = $3,
                  next_attempt_at = $4::timestamptz + make_interval(secs => least(power(2, attempts), $5)),
                  dead_at = case when attempts + 1 >= $6 then $4::timestamptz end
           where source = $1 and event_id = $2
           returning dead_at is not null as "dead!""#,
        source,
        event_id,
        cause,
        now,
        LONGEST_PAUSE,
        ATTEMPTS,
    )
    .fetch_optional(&mut **tx)
    .await
    .map(|dead| dead.unwrap_or(false))
}

/// An event that was left to a person.
#[derive(Debug, Clone)]
pub struct Dead {
    /// Who sent it.
    pub source: String,
    /// The sender's id of it.
    pub event_id: String,
    /// What it is about.
    pub subject: String,
    /// The kind of event.
    pub kind: String,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// Why the last attempt failed.
    pub error: String,
}

/// The events that were left to a person, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn dead(tx: &mut Tx) -> sqlx::Result<Vec<Dead>> {
    sqlx::query_as!(
        Dead,
        r#"select source, event_id, subject, kind, received_at, coalesce(error, '') as "error!"
           from webhook_inbox where dead_at is not null order by arrival"#,
    )
    .fetch_all(&mut **tx)
    .await
}

/// How long the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Webhooks that were not worked off yet.
    pub waiting: i64,
    /// Webhooks that were left to a person.
    pub dead: i64,
}

/// How long the queue of all sources is.
///
/// # Errors
/// When the database is away.
pub async fn backlog(tx: &mut Tx) -> sqlx::Result<Backlog> {
    sqlx::query_as!(
        Backlog,
        r#"select (select count(*) from webhook_inbox where processed_at is null and dead_at is null) as "waiting!",
                  (select count(*) from webhook_inbox where dead_at is not null) as "dead!""#,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Lets a dead event be tried again from the start; false when there is none with this id.
///
/// # Errors
/// When the database is away.
pub async fn replay(tx: &mut Tx, event_id: &str, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let replayed = sqlx::query!(
        "update webhook_inbox set dead_at = null, attempts = 0, next_attempt_at = $2
         where event_id = $1 and dead_at is not null",
        event_id,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(replayed.rows_affected() > 0)
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time")
    }

    fn verify(authorization: &str, body: &[u8], now: DateTime<Utc>) -> Result<(), BadSignature> {
        let keys = Keys { api_key: "key".into(), api_secret: SECRET.into() };
        Verifier::new(&keys).verify(authorization, body, now)
    }

    fn signed(issuer: &str, body: &[u8], algorithm: Algorithm, secret: &str) -> String {
        let claims = json!({"iss": issuer, "nbf": now().timestamp(), "exp": now().timestamp() + 300,
                            "sha256": STANDARD.encode(Sha256::digest(body))});
        jsonwebtoken::encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(secret.as_bytes()))
            .expect("signs")
    }

    #[test]
    fn a_true_signature_holds_for_its_body_and_its_time() {
        let token = signed("key", b"body", Algorithm::HS256, SECRET);
        let at = |seconds: i64| now() + Duration::seconds(seconds);
        for header in [token.clone(), format!("Bearer {token}"), format!("bearer  {token} ")] {
            assert_eq!(verify(&header, b"body", now()), Ok(()), "{header}");
        }
        assert_eq!(verify(&token, b"another body", now()), Err(BadSignature));
        for (seconds, holds) in [(-61, false), (-60, true), (359, true), (360, false)] {
            assert_eq!(verify(&token, b"body", at(seconds)).is_ok(), holds, "{seconds}");
        }
    }

    #[test]
    fn nothing_else_holds() {
        for token in [
            signed("key", b"body", Algorithm::HS256, "another secret that is long enough"),
            signed("another", b"body", Algorithm::HS256, SECRET),
            signed("key", b"body", Algorithm::HS512, SECRET),
            String::new(),
            "Bearer".into(),
            "a.b.c".into(),
        ] {
            assert_eq!(verify(&token, b"body", now()), Err(BadSignature), "{token}");
        }
    }

    #[test]
    fn what_cannot_be_stored_is_replaced_wherever_it_stands() {
        let odd = json!({"a\0": ["x\0y", {"b": "\0"}], "c": 1, "d": null});
        assert_eq!(
            without_nul(odd),
            json!({"a\u{fffd}": ["x\u{fffd}y", {"b": "\u{fffd}"}], "c": 1, "d": null})
        );
    }
}
