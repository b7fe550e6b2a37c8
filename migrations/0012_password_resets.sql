-- A link to choose a new password: one per account at a time, for one use, for a short while.

create table password_resets (
    user_id uuid primary key references users (id) on delete cascade,
    token_hash bytea not null constraint password_resets_token_hash_key unique,
    expires_at timestamptz not null,
    used_at timestamptz,
    created_at timestamptz not null
);

alter table password_resets enable row level security;
alter table password_resets force row level security;
create policy password_resets_system on password_resets using ((select app_is_system()));

grant select, insert, update, delete on password_resets to baraza_app;
