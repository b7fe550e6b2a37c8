-- What each may do in the room, decided for one or for all, who stands in the light, and who leads while the host is away.

-- The camera went with the microphone (`can_unmute`); now it can be decided apart.
alter table meeting_participants
    add column can_use_camera boolean not null default true,
    add column can_chat boolean not null default true,
    add column can_react boolean not null default true;
alter table guests
    add column can_use_camera boolean not null default true,
    add column can_chat boolean not null default true,
    add column can_react boolean not null default true;
alter table meeting_participants disable trigger user;
update meeting_participants set can_use_camera = false where not can_unmute;
alter table meeting_participants enable trigger user;
alter table guests disable trigger user;
update guests set can_use_camera = false where not can_unmute;
alter table guests enable trigger user;

alter table meetings
    -- What whoever comes later may do, unless they moderate.
    add column participants_can_unmute boolean not null default true,
    add column participants_can_use_camera boolean not null default true,
    add column participants_can_share_screen boolean not null default true,
    add column participants_can_chat boolean not null default true,
    add column participants_can_react boolean not null default true,
    -- Members and guests whom everybody sees in front.
    add column spotlight uuid[] not null default '{}' constraint meetings_spotlight_length check (cardinality(spotlight) <= 4),
    -- Who leads while the host is away, and what they were before.
    add column acting_host_id uuid references users (id),
    add column acting_host_was meeting_role,
    add constraint meetings_acting_host check ((acting_host_id is null) = (acting_host_was is null));

create or replace view meeting_people with (security_invoker = true) as
    select p.meeting_id, p.user_id as id, false as is_guest, u.name, u.avatar_url, p.role, p.status, p.can_unmute,
           p.can_share_screen, p.hand_raised_at, p.first_joined_at, p.last_left_at, p.can_use_camera, p.can_chat, p.can_react
    from meeting_participants p join users u on u.id = p.user_id
    union all
    select g.meeting_id, g.id, true, g.name, null, 'participant'::meeting_role, g.status, g.can_unmute,
           g.can_share_screen, g.hand_raised_at, g.first_joined_at, g.last_left_at, g.can_use_camera, g.can_chat, g.can_react
    from guests g where g.banned_at is null;

-- Whether somebody may post a message of a kind; a raised hand is nobody's to forbid.
create function may_post(kind chat_message_type, can_chat boolean, can_react boolean) returns boolean immutable language sql as $$
    select case kind when 'text' then can_chat when 'poll' then can_chat when 'reaction' then can_react else true end
$$;

