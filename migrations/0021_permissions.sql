-- What members may do, by their role: defaults that every organization begins with, and what it has decided otherwise.
-- The same defaults stand in the program (access/policy.rs); a test compares them.

create table organization_permissions (
    organization_id uuid not null references organizations (id) on delete cascade,
    permission text not null constraint organization_permissions_length check (length(permission) between 1 and 64),
    -- All roles that have it; the default counts for nothing any more.
    roles org_role[] not null,
    updated_at timestamptz not null default now(),
    updated_by uuid references users (id) on delete set null,
    constraint organization_permissions_pkey primary key (organization_id, permission)
);
create trigger organization_permissions_updated_at before update on organization_permissions
    for each row execute function set_updated_at();

-- Which roles have a permission where nothing else was decided. What is not named here nobody has.
create function permission_default(permission text) returns org_role[] immutable parallel safe language sql as $$
    select case
        when permission in ('meetings.see_all', 'members.view', 'recordings.view', 'bookings.create')
            then '{admin,chairperson,secretary,member}'
        when permission in ('meetings.schedule', 'participants.view', 'participants.invite', 'attendance.view',
                            'contacts.manage', 'guests.invite')
            then '{admin,chairperson,secretary}'
        when permission in ('members.manage', 'members.invite', 'audit.view', 'settings.manage', 'permissions.manage',
                            'custom_fields.manage', 'keys.manage', 'resources.manage', 'integrations.view',
                            'integrations.connect', 'integrations.configure', 'integrations.disconnect')
            then '{admin}'
        else '{}' end::org_role[]
$$;

-- What admins keep whatever is decided, so that every decision can be undone.
create function permission_kept(permission text) returns boolean immutable parallel safe language sql as $$
    select permission in ('members.view', 'members.manage', 'settings.manage', 'permissions.manage', 'audit.view')
$$;

create function permission_granted(role org_role, permission text, decided org_role[]) returns boolean
    immutable parallel safe language sql as $$
    select role = any (coalesce(decided, permission_default(permission))) or (role = 'admin' and permission_kept(permission))
$$;

-- What an organization has decided, as the program reads it along with a membership.
create function permission_decisions(organization uuid) returns jsonb stable language sql as $$
    select coalesce(jsonb_object_agg(permission, roles), '{}') from organization_permissions
    where organization_id = organization
$$;

-- An organization that the system's administrators have suspended: its members can't work in it meanwhile.
alter table organizations add column suspended_at timestamptz, add column suspended_reason text
    constraint organizations_suspended_reason_length check (length(suspended_reason) <= 500);

-- Whether this is a suspended organization of which the caller is a member, or something of one.
create function app_is_suspended(thing uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select exists (
        select from organizations o
        where o.suspended_at is not null
          and o.id in (select thing union all select organization_id from meetings where id = thing
                       union all select organization_id from recordings where id = thing)
          and exists (select from organization_members m
                      where m.organization_id = o.id and m.user_id = app_user() and m.is_active))
$$;

create function meeting_is_suspended(meeting uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select exists (select from meetings m join organizations o on o.id = m.organization_id
                   where m.id = meeting and o.suspended_at is not null)
$$;

-- What policies ask once per query is in PL/pgSQL, which keeps its plans: that is ten times faster than SQL here.

-- The organizations in which the caller is an active member and may work.
create or replace function app_organizations() returns uuid[] stable security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    return (
        select coalesce(array_agg(m.organization_id), '{}') from organization_members m
        join organizations o on o.id = m.organization_id and o.suspended_at is null
        where m.user_id = app_user() and m.is_active
    );
end $$;

create or replace function app_member_role(organization uuid) returns org_role stable security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    return (
        select m.role from organization_members m
        join organizations o on o.id = m.organization_id and o.suspended_at is null
        where m.organization_id = organization and m.user_id = app_user() and m.is_active
    );
end $$;

-- Where the caller has one of these permissions: asked once per query, not once per row.
create function app_may_in(variadic permissions text[]) returns uuid[] stable security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    return (
        select coalesce(array_agg(m.organization_id), '{}') from organization_members m
        join organizations o on o.id = m.organization_id and o.suspended_at is null
        where m.user_id = app_user() and m.is_active and exists (
            select from unnest(permissions) wanted
            left join organization_permissions p on p.organization_id = m.organization_id and p.permission = wanted
            where permission_granted(m.role, wanted, p.roles))
    );
end $$;

create function app_may(organization uuid, permission text) returns boolean stable language sql as $$
    select organization = any (app_may_in(permission))
$$;

create or replace function app_audits() returns uuid[] stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select app_may_in('audit.view')
$$;

-- Everybody in the organization may know who may do what.
alter table organization_permissions enable row level security;
alter table organization_permissions force row level security;
create policy organization_permissions_read on organization_permissions for select
    using ((select app_is_system()) or organization_id = any ((select app_organizations())::uuid[]));
create policy organization_permissions_insert on organization_permissions for insert
    with check ((select app_is_system()) or organization_id = any ((select app_may_in('permissions.manage'))::uuid[]));
create policy organization_permissions_update on organization_permissions for update
    using ((select app_is_system()) or organization_id = any ((select app_may_in('permissions.manage'))::uuid[]));
create policy organization_permissions_delete on organization_permissions for delete
    using ((select app_is_system()) or organization_id = any ((select app_may_in('permissions.manage'))::uuid[]));
grant select, insert, update, delete on organization_permissions to baraza_app;

select audit_attach('organization_permissions', 'permission', '{}', '{}', '{"+": "decided", "roles": "decided", "-": "reset"}',
                    'organization_id', '{permission}');
-- Suspension is the system's doing and is told by its own words.
select audit_attach('organizations', 'organization', '{}', '{suspended_at,suspended_reason}');
