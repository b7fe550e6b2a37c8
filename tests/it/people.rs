//! Members: invitations, imports, deactivation, and what stays of those who have left.

use std::fmt::Write;

use chrono::Duration;
use harness::{Answer, Organization, Person, TestApp, Value, json};
use reqwest::Method;

async fn import(organization: &Organization<'_>, query: &str, file: impl Into<Vec<u8>>) -> Answer {
    let path = organization.path(&format!("/members/import{query}"));
    organization.admin.upload(Method::POST, &path, "text/csv; charset=utf-8", file.into()).await
}

/// `line status code` of each line of a report.
fn told(report: &Value) -> Vec<String> {
    let line = |item: &Value| {
        let code = item["code"].as_str().map_or(String::new(), |code| format!(" {code}"));
        format!("{} {}{code}", item["line"], item["status"].as_str().expect("a status"))
    };
    report["items"].as_array().expect("items").iter().map(line).collect()
}

async fn members(organization: &Organization<'_>) -> Vec<(String, String, String)> {
    let members = organization.admin.all(&organization.path("/members"), 200).await;
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut found: Vec<_> = members
        .iter()
        .map(|it| (text(&it["user"]["email"]), text(&it["role"]), text(&it["status"])))
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn an_import_reports_every_line_and_a_second_one_changes_nothing() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (secretary, other) = (organization.member("secretary").await, app.organization().await.admin);
    let gone = organization.member("member").await;
    organization
        .admin
        .patch(&organization.path(&format!("/members/{}", gone.id)), json!({"is_active": false}))
        .await
        .is(200);
    let table = format!(
        "\u{feff}Email;Name;Role;Remark\r\nnew@example.test;\"Wanjiru, Amina\r\nof Nairobi\";member;x\r\nnew2@example.test;Otieno;;\r\n\
         NEW2@example.test;Otieno;member;\r\nnew2@example.test;Otieno;admin;\r\n{};S;member;\r\n{};O;chairperson;\r\n{};G;member;\r\n\
         nonsense;N;member;\r\n;N;member;\r\na@b.test;;member;\r\nb@b.test;B;boss;\r\n\r\n{};A;member;\r\n",
        secretary.email, other.email, gone.email, organization.admin.email
    );
    let expected = [
        "2 invited",
        "4 invited",
        "5 unchanged DUPLICATE",
        "6 failed DUPLICATE",
        "7 updated",
        "8 invited",
        "9 failed DEACTIVATED",
        "10 failed INVALID_EMAIL",
        "11 failed REQUIRED",
        "12 failed REQUIRED",
        "13 failed UNKNOWN_ROLE",
        "15 failed LAST_ADMIN",
    ];
    let before = members(&organization).await;
    let trial = import(&organization, "?dry_run=true", table.clone()).await.is(200);
    assert_eq!((told(&trial), &trial["dry_run"]), (expected.map(str::to_owned).to_vec(), &json!(true)));
    assert_eq!(members(&organization).await, before, "a trial changes nothing");
    assert_eq!(app.value::<i64>("select count(*) from invitations").await, 0);
    let report = import(&organization, "", table.clone()).await.is(200);
    assert_eq!(told(&report), expected);
    assert_eq!(
        report["summary"],
        json!({"invited": 3, "created": 0, "updated": 1, "unchanged": 1, "failed": 7})
    );
    let after = members(&organization).await;
    assert!(after.contains(&("new2@example.test".into(), "member".into(), "invited".into())));
    assert!(after.contains(&(other.email.clone(), "chairperson".into(), "invited".into())));
    assert!(after.contains(&(secretary.email.clone(), "member".into(), "active".into())));
    let invitations = app.value::<i64>("select count(*) from invitations").await;
    let again = import(&organization, "", table).await.is(200);
    assert_eq!((&again["summary"]["invited"], &again["summary"]["updated"]), (&json!(0), &json!(0)));
    assert_eq!(members(&organization).await, after);
    assert_eq!(app.value::<i64>("select count(*) from invitations").await, invitations);
    // Whoever has an account elsewhere keeps their name and password, and is no member until they accept.
    other.get(&organization.path("/members")).await.problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn what_is_no_table_is_refused_whole() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    for (file, code) in [
        (&b""[..], "EMPTY_FILE"),
        (b"\xef\xbb\xbf\r\n", "EMPTY_FILE"),
        (b"PK\x03\x04\x14\x00", "NOT_A_TABLE"),
        (b"name,role\nA,member\n", "MISSING_COLUMN"),
        (b"\xff\xfe\x00\xd8", "NOT_A_TABLE"),
    ] {
        let answer = import(&organization, "", file).await;
        assert_eq!(
            (answer.status, &answer.json["errors"][0]["code"]),
            (422, &json!(code)),
            "{}",
            answer.text()
        );
    }
    let long = format!("email,name\n{}", "a@b.test,A\n".repeat(20_001));
    let answer = import(&organization, "", long).await;
    assert_eq!(answer.json["errors"][0]["code"], "TOO_MANY_LINES");
    import(&organization, "", vec![b'x'; 5 * 1024 * 1024]).await.problem(413, "TOO_LARGE");
    let broken = import(
        &organization,
        "",
        &b"email,name,role\n\xff@b.test,A,member\nb@b.test,B\0,member\nc@b.test,C\n"[..],
    )
    .await
    .is(200);
    assert_eq!(told(&broken), ["2 failed ENCODING", "3 failed ENCODING", "4 invited"]);
    let path = organization.path("/members/import");
    let answer = organization.admin.upload(Method::POST, &path, "application/json", "[]").await;
    answer.problem(415, "UNSUPPORTED_MEDIA_TYPE");
}

