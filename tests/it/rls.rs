//! Row-level security, seen from below: under the role of the program, for every table that there is.

use std::collections::{BTreeMap, BTreeSet};

use harness::{Organization, Person, TestApp, json};
use kernel::db::{self, Actor};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

/// What everybody may read, and why.
const PUBLIC: [(&str, &str); 1] = [("egress_handlers", "how many recorders are free; names no one")];

type Rows = BTreeMap<String, BTreeSet<String>>;

async fn tables(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname <> '_sqlx_migrations' order by 1",
    )
    .fetch_all(connection)
    .await
    .expect("a list of tables")
}

/// All rows that a transaction sees, table by table, as text.
async fn rows(connection: &mut PgConnection) -> Rows {
    let mut seen = Rows::new();
    for table in tables(connection).await {
        let sql = format!("select to_jsonb(t)::text from {table} t");
        let found: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *connection).await.expect("rows");
        seen.insert(table, found.into_iter().collect());
    }
    seen
}

fn is_public(table: &str) -> bool {
    PUBLIC.iter().any(|(name, _)| *name == table)
}

/// A pool as the program has it.
fn pool(app: &TestApp) -> PgPool {
    db::connect(app.database_url(), 2).expect("a URL")
}

/// Leaves a row in every table that there is.
async fn fill(app: &TestApp, organization: &Organization<'_>) -> Person {
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    let invited =
        json!({"email": format!("{}@example.test", organization.id), "name": "Invited", "role": "member"});
    organization.admin.post(&organization.path("/members"), invited).await.is(201);
    let connection = app.enter(&guest, &meeting).await;
    guest.post(&meeting.path("/chat"), json!({"type": "text", "content": "hello"})).await.is(201);
    app.go(&connection).await;
    let (user, meeting) = (guest.user_id().0, meeting.id.parse::<uuid::Uuid>().expect("an id"));
    let organization = organization.id.parse::<uuid::Uuid>().expect("an id");
    // What only the programs write, or what would take long to bring about.
    let by_hand = [
        "insert into custom_fields (id, organization_id, key, label, type, created_by)
         select gen_random_uuid(), $2, 'f' || replace($3::text, '-', ''), 'Field', 'text', $1",
        "insert into guest_links (id, organization_id, meeting_id, token_hash)
         select gen_random_uuid(), $2, $3, sha256($3::text::bytea) from (select $1::uuid) x",
        "insert into guests (id, organization_id, meeting_id, link_id, name)
         select gen_random_uuid(), $2, $3, id, 'Ann (guest)' from guest_links, (select $1::uuid) x where meeting_id = $3",
        "insert into consents (id, user_id, purpose, given_at) select gen_random_uuid(), $1, 'transcription', now()
         from (select $2::uuid, $3::uuid) x",
        "insert into contacts (id, organization_id, name, email) select gen_random_uuid(), $2, 'C', $3 || '@example.test'
         from (select $1::uuid) x",
        "insert into contact_groups (id, organization_id, name) select gen_random_uuid(), $2, $3::text from (select $1::uuid) x",
        "insert into contact_group_members (organization_id, group_id, contact_id)
         select $2, g.id, c.id from contacts c, contact_groups g, (select $1::uuid) x
         where c.organization_id = $2 and g.organization_id = $2 and g.name = $3::text and c.email = $3 || '@example.test'",
        "insert into resources (id, organization_id, type, name) select gen_random_uuid(), $2, 'room', $3::text
         from (select $1::uuid) x",
        "insert into bookings (id, organization_id, type, title, starts_at, ends_at, created_by)
         select gen_random_uuid(), $2, 'room', $3::text, now(), now() + interval '1 hour', $1",
        "insert into reservations (booking_id, resource_id, organization_id, starts_at, ends_at)
         select b.id, r.id, $2, b.starts_at, b.ends_at from bookings b, resources r, (select $1::uuid) x
         where b.title = $3::text and r.name = $3::text",
        "insert into attendance_excuses (organization_id, meeting_id, user_id, reason, excused_at)
         values ($2, $3, $1, 'Ill', now())",
        "insert into presence_checks (id, organization_id, meeting_id, asked, opened_at, closes_at)
         select gen_random_uuid(), $2, $3, array[$1], now(), now() + interval '1 minute'",
        "insert into presence_confirmations (check_id, person, organization_id, meeting_id, is_guest, confirmed_at)
         select id, $1, $2, $3, false, now() from presence_checks where meeting_id = $3",
        "insert into attendance_corrections (id, organization_id, meeting_id, span_id, user_id, joined_at, left_at, reason, corrected_at)
         select id, $2, $3, id, $1, now() - interval '1 hour', now(), 'Seen', now() from (select gen_random_uuid() as id) new",
        "insert into idempotency_keys (owner, key, fingerprint, created_at)
         values (sha256($1::text::bytea), sha256($2::text::bytea || $3::text::bytea), '', now())",
        "insert into organization_permissions (organization_id, permission, roles)
         values ($2, 'x.' || $3::text, '{}') on conflict do nothing",
        "insert into credentials (user_id, password_hash) values ($1, 'hash of ' || $2::text || $3::text)",
        "insert into refresh_tokens (token_hash, session_id)
         select sha256($1::text::bytea || $2::text::bytea || $3::text::bytea), id from sessions where user_id = $1",
        "insert into recordings (id, organization_id, meeting_id, requested_by, access_level)
         values (gen_random_uuid(), $2, $3, $1, 'public')",
        "insert into share_links (id, organization_id, recording_id, token_hash, created_at)
         select id, $2, id, sha256(id::text::bytea), now() from recordings, (select $1::uuid) x where meeting_id = $3",
        "insert into recording_consents (id, organization_id, meeting_id, recording_id, user_id, accepted, answered_at)
         select id, $2, $3, id, $1, true, now() from recordings where meeting_id = $3",
        "insert into recording_segments
           (recording_id, number, section, started_at, ended_at, byte_offset, size_bytes, samples, hash_state)
         select id, 1, 1, now(), now(), 0, 1, '[]', '' from recordings
         where organization_id = $2 and meeting_id = $3 and requested_by = $1",
        "insert into recording_parts (recording_id, number, size_bytes, etag)
         select id, 1, 1, 'x' from recordings where organization_id = $2 and meeting_id = $3 and requested_by = $1",
        "insert into recording_tracks (recording_id, section, number, identity, name, starts_ms, duration_ms, pieces, size_bytes)
         select id, 1, 1, 'x', 'x', 0, 1, 1, 1 from recordings where organization_id = $2 and meeting_id = $3 and requested_by = $1",
        "insert into recording_imports (recording_id, organization_id, host)
         select id, organization_id, 'x' from recordings where organization_id = $2 and meeting_id = $3 and requested_by = $1",
        "insert into recording_transcripts (recording_id, organization_id, requested_at)
         select id, organization_id, now() from recordings where organization_id = $2 and meeting_id = $3 and requested_by = $1",
        "insert into transcript_segments (recording_id, number, organization_id, starts_ms, ends_ms, text)
         select id, 1, organization_id, 0, 1, 'x' from recordings
         where organization_id = $2 and meeting_id = $3 and requested_by = $1",
        "insert into password_resets (user_id, token_hash, expires_at, created_at)
         select $1, sha256($2::text::bytea || $3::text::bytea), now(), now()",
        "insert into second_factors (user_id, secret, created_at) select $1, sha256($2::text::bytea || $3::text::bytea), now()",
        "insert into recovery_codes (user_id, code_hash) select $1, sha256($2::text::bytea || $3::text::bytea)",
        "with account as (
             insert into users (id, kind, email, name)
             values (gen_random_uuid(), 'service', gen_random_uuid()::text || '@service.invalid', 'Service') returning id)
         insert into api_keys (id, organization_id, account_id, name, scopes, prefix, secret_hash, created_by)
         select gen_random_uuid(), $2, id, 'Key', '{meetings.read}', 'x', sha256($3::text::bytea), $1 from account",
        "insert into device_tokens (id, organization_id, name, prefix, secret_hash, created_by)
         values (gen_random_uuid(), $2, 'Device', 'x', sha256($3::text::bytea), $1)",
        "insert into identities (id, user_id, issuer, subject, last_login_at)
         values (gen_random_uuid(), $1, 'https://id.test', $2::text || $3::text, now())",
        "insert into spent_tokens (hash, expires_at)
         values (sha256($1::text::bytea || $2::text::bytea || $3::text::bytea), now())",
        "insert into polls (message_id, organization_id, meeting_id, multiple, secret, live, weighted, guests_may_vote, majority,
                            counts, weights)
         select id, $2, $3, false, true, false, false, false, 'plurality', '{0,0}', '{0,0}' from chat_messages
         where meeting_id = $3 and sender_id = $1",
        "insert into poll_votes (poll_id, voter, organization_id, meeting_id, is_guest, secret, weight)
         select message_id, $1, $2, $3, false, true, 1 from polls where meeting_id = $3",
        "insert into chat_versions (meeting_id, seq, organization_id, message_id, change, content, mentions, changed_at, changed_by,
                                    is_guest)
         select $3, seq, $2, id, 'edited', 'before', '{}', now(), $1, false from chat_messages
         where meeting_id = $3 and sender_id = $1",
        "insert into shared_screens (meeting_id, track_sid, organization_id, user_id, identity, participant_sid, began_at, last_seen_at)
         values ($3, 'TR_1', $2, $1, $1::text, 'PA_1', now(), now())",
        "insert into speaking_spans (organization_id, meeting_id, speaker, is_guest, from_at, to_at, recorded_at)
         values ($2, $3, $1, false, now(), now() + interval '1 second', now())",
        "insert into chat_reads (meeting_id, reader, organization_id, seq) values ($3, $1, $2, 1)",
        "insert into seals (organization_id, sequence, audit_id, is_late, sealed_at, content, hash)
         select $2, 1, uuid_v7(now()), false, now(), sha256($1::text::bytea), sha256($3::text::bytea)",
        "insert into seal_heads (organization_id, sequence, hash, sealed_at)
         select $2, 1, sha256($1::text::bytea || $3::text::bytea), now()",
        "insert into issued_reports (id, organization_id, meeting_id, user_id, meetings, code, file, movements, record, issued_at)
         select gen_random_uuid(), $2, $3, $1, array[$3], sha256($3::text::bytea), sha256($1::text::bytea), '{}', sha256(''), now()",
        "insert into activity_scores
         select $2, '2026-12-01', $1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0 from (select $3::uuid) x",
        "insert into activity_changes (organization_id, month) select $2, '2026-12-01' from (select $1::uuid, $3::uuid) x",
        "insert into jobs (name, payload, due_at) values ('none', jsonb_build_array($1::uuid, $2::uuid, $3::uuid), now())",
    ];
    app.expect_leftovers();
    let mut owner = app.database().await;
    for sql in by_hand {
        sqlx::query(sql)
            .bind(user)
            .bind(organization)
            .bind(meeting)
            .execute(&mut owner)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    guest
}

