-- The door: who comes in by themselves, who waits for whom, and what is said to those who wait. All of it is the meeting's,
-- decided before anybody comes or while it goes on.
alter table meetings
    -- Nobody comes in before somebody is there who moderates.
    add column wait_for_host boolean not null default false,
    -- Nobody comes in any more but who was in the room when it was locked, and who is let in.
    add column locked_at timestamptz,
    -- Members with these roles need not wait to be let in.
    add column auto_admit org_role[] not null default '{}',
    add column lobby_message text not null default '' constraint meetings_lobby_message_length check (length(lobby_message) <= 500);

-- When they were last sent out.
alter table meeting_participants add column removed_at timestamptz;
alter table guests add column removed_at timestamptz;
select audit_attach('meeting_participants', 'participant', '{}',
    '{status,first_joined_at,last_left_at,duration_seconds,is_late,hand_raised_at,hand_raised_count,messages_sent,invited_by,removed_at}',
    '{"+": "invited", "-": "removed", "approved_at": "admitted", "denied_at": "denied", "banned_at": "banned"}', 'user_id',
    '{meeting_id}');
select audit_attach('guests', 'guest', '{}',
                    '{first_joined_at,last_left_at,hand_raised_at,hand_raised_count,messages_sent,status,removed_at}',
                    '{"+": "entered", "approved_at": "admitted", "denied_at": "denied", "banned_at": "banned"}');

-- Whether somebody stands before a locked door.
create function door_is_locked(locked_at timestamptz, approved_at timestamptz, removed_at timestamptz, meeting uuid, who text)
    returns boolean stable language sql as $$
    select locked_at is not null and coalesce(approved_at < locked_at, true)
       and (coalesce(removed_at >= locked_at, false) or not exists (select from attendance_spans s
                       where s.meeting_id = meeting and split_part(s.identity, '#', 1) = who
                         and coalesce(s.left_at, 'infinity') >= locked_at))
$$;

-- Whether somebody was sent away for good: then nobody comes in unseen by a link, which does not say who they are.
create function somebody_was_banned(meeting uuid) returns boolean stable language sql as $$
    select exists (select from meeting_participants p where p.meeting_id = meeting and p.banned_at is not null)
        or exists (select from guests g where g.meeting_id = meeting and g.banned_at is not null)
$$;

-- Whether the host or a co-host is in the room.
create function somebody_moderates(meeting uuid) returns boolean stable language sql as $$
    select exists (select from attendance_spans s
                   join meeting_participants p on p.meeting_id = s.meeting_id and p.user_id = s.user_id
                   where s.meeting_id = meeting and s.left_at is null and p.role in ('host', 'co_host'))
$$;

-- As before, with the lock of the door, and the host for whom people wait.
drop function request_join(uuid, uuid, timestamptz, interval, text, boolean);
create function request_join(person uuid, meeting uuid, at timestamptz, hold interval, correlation text, alone boolean)
    returns table (
        organization_id uuid, status meeting_status, ended_by ended_by, actual_start timestamptz,
        actual_end timestamptz, scheduled_end timestamptz, meeting_type meeting_type, room_name text,
        name text, avatar_url text, role meeting_role, can_unmute boolean, can_share_screen boolean,
        must_wait boolean, denied boolean, banned boolean, is_full boolean, granted boolean, record_strict boolean,
        locked boolean, host_absent boolean, lobby_message text)
    security definer language plpgsql set search_path = public as $$
declare
    seats integer;
    came_before boolean;
