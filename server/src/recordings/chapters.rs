//! What happened in a recording, and where in its file.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::{
    db::Actor,
    ids::RecordingId,
    recording::{Gap, RecordingOut},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    api::no_recording,
    rules,
    store::{self, Moment},
};
use crate::{
    access::{Scoped, scope},
    app::App,
    http::{Json, Listing, Path, Problem, Result},
};

/// What begins at a chapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ChapterKind {
    /// Somebody speaks for a while.
    Speaker,
    /// Somebody shares a screen.
    Screen,
    /// A poll is opened.
    Poll,
}

/// A place in a recording that is worth going to.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Chapter {
    /// Where it begins in the file, in seconds.
    pub at_seconds: f64,
    /// What begins.
    pub kind: ChapterKind,
    /// Who speaks or shares, or the question of the poll.
    pub title: String,
}

/// The places in a recording that are worth going to, in their order: who spoke, what was shared, which polls were opened.
/// Whoever may see the recording may ask.
#[utoipa::path(get, path = "/recordings/{id}/chapters", tag = "recordings", operation_id = "chapters_of_recording",
    params(("id" = RecordingId, Path)),
    responses((status = 200, body = Listing<Chapter>), (status = 404, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Scoped<scope::RecordingsRead>,
    Path(id): Path<RecordingId>,
) -> Result<Json<Listing<Chapter>>> {
    let mut tx = app.begin(&caller).await?;
    let recording = store::find(&mut tx, id).await?.ok_or_else(no_recording)?;
    let Some(begin) = recording.started_at else {
        return Ok(Json(Listing { items: Vec::new(), next_cursor: None }));
    };
    let end = recording.ended_at.unwrap_or_else(|| app.clock.now());
    // Whoever sees a recording sees and hears what was said in it.
    tx.act_for(Actor::System).await?;
    let moments = store::moments(&mut tx, recording.meeting_id, begin, end).await?;
    Ok(Json(Listing { items: place(&recording, begin, moments), next_cursor: None }))
}

fn place(recording: &RecordingOut, begin: DateTime<Utc>, moments: Vec<Moment>) -> Vec<Chapter> {
    let left_out: Vec<Gap> = recording.gaps.iter().chain(&recording.pauses).cloned().collect();
    moments
        .into_iter()
        .map(|moment| Chapter {
            at_seconds: rules::position(moment.at, begin, &left_out),
            kind: moment.kind,
            title: moment.title,
        })
        .collect()
}
