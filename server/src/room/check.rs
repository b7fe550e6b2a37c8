//! Trying the way to the media server before a meeting begins.

use axum::extract::State;
use chrono::{DateTime, Duration, Utc};
use kernel::{
    ids::uuid_at,
    livekit::{Identity, PublishSource, VideoGrant},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::caller::Caller,
    app::App,
    http::{Json, Problem, Result},
};

/// How long a try may take, with all ways that are tried.
const LIFE: Duration = Duration::minutes(2);

/// Where a connection can be tried.
#[derive(Debug, Serialize, ToSchema)]
pub struct Trial {
    /// Where LiveKit answers, `ws://…` or `wss://…`.
    pub server_url: String,
    /// A token for a room of one's own, in which nobody listens.
    pub token: String,
    /// Until when it opens the room.
    pub expires_at: DateTime<Utc>,
}

/// A room to try the connection in: whether the browser reaches the media server by WebSocket, UDP and TCP is found out by
/// entering it. It belongs to no meeting and leaves no trace in a record.
#[utoipa::path(post, path = "/connection-check", tag = "participants", operation_id = "connection_check",
    responses((status = 200, body = Trial)))]
pub async fn begin(State(app): State<App>, _: Caller) -> Result<Json<Trial>> {
    Ok(Json(trial(&app)?))
}

/// A new room to try the connection in.
///
/// # Errors
/// 500 when a token cannot be signed, which does not happen.
pub fn trial(app: &App) -> Result<Trial> {
    let now = app.clock.now();
    let whom = uuid_at(now).to_string();
    let who = Identity { identity: &whom, name: "", metadata: "" };
    let grant = VideoGrant {
        room_join: true,
        room: format!("check-{whom}"),
        can_publish: true,
        can_publish_sources: vec![PublishSource::Microphone],
        can_subscribe: true,
        ..VideoGrant::default()
    };
    let token = app.livekit.keys().sign(who, grant, now, LIFE).map_err(Problem::internal)?;
    Ok(Trial { server_url: app.config.livekit_public_url(), token, expires_at: now + LIFE })
}
