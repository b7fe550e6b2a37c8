//! SQL of chat.

use chrono::{DateTime, Utc};
use kernel::{
    db::{self, Tx},
    ids::{MeetingId, MessageId, OrganizationId},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgExecutor, types::Json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rules::MessageType;
use crate::{
    access::guest::Attending,
    meetings::model::{EndedBy, MeetingStatus},
};

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
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub reply_to: Option<MessageId>,
    /// Whom it names, by the names under which they were named; left out when it names nobody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub mentions: Vec<Mentioned>,
    /// When its words were last changed by whoever wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub edited_at: Option<DateTime<Utc>>,
    /// When it was deleted; then the content is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub deleted_at: Option<DateTime<Utc>>,
    /// For a poll in which the caller has voted: their vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub my_vote: Option<MyVote>,
}

impl Message {
    /// A message as it is when it is new, without its sender.
    pub fn new(
        id: MessageId,
        meeting_id: MeetingId,
        kind: MessageType,
        content: String,
        metadata: Value,
        created_at: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            meeting_id,
            sender: None,
            kind,
            content,
            metadata,
            created_at,
            reply_to: None,
            mentions: Vec::new(),
            edited_at: None,
            deleted_at: None,
            my_vote: None,
        }
    }
}

/// Somebody who is named in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mentioned {
    /// Their id: a user's, or a guest's.
    pub id: Uuid,
    /// Their name.
    pub name: String,
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
    /// Whether the host allows them to post such a thing; of no meaning for whoever takes no part.
    pub allowed: Option<bool>,
    pub sender_name: String,
    /// Whether what it answers is there.
    pub answers: bool,
    /// Those of the people it names who are in the meeting.
    pub named: Json<Vec<Mentioned>>,
}

/// Stores a message, counts it and announces it, in one round trip: the function sets its own rights. `None` when the
/// meeting is not visible to the sender.
pub async fn post(
    db: impl PgExecutor<'_>,
    sender: &Attending,
    message: &Message,
    mentions: &[Uuid],
) -> sqlx::Result<Option<Posted>> {
    sqlx::query_as!(
        Posted,
        r#"select number, meeting_status as "status!: MeetingStatus", how_ended as "ended_by: EndedBy",
                  takes_part as "takes_part!", banned as "banned!", allowed, sender_name as "sender_name!", answers as "answers!",
                  named as "named!: Json<Vec<Mentioned>>"
           from (select set_config(case when $2 then 'app.guest_id' else 'app.user_id' end, $1::uuid::text, true)::uuid as person,
                        set_config('app.correlation_id', $12, true)
                 where not meeting_is_suspended($3)) says,
                post_message(says.person, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"#,
        sender.id(),
        matches!(sender, Attending::Guest(_)),
        message.meeting_id.0,
        message.id.0,
        message.kind as MessageType,
        message.content,
        message.metadata,
        message.created_at,
        serde_json::json!(message),
        message.reply_to.map(|id| id.0),
        mentions,
        db::request().0,
    )
    .fetch_optional(db)
    .await
}

/// Reads messages as everybody sees them, each with its number; with polls goes the vote of the reader (`$2`). Whoever has
/// left the organization keeps the name under which they wrote.
macro_rules! select_messages {
    ($rest:literal, $meeting:expr, $reader:expr $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select c.seq, c.id as "id: MessageId", coalesce(c.sender_id, c.guest_id) as sender_id,
                      c.guest_id is not null as "is_guest!",
                      coalesce(u.name, e.data #>> '{sender,name}') as sender_name,
                      c.type as "kind: MessageType", c.content, c.metadata, c.created_at, c.reply_to as "reply_to: MessageId",
                      e.data -> 'mentions' as "mentions: Json<Vec<Mentioned>>", c.edited_at, c.deleted_at,
                      v.poll_id is not null as "voted!", v.choices
               from chat_messages c
               left join users u on u.id = c.sender_id
               left join meeting_events e on e.meeting_id = c.meeting_id and e.seq = c.seq
               left join poll_votes v on v.poll_id = c.id and v.voter = $2
               where c.meeting_id = $1 "# + $rest,
            $meeting,
            $reader
            $(, $arg)*
        )
    };
}

struct Row {
    seq: i64,
    id: MessageId,
    sender_id: Option<Uuid>,
    is_guest: bool,
    sender_name: Option<String>,
    kind: MessageType,
    content: String,
    metadata: Value,
    created_at: DateTime<Utc>,
    reply_to: Option<MessageId>,
    mentions: Option<Json<Vec<Mentioned>>>,
    edited_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
    voted: bool,
    choices: Option<Vec<i16>>,
}

impl Row {
    fn numbered(self, meeting: MeetingId) -> (i64, Message) {
        let name = |(id, name)| Sender { id, name, is_guest: self.is_guest };
        let message = Message {
            sender: self.sender_id.zip(self.sender_name).map(name),
            reply_to: self.reply_to,
            mentions: self.mentions.map(|it| it.0).unwrap_or_default(),
            edited_at: self.edited_at,
            deleted_at: self.deleted_at,
            my_vote: self.voted.then_some(MyVote { choices: self.choices }),
            ..Message::new(self.id, meeting, self.kind, self.content, self.metadata, self.created_at)
        };
        (self.seq, message)
    }
}

/// Which messages are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words that stand in them, in whatever case and accents.
    pub words: Option<String>,
    /// What they are.
    pub kind: Option<MessageType>,
    /// The newest first.
    pub newest_first: bool,
}

