//! How far everybody has read: kept here, so that it is the same after a reload and on every device.

use axum::extract::State;
use kernel::{
    db::Actor,
    ids::{MeetingId, MessageId},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::store::{self, ReadMark};
use crate::{
    access::guest::Attending,
    app::App,
    http::{Json, Path, Problem, Result},
    room,
};

/// How far one has read in a meeting's chat, and what is unread. People who take part may ask, each for themselves.
#[utoipa::path(get, path = "/meetings/{id}/chat/read", tag = "chat", params(("id" = MeetingId, Path)),
    responses((status = 200, body = ReadMark), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn read_mark(
    State(app): State<App>,
    attending: Attending,
    Path(id): Path<MeetingId>,
) -> Result<Json<ReadMark>> {
    let mut tx = app.begin_for(&attending).await?;
    room::require_follower(&mut tx, &attending, id).await?;
    tx.act_for(Actor::System).await?;
    Ok(Json(store::read_mark(&mut tx, id, attending.id()).await?))
}

/// Up to where one has read.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewReadMark {
    /// The last message that was read.
    pub message_id: MessageId,
}

/// Notes up to where one has read; a mark never goes back. Answers with what is unread then.
#[utoipa::path(put, path = "/meetings/{id}/chat/read", tag = "chat", params(("id" = MeetingId, Path)),
    request_body = NewReadMark,
    responses((status = 200, body = ReadMark), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn mark(
    State(app): State<App>,
    attending: Attending,
    Path(id): Path<MeetingId>,
    Json(body): Json<NewReadMark>,
) -> Result<Json<ReadMark>> {
    let mut tx = app.begin_for(&attending).await?;
    room::require_follower(&mut tx, &attending, id).await?;
    tx.act_for(Actor::System).await?;
    if !store::mark_read(&mut tx, id, attending.id(), body.message_id).await? {
        let detail = "There is no such message in this meeting.";
        return Err(Problem::invalid_field("/message_id", "NOT_FOUND", detail));
    }
    let mark = store::read_mark(&mut tx, id, attending.id()).await?;
    tx.commit().await?;
    Ok(Json(mark))
}
