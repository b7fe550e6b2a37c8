-- Presence checks: whoever is in the room is asked to confirm it, at random times or when a host wants to know.

create table presence_checks (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    meeting_id uuid not null references meetings (id) on delete cascade,
    -- The host who asked; null for a check that came by itself.
    asked_by uuid references users (id) on delete set null,
    -- Where the part of the hour begins that a check belongs to which came by itself: each has one, whoever makes it.
    slot timestamptz,
    -- Who was in the room at that moment: users and guests.
    asked uuid[] not null constraint presence_checks_asked check (cardinality(asked) > 0),
    opened_at timestamptz not null,
    closes_at timestamptz not null,
    -- When it was closed, and how many of those who were asked had confirmed by then.
    closed_at timestamptz,
    confirmed integer,
    constraint presence_checks_slot unique (meeting_id, slot),
    constraint presence_checks_order check (closes_at > opened_at and closed_at between opened_at and closes_at),
    constraint presence_checks_closed check ((closed_at is null) = (confirmed is null))
);
-- One at a time.
create unique index presence_checks_open on presence_checks (meeting_id) where closed_at is null;
create index presence_checks_due on presence_checks (closes_at) where closed_at is null;
create index presence_checks_of_meeting on presence_checks (meeting_id, id);
-- Where checks come by themselves.
create index meetings_checked on meetings (id)
    where status = 'in_progress' and settings ->> 'presence_checks_per_hour' is not null;

-- A check is closed once, and else stays as it is; an account that is erased leaves its id among those who were asked.
create function guard_presence_check() returns trigger language plpgsql as $$
declare
    moves text[] := case when old.closed_at is null then '{asked_by,closed_at,confirmed}' else '{asked_by}' end;
begin
    if to_jsonb(new) - moves <> to_jsonb(old) - moves
       or (new.asked_by is distinct from old.asked_by and new.asked_by is not null) then
        raise exception 'a presence check stays as it is' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger presence_checks_stay before update on presence_checks
    for each row execute function guard_presence_check();

-- One answer of each person, from whatever device.
create table presence_confirmations (
    check_id uuid not null references presence_checks (id) on delete cascade,
    -- A user's id, or a guest's.
    person uuid not null,
    organization_id uuid not null references organizations (id) on delete cascade,
    meeting_id uuid not null references meetings (id) on delete cascade,
    is_guest boolean not null,
    confirmed_at timestamptz not null,
    primary key (check_id, person)
);
create index presence_confirmations_of_meeting on presence_confirmations (meeting_id);
create trigger presence_confirmations_stay before update or truncate on presence_confirmations
    for each statement execute function refuse_change();

alter table presence_checks enable row level security;
alter table presence_checks force row level security;
create policy presence_checks_read on presence_checks for select to baraza_app using (
    (select app_is_system()) or organization_id = any ((select app_may_in('attendance.view'))::uuid[])
    or app_is_host(meeting_id));
create policy presence_checks_insert on presence_checks for insert to baraza_app with check ((select app_is_system()));
create policy presence_checks_update on presence_checks for update to baraza_app using ((select app_is_system()));
create policy presence_checks_of_owner on presence_checks to current_user using (true) with check (true);

alter table presence_confirmations enable row level security;
alter table presence_confirmations force row level security;
create policy presence_confirmations_read on presence_confirmations for select to baraza_app using (
    (select app_is_system()) or organization_id = any ((select app_may_in('attendance.view'))::uuid[])
    or app_is_host(meeting_id)
    or (person = (select app_user()) and organization_id = any ((select app_organizations())::uuid[])));
create policy presence_confirmations_insert on presence_confirmations for insert to baraza_app
    with check ((select app_is_system()));
create policy presence_confirmations_of_owner on presence_confirmations to current_user using (true) with check (true);

grant select, insert, update on presence_checks to baraza_app;
grant select, insert on presence_confirmations to baraza_app;

select audit_attach('presence_checks', 'presence_check', '{}', '{slot}', '{"+": "opened", "closed_at": "closed"}');
select audit_attach('presence_confirmations', 'presence_check', '{}', '{}', '{"+": "confirmed"}', 'check_id', '{person}');
