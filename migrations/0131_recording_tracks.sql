-- Each person's microphone as a file of its own, beside the recording, where the organization wants transcripts.

-- A track is what one section of a recording (one handler's work on it) has of one person, as Ogg/Opus, in the packets
-- that the person's browser sent. While it is recorded it is kept in pieces (Key::TrackPiece, counted by `pieces`);
-- once the recording is available a handler joins them into the file (Key::Track) and deletes them. A track whose
-- sha256 is null is not there yet. When no track of an available recording is without it, all are there.
create table recording_tracks (
    recording_id uuid not null references recordings (id) on delete cascade,
    section integer not null,
    number integer not null,
    -- Whose microphone: a member, a guest, or whom LiveKit calls so.
    identity text not null,
    user_id uuid,
    guest_id uuid,
    name text not null,
    -- Where the track begins in the recording's file: a moment of the track is this much later in the recording.
    starts_ms bigint not null,
    duration_ms bigint not null,
    pieces integer not null,
    size_bytes bigint not null,
    sha256 text,
    primary key (recording_id, section, number),
    constraint recording_tracks_person check (num_nonnulls(user_id, guest_id) <= 1)
);
create index recording_tracks_unfinished on recording_tracks (recording_id) where sha256 is null;

alter table recording_tracks enable row level security;
alter table recording_tracks force row level security;
create policy recording_tracks_system on recording_tracks to baraza_app using ((select app_is_system()));
create policy recording_tracks_of_owner on recording_tracks to current_user using (true) with check (true);
grant select, insert, update, delete on recording_tracks to baraza_app;

-- Until when the store itself refuses to delete the file (object lock), where it is told to.
alter table recordings add column locked_until timestamptz;
