//! Endpoints of permissions.

use std::collections::HashMap;

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{OrganizationId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store;
use crate::{
    access::{
        caller::Caller,
        policy::{Field, OrgRole, Permission},
    },
    app::App,
    http::{Checks, Conditions, Json, Path, Problem, Result, Tagged},
    orgs,
};

/// Who may do what in an organization, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionTable {
    /// Every permission, in a fixed order.
    pub items: Vec<PermissionOut>,
}

/// A permission, who has it, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionOut {
    /// Its name.
    pub permission: Permission,
    /// The roles that have it.
    pub roles: Vec<OrgRole>,
    /// The roles that have it unless the organization decides otherwise.
    pub default_roles: Vec<OrgRole>,
    /// Whether admins keep it whatever is decided.
    pub kept_by_admins: bool,
    /// Who decided otherwise than the default; `null` where the default holds.
    pub changed: Option<Changed>,
}

/// Who decided something, and when.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changed {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; `null` when that account was erased.
    pub by: Option<Decider>,
}

/// Who decided something.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decider {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
}

/// Who may do what, and why: by default, or by whose decision. Every member may know.
#[utoipa::path(get, path = "/organizations/{org}/permissions", tag = "permissions",
    params(("org" = OrganizationId, Path)),
    responses((status = 200, body = PermissionTable), (status = 304), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    conditions: Conditions,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::member_of(&mut tx, &caller, org).await?;
    conditions.answer(&table(&mut tx, org).await?)
}

/// What an organization decides.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Decisions {
    /// All roles that have a permission. A permission that is absent goes back to its default.
    #[schema(value_type = HashMap<String, Vec<OrgRole>>)]
    pub permissions: HashMap<Permission, Vec<OrgRole>>,
}

/// Decides who may do what, in place of all that was decided. Needs `permissions.manage`. Admins keep what is needed to
/// undo it, whatever stands here.
#[utoipa::path(put, path = "/organizations/{org}/permissions", tag = "permissions",
    params(("org" = OrganizationId, Path)), request_body = Decisions,
    responses((status = 200, body = PermissionTable), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    conditions: Conditions,
    Json(body): Json<Decisions>,
) -> Result<Tagged<PermissionTable>> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::PermissionsManage).await?;
    store::lock(&mut tx, org).await?;
    if conditions.wants_unchanged() {
        conditions.unchanged(&table(&mut tx, org).await?)?;
    }
    let decisions: Vec<_> = Permission::ALL
        .iter()
        .map(|permission| {
            let roles = body.permissions.get(permission).map(|roles| in_order(roles, *permission));
            let otherwise = roles.filter(|roles| roles != permission.default_roles());
            (permission.name().to_owned(), otherwise)
        })
        .collect();
    store::decide(&mut tx, org, &decisions, caller.user_id).await?;
    let table = table(&mut tx, org).await?;
    tx.commit().await?;
    Ok(Tagged(table))
}

/// Roles in their order, each once, with the admins where they keep the permission.
fn in_order(roles: &[OrgRole], permission: Permission) -> Vec<OrgRole> {
    let has = |role: &OrgRole| roles.contains(role) || (permission.is_kept() && *role == OrgRole::Admin);
    OrgRole::ALL.into_iter().filter(has).collect()
}

async fn table(tx: &mut Tx, org: OrganizationId) -> Result<PermissionTable> {
    let mut decided = store::decisions(tx, org).await?;
    let items = Permission::ALL
        .iter()
        .map(|permission| {
            let decision = decided.remove(permission.name());
            let default_roles = permission.default_roles();
            PermissionOut {
                permission: *permission,
                roles: in_order(decision.as_ref().map_or(default_roles, |it| &it.roles), *permission),
                default_roles: default_roles.to_vec(),
                kept_by_admins: permission.is_kept(),
                changed: decision.map(|it| Changed {
                    at: it.at,
                    by: it.by.zip(it.by_name).map(|(id, name)| Decider { id, name }),
                }),
            }
        })
        .collect();
    Ok(PermissionTable { items })
}

/// Which roles do not see single fields, and which may not set them.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldRuleTable {
    /// Every field that can have a rule, in a fixed order.
    pub items: Vec<FieldRuleOut>,
}

