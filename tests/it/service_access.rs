//! Callers that are no people: API keys of services, device tokens of tablets.

use chrono::Duration;
use harness::{Api, Organization, TestApp, Value, app::eventually_async, json};

/// Everything that a key can be allowed to do.
pub const SCOPES: [&str; 8] = [
    "meetings.read",
    "meetings.write",
    "calendar.read",
    "calendar.write",
    "attendance.read",
    "recordings.read",
    "members.read",
    "members.write",
];

async fn make(organization: &Organization<'_>, scopes: &[&str]) -> Value {
    let body = json!({"name": "Nightly import", "scopes": scopes});
    organization.admin.post(&organization.path("/api-keys"), body).await.is(201)
}

/// A key of the organization with these scopes, and its id.
pub async fn key(app: &TestApp, organization: &Organization<'_>, scopes: &[&str]) -> (Api, String) {
    let made = make(organization, scopes).await;
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    (app.api.with_token(&text("key")), text("id"))
}

/// A device token of the organization, and its id.
pub async fn device(app: &TestApp, organization: &Organization<'_>) -> (Api, String) {
    let body = json!({"label": "Tablet at the door"});
    let made = organization.admin.post(&organization.path("/device-tokens"), body).await.is(201);
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    (app.api.with_token(&text("token")), text("id"))
}

// ORG-14, SEC-04
#[tokio::test]
async fn a_keys_secret_is_shown_once_and_stored_as_a_hash() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let made = make(&organization, &["meetings.write", "meetings.read", "meetings.read"]).await;
    let secret = made["key"].as_str().expect("a secret");
    assert!(secret.starts_with("bz_key_") && secret.len() == 50, "{secret}");
    assert_eq!(made["scopes"], json!(["meetings.read", "meetings.write"]));
    let listed = organization.admin.get(&organization.path("/api-keys")).await.is(200);
    let item = &listed["items"][0];
    assert_eq!((&item["id"], &item["name"]), (&made["id"], &json!("Nightly import")));
    assert_eq!(item["created_by"]["id"], organization.admin.id);
    assert_eq!((&item["last_used_at"], &item["expires_at"]), (&Value::Null, &Value::Null));
    assert!(secret.starts_with(item["prefix"].as_str().expect("a beginning")));
    assert!(!listed.to_string().contains(secret), "a list shows a secret");
    let found: Vec<String> = sqlx::query_scalar("select to_jsonb(k)::text from api_keys k")
        .fetch_all(&mut app.database().await)
        .await
        .expect("keys");
    assert!(found.iter().all(|row| !row.contains(secret)), "the database knows the secret");
}

#[tokio::test]
async fn bad_input_makes_no_key() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let path = organization.path("/api-keys");
    let past = app.clock.now();
    for (body, pointer) in [
        (json!({"name": "", "scopes": ["meetings.read"]}), "/name"),
        (json!({"name": "x".repeat(201), "scopes": ["meetings.read"]}), "/name"),
        (json!({"name": "a\0b", "scopes": ["meetings.read"]}), "/name"),
        (json!({"name": "a", "scopes": []}), "/scopes"),
        (json!({"name": "a", "scopes": ["everything"]}), "/scopes/0"),
        (json!({"name": "a", "scopes": ["meetings.read"], "expires_at": past}), "/expires_at"),
    ] {
        organization.admin.post(&path, body).await.fault_at(pointer);
    }
    let tokens = organization.path("/device-tokens");
    organization.admin.post(&tokens, json!({"label": " "})).await.fault_at("/label");
    organization.admin.post(&tokens, json!({"label": "a", "expires_at": past})).await.fault_at("/expires_at");
    let (_, id) = key(&app, &organization, &["meetings.read"]).await;
    let rotate = format!("{path}/{id}/rotate");
    organization.admin.post(&rotate, json!({"grace_seconds": 604_801})).await.fault_at("/grace_seconds");
    organization.admin.patch(&format!("{path}/{id}"), json!({"name": ""})).await.fault_at("/name");
    assert_eq!(app.value::<i64>("select count(*) from api_keys").await, 1);
    assert_eq!(app.value::<i64>("select count(*) from device_tokens").await, 0);
    assert_eq!(app.value::<i64>("select count(*) from users where kind = 'service'").await, 1);
}

