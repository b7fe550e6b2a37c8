//! Lists and search of meetings: what is found, in which order, and along which way.

use std::collections::BTreeMap;

use harness::{Meeting, Organization, Person, TestApp, Value, json, statements};
use sqlx::AssertSqlSafe;

fn titles(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["title"].as_str().expect("a title")).collect()
}

async fn titled(organization: &Organization<'_>, title: &str, description: &str) {
    organization.meeting().set("title", title).set("description", description).create().await;
}

// CFA-08
#[tokio::test]
async fn words_are_found_whole_in_part_and_mistyped() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    titled(&organization, "Budget review", "").await;
    titled(&organization, "Weekly council", "About the budget of the Café").await;
    titled(&organization, "Board", "").await;
    organization
        .meeting()
        .set("title", "Ärzterat")
        .set("agenda", "1. Wahl\n2. Beschaffungsplan")
        .create()
        .await;
    let found = async |words: &str| {
        let query = organization.path(&format!("/meetings?q={words}"));
        let items = organization.admin.all(&query, 2).await;
        titles(&items).into_iter().map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("budget").await, ["Budget review", "Weekly council"], "a title counts more");
    assert_eq!(found("BUDGET+cafe").await, ["Weekly council"], "all words have to be there");
    assert_eq!(found("bud").await.len(), 2, "as one types");
    assert_eq!(found("udget").await.len(), 2, "a part of a word");
    assert_eq!(found("budgte").await.len(), 2, "mistyped");
    assert_eq!(found("weekyl+counicl").await, ["Weekly council"]);
    assert_eq!(found("arzterat").await, ["Ärzterat"], "accents don't matter");
    assert_eq!(found("beschafungsplan").await, ["Ärzterat"], "the agenda counts");
    assert_eq!(found("xylophone").await.len(), 0);
    assert_eq!(found("%27%27+%26+%21+%7C+%3A*+%5C").await.len(), 0, "signs mean nothing");
    let host = organization.admin.name.replace(' ', "+");
    assert_eq!(found(&host).await.len(), 4, "the host's name counts");
    let ranked = organization.path("/meetings?q=budget&order=-scheduled_start");
    assert_eq!(organization.admin.all(&ranked, 1).await.len(), 2, "in another order");
    organization.admin.get(&organization.path("/meetings?order=rank")).await.fault_at("/order");
    // What changes is found as it is now.
    let meeting = organization.meeting().set("title", "Zebra").create().await;
    assert_eq!(found("zebra").await, ["Zebra"]);
    organization.admin.patch(&meeting.path(""), json!({"title": "Giraffe"})).await.is(200);
    assert_eq!((found("zebra").await.len(), found("giraffe").await.len()), (0, 1));
    app.execute("update users set name = 'Wangari Maathai'").await;
    assert_eq!(found("wangari").await.len(), 5);
}