// ORG-17
#[tokio::test]
async fn every_table_has_row_level_security_enabled_and_forced() {
    let app = TestApp::start().await;
    let bare: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname <> '_sqlx_migrations'
           and not (c.relrowsecurity and c.relforcerowsecurity)",
    )
    .fetch_all(&mut app.database().await)
    .await
    .expect("a list of tables");
    assert!(bare.is_empty(), "without forced row-level security: {bare:?}");
    let no_policy: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relforcerowsecurity
         and not exists (select from pg_policy p where p.polrelid = c.oid)",
    )
    .fetch_all(&mut app.database().await)
    .await
    .expect("a list of tables");
    assert!(no_policy.is_empty(), "without any policy: {no_policy:?}");
}

// ORG-17
#[tokio::test]
async fn the_program_works_under_a_role_that_owns_nothing_and_bypasses_nothing() {
    let app = TestApp::start().await;
    let pool = pool(&app);
    let who: (String, bool, bool, bool) = sqlx::query_as(
        "select current_user::text, rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user",
    )
    .fetch_one(&pool)
    .await
    .expect("a role");
    assert_eq!(who, ("baraza_app".to_owned(), false, false, false));
    let owned: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relowner = 'baraza_app'::regrole
         union all select proname::text from pg_proc where proowner = 'baraza_app'::regrole
         union all select typname::text from pg_type where typowner = 'baraza_app'::regrole
         union all select nspname::text from pg_namespace where nspowner = 'baraza_app'::regrole
         union all select datname::text from pg_database where datdba = 'baraza_app'::regrole",
    )
    .fetch_all(&pool)
    .await
    .expect("what it owns");
    assert!(owned.is_empty(), "{owned:?}");
    for sql in [
        "alter table meetings disable row level security",
        "alter table meetings no force row level security",
        "drop policy meetings_read on meetings",
        "create policy everything on meetings using (true)",
        "create table public.mine (id int)",
        "truncate meetings",
        "drop table meetings",
    ] {
        let mut tx = db::begin(&pool, Actor::System).await.expect("a transaction");
        let error = sqlx::query(sql).execute(&mut *tx).await.expect_err(sql);
        assert_eq!(
            error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref(),
            Some("42501"),
            "{sql}: {error}"
        );
    }
}

