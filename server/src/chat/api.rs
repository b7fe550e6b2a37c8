//! Endpoints of chat.

use axum::{extract::State, http::StatusCode, response::Response};
use kernel::{
    db::{self, Actor},
    ids::{MeetingId, MessageId, UserId},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    polls,
    rules::{self, MessageType},
    store::{self, Filter, Mentioned, Message, Posted, Sender},
};
use crate::{
    access::{guest::Attending, policy::Action},
    app::App,
    guests,
    http::{Checks, Conditions, Json, Listing, PageQuery, Path, Problem, Query, Result},
    meetings::{
        api::{not_found, refused, require},
        model::State as MeetingState,
    },
    participants, room,
};

/// Something to say.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewMessage {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// A text of 1 to 4000 characters; for a reaction one emoji.
    #[serde(default)]
    pub content: Option<String>,
    /// What belongs to it, at most 8 KiB. A poll has `question` and 2 to 20 `options`, and may have `multiple`, `secret`,
    /// `weighted` and `guests_may_vote` (all false unless said), `show_results` (`live`, or `after_closing` as always in a
    /// secret poll), `majority` (`plurality`, `simple`, `absolute`, `two_thirds`) and `quorum_percent` (1 to 100).
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    /// The message of this meeting that a text answers: a text or a poll that was not deleted.
    #[serde(default)]
    pub reply_to: Option<MessageId>,
    /// Whom a text names: at most 50 people of the meeting, users and guests. The text says it in words too.
    #[serde(default)]
    pub mentions: Vec<Uuid>,
}

/// Says something in a meeting: a text, a reaction, a hand that goes up or down, a poll. People who take part may,
/// before, during and after the meeting until it was ended for all; only the host and co-hosts open polls. Nobody says
/// more than 30 things at once and 3 a second for long.
#[utoipa::path(post, path = "/meetings/{id}/chat", tag = "chat", params(("id" = MeetingId, Path)),
    request_body = NewMessage,
    responses((status = 201, body = Message), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn post(
    State(app): State<App>,
    attending: Attending,
    Path(id): Path<MeetingId>,
    Json(body): Json<NewMessage>,
) -> Result<(StatusCode, Json<Message>)> {
    let (content, metadata) = (body.content.unwrap_or_default(), body.metadata.unwrap_or_default());
    rules::check(body.kind, &content, &metadata)?;
    rules::check_references(body.kind, body.reply_to.is_some(), &body.mentions)?;
    app.throttles.messages.keep(id.0, attending.id())?;
    let now = app.clock.now();
    let message = Message {
        reply_to: body.reply_to,
        ..Message::new(MessageId::new(now), id, body.kind, content, Value::Object(metadata), now)
    };
    let posted = match attending {
        Attending::Person(_) if message.kind.stands_alone() && !db::is_lent() => {
            // Most messages: one statement that is a transaction of its own.
            store::post(&app.pool, &attending, &message, &body.mentions).await?.ok_or_else(not_found)?
        }
        _ => post_with_more(&app, &attending, &message, &body.mentions).await?,
    };
    accepted(&posted, &message, &body.mentions)?;
    let is_guest = matches!(attending, Attending::Guest(_));
    let sender = Some(Sender { id: attending.id(), name: posted.sender_name, is_guest });
    Ok((StatusCode::CREATED, Json(Message { sender, mentions: posted.named.0, ..message })))
}

/// In a transaction with what belongs to it: a hand shows on the participant too, so lists of them are told as well; a
/// poll is there to be voted in.
async fn post_with_more(
    app: &App,
    attending: &Attending,
    message: &Message,
    mentions: &[Uuid],
) -> Result<Posted> {
    if message.kind == MessageType::Poll {
        require_moderator(app, attending, message.meeting_id).await?;
    }
    let mut tx = app.begin_system().await?;
    if let Attending::Guest(guest) = attending {
        guests::require(&mut tx, *guest, message.meeting_id).await?;
    }
    let posted = store::post(&mut *tx, attending, message, mentions).await?.ok_or_else(not_found)?;
    if posted.number.is_some() {
        if message.kind.is_hand() {
            participants::announce(&mut tx, message.meeting_id, UserId(attending.id())).await?;
        }
        if let (MessageType::Poll, Value::Object(metadata)) = (message.kind, &message.metadata) {
            polls::open(&mut tx, message.id, metadata).await?;
        }
        tx.commit().await?;
    }
    Ok(posted)
}

/// Who opens a poll moderates the meeting.
async fn require_moderator(app: &App, attending: &Attending, meeting: MeetingId) -> Result<()> {
    let mut tx = app.begin_for(attending).await?;
    room::require_follower(&mut tx, attending, meeting).await?;
    match attending {
        Attending::Person(caller) => require(&mut tx, caller, meeting, Action::Moderate).await.map(drop),
        Attending::Guest(_) => Err(Problem::forbidden("Only the host and co-hosts may do this.")),
    }
}

/// Why a message was not stored.
fn accepted(posted: &Posted, message: &Message, mentions: &[Uuid]) -> Result<()> {
    if !posted.takes_part {
        return Err(Problem::forbidden("Only people who are invited to this meeting may do this."));
    }
    if posted.banned {
        return Err(Problem::new(StatusCode::FORBIDDEN, "BANNED", "You were removed from this meeting."));
    }
    if posted.allowed == Some(false) {
        return Err(not_allowed());
    }
    let at = message.created_at;
    MeetingState::from_columns(posted.status, at, None, None, posted.ended_by, None)
        .open()
        .map_err(refused)?;
    if !posted.answers {
        let detail = "The message that this answers is not there.";
        return Err(Problem::invalid_field("/reply_to", "NOT_FOUND", detail));
    }
    refuse_strangers(mentions, &posted.named)?;
    posted
        .number
        .map(drop)
        .ok_or_else(|| Problem::internal("the database refused a message that the rules allow"))
}

/// 403 for whom a host has forbidden it.
pub(super) fn not_allowed() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "NOT_ALLOWED",
        "The host does not allow you to do this at the moment.",
    )
}

