-- Corrections of the record, by people: what LiveKit told stays as it was told, and what somebody says beside it counts.
-- A row says one of two things:
--   span_id    somebody was there from joined_at to left_at: instead of what a connection (attendance_spans) says, or of an
--              earlier row whose id this is; in place of nothing when it is the row's own id. Without times: was not there.
--   guest_id   without span_id: a guest was the member user_id; nobody's, when that is taken back.
-- Of rows about the same the latest counts.
create table attendance_corrections (
    id uuid primary key,
    number bigint generated always as identity constraint attendance_corrections_number_key unique,
    -- No references: corrections outlive what they are about, as the trail of movements does.
    organization_id uuid not null,
    meeting_id uuid not null,
    span_id uuid,
    -- Whose presence, as far as it was known then.
    guest_id uuid,
    user_id uuid,
    joined_at timestamptz,
    left_at timestamptz,
    -- What stood there before.
    former_user_id uuid,
    former_joined_at timestamptz,
    former_left_at timestamptz,
    reason text not null constraint attendance_corrections_reason check (length(reason) <= 500),
    author_id uuid,
    corrected_at timestamptz not null,
    constraint attendance_corrections_subject check (num_nonnulls(span_id, guest_id) > 0),
    constraint attendance_corrections_order check ((joined_at is null) = (left_at is null) and joined_at < left_at)
);
create index attendance_corrections_of_meeting on attendance_corrections (meeting_id, number);
create index attendance_corrections_of_user on attendance_corrections (meeting_id, user_id) where user_id is not null;
create index attendance_corrections_of_span on attendance_corrections (span_id, number) where span_id is not null;
create index attendance_corrections_of_guest on attendance_corrections (guest_id, number) where span_id is null;
create index attendance_spans_of_guest on attendance_spans (meeting_id, guest_of(identity)) where user_id is null;
create trigger attendance_corrections_append_only before update or delete or truncate on attendance_corrections
    for each statement execute function refuse_change();
alter table attendance_corrections enable always trigger attendance_corrections_append_only;
select audit_attach('attendance_corrections', 'attendance', '{}', '{}', '{"+": "corrected"}');

alter table attendance_corrections enable row level security;
alter table attendance_corrections force row level security;
create policy attendance_corrections_read on attendance_corrections for select to baraza_app using (
    (select app_is_system()) or user_id = (select app_user())
    or organization_id = any ((select app_may_in('attendance.view'))::uuid[]) or app_is_host(meeting_id));
create policy attendance_corrections_insert on attendance_corrections for insert to baraza_app
    with check ((select app_is_system()));
create policy attendance_corrections_of_owner on attendance_corrections to current_user using (true) with check (true);
grant select, insert on attendance_corrections to baraza_app;

-- What is believed ------------------------------------------------------------------------------------------------

-- Guests who turned out to be members.
create view guest_members with (security_invoker = true) as
    select c.meeting_id, c.guest_id, c.user_id, c.reason, c.author_id, c.corrected_at
    from attendance_corrections c
    where c.span_id is null and c.user_id is not null
      and not exists (select from attendance_corrections later
                      where later.guest_id = c.guest_id and later.span_id is null and later.number > c.number);

