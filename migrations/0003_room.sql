-- What happens in the room: the stream of events, chat, attendance, and webhooks that tell of it.

-- Events of a meeting in the order in which they happened. The number is taken under the lock of the stream's row,
-- so events become visible in their order and without holes: what a page has seen is one number (Last-Event-ID).
create table meeting_streams (
    meeting_id uuid primary key references meetings (id) on delete cascade,
    last_seq bigint not null default 0,
    -- Up to here the events were sent into the LiveKit room.
    fanned_seq bigint not null default 0
) with (fillfactor = 70);
create index meeting_streams_behind on meeting_streams (meeting_id) where fanned_seq < last_seq;

create table meeting_events (
    meeting_id uuid not null references meetings (id) on delete cascade,
    seq bigint not null,
    event text not null,
    data jsonb not null,
    created_at timestamptz not null default now(),
    primary key (meeting_id, seq)
);

create function emit_meeting_event(meeting uuid, event text, data jsonb) returns bigint security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
declare
    number bigint;
begin
    insert into meeting_streams as s (meeting_id, last_seq) values (meeting, 1)
        on conflict (meeting_id) do update set last_seq = s.last_seq + 1
        returning last_seq into number;
    insert into meeting_events (meeting_id, seq, event, data) values (meeting, number, event, data);
    perform pg_notify('meeting_events', meeting::text);
    return number;
end $$;

create type chat_message_type as enum ('text', 'reaction', 'hand_raise', 'hand_lower', 'poll');

create table chat_messages (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    meeting_id uuid not null references meetings (id) on delete cascade,
    -- The number of the event that announced it: the order of the history.
    seq bigint not null,
    sender_id uuid references users (id) on delete set null,
    type chat_message_type not null default 'text',
    content text not null default '' constraint chat_messages_content_length check (length(content) <= 4000),
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    constraint chat_messages_seq_key unique (meeting_id, seq)
);
create index chat_messages_sender on chat_messages (sender_id);

-- Attendance: one span per connection (participant SID). A token that was asked for is no presence.
create type span_opened_by as enum ('webhook', 'reconcile');
create type span_closed_by as enum ('left', 'leave_call', 'replaced', 'room_finished', 'reconcile');

create table attendance_spans (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    meeting_id uuid not null references meetings (id) on delete cascade,
    user_id uuid references users (id) on delete set null,
    guest_name text,
    identity text not null,
    participant_sid text not null,
    room_sid text not null,
    joined_at timestamptz not null,
    left_at timestamptz constraint attendance_spans_order check (left_at >= joined_at),
    opened_by span_opened_by not null,
    closed_by span_closed_by,
    -- The last moment at which LiveKit was seen to list this connection.
    last_seen_at timestamptz not null,
    -- Comparisons in a row that missed it.
    misses smallint not null default 0,
    created_at timestamptz not null default now(),
    constraint attendance_spans_sid_key unique (meeting_id, participant_sid),
    constraint attendance_spans_closed check ((left_at is null) = (closed_by is null))
);
create index attendance_spans_open on attendance_spans (meeting_id) where left_at is null;
create index attendance_spans_user on attendance_spans (meeting_id, user_id, joined_at);

create type attendance_event as enum ('requested', 'join', 'leave');

-- The trail of movements: one row each, never changed.
create table attendance_log (
    id bigint generated always as identity primary key,
    organization_id uuid not null,
    meeting_id uuid not null,
    user_id uuid,
    span_id uuid,
    event attendance_event not null,
    occurred_at timestamptz not null,
    source text not null,
    recorded_at timestamptz not null default now()
);
create index attendance_log_meeting on attendance_log (meeting_id, user_id, occurred_at);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger attendance_log_append_only before update or delete or truncate on attendance_log
    for each statement execute function refuse_change();

-- The sum of a person's spans in seconds (ATT-02); an open span counts to nothing until it closes.
create function calculate_participant_duration(meeting uuid, person uuid) returns double precision stable language sql as $$
    select coalesce(sum(extract(epoch from left_at - joined_at)), 0)::double precision
    from attendance_spans where meeting_id = meeting and user_id = person and left_at is not null
$$;

-- Late is a first join after the scheduled start plus the threshold in minutes (ATT-05).
create function check_participant_late(joined timestamptz, scheduled timestamptz, threshold integer) returns boolean
    immutable language sql as $$
    select joined > scheduled + make_interval(mins => threshold)
