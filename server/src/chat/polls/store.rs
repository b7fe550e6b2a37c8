//! SQL of polls. All of it is the system's; who asks was looked at before.

use chrono::{DateTime, Utc};
use kernel::{
    db::{self, Tx},
    ids::{MeetingId, MessageId},
};
use serde_json::Value;
use sqlx::PgExecutor;

use super::rules::{Entitled, Majority, Rules, Tally};
use crate::{
    access::guest::Attending,
    chat::{
        rules::MessageType,
        store::{Message, Sender},
    },
    meetings::model::{EndedBy, MeetingStatus},
};

/// A poll under its lock, with the message that asks.
pub struct Poll {
    pub rules: Rules,
    pub tally: Tally,
    pub closed_at: Option<DateTime<Utc>>,
    pub message: Message,
}

/// A vote that was cast.
pub struct Vote {
    /// `None` in a secret ballot.
    pub choices: Option<Vec<i16>>,
    pub weight: i32,
}

/// A vote of somebody with a name.
pub struct NamedVote {
    pub voter: Sender,
    pub vote: Vote,
}

/// What became of a vote.
pub struct Cast {
    pub takes_part: bool,
    pub banned: bool,
    pub status: MeetingStatus,
    pub ended_by: Option<EndedBy>,
    /// The poll and what it says to this vote; `None` when there is no such poll.
    pub asked: Option<Asked>,
}

/// A poll as whoever votes in it sees it.
#[expect(clippy::struct_excessive_bools, reason = "they are what was found")]
pub struct Asked {
    pub options: usize,
    pub multiple: bool,
    pub secret: bool,
    pub guests_may_vote: bool,
    pub closed: bool,
    /// Whether the vote counts.
    pub counted: bool,
    pub message: Message,
}

