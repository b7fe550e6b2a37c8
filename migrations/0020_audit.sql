-- Who changed what: one row for each change that a person, a key, a device, a guest or the system makes.
--
-- Triggers write it, so no program can forget it. Who acts is read from the settings of the transaction:
--   app.user_id, app.key_id, app.device_id, app.guest_id   for whom it acts; none of them: the system itself
--   app.correlation_id                                     the request that asked for it
-- app.actor is another matter: it says what the transaction may do. A person's request that the program carries out
-- under the rights of the system is that person's change still.

create table audit_log (
    -- UUIDv7 of the moment of the change: the order of the log.
    id uuid primary key,
    at timestamptz not null,
    -- Null for what belongs to no organization: accounts, sign-ins, the platform.
    organization_id uuid,
    -- The meeting that the change belongs to, so that its history is found.
    meeting_id uuid,
    actor_type text not null
        constraint audit_log_actor_type check (actor_type in ('user', 'guest', 'key', 'device', 'system')),
    actor_id uuid,
    -- `<entity>.<verb>`: meeting.created, participant.banned.
    action text not null,
    entity_type text not null,
    entity_id uuid,
    before jsonb,
    after jsonb,
    correlation_id text
);
create index audit_log_by_organization on audit_log (organization_id, id);
create index audit_log_by_actor on audit_log (organization_id, actor_id, id);
create index audit_log_by_action on audit_log (organization_id, action, id);
create index audit_log_by_type on audit_log (organization_id, entity_type, id);
create index audit_log_by_entity on audit_log (entity_id, id);
create index audit_log_by_meeting on audit_log (meeting_id, id) where meeting_id is not null;
create trigger audit_log_append_only before update or delete or truncate on audit_log
    for each statement execute function refuse_change();

-- A UUIDv7 (RFC 9562) of a moment, with its microseconds in the bits behind the milliseconds: ids of one session sort
-- as they were made.
create function uuid_v7(moment timestamptz) returns uuid volatile parallel safe language sql as $$
    select encode(
        substring(int8send(floor(extract(epoch from moment) * 1000)::bigint) from 3)
        || int2send((28672 + ((extract(microseconds from moment)::bigint % 1000) * 4096 / 1000))::smallint)
        || set_byte(substring(uuid_send(gen_random_uuid()) from 9), 0,
                    get_byte(uuid_send(gen_random_uuid()), 8) & 63 | 128), 'hex')::uuid
$$;

-- The organizations whose log the caller reads.
create function app_audits() returns uuid[] stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select coalesce(array_agg(organization_id), '{}') from organization_members
    where user_id = app_user() and is_active and role = 'admin'
$$;

create function app_is_system_admin() returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select exists (select from users where id = app_user() and is_system_admin and is_active)
$$;

-- What administrators of the system read: what was done to the platform, and nothing of its people.
create function system_actions() returns text[] immutable parallel safe language sql as $$
    select '{organization.suspended,organization.resumed,user.made_system_admin,user.unmade_system_admin}'::text[]
$$;

alter table audit_log enable row level security;
alter table audit_log force row level security;
create policy audit_log_read on audit_log for select using (
    (select app_is_system())
    or organization_id = any ((select app_audits())::uuid[])
    or (organization_id is null and action = any (system_actions()) and (select app_is_system_admin()))
);
create policy audit_log_insert on audit_log for insert with check ((select app_is_system()));
-- No grant to insert: rows come from the functions below alone, which act as the owner.
grant select on audit_log to baraza_app;

-- Writes one row. For what changes no row of a table: a microphone was muted, a recording was fetched.
create function audit_record(organization uuid, meeting uuid, action text, entity_type text, entity uuid,
                             before jsonb, after jsonb)
    returns void security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    moment timestamptz := clock_timestamp();
    key uuid := nullif(current_setting('app.key_id', true), '')::uuid;
    device uuid := nullif(current_setting('app.device_id', true), '')::uuid;
    guest uuid := nullif(current_setting('app.guest_id', true), '')::uuid;
    person uuid := nullif(current_setting('app.user_id', true), '')::uuid;
