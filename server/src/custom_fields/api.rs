//! Endpoints of custom fields.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use kernel::ids::{CustomFieldId, OrganizationId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    model::{CustomField, Entity, FieldType, Rules},
    rules, store,
};
use crate::{
    access::{caller::Caller, policy::Permission},
    app::App,
    http::{Checks, Conditions, Json, Listing, Path, Problem, Result, Tagged},
    orgs::api::{member_of, require},
};

/// Most fields of one organization.
const MOST_FIELDS: i64 = 100;

/// The fields of the organization's meetings in the order of forms, retired ones too.
#[utoipa::path(get, path = "/organizations/{org}/custom-fields", tag = "custom_fields",
    params(("org" = OrganizationId, Path)),
    responses((status = 200, body = Listing<CustomField>), (status = 404, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
) -> Result<Json<Listing<CustomField>>> {
    let mut tx = app.begin(&caller).await?;
    member_of(&mut tx, &caller, org).await?;
    Ok(Json(Listing::whole(store::of_meetings(&mut tx, org).await?)))
}

/// A new custom field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomField {
    /// What has it.
    #[serde(default)]
    pub entity: Entity,
    /// Its name in `custom_fields`: a lower-case letter, then letters, digits and underscores, 63 at most.
    pub key: String,
    /// Its name for people, 1 to 200 characters.
    pub label: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Whether every new meeting needs it.
    #[serde(default)]
    pub required: bool,
    /// What can be chosen: 1 to 200 texts.
    #[serde(default)]
    pub options: Vec<String>,
    /// What a value has to keep to.
    #[serde(default)]
    pub rules: Rules,
    /// Where it stands in forms, smallest first.
    #[serde(default)]
    pub position: i32,
}

/// Adds a field to the organization's meetings. Needs `custom_fields.manage`.
#[utoipa::path(post, path = "/organizations/{org}/custom-fields", tag = "custom_fields",
    params(("org" = OrganizationId, Path)), request_body = NewCustomField,
    responses((status = 201, body = CustomField), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Json(body): Json<NewCustomField>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::CustomFieldsManage).await?;
    let now = app.clock.now();
    let field = CustomField {
        id: CustomFieldId::new(now),
        entity: body.entity,
        key: body.key,
        label: body.label.trim().to_owned(),
        kind: body.kind,
        required: body.required,
        options: body.options,
        rules: body.rules,
        position: body.position,
        retired_at: None,
        created_at: now,
        updated_at: now,
    };
    let detail = "A key has lower-case letters, digits and underscores, and begins with a letter.";
    check(&field, |checks| {
        checks.require(rules::is_key(&field.key), "/key", "INVALID", detail);
    })?;
    if store::count(&mut tx, org).await? >= MOST_FIELDS {
        return Err(Problem::conflict("TOO_MANY_FIELDS", "An organization has at most 100 fields."));
    }
    store::save(&mut tx, org, &field, caller.user_id).await?;
    let made = store::lock(&mut tx, org, field.id).await?.ok_or_else(no_field)?;
    tx.commit().await?;
    let location = format!("/api/v1/organizations/{org}/custom-fields/{}", made.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Tagged(made)).into_response())
}

/// What changes a custom field; what is absent stays. Key and type never change.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomFieldChange {
    /// Its name for people, 1 to 200 characters.
    pub label: Option<String>,
    /// Whether every new meeting needs it.
    pub required: Option<bool>,
    /// What can be chosen. Meetings keep an option that is taken away until they are changed.
    pub options: Option<Vec<String>>,
    /// What a value has to keep to.
    pub rules: Option<Rules>,
    /// Where it stands in forms, smallest first.
    pub position: Option<i32>,
    /// `true` lets it take no new values, `false` lets it take them again.
    pub retired: Option<bool>,
}

/// Changes a custom field. Needs `custom_fields.manage`.
#[utoipa::path(patch, path = "/organizations/{org}/custom-fields/{id}", tag = "custom_fields",
    params(("org" = OrganizationId, Path), ("id" = CustomFieldId, Path)), request_body = CustomFieldChange,
    responses((status = 200, body = CustomField), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path((org, id)): Path<(OrganizationId, CustomFieldId)>,
    conditions: Conditions,
    Json(body): Json<CustomFieldChange>,
) -> Result<Tagged<CustomField>> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::CustomFieldsManage).await?;
    let stored = store::lock(&mut tx, org, id).await?.ok_or_else(no_field)?;
    conditions.unchanged(&stored)?;
    let field = CustomField {
        label: body.label.map_or(stored.label, |label| label.trim().to_owned()),
        required: body.required.unwrap_or(stored.required),
        options: body.options.unwrap_or(stored.options),
        rules: body.rules.unwrap_or(stored.rules),
        position: body.position.unwrap_or(stored.position),
        retired_at: match body.retired {
            Some(true) => stored.retired_at.or(Some(app.clock.now())),
            Some(false) => None,
            None => stored.retired_at,
        },
        ..stored
    };
    check(&field, |_| ())?;
    store::save(&mut tx, org, &field, caller.user_id).await?;
    let changed = store::lock(&mut tx, org, id).await?.ok_or_else(no_field)?;
    tx.commit().await?;
    Ok(Tagged(changed))
}

/// Takes a custom field away: deleted when no meeting has a value of it, retired otherwise. Needs `custom_fields.manage`.
#[utoipa::path(delete, path = "/organizations/{org}/custom-fields/{id}", tag = "custom_fields",
    params(("org" = OrganizationId, Path), ("id" = CustomFieldId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path((org, id)): Path<(OrganizationId, CustomFieldId)>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::CustomFieldsManage).await?;
    let field = store::lock(&mut tx, org, id).await?.ok_or_else(no_field)?;
    if !store::delete_unused(&mut tx, org, &field).await? {
        let retired_at = field.retired_at.or(Some(app.clock.now()));
        store::save(&mut tx, org, &CustomField { retired_at, ..field }, caller.user_id).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn check(field: &CustomField, more: impl FnOnce(&mut Checks)) -> Result<()> {
    let mut checks = Checks::default();
    more(&mut checks);
    checks.text(&field.label, "/label", 1..=200);
    rules::check_definition(&mut checks, field.kind, &field.options, &field.rules);
    checks.done()
}

fn no_field() -> Problem {
    Problem::not_found("custom field")
}
