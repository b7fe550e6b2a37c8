-- Lists and search of meetings that take the same time among a million meetings as among ten thousand.
--
-- Under row-level security an index helps only with operators that PostgreSQL trusts with rows of others (leakproof
-- ones); equality of enums, full text, trigrams and JSON containment are none. So find_meetings looks for the ids as the
-- owner, and sees to it that only organizations of the caller are looked at; the rows themselves are read by the caller,
-- and row-level security decides again.

create extension if not exists btree_gin;
create extension if not exists pg_trgm;
create extension if not exists unaccent;

-- One of these serves each list; the last column of the order makes pages exact.
drop index meetings_by_organization;
drop index meetings_by_status;
drop index meetings_by_host;
drop index meetings_by_related_object;
drop index meetings_custom_fields;
drop index meetings_settings;
create index meetings_by_start on meetings (organization_id, status, scheduled_start, id);
create index meetings_by_creation on meetings (organization_id, status, id);
create index meetings_by_type on meetings (organization_id, meeting_type, status, scheduled_start, id);
create index meetings_by_host on meetings (organization_id, host_id, status, scheduled_start, id);
create index meetings_host on meetings (host_id);
create index meetings_by_related_object on meetings
    (organization_id, related_object_type, related_object_id, status, scheduled_start, id);
create index meetings_by_custom_field on meetings using gin (organization_id, custom_fields jsonb_path_ops);

-- What a person takes part in, in the order in which lists show it.
create table my_meetings (
    user_id uuid not null references users (id) on delete cascade,
    meeting_id uuid not null references meetings (id) on delete cascade,
    organization_id uuid not null,
    status meeting_status not null,
    scheduled_start timestamptz not null,
    constraint my_meetings_pkey primary key (user_id, meeting_id)
);
create index my_meetings_by_start on my_meetings (user_id, status, scheduled_start, meeting_id);
create index my_meetings_by_creation on my_meetings (user_id, status, meeting_id);
create index my_meetings_meeting on my_meetings (meeting_id);
-- Most people belong to one organization; who takes the two for independent takes long lists for short ones.
create statistics my_meetings_people (dependencies) on user_id, organization_id from my_meetings;
create statistics meetings_hosts (dependencies) on host_id, organization_id from meetings;

-- What a meeting says, to be searched, and every word that an organization's meetings have said.
create table meeting_search (
    meeting_id uuid primary key references meetings (id) on delete cascade,
    organization_id uuid not null,
    status meeting_status not null,
    scheduled_start timestamptz not null,
    document tsvector not null
);
create index meeting_search_document on meeting_search using gin (organization_id, document);
create index meeting_search_by_start on meeting_search (organization_id, scheduled_start, meeting_id);
create index meeting_search_by_status on meeting_search (organization_id, status, scheduled_start, meeting_id);
create index meeting_search_by_creation on meeting_search (organization_id, meeting_id);
create table meeting_words (
    organization_id uuid not null references organizations (id) on delete cascade,
    word text not null,
    constraint meeting_words_pkey primary key (organization_id, word)
);
create index meeting_words_similar on meeting_words using gin (organization_id, word gin_trgm_ops);

do $$
declare
    name text;
