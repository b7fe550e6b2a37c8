-- Guests: people without an account who enter one meeting by a link (PAR-18, CON-08). Links are random and kept as
-- hashes. A guest acts in the database as the actor 'guest':
--   app.guest_id, app.meeting_id   who, and the only meeting that they may see

create table guest_links (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    meeting_id uuid not null references meetings (id) on delete cascade,
    name text not null default '' constraint guest_links_name_length check (length(name) <= 100),
    token_hash bytea not null constraint guest_links_token_hash_key unique,
    expires_at timestamptz,
    max_uses integer constraint guest_links_max_uses_range check (max_uses between 1 and 10000),
    uses integer not null default 0,
    revoked_at timestamptz,
    revoked_by uuid references users (id) on delete set null,
    created_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    constraint guest_links_uses check (max_uses is null or uses <= max_uses)
);
create index guest_links_of_meeting on guest_links (meeting_id, id desc);

-- The name is shown as it stands, with the mark of a guest, so that nobody takes a guest for a member.
create table guests (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    meeting_id uuid not null references meetings (id) on delete cascade,
    link_id uuid not null references guest_links (id) on delete cascade,
    name text not null constraint guests_name_length check (length(name) between 1 and 100),
    status participant_status not null default 'accepted',
    can_unmute boolean not null default true,
    can_share_screen boolean not null default true,
    approved_at timestamptz,
    denied_at timestamptz,
    banned_at timestamptz,
    first_joined_at timestamptz,
    last_left_at timestamptz,
    hand_raised_at timestamptz,
    hand_raised_count integer not null default 0,
    messages_sent integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    updated_by uuid references users (id) on delete set null
);
create index guests_of_meeting on guests (meeting_id);
create index guests_of_link on guests (link_id);
create trigger guests_updated_at before update on guests for each row execute function set_updated_at();

alter table chat_messages add column guest_id uuid references guests (id) on delete set null;
create index chat_messages_guest on chat_messages (guest_id) where guest_id is not null;
-- Who asked or came, in LiveKit's words; a user's id stands in user_id too.
alter table attendance_log add column identity text;

-- The guest behind a LiveKit identity; null for everybody else.
create function guest_of(identity text) returns uuid immutable parallel safe language sql as $$
    select case when identity ~ '^guest:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(#|$)' then substr(identity, 7, 36)::uuid end
$$;

