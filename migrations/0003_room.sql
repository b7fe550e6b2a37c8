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

-- The sum of a person's spans in seconds (ATT-02). Where two connections of one person overlap, the time counts once;
-- an open span counts to nothing until it closes.
create function calculate_participant_duration(meeting uuid, person uuid) returns double precision stable language sql as $$
    select coalesce(sum(extract(epoch from upper(together) - lower(together))), 0)::double precision
    from (select unnest(range_agg(tstzrange(joined_at, left_at))) as together
          from attendance_spans where meeting_id = meeting and user_id = person and left_at is not null) spans
$$;

-- Late is a first join after the scheduled start plus the threshold in minutes (ATT-05).
create function check_participant_late(joined timestamptz, scheduled timestamptz, threshold integer) returns boolean
    immutable language sql as $$
    select joined > scheduled + make_interval(mins => threshold)
$$;

-- Writes the trail and refreshes the participant's summary whenever a span opens or closes. A correction is one more
-- row of the trail, so that what was believed before stays readable.
create function attendance_span_changed() returns trigger language plpgsql security definer
    set search_path = public set app.actor = 'system' as $$
begin
    if tg_op = 'INSERT' then
        insert into attendance_log (organization_id, meeting_id, user_id, span_id, event, occurred_at, source)
            values (new.organization_id, new.meeting_id, new.user_id, new.id, 'join', new.joined_at, new.opened_by::text);
    elsif new.left_at is null and old.left_at is not null then -- closed by mistake: presence goes on from there
        insert into attendance_log (organization_id, meeting_id, user_id, span_id, event, occurred_at, source)
            values (new.organization_id, new.meeting_id, new.user_id, new.id, 'join', old.left_at, 'reconcile');
    end if;
    if new.left_at is not null and (tg_op = 'INSERT' or new.left_at is distinct from old.left_at) then
        insert into attendance_log (organization_id, meeting_id, user_id, span_id, event, occurred_at, source)
            values (new.organization_id, new.meeting_id, new.user_id, new.id, 'leave', new.left_at, new.closed_by::text);
    end if;
    -- Whoever changes another span of this person meanwhile has to wait, or neither would see the other's.
    perform from meeting_participants where meeting_id = new.meeting_id and user_id = new.user_id for no key update;
    update meeting_participants p set
        first_joined_at = s.first_joined_at,
        last_left_at = s.last_left_at,
        is_late = check_participant_late(s.first_joined_at, m.scheduled_start,
                                         coalesce((m.settings ->> 'late_threshold_minutes')::integer, 5)),
        duration_seconds = calculate_participant_duration(new.meeting_id, new.user_id),
        status = case when s.is_there then 'joined'::participant_status else 'left'::participant_status end
    from meetings m,
         (select min(joined_at) as first_joined_at, max(left_at) as last_left_at, bool_or(left_at is null) as is_there
          from attendance_spans where meeting_id = new.meeting_id and user_id = new.user_id) s
    where m.id = new.meeting_id and p.meeting_id = new.meeting_id and p.user_id = new.user_id;
    return null;
end $$;
create trigger attendance_spans_changed after insert or update of left_at on attendance_spans
    for each row execute function attendance_span_changed();

-- Tells the pages that someone came or went. Deferred to the commit: the stream is locked last, after all rows of
-- participants, so that nobody waits for the other in a circle.
create function attendance_presence_changed() returns trigger language plpgsql security definer
    set search_path = public set app.actor = 'system' as $$
declare
    otherwise_there boolean := exists (select from attendance_spans
        where meeting_id = new.meeting_id and user_id = new.user_id and left_at is null and id <> new.id);
    was_there boolean := otherwise_there or (tg_op = 'UPDATE' and old.left_at is null);
    is_there boolean := otherwise_there or exists (select from attendance_spans where id = new.id and left_at is null);
begin
    if was_there <> is_there then
        perform emit_meeting_event(new.meeting_id, 'presence.changed',
                                   jsonb_build_object('user_id', new.user_id, 'online', is_there));
    end if;
    return null;
end $$;
create constraint trigger attendance_presence_changed after insert or update of left_at on attendance_spans
    deferrable initially deferred
    for each row when (new.user_id is not null) execute function attendance_presence_changed();

-- Webhooks as they came, once each. A worker does what they ask; what fails is tried again and then kept for a person.
create table webhook_inbox (
    source text not null,
    event_id text not null,
    -- What has to be worked off in the order of arrival: for LiveKit the room.
    subject text not null,
    queue text not null generated always as (source || ':' || subject) stored,
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
-- Whose turn it is, and what waits in the same queue before it.
create index webhook_inbox_turn on webhook_inbox (source, arrival) where processed_at is null and dead_at is null;
create index webhook_inbox_queue on webhook_inbox (queue, arrival) where processed_at is null and dead_at is null;
create index webhook_inbox_dead on webhook_inbox (arrival) where dead_at is not null;

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
    using ((select app_is_system()) or user_id = app_user() or app_is_host(meeting_id) or app_is_officer(organization_id));
create policy attendance_spans_write on attendance_spans using ((select app_is_system()));

alter table attendance_log enable row level security;
alter table attendance_log force row level security;
create policy attendance_log_read on attendance_log for select
    using ((select app_is_system()) or user_id = app_user() or app_is_host(meeting_id) or app_is_officer(organization_id));
create policy attendance_log_insert on attendance_log for insert
    with check (app_is_system() or (user_id = app_user() and event = 'requested'));

alter table webhook_inbox enable row level security;
alter table webhook_inbox force row level security;
-- In a subquery the question is asked once and not for every row, and the planner does not take it for rare.
create policy webhook_inbox_system on webhook_inbox using ((select app_is_system()));

grant select, insert, update, delete on meeting_streams, meeting_events, attendance_spans, webhook_inbox to baraza_app;
grant select, insert on chat_messages, attendance_log to baraza_app;
