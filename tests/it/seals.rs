//! The chain of seals: whatever is done to the logs behind the program's back is found, and where.

use chrono::Duration;
use harness::{Organization, TestApp, app::beginning};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use server::seals::{
    model::{EntryId, Head},
    rules::{Fault, Finding},
    seal,
    verify::{self, Chain, Told, Wanted},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

/// Tampered histories of [`whatever_is_done_to_the_record_is_found_where_it_was_done`].
const CASES: usize = 120;

async fn verify(app: &TestApp, wanted: Wanted) -> (Vec<Finding>, Vec<Chain>) {
    let (mut findings, mut chains) = (Vec::new(), Vec::new());
    let faults = verify::run(&app.app, &wanted, |told| match told {
        Told::Fault(finding) => findings.push(finding),
        Told::Chain(chain) => chains.push(chain),
    })
    .await
    .expect("the database answers");
    assert_eq!(faults, findings.len());
    assert_eq!(chains.iter().map(|chain| chain.faults).sum::<usize>(), faults);
    (findings, chains)
}

async fn findings(app: &TestApp) -> Vec<Finding> {
    verify(app, Wanted::default()).await.0
}

async fn seal(app: &TestApp) {
    while seal::step(&app.app).await.expect("the database answers") {}
}

/// Some comings and goings of two people in two meetings of an organization.
async fn history(app: &TestApp) -> Organization<'_> {
    let organization = app.organization().await;
    let (one, two) = (organization.member("member").await, organization.member("member").await);
    for _ in 0..2 {
        let meeting = organization.meeting().invite(&one).invite(&two).create().await;
        let first = app.enter(&one, &meeting).await;
        app.pass(Duration::minutes(5));
        let second = app.enter(&two, &meeting).await;
        app.go(&first).await;
        app.enter(&one, &meeting).await;
        app.pass(Duration::minutes(5));
        app.go(&second).await;
    }
    organization
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::query(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The owner, who has put all triggers out of the way.
async fn intruder(app: &TestApp) -> PgConnection {
    let mut connection = app.database().await;
    for table in ["audit_log", "attendance_log", "attendance_spans", "seals", "seal_heads"] {
        run(&mut connection, &format!("alter table {table} disable trigger user")).await;
    }
    connection
}

// CFA-06
#[tokio::test]
async fn what_happens_is_sealed_and_stands_as_it_was_written() {
    let app = TestApp::start().await;
    let organization = history(&app).await;
    let id: Uuid = organization.id.parse().expect("an id");
    let (found, chains) = verify(&app, Wanted::default()).await;
    assert_eq!(found, []);
    let mine =
        |chains: &[Chain]| chains.iter().find(|chain| chain.organization == id).cloned().expect("mine");
    let before = mine(&chains);
    assert_eq!(before.end, None);
    seal(&app).await;
    let (found, chains) = verify(&app, Wanted::default()).await;
    assert_eq!(found, []);
    let after = mine(&chains);
    assert_eq!(after.not_sealed_yet, 0);
    let end = after.end.expect("it has seals");
    assert_eq!(end.sequence, before.not_sealed_yet);
    assert!(chains.iter().any(|chain| chain.organization == Uuid::nil()), "accounts belong to the platform");
    let path = organization.path("/audit/seal");
    let shown = organization.admin.get(&path).await.is(200);
    assert_eq!((&shown["sealed"], &shown["head"]), (&end.sequence.into(), &end.to_string().into()));
    // More happens; what was noted still holds.
    organization.meeting().create().await;
    let (_, chains) = verify(&app, Wanted { organization: Some(id), noted: vec![] }).await;
    assert_eq!((chains.len(), chains[0].not_sealed_yet), (1, 2), "a meeting and its host");
    seal(&app).await;
    seal(&app).await;
    let noted: Head = shown["head"].as_str().expect("a seal").parse().expect("a seal");
    assert_eq!(verify(&app, Wanted { organization: None, noted: vec![noted] }).await.0, []);
    let program = (*app.app.config).clone();
    server::serve::verify(program, &Wanted::default(), |_| Ok(())).await.expect("nothing is wrong");
}

#[tokio::test]
async fn what_ends_late_is_not_passed_over() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let id: Uuid = organization.id.parse().expect("an id");
    let record = "select audit_record($1, null, 'test.made', 'test', null, null, null)";
    let mut slow = app.database().await;
    let mut transaction = slow.begin().await.expect("a transaction");
    sqlx::query(record).bind(id).execute(&mut *transaction).await.expect("an entry");
    organization.meeting().create().await;
    seal(&app).await;
    assert_eq!(findings(&app).await, []);
    organization.meeting().create().await;
    seal(&app).await;
    transaction.commit().await.expect("it ends");
    let (found, chains) = verify(&app, Wanted { organization: Some(id), noted: vec![] }).await;
    assert_eq!((found, chains[0].not_sealed_yet), (vec![], 1));
    seal(&app).await;
    let (found, chains) = verify(&app, Wanted { organization: Some(id), noted: vec![] }).await;
    assert_eq!((found, chains[0].not_sealed_yet), (vec![], 0));
}

#[tokio::test]
async fn many_entries_are_sealed_in_parts_each_once() {
    let app = TestApp::start().await;
    app.execute(
        "insert into audit_log (id, at, organization_id, actor_type, action, entity_type)
         select uuid_v7(now() + n * interval '1 ms'), now(), uuid_v7('epoch'), 'system', 'test.made', 'test' from generate_series(1, 2500) n",
    )
    .await;
    tokio::join!(seal(&app), seal(&app));
    seal(&app).await;
    assert_eq!(findings(&app).await, []);
    let unsealed =
        "select count(*) from audit_log a where not exists (select from seals s where s.audit_id = a.id)";
    assert_eq!(app.value::<i64>(unsealed).await, 0);
}

#[tokio::test]
async fn in_a_restored_database_transactions_count_anew() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    seal(&app).await;
    organization.meeting().create().await;
    app.execute("update seal_progress set cluster = 1, mark = 9000000000").await;
    assert_eq!(findings(&app).await, []);
    seal(&app).await;
    organization.meeting().create().await;
    seal(&app).await;
    let (found, chains) = verify(&app, Wanted::default()).await;
    assert_eq!(found, []);
    assert!(chains.iter().all(|chain| chain.not_sealed_yet == 0));
}

