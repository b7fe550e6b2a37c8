-- Row-level security as a second wall: it decides by the same permissions as the program, asks once per query what it
-- can (in a subquery), and guards the columns that make somebody powerful.

create or replace function app_takes_part(meeting uuid) returns boolean stable security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    return exists (
        select from meeting_participants p
        join organization_members m on m.organization_id = p.organization_id and m.user_id = p.user_id and m.is_active
        join organizations o on o.id = p.organization_id and o.suspended_at is null
        where p.meeting_id = meeting and p.user_id = app_user());
end $$;

create or replace function app_moderates(meeting uuid) returns boolean stable security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    return exists (
        select from meeting_participants p
        join organization_members m on m.organization_id = p.organization_id and m.user_id = p.user_id and m.is_active
        join organizations o on o.id = p.organization_id and o.suspended_at is null
        where p.meeting_id = meeting and p.user_id = app_user() and p.role in ('host', 'co_host'));
end $$;

create or replace function app_is_host(meeting uuid) returns boolean stable security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    return exists (
        select from meetings mt
        join organization_members m on m.organization_id = mt.organization_id and m.user_id = mt.host_id and m.is_active
        join organizations o on o.id = mt.organization_id and o.suspended_at is null
        where mt.id = meeting and mt.host_id = app_user());
end $$;

-- People ---------------------------------------------------------------------------------------------------------

alter policy platform_system on platform using ((select app_is_system()));
alter policy credentials_system on credentials using ((select app_is_system()));
alter policy refresh_tokens_system on refresh_tokens using ((select app_is_system()));

-- Whoever shares an organization with the caller, former members included: their names stand in records.
alter policy users_read on users using (
    (select app_is_system()) or id = (select app_user())
    or exists (select from organization_members m
               where m.user_id = users.id and m.organization_id = any ((select app_organizations())::uuid[])));
drop function app_knows(uuid);
alter policy users_insert on users with check ((select app_is_system()));
alter policy users_update on users using ((select app_is_system()) or id = (select app_user()));
alter policy users_delete on users using ((select app_is_system()));

drop policy sessions_own on sessions;
create policy sessions_read on sessions for select using ((select app_is_system()) or user_id = (select app_user()));
create policy sessions_update on sessions for update using ((select app_is_system()) or user_id = (select app_user()));
create policy sessions_system on sessions using ((select app_is_system()));

-- Refuses what nobody may change in a transaction of their own.
create function refuse_privilege() returns void language plpgsql as $$
begin
    raise exception 'this is not yours to change' using errcode = 'insufficient_privilege';
end $$;

create function guard_user() returns trigger language plpgsql as $$
declare
    guarded text[] := '{id,email,kind,is_system_admin,is_active,created_at,created_by}';
    was jsonb := to_jsonb(old);
    becomes jsonb := to_jsonb(new);
    field text;
begin
    foreach field in array guarded loop
        if was -> field is distinct from becomes -> field then
            perform refuse_privilege();
        end if;
    end loop;
    return new;
end $$;
create trigger users_guard before update on users for each row when (not app_is_system()) execute function guard_user();

create function guard_session() returns trigger language plpgsql as $$
begin
    if to_jsonb(old) - '{revoked_at,last_used_at}'::text[] is distinct from to_jsonb(new) - '{revoked_at,last_used_at}'::text[]
       or (old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at) then
        perform refuse_privilege();
    end if;
    return new;
end $$;
create trigger sessions_guard before update on sessions
    for each row when (not app_is_system()) execute function guard_session();

-- Organizations --------------------------------------------------------------------------------------------------

-- A suspended organization is seen by its members, so that they can be told.
alter policy organizations_read on organizations using (
    (select app_is_system()) or id = any ((select app_organizations())::uuid[])
    or (suspended_at is not null and app_is_suspended(id)));
alter policy organizations_insert on organizations with check ((select app_is_system()));
alter policy organizations_update on organizations
    using ((select app_is_system()) or id = any ((select app_may_in('settings.manage'))::uuid[]));

create function guard_organization() returns trigger language plpgsql as $$
begin
    if (old.id, old.suspended_at, old.suspended_reason) is distinct from (new.id, new.suspended_at, new.suspended_reason) then
        perform refuse_privilege();
    end if;
    return new;
end $$;
create trigger organizations_guard before update on organizations
    for each row when (not app_is_system()) execute function guard_organization();

alter policy organization_members_read on organization_members using (
    (select app_is_system()) or user_id = (select app_user())
    or organization_id = any ((select app_organizations())::uuid[]));
-- One policy for each command, so that reading asks nothing of writing.
drop policy organization_members_write on organization_members;
create policy organization_members_insert on organization_members for insert
    with check ((select app_is_system()) or organization_id = any ((select app_may_in('members.manage'))::uuid[]));
create policy organization_members_update on organization_members for update
    using ((select app_is_system()) or organization_id = any ((select app_may_in('members.manage'))::uuid[]));
create policy organization_members_delete on organization_members for delete
    using ((select app_is_system()) or organization_id = any ((select app_may_in('members.manage'))::uuid[]));

-- Only admins make and unmake admins.
create function guard_member() returns trigger language plpgsql as $$
begin
    if 'admin' in (old.role, new.role) and app_member_role(coalesce(new.organization_id, old.organization_id)) is distinct from 'admin'
       or (tg_op = 'UPDATE' and (old.organization_id, old.user_id) is distinct from (new.organization_id, new.user_id)) then
        perform refuse_privilege();
    end if;
    return coalesce(new, old);
end $$;
create trigger organization_members_guard before insert or update or delete on organization_members
    for each row when (not app_is_system()) execute function guard_member();

drop policy invitations_admin on invitations;
create policy invitations_manage on invitations
    using ((select app_is_system()) or organization_id = any ((select app_may_in('members.invite'))::uuid[]));

