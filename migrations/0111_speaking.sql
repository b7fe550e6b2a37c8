-- When people spoke, as their own devices told it: LiveKit tells of active speakers to clients only. Organizations can
-- switch it off (`measure_speaking`).

-- Stretches of speech: those of one person never overlap, and none is changed. As the trail of movements they hang on
-- nothing that could take them away.
create table speaking_spans (
    id bigint generated always as identity primary key,
    organization_id uuid not null,
    meeting_id uuid not null,
    -- A user, or a guest.
    speaker uuid not null,
    is_guest boolean not null,
    from_at timestamptz not null,
    to_at timestamptz not null constraint speaking_spans_order check (to_at > from_at),
    recorded_at timestamptz not null
);
create index speaking_spans_of_speaker on speaking_spans (meeting_id, speaker, to_at);
-- What the timeline walks along.
create index speaking_spans_from on speaking_spans (meeting_id, from_at, id);
create trigger speaking_spans_append_only before update or delete or truncate on speaking_spans
    for each statement execute function refuse_change();

alter table speaking_spans enable row level security;
alter table speaking_spans force row level security;
create policy speaking_spans_read on speaking_spans for select to baraza_app using (
    (select app_is_system()) or speaker = (select app_user())
    or organization_id = any ((select app_may_in('attendance.view'))::uuid[]) or app_is_host(meeting_id));
create policy speaking_spans_insert on speaking_spans for insert to baraza_app with check ((select app_is_system()));
create policy speaking_spans_of_owner on speaking_spans to current_user using (true) with check (true);
grant select, insert on speaking_spans to baraza_app;

alter table guests
    add column speaking_seconds double precision not null default 0
        constraint guests_speaking check (speaking_seconds >= 0);
select audit_attach('guests', 'guest', '{}',
                    '{first_joined_at,last_left_at,hand_raised_at,hand_raised_count,messages_sent,status,removed_at,speaking_seconds}',
                    '{"+": "entered", "approved_at": "admitted", "denied_at": "denied", "banned_at": "banned"}');

-- Guests knock as members do.
create trigger audit_knock after insert or update of status on guests for each row
    when (new.status = 'pending_approval')
    execute function audit_row('guest', 'id', '{}',
        '{created_at,updated_at,first_joined_at,last_left_at,hand_raised_at,hand_raised_count,messages_sent,removed_at,speaking_seconds}',
        '{"+": "knocked", "status": {"pending_approval": "knocked"}}', '{meeting_id}');

-- Stores what is new of the stretches in which somebody spoke, clipped to when they were there, and adds it to their sum.
-- What was told before counts once. No row means: not visible to this person; the columns tell why nothing was stored.
create function record_speaking(person uuid, guest boolean, meeting uuid, froms timestamptz[], tos timestamptz[],
                                at timestamptz)
    returns table (takes_part boolean, banned boolean, measured boolean, was_there boolean)
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    organization uuid;
    presence tstzmultirange;
    known tstzmultirange;
    news double precision;
begin
    if guest then
        select m.organization_id, true, false, coalesce((o.settings ->> 'measure_speaking')::boolean, true)
            into organization, takes_part, banned, measured
            from meetings m join organizations o on o.id = m.organization_id
            where m.id = meeting and guest_may_stay(person, meeting);
    else
        select m.organization_id, p.user_id is not null, p.banned_at is not null,
               coalesce((o.settings ->> 'measure_speaking')::boolean, true)
            into organization, takes_part, banned, measured
            from meetings m
            join organizations o on o.id = m.organization_id
            join organization_members om on om.organization_id = o.id and om.user_id = person and om.is_active
            left join meeting_participants p on p.meeting_id = m.id and p.user_id = person
            where m.id = meeting;
    end if;
    if not found then
        return;
    end if;
    was_there := false;
    if takes_part and not banned and measured then
        -- Whoever tells of the same person meanwhile waits, or a stretch would count twice.
        if guest then
            perform from guests g where g.id = person for no key update;
        else
            perform from meeting_participants p where p.meeting_id = meeting and p.user_id = person for no key update;
        end if;
        select range_agg(tstzrange(s.joined_at, greatest(s.joined_at, coalesce(s.left_at, at)))),
               coalesce(bool_or(s.left_at is null or s.left_at >= at - interval '2 minutes'), false)
            into presence, was_there
            from attendance_spans s
            where s.meeting_id = meeting
              and case when guest then s.user_id is null and guest_of(s.identity) = person else s.user_id = person end;
    end if;
    if was_there then
        select coalesce(range_agg(tstzrange(s.from_at, s.to_at)), '{}') into known from speaking_spans s
            where s.meeting_id = meeting and s.speaker = person
              and s.to_at > (select min(f) from unnest(froms) f);
        with told as (
            select range_agg(tstzrange(f, t)) * presence - known as stretches from unnest(froms, tos) s (f, t)),
        fresh as (
            insert into speaking_spans (organization_id, meeting_id, speaker, is_guest, from_at, to_at, recorded_at)
            select organization, meeting, person, guest, lower(s), upper(s), at
            from told, unnest(told.stretches) s
            -- Slivers are left over where the same was told by a clock that goes a little otherwise.
            where upper(s) - lower(s) >= interval '0.1 seconds' order by s
            returning to_at - from_at as took)
        select extract(epoch from sum(took)) into news from fresh;
        if guest then
            update guests g set speaking_seconds = g.speaking_seconds + news where g.id = person and news > 0;
        else
            update meeting_participants p set speaking_seconds = p.speaking_seconds + news
                where p.meeting_id = meeting and p.user_id = person and news > 0;
        end if;
    end if;
    return next;
end $$;