/// Functions that act as their owner must not be led astray by the caller's search path.
#[tokio::test]
async fn every_function_that_looks_past_the_policies_has_a_fixed_search_path() {
    let app = TestApp::start().await;
    let loose: Vec<String> = sqlx::query_scalar(
        "select p.proname::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where n.nspname = 'public' and p.prosecdef
           and not exists (select from unnest(p.proconfig) setting where setting like 'search_path=%')",
    )
    .fetch_all(&mut app.database().await)
    .await
    .expect("a list of functions");
    assert!(loose.is_empty(), "{loose:?}");
}

// ORG-01, ORG-17
#[tokio::test]
async fn without_an_actor_nothing_is_seen() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    fill(&app, &organization).await;
    app.recorder().await;
    let everything = rows(&mut app.database().await).await;
    let empty: Vec<_> =
        everything.iter().filter(|(_, rows)| rows.is_empty()).map(|(table, _)| table).collect();
    assert!(empty.is_empty(), "`fill` leaves no row in {empty:?}, so nothing is shown of them");
    let pool = pool(&app);
    let settings = [
        "reset all",
        "set local app.actor = ''",
        "set local app.actor = 'user'",
        "set local app.actor = 'SYSTEM'",
        "set local app.user_id = ''",
    ];
    for setting in settings {
        let mut tx = pool.begin().await.expect("a transaction");
        sqlx::query(setting).execute(&mut *tx).await.expect(setting);
        for (table, rows) in rows(&mut tx).await {
            assert!(rows.is_empty() || is_public(&table), "after `{setting}`, {table} shows {rows:?}");
        }
    }
    // And what one may not see, one may not change.
    let mut tx = pool.begin().await.expect("a transaction");
    for table in everything.keys() {
        sqlx::query("savepoint here").execute(&mut *tx).await.expect("a savepoint");
        let sql = format!("delete from {table}");
        match sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await {
            Ok(done) => assert_eq!(done.rows_affected(), 0, "{table}"),
            Err(_) => {
                sqlx::query("rollback to savepoint here").execute(&mut *tx).await.expect("rolled back");
            }
        }
    }
}

