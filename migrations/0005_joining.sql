-- Entering a room, in one round trip to the database, and what lists need of meetings.

-- How many are invited. Members who are not invited see this number and no names.
create function meeting_participant_count(meeting uuid) returns bigint stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select count(*) from meeting_participants where meeting_id = meeting
$$;

-- What a request to join needs to know of person and meeting, with its traces already written: the request in the
-- trail when it is granted, the knock when it has to wait for the host. No row means: not visible to this person.
--
-- A limited room counts who is there and whom a token was given within `hold` (the life of a token), under a lock,
-- so that two requests at once never take the same last place.
create function request_join(person uuid, meeting uuid, at timestamptz, hold interval)
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
        select count(*) >= m.max_participants into is_full from (
            select s.user_id from attendance_spans s
                where s.meeting_id = meeting and s.left_at is null and s.user_id is distinct from person
            union
            select l.user_id from attendance_log l
                where l.meeting_id = meeting and l.event = 'requested' and l.occurred_at > at - hold
                  and l.user_id is distinct from person
                  and not exists (select from attendance_log gone where gone.meeting_id = meeting
                                  and gone.user_id = l.user_id and gone.event = 'leave' and gone.occurred_at > l.occurred_at)
        ) taken;
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
