//! SQL of invitations and of many members at once.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{InvitationId, OrganizationId, UserId},
};
use uuid::Uuid;

use super::{
    import::NewMembership,
    invitations::{Inviter, OpenInvitation},
    rules::{Known, Standing},
    store::MemberUser,
};
use crate::access::{policy::OrgRole, tokens::hash_secret};

macro_rules! select_invitations {
    ($rest:literal, $($arg:expr),+ $(,)?) => {
        sqlx::query!(
            r#"select i.id as "id: InvitationId", u.id as "user_id: UserId", u.name, u.email::text as email, u.avatar_url,
                      m.role as "role: OrgRole", i.created_at, i.expires_at, by.id as "by_id?: UserId", by.name as "by_name?"
               from invitations i
               join organization_members m on m.organization_id = i.organization_id and m.user_id = i.user_id
               join users u on u.id = i.user_id
               left join users by on by.id = i.created_by
               where i.organization_id = $1 and i.accepted_at is null "# + $rest,
            $($arg),+
        )
        .map(|row| OpenInvitation {
            id: row.id,
            user: MemberUser { id: row.user_id, name: row.name, email: row.email, avatar_url: row.avatar_url },
            role: row.role,
            invited_by: row.by_id.zip(row.by_name).map(|(id, name)| Inviter { id, name }),
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    };
}

/// Invitations that wait, the newest first, behind `after`.
pub async fn open_invitations(
    tx: &mut Tx,
    org: OrganizationId,
    after: Option<InvitationId>,
    limit: i64,
) -> sqlx::Result<Vec<OpenInvitation>> {
    select_invitations!(
        "and ($2::uuid is null or i.id < $2) order by i.id desc limit $3",
        org.0,
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// One that waits.
pub async fn open_invitation(
    tx: &mut Tx,
    org: OrganizationId,
    id: InvitationId,
) -> sqlx::Result<Option<OpenInvitation>> {
    select_invitations!("and i.id = $2", org.0, id.0).fetch_optional(&mut **tx).await
}

/// Gives an invitation that waits another token; the one before loses its force. False when it does not wait.
pub async fn renew_invitation(
    tx: &mut Tx,
    org: OrganizationId,
    id: InvitationId,
    token_hash: &[u8],
    expires_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update invitations set token_hash = $3, expires_at = $4
         where organization_id = $1 and id = $2 and accepted_at is null",
        org.0,
        id.0,
        token_hash,
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes an invitation that waits back, and with it the membership that never counted. False when it does not wait.
pub async fn revoke_invitation(tx: &mut Tx, org: OrganizationId, id: InvitationId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "with revoked as (delete from invitations where organization_id = $1 and id = $2 and accepted_at is null
                          returning user_id)
         delete from organization_members m using revoked r
         where m.organization_id = $1 and m.user_id = r.user_id and m.accepted_at is null",
        org.0,
        id.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// How the people behind e-mail addresses stand to an organization, in the order of the addresses. The memberships that
/// may change, and all admins', are locked as everywhere else: by the person's id.
pub async fn known(tx: &mut Tx, org: OrganizationId, emails: &[String]) -> sqlx::Result<Vec<Option<Known>>> {
    sqlx::query!(
        "select m.user_id from organization_members m join users u on u.id = m.user_id
         where m.organization_id = $1 and (m.role = 'admin' or u.email = any ($2::text[]::citext[]))
         order by m.user_id for update of m",
        org.0,
        emails,
    )
    .fetch_all(&mut **tx)
    .await?;
    let rows = sqlx::query!(
        r#"select u.id as "id?: UserId", u.language as "language?", m.role as "role?: OrgRole", m.is_active as "is_active?",
                  m.left_at is not null as "has_left!", m.accepted_at is not null as "has_accepted!"
           from unnest($2::text[]) with ordinality as given (email, place)
           left join users u on u.email = given.email::citext
           left join organization_members m on m.organization_id = $1 and m.user_id = u.id
           order by given.place"#,
        org.0,
        emails,
    )
    .fetch_all(&mut **tx)
    .await?;
    let known = rows.into_iter().map(|row| {
        let standing = match (row.role, row.is_active) {
            (Some(_), _) if row.has_left => Standing::Stranger,
            (Some(role), Some(true)) => Standing::Active(role),
            (Some(role), _) if !row.has_accepted => Standing::Invited(role),
            (Some(_), _) => Standing::Deactivated,
            (None, _) => Standing::Stranger,
        };
        row.id.zip(row.language).map(|(id, language)| Known { id, language, standing })
    });
    Ok(known.collect())
}

/// Makes accounts without a password for addresses that have none, memberships that wait, and their invitations: in
/// four statements, however many there are.
pub async fn invite_many(
    tx: &mut Tx,
    org: OrganizationId,
    new: &[NewMembership],
    expires_at: DateTime<Utc>,
    by: UserId,
) -> sqlx::Result<()> {
    let emails: Vec<String> = new.iter().map(|it| it.email.clone()).collect();
    let names: Vec<String> = new.iter().map(|it| it.name.clone()).collect();
    let roles: Vec<String> = new.iter().map(|it| super::rules::role_name(it.role).to_owned()).collect();
    let users: Vec<Uuid> = new.iter().map(|it| it.user.0).collect();
    let invitations: Vec<Uuid> = new.iter().map(|it| it.invitation.0).collect();
    let hashes: Vec<Vec<u8>> = new.iter().map(|it| hash_secret(&it.token)).collect();
    // Somebody may have made one of these accounts just now; then that one is used.
    sqlx::query!(
        "insert into users (id, email, name, created_by, updated_by)
         select id, email, name, $4, $4 from unnest($1::uuid[], $2::text[], $3::text[]) as new (id, email, name)
         on conflict (email) do nothing",
        &users,
        &emails,
        &names,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into organization_members as m (organization_id, user_id, role, is_active, invited_by, updated_by)
         select $1, u.id, new.role::org_role, false, $4, $4
         from unnest($2::text[], $3::text[]) as new (email, role) join users u on u.email = new.email::citext
         on conflict (organization_id, user_id) do update set role = excluded.role, invited_by = excluded.invited_by,
             updated_by = excluded.updated_by, left_at = null, accepted_at = null
         where m.left_at is not null",
        org.0,
        &emails,
        &roles,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from invitations i using unnest($2::text[]) as new (email), users u
         where u.email = new.email::citext and i.organization_id = $1 and i.user_id = u.id and i.accepted_at is null",
        org.0,
        &emails,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into invitations (id, organization_id, user_id, token_hash, expires_at, created_by)
         select new.id, $1, u.id, new.hash, $5, $6
         from unnest($2::uuid[], $3::text[], $4::bytea[]) as new (id, email, hash)
         join users u on u.email = new.email::citext
         join organization_members m on m.organization_id = $1 and m.user_id = u.id and m.accepted_at is null",
        org.0,
        &invitations,
        &emails,
        &hashes,
        expires_at,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives members other roles.
pub async fn change_roles(
    tx: &mut Tx,
    org: OrganizationId,
    changes: &[(UserId, OrgRole)],
    by: UserId,
) -> sqlx::Result<()> {
    let users: Vec<Uuid> = changes.iter().map(|(user, _)| user.0).collect();
    let roles: Vec<String> =
        changes.iter().map(|(_, role)| super::rules::role_name(*role).to_owned()).collect();
    sqlx::query!(
        "update organization_members m set role = new.role::org_role, updated_by = $4
         from unnest($2::uuid[], $3::text[]) as new (id, role)
         where m.organization_id = $1 and m.user_id = new.id",
        org.0,
        &users,
        &roles,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
