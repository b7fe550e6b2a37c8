-- Callers that are no people: API keys of services, and device tokens of room tablets.
--
-- A key acts through an account of its own that no person ever signs in to, a member of the key's one organization; so
-- row-level security, created_by and the rest treat it as they treat a person. Revoking a key takes that membership away
-- in the same transaction: whatever a program still remembers of the key, the database shows it nothing from then on.

create type user_kind as enum ('person', 'service');
alter table users add column kind user_kind not null default 'person';

create type api_scope as enum (
    'meetings.read', 'meetings.write', 'calendar.read', 'calendar.write', 'attendance.read', 'recordings.read',
    'members.read', 'members.write');

-- Secrets are random and long, so a plain hash of one suffices. `prefix` is what a list shows, to tell keys apart.
-- After a rotation the secret before it may work for a while.
create table api_keys (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    account_id uuid not null constraint api_keys_account_key unique references users (id) on delete cascade,
    name text not null constraint api_keys_name_length check (length(name) between 1 and 200),
    scopes api_scope[] not null constraint api_keys_scopes check (cardinality(scopes) > 0),
    prefix text not null,
    secret_hash bytea not null constraint api_keys_secret_key unique,
    previous_hash bytea,
    previous_until timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    updated_by uuid references users (id) on delete set null
);
create index api_keys_by_organization on api_keys (organization_id, id) where revoked_at is null;
create index api_keys_previous on api_keys (previous_hash) where previous_hash is not null;

create table device_tokens (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    name text not null constraint device_tokens_name_length check (length(name) between 1 and 200),
    -- The room or device it stands in.
    resource_id uuid,
    prefix text not null,
    secret_hash bytea not null constraint device_tokens_secret_key unique,
    previous_hash bytea,
    previous_until timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    updated_by uuid references users (id) on delete set null
);
create index device_tokens_by_organization on device_tokens (organization_id, id) where revoked_at is null;
create index device_tokens_previous on device_tokens (previous_hash) where previous_hash is not null;

create trigger api_keys_updated_at before update of name, expires_at, secret_hash, revoked_at on api_keys
    for each row execute function set_updated_at();
create trigger device_tokens_updated_at before update of name, expires_at, secret_hash, revoked_at on device_tokens
    for each row execute function set_updated_at();

-- Programs that remember keys forget them.
create function notify_service_access() returns trigger language plpgsql as $$
begin
    perform pg_notify('service_access', '');
    return null;
end $$;
create trigger api_keys_changed after update of name, expires_at, secret_hash, revoked_at or delete on api_keys
    for each statement execute function notify_service_access();

alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy api_keys_admin on api_keys
    using ((select app_is_system()) or app_member_role(organization_id) = 'admin');
alter table device_tokens enable row level security;
alter table device_tokens force row level security;
create policy device_tokens_admin on device_tokens
    using ((select app_is_system()) or app_member_role(organization_id) = 'admin');

grant select, insert, update, delete on api_keys, device_tokens to baraza_app;
