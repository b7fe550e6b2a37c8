-- What was changed of a meeting, read from the audit log: there is one truth.

select audit_attach('custom_fields', 'custom_field');

-- Changes of a meeting and of who takes part in it, the newest first, behind an id. Who may read them is decided by the
-- program: the log itself is for admins, a meeting's history for its host and officers.
create function meeting_history(meeting uuid, before_id uuid, most integer)
    returns table (id uuid, at timestamptz, action text, actor_type text, actor_id uuid, actor_name text,
                   about_id uuid, about_name text, before jsonb, after jsonb)
    stable security definer rows 50 language sql set search_path = public set app.actor = 'system' as $$
    select a.id, a.at, a.action, a.actor_type, a.actor_id, actor.name, about.id, about.name, a.before, a.after
    from audit_log a
    left join users actor on a.actor_type = 'user' and actor.id = a.actor_id
    left join users about on a.entity_type = 'participant' and about.id = a.entity_id
    where a.meeting_id = meeting and a.entity_type in ('meeting', 'participant')
      and (before_id is null or a.id < before_id)
    order by a.id desc limit most
$$;
