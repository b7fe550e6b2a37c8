-- The policies bind the role that programs work under. Functions that act with the owner's rights decide for
-- themselves, so that PostgreSQL need not prepare the policies of every table that they touch: that was most of what
-- joining a meeting cost. Row-level security stays forced; the owner has a policy of its own.
do $$
declare
    it record;
begin
    for it in select policyname, tablename from pg_policies where schemaname = 'public' and roles = '{public}' loop
        execute format('alter policy %I on %I to baraza_app', it.policyname, it.tablename);
    end loop;
    for it in select relname from pg_class c where relnamespace = 'public'::regnamespace and relforcerowsecurity
              and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = c.relname || '_of_owner') loop
        execute format('create policy %I on %I to %I using (true) with check (true)', it.relname || '_of_owner', it.relname,
                       current_user);
    end loop;
end $$;
