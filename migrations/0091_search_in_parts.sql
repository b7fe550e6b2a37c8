-- What meetings say is kept in parts, each with the organizations that fall into it: a word that is rare in one
-- organization may be frequent over all of them, and every search had to go through all places where it stands.
create function search_bucket(organization uuid) returns smallint immutable parallel safe language sql as $$
    select (get_byte(uuid_send(organization), 15) & 15)::smallint
$$;

alter table meeting_search rename to meeting_search_whole;
drop policy meeting_search_read on meeting_search_whole;
create table meeting_search (
    -- The part, by the organization.
    bucket smallint not null constraint meeting_search_bucket check (bucket = search_bucket(organization_id)),
    meeting_id uuid not null references meetings (id) on delete cascade,
    organization_id uuid not null,
    status meeting_status not null,
    scheduled_start timestamptz not null,
    document tsvector not null,
    primary key (meeting_id, bucket)
) partition by list (bucket);
do $$
begin
    for part in 0..15 loop
        execute format('create table meeting_search_%1$s partition of meeting_search for values in (%1$s)', part);
        -- They are reached through the whole alone.
        execute format('alter table meeting_search_%s enable row level security', part);
        execute format('alter table meeting_search_%s force row level security', part);
    end loop;
end $$;
alter table meeting_search enable row level security;
alter table meeting_search force row level security;
create policy meeting_search_of_owner on meeting_search to current_user using (true);
create policy meeting_search_read on meeting_search to baraza_app
    using ((select app_is_system()) or organization_id = any ((select app_organizations())::uuid[]));
grant select, insert, update, delete on meeting_search to baraza_app;
insert into meeting_search (bucket, meeting_id, organization_id, status, scheduled_start, document)
    select search_bucket(organization_id), meeting_id, organization_id, status, scheduled_start, document
    from meeting_search_whole;
drop table meeting_search_whole;
create index meeting_search_document on meeting_search using gin (organization_id, document);
create index meeting_search_by_start on meeting_search (organization_id, scheduled_start, meeting_id);
create index meeting_search_by_status on meeting_search (organization_id, status, scheduled_start, meeting_id);
create index meeting_search_by_creation on meeting_search (organization_id, meeting_id);

-- As before, each in the part that it belongs to.
create or replace function index_meetings(ids uuid[]) returns void security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    insert into meeting_search as s (bucket, meeting_id, organization_id, status, scheduled_start, document)
        select search_bucket(m.organization_id), m.id, m.organization_id, m.status, m.scheduled_start,
               meeting_document(m.title, u.name, m.description, m.agenda)
        from meetings m left join users u on u.id = m.host_id where m.id = any (ids)
        on conflict (bucket, meeting_id) do update set document = excluded.document where s.document <> excluded.document;
    insert into meeting_words (organization_id, word)
        select distinct s.organization_id, w.lexeme from meeting_search s, unnest(s.document) w
        where s.meeting_id = any (ids) and length(w.lexeme) <= 60
          and not exists (select from meeting_words known
                          where known.organization_id = s.organization_id and known.word = w.lexeme)
        on conflict do nothing;
end $$;

create or replace function meetings_move_in_lists() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    if (new.status, new.scheduled_start) is distinct from (old.status, old.scheduled_start) then
        update meeting_search set status = new.status, scheduled_start = new.scheduled_start 
            where bucket = search_bucket(new.organization_id) and meeting_id = new.id;
    end if;
    update my_meetings
        set status = new.status, scheduled_start = new.scheduled_start, meeting_type = new.meeting_type,
            host_id = new.host_id, related_object_type = new.related_object_type,
            related_object_id = new.related_object_id
        where meeting_id = new.id;
    return null;
end $$;

create or replace function find_meetings(
    organization uuid, only_mine boolean, statuses meeting_status[], starts_from timestamptz, starts_before timestamptz, host uuid,
    kind meeting_type, object_type text, object_id text, fields jsonb, typed text, ordered_by text, descending boolean,
    after_rank bigint, after_start timestamptz, after_id uuid, most integer
) returns table (meeting uuid, rank bigint) stable security definer rows 50 language plpgsql
    set search_path = public set jit = off as $$
declare
    organizations uuid[] := app_organizations();
    -- Where their words are kept: said in so many words, so that the planner looks at nothing else.
    kept_in text;
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
        kept_in := format('d.bucket = any (%L::smallint[])', array(select distinct search_bucket(o) from unnest(organizations) o));
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
        walk := walk || format(' and %s and d.organization_id = w.organization and d.document @@ $10', kept_in);
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
