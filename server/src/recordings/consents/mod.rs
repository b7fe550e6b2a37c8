//! What people answer to the notice that they are being recorded.

mod store;

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use kernel::ids::{GuestId, RecordingConsentId, RecordingId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    api::{ended, no_recording, owned},
    store::find,
};
use crate::{
    access::{Caller, guest::Attending},
    app::App,
    http::{Json, Listing, PageQuery, Path, Problem, Query, Result},
    room,
};

/// An answer to the notice.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ConsentAnswer {
    /// Whether they agree to be recorded.
    pub accepted: bool,
}

/// Says whether one agrees to be recorded. Whoever takes part may, and change their mind; each answer is kept.
#[utoipa::path(post, path = "/recordings/{id}/consent", tag = "recordings", operation_id = "answer_recording",
    params(("id" = RecordingId, Path)), request_body = ConsentAnswer,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn answer(
    State(app): State<App>,
    who: Attending,
    Path(id): Path<RecordingId>,
    Json(body): Json<ConsentAnswer>,
) -> Result<StatusCode> {
    let now = app.clock.now();
    let mut tx = app.begin_system().await?;
    // Whoever takes part knows that there is a recording, even if they may not see it.
    let recording = find(&mut tx, id).await?.ok_or_else(no_recording)?;
    let follows = room::require_follower(&mut tx, &who, recording.meeting_id).await;
    follows.map_err(|refusal| if refusal.status.is_client_error() { no_recording() } else { refusal })?;
    let (user, guest) = match &who {
        Attending::Person(caller) => (Some(caller.user_id), None),
        Attending::Guest(guest) => (None, Some(guest.guest_id)),
    };
    if !recording.status.is_active() {
        return Err(ended());
    }
    let said = store::Said { recording: id, user, guest, accepted: body.accepted };
    store::add(&mut tx, &said, now).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What somebody answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordingConsent {
    #[serde(skip)]
    pub(super) id: RecordingConsentId,
    /// Who; `null` for a guest.
    pub user_id: Option<UserId>,
    /// Which guest; `null` for a member.
    pub guest_id: Option<GuestId>,
    /// Their name.
    pub name: Option<String>,
    /// Whether they agreed.
    pub accepted: bool,
    /// When.
    pub answered_at: DateTime<Utc>,
}

/// What people answered to the notice of a recording, the latest first. The host sees it, and whoever has
/// `recordings.manage`.
#[utoipa::path(get, path = "/recordings/{id}/consents", tag = "recordings", operation_id = "consents_of_recording",
    params(("id" = RecordingId, Path), PageQuery),
    responses((status = 200, body = Listing<RecordingConsent>), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<RecordingConsent>>> {
    let (limit, after) = (page.limit()?, page.after::<RecordingConsentId>()?);
    let mut tx = app.begin(&caller).await?;
    owned(&mut tx, &caller, id).await?;
    let found = store::list(&mut tx, id, after, limit + 1).await?;
    Ok(Json(Listing::from_one_more(found, limit, |consent| consent.id)))
}
