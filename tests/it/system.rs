//! The administrators of the system: they see all organizations from outside, and nothing of what is in them.

use harness::{Api, Person, TestApp, json};
use kernel::db::{self, Actor};

/// Somebody who administers the system and belongs to no organization.
async fn administrator(app: &TestApp) -> Person {
    let person = Person::create(app).await;
    sqlx::query("update users set is_system_admin = true where id = $1")
        .bind(person.user_id().0)
        .execute(&mut app.database().await)
        .await
        .expect("an administrator");
    person
}

// ORG-16
#[tokio::test]
async fn administrators_see_how_much_there_is_and_not_what() {
    let app = TestApp::start().await;
    let admin = administrator(&app).await;
    let (one, other) = (app.organization().await, app.organization().await);
    let member = one.member("member").await;
    let meeting = one.meeting().invite(&member).create().await;
    sqlx::query(
        "insert into recordings (id, organization_id, meeting_id, status, object_key, size_bytes, sha256)
         select gen_random_uuid(), organization_id, id, 'available', 'x', 1000, 'x' from meetings where id = $1",
    )
    .bind(meeting.id.parse::<uuid::Uuid>().expect("an id"))
    .execute(&mut app.database().await)
    .await
    .expect("a recording");
    let list = admin.all("/system/organizations", 1).await;
    assert_eq!(list.len(), 2);
    let first = list.iter().find(|it| it["id"] == *one.id).expect("the organization");
    assert_eq!(
        (&first["members"], &first["meetings"], &first["storage_bytes"]),
        (&json!(2), &json!(1), &json!(1000))
    );
    let text = json!(list).to_string();
    for secret in ["Weekly", &member.name, &member.email, &one.admin.name] {
        assert!(!text.contains(secret), "{secret}");
    }
    let name =
        list.iter().find(|it| it["id"] == *other.id).expect("the other")["name"].as_str().expect("a name");
    let found =
        admin.all(&format!("/system/organizations?q={}", name.to_uppercase().replace(' ', "%20")), 50).await;
    assert_eq!(found.len(), 1);
    // By no other way either: not over the API, and not in a transaction of theirs.
    admin.get(&meeting.path("")).await.is(404);
    admin.get(&one.path("/members")).await.is(404);
    admin.get(&one.path("/audit")).await.is(404);
    let pool = db::connect(app.database_url(), 1).expect("a URL");
    let mut tx = db::begin(&pool, Actor::User(admin.user_id())).await.expect("a transaction");
    for table in [
        "organizations",
        "organization_members",
        "meetings",
        "meeting_participants",
        "recordings",
        "chat_messages",
    ] {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        let seen: i64 = sqlx::query_scalar(sql).fetch_one(&mut *tx).await.expect("a number");
        assert_eq!(seen, 0, "{table}");
    }
    let log: i64 = sqlx::query_scalar("select count(*) from audit_log where organization_id is not null")
        .fetch_one(&mut *tx)
        .await
        .expect("a number");
    assert_eq!(log, 0);
    drop(tx);
    let mut tx = db::begin(&pool, Actor::User(one.admin.user_id())).await.expect("a transaction");
    sqlx::query("select system_organizations(null, null, null, null, 10)")
        .execute(&mut *tx)
        .await
        .expect_err("only for administrators of the system");
}

async fn suspend(admin: &Api, organization: &str, verb: &str) {
    let path = format!("/system/organizations/{organization}/{verb}");
    admin.post(&path, json!({"reason": "unpaid"})).await.is(200);
}