// ORG-01, CON-12
#[tokio::test]
async fn nobody_finds_what_another_organization_says() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let member = organization.member("member").await;
    titled(&organization, "Secret merger", "").await;
    assert_eq!(member.all(&organization.path("/meetings?q=merger"), 5).await.len(), 1);
    assert_eq!(member.all("/meetings?q=merger", 5).await.len(), 0, "the member takes no part in it");
    assert_eq!(organization.admin.all("/meetings?q=merger", 5).await.len(), 1);
    assert_eq!(other.admin.all("/meetings?q=merger", 5).await.len(), 0);
    assert_eq!(other.admin.all(&other.path("/meetings?q=merger"), 5).await.len(), 0);
    other.admin.get(&organization.path("/meetings?q=merger")).await.problem(404, "NOT_FOUND");
    let gone = format!("/members/{}", member.id);
    organization.admin.delete(&organization.path(&gone)).await.is(204);
    member.get(&organization.path("/meetings?q=merger")).await.problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn lists_are_filtered_by_host_type_object_and_field() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let officer = organization.member("secretary").await;
    organization.meeting().set("title", "A").host(&officer).kind("audio").create().await;
    // Those made in one millisecond stand in any order.
    app.pass(chrono::Duration::milliseconds(1));
    organization
        .meeting()
        .set("title", "B")
        .set("custom_fields", json!({"ward": "x", "n": 1}))
        .create()
        .await;
    app.pass(chrono::Duration::milliseconds(1));
    organization
        .meeting()
        .set("title", "C")
        .set("related_object", json!({"type": "order", "id": "7"}))
        .set("custom_fields", json!({"ward": "x", "n": 2}))
        .invite(&officer)
        .create()
        .await;
    let found = async |who: &Person, path: String| {
        let items = who.all(&path, 1).await;
        titles(&items).concat()
    };
    let of = async |query: String| {
        found(&organization.admin, organization.path(&format!("/meetings?{query}"))).await
    };
    assert_eq!(of(format!("host={}", officer.id)).await, "A");
    assert_eq!(of("meeting_type=audio".into()).await, "A");
    assert_eq!(of("related_type=order&related_id=7".into()).await, "C");
    assert_eq!(of("custom_fields=%7B%22ward%22:%22x%22%7D&order=-created_at".into()).await, "CB");
    assert_eq!(of("custom_fields=%7B%22ward%22:%22x%22,%22n%22:2%7D".into()).await, "C");
    assert_eq!(of(format!("q=c&host={}", organization.admin.id)).await, "C");
    assert_eq!(found(&officer, "/meetings".into()).await, "AC");
    assert_eq!(found(&officer, format!("/meetings?host={}", officer.id)).await, "A");
    assert_eq!(found(&officer, "/meetings?related_type=order&order=-created_at".into()).await, "C");
    assert_eq!(found(&officer, "/meetings?status=completed".into()).await, "");
    let path = format!("/participants/{}", officer.id);
    let c = organization.admin.all("/meetings?related_type=order", 1).await;
    let c = format!("/meetings/{}{path}", c[0]["id"].as_str().expect("an id"));
    organization.admin.delete(&c).await.is(204);
    assert_eq!(found(&officer, "/meetings".into()).await, "A", "who is taken off takes no part");
}

/// Sequential scans of each table so far. Everybody else has to be gone: their counts come when they leave.
async fn sequential_scans(app: &TestApp) -> BTreeMap<String, i64> {
    let mut database = app.database().await;
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    )
    .execute(&mut database)
    .await
    .expect("they go");
    for _ in 0..100 {
        let others: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
        )
        .fetch_one(&mut database)
        .await
        .expect("a number");
        if others == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select relname::text, seq_scan from pg_stat_user_tables where n_live_tup > 1000 order by relname",
    )
    .fetch_all(&mut database)
    .await
    .expect("counts");
    rows.into_iter().collect()
}

// CFA-08, OBS: among many meetings, every list goes along an index.
#[tokio::test]
async fn no_list_reads_a_big_table_from_end_to_end() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let admin = organization.admin.clone();
    let sql: String = include_str!("../../bench/src/lists.sql")
        .lines()
        .filter(|line| !line.starts_with('\\') && !line.starts_with("vacuum"))
        .fold(String::new(), |all, line| all + line + "\n")
        .replace(":count", "20000")
        .replace(":'admin'", &format!("'{}'", admin.id));
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut app.database().await).await.expect("many meetings");
    // By name: among all tables there may be temporary ones of others, which go meanwhile.
    app.execute("analyze meetings, meeting_participants, my_meetings, meeting_search, meeting_words, organizations, organization_members, users")
        .await;
    let org = app.value::<uuid::Uuid>("select id from organizations where slug = 'bench-list-0'").await;
    let before = sequential_scans(&app).await;
    for table in
        ["meetings", "meeting_participants", "my_meetings", "meeting_search", "meeting_words", "users"]
    {
        assert!(before.contains_key(table), "{table} is not big enough: {before:?}");
    }
    let mut calls = Vec::new();
    for list in [format!("/organizations/{org}/meetings"), "/meetings".to_owned()] {
        for query in [
            "",
            "order=-scheduled_start",
            "order=created_at",
            "order=-created_at",
            "status=in_progress",
            "include=participants",
            "status=completed,cancelled&order=-scheduled_start",
            "meeting_type=screen_share",
            "related_type=order",
            "related_type=order&related_id=3",
            "from=2026-01-02T00:00:00Z&to=2026-01-03T00:00:00Z",
            "custom_fields=%7B%22budget%22:7%7D",
            "q=badama",
            "q=badema",
            "q=kedama%20lifema",
            "q=ba&status=scheduled",
            "q=badama&order=-scheduled_start",
            "q=badama&order=created_at",
            "q=person&meeting_type=audio",
        ] {
            calls.push(format!("{list}?limit=20&{query}"));
        }
        calls.push(format!("{list}?host={}", admin.id));
    }
    calls.push(format!("/organizations/{org}/members"));
    calls.push(format!("/organizations/{org}/recordings"));
    let mut found = 0;
    for call in &calls {
        let page = admin.get(call).await.is(200);
        found += page["items"].as_array().map_or(0, Vec::len);
        if let Some(cursor) = page["next_cursor"].as_str() {
            admin
                .get(&format!("{call}{}cursor={cursor}", if call.contains('?') { "&" } else { "?" }))
                .await
                .is(200);
        }
        if call.contains("?limit")
            && let Some(first) = page["items"].get(0)
        {
            let id = first["id"].as_str().expect("an id");
            admin.get(&format!("/meetings/{id}")).await.is(200);
        }
    }
    assert!(found > 300, "the lists are too empty to say anything: {found}");
    let scanned: Vec<String> = sequential_scans(&app)
        .await
        .into_iter()
        .filter(|(table, scans)| before.get(table).is_some_and(|were| scans > were))
        .map(|(table, _)| table)
        .collect();
    assert!(scanned.is_empty(), "read from end to end: {scanned:?}");
}