// TST-15, ORG-01, ORG-17
#[tokio::test]
async fn a_user_of_one_organization_sees_and_changes_nothing_of_another_in_any_table() {
    let app = TestApp::start().await;
    let theirs = app.organization().await;
    fill(&app, &theirs).await;
    app.recorder().await;
    let before = rows(&mut app.database().await).await;
    let ours = app.organization().await;
    let plain = fill(&app, &ours).await;
    let pool = pool(&app);
    for (person, may_see_own) in [(&ours.admin, true), (&plain, true), (&Person::create(&app).await, false)] {
        let mut tx = db::begin(&pool, Actor::User(person.user_id())).await.expect("a transaction");
        let seen = rows(&mut tx).await;
        for (table, rows) in &seen {
            let theirs: Vec<_> = rows.intersection(&before[table]).collect();
            assert!(theirs.is_empty() || is_public(table), "{table} shows {theirs:?}");
        }
        assert_eq!(!seen["meetings"].is_empty(), may_see_own);
        for table in seen.keys() {
            sqlx::query("savepoint here").execute(&mut *tx).await.expect("a savepoint");
            for sql in [format!("delete from {table}"), touch(&mut tx, table).await] {
                if sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await.is_err() {
                    sqlx::query("rollback to savepoint here").execute(&mut *tx).await.expect("rolled back");
                }
            }
        }
        sqlx::query("set local app.actor = 'system'").execute(&mut *tx).await.expect("a setting");
        let after = rows(&mut tx).await;
        for (table, rows) in &before {
            // Their rows are there as they were; our own we may have deleted.
            let lost: Vec<_> = rows.difference(&after[table]).collect();
            assert!(lost.is_empty(), "{table} lost {lost:?}");
        }
    }
}

