-- What API keys may do follows from their scopes, and what is done to keys and tokens stands in the audit log.

-- The permissions that come with a scope. The same stands in the program (access/scope.rs); a test compares them.
create function scope_permissions(scope api_scope) returns text[] immutable parallel safe language sql as $$
    select case scope
        when 'meetings.read' then '{meetings.see_all,participants.view}'
        when 'meetings.write' then
            '{meetings.see_all,meetings.schedule,meetings.manage,participants.view,participants.invite}'
        when 'attendance.read' then '{meetings.see_all,attendance.view}'
        when 'recordings.read' then '{meetings.see_all,recordings.view}'
        when 'members.read' then '{members.view}'
        when 'members.write' then '{members.view,members.invite,members.manage}'
        else '{}' end::text[]
$$;

create or replace function app_may_in(variadic permissions text[]) returns uuid[] stable security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    if coalesce(current_setting('app.key_id', true), '') <> '' then
        return (
            select coalesce(array_agg(m.organization_id), '{}') from api_keys k
            join organization_members m on m.user_id = k.account_id and m.organization_id = k.organization_id and m.is_active
            join organizations o on o.id = m.organization_id and o.suspended_at is null
            where k.id = current_setting('app.key_id')::uuid and k.account_id = app_user() and k.revoked_at is null
              and exists (select from unnest(k.scopes) scope where scope_permissions(scope) && permissions)
        );
    end if;
    return (
        select coalesce(array_agg(m.organization_id), '{}') from organization_members m
        join organizations o on o.id = m.organization_id and o.suspended_at is null
        where m.user_id = app_user() and m.is_active and exists (
            select from unnest(permissions) wanted
            left join organization_permissions p on p.organization_id = m.organization_id and p.permission = wanted
            where permission_granted(m.role, wanted, p.roles))
    );
end $$;

alter policy api_keys_admin on api_keys
    using ((select app_is_system()) or organization_id = any ((select app_may_in('keys.manage'))::uuid[]));
alter policy device_tokens_admin on device_tokens
    using ((select app_is_system()) or organization_id = any ((select app_may_in('keys.manage'))::uuid[]));

select audit_attach('api_keys', 'api_key', '{secret_hash,previous_hash}', '{last_used_at,account_id}',
    '{"revoked_at": "revoked", "secret_hash": "rotated"}');
select audit_attach('device_tokens', 'device_token', '{secret_hash,previous_hash}', '{last_used_at}',
    '{"revoked_at": "revoked", "secret_hash": "rotated"}');
select audit_attach('identities', 'identity', '{}', '{last_login_at}', '{"+": "linked", "-": "unlinked"}');