#[tokio::test]
async fn an_entry_of_long_ago_that_comes_today_is_told() {
    let app = TestApp::start().await;
    app.organization().await;
    seal(&app).await;
    app.execute(
        "insert into audit_log (id, at, actor_type, action, entity_type)
         values (uuid_v7('2020-01-01'), now() - interval '2 hours', 'system', 'test.made', 'test')",
    )
    .await;
    seal(&app).await;
    let found = findings(&app).await;
    assert_eq!(found.iter().map(|it| &it.fault).collect::<Vec<_>>(), [&Fault::Late]);
}

#[tokio::test]
async fn nobody_changes_a_seal_not_even_its_owner() {
    let app = TestApp::start().await;
    app.organization().await;
    seal(&app).await;
    let mut owner = app.database().await;
    for sql in [
        "update seals set is_late = true",
        "delete from seals",
        "truncate seals",
        "update seal_heads set hash = hash",
        "update seal_heads set sequence = sequence - 1",
        "delete from seal_heads",
    ] {
        sqlx::query(sql).execute(&mut owner).await.expect_err(sql);
    }
    let passed_by_replicas: Vec<String> = sqlx::query_scalar(
        "select tgname::text from pg_trigger
         where tgrelid in ('seals'::regclass, 'seal_heads'::regclass) and tgenabled <> 'A'",
    )
    .fetch_all(&mut owner)
    .await
    .expect("the catalogue answers");
    assert_eq!(passed_by_replicas, [] as [String; 0]);
}

