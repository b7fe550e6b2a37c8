//! SQL of chat.

use chrono::{DateTime, Utc};
use kernel::{
    db::{self, Tx},
    ids::{GuestId, MeetingId, MessageId, UserId},
};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgExecutor;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rules::MessageType;
use crate::meetings::model::{EndedBy, MeetingStatus};

/// A message as everybody in the meeting sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The meeting.
    pub meeting_id: MeetingId,
    /// Who wrote it; `null` when that account was erased.
    pub sender: Option<Sender>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// The text or the emoji; empty for a hand.
    pub content: String,
    /// What belongs to it, for example a poll's question and options.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// For a poll in which the caller has voted: their vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub my_vote: Option<MyVote>,
}

/// The caller's vote in a poll.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MyVote {
    /// The numbers of the chosen options; `null` in a secret poll, where nobody knows them any more.
    pub choices: Option<Vec<i16>>,
}

/// Who wrote a message.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Sender {
    /// Their id: a user's, or a guest's.
    #[schema(value_type = Uuid)]
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// True for a guest; else it is left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub is_guest: bool,
}

/// What became of a message.
pub struct Posted {
    /// Its number; `None` when it was not stored.
    pub number: Option<i64>,
    pub status: MeetingStatus,
    pub ended_by: Option<EndedBy>,
    pub takes_part: bool,
    pub banned: bool,
    pub sender_name: String,
}

/// Stores a message, counts it and announces it, in one round trip: the function sets its own rights. `None` when the
/// meeting is not visible to the sender.
pub async fn post(
    db: impl PgExecutor<'_>,
    sender: UserId,
    message: &Message,
) -> sqlx::Result<Option<Posted>> {
    sqlx::query_as!(
        Posted,
        r#"select number, meeting_status as "status!: MeetingStatus", how_ended as "ended_by: EndedBy",
                  takes_part as "takes_part!", banned as "banned!", sender_name as "sender_name!"
           from (select set_config('app.user_id', $1::uuid::text, true)::uuid as person,
                        set_config('app.correlation_id', $9, true)
                 where not meeting_is_suspended($2)) says,
                post_message(says.person, $2, $3, $4, $5, $6, $7, $8)"#,
        sender.0,
        message.meeting_id.0,
        message.id.0,
        message.kind as MessageType,
        message.content,
        message.metadata,
        message.created_at,
        serde_json::json!(message),
        db::request().0,
    )
    .fetch_optional(db)
    .await
}

/// The same for a guest. `None` when they are no guest of this meeting, or no longer.
pub async fn post_as_guest(
    db: impl PgExecutor<'_>,
    guest: GuestId,
    message: &Message,
) -> sqlx::Result<Option<Posted>> {
    sqlx::query_as!(
        Posted,
        r#"select number, meeting_status as "status!: MeetingStatus", how_ended as "ended_by: EndedBy",
                  true as "takes_part!", false as "banned!", sender_name as "sender_name!"
           from post_guest_message($1, $2, $3, $4, $5, $6, $7, $8)"#,
        guest.0,
        message.meeting_id.0,
        message.id.0,
        message.kind as MessageType,
        message.content,
        message.metadata,
        message.created_at,
        serde_json::json!(message),
    )
    .fetch_optional(db)
    .await
}

/// Messages in their order, behind number `after`, each with its number. Whoever has left the organization keeps the
/// name under which they wrote. With polls goes the vote of the `reader`.
pub async fn list(
    tx: &mut Tx,
    meeting: MeetingId,
    reader: Uuid,
    after: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<(i64, Message)>> {
    let rows = sqlx::query!(
        r#"select c.seq, c.id as "id: MessageId", coalesce(c.sender_id, c.guest_id) as sender_id,
                  c.guest_id is not null as "is_guest!",
                  coalesce(u.name, e.data #>> '{sender,name}') as sender_name,
                  c.type as "kind: MessageType", c.content, c.metadata, c.created_at,
                  v.poll_id is not null as "voted!", v.choices
           from chat_messages c
           left join users u on u.id = c.sender_id
           left join meeting_events e on e.meeting_id = c.meeting_id and e.seq = c.seq
           left join poll_votes v on v.poll_id = c.id and v.voter = $4
           where c.meeting_id = $1 and c.seq > $2 order by c.seq limit $3"#,
        meeting.0,
        after.unwrap_or(0),
        limit,
        reader,
    )
    .fetch_all(&mut **tx)
    .await?;
    let messages = rows.into_iter().map(|row| {
        let message = Message {
            id: row.id,
            meeting_id: meeting,
            sender: row.sender_id.zip(row.sender_name).map(|(id, name)| Sender {
                id,
                name,
                is_guest: row.is_guest,
            }),
            kind: row.kind,
            content: row.content,
            metadata: row.metadata,
            created_at: row.created_at,
            my_vote: row.voted.then_some(MyVote { choices: row.choices }),
        };
        (row.seq, message)
    });
    Ok(messages.collect())
}
