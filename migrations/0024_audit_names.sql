-- The name of whoever made a change, whatever they are: also of those whom the reader does not know otherwise, for
-- what they did they did here. PL/pgSQL looks at the tables only when it is asked.
create function audit_actor_name(kind text, actor uuid) returns text stable security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
begin
    case kind
        when 'user' then return (select name from users where id = actor);
        when 'guest' then return (select name from guests where id = actor);
        when 'key' then return (select name from api_keys where id = actor);
        when 'device' then return (select name from device_tokens where id = actor);
        else return null;
    end case;
end $$;
