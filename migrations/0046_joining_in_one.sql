-- Joining asks the database once, and the database plans nothing anew for it: whether the organization is suspended and
-- what it says of recording is read with the meeting. No row means: there is no such meeting for this person.
drop function request_join(uuid, uuid, timestamptz, interval);
create function request_join(person uuid, meeting uuid, at timestamptz, hold interval)
    returns table (
        organization_id uuid, status meeting_status, ended_by ended_by, actual_start timestamptz,
        actual_end timestamptz, scheduled_end timestamptz, meeting_type meeting_type, room_name text,
        name text, avatar_url text, role meeting_role, can_unmute boolean, can_share_screen boolean,
        must_wait boolean, denied boolean, banned boolean, is_full boolean, granted boolean, record_strict boolean)
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    f record;
    enterable boolean;
begin
    -- One row, as short as it can be: the meeting's agenda and settings may be long.
    select m.organization_id, m.status, m.ended_by, m.actual_start, m.actual_end, m.scheduled_end, m.meeting_type,
           m.room_name, m.require_approval, m.max_participants, u.name, u.avatar_url,
           coalesce((o.settings ->> 'record_strict')::boolean, false) as record_strict,
           p.user_id as invited, p.role, p.status as participant_status, p.can_unmute, p.can_share_screen,
           p.approved_at, p.denied_at, p.banned_at
        into f
        from meetings m
        join organization_members om on om.organization_id = m.organization_id and om.user_id = person and om.is_active
        join organizations o on o.id = m.organization_id and o.suspended_at is null
        join users u on u.id = person
        left join meeting_participants p on p.meeting_id = m.id and p.user_id = person
        where m.id = meeting;
    if not found then
        return;
    end if;
    must_wait := f.require_approval and f.role = 'participant' and f.approved_at is null;
    denied := f.denied_at is not null;
    banned := f.banned_at is not null;
    -- The same as State::enterable in the program.
    enterable := f.status in ('scheduled', 'in_progress') or (f.status = 'completed' and f.ended_by = 'room_empty'
        and at <= greatest(f.scheduled_end, f.actual_end + interval '15 minutes'));
    is_full := false;
    granted := coalesce(enterable and f.invited is not null and not banned and not denied and not must_wait, false);
    if granted and f.max_participants is not null then
        perform pg_advisory_xact_lock(hashtextextended(meeting::text, 0));
        is_full := seats_taken(meeting, person::text, at, hold) >= f.max_participants;
        granted := not is_full;
    end if;
    if granted then
        insert into attendance_log (organization_id, meeting_id, user_id, event, occurred_at, source)
            values (f.organization_id, meeting, person, 'requested', at, 'api');
    elsif enterable and must_wait and not denied and not banned and f.participant_status <> 'pending_approval' then
        update meeting_participants mp set status = 'pending_approval' where mp.meeting_id = meeting and mp.user_id = person;
        perform emit_meeting_event(meeting, 'lobby.knocked', jsonb_build_object('user_id', person));
    end if;
    organization_id := f.organization_id;
    status := f.status;
    ended_by := f.ended_by;
    actual_start := f.actual_start;
    actual_end := f.actual_end;
    scheduled_end := f.scheduled_end;
    meeting_type := f.meeting_type;
    room_name := f.room_name;
    name := f.name;
    avatar_url := f.avatar_url;
    role := f.role;
    can_unmute := f.can_unmute;
    can_share_screen := f.can_share_screen;
    record_strict := f.record_strict;
    return next;
end $$;
