//! SQL of accounts and sessions.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{OrganizationId, SessionId, UserId},
};
use serde::Serialize;
use sqlx::types::Json;
use utoipa::ToSchema;

use crate::access::policy::{self, Decisions, OrgRole};

/// A person as they see themselves.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Person {
    /// Their id; also their LiveKit identity.
    pub id: UserId,
    /// Their e-mail address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their phone number.
    pub phone: Option<String>,
    /// Their picture.
    pub avatar_url: Option<String>,
    /// Their IANA time zone.
    pub timezone: String,
    /// Their language (BCP 47).
    pub language: String,
    /// Whether they administer the system.
    pub is_system_admin: bool,
}

/// A membership as `/me` lists it.
pub struct Membership {
    pub organization_id: OrganizationId,
    pub name: String,
    pub slug: String,
    pub member: policy::Membership,
    pub is_suspended: bool,
}

/// What a sign-in needs to know.
pub struct Login {
    pub user_id: UserId,
    pub password_hash: Option<String>,
    pub second_factor: bool,
}

/// Marks the platform as set up; false when it was already.
pub async fn take_setup(tx: &mut Tx, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!("update platform set set_up_at = $1 where set_up_at is null", now)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether the platform is set up.
pub async fn is_set_up(tx: &mut Tx) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select set_up_at is not null as "done!" from platform"#).fetch_one(&mut **tx).await
}

/// Stores a new account, with a password unless it is to be set by an invitation.
pub async fn create(
    tx: &mut Tx,
    id: UserId,
    email: &str,
    name: &str,
    password_hash: Option<&str>,
    by: Option<UserId>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into users (id, email, name, created_by, updated_by) values ($1, $2::text, $3, $4, $4)",
        id.0,
        email,
        name,
        by.map(|id| id.0),
    )
    .execute(&mut **tx)
    .await?;
    if let Some(hash) = password_hash {
        set_password(tx, id, hash).await?;
    }
    Ok(())
}

/// Sets a password's hash.
pub async fn set_password(tx: &mut Tx, id: UserId, hash: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into credentials (user_id, password_hash) values ($1, $2)
         on conflict (user_id) do update set password_hash = excluded.password_hash, updated_at = now()",
        id.0,
        hash,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that the owner of the account's e-mail address chose its password.
pub async fn prove_password(tx: &mut Tx, id: UserId) -> sqlx::Result<()> {
    sqlx::query!("update credentials set proven = true where user_id = $1", id.0).execute(&mut **tx).await?;
    Ok(())
}

/// A password's hash; `None` while an invitation waits to be accepted.
pub async fn password_hash(tx: &mut Tx, id: UserId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select password_hash from credentials where user_id = $1", id.0)
        .fetch_optional(&mut **tx)
        .await
}

/// Whether an account signs in through a provider.
pub async fn has_identity(tx: &mut Tx, id: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from identities where user_id = $1) as "has!""#, id.0)
        .fetch_one(&mut **tx)
        .await
}

/// Sets a person's name.
pub async fn rename(tx: &mut Tx, id: UserId, name: &str) -> sqlx::Result<()> {
    sqlx::query!("update users set name = $2, updated_by = $1 where id = $1", id.0, name)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Makes the person of the set-up the administrator of the system.
pub async fn make_system_admin(tx: &mut Tx, id: UserId) -> sqlx::Result<()> {
    sqlx::query!("update users set is_system_admin = true where id = $1", id.0).execute(&mut **tx).await?;
    Ok(())
}

/// Whether this person administers the system.
pub async fn is_system_admin(tx: &mut Tx, id: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from users where id = $1 and is_system_admin and is_active) as "is!""#,
        id.0
    )
    .fetch_one(&mut **tx)
    .await
}

/// The account with an e-mail address, whatever its case.
pub async fn find_by_email(tx: &mut Tx, email: &str) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        r#"select id as "id: UserId" from users where email = $1::text::citext and kind = 'person'"#,
        email
    )
    .fetch_optional(&mut **tx)
    .await
}

