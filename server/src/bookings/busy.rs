//! Who is busy when, side by side.

use axum::extract::State;
use chrono::{DateTime, Duration, Utc};
use kernel::ids::{OrganizationId, ResourceId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store;
use crate::{
    access::caller::Caller,
    app::App,
    conflicts::model::Slot,
    http::{Json, Listing, Path, Problem, Query, Result},
    orgs::api::member_of,
};

/// Longest time that is looked at, and that which is when nobody says.
const LONGEST: Duration = Duration::days(93);
const USUAL: Duration = Duration::days(7);
/// Most people, rooms and devices that one call names.
const MOST_NAMED: usize = 200;

/// Whose time, and from when until when.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BusyQuery {
    /// From when; from now when absent.
    pub from: Option<DateTime<Utc>>,
    /// Until when, at most 93 days later; for a week when absent.
    pub to: Option<DateTime<Utc>>,
    /// Members, separated by commas.
    pub user_ids: Option<String>,
    /// Rooms and devices, separated by commas.
    pub resource_ids: Option<String>,
}

/// A time that is taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Block {
    /// From when.
    pub starts_at: DateTime<Utc>,
    /// Until when.
    pub ends_at: DateTime<Utc>,
    /// By what: `meeting` or `booking`.
    pub why: String,
}

/// Whose time it is: a member's, or that of a room or device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Holder {
    /// The member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The room or device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<ResourceId>,
}

/// When somebody or something is taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FreeBusy {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "its fields are documented")]
    pub holder: Holder,
    /// The times that are taken, in order; they may overlap.
    pub busy: Vec<Block>,
}

/// When members, rooms and devices are taken, one item for each that was named, in their order. Who is not an active
/// member, and what is none of the organization's, is never busy. Of what somebody does nothing but the time is told.
#[utoipa::path(get, path = "/organizations/{org}/free-busy", tag = "bookings", params(("org" = OrganizationId, Path), BusyQuery),
    responses((status = 200, body = Listing<FreeBusy>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn free_busy(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(query): Query<BusyQuery>,
) -> Result<Json<Listing<FreeBusy>>> {
    let starts_at = query.from.unwrap_or_else(|| app.clock.now());
    let within = Slot { starts_at, ends_at: query.to.unwrap_or(starts_at + USUAL) };
    if within.ends_at <= starts_at || within.ends_at - starts_at > LONGEST {
        let detail = "The time must have a length of at most 93 days.";
        return Err(Problem::invalid_field("/to", "OUT_OF_RANGE", detail));
    }
    let users: Vec<UserId> = ids(query.user_ids.as_deref(), "/user_ids")?;
    let resources: Vec<ResourceId> = ids(query.resource_ids.as_deref(), "/resource_ids")?;
    let mut tx = app.begin(&caller).await?;
    member_of(&mut tx, &caller, org).await?;
    let users_of = users.iter().map(|id| Holder { user_id: Some(*id), resource_id: None });
    let resources_of = resources.iter().map(|id| Holder { user_id: None, resource_id: Some(*id) });
    let mut items: Vec<FreeBusy> =
        users_of.chain(resources_of).map(|holder| FreeBusy { holder, busy: Vec::new() }).collect();
    for (holder, block) in store::busy(&mut tx, org, &users, &resources, within).await? {
        if let Some(item) = items.iter_mut().find(|item| item.holder == holder) {
            item.busy.push(block);
        }
    }
    Ok(Json(Listing::whole(items)))
}

/// The ids in a list with commas, each once.
fn ids<T: From<Uuid> + PartialEq>(list: Option<&str>, pointer: &str) -> Result<Vec<T>> {
    let parts = list.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty());
    let mut ids: Vec<T> = Vec::new();
    for part in parts {
        let id = part
            .parse::<Uuid>()
            .map_err(|_| Problem::invalid_field(pointer, "INVALID", "These are no ids."))?
            .into();
        if !ids.contains(&id) {
            ids.push(id);
        }
        if ids.len() > MOST_NAMED {
            return Err(Problem::invalid_field(pointer, "TOO_LONG", "These are too many for one call."));
        }
    }
    Ok(ids)
}
