-- The policies bind the role that programs work under. Functions that act with the owner's rights decide for
-- themselves, so that PostgreSQL need not prepare the policies of every table that they touch: that was most of what
-- joining a meeting cost. Row-level security stays forced; the owner has a policy of its own.
do $$
declare
    it record;
begin
    for it in select policyname, tablename from pg_policies where schemaname = 'public' and roles = '{public}' loop
        execute format('alter policy %I on %I to baraza_app', it.policyname, it.tablename);
    end loop;
    for it in select relname from pg_class c where relnamespace = 'public'::regnamespace and relforcerowsecurity
              and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = c.relname || '_of_owner') loop
        execute format('create policy %I on %I to %I using (true) with check (true)', it.relname || '_of_owner', it.relname,
                       current_user);
    end loop;
end $$;

-- What is found goes straight into the answer.
create or replace function request_join(person uuid, meeting uuid, at timestamptz, hold interval)
    returns table (
        organization_id uuid, status meeting_status, ended_by ended_by, actual_start timestamptz,
        actual_end timestamptz, scheduled_end timestamptz, meeting_type meeting_type, room_name text,
        name text, avatar_url text, role meeting_role, can_unmute boolean, can_share_screen boolean,
        must_wait boolean, denied boolean, banned boolean, is_full boolean, granted boolean, record_strict boolean)
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    seats integer;
    came_before boolean;
begin
    select m.organization_id, m.status, m.ended_by, m.actual_start, m.actual_end, m.scheduled_end, m.meeting_type,
           m.room_name, u.name, u.avatar_url, p.role, p.can_unmute, p.can_share_screen,
           m.require_approval and p.role = 'participant' and p.approved_at is null, p.denied_at is not null,
           p.banned_at is not null, false,
           -- The same as State::enterable in the program.
           m.status in ('scheduled', 'in_progress') or (m.status = 'completed' and m.ended_by = 'room_empty'
               and at <= greatest(m.scheduled_end, m.actual_end + interval '15 minutes')),
           coalesce((o.settings ->> 'record_strict')::boolean, false), m.max_participants,
           p.status = 'pending_approval'
        into organization_id, status, ended_by, actual_start, actual_end, scheduled_end, meeting_type, room_name, name,
             avatar_url, role, can_unmute, can_share_screen, must_wait, denied, banned, is_full, granted, record_strict,
             seats, came_before
        from meetings m
        join organization_members om on om.organization_id = m.organization_id and om.user_id = person and om.is_active
        join organizations o on o.id = m.organization_id and o.suspended_at is null
        join users u on u.id = person
        left join meeting_participants p on p.meeting_id = m.id and p.user_id = person
        where m.id = meeting;
    if not found then
        return;
    end if;
    if granted and must_wait and not denied and not banned and not came_before then
        update meeting_participants mp set status = 'pending_approval' where mp.meeting_id = meeting and mp.user_id = person;
        perform emit_meeting_event(meeting, 'lobby.knocked', jsonb_build_object('user_id', person));
    end if;
    granted := granted and role is not null and not must_wait and not denied and not banned;
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
