-- What a person takes part in carries what their list is filtered by, so that a page of it is read from one index.

alter table my_meetings
    add column meeting_type meeting_type,
    add column host_id uuid,
    add column related_object_type text,
    add column related_object_id text;
update my_meetings l
    set meeting_type = m.meeting_type, host_id = m.host_id, related_object_type = m.related_object_type,
        related_object_id = m.related_object_id
    from meetings m where m.id = l.meeting_id;
alter table my_meetings alter column meeting_type set not null;
drop index my_meetings_by_start;
create index my_meetings_by_start on my_meetings (user_id, status, scheduled_start, meeting_id)
    include (organization_id, meeting_type, host_id, related_object_type, related_object_id);
-- A search looks at the newest first, whatever their status.
create index my_meetings_newest on my_meetings (user_id, scheduled_start, meeting_id) include (organization_id);

create or replace function participants_have_meetings() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    insert into my_meetings (user_id, meeting_id, organization_id, status, scheduled_start, meeting_type, host_id,
                             related_object_type, related_object_id)
        select p.user_id, m.id, m.organization_id, m.status, m.scheduled_start, m.meeting_type, m.host_id,
               m.related_object_type, m.related_object_id
        from added p join meetings m on m.id = p.meeting_id
        on conflict (user_id, meeting_id) do nothing;
    return null;
end $$;

create or replace function meetings_move_in_lists() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    if (new.status, new.scheduled_start) is distinct from (old.status, old.scheduled_start) then
        update meeting_search set status = new.status, scheduled_start = new.scheduled_start where meeting_id = new.id;
    end if;
    update my_meetings
        set status = new.status, scheduled_start = new.scheduled_start, meeting_type = new.meeting_type,
            host_id = new.host_id, related_object_type = new.related_object_type,
            related_object_id = new.related_object_id
        where meeting_id = new.id;
    return null;
end $$;
drop trigger meetings_lists_update on meetings;
create trigger meetings_lists_update
    after update of status, scheduled_start, meeting_type, host_id, related_object_type, related_object_id on meetings
    for each row
    when ((new.status, new.scheduled_start, new.meeting_type, new.host_id, new.related_object_type, new.related_object_id)
          is distinct from
          (old.status, old.scheduled_start, old.meeting_type, old.host_id, old.related_object_type, old.related_object_id))
    execute function meetings_move_in_lists();

-- As before, but own lists are filtered by what they carry, fields are looked for among an organization's first, and a
-- search by rank weighs the hundred newest meetings that fit.
create or replace function find_meetings(
    organization uuid, only_mine boolean, statuses meeting_status[], starts_from timestamptz, starts_before timestamptz, host uuid,
    kind meeting_type, object_type text, object_id text, fields jsonb, typed text, ordered_by text, descending boolean,
    after_rank bigint, after_start timestamptz, after_id uuid, most integer
) returns table (meeting uuid, rank bigint) stable security definer rows 50 language plpgsql
    set search_path = public set jit = off as $$
declare
    organizations uuid[] := app_organizations();
    asked tsquery;
    walks text;
    walk text;
    -- The alias of what has status and start, and the name of the meeting's id there.
    walked text := 'm';
    id text := 'm.id';
    -- The alias of what has host, type and related object.
    kept text := 'm';
    direction text := case when descending then 'desc' else 'asc' end;
    beyond text := case when descending then '<' else '>' end;
    best constant integer := 100;
