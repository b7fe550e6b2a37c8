//! Suspended organizations: row-level security hides what is in them, and whoever meets that is told why.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use kernel::db;
use uuid::Uuid;

use super::store;
use crate::{app::App, http::Problem};

/// 403 while an organization is suspended.
pub fn suspended() -> Problem {
    let detail = "This organization is suspended at the moment. Its data is kept; please ask the administrators of the platform.";
    Problem::new(StatusCode::FORBIDDEN, "ORGANIZATION_SUSPENDED", detail)
}

/// Makes a 403 of a 404 where something was not found only because its organization is suspended.
pub async fn tell(State(app): State<App>, request: Request, next: Next) -> Response {
    let thing = request.uri().path().split('/').find_map(|part| part.parse::<Uuid>().ok());
    let response = next.run(request).await;
    let (StatusCode::NOT_FOUND, Some(thing), (_, Some(caller))) = (response.status(), thing, db::request())
    else {
        return response;
    };
    match is_suspended(&app, caller, thing).await {
        Ok(true) => suspended().into_response(),
        _ => response,
    }
}

async fn is_suspended(app: &App, caller: db::Actor, thing: Uuid) -> sqlx::Result<bool> {
    let mut tx = db::begin(&app.pool, caller).await?;
    store::is_suspended(&mut tx, thing).await
}