/// An update that changes nothing but would touch every row that may be touched.
async fn touch(connection: &mut PgConnection, table: &str) -> String {
    let column: String = sqlx::query_scalar(
        "select column_name::text from information_schema.columns
         where table_schema = 'public' and table_name = $1 and data_type in ('text', 'timestamp with time zone', 'integer', 'uuid', 'bigint')
           and is_identity = 'NO' order by (data_type = 'text') desc, ordinal_position desc limit 1",
    )
    .bind(table)
    .fetch_optional(connection)
    .await
    .expect("a column")
    .unwrap_or_else(|| "ctid".to_owned());
    format!("update {table} set {column} = null")
}

// ORG-17: recordings by role and access setting.
#[tokio::test]
async fn recordings_are_seen_by_role_and_access_setting() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (host, secretary, member) = (
        organization.member("secretary").await,
        organization.member("secretary").await,
        organization.member("member").await,
    );
    let meeting = organization.meeting().host(&host).invite(&member).create().await;
    for (level, roles) in [("private", "{}"), ("role_based", "{secretary}"), ("public", "{}")] {
        sqlx::query(
            "insert into recordings (id, organization_id, meeting_id, access_level, allowed_roles, status, failure_code)
             values (gen_random_uuid(), $1, $2, $3::recording_access, $4::text::org_role[], 'failed', 'X')",
        )
        .bind(organization.id.parse::<uuid::Uuid>().expect("an id"))
        .bind(meeting.id.parse::<uuid::Uuid>().expect("an id"))
        .bind(level)
        .bind(roles)
        .execute(&mut app.database().await)
        .await
        .expect("a recording");
    }
    let pool = pool(&app);
    let seen = async |person: &Person| -> Vec<String> {
        let mut tx = db::begin(&pool, Actor::User(person.user_id())).await.expect("a transaction");
        sqlx::query_scalar("select access_level::text from recordings order by recordings.access_level")
            .fetch_all(&mut *tx)
            .await
            .expect("recordings")
    };
    assert_eq!(seen(&host).await, ["public", "role_based", "private"]);
    assert_eq!(seen(&secretary).await, ["public", "role_based"]);
    assert_eq!(seen(&organization.admin).await, ["public"]);
    assert_eq!(seen(&member).await, ["public"]);
}

