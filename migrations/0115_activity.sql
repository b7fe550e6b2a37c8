-- What members did in an organization's meetings, summed by month, so that reports of a year need not read every
-- attendance. Each row is counted anew from the record when something of its month has changed, and never added to.

create type absence_kind as enum ('absent', 'late', 'left_early');

-- Whether somebody left more than the threshold before the end: as the program decides it (attendance::report). Stable,
-- so that it becomes part of the query.
create function check_participant_left_early(
    is_there boolean, last_left timestamptz, scheduled timestamptz, actual timestamptz, threshold integer
) returns boolean stable language sql as $$
    select not is_there and coalesce(last_left + make_interval(mins => greatest(threshold, 1)) < least(scheduled, actual), false)
$$;

create table activity_scores (
    organization_id uuid not null references organizations (id) on delete cascade,
    -- The first day of the month in which the meetings were to begin, in UTC.
    month date not null,
    user_id uuid not null references users (id) on delete cascade,
    invited bigint not null,
    attended bigint not null,
    absent bigint not null,
    excused bigint not null,
    late bigint not null,
    late_excused bigint not null,
    left_early bigint not null,
    left_early_excused bigint not null,
    duration_seconds double precision not null,
    present_seconds double precision not null,
    offered_seconds double precision not null,
    messages bigint not null,
    messages_counted double precision not null,
    hands bigint not null,
    hands_counted double precision not null,
    speaking_seconds double precision not null,
    speaking_counted double precision not null,
    constraint activity_scores_pkey primary key (organization_id, month, user_id)
);
create index activity_scores_user on activity_scores (user_id, organization_id, month);
alter table activity_scores enable row level security;
alter table activity_scores force row level security;
create policy activity_scores_read on activity_scores for select to baraza_app using (
    (select app_is_system())
    or organization_id = any ((select app_may_in('attendance.view'))::uuid[])
    or (user_id = (select app_user()) and organization_id = any ((select app_organizations())::uuid[])));
create policy activity_scores_write on activity_scores to baraza_app using ((select app_is_system()));
create policy activity_scores_of_owner on activity_scores to current_user using (true) with check (true);
grant select, insert, update, delete on activity_scores to baraza_app;

-- Months that have to be counted anew. Rows are only added, so that nobody who ends a meeting waits for another; no
-- references, since what changed may be that something is gone.
create table activity_changes (
    id bigint generated always as identity primary key,
    organization_id uuid not null,
    month date not null
);
create index activity_changes_month on activity_changes (organization_id, month);
alter table activity_changes enable row level security;
alter table activity_changes force row level security;
create policy activity_changes_read on activity_changes for select to baraza_app using (
    (select app_is_system()) or organization_id = any ((select app_organizations())::uuid[]));
create policy activity_changes_write on activity_changes to baraza_app using ((select app_is_system()));
create policy activity_changes_of_owner on activity_changes to current_user using (true) with check (true);
grant select, insert, delete on activity_changes to baraza_app;

-- The month that a start lies in, in UTC.
create function activity_month(start timestamptz) returns date immutable language sql as $$
    select date_trunc('month', start at time zone 'UTC')::date
$$;

