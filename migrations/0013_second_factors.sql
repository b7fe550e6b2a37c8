-- The second factor of a sign-in: codes of an authenticator app (TOTP, RFC 6238), and codes for when that is lost.

create table second_factors (
    user_id uuid primary key references users (id) on delete cascade,
    -- Encrypted with a key that follows from the secret of the configuration.
    secret bytea not null,
    -- Null until the person has shown a first code; before that it is not asked for.
    confirmed_at timestamptz,
    -- The time step of the last code that was taken: no code is taken twice.
    last_step bigint not null default 0,
    created_at timestamptz not null
);

create table recovery_codes (
    user_id uuid not null references second_factors (user_id) on delete cascade,
    code_hash bytea not null,
    used_at timestamptz,
    primary key (user_id, code_hash)
);

alter table second_factors enable row level security;
alter table second_factors force row level security;
create policy second_factors_system on second_factors using ((select app_is_system()));

alter table recovery_codes enable row level security;
alter table recovery_codes force row level security;
create policy recovery_codes_system on recovery_codes using ((select app_is_system()));

grant select, insert, update, delete on second_factors, recovery_codes to baraza_app;
