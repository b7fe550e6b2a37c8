//! SQL of profiles.

use chrono::{DateTime, Utc};
use kernel::{db::Tx, ids::UserId};
use uuid::Uuid;

use super::api::{Consent, ConsentPurpose, ProfileChange};

/// Changes what one says of oneself; what is absent stays.
pub async fn change(tx: &mut Tx, user: UserId, change: &ProfileChange) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set name = coalesce($2, name), phone = case when $3 then $4 else phone end,
                timezone = coalesce($5, timezone), language = coalesce($6, language), updated_by = $1
         where id = $1",
        user.0,
        change.name.as_deref().map(str::trim),
        change.phone.is_some(),
        change.phone.as_ref().and_then(Option::as_deref).map(str::trim).filter(|phone| !phone.is_empty()),
        change.timezone,
        change.language.map(super::api::Language::code),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Where a person's picture is found; `None` when the caller may not know the person or there is no picture.
pub async fn avatar_url(tx: &mut Tx, user: UserId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select avatar_url from users where id = $1", user.0)
        .fetch_optional(&mut **tx)
        .await
        .map(Option::flatten)
}

/// Sets where a person's picture is found; gives back where the one before was.
pub async fn set_avatar_url(tx: &mut Tx, user: UserId, url: Option<&str>) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "update users u set avatar_url = $2, updated_by = $1
         from (select id, avatar_url from users where id = $1 for update) was
         where u.id = was.id returning was.avatar_url",
        user.0,
        url,
    )
    .fetch_optional(&mut **tx)
    .await
    .map(Option::flatten)
}

/// How a person last decided, purpose by purpose.
pub async fn consents(tx: &mut Tx, user: UserId) -> sqlx::Result<Vec<Consent>> {
    sqlx::query_as!(
        Consent,
        r#"select p.purpose as "purpose!: ConsentPurpose",
                  c.id is not null and c.withdrawn_at is null as "given!", c.given_at as "given_at?", c.withdrawn_at
           from unnest(enum_range(null::consent_purpose)) p (purpose)
           left join lateral (select id, given_at, withdrawn_at from consents
                              where user_id = $1 and purpose = p.purpose order by given_at desc, withdrawn_at desc limit 1) c
             on true
           order by p.purpose"#,
        user.0,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Notes that a person agrees; when they do already, that stands.
pub async fn give(
    tx: &mut Tx,
    id: Uuid,
    user: UserId,
    purpose: ConsentPurpose,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into consents (id, user_id, purpose, given_at) values ($1, $2, $3, $4)
         on conflict (user_id, purpose) where withdrawn_at is null do nothing",
        id,
        user.0,
        purpose as ConsentPurpose,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that a person agrees no more.
pub async fn withdraw(
    tx: &mut Tx,
    user: UserId,
    purpose: ConsentPurpose,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update consents set withdrawn_at = greatest($3, given_at)
         where user_id = $1 and purpose = $2 and withdrawn_at is null",
        user.0,
        purpose as ConsentPurpose,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