#[tokio::test]
async fn nobody_works_in_a_suspended_organization_until_it_goes_on() {
    let app = TestApp::start().await;
    let admin = administrator(&app).await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let member = organization.member("member").await;
    other.add(&member, "member").await;
    let meeting = organization.meeting().invite(&member).create().await;
    let elsewhere = other.meeting().invite(&member).create().await;
    suspend(&admin, &organization.id, "suspend").await;
    let id = &meeting.id;
    for path in [
        organization.path(""),
        organization.path("/members"),
        organization.path("/meetings"),
        organization.path("/audit"),
        organization.path("/permissions"),
        format!("/meetings/{id}"),
        format!("/meetings/{id}/participants"),
        format!("/meetings/{id}/chat"),
        format!("/meetings/{id}/recordings"),
    ] {
        organization.admin.get(&path).await.problem(403, "ORGANIZATION_SUSPENDED");
    }
    for (path, body) in [
        (organization.path("/meetings"), json!({"title": "T", "scheduled_start": "2026-12-02T09:00:00Z"})),
        (format!("/meetings/{id}/join"), json!({})),
        (format!("/meetings/{id}/leave"), json!({})),
        (format!("/meetings/{id}/chat"), json!({"type": "text", "content": "x"})),
        (format!("/meetings/{id}/chat"), json!({"type": "hand_raise"})),
        (format!("/meetings/{id}/recordings"), json!({})),
        (format!("/meetings/{id}/cancel"), json!({})),
    ] {
        organization.admin.post(&path, body).await.problem(403, "ORGANIZATION_SUSPENDED");
    }
    assert_eq!(app.value::<i64>("select count(*) from chat_messages").await, 0);
    assert_eq!(app.value::<i64>("select count(*) from attendance_log").await, 0);
    // What is elsewhere goes on, and strangers learn nothing.
    member.join(&elsewhere).await.is(200);
    other.admin.get(&organization.path("")).await.is(404);
    let mine = member.get("/meetings").await.is(200);
    assert_eq!(mine["items"].as_array().expect("items").len(), 1);
    let me = member.get("/me").await.is(200);
    let states: Vec<_> =
        me["memberships"].as_array().expect("memberships").iter().map(|it| &it["is_suspended"]).collect();
    assert!(states.contains(&&json!(true)) && states.contains(&&json!(false)));
    suspend(&admin, &organization.id, "resume").await;
    member.join(&meeting).await.is(200);
    let log = admin.get("/system/audit?entity_type=organization").await.is(200);
    let actions: Vec<_> = log["items"].as_array().expect("items").iter().map(|it| &it["action"]).collect();
    assert_eq!(actions, ["organization.resumed", "organization.suspended"]);
    assert_eq!(log["items"][1]["actor"]["id"], *admin.id);
    assert_eq!(log["items"][1]["after"], json!({"reason": "unpaid"}));
    let nowhere = format!("/system/organizations/{}/suspend", member.id);
    admin.post(&nowhere, json!({})).await.is(404);
    admin
        .post(
            &format!("/system/organizations/{}/suspend", organization.id),
            json!({"reason": "x".repeat(501)}),
        )
        .await
        .fault_at("/reason");
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let app = TestApp::start().await;
    let admin = administrator(&app).await;
    let other = Person::create(&app).await;
    other.get("/system/admins").await.problem(403, "FORBIDDEN");
    let own = format!("/system/admins/{}", admin.id);
    admin.delete(&own).await.problem(409, "LAST_SYSTEM_ADMIN");
    admin.post("/system/admins", json!({"email": "nobody@example.test"})).await.fault_at("/email");
    admin.post("/system/admins", json!({"email": other.email.to_uppercase()})).await.is(201);
    let list = other.get("/system/admins").await.is(200);
    assert_eq!(list["items"].as_array().expect("items").len(), 2);
    assert_eq!(other.get("/me").await.is(200)["user"]["is_system_admin"], true);
    other.delete(&own).await.is(204);
    other.delete(&own).await.is(404);
    admin.get("/system/organizations").await.problem(403, "FORBIDDEN");
    let log = other.get(&format!("/system/audit?entity_type=user&entity_id={}", admin.id)).await.is(200);
    assert_eq!(log["items"][0]["action"], "user.unmade_system_admin");
    assert_eq!(log["items"][0]["after"], json!({"is_system_admin": false}));
    // Accounts and sign-ins are their own people's matter.
    assert_eq!(other.all("/system/audit", 50).await.len(), 3);
    assert_eq!(log["items"][0]["actor"]["id"], *other.id);
}