/// A field and the roles for which a rule holds. None ever holds for admins.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldRuleOut {
    /// `<entity>.<field>`.
    pub field: Field,
    /// Whether it can be hidden.
    pub can_hide: bool,
    /// Whether it can be frozen.
    pub can_freeze: bool,
    /// Who gets responses without it; they may not set it either.
    pub hidden_for: Vec<OrgRole>,
    /// Who sees it and may not set it (403 `FIELD_FROZEN`).
    pub frozen_for: Vec<OrgRole>,
}

/// Which fields are hidden from whom, or frozen for them. Every member may know.
#[utoipa::path(get, path = "/organizations/{org}/field-rules", tag = "permissions",
    params(("org" = OrganizationId, Path)),
    responses((status = 200, body = FieldRuleTable), (status = 304), (status = 404, body = Problem)))]
pub async fn read_fields(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    conditions: Conditions,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::member_of(&mut tx, &caller, org).await?;
    conditions.answer(&field_table(&mut tx, org).await?)
}

/// What an organization decides of fields.
#[derive(Debug, Deserialize, ToSchema)]
pub struct FieldRules {
    /// The roles that do not see a field.
    #[serde(default)]
    #[schema(value_type = HashMap<String, Vec<OrgRole>>)]
    pub hidden: HashMap<Field, Vec<OrgRole>>,
    /// The roles that may not set a field.
    #[serde(default)]
    #[schema(value_type = HashMap<String, Vec<OrgRole>>)]
    pub frozen: HashMap<Field, Vec<OrgRole>>,
}

/// Decides which fields are hidden from whom, or frozen for them, in place of all that was decided. Needs
/// `permissions.manage`.
#[utoipa::path(put, path = "/organizations/{org}/field-rules", tag = "permissions",
    params(("org" = OrganizationId, Path)), request_body = FieldRules,
    responses((status = 200, body = FieldRuleTable), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn replace_fields(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    conditions: Conditions,
    Json(body): Json<FieldRules>,
) -> Result<Tagged<FieldRuleTable>> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::PermissionsManage).await?;
    check(&body)?;
    store::lock(&mut tx, org).await?;
    if conditions.wants_unchanged() {
        conditions.unchanged(&field_table(&mut tx, org).await?)?;
    }
    let bound = |rules: &HashMap<Field, Vec<OrgRole>>, field| {
        let roles = rules.get(&field).map(|roles| but_admins(roles)).unwrap_or_default();
        Some(roles).filter(|roles| !roles.is_empty())
    };
    let decisions: Vec<_> = Field::ALL
        .iter()
        .flat_map(|field| {
            [
                (field.hidden_key(), bound(&body.hidden, *field)),
                (field.frozen_key(), bound(&body.frozen, *field)),
            ]
        })
        .collect();
    store::decide(&mut tx, org, &decisions, caller.user_id).await?;
    let table = field_table(&mut tx, org).await?;
    tx.commit().await?;
    Ok(Tagged(table))
}

/// A field has only rules that can be kept.
fn check(body: &FieldRules) -> Result<()> {
    let mut checks = Checks::default();
    for (field, roles) in &body.hidden {
        let pointer = format!("/hidden/{}", field.name());
        let fits = field.can_hide() || roles.is_empty();
        checks.require(fits, &pointer, "INVALID", "This field can't be hidden.");
    }
    for (field, roles) in &body.frozen {
        let pointer = format!("/frozen/{}", field.name());
        let fits = field.can_freeze() || roles.is_empty();
        checks.require(fits, &pointer, "INVALID", "This field can't be frozen.");
    }
    checks.done()
}

/// Roles in their order, each once, without the admins.
fn but_admins(roles: &[OrgRole]) -> Vec<OrgRole> {
    OrgRole::ALL.into_iter().filter(|role| *role != OrgRole::Admin && roles.contains(role)).collect()
}

async fn field_table(tx: &mut Tx, org: OrganizationId) -> Result<FieldRuleTable> {
    let decided = store::decisions(tx, org).await?;
    let roles = |key: String| decided.get(&key).map(|it| but_admins(&it.roles)).unwrap_or_default();
    let items = Field::ALL
        .iter()
        .map(|field| FieldRuleOut {
            field: *field,
            can_hide: field.can_hide(),
            can_freeze: field.can_freeze(),
            hidden_for: roles(field.hidden_key()),
            frozen_for: roles(field.frozen_key()),
        })
        .collect();
    Ok(FieldRuleTable { items })
}
