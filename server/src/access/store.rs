//! SQL that tells API keys and device tokens by their secrets.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{ApiKeyId, DeviceTokenId, OrganizationId, UserId},
};

use super::scope::ApiScope;

/// An API key that is not revoked.
pub struct KeyRow {
    pub id: ApiKeyId,
    pub account_id: UserId,
    pub organization_id: OrganizationId,
    pub scopes: Vec<ApiScope>,
    /// Until when the secret that was shown works.
    pub valid_until: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A device token that is not revoked.
pub struct DeviceRow {
    pub id: DeviceTokenId,
    pub name: String,
    pub organization_id: OrganizationId,
    pub organization_name: String,
    pub resource_id: Option<uuid::Uuid>,
    pub valid_until: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What was used.
#[derive(Debug, Clone, Copy)]
pub enum Machine {
    Key(ApiKeyId),
    Device(DeviceTokenId),
}

/// The key with a secret of this hash: its present one, or the one before it.
pub async fn key(tx: &mut Tx, hash: &[u8]) -> sqlx::Result<Option<KeyRow>> {
    sqlx::query_as!(
        KeyRow,
        r#"select k.id as "id: ApiKeyId", k.account_id as "account_id: UserId",
                  k.organization_id as "organization_id: OrganizationId", k.scopes as "scopes: Vec<ApiScope>",
                  least(k.expires_at, case when k.secret_hash <> $1 then k.previous_until end) as valid_until,
                  k.last_used_at
           from api_keys k where (k.secret_hash = $1 or k.previous_hash = $1) and k.revoked_at is null"#,
        hash,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The device token with a secret of this hash: its present one, or the one before it.
pub async fn device(tx: &mut Tx, hash: &[u8]) -> sqlx::Result<Option<DeviceRow>> {
    sqlx::query_as!(
        DeviceRow,
        r#"select d.id as "id: DeviceTokenId", d.name, d.organization_id as "organization_id: OrganizationId",
                  o.name as organization_name, d.resource_id,
                  least(d.expires_at, case when d.secret_hash <> $1 then d.previous_until end) as valid_until,
                  d.last_used_at
           from device_tokens d join organizations o on o.id = d.organization_id
           where (d.secret_hash = $1 or d.previous_hash = $1) and d.revoked_at is null"#,
        hash,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Notes a use, unless a later one is noted.
pub async fn note_use(tx: &mut Tx, machine: Machine, now: DateTime<Utc>) -> sqlx::Result<()> {
    match machine {
        Machine::Key(id) => {
            sqlx::query!(
                "update api_keys set last_used_at = greatest(last_used_at, $2) where id = $1 and revoked_at is null",
                id.0,
                now,
            )
        }
        Machine::Device(id) => {
            sqlx::query!(
                "update device_tokens set last_used_at = greatest(last_used_at, $2) where id = $1 and revoked_at is null",
                id.0,
                now,
            )
        }
    }
    .execute(&mut **tx)
    .await?;
    Ok(())
}