/// What a sign-in with this address needs to know; inactive accounts have none.
pub async fn login(tx: &mut Tx, email: &str) -> sqlx::Result<Option<Login>> {
    sqlx::query_as!(
        Login,
        r#"select u.id as "user_id: UserId", c.password_hash as "password_hash?",
                  f.confirmed_at is not null as "second_factor!"
           from users u left join credentials c on c.user_id = u.id left join second_factors f on f.user_id = u.id
           where u.email = $1::text::citext and u.is_active and u.kind = 'person'"#,
        email,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// A person by id.
pub async fn person(tx: &mut Tx, id: UserId) -> sqlx::Result<Option<Person>> {
    sqlx::query_as!(
        Person,
        r#"select id as "id: UserId", email::text as "email!", name, phone, avatar_url, timezone, language,
                  is_system_admin
           from users where id = $1 and is_active"#,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The organizations in which a person is an active member.
pub async fn memberships(tx: &mut Tx, id: UserId) -> sqlx::Result<Vec<Membership>> {
    let rows = sqlx::query!(
        r#"select o.id as "organization_id: OrganizationId", o.name, o.slug, m.role as "role: OrgRole",
                  o.suspended_at is not null as "is_suspended!",
                  permission_decisions(o.id) as "decisions!: Json<Decisions>"
           from organization_members m join organizations o on o.id = m.organization_id
           where m.user_id = $1 and m.is_active order by o.name, o.id"#,
        id.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Membership {
            organization_id: row.organization_id,
            name: row.name,
            slug: row.slug,
            member: policy::Membership::new(row.role, &row.decisions),
            is_suspended: row.is_suspended,
        })
        .collect())
}

/// Opens a session with its first refresh token.
pub async fn open_session(
    tx: &mut Tx,
    id: SessionId,
    user: UserId,
    user_agent: &str,
    token_hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with session as (
             insert into sessions (id, user_id, user_agent, created_at, last_used_at, expires_at)
             values ($1, $2, $3, $4, $4, $5) returning id)
         insert into refresh_tokens (token_hash, session_id, created_at) select $6, id, $4 from session",
        id.0,
        user.0,
        user_agent,
        now,
        expires_at,
        token_hash,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A refresh token as it was found.
pub struct Refresh {
    pub session_id: SessionId,
    pub user_id: UserId,
    pub used: bool,
    pub alive: bool,
}

/// Finds a refresh token and locks its session, so that two uses come one after the other.
pub async fn lock_refresh(
    tx: &mut Tx,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Refresh>> {
    sqlx::query!("select s.id from refresh_tokens t join sessions s on s.id = t.session_id where t.token_hash = $1 for update of s", token_hash)
        .fetch_optional(&mut **tx)
        .await?;
    sqlx::query_as!(
        Refresh,
        r#"select s.id as "session_id: SessionId", s.user_id as "user_id: UserId", t.used_at is not null as "used!",
                  (s.revoked_at is null and s.expires_at > $2 and u.is_active) as "alive!"
           from refresh_tokens t join sessions s on s.id = t.session_id join users u on u.id = s.user_id
           where t.token_hash = $1"#,
        token_hash,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Marks a refresh token as used and adds its successor.
pub async fn rotate(
    tx: &mut Tx,
    session: SessionId,
    used: &[u8],
    next: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with used as (update refresh_tokens set used_at = $4 where token_hash = $2),
              seen as (update sessions set last_used_at = $4 where id = $1)
         insert into refresh_tokens (token_hash, session_id, created_at) values ($3, $1, $4)",
        session.0,
        used,
        next,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends a session with all its tokens.
pub async fn revoke(tx: &mut Tx, session: SessionId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update sessions set revoked_at = coalesce(revoked_at, $2) where id = $1", session.0, now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Ends all sessions of a person, except `except`; says which.
pub async fn revoke_all(
    tx: &mut Tx,
    user: UserId,
    except: Option<SessionId>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<SessionId>> {
    sqlx::query_scalar!(
        r#"update sessions set revoked_at = $3
           where user_id = $1 and revoked_at is null and ($2::uuid is null or id <> $2) returning id as "id: SessionId""#,
        user.0,
        except.map(|id| id.0),
        now,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Ends one session of a person; false when they have no such session that lives.
pub async fn revoke_own(
    tx: &mut Tx,
    user: UserId,
    session: SessionId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let ended = sqlx::query!(
        "update sessions set revoked_at = $3
         where id = $1 and user_id = $2 and revoked_at is null and expires_at > $3",
        session.0,
        user.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// The sessions that were ended after `since`.
pub async fn ended_since(tx: &mut Tx, since: DateTime<Utc>) -> sqlx::Result<Vec<SessionId>> {
    sqlx::query_scalar!(r#"select id as "id: SessionId" from sessions where revoked_at > $1"#, since)
        .fetch_all(&mut **tx)
        .await
}

/// A session as its person sees it.
pub struct SeenSession {
    pub id: SessionId,
    pub user_agent: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// The sessions of a person that live, last used first, behind `after` (last use and id).
pub async fn sessions(
    tx: &mut Tx,
    user: UserId,
    now: DateTime<Utc>,
    after: Option<(DateTime<Utc>, SessionId)>,
    limit: i64,
) -> sqlx::Result<Vec<SeenSession>> {
    let (at, id) = after.map_or((None, None), |(at, id)| (Some(at), Some(id.0)));
    sqlx::query_as!(
        SeenSession,
        r#"select id as "id: SessionId", user_agent, created_at, last_used_at, expires_at from sessions
           where user_id = $1 and revoked_at is null and expires_at > $2
             and ($3::timestamptz is null or (last_used_at, id) < ($3, $4))
           order by last_used_at desc, id desc limit $5"#,
        user.0,
        now,
        at,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

// A new password by mail --------------------------------------------------------------------------------------------

/// The account with an address that may get a new password by mail: one that is active and has a password.
pub async fn may_reset(tx: &mut Tx, email: &str) -> sqlx::Result<Option<Person>> {
    sqlx::query_as!(
        Person,
        r#"select u.id as "id: UserId", u.email::text as "email!", u.name, u.phone, u.avatar_url, u.timezone, u.language,
                  u.is_system_admin
           from users u join credentials c on c.user_id = u.id
           where u.email = $1::text::citext and u.is_active"#,
        email,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Keeps the link of an account; an earlier one loses its force.
pub async fn put_reset(
    tx: &mut Tx,
    user: UserId,
    token_hash: &[u8],
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into password_resets (user_id, token_hash, expires_at, created_at) values ($1, $2, $3, $4)
         on conflict (user_id) do update set token_hash = excluded.token_hash, expires_at = excluded.expires_at,
                                             used_at = null, created_at = excluded.created_at",
        user.0,
        token_hash,
        expires_at,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A link as it was found.
pub struct Reset {
    pub user_id: UserId,
    pub alive: bool,
}

/// The link with this token; `None` when there is none, or its account is switched off.
pub async fn find_reset(tx: &mut Tx, token_hash: &[u8], now: DateTime<Utc>) -> sqlx::Result<Option<Reset>> {
    sqlx::query_as!(
        Reset,
        r#"select r.user_id as "user_id: UserId", (r.used_at is null and r.expires_at > $2) as "alive!"
           from password_resets r join users u on u.id = r.user_id where r.token_hash = $1 and u.is_active"#,
        token_hash,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Uses a link up; false when it is used or expired.
pub async fn use_reset(tx: &mut Tx, token_hash: &[u8], now: DateTime<Utc>) -> sqlx::Result<bool> {
    let used = sqlx::query!(
        "update password_resets set used_at = $2 where token_hash = $1 and used_at is null and expires_at > $2",
        token_hash,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(used.rows_affected() == 1)
}
