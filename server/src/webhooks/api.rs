//! The endpoint for LiveKit.

use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::{StatusCode, header},
};

use crate::{
    app::App,
    http::{Problem, Result},
    livekit::events,
};

/// Largest body of a webhook, in bytes.
const BODY_LIMIT: usize = 2 * 1024 * 1024;
/// Seconds after which LiveKit may try again what could not be stored. It tries five times, so it bridges twenty
/// seconds; what is lost beyond them, the comparison with LiveKit repairs.
const RETRY_AFTER: u64 = 5;

/// Takes an event of LiveKit: 200 once it is stored, or was stored before.
#[utoipa::path(post, path = "/api/v1/webhooks/livekit", tag = "webhooks", security(()),
    request_body(content = String, content_type = "application/webhook+json"),
    responses((status = 200, description = "Stored, now or before"), (status = 400, body = Problem),
              (status = 403, body = Problem), (status = 413, body = Problem), (status = 503, body = Problem)))]
pub async fn livekit(State(app): State<App>, request: Request) -> Result<StatusCode> {
    let stored = store(&app, request).await;
    if let Err(problem) = &stored {
        let is_away = problem.status == StatusCode::SERVICE_UNAVAILABLE;
        super::count(if is_away { "not_stored" } else { "refused" }, 1);
    }
    stored
}

async fn store(app: &App, request: Request) -> Result<StatusCode> {
    let received_at = app.clock.now();
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT)
        .await
        .map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", "The request is too large."))?;
    let signature =
        head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    app.webhook_signatures.verify(signature, &body, received_at).map_err(|_| {
        Problem::new(StatusCode::FORBIDDEN, "BAD_SIGNATURE", "The signature does not fit the request.")
    })?;
    let event = events::incoming(&body, received_at)
        .ok_or_else(|| Problem::malformed("The body is no event of LiveKit."))?;
    app.inbox.store(event).await.map_err(|_| {
        let away = Problem::unavailable("NOT_STORED", "The event could not be stored. Please send it again.");
        Problem { retry_after: Some(RETRY_AFTER), ..away }
    })?;
    Ok(StatusCode::OK)
}