-- Meetings -------------------------------------------------------------------------------------------------------

alter policy meetings_read on meetings using (
    (select app_is_system())
    or organization_id = any ((select app_may_in('meetings.see_all'))::uuid[])
    or (organization_id = any ((select app_organizations())::uuid[]) and app_takes_part(id)));
alter policy meetings_insert on meetings with check (
    (select app_is_system()) or organization_id = any ((select app_may_in('meetings.schedule'))::uuid[]));
-- Who invites locks the meeting, which asks for this policy; what they may change of it, the guard says.
alter policy meetings_update on meetings using (
    (select app_is_system())
    or organization_id = any ((select app_may_in('meetings.manage', 'participants.invite'))::uuid[])
    or (organization_id = any ((select app_organizations())::uuid[]) and (host_id = (select app_user()) or app_moderates(id))));

create function guard_meeting() returns trigger language plpgsql as $$
begin
    if (old.id, old.organization_id, old.room_name) is distinct from (new.id, new.organization_id, new.room_name)
       or not (app_is_host(old.id) or app_moderates(old.id) or app_may(old.organization_id, 'meetings.manage')) then
        perform refuse_privilege();
    end if;
    return new;
end $$;
create trigger meetings_guard before update on meetings
    for each row when (not app_is_system()) execute function guard_meeting();

alter policy meeting_participants_read on meeting_participants using (
    (select app_is_system())
    or organization_id = any ((select app_may_in('participants.view', 'participants.invite', 'attendance.view'))::uuid[])
    or (organization_id = any ((select app_organizations())::uuid[])
        and (user_id = (select app_user()) or app_takes_part(meeting_id))));
drop policy meeting_participants_write on meeting_participants;
create policy meeting_participants_insert on meeting_participants for insert with check (
    (select app_is_system())
    or organization_id = any ((select app_may_in('participants.invite'))::uuid[])
    or app_moderates(meeting_id) or app_is_host(meeting_id));
create policy meeting_participants_moderate on meeting_participants for update
    using ((select app_is_system()) or app_moderates(meeting_id));
create policy meeting_participants_delete on meeting_participants for delete
    using ((select app_is_system()) or app_moderates(meeting_id));
alter policy meeting_participants_own on meeting_participants
    using (user_id = (select app_user()) and organization_id = any ((select app_organizations())::uuid[]))
    with check (user_id = (select app_user()));

-- One's own row: the answer to the invitation and nothing else. Roles are the host's matter.
create function guard_participant() returns trigger language plpgsql as $$
declare
    was jsonb := to_jsonb(old);
    becomes jsonb := to_jsonb(new);
begin
    if not app_moderates(old.meeting_id) then
        if was - '{status,updated_at,updated_by}'::text[] is distinct from becomes - '{status,updated_at,updated_by}'::text[]
           or (new.status is distinct from old.status and new.status not in ('accepted', 'declined')) then
            perform refuse_privilege();
        end if;
    elsif new.role is distinct from old.role and not app_is_host(old.meeting_id)
          or (old.meeting_id, old.user_id, old.organization_id) is distinct from (new.meeting_id, new.user_id, new.organization_id) then
        perform refuse_privilege();
    end if;
    return new;
end $$;
create trigger meeting_participants_guard before update on meeting_participants
    for each row when (not app_is_system()) execute function guard_participant();

-- The room -------------------------------------------------------------------------------------------------------

alter policy meeting_streams_read on meeting_streams using ((select app_is_system()) or app_takes_part(meeting_id));
alter policy meeting_streams_write on meeting_streams using ((select app_is_system()));
alter policy meeting_events_read on meeting_events using ((select app_is_system()) or app_takes_part(meeting_id));
alter policy meeting_events_write on meeting_events using ((select app_is_system()));
alter policy chat_messages_read on chat_messages using ((select app_is_system()) or app_takes_part(meeting_id));
alter policy chat_messages_insert on chat_messages
    with check ((select app_is_system()) or (sender_id = (select app_user()) and app_takes_part(meeting_id)));

alter policy attendance_spans_read on attendance_spans using (
    (select app_is_system()) or user_id = (select app_user())
    or organization_id = any ((select app_may_in('attendance.view'))::uuid[]) or app_is_host(meeting_id));
alter policy attendance_log_read on attendance_log using (
    (select app_is_system()) or user_id = (select app_user())
    or organization_id = any ((select app_may_in('attendance.view'))::uuid[]) or app_is_host(meeting_id));
alter policy attendance_log_insert on attendance_log
    with check ((select app_is_system()) or (user_id = (select app_user()) and event = 'requested'));

-- Recordings -----------------------------------------------------------------------------------------------------

alter policy recordings_read on recordings using (
    (select app_is_system())
    or organization_id = any ((select app_may_in('recordings.manage'))::uuid[])
    or (organization_id = any ((select app_may_in('recordings.view'))::uuid[])
        and (access_level = 'public'
             or (access_level = 'role_based' and app_member_role(organization_id) = any (allowed_roles))))
    or app_is_host(meeting_id)
    or (status in ('requested', 'starting', 'recording', 'finalizing') and app_moderates(meeting_id)));
alter policy recordings_insert on recordings with check ((select app_is_system()) or app_is_host(meeting_id));
alter policy recordings_update on recordings using (
    (select app_is_system()) or organization_id = any ((select app_may_in('recordings.manage'))::uuid[])
    or app_is_host(meeting_id));
alter policy recordings_delete on recordings using ((select app_is_system()));
alter policy recording_segments_system on recording_segments using ((select app_is_system()));
alter policy recording_parts_system on recording_parts using ((select app_is_system()));
alter policy egress_handlers_write on egress_handlers using ((select app_is_system()));