begin
    if organization is not null then
        organizations := array(select o from unnest(organizations) o where o = organization);
    end if;
    if cardinality(organizations) = 0 then
        return;
    end if;

    -- What is walked: m the meetings, l the caller's list of theirs, d the words of meetings.
    if typed is not null then
        asked := meeting_query(organizations, typed);
        if asked is null then
            return;
        end if;
        walks := 'unnest($1) w (organization)';
        if only_mine then
            walked := 'l';
            id := 'l.meeting_id';
            walk := 'from my_meetings l join meeting_search d on d.meeting_id = l.meeting_id
                     where l.user_id = app_user() and l.organization_id = w.organization';
        else
            walked := 'd';
            id := 'd.meeting_id';
            walk := 'from meeting_search d where true';
        end if;
        walk := walk || ' and d.organization_id = w.organization and d.document @@ $10';
    elsif only_mine then
        walked := 'l';
        id := 'l.meeting_id';
        walk := 'from my_meetings l where l.user_id = app_user() and l.organization_id = any ($1)';
    else
        walks := 'unnest($1) w (organization)';
        walk := 'from meetings m where m.organization_id = w.organization';
    end if;
    if walked = 'l' then
        kept := 'l';
    end if;
    if walked = 'd' and num_nonnulls(host, kind, object_type, object_id, fields) > 0
            or walked = 'l' and fields is not null then
        walk := regexp_replace(walk, '\mwhere\M',
                               format('join meetings m on m.id = %s where m.organization_id = any ($1) and', id));
    end if;
    if fields is not null and typed is null then
        -- Fields are found in no order, so once for all statuses.
        walk := walk || format(' and %s.status = any ($2)', walked);
    elsif typed is null or cardinality(statuses) < 4 then
        walks := concat_ws(', ', walks, 'unnest($2) s (status)');
        walk := walk || format(' and %s.status = s.status', walked);
    end if;
    -- A walk through one list alone needs no other; what is selected from must not be empty.
    walks := coalesce(walks, '(select) nothing');

    if starts_from is not null then walk := walk || format(' and %s.scheduled_start >= $3', walked); end if;
    if starts_before is not null then walk := walk || format(' and %s.scheduled_start < $4', walked); end if;
    if host is not null then walk := walk || format(' and %s.host_id = $5', kept); end if;
    if kind is not null then walk := walk || format(' and %s.meeting_type = $6', kept); end if;
    if object_type is not null then walk := walk || format(' and %s.related_object_type = $7', kept); end if;
    if object_id is not null then walk := walk || format(' and %s.related_object_id = $8', kept); end if;
    if fields is not null then walk := walk || ' and m.custom_fields @> $9'; end if;
    if ordered_by = 'rank' then
        return query execute format('
            with newest as (
                select f.* from %1$s, lateral (select %2$s as id, %5$s.scheduled_start, d.document %3$s
                                             order by %5$s.scheduled_start desc limit %4$s) f
                order by f.scheduled_start desc limit %4$s),
            ranked as (
                select n.id, n.scheduled_start, (ts_rank(n.document, $10) * 1000000)::bigint as rank from newest n)
            select r.id, r.rank from ranked r where $13 is null or (r.rank, r.scheduled_start, r.id) < ($11, $12, $13)
            order by r.rank desc, r.scheduled_start desc, r.id desc limit $14', walks, id, walk, best, walked)
            using organizations, statuses, starts_from, starts_before, host, kind, object_type, object_id, fields, asked,
                  after_rank, after_start, after_id, most;
    elsif ordered_by = 'created' then
        return query execute format('
            select f.id, 0::bigint from %1$s, lateral (
                select %2$s as id %3$s %4$s order by %2$s %5$s limit $14) f
            order by f.id %5$s limit $14', walks, id, walk,
            case when after_id is not null then format('and %s %s $13', id, beyond) else '' end, direction)
            using organizations, statuses, starts_from, starts_before, host, kind, object_type, object_id, fields, asked,
                  after_rank, after_start, after_id, most;
    else
        return query execute format('
            select f.id, 0::bigint from %1$s, lateral (
                select %2$s as id, %6$s.scheduled_start %3$s %4$s order by %6$s.scheduled_start %5$s, %2$s %5$s limit $14) f
            order by f.scheduled_start %5$s, f.id %5$s limit $14', walks, id, walk,
            case when after_id is not null
                 then format('and (%s.scheduled_start, %s) %s ($12, $13)', walked, id, beyond) else '' end,
            direction, walked)
            using organizations, statuses, starts_from, starts_before, host, kind, object_type, object_id, fields, asked,
                  after_rank, after_start, after_id, most;
    end if;
end $$;