// ORG-07, ORG-14
#[tokio::test]
async fn a_key_does_what_its_scopes_say_in_its_organization_and_nothing_else() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (reader, _) = key(&app, &organization, &["meetings.read"]).await;
    let meeting = organization.meeting().create().await;
    let listed = reader.get(&organization.path("/meetings")).await.is(200);
    assert_eq!(listed["items"][0]["id"], meeting.id);
    // Whoever is not invited sees what it is, not how to get in.
    assert_eq!(
        (&listed["items"][0]["room_name"], &listed["items"][0]["join_url"]),
        (&Value::Null, &json!(""))
    );
    let body = json!({"title": "By a service", "scheduled_start": "2026-12-02T09:00:00Z"});
    let refused = reader.post(&organization.path("/meetings"), body.clone()).await.problem(403, "FORBIDDEN");
    assert!(refused["detail"].as_str().expect("a sentence").contains("meetings.write"), "{refused}");
    let elsewhere = other.meeting().create().await;
    reader.get(&elsewhere.path("")).await.problem(404, "NOT_FOUND");
    reader.get(&other.path("/meetings")).await.problem(404, "NOT_FOUND");
    reader.get("/me").await.problem(403, "KEY_NOT_ALLOWED");
    reader.post(&meeting.path("/join"), json!({})).await.problem(403, "KEY_NOT_ALLOWED");
    for made_up in ["bz_key_", "bz_key_x", "bz_dev_x"] {
        app.api
            .with_token(made_up)
            .get(&organization.path("/meetings"))
            .await
            .problem(401, "UNAUTHENTICATED");
    }
}

// ORG-14, CON-11, CON-31
#[tokio::test]
async fn a_service_makes_meetings_changes_any_and_cancels_its_own() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (host, guest) = (organization.member("member").await, organization.member("member").await);
    let (service, _) = key(&app, &organization, &["meetings.read", "meetings.write"]).await;
    let body = json!({
        "title": "By a service", "scheduled_start": "2026-12-02T09:00:00Z", "host_id": host.id,
        "participants": [guest.id, host.id],
    });
    let made = service.post(&organization.path("/meetings"), body.clone()).await.is(201);
    assert_eq!((&made["created_by_type"], &made["host"]["id"]), (&json!("ai"), &json!(host.id)));
    assert_eq!(made["my"], json!({"role": null, "status": null, "can": made["my"]["can"]}));
    assert_eq!(made["participant_count"], 2);
    let path = format!("/meetings/{}", made["id"].as_str().expect("an id"));
    assert_eq!(host.get(&path).await.is(200)["my"]["role"], "host");
    assert_eq!(guest.get(&path).await.is(200)["my"]["role"], "participant");
    let participants = service.get(&format!("{path}/participants")).await.is(200);
    assert_eq!(participants["items"].as_array().map(Vec::len), Some(2), "the service itself is nobody there");

    // Without a host nobody is: the service is no person.
    let body = json!({"title": "Hosted by nobody", "scheduled_start": "2026-12-02T09:00:00Z"});
    let bare = service.post(&organization.path("/meetings"), body).await.is(201);
    assert_eq!((&bare["host"], &bare["participant_count"]), (&Value::Null, &json!(0)));

    let by_person = organization.meeting().create().await;
    assert_eq!(by_person.json["created_by_type"], "human");
    service.patch(&by_person.path(""), json!({"title": "Moved"})).await.is(200);
    let added = service.post(&by_person.path("/invite"), json!({"user_ids": [guest.id]})).await.is(200);
    assert_eq!(added["items"][0]["user"]["id"], guest.id);
    service.post(&by_person.path("/cancel"), json!({})).await.problem(403, "NOT_CREATED_BY_AGENT");
    service.delete(&by_person.path("")).await.problem(403, "NOT_CREATED_BY_AGENT");
    assert_eq!(service.get(&by_person.path("")).await.is(200)["status"], "scheduled");
    let cancelled = service.post(&format!("{path}/cancel"), json!({"reason": "Not needed"})).await.is(200);
    assert_eq!(cancelled["status"], "cancelled");
}