/// Makes `count` of everything that lists show.
async fn fill(organization: &Organization<'_>, meeting: &Meeting, count: usize) {
    for n in 0..count {
        let member = organization.member("member").await;
        let contact =
            json!({"name": format!("Contact {n}"), "email": format!("c{}@example.test", member.id)});
        organization.admin.post(&organization.path("/contacts"), contact).await.is(201);
        let group = json!({"name": format!("Group of {}", member.id)});
        organization.admin.post(&organization.path("/contact-groups"), group).await.is(201);
        organization.admin.post(&meeting.path("/invite"), json!({"user_ids": [member.id]})).await.is(200);
        organization
            .admin
            .post(&meeting.path("/chat"), json!({"type": "text", "content": "Jambo"}))
            .await
            .is(201);
        organization.admin.post(&meeting.path("/guest-links"), json!({"name": "Visitors"})).await.is(201);
        organization.meeting().set("title", "Council").invite(&member).create().await;
        let invitation =
            json!({"email": format!("i{}@example.test", member.id), "name": "Guest", "role": "member"});
        organization.admin.post(&organization.path("/members"), invitation).await.is(201);
    }
}

// PRF: one row or fifty, the same number of questions.
#[tokio::test]
async fn lists_ask_the_database_as_often_for_many_rows_as_for_few() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let settings = json!({"allow_guests": true});
    organization.admin.patch(&organization.path("/settings"), settings.clone()).await.is(200);
    let meeting = organization.meeting().set("settings", settings).create().await;
    let lists = [
        organization.path("/meetings?include=participants"),
        organization.path("/meetings?q=council"),
        organization.path("/members"),
        organization.path("/invitations"),
        organization.path("/contacts"),
        organization.path("/contact-groups"),
        organization.path("/audit"),
        "/meetings".to_owned(),
        "/me".to_owned(),
        meeting.path(""),
        meeting.path("/participants"),
        meeting.path("/chat"),
        meeting.path("/guest-links"),
        meeting.path("/attendance"),
        meeting.path("/history"),
    ];
    let counts = async || {
        let mut counts = BTreeMap::new();
        for path in &lists {
            // Which connection a request gets is chance.
            let mut least = usize::MAX;
            for _ in 0..5 {
                least = least.min(statements::count(&organization.admin, path).await);
            }
            counts.insert(path.as_str(), least);
        }
        counts
    };
    fill(&organization, &meeting, 1).await;
    let few = counts().await;
    fill(&organization, &meeting, 9).await;
    for (path, many) in counts().await {
        assert!(many <= few[path], "{path}: {many} statements for many rows, {} for few", few[path]);
    }
    assert!(few.values().all(|count| (1..=8).contains(count)), "{few:?}");
}
