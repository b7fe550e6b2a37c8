//! SQL of what is taken when.

use kernel::{
    db::Tx,
    ids::{BookingId, OrganizationId, ResourceId},
};
use uuid::Uuid;

use super::model::{Conflict, ConflictKind, Slot};
use crate::resources::model::{Resource, ResourceType};

/// Lets one at a time decide on each of these until the transaction ends.
pub async fn lock(tx: &mut Tx, resources: &[ResourceId]) -> sqlx::Result<()> {
    let ids = uuids(resources);
    sqlx::query!("select lock_resources($1)", &ids).execute(&mut **tx).await?;
    Ok(())
}

/// By what these resources are taken within a time, in its order; `moved` is left out.
pub async fn taken(
    tx: &mut Tx,
    org: OrganizationId,
    resources: &[ResourceId],
    within: Slot,
    moved: Option<BookingId>,
) -> sqlx::Result<Vec<Conflict>> {
    let ids = uuids(resources);
    sqlx::query!(
        r#"select booking_id, resource_id as "resource_id: ResourceId", starts_at, ends_at from reservations
           where organization_id = $1 and resource_id = any ($2) and ends_at > $3 and starts_at < $4
             and booking_id is distinct from $5
           order by starts_at, resource_id"#,
        org.0,
        &ids,
        within.starts_at,
        within.ends_at,
        moved.map(|id| id.0),
    )
    .map(|row| Conflict {
        kind: ConflictKind::Booking,
        id: row.booking_id,
        resource_id: Some(row.resource_id),
        starts_at: row.starts_at,
        ends_at: row.ends_at,
    })
    .fetch_all(&mut **tx)
    .await
}

/// Others that could take the place of a resource, those that fit best first: of its type, with all that it has, as large
/// at least, and free at that time.
pub async fn like(tx: &mut Tx, wanted: &Resource, at: Slot, limit: usize) -> sqlx::Result<Vec<ResourceId>> {
    sqlx::query_scalar!(
        r#"select r.id as "id: ResourceId" from resources r
           where r.organization_id = $1 and r.id <> $2 and r.is_enabled and r.deleted_at is null and r.type = $3
             and ($4::integer is null or r.capacity >= $4) and r.features @> $5
             and not exists (select from reservations v
                             where v.resource_id = r.id and v.ends_at > $6 and v.starts_at < $7)
           order by r.location = $8 desc, r.capacity nulls last, r.name limit $9"#,
        wanted.organization_id.0,
        wanted.id.0,
        wanted.kind as ResourceType,
        wanted.capacity,
        &wanted.features,
        at.starts_at,
        at.ends_at,
        wanted.location,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(&mut **tx)
    .await
}

fn uuids(resources: &[ResourceId]) -> Vec<Uuid> {
    resources.iter().map(|id| id.0).collect()
}