/// 422 with a pointer to everybody who is named and not in the meeting.
pub(super) fn refuse_strangers(mentions: &[Uuid], found: &[Mentioned]) -> Result<()> {
    participants::require_there(mentions, "/mentions", |id| found.iter().any(|person| person.id == *id))
}

/// Which messages are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChatQuery {
    /// Words that stand in the text or in a poll's question, at most 200 characters, in whatever case and accents.
    pub q: Option<String>,
    /// Only messages of one type.
    #[serde(rename = "type")]
    pub kind: Option<MessageType>,
    /// `created_at`, or `-created_at` for the newest first; `created_at` when absent. A cursor goes on in its own order.
    pub order: Option<String>,
}

impl ChatQuery {
    fn filter(self) -> Result<Filter> {
        let mut checks = Checks::default();
        if let Some(words) = &self.q {
            checks.text(words, "/q", 1..=200);
        }
        let newest_first = match self.order.as_deref() {
            None | Some("created_at") => Some(false),
            Some("-created_at") => Some(true),
            Some(_) => None,
        };
        let detail = "The order is created_at, or -created_at for the newest first.";
        checks.require(newest_first.is_some(), "/order", "INVALID", detail);
        checks.done()?;
        let words = self.q.map(|words| words.trim().to_owned());
        Ok(Filter { words, kind: self.kind, newest_first: newest_first.unwrap_or_default() })
    }
}

/// The chat of a meeting, oldest first unless asked otherwise. People who take part may read it.
#[utoipa::path(get, path = "/meetings/{id}/chat", tag = "chat",
    params(("id" = MeetingId, Path), ChatQuery, PageQuery),
    responses((status = 200, body = Listing<Message>), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    attending: Attending,
    Path(id): Path<MeetingId>,
    Query(wanted): Query<ChatQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<Message>>> {
    let (limit, after, filter) = (page.limit()?, page.after()?, wanted.filter()?);
    let mut tx = app.begin_for(&attending).await?;
    room::require_follower(&mut tx, &attending, id).await?;
    if filter.words.is_some() {
        // A search looks at all messages; asking for each again whether it may be seen would cost more than the search.
        tx.act_for(Actor::System).await?;
    }
    let found = store::list(&mut tx, id, attending.id(), &filter, after, limit + 1).await?;
    let Listing { items, next_cursor } = Listing::from_one_more(found, limit, |(seq, _)| *seq);
    Ok(Json(Listing { items: items.into_iter().map(|(_, message)| message).collect(), next_cursor }))
}

/// One message. People who take part may read it.
#[utoipa::path(get, path = "/meetings/{id}/chat/{message}", tag = "chat",
    params(("id" = MeetingId, Path), ("message" = MessageId, Path)),
    responses((status = 200, body = Message), (status = 304), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    attending: Attending,
    conditions: Conditions,
    Path((id, message)): Path<(MeetingId, MessageId)>,
) -> Result<Response> {
    let mut tx = app.begin_for(&attending).await?;
    room::require_follower(&mut tx, &attending, id).await?;
    let found = store::find(&mut tx, id, attending.id(), message).await?.ok_or_else(no_message)?;
    conditions.answer(&found)
}

/// 404 for a message.
pub(super) fn no_message() -> Problem {
    Problem::not_found("message")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::meetings::model::{EndedBy, MeetingStatus};

    #[test]
    fn each_refusal_has_its_code_and_strangers_learn_nothing_of_the_state() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let text = MessageType::Text;
        let message =
            Message::new(MessageId::new(now), MeetingId::new(now), text, "a".into(), Value::Null, now);
        let stranger = Uuid::from_u128(1);
        let code = |change: &dyn Fn(&mut Posted)| {
            let mut posted = Posted {
                number: Some(1),
                status: MeetingStatus::InProgress,
                ended_by: None,
                takes_part: true,
                banned: false,
                allowed: Some(true),
                sender_name: "A".into(),
                answers: true,
                named: sqlx::types::Json(vec![Mentioned { id: stranger, name: "B".into() }]),
            };
            change(&mut posted);
            accepted(&posted, &message, &[stranger]).map_err(|problem| problem.code)
        };
        assert_eq!(code(&|_| ()), Ok(()));
        assert_eq!(code(&|p| (p.takes_part, p.status) = (false, MeetingStatus::Cancelled)), Err("FORBIDDEN"));
        assert_eq!(code(&|p| p.banned = true), Err("BANNED"));
        assert_eq!(code(&|p| p.status = MeetingStatus::Cancelled), Err("MEETING_CANCELLED"));
        let over = |by| move |p: &mut Posted| (p.status, p.ended_by) = (MeetingStatus::Completed, Some(by));
        assert_eq!(code(&over(EndedBy::Host)), Err("MEETING_ENDED"));
        assert_eq!(code(&over(EndedBy::RoomEmpty)), Ok(()));
        assert_eq!(code(&|p| p.answers = false), Err("VALIDATION_FAILED"));
        assert_eq!(code(&|p| p.named.0.clear()), Err("VALIDATION_FAILED"));
        assert_eq!(code(&|p| p.number = None), Err("INTERNAL"));
    }
}