#[tokio::test]
async fn a_host_is_an_active_member_who_is_a_person() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (service, _) = key(&app, &organization, &["meetings.write"]).await;
    let account: uuid::Uuid = app.value("select account_id from api_keys").await;
    let with = |host: &str| json!({"title": "T", "scheduled_start": "2026-12-02T09:00:00Z", "host_id": host});
    let path = organization.path("/meetings");
    for stranger in [other.admin.id.as_str(), &account.to_string(), "019368f0-0000-7000-8000-000000000000"] {
        let refused = service.post(&path, with(stranger)).await.problem(422, "NOT_A_MEMBER");
        assert_eq!(refused["errors"][0]["pointer"], "/host_id");
        organization.admin.post(&path, with(stranger)).await.problem(422, "NOT_A_MEMBER");
    }
    // An officer may schedule for somebody else.
    let chair = organization.member("chairperson").await;
    let made = organization.admin.post(&path, with(&chair.id)).await.is(201);
    assert_eq!((&made["host"]["id"], &made["my"]["role"]), (&json!(chair.id), &Value::Null));
    assert_eq!(made["created_by_type"], "human");
}

// ORG-14
#[tokio::test]
async fn the_account_behind_a_key_is_no_person_anywhere() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (_, _) = key(&app, &organization, &["members.read", "members.write"]).await;
    let account = app.value::<uuid::Uuid>("select account_id from api_keys").await.to_string();
    let email: String = app.value("select email::text from users where kind = 'service'").await;
    let members = organization.admin.all(&organization.path("/members"), 50).await;
    assert_eq!(members.len(), 1, "{members:?}");
    let member = organization.path(&format!("/members/{account}"));
    organization.admin.patch(&member, json!({"role": "member"})).await.problem(404, "NOT_FOUND");
    organization.admin.delete(&member).await.problem(404, "NOT_FOUND");
    let body = json!({"email": email, "name": "X", "role": "member"});
    organization.admin.post(&organization.path("/members"), body).await.problem(409, "EMAIL_TAKEN");
    let meeting = organization.meeting().create().await;
    let invite = json!({"user_ids": [account]});
    organization.admin.post(&meeting.path("/invite"), invite).await.problem(422, "NOT_A_MEMBER");
    let login = json!({"email": email, "password": "a good password"});
    app.api.post("/auth/login", login).await.problem(401, "BAD_CREDENTIALS");
    // Its role does not count as the admin that an organization needs.
    let me = organization.path(&format!("/members/{}", organization.admin.id));
    organization.admin.delete(&me).await.problem(409, "LAST_ADMIN");
}

#[tokio::test]
async fn a_key_looks_after_members_but_never_after_admins() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (service, _) = key(&app, &organization, &["members.read", "members.write"]).await;
    let path = organization.path("/members");
    let new = json!({"email": "new@example.test", "name": "New", "role": "member"});
    let added = service.post(&path, new).await.is(201);
    let member = format!("{path}/{}", added["user"]["id"].as_str().expect("an id"));
    assert_eq!(service.patch(&member, json!({"role": "secretary"})).await.is(200)["role"], "secretary");
    let admin =
        json!({"email": "boss@example.test", "name": "Boss", "role": "admin", "password": "a good password"});
    service.post(&path, admin).await.problem(403, "FORBIDDEN");
    service.patch(&member, json!({"role": "admin"})).await.problem(403, "FORBIDDEN");
    let boss = organization.member("admin").await;
    let boss = format!("{path}/{}", boss.id);
    service.patch(&boss, json!({"role": "member"})).await.problem(403, "FORBIDDEN");
    service.delete(&boss).await.problem(403, "FORBIDDEN");
    service.delete(&member).await.is(204);
    let emails = service.get(&path).await.is(200);
    assert_eq!(emails["items"].as_array().map(Vec::len), Some(2));
}

// OBS-01
#[tokio::test]
async fn what_a_key_does_is_logged_as_the_keys() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (service, id) = key(&app, &organization, &["meetings.read", "meetings.write", "members.write"]).await;
    let body = json!({"title": "By a service", "scheduled_start": "2026-12-02T09:00:00Z"});
    service.post(&organization.path("/meetings"), body).await.is(201);
    let new = json!({"email": "new@example.test", "name": "New", "role": "member"});
    service.post(&organization.path("/members"), new).await.is(201);
    let rows = organization.admin.all(&organization.path(&format!("/audit?actor={id}")), 50).await;
    let actions: Vec<_> = rows.iter().map(|row| row["action"].as_str().expect("an action")).collect();
    assert!(actions.contains(&"meeting.created") && actions.contains(&"member.added"), "{actions:?}");
    for row in &rows {
        assert_eq!(row["actor"], json!({"type": "key", "id": id, "name": "Nightly import"}));
    }
    let of_key = organization.admin.all(&organization.path(&format!("/audit?entity_id={id}")), 50).await;
    assert_eq!(
        (&of_key[0]["action"], &of_key[0]["actor"]["id"]),
        (&json!("api_key.created"), &json!(organization.admin.id))
    );
    assert_eq!(of_key[0]["after"]["secret_hash"], "***");
}

