//! Endpoints of the system's administration. Only its administrators call them; to everybody else they are forbidden.

use axum::{extract::State, http::StatusCode};
use kernel::{
    db::Tx,
    ids::{OrganizationId, UserId},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::store::{self, OrganizationOverview, SystemAdmin};
use crate::{
    access::caller::Caller,
    accounts,
    app::App,
    audit::{
        self,
        api::{AuditItem, AuditQuery},
    },
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
};

async fn require_admin(tx: &mut Tx, caller: &Caller) -> Result<()> {
    if accounts::is_system_admin(tx, caller.user_id).await? {
        return Ok(());
    }
    Err(Problem::forbidden("Only administrators of the system may do this."))
}

/// What to look for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Part of the name or short name, in any case.
    pub q: Option<String>,
}

/// All organizations by name, with how much there is of what. What is in them stays out of sight.
#[utoipa::path(get, path = "/system/organizations", tag = "system", params(Search, PageQuery),
    responses((status = 200, body = Listing<OrganizationOverview>), (status = 403, body = Problem),
              (status = 422, body = Problem)))]
pub async fn organizations(
    State(app): State<App>,
    caller: Caller,
    Query(search): Query<Search>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<OrganizationOverview>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let part = search.q.as_deref().map(str::trim).filter(|part| !part.is_empty());
    Checks::default().text(part.unwrap_or_default(), "/q", 0..=200).done()?;
    let mut tx = app.begin(&caller).await?;
    require_admin(&mut tx, &caller).await?;
    let found = store::organizations(&mut tx, None, part, after, limit + 1).await?;
    Ok(Json(Listing::from_one_more(found, limit, |it| (it.name.clone(), it.id))))
}

/// Why an organization is suspended.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Suspension {
    /// At most 500 characters.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Suspends an organization: its data stays, and its members can't work in it meanwhile (403
/// `ORGANIZATION_SUSPENDED`). Meetings that are under way go on until they end.
#[utoipa::path(post, path = "/system/organizations/{org}/suspend", tag = "system",
    params(("org" = OrganizationId, Path)), request_body = Suspension,
    responses((status = 200, body = OrganizationOverview), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn suspend(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Json(body): Json<Suspension>,
) -> Result<Json<OrganizationOverview>> {
    let reason = body.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    Checks::default().text(reason.unwrap_or_default(), "/reason", 0..=500).done()?;
    set_suspended(&app, &caller, org, true, reason).await
}

/// Lets a suspended organization go on.
#[utoipa::path(post, path = "/system/organizations/{org}/resume", tag = "system", params(("org" = OrganizationId, Path)),
    responses((status = 200, body = OrganizationOverview), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn resume(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
) -> Result<Json<OrganizationOverview>> {
    set_suspended(&app, &caller, org, false, None).await
}

async fn set_suspended(
    app: &App,
    caller: &Caller,
    org: OrganizationId,
    suspended: bool,
    reason: Option<&str>,
) -> Result<Json<OrganizationOverview>> {
    let mut tx = app.begin_system().await?;
    require_admin(&mut tx, caller).await?;
    let at = suspended.then(|| app.clock.now());
    if store::suspend(&mut tx, org, at, reason).await? {
        let action = if suspended { "organization.suspended" } else { "organization.resumed" };
        let data = reason.map(|reason| serde_json::json!({"reason": reason}));
        let entity = ("organization", Some(org.0));
        let event = audit::Event { organization: None, meeting: None, action, entity, data };
        audit::record(&mut tx, event).await?;
    }
    let found = store::organizations(&mut tx, Some(org), None, None, 1).await?.pop();
    let found = found.ok_or_else(|| Problem::not_found("organization"))?;
    tx.commit().await?;
    Ok(Json(found))
}

/// Who administers the system.
#[utoipa::path(get, path = "/system/admins", tag = "system",
    responses((status = 200, body = Listing<SystemAdmin>), (status = 403, body = Problem)))]
pub async fn admins(State(app): State<App>, caller: Caller) -> Result<Json<Listing<SystemAdmin>>> {
    let mut tx = app.begin_system().await?;
    require_admin(&mut tx, &caller).await?;
    Ok(Json(Listing::whole(store::admins(&mut tx).await?)))
}

/// Whom to make an administrator.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewSystemAdmin {
    /// The e-mail address of their account.
    pub email: String,
}

/// Makes somebody an administrator of the system.
#[utoipa::path(post, path = "/system/admins", tag = "system", request_body = NewSystemAdmin,
    responses((status = 201, body = SystemAdmin), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn make_admin(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewSystemAdmin>,
) -> Result<(StatusCode, Json<SystemAdmin>)> {
    let mut tx = app.begin_system().await?;
    require_admin(&mut tx, &caller).await?;
    Checks::default().text(&body.email, "/email", 1..=254).done()?;
    let made = store::make_admin(&mut tx, body.email.trim()).await?;
    let made =
        made.ok_or_else(|| Problem::invalid_field("/email", "NO_ACCOUNT", "There is no account with it."))?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Takes the administration of the system from somebody; the last one keeps it.
#[utoipa::path(delete, path = "/system/admins/{user}", tag = "system", params(("user" = UserId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn unmake_admin(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<UserId>,
) -> Result<StatusCode> {
    let mut tx = app.begin_system().await?;
    require_admin(&mut tx, &caller).await?;
    let admins = store::lock_admins(&mut tx).await?;
    if !admins.contains(&user) {
        return Err(Problem::not_found("administrator"));
    }
    if admins.len() == 1 {
        return Err(Problem::conflict("LAST_SYSTEM_ADMIN", "The system needs at least one administrator."));
    }
    store::unmake_admin(&mut tx, user).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was done to the platform: suspensions, and who was made its administrator. Newest first.
#[utoipa::path(get, path = "/system/audit", tag = "system", params(AuditQuery, PageQuery),
    responses((status = 200, body = Listing<AuditItem>), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn audit(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<AuditQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<AuditItem>>> {
    let mut tx = app.begin(&caller).await?;
    require_admin(&mut tx, &caller).await?;
    audit::api::page_of(&mut tx, None, wanted, &page).await
}
