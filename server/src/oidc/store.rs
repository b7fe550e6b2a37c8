//! SQL of identities at providers, and of what may be used once.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{IdentityId, OrganizationId, SessionId, UserId},
};

use crate::access::policy::OrgRole;

/// Somebody who has signed in through the provider before.
pub struct Known {
    pub id: IdentityId,
    pub user_id: UserId,
    pub is_active: bool,
}

/// An account that has the provider's address.
pub struct Account {
    pub user_id: UserId,
    pub is_active: bool,
    /// Whether it belongs to somebody else at the same provider.
    pub is_taken: bool,
}

/// Spends something that may be used once; false when it was spent before.
pub async fn spend(
    tx: &mut Tx,
    hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query!("delete from spent_tokens where expires_at < $1", now).execute(&mut **tx).await?;
    let done = sqlx::query!(
        "insert into spent_tokens (hash, expires_at) values ($1, $2) on conflict (hash) do nothing",
        hash,
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets two first sign-ins with one address come one after the other.
pub async fn lock_address(tx: &mut Tx, email: &str) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended(lower($1), 2))", email)
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}

/// Who this is, when they were here before; notes that they are again.
pub async fn known(
    tx: &mut Tx,
    issuer: &str,
    subject: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Known>> {
    sqlx::query_as!(
        Known,
        r#"update identities i set last_login_at = $3 from users u
           where i.issuer = $1 and i.subject = $2 and u.id = i.user_id
           returning i.id as "id: IdentityId", i.user_id as "user_id: UserId", u.is_active"#,
        issuer,
        subject,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The account of a person with this address.
pub async fn account(tx: &mut Tx, issuer: &str, email: &str) -> sqlx::Result<Option<Account>> {
    sqlx::query_as!(
        Account,
        r#"select u.id as "user_id: UserId", u.is_active,
                  exists (select from identities i where i.user_id = u.id and i.issuer = $1) as "is_taken!"
           from users u where u.email = $2::text::citext and u.kind = 'person'"#,
        issuer,
        email,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Links an account with somebody at the provider. A password that the owner of the address has not proved to have
/// chosen goes, with the second factor beside it and the sign-ins that were made with it: those are given back.
pub async fn link(
    tx: &mut Tx,
    id: IdentityId,
    user: UserId,
    issuer: &str,
    subject: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<SessionId>> {
    sqlx::query_scalar!(
        r#"with identity as (
             insert into identities (id, user_id, issuer, subject, created_at, last_login_at) values ($1, $2, $3, $4, $5, $5)),
         unproven as (delete from credentials where user_id = $2 and not proven returning user_id),
         factors as (delete from second_factors f using unproven u where f.user_id = u.user_id)
         update sessions s set revoked_at = $5 from unproven u where s.user_id = u.user_id and s.revoked_at is null
         returning s.id as "id: SessionId""#,
        id.0,
        user.0,
        issuer,
        subject,
        now,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Notes that the provider vouched for a session, and by which name it knows that session.
pub async fn vouch(
    tx: &mut Tx,
    session: SessionId,
    identity: IdentityId,
    provider_session: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update sessions set identity_id = $2, provider_session = $3 where id = $1",
        session.0,
        identity.0,
        provider_session,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Organizations by their short names.
pub async fn organizations(tx: &mut Tx, slugs: &[&str]) -> sqlx::Result<Vec<(OrganizationId, String)>> {
    let slugs: Vec<String> = slugs.iter().map(|&slug| slug.to_owned()).collect();
    let rows = sqlx::query!(
        r#"select id as "id: OrganizationId", slug from organizations where slug = any ($1) order by id"#,
        &slugs
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.slug)).collect())
}

/// Gives a membership by the provider's word. One that the organization itself has switched off stays off.
pub async fn give_role(tx: &mut Tx, org: OrganizationId, user: UserId, role: OrgRole) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into organization_members as m (organization_id, user_id, role, by_provider) values ($1, $2, $3, true)
         on conflict (organization_id, user_id) do update
         set role = excluded.role, is_active = true, by_provider = true, updated_by = $2
         where (m.is_active or m.by_provider) and (m.role, m.is_active, m.by_provider) is distinct from (excluded.role, true, true)",
        org.0,
        user.0,
        role as OrgRole,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a membership away that the provider gave.
pub async fn take_role(tx: &mut Tx, org: OrganizationId, user: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "update organization_members set is_active = false, updated_by = $2
         where organization_id = $1 and user_id = $2 and by_provider and is_active",
        org.0,
        user.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends the sessions that the provider means: one of its sessions, or all of a person. Gives back which.
pub async fn end_sessions(
    tx: &mut Tx,
    issuer: &str,
    subject: Option<&str>,
    provider_session: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<SessionId>> {
    sqlx::query_scalar!(
        r#"update sessions s set revoked_at = $4 from identities i
         where s.identity_id = i.id and s.revoked_at is null and i.issuer = $1
           and ($2::text is null or i.subject = $2) and ($3::text is null or s.provider_session = $3)
           and ($2::text is not null or $3::text is not null)
         returning s.id as "id: SessionId""#,
        issuer,
        subject,
        provider_session,
        now,
    )
    .fetch_all(&mut **tx)
    .await
}
