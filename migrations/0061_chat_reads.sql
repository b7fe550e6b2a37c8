-- How far everybody has read a meeting's chat, on whatever device.
create table chat_reads (
    meeting_id uuid not null references meetings (id) on delete cascade,
    -- A user's id, or a guest's.
    reader uuid not null,
    organization_id uuid not null references organizations (id) on delete cascade,
    -- The number of the last message that was read.
    seq bigint not null,
    constraint chat_reads_pkey primary key (meeting_id, reader)
);
alter table chat_reads enable row level security;
alter table chat_reads force row level security;
create policy chat_reads_read on chat_reads for select to baraza_app using (
    (select app_is_system())
    or (reader = (select app_user()) and organization_id = any ((select app_organizations())::uuid[]))
    or (meeting_id = (select app_guest_meeting()) and reader = nullif(current_setting('app.guest_id', true), '')::uuid));
create policy chat_reads_insert on chat_reads for insert to baraza_app with check ((select app_is_system()));
create policy chat_reads_update on chat_reads for update to baraza_app using ((select app_is_system()));
create policy chat_reads_of_owner on chat_reads to current_user using (true) with check (true);
grant select, insert, update on chat_reads to baraza_app;
