-- Whoever was taken out of an organization is no member any more, but their name stands in its records: the row stays
-- and says when they went. Deactivated members have no such time and can come back. Whoever has not accepted their
-- invitation yet never counted.

alter table organization_members
    add column left_at timestamptz constraint organization_members_gone check (left_at is null or not is_active),
    add column accepted_at timestamptz;

update organization_members m set accepted_at = m.created_at
where m.is_active or not exists (select from invitations i where i.organization_id = m.organization_id
                                 and i.user_id = m.user_id and i.accepted_at is null);

create function organization_member_accepted() returns trigger language plpgsql as $$
begin
    new.accepted_at := now();
    return new;
end $$;
create trigger organization_members_accepted before insert or update of is_active on organization_members
    for each row when (new.is_active and new.accepted_at is null) execute function organization_member_accepted();

-- Invitations that wait, the newest first.
create index invitations_open on invitations (organization_id, id desc) where accepted_at is null;

select audit_attach('organization_members', 'member', '{}', '{invited_by,accepted_at}',
                    '{"+": "added", "-": "removed", "left_at": "removed"}', 'user_id');