begin
    insert into audit_log (id, at, organization_id, meeting_id, actor_type, actor_id, action, entity_type, entity_id,
                           before, after, correlation_id)
    values (uuid_v7(moment), moment, organization, meeting,
            case when key is not null then 'key' when device is not null then 'device'
                 when guest is not null then 'guest' when person is not null then 'user' else 'system' end,
            coalesce(key, device, guest, person), action, entity_type, entity, before, after,
            nullif(current_setting('app.correlation_id', true), ''));
end $$;

-- The columns of a row that are worth telling, those that hold a secret masked.
create function audit_view(columns jsonb, hidden text[]) returns jsonb immutable parallel safe language sql as $$
    select jsonb_object_agg(key, case when key = any (hidden) and value <> 'null' then '"***"' else value end)
    from jsonb_each(columns) where value <> 'null'
$$;

-- The trigger. Its arguments: entity, column of the entity's id, hidden columns, ignored columns, verbs, keys.
create function audit_row() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
declare
    entity text := tg_argv[0];
    hidden text[] := tg_argv[2];
    ignored text[] := tg_argv[3];
    verbs jsonb := tg_argv[4];
    keys text[] := tg_argv[5];
    was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - ignored end;
    becomes jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - ignored end;
    whole jsonb := coalesce(becomes, was);
    verb text;
begin
    if tg_op = 'INSERT' then
        verb := coalesce(verbs ->> '+', 'created');
    elsif tg_op = 'DELETE' then
        verb := coalesce(verbs ->> '-', 'deleted');
    else
        -- A verb of a column that came to a value: {"status": {"completed": "ended"}, "revoked_at": "ended"}.
        select case jsonb_typeof(v.value) when 'object' then v.value ->> (becomes ->> v.key)
                    else case when becomes ->> v.key is not null then v.value #>> '{}' end end
            into verb
            from jsonb_each(verbs) v
            where was -> v.key is distinct from becomes -> v.key
            order by 1 nulls last limit 1;
        verb := coalesce(verb, 'changed');
        -- Only what has changed, on both sides, and what tells which row it is.
        select jsonb_object_agg(n.key, o.value), jsonb_object_agg(n.key, n.value) into was, becomes
            from jsonb_each(becomes) n join jsonb_each(was) o on o.key = n.key
            where n.value is distinct from o.value or n.key = any (keys);
    end if;
    perform audit_record(
        case tg_table_name when 'organizations' then whole ->> 'id' else whole ->> 'organization_id' end::uuid,
        case tg_table_name when 'meetings' then whole ->> 'id' else whole ->> 'meeting_id' end::uuid,
        entity || '.' || verb, entity, (whole ->> tg_argv[1])::uuid,
        case when tg_op = 'UPDATE' then audit_mask(was, hidden) else audit_view(was, hidden) end,
        case when tg_op = 'UPDATE' then audit_mask(becomes, hidden) else audit_view(becomes, hidden) end);
    return null;
end $$;

-- As audit_view, but what is null is told: a column that became empty has changed.
create function audit_mask(columns jsonb, hidden text[]) returns jsonb immutable parallel safe language sql as $$
    select jsonb_object_agg(key, case when key = any (hidden) and value <> 'null' then '"***"' else value end)
    from jsonb_each(columns)
$$;

-- Puts a table under audit; called again, it takes the new arguments.
--   entity   what its rows are called
--   hidden   columns of which only the change is told, never the value
--   ignored  columns whose change is no news: counters, what programs note for themselves. A row of which nothing
--            else changed costs one comparison and writes nothing. updated_at and the like are always ignored.
--   keys     columns that are always told, because the entity's id alone does not say which row it is
--   verbs    names of changes: {"+": "invited", "-": "removed", "status": {"completed": "ended"}, "revoked_at": "ended"}
create function audit_attach(audited regclass, entity text, hidden text[] default '{}', ignored text[] default '{}',
                             verbs jsonb default '{}', id_column text default 'id', keys text[] default '{}')
    returns void language plpgsql as $$
