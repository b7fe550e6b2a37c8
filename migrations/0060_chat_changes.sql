-- Messages that answer others, name people, and can be corrected and taken back by those who wrote them. What stood there
-- before is kept for the record, and nowhere else.

alter table chat_messages
    add column reply_to uuid references chat_messages (id) on delete set null,
    -- Who is named in it: users and guests.
    add column mentions uuid[] not null default '{}',
    add column edited_at timestamptz,
    add column deleted_at timestamptz;
create index chat_messages_replies on chat_messages (reply_to) where reply_to is not null;
grant update (content, mentions, edited_at, deleted_at) on chat_messages to baraza_app;
select audit_attach('chat_messages', 'chat_message', '{content}', '{seq,metadata,mentions}',
                    '{"+": "posted", "edited_at": "edited", "deleted_at": "deleted"}');

create type chat_change as enum ('edited', 'deleted');

-- What stood in a message before it was changed: one row each, never changed. As the trail of movements it hangs on
-- nothing that could take it away.
create table chat_versions (
    meeting_id uuid not null,
    -- The number of the event that told of the change.
    seq bigint not null,
    organization_id uuid not null,
    message_id uuid not null,
    change chat_change not null,
    content text not null,
    mentions uuid[] not null,
    changed_at timestamptz not null,
    -- Who changed it: a user, or a guest.
    changed_by uuid not null,
    is_guest boolean not null,
    constraint chat_versions_pkey primary key (meeting_id, seq)
);
create index chat_versions_message on chat_versions (message_id, seq);
create index chat_versions_at on chat_versions (meeting_id, changed_at);
create trigger chat_versions_append_only before update or delete or truncate on chat_versions
    for each statement execute function refuse_change();

alter table chat_versions enable row level security;
alter table chat_versions force row level security;
-- The host, and officers who take part.
create policy chat_versions_read on chat_versions for select to baraza_app using (
    (select app_is_system())
    or (organization_id = any ((select app_may_in('attendance.view'))::uuid[]) and app_takes_part(meeting_id))
    or app_is_host(meeting_id));
create policy chat_versions_insert on chat_versions for insert to baraza_app with check ((select app_is_system()));
create policy chat_versions_of_owner on chat_versions to current_user using (true) with check (true);
grant select, insert on chat_versions to baraza_app;

-- People of a meeting by their ids, as messages name them, in the order of the ids.
create function chat_people(meeting uuid, people uuid[]) returns jsonb stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name) order by wanted.place), '[]')
    from unnest(people) with ordinality wanted (id, place)
    join (select mp.user_id as id, u.name from meeting_participants mp join users u on u.id = mp.user_id
          where mp.meeting_id = meeting and mp.user_id = any (people) and mp.banned_at is null
          union all
          select g.id, g.name from guests g
          where g.meeting_id = meeting and g.id = any (people) and g.banned_at is null and g.denied_at is null) p
        on p.id = wanted.id
$$;

-- Whether words stand in a message, in whatever case and accents.
create function chat_holds(content text, metadata jsonb, words text) returns boolean stable parallel safe language sql as $$
    select strpos(unaccent(lower(content || ' ' || coalesce(metadata ->> 'question', ''))), unaccent(lower(words))) > 0
$$;

drop function post_message(uuid, uuid, uuid, chat_message_type, text, jsonb, timestamptz, jsonb);
drop function post_guest_message(uuid, uuid, uuid, chat_message_type, text, jsonb, timestamptz, jsonb);

-- Stores a message of a member or a guest, counts it for its sender and announces it. No row means: not visible to this
-- person; `number` is null when it was not stored, and the other columns tell why: `answers` is false when there is nothing
-- to reply to, `named` holds those of `mentioned` who are in the meeting. `data` is the message as clients see it,
-- without its sender and those who are named, whose names are found here.
create function post_message(person uuid, guest boolean, meeting uuid, message uuid, kind chat_message_type, content text,
                             metadata jsonb, at timestamptz, data jsonb, reply uuid, mentioned uuid[])
    returns table (number bigint, meeting_status meeting_status, how_ended ended_by, takes_part boolean, banned boolean,
                   sender_name text, answers boolean, named jsonb)
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    organization uuid;
begin
    if guest then
        select m.organization_id, m.status, m.ended_by, true, false, g.name
            into organization, meeting_status, how_ended, takes_part, banned, sender_name
            from meetings m join guests g on g.id = person
            where m.id = meeting and guest_may_stay(person, meeting);
    else
        select m.organization_id, m.status, m.ended_by, p.user_id is not null, p.banned_at is not null, u.name
            into organization, meeting_status, how_ended, takes_part, banned, sender_name
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
    if takes_part and not banned and answers and jsonb_array_length(named) = cardinality(mentioned)
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

-- Changes a message, keeps what stood there, and tells the room. `data` is the message as it is from now on. The events
-- that told of it before hold the same: whoever takes the stream up later reads no word that was taken back.
create function change_message(message uuid, becomes chat_change, content text, mentioned uuid[], person uuid, guest boolean,
                               at timestamptz, data jsonb) returns void
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    m chat_messages;
    number bigint;
begin
    select c.* into strict m from chat_messages c where c.id = message for update;
    number := emit_meeting_event(m.meeting_id, 'chat.updated', data);
    insert into chat_versions (meeting_id, seq, organization_id, message_id, change, content, mentions, changed_at, changed_by,
                               is_guest)
        values (m.meeting_id, number, m.organization_id, m.id, becomes, m.content, m.mentions, at, person, guest);
    update chat_messages c set
        content = change_message.content,
        mentions = mentioned,
        edited_at = case becomes when 'edited' then at else c.edited_at end,
        deleted_at = case becomes when 'deleted' then at end
        where c.id = message;
    update meeting_events e set data = change_message.data
        where e.meeting_id = m.meeting_id
          and e.seq in (select m.seq union all select v.seq from chat_versions v where v.message_id = message);
end $$;
