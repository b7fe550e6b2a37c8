-- Chat in one round trip, who carries a meeting's events into its LiveKit room, and recordings that run.

-- Stores a message, counts it for its sender and announces it. No row means: not visible to this person; `number` is
-- null when it was not stored, and the other columns tell why. `data` is the message as clients see it, without its
-- sender, whose name is found here.
create function post_message(person uuid, meeting uuid, message uuid, kind chat_message_type, content text,
                             metadata jsonb, at timestamptz, data jsonb)
    returns table (number bigint, meeting_status meeting_status, how_ended ended_by, takes_part boolean, banned boolean,
                   sender_name text)
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    organization uuid;
begin
    select m.organization_id, m.status, m.ended_by, p.user_id is not null, p.banned_at is not null, u.name
        into organization, meeting_status, how_ended, takes_part, banned, sender_name
        from meetings m
        join organization_members om on om.organization_id = m.organization_id and om.user_id = person and om.is_active
        join users u on u.id = person
        left join meeting_participants p on p.meeting_id = m.id and p.user_id = person
        where m.id = meeting;
    if not found then
        return;
    end if;
    -- The same as State::open in the program.
    if takes_part and not banned and (meeting_status in ('scheduled', 'in_progress')
                                      or meeting_status = 'completed' and how_ended = 'room_empty') then
        if kind in ('text', 'hand_raise', 'hand_lower') then
            update meeting_participants mp set
                messages_sent = mp.messages_sent + (kind = 'text')::integer,
                hand_raised_count = mp.hand_raised_count + (kind = 'hand_raise')::integer,
                hand_raised_at = case kind when 'hand_raise' then coalesce(mp.hand_raised_at, at)
                                           when 'hand_lower' then null else mp.hand_raised_at end
            where mp.meeting_id = meeting and mp.user_id = person;
        end if;
        number := emit_meeting_event(meeting, 'chat.message',
            data || jsonb_build_object('sender', jsonb_build_object('id', person, 'name', sender_name)));
        insert into chat_messages (id, organization_id, meeting_id, seq, sender_id, type, content, metadata, created_at)
            values (message, organization, meeting, number, person, kind, content, metadata, at);
    end if;
    return next;
end $$;

-- Who carries a meeting's events into its room, and until when nobody else does. Times are the database's, the one
-- clock that all processes share.
alter table meeting_streams add column carried_by uuid, add column carried_until timestamptz;

-- Takes streams with events that were not sent yet and that nobody carries.
create function claim_streams(hold interval, most integer)
    returns table (meeting uuid, carrier uuid, done bigint)
    security definer language sql set search_path = public set app.actor = 'system' as $$
    update meeting_streams s set carried_by = gen_random_uuid(), carried_until = clock_timestamp() + hold
    from (select q.meeting_id from meeting_streams q
          where q.fanned_seq < q.last_seq and (q.carried_until is null or q.carried_until < clock_timestamp())
          limit most for update skip locked) due
    where s.meeting_id = due.meeting_id
    returning s.meeting_id, s.carried_by, s.fanned_seq
$$;

-- Notes that everything up to `up_to` was sent, and gives the next events. At the end of the stream, or when `rest` is
-- asked for, the stream is given back. No row means that somebody else carries it now.
create function carry_stream(meeting uuid, carrier uuid, up_to bigint, hold interval, most integer, rest boolean)
    returns table (head bigint, room text, in_progress boolean, events jsonb)
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
begin
    update meeting_streams s set fanned_seq = greatest(s.fanned_seq, up_to),
        carried_until = case when s.last_seq > up_to and not rest then clock_timestamp() + hold end
        where s.meeting_id = meeting and s.carried_by = carrier and s.carried_until is not null
        returning s.last_seq into head;
    if not found then
        return;
    end if;
    select m.room_name, m.status = 'in_progress' into room, in_progress from meetings m where m.id = meeting;
    -- A statement of its own, so that it sees whatever was committed until the lock was had.
    select coalesce(jsonb_agg(jsonb_build_object('seq', e.seq, 'event', e.event, 'data', e.data) order by e.seq), '[]')
        into events
        from (select * from meeting_events me where me.meeting_id = meeting and me.seq > up_to and not rest
              order by me.seq limit most) e;
    return next;
end $$;

-- Whoever moderates a meeting sees that it is being recorded, so that they can stop it. The file is another matter.
alter policy recordings_read on recordings using (
    app_is_system()
    or app_is_host(meeting_id)
    or (access_level = 'public' and app_member_role(organization_id) is not null)
    or (access_level = 'role_based' and app_member_role(organization_id) = any (allowed_roles))
    or (status in ('requested', 'starting', 'recording', 'finalizing') and app_moderates(meeting_id))
);

-- Deleted recordings whose object is still in the vault.
create index recordings_to_erase on recordings (id) where status = 'deleted' and object_key is not null;
