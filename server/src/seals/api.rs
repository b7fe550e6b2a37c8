//! Endpoint of an organization's seals.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::ids::OrganizationId;
use serde::Serialize;
use utoipa::ToSchema;

use super::store;
use crate::{
    access::{caller::Caller, policy::Permission},
    app::App,
    http::{Json, Path, Problem, Result},
    orgs,
};

/// How far an organization's audit log and trail of movements are sealed.
#[derive(Debug, Serialize, ToSchema)]
pub struct SealState {
    /// How many entries are sealed.
    pub sealed: i64,
    /// When the last of them was; `null` when there is none.
    pub sealed_at: Option<DateTime<Utc>>,
    /// The last seal. Noted elsewhere, it proves to `baraza admin verify --noted` that nothing before it was changed.
    pub head: Option<String>,
}

/// How far the audit log and the trail of movements are sealed. Needs `audit.view`.
#[utoipa::path(get, path = "/organizations/{org}/audit/seal", tag = "audit", operation_id = "seal",
    params(("org" = OrganizationId, Path)),
    responses((status = 200, body = SealState), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
) -> Result<Json<SealState>> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::AuditView).await?;
    drop(tx);
    let mut tx = app.begin_system().await?;
    let head = store::head(&mut tx, org.0).await?;
    Ok(Json(SealState {
        sealed: head.map_or(0, |(head, _)| head.sequence),
        sealed_at: head.map(|(_, at)| at),
        head: head.map(|(head, _)| head.to_string()),
    }))
}
