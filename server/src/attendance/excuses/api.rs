//! Endpoints of excuses, for the host, co-hosts and officers.

use axum::{extract::State, http::StatusCode};
use kernel::{
    db::{Actor, Tx},
    ids::{MeetingId, UserId},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Excuse, store};
use crate::{
    access::{Caller, policy::Action},
    app::App,
    http::{Checks, Json, Path, Problem, Result},
    meetings::api::require,
    participants::api::no_participant,
};

/// Why somebody is excused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExcuse {
    /// 1 to 500 characters, without the space around them.
    pub reason: String,
}

/// Excuses somebody on the list from a meeting, before, while or after it takes place; once more changes the reason. The
/// host, co-hosts and officers may.
#[utoipa::path(put, path = "/meetings/{id}/participants/{user}/excuse", tag = "attendance",
    params(("id" = MeetingId, Path), ("user" = UserId, Path)), request_body = NewExcuse,
    responses((status = 200, body = Excuse), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn excuse(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(MeetingId, UserId)>,
    Json(body): Json<NewExcuse>,
) -> Result<Json<Excuse>> {
    let reason = body.reason.trim();
    Checks::default().text(reason, "/reason", 1..=500).done()?;
    let mut tx = begin(&app, &caller, id, user).await?;
    store::write(&mut tx, id, user, reason, caller.user_id, app.clock.now()).await?;
    let excuse = store::read(&mut tx, id, user).await?.ok_or_else(no_participant)?;
    tx.commit().await?;
    Ok(Json(excuse))
}

/// Takes an excuse back. The host, co-hosts and officers may; where there is none nothing changes.
#[utoipa::path(delete, path = "/meetings/{id}/participants/{user}/excuse", tag = "attendance", operation_id = "take_back_excuse",
    params(("id" = MeetingId, Path), ("user" = UserId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn take_back(
    State(app): State<App>,
    caller: Caller,
    Path((id, user)): Path<(MeetingId, UserId)>,
) -> Result<StatusCode> {
    let mut tx = begin(&app, &caller, id, user).await?;
    store::delete(&mut tx, id, user).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A transaction in which an excuse of somebody on the list can be written, for whoever may.
async fn begin(app: &App, caller: &Caller, id: MeetingId, user: UserId) -> Result<Tx> {
    let mut tx = app.begin(caller).await?;
    require(&mut tx, caller, id, Action::Excuse).await?;
    // Excuses belong to the record, which only the system writes.
    tx.act_for(Actor::System).await?;
    store::is_listed(&mut tx, id, user).await?.then_some(tx).ok_or_else(no_participant)
}