/// Opens the poll of a message that was just stored.
pub async fn open(tx: &mut Tx, message: MessageId, rules: &Rules) -> sqlx::Result<()> {
    let Tally { counts, weights, .. } = Tally::of(rules.options);
    sqlx::query!(
        "insert into polls (message_id, organization_id, meeting_id, multiple, secret, live, weighted, guests_may_vote,
                majority, quorum_percent, counts, weights)
         select id, organization_id, meeting_id, $2, $3, $4, $5, $6, $7, $8, $9, $10 from chat_messages where id = $1",
        message.0,
        rules.multiple,
        rules.secret,
        rules.live,
        rules.weighted,
        rules.guests_may_vote,
        rules.majority as Majority,
        rules.quorum_percent,
        &counts,
        &weights,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Locks a poll of a meeting. `None` when there is none.
pub async fn lock(tx: &mut Tx, meeting: MeetingId, message: MessageId) -> sqlx::Result<Option<Poll>> {
    let row = sqlx::query!(
        r#"select p.multiple, p.secret, p.live, p.weighted, p.guests_may_vote, p.majority as "majority: Majority",
                  p.quorum_percent, p.counts, p.weights, p.voters, p.cast_weight, p.closed_at,
                  c.sender_id, coalesce(u.name, e.data #>> '{sender,name}') as sender_name, c.content, c.created_at,
                  c.metadata
           from polls p
           join chat_messages c on c.id = p.message_id
           left join users u on u.id = c.sender_id
           left join meeting_events e on e.meeting_id = c.meeting_id and e.seq = c.seq
           where p.message_id = $1 and p.meeting_id = $2 for update of p"#,
        message.0,
        meeting.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Poll {
        rules: Rules {
            options: row.counts.len(),
            multiple: row.multiple,
            secret: row.secret,
            live: row.live,
            weighted: row.weighted,
            guests_may_vote: row.guests_may_vote,
            majority: row.majority,
            quorum_percent: row.quorum_percent,
        },
        tally: Tally {
            counts: row.counts,
            weights: row.weights,
            voters: row.voters,
            cast_weight: row.cast_weight,
        },
        closed_at: row.closed_at,
        message: Message {
            sender: row.sender_id.zip(row.sender_name).map(|(id, name)| Sender { id, name, is_guest: false }),
            ..Message::new(message, meeting, MessageType::Poll, row.content, row.metadata, row.created_at)
        },
    }))
}

/// The polls of a meeting that are open still.
pub async fn open_ones(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Vec<MessageId>> {
    sqlx::query_scalar!(
        r#"select message_id as "id: MessageId" from polls where meeting_id = $1 and closed_at is null order by message_id"#,
        meeting.0,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Who may vote in a poll now.
pub async fn entitled(tx: &mut Tx, meeting: MeetingId, rules: &Rules) -> sqlx::Result<Entitled> {
    sqlx::query_as!(
        Entitled,
        r#"select people as "people!", weight as "weight!" from poll_entitled($1, $2, $3)"#,
        meeting.0,
        rules.weighted,
        rules.guests_may_vote,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Casts a vote in one round trip: the function sets its own rights. `None` when the meeting is not visible to the
/// voter. Whether a guest may be there was asked before.
pub async fn cast(
    db: impl PgExecutor<'_>,
    voter: &Attending,
    meeting: MeetingId,
    message: MessageId,
    choices: &[i16],
) -> sqlx::Result<Option<Cast>> {
    let guest = matches!(voter, Attending::Guest(_));
    let row = sqlx::query!(
        r#"select takes_part as "takes_part!", banned as "banned!", meeting_status as "status!: MeetingStatus",
                  how_ended as "ended_by: EndedBy", options, multiple as "multiple?", secret as "secret?",
                  guests_may_vote as "guests_may_vote?", closed as "closed?", counted as "counted!",
                  content as "content?", metadata as "metadata?", created_at as "created_at?", sender_id, sender_name
           from (select set_config(case when $2 then 'app.guest_id' else 'app.user_id' end, $1::uuid::text, true)::uuid as person,
                        set_config('app.correlation_id', $6, true)
                 where not meeting_is_suspended($3)) says,
                cast_vote(says.person, $2, $3, $4, $5)"#,
        voter.id(),
        guest,
        meeting.0,
        message.0,
        choices,
        db::request().0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Cast {
        takes_part: row.takes_part,
        banned: row.banned,
        status: row.status,
        ended_by: row.ended_by,
        asked: row.options.map(|options| Asked {
            options: usize::try_from(options).unwrap_or(0),
            multiple: row.multiple.unwrap_or(false),
            secret: row.secret.unwrap_or(false),
            guests_may_vote: row.guests_may_vote.unwrap_or(false),
            closed: row.closed.unwrap_or(true),
            counted: row.counted,
            message: Message {
                sender: row.sender_id.zip(row.sender_name).map(|(id, name)| Sender {
                    id,
                    name,
                    is_guest: false,
                }),
                ..Message::new(
                    message,
                    meeting,
                    MessageType::Poll,
                    row.content.unwrap_or_default(),
                    row.metadata.unwrap_or_default(),
                    row.created_at.unwrap_or_default(),
                )
            },
        }),
    }))
}

/// All votes of a poll by the names of those who cast them, so that their order says nothing.
pub async fn votes(tx: &mut Tx, poll: MessageId) -> sqlx::Result<Vec<NamedVote>> {
    let rows = sqlx::query!(
        r#"select v.voter, v.is_guest, coalesce(u.name, g.name, '') as "name!", v.choices, v.weight
           from poll_votes v
           left join users u on u.id = v.voter
           left join guests g on g.id = v.voter
           where v.poll_id = $1 order by 3, v.voter"#,
        poll.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let votes = rows.into_iter().map(|row| NamedVote {
        voter: Sender { id: row.voter, name: row.name, is_guest: row.is_guest },
        vote: Vote { choices: row.choices, weight: row.weight },
    });
    Ok(votes.collect())
}

/// Closes a poll for good, with its results in the record. Gives the message's metadata.
pub async fn close(
    tx: &mut Tx,
    poll: MessageId,
    at: DateTime<Utc>,
    results: &Value,
    standing: &Value,
) -> sqlx::Result<Value> {
    sqlx::query_scalar!(
        r#"with closed as (
               update polls set closed_at = $2, result = $3 where message_id = $1),
           message as (
               update chat_messages set metadata = metadata || $4 where id = $1 returning meeting_id, metadata),
           told as (
               select emit_meeting_event(meeting_id, 'poll.updated', jsonb_build_object('id', $1::uuid, 'metadata', metadata)), metadata
               from message)
           select metadata from told"#,
        poll.0,
        at,
        results,
        standing,
    )
    .fetch_one(&mut **tx)
    .await
}

/// The closed polls of a meeting, oldest first: what was asked and what came out, without names.
pub async fn closed_ones(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Vec<super::PollResult>> {
    let rows = sqlx::query!(
        r#"select c.id as "id: MessageId", c.metadata, p.secret, p.closed_at as "closed_at!"
           from polls p join chat_messages c on c.id = p.message_id
           where p.meeting_id = $1 and p.closed_at is not null order by c.seq"#,
        meeting.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let results = rows.into_iter().map(|row| super::PollResult {
        id: row.id,
        question: row.metadata["question"].as_str().unwrap_or_default().to_owned(),
        options: row.metadata["options"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|option| Some(option.as_str()?.to_owned()))
            .collect(),
        secret: row.secret,
        voted: row.metadata["voted"].as_i64().unwrap_or(0),
        entitled: row.metadata["entitled"].as_i64().unwrap_or(0),
        results: row.metadata["results"].clone(),
        closed_at: row.closed_at,
    });
    Ok(results.collect())
}
