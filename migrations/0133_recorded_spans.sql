-- What holds of the corrections of each connection.
create view newest_corrections with (security_invoker = true) as
    select c.* from attendance_corrections c
    where not exists (select from attendance_corrections later where later.span_id = c.span_id and later.number > c.number);
grant select on newest_corrections to baraza_app;

-- The newest correction is joined and not looked up for each connection: a meeting has thousands of connections and few
-- corrections. Both sides name the meeting, so that one read of its corrections is enough.
create or replace view recorded_spans with (security_invoker = true) as
    select s.id, s.organization_id, s.meeting_id, s.user_id, null::uuid as guest_id, s.guest_name, s.identity,
           s.closed_by, s.last_seen_at, s.joined_at as told_joined_at, s.left_at as told_left_at, c.id as correction_id,
           case when c.id is null then s.joined_at else c.joined_at end as joined_at,
           case when c.id is null then s.left_at else c.left_at end as left_at
    from attendance_spans s
    left join newest_corrections c on s.left_at is not null and c.meeting_id = s.meeting_id and c.span_id = s.id
    where s.user_id is not null or guest_of(s.identity) is null
    union all
    select s.id, s.organization_id, s.meeting_id, g.user_id, guest_of(s.identity), s.guest_name, s.identity,
           s.closed_by, s.last_seen_at, s.joined_at, s.left_at, c.id,
           case when c.id is null then s.joined_at else c.joined_at end,
           case when c.id is null then s.left_at else c.left_at end
    from attendance_spans s
    left join guest_members g on g.meeting_id = s.meeting_id and g.guest_id = guest_of(s.identity)
    left join newest_corrections c on s.left_at is not null and c.meeting_id = s.meeting_id and c.span_id = s.id
    where s.user_id is null and guest_of(s.identity) is not null
    union all
    select a.id, a.organization_id, a.meeting_id, a.user_id, null, null, a.user_id::text, null, null, null, null, c.id,
           c.joined_at, c.left_at
    from attendance_corrections a
    join newest_corrections c on c.span_id = a.id
    where a.span_id = a.id;
