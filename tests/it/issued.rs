//! Reports as files: what a PDF proves, and what its page tells of a record that was changed.

use chrono::Duration;
use harness::{Meeting, Organization, Person, TestApp, Value, json};
use server::seals::{
    seal,
    verify::{self, Wanted},
};
use sha2::{Digest, Sha256};

/// A meeting in which somebody was for ten minutes.
async fn held(app: &TestApp, organization: &Organization<'_>, member: &Person) -> Meeting {
    let meeting = organization.meeting().invite(member).create().await;
    let there = app.enter(member, &meeting).await;
    app.pass(Duration::minutes(10));
    app.go(&there).await;
    meeting
}

/// Issues a report; gives the code that stands in it, and the hash of its file.
async fn issue(app: &TestApp, reader: &Person, meeting: &Meeting) -> (String, String) {
    let answer = reader.get(&meeting.path("/attendance.pdf")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/pdf"), "{}", answer.text());
    assert!(answer.body.starts_with(b"%PDF-"));
    let file = Sha256::digest(&answer.body);
    let code = sqlx::query_scalar("select encode(code, 'hex') from issued_reports where file = $1")
        .bind(&file[..])
        .fetch_one(&mut app.database().await)
        .await;
    (code.expect("it was issued"), hex::encode(file))
}

async fn proof(app: &TestApp, hash: &str) -> Value {
    app.api.get(&format!("/reports/verify/{hash}")).await.is(200)
}

// ATT-08
#[tokio::test]
async fn a_report_is_proved_by_its_code_and_by_its_file() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let meeting = held(&app, &organization, &member).await;
    let host = &organization.admin;
    let (code, file) = issue(&app, host, &meeting).await;
    let by_code = proof(&app, &code).await;
    let at = app.clock.now();
    assert_eq!(by_code["issued_at"].as_str().and_then(|at| at.parse().ok()), Some(at));
    assert_eq!(
        (&by_code["genuine"], &by_code["matches"], &by_code["ledger"]),
        (&json!(true), &json!("code"), &json!("unchanged"))
    );
    let by_file = proof(&app, &file).await;
    assert_eq!((&by_file["matches"], &by_file["ledger"]), (&json!("file"), &json!("unchanged")));
    assert_eq!(by_code.as_object().expect("an object").len(), 4, "and no word of who was there");
    let unknown = json!({"genuine": false, "matches": null, "ledger": null, "issued_at": null});
    for other in ["0".repeat(64), "x".into(), code[1..].to_owned(), format!("{code}0")] {
        assert_eq!(proof(&app, &other).await, unknown);
    }
    // Everything is sealed; another report is another one.
    let waiting = "select count(*) from attendance_log l where not exists (select from seals s where s.attendance_id = l.id)";
    assert_eq!(app.value::<i64>(waiting).await, 0);
    app.pass(Duration::minutes(1));
    assert_ne!(issue(&app, host, &meeting).await.0, code);
    // Whoever asked for it stands in the audit log.
    let log = host.get(&organization.path("/audit?action=report.issued")).await.is(200);
    assert_eq!(
        (log["items"].as_array().map(Vec::len), &log["items"][0]["actor"]["id"]),
        (Some(2), &json!(host.id))
    );
    // The meeting goes on: the report is as true as it was.
    let again = app.enter(&member, &meeting).await;
    app.go(&again).await;
    assert_eq!(proof(&app, &code).await["ledger"], "extended");
}

/// How much `baraza admin verify` finds.
async fn faults(app: &TestApp) -> usize {
    verify::run(&app.app, &Wanted::default(), |_| ()).await.expect("the database answers")
}

// A row of the ledger changed by hand is found by the report's page, and by `baraza admin verify`.
#[tokio::test]
async fn a_changed_record_is_told() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let meeting = held(&app, &organization, &member).await;
    let other = held(&app, &organization, &member).await;
    let (code, file) = issue(&app, &organization.admin, &meeting).await;
    let (untouched, _) = issue(&app, &organization.admin, &other).await;
    seal::catch_up(&app.app).await.expect("the database answers");
    let mut owner = app.database().await;
    for table in ["attendance_log", "attendance_spans", "audit_log", "seals", "issued_reports"] {
        let sql = format!("alter table {table} disable trigger user");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut owner).await.expect("an owner");
    }
    let left = format!("meeting_id = '{}' and event = 'leave'", meeting.id);
    let report = format!("meeting_id = '{}'", meeting.id);
    let logged = format!("{report} and action = 'report.issued'");
    let cases = [
        (
            format!("update attendance_log set occurred_at = occurred_at + interval '1 minute' where {left}"),
            format!("update attendance_log set occurred_at = occurred_at - interval '1 minute' where {left}"),
        ),
        (
            format!("update attendance_log set user_id = meeting_id where {left}"),
            format!("update attendance_log set user_id = '{}' where {left}", member.id),
        ),
        (
            format!("update attendance_spans set left_at = left_at + interval '1 minute' where {report}"),
            format!("update attendance_spans set left_at = left_at - interval '1 minute' where {report}"),
        ),
        (
            "update seals set sequence = -sequence".to_owned(),
            "update seals set sequence = -sequence".to_owned(),
        ),
        (
            format!("update issued_reports set issued_at = issued_at + interval '1 day' where {report}"),
            format!("update issued_reports set issued_at = issued_at - interval '1 day' where {report}"),
        ),
        (
            format!("update audit_log set actor_type = 'guest' where {logged}"),
            format!("update audit_log set actor_type = 'user' where {logged}"),
        ),
        (format!("delete from attendance_log where {left}"), "select 1".to_owned()),
    ];
    for (tampering, undoing) in cases {
        assert_eq!(proof(&app, &code).await["ledger"], "unchanged", "before {tampering}");
        assert_eq!(faults(&app).await, 0, "before {tampering}");
        sqlx::query(sqlx::AssertSqlSafe(tampering.clone())).execute(&mut owner).await.expect(&tampering);
        for hash in [&code, &file] {
            let told = proof(&app, hash).await;
            assert_eq!((&told["genuine"], &told["ledger"]), (&json!(true), &json!("changed")), "{tampering}");
        }
        assert_ne!(faults(&app).await, 0, "{tampering}");
        sqlx::query(sqlx::AssertSqlSafe(undoing)).execute(&mut owner).await.expect("undone");
    }
    assert_eq!(proof(&app, &untouched).await["ledger"], "unchanged");
}

