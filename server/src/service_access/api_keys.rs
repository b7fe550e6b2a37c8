//! Endpoints of API keys, for whoever has `keys.manage`.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{ApiKeyId, OrganizationId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Maker, Rotation, check_expiry, given,
    store::{New, api_keys as store},
};
use crate::{
    access::{
        Caller,
        policy::{Membership, OrgRole, Permission},
        scope::ApiScope,
        tokens::{API_KEY, MachineSecret},
    },
    app::App,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
    orgs,
};

/// An API key. Its secret was shown when it was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<ApiScope>,
    /// How its secret begins.
    pub prefix: String,
    /// Who made it.
    pub created_by: Option<Maker>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it works; `null` for ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Until when the secret before the present one works; `null` when it does not.
    pub previous_until: Option<DateTime<Utc>>,
}

impl From<store::Row> for ApiKey {
    fn from(row: store::Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            scopes: row.scopes,
            prefix: row.prefix,
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            previous_until: row.previous_until,
        }
    }
}

/// An API key with its secret, which is never shown again.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownApiKey {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "its fields are documented")]
    pub api_key: ApiKey,
    /// The secret, `bz_key_…`, for the `Authorization` header.
    pub key: String,
}

/// A new API key.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewApiKey {
    /// What it is called, 1 to 200 characters.
    pub name: String,
    /// What it may do; at least one.
    pub scopes: Vec<ApiScope>,
    /// Until when it works; for ever when absent.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// Makes an API key for a service. Its secret is shown here and never again.
#[utoipa::path(post, path = "/organizations/{org}/api-keys", tag = "service_access", operation_id = "create_api_key",
    params(("org" = OrganizationId, Path)), request_body = NewApiKey,
    responses((status = 201, body = ShownApiKey), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Json(body): Json<NewApiKey>,
) -> Result<(StatusCode, Json<ShownApiKey>)> {
    // The key's account is nobody's to write but the system's.
    let mut tx = app.begin_system().await?;
    let member = orgs::api::require(&mut tx, &caller, org, Permission::KeysManage).await?;
    let now = app.clock.now();
    let scopes = checked(&body, now)?;
    require_authority(member, &scopes)?;
    let secret = MachineSecret::new(API_KEY);
    let new = New {
        id: ApiKeyId::new(now),
        organization: org,
        name: body.name.trim(),
        secret: &secret,
        expires_at: body.expires_at,
        by: caller.user_id,
        now,
    };
    store::insert(&mut tx, &new, &scopes, UserId::new(now)).await?;
    let api_key = read(&mut tx, org, new.id).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(ShownApiKey { api_key, key: secret.text })))
}

fn checked(body: &NewApiKey, now: DateTime<Utc>) -> Result<Vec<ApiScope>> {
    let mut scopes = body.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    let mut checks = Checks::default();
    checks.text(&body.name, "/name", 1..=200);
    checks.require(!scopes.is_empty(), "/scopes", "REQUIRED", "Please choose what the key may do.");
    check_expiry(&mut checks, body.expires_at, now);
    checks.done()?;
    Ok(scopes)
}

/// Nobody gets more by a key than they have: one that manages members is for admins to make, and to read anew.
fn require_authority(member: Membership, scopes: &[ApiScope]) -> Result<()> {
    if scopes.contains(&ApiScope::MembersWrite) && member.role != OrgRole::Admin {
        return Err(Problem::forbidden("Only admins make a key with the scope members.write."));
    }
    Ok(())
}

/// The organization's API keys, the newest first.
#[utoipa::path(get, path = "/organizations/{org}/api-keys", tag = "service_access", operation_id = "list_api_keys",
    params(("org" = OrganizationId, Path), PageQuery),
    responses((status = 200, body = Listing<ApiKey>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<ApiKey>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::KeysManage).await?;
    let found = store::list(&mut tx, org, None, after, limit + 1).await?;
    let keys = found.into_iter().map(ApiKey::from).collect();
    Ok(Json(Listing::from_one_more(keys, limit, |key: &ApiKey| key.id)))
}

