//! SQL of organizations, members and invitations.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{InvitationId, OrganizationId, UserId},
};
use serde::Serialize;
use sqlx::types::Json;
use utoipa::ToSchema;

use super::rules;
use crate::access::policy::{Decisions, Field, Membership, OrgRole};

/// An organization as its members see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its short name for addresses.
    pub slug: String,
    /// Its IANA time zone.
    pub timezone: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A member of an organization.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Member {
    /// The person.
    pub user: MemberUser,
    /// Their role.
    pub role: OrgRole,
    /// False while an invitation waits to be accepted, and after a deactivation.
    pub is_active: bool,
    /// The same in one word.
    pub status: MemberStatus,
    /// What their vote counts in weighted polls.
    pub vote_weight: i32,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// Where a membership stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum MemberStatus {
    /// Counts.
    Active,
    /// An invitation waits to be accepted.
    Invited,
    /// Was switched off by an admin, and can be switched on again.
    Deactivated,
}

/// The person behind a membership.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MemberUser {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their e-mail address; `null` where it is hidden from the caller's role.
    pub email: Option<String>,
    /// Their picture.
    pub avatar_url: Option<String>,
}

impl Member {
    /// Without what is hidden from `viewer`.
    pub fn seen_by(mut self, viewer: Membership) -> Self {
        if viewer.hides(Field::MemberEmail) {
            self.user.email = None;
        }
        if viewer.hides(Field::MemberAvatar) {
            self.user.avatar_url = None;
        }
        self
    }
}

/// An invitation as it was found.
pub struct Invitation {
    pub id: InvitationId,
    pub user_id: UserId,
    pub expires_at: DateTime<Utc>,
    pub accepted: bool,
}

/// Makes an organization with its first admin. Without a slug one is made of the name, with a number behind it when
/// it is taken. Runs as the system: whoever makes an organization is no member of it yet.
pub async fn create(
    tx: &mut Tx,
    id: OrganizationId,
    name: &str,
    slug: Option<&str>,
    admin: UserId,
) -> sqlx::Result<Organization> {
    let slug = match slug {
        Some(slug) => slug.to_owned(),
        None => free_slug(tx, &rules::slug_of(name)).await?,
    };
    let organization = sqlx::query_as!(
        Organization,
        r#"insert into organizations (id, name, slug, created_by, updated_by) values ($1, $2, $3, $4, $4)
           returning id as "id: OrganizationId", name, slug, timezone, created_at"#,
        id.0,
        name,
        slug,
        admin.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    add_member(tx, id, admin, OrgRole::Admin, true, None).await?;
    Ok(organization)
}

async fn free_slug(tx: &mut Tx, wanted: &str) -> sqlx::Result<String> {
    // Two organizations of one name at once look one after the other.
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 1))", wanted)
        .fetch_one(&mut **tx)
        .await?;
    sqlx::query_scalar!(
        r#"select candidate as "candidate!" from (
               select $1::text as candidate, 0 as n
               union all select $1 || '-' || n, n from generate_series(2, 10000) n) c
           where not exists (select from organizations where slug = candidate) order by n limit 1"#,
        wanted,
    )
    .fetch_one(&mut **tx)
    .await
}

