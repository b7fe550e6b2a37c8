-- Meetings of 200 organizations: people, meetings with words of every frequency, who takes part. The first organization has
-- 5000 whatever the count, so that the same page is asked of a platform with few and with many meetings of others.
-- Variables of psql: count (how many meetings, in steps of 5000), admin (who calls). Triggers are off: what they would write one by one is
-- written here at once.
\set ON_ERROR_STOP on
set app.actor = 'system';
set synchronous_commit = off;
set work_mem = '128MB';
set jit = off;
begin;
alter table meetings disable trigger user;
alter table meeting_participants disable trigger user;
select setseed(0.4);

-- Rare words are many and frequent ones few, as in any language.
create temp table vocabulary as
    select n, (array['ba','ke','li','mo','nu','ra','si','to','wu','za','cha','shi'])[1 + n % 12]
           || (array['da','fe','gi','ho','ju','ka','le'])[1 + n / 12 % 7]
           || (array['ma','ne','pi','ro','su'])[1 + n / 84 % 5] || (array['','na','ti','yo'])[1 + n / 420 % 4] as word
    from generate_series(0, 1679) n;
create temp table drawn as
    select sentence, place, floor(1680 * power(random(), 3))::integer as n
    from generate_series(0, 3999) sentence, generate_series(1, 23) place;
create temp table sentences as
    select d.sentence,
           string_agg(v.word, ' ') filter (where d.place <= 3) as title,
           string_agg(v.word, ' ') filter (where d.place between 4 and 11) as description,
           string_agg(v.word, ' ') filter (where d.place > 11) as agenda
    from drawn d join vocabulary v using (n) group by d.sentence;
alter table sentences add primary key (sentence);
analyze sentences;

create temp table people as
    select o.n as organization_number, o.organization, k as number, gen_random_uuid() as id,
           format('Person %s %s', o.n, k) as name
    from (select n, gen_random_uuid() as organization from generate_series(0, 199) n offset 0) o, generate_series(0, 19) k;
insert into organizations (id, name, slug)
    select organization, 'Bench ' || organization_number, 'bench-list-' || organization_number from people where number = 0;
-- The caller stands where the first person of the first organization would.
update people set id = :'admin' where organization_number = 0 and number = 0;
insert into users (id, email, name)
    select id, format('p%s.%s@bench.example', organization_number, number), name from people where id <> :'admin';
insert into organization_members (organization_id, user_id, role) select organization, id, 'secretary' from people;
alter table people add primary key (organization_number, number);
analyze people;

create temp table planned as
    select n, k, m.organization_number, p.organization, p.id as host, p.name as host_name,
           (lpad(to_hex(1700000000000 + n * 1000::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
            || substr(md5(n::text), 4, 15))::uuid as id,
           timestamptz '2030-01-01' + k * interval '37 minutes' as start,
           abs(hashint4(n)) % 4000 as a, abs(hashint4(n + 1000000000)) % 4000 as b, abs(hashint4(-n)) % 4000 as c,
           -- Few go on at once, and none is to come that has passed: the background work is not measured here.
           case when k % 2500 = 0 then 'in_progress' when k % 10 < 4 then 'scheduled'
                when k % 10 = 4 then 'cancelled' else 'completed' end::meeting_status as status
    from (select n, case when n % step = 0 then 0 else 1 + (n - n / step - 1) % 199 end as organization_number,
                 case when n % step = 0 then n / step else (n - n / step - 1) / 199 end as k
          from generate_series(0, :count - 1) n, (select :count / 5000 as step) s) m
         join people p on p.organization_number = m.organization_number and p.number = k % 20;
insert into meetings (id, organization_id, title, description, agenda, scheduled_start, scheduled_end, status, meeting_type,
        venue_mode, host_id, room_name, provider_meeting_id, custom_fields, related_object_type, related_object_id, created_by)
    select m.id, m.organization, a.title, b.description, c.agenda, m.start, m.start + interval '1 hour', m.status,
           case when k % 25 = 0 then 'screen_share' when k % 3 = 0 then 'audio' else 'video' end::meeting_type, 'virtual',
           m.host, 'bench-' || n, 'bench-' || n, jsonb_build_object('budget', k % 25),
           case when k % 5 = 0 then 'order' end, case when k % 5 = 0 then (k % 7)::text end, m.host
    from planned m join sentences a on a.sentence = m.a join sentences b on b.sentence = m.b
         join sentences c on c.sentence = m.c;
insert into meeting_participants (meeting_id, user_id, organization_id, role, status)
    select m.id, p.id, m.organization, case when plus = 0 then 'host' else 'participant' end::meeting_role,
           case when plus = 0 then 'accepted' else 'invited' end::participant_status
    from planned m, generate_series(0, 2) plus
         join people p on true where p.organization_number = m.organization_number and p.number = (m.k + plus) % 20;
insert into my_meetings (user_id, meeting_id, organization_id, status, scheduled_start, meeting_type, host_id,
                         related_object_type, related_object_id)
    select p.user_id, m.id, m.organization_id, m.status, m.scheduled_start, m.meeting_type, m.host_id,
           m.related_object_type, m.related_object_id
    from meetings m join meeting_participants p on p.meeting_id = m.id;
insert into meeting_search (meeting_id, organization_id, status, scheduled_start, document)
    select m.id, m.organization, m.status, m.start,
           meeting_document(a.title, m.host_name, b.description, c.agenda)
    from planned m join sentences a on a.sentence = m.a join sentences b on b.sentence = m.b
         join sentences c on c.sentence = m.c;
insert into meeting_words (organization_id, word)
    select distinct s.organization_id, w.lexeme
    from (select * from meeting_search tablesample system (least(100, 20000000.0 / :count)) repeatable (1)) s, unnest(s.document) w;
alter table meetings enable trigger user;
alter table meeting_participants enable trigger user;
commit;
vacuum analyze;
