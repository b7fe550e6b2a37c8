//! Endpoints of groups of contacts. Members see them; keeping them needs `contacts.manage`.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use kernel::ids::{ContactGroupId, ContactId, OrganizationId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    api::{MOST_NAMED, require_contacts},
    rules::LONGEST_GROUP,
    store,
};
use crate::{
    access::{caller::Caller, policy::Permission},
    app::App,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
    orgs::api::{member_of, require},
};

/// A group of contacts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ContactGroup {
    /// Its id.
    pub id: ContactGroupId,
    /// Whose group.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// How many contacts are in it.
    pub contact_count: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// Groups by name.
#[utoipa::path(get, path = "/organizations/{org}/contact-groups", tag = "contacts", operation_id = "list_groups",
    params(("org" = OrganizationId, Path), PageQuery),
    responses((status = 200, body = Listing<ContactGroup>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<ContactGroup>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    member_of(&mut tx, &caller, org).await?;
    let found = store::groups(&mut tx, org, after, limit + 1).await?;
    Ok(Json(Listing::from_one_more(found, limit, |group| (group.name.clone(), group.id))))
}

/// A new group.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewGroup {
    /// Name, 1 to 100 characters, which no other group has.
    pub name: String,
    /// Contacts to put into it, at most 1000.
    #[serde(default)]
    pub contact_ids: Vec<ContactId>,
}

/// Makes a group. Needs `contacts.manage`.
#[utoipa::path(post, path = "/organizations/{org}/contact-groups", tag = "contacts", operation_id = "create_group",
    params(("org" = OrganizationId, Path)), request_body = NewGroup,
    responses((status = 201, body = ContactGroup), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Json(body): Json<NewGroup>,
) -> Result<(StatusCode, Json<ContactGroup>)> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::ContactsManage).await?;
    check(&body.name, &body.contact_ids)?;
    require_contacts(&mut tx, org, &body.contact_ids).await?;
    let id = ContactGroupId::new(app.clock.now());
    store::create_group(&mut tx, org, id, body.name.trim(), caller.user_id).await?;
    store::add_to_group(&mut tx, org, id, &body.contact_ids, caller.user_id).await?;
    let made = store::group(&mut tx, id).await?.ok_or_else(no_group)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// One group. Who is in it is told by the list of contacts with `group_id`.
#[utoipa::path(get, path = "/contact-groups/{id}", tag = "contacts", operation_id = "read_group",
    params(("id" = ContactGroupId, Path)),
    responses((status = 200, body = ContactGroup), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ContactGroupId>,
) -> Result<Json<ContactGroup>> {
    let mut tx = app.begin(&caller).await?;
    store::group(&mut tx, id).await?.map(Json).ok_or_else(no_group)
}

/// What changes a group.
#[derive(Debug, Deserialize, ToSchema)]
pub struct GroupChange {
    /// Name, 1 to 100 characters, which no other group has.
    pub name: String,
}

/// Renames a group. Needs `contacts.manage`.
#[utoipa::path(patch, path = "/contact-groups/{id}", tag = "contacts", operation_id = "change_group",
    params(("id" = ContactGroupId, Path)), request_body = GroupChange,
    responses((status = 200, body = ContactGroup), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ContactGroupId>,
    Json(body): Json<GroupChange>,
) -> Result<Json<ContactGroup>> {
    let mut tx = app.begin(&caller).await?;
    let group = store::group(&mut tx, id).await?.ok_or_else(no_group)?;
    require(&mut tx, &caller, group.organization_id, Permission::ContactsManage).await?;
    check(&body.name, &[])?;
    store::rename_group(&mut tx, id, body.name.trim(), caller.user_id).await?;
    let changed = store::group(&mut tx, id).await?.ok_or_else(no_group)?;
    tx.commit().await?;
    Ok(Json(changed))
}

/// Deletes a group; its contacts stay. Needs `contacts.manage`.
#[utoipa::path(delete, path = "/contact-groups/{id}", tag = "contacts", operation_id = "delete_group",
    params(("id" = ContactGroupId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ContactGroupId>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let group = store::group(&mut tx, id).await?.ok_or_else(no_group)?;
    require(&mut tx, &caller, group.organization_id, Permission::ContactsManage).await?;
    store::delete_group(&mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Contacts for a group.
#[derive(Debug, Deserialize, ToSchema)]
pub struct GroupAddition {
    /// At most 1000.
    pub contact_ids: Vec<ContactId>,
}

/// Puts contacts into a group; those who are in it stay. Needs `contacts.manage`.
#[utoipa::path(post, path = "/contact-groups/{id}/contacts", tag = "contacts", operation_id = "add_to_group",
    params(("id" = ContactGroupId, Path)), request_body = GroupAddition,
    responses((status = 200, body = ContactGroup), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ContactGroupId>,
    Json(body): Json<GroupAddition>,
) -> Result<Json<ContactGroup>> {
    let mut tx = app.begin(&caller).await?;
    let group = store::group(&mut tx, id).await?.ok_or_else(no_group)?;
    require(&mut tx, &caller, group.organization_id, Permission::ContactsManage).await?;
    check(&group.name, &body.contact_ids)?;
    require_contacts(&mut tx, group.organization_id, &body.contact_ids).await?;
    store::add_to_group(&mut tx, group.organization_id, id, &body.contact_ids, caller.user_id).await?;
    let changed = store::group(&mut tx, id).await?.ok_or_else(no_group)?;
    tx.commit().await?;
    Ok(Json(changed))
}

/// Takes a contact out of a group. Needs `contacts.manage`.
#[utoipa::path(delete, path = "/contact-groups/{id}/contacts/{contact}", tag = "contacts", operation_id = "remove_from_group",
    params(("id" = ContactGroupId, Path), ("contact" = ContactId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path((id, contact)): Path<(ContactGroupId, ContactId)>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let group = store::group(&mut tx, id).await?.ok_or_else(no_group)?;
    require(&mut tx, &caller, group.organization_id, Permission::ContactsManage).await?;
    if !store::remove_from_group(&mut tx, id, contact).await? {
        return Err(Problem::not_found("contact"));
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn check(name: &str, contacts: &[ContactId]) -> Result<()> {
    let mut checks = Checks::default();
    checks.text(name, "/name", 1..=LONGEST_GROUP);
    let plain = !name.contains(['|', ';']) && !name.chars().any(char::is_control);
    checks.require(plain, "/name", "INVALID", "The name contains a character that cannot stand in it.");
    let few = contacts.len() <= MOST_NAMED;
    checks.require(few, "/contact_ids", "TOO_LONG", "These are too many contacts for one call.");
    checks.done()
}

fn no_group() -> Problem {
    Problem::not_found("group")
}