begin
    select m.organization_id, m.status, m.ended_by, m.actual_start, m.actual_end, m.scheduled_end, m.meeting_type,
           m.room_name, u.name, u.avatar_url, p.role, p.can_unmute, p.can_share_screen,
           m.require_approval and p.role = 'participant' and p.approved_at is null and om.role <> all (m.auto_admit),
           p.denied_at is not null, p.banned_at is not null, false,
           -- The same as State::enterable in the program.
           m.status in ('scheduled', 'in_progress') or (m.status = 'completed' and m.ended_by = 'room_empty'
               and at <= greatest(m.scheduled_end, m.actual_end + interval '15 minutes')),
           coalesce((o.settings ->> 'record_strict')::boolean, false), m.max_participants,
           p.status = 'pending_approval',
           -- The function is called for locked doors only: it costs as much as all the rest.
           p.role = 'participant' and m.locked_at is not null
               and door_is_locked(m.locked_at, p.approved_at, p.removed_at, m.id, person::text),
           p.role = 'participant' and m.wait_for_host and not somebody_moderates(m.id), m.lobby_message
        into organization_id, status, ended_by, actual_start, actual_end, scheduled_end, meeting_type, room_name, name,
             avatar_url, role, can_unmute, can_share_screen, must_wait, denied, banned, is_full, granted, record_strict,
             seats, came_before, locked, host_absent, lobby_message
        from meetings m
        join organization_members om on om.organization_id = m.organization_id and om.user_id = person and om.is_active
        join organizations o on o.id = m.organization_id and o.suspended_at is null
        join users u on u.id = person
        left join meeting_participants p on p.meeting_id = m.id and p.user_id = person
        where m.id = meeting;
    if not found then
        return;
    end if;
    if granted and not alone and (must_wait or seats is not null) then
        granted := null;
        return next;
        return;
    end if;
    if granted and must_wait and not denied and not banned and not came_before then
        -- For the audit log.
        perform set_config('app.actor', 'system', true), set_config('app.user_id', person::text, true),
                set_config('app.correlation_id', correlation, true);
        update meeting_participants mp set status = 'pending_approval' where mp.meeting_id = meeting and mp.user_id = person;
        perform emit_meeting_event(meeting, 'lobby.knocked', jsonb_build_object('user_id', person));
    end if;
    granted := granted and role is not null and not must_wait and not denied and not banned and not locked
        and not host_absent;
    if granted and seats is not null then
        perform pg_advisory_xact_lock(hashtextextended(meeting::text, 0));
        is_full := seats_taken(meeting, person::text, at, hold) >= seats;
        granted := not is_full;
    end if;
    if granted then
        insert into attendance_log (organization_id, meeting_id, user_id, event, occurred_at, source)
            values (organization_id, meeting, person, 'requested', at, 'api');
    end if;
    return next;
end $$;

drop function request_guest_join(bytea, uuid, uuid, text, timestamptz, interval);
create function request_guest_join(token bytea, known uuid, fresh uuid, called text, at timestamptz, hold interval)
    returns table (
        link_state text, allowed boolean, guest_id uuid, name text, meeting_id uuid, organization_id uuid,
        status meeting_status, ended_by ended_by, actual_start timestamptz, actual_end timestamptz,
        scheduled_end timestamptz, meeting_type meeting_type, room_name text, can_unmute boolean,
        can_share_screen boolean, must_wait boolean, denied boolean, banned boolean, is_full boolean, granted boolean,
        locked boolean, host_absent boolean, lobby_message text)
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
    must_wait := g.approved_at is null
        and (m.require_approval or (g.id is null or g.status = 'pending_approval') and somebody_was_banned(m.id));
    denied := g.denied_at is not null;
    banned := g.banned_at is not null;
    enterable := m.status in ('scheduled', 'in_progress') or (m.status = 'completed' and m.ended_by = 'room_empty'
        and at <= greatest(m.scheduled_end, m.actual_end + interval '15 minutes'));
    is_full := false;
    locked := m.locked_at is not null and door_is_locked(m.locked_at, g.approved_at, g.removed_at, m.id, 'guest:' || g.id);
    host_absent := m.wait_for_host and not somebody_moderates(m.id);
    lobby_message := m.lobby_message;
    granted := allowed and link_state = 'open' and enterable and not denied and not banned and not must_wait and not locked
        and not host_absent;
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