/// Messages in their order, behind number `after`, each with its number.
pub async fn list(
    tx: &mut Tx,
    meeting: MeetingId,
    reader: Uuid,
    filter: &Filter,
    after: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<(i64, Message)>> {
    let kind = filter.kind;
    let words = filter.words.as_deref();
    let rows = if filter.newest_first {
        select_messages!(
            "and c.seq < $3 and ($4::chat_message_type is null or c.type = $4) and ($5::text is null or chat_holds(c.content, c.metadata, $5))
             order by c.seq desc limit $6",
            meeting.0,
            reader,
            after.unwrap_or(i64::MAX),
            kind as Option<MessageType>,
            words,
            limit,
        )
        .fetch_all(&mut **tx)
        .await?
    } else {
        select_messages!(
            "and c.seq > $3 and ($4::chat_message_type is null or c.type = $4) and ($5::text is null or chat_holds(c.content, c.metadata, $5))
             order by c.seq limit $6",
            meeting.0,
            reader,
            after.unwrap_or(0),
            kind as Option<MessageType>,
            words,
            limit,
        )
        .fetch_all(&mut **tx)
        .await?
    };
    Ok(rows.into_iter().map(|row| row.numbered(meeting)).collect())
}

/// One message.
pub async fn find(
    tx: &mut Tx,
    meeting: MeetingId,
    reader: Uuid,
    message: MessageId,
) -> sqlx::Result<Option<Message>> {
    let row =
        select_messages!("and c.id = $3", meeting.0, reader, message.0).fetch_optional(&mut **tx).await?;
    Ok(row.map(|row| row.numbered(meeting).1))
}

/// How the meeting of a message stands, whose message is locked until the transaction ends. `None` when there is none.
pub async fn lock(
    tx: &mut Tx,
    meeting: MeetingId,
    message: MessageId,
) -> sqlx::Result<Option<(MeetingStatus, Option<EndedBy>)>> {
    let row = sqlx::query!(
        r#"select m.status as "status: MeetingStatus", m.ended_by as "ended_by: EndedBy"
           from chat_messages c join meetings m on m.id = c.meeting_id
           where c.meeting_id = $1 and c.id = $2 for update of c"#,
        meeting.0,
        message.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.status, row.ended_by)))
}

