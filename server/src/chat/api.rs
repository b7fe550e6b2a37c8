//! Endpoints of chat.

use axum::{extract::State, http::StatusCode};
use kernel::{
    db,
    ids::{MeetingId, MessageId, UserId},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    polls,
    rules::{self, MessageType},
    store::{self, Message, Posted, Sender},
};
use crate::{
    access::{guest::Attending, policy::Action},
    app::App,
    guests,
    http::{Json, Listing, PageQuery, Path, Problem, Query, Result},
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
}

/// Says something in a meeting: a text, a reaction, a hand that goes up or down, a poll. People who take part may,
/// before, during and after the meeting until it was ended for all; only the host and co-hosts open polls.
#[utoipa::path(post, path = "/meetings/{id}/chat", tag = "chat", params(("id" = MeetingId, Path)),
    request_body = NewMessage,
    responses((status = 201, body = Message), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn post(
    State(app): State<App>,
    attending: Attending,
    Path(id): Path<MeetingId>,
    Json(body): Json<NewMessage>,
) -> Result<(StatusCode, Json<Message>)> {
    let (content, metadata) = (body.content.unwrap_or_default(), body.metadata.unwrap_or_default());
    rules::check(body.kind, &content, &metadata)?;
    let now = app.clock.now();
    let mut message = Message {
        id: MessageId::new(now),
        meeting_id: id,
        sender: None,
        kind: body.kind,
        content,
        metadata: Value::Object(metadata),
        created_at: now,
        my_vote: None,
    };
    let posted = match attending {
        Attending::Person(caller) if message.kind.stands_alone() && !db::is_lent() => {
            // Most messages: one statement that is a transaction of its own.
            store::post(&app.pool, caller.user_id, &message).await?.ok_or_else(not_found)?
        }
        _ => post_with_more(&app, &attending, &message).await?,
    };
    accepted(&posted, &message)?;
    let is_guest = matches!(attending, Attending::Guest(_));
    message.sender = Some(Sender { id: attending.id(), name: posted.sender_name, is_guest });
    Ok((StatusCode::CREATED, Json(message)))
}

/// In a transaction with what belongs to it: a hand shows on the participant too, so lists of them are told as well; a
/// poll is there to be voted in.
async fn post_with_more(app: &App, attending: &Attending, message: &Message) -> Result<Posted> {
    if message.kind == MessageType::Poll {
        require_moderator(app, attending, message.meeting_id).await?;
    }
    let mut tx = app.begin_system().await?;
    let posted = match attending {
        Attending::Person(caller) => {
            store::post(&mut *tx, caller.user_id, message).await?.ok_or_else(not_found)?
        }
        Attending::Guest(guest) => {
            guests::require(&mut tx, *guest, message.meeting_id).await?;
            store::post_as_guest(&mut *tx, guest.guest_id, message).await?.ok_or_else(not_found)?
        }
    };
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
fn accepted(posted: &Posted, message: &Message) -> Result<()> {
    if !posted.takes_part {
        return Err(Problem::forbidden("Only people who are invited to this meeting may do this."));
    }
    if posted.banned {
        return Err(Problem::new(StatusCode::FORBIDDEN, "BANNED", "You were removed from this meeting."));
    }
    let at = message.created_at;
    MeetingState::from_columns(posted.status, at, None, None, posted.ended_by, None)
        .open()
        .map_err(refused)?;
    posted
        .number
        .map(drop)
        .ok_or_else(|| Problem::internal("the database refused a message that the rules allow"))
}

/// The chat of a meeting, oldest first. People who take part may read it.
#[utoipa::path(get, path = "/meetings/{id}/chat", tag = "chat", params(("id" = MeetingId, Path), PageQuery),
    responses((status = 200, body = Listing<Message>), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    attending: Attending,
    Path(id): Path<MeetingId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<Message>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin_for(&attending).await?;
    room::require_follower(&mut tx, &attending, id).await?;
    let found = store::list(&mut tx, id, attending.id(), after, limit + 1).await?;
    let Listing { items, next_cursor } = Listing::from_one_more(found, limit, |(seq, _)| *seq);
    Ok(Json(Listing { items: items.into_iter().map(|(_, message)| message).collect(), next_cursor }))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::meetings::model::{EndedBy, MeetingStatus};

    #[test]
    fn each_refusal_has_its_code_and_strangers_learn_nothing_of_the_state() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let message = Message {
            id: MessageId::new(now),
            meeting_id: MeetingId::new(now),
            sender: Some(Sender { id: UserId::new(now).0, name: "A".into(), is_guest: false }),
            kind: MessageType::Text,
            content: "a".into(),
            metadata: Value::Null,
            created_at: now,
            my_vote: None,
        };
        let code = |change: &dyn Fn(&mut Posted)| {
            let mut posted = Posted {
                number: Some(1),
                status: MeetingStatus::InProgress,
                ended_by: None,
                takes_part: true,
                banned: false,
                sender_name: "A".into(),
            };
            change(&mut posted);
            accepted(&posted, &message).map_err(|problem| problem.code)
        };
        assert_eq!(code(&|_| ()), Ok(()));
        assert_eq!(code(&|p| (p.takes_part, p.status) = (false, MeetingStatus::Cancelled)), Err("FORBIDDEN"));
        assert_eq!(code(&|p| p.banned = true), Err("BANNED"));
        assert_eq!(code(&|p| p.status = MeetingStatus::Cancelled), Err("MEETING_CANCELLED"));
        let over = |by| move |p: &mut Posted| (p.status, p.ended_by) = (MeetingStatus::Completed, Some(by));
        assert_eq!(code(&over(EndedBy::Host)), Err("MEETING_ENDED"));
        assert_eq!(code(&over(EndedBy::RoomEmpty)), Ok(()));
        assert_eq!(code(&|p| p.number = None), Err("INTERNAL"));
    }
}
