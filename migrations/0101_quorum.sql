-- Excuses are seen by whoever sees the attendance, as the organization has decided.
alter policy attendance_excuses_read on attendance_excuses using (
    (select app_is_system()) or user_id = (select app_user())
    or organization_id = any ((select app_may_in('attendance.view'))::uuid[]) or app_is_host(meeting_id));

-- How many members must be in a meeting, and how many are: people on its list, each once, guests not. No row where it
-- asks for no quorum.
create function meeting_quorum(meeting uuid) returns table (needed bigint, present bigint)
    stable security definer rows 1 language sql set search_path = public set app.actor = 'system' as $$
    select coalesce(q.members, greatest((q.percent * (select count(*) from meeting_participants p where p.meeting_id = q.id) + 99)
                                        / 100, 1)),
           (select count(distinct s.user_id)
            from attendance_spans s join meeting_participants p on p.meeting_id = s.meeting_id and p.user_id = s.user_id
            where s.meeting_id = q.id and s.left_at is null)
    from (select m.id, (m.settings ->> 'quorum_members')::bigint as members, (m.settings ->> 'quorum_percent')::bigint as percent
          from meetings m where m.id = meeting) q
    where coalesce(q.members, q.percent) is not null
$$;

-- Tells the room how many members are there, while it is on. The event comes first: it takes the lock of the meeting's
-- stream, so that of those who come and go at the same time the last one counts them all.
create function tell_quorum(meeting uuid) returns void security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
declare
    number bigint;
begin
    if not exists (select from meetings m where m.id = meeting and m.status = 'in_progress'
                   and coalesce(m.settings ->> 'quorum_members', m.settings ->> 'quorum_percent') is not null) then
        return;
    end if;
    number := emit_meeting_event(meeting, 'quorum.changed', '{}');
    update meeting_events e set data = (select to_jsonb(q) from meeting_quorum(meeting) q)
        where e.meeting_id = meeting and e.seq = number;
end $$;

-- Deferred to the commit, as with the news of presence.
create function attendance_quorum_changed() returns trigger language plpgsql security definer
    set search_path = public set app.actor = 'system' as $$
begin
    perform tell_quorum(new.meeting_id);
    return null;
end $$;
create constraint trigger attendance_quorum_changed after insert or update of left_at on attendance_spans
    deferrable initially deferred for each row when (new.user_id is not null) execute function attendance_quorum_changed();