// Nobody puts a report into the database, or takes one out, without its entry in the audit log.
#[tokio::test]
async fn a_forged_report_is_found() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let meeting = held(&app, &organization, &member).await;
    let (code, _) = issue(&app, &organization.admin, &meeting).await;
    let mut owner = app.database().await;
    for sql in [
        "alter table issued_reports disable trigger user",
        "insert into issued_reports
         select uuid_v7(now()), organization_id, meeting_id, sha256('code'), sha256('file'), movements, record, seal_sequence,
                seal_hash, issued_at, user_id, meetings from issued_reports",
    ] {
        sqlx::query(sql).execute(&mut owner).await.expect(sql);
    }
    assert_eq!(proof(&app, &hex::encode(Sha256::digest("file"))).await["ledger"], "changed");
    assert_eq!(proof(&app, &code).await["ledger"], "unchanged");
    assert_eq!(faults(&app).await, 1);
    sqlx::query("delete from issued_reports").execute(&mut owner).await.expect("gone");
    assert_eq!(proof(&app, &code).await["genuine"], false);
    assert_eq!(faults(&app).await, 1);
}

// A report of many meetings rests on them all, and that of a member on the member's movements.
#[tokio::test]
async fn reports_of_a_member_and_of_an_organization_are_proved() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (member, other) = (organization.member("member").await, organization.member("member").await);
    let meeting = held(&app, &organization, &member).await;
    let second = held(&app, &organization, &other).await;
    let of_member = format!("/reports/members/{}/meetings", member.id);
    let mut issued = Vec::new();
    for (path, kind) in [
        ("/reports/meetings", "pdf"),
        ("/reports/meetings", "xlsx"),
        (&of_member, "pdf"),
        (&of_member, "xlsx"),
    ] {
        let answer = organization.admin.get(&organization.path(&format!("{path}.{kind}"))).await;
        assert_eq!(answer.status, 200, "{path}.{kind}: {}", answer.text());
        assert!(answer.header("content-disposition").contains(&format!(".{kind}")));
        issued.push(hex::encode(Sha256::digest(&answer.body)));
    }
    for hash in &issued {
        assert_eq!(proof(&app, hash).await["ledger"], "unchanged");
    }
    // What the other member does is news of the organization, and none of the member's.
    let again = app.enter(&other, &second).await;
    app.go(&again).await;
    for (hash, says) in issued.iter().zip(["extended", "extended", "unchanged", "unchanged"]) {
        assert_eq!(proof(&app, hash).await["ledger"], says);
    }
    seal::catch_up(&app.app).await.expect("the database answers");
    assert_eq!(faults(&app).await, 0);
    let mut owner = app.database().await;
    let tampering = format!(
        "update attendance_log set occurred_at = occurred_at + interval '1 minute' where meeting_id = '{}'",
        meeting.id
    );
    for sql in ["alter table attendance_log disable trigger user", &tampering] {
        sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut owner).await.expect(sql);
    }
    for hash in &issued {
        assert_eq!(proof(&app, hash).await["ledger"], "changed");
    }
    // Members get their own; a period in which nothing was has a report too.
    let own = member
        .get(
            &organization.path(&format!("{of_member}.pdf?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z")),
        )
        .await;
    assert_eq!(own.status, 200, "{}", own.text());
    let told = proof(&app, &hex::encode(Sha256::digest(&own.body))).await;
    assert_eq!(told["ledger"], "unchanged");
    assert_eq!(other.get(&organization.path(&format!("{of_member}.pdf"))).await.status, 403);
}

// ATT-08
#[tokio::test]
async fn a_workbook_is_proved_too() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let meeting = held(&app, &organization, &member).await;
    let book = organization.admin.get(&meeting.path("/attendance.xlsx")).await;
    assert_eq!(book.status, 200);
    assert!(book.body.starts_with(b"PK\x03\x04"));
    assert!(book.header("content-disposition").contains(&meeting.id));
    let told = proof(&app, &hex::encode(Sha256::digest(&book.body))).await;
    assert_eq!((&told["matches"], &told["ledger"]), (&json!("file"), &json!("unchanged")));
    // A meeting that nobody came to has reports too.
    let empty = organization.meeting().create().await;
    assert_eq!(organization.admin.get(&empty.path("/attendance.xlsx")).await.status, 200);
    let (code, _) = issue(&app, &organization.admin, &empty).await;
    assert_eq!(proof(&app, &code).await["ledger"], "unchanged");
}
