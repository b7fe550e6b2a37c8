-- Rooms and devices, and who has them when.
create extension if not exists btree_gist;

create type resource_type as enum ('room', 'device');

create table resources (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    type resource_type not null,
    name text not null constraint resources_name_length check (length(name) between 1 and 120),
    location text not null default '' constraint resources_location_length check (length(location) <= 200),
    capacity integer constraint resources_capacity check (capacity between 1 and 100000),
    features text[] not null default '{}' constraint resources_features check (cardinality(features) <= 50),
    -- What is disabled cannot be booked; what is booked already stays.
    is_enabled boolean not null default true,
    -- Bookings of the past go on naming what is there no more.
    deleted_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    updated_by uuid references users (id) on delete set null,
    constraint resources_of_organization unique (organization_id, id)
);
create unique index resources_name_key on resources (organization_id, lower(name)) where deleted_at is null;
create index resources_by_name on resources (organization_id, name, id) where deleted_at is null;
create trigger resources_updated_at before update on resources for each row execute function set_updated_at();

create type booking_type as enum ('custom', 'room');

create table bookings (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    -- Its online room.
    meeting_id uuid references meetings (id) on delete set null,
    type booking_type not null,
    title text not null constraint bookings_title_length check (length(title) between 1 and 255),
    notes text not null default '' constraint bookings_notes_length check (length(notes) <= 10000),
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    location text not null default '' constraint bookings_location_length check (length(location) <= 500),
    organizer_email citext constraint bookings_organizer_length check (length(organizer_email) <= 320),
    -- Who is asked to come, as {email, name, contact_id, user_id}.
    attendees jsonb not null default '[]',
    -- The members among them and the organizer: who has something to do then.
    member_ids uuid[] not null default '{}',
    cancelled_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    updated_by uuid references users (id) on delete set null,
    constraint bookings_end_after_start check (ends_at > starts_at),
    constraint bookings_of_organization unique (organization_id, id)
);
create index bookings_by_start on bookings (organization_id, starts_at, id) where cancelled_at is null;
create index bookings_to_come on bookings (organization_id, ends_at) where cancelled_at is null;
create index bookings_of_members on bookings using gin (member_ids) where cancelled_at is null;
create index bookings_of_meeting on bookings (meeting_id) where meeting_id is not null;
create trigger bookings_updated_at before update on bookings for each row execute function set_updated_at();

-- What a booking takes. Whoever writes here holds the locks of `lock_resources`; the constraint guards against whoever
-- forgets them.
create table reservations (
    booking_id uuid not null,
    resource_id uuid not null,
    organization_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    constraint reservations_pkey primary key (booking_id, resource_id),
    constraint reservations_booking foreign key (organization_id, booking_id)
        references bookings (organization_id, id) on delete cascade,
    constraint reservations_resource foreign key (organization_id, resource_id)
        references resources (organization_id, id) on delete cascade,
    constraint reservations_end_after_start check (ends_at > starts_at),
    constraint reservations_no_overlap exclude using gist (resource_id with =, tstzrange(starts_at, ends_at) with &&)
);
-- Under row-level security the index of the constraint serves nobody: overlap is no leakproof operator.
create index reservations_by_end on reservations (resource_id, ends_at);

-- Lets one at a time decide on each of these resources until the transaction ends. Always in the same order, so that two
-- who want some of the same never wait for each other.
create function lock_resources(wanted uuid[]) returns void language plpgsql as $$
declare
    one uuid;
begin
    for one in select distinct w from unnest(wanted) w order by 1 loop
        perform pg_advisory_xact_lock(hashtextextended(one::text, 134));
    end loop;
end $$;

-- Reservations are always those of their booking. As the owner: whoever moves a meeting need not be who booked.
create function reservations_follow_booking() returns trigger security definer language plpgsql
    set search_path = public as $$
begin
    if new.cancelled_at is not null then
        delete from reservations where booking_id = new.id;
    elsif (new.starts_at, new.ends_at) is distinct from (old.starts_at, old.ends_at) then
        perform lock_resources(array(select resource_id from reservations where booking_id = new.id));
        update reservations set starts_at = new.starts_at, ends_at = new.ends_at where booking_id = new.id;
    end if;
    return null;
end $$;
create trigger bookings_take_reservations_along after update of starts_at, ends_at, cancelled_at on bookings
    for each row execute function reservations_follow_booking();

-- A booking and its meeting are one appointment.
create function bookings_follow_meeting() returns trigger security definer language plpgsql
    set search_path = public as $$
begin
    update bookings b
    set title = new.title, starts_at = new.scheduled_start,
        ends_at = coalesce(new.scheduled_end, new.scheduled_start + (b.ends_at - b.starts_at)),
        cancelled_at = case when new.status = 'cancelled' then new.cancelled_at end
    where b.meeting_id = new.id and b.cancelled_at is null;
    return null;
