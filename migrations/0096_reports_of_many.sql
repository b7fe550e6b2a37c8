-- Reports of a member and of an organization's meetings can be issued too.

alter table issued_reports
    alter column meeting_id drop not null,
    -- Whose movements it rests on; null when it is everybody's.
    add column user_id uuid,
    -- All the meetings that it rests on.
    add column meetings uuid[] not null default '{}';
alter table issued_reports disable trigger user;
update issued_reports set meetings = array[meeting_id];
alter table issued_reports enable trigger user;
alter table issued_reports enable always trigger issued_reports_append_only;
alter table issued_reports alter column meetings drop default;
select audit_attach('issued_reports', 'report', '{}', '{movements,meetings}', '{"+": "issued"}');

-- As before, with the member.
create or replace function entry_of_report(report issued_reports) returns uuid stable language sql as $$
    select a.id from audit_log a
    where a.entity_id = report.id and a.action = 'report.issued' and a.organization_id = report.organization_id
      and a.meeting_id is not distinct from report.meeting_id
      and a.after ->> 'user_id' is not distinct from report.user_id::text
      and a.after ->> 'code' = '\x' || encode(report.code, 'hex')
      and a.after ->> 'file' = '\x' || encode(report.file, 'hex')
      and a.after ->> 'record' = '\x' || encode(report.record, 'hex')
      and a.after ->> 'seal_sequence' is not distinct from report.seal_sequence::text
      and a.after ->> 'seal_hash' is not distinct from '\x' || encode(report.seal_hash, 'hex')
      and (a.after ->> 'issued_at')::timestamptz = report.issued_at
    limit 1
$$;
