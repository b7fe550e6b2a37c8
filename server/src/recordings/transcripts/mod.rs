//! What recordings say, written down by a service of the configuration, where the organization wants it.
//!
//! Stretches of speech are kept in a table; the file of captions is written from them on request. Whoever may see a
//! recording may read what it says.

mod endpoint;
mod job;
mod rules;
mod store;

pub use job::{TRANSCRIBE, transcribe};
pub(super) use store::delete as forget;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use kernel::{
    db::{Actor, Tx},
    ids::{GuestId, RecordingId, UserId},
    recording::{Failure, RecordingOut, Status},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    api::{VaultItem, gone, no_recording, owned},
    download::{Viewer, available},
    store as recordings,
};
use crate::{
    access::{
        Caller,
        policy::{Action, Standing},
    },
    app::App,
    http::{Checks, Json, Path, Problem, Result},
    meetings,
};

/// How far a transcript is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TranscriptStatus {
    /// Nobody has asked for one.
    None,
    /// It waits for its turn, or for another attempt.
    Waiting,
    /// It is being made.
    Running,
    /// It is there.
    Available,
    /// There is none, and it says why.
    Failed,
}

/// What a recording says.
#[derive(Debug, Serialize, ToSchema)]
pub struct Transcript {
    /// How far it is.
    pub status: TranscriptStatus,
    /// Why there is none.
    pub failure: Option<Failure>,
    /// The language that was heard, as the service calls it.
    pub language: Option<String>,
    /// How many people spoke whose words are left out, since they have not agreed that they are written down.
    pub left_out: i32,
    /// Whether the caller may ask for it, or for a new one, now.
    pub can_request: bool,
    /// What was said, in its order.
    pub segments: Vec<TranscriptSegment>,
}

/// Something that somebody said.
#[derive(Debug, Serialize, ToSchema)]
pub struct TranscriptSegment {
    /// From where in the file on, in milliseconds.
    pub starts_ms: i64,
    /// Until where.
    pub ends_ms: i64,
    /// Who: a member. `null` where nobody knows, and for whoever came by a link.
    pub user_id: Option<UserId>,
    /// Or a guest.
    pub guest_id: Option<GuestId>,
    /// Their name.
    pub name: Option<String>,
    /// What.
    pub text: String,
}

/// A place in a recording where words were said that somebody looks for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Said {
    /// Where in the file, in milliseconds.
    pub at_ms: i64,
    /// What was said there.
    pub text: String,
}

/// Tells in which places of these recordings `text` was said.
pub(super) async fn tell_where_said<'a>(
    tx: &mut Tx,
    text: &str,
    items: impl Iterator<Item = &'a mut VaultItem>,
) -> sqlx::Result<()> {
    let mut items: Vec<&mut VaultItem> = items.collect();
    let ids: Vec<RecordingId> = items.iter().map(|item| item.recording.id).collect();
    for (recording, said) in store::said(tx, &ids, text).await? {
        if let Some(item) = items.iter_mut().find(|item| item.recording.id == recording) {
            item.said.push(said);
        }
    }
    Ok(())
}

/// What a recording says. It opens for whoever may see the recording, with the header or with an address to play from.
#[utoipa::path(get, path = "/recordings/{id}/transcript", tag = "recordings", operation_id = "transcript_of_recording",
    params(("id" = RecordingId, Path), ("token" = Option<String>, Query, description = "Of an address to play from.")),
    responses((status = 200, body = Transcript), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 410, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<RecordingId>,
) -> Result<Json<Transcript>> {
    let (file, _) = available(&app, viewer, id, None).await?;
    let mut tx = app.begin_system().await?;
    let Some(found) = store::find(&mut tx, id).await? else {
        let can_request = can_request(&app, &mut tx, viewer.actor(), file.meeting, id).await?;
        return Ok(Json(Transcript {
            status: TranscriptStatus::None,
            failure: None,
            language: None,
            left_out: 0,
            can_request,
            segments: Vec::new(),
        }));
    };
    let status = match found.status.as_str() {
        "available" => TranscriptStatus::Available,
        "failed" => TranscriptStatus::Failed,
        _ if found.running => TranscriptStatus::Running,
        _ => TranscriptStatus::Waiting,
    };
    let ended = matches!(status, TranscriptStatus::Available | TranscriptStatus::Failed);
    let can_request = ended && can_request(&app, &mut tx, viewer.actor(), file.meeting, id).await?;
    let mut segments = store::segments(&mut tx, id).await?;
    if viewer.by_link() {
        // Names are told, and no more of people.
        for segment in &mut segments {
            (segment.user_id, segment.guest_id) = (None, None);
        }
    }
    let failure =
        found.failure_code.map(|code| Failure { code, detail: found.failure_detail.unwrap_or_default() });
    let (language, left_out) = (found.language, found.left_out);
    Ok(Json(Transcript { status, failure, language, left_out, can_request, segments }))
}