/// The measure is ten seconds; a machine that tests on both of its cores is given twice that.
#[tokio::test]
async fn five_thousand_people_are_invited_in_seconds() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let mut table = String::from("email,name,role\n");
    for number in 0..5000 {
        let _ = writeln!(table, "p{number}@example.test,Person {number},member");
    }
    let began = std::time::Instant::now();
    let report = import(&organization, "", table.clone()).await.is(200);
    let first = began.elapsed();
    assert_eq!(report["summary"]["invited"], 5000);
    let began = std::time::Instant::now();
    let again = import(&organization, "", table).await.is(200);
    assert_eq!(again["summary"]["unchanged"], 5000);
    eprintln!("5,000 invitations in {first:?}, the same again in {:?}", began.elapsed());
    assert!(first < std::time::Duration::from_secs(20), "{first:?}");
    assert_eq!(app.value::<i64>("select count(*) from organization_members where not is_active").await, 5000);
    assert_eq!(app.value::<i64>("select count(*) from invitations").await, 5000);
}

#[tokio::test]
async fn invitations_are_listed_sent_again_and_taken_back() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let invite = async |email: &str| {
        let body = json!({"email": email, "name": "Invited", "role": "secretary"});
        let made = organization.admin.post(&organization.path("/members"), body).await.is(201);
        made["invitation_url"].as_str().expect("a link").rsplit('/').next().expect("a token").to_owned()
    };
    let first = invite("a@example.test").await;
    app.pass(Duration::seconds(1));
    invite("b@example.test").await;
    let list = organization.admin.all(&organization.path("/invitations"), 1).await;
    assert_eq!(
        list.iter().map(|it| it["user"]["email"].as_str().unwrap_or_default()).collect::<Vec<_>>(),
        ["b@example.test", "a@example.test"]
    );
    assert_eq!(
        (&list[0]["role"], &list[0]["invited_by"]["id"]),
        (&json!("secretary"), &json!(organization.admin.id))
    );
    let path = |item: &Value, rest: &str| {
        organization.path(&format!("/invitations/{}{rest}", item["id"].as_str().expect("an id")))
    };
    // The link before loses its force, and the term begins anew.
    app.pass(Duration::days(13));
    let sent = organization.admin.post(&path(&list[1], "/resend"), json!({})).await.is(200);
    let accept = json!({"name": "A", "password": "a good password"});
    app.api.post(&format!("/auth/invitations/{first}"), accept.clone()).await.problem(404, "NOT_FOUND");
    app.pass(Duration::days(13));
    let second =
        sent["invitation_url"].as_str().expect("a link").rsplit('/').next().expect("a token").to_owned();
    app.api.post(&format!("/auth/invitations/{second}"), accept.clone()).await.is(201);
    organization.admin.post(&path(&list[1], "/resend"), json!({})).await.problem(404, "NOT_FOUND");
    organization.admin.delete(&path(&list[1], "")).await.problem(404, "NOT_FOUND");
    // Taken back, the person is off the list and can be invited again.
    organization.admin.delete(&path(&list[0], "")).await.is(204);
    assert!(organization.admin.all(&organization.path("/invitations"), 50).await.is_empty());
    assert!(!members(&organization).await.iter().any(|(email, ..)| email == "b@example.test"));
    invite("b@example.test").await;
    let other = app.organization().await;
    let open = organization.admin.all(&organization.path("/invitations"), 50).await;
    other.admin.delete(&path(&open[0], "")).await.problem(404, "NOT_FOUND");
    let theirs = other.path(&format!("/invitations/{}", open[0]["id"].as_str().expect("an id")));
    other.admin.delete(&theirs).await.problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn nobody_is_made_active_who_did_not_accept() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let body = json!({"email": other.admin.email, "name": "X", "role": "member"});
    organization.admin.post(&organization.path("/members"), body).await.is(201);
    let path = organization.path(&format!("/members/{}", other.admin.id));
    organization.admin.patch(&path, json!({"is_active": true})).await.problem(409, "NOT_ACCEPTED");
    organization.admin.patch(&path, json!({"role": "secretary"})).await.is(200);
    other.admin.get(&organization.path("")).await.problem(404, "NOT_FOUND");
}

