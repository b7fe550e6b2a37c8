-- A meeting to which 500 people came ten times each, and 500 meetings of one of them.
-- Variables of psql: organization, admin (who calls and is one of them).
\set ON_ERROR_STOP on
set app.actor = 'system';
begin;
alter table attendance_spans disable trigger user;
alter table meeting_participants disable trigger user;
alter table meetings disable trigger user;

create temp table crowd as select gen_random_uuid() as id, n from generate_series(1, 499) n;
insert into users (id, email, name) select id, format('crowd%s@bench.example', n), format('Person %s', n) from crowd;
insert into organization_members (organization_id, user_id, role) select :'organization', id, 'member' from crowd;
insert into crowd values (:'admin', 0);

create temp table held as
    select n, gen_random_uuid() as id, now() - n * interval '17 hours' - interval '2 hours' as start from generate_series(0, 499) n;
insert into meetings (id, organization_id, title, host_id, scheduled_start, scheduled_end, timezone, room_name, status, actual_start,
                      actual_end, ended_by, show_status, created_by)
    select id, :'organization', format('Held %s', n), :'admin', start, start + interval '1 hour', 'UTC', 'bench-report-' || n,
           'completed', start, start + interval '1 hour', 'room_empty', 'pending', :'admin'
    from held;
insert into meeting_participants (organization_id, meeting_id, user_id, role, status, first_joined_at, last_left_at, duration_seconds)
    select :'organization', h.id, c.id, case when c.n = 0 then 'host' else 'participant' end::meeting_role, 'left',
           h.start, h.start + interval '50 minutes', 1200
    from held h join crowd c on h.n = 0 or c.n < 15;
insert into attendance_spans (id, organization_id, meeting_id, user_id, identity, participant_sid, room_sid, joined_at, left_at,
                              opened_by, closed_by, last_seen_at)
    select gen_random_uuid(), :'organization', h.id, c.id, c.id::text, format('PA_%s_%s_%s', h.n, c.n, k), 'RM_bench',
           h.start + k * interval '5 minutes', h.start + k * interval '5 minutes' + interval '2 minutes', 'webhook', 'left', h.start
    from held h join crowd c on h.n = 0 or c.n < 15 cross join generate_series(0, 9) k
    where h.n = 0 or k = 0;

alter table attendance_spans enable trigger user;
alter table meeting_participants enable trigger user;
alter table meetings enable trigger user;
commit;
analyze users, organization_members, meetings, meeting_participants, attendance_spans;
select id from held where n = 0;
