-- What an organization has set, where the database itself goes by it.

-- Whether all data in the organization's rooms goes through the server.
create function app_records_strictly(organization uuid) returns boolean stable security definer language sql
    set search_path = public set app.actor = 'system' as $$
    select coalesce((select (settings ->> 'record_strict')::boolean from organizations where id = organization), false)
$$;

-- Whoever asks for a recording, it may be seen by whom the organization says.
create function recordings_as_the_organization_says() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    select coalesce((settings ->> 'recording_access_level')::recording_access, new.access_level),
           array(select jsonb_array_elements_text(coalesce(settings -> 'recording_allowed_roles', '[]')))::org_role[]
        into strict new.access_level, new.allowed_roles from organizations where id = new.organization_id;
    if new.access_level <> 'role_based' then
        new.allowed_roles := '{}';
    end if;
    return new;
end $$;
create trigger recordings_default_access before insert on recordings for each row
    when (new.access_level = 'private') execute function recordings_as_the_organization_says();

-- Recordings that an organization no longer wants to keep.
create index recordings_by_age on recordings (organization_id, ended_at) where status = 'available';
