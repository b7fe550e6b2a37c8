//! Who watched and downloaded a recording. The audit log knows; this reads it.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::ids::{AuditId, RecordingId, ShareLinkId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{api::owned, store};
use crate::{
    access::Caller,
    app::App,
    http::{Json, Listing, PageQuery, Path, Problem, Query, Result},
};

/// One time that somebody watched or downloaded a recording.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordingView {
    #[serde(skip)]
    pub(super) id: AuditId,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether the file was downloaded, and not only watched.
    pub downloaded: bool,
    /// Who; `null` for whoever came by a link, and for keys.
    pub user_id: Option<UserId>,
    /// Their name, or the key's; `null` for whoever came by a link.
    pub name: Option<String>,
    /// The link by which they came.
    pub share_link_id: Option<ShareLinkId>,
    /// For whom that link is, in the words of whoever made it.
    pub share_link_name: Option<String>,
}

/// Who watched and downloaded a recording, the latest first. Its host sees it, and whoever has `recordings.manage`.
#[utoipa::path(get, path = "/recordings/{id}/views", tag = "recordings", operation_id = "views_of_recording",
    params(("id" = RecordingId, Path), PageQuery),
    responses((status = 200, body = Listing<RecordingView>), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<RecordingView>>> {
    let (limit, after) = (page.limit()?, page.after::<AuditId>()?);
    owned(&mut app.begin(&caller).await?, &caller, id).await?;
    // The log as a whole is of those who audit.
    let mut tx = app.begin_system().await?;
    let found = store::views(&mut tx, id, after, limit + 1).await?;
    Ok(Json(Listing::from_one_more(found, limit, |view| view.id)))
}
