-- Polls (LIV-07): what a poll asks stands in its chat message; here are its rules, the sums and who has voted.
-- All of it is the system's: people see what the program puts into the message's metadata, and their own vote.

-- What a member's vote counts in a weighted poll.
alter table organization_members add column vote_weight integer not null default 1
    constraint organization_members_vote_weight_range check (vote_weight between 1 and 1000000);

create type poll_majority as enum ('plurality', 'simple', 'absolute', 'two_thirds');

create table polls (
    message_id uuid primary key references chat_messages (id) on delete cascade,
    organization_id uuid not null references organizations (id) on delete cascade,
    meeting_id uuid not null references meetings (id) on delete cascade,
    multiple boolean not null,
    secret boolean not null,
    -- Whether sums are told before it is closed.
    live boolean not null,
    weighted boolean not null,
    guests_may_vote boolean not null,
    majority poll_majority not null,
    quorum_percent smallint constraint polls_quorum_percent_range check (quorum_percent between 1 and 100),
    -- For each option, how many chose it and what they weigh together.
    counts integer[] not null,
    weights bigint[] not null,
    -- How many have voted, and what they weigh together.
    voters integer not null default 0,
    cast_weight bigint not null default 0,
    closed_at timestamptz,
    result jsonb,
    constraint polls_secret_key unique (message_id, secret),
    -- Sums that move with each voter, or weights that few people have, would tell who chose what.
    constraint polls_secrecy check (not (secret and (live or weighted))),
    constraint polls_closed check ((closed_at is null) = (result is null))
);
create index polls_of_meeting on polls (meeting_id);

-- One row for each voter, whatever comes at once. In a secret ballot it says that somebody voted and nothing else:
-- what was chosen goes into the sums alone, and neither row has a time.
create table poll_votes (
    poll_id uuid not null,
    -- A user's id, or a guest's.
    voter uuid not null,
    organization_id uuid not null references organizations (id) on delete cascade,
    meeting_id uuid not null references meetings (id) on delete cascade,
    is_guest boolean not null,
    secret boolean not null,
    choices smallint[],
    weight integer not null,
    constraint poll_votes_pkey primary key (poll_id, voter),
    constraint poll_votes_poll foreign key (poll_id, secret) references polls (message_id, secret) on delete cascade,
    constraint poll_votes_secret check (secret = (choices is null))
);

-- What is decided stays as it is.
create function guard_closed_poll() returns trigger language plpgsql as $$
begin
    raise exception 'this poll is closed' using errcode = 'integrity_constraint_violation';
end $$;
create trigger polls_closed before update on polls
    for each row when (old.closed_at is not null) execute function guard_closed_poll();

alter table polls enable row level security;
alter table polls force row level security;
create policy polls_system on polls to baraza_app using ((select app_is_system()));

alter table poll_votes enable row level security;
alter table poll_votes force row level security;
create policy poll_votes_read on poll_votes for select to baraza_app using (
    (select app_is_system())
    or (voter = (select app_user()) and organization_id = any ((select app_organizations())::uuid[]))
    or (meeting_id = (select app_guest_meeting()) and voter = nullif(current_setting('app.guest_id', true), '')::uuid));
create policy poll_votes_insert on poll_votes for insert to baraza_app with check ((select app_is_system()));
create policy poll_votes_update on poll_votes for update to baraza_app using ((select app_is_system()));

-- A vote writes the poll's standing into its message.
create policy chat_messages_update on chat_messages for update to baraza_app using ((select app_is_system()));

-- The functions below act for the owner and decide for themselves.
do $$
begin
    execute format('create policy polls_of_owner on polls to %I using (true) with check (true)', current_user);
    execute format('create policy poll_votes_of_owner on poll_votes to %I using (true) with check (true)', current_user);
end $$;

grant select, insert, update on polls, poll_votes to baraza_app;
grant update (metadata) on chat_messages to baraza_app;

-- A message's metadata moves with every vote; polls tell what matters of it.
select audit_attach('chat_messages', 'chat_message', '{content}', '{seq,metadata}', '{"+": "posted"}');
select audit_attach('polls', 'poll', '{}', '{counts,weights,voters,cast_weight}', '{"+": "opened", "closed_at": "closed"}',
                    'message_id', '{meeting_id}');
-- Who voted, never what.
select audit_attach('poll_votes', 'poll_vote', '{choices}', '{secret,weight}', '{"+": "cast"}', 'poll_id', '{voter,meeting_id}');

-- Who may vote in a poll now, and what they weigh together: invited members who are active and were not sent away, and
-- guests where they may.
create function poll_entitled(meeting uuid, weighted boolean, guests_may_vote boolean)
    returns table (people bigint, weight bigint) stable language sql as $$
    select count(*), coalesce(sum(e.weight), 0)::bigint
    from (select case when weighted then m.vote_weight else 1 end as weight
          from meeting_participants p
          join organization_members m on m.organization_id = p.organization_id and m.user_id = p.user_id and m.is_active
          where p.meeting_id = meeting and p.banned_at is null and p.denied_at is null
          union all
          select 1 from guests g join guest_links l on l.id = g.link_id
          where guests_may_vote and g.meeting_id = meeting and g.status <> 'pending_approval' and g.denied_at is null
            and g.banned_at is null and l.revoked_at is null) e
