//! Files that come into the vault from elsewhere (REC-11): somebody names an address, a job fetches what is there.

mod job;
mod rules;
mod store;

pub use job::{FETCH, fetch};

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use kernel::ids::{MeetingId, RecordingId};
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use super::{api::VaultItem, store as recordings};
use crate::{
    access::{Caller, policy::Action},
    app::App,
    http::{Checks, Json, Path, Problem, Result, outside},
    meetings::{self, api::require},
};

/// Most files of an organization that are fetched, or wait for it, at a time.
const UNDER_WAY: i64 = 20;

/// A file that is to come into the vault.
#[derive(Deserialize, ToSchema)]
pub struct NewImport {
    /// Where it is: an `http` or `https` address, at most 2000 characters. It is kept until the file is there or has failed.
    pub url: String,
    /// What it is called, 1 to 200 characters; it goes by its meeting's title when absent.
    pub title: Option<String>,
    /// When it begins, where that is known: then it has chapters.
    pub started_at: Option<DateTime<Utc>>,
}

/// Brings a recording from elsewhere into the vault: MP4, WebM, M4A or Ogg. It is fetched behind the answer; the recording
/// says how far that is. Addresses of private networks are refused. The meeting's host may, and whoever has
/// `recordings.manage`.
#[utoipa::path(post, path = "/meetings/{id}/recordings/import", tag = "recordings", operation_id = "import_recording",
    params(("id" = MeetingId, Path)), request_body = NewImport,
    responses((status = 202, body = VaultItem), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn import(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Json(body): Json<NewImport>,
) -> Result<(StatusCode, Json<VaultItem>)> {
    let now = app.clock.now();
    let mut tx = app.begin_system().await?;
    require(&mut tx, &caller, id, Action::ShareRecordings).await?;
    let url = check(&app, &body, now)?;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(meetings::api::not_found)?;
    if store::under_way(&mut tx, meeting.organization_id).await? >= UNDER_WAY {
        let detail = "Many files are being imported already. Please wait until some of them are there.";
        return Err(Problem::conflict("TOO_MANY_IMPORTS", detail));
    }
    if store::quota_left(&mut tx, meeting.organization_id).await?.is_some_and(|left| left <= 0) {
        let detail = "The organization's vault is full. Please make room first.";
        return Err(Problem::conflict("QUOTA_EXCEEDED", detail));
    }
    let wish = store::Wish {
        id: RecordingId::new(now),
        organization: meeting.organization_id,
        meeting: id,
        title: body.title.as_deref().map(str::trim),
        started_at: body.started_at,
        url: url.as_str(),
        host: url.host_str().unwrap_or_default(),
        by: caller.user_id,
        now,
    };
    store::request(&mut tx, &wish).await?;
    recordings::announce(&mut tx, wish.id).await?;
    tx.act_for(caller.actor()).await?;
    let item = recordings::item(&mut tx, wish.id).await?.ok_or_else(super::api::no_recording)?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(item)))
}

fn check(app: &App, body: &NewImport, now: DateTime<Utc>) -> Result<Url> {
    let mut checks = Checks::default();
    checks.text(&body.url, "/url", 1..=2000);
    if let Some(title) = &body.title {
        checks.text(title, "/title", 1..=200);
    }
    let past = body.started_at.is_none_or(|at| at <= now);
    checks.require(past, "/started_at", "IN_THE_FUTURE", "A recording begins in the past.");
    let url = Url::parse(body.url.trim());
    checks.require(url.is_ok(), "/url", "INVALID", "This is no address.");
    checks.done()?;
    let url = url.map_err(|_| Problem::malformed("This is no address."))?;
    outside::check(&url, &app.config.imports.allowed_addresses)
        .map_err(|refused| Problem::invalid_field("/url", "ADDRESS_REFUSED", refused.to_string()))?;
    Ok(url)
}
