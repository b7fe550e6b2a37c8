//! SQL of the system's administration.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{OrganizationId, UserId},
};
use serde::Serialize;
use utoipa::ToSchema;

/// An organization from outside: how much there is of what, and nothing of what it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationOverview {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its short name for addresses.
    pub slug: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Since when nobody may work in it; `null` when all may.
    pub suspended_at: Option<DateTime<Utc>>,
    /// Why.
    pub suspended_reason: Option<String>,
    /// Active members.
    pub members: i64,
    /// Meetings, whatever their state.
    pub meetings: i64,
    /// Bytes of recordings in the vault.
    pub storage_bytes: i64,
}

/// Somebody who administers the system.
#[derive(Debug, Serialize, ToSchema)]
pub struct SystemAdmin {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
}

/// Organizations by name, behind `after` (name and id), or the `one`.
pub async fn organizations(
    tx: &mut Tx,
    one: Option<OrganizationId>,
    search: Option<&str>,
    after: Option<(String, OrganizationId)>,
    limit: i64,
) -> sqlx::Result<Vec<OrganizationOverview>> {
    let (name, id) = after.map_or((None, None), |(name, id)| (Some(name), Some(id.0)));
    sqlx::query_as!(
        OrganizationOverview,
        r#"select id as "id!: OrganizationId", name as "name!", slug as "slug!", created_at as "created_at!", suspended_at,
                  suspended_reason, members as "members!", meetings as "meetings!", storage_bytes as "storage_bytes!"
           from system_organizations($1, $2, $3, $4, $5)"#,
        one.map(|id| id.0),
        search,
        name,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Suspends an organization or lets it go on; false when there is none, or it stood so already.
pub async fn suspend(
    tx: &mut Tx,
    org: OrganizationId,
    at: Option<DateTime<Utc>>,
    reason: Option<&str>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update organizations set suspended_at = $2, suspended_reason = $3
         where id = $1 and (suspended_at is null) <> ($2::timestamptz is null)",
        org.0,
        at,
        reason,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Who administers the system, by name.
pub async fn admins(tx: &mut Tx) -> sqlx::Result<Vec<SystemAdmin>> {
    sqlx::query_as!(
        SystemAdmin,
        r#"select id as "id: UserId", name, email::text as "email!" from users
           where is_system_admin and is_active order by name, id"#,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Makes the account with an address an administrator of the system; `None` when there is no such active account.
pub async fn make_admin(tx: &mut Tx, email: &str) -> sqlx::Result<Option<SystemAdmin>> {
    sqlx::query_as!(
        SystemAdmin,
        r#"update users set is_system_admin = true where email = $1::text::citext and is_active
           returning id as "id: UserId", name, email::text as "email!""#,
        email,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// How many administer the system, locked, so that two changes cannot both take the last.
pub async fn lock_admins(tx: &mut Tx) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"select id as "id: UserId" from users where is_system_admin and is_active order by id for no key update"#
    )
    .fetch_all(&mut **tx)
    .await
}

/// Takes the administration of the system from somebody.
pub async fn unmake_admin(tx: &mut Tx, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("update users set is_system_admin = false where id = $1", user.0).execute(&mut **tx).await?;
    Ok(())
}
