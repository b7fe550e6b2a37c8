-- People whom an organization knows and who have no account, and groups of them (ORG-20).

create table contacts (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    name text not null constraint contacts_name_length check (length(name) between 1 and 200),
    email citext constraint contacts_email_length check (length(email) <= 320),
    phone text constraint contacts_phone_length check (length(phone) <= 40),
    company text not null default '' constraint contacts_company_length check (length(company) <= 200),
    notes text not null default '' constraint contacts_notes_length check (length(notes) <= 2000),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    updated_by uuid references users (id) on delete set null,
    constraint contacts_reachable check (email is not null or phone is not null),
    constraint contacts_of_organization unique (organization_id, id)
);
create unique index contacts_email_key on contacts (organization_id, email) where email is not null;
create unique index contacts_phone_key on contacts (organization_id, phone, name) where email is null;
create index contacts_by_name on contacts (organization_id, name, id);
create trigger contacts_updated_at before update on contacts for each row execute function set_updated_at();

create table contact_groups (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    name text not null constraint contact_groups_name_length check (length(name) between 1 and 100),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    updated_by uuid references users (id) on delete set null,
    constraint contact_groups_of_organization unique (organization_id, id)
);
create unique index contact_groups_name_key on contact_groups (organization_id, lower(name));
create index contact_groups_by_name on contact_groups (organization_id, name, id);
create trigger contact_groups_updated_at before update on contact_groups
    for each row execute function set_updated_at();

-- Both belong to the same organization: the keys say so.
create table contact_group_members (
    organization_id uuid not null,
    group_id uuid not null,
    contact_id uuid not null,
    created_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    constraint contact_group_members_pkey primary key (group_id, contact_id),
    constraint contact_group_members_group foreign key (organization_id, group_id)
        references contact_groups (organization_id, id) on delete cascade,
    constraint contact_group_members_contact foreign key (organization_id, contact_id)
        references contacts (organization_id, id) on delete cascade
);
create index contact_group_members_contact on contact_group_members (contact_id);

alter table contacts enable row level security;
alter table contacts force row level security;
create policy contacts_read on contacts for select
    using ((select app_is_system()) or organization_id = any ((select app_organizations())::uuid[]));
create policy contacts_write on contacts using ((select app_is_system()) or organization_id = any ((select app_may_in('contacts.manage'))::uuid[]));

alter table contact_groups enable row level security;
alter table contact_groups force row level security;
create policy contact_groups_read on contact_groups for select
    using ((select app_is_system()) or organization_id = any ((select app_organizations())::uuid[]));
create policy contact_groups_write on contact_groups using ((select app_is_system()) or organization_id = any ((select app_may_in('contacts.manage'))::uuid[]));

alter table contact_group_members enable row level security;
alter table contact_group_members force row level security;
create policy contact_group_members_read on contact_group_members for select
    using ((select app_is_system()) or organization_id = any ((select app_organizations())::uuid[]));
create policy contact_group_members_write on contact_group_members
    using ((select app_is_system()) or organization_id = any ((select app_may_in('contacts.manage'))::uuid[]));

grant select, insert, update, delete on contacts, contact_groups, contact_group_members to baraza_app;

select audit_attach('contacts', 'contact');
select audit_attach('contact_groups', 'contact_group');
select audit_attach('contact_group_members', 'contact_group', '{}', '{}', '{"+": "joined", "-": "left"}', 'group_id');