// The same table stands in the database.
#[tokio::test]
async fn scopes_mean_the_same_permissions_to_program_and_database() {
    use server::access::scope::ApiScope;
    let app = TestApp::start().await;
    for scope in ApiScope::ALL {
        let mut known: Vec<String> =
            sqlx::query_scalar("select unnest(scope_permissions($1::text::api_scope))")
                .bind(scope.name())
                .fetch_all(&mut app.database().await)
                .await
                .expect("permissions");
        let mut wanted: Vec<String> = scope.permissions().iter().map(|it| it.name().to_owned()).collect();
        known.sort();
        wanted.sort();
        assert_eq!(known, wanted, "{scope:?}");
    }
}

// ORG-14
#[tokio::test]
async fn a_revoked_key_is_out_at_once_in_every_process() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let elsewhere = app.second_process().await;
    let (service, id) = key(&app, &organization, &["meetings.read", "meetings.write"]).await;
    let there = elsewhere.with_credentials_of(&service);
    let path = organization.path("/meetings");
    for api in [&service, &there] {
        api.get(&path).await.is(200);
    }
    organization.admin.delete(&organization.path(&format!("/api-keys/{id}"))).await.is(204);
    service.get(&path).await.problem(401, "UNAUTHENTICATED");
    // The other process may not have heard of it yet; the database shows it nothing even so.
    let at_once = there.get(&path).await.status;
    assert!(matches!(at_once, 401 | 404), "{at_once}");
    eventually_async(async || there.get(&path).await.status == 401).await;
    organization.admin.delete(&organization.path(&format!("/api-keys/{id}"))).await.problem(404, "NOT_FOUND");
    let listed = organization.admin.get(&organization.path("/api-keys")).await.is(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn a_rotated_secret_works_for_its_grace_or_not_at_all() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (first, id) = key(&app, &organization, &["meetings.read"]).await;
    let path = organization.path("/meetings");
    let rotate = organization.path(&format!("/api-keys/{id}/rotate"));
    let rotated = organization.admin.post(&rotate, json!({"grace_seconds": 3600})).await.is(200);
    let second = app.api.with_token(rotated["key"].as_str().expect("a secret"));
    assert_eq!(rotated["id"], id);
    first.get(&path).await.is(200);
    second.get(&path).await.is(200);
    app.pass(Duration::hours(1));
    first.get(&path).await.problem(401, "UNAUTHENTICATED");
    second.get(&path).await.is(200);
    let rotated = organization.admin.post(&rotate, json!({})).await.is(200);
    second.get(&path).await.problem(401, "UNAUTHENTICATED");
    let third = app.api.with_token(rotated["key"].as_str().expect("a secret"));
    third.get(&path).await.is(200);
}

#[tokio::test]
async fn a_key_ends_when_it_was_told_to() {
    let app = TestApp::start().await;
    app.listen().await;
    let organization = app.organization().await;
    let end = app.clock.now() + Duration::days(1);
    let body = json!({"name": "For a day", "scopes": ["meetings.read"], "expires_at": end});
    let made = organization.admin.post(&organization.path("/api-keys"), body).await.is(201);
    let service = app.api.with_token(made["key"].as_str().expect("a secret"));
    let path = organization.path("/meetings");
    service.get(&path).await.is(200);
    app.pass(Duration::days(1));
    service.get(&path).await.problem(401, "UNAUTHENTICATED");
    let key = organization.path(&format!("/api-keys/{}", made["id"].as_str().expect("an id")));
    organization.admin.patch(&key, json!({"name": "For ever", "expires_at": null})).await.is(200);
    service.get(&path).await.is(200);
    let name: String = app.value("select name from users where kind = 'service'").await;
    assert_eq!(name, "For ever", "what a key makes bears its name");
}

