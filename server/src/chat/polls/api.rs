//! Endpoints of polls: voting and closing. Asking is posting a message of type `poll`.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use kernel::{
    db::{self, Actor},
    ids::{MeetingId, MessageId},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{rules, store};
use crate::{
    access::{Caller, guest::Attending, policy::Action, throttle::Turns},
    app::App,
    chat::store::{Message, MyVote},
    guests,
    http::{Json, Path, Problem, Result},
    meetings::{
        self,
        api::{refused, require},
        model::State as MeetingState,
    },
};

/// Votes that are counted at once.
static TURNS: Turns = Turns::new(8);

/// A vote.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewVote {
    /// The numbers of the chosen options, the first being 0. One, unless the poll takes several.
    #[schema(value_type = Vec<u16>)]
    pub choices: Vec<i64>,
}

/// Votes in a poll. Whoever takes part in the meeting may, guests where the poll lets them. While an open poll is not
/// closed a person may vote again, and the last vote counts; in a secret one the first is final, because nobody knows
/// which it was: 409 `ALREADY_VOTED`. Answers 200, so that nothing of a vote is kept for an `Idempotency-Key`.
#[utoipa::path(post, path = "/meetings/{id}/polls/{message}/votes", tag = "chat",
    params(("id" = MeetingId, Path), ("message" = MessageId, Path)), request_body = NewVote,
    responses((status = 200, body = Message), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn vote(
    State(app): State<App>,
    attending: Attending,
    Path((id, message)): Path<(MeetingId, MessageId)>,
    Json(body): Json<NewVote>,
) -> Result<Json<Message>> {
    app.throttles.messages.keep(id.0, attending.id())?;
    let choices = rules::sorted(&body.choices);
    let turn = TURNS.take().await?;
    let found = if db::is_lent() || matches!(attending, Attending::Guest(_)) {
        cast_with_more(&app, &attending, id, message, &choices).await?
    } else {
        store::cast(&app.pool, &attending, id, message, &choices).await?
    };
    drop(turn);
    let asked = counted(found, &attending, &body.choices, app.clock.now())?;
    let my_vote = MyVote { choices: (!asked.secret).then_some(choices) };
    Ok(Json(Message { my_vote: Some(my_vote), ..asked.message }))
}

/// In a transaction with what belongs to it.
async fn cast_with_more(
    app: &App,
    attending: &Attending,
    id: MeetingId,
    message: MessageId,
    choices: &[i16],
) -> Result<Option<store::Cast>> {
    let mut tx = app.begin_system().await?;
    if let Attending::Guest(guest) = attending {
        guests::require(&mut tx, *guest, id).await?;
    }
    let found = store::cast(&mut *tx, attending, id, message, choices).await?;
    tx.commit().await?;
    Ok(found)
}

/// The poll in which a vote was counted, or why it was not.
fn counted(
    found: Option<store::Cast>,
    attending: &Attending,
    given: &[i64],
    now: DateTime<Utc>,
) -> Result<store::Asked> {
    let found = found.ok_or_else(meetings::api::not_found)?;
    if !found.takes_part {
        return Err(Problem::forbidden("Only people who are invited to this meeting may do this."));
    }
    if found.banned {
        return Err(Problem::new(StatusCode::FORBIDDEN, "BANNED", "You were removed from this meeting."));
    }
    let asked = found.asked.ok_or_else(not_found)?;
    if asked.counted {
        return Ok(asked);
    }
    if matches!(attending, Attending::Guest(_)) && !asked.guests_may_vote {
        let detail = "Guests may not vote in this poll.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "GUESTS_MAY_NOT_VOTE", detail));
    }
    if asked.closed {
        return Err(closed());
    }
    MeetingState::from_columns(found.status, now, None, None, found.ended_by, None)
        .open()
        .map_err(refused)?;
    rules::check_choices(asked.options, asked.multiple, given)?;
    if asked.secret {
        let detail = "You have voted already. A vote in a secret poll is final.";
        return Err(Problem::conflict("ALREADY_VOTED", detail));
    }
    Err(Problem::internal("the database refused a vote that the rules allow"))
}

/// Closes a poll: nobody votes any more, and its result becomes part of the record. Host and co-hosts may.
#[utoipa::path(post, path = "/meetings/{id}/polls/{message}/close", tag = "chat",
    params(("id" = MeetingId, Path), ("message" = MessageId, Path)),
    responses((status = 200, body = Message), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub async fn close(
    State(app): State<App>,
    caller: Caller,
    Path((id, message)): Path<(MeetingId, MessageId)>,
) -> Result<Json<Message>> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::Moderate).await?;
    tx.act_for(Actor::System).await?;
    let poll = store::lock(&mut tx, id, message).await?.ok_or_else(not_found)?;
    if poll.closed_at.is_some() {
        return Err(closed());
    }
    let metadata = super::close(&mut tx, &poll, caller.user_id, app.clock.now()).await?;
    tx.commit().await?;
    Ok(Json(Message { metadata, ..poll.message }))
}

fn closed() -> Problem {
    Problem::conflict("POLL_CLOSED", "This poll is closed.")
}

fn not_found() -> Problem {
    Problem::not_found("poll")
}
