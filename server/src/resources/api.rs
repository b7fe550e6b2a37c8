//! Endpoints of rooms and devices. Members see them; keeping them needs `resources.manage`.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use kernel::{
    db::Tx,
    ids::{OrganizationId, ResourceId},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    model::{FEATURES, LARGEST, LONGEST_LOCATION, LONGEST_NAME, Resource, ResourceType},
    store,
};
use crate::{
    access::{caller::Caller, policy::Permission},
    app::App,
    conflicts,
    http::{
        Checks, Conditions, Json, Listing, PageQuery, Path, Problem, Query, Result, Tagged, extract::given,
    },
    orgs::api::{member_of, require},
};

/// Which rooms and devices.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ResourceFilter {
    /// Rooms, or devices.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub kind: Option<ResourceType>,
    /// Those that hold at least so many people.
    pub min_capacity: Option<i32>,
    /// Those that have all of these features, separated by commas.
    pub features: Option<String>,
    /// Those that can be booked, or cannot.
    pub is_enabled: Option<bool>,
    /// Items at most, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// Where the page before ended: its `next_cursor`.
    pub cursor: Option<String>,
}

/// Rooms and devices by name.
#[utoipa::path(get, path = "/organizations/{org}/resources", tag = "resources", params(("org" = OrganizationId, Path), ResourceFilter),
    responses((status = 200, body = Listing<Resource>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(filter): Query<ResourceFilter>,
) -> Result<Json<Listing<Resource>>> {
    let page = PageQuery { limit: filter.limit, cursor: filter.cursor };
    let (limit, after) = (page.limit()?, page.after()?);
    let features = filter.features.as_deref().unwrap_or_default();
    let features = tidy(features.split(',').map(str::to_lowercase).collect());
    let wanted = store::Filter {
        kind: filter.kind,
        min_capacity: filter.min_capacity,
        features: &features,
        is_enabled: filter.is_enabled,
    };
    let mut tx = app.begin(&caller).await?;
    member_of(&mut tx, &caller, org).await?;
    let found = store::list(&mut tx, org, &wanted, after, limit + 1).await?;
    Ok(Json(Listing::from_one_more(found, limit, |one| (one.name.clone(), one.id))))
}

/// A new room or device.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewResource {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// What it is called, 1 to 120 characters; no two of an organization are called the same.
    pub name: String,
    /// Where it is, at most 200 characters.
    #[serde(default)]
    pub location: String,
    /// How many people it holds.
    #[serde(default)]
    pub capacity: Option<i32>,
    /// What it has; at most 50, of at most 60 characters each.
    #[serde(default)]
    pub features: Vec<String>,
    /// Whether it can be booked; it can when absent.
    #[serde(default)]
    pub is_enabled: Option<bool>,
}

/// Adds a room or a device. Needs `resources.manage`.
#[utoipa::path(post, path = "/organizations/{org}/resources", tag = "resources", params(("org" = OrganizationId, Path)),
    request_body = NewResource,
    responses((status = 201, body = Resource), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Json(body): Json<NewResource>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::ResourcesManage).await?;
    let now = app.clock.now();
    let new = Resource {
        id: ResourceId::new(now),
        organization_id: org,
        kind: body.kind,
        name: body.name.trim().to_owned(),
        location: body.location.trim().to_owned(),
        capacity: body.capacity,
        features: tidy(body.features),
        is_enabled: body.is_enabled.unwrap_or(true),
        created_at: now,
        updated_at: now,
    };
    check(&new)?;
    store::save(&mut tx, &new, caller.user_id).await?;
    let made = store::find(&mut tx, new.id).await?.ok_or_else(no_resource)?;
    tx.commit().await?;
    let location = format!("/api/v1/resources/{}", made.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Tagged(made)).into_response())
}

/// One room or device.
#[utoipa::path(get, path = "/resources/{id}", tag = "resources", params(("id" = ResourceId, Path)),
    responses((status = 200, body = Resource), (status = 304), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ResourceId>,
    conditions: Conditions,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    conditions.answer(&store::find(&mut tx, id).await?.ok_or_else(no_resource)?)
}

/// What changes a room or device; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceChange {
    /// What it is.
    #[serde(default, rename = "type")]
    pub kind: Option<ResourceType>,
    /// What it is called.
    #[serde(default)]
    pub name: Option<String>,
    /// Where it is.
    #[serde(default)]
    pub location: Option<String>,
    /// How many people it holds; `null` when that is not known.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i32>)]
    pub capacity: Option<Option<i32>>,
    /// What it has.
    #[serde(default)]
    pub features: Option<Vec<String>>,
    /// Whether it can be booked. What is booked already stays.
    #[serde(default)]
    pub is_enabled: Option<bool>,
}

