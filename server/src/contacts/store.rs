//! SQL of contacts and their groups.

use kernel::{
    db::Tx,
    ids::{ContactGroupId, ContactId, OrganizationId, UserId},
};
use sqlx::types::Json;
use uuid::Uuid;

use super::{
    api::{Attendee, Contact, Fields, GroupBrief},
    groups::ContactGroup,
    rules::{Known, Wish},
};

macro_rules! select_contacts {
    ($rest:literal, $($arg:expr),+ $(,)?) => {
        sqlx::query!(
            r#"select c.id as "id: ContactId", c.organization_id as "organization_id: OrganizationId", c.name,
                      c.email::text as email, c.phone, c.company, c.notes, c.created_at, c.updated_at,
                      coalesce((select jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name) order by g.name, g.id)
                                from contact_group_members gm join contact_groups g on g.id = gm.group_id
                                where gm.contact_id = c.id), '[]') as "groups!: Json<Vec<GroupBrief>>"
               from contacts c "# + $rest,
            $($arg),+
        )
        .map(|row| Contact {
            id: row.id,
            organization_id: row.organization_id,
            name: row.name,
            email: row.email,
            phone: row.phone,
            company: row.company,
            notes: row.notes,
            groups: row.groups.0,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    };
}

/// Contacts by name, behind `after` (name and id), that contain `q` and are in `group`.
pub async fn list(
    tx: &mut Tx,
    org: OrganizationId,
    q: Option<&str>,
    group: Option<ContactGroupId>,
    after: Option<(String, ContactId)>,
    limit: i64,
) -> sqlx::Result<Vec<Contact>> {
    let (name, id) = after.map_or((None, None), |(name, id)| (Some(name), Some(id.0)));
    select_contacts!(
        "where c.organization_id = $1
           and ($2::text is null or strpos(lower(c.name || ' ' || coalesce(c.email::text, '') || ' ' || coalesce(c.phone, '')
                                                 || ' ' || c.company), lower($2)) > 0)
           and ($3::uuid is null or exists (select from contact_group_members gm
                                            where gm.group_id = $3 and gm.contact_id = c.id))
           and ($4::text is null or (c.name, c.id) > ($4, $5))
         order by c.name, c.id limit $6",
        org.0,
        q,
        group.map(|id| id.0),
        name,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// One contact.
pub async fn find(tx: &mut Tx, id: ContactId) -> sqlx::Result<Option<Contact>> {
    select_contacts!("where c.id = $1", id.0).fetch_optional(&mut **tx).await
}

/// Stores a new contact.
pub async fn create(
    tx: &mut Tx,
    org: OrganizationId,
    id: ContactId,
    fields: &Fields,
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into contacts (id, organization_id, name, email, phone, company, notes, created_by, updated_by)
         values ($1, $2, $3, $4::text, $5, $6, $7, $8, $8)",
        id.0,
        org.0,
        fields.name,
        fields.email,
        fields.phone,
        fields.company,
        fields.notes,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Changes a contact.
pub async fn change(tx: &mut Tx, id: ContactId, fields: &Fields, by: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "update contacts set name = $2, email = $3::text, phone = $4, company = $5, notes = $6, updated_by = $7
         where id = $1",
        id.0,
        fields.name,
        fields.email,
        fields.phone,
        fields.company,
        fields.notes,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a contact.
pub async fn delete(tx: &mut Tx, id: ContactId) -> sqlx::Result<()> {
    sqlx::query!("delete from contacts where id = $1", id.0).execute(&mut **tx).await?;
    Ok(())
}

/// Groups by name, behind `after` (name and id).
pub async fn groups(
    tx: &mut Tx,
    org: OrganizationId,
    after: Option<(String, ContactGroupId)>,
    limit: i64,
) -> sqlx::Result<Vec<ContactGroup>> {
    let (name, id) = after.map_or((None, None), |(name, id)| (Some(name), Some(id.0)));
    sqlx::query_as!(
        ContactGroup,
        r#"select g.id as "id: ContactGroupId", g.organization_id as "organization_id: OrganizationId", g.name, g.created_at,
                  (select count(*) from contact_group_members gm where gm.group_id = g.id) as "contact_count!"
           from contact_groups g where g.organization_id = $1 and ($2::text is null or (g.name, g.id) > ($2, $3))
           order by g.name, g.id limit $4"#,
        org.0,
        name,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// One group.
pub async fn group(tx: &mut Tx, id: ContactGroupId) -> sqlx::Result<Option<ContactGroup>> {
    sqlx::query_as!(
        ContactGroup,
        r#"select g.id as "id: ContactGroupId", g.organization_id as "organization_id: OrganizationId", g.name, g.created_at,
                  (select count(*) from contact_group_members gm where gm.group_id = g.id) as "contact_count!"
           from contact_groups g where g.id = $1"#,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Stores a new group.
pub async fn create_group(
    tx: &mut Tx,
    org: OrganizationId,
    id: ContactGroupId,
    name: &str,
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into contact_groups (id, organization_id, name, created_by, updated_by) values ($1, $2, $3, $4, $4)",
        id.0,
        org.0,
        name,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Renames a group.
pub async fn rename_group(tx: &mut Tx, id: ContactGroupId, name: &str, by: UserId) -> sqlx::Result<()> {
    sqlx::query!("update contact_groups set name = $2, updated_by = $3 where id = $1", id.0, name, by.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Deletes a group.
pub async fn delete_group(tx: &mut Tx, id: ContactGroupId) -> sqlx::Result<()> {
    sqlx::query!("delete from contact_groups where id = $1", id.0).execute(&mut **tx).await?;
    Ok(())
}

/// Which of these groups are the organization's.
pub async fn known_groups(
    tx: &mut Tx,
    org: OrganizationId,
    groups: &[ContactGroupId],
) -> sqlx::Result<Vec<ContactGroupId>> {
    let groups: Vec<Uuid> = groups.iter().map(|id| id.0).collect();
    sqlx::query_scalar!(
        r#"select id as "id: ContactGroupId" from contact_groups where organization_id = $1 and id = any ($2)"#,
        org.0,
        &groups,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Which of these contacts are the organization's.
pub async fn known_contacts(
    tx: &mut Tx,
    org: OrganizationId,
    contacts: &[ContactId],
) -> sqlx::Result<Vec<ContactId>> {
    let contacts: Vec<Uuid> = contacts.iter().map(|id| id.0).collect();
    sqlx::query_scalar!(
        r#"select id as "id: ContactId" from contacts where organization_id = $1 and id = any ($2)"#,
        org.0,
        &contacts,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Puts contacts into a group; those who are in it stay.
pub async fn add_to_group(
    tx: &mut Tx,
    org: OrganizationId,
    group: ContactGroupId,
    contacts: &[ContactId],
    by: UserId,
) -> sqlx::Result<()> {
    let contacts: Vec<Uuid> = contacts.iter().map(|id| id.0).collect();
    sqlx::query!(
        "insert into contact_group_members (organization_id, group_id, contact_id, created_by)
         select distinct $1::uuid, $2::uuid, contact, $4::uuid from unnest($3::uuid[]) contact
         on conflict (group_id, contact_id) do nothing",
        org.0,
        group.0,
        &contacts,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a contact out of a group; false when it was not in it.
pub async fn remove_from_group(tx: &mut Tx, group: ContactGroupId, contact: ContactId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from contact_group_members where group_id = $1 and contact_id = $2",
        group.0,
        contact.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a contact into groups; those it is in stay.
pub async fn join_groups(
    tx: &mut Tx,
    org: OrganizationId,
    contact: ContactId,
    groups: &[ContactGroupId],
    by: UserId,
) -> sqlx::Result<()> {
    let groups: Vec<Uuid> = groups.iter().map(|id| id.0).collect();
    sqlx::query!(
        "insert into contact_group_members (organization_id, group_id, contact_id, created_by)
         select distinct $1::uuid, grp, $2::uuid, $4::uuid from unnest($3::uuid[]) grp
         on conflict (group_id, contact_id) do nothing",
        org.0,
        contact.0,
        &groups,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a contact out of all groups but these.
pub async fn leave_groups(tx: &mut Tx, contact: ContactId, but: &[ContactGroupId]) -> sqlx::Result<()> {
    let but: Vec<Uuid> = but.iter().map(|id| id.0).collect();
    sqlx::query!(
        "delete from contact_group_members where contact_id = $1 and group_id <> all ($2)",
        contact.0,
        &but,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets one import of an organization's contacts run at a time.
pub async fn lock(tx: &mut Tx, org: OrganizationId) -> sqlx::Result<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('contacts ' || $1::text, 2))",
        org.0.to_string()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(())
}

/// The contacts that wishes are about, in the order of the wishes.
pub async fn known(
    tx: &mut Tx,
    org: OrganizationId,
    wishes: &[Wish],
) -> sqlx::Result<Vec<Option<(ContactId, Known)>>> {
    let column =
        |of: fn(&Wish) -> &String| -> Vec<String> { wishes.iter().map(|wish| of(wish).clone()).collect() };
    let rows = sqlx::query!(
        r#"select c.id as "id?: ContactId", c.name as "name?", c.phone as "phone?", c.company as "company?", c.notes as "notes?",
                  coalesce((select array_agg(g.name) from contact_group_members gm join contact_groups g on g.id = gm.group_id
                            where gm.contact_id = c.id), '{}') as "groups!"
           from unnest($2::text[], $3::text[], $4::text[]) with ordinality as wish (email, phone, name, place)
           left join contacts c on c.organization_id = $1
                and (wish.email <> '' and c.email = wish.email::citext
                     or wish.email = '' and c.email is null and c.phone = wish.phone and c.name = wish.name)
           order by wish.place"#,
        org.0,
        &column(|wish| &wish.email),
        &column(|wish| &wish.phone),
        &column(|wish| &wish.name),
    )
    .fetch_all(&mut **tx)
    .await?;
    let known = rows.into_iter().map(|row| {
        row.id.map(|id| {
            let known = Known {
                name: row.name.unwrap_or_default(),
                phone: row.phone.unwrap_or_default(),
                company: row.company.unwrap_or_default(),
                notes: row.notes.unwrap_or_default(),
                groups: row.groups,
            };
            (id, known)
        })
    });
    Ok(known.collect())
}

/// The columns of wishes, for `unnest`.
struct Columns {
    ids: Vec<Uuid>,
    names: Vec<String>,
    emails: Vec<String>,
    phones: Vec<String>,
    companies: Vec<String>,
    notes: Vec<String>,
}

impl Columns {
    fn of(wishes: &[(ContactId, Wish)]) -> Self {
        let column = |of: fn(&Wish) -> &String| wishes.iter().map(|(_, wish)| of(wish).clone()).collect();
        Self {
            ids: wishes.iter().map(|(id, _)| id.0).collect(),
            names: column(|wish| &wish.name),
            emails: column(|wish| &wish.email),
            phones: column(|wish| &wish.phone),
            companies: column(|wish| &wish.company),
            notes: column(|wish| &wish.notes),
        }
    }
}

/// Stores many new contacts.
pub async fn create_many(
    tx: &mut Tx,
    org: OrganizationId,
    new: &[(ContactId, Wish)],
    by: UserId,
) -> sqlx::Result<()> {
    let columns = Columns::of(new);
    sqlx::query!(
        "insert into contacts (id, organization_id, name, email, phone, company, notes, created_by, updated_by)
         select id, $1, name, nullif(email, ''), nullif(phone, ''), company, notes, $8, $8
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
              as new (id, name, email, phone, company, notes)",
        org.0,
        &columns.ids,
        &columns.names,
        &columns.emails,
        &columns.phones,
        &columns.companies,
        &columns.notes,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Changes many contacts; what a wish does not say stays.
pub async fn change_many(tx: &mut Tx, changed: &[(ContactId, Wish)], by: UserId) -> sqlx::Result<()> {
    let columns = Columns::of(changed);
    sqlx::query!(
        "update contacts c set name = coalesce(nullif(new.name, ''), c.name), phone = coalesce(nullif(new.phone, ''), c.phone),
                company = coalesce(nullif(new.company, ''), c.company), notes = coalesce(nullif(new.notes, ''), c.notes),
                updated_by = $6
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) as new (id, name, phone, company, notes)
         where c.id = new.id",
        &columns.ids,
        &columns.names,
        &columns.phones,
        &columns.companies,
        &columns.notes,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes those of these groups that are not there.
pub async fn ensure_groups(
    tx: &mut Tx,
    org: OrganizationId,
    groups: &[(ContactGroupId, String)],
    by: UserId,
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = groups.iter().map(|(id, _)| id.0).collect();
    let names: Vec<String> = groups.iter().map(|(_, name)| name.clone()).collect();
    sqlx::query!(
        "insert into contact_groups (id, organization_id, name, created_by, updated_by)
         select id, $1, name, $4, $4 from unnest($2::uuid[], $3::text[]) as new (id, name)
         on conflict (organization_id, lower(name)) do nothing",
        org.0,
        &ids,
        &names,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts contacts into groups by their names in lower case.
pub async fn join_named_groups(
    tx: &mut Tx,
    org: OrganizationId,
    members: &[(String, ContactId)],
    by: UserId,
) -> sqlx::Result<()> {
    let names: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
    let contacts: Vec<Uuid> = members.iter().map(|(_, id)| id.0).collect();
    sqlx::query!(
        "insert into contact_group_members (organization_id, group_id, contact_id, created_by)
         select $1, g.id, new.contact, $4
         from unnest($2::text[], $3::uuid[]) as new (name, contact)
         join contact_groups g on g.organization_id = $1 and lower(g.name) = lower(new.name)
         on conflict (group_id, contact_id) do nothing",
        org.0,
        &names,
        &contacts,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whom typed addresses, contacts and groups come to: everybody with an address once, by name; and the contacts without
/// one.
pub async fn attendees(
    tx: &mut Tx,
    org: OrganizationId,
    typed: &[String],
    contacts: &[ContactId],
    groups: &[ContactGroupId],
) -> sqlx::Result<(Vec<Attendee>, Vec<ContactId>)> {
    let contacts: Vec<Uuid> = contacts.iter().map(|id| id.0).collect();
    let groups: Vec<Uuid> = groups.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"with chosen as (
               select c.id, c.email, c.name from contacts c
               where c.organization_id = $1
                 and (c.id = any ($3) or c.email = any ($2::text[]::citext[])
                      or exists (select from contact_group_members gm where gm.group_id = any ($4) and gm.contact_id = c.id))
               union all
               select null, typed::citext, null from unnest($2::text[]) typed)
           select distinct on (ch.email, case when ch.email is null then ch.id end)
                  ch.id as "contact_id?: ContactId", ch.email::text as email, coalesce(u.name, ch.name, ch.email::text) as name,
                  u.id as "user_id?: UserId"
           from chosen ch
           left join (users u join organization_members m on m.user_id = u.id and m.organization_id = $1 and m.is_active)
             on u.email = ch.email
           order by ch.email, case when ch.email is null then ch.id end, ch.id nulls last"#,
        org.0,
        typed,
        &contacts,
        &groups,
    )
    .fetch_all(&mut **tx)
    .await?;
    let (mut reached, mut unreachable) = (Vec::new(), Vec::new());
    for row in rows {
        match (row.email, row.contact_id) {
            (Some(email), contact_id) => {
                let name = row.name.unwrap_or_else(|| email.clone());
                reached.push(Attendee { email, name, contact_id, user_id: row.user_id });
            }
            (None, Some(contact)) => unreachable.push(contact),
            (None, None) => {}
        }
    }
    reached.sort_by(|a, b| (&a.name, &a.email).cmp(&(&b.name, &b.email)));
    Ok((reached, unreachable))
}
