//! SQL of custom fields.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{CustomFieldId, OrganizationId, UserId},
};
use sqlx::types::Json;

use super::model::{CustomField, Entity, FieldType, Rules};

struct Row {
    id: CustomFieldId,
    entity: Entity,
    key: String,
    label: String,
    kind: FieldType,
    required: bool,
    options: Vec<String>,
    rules: Json<Rules>,
    position: i32,
    retired_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for CustomField {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            entity: row.entity,
            key: row.key,
            label: row.label,
            kind: row.kind,
            required: row.required,
            options: row.options,
            rules: row.rules.0,
            position: row.position,
            retired_at: row.retired_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

macro_rules! select_fields {
    ($rest:literal, $($arg:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select id as "id: CustomFieldId", entity as "entity: Entity", key, label, type as "kind: FieldType",
                      required, options, rules as "rules: Json<Rules>", position, retired_at, created_at, updated_at
               from custom_fields "# + $rest,
            $($arg),+
        )
    };
}

/// The fields of an organization's meetings, retired ones too, in the order of forms.
pub async fn of_meetings(tx: &mut Tx, org: OrganizationId) -> sqlx::Result<Vec<CustomField>> {
    let rows =
        select_fields!("where organization_id = $1 and entity = 'meeting' order by position, key", org.0)
            .fetch_all(&mut **tx)
            .await?;
    Ok(rows.into_iter().map(CustomField::from).collect())
}

/// One field, locked until the transaction ends. For those who may change it.
pub async fn lock(tx: &mut Tx, org: OrganizationId, id: CustomFieldId) -> sqlx::Result<Option<CustomField>> {
    let row = select_fields!("where organization_id = $1 and id = $2 for no key update", org.0, id.0)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(CustomField::from))
}

/// How many fields an organization has; two who count at once count one after the other.
pub async fn count(tx: &mut Tx, org: OrganizationId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"with one_at_a_time as (select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 2)))
           select count(*) as "count!" from one_at_a_time left join custom_fields on organization_id = $1"#,
        org.0
    )
    .fetch_one(&mut **tx)
    .await
}

/// Stores a field, new or changed: all but key, type and entity of one that is there already.
pub async fn save(tx: &mut Tx, org: OrganizationId, field: &CustomField, by: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into custom_fields (id, organization_id, entity, key, label, type, required, options, rules, position,
                retired_at, created_by, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
         on conflict (id) do update set label = $5, required = $7, options = $8, rules = $9, position = $10,
                retired_at = $11, updated_by = $12",
        field.id.0,
        org.0,
        field.entity as Entity,
        field.key,
        field.label,
        field.kind as FieldType,
        field.required,
        &field.options,
        Json(&field.rules) as Json<&Rules>,
        field.position,
        field.retired_at,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a field away unless a meeting of the organization holds a value of it; tells whether it did.
pub async fn delete_unused(tx: &mut Tx, org: OrganizationId, field: &CustomField) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from custom_fields where id = $1
         and not exists (select from meetings where organization_id = $2 and custom_fields ? $3)",
        field.id.0,
        org.0,
        field.key,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