/// One organization; `None` when the caller is no member.
pub async fn find(tx: &mut Tx, id: OrganizationId) -> sqlx::Result<Option<Organization>> {
    sqlx::query_as!(
        Organization,
        r#"select id as "id: OrganizationId", name, slug, timezone, created_at from organizations where id = $1"#,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// As [`find`], locked until the transaction ends. For those who may change it.
pub async fn lock(tx: &mut Tx, id: OrganizationId) -> sqlx::Result<Option<Organization>> {
    sqlx::query_as!(
        Organization,
        r#"select id as "id: OrganizationId", name, slug, timezone, created_at from organizations where id = $1
           for no key update"#,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The time zone of an organization.
pub async fn timezone(tx: &mut Tx, id: OrganizationId) -> sqlx::Result<String> {
    sqlx::query_scalar!("select timezone from organizations where id = $1", id.0).fetch_one(&mut **tx).await
}

/// Changes an organization.
pub async fn update(
    tx: &mut Tx,
    id: OrganizationId,
    name: Option<&str>,
    slug: Option<&str>,
    timezone: Option<&str>,
    by: UserId,
) -> sqlx::Result<Organization> {
    sqlx::query_as!(
        Organization,
        r#"update organizations set name = coalesce($2, name), slug = coalesce($3, slug),
                  timezone = coalesce($4, timezone), updated_by = $5
           where id = $1 returning id as "id: OrganizationId", name, slug, timezone, created_at"#,
        id.0,
        name,
        slug,
        timezone,
        by.0,
    )
    .fetch_one(&mut **tx)
    .await
}

/// A membership as it was found.
pub struct Found {
    /// Role, and what it allows.
    pub member: Membership,
    /// Whether nobody may work in the organization now.
    pub is_suspended: bool,
}

/// Somebody's membership; `None` for whoever is no active member.
pub async fn membership(tx: &mut Tx, id: OrganizationId, user: UserId) -> sqlx::Result<Option<Found>> {
    let row = sqlx::query!(
        r#"select m.role as "role: OrgRole", o.suspended_at is not null as "is_suspended!",
                  permission_decisions(o.id) as "decisions!: Json<Decisions>"
           from organization_members m join organizations o on o.id = m.organization_id
           where m.organization_id = $1 and m.user_id = $2 and m.is_active"#,
        id.0,
        user.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Found {
        member: Membership::new(row.role, &row.decisions),
        is_suspended: row.is_suspended,
    }))
}

/// Whether this is a suspended organization of which the caller is a member, or something of one.
pub async fn is_suspended(tx: &mut Tx, thing: uuid::Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select app_is_suspended($1) as "is!""#, thing).fetch_one(&mut **tx).await
}

/// Which of these people are active members.
pub async fn active_members(tx: &mut Tx, id: OrganizationId, users: &[UserId]) -> sqlx::Result<Vec<UserId>> {
    let users: Vec<uuid::Uuid> = users.iter().map(|user| user.0).collect();
    sqlx::query_scalar!(
        r#"select m.user_id as "user_id: UserId" from organization_members m join users u on u.id = m.user_id
           where m.organization_id = $1 and m.user_id = any ($2) and m.is_active and u.kind = 'person'"#,
        id.0,
        &users,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Members by name, behind `after` (name and id).
pub async fn members(
    tx: &mut Tx,
    id: OrganizationId,
    after: Option<(String, UserId)>,
    limit: i64,
) -> sqlx::Result<Vec<Member>> {
    let (name, user) = after.map_or((None, None), |(name, user)| (Some(name), Some(user.0)));
    let rows = sqlx::query!(
        r#"select u.id as "id: UserId", u.name, u.email::text as email, u.avatar_url, m.role as "role: OrgRole",
                  m.is_active, m.vote_weight, m.created_at,
                  case when m.is_active then 'active' when m.accepted_at is null then 'invited' else 'deactivated' end
                      as "status!: MemberStatus"
           from organization_members m join users u on u.id = m.user_id
           where m.organization_id = $1 and m.left_at is null and u.kind = 'person' and ($2::text is null or (u.name, u.id) > ($2, $3))
           order by u.name, u.id limit $4"#,
        id.0,
        name,
        user,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Member {
            user: MemberUser { id: row.id, name: row.name, email: row.email, avatar_url: row.avatar_url },
            role: row.role,
            is_active: row.is_active,
            status: row.status,
            vote_weight: row.vote_weight,
            created_at: row.created_at,
        })
        .collect())
}

/// One member; locks the memberships of the organization's admins, so that two changes cannot both take the last.
pub async fn lock_member(tx: &mut Tx, id: OrganizationId, user: UserId) -> sqlx::Result<Option<Member>> {
    sqlx::query!(
        "select user_id from organization_members
         where organization_id = $1 and (user_id = $2 or role = 'admin') order by user_id for update",
        id.0,
        user.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    member(tx, id, user).await
}

/// One member.
pub async fn member(tx: &mut Tx, id: OrganizationId, user: UserId) -> sqlx::Result<Option<Member>> {
    let row = sqlx::query!(
        r#"select u.id as "id: UserId", u.name, u.email::text as email, u.avatar_url, m.role as "role: OrgRole",
                  m.is_active, m.vote_weight, m.created_at,
                  case when m.is_active then 'active' when m.accepted_at is null then 'invited' else 'deactivated' end
                      as "status!: MemberStatus"
           from organization_members m join users u on u.id = m.user_id
           where m.organization_id = $1 and m.user_id = $2 and m.left_at is null and u.kind = 'person'"#,
        id.0,
        user.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Member {
        user: MemberUser { id: row.id, name: row.name, email: row.email, avatar_url: row.avatar_url },
        role: row.role,
        is_active: row.is_active,
        status: row.status,
        vote_weight: row.vote_weight,
        created_at: row.created_at,
    }))
}

/// How many active admins there are.
pub async fn admins(tx: &mut Tx, id: OrganizationId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from organization_members m join users u on u.id = m.user_id
           where m.organization_id = $1 and m.role = 'admin' and m.is_active and u.kind = 'person'"#,
        id.0,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Whether this person is the one active admin that an organization has left.
pub async fn is_last_admin(tx: &mut Tx, id: OrganizationId, user: UserId) -> sqlx::Result<bool> {
    let is_admin = lock_member(tx, id, user)
        .await?
        .is_some_and(|member| member.role == OrgRole::Admin && member.is_active);
    Ok(is_admin && admins(tx, id).await? <= 1)
}

/// Adds a member; one who had left comes back. False when the person is a member already, active or not.
pub async fn add_member(
    tx: &mut Tx,
    id: OrganizationId,
    user: UserId,
    role: OrgRole,
    is_active: bool,
    by: Option<UserId>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into organization_members as m (organization_id, user_id, role, is_active, invited_by, updated_by)
         values ($1, $2, $3, $4, $5, $5)
         on conflict (organization_id, user_id) do update set role = excluded.role, is_active = excluded.is_active,
             invited_by = excluded.invited_by, updated_by = excluded.updated_by, left_at = null, accepted_at = null
         where m.left_at is not null",
        id.0,
        user.0,
        role as OrgRole,
        is_active,
        by.map(|id| id.0),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Changes a member's role or switches the membership off or on.
pub async fn change_member(
    tx: &mut Tx,
    id: OrganizationId,
    user: UserId,
    role: Option<OrgRole>,
    is_active: Option<bool>,
    vote_weight: Option<i32>,
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update organization_members set role = coalesce($3, role), is_active = coalesce($4, is_active),
                by_provider = by_provider and $4 is distinct from false, updated_by = $5,
                vote_weight = coalesce($6, vote_weight)
         where organization_id = $1 and user_id = $2",
        id.0,
        user.0,
        role as Option<OrgRole>,
        is_active,
        by.0,
        vote_weight,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a member out of the organization; their name stays in its records.
pub async fn remove_member(
    tx: &mut Tx,
    id: OrganizationId,
    user: UserId,
    now: DateTime<Utc>,
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with uninvited as (delete from invitations where organization_id = $1 and user_id = $2 and accepted_at is null)
         update organization_members set is_active = false, left_at = $3, updated_by = $4
         where organization_id = $1 and user_id = $2",
        id.0,
        user.0,
        now,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes an invitation; earlier ones of the same person lose their force.
pub async fn invite(
    tx: &mut Tx,
    invitation: InvitationId,
    id: OrganizationId,
    user: UserId,
    token_hash: &[u8],
    expires_at: DateTime<Utc>,
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with old as (delete from invitations where organization_id = $2 and user_id = $3 and accepted_at is null)
         insert into invitations (id, organization_id, user_id, token_hash, expires_at, created_by)
         values ($1, $2, $3, $4, $5, $6)",
        invitation.0,
        id.0,
        user.0,
        token_hash,
        expires_at,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds an invitation by its token's hash and locks it.
pub async fn lock_invitation(tx: &mut Tx, token_hash: &[u8]) -> sqlx::Result<Option<Invitation>> {
    sqlx::query_as!(
        Invitation,
        r#"select id as "id: InvitationId", user_id as "user_id: UserId", expires_at,
                  accepted_at is not null as "accepted!"
           from invitations where token_hash = $1 for update"#,
        token_hash,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Marks an invitation as accepted and makes the membership count.
pub async fn accept_invitation(tx: &mut Tx, id: InvitationId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "with accepted as (update invitations set accepted_at = $2 where id = $1 returning organization_id, user_id)
         update organization_members m set is_active = true, updated_by = m.user_id
         from accepted a where m.organization_id = a.organization_id and m.user_id = a.user_id",
        id.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
