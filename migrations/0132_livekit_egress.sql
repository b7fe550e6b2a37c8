-- Recordings that the LiveKit Egress service makes: what is known of its work, the furthest that it or a webhook said.
-- Its id is among that, so that a handler which takes a recording over goes on with the same egress.
alter table recordings add column egress jsonb;

select audit_attach('recordings', 'recording', '{}',
    '{engine,stop_reason,leased_by,lease_until,attempts,upload_id,codecs,gaps,pauses,duration_seconds,size_bytes,content_type,sha256,object_key,started_at,ended_at,trashed_at,held_by,locked_until,egress}',
    '{"+": "requested", "stop_requested_at": "stopped", "access_level": "shared", "allowed_roles": "shared",
      "allowed_people": "shared", "held_at": "held", "paused_at": "paused", "restored_at": "brought_back",
      "status": {"recording": "started", "available": "completed", "failed": "failed", "deleted": "deleted"}}');
