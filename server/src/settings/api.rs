//! Endpoints of an organization's settings.

use axum::{extract::State, response::Response};
use kernel::ids::OrganizationId;

use super::{
    defaults,
    model::{Settings, SettingsChange},
    rules, store,
};
use crate::{
    access::{caller::Caller, policy::Permission},
    app::App,
    http::{Checks, Conditions, Json, Path, Problem, Result, Tagged},
    orgs::api::{member_of, require},
};

/// The organization's settings, for all its members: forms begin with them.
#[utoipa::path(get, path = "/organizations/{org}/settings", tag = "settings", params(("org" = OrganizationId, Path)),
    responses((status = 200, body = Settings), (status = 304), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    conditions: Conditions,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    member_of(&mut tx, &caller, org).await?;
    conditions.answer(&super::of(&app, &mut tx, org).await?)
}

/// Changes the organization's settings. Needs `settings.manage`.
#[utoipa::path(patch, path = "/organizations/{org}/settings", tag = "settings", params(("org" = OrganizationId, Path)),
    request_body = SettingsChange,
    responses((status = 200, body = Settings), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    conditions: Conditions,
    Json(body): Json<SettingsChange>,
) -> Result<Tagged<Settings>> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::SettingsManage).await?;
    let stored = store::lock(&mut tx, org).await?;
    conditions.unchanged(&Settings::read(&stored, defaults(&app)))?;
    let set = body.onto(&stored);
    let after = Settings::read(&set, defaults(&app));
    let mut checks = Checks::default();
    rules::check(&mut checks, &body, &after);
    checks.done()?;
    store::write(&mut tx, org, &set, caller.user_id).await?;
    tx.commit().await?;
    Ok(Tagged(after))
}