begin
    foreach name in array array['my_meetings', 'meeting_search', 'meeting_words'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('grant select, insert, update, delete on %I to baraza_app', name);
    end loop;
    foreach name in array array['meetings', 'my_meetings', 'meeting_search', 'meeting_words'] loop
        -- A policy that is simply true leaves the planner all indexes. It binds the owner alone, for find_meetings.
        execute format('create policy %I on %I to current_user using (true)', name || '_of_owner', name);
    end loop;
end $$;
create policy my_meetings_own on my_meetings using ((select app_is_system()) or user_id = (select app_user()));
create policy meeting_search_read on meeting_search
    using ((select app_is_system()) or organization_id = any ((select app_organizations())::uuid[]));
create policy meeting_words_read on meeting_words
    using ((select app_is_system()) or organization_id = any ((select app_organizations())::uuid[]));

-- Words as they are, without accents and case, in any language.
create text search configuration baraza (copy = simple);
alter text search configuration baraza alter mapping for hword, hword_part, word with unaccent, simple;

create function meeting_document(title text, host text, description text, agenda text) returns tsvector
    stable language sql as $$
    select setweight(to_tsvector('baraza', title), 'A') || setweight(to_tsvector('baraza', coalesce(host, '')), 'B')
        || setweight(to_tsvector('baraza', description), 'C') || setweight(to_tsvector('baraza', agenda), 'D')
$$;

create function index_meetings(ids uuid[]) returns void security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    insert into meeting_search as s (meeting_id, organization_id, status, scheduled_start, document)
        select m.id, m.organization_id, m.status, m.scheduled_start,
               meeting_document(m.title, u.name, m.description, m.agenda)
        from meetings m left join users u on u.id = m.host_id where m.id = any (ids)
        on conflict (meeting_id) do update set document = excluded.document where s.document <> excluded.document;
    insert into meeting_words (organization_id, word)
        select distinct s.organization_id, w.lexeme from meeting_search s, unnest(s.document) w
        where s.meeting_id = any (ids) and length(w.lexeme) <= 60
          and not exists (select from meeting_words known
                          where known.organization_id = s.organization_id and known.word = w.lexeme)
        on conflict do nothing;
end $$;

create function meetings_are_searched() returns trigger language plpgsql as $$
begin
    perform index_meetings(array[new.id]);
    return null;
end $$;
create trigger meetings_search_insert after insert on meetings for each row execute function meetings_are_searched();
create trigger meetings_search_update after update of title, description, agenda, host_id on meetings for each row
    when ((new.title, new.description, new.agenda, new.host_id)
          is distinct from (old.title, old.description, old.agenda, old.host_id))
    execute function meetings_are_searched();

create function meetings_move_in_lists() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    update meeting_search set status = new.status, scheduled_start = new.scheduled_start where meeting_id = new.id;
    update my_meetings set status = new.status, scheduled_start = new.scheduled_start where meeting_id = new.id;
    return null;
end $$;
create trigger meetings_lists_update after update of status, scheduled_start on meetings for each row
    when ((new.status, new.scheduled_start) is distinct from (old.status, old.scheduled_start))
    execute function meetings_move_in_lists();

create function participants_have_meetings() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    insert into my_meetings (user_id, meeting_id, organization_id, status, scheduled_start)
        select p.user_id, m.id, m.organization_id, m.status, m.scheduled_start
        from added p join meetings m on m.id = p.meeting_id
        on conflict (user_id, meeting_id) do nothing;
    return null;
end $$;
create trigger meeting_participants_lists after insert on meeting_participants
    referencing new table as added for each statement execute function participants_have_meetings();
create function participants_lose_meetings() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    delete from my_meetings where user_id = old.user_id and meeting_id = old.meeting_id;
    return null;
end $$;
create trigger meeting_participants_lists_delete after delete on meeting_participants
    for each row execute function participants_lose_meetings();

create function hosts_are_found_by_name() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    perform index_meetings(array(select id from meetings where host_id = new.id));
    return null;
end $$;
create trigger users_search after update of name on users for each row
    when (new.name <> old.name) execute function hosts_are_found_by_name();

-- What people typed, as a query over the words of these organizations: each word as it stands or as the beginning or a
-- part of one; where there is none, the words that are most like it. Null when there is nothing to look for.
create function meeting_query(organizations uuid[], typed text) returns tsquery stable security definer
    language plpgsql set search_path = public as $$
declare
    wanted text;
    pattern text;
    found text[];
    asked tsquery;
begin
    for wanted in select lexeme from unnest(to_tsvector('baraza', typed)) order by positions[1] limit 8 loop
        pattern := replace(replace(replace(wanted, '\', '\\'), '%', '\%'), '_', '\_');
        select array_agg(word) into found from (
            select distinct w.word, w.word = wanted as same, length(w.word) as letters
            from unnest(organizations) o, lateral (
                select word from meeting_words
                where organization_id = o and word like case when length(wanted) < 3 then '' else '%' end || pattern || '%'
                order by word <> wanted, length(word), word limit 50) w
            order by same desc, letters, word limit 50) known;
        if found is null then
            select array_agg(word) into found from (
                select distinct w.word, similarity(w.word, wanted) as likeness
                from unnest(organizations) o, lateral (
                    select word from meeting_words where organization_id = o and word % wanted
                    order by similarity(word, wanted) desc, word limit 10) w
                order by likeness desc, word limit 10) alike;
        end if;
        if found is null then
            return null;
        end if;
        select coalesce(asked && any_of, any_of) into asked from (
            select string_agg('''' || replace(replace(word, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery as any_of
            from unnest(found) word) f;
    end loop;
    return asked;
end $$;

-- The meetings of an organization, or of all of the caller's, that fit a filter, in order, by id; what is null does not
-- filter. Only organizations of which the caller is an active member are looked at, and with only_mine only what the
-- caller takes part in.
--
-- Each list is the merger of a few walks along an index, one for each status that is wanted, so a page costs the same
-- wherever it lies. A search by rank weighs the two hundred newest meetings that fit.
create function find_meetings(
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
    direction text := case when descending then 'desc' else 'asc' end;
    beyond text := case when descending then '<' else '>' end;
    best constant integer := 200;
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
        walked := 'd';
        id := 'd.meeting_id';
        if only_mine then
            walk := 'from my_meetings l join meeting_search d on d.meeting_id = l.meeting_id
                     where l.user_id = app_user() and l.organization_id = w.organization';
        else
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
    if walked <> 'm' and num_nonnulls(host, kind, object_type, object_id, fields) > 0 then
        walk := regexp_replace(walk, '\mwhere\M', format('join meetings m on m.id = %s where', id));
    end if;
    if walked = 'm' and fields is not null then
        -- Fields are found in no order, so once for all statuses.
        walk := walk || ' and m.status = any ($2)';
    elsif typed is null or cardinality(statuses) < 4 then
        walks := concat_ws(', ', walks, 'unnest($2) s (status)');
        walk := walk || format(' and %s.status = s.status', walked);
    end if;

    if starts_from is not null then walk := walk || format(' and %s.scheduled_start >= $3', walked); end if;
    if starts_before is not null then walk := walk || format(' and %s.scheduled_start < $4', walked); end if;
    if host is not null then walk := walk || ' and m.host_id = $5'; end if;
    if kind is not null then walk := walk || ' and m.meeting_type = $6'; end if;
    if object_type is not null then walk := walk || ' and m.related_object_type = $7'; end if;
    if object_id is not null then walk := walk || ' and m.related_object_id = $8'; end if;
    if fields is not null then walk := walk || ' and m.custom_fields @> $9'; end if;
    if ordered_by = 'rank' then
        return query execute format('
            with newest as (
                select f.* from %s, lateral (select %s as id, d.scheduled_start, d.document %s
                                             order by d.scheduled_start desc limit %s) f
                order by f.scheduled_start desc limit %s),
            ranked as (
                select n.id, n.scheduled_start, (ts_rank(n.document, $10) * 1000000)::bigint as rank from newest n)
            select r.id, r.rank from ranked r where $13 is null or (r.rank, r.scheduled_start, r.id) < ($11, $12, $13)
            order by r.rank desc, r.scheduled_start desc, r.id desc limit $14', walks, id, walk, best, best)
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

-- What is there already.
insert into my_meetings (user_id, meeting_id, organization_id, status, scheduled_start)
    select p.user_id, m.id, m.organization_id, m.status, m.scheduled_start
    from meeting_participants p join meetings m on m.id = p.meeting_id;
select index_meetings(array(select id from meetings));
