-- Screens that were shared, from when to when, as LiveKit tells of their tracks.

create table shared_screens (
    meeting_id uuid not null references meetings (id) on delete cascade,
    -- LiveKit's name of the track: a new one each time that somebody shares.
    track_sid text not null,
    organization_id uuid not null references organizations (id) on delete cascade,
    user_id uuid references users (id) on delete set null,
    identity text not null,
    -- The connection that it was shared through: it ends with that at the latest.
    participant_sid text not null,
    -- Not known as long as LiveKit has told of the end only.
    began_at timestamptz,
    ended_at timestamptz constraint shared_screens_order check (ended_at >= began_at),
    -- Whether LiveKit told of this end. What was concluded gives way to what LiveKit says.
    end_was_told boolean not null default false,
    -- The last moment at which it was surely shared.
    last_seen_at timestamptz not null,
    -- Comparisons in a row that missed it.
    misses smallint not null default 0,
    constraint shared_screens_pkey primary key (meeting_id, track_sid),
    constraint shared_screens_known check (began_at is not null or ended_at is not null)
);
create index shared_screens_connection on shared_screens (meeting_id, participant_sid);
-- What the timeline walks along.
create index shared_screens_began on shared_screens (meeting_id, began_at, track_sid collate "C");
create index shared_screens_ended on shared_screens (meeting_id, ended_at, track_sid collate "C");

alter table shared_screens enable row level security;
alter table shared_screens force row level security;
create policy shared_screens_read on shared_screens for select to baraza_app using (
    (select app_is_system()) or user_id = (select app_user())
    or organization_id = any ((select app_may_in('attendance.view'))::uuid[]) or app_is_host(meeting_id));
create policy shared_screens_write on shared_screens to baraza_app using ((select app_is_system()));
create policy shared_screens_of_owner on shared_screens to current_user using (true) with check (true);
grant select, insert, update on shared_screens to baraza_app;

-- Nothing is shared through a connection that has ended, and whatever ended with it ends where it does.
create function screens_end_with_connection() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    update shared_screens set ended_at = greatest(began_at, new.left_at)
        where meeting_id = new.meeting_id and participant_sid = new.participant_sid
          and (ended_at is null or ended_at > new.left_at or not end_was_told and ended_at = old.left_at);
    return null;
end $$;
create trigger attendance_spans_end_screens after insert or update of left_at on attendance_spans
    for each row when (new.left_at is not null) execute function screens_end_with_connection();
