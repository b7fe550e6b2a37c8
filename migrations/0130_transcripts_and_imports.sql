-- Transcripts of recordings, and recordings that come into the vault from elsewhere.

-- A file that is being fetched from elsewhere. No recorder has anything to do with it.
alter type recording_status add value 'importing' before 'available';

-- What an imported file is called; other recordings go by their meeting's title.
alter table recordings add column title text constraint recordings_title check (length(title) between 1 and 200);

-- From where, and how far. The address is known until the file is there or has failed: it may hold a secret.
create table recording_imports (
    recording_id uuid primary key references recordings (id) on delete cascade,
    organization_id uuid not null references organizations (id) on delete cascade,
    host text not null,
    url text,
    received_bytes bigint not null default 0,
    total_bytes bigint
);
select audit_attach('recording_imports', 'recording_import', '{}', '{url,received_bytes,total_bytes}', '{"+": "requested"}', 'recording_id');

alter table recording_imports enable row level security;
alter table recording_imports force row level security;
-- Whoever sees the recording sees how far it is; the address is never read for them.
create policy recording_imports_read on recording_imports for select to baraza_app
    using ((select app_is_system()) or exists (select from recordings r where r.id = recording_id));
create policy recording_imports_system on recording_imports to baraza_app using ((select app_is_system()));
create policy recording_imports_of_owner on recording_imports to current_user using (true) with check (true);
grant select, insert, update, delete on recording_imports to baraza_app;

-- How many bytes an organization's recordings may still take; null for any number.
create function recording_quota_left(organization uuid) returns bigint stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select (settings ->> 'recording_quota_gb')::bigint * 1000000000
           - (select coalesce(sum(size_bytes), 0)::bigint from recordings
              where organization_id = organization and object_key is not null)
    from organizations where id = organization
$$;

create or replace function recording_quota_used_up(organization uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select coalesce(recording_quota_left(organization) <= 0, false)
$$;

-- What a recording says in words. While it is being made `running_since` is set, and `run` tells one wish from the next.
create table recording_transcripts (
    recording_id uuid primary key references recordings (id) on delete cascade,
    organization_id uuid not null references organizations (id) on delete cascade,
    status text not null default 'waiting'
        constraint recording_transcripts_status check (status in ('waiting', 'available', 'failed')),
    run integer not null default 1,
    running_since timestamptz,
    failure_code text,
    failure_detail text,
    -- The language that was asked for, and the one that was heard.
    wanted_language text,
    language text,
    -- People who spoke and have not agreed to be written down.
    left_out integer not null default 0,
    requested_by uuid references users (id) on delete set null,
    requested_at timestamptz not null,
    finished_at timestamptz,
    constraint recording_transcripts_failure check ((status = 'failed') = (failure_code is not null))
);
select audit_attach('recording_transcripts', 'transcript', '{}',
    '{run,running_since,failure_detail,wanted_language,language,left_out,requested_by,requested_at,finished_at}',
    '{"+": "requested", "-": "deleted", "status": {"waiting": "requested", "available": "completed", "failed": "failed"}}', 'recording_id');

-- Whether somebody agrees that what they say in a recording is written down: members once for all, guests each time.
create function agrees_to_transcription(recording uuid, person uuid, guest uuid) returns boolean stable language sql
    set search_path = public as $$
    select case when person is not null
                then exists (select from consents where user_id = person and purpose = 'transcription' and withdrawn_at is null)
                else coalesce((select accepted from recording_consents where recording_id = recording and guest_id = guest
                               order by id desc limit 1), false) end
$$;

-- What was said, one row for each stretch. The file of captions is written from these rows when somebody wants it.
create table transcript_segments (
    recording_id uuid not null references recording_transcripts (recording_id) on delete cascade,
    number integer not null,
    organization_id uuid not null,
    starts_ms bigint not null,
    ends_ms bigint not null,
    -- Who said it, where each person was recorded apart.
    user_id uuid,
    guest_id uuid,
    name text,
    text text not null,
    words tsvector not null generated always as (to_tsvector('simple', text)) stored,
    primary key (recording_id, number),
    constraint transcript_segments_time check (starts_ms >= 0 and ends_ms > starts_ms),
    constraint transcript_segments_person check (num_nonnulls(user_id, guest_id) <= 1)
);
create index transcript_segments_words on transcript_segments using gin (words);

alter table recording_transcripts enable row level security;
alter table recording_transcripts force row level security;
create policy recording_transcripts_read on recording_transcripts for select to baraza_app
    using ((select app_is_system()) or exists (select from recordings r where r.id = recording_id));
create policy recording_transcripts_system on recording_transcripts to baraza_app using ((select app_is_system()));
create policy recording_transcripts_of_owner on recording_transcripts to current_user using (true) with check (true);
alter table transcript_segments enable row level security;
alter table transcript_segments force row level security;
create policy transcript_segments_read on transcript_segments for select to baraza_app
    using ((select app_is_system()) or exists (select from recordings r where r.id = recording_id));
create policy transcript_segments_system on transcript_segments to baraza_app using ((select app_is_system()));
create policy transcript_segments_of_owner on transcript_segments to current_user using (true) with check (true);
grant select, insert, update, delete on recording_transcripts, transcript_segments to baraza_app;

-- The recordings of an organization in which all these words were said in one stretch. It looks as the owner, since the
-- index serves nobody for whom each row has to be judged first; whoever asks goes on with those that the caller may see.
create function recordings_that_say(organization uuid, wanted text) returns uuid[] stable security definer language sql
    set search_path = public as $$
    select coalesce(array_agg(distinct recording_id), '{}') from transcript_segments
    where words @@ plainto_tsquery('simple', wanted) and organization_id = organization
$$;

-- Where the organization wants transcripts, each recording gets one as soon as its file is there.
create function wish_for_transcript() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    insert into recording_transcripts (recording_id, organization_id, requested_at)
        select new.id, id, now() from organizations
        where id = new.organization_id and (settings ->> 'transcripts')::boolean
        on conflict do nothing;
    if found then
        perform enqueue_job('recordings.transcribe', jsonb_build_object('recording', new.id, 'run', 1), 'epoch', null, false);
    end if;
    return null;
end $$;
create trigger recordings_wish_for_transcript after update of status on recordings for each row
    when (new.status = 'available' and old.status not in ('available', 'deleted'))
    execute function wish_for_transcript();