$$;

-- Writes the trail and refreshes the participant's summary whenever a span opens or closes.
create function attendance_span_changed() returns trigger language plpgsql security definer
    set search_path = public set app.actor = 'system' as $$
declare
    meeting meetings;
begin
    if tg_op = 'INSERT' then
        insert into attendance_log (organization_id, meeting_id, user_id, span_id, event, occurred_at, source)
            values (new.organization_id, new.meeting_id, new.user_id, new.id, 'join', new.joined_at, new.opened_by::text);
    end if;
    if new.left_at is not null and (tg_op = 'INSERT' or old.left_at is null) then
        insert into attendance_log (organization_id, meeting_id, user_id, span_id, event, occurred_at, source)
            values (new.organization_id, new.meeting_id, new.user_id, new.id, 'leave', new.left_at, new.closed_by::text);
    end if;
    if new.user_id is null then
        return null;
    end if;
    select * into meeting from meetings where id = new.meeting_id;
    update meeting_participants p set
        first_joined_at = least(p.first_joined_at, new.joined_at),
        is_late = check_participant_late(least(p.first_joined_at, new.joined_at), meeting.scheduled_start,
                                         coalesce((meeting.settings ->> 'late_threshold_minutes')::integer, 5)),
        last_left_at = greatest(p.last_left_at, new.left_at),
        duration_seconds = calculate_participant_duration(new.meeting_id, new.user_id),
        status = case when exists (select from attendance_spans s where s.meeting_id = new.meeting_id
                                   and s.user_id = new.user_id and s.left_at is null)
                      then 'joined'::participant_status else 'left'::participant_status end
    where p.meeting_id = new.meeting_id and p.user_id = new.user_id;
    return null;
end $$;
create trigger attendance_spans_changed after insert or update of left_at on attendance_spans
    for each row execute function attendance_span_changed();

-- Webhooks as they came, once each. A worker does what they ask; what fails is tried again and then kept for a person.
create table webhook_inbox (
    source text not null,
    event_id text not null,
    -- What has to be worked off in the order of arrival: for LiveKit the room.
    subject text not null,
    kind text not null,
    body jsonb not null,
    received_at timestamptz not null,
    arrival bigint generated always as identity,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null,
    processed_at timestamptz,
    dead_at timestamptz,
    error text,
    constraint webhook_inbox_pkey primary key (source, event_id)
);
create index webhook_inbox_waiting on webhook_inbox (source, subject, arrival)
    where processed_at is null and dead_at is null;

alter table meeting_streams enable row level security;
alter table meeting_streams force row level security;
create policy meeting_streams_read on meeting_streams for select using (app_is_system() or app_takes_part(meeting_id));
create policy meeting_streams_write on meeting_streams using (app_is_system());

alter table meeting_events enable row level security;
alter table meeting_events force row level security;
create policy meeting_events_read on meeting_events for select using (app_is_system() or app_takes_part(meeting_id));
create policy meeting_events_write on meeting_events using (app_is_system());

alter table chat_messages enable row level security;
alter table chat_messages force row level security;
create policy chat_messages_read on chat_messages for select using (app_is_system() or app_takes_part(meeting_id));
create policy chat_messages_insert on chat_messages for insert
    with check (app_is_system() or (sender_id = app_user() and app_takes_part(meeting_id)));

alter table attendance_spans enable row level security;
alter table attendance_spans force row level security;
create policy attendance_spans_read on attendance_spans for select
    using (app_is_system() or user_id = app_user() or app_is_host(meeting_id) or app_is_officer(organization_id));
create policy attendance_spans_write on attendance_spans using (app_is_system());

alter table attendance_log enable row level security;
alter table attendance_log force row level security;
create policy attendance_log_read on attendance_log for select
    using (app_is_system() or user_id = app_user() or app_is_host(meeting_id) or app_is_officer(organization_id));
create policy attendance_log_insert on attendance_log for insert
    with check (app_is_system() or (user_id = app_user() and event = 'requested'));

alter table webhook_inbox enable row level security;
alter table webhook_inbox force row level security;
create policy webhook_inbox_system on webhook_inbox using (app_is_system());

grant select, insert, update, delete on meeting_streams, meeting_events, attendance_spans, webhook_inbox to baraza_app;
grant select, insert on chat_messages, attendance_log to baraza_app;
