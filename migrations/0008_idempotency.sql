-- Requests that may be sent again: what was answered to each `Idempotency-Key`, for a day.
--
-- The row is written in the transaction of what the request does, so that both last or neither: after a crash a
-- request was either done, and its answer is here, or it was not done at all.

create table idempotency_keys (
    owner bytea not null, -- whose key it is: keys of different callers do not meet
    key bytea not null,   -- hash
    fingerprint bytea not null, -- hash of method, path and body
    answer bytea,         -- sealed, for answers may hold secrets
    created_at timestamptz not null,
    constraint idempotency_keys_pkey primary key (owner, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy idempotency_keys_system on idempotency_keys using ((select app_is_system()));

grant select, insert, update, delete on idempotency_keys to baraza_app;
