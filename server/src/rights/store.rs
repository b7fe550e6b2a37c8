//! SQL of permissions.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{OrganizationId, UserId},
};

use crate::access::policy::OrgRole;

/// A decision as it is stored.
pub struct Decision {
    pub roles: Vec<OrgRole>,
    pub at: DateTime<Utc>,
    pub by: Option<UserId>,
    pub by_name: Option<String>,
}

/// What an organization has decided otherwise than the defaults, by the permission's name.
pub async fn decisions(tx: &mut Tx, org: OrganizationId) -> sqlx::Result<HashMap<String, Decision>> {
    let rows = sqlx::query!(
        r#"select p.permission as "permission!", p.roles as "roles!: Vec<OrgRole>", p.updated_at as "updated_at!",
                  p.updated_by as "by: UserId",
                  u.name as "by_name?"
           from organization_permissions p left join users u on u.id = p.updated_by
           where p.organization_id = $1"#,
        org.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            (
                row.permission,
                Decision { roles: row.roles, at: row.updated_at, by: row.by, by_name: row.by_name },
            )
        })
        .collect())
}

/// Waits for whoever decides at the same time.
pub async fn lock(tx: &mut Tx, org: OrganizationId) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 2))", org.0)
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}

/// Stores what is decided under these names, in place of all that was: `None` goes back to the default. What stays as
/// it was keeps who decided it and when.
pub async fn decide(
    tx: &mut Tx,
    org: OrganizationId,
    decisions: &[(String, Option<Vec<OrgRole>>)],
    by: UserId,
) -> sqlx::Result<()> {
    let (decided, back): (Vec<_>, Vec<_>) = decisions.iter().partition(|(_, roles)| roles.is_some());
    let names = |of: &[&(String, Option<Vec<OrgRole>>)]| of.iter().map(|it| it.0.clone()).collect::<Vec<_>>();
    let roles: Vec<_> = decided.iter().map(|(_, roles)| roles).collect();
    sqlx::query!(
        "delete from organization_permissions where organization_id = $1 and permission = any ($2)",
        org.0,
        &names(&back),
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into organization_permissions as p (organization_id, permission, roles, updated_by)
         select $1, d.name, array(select r::org_role from jsonb_array_elements_text(d.roles) r), $4
         from unnest($2::text[], array(select jsonb_array_elements($3::jsonb))) as d (name, roles)
         on conflict (organization_id, permission) do update set roles = excluded.roles, updated_by = excluded.updated_by
         where p.roles <> excluded.roles",
        org.0,
        &names(&decided),
        serde_json::json!(roles),
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
