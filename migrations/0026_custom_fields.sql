-- Fields that organizations add to their meetings.

create type custom_field_entity as enum ('meeting');
create type custom_field_type as enum ('text', 'number', 'boolean', 'date', 'select', 'multi_select');

create table custom_fields (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    entity custom_field_entity not null default 'meeting',
    key text not null constraint custom_fields_key_form check (key ~ '^[a-z][a-z0-9_]{0,62}$'),
    label text not null constraint custom_fields_label_length check (length(label) between 1 and 200),
    type custom_field_type not null,
    required boolean not null default false,
    options text[] not null default '{}',
    rules jsonb not null default '{}',
    position integer not null default 0,
    -- A retired field keeps the values that it has and takes no new ones.
    retired_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    updated_by uuid references users (id) on delete set null,
    constraint custom_fields_key_key unique (organization_id, entity, key)
);
create trigger custom_fields_updated_at before update on custom_fields for each row execute function set_updated_at();

alter table custom_fields enable row level security;
alter table custom_fields force row level security;
create policy custom_fields_read on custom_fields for select
    using ((select app_is_system()) or organization_id = any ((select app_organizations())::uuid[]));
create policy custom_fields_insert on custom_fields for insert with check
    ((select app_is_system()) or organization_id = any ((select app_may_in('custom_fields.manage'))::uuid[]));
create policy custom_fields_update on custom_fields for update using
    ((select app_is_system()) or organization_id = any ((select app_may_in('custom_fields.manage'))::uuid[]));
create policy custom_fields_delete on custom_fields for delete using
    ((select app_is_system()) or organization_id = any ((select app_may_in('custom_fields.manage'))::uuid[]));
grant select, insert, update, delete on custom_fields to baraza_app;
