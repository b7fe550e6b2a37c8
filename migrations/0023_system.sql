-- What administrators of the system see and do: all organizations, and nothing of what is in them.

create index organizations_by_name on organizations (name, id);
create index users_system_admins on users (id) where is_system_admin;

-- Organizations by name, or `one` of them, with how much there is of what. Only for administrators of the system; numbers, no names.
create function system_organizations(one uuid, search text, after_name text, after_id uuid, most bigint)
    returns table (id uuid, name text, slug text, created_at timestamptz, suspended_at timestamptz, suspended_reason text,
                   members bigint, meetings bigint, storage_bytes bigint)
    stable security definer language plpgsql set search_path = public set app.actor = 'system' as $$
begin
    if not app_is_system_admin() then
        perform refuse_privilege();
    end if;
    return query
        select o.id, o.name, o.slug, o.created_at, o.suspended_at, o.suspended_reason,
               (select count(*) from organization_members m where m.organization_id = o.id and m.is_active),
               (select count(*) from meetings m where m.organization_id = o.id),
               (select coalesce(sum(r.size_bytes), 0)::bigint from recordings r
                where r.organization_id = o.id and r.status <> 'deleted')
        from (select * from organizations q
              where (one is null or q.id = one) and (search is null or strpos(lower(q.name), lower(search)) > 0 or strpos(q.slug, lower(search)) > 0)
                and (after_name is null or (q.name, q.id) > (after_name, after_id))
              order by q.name, q.id limit most) o
        order by o.name, o.id;
end $$;