begin
    ignored := ignored || '{created_at,updated_at,created_by,updated_by}'::text[];
    execute format('create or replace trigger audit_insert_delete after insert or delete on %s
                    for each row execute function audit_row(%L, %L, %L, %L, %L, %L)',
                   audited, entity, id_column, hidden, ignored, verbs, keys);
    execute format('create or replace trigger audit_update after update on %s for each row
                    when (to_jsonb(old) - %L::text[] is distinct from to_jsonb(new) - %L::text[])
                    execute function audit_row(%L, %L, %L, %L, %L, %L)',
                   audited, ignored, ignored, entity, id_column, hidden, ignored, verbs, keys);
end $$;

select audit_attach('organizations', 'organization');
select audit_attach('organization_members', 'member', '{}', '{invited_by}', '{"+": "added", "-": "removed"}', 'user_id');
select audit_attach('invitations', 'invitation', '{token_hash}', '{}', '{"accepted_at": "accepted", "-": "withdrawn"}');
select audit_attach('users', 'user', '{}', '{}',
    '{"is_system_admin": {"true": "made_system_admin", "false": "unmade_system_admin"}}');
select audit_attach('credentials', 'credential', '{password_hash}', '{}', '{}', 'user_id');
select audit_attach('sessions', 'session', '{}', '{last_used_at}', '{"revoked_at": "ended"}');
select audit_attach('password_resets', 'password_reset', '{token_hash}', '{}', '{"+": "asked", "used_at": "used"}', 'user_id');
select audit_attach('second_factors', 'second_factor', '{secret}', '{last_step}',
    '{"+": "begun", "-": "removed", "confirmed_at": "confirmed"}', 'user_id');
select audit_attach('recovery_codes', 'recovery_code', '{code_hash}', '{}', '{"+": "made", "-": "withdrawn", "used_at": "used"}',
    'user_id');
select audit_attach('meetings', 'meeting', '{}', '{provider_meeting_id,cancelled_by}',
    '{"status": {"in_progress": "started", "completed": "ended", "cancelled": "cancelled"}}');
select audit_attach('meeting_participants', 'participant', '{}',
    '{status,first_joined_at,last_left_at,duration_seconds,is_late,hand_raised_at,hand_raised_count,messages_sent,invited_by}',
    '{"+": "invited", "-": "removed", "approved_at": "admitted", "denied_at": "denied", "banned_at": "banned"}', 'user_id',
    '{meeting_id}');
-- What webhooks say of someone's presence is in the trail of movements; what a person says of it is a change.
create trigger audit_answer after update of status on meeting_participants for each row
    when (new.status is distinct from old.status and new.status in ('accepted', 'declined', 'pending_approval')
          and new.approved_at is not distinct from old.approved_at)
    execute function audit_row('participant', 'user_id', '{}',
        '{updated_at,updated_by,first_joined_at,last_left_at,duration_seconds,is_late,hand_raised_at,hand_raised_count,messages_sent}',
        '{"status": {"accepted": "accepted", "declined": "declined", "pending_approval": "knocked"}}', '{meeting_id}');
select audit_attach('chat_messages', 'chat_message', '{content,metadata}', '{seq}', '{"+": "posted"}');
select audit_attach('recordings', 'recording', '{}',
    '{engine,stop_reason,leased_by,lease_until,attempts,upload_id,codecs,gaps,duration_seconds,size_bytes,content_type,sha256,object_key,started_at,ended_at}',
    '{"+": "requested", "stop_requested_at": "stopped", "access_level": "shared", "allowed_roles": "shared",
      "status": {"recording": "started", "available": "completed", "failed": "failed", "deleted": "deleted"}}');
