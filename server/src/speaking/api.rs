//! Where pages tell when their own person spoke.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use kernel::{db, ids::MeetingId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    rules::{self, SpokenStretch},
    store,
};
use crate::{
    access::guest::Attending,
    app::App,
    http::{Json, Path, Problem, Result},
    meetings::api::not_found,
};

/// When the caller spoke, as their device knows it.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Spoken {
    /// At most 200 stretches of the last 15 minutes, in any order.
    pub stretches: Vec<SpokenStretch>,
    /// What the device's clock says now: where it is wrong by more than 5 seconds, all times are moved by that.
    #[serde(default)]
    pub sent_at: Option<DateTime<Utc>>,
}

/// Takes when the caller spoke in a meeting's room, as their own device knows it from LiveKit's speaker updates; what counts is
/// only what lies inside of the caller's own connections, and what was told before counts once. People who take part may,
/// while they are in the room and two minutes after. 409 `NOT_MEASURED` where the organization does not want to know, 409
/// `NOT_IN_ROOM` for whoever is not there.
#[utoipa::path(post, path = "/meetings/{id}/speaking", tag = "attendance", operation_id = "speaking",
    params(("id" = MeetingId, Path)), request_body = Spoken,
    responses((status = 204, description = "Stored, now or before"), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn record(
    State(app): State<App>,
    attending: Attending,
    Path(id): Path<MeetingId>,
    Json(body): Json<Spoken>,
) -> Result<StatusCode> {
    let now = app.clock.now();
    let stretches = rules::accept(&body.stretches, rules::moved_by(body.sent_at, now), now)?;
    app.throttles.speaking.keep(id.0, attending.id())?;
    let recorded = if db::is_lent() {
        let mut tx = app.begin_system().await?;
        let recorded = store::record(&mut *tx, &attending, id, &stretches, now).await?;
        tx.commit().await?;
        recorded
    } else {
        // One statement that is a transaction of its own.
        store::record(&app.pool, &attending, id, &stretches, now).await?
    };
    let recorded = recorded.ok_or_else(not_found)?;
    if !recorded.takes_part {
        return Err(Problem::forbidden("Only people who are invited to this meeting may do this."));
    }
    if recorded.banned {
        return Err(Problem::new(StatusCode::FORBIDDEN, "BANNED", "You were removed from this meeting."));
    }
    if !recorded.measured {
        let detail = "This organization does not measure how long people speak.";
        return Err(Problem::conflict("NOT_MEASURED", detail));
    }
    if !recorded.was_there {
        return Err(Problem::conflict("NOT_IN_ROOM", "You are not in the room of this meeting."));
    }
    Ok(StatusCode::NO_CONTENT)
}