/// Captions of a recording as a file (WebVTT), with the names of those who speak where they are known. It opens for whoever
/// may see the recording, with the header or with an address to play from; 404 while there is none.
#[utoipa::path(get, path = "/recordings/{id}/captions.vtt", tag = "recordings", operation_id = "captions_of_recording",
    params(("id" = RecordingId, Path), ("token" = Option<String>, Query, description = "Of an address to play from.")),
    responses((status = 200, description = "WebVTT", content_type = "text/vtt"), (status = 401, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 410, body = Problem)))]
pub async fn captions(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<RecordingId>,
) -> Result<Response> {
    available(&app, viewer, id, None).await?;
    let mut tx = app.begin_system().await?;
    let found = store::find(&mut tx, id).await?;
    if found.is_none_or(|found| found.status != "available") {
        return Err(Problem::not_found("transcript"));
    }
    let segments = store::segments(&mut tx, id).await?;
    let file = rules::webvtt(segments.iter().map(|it| rules::Caption {
        starts: it.starts_ms,
        ends: it.ends_ms,
        voice: it.name.as_deref(),
        text: &it.text,
    }));
    let headers = [
        (header::CONTENT_TYPE, "text/vtt; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"captions.vtt\""),
    ];
    Ok((headers, file).into_response())
}

/// How to write down what a recording says.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct NewTranscript {
    /// The language that is spoken (ISO 639, `sw`); found out when absent.
    pub language: Option<String>,
}

/// Asks for what a recording says to be written down, or for it to be written down anew. Its host and co-hosts may, and
/// whoever has `recordings.manage`, where the organization wants transcripts. One that is being made stays as it is.
#[utoipa::path(post, path = "/recordings/{id}/transcript", tag = "recordings", operation_id = "request_transcript",
    params(("id" = RecordingId, Path)), request_body = NewTranscript,
    responses((status = 202), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 410, body = Problem), (status = 422, body = Problem)))]
pub async fn request(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    Json(body): Json<NewTranscript>,
) -> Result<StatusCode> {
    let language = body.language.as_deref();
    let is_code =
        |text: &str| matches!(text.len(), 2 | 3) && text.bytes().all(|letter| letter.is_ascii_lowercase());
    let detail = "A language is given as two or three small letters, like sw.";
    Checks::default().require(language.is_none_or(is_code), "/language", "INVALID", detail).done()?;
    let visible = recordings::find(&mut app.begin(&caller).await?, id).await?.ok_or_else(no_recording)?;
    let mut tx = app.begin_system().await?;
    let standing = meetings::store::standing(&mut tx, visible.meeting_id, caller.user_id).await?;
    if !standing.is_some_and(may_request) {
        return Err(Problem::forbidden("Only the host and co-hosts may do this."));
    }
    let recording = recordings::lock(&mut tx, id).await?.ok_or_else(no_recording)?;
    require_file(&recording)?;
    if app.config.transcripts.base_url.is_none() || !store::is_wanted(&mut tx, id).await? {
        return Err(Problem::conflict("TRANSCRIPTS_OFF", "Recordings are not written down here."));
    }
    let found = store::find(&mut tx, id).await?;
    if recording.hold.is_some() && found.is_some_and(|found| found.status == "available") {
        return Err(held());
    }
    store::request(&mut tx, id, language, caller.user_id, app.clock.now()).await?;
    tx.commit().await?;
    Ok(StatusCode::ACCEPTED)
}

/// Deletes what a recording says; the recording stays. Its host may, and whoever has `recordings.manage`.
#[utoipa::path(delete, path = "/recordings/{id}/transcript", tag = "recordings", operation_id = "delete_transcript",
    params(("id" = RecordingId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let recording = owned(&mut tx, &caller, id).await?;
    if recording.hold.is_some() {
        return Err(held());
    }
    tx.act_for(Actor::System).await?;
    store::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether somebody could ask for a transcript now.
async fn can_request(
    app: &App,
    tx: &mut Tx,
    actor: Actor,
    meeting: kernel::ids::MeetingId,
    id: RecordingId,
) -> Result<bool> {
    let Actor::User(user) = actor else { return Ok(false) };
    if app.config.transcripts.base_url.is_none() || !store::is_wanted(tx, id).await? {
        return Ok(false);
    }
    Ok(meetings::store::standing(tx, meeting, user).await?.is_some_and(may_request))
}

fn may_request(standing: Standing) -> bool {
    standing.may(Action::Record) || standing.may(Action::ShareRecordings)
}

fn require_file(recording: &RecordingOut) -> Result<()> {
    match recording.status {
        Status::Available => Ok(()),
        Status::Deleted => Err(gone()),
        _ => Err(Problem::conflict("NOT_AVAILABLE", "This recording has no file.")),
    }
}

fn held() -> Problem {
    Problem::conflict("LEGAL_HOLD", "This recording is held: what it says can't be deleted.")
}
