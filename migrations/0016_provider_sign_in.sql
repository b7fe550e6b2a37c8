-- Sign-in through an OpenID Connect provider.

-- Who a person is at a provider. The pair of issuer and subject never changes and is never given to somebody else.
create table identities (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    issuer text not null,
    subject text not null,
    created_at timestamptz not null default now(),
    last_login_at timestamptz not null,
    constraint identities_subject_key unique (issuer, subject),
    constraint identities_user_key unique (user_id, issuer)
);

-- Sign-ins that a provider vouched for, so that it can end them.
alter table sessions
    add column identity_id uuid references identities (id) on delete set null,
    add column provider_session text;
create index sessions_by_identity on sessions (identity_id) where identity_id is not null and revoked_at is null;

-- Memberships that a provider's groups gave, and may take away again.
alter table organization_members add column by_provider boolean not null default false;

-- Whether the owner of the e-mail address chose this password: an administrator of any organization may have made the
-- account with a password of their own choice. Others do not outlive the first sign-in through a provider.
alter table credentials add column proven boolean not null default false;
update credentials c set proven = true from users u where u.id = c.user_id and u.is_system_admin;

-- What may be used once: a sign-in that was begun, a provider's logout token. Kept until it would have expired anyway.
create table spent_tokens (
    hash bytea primary key,
    expires_at timestamptz not null
);
create index spent_tokens_expired on spent_tokens (expires_at);

alter table identities enable row level security;
alter table identities force row level security;
create policy identities_read on identities for select using ((select app_is_system()) or user_id = (select app_user()));
create policy identities_write on identities using ((select app_is_system()));
alter table spent_tokens enable row level security;
alter table spent_tokens force row level security;
create policy spent_tokens_system on spent_tokens using ((select app_is_system()));

grant select, insert, update, delete on identities, spent_tokens to baraza_app;