/// What somebody does to the record, and what tells of it.
#[derive(Debug, Clone)]
enum Tampering {
    /// A column of an entry of the trail says something else.
    Movement(prop::sample::Index, &'static str),
    /// A column of an entry of the audit log says something else.
    Change(prop::sample::Index, &'static str),
    /// An entry is gone.
    Removed(Log, prop::sample::Index),
    /// An entry is gone together with its seal.
    RemovedWithSeal(Log, prop::sample::Index),
    /// An entry is copied into the past.
    Inserted(Log, prop::sample::Index),
    /// Two movements change places.
    Swapped(prop::sample::Index, prop::sample::Index),
    /// An entry is changed, and its seal made to fit.
    Resealed(prop::sample::Index),
    /// The newest entries and seals are cut off.
    CutOff(prop::sample::Index),
    /// A connection lasts longer than its movements say.
    Span(prop::sample::Index),
}

#[derive(Debug, Clone, Copy)]
enum Log {
    Audit,
    Attendance,
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let index = any::<prop::sample::Index>;
    let log = prop_oneof![Just(Log::Audit), Just(Log::Attendance)];
    let movement = prop::sample::select(vec![
        "occurred_at = occurred_at + interval '1 microsecond'",
        "recorded_at = recorded_at - interval '1 day'",
        "event = case event when 'join' then 'leave' else 'join' end::attendance_event",
        "source = source || ' '",
        "user_id = case when user_id is null then meeting_id end",
        "identity = coalesce(identity || '#', '')",
        "span_id = case when span_id is null then meeting_id end",
        "meeting_id = organization_id",
        "organization_id = meeting_id",
    ]);
    let change = prop::sample::select(vec![
        "at = at + interval '1 microsecond'",
        "actor_id = case when actor_id is null then id end",
        "actor_type = case actor_type when 'system' then 'user' else 'system' end",
        "action = action || 'd'",
        "entity_type = entity_type || 's'",
        "entity_id = id",
        "meeting_id = case when meeting_id is null then id end",
        "organization_id = case when organization_id is null then id end",
        "before = case when before is null then '{}'::jsonb end",
        "after = coalesce(after, '{}') || '{\"none\": 1.0}'",
        "correlation_id = coalesce(correlation_id, '') || '.'",
    ]);
    prop_oneof![
        (index(), movement).prop_map(|(index, what)| Tampering::Movement(index, what)),
        (index(), change).prop_map(|(index, what)| Tampering::Change(index, what)),
        (log.clone(), index()).prop_map(|(log, index)| Tampering::Removed(log, index)),
        (log.clone(), index()).prop_map(|(log, index)| Tampering::RemovedWithSeal(log, index)),
        (log, index()).prop_map(|(log, index)| Tampering::Inserted(log, index)),
        (index(), index()).prop_map(|(one, two)| Tampering::Swapped(one, two)),
        index().prop_map(Tampering::Resealed),
        index().prop_map(Tampering::CutOff),
        index().prop_map(Tampering::Span),
    ]
}

// CFA-06: a row changed by hand in the database is found, and where.
#[tokio::test]
async fn whatever_is_done_to_the_record_is_found_where_it_was_done() {
    let app = TestApp::start().await;
    history(&app).await;
    history(&app).await;
    seal(&app).await;
    let mut owner = intruder(&app).await;
    for table in ["audit_log", "attendance_log", "attendance_spans", "seals", "seal_heads"] {
        run(&mut owner, &format!("create table {table}_kept as select * from {table}")).await;
    }
    let audit: Vec<Uuid> =
        sqlx::query_scalar("select id from audit_log order by id").fetch_all(&mut owner).await.expect("ids");
    let movements: Vec<i64> = sqlx::query_scalar("select id from attendance_log order by id")
        .fetch_all(&mut owner)
        .await
        .expect("ids");
    let mut runner = TestRunner::new(Config::default());
    for _ in 0..CASES {
        let case = tampering().new_tree(&mut runner).expect("a case").current();
        let tell = tamper(&mut owner, &case, &audit, &movements).await;
        let found = findings(&app).await;
        assert!(found.iter().any(tell), "{case:?} is not told: {found:#?}");
        restore(&mut owner).await;
    }
    assert_eq!(findings(&app).await, []);
}

type Tells = Box<dyn Fn(&Finding) -> bool>;

/// Does it; gives which finding tells of it.
async fn tamper(owner: &mut PgConnection, case: &Tampering, audit: &[Uuid], movements: &[i64]) -> Tells {
    let pick = |log: Log, index: &prop::sample::Index| match log {
        Log::Audit => EntryId::Audit(*index.get(audit)),
        Log::Attendance => EntryId::Attendance(*index.get(movements)),
    };
    let about = |entry: EntryId, fault: Fault| -> Tells {
        Box::new(move |finding| finding.entry == Some(entry) && finding.fault == fault)
    };
    let id = |entry: EntryId| format!("{}_log where id = '{entry}'", entry.log());
    let sealed = |entry: EntryId| format!("seals where {}_id = '{entry}'", entry.log());
    match case {
        Tampering::Movement(index, what) => {
            let entry = pick(Log::Attendance, index);
            run(owner, &format!("update attendance_log set {what} where id = {entry}")).await;
            about(entry, Fault::Changed)
        }
        Tampering::Change(index, what) => {
            let entry = pick(Log::Audit, index);
            run(owner, &format!("update audit_log set {what} where id = '{entry}'")).await;
            about(entry, Fault::Changed)
        }
        Tampering::Removed(log, index) => {
            let entry = pick(*log, index);
            run(owner, &format!("delete from {}", id(entry))).await;
            about(entry, Fault::Removed)
        }
        Tampering::RemovedWithSeal(log, index) => {
            let entry = pick(*log, index);
            run(owner, &format!("delete from {}", id(entry))).await;
            let sql = format!("delete from {} returning sequence", sealed(entry));
            let number: i64 =
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(owner).await.expect("its seal");
            Box::new(move |finding| {
                finding.fault == Fault::SealsRemoved(number, number)
                    || finding.fault == Fault::EndDiffers(number)
            })
        }
        Tampering::Inserted(Log::Audit, index) => {
            let (entry, fresh) = (pick(Log::Audit, index), Uuid::from_u128(7));
            let columns = "at, organization_id, meeting_id, actor_type, actor_id, action, entity_type, entity_id, before, after, correlation_id";
            run(
                owner,
                &format!(
                    "insert into audit_log (id, tx, {columns}) select '{fresh}', 3, {columns} from {}",
                    id(entry)
                ),
            )
            .await;
            about(EntryId::Audit(fresh), Fault::Inserted)
        }
        Tampering::Inserted(Log::Attendance, index) => {
            let entry = pick(Log::Attendance, index);
            let columns = "organization_id, meeting_id, user_id, identity, span_id, event, occurred_at, source, recorded_at";
            run(
                owner,
                &format!(
                    "insert into attendance_log (id, tx, {columns}) overriding system value select -1, 3, {columns} from {}",
                    id(entry)
                ),
            )
            .await;
            about(EntryId::Attendance(-1), Fault::Inserted)
        }
        Tampering::Swapped(one, two) => {
            let (one, mut two) = (pick(Log::Attendance, one), pick(Log::Attendance, two));
            if one == two {
                let other = movements.iter().find(|id| EntryId::Attendance(**id) != one).expect("another");
                two = EntryId::Attendance(*other);
            }
            for (from, to) in [(one, EntryId::Attendance(-2)), (two, one), (EntryId::Attendance(-2), two)] {
                let sql = format!(
                    "with gone as (delete from attendance_log where id = {from} returning *)
                     insert into attendance_log (id, organization_id, meeting_id, user_id, identity, span_id, event, occurred_at, source, recorded_at, tx)
                     overriding system value
                     select {to}, organization_id, meeting_id, user_id, identity, span_id, event, occurred_at, source, recorded_at, tx from gone"
                );
                run(owner, &sql).await;
            }
            Box::new(move |finding| {
                [one, two].map(Some).contains(&finding.entry) && finding.fault == Fault::Changed
            })
        }
        Tampering::Resealed(index) => {
            let entry = pick(Log::Attendance, index);
            run(owner, &format!("update attendance_log set source = 'forged' where id = {entry}")).await;
            // What the seal says of it no longer matters: the chain holds what it said before.
            let sql = format!(
                "update seals set content = sha256('forged'), sealed_at = now() where attendance_id = {entry}"
            );
            run(owner, &sql).await;
            Box::new(move |finding| {
                finding.entry == Some(entry) && matches!(finding.fault, Fault::SealChanged(_))
            })
        }
        Tampering::CutOff(index) => {
            let EntryId::Attendance(first) = pick(Log::Attendance, index) else { unreachable!("a movement") };
            let sql = format!("select organization_id, sequence from seals where attendance_id = {first}");
            let (organization, number): (Uuid, i64) =
                sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut *owner).await.expect("its seal");
            let behind = format!("organization_id = '{organization}' and sequence >= {number}");
            run(
                owner,
                &format!(
                    "delete from attendance_log where id in (select attendance_id from seals where {behind})"
                ),
            )
            .await;
            run(
                owner,
                &format!("delete from audit_log where id in (select audit_id from seals where {behind})"),
            )
            .await;
            run(owner, &format!("delete from seals where {behind}")).await;
            Box::new(move |finding| {
                finding.organization == organization && matches!(finding.fault, Fault::EndDiffers(_))
            })
        }
        Tampering::Span(index) => {
            let spans: Vec<Uuid> = sqlx::query_scalar("select id from attendance_spans order by id")
                .fetch_all(&mut *owner)
                .await
                .expect("ids");
            let span = *index.get(&spans);
            run(
                owner,
                &format!(
                    "update attendance_spans set closed_by = 'left', left_at = coalesce(left_at, '{}') + interval '1 second'
                     where id = '{span}'",
                    beginning() + Duration::hours(1),
                ),
            )
            .await;
            Box::new(move |finding| finding.fault == Fault::SpanDiffers(span))
        }
    }
}

/// Puts everything back.
async fn restore(owner: &mut PgConnection) {
    for table in ["audit_log", "attendance_spans", "seals", "seal_heads"] {
        run(owner, &format!("truncate {table}")).await;
        run(owner, &format!("insert into {table} select * from {table}_kept")).await;
    }
    run(owner, "truncate attendance_log").await;
    run(owner, "insert into attendance_log overriding system value select * from attendance_log_kept").await;
}

#[tokio::test]
async fn a_whole_chain_made_anew_is_found_by_what_was_noted() {
    let app = TestApp::start().await;
    let organization = history(&app).await;
    let id: Uuid = organization.id.parse().expect("an id");
    seal(&app).await;
    let (_, chains) = verify(&app, Wanted { organization: Some(id), noted: vec![] }).await;
    let noted = chains[0].end.expect("it has seals");
    let mut owner = intruder(&app).await;
    run(&mut owner, "update audit_log set actor_id = null, actor_type = 'system'").await;
    run(&mut owner, "truncate seals").await;
    run(&mut owner, "truncate seal_heads").await;
    run(&mut owner, "update seal_progress set mark = 0, complete_at = null").await;
    seal(&app).await;
    assert_eq!(findings(&app).await, [], "the forgery fits together");
    let (found, _) = verify(&app, Wanted { organization: None, noted: vec![noted] }).await;
    assert_eq!(found.iter().map(|it| &it.fault).collect::<Vec<_>>(), [&Fault::NotedDiffers(noted.sequence)]);
    let program = (*app.app.config).clone();
    let wanted = Wanted { organization: Some(id), noted: vec![noted] };
    server::serve::verify(program, &wanted, |_| Ok(())).await.expect_err("a fault is a failure");
}
