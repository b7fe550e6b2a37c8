//! Endpoints of device tokens, for whoever has `keys.manage`; a device asks who it is.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{DeviceTokenId, OrganizationId, ResourceId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Maker, Rotation, check_expiry, given,
    store::{New, device_tokens as store},
};
use crate::{
    access::{
        Caller, Device,
        policy::Permission,
        tokens::{DEVICE_TOKEN, MachineSecret},
    },
    app::App,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
    orgs,
    resources::api::require_resources,
};

/// A device token. Its secret was shown when it was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceToken {
    /// Its id.
    pub id: DeviceTokenId,
    /// What the device is called.
    pub label: String,
    /// The room that it stands in.
    pub resource_id: Option<ResourceId>,
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

impl From<store::Row> for DeviceToken {
    fn from(row: store::Row) -> Self {
        Self {
            id: row.id,
            label: row.name,
            resource_id: row.resource_id,
            prefix: row.prefix,
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            previous_until: row.previous_until,
        }
    }
}

/// A device token with its secret, which is never shown again.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownDeviceToken {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "its fields are documented")]
    pub device_token: DeviceToken,
    /// The secret, `bz_dev_…`, for the `Authorization` header.
    pub token: String,
}

/// A new device token.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewDeviceToken {
    /// What the device is called, 1 to 200 characters.
    pub label: String,
    /// The room that it stands in.
    #[serde(default)]
    pub resource_id: Option<ResourceId>,
    /// Until when it works; for ever when absent.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// Makes a token for a room tablet. Its secret is shown here and never again.
#[utoipa::path(post, path = "/organizations/{org}/device-tokens", tag = "service_access", operation_id = "create_device_token",
    params(("org" = OrganizationId, Path)), request_body = NewDeviceToken,
    responses((status = 201, body = ShownDeviceToken), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Json(body): Json<NewDeviceToken>,
) -> Result<(StatusCode, Json<ShownDeviceToken>)> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::KeysManage).await?;
    let now = app.clock.now();
    let mut checks = Checks::default();
    checks.text(&body.label, "/label", 1..=200);
    check_expiry(&mut checks, body.expires_at, now);
    checks.done()?;
    if let Some(resource) = body.resource_id {
        require_resources(&mut tx, org, &[resource], |_| "/resource_id".to_owned()).await?;
    }
    let secret = MachineSecret::new(DEVICE_TOKEN);
    let new = New {
        id: DeviceTokenId::new(now),
        organization: org,
        name: body.label.trim(),
        secret: &secret,
        expires_at: body.expires_at,
        by: caller.user_id,
        now,
    };
    store::insert(&mut tx, &new, body.resource_id).await?;
    let device_token = read(&mut tx, org, new.id).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(ShownDeviceToken { device_token, token: secret.text })))
}

/// The organization's device tokens, the newest first.
#[utoipa::path(get, path = "/organizations/{org}/device-tokens", tag = "service_access", operation_id = "list_device_tokens",
    params(("org" = OrganizationId, Path), PageQuery),
    responses((status = 200, body = Listing<DeviceToken>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<DeviceToken>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::KeysManage).await?;
    let found = store::list(&mut tx, org, None, after, limit + 1).await?;
    let tokens = found.into_iter().map(DeviceToken::from).collect();
    Ok(Json(Listing::from_one_more(tokens, limit, |token: &DeviceToken| token.id)))
}

/// What changes a device token; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DeviceTokenChange {
    /// What the device is called, 1 to 200 characters.
    #[serde(default)]
    pub label: Option<String>,
    /// Until when it works; `null` for ever.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

/// Changes a device token's label or end.
#[utoipa::path(patch, path = "/organizations/{org}/device-tokens/{id}", tag = "service_access", operation_id = "change_device_token",
    params(("org" = OrganizationId, Path), ("id" = DeviceTokenId, Path)), request_body = DeviceTokenChange,
    responses((status = 200, body = DeviceToken), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path((org, id)): Path<(OrganizationId, DeviceTokenId)>,
    Json(body): Json<DeviceTokenChange>,
) -> Result<Json<DeviceToken>> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::KeysManage).await?;
    let label = body.label.as_deref().map(str::trim);
    let mut checks = Checks::default();
    if let Some(label) = label {
        checks.text(label, "/label", 1..=200);
    }
    check_expiry(&mut checks, body.expires_at.flatten(), app.clock.now());
    checks.done()?;
    let done = store::change(&mut tx, org, id, label, body.expires_at, caller.user_id).await?;
    done.then_some(()).ok_or_else(no_token)?;
    let token = read(&mut tx, org, id).await?;
    tx.commit().await?;
    Ok(Json(token))
}

/// Gives a device token a new secret, which is shown here and never again. The secret before stops at once, or after a
/// grace; one that was still in its grace stops now.
#[utoipa::path(post, path = "/organizations/{org}/device-tokens/{id}/rotate", tag = "service_access", operation_id = "rotate_device_token",
    params(("org" = OrganizationId, Path), ("id" = DeviceTokenId, Path)), request_body = Rotation,
    responses((status = 200, body = ShownDeviceToken), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Path((org, id)): Path<(OrganizationId, DeviceTokenId)>,
    Json(body): Json<Rotation>,
) -> Result<Json<ShownDeviceToken>> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::KeysManage).await?;
    let until = body.previous_until(app.clock.now())?;
    let secret = MachineSecret::new(DEVICE_TOKEN);
    let done = store::rotate(&mut tx, org, id, &secret, until, caller.user_id).await?;
    done.then_some(()).ok_or_else(no_token)?;
    let device_token = read(&mut tx, org, id).await?;
    tx.commit().await?;
    Ok(Json(ShownDeviceToken { device_token, token: secret.text }))
}

/// Revokes a device token for good, at once.
#[utoipa::path(delete, path = "/organizations/{org}/device-tokens/{id}", tag = "service_access", operation_id = "revoke_device_token",
    params(("org" = OrganizationId, Path), ("id" = DeviceTokenId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path((org, id)): Path<(OrganizationId, DeviceTokenId)>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::KeysManage).await?;
    let done = store::revoke(&mut tx, org, id, app.clock.now(), caller.user_id).await?;
    done.then_some(()).ok_or_else(no_token)?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn read(tx: &mut Tx, org: OrganizationId, id: DeviceTokenId) -> Result<DeviceToken> {
    let found = store::list(tx, org, Some(id), None, 1).await?.pop();
    found.map(DeviceToken::from).ok_or_else(no_token)
}

fn no_token() -> Problem {
    Problem::not_found("device token")
}

/// What a device learns of itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceOut {
    /// Its token's id.
    pub id: DeviceTokenId,
    /// What it is called.
    pub label: String,
    /// The room that it stands in.
    pub resource_id: Option<ResourceId>,
    /// The organization that it belongs to.
    pub organization: DeviceOrganization,
}

/// The organization of a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
}

/// Who the device is that asks. Only for device tokens.
#[utoipa::path(get, path = "/device", tag = "service_access", operation_id = "read_device",
    responses((status = 200, body = DeviceOut), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn who(device: Device) -> Json<DeviceOut> {
    Json(DeviceOut {
        id: device.id,
        label: device.label,
        resource_id: device.resource_id.map(ResourceId),
        organization: DeviceOrganization { id: device.organization_id, name: device.organization_name },
    })
}