end $$;
create trigger meetings_take_bookings_along after update of status, title, scheduled_start, scheduled_end on meetings
    for each row
    when (new.status = 'cancelled' and old.status <> 'cancelled'
          or (new.title, new.scheduled_start, new.scheduled_end)
             is distinct from (old.title, old.scheduled_start, old.scheduled_end))
    execute function bookings_follow_meeting();

alter table resources enable row level security;
alter table resources force row level security;
create policy resources_read on resources for select to baraza_app
    using ((select app_is_system()) or organization_id = any ((select app_organizations())::uuid[]));
create policy resources_write on resources to baraza_app
    using ((select app_is_system()) or organization_id = any ((select app_may_in('resources.manage'))::uuid[]));
create policy resources_of_owner on resources to current_user using (true) with check (true);

-- What is booked is for those who booked, who are asked to come and who keep the rooms; others see when a room is taken.
alter table bookings enable row level security;
alter table bookings force row level security;
create policy bookings_read on bookings for select to baraza_app
    using ((select app_is_system())
           or organization_id = any ((select app_may_in('resources.manage'))::uuid[])
           or (organization_id = any ((select app_organizations())::uuid[])
               and (created_by = (select app_user()) or (select app_user()) = any (member_ids))));
create policy bookings_write on bookings to baraza_app
    using ((select app_is_system())
           or organization_id = any ((select app_may_in('resources.manage'))::uuid[])
           or (organization_id = any ((select app_may_in('bookings.create'))::uuid[]) and created_by = (select app_user())));
create policy bookings_of_owner on bookings to current_user using (true) with check (true);

alter table reservations enable row level security;
alter table reservations force row level security;
create policy reservations_read on reservations for select to baraza_app
    using ((select app_is_system()) or organization_id = any ((select app_organizations())::uuid[]));
create policy reservations_write on reservations to baraza_app
    using ((select app_is_system())
           or organization_id = any ((select app_may_in('resources.manage'))::uuid[])
           or (organization_id = any ((select app_may_in('bookings.create'))::uuid[])
               and exists (select from bookings b where b.id = booking_id and b.created_by = (select app_user()))));
create policy reservations_of_owner on reservations to current_user using (true) with check (true);

grant select, insert, update, delete on resources, bookings, reservations to baraza_app;

select audit_attach('resources', 'resource', '{}', '{}', '{"deleted_at": "deleted"}');
select audit_attach('bookings', 'booking', '{}', '{member_ids}', '{"cancelled_at": "cancelled"}');
select audit_attach('reservations', 'booking', '{}', '{}', '{"+": "reserved", "-": "released"}', 'booking_id');

-- A device stands in a room of its organization.
alter table device_tokens add constraint device_tokens_resource foreign key (organization_id, resource_id)
    references resources (organization_id, id) not valid;

-- When members, rooms and devices are taken within a time, in its order. It looks as the owner, and as the system: that
-- somebody is busy is for every member to know, and nothing more is told. Only of members and resources of that one
-- organization, but a member is busy wherever they have something to do. Meetings without an end are taken to last an
-- hour.
create function busy_blocks(organization uuid, users uuid[], wanted uuid[], beginning timestamptz, ending timestamptz)
    returns table (user_id uuid, resource_id uuid, starts_at timestamptz, ends_at timestamptz, why text)
    stable security definer language sql set search_path = public set app.actor = 'system' as $$
    with people as (
        select m.user_id from organization_members m
        where m.organization_id = organization and m.is_active and m.user_id = any (users))
    select * from (
        select p.user_id, null::uuid as resource_id, m.scheduled_start as starts_at,
               coalesce(m.scheduled_end, m.scheduled_start + interval '1 hour') as ends_at, 'meeting' as why
        from people join meeting_participants p on p.user_id = people.user_id
        join meetings m on m.id = p.meeting_id
        where m.status in ('scheduled', 'in_progress') and p.banned_at is null and p.status <> 'declined'
          and m.scheduled_start < ending and coalesce(m.scheduled_end, m.scheduled_start + interval '1 hour') > beginning
        union all
        select people.user_id, null, b.starts_at, b.ends_at, 'booking'
        from people join bookings b on b.member_ids @> array[people.user_id]
        where b.cancelled_at is null and b.meeting_id is null and b.ends_at > beginning and b.starts_at < ending
        union all
        select null, v.resource_id, v.starts_at, v.ends_at, 'booking'
        from reservations v
        where v.organization_id = organization and v.resource_id = any (wanted)
          and v.ends_at > beginning and v.starts_at < ending) blocks
    order by user_id, resource_id, starts_at, ends_at
$$;