/// Those of some people who are in the meeting, by their names.
pub async fn people(tx: &mut Tx, meeting: MeetingId, ids: &[Uuid]) -> sqlx::Result<Vec<Mentioned>> {
    let people = sqlx::query_scalar!(
        r#"select chat_people($1, $2) as "people!: Json<Vec<Mentioned>>""#,
        meeting.0,
        ids,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(people.0)
}

/// How a message changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "chat_change", rename_all = "snake_case")]
pub enum Change {
    /// Whoever wrote it put other words there.
    Edited,
    /// It was taken back.
    Deleted,
}

/// Stores a locked message as it is from now on, keeps what stood there, and tells the room.
pub async fn change(
    tx: &mut Tx,
    message: &Message,
    change: Change,
    by: &Attending,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let mentions: Vec<Uuid> = message.mentions.iter().map(|it| it.id).collect();
    sqlx::query!(
        "select change_message($1, $2, $3, $4, $5, $6, $7, $8)",
        message.id.0,
        change as Change,
        message.content,
        &mentions,
        by.id(),
        matches!(by, Attending::Guest(_)),
        at,
        // The vote in it would be its reader's.
        serde_json::json!(message),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How far somebody has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReadMark {
    /// The last message that they have read; `null` before the first.
    #[schema(value_type = Option<MessageId>)]
    pub message_id: Option<MessageId>,
    /// How many texts and polls of others came after it, up to 1000.
    pub unread: i64,
    /// In how many of them they are named.
    pub mentions: i64,
}

/// How far somebody has read.
pub async fn read_mark(tx: &mut Tx, meeting: MeetingId, reader: Uuid) -> sqlx::Result<ReadMark> {
    sqlx::query_as!(
        ReadMark,
        r#"select (select c.id from chat_messages c where c.meeting_id = $1 and c.seq = mark.seq) as "message_id: MessageId",
                  count(news) as "unread!", count(*) filter (where $2 = any (news.mentions)) as "mentions!"
           from (select coalesce((select r.seq from chat_reads r where r.meeting_id = $1 and r.reader = $2), 0) as seq) mark
           left join lateral (
               select c.mentions from chat_messages c
               where c.meeting_id = $1 and c.seq > mark.seq and c.type in ('text', 'poll') and c.deleted_at is null
                 and coalesce(c.sender_id, c.guest_id) is distinct from $2
               order by c.seq limit 1000) news on true
           group by mark.seq"#,
        meeting.0,
        reader,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Notes that somebody has read up to a message; never back. False when there is no such message.
pub async fn mark_read(
    tx: &mut Tx,
    meeting: MeetingId,
    reader: Uuid,
    message: MessageId,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into chat_reads as r (meeting_id, reader, organization_id, seq)
         select meeting_id, $2, organization_id, seq from chat_messages where meeting_id = $1 and id = $3
         on conflict (meeting_id, reader) do update set seq = greatest(r.seq, excluded.seq)",
        meeting.0,
        reader,
        message.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whose meeting it is.
pub async fn organization(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<OrganizationId> {
    sqlx::query_scalar!(
        r#"select organization_id as "id: OrganizationId" from meetings where id = $1"#,
        meeting.0
    )
    .fetch_one(&mut **tx)
    .await
}

/// What stood in a message before it was changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Version {
    /// How it was changed then.
    pub change: Change,
    /// What stood there until then.
    pub content: String,
    /// Who was named in it.
    pub mentions: Vec<Uuid>,
    /// When it was changed.
    pub changed_at: DateTime<Utc>,
    /// Who changed it: a user, or a guest.
    pub changed_by: Uuid,
}

/// What stood in messages before they were changed, the oldest first, each with the id of its message. Only the host and
/// officers who take part see any of it.
pub async fn versions(tx: &mut Tx, messages: &[Uuid]) -> sqlx::Result<Vec<(Uuid, Version)>> {
    let rows = sqlx::query!(
        r#"select message_id, change as "change: Change", content, mentions, changed_at, changed_by
           from chat_versions where message_id = any ($1) order by seq"#,
        messages,
    )
    .fetch_all(&mut **tx)
    .await?;
    let versions = rows.into_iter().map(|row| {
        let version = Version {
            change: row.change,
            content: row.content,
            mentions: row.mentions,
            changed_at: row.changed_at,
            changed_by: row.changed_by,
        };
        (row.message_id, version)
    });
    Ok(versions.collect())
}
