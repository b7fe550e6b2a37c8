//! Asking the database who may join: many at once when a meeting begins.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::{
    db,
    ids::{MeetingId, UserId},
    together::Together,
};
use sqlx::PgPool;

use super::store::{self, JoinFacts};

/// People who are asked for at once, at most.
const MOST: usize = 64;
/// Longest that asking together may take; then each asks alone.
const PATIENCE: Duration = Duration::from_secs(5);

/// Somebody asks to join.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Who.
    pub person: UserId,
    /// What.
    pub meeting: MeetingId,
    /// When.
    pub at: DateTime<Utc>,
    /// Names the request in the audit log.
    pub correlation: String,
}

/// What asking together came to.
enum Reply {
    /// All that counts; `None`: there is no such meeting for this person.
    Found(Option<Box<JoinFacts>>),
    /// Nothing: they have to ask alone.
    Alone,
}

/// Asks for people who join.
#[derive(Clone)]
pub struct Joining {
    pool: PgPool,
    hold: Duration,
    together: Together<Ask, Reply>,
}

impl Joining {
    /// `hold` is the life of a token, for which a seat is kept. Has to be called inside the runtime.
    pub fn new(pool: PgPool, hold: Duration) -> Self {
        let asked = pool.clone();
        let together = Together::new(MOST, 1, PATIENCE, move |asks: Vec<Ask>| {
            let pool = asked.clone();
            async move { round(&pool, &asks, hold).await }
        });
        Self { pool, hold, together }
    }

    /// What there is to know of somebody who wants to join, who is noted as having asked where they may; `None` when
    /// there is no such meeting for them.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn ask(
        &self,
        person: UserId,
        meeting: MeetingId,
        at: DateTime<Utc>,
    ) -> sqlx::Result<Option<JoinFacts>> {
        let ask = Ask { person, meeting, at, correlation: db::request().0 };
        match self.together.ask(ask.clone()).await {
            Some(Reply::Found(found)) => Ok(found.map(|found| *found)),
            Some(Reply::Alone) | None => {
                Ok(store::request_join(&self.pool, &[ask], self.hold, true).await?.into_iter().next())
            }
        }
    }
}

async fn round(pool: &PgPool, asks: &[Ask], hold: Duration) -> Vec<Reply> {
    let facts = match store::request_join(pool, asks, hold, false).await {
        Ok(facts) => facts,
        // What fails for one would fail for all: each finds out alone.
        Err(error) => {
            tracing::warn!(%error, asks = asks.len(), "joining together failed");
            return asks.iter().map(|_| Reply::Alone).collect();
        }
    };
    let mut facts = facts.into_iter().peekable();
    (1..)
        .zip(asks)
        .map(|(number, _)| match facts.next_if(|found| found.number == number) {
            Some(found) if found.granted.is_none() => Reply::Alone,
            found => Reply::Found(found.map(Box::new)),
        })
        .collect()
}
