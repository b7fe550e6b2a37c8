//! Who has changed what of a meeting, read from the audit log.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::ids::MeetingId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{api::require, rules, store};
use crate::{
    access::{
        caller::Caller,
        policy::{Action, Field, Membership},
    },
    app::App,
    audit::api::AuditActor,
    http::{Json, Listing, PageQuery, Path, Problem, Query, Result},
};

/// A change of a meeting, or of who takes part in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryItem {
    /// Its id; ids sort by time.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// What happened: `meeting.created`, `meeting.changed`, `meeting.cancelled`, `participant.invited` and so on.
    pub action: String,
    /// Who did it.
    pub actor: AuditActor,
    /// Whom it is about, when it is about someone who takes part.
    pub about: Option<HistoryPerson>,
    /// What is different now.
    pub changes: Vec<HistoryChange>,
}

/// Someone who takes part.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryPerson {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
}

/// A field before and after.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HistoryChange {
    /// The field; `settings.allow_guests` for a part of one.
    pub field: String,
    /// What it was; `null` when it was empty or is new.
    pub before: Value,
    /// What it is; `null` when it is empty.
    pub after: Value,
}

/// What was changed of a meeting and of who takes part in it, the newest first. The host and officers see it.
#[utoipa::path(get, path = "/meetings/{id}/history", tag = "meetings", params(("id" = MeetingId, Path), PageQuery),
    responses((status = 200, body = Listing<HistoryItem>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn read_history(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<HistoryItem>>> {
    let limit = page.limit()?;
    let most = i32::try_from(limit + 1).map_err(Problem::internal)?;
    let mut tx = app.begin(&caller).await?;
    let viewer = require(&mut tx, &caller, id, Action::SeeAttendance).await?.member;
    let rows = store::history(&mut tx, id, page.after()?, most).await?;
    let mut items: Vec<HistoryItem> = rows.into_iter().map(HistoryItem::from).collect();
    for item in &mut items {
        item.changes.retain(|change| !is_hidden(viewer, &change.field));
    }
    Ok(Json(Listing::from_one_more(items, limit, |change: &HistoryItem| change.id)))
}

/// What differs between two states of a row, as far as `viewer` may see it.
pub fn changes(viewer: Membership, before: Option<&Value>, after: Option<&Value>) -> Vec<HistoryChange> {
    let mut changes = differences(before, after);
    changes.retain(|change| !is_hidden(viewer, &change.field));
    changes
}

fn differences(before: Option<&Value>, after: Option<&Value>) -> Vec<HistoryChange> {
    rules::differences(before, after)
        .into_iter()
        .map(|(field, before, after)| HistoryChange { field, before, after })
        .collect()
}

/// Whether a field of a meeting is hidden from `viewer`.
fn is_hidden(viewer: Membership, field: &str) -> bool {
    match field.split('.').next().unwrap_or_default() {
        "description" => viewer.hides(Field::MeetingDescription),
        "agenda" => viewer.hides(Field::MeetingAgenda),
        "custom_fields" => viewer.hides(Field::MeetingCustomFields),
        "related_object_type" | "related_object_id" => viewer.hides(Field::MeetingRelatedObject),
        _ => false,
    }
}

impl From<store::HistoryRow> for HistoryItem {
    fn from(row: store::HistoryRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            action: row.action,
            actor: AuditActor { kind: row.actor_type, id: row.actor_id, name: row.actor_name },
            about: row.about_id.zip(row.about_name).map(|(id, name)| HistoryPerson { id, name }),
            changes: differences(row.before.as_ref(), row.after.as_ref()),
        }
    }
}