async fn is_out(app: &TestApp, organization: &Organization<'_>, person: &Person, end: impl AsyncFnOnce()) {
    let meeting = organization.meeting().invite(person).create().await;
    let connection = app.enter(person, &meeting).await;
    let mut events = person.follow(&meeting.path("/events"), None).await;
    end().await;
    assert!(!app.livekit.is_connected(&connection), "thrown out at once");
    person.get(&organization.path("/members")).await.problem(404, "NOT_FOUND");
    person.join(&meeting).await.problem(404, "NOT_FOUND");
    assert!(events.ends().await, "the stream ends");
    app.settle().await;
}

// ORG-04
#[tokio::test]
async fn whoever_is_deactivated_is_out_at_once_and_can_come_back() {
    let app = TestApp::start().await;
    app.listen().await;
    let organization = app.organization().await;
    let person = organization.member("member").await;
    let path = organization.path(&format!("/members/{}", person.id));
    is_out(&app, &organization, &person, async || {
        let changed = organization.admin.patch(&path, json!({"is_active": false})).await.is(200);
        assert_eq!(changed["status"], "deactivated");
    })
    .await;
    assert_eq!(person.get("/me").await.is(200)["memberships"], json!([]));
    let back = organization.admin.patch(&path, json!({"is_active": true})).await.is(200);
    assert_eq!(back["status"], "active");
    person.get(&organization.path("/members")).await.is(200);
}

#[tokio::test]
async fn the_name_of_whoever_was_removed_stays_in_the_records() {
    let app = TestApp::start().await;
    app.listen().await;
    let organization = app.organization().await;
    let person = organization.member("member").await;
    let path = organization.path(&format!("/members/{}", person.id));
    is_out(&app, &organization, &person, async || {
        organization.admin.delete(&path).await.is(204);
    })
    .await;
    assert!(!members(&organization).await.iter().any(|(email, ..)| *email == person.email));
    organization.admin.delete(&path).await.problem(404, "NOT_FOUND");
    organization.admin.patch(&path, json!({"is_active": true})).await.problem(404, "NOT_FOUND");
    let meetings = organization.admin.all(&organization.path("/meetings"), 50).await;
    let meeting = meetings[0]["id"].as_str().expect("a meeting");
    let attendance = organization.admin.get(&format!("/meetings/{meeting}/attendance")).await.is(200);
    let names: Vec<_> =
        attendance["items"].as_array().expect("items").iter().map(|it| it["user"]["name"].clone()).collect();
    assert!(names.contains(&json!(person.name)), "{names:?}");
    // They can be asked back, and have to accept as anybody else.
    let body = json!({"email": person.email, "name": "Whatever", "role": "member"});
    organization.admin.post(&organization.path("/members"), body).await.is(201);
    person.get(&organization.path("/members")).await.problem(404, "NOT_FOUND");
}
