//! SQL of API keys and device tokens, for those who look after them.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{ApiKeyId, DeviceTokenId, OrganizationId, UserId},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{scope::ApiScope, tokens::MachineSecret};

/// Who made a key or token.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Maker {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
}

/// What is stored with a new secret.
pub struct New<'a, Id> {
    pub id: Id,
    pub organization: OrganizationId,
    pub name: &'a str,
    pub secret: &'a MachineSecret,
    pub expires_at: Option<DateTime<Utc>>,
    pub by: UserId,
    pub now: DateTime<Utc>,
}

/// What API keys and device tokens have in common.
macro_rules! common {
    ($id:ident, $table:literal) => {
        use super::{DateTime, MachineSecret, OrganizationId, Tx, UserId, Utc, $id};

        /// Changes name and end of life; false when there is no such one. `Some(None)` takes the end away.
        pub async fn change(
            tx: &mut Tx,
            org: OrganizationId,
            id: $id,
            name: Option<&str>,
            expires_at: Option<Option<DateTime<Utc>>>,
            by: UserId,
        ) -> sqlx::Result<bool> {
            let done = sqlx::query!(
                "update "
                    + $table
                    + " set name = coalesce($3, name), expires_at = case when $4 then $5 else expires_at end,
                            updated_by = $6
                        where organization_id = $1 and id = $2 and revoked_at is null",
                org.0,
                id.0,
                name,
                expires_at.is_some(),
                expires_at.flatten(),
                by.0,
            )
            .execute(&mut **tx)
            .await?;
            Ok(done.rows_affected() == 1)
        }

        /// Replaces the secret; the one before works until `previous_until`. False when there is no such one.
        pub async fn rotate(
            tx: &mut Tx,
            org: OrganizationId,
            id: $id,
            secret: &MachineSecret,
            previous_until: Option<DateTime<Utc>>,
            by: UserId,
        ) -> sqlx::Result<bool> {
            let done = sqlx::query!(
                "update "
                    + $table
                    + " set previous_hash = case when $5::timestamptz is not null then secret_hash end,
                            previous_until = $5, secret_hash = $3, prefix = $4, updated_by = $6
                        where organization_id = $1 and id = $2 and revoked_at is null",
                org.0,
                id.0,
                secret.hash,
                secret.prefix,
                previous_until,
                by.0,
            )
            .execute(&mut **tx)
            .await?;
            Ok(done.rows_affected() == 1)
        }

        /// Revokes for good; false when there is no such one.
        pub async fn revoke(
            tx: &mut Tx,
            org: OrganizationId,
            id: $id,
            now: DateTime<Utc>,
            by: UserId,
        ) -> sqlx::Result<bool> {
            let done = sqlx::query!(
                "update "
                    + $table
                    + " set revoked_at = $3, updated_by = $4
                        where organization_id = $1 and id = $2 and revoked_at is null",
                org.0,
                id.0,
                now,
                by.0,
            )
            .execute(&mut **tx)
            .await?;
            Ok(done.rows_affected() == 1)
        }
    };
}

/// API keys, with the accounts that they act through.
pub mod api_keys {
    use super::{ApiScope, Maker, New};

    common!(ApiKeyId, "api_keys");

    /// A key that is not revoked.
    pub struct Row {
        pub id: ApiKeyId,
        pub name: String,
        pub scopes: Vec<ApiScope>,
        pub prefix: String,
        pub created_by: Option<Maker>,
        pub created_at: DateTime<Utc>,
        pub expires_at: Option<DateTime<Utc>>,
        pub last_used_at: Option<DateTime<Utc>>,
        pub previous_until: Option<DateTime<Utc>>,
    }

