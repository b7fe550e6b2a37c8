-- The story of a meeting tells who spoke and who shared a screen, and a page of it costs the same however long it is.

create index attendance_log_story on attendance_log (meeting_id, occurred_at, id);
create index chat_messages_story on chat_messages (meeting_id, created_at, id);
-- Messages have their own place in the story.
create index audit_log_story on audit_log (meeting_id, id)
    where meeting_id is not null and entity_type <> 'chat_message';

-- What happened in and to a meeting, the oldest first, behind a place. Who may read it is decided by the program: the log
-- itself is for admins, a meeting's story for its host and officers, and what was said for those who take part.
--   groups       kinds, or what stands before their dot; empty for all
--   with_words   whether what was said stands in it, or only that something was
-- Each source walks along its own index and stops at `most`. The plan is made for what is asked: a general one would sort
-- the whole meeting.
create or replace function meeting_timeline(meeting uuid, groups text[], by_actor uuid, starts_at timestamptz, ends_before timestamptz,
                                 after_at timestamptz, after_key text, with_words boolean, most integer)
    returns table (key text, at timestamptz, kind text, actor_type text, actor_id uuid, actor_name text,
                   about_id uuid, about_name text, before jsonb, after jsonb, data jsonb)
    stable security definer rows 50 language plpgsql set search_path = public set app.actor = 'system'
    set plan_cache_mode = 'force_custom_plan' as $$
declare
    since timestamptz := coalesce(greatest(starts_at, after_at), '-infinity');
    until timestamptz := coalesce(ends_before, 'infinity');
    first_id uuid := uuid_v7_floor(coalesce(greatest(starts_at, after_at), '-infinity'));
    last_id uuid := uuid_v7_floor(coalesce(ends_before + interval '1 millisecond', 'infinity'));
    anything boolean := cardinality(groups) = 0;
    heads text[] := array(select split_part(g, '.', 1) from unnest(groups) g);
