-- Meetings in the rooms of other providers: people are sent there from here.
alter table meetings
    add column external_url text,
    add constraint meetings_elsewhere check ((provider = 'livekit') = (external_url is null)),
    add constraint meetings_external_url_is_safe check (external_url ~ '^https://[^[:space:]]+$' and length(external_url) <= 2000);

-- As before, with where the room is. Nobody sees who is in a room elsewhere, so nobody waits there for the host.
drop function request_join(uuid, uuid, timestamptz, interval, text, boolean);
create function request_join(person uuid, meeting uuid, at timestamptz, hold interval, correlation text, alone boolean)
    returns table (
        organization_id uuid, status meeting_status, ended_by ended_by, actual_start timestamptz,
        actual_end timestamptz, scheduled_end timestamptz, meeting_type meeting_type, room_name text,
        name text, avatar_url text, role meeting_role, can_unmute boolean, can_use_camera boolean, can_share_screen boolean,
        must_wait boolean, denied boolean, banned boolean, is_full boolean, granted boolean, record_strict boolean,
        locked boolean, host_absent boolean, lobby_message text, provider text, external_url text)
    security definer language plpgsql set search_path = public as $$
declare
    seats integer;
    came_before boolean;
begin
    select m.organization_id, m.status, m.ended_by, m.actual_start, m.actual_end, m.scheduled_end, m.meeting_type,
           m.room_name, u.name, u.avatar_url, p.role, p.can_unmute, p.can_use_camera, p.can_share_screen,
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
           p.role = 'participant' and m.wait_for_host and m.external_url is null and not somebody_moderates(m.id),
           m.lobby_message, m.provider, m.external_url
        into organization_id, status, ended_by, actual_start, actual_end, scheduled_end, meeting_type, room_name, name,
             avatar_url, role, can_unmute, can_use_camera, can_share_screen, must_wait, denied, banned, is_full, granted, record_strict,
             seats, came_before, locked, host_absent, lobby_message, provider, external_url
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

-- A guest's link opens rooms of ours only.
create or replace function guests_allowed(meeting uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select exists (select from meetings m join organizations o on o.id = m.organization_id
                   where m.id = meeting and coalesce((m.settings ->> 'allow_guests')::boolean, false)
                     and coalesce((o.settings ->> 'allow_guests')::boolean, false) and o.suspended_at is null
                     and m.external_url is null)
$$;
