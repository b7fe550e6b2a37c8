//! Words that are changed and taken back. The room sees what stands there now, the record keeps what stood there.

use axum::{extract::State, http::StatusCode};
use kernel::{
    db::{Actor, Tx},
    ids::{MeetingId, MessageId, UserId},
};
use serde::Deserialize;
use serde_json::Map;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    api::{no_message, not_allowed, refuse_strangers},
    rules::{self, Author, MessageType},
    store::{self, Change, Message},
};
use crate::{
    access::{guest::Attending, policy::Action},
    app::App,
    http::{Conditions, Json, Path, Problem, Result, Tagged},
    meetings::{
        api::{refused, require},
        model::{EndedBy, MeetingStatus, State as MeetingState},
    },
    participants, room,
};

/// Other words for a message.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MessageChange {
    /// What stands there from now on: 1 to 4000 characters.
    pub content: String,
    /// Whom it names from now on: at most 50 people of the meeting.
    #[serde(default)]
    pub mentions: Vec<Uuid>,
}

/// Changes the words of one's own text, as long as the meeting takes messages. The room sees that it was changed; what
/// stood there before is kept for the host and officers.
#[utoipa::path(patch, path = "/meetings/{id}/chat/{message}", tag = "chat",
    params(("id" = MeetingId, Path), ("message" = MessageId, Path)), request_body = MessageChange,
    responses((status = 200, body = Message), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn edit(
    State(app): State<App>,
    attending: Attending,
    conditions: Conditions,
    Path((id, message)): Path<(MeetingId, MessageId)>,
    Json(body): Json<MessageChange>,
) -> Result<Tagged<Message>> {
    rules::check(MessageType::Text, &body.content, &Map::new())?;
    rules::check_references(MessageType::Text, false, &body.mentions)?;
    app.throttles.messages.keep(id.0, attending.id())?;
    let mut tx = app.begin_for(&attending).await?;
    let (found, status, ended_by) = lock(&mut tx, &attending, id, message).await?;
    let me = participants::find(&mut tx, id, UserId(attending.id())).await?;
    if me.is_some_and(|me| !me.rights.can_chat) {
        return Err(not_allowed());
    }
    rules::may_edit(author(&mut tx, &attending, &found).await?, found.kind, found.deleted_at.is_some())?;
    let now = app.clock.now();
    MeetingState::from_columns(status, now, None, None, ended_by, None).open().map_err(refused)?;
    conditions.unchanged(&found)?;
    let mentions = store::people(&mut tx, id, &body.mentions).await?;
    refuse_strangers(&body.mentions, &mentions)?;
    if found.content == body.content && found.mentions == mentions {
        return Ok(Tagged(found));
    }
    let changed = Message { content: body.content, mentions, edited_at: Some(now), ..found };
    store::change(&mut tx, &changed, Change::Edited, &attending, now).await?;
    tx.commit().await?;
    Ok(Tagged(changed))
}

/// Takes a text or a reaction back. Whoever wrote it may, and the host and co-hosts may for everybody, also when the
/// meeting is over. The room sees that something was deleted; what stood there is kept for the host and officers.
#[utoipa::path(delete, path = "/meetings/{id}/chat/{message}", tag = "chat",
    params(("id" = MeetingId, Path), ("message" = MessageId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    attending: Attending,
    Path((id, message)): Path<(MeetingId, MessageId)>,
) -> Result<StatusCode> {
    let mut tx = app.begin_for(&attending).await?;
    let (found, ..) = lock(&mut tx, &attending, id, message).await?;
    rules::may_delete(author(&mut tx, &attending, &found).await?, found.kind, found.deleted_at.is_some())?;
    let now = app.clock.now();
    let deleted = Message { content: String::new(), mentions: Vec::new(), deleted_at: Some(now), ..found };
    store::change(&mut tx, &deleted, Change::Deleted, &attending, now).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A message for somebody who takes part, locked, and how its meeting stands. From here on the transaction acts for the
/// system: messages and what is kept of them are changed by nobody else.
async fn lock(
    tx: &mut Tx,
    attending: &Attending,
    id: MeetingId,
    message: MessageId,
) -> Result<(Message, MeetingStatus, Option<EndedBy>)> {
    room::require_follower(tx, attending, id).await?;
    tx.act_for(Actor::System).await?;
    let (status, ended_by) = store::lock(tx, id, message).await?.ok_or_else(no_message)?;
    let found = store::find(tx, id, attending.id(), message).await?.ok_or_else(no_message)?;
    Ok((found, status, ended_by))
}

async fn author(tx: &mut Tx, attending: &Attending, message: &Message) -> Result<Author> {
    let own = message.sender.as_ref().is_some_and(|sender| sender.id == attending.id());
    let moderates = match attending {
        Attending::Person(caller) if !own => {
            is_allowed(require(tx, caller, message.meeting_id, Action::Moderate).await)?
        }
        _ => false,
    };
    Ok(Author { own, moderates })
}

/// Whether a question for a right was answered with yes; what is no answer stays a problem.
fn is_allowed<T>(answer: Result<T>) -> Result<bool> {
    match answer {
        Ok(_) => Ok(true),
        Err(Problem { status: StatusCode::FORBIDDEN, .. }) => Ok(false),
        Err(problem) => Err(problem),
    }
}
