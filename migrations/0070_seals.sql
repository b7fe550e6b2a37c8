-- The chain: each entry of the audit log and of the trail of movements is sealed with a hash of what it says and of the
-- seal before it, one chain for each organization. Whoever changes, removes, inserts or moves an entry breaks it there.
--
-- Entries are sealed behind the back of those who write them, so that nobody waits for anybody. Neither ids nor times
-- say in which order transactions end, so each entry carries its transaction: those older than every transaction that
-- still runs have all come in, and no entry is passed over.

alter table audit_log add column tx bigint not null default pg_current_xact_id()::text::bigint;
alter table attendance_log add column tx bigint not null default pg_current_xact_id()::text::bigint;
-- Rows lie in the order of their transactions: a few bytes for many rows say where, and writing costs nothing.
create index audit_log_by_tx on audit_log using brin (tx) with (pages_per_range = 16, autosummarize = on);
create index attendance_log_by_tx on attendance_log using brin (tx) with (pages_per_range = 16, autosummarize = on);

create table seals (
    -- Zeros for what belongs to no organization.
    organization_id uuid not null,
    -- 1, 2, 3 …
    sequence bigint not null,
    -- What is sealed: one of the two.
    audit_id uuid,
    attendance_id bigint,
    -- Whether it came in more than an hour after the time that it tells.
    is_late boolean not null,
    sealed_at timestamptz not null,
    -- SHA-256 of what the entry says.
    content bytea not null constraint seals_content check (octet_length(content) = 32),
    -- SHA-256 of this seal and of the one before.
    hash bytea not null constraint seals_hash check (octet_length(hash) = 32),
    constraint seals_pkey primary key (organization_id, sequence),
    constraint seals_entry check (num_nonnulls(audit_id, attendance_id) = 1)
);
create unique index seals_of_audit on seals (audit_id) where audit_id is not null;
create unique index seals_of_attendance on seals (attendance_id) where attendance_id is not null;
create trigger seals_append_only before update or delete or truncate on seals
    for each statement execute function refuse_change();
alter table seals enable always trigger seals_append_only;

-- The last seal of each chain: where the next one goes on, and what shows that the last ones were cut off.
create table seal_heads (
    organization_id uuid primary key,
    sequence bigint not null,
    hash bytea not null constraint seal_heads_hash check (octet_length(hash) = 32),
    sealed_at timestamptz not null
);
create function seal_heads_only_grow() returns trigger language plpgsql as $$
begin
    if new.organization_id <> old.organization_id or new.sequence <= old.sequence then
        raise exception 'a chain only grows' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger seal_heads_grow before update on seal_heads for each row execute function seal_heads_only_grow();
create trigger seal_heads_stay before delete or truncate on seal_heads for each statement execute function refuse_change();
alter table seal_heads enable always trigger seal_heads_grow;
alter table seal_heads enable always trigger seal_heads_stay;

-- How far sealing has come; whoever seals locks the row.
create table seal_progress (
    is_only boolean primary key default true constraint seal_progress_only check (is_only),
    -- The cluster whose transactions are meant: in a database that was restored elsewhere they count anew.
    cluster bigint,
    -- Everything of earlier transactions is sealed.
    mark bigint not null default 0,
    -- When that was known for the first time to be all that there is.
    complete_at timestamptz
);
insert into seal_progress default values;

alter table seals enable row level security;
alter table seals force row level security;
create policy seals_system on seals to baraza_app using ((select app_is_system()));
create policy seals_of_owner on seals to current_user using (true) with check (true);
alter table seal_heads enable row level security;
alter table seal_heads force row level security;
create policy seal_heads_system on seal_heads to baraza_app using ((select app_is_system()));
create policy seal_heads_of_owner on seal_heads to current_user using (true) with check (true);
alter table seal_progress enable row level security;
alter table seal_progress force row level security;
create policy seal_progress_system on seal_progress to baraza_app using ((select app_is_system()));
create policy seal_progress_of_owner on seal_progress to current_user using (true) with check (true);
grant select, insert on seals to baraza_app;
grant select, insert, update on seal_heads to baraza_app;
grant select, update on seal_progress to baraza_app;
