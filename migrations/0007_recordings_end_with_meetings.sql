-- The end of a meeting, whoever brings it about, asks for the end of its recording.
--
-- Before the update, so that locks are taken in the order meeting, recording, stream of events everywhere.

create function stop_recordings_of_meeting() returns trigger security definer language plpgsql
    set search_path = public set app.actor = 'system' as $$
declare
    recording uuid;
begin
    for recording in
        update recordings set stop_requested_at = now(), stop_reason = 'meeting_ended'
        where meeting_id = new.id and stop_requested_at is null
          and status in ('requested', 'starting', 'recording', 'finalizing')
        returning id
    loop
        perform pg_notify('recordings', recording::text);
    end loop;
    return new;
end $$;
create trigger meetings_stop_recordings before update of status on meetings for each row
    when (new.status in ('completed', 'cancelled') and new.status is distinct from old.status)
    execute function stop_recordings_of_meeting();
