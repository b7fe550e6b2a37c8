//! SQL of settings.

use kernel::{
    db::Tx,
    ids::{OrganizationId, UserId},
};
use serde_json::Value;

/// What an organization has set.
pub async fn read(tx: &mut Tx, org: OrganizationId) -> sqlx::Result<Value> {
    sqlx::query_scalar!("select settings from organizations where id = $1", org.0).fetch_one(&mut **tx).await
}

/// As [`read`], locked until the transaction ends. For those who may change it.
pub async fn lock(tx: &mut Tx, org: OrganizationId) -> sqlx::Result<Value> {
    sqlx::query_scalar!("select settings from organizations where id = $1 for no key update", org.0)
        .fetch_one(&mut **tx)
        .await
}

/// Stores what an organization has set.
pub async fn write(tx: &mut Tx, org: OrganizationId, settings: &Value, by: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "update organizations set settings = $2, updated_by = $3 where id = $1",
        org.0,
        settings,
        by.0
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
