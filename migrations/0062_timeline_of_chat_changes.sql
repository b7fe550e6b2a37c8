-- The story of a meeting tells of messages that were changed, and what stood there.

-- What happened in and to a meeting, the oldest first, behind a place. Who may read it is decided by the program: the log
-- itself is for admins, a meeting's story for its host and officers, and what was said for those who take part.
--   groups       kinds, or what stands before their dot; empty for all
--   with_words   whether what was said stands in it, or only that something was
create or replace function meeting_timeline(meeting uuid, groups text[], by_actor uuid, starts_at timestamptz, ends_before timestamptz,
                                 after_at timestamptz, after_key text, with_words boolean, most integer)
    returns table (key text, at timestamptz, kind text, actor_type text, actor_id uuid, actor_name text,
                   about_id uuid, about_name text, before jsonb, after jsonb, data jsonb)
    stable security definer rows 50 language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    since timestamptz := greatest(starts_at, after_at);
begin
    return query
    with everything as (
        select 'a' || a.id as key, a.at, a.action as kind, a.actor_type, a.actor_id,
               case when a.entity_type = 'participant' then a.entity_id end as about_id, a.before, a.after,
               '{}'::jsonb as data
        from audit_log a
        where a.meeting_id = meeting and a.entity_type <> 'chat_message'
          and (since is null or a.id >= uuid_v7_floor(since))
        union all
        select 'l' || lpad(l.id::text, 19, '0'), l.occurred_at,
               case l.event when 'join' then 'attendance.joined' when 'leave' then 'attendance.left'
                            else 'attendance.requested' end,
               case when guest_of(l.identity) is null then 'user' else 'guest' end, coalesce(l.user_id, guest_of(l.identity)),
               null, null, null, jsonb_build_object('source', l.source)
        from attendance_log l
        where l.meeting_id = meeting and (since is null or l.occurred_at >= since)
        union all
        select 'm' || m.id, m.created_at, 'chat.' || m.type::text, case when m.guest_id is null then 'user' else 'guest' end,
               coalesce(m.sender_id, m.guest_id), null, null, null,
               jsonb_build_object('message_id', m.id)
               || case when with_words then jsonb_build_object('content', m.content, 'metadata', m.metadata) else '{}' end
        from chat_messages m
        where m.meeting_id = meeting and (since is null or m.created_at >= since)
        union all
        select 'v' || lpad(v.seq::text, 19, '0'), v.changed_at, 'chat.' || v.change::text,
               case when v.is_guest then 'guest' else 'user' end, v.changed_by, null, null, null,
               jsonb_build_object('message_id', v.message_id)
               || case when with_words then jsonb_build_object('former', v.content) else '{}' end
        from chat_versions v
        where v.meeting_id = meeting and (since is null or v.changed_at >= since)),
    page as (
        select e.* from everything e
        where (cardinality(groups) = 0 or e.kind = any (groups) or split_part(e.kind, '.', 1) = any (groups))
          and (by_actor is null or e.actor_id = by_actor)
          and (ends_before is null or e.at < ends_before)
          and (after_at is null or (e.at, e.key collate "C") > (after_at, after_key collate "C"))
        order by e.at, e.key collate "C" limit most)
    select p.key, p.at, p.kind, p.actor_type, p.actor_id, audit_actor_name(p.actor_type, p.actor_id), p.about_id,
           audit_actor_name('user', p.about_id), p.before, p.after, p.data
    from page p order by p.at, p.key collate "C";
end $$;
