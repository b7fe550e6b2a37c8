//! SQL of rooms and devices.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{OrganizationId, ResourceId, UserId},
};
use uuid::Uuid;

use super::model::{Resource, ResourceType};

macro_rules! select_resources {
    ($rest:literal, $($arg:expr),+ $(,)?) => {
        sqlx::query_as!(
            Resource,
            r#"select id as "id: ResourceId", organization_id as "organization_id: OrganizationId",
                      type as "kind: ResourceType", name, location, capacity, features, is_enabled, created_at, updated_at
               from resources "# + $rest,
            $($arg),+
        )
    };
}

/// Which resources.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    pub kind: Option<ResourceType>,
    pub min_capacity: Option<i32>,
    /// All of these, in lower case.
    pub features: &'a [String],
    pub is_enabled: Option<bool>,
}

/// Resources by name, behind `after` (name and id).
pub async fn list(
    tx: &mut Tx,
    org: OrganizationId,
    filter: &Filter<'_>,
    after: Option<(String, ResourceId)>,
    limit: i64,
) -> sqlx::Result<Vec<Resource>> {
    let (name, id) = after.map_or((None, None), |(name, id)| (Some(name), Some(id.0)));
    select_resources!(
        "where organization_id = $1 and deleted_at is null
           and ($2::resource_type is null or type = $2) and ($3::integer is null or capacity >= $3)
           and array(select lower(f) from unnest(features) f) @> $4 and ($5::boolean is null or is_enabled = $5)
           and ($6::text is null or (name, id) > ($6, $7))
         order by name, id limit $8",
        org.0,
        filter.kind as Option<ResourceType>,
        filter.min_capacity,
        filter.features,
        filter.is_enabled,
        name,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// One resource.
pub async fn find(tx: &mut Tx, id: ResourceId) -> sqlx::Result<Option<Resource>> {
    select_resources!("where id = $1 and deleted_at is null", id.0).fetch_optional(&mut **tx).await
}

/// One resource, locked until the transaction ends. For those who may change it.
pub async fn lock(tx: &mut Tx, id: ResourceId) -> sqlx::Result<Option<Resource>> {
    select_resources!("where id = $1 and deleted_at is null for no key update", id.0)
        .fetch_optional(&mut **tx)
        .await
}

/// Those of the named that are the organization's, by id.
pub async fn named(tx: &mut Tx, org: OrganizationId, ids: &[ResourceId]) -> sqlx::Result<Vec<Resource>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    select_resources!(
        "where organization_id = $1 and id = any ($2) and deleted_at is null order by id",
        org.0,
        &ids
    )
    .fetch_all(&mut **tx)
    .await
}

/// Stores a resource, new or changed.
pub async fn save(tx: &mut Tx, resource: &Resource, by: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into resources (id, organization_id, type, name, location, capacity, features, is_enabled, created_by,
                updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         on conflict (id) do update set type = $3, name = $4, location = $5, capacity = $6, features = $7,
                is_enabled = $8, updated_by = $9",
        resource.id.0,
        resource.organization_id.0,
        resource.kind as ResourceType,
        resource.name,
        resource.location,
        resource.capacity,
        &resource.features,
        resource.is_enabled,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a resource unless it is booked now or later; tells whether it did. The caller holds its lock.
pub async fn delete(tx: &mut Tx, id: ResourceId, now: DateTime<Utc>, by: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update resources set deleted_at = $2, updated_by = $3
         where id = $1 and not exists (select from reservations where resource_id = $1 and ends_at > $2)",
        id.0,
        now,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
