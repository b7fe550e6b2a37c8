-- Work that a transaction leaves to be done after it: mail, calls to other services.

create table jobs (
    id bigint generated always as identity primary key,
    -- Which work: the program knows what to do for each name.
    name text not null,
    payload jsonb not null,
    -- Of the jobs of one name that wait, at most one has this key.
    unique_key text,
    -- The request that asked for it, so that the log can be followed across the queue.
    correlation_id text,
    enqueued_at timestamptz not null default now(),
    -- When it is to be done, or done again; while it is being done, when the worker's lease runs out.
    due_at timestamptz not null,
    is_taken boolean not null default false,
    attempts integer not null default 0,
    dead_at timestamptz,
    error text
);
create unique index jobs_waiting_once on jobs (name, unique_key) where not is_taken and dead_at is null;
create index jobs_due on jobs (due_at, id) where dead_at is null;
create index jobs_dead on jobs (id) where dead_at is not null;

-- Leaves a job in the caller's transaction, whoever that is. A waiting job with the same key takes the new payload and
-- the earlier time instead. One that is taken at once is run by the caller after its commit; should the caller die
-- before, a worker does it when the lease is over.
create function enqueue_job(job text, body jsonb, due timestamptz, once text, taken boolean) returns bigint
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    number bigint;
begin
    insert into jobs (name, payload, unique_key, correlation_id, due_at, is_taken, attempts)
        values (job, body, once, nullif(current_setting('app.correlation_id', true), ''), due, taken, taken::integer)
        on conflict (name, unique_key) where not is_taken and dead_at is null
            do update set payload = excluded.payload, due_at = least(jobs.due_at, excluded.due_at), attempts = 0,
                          correlation_id = excluded.correlation_id
        returning id into number;
    if not taken then
        perform pg_notify('jobs', '');
    end if;
    return number;
end $$;

alter table jobs enable row level security;
alter table jobs force row level security;
create policy jobs_system on jobs using ((select app_is_system()));

grant select, insert, update, delete on jobs to baraza_app;