begin
    return query
    with everything as (
        (select 'a' || a.id as key, a.at, a.action as kind, a.actor_type, a.actor_id,
                case when a.entity_type in ('participant', 'attendance') then 'user' when a.entity_type = 'guest' then 'guest'
                end as about_type,
                case when a.entity_type in ('participant', 'guest') then a.entity_id
                     when a.entity_type = 'attendance' then coalesce(a.after ->> 'user_id', a.after ->> 'former_user_id')::uuid
                end as about_id, a.before, a.after,
                '{}'::jsonb as data
         from audit_log a
         where a.meeting_id = meeting and a.entity_type <> 'chat_message'
           and a.id >= first_id and a.id <= last_id and a.at >= since and a.at < until
           and (anything or a.action = any (groups) or split_part(a.action, '.', 1) = any (groups))
           and (by_actor is null or a.actor_id = by_actor)
           and (after_at is null or (a.at, ('a' || a.id) collate "C") > (after_at, after_key collate "C"))
         order by a.id limit most)
        union all
        (select 'l' || lpad(l.id::text, 19, '0'), l.occurred_at, k.kind,
                case when guest_of(l.identity) is null then 'user' else 'guest' end, coalesce(l.user_id, guest_of(l.identity)),
                null, null, null, null, jsonb_build_object('source', l.source)
         from attendance_log l,
              lateral (select case l.event when 'join' then 'attendance.joined' when 'leave' then 'attendance.left'
                                           else 'attendance.requested' end as kind) k
         where (anything or 'attendance' = any (heads))
           and l.event <> 'corrected' and l.meeting_id = meeting and l.occurred_at >= since and l.occurred_at < until
           and (anything or k.kind = any (groups) or 'attendance' = any (groups))
           and (by_actor is null or l.user_id = by_actor or l.user_id is null and guest_of(l.identity) = by_actor)
           and (after_at is null
                or (l.occurred_at, ('l' || lpad(l.id::text, 19, '0')) collate "C") > (after_at, after_key collate "C"))
         order by l.occurred_at, l.id limit most)
        union all
        (select 'm' || m.id, m.created_at, 'chat.' || m.type::text, case when m.guest_id is null then 'user' else 'guest' end,
                coalesce(m.sender_id, m.guest_id), null, null, null, null,
                jsonb_build_object('message_id', m.id)
                || case when with_words then jsonb_build_object('content', m.content, 'metadata', m.metadata) else '{}' end
         from chat_messages m
         where (anything or 'chat' = any (heads))
           and m.meeting_id = meeting and m.created_at >= since and m.created_at < until
           and (anything or 'chat.' || m.type::text = any (groups) or 'chat' = any (groups))
           and (by_actor is null or m.sender_id = by_actor or m.guest_id = by_actor)
           and (after_at is null or (m.created_at, ('m' || m.id) collate "C") > (after_at, after_key collate "C"))
         order by m.created_at, m.id limit most)
        union all
        (select 'v' || lpad(v.seq::text, 19, '0'), v.changed_at, 'chat.' || v.change::text,
                case when v.is_guest then 'guest' else 'user' end, v.changed_by, null, null, null, null,
                jsonb_build_object('message_id', v.message_id)
                || case when with_words then jsonb_build_object('former', v.content) else '{}' end
         from chat_versions v
         where (anything or 'chat' = any (heads))
           and v.meeting_id = meeting and v.changed_at >= since and v.changed_at < until
           and (anything or 'chat.' || v.change::text = any (groups) or 'chat' = any (groups))
           and (by_actor is null or v.changed_by = by_actor)
           and (after_at is null
                or (v.changed_at, ('v' || lpad(v.seq::text, 19, '0')) collate "C") > (after_at, after_key collate "C"))
         order by v.changed_at, v.seq limit most)
        union all
        -- Known from the speaker's own device.
        (select 's' || lpad(s.id::text, 19, '0'), s.from_at, 'attendance.spoke', case when s.is_guest then 'guest' else 'user' end,
                s.speaker, null, null, null, null,
                jsonb_build_object('source', 'device', 'until', s.to_at,
                                   'seconds', round(extract(epoch from s.to_at - s.from_at), 3))
         from speaking_spans s
         where (anything or 'attendance' = any (groups) or 'attendance.spoke' = any (groups))
           and s.meeting_id = meeting and s.from_at >= since and s.from_at < until
           and (by_actor is null or s.speaker = by_actor)
           and (after_at is null
                or (s.from_at, ('s' || lpad(s.id::text, 19, '0')) collate "C") > (after_at, after_key collate "C"))
         order by s.from_at, s.id limit most)
        union all
        (select 'w' || w.track_sid, w.began_at, 'screen.shared', case when guest_of(w.identity) is null then 'user' else 'guest' end,
                coalesce(w.user_id, guest_of(w.identity)), null, null, null, null,
                jsonb_build_object('track', w.track_sid, 'until', w.ended_at)
         from shared_screens w
         where (anything or 'screen' = any (groups) or 'screen.shared' = any (groups))
           and w.meeting_id = meeting and w.began_at >= since and w.began_at < until
           and (by_actor is null or w.user_id = by_actor or w.user_id is null and guest_of(w.identity) = by_actor)
           and (after_at is null or (w.began_at, ('w' || w.track_sid) collate "C") > (after_at, after_key collate "C"))
         order by w.began_at, w.track_sid collate "C" limit most)
        union all
        (select 'x' || w.track_sid, w.ended_at, 'screen.unshared', case when guest_of(w.identity) is null then 'user' else 'guest' end,
                coalesce(w.user_id, guest_of(w.identity)), null, null, null, null, jsonb_build_object('track', w.track_sid)
         from shared_screens w
         where (anything or 'screen' = any (groups) or 'screen.unshared' = any (groups))
           and w.meeting_id = meeting and w.ended_at >= since and w.ended_at < until
           and (by_actor is null or w.user_id = by_actor or w.user_id is null and guest_of(w.identity) = by_actor)
           and (after_at is null or (w.ended_at, ('x' || w.track_sid) collate "C") > (after_at, after_key collate "C"))
         order by w.ended_at, w.track_sid collate "C" limit most)),
    page as (
        select e.* from everything e order by e.at, e.key collate "C" limit most),
    -- Each is looked up once.
    names as materialized (
        select n.type, n.id, audit_actor_name(n.type, n.id) as name
        from (select p.actor_type as type, p.actor_id as id from page p union select p.about_type, p.about_id from page p) n
        where n.id is not null)
    select p.key, p.at, p.kind, p.actor_type, p.actor_id, actor.name, p.about_id, about.name, p.before, p.after, p.data
    from page p
    left join names actor on actor.type = p.actor_type and actor.id = p.actor_id
    left join names about on about.type = p.about_type and about.id = p.about_id
    order by p.at, p.key collate "C";
end $$;