#[tokio::test]
async fn the_last_use_is_noted_once_a_minute() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (service, _) = key(&app, &organization, &["meetings.read"]).await;
    let (tablet, _) = device(&app, &organization).await;
    let path = organization.path("/meetings");
    let used = async |at: chrono::DateTime<chrono::Utc>| {
        let keys = organization.admin.get(&organization.path("/api-keys")).await.is(200);
        let tokens = organization.admin.get(&organization.path("/device-tokens")).await.is(200);
        let is = |list: &Value| {
            list["items"][0]["last_used_at"].as_str().and_then(|text| text.parse().ok()) == Some(at)
        };
        is(&keys) && is(&tokens)
    };
    let first = app.clock.now();
    service.get(&path).await.is(200);
    tablet.get("/device").await.is(200);
    eventually_async(async || used(first).await).await;
    app.pass(Duration::seconds(59));
    service.get(&path).await.is(200);
    tablet.get("/device").await.is(200);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(used(first).await, "it is written too often");
    app.pass(Duration::seconds(1));
    service.get(&path).await.is(200);
    tablet.get("/device").await.is(200);
    eventually_async(async || used(first + Duration::minutes(1)).await).await;
}

// ORG-15
#[tokio::test]
async fn a_device_learns_who_it_is_and_nothing_else() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (tablet, id) = device(&app, &organization).await;
    let told = tablet.get("/device").await.is(200);
    assert_eq!(
        (&told["label"], &told["organization"]["id"]),
        (&json!("Tablet at the door"), &json!(organization.id))
    );
    tablet.get(&organization.path("/meetings")).await.problem(403, "DEVICE_NOT_ALLOWED");
    tablet.get("/me").await.problem(403, "DEVICE_NOT_ALLOWED");
    organization.admin.get("/device").await.problem(403, "DEVICE_REQUIRED");
    app.api.get("/device").await.problem(401, "UNAUTHENTICATED");

    let path = organization.path(&format!("/device-tokens/{id}"));
    let renamed = organization.admin.patch(&path, json!({"label": "Hall"})).await.is(200);
    assert_eq!(renamed["label"], "Hall");
    assert_eq!(tablet.get("/device").await.is(200)["label"], "Hall");
    let rotated = organization.admin.post(&format!("{path}/rotate"), json!({})).await.is(200);
    tablet.get("/device").await.problem(401, "UNAUTHENTICATED");
    let tablet = app.api.with_token(rotated["token"].as_str().expect("a secret"));
    tablet.get("/device").await.is(200);
    organization.admin.delete(&path).await.is(204);
    tablet.get("/device").await.problem(401, "UNAUTHENTICATED");
    organization.admin.delete(&path).await.problem(404, "NOT_FOUND");
    let listed = organization.admin.get(&organization.path("/device-tokens")).await.is(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn a_device_token_ends_when_it_was_told_to() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let body = json!({"label": "Fair", "expires_at": app.clock.now() + Duration::days(3)});
    let made = organization.admin.post(&organization.path("/device-tokens"), body).await.is(201);
    let tablet = app.api.with_token(made["token"].as_str().expect("a secret"));
    tablet.get("/device").await.is(200);
    app.pass(Duration::days(3));
    tablet.get("/device").await.problem(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn keys_and_tokens_are_listed_page_by_page_and_belong_to_one_organization() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    for _ in 0..5 {
        key(&app, &organization, &["meetings.read"]).await;
        device(&app, &organization).await;
        app.pass(Duration::milliseconds(1));
    }
    for path in ["/api-keys", "/device-tokens"] {
        let items = organization.admin.all(&organization.path(path), 2).await;
        assert_eq!(items.len(), 5);
        assert!(items.is_sorted_by(|a, b| a["id"].as_str() > b["id"].as_str()), "the newest first");
        assert_eq!(other.admin.all(&other.path(path), 2).await.len(), 0);
        let id = items[0]["id"].as_str().expect("an id");
        let foreign = other.path(&format!("{path}/{id}"));
        other.admin.patch(&foreign, json!({})).await.problem(404, "NOT_FOUND");
        other.admin.post(&format!("{foreign}/rotate"), json!({})).await.problem(404, "NOT_FOUND");
        other.admin.delete(&foreign).await.problem(404, "NOT_FOUND");
    }
}
