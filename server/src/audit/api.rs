//! Endpoints of the audit log.

use axum::{extract::State, response::Response};
use chrono::{DateTime, SecondsFormat, Utc};
use kernel::{
    db::Tx,
    ids::{AuditId, OrganizationId},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::{self, By, Event, Filter};
use crate::{
    access::{caller::Caller, policy::Permission},
    app::App,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
    orgs, table,
};

/// Rows that the export reads at once.
const PAGE: i64 = 1000;

/// A change, and who made it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditItem {
    /// Its id; sorts by time.
    pub id: AuditId,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Who made it.
    pub actor: AuditActor,
    /// `<entity>.<verb>`, for example `meeting.created`.
    pub action: String,
    /// What was changed.
    pub entity: AuditEntity,
    /// The fields that have changed, as they were; `null` when it is new.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// The fields that have changed, as they are since; `null` when it is gone. Secrets are shown as `***`.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// The request that asked for it.
    pub correlation_id: Option<String>,
}

/// Who made a change.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditActor {
    /// `user`, `guest`, `key`, `device` or `system`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Their id; `null` for the system.
    pub id: Option<Uuid>,
    /// Their name, as far as it is known.
    pub name: Option<String>,
}

/// What was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntity {
    /// Its kind, for example `meeting`; a `participant` and a `member` are named by the person.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: Option<Uuid>,
}

impl From<store::Row> for AuditItem {
    fn from(row: store::Row) -> Self {
        Self {
            id: row.id,
            at: row.at,
            actor: AuditActor { kind: row.actor_type, id: row.actor_id, name: row.actor_name },
            action: row.action,
            entity: AuditEntity { kind: row.entity_type, id: row.entity_id },
            before: row.before,
            after: row.after,
            correlation_id: row.correlation_id,
        }
    }
}

/// Which changes are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Id of the person, key, device or guest who made them, or `system`.
    pub actor: Option<String>,
    /// One action, for example `meeting.created`.
    pub action: Option<String>,
    /// One kind of thing, for example `meeting`.
    pub entity_type: Option<String>,
    /// One thing.
    pub entity_id: Option<Uuid>,
    /// At or after.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
}

impl AuditQuery {
    fn filter(self) -> Result<Filter> {
        let mut checks = Checks::default();
        let by = self.actor.as_deref().map(|actor| {
            let id = actor.parse().ok();
            let fits = id.is_some() || actor == "system";
            checks.require(fits, "/actor", "INVALID", "The actor is an id, or `system`.");
            id.map_or(By::System, By::Id)
        });
        for (text, pointer) in [(&self.action, "/action"), (&self.entity_type, "/entity_type")] {
            if let Some(text) = text {
                checks.text(text, pointer, 1..=100);
            }
        }
        checks.done()?;
        Ok(Filter {
            by,
            action: self.action,
            entity_type: self.entity_type,
            entity_id: self.entity_id,
            from: self.from,
            to: self.to,
        })
    }
}

/// Who changed what, newest first. Needs `audit.view`.
#[utoipa::path(get, path = "/organizations/{org}/audit", tag = "audit",
    params(("org" = OrganizationId, Path), AuditQuery, PageQuery),
    responses((status = 200, body = Listing<AuditItem>), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(wanted): Query<AuditQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<AuditItem>>> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::AuditView).await?;
    page_of(&mut tx, Some(org), wanted, &page).await
}

/// A page of an organization's log, or of what belongs to none.
///
/// # Errors
/// 422 for filters that make no sense.
pub async fn page_of(
    tx: &mut Tx,
    org: Option<OrganizationId>,
    wanted: AuditQuery,
    page: &PageQuery,
) -> Result<Json<Listing<AuditItem>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let found = store::list(tx, org, &wanted.filter()?, after, limit + 1).await?;
    let items = found.into_iter().map(AuditItem::from).collect();
    Ok(Json(Listing::from_one_more(items, limit, |item| item.id)))
}

const COLUMNS: [&str; 11] = [
    "at",
    "actor_type",
    "actor_id",
    "actor_name",
    "action",
    "entity_type",
    "entity_id",
    "before",
    "after",
    "correlation_id",
    "id",
];

/// The same as a table for spreadsheets, whole. It is sent as it is read; what goes wrong on the way breaks it off.
#[utoipa::path(get, path = "/organizations/{org}/audit.csv", tag = "audit",
    params(("org" = OrganizationId, Path), AuditQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn csv(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(wanted): Query<AuditQuery>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::AuditView).await?;
    let filter = wanted.filter()?;
    let entity = ("organization", Some(org.0));
    let exported =
        Event { organization: Some(org), meeting: None, action: "audit.exported", entity, data: None };
    store::record(&mut tx, exported).await?;
    tx.commit().await?;
    let body =
        table::streamed(&COLUMNS, move |after| export(app.clone(), caller, org, filter.clone(), after));
    Ok(table::download(&format!("audit-{org}"), body))
}

/// A page of the table, in a transaction of its own, so that a slow reader holds none.
async fn export(
    app: App,
    caller: Caller,
    org: OrganizationId,
    filter: Filter,
    after: Option<AuditId>,
) -> anyhow::Result<(Vec<Vec<String>>, Option<AuditId>)> {
    let mut tx = app.begin(&caller).await.map_err(|problem| anyhow::anyhow!(problem.detail))?;
    let rows = store::list(&mut tx, Some(org), &filter, after, PAGE).await?;
    drop(tx);
    table::lines(rows, PAGE, |row| row.id, |row| anyhow::Ok(line(row)))
}

fn line(row: store::Row) -> Vec<String> {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let json = |value: Option<Value>| value.map(|value| value.to_string()).unwrap_or_default();
    vec![
        row.at.to_rfc3339_opts(SecondsFormat::Micros, true),
        row.actor_type,
        id(row.actor_id),
        row.actor_name.unwrap_or_default(),
        row.action,
        row.entity_type,
        id(row.entity_id),
        json(row.before),
        json(row.after),
        row.correlation_id.unwrap_or_default(),
        row.id.to_string(),
    ]
}