-- Both the organization and the meeting must allow guests; a suspended organization has none.
create function guests_allowed(meeting uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select exists (select from meetings m join organizations o on o.id = m.organization_id
                   where m.id = meeting and coalesce((m.settings ->> 'allow_guests')::boolean, false)
                     and coalesce((o.settings ->> 'allow_guests')::boolean, false) and o.suspended_at is null)
$$;

-- Whether a guest was let in and may stay: neither they nor their link were sent away, and guests are still allowed.
create function guest_may_stay(guest uuid, meeting uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select exists (select from guests g join guest_links l on l.id = g.link_id
                   where g.id = guest and g.meeting_id = meeting and g.status <> 'pending_approval'
                     and g.denied_at is null and g.banned_at is null and l.revoked_at is null)
       and guests_allowed(meeting)
$$;

-- The meeting of the guest who asks, as long as they may stay.
create function app_guest_meeting() returns uuid stable language sql as $$
    select case when current_setting('app.actor', true) = 'guest'
                     and guest_may_stay(nullif(current_setting('app.guest_id', true), '')::uuid,
                                        nullif(current_setting('app.meeting_id', true), '')::uuid)
                then nullif(current_setting('app.meeting_id', true), '')::uuid end
$$;

alter table guest_links enable row level security;
alter table guest_links force row level security;
create policy guest_links_inviters on guest_links
    using ((select app_is_system()) or app_moderates(meeting_id)
           or organization_id = any ((select app_may_in('guests.invite'))::uuid[]));

alter table guests enable row level security;
alter table guests force row level security;
create policy guests_read on guests for select
    using ((select app_is_system()) or app_takes_part(meeting_id)
           or organization_id = any ((select app_may_in('participants.view'))::uuid[])
           or organization_id = any ((select app_may_in('guests.invite'))::uuid[])
           or (meeting_id = (select app_guest_meeting())
               and id = nullif(current_setting('app.guest_id', true), '')::uuid));
create policy guests_write on guests for update
    using ((select app_is_system()) or app_moderates(meeting_id));
create policy guests_insert on guests for insert with check ((select app_is_system()));

alter policy meeting_streams_read on meeting_streams
    using ((select app_is_system()) or app_takes_part(meeting_id) or meeting_id = (select app_guest_meeting()));
alter policy meeting_events_read on meeting_events
    using ((select app_is_system()) or app_takes_part(meeting_id) or meeting_id = (select app_guest_meeting()));
alter policy chat_messages_read on chat_messages
    using ((select app_is_system()) or app_takes_part(meeting_id) or meeting_id = (select app_guest_meeting()));

grant select, insert, update on guest_links, guests to baraza_app;

-- Everybody who takes part, members and guests, under the rights of whoever asks.
create view meeting_people with (security_invoker = true) as
    select p.meeting_id, p.user_id as id, false as is_guest, u.name, u.avatar_url, p.role, p.status, p.can_unmute,
           p.can_share_screen, p.hand_raised_at, p.first_joined_at, p.last_left_at
    from meeting_participants p join users u on u.id = p.user_id
    union all
    select g.meeting_id, g.id, true, g.name, null, 'participant'::meeting_role, g.status, g.can_unmute,
           g.can_share_screen, g.hand_raised_at, g.first_joined_at, g.last_left_at
    from guests g where g.banned_at is null;
grant select on meeting_people to baraza_app;

-- Presence of guests, beside that of participants -----------------------------------------------------------------

create or replace function attendance_span_changed() returns trigger language plpgsql security definer
    set search_path = public set app.actor = 'system' as $$
declare
    guest uuid := guest_of(new.identity);
begin
    if tg_op = 'INSERT' then
        insert into attendance_log (organization_id, meeting_id, user_id, identity, span_id, event, occurred_at, source)
            values (new.organization_id, new.meeting_id, new.user_id, new.identity, new.id, 'join', new.joined_at, new.opened_by::text);
    elsif new.left_at is null and old.left_at is not null then -- closed by mistake: presence goes on from there
        insert into attendance_log (organization_id, meeting_id, user_id, identity, span_id, event, occurred_at, source)
            values (new.organization_id, new.meeting_id, new.user_id, new.identity, new.id, 'join', old.left_at, 'reconcile');
    end if;
    if new.left_at is not null and (tg_op = 'INSERT' or new.left_at is distinct from old.left_at) then
        insert into attendance_log (organization_id, meeting_id, user_id, identity, span_id, event, occurred_at, source)
            values (new.organization_id, new.meeting_id, new.user_id, new.identity, new.id, 'leave', new.left_at, new.closed_by::text);
    end if;
    if guest is not null then
        perform from guests where id = guest and meeting_id = new.meeting_id for no key update;
        update guests g set
            first_joined_at = s.first_joined_at,
            last_left_at = s.last_left_at,
            status = case when s.is_there then 'joined'::participant_status else 'left'::participant_status end
        from (select min(joined_at) as first_joined_at, max(left_at) as last_left_at, bool_or(left_at is null) as is_there
              from attendance_spans where meeting_id = new.meeting_id and guest_of(identity) = guest) s
        where g.id = guest and g.meeting_id = new.meeting_id;
        return null;
    end if;
    -- Whoever changes another span of this person meanwhile has to wait, or neither would see the other's.
    perform from meeting_participants where meeting_id = new.meeting_id and user_id = new.user_id for no key update;
    update meeting_participants p set
        first_joined_at = s.first_joined_at,
        last_left_at = s.last_left_at,
        is_late = check_participant_late(s.first_joined_at, m.scheduled_start,
                                         coalesce((m.settings ->> 'late_threshold_minutes')::integer, 5)),
        duration_seconds = calculate_participant_duration(new.meeting_id, new.user_id),
        status = case when s.is_there then 'joined'::participant_status else 'left'::participant_status end
    from meetings m,
         (select min(joined_at) as first_joined_at, max(left_at) as last_left_at, bool_or(left_at is null) as is_there
          from attendance_spans where meeting_id = new.meeting_id and user_id = new.user_id) s
    where m.id = new.meeting_id and p.meeting_id = new.meeting_id and p.user_id = new.user_id;
    return null;
end $$;

create or replace function attendance_presence_changed() returns trigger language plpgsql security definer
    set search_path = public set app.actor = 'system' as $$
declare
    who uuid := coalesce(new.user_id, guest_of(new.identity));
    otherwise_there boolean := exists (select from attendance_spans
        where meeting_id = new.meeting_id and coalesce(user_id, guest_of(identity)) = who and left_at is null and id <> new.id);
    was_there boolean := otherwise_there or (tg_op = 'UPDATE' and old.left_at is null);
    is_there boolean := otherwise_there or exists (select from attendance_spans where id = new.id and left_at is null);
begin
    if was_there <> is_there then
        perform emit_meeting_event(new.meeting_id, 'presence.changed',
                                   jsonb_build_object('user_id', who, 'online', is_there));
    end if;
    return null;
end $$;
drop trigger attendance_presence_changed on attendance_spans;
create constraint trigger attendance_presence_changed after insert or update of left_at on attendance_spans
    deferrable initially deferred
    for each row when (new.user_id is not null or guest_of(new.identity) is not null)
    execute function attendance_presence_changed();

-- Entering ---------------------------------------------------------------------------------------------------------

-- How many seats are taken by others than `me`: by those who are there, and by those whom a token was given within
-- `hold`. Callers hold the meeting's lock.
create function seats_taken(meeting uuid, me text, at timestamptz, hold interval) returns bigint stable language sql as $$
    select count(*) from (
        select split_part(s.identity, '#', 1) from attendance_spans s
            where s.meeting_id = meeting and s.left_at is null and split_part(s.identity, '#', 1) <> me
        union
        select coalesce(l.user_id::text, l.identity) from attendance_log l
            where l.meeting_id = meeting and l.event = 'requested' and l.occurred_at > at - hold
              and coalesce(l.user_id::text, l.identity) <> me
              and not exists (select from attendance_log gone
                              where gone.meeting_id = meeting and gone.event = 'leave' and gone.occurred_at > l.occurred_at
                                and coalesce(gone.user_id::text, split_part(gone.identity, '#', 1))
                                    = coalesce(l.user_id::text, l.identity))
    ) taken
$$;

create or replace function request_join(person uuid, meeting uuid, at timestamptz, hold interval)
    returns table (
        organization_id uuid, status meeting_status, ended_by ended_by, actual_start timestamptz,
        actual_end timestamptz, scheduled_end timestamptz, meeting_type meeting_type, room_name text,
        name text, avatar_url text, role meeting_role, can_unmute boolean, can_share_screen boolean,
        must_wait boolean, denied boolean, banned boolean, is_full boolean, granted boolean)
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    m meetings;
    p meeting_participants;
    enterable boolean;
begin
    select mt.* into m from meetings mt
        join organization_members om on om.organization_id = mt.organization_id and om.user_id = person and om.is_active
        where mt.id = meeting;
    if not found then
        return;
    end if;
    select mp.* into p from meeting_participants mp where mp.meeting_id = meeting and mp.user_id = person;
    must_wait := m.require_approval and p.role = 'participant' and p.approved_at is null;
    denied := p.denied_at is not null;
    banned := p.banned_at is not null;
    -- The same as State::enterable in the program.
    enterable := m.status in ('scheduled', 'in_progress') or (m.status = 'completed' and m.ended_by = 'room_empty'
        and at <= greatest(m.scheduled_end, m.actual_end + interval '15 minutes'));
    is_full := false;
    granted := coalesce(enterable and p.user_id is not null and not banned and not denied and not must_wait, false);
    if granted and m.max_participants is not null then
        perform pg_advisory_xact_lock(hashtextextended(meeting::text, 0));
        is_full := seats_taken(meeting, person::text, at, hold) >= m.max_participants;
        granted := not is_full;
    end if;
    if granted then
        insert into attendance_log (organization_id, meeting_id, user_id, event, occurred_at, source)
            values (m.organization_id, meeting, person, 'requested', at, 'api');
    elsif enterable and must_wait and not denied and not banned and p.status <> 'pending_approval' then
        update meeting_participants mp set status = 'pending_approval' where mp.meeting_id = meeting and mp.user_id = person;
        perform emit_meeting_event(meeting, 'lobby.knocked', jsonb_build_object('user_id', person));
    end if;
    select u.name, u.avatar_url into name, avatar_url from users u where u.id = person;
    organization_id := m.organization_id;
    status := m.status;
    ended_by := m.ended_by;
    actual_start := m.actual_start;
    actual_end := m.actual_end;
    scheduled_end := m.scheduled_end;
    meeting_type := m.meeting_type;
    room_name := m.room_name;
    role := p.role;
    can_unmute := p.can_unmute;
    can_share_screen := p.can_share_screen;
    return next;
end $$;

-- The same for whoever comes by a link, identified by the guest that they were before (`known`) or to be made as
-- `fresh`. The link is locked, so that its uses are counted one after the other; a refusal counts nothing. No row
-- means: there is no such link.
create function request_guest_join(token bytea, known uuid, fresh uuid, called text, at timestamptz, hold interval)
    returns table (
        link_state text, allowed boolean, guest_id uuid, name text, meeting_id uuid, organization_id uuid,
        status meeting_status, ended_by ended_by, actual_start timestamptz, actual_end timestamptz,
        scheduled_end timestamptz, meeting_type meeting_type, room_name text, can_unmute boolean,
        can_share_screen boolean, must_wait boolean, denied boolean, banned boolean, is_full boolean, granted boolean)
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    l guest_links;
    m meetings;
    g guests;
    enterable boolean;
begin
    select gl.* into l from guest_links gl where gl.token_hash = token for update;
    if not found then
        return;
    end if;
    select mt.* into m from meetings mt where mt.id = l.meeting_id;
    select gs.* into g from guests gs where gs.id = known and gs.link_id = l.id for update;
    link_state := case when l.revoked_at is not null then 'revoked'
                       when l.expires_at <= at then 'expired'
                       when g.id is null and l.uses >= l.max_uses then 'used_up'
                       else 'open' end;
    allowed := guests_allowed(m.id);
    must_wait := m.require_approval and g.approved_at is null;
    denied := g.denied_at is not null;
    banned := g.banned_at is not null;
    enterable := m.status in ('scheduled', 'in_progress') or (m.status = 'completed' and m.ended_by = 'room_empty'
        and at <= greatest(m.scheduled_end, m.actual_end + interval '15 minutes'));
    is_full := false;
    granted := allowed and link_state = 'open' and enterable and not denied and not banned and not must_wait;
    if granted and m.max_participants is not null then
        perform pg_advisory_xact_lock(hashtextextended(m.id::text, 0));
        is_full := seats_taken(m.id, 'guest:' || coalesce(g.id, fresh), at, hold) >= m.max_participants;
        granted := not is_full;
    end if;
    guest_id := coalesce(g.id, fresh);
    name := coalesce(g.name, called);
    if g.id is null and (granted or allowed and link_state = 'open' and enterable and must_wait) then
        update guest_links gl set uses = gl.uses + 1 where gl.id = l.id;
        insert into guests (id, organization_id, meeting_id, link_id, name, status)
            values (fresh, m.organization_id, m.id, l.id, coalesce(nullif(called, ''), '?'),
                    case when must_wait then 'pending_approval'::participant_status else 'accepted'::participant_status end);
        if must_wait then
            perform emit_meeting_event(m.id, 'lobby.knocked', jsonb_build_object('user_id', fresh));
        end if;
    elsif g.id is not null and must_wait and allowed and link_state = 'open' and enterable and not denied and not banned
          and g.status <> 'pending_approval' then
        update guests gs set status = 'pending_approval' where gs.id = g.id;
        perform emit_meeting_event(m.id, 'lobby.knocked', jsonb_build_object('user_id', g.id));
    end if;
    if granted then
        insert into attendance_log (organization_id, meeting_id, identity, event, occurred_at, source)
            values (m.organization_id, m.id, 'guest:' || guest_id, 'requested', at, 'api');
    end if;
    meeting_id := m.id;
    organization_id := m.organization_id;
    status := m.status;
    ended_by := m.ended_by;
    actual_start := m.actual_start;
    actual_end := m.actual_end;
    scheduled_end := m.scheduled_end;
    meeting_type := m.meeting_type;
    room_name := m.room_name;
    can_unmute := coalesce(g.can_unmute, true);
    can_share_screen := coalesce(g.can_share_screen, true);
    return next;
end $$;

-- Stores a guest's message, counts it and announces it, as post_message does for members. No row means: not a guest of
-- this meeting, or no longer.
create function post_guest_message(guest uuid, meeting uuid, message uuid, kind chat_message_type, content text,
                                   metadata jsonb, at timestamptz, data jsonb)
    returns table (number bigint, meeting_status meeting_status, how_ended ended_by, sender_name text)
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    organization uuid;
begin
    if not guest_may_stay(guest, meeting) then
        return;
    end if;
    select m.organization_id, m.status, m.ended_by, g.name into organization, meeting_status, how_ended, sender_name
        from meetings m join guests g on g.id = guest where m.id = meeting;
    if meeting_status in ('scheduled', 'in_progress') or meeting_status = 'completed' and how_ended = 'room_empty' then
        if kind in ('text', 'hand_raise', 'hand_lower') then
            update guests g set
                messages_sent = g.messages_sent + (kind = 'text')::integer,
                hand_raised_count = g.hand_raised_count + (kind = 'hand_raise')::integer,
                hand_raised_at = case kind when 'hand_raise' then coalesce(g.hand_raised_at, at)
                                           when 'hand_lower' then null else g.hand_raised_at end
            where g.id = guest;
        end if;
        number := emit_meeting_event(meeting, 'chat.message', data || jsonb_build_object('sender',
            jsonb_build_object('id', guest, 'name', sender_name, 'is_guest', true)));
        insert into chat_messages (id, organization_id, meeting_id, seq, guest_id, type, content, metadata, created_at)
            values (message, organization, meeting, number, guest, kind, content, metadata, at);
    end if;
    return next;
end $$;

select audit_attach('guest_links', 'guest_link', '{token_hash}', '{uses,revoked_by}', '{"revoked_at": "revoked"}');
select audit_attach('guests', 'guest', '{}',
                    '{first_joined_at,last_left_at,hand_raised_at,hand_raised_count,messages_sent,status}',
                    '{"+": "entered", "approved_at": "admitted", "denied_at": "denied", "banned_at": "banned"}');
