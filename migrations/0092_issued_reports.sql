-- Reports that were handed out as files and can be proved: what they say, the file, and the movements they rest on. What
-- the audit log tells of each is sealed with it, so that nobody puts one in or changes one unnoticed.
create table issued_reports (
    id uuid primary key,
    -- No references: a report outlives what it is about, as the trail of movements does.
    organization_id uuid not null,
    meeting_id uuid not null,
    -- SHA-256 of what the report says; printed in it.
    code bytea not null constraint issued_reports_code_key unique
        constraint issued_reports_code check (octet_length(code) = 32),
    -- SHA-256 of the file.
    file bytea not null constraint issued_reports_file check (octet_length(file) = 32),
    -- The comings and goings that it rests on (attendance_log), in their order, and the SHA-256 of what they said.
    movements bigint[] not null,
    record bytea not null constraint issued_reports_record check (octet_length(record) = 32),
    -- The last seal of the organization's chain at that time.
    seal_sequence bigint,
    seal_hash bytea constraint issued_reports_seal check ((seal_sequence is null) = (seal_hash is null)),
    issued_at timestamptz not null
);
create index issued_reports_by_file on issued_reports (file);
create trigger issued_reports_append_only before update or delete or truncate on issued_reports
    for each statement execute function refuse_change();
alter table issued_reports enable always trigger issued_reports_append_only;
select audit_attach('issued_reports', 'report', '{}', '{movements}', '{"+": "issued"}');

-- The entry of the audit log that tells of a report, when it tells of this one.
create function entry_of_report(report issued_reports) returns uuid stable language sql as $$
    select a.id from audit_log a
    where a.entity_id = report.id and a.action = 'report.issued' and a.organization_id = report.organization_id
      and a.meeting_id = report.meeting_id and a.after ->> 'code' = '\x' || encode(report.code, 'hex')
      and a.after ->> 'file' = '\x' || encode(report.file, 'hex')
      and a.after ->> 'record' = '\x' || encode(report.record, 'hex')
      and a.after ->> 'seal_sequence' is not distinct from report.seal_sequence::text
      and a.after ->> 'seal_hash' is not distinct from '\x' || encode(report.seal_hash, 'hex')
      and (a.after ->> 'issued_at')::timestamptz = report.issued_at
    limit 1
$$;

alter table issued_reports enable row level security;
alter table issued_reports force row level security;
create policy issued_reports_system on issued_reports to baraza_app using ((select app_is_system()));
create policy issued_reports_of_owner on issued_reports to current_user using (true) with check (true);
grant select, insert on issued_reports to baraza_app;
