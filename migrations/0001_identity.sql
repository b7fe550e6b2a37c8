-- People, organizations, sign-in, and the ground that row-level security stands on.
--
-- Every transaction of a program runs under the role baraza_app, which owns nothing, and says for whom it acts:
--   app.actor    'user' or 'system' (background work, sign-in, webhooks); anything else sees nothing
--   app.user_id  the person, when the actor is a user
-- Policies are forced, so they bind the owner of the tables too. Helper functions that have to look past them
-- (is this person a member?) run as the owner with app.actor = 'system' for the length of the call.

create extension if not exists citext;

do $$ begin
    create role baraza_app nologin;
exception when duplicate_object or unique_violation then null; -- roles belong to the cluster, not to the database
end $$;
do $$ begin
    execute format('grant baraza_app to %I', current_user);
exception when others then null; -- already a member, or a superuser that needs no grant
end $$;
grant usage on schema public to baraza_app;

create type org_role as enum ('admin', 'chairperson', 'secretary', 'member');

create function set_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end $$;

create table platform (
    singleton boolean primary key default true check (singleton),
    set_up_at timestamptz
);
insert into platform default values;

create table users (
    id uuid primary key,
    email citext not null constraint users_email_key unique constraint users_email_length check (length(email) <= 320),
    name text not null constraint users_name_length check (length(name) between 1 and 200),
    phone text constraint users_phone_length check (length(phone) <= 40),
    avatar_url text constraint users_avatar_url_length check (length(avatar_url) <= 1024),
    timezone text not null default 'UTC',
    language text not null default 'en',
    is_system_admin boolean not null default false,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    updated_by uuid references users (id) on delete set null
);
create trigger users_updated_at before update on users for each row execute function set_updated_at();

-- Apart from users, so that no query of a person's transaction can ever reach a hash.
create table credentials (
    user_id uuid primary key references users (id) on delete cascade,
    password_hash text not null,
    updated_at timestamptz not null default now()
);

create table organizations (
    id uuid primary key,
    name text not null constraint organizations_name_length check (length(name) between 1 and 200),
    slug text not null constraint organizations_slug_key unique
        constraint organizations_slug_form check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    timezone text not null default 'UTC',
    settings jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    updated_by uuid references users (id) on delete set null
);
create trigger organizations_updated_at before update on organizations for each row execute function set_updated_at();

create table organization_members (
    organization_id uuid not null references organizations (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    role org_role not null default 'member',
    is_active boolean not null default true,
    invited_by uuid references users (id) on delete set null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    updated_by uuid references users (id) on delete set null,
    constraint organization_members_pkey primary key (organization_id, user_id)
);
create index organization_members_user on organization_members (user_id) where is_active;
create trigger organization_members_updated_at before update on organization_members
    for each row execute function set_updated_at();

create table invitations (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    token_hash bytea not null constraint invitations_token_hash_key unique,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    created_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null
);
create index invitations_user on invitations (organization_id, user_id);

create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    user_agent text not null default '',
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index sessions_user on sessions (user_id) where revoked_at is null;

-- One family per session: each token may be used once; the second use of one ends the session.
create table refresh_tokens (
    token_hash bytea primary key,
    session_id uuid not null references sessions (id) on delete cascade,
    created_at timestamptz not null default now(),
    used_at timestamptz
);
create index refresh_tokens_session on refresh_tokens (session_id);

-- Who is asking -------------------------------------------------------------------------------------------------

create function app_user() returns uuid stable parallel safe language sql as $$
    select nullif(current_setting('app.user_id', true), '')::uuid
$$;

create function app_is_system() returns boolean stable parallel safe language sql as $$
    select coalesce(current_setting('app.actor', true), '') = 'system'
$$;

-- The organizations in which the caller is an active member.
create function app_organizations() returns uuid[] stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select coalesce(array_agg(organization_id), '{}') from organization_members
    where user_id = app_user() and is_active
$$;

-- The caller's role in an organization; null for whoever is no active member.
create function app_member_role(organization uuid) returns org_role stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select role from organization_members
    where organization_id = organization and user_id = app_user() and is_active
$$;

create function app_is_officer(organization uuid) returns boolean stable language sql as $$
    select coalesce(app_member_role(organization) in ('admin', 'chairperson', 'secretary'), false)
$$;

-- Everybody who shares an organization with the caller, former members included: their names stand in records.
create function app_knows(person uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select exists (select from organization_members
                   where user_id = person and organization_id = any (app_organizations()))
$$;

alter table platform enable row level security;
alter table platform force row level security;
create policy platform_system on platform using (app_is_system());

alter table users enable row level security;
alter table users force row level security;
create policy users_read on users for select using (app_is_system() or id = app_user() or app_knows(id));
create policy users_insert on users for insert with check (app_is_system());
create policy users_update on users for update using (app_is_system() or id = app_user());
create policy users_delete on users for delete using (app_is_system());

alter table credentials enable row level security;
alter table credentials force row level security;
create policy credentials_system on credentials using (app_is_system());

alter table organizations enable row level security;
alter table organizations force row level security;
create policy organizations_read on organizations for select
    using (app_is_system() or id = any ((select app_organizations())::uuid[]));
create policy organizations_insert on organizations for insert with check (app_is_system());
create policy organizations_update on organizations for update
    using (app_is_system() or app_member_role(id) = 'admin');

alter table organization_members enable row level security;
alter table organization_members force row level security;
create policy organization_members_read on organization_members for select
    using (app_is_system() or organization_id = any ((select app_organizations())::uuid[]));
create policy organization_members_write on organization_members
    using (app_is_system() or app_member_role(organization_id) = 'admin');

alter table invitations enable row level security;
alter table invitations force row level security;
create policy invitations_admin on invitations
    using (app_is_system() or app_member_role(organization_id) = 'admin');

alter table sessions enable row level security;
alter table sessions force row level security;
create policy sessions_own on sessions using (app_is_system() or user_id = app_user());

alter table refresh_tokens enable row level security;
alter table refresh_tokens force row level security;
create policy refresh_tokens_system on refresh_tokens using (app_is_system());

grant select, insert, update, delete on
    platform, users, credentials, organizations, organization_members, invitations, sessions, refresh_tokens to baraza_app;