$$;

-- Counts a vote, in one round trip: it is cast under the lock of the poll, where everybody waits for everybody. No row
-- means that the meeting is not visible to this person; without `options` there is no such poll in it. When the vote was
-- not `counted`, the other columns tell why. Of a guest the caller knows already that they may be here.
create function cast_vote(person uuid, guest boolean, meeting uuid, message uuid, chosen smallint[])
    returns table (takes_part boolean, banned boolean, meeting_status meeting_status, how_ended ended_by,
                   options integer, multiple boolean, secret boolean, guests_may_vote boolean, closed boolean,
                   counted boolean, content text, metadata jsonb, created_at timestamptz, sender_id uuid, sender_name text)
    security definer language plpgsql set search_path = public set app.actor = 'system' as $$
declare
    poll polls;
    former poll_votes;
    fits boolean;
    vote_weight integer;
    entitled record;
    standing jsonb;
begin
    if guest then
        select m.status, m.ended_by, true, false into meeting_status, how_ended, takes_part, banned
            from meetings m where m.id = meeting;
    else
        select m.status, m.ended_by, p.user_id is not null, p.banned_at is not null, om.vote_weight
            into meeting_status, how_ended, takes_part, banned, vote_weight
            from meetings m
            join organization_members om on om.organization_id = m.organization_id and om.user_id = person and om.is_active
            left join meeting_participants p on p.meeting_id = m.id and p.user_id = person
            where m.id = meeting;
    end if;
    if not found then
        return;
    end if;
    counted := false;
    if takes_part and not banned then
        select p.* into poll from polls p where p.message_id = message and p.meeting_id = meeting for update;
    end if;
    if poll.message_id is null then
        return next;
        return;
    end if;
    options := cardinality(poll.counts);
    multiple := poll.multiple;
    secret := poll.secret;
    guests_may_vote := poll.guests_may_vote;
    closed := poll.closed_at is not null;
    select c.content, c.metadata, c.created_at, c.sender_id, coalesce(u.name, e.data #>> '{sender,name}')
        into content, metadata, created_at, sender_id, sender_name
        from chat_messages c
        left join users u on u.id = c.sender_id
        left join meeting_events e on e.meeting_id = c.meeting_id and e.seq = c.seq
        where c.id = message;
    -- The same as rules::choices in the program.
    fits := cardinality(chosen) between 1 and case when multiple then options else 1 end
        and not exists (select from unnest(chosen) c where c not between 0 and options - 1)
        and (select count(distinct c) from unnest(chosen) c) = cardinality(chosen);
    select v.* into former from poll_votes v where v.poll_id = message and v.voter = person;
    counted := fits and not closed and (not guest or guests_may_vote) and not (secret and former.voter is not null)
        and (meeting_status in ('scheduled', 'in_progress') or meeting_status = 'completed' and how_ended = 'room_empty');
    if not counted then
        return next;
        return;
    end if;
    if guest or not poll.weighted then
        vote_weight := 1;
    end if;
    for number in 1..options loop
        if number - 1 = any (chosen) then
            poll.counts[number] := poll.counts[number] + 1;
            poll.weights[number] := poll.weights[number] + vote_weight;
        end if;
        if number - 1 = any (former.choices) then
            poll.counts[number] := poll.counts[number] - 1;
            poll.weights[number] := poll.weights[number] - former.weight;
        end if;
    end loop;
    poll.voters := poll.voters + (former.voter is null)::integer;
    poll.cast_weight := poll.cast_weight + vote_weight - coalesce(former.weight, 0);
    insert into poll_votes as v (poll_id, voter, organization_id, meeting_id, is_guest, secret, choices, weight)
        values (message, person, poll.organization_id, meeting, guest, secret, case when not secret then chosen end, vote_weight)
        on conflict (poll_id, voter) do update set choices = excluded.choices, weight = excluded.weight;
    update polls p set counts = poll.counts, weights = poll.weights, voters = poll.voters, cast_weight = poll.cast_weight
        where p.message_id = message;
    select * into entitled from poll_entitled(meeting, poll.weighted, guests_may_vote);
    standing := jsonb_build_object('closed', false, 'voted', poll.voters, 'entitled', greatest(entitled.people, poll.voters));
    if poll.live then
        standing := standing || jsonb_build_object('results', jsonb_build_object('counts', poll.counts)
            || case when poll.weighted then jsonb_build_object('weights', poll.weights, 'cast_weight', poll.cast_weight)
               else '{}' end);
    end if;
    update chat_messages c set metadata = c.metadata || standing where c.id = message returning c.metadata into metadata;
    perform emit_meeting_event(meeting, 'poll.updated', jsonb_build_object('id', message, 'metadata', metadata));
    return next;
end $$;
