//! Polls: a question in the chat that everybody who is entitled answers once, and whose result is part of the record.
//!
//! A poll's message carries its standing in the metadata: `voted`, `entitled`, `closed`, and `results` once they may be
//! seen. With closing come the outcome and the names: in an open poll who chose what (`votes`), in a secret one only who
//! took part (`voters`).

pub mod api;
pub(super) mod rules;
mod store;

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, MessageId, UserId},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::{accounts, http::Checks};

/// What came out of a poll.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PollResult {
    /// The message that asked.
    pub id: MessageId,
    /// What was asked.
    pub question: String,
    /// The answers that one could choose.
    pub options: Vec<String>,
    /// Whether nobody knows who chose what.
    pub secret: bool,
    /// How many voted.
    pub voted: i64,
    /// How many were entitled to.
    pub entitled: i64,
    /// What came out.
    #[schema(value_type = rules::Results)]
    pub results: Value,
    /// When it was closed.
    pub closed_at: DateTime<Utc>,
}

impl PollResult {
    /// Each answer, and how many chose it.
    pub fn counts(&self) -> impl Iterator<Item = (&str, i64)> {
        let count = |number: usize| self.results["counts"][number].as_i64().unwrap_or_default();
        self.options.iter().enumerate().map(move |(number, option)| (option.as_str(), count(number)))
    }
}

/// Opens the poll of a message that was just stored and checked.
pub(super) async fn open(tx: &mut Tx, message: MessageId, metadata: &Map<String, Value>) -> sqlx::Result<()> {
    let rules = rules::read(&mut Checks::default(), metadata);
    store::open(tx, message, &rules).await
}

/// What came out of the polls of a meeting, oldest first. The caller acts for the system.
///
/// # Errors
/// When the database is away.
pub async fn results_of(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Vec<PollResult>> {
    store::closed_ones(tx, meeting).await
}

/// Closes all polls of a meeting that are open still. The caller acts for the system.
///
/// # Errors
/// When the database is away.
pub async fn close_all(tx: &mut Tx, meeting: MeetingId, by: UserId, now: DateTime<Utc>) -> sqlx::Result<()> {
    for message in store::open_ones(tx, meeting).await? {
        if let Some(poll) = store::lock(tx, meeting, message).await?
            && poll.closed_at.is_none()
        {
            close(tx, &poll, by, now).await?;
        }
    }
    Ok(())
}

/// Closes a poll that is open and locked: its results are what they are from now on. Gives the message's metadata.
async fn close(tx: &mut Tx, poll: &store::Poll, by: UserId, now: DateTime<Utc>) -> sqlx::Result<Value> {
    let entitled = store::entitled(tx, poll.message.meeting_id, &poll.rules).await?;
    let results = json!(rules::results(&poll.rules, &poll.tally, entitled));
    let votes = store::votes(tx, poll.message.id).await?;
    let by = accounts::person(tx, by).await?.map(|person| json!({"id": person.id, "name": person.name}));
    let names = if poll.rules.secret {
        ("voters", votes.iter().map(|it| json!(it.voter)).collect::<Value>())
    } else {
        let named = |it: &store::NamedVote| {
            let mut vote = json!({"voter": it.voter, "choices": it.vote.choices});
            if poll.rules.weighted {
                vote["weight"] = it.vote.weight.into();
            }
            vote
        };
        ("votes", votes.iter().map(named).collect())
    };
    let standing = json!({
        "closed": true,
        "closed_at": now,
        "closed_by": by,
        "voted": poll.tally.voters,
        "entitled": entitled.people.max(poll.tally.voters.into()),
        "results": results,
        names.0: names.1,
    });
    store::close(tx, poll.message.id, now, &results, &standing).await
}
