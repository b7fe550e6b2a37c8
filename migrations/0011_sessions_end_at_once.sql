-- An ended session is told to every process at once: until its access token expires, each refuses it from memory.

create index sessions_ended on sessions (revoked_at) where revoked_at is not null;

create function tell_session_ended() returns trigger language plpgsql as $$
begin
    perform pg_notify('sessions_ended', old.id::text);
    return null;
end $$;
create trigger sessions_revoked after update of revoked_at on sessions for each row
    when (old.revoked_at is null and new.revoked_at is not null) execute function tell_session_ended();
create trigger sessions_deleted after delete on sessions for each row
    when (old.revoked_at is null) execute function tell_session_ended();
