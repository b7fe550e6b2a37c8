-- Recordings: the wish, who works on it, what is kept of it so far, and who may have it.
--
-- The server writes the wish (a row, stop_requested_at) and wakes the egress handlers with
-- pg_notify('recordings', id); a handler takes the row by lease and does everything else.

create type recording_status as enum
    ('requested', 'starting', 'recording', 'finalizing', 'available', 'failed', 'deleted');
create type recording_layout as enum ('grid', 'speaker', 'screen');
create type recording_access as enum ('public', 'role_based', 'private');

create table recordings (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    meeting_id uuid not null references meetings (id) on delete cascade,
    status recording_status not null default 'requested',
    failure_code text,
    failure_detail text,
    engine text not null default 'native',
    layout recording_layout not null default 'grid',
    audio_only boolean not null default false,

    requested_by uuid references users (id) on delete set null,
    requested_at timestamptz not null default now(),
    stop_requested_at timestamptz,
    stop_reason text,
    started_at timestamptz,
    ended_at timestamptz,

    duration_seconds double precision,
    size_bytes bigint,
    content_type text,
    sha256 text,
    object_key text,
    -- What is missing in the middle: [{"from": …, "to": …}].
    gaps jsonb not null default '[]',

    access_level recording_access not null default 'private',
    allowed_roles org_role[] not null default '{}',

    -- The handler that works on it, until when, and how often one took it: a handler that lost its lease
    -- carries an old number and can change nothing any more.
    leased_by uuid,
    lease_until timestamptz,
    attempts integer not null default 0,
    -- The multipart upload of the finished file, and how its samples are decoded.
    upload_id text,
    codecs jsonb not null default '{}',

    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    updated_by uuid references users (id) on delete set null,

    constraint recordings_failure check ((status = 'failed') = (failure_code is not null)),
    constraint recordings_available check
        (status <> 'available' or (object_key is not null and size_bytes is not null and sha256 is not null))
);
create unique index recordings_one_active_per_meeting on recordings (meeting_id)
    where status in ('requested', 'starting', 'recording', 'finalizing');
create index recordings_by_meeting on recordings (meeting_id, created_at desc, id desc);
create index recordings_by_organization on recordings (organization_id, created_at desc, id desc);
create index recordings_open on recordings (requested_at)
    where status in ('requested', 'starting', 'recording', 'finalizing');
create trigger recordings_updated_at before update on recordings for each row execute function set_updated_at();

-- Pieces of the file that are safe in the vault, each as an object of its own, in the order of the file.
create table recording_segments (
    recording_id uuid not null references recordings (id) on delete cascade,
    number integer not null,
    section integer not null,
    started_at timestamptz not null,
    ended_at timestamptz not null,
    byte_offset bigint not null,
    size_bytes integer not null,
    samples jsonb not null,
    -- The state of the hash over the file up to the end of this piece.
    hash_state bytea not null,
    primary key (recording_id, number)
);

-- Parts of the multipart upload that the store has confirmed.
create table recording_parts (
    recording_id uuid not null references recordings (id) on delete cascade,
    number integer not null,
    size_bytes bigint not null,
    etag text not null,
    primary key (recording_id, number)
);

-- Handlers that are alive, so that the server can say at once when none is.
create table egress_handlers (
    id uuid primary key,
    name text not null,
    capacity integer not null,
    running integer not null default 0,
    draining boolean not null default false,
    started_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now()
);

alter table recordings enable row level security;
alter table recordings force row level security;
create policy recordings_read on recordings for select using (
    app_is_system()
    or app_is_host(meeting_id)
    or (access_level = 'public' and app_member_role(organization_id) is not null)
    or (access_level = 'role_based' and app_member_role(organization_id) = any (allowed_roles))
);
create policy recordings_insert on recordings for insert with check (app_is_system() or app_is_host(meeting_id));
create policy recordings_update on recordings for update using (app_is_system() or app_is_host(meeting_id));
create policy recordings_delete on recordings for delete using (app_is_system());

alter table recording_segments enable row level security;
alter table recording_segments force row level security;
create policy recording_segments_system on recording_segments using (app_is_system());

alter table recording_parts enable row level security;
alter table recording_parts force row level security;
create policy recording_parts_system on recording_parts using (app_is_system());

-- How many recorders are free is no secret, and the server asks it in the transaction of the person who wants one.
alter table egress_handlers enable row level security;
alter table egress_handlers force row level security;
create policy egress_handlers_read on egress_handlers for select using (true);
create policy egress_handlers_write on egress_handlers using (app_is_system());

grant select, insert, update, delete on recordings, recording_segments, recording_parts, egress_handlers to baraza_app;