-- As before, with the camera on its own.
drop function request_join(uuid, uuid, timestamptz, interval, text, boolean);
create function request_join(person uuid, meeting uuid, at timestamptz, hold interval, correlation text, alone boolean)
    returns table (
        organization_id uuid, status meeting_status, ended_by ended_by, actual_start timestamptz,
        actual_end timestamptz, scheduled_end timestamptz, meeting_type meeting_type, room_name text,
        name text, avatar_url text, role meeting_role, can_unmute boolean, can_use_camera boolean, can_share_screen boolean,
        must_wait boolean, denied boolean, banned boolean, is_full boolean, granted boolean, record_strict boolean,
        locked boolean, host_absent boolean, lobby_message text)
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
           p.role = 'participant' and m.wait_for_host and not somebody_moderates(m.id), m.lobby_message
        into organization_id, status, ended_by, actual_start, actual_end, scheduled_end, meeting_type, room_name, name,
             avatar_url, role, can_unmute, can_use_camera, can_share_screen, must_wait, denied, banned, is_full, granted, record_strict,
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
        can_use_camera boolean, can_share_screen boolean, must_wait boolean, denied boolean, banned boolean, is_full boolean, granted boolean,
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
        insert into guests (id, organization_id, meeting_id, link_id, name, can_unmute, can_use_camera, can_share_screen, can_chat,
                            can_react, status)
            values (fresh, m.organization_id, m.id, l.id, coalesce(nullif(called, ''), '?'), m.participants_can_unmute,
                    m.participants_can_use_camera, m.participants_can_share_screen, m.participants_can_chat, m.participants_can_react,
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
    can_unmute := coalesce(g.can_unmute, m.participants_can_unmute);
    can_use_camera := coalesce(g.can_use_camera, m.participants_can_use_camera);
    can_share_screen := coalesce(g.can_share_screen, m.participants_can_share_screen);
    return next;
end $$;

-- As before, and `allowed` is false where it is forbidden to this person.
drop function post_message(uuid, boolean, uuid, uuid, chat_message_type, text, jsonb, timestamptz, jsonb, uuid, uuid[]);
create function post_message(person uuid, guest boolean, meeting uuid, message uuid, kind chat_message_type, content text,
                             metadata jsonb, at timestamptz, data jsonb, reply uuid, mentioned uuid[])
    returns table (number bigint, meeting_status meeting_status, how_ended ended_by, takes_part boolean, banned boolean,
                   allowed boolean, sender_name text, answers boolean, named jsonb)
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    organization uuid;
begin
    if guest then
        select m.organization_id, m.status, m.ended_by, true, false, may_post(post_message.kind, g.can_chat, g.can_react), g.name
            into organization, meeting_status, how_ended, takes_part, banned, allowed, sender_name
            from meetings m join guests g on g.id = person
            where m.id = meeting and guest_may_stay(person, meeting);
    else
        select m.organization_id, m.status, m.ended_by, p.user_id is not null, p.banned_at is not null,
               may_post(post_message.kind, p.can_chat, p.can_react), u.name
            into organization, meeting_status, how_ended, takes_part, banned, allowed, sender_name
            from meetings m
            join organization_members om on om.organization_id = m.organization_id and om.user_id = person and om.is_active
            join users u on u.id = person
            left join meeting_participants p on p.meeting_id = m.id and p.user_id = person
            where m.id = meeting;
    end if;
    if not found then
        return;
    end if;
    answers := true;
    named := '[]';
    if takes_part and not banned then
        if reply is not null then
            answers := exists (select from chat_messages c
                               where c.id = reply and c.meeting_id = meeting and c.type in ('text', 'poll')
                                 and c.deleted_at is null);
        end if;
        if cardinality(mentioned) > 0 then
            named := chat_people(meeting, mentioned);
            data := data || jsonb_build_object('mentions', named);
        end if;
    end if;
    -- The same as State::open in the program.
    if takes_part and not banned and allowed and answers and jsonb_array_length(named) = cardinality(mentioned)
            and (meeting_status in ('scheduled', 'in_progress')
                 or meeting_status = 'completed' and how_ended = 'room_empty') then
        if kind in ('text', 'hand_raise', 'hand_lower') and guest then
            update guests g set
                messages_sent = g.messages_sent + (kind = 'text')::integer,
                hand_raised_count = g.hand_raised_count + (kind = 'hand_raise')::integer,
                hand_raised_at = case kind when 'hand_raise' then coalesce(g.hand_raised_at, at)
                                           when 'hand_lower' then null else g.hand_raised_at end
            where g.id = person;
        elsif kind in ('text', 'hand_raise', 'hand_lower') then
            update meeting_participants mp set
                messages_sent = mp.messages_sent + (kind = 'text')::integer,
                hand_raised_count = mp.hand_raised_count + (kind = 'hand_raise')::integer,
                hand_raised_at = case kind when 'hand_raise' then coalesce(mp.hand_raised_at, at)
                                           when 'hand_lower' then null else mp.hand_raised_at end
            where mp.meeting_id = meeting and mp.user_id = person;
        end if;
        number := emit_meeting_event(meeting, 'chat.message', data || jsonb_build_object('sender',
            jsonb_build_object('id', person, 'name', sender_name)
            || case when guest then '{"is_guest": true}'::jsonb else '{}' end));
        insert into chat_messages (id, organization_id, meeting_id, seq, sender_id, guest_id, type, content, metadata,
                                   created_at, reply_to, mentions)
            values (message, organization, meeting, number, case when not guest then person end,
                    case when guest then person end, kind, content, metadata, at, reply, mentioned);
    end if;
    return next;
end $$;

-- Who leads in the host's place moderates, and no longer than they lead; a meeting that is over is led by nobody.
create function nobody_leads() returns trigger language plpgsql as $$
begin
    new.acting_host_id := null;
    new.acting_host_was := null;
    return new;
end $$;
create trigger meetings_led_by_nobody before update on meetings for each row
    when (new.acting_host_id is not null and new.status <> 'in_progress') execute function nobody_leads();
-- Afterwards, for whoever ends the meeting has to moderate until it is ended.
create function lead_in_place_of_host() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    if old.acting_host_was = 'participant' then
        update meeting_participants set role = 'participant'
            where meeting_id = new.id and user_id = old.acting_host_id and role = 'co_host';
    end if;
    if new.acting_host_was = 'participant' then
        update meeting_participants set role = 'co_host', can_unmute = true, can_use_camera = true,
                                        can_share_screen = true, can_chat = true, can_react = true
            where meeting_id = new.id and user_id = new.acting_host_id and role = 'participant';
    end if;
    return null;
end $$;
create trigger meetings_acting_host after update on meetings for each row
    when (new.acting_host_id is distinct from old.acting_host_id) execute function lead_in_place_of_host();
