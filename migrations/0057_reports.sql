-- Reports walk along an organization's meetings of a period, whatever their status.
create index meetings_by_period on meetings (organization_id, scheduled_start, id);
