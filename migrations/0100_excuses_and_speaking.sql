-- What the attendance rules need to know: who was excused from a meeting and why, and how long somebody spoke.

create table attendance_excuses (
    organization_id uuid not null references organizations (id) on delete cascade,
    meeting_id uuid not null references meetings (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    reason text not null constraint attendance_excuses_reason check (length(reason) between 1 and 500),
    excused_by uuid references users (id) on delete set null,
    excused_at timestamptz not null,
    primary key (meeting_id, user_id)
);
create index attendance_excuses_user on attendance_excuses (user_id);
select audit_attach('attendance_excuses', 'participant', '{}', '{excused_at}',
    '{"+": "excused", "-": "unexcused", "reason": "excused"}', 'user_id', '{meeting_id}');

alter table attendance_excuses enable row level security;
alter table attendance_excuses force row level security;
create policy attendance_excuses_read on attendance_excuses for select to baraza_app
    using ((select app_is_system()) or user_id = app_user() or app_is_host(meeting_id) or app_is_officer(organization_id));
create policy attendance_excuses_write on attendance_excuses to baraza_app using ((select app_is_system()));
create policy attendance_excuses_of_owner on attendance_excuses to current_user using (true) with check (true);
grant select, insert, update, delete on attendance_excuses to baraza_app;

-- How long somebody spoke, in seconds, as far as it is known.
alter table meeting_participants
    add column speaking_seconds double precision not null default 0
        constraint meeting_participants_speaking check (speaking_seconds >= 0);
select audit_attach('meeting_participants', 'participant', '{}',
    '{status,first_joined_at,last_left_at,duration_seconds,is_late,hand_raised_at,hand_raised_count,messages_sent,speaking_seconds,invited_by,removed_at}',
    '{"+": "invited", "-": "removed", "approved_at": "admitted", "denied_at": "denied", "banned_at": "banned"}', 'user_id',
    '{meeting_id}');
