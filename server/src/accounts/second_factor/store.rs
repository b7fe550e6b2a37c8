//! SQL of the second factor. Runs as the system: no query of a person's transaction can reach a secret.

use chrono::{DateTime, Utc};
use kernel::{db::Tx, ids::UserId};

use super::SecondFactor;

/// A second factor as it is stored.
pub struct Factor {
    pub secret: Vec<u8>,
    pub confirmed: bool,
}

/// How a person's second factor stands.
pub async fn state(tx: &mut Tx, user: UserId) -> sqlx::Result<SecondFactor> {
    sqlx::query_as!(
        SecondFactor,
        r#"select exists (select from second_factors where user_id = $1 and confirmed_at is not null) as "enabled!",
                  (select count(*) from recovery_codes where user_id = $1 and used_at is null) as "recovery_codes_left!""#,
        user.0,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Stores a secret that waits for its first code; false when one is in use already.
pub async fn begin(tx: &mut Tx, user: UserId, secret: &[u8], now: DateTime<Utc>) -> sqlx::Result<bool> {
    let begun = sqlx::query!(
        "insert into second_factors as f (user_id, secret, created_at) values ($1, $2, $3)
         on conflict (user_id) do update set secret = excluded.secret, created_at = excluded.created_at
             where f.confirmed_at is null",
        user.0,
        secret,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(begun.rows_affected() == 1)
}

/// A person's second factor, locked, so that two codes are looked at one after the other.
pub async fn lock(tx: &mut Tx, user: UserId) -> sqlx::Result<Option<Factor>> {
    sqlx::query_as!(
        Factor,
        r#"select secret, confirmed_at is not null as "confirmed!" from second_factors where user_id = $1 for update"#,
        user.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Puts a second factor into force.
pub async fn confirm(tx: &mut Tx, user: UserId, step: i64, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update second_factors set confirmed_at = $3, last_step = $2 where user_id = $1",
        user.0,
        step,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Uses a time step up; false when it or a later one was used before.
pub async fn take_step(tx: &mut Tx, user: UserId, step: i64) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "update second_factors set last_step = $2 where user_id = $1 and last_step < $2",
        user.0,
        step
    )
    .execute(&mut **tx)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Uses a recovery code up; false when there is none, or it was used before.
pub async fn take_recovery_code(
    tx: &mut Tx,
    user: UserId,
    code_hash: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "update recovery_codes set used_at = $3 where user_id = $1 and code_hash = $2 and used_at is null",
        user.0,
        code_hash,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Puts new recovery codes in the place of all earlier ones.
pub async fn replace_recovery_codes(tx: &mut Tx, user: UserId, hashes: &[Vec<u8>]) -> sqlx::Result<()> {
    sqlx::query!("delete from recovery_codes where user_id = $1", user.0).execute(&mut **tx).await?;
    sqlx::query!(
        "insert into recovery_codes (user_id, code_hash) select $1, unnest($2::bytea[])",
        user.0,
        hashes
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes a second factor with its recovery codes.
pub async fn remove(tx: &mut Tx, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from second_factors where user_id = $1", user.0).execute(&mut **tx).await?;
    Ok(())
}