-- What each did in the meetings of a period that were held and are over. What the last three bound is how much counts
-- of it in one meeting: messages and hands by hour of presence, and the share of it that somebody spoke. Whoever came
-- although excused is measured by the time that they were there.
create function activity_between(
    organization uuid, starts_from timestamptz, starts_before timestamptz, people uuid[],
    messages_an_hour double precision, hands_an_hour double precision, speaking_share double precision
) returns table (
    user_id uuid, invited bigint, attended bigint, absent bigint, excused bigint, late bigint, late_excused bigint,
    left_early bigint, left_early_excused bigint, duration_seconds double precision, present_seconds double precision,
    offered_seconds double precision, messages bigint, messages_counted double precision, hands bigint,
    hands_counted double precision, speaking_seconds double precision, speaking_counted double precision
) stable language sql as $$
    select a.user_id, count(*), count(*) filter (where a.came), count(*) filter (where not a.came and not a.is_excused),
           count(*) filter (where not a.came and a.is_excused), count(*) filter (where a.is_late),
           count(*) filter (where a.is_late and a.is_excused), count(*) filter (where a.left_early),
           count(*) filter (where a.left_early and a.is_excused), sum(a.duration_seconds), sum(a.present),
           sum(case when not a.came then 0 when a.is_excused then a.present else a.length end),
           sum(a.messages_sent), sum(least(a.messages_sent, messages_an_hour * a.present / 3600)),
           sum(a.hand_raised_count), sum(least(a.hand_raised_count, hands_an_hour * a.present / 3600)),
           sum(a.speaking_seconds), sum(least(a.speaking_seconds, speaking_share * a.present))
    from (
        select p.user_id, p.first_joined_at is not null as came, p.is_late, x.user_id is not null as is_excused,
               check_participant_left_early(p.status = 'joined', p.last_left_at, m.scheduled_end, m.actual_end, m.threshold)
                   as left_early,
               p.duration_seconds, least(p.duration_seconds, m.length) as present, m.length, p.messages_sent,
               p.hand_raised_count, p.speaking_seconds
        from (select m.id, m.scheduled_end, m.actual_end,
                     coalesce((m.settings ->> 'late_threshold_minutes')::integer, 5) as threshold,
                     -- Up to the scheduled end, unless it began after it.
                     greatest(extract(epoch from case when m.scheduled_end > m.actual_start
                                                      then least(m.scheduled_end, m.actual_end) else m.actual_end end
                                                 - m.actual_start), 0)::double precision as length
              from meetings m
              where m.organization_id = organization and m.scheduled_start >= starts_from and m.scheduled_start < starts_before
                and m.status = 'completed' and m.actual_start is not null) m
        join meeting_participants p on p.meeting_id = m.id and (people is null or p.user_id = any (people))
        left join attendance_excuses x on x.meeting_id = p.meeting_id and x.user_id = p.user_id) a
    group by a.user_id
$$;

create function meeting_changes_activity() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    if old.status = 'completed' then
        insert into activity_changes (organization_id, month) values (old.organization_id, activity_month(old.scheduled_start));
    end if;
    if tg_op = 'UPDATE' and new.status = 'completed'
            and (old.status <> 'completed' or activity_month(new.scheduled_start) <> activity_month(old.scheduled_start)) then
        insert into activity_changes (organization_id, month) values (new.organization_id, activity_month(new.scheduled_start));
    end if;
    return null;
end $$;
create trigger meetings_activity
    after update of status, scheduled_start, scheduled_end, actual_start, actual_end, settings on meetings for each row
    when ((old.status = 'completed' or new.status = 'completed')
          and (old.status, old.scheduled_start, old.scheduled_end, old.actual_start, old.actual_end, old.settings)
              is distinct from
              (new.status, new.scheduled_start, new.scheduled_end, new.actual_start, new.actual_end, new.settings))
    execute function meeting_changes_activity();
create trigger meetings_activity_delete after delete on meetings for each row
    when (old.status = 'completed') execute function meeting_changes_activity();

-- Corrections of what is over: attendance, excuses, and whatever else is counted.
create function attendance_changes_activity() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    insert into activity_changes (organization_id, month)
        select m.organization_id, activity_month(m.scheduled_start) from meetings m
        where m.id = case when tg_op = 'DELETE' then old.meeting_id else new.meeting_id end and m.status = 'completed';
    return null;
end $$;
create trigger meeting_participants_activity after insert or delete on meeting_participants
    for each row execute function attendance_changes_activity();
create trigger meeting_participants_activity_update
    after update of first_joined_at, last_left_at, is_late, duration_seconds, messages_sent, hand_raised_count, speaking_seconds
    on meeting_participants for each row
    when ((old.first_joined_at, old.last_left_at, old.is_late, old.duration_seconds, old.messages_sent, old.hand_raised_count,
           old.speaking_seconds) is distinct from
          (new.first_joined_at, new.last_left_at, new.is_late, new.duration_seconds, new.messages_sent, new.hand_raised_count,
           new.speaking_seconds))
    execute function attendance_changes_activity();
create trigger attendance_excuses_activity after insert or delete on attendance_excuses
    for each row execute function attendance_changes_activity();

-- What happened before.
insert into activity_changes (organization_id, month)
    select distinct m.organization_id, activity_month(m.scheduled_start) from meetings m where m.status = 'completed';
