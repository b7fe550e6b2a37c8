//! Many meetings in one call.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use kernel::ids::{MeetingId, OrganizationId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    api::{not_allowed, not_found, refused},
    model::MeetingStatus,
    store,
};
use crate::{
    access::{
        caller::Caller,
        policy::{Action, Standing},
    },
    app::App,
    http::{Checks, Json, Listing, Path, Problem, Result},
    jobs,
    livekit::afterwards::Afterwards,
    orgs,
};

/// Most meetings of one call.
const MOST_MEETINGS: usize = 200;

/// Which meetings are called off, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkCancellation {
    /// 1 to 200 meetings of the organization.
    pub ids: Vec<MeetingId>,
    /// At most 1000 characters.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What became of one of the meetings.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResult {
    /// The meeting.
    pub id: MeetingId,
    /// `cancelled` when it was called off now; `null` when nothing was changed.
    pub status: Option<MeetingStatus>,
    /// Why nothing was changed.
    pub problem: Option<BulkProblem>,
}

/// Why nothing was changed, as the call for one meeting would have said it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkProblem {
    /// The HTTP status.
    pub status: u16,
    /// Stable and upper-case.
    pub code: &'static str,
    /// One plain sentence.
    pub detail: String,
}

impl From<Problem> for BulkProblem {
    fn from(problem: Problem) -> Self {
        Self { status: problem.status.as_u16(), code: problem.code, detail: problem.detail }
    }
}

/// Calls several meetings off, each for itself: what is not allowed for one stops none of the others. Only the host of
/// a meeting may.
#[utoipa::path(post, path = "/organizations/{org}/meetings/bulk-cancel", tag = "meetings",
    params(("org" = OrganizationId, Path)), request_body = BulkCancellation,
    responses((status = 200, body = Listing<BulkResult>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn bulk_cancel(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Json(body): Json<BulkCancellation>,
) -> Result<Json<Listing<BulkResult>>> {
    let mut tx = app.begin(&caller).await?;
    let member = orgs::api::member_of(&mut tx, &caller, org).await?;
    let mut checks = Checks::default();
    let fits = (1..=MOST_MEETINGS).contains(&body.ids.len());
    checks.require(fits, "/ids", "OUT_OF_RANGE", "Please name 1 to 200 meetings.");
    checks.text(body.reason.as_deref().unwrap_or_default(), "/reason", 0..=1000).done()?;
    let ids: Vec<Uuid> = body.ids.iter().map(|id| id.0).collect();
    let found = store::lock_some(&mut tx, org, &ids).await?;
    let roles = store::roles_in(&mut tx, &ids, caller.user_id).await?;
    let now = app.clock.now();
    let mut outcomes: HashMap<MeetingId, Result<()>> = HashMap::new();
    let mut rooms = Vec::new();
    for meeting in found {
        let standing = Standing { member, meeting_role: roles.get(&meeting.id).copied() };
        let outcome = if standing.may(Action::Cancel) {
            meeting.state.cancel(now).map(|_| rooms.push((meeting.id, meeting.room_name))).map_err(refused)
        } else {
            Err(Problem::forbidden(not_allowed(Action::Cancel)))
        };
        outcomes.insert(meeting.id, outcome);
    }
    let cancelled: Vec<Uuid> = rooms.iter().map(|(id, _)| id.0).collect();
    store::cancel_some(&mut tx, &cancelled, now, caller.user_id, body.reason.as_deref()).await?;
    let mut taken = Vec::with_capacity(rooms.len());
    for (_, room) in &rooms {
        taken.extend(Afterwards::closing().take(&mut tx, room, now).await?);
    }
    tx.commit().await?;
    jobs::spawn_taken(&app, taken);
    let mut seen = HashSet::new();
    let items = body
        .ids
        .into_iter()
        .filter(|id| seen.insert(*id))
        .map(|id| match outcomes.remove(&id).unwrap_or_else(|| Err(not_found())) {
            Ok(()) => BulkResult { id, status: Some(MeetingStatus::Cancelled), problem: None },
            Err(problem) => BulkResult { id, status: None, problem: Some(problem.into()) },
        })
        .collect();
    Ok(Json(Listing::whole(items)))
}