-- Everything that was told of presence, by LiveKit and by people, and what is believed of it: without times where it is
-- believed that nobody was there. While a connection lasts, what LiveKit says goes.
create view recorded_spans with (security_invoker = true) as
    select s.id, s.organization_id, s.meeting_id, s.user_id, null::uuid as guest_id, s.guest_name, s.identity,
           s.closed_by, s.last_seen_at, s.joined_at as told_joined_at, s.left_at as told_left_at, c.id as correction_id,
           case when c.id is null then s.joined_at else c.joined_at end as joined_at,
           case when c.id is null then s.left_at else c.left_at end as left_at
    from attendance_spans s
    left join lateral (select * from attendance_corrections c where s.left_at is not null and c.span_id = s.id
                       order by c.number desc limit 1) c on true
    where s.user_id is not null or guest_of(s.identity) is null
    union all
    select s.id, s.organization_id, s.meeting_id, g.user_id, guest_of(s.identity), s.guest_name, s.identity,
           s.closed_by, s.last_seen_at, s.joined_at, s.left_at, c.id,
           case when c.id is null then s.joined_at else c.joined_at end,
           case when c.id is null then s.left_at else c.left_at end
    from attendance_spans s
    left join guest_members g on g.meeting_id = s.meeting_id and g.guest_id = guest_of(s.identity)
    left join lateral (select * from attendance_corrections c where s.left_at is not null and c.span_id = s.id
                       order by c.number desc limit 1) c on true
    where s.user_id is null and guest_of(s.identity) is not null
    union all
    select a.id, a.organization_id, a.meeting_id, a.user_id, null, null, a.user_id::text, null, null, null, null, c.id,
           c.joined_at, c.left_at
    from attendance_corrections a
    join lateral (select * from attendance_corrections c where c.span_id = a.id order by c.number desc limit 1) c on true
    where a.span_id = a.id;

-- Who was there from when to when, as it is believed. Whoever asks how long somebody was there asks here.
create view presence_spans with (security_invoker = true) as
    select id, organization_id, meeting_id, user_id, guest_id, identity, joined_at, left_at
    from recorded_spans where joined_at is not null;
grant select on guest_members, recorded_spans, presence_spans to baraza_app;

-- Sums ------------------------------------------------------------------------------------------------------------

-- As before, of what is believed. In PL/pgSQL, so that it is planned once and not at each call.
drop function calculate_participant_duration(uuid, uuid);
create function calculate_participant_duration(meeting uuid, person uuid) returns double precision stable language plpgsql as $$
begin
    return (select coalesce(sum(extract(epoch from upper(together) - lower(together))), 0)::double precision
            from (select unnest(range_agg(tstzrange(joined_at, left_at))) as together
                  from presence_spans where meeting_id = meeting and user_id = person and left_at is not null) spans);
end $$;

-- Sums up a member's presence. Whoever changes another span of theirs meanwhile has to wait, or neither would see the
-- other's. Whoever turns out never to have been there is where they stood before they came, as far as it is known.
create function sum_up_participant(meeting uuid, person uuid) returns void language plpgsql as $$
begin
    perform from meeting_participants where meeting_id = meeting and user_id = person for no key update;
    update meeting_participants p set
        first_joined_at = s.first_joined_at,
        last_left_at = s.last_left_at,
        is_late = coalesce(check_participant_late(s.first_joined_at, m.scheduled_start,
                                                  coalesce((m.settings ->> 'late_threshold_minutes')::integer, 5)), false),
        duration_seconds = calculate_participant_duration(meeting, person),
        status = case when s.is_there then 'joined'::participant_status when s.first_joined_at is not null then 'left'
                      when p.status in ('joined', 'left') then 'accepted' else p.status end
    from meetings m,
         (select min(joined_at) as first_joined_at, max(left_at) as last_left_at, bool_or(left_at is null) as is_there
          from presence_spans where meeting_id = meeting and user_id = person) s
    where m.id = meeting and p.meeting_id = meeting and p.user_id = person;
end $$;

-- The same of a guest, whoever they are.
create function sum_up_guest(meeting uuid, guest uuid) returns void language plpgsql as $$
begin
    perform from guests where id = guest and meeting_id = meeting for no key update;
    update guests g set
        first_joined_at = s.first_joined_at,
        last_left_at = s.last_left_at,
        status = case when s.is_there then 'joined'::participant_status else 'left' end
    from (select min(joined_at) as first_joined_at, max(left_at) as last_left_at, bool_or(left_at is null) as is_there
          from presence_spans where meeting_id = meeting and guest_id = guest) s
    where g.id = guest and g.meeting_id = meeting;
