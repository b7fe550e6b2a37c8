-- What a person agrees to (ORG-24, SEC-09): one row for each time they did, with when they took it back.

create type consent_purpose as enum ('calendar_sync', 'meeting_providers', 'message_services', 'transcription');

create table consents (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    purpose consent_purpose not null,
    given_at timestamptz not null,
    withdrawn_at timestamptz constraint consents_order check (withdrawn_at >= given_at)
);
-- At most one stands; the index also answers which was the last.
create unique index consents_one_stands on consents (user_id, purpose) where withdrawn_at is null;
create index consents_user on consents (user_id, purpose, given_at desc);

alter table consents enable row level security;
alter table consents force row level security;
create policy consents_own on consents using ((select app_is_system()) or user_id = (select app_user()));

grant select, insert, update on consents to baraza_app;

select audit_attach('consents', 'consent', '{}', '{}', '{"+": "given", "withdrawn_at": "withdrawn"}');
