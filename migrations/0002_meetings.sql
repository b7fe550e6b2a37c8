-- Meetings and who takes part in them.

create type meeting_type as enum ('audio', 'video', 'screen_share');
create type meeting_status as enum ('scheduled', 'in_progress', 'completed', 'cancelled');
create type ended_by as enum ('host', 'room_empty');
create type venue_mode as enum ('in_person', 'virtual', 'hybrid');
create type schedule_kind as enum ('scheduled', 'instant', 'recurring');
create type creator_type as enum ('human', 'ai', 'system');
create type meeting_role as enum ('host', 'co_host', 'participant');
create type participant_status as enum ('invited', 'pending_approval', 'accepted', 'declined', 'joined', 'left');

create table meetings (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    title varchar(255) not null constraint meetings_title_length check (length(title) between 1 and 255),
    description text not null default '',
    agenda text not null default '',
    location text not null default '',
    scheduled_start timestamptz not null,
    scheduled_end timestamptz,
    timezone text not null default 'UTC',
    actual_start timestamptz,
    actual_end timestamptz,
    status meeting_status not null default 'scheduled',
    ended_by ended_by,
    meeting_type meeting_type not null default 'video',
    venue_mode venue_mode not null default 'in_person',
    schedule_kind schedule_kind not null default 'scheduled',
    host_id uuid references users (id) on delete set null,
    provider varchar(50) not null default 'livekit',
    provider_meeting_id varchar(255),
    room_name text not null constraint meetings_room_name_key unique,
    max_participants integer constraint meetings_max_participants_range check (max_participants between 1 and 10000),
    auto_record boolean not null default false,
    require_approval boolean not null default false,
    settings jsonb not null default '{}',
    custom_fields jsonb not null default '{}',
    related_object_type varchar(100),
    related_object_id varchar(255),
    created_by_type creator_type not null default 'human',
    cancelled_at timestamptz,
    cancelled_by uuid references users (id) on delete set null,
    cancel_reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid references users (id) on delete set null,
    updated_by uuid references users (id) on delete set null,
    constraint meetings_end_after_start check (scheduled_end is null or scheduled_end > scheduled_start),
    constraint meetings_related_object check ((related_object_type is null) = (related_object_id is null)),
    constraint meetings_provider_meeting_id_key unique (provider, provider_meeting_id)
);
create index meetings_by_organization on meetings (organization_id, scheduled_start desc, id desc);
create index meetings_by_status on meetings (organization_id, status, scheduled_start desc, id desc);
create index meetings_by_host on meetings (host_id, scheduled_start desc);
create index meetings_in_progress on meetings (id) where status = 'in_progress';
create index meetings_by_related_object on meetings (organization_id, related_object_type, related_object_id);
create index meetings_custom_fields on meetings using gin (custom_fields);
create index meetings_settings on meetings using gin (settings);
create trigger meetings_updated_at before update on meetings for each row execute function set_updated_at();

create table meeting_participants (
    meeting_id uuid not null references meetings (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    organization_id uuid not null references organizations (id) on delete cascade,
    role meeting_role not null default 'participant',
    status participant_status not null default 'invited',
    can_unmute boolean not null default true,
    can_share_screen boolean not null default true,
    -- Let in through the lobby; stays true, so that coming back needs no second knock.
    approved_at timestamptz,
    denied_at timestamptz,
    banned_at timestamptz,
    first_joined_at timestamptz,
    last_left_at timestamptz,
    duration_seconds double precision not null default 0,
    is_late boolean not null default false,
    hand_raised_at timestamptz,
    hand_raised_count integer not null default 0,
    messages_sent integer not null default 0,
    invited_by uuid references users (id) on delete set null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    updated_by uuid references users (id) on delete set null,
    constraint meeting_participants_pkey primary key (meeting_id, user_id)
);
create index meeting_participants_user on meeting_participants (user_id, meeting_id);
create trigger meeting_participants_updated_at before update on meeting_participants
    for each row execute function set_updated_at();

-- Whether the caller is invited to (or hosts) a meeting, and whether they moderate it.
create function app_takes_part(meeting uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select exists (select from meeting_participants p
                   join organization_members m on m.organization_id = p.organization_id and m.user_id = p.user_id and m.is_active
                   where p.meeting_id = meeting and p.user_id = app_user())
$$;

create function app_moderates(meeting uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select exists (select from meeting_participants p
                   join organization_members m on m.organization_id = p.organization_id and m.user_id = p.user_id and m.is_active
                   where p.meeting_id = meeting and p.user_id = app_user() and p.role in ('host', 'co_host'))
$$;

create function app_is_host(meeting uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select exists (select from meetings mt
                   join organization_members m on m.organization_id = mt.organization_id and m.user_id = mt.host_id and m.is_active
                   where mt.id = meeting and mt.host_id = app_user())
$$;

alter table meetings enable row level security;
alter table meetings force row level security;
create policy meetings_read on meetings for select
    using (app_is_system() or organization_id = any ((select app_organizations())::uuid[]));
create policy meetings_insert on meetings for insert
    with check (app_is_system() or app_is_officer(organization_id));
create policy meetings_update on meetings for update
    using (app_is_system() or (organization_id = any ((select app_organizations())::uuid[])
           and (host_id = app_user() or app_is_officer(organization_id) or app_moderates(id))));

alter table meeting_participants enable row level security;
alter table meeting_participants force row level security;
create policy meeting_participants_read on meeting_participants for select
    using (app_is_system() or user_id = app_user() or app_takes_part(meeting_id) or app_is_officer(organization_id));
create policy meeting_participants_write on meeting_participants
    using (app_is_system() or app_moderates(meeting_id) or app_is_host(meeting_id) or app_is_officer(organization_id));
-- One's own answer, leave and knock.
create policy meeting_participants_own on meeting_participants for update using (user_id = app_user())
    with check (user_id = app_user());

grant select, insert, update, delete on meetings, meeting_participants to baraza_app;