end $$;

create or replace function attendance_span_changed() returns trigger language plpgsql security definer
    set search_path = public set app.actor = 'system' as $$
declare
    guest uuid := guest_of(new.identity);
    person uuid := new.user_id;
begin
    if tg_op = 'INSERT' then
        insert into attendance_log (organization_id, meeting_id, user_id, identity, span_id, event, occurred_at, source)
            values (new.organization_id, new.meeting_id, new.user_id, new.identity, new.id, 'join', new.joined_at, new.opened_by::text);
    elsif new.left_at is null and old.left_at is not null then -- closed by mistake: presence goes on from there
        insert into attendance_log (organization_id, meeting_id, user_id, identity, span_id, event, occurred_at, source)
            values (new.organization_id, new.meeting_id, new.user_id, new.identity, new.id, 'join', old.left_at, 'reconcile');
    end if;
    if new.left_at is not null and (tg_op = 'INSERT' or new.left_at is distinct from old.left_at) then
        insert into attendance_log (organization_id, meeting_id, user_id, identity, span_id, event, occurred_at, source)
            values (new.organization_id, new.meeting_id, new.user_id, new.identity, new.id, 'leave', new.left_at, new.closed_by::text);
    end if;
    if guest is not null then
        perform sum_up_guest(new.meeting_id, guest);
        person := (select user_id from guest_members where meeting_id = new.meeting_id and guest_id = guest);
    end if;
    if person is not null then
        perform sum_up_participant(new.meeting_id, person);
    end if;
    return null;
end $$;

-- A correction stands in the trail too, once for everybody whose presence it changes, so that whatever rests on the trail
-- is known to have grown; and what was summed up is summed up anew.
create function attendance_was_corrected() returns trigger language plpgsql security definer
    set search_path = public set app.actor = 'system' as $$
declare
    person uuid;
begin
    if new.span_id is not null and new.guest_id is not null then
        perform sum_up_guest(new.meeting_id, new.guest_id);
    end if;
    for person in select distinct who from unnest(array[new.user_id, new.former_user_id]) who
                  where who is not null or coalesce(new.user_id, new.former_user_id) is null order by who loop
        insert into attendance_log (organization_id, meeting_id, user_id, identity, span_id, event, occurred_at, source)
            values (new.organization_id, new.meeting_id, person, 'guest:' || new.guest_id, new.span_id, 'corrected',
                    new.corrected_at, 'correction:' || new.id);
        perform sum_up_participant(new.meeting_id, person);
    end loop;
    return null;
end $$;
create trigger attendance_corrections_count after insert on attendance_corrections
    for each row execute function attendance_was_corrected();

-- What a member wrote and how often they raised a hand while they were taken for a guest.
create function said_as_guest(meeting uuid, person uuid, out messages integer, out hands integer) stable
    security definer language sql set search_path = public set app.actor = 'system' as $$
    select coalesce(sum(g.messages_sent), 0)::integer, coalesce(sum(g.hand_raised_count), 0)::integer
    from guest_members m join guests g on g.id = m.guest_id
    where m.meeting_id = meeting and m.user_id = person
$$;

-- Proof -----------------------------------------------------------------------------------------------------------

-- The entry of the audit log that tells of a correction, when it tells of this very one, and the trail does too.
create function entry_of_correction(correction attendance_corrections) returns uuid stable language sql as $$
    select a.id from audit_log a
    where a.entity_id = correction.id and a.action = 'attendance.corrected'
      and a.organization_id = correction.organization_id and a.meeting_id = correction.meeting_id
      and jsonb_populate_record(null::attendance_corrections, a.after) is not distinct from correction
      and exists (select from attendance_log l
                  where l.meeting_id = correction.meeting_id and l.source = 'correction:' || correction.id
                    and l.span_id is not distinct from correction.span_id and l.occurred_at = correction.corrected_at)
    limit 1
$$;