/// A plain member may change nothing of their organization by their own transaction, and nobody writes the record.
#[tokio::test]
async fn within_an_organization_people_change_only_what_is_theirs_to_change() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let meeting = organization.meeting().invite(&member).create().await;
    let connection = app.enter(&member, &meeting).await;
    app.go(&connection).await;
    let pool = pool(&app);
    let affected = async |person: &Person, sql: &'static str| {
        let mut tx = db::begin(&pool, Actor::User(person.user_id())).await.expect("a transaction");
        sqlx::query(sql).execute(&mut *tx).await.map_or(0, |done| done.rows_affected())
    };
    for sql in [
        "update organizations set name = 'mine'",
        "update organization_members set role = 'admin'",
        "delete from organization_members",
        "update meetings set title = 'mine'",
        "delete from meetings",
        "delete from meeting_participants",
        "update attendance_spans set left_at = now()",
        "delete from attendance_spans",
        "insert into platform default values",
        "update users set is_system_admin = true",
        "update users set is_active = false",
        "update users set email = 'mine@example.test'",
        "update sessions set expires_at = now()",
        "insert into sessions (id, user_id, expires_at) select gen_random_uuid(), app_user(), 'infinity'",
        "update meeting_participants set role = 'host'",
        "update meeting_participants set approved_at = now()",
        "update meeting_participants set denied_at = null, banned_at = now()",
        "update meeting_participants set can_share_screen = false",
        "update meeting_participants set status = 'joined'",
        "update meeting_participants set messages_sent = 100",
        "insert into organization_members (organization_id, user_id, role) select organization_id, user_id, 'admin' from organization_members limit 1",
        "insert into organization_permissions (organization_id, permission, roles) select organization_id, 'audit.view', '{member}' from organization_members limit 1",
        "update organizations set suspended_at = now()",
        "insert into audit_log (id, at, actor_type, action, entity_type) values (gen_random_uuid(), now(), 'system', 'x', 'x')",
        "delete from audit_log",
    ] {
        assert_eq!(affected(&member, sql).await, 0, "{sql}");
    }
    // One's own profile, answer and sign-ins are one's own.
    for sql in [
        "update users set name = 'Me' where id = app_user()",
        "update meeting_participants set status = 'declined' where user_id = app_user()",
        "update sessions set revoked_at = now()",
    ] {
        assert_eq!(affected(&member, sql).await, 1, "{sql}");
    }
    // An officer who may invite locks meetings and changes nothing of them; whoever may keep members makes no admins.
    let secretary = organization.member("secretary").await;
    organization
        .admin
        .put(&organization.path("/permissions"), json!({"permissions": {"members.manage": ["secretary"]}}))
        .await
        .is(200);
    assert_eq!(affected(&secretary, "select from meetings for no key update").await, 1);
    for sql in [
        "update meetings set title = 'mine'",
        "update meeting_participants set role = 'co_host'",
        "update organization_members set role = 'admin'",
        "update organization_members set role = 'member' where role = 'admin'",
        "delete from organization_members where role = 'admin'",
    ] {
        assert_eq!(affected(&secretary, sql).await, 0, "{sql}");
    }
    assert_eq!(
        affected(&secretary, "update organization_members set role = 'chairperson' where role = 'member'")
            .await,
        1
    );
    for sql in [
        "update attendance_log set event = 'join'",
        "delete from attendance_log",
        "update chat_messages set content = 'never said'",
        "update speaking_spans set to_at = now() + interval '1 hour'",
        "delete from speaking_spans",
        "update shared_screens set ended_at = now()",
        "delete from shared_screens",
        "update chat_versions set content = 'never said'",
        "delete from chat_versions",
        "update chat_reads set seq = 0",
        "update attendance_spans set left_at = now()",
        "delete from attendance_spans",
    ] {
        assert_eq!(affected(&organization.admin, sql).await, 0, "{sql}");
    }
}

// ATT-01
#[tokio::test]
async fn the_trail_of_movements_is_append_only_even_for_the_system() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let connection = app.enter(&organization.admin, &meeting).await;
    app.go(&connection).await;
    assert!(app.value::<i64>("select count(*) from attendance_log").await >= 3);
    for sql in
        ["update attendance_log set source = 'x'", "delete from attendance_log", "truncate attendance_log"]
    {
        sqlx::query(sql).execute(&mut app.database().await).await.expect_err(sql);
    }
}
