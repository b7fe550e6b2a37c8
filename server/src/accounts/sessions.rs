//! Endpoints of a person's own sessions: on which devices they are signed in, and how to end that.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use kernel::ids::SessionId;
use serde::Serialize;
use utoipa::ToSchema;

use super::store;
use crate::{
    access::caller::Caller,
    app::App,
    http::{Json, Listing, PageQuery, Path, Problem, Query, Result},
};

/// A sign-in of a person on a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionOut {
    /// Its id.
    pub id: SessionId,
    /// What the browser said of itself when it signed in (`User-Agent`).
    pub user_agent: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it last asked for a new access token.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is used.
    pub expires_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// One's own sessions, last used first.
#[utoipa::path(get, path = "/me/sessions", tag = "identity", params(PageQuery),
    responses((status = 200, body = Listing<SessionOut>), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<SessionOut>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    let found = store::sessions(&mut tx, caller.user_id, app.clock.now(), after, limit + 1).await?;
    let sessions = found
        .into_iter()
        .map(|session| SessionOut {
            id: session.id,
            user_agent: session.user_agent,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            is_current: Some(session.id) == caller.session_id(),
        })
        .collect();
    Ok(Json(Listing::from_one_more(sessions, limit, |session| (session.last_used_at, session.id))))
}

/// Ends one of one's own sessions, at once.
#[utoipa::path(delete, path = "/me/sessions/{id}", tag = "identity", operation_id = "end_session",
    params(("id" = SessionId, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn end(State(app): State<App>, caller: Caller, Path(id): Path<SessionId>) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    if !store::revoke_own(&mut tx, caller.user_id, id, app.clock.now()).await? {
        return Err(Problem::not_found("session"));
    }
    tx.commit().await?;
    app.ended.add([id]).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of one's own sessions but this one, at once.
#[utoipa::path(delete, path = "/me/sessions", tag = "identity", operation_id = "end_other_sessions",
    responses((status = 204), (status = 401, body = Problem)))]
pub async fn end_others(State(app): State<App>, caller: Caller) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let now = app.clock.now();
    let ended = store::revoke_all(&mut tx, caller.user_id, caller.session_id(), now).await?;
    tx.commit().await?;
    app.ended.add(ended).await;
    Ok(StatusCode::NO_CONTENT)
}