    /// Stores a key with its account: a secretary, so that it sees recordings that are shared with officers; nobody can
    /// sign in to it.
    pub async fn insert(
        tx: &mut Tx,
        new: &New<'_, ApiKeyId>,
        scopes: &[ApiScope],
        account: UserId,
    ) -> sqlx::Result<()> {
        sqlx::query!(
            "with account as (
                 insert into users (id, kind, email, name, created_by, updated_by)
                 values ($1::uuid, 'service', $1::uuid::text || '@service.invalid', $2::text, $3, $3)),
             membership as (
                 insert into organization_members (organization_id, user_id, role, invited_by, updated_by)
                 values ($4, $1, 'secretary', $3, $3))
             insert into api_keys (id, organization_id, account_id, name, scopes, prefix, secret_hash, expires_at,
                     created_at, updated_at, created_by, updated_by)
             values ($5, $4, $1, $2, $6, $7, $8, $9, $10, $10, $3, $3)",
            account.0,
            new.name,
            new.by.0,
            new.organization.0,
            new.id.0,
            scopes as &[ApiScope],
            new.secret.prefix,
            new.secret.hash,
            new.expires_at,
            new.now,
        )
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Keys of an organization that are not revoked, the newest first, behind `after`; or the one with the id `only`.
    pub async fn list(
        tx: &mut Tx,
        org: OrganizationId,
        only: Option<ApiKeyId>,
        after: Option<ApiKeyId>,
        limit: i64,
    ) -> sqlx::Result<Vec<Row>> {
        let rows = sqlx::query!(
            r#"select k.id as "id: ApiKeyId", k.name, k.scopes as "scopes: Vec<ApiScope>", k.prefix, k.created_at,
                      k.expires_at, k.last_used_at, k.previous_until, k.created_by as "created_by: UserId",
                      u.name as "maker?"
               from api_keys k left join users u on u.id = k.created_by
               where k.organization_id = $1 and k.revoked_at is null and ($2::uuid is null or k.id = $2)
                 and ($3::uuid is null or k.id < $3)
               order by k.id desc limit $4"#,
            org.0,
            only.map(|id| id.0),
            after.map(|id| id.0),
            limit,
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| Row {
                id: row.id,
                name: row.name,
                scopes: row.scopes,
                prefix: row.prefix,
                created_by: row.created_by.zip(row.maker).map(|(id, name)| Maker { id, name }),
                created_at: row.created_at,
                expires_at: row.expires_at,
                last_used_at: row.last_used_at,
                previous_until: row.previous_until,
            })
            .collect())
    }

    /// Gives a key's account the key's name; takes its membership away when the key is revoked.
    pub async fn follow(tx: &mut Tx, id: ApiKeyId) -> sqlx::Result<()> {
        sqlx::query!(
            "with key as (select account_id, organization_id, name, revoked_at, updated_by from api_keys where id = $1),
             account as (
                 update users u set name = k.name, is_active = k.revoked_at is null, updated_by = k.updated_by
                 from key k where u.id = k.account_id)
             update organization_members m set is_active = k.revoked_at is null, updated_by = k.updated_by
             from key k where m.user_id = k.account_id and m.organization_id = k.organization_id",
            id.0,
        )
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}

/// Device tokens.
pub mod device_tokens {
    use kernel::ids::ResourceId;

    use super::{Maker, New};

    common!(DeviceTokenId, "device_tokens");

    /// A token that is not revoked.
    pub struct Row {
        pub id: DeviceTokenId,
        pub name: String,
        pub resource_id: Option<ResourceId>,
        pub prefix: String,
        pub created_by: Option<Maker>,
        pub created_at: DateTime<Utc>,
        pub expires_at: Option<DateTime<Utc>>,
        pub last_used_at: Option<DateTime<Utc>>,
        pub previous_until: Option<DateTime<Utc>>,
    }

    /// Stores a token.
    pub async fn insert(
        tx: &mut Tx,
        new: &New<'_, DeviceTokenId>,
        resource: Option<ResourceId>,
    ) -> sqlx::Result<()> {
        sqlx::query!(
            "insert into device_tokens (id, organization_id, name, resource_id, prefix, secret_hash, expires_at,
                     created_at, updated_at, created_by, updated_by)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $9)",
            new.id.0,
            new.organization.0,
            new.name,
            resource.map(|id| id.0),
            new.secret.prefix,
            new.secret.hash,
            new.expires_at,
            new.now,
            new.by.0,
        )
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Tokens of an organization that are not revoked, the newest first, behind `after`; or the one with the id `only`.
    pub async fn list(
        tx: &mut Tx,
        org: OrganizationId,
        only: Option<DeviceTokenId>,
        after: Option<DeviceTokenId>,
        limit: i64,
    ) -> sqlx::Result<Vec<Row>> {
        let rows = sqlx::query!(
            r#"select d.id as "id: DeviceTokenId", d.name, d.resource_id as "resource_id: ResourceId", d.prefix, d.created_at, d.expires_at,
                      d.last_used_at, d.previous_until, d.created_by as "created_by: UserId", u.name as "maker?"
               from device_tokens d left join users u on u.id = d.created_by
               where d.organization_id = $1 and d.revoked_at is null and ($2::uuid is null or d.id = $2)
                 and ($3::uuid is null or d.id < $3)
               order by d.id desc limit $4"#,
            org.0,
            only.map(|id| id.0),
            after.map(|id| id.0),
            limit,
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| Row {
                id: row.id,
                name: row.name,
                resource_id: row.resource_id,
                prefix: row.prefix,
                created_by: row.created_by.zip(row.maker).map(|(id, name)| Maker { id, name }),
                created_at: row.created_at,
                expires_at: row.expires_at,
                last_used_at: row.last_used_at,
                previous_until: row.previous_until,
            })
            .collect())
    }
}