/// What changes an API key; what is absent stays. What it may do stays for its life.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ApiKeyChange {
    /// What it is called, 1 to 200 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// Until when it works; `null` for ever.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

/// Changes an API key's name or end.
#[utoipa::path(patch, path = "/organizations/{org}/api-keys/{id}", tag = "service_access", operation_id = "change_api_key",
    params(("org" = OrganizationId, Path), ("id" = ApiKeyId, Path)), request_body = ApiKeyChange,
    responses((status = 200, body = ApiKey), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path((org, id)): Path<(OrganizationId, ApiKeyId)>,
    Json(body): Json<ApiKeyChange>,
) -> Result<Json<ApiKey>> {
    let mut tx = app.begin_system().await?;
    orgs::api::require(&mut tx, &caller, org, Permission::KeysManage).await?;
    let name = body.name.as_deref().map(str::trim);
    let mut checks = Checks::default();
    if let Some(name) = name {
        checks.text(name, "/name", 1..=200);
    }
    check_expiry(&mut checks, body.expires_at.flatten(), app.clock.now());
    checks.done()?;
    let done = store::change(&mut tx, org, id, name, body.expires_at, caller.user_id).await?;
    done.then_some(()).ok_or_else(no_key)?;
    store::follow(&mut tx, id).await?;
    let key = read(&mut tx, org, id).await?;
    commit(&app, tx).await?;
    Ok(Json(key))
}

/// Gives an API key a new secret, which is shown here and never again. The secret before stops at once, or after a
/// grace; one that was still in its grace stops now.
#[utoipa::path(post, path = "/organizations/{org}/api-keys/{id}/rotate", tag = "service_access", operation_id = "rotate_api_key",
    params(("org" = OrganizationId, Path), ("id" = ApiKeyId, Path)), request_body = Rotation,
    responses((status = 200, body = ShownApiKey), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Path((org, id)): Path<(OrganizationId, ApiKeyId)>,
    Json(body): Json<Rotation>,
) -> Result<Json<ShownApiKey>> {
    let mut tx = app.begin(&caller).await?;
    let member = orgs::api::require(&mut tx, &caller, org, Permission::KeysManage).await?;
    let until = body.previous_until(app.clock.now())?;
    require_authority(member, &read(&mut tx, org, id).await?.scopes)?;
    let secret = MachineSecret::new(API_KEY);
    let done = store::rotate(&mut tx, org, id, &secret, until, caller.user_id).await?;
    done.then_some(()).ok_or_else(no_key)?;
    let api_key = read(&mut tx, org, id).await?;
    commit(&app, tx).await?;
    Ok(Json(ShownApiKey { api_key, key: secret.text }))
}

/// Revokes an API key for good, at once.
#[utoipa::path(delete, path = "/organizations/{org}/api-keys/{id}", tag = "service_access", operation_id = "revoke_api_key",
    params(("org" = OrganizationId, Path), ("id" = ApiKeyId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path((org, id)): Path<(OrganizationId, ApiKeyId)>,
) -> Result<StatusCode> {
    let mut tx = app.begin_system().await?;
    orgs::api::require(&mut tx, &caller, org, Permission::KeysManage).await?;
    let done = store::revoke(&mut tx, org, id, app.clock.now(), caller.user_id).await?;
    done.then_some(()).ok_or_else(no_key)?;
    store::follow(&mut tx, id).await?;
    commit(&app, tx).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Commits, and forgets what this process remembers of keys; the others are told by the database.
async fn commit(app: &App, tx: Tx) -> Result<()> {
    tx.commit().await?;
    app.known_keys.forget();
    Ok(())
}

async fn read(tx: &mut Tx, org: OrganizationId, id: ApiKeyId) -> Result<ApiKey> {
    let found = store::list(tx, org, Some(id), None, 1).await?.pop();
    found.map(ApiKey::from).ok_or_else(no_key)
}

fn no_key() -> Problem {
    Problem::not_found("API key")
}
