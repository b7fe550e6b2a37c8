-- The vault: who else may see a recording (named people, whoever has a link), the trash, legal holds, how much there may
-- be of it; and pauses while it is made.

alter table recordings
    -- While somebody has paused it nothing goes into the file; what was left out so: [{"from": …, "to": …}].
    add column paused_at timestamptz,
    add column pauses jsonb not null default '[]',
    -- People who may see it whatever the level, as long as they are in the organization.
    add column allowed_people uuid[] not null default '{}'
        constraint recordings_allowed_people check (cardinality(allowed_people) <= 200),
    -- In the trash since; the file is erased a week later.
    add column trashed_at timestamptz,
    add column restored_at timestamptz,
    -- A legal hold: nothing deletes it.
    add column held_at timestamptz,
    add column held_by uuid references users (id) on delete set null,
    add column hold_reason text constraint recordings_hold_reason check (length(hold_reason) <= 500),
    add constraint recordings_held check (held_at is null or status <> 'deleted'),
    add constraint recordings_trashed check (trashed_at is null or status = 'deleted');

-- Of two verbs the first in the alphabet counts: what came back from the trash was not completed just now.
select audit_attach('recordings', 'recording', '{}',
    '{engine,stop_reason,leased_by,lease_until,attempts,upload_id,codecs,gaps,pauses,duration_seconds,size_bytes,content_type,sha256,object_key,started_at,ended_at,trashed_at,held_by}',
    '{"+": "requested", "stop_requested_at": "stopped", "access_level": "shared", "allowed_roles": "shared",
      "allowed_people": "shared", "held_at": "held", "paused_at": "paused", "restored_at": "brought_back",
      "status": {"recording": "started", "available": "completed", "failed": "failed", "deleted": "deleted"}}');

-- A pause ends with the recording.
create function close_pause_of_recording() returns trigger language plpgsql as $$
begin
    new.pauses := new.pauses || jsonb_build_array(jsonb_build_object('from', new.paused_at, 'to', coalesce(new.ended_at, now())));
    new.paused_at := null;
    return new;
end $$;
create trigger recordings_close_pause before update of status on recordings for each row
    when (new.paused_at is not null and new.status not in ('requested', 'starting', 'recording'))
    execute function close_pause_of_recording();

-- Whether the organization and the meeting let the meeting be recorded.
create function recording_allowed(meeting uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select coalesce((select coalesce((m.settings ->> 'recording_allowed')::boolean, true)
                            and coalesce((o.settings ->> 'recording_allowed')::boolean, true)
                     from meetings m join organizations o on o.id = m.organization_id where m.id = meeting), false)
$$;

-- Whether an organization's recordings take as much as it allows them to.
create function recording_quota_used_up(organization uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select coalesce((select (settings ->> 'recording_quota_gb')::bigint * 1000000000
                            <= (select coalesce(sum(size_bytes), 0) from recordings
                                where organization_id = organization and object_key is not null)
                     from organizations where id = organization), false)
$$;

alter policy recordings_read on recordings using (
    (select app_is_system())
    or organization_id = any ((select app_may_in('recordings.manage'))::uuid[])
    or (organization_id = any ((select app_may_in('recordings.view'))::uuid[])
        and (access_level = 'public'
             or (access_level = 'role_based' and app_member_role(organization_id) = any (allowed_roles))
             or (select app_user()) = any (allowed_people)))
    or app_is_host(meeting_id)
    or (status in ('requested', 'starting', 'recording', 'finalizing') and app_moderates(meeting_id)));

-- The trash, by how long it has been there.
drop index recordings_to_erase;
create index recordings_to_erase on recordings (trashed_at) where status = 'deleted' and object_key is not null;
-- What an organization's files take.
create index recordings_stored on recordings (organization_id) include (size_bytes) where object_key is not null;

-- Links -----------------------------------------------------------------------------------------------------------

-- By which people without an account watch one recording. The secret in the address is kept as a hash.
create table share_links (
    id uuid primary key,
    organization_id uuid not null references organizations (id) on delete cascade,
    recording_id uuid not null references recordings (id) on delete cascade,
    name text not null default '' constraint share_links_name check (length(name) <= 100),
    token_hash bytea not null constraint share_links_token_hash_key unique,
    password_hash text,
    expires_at timestamptz,
    max_views integer constraint share_links_max_views check (max_views between 1 and 100000),
    views integer not null default 0,
    revoked_at timestamptz,
    revoked_by uuid references users (id) on delete set null,
    created_at timestamptz not null,
    created_by uuid references users (id) on delete set null,
    constraint share_links_views check (max_views is null or views <= max_views)
);
create index share_links_of_recording on share_links (recording_id, id desc);
select audit_attach('share_links', 'share_link', '{token_hash,password_hash}', '{views,revoked_by}', '{"revoked_at": "revoked"}');

alter table share_links enable row level security;
alter table share_links force row level security;
-- Whoever may decide who sees a recording: its host and those who keep the vault.
create policy share_links_all on share_links to baraza_app using (
    (select app_is_system()) or organization_id = any ((select app_may_in('recordings.manage'))::uuid[])
    or exists (select from recordings r where r.id = recording_id and app_is_host(r.meeting_id)));
create policy share_links_of_owner on share_links to current_user using (true) with check (true);
grant select, insert, update on share_links to baraza_app;

-- Consent ---------------------------------------------------------------------------------------------------------

-- What people answered to the notice that they are being recorded. Whoever answers anew adds a row.
create table recording_consents (
    id uuid primary key,
    organization_id uuid not null,
    -- No references: an answer outlives what it was about.
    meeting_id uuid not null,
    recording_id uuid not null,
    user_id uuid,
    guest_id uuid,
    accepted boolean not null,
    answered_at timestamptz not null,
    constraint recording_consents_person check (num_nonnulls(user_id, guest_id) = 1)
);
create index recording_consents_of_recording on recording_consents (recording_id, id);
create trigger recording_consents_append_only before update or delete or truncate on recording_consents
    for each statement execute function refuse_change();
alter table recording_consents enable always trigger recording_consents_append_only;
select audit_attach('recording_consents', 'recording_consent', '{}', '{}', '{"+": "answered"}');

alter table recording_consents enable row level security;
alter table recording_consents force row level security;
create policy recording_consents_read on recording_consents for select to baraza_app using (
    (select app_is_system()) or user_id = (select app_user())
    or organization_id = any ((select app_may_in('recordings.manage'))::uuid[]) or app_is_host(meeting_id));
create policy recording_consents_insert on recording_consents for insert to baraza_app with check ((select app_is_system()));
create policy recording_consents_of_owner on recording_consents to current_user using (true) with check (true);
grant select, insert on recording_consents to baraza_app;

-- Whether a recorder can work where it runs: what its handler last said.
alter table egress_handlers
    add column vault_reachable boolean not null default true,
    add column free_bytes bigint;
