-- Whether a meeting took place: somebody said so (a room tablet, a person, a service), or LiveKit saw somebody in its
-- room. Of what nobody said anything the nightly job says that nobody showed up.

create type show_status as enum ('pending', 'attended', 'no_show');
create type show_source as enum ('device', 'user', 'service', 'livekit');

alter table meetings
    add column show_status show_status not null default 'pending',
    add column shown_at timestamptz,
    add column show_source show_source,
    add constraint meetings_shown check ((show_status = 'attended') = (shown_at is not null)
                                         and (shown_at is null) = (show_source is null));
-- What the nightly job looks for.
create index meetings_not_shown on meetings (organization_id, scheduled_start, id)
    where status = 'scheduled' and show_status = 'pending';

-- Its history is the audit log: meeting.shown and meeting.no_show.
select audit_attach('meetings', 'meeting', '{}', '{provider_meeting_id,cancelled_by}',
    '{"status": {"in_progress": "started", "completed": "ended", "cancelled": "cancelled"},
      "show_status": {"attended": "shown", "no_show": "no_show"}}');

-- A meeting that is moved has yet to show whether it takes place, unless it was shown at or after its new start.
create function meeting_shows_anew() returns trigger language plpgsql as $$
begin
    if new.show_status = 'no_show' or new.shown_at < new.scheduled_start then
        new.show_status := 'pending';
        new.shown_at := null;
        new.show_source := null;
    end if;
    return new;
end $$;
create trigger meetings_show_anew before update of scheduled_start on meetings for each row
    when (new.scheduled_start <> old.scheduled_start and old.show_status <> 'pending' and new.status = 'scheduled')
    execute function meeting_shows_anew();

-- LiveKit saw somebody of the list in the room between the start and the end of the window; gives whether that is news.
create function confirm_show(meeting uuid, until timestamptz, at timestamptz) returns boolean
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    came timestamptz;
begin
    select greatest(min(s.joined_at), m.scheduled_start) into came
        from meetings m
        join organizations o on o.id = m.organization_id
        join attendance_spans s on s.meeting_id = m.id
        join meeting_participants p on p.meeting_id = m.id and p.user_id = s.user_id and p.banned_at is null
        where m.id = meeting and m.show_status <> 'attended' and m.status <> 'cancelled'
          and coalesce((o.settings ->> 'livekit_join_shows')::boolean, true)
          and s.joined_at <= until and coalesce(s.left_at, at) >= m.scheduled_start
        group by m.id;
    if came is null then
        return false;
    end if;
    return store_show(meeting, 'attended', came, 'livekit');
end $$;

-- Stores whether a meeting took place and tells the pages. False when it was known.
create function store_show(meeting uuid, becomes show_status, at timestamptz, source show_source) returns boolean
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    m meetings;
begin
    update meetings set show_status = becomes, shown_at = at, show_source = source
        where id = meeting and show_status <> becomes and show_status <> 'attended'
        returning * into m;
    if not found then
        return false;
    end if;
    perform emit_meeting_event(m.id, 'meeting.updated', jsonb_build_object(
        'id', m.id, 'status', m.status, 'actual_start', m.actual_start, 'actual_end', m.actual_end, 'title', m.title,
        'show_status', m.show_status, 'shown_at', m.shown_at));
    return true;
end $$;

-- When an organization's nightly look for meetings without a show is due.
create table no_show_runs (
    organization_id uuid primary key references organizations (id) on delete cascade,
    due_at timestamptz not null default 'epoch'
);
create index no_show_runs_due on no_show_runs (due_at);
alter table no_show_runs enable row level security;
alter table no_show_runs force row level security;
create policy no_show_runs_system on no_show_runs to baraza_app using ((select app_is_system()));
-- For the functions that act with the owner's rights.
create policy no_show_runs_of_owner on no_show_runs to current_user using (true) with check (true);
grant select, insert, update, delete on no_show_runs to baraza_app;

-- In a new time zone the night comes at another time.
create function organization_has_nights() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    insert into no_show_runs (organization_id) values (new.id) on conflict (organization_id) do update set due_at = 'epoch';
    return null;
end $$;
create trigger organizations_nights after insert on organizations
    for each row execute function organization_has_nights();
create trigger organizations_nights_move after update of timezone on organizations for each row
    when (new.timezone <> old.timezone) execute function organization_has_nights();
insert into no_show_runs (organization_id) select id from organizations;