/// Changes a room or device. Needs `resources.manage`.
#[utoipa::path(patch, path = "/resources/{id}", tag = "resources", params(("id" = ResourceId, Path)), request_body = ResourceChange,
    responses((status = 200, body = Resource), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ResourceId>,
    conditions: Conditions,
    Json(body): Json<ResourceChange>,
) -> Result<Tagged<Resource>> {
    let mut tx = app.begin(&caller).await?;
    let before = keep(&mut tx, &caller, id).await?;
    conditions.unchanged(&before)?;
    let after = Resource {
        kind: body.kind.unwrap_or(before.kind),
        name: body.name.map_or(before.name, |name| name.trim().to_owned()),
        location: body.location.map_or(before.location, |location| location.trim().to_owned()),
        capacity: body.capacity.unwrap_or(before.capacity),
        features: body.features.map_or(before.features, tidy),
        is_enabled: body.is_enabled.unwrap_or(before.is_enabled),
        ..before
    };
    check(&after)?;
    store::save(&mut tx, &after, caller.user_id).await?;
    let changed = store::find(&mut tx, id).await?.ok_or_else(no_resource)?;
    tx.commit().await?;
    Ok(Tagged(changed))
}

/// Deletes a room or device that nobody has booked for now or later; bookings of the past go on naming it. Needs
/// `resources.manage`.
#[utoipa::path(delete, path = "/resources/{id}", tag = "resources", params(("id" = ResourceId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ResourceId>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    keep(&mut tx, &caller, id).await?;
    conflicts::store::lock(&mut tx, &[id]).await?;
    if !store::delete(&mut tx, id, app.clock.now(), caller.user_id).await? {
        let detail = "It is booked for now or later. Please disable it, or cancel what is booked.";
        return Err(Problem::conflict("RESOURCE_IN_USE", detail));
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A resource that the caller may change, locked.
async fn keep(tx: &mut Tx, caller: &Caller, id: ResourceId) -> Result<Resource> {
    let seen = store::find(tx, id).await?.ok_or_else(no_resource)?;
    require(tx, caller, seen.organization_id, Permission::ResourcesManage).await?;
    store::lock(tx, id).await?.ok_or_else(no_resource)
}

/// Requires that these are resources of the organization; gives them by id.
///
/// # Errors
/// 422 with a pointer to the first that is none.
pub async fn require_resources(
    tx: &mut Tx,
    org: OrganizationId,
    ids: &[ResourceId],
    pointer: impl Fn(usize) -> String,
) -> Result<Vec<Resource>> {
    let known = store::named(tx, org, ids).await?;
    match ids.iter().position(|id| !known.iter().any(|one| one.id == *id)) {
        None => Ok(known),
        Some(index) => {
            let detail = "There is no such room or device.";
            Err(Problem::invalid_field(pointer(index), "UNKNOWN_RESOURCE", detail))
        }
    }
}

fn check(resource: &Resource) -> Result<()> {
    let mut checks = Checks::default();
    checks.text(&resource.name, "/name", 1..=LONGEST_NAME);
    checks.text(&resource.location, "/location", 0..=LONGEST_LOCATION);
    let fits = resource.capacity.is_none_or(|capacity| (1..=LARGEST).contains(&capacity));
    checks.require(fits, "/capacity", "OUT_OF_RANGE", "It holds between 1 and 100000 people.");
    let (most, longest) = FEATURES;
    checks.require(resource.features.len() <= most, "/features", "TOO_LONG", "It has at most 50 features.");
    for (index, feature) in resource.features.iter().enumerate() {
        checks.text(feature, &format!("/features/{index}"), 1..=longest);
    }
    checks.done()
}

/// Features as they are kept: without space around them, each once, whatever its case.
fn tidy(features: Vec<String>) -> Vec<String> {
    let mut tidy: Vec<String> = Vec::new();
    for feature in features {
        let feature = feature.trim();
        if !feature.is_empty() && !tidy.iter().any(|known| known.to_lowercase() == feature.to_lowercase()) {
            tidy.push(feature.to_owned());
        }
    }
    tidy
}

fn no_resource() -> Problem {
    Problem::not_found("room or device")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_kept_once() {
        let typed = [" Projector", "projector ", "", "Screen"].map(str::to_owned).to_vec();
        assert_eq!(tidy(typed), ["Projector", "Screen"]);
    }
}
