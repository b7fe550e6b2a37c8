//! Who may do what in an organization, decided by the organization, and fields that are hidden or frozen.

use harness::{Organization, Person, TestApp, Value, json};
use kernel::db::{self, Actor};
use server::access::policy::{Decisions, Membership, OrgRole, Permission};

const ROLES: [(&str, OrgRole); 4] = [
    ("admin", OrgRole::Admin),
    ("chairperson", OrgRole::Chairperson),
    ("secretary", OrgRole::Secretary),
    ("member", OrgRole::Member),
];

async fn decide(organization: &Organization<'_>, permissions: Value) -> Value {
    let body = json!({"permissions": permissions});
    organization.admin.put(&organization.path("/permissions"), body).await.is(200)
}

fn row<'a>(table: &'a Value, permission: &str) -> &'a Value {
    let items = table["items"].as_array().expect("items");
    items.iter().find(|item| item["permission"] == permission).unwrap_or_else(|| panic!("no {permission}"))
}

// ORG-08
#[tokio::test]
async fn the_table_says_who_may_what_and_why() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let table = member.get(&organization.path("/permissions")).await.is(200);
    assert_eq!(table["items"].as_array().expect("items").len(), Permission::ALL.len());
    let schedule = row(&table, "meetings.schedule");
    assert_eq!(schedule["roles"], json!(["admin", "chairperson", "secretary"]));
    assert_eq!(schedule["changed"], Value::Null);
    let table = decide(&organization, json!({"meetings.schedule": ["member", "admin", "member"]})).await;
    let schedule = row(&table, "meetings.schedule");
    assert_eq!(schedule["roles"], json!(["admin", "member"]));
    assert_eq!(schedule["changed"]["by"]["id"], *organization.admin.id);
    assert_eq!(row(&table, "audit.view")["changed"], Value::Null);
    // Another decision leaves what stays as it is, with who decided it.
    let second = organization.member("admin").await;
    let body = json!({"permissions": {"meetings.schedule": ["admin", "member"], "audit.view": ["admin", "secretary"]}});
    let table = second.put(&organization.path("/permissions"), body).await.is(200);
    assert_eq!(row(&table, "meetings.schedule")["changed"], schedule["changed"]);
    assert_eq!(row(&table, "audit.view")["changed"]["by"]["id"], *second.id);
    // What is left out, or is as by default, is the default again.
    let table = decide(&organization, json!({"audit.view": ["admin"]})).await;
    assert_eq!(
        row(&table, "meetings.schedule"),
        row(&member.get(&organization.path("/permissions")).await.is(200), "meetings.schedule")
    );
    assert_eq!(row(&table, "audit.view")["changed"], Value::Null);
    let log = organization.admin.get(&organization.path("/audit?entity_type=permission")).await.is(200);
    assert_eq!(log["items"][0]["action"], "permission.reset");
    let put = async |body| organization.admin.put(&organization.path("/permissions"), body).await;
    // Of two who decide at once, the second is told.
    let path = organization.path("/permissions");
    let tag = organization.admin.get(&path).await.header("etag").to_owned();
    let guarded = async |roles: Value| {
        let body = json!({"permissions": {"keys.manage": roles}});
        let request = organization.admin.request(reqwest::Method::PUT, &path).header("if-match", &tag);
        organization.admin.send(request.json(&body)).await
    };
    guarded(json!(["admin", "secretary"])).await.is(200);
    guarded(json!(["admin", "member"])).await.problem(412, "PRECONDITION_FAILED");
    put(json!({"permissions": {"of.tomorrow": ["admin"]}})).await.is(422);
    put(json!({"permissions": {"audit.view": ["king"]}})).await.is(422);
}

// CON-10: an organization may widen who schedules.
#[tokio::test]
async fn a_decision_holds_at_once_in_every_place() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (member, secretary) = (organization.member("member").await, organization.member("secretary").await);
    let new = json!({"title": "Mine", "scheduled_start": "2026-12-02T09:00:00Z"});
    member.post(&organization.path("/meetings"), new.clone()).await.problem(403, "FORBIDDEN");
    decide(
        &organization,
        json!({
            "meetings.schedule": ["member"], "meetings.see_all": ["admin"], "attendance.view": [],
            "members.view": ["admin"], "recordings.manage": ["secretary"], "members.invite": ["secretary"],
        }),
    )
    .await;
    let made = member.post(&organization.path("/meetings"), new.clone()).await.is(201);
    secretary.post(&organization.path("/meetings"), new).await.problem(403, "FORBIDDEN");
    // Without see_all only one's own.
    let mine = format!("/meetings/{}", made["id"].as_str().expect("an id"));
    member.get(&mine).await.is(200);
    secretary.get(&mine).await.is(404);
    let seen = secretary.get(&organization.path("/meetings")).await.is(200);
    assert_eq!(seen["items"], json!([]));
    assert_eq!(
        organization.admin.get(&organization.path("/meetings")).await.is(200)["items"][0]["id"],
        made["id"]
    );
    organization.admin.get(&format!("{mine}/attendance")).await.problem(403, "FORBIDDEN");
    secretary.get(&organization.path("/members")).await.problem(403, "FORBIDDEN");
    organization.admin.get(&organization.path("/members")).await.is(200);
    // What one is allowed to do stands in /me.
    let me = member.get("/me").await.is(200);
    let permissions = me["memberships"][0]["permissions"].as_array().expect("permissions").clone();
    assert!(
        permissions.contains(&json!("meetings.schedule")) && !permissions.contains(&json!("members.view"))
    );
    // Whoever may invite makes no admins, and managing members raises nobody above oneself.
    let invite = |role: &str| json!({"email": format!("{role}@example.test"), "name": "New", "role": role});
    secretary.post(&organization.path("/members"), invite("admin")).await.problem(403, "FORBIDDEN");
    secretary.post(&organization.path("/members"), invite("member")).await.is(201);
    decide(&organization, json!({"members.manage": ["secretary"]})).await;
    let change = async |person: &Person, role: &str| {
        secretary.patch(&organization.path(&format!("/members/{}", person.id)), json!({"role": role})).await
    };
    change(&secretary, "admin").await.problem(403, "FORBIDDEN");
    change(&organization.admin, "member").await.problem(403, "FORBIDDEN");
    change(&member, "chairperson").await.is(200);
    secretary
        .delete(&organization.path(&format!("/members/{}", organization.admin.id)))
        .await
        .problem(403, "FORBIDDEN");
}

#[tokio::test]
async fn admins_cannot_lock_themselves_out() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let none: serde_json::Map<String, Value> =
        Permission::ALL.iter().map(|permission| (permission.name().to_owned(), json!([]))).collect();
    let table = decide(&organization, Value::Object(none)).await;
    assert_eq!(row(&table, "permissions.manage")["roles"], json!(["admin"]));
    assert_eq!(row(&table, "meetings.schedule")["roles"], json!([]));
    decide(&organization, json!({})).await;
    organization.meeting().create().await;
}

// ORG-17: the program and the database decide alike.
#[tokio::test]
async fn policy_and_row_level_security_agree_on_every_role_permission_and_decision() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let id: uuid::Uuid = organization.id.parse().expect("an id");
    let mut people = Vec::new();
    for (name, role) in ROLES {
        people.push((organization.member(name).await, role));
    }
    let names: Vec<String> = Permission::ALL.iter().map(|permission| permission.name().to_owned()).collect();
    let pool = db::connect(app.database_url(), 1).expect("a URL");
    let all: Vec<&str> = ROLES.iter().map(|(name, _)| *name).collect();
    for decided in
        [None, Some(vec![]), Some(vec!["member"]), Some(vec!["secretary", "chairperson"]), Some(all)]
    {
        let mut decisions = Decisions::new();
        if let Some(roles) = &decided {
            sqlx::query(
                "insert into organization_permissions (organization_id, permission, roles)
                 select $1, p, $3::text[]::org_role[] from unnest($2::text[]) p
                 on conflict (organization_id, permission) do update set roles = excluded.roles",
            )
            .bind(id)
            .bind(&names)
            .bind(roles)
            .execute(&mut app.database().await)
            .await
            .expect("decided");
            let roles: Vec<OrgRole> = serde_json::from_value(json!(roles)).expect("roles");
            decisions = names.iter().map(|name| (name.clone(), roles.clone())).collect();
        }
        for (person, role) in &people {
            let mut tx = db::begin(&pool, Actor::User(person.user_id())).await.expect("a transaction");
            let granted: Vec<String> =
                sqlx::query_scalar("select p from unnest($2::text[]) p where app_may($1, p)")
                    .bind(id)
                    .bind(&names)
                    .fetch_all(&mut *tx)
                    .await
                    .expect("what is granted");
            let member = Membership::new(*role, &decisions);
            let expected: Vec<String> = member.permissions().iter().map(|it| it.name().to_owned()).collect();
            assert_eq!(granted, expected, "{role:?} where {decided:?} is decided");
        }
        let stranger = Person::create(&app).await;
        let mut tx = db::begin(&pool, Actor::User(stranger.user_id())).await.expect("a transaction");
        let any: bool = sqlx::query_scalar("select bool_or(app_may($1, p)) from unnest($2::text[]) p")
            .bind(id)
            .bind(&names)
            .fetch_one(&mut *tx)
            .await
            .expect("an answer");
        assert!(!any);
    }
}

// ORG-22
#[tokio::test]
async fn fields_are_hidden_from_roles_and_frozen_for_them() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (secretary, member) = (organization.member("secretary").await, organization.member("member").await);
    let meeting = organization
        .meeting()
        .host(&secretary)
        .invite(&member)
        .set("description", "for some")
        .set("agenda", "for all")
        .set("custom_fields", json!({"cost": 1}))
        .create()
        .await;
    let rules = json!({
        "hidden": {"member.email": ["member", "admin"], "meeting.description": ["member"],
                   "meeting.custom_fields": ["member"], "participant.times": ["member"]},
        "frozen": {"meeting.auto_record": ["secretary"], "meeting.agenda": ["secretary"]},
    });
    secretary.put(&organization.path("/field-rules"), rules.clone()).await.problem(403, "FORBIDDEN");
    let table = organization.admin.put(&organization.path("/field-rules"), rules).await.is(200);
    assert_eq!(member.get(&organization.path("/field-rules")).await.is(200), table);
    let email = table["items"].as_array().expect("items").iter().find(|it| it["field"] == "member.email");
    assert_eq!(email.expect("the rule")["hidden_for"], json!(["member"]), "none holds for admins");
    let emails = async |person: &Person| {
        let members = person.get(&organization.path("/members")).await.is(200);
        members["items"].as_array().expect("items").iter().all(|it| it["user"]["email"].is_string())
    };
    assert!(emails(&organization.admin).await && emails(&secretary).await && !emails(&member).await);
    let seen = member.get(&meeting.path("")).await.is(200);
    assert_eq!((&seen["description"], &seen["custom_fields"]), (&json!(""), &json!({})));
    assert_eq!(seen["agenda"], "for all");
    assert_eq!(secretary.get(&meeting.path("")).await.is(200)["description"], "for some");
    let connection = app.enter(&member, &meeting).await;
    app.go(&connection).await;
    let joined = async |person: &Person| {
        let list = person.get(&meeting.path("/participants")).await.is(200);
        list["items"].as_array().expect("items").iter().any(|it| it["first_joined_at"].is_string())
    };
    assert!(joined(&secretary).await && !joined(&member).await);
    let refused = secretary.patch(&meeting.path(""), json!({"auto_record": true, "title": "T"})).await;
    let refused = refused.problem(403, "FIELD_FROZEN");
    assert_eq!(refused["errors"][0]["pointer"], "/auto_record");
    secretary.patch(&meeting.path(""), json!({"title": "T"})).await.is(200);
    let new = json!({"title": "T", "scheduled_start": "2026-12-02T09:00:00Z", "agenda": "mine"});
    secretary.post(&organization.path("/meetings"), new.clone()).await.problem(403, "FIELD_FROZEN");
    organization.admin.post(&organization.path("/meetings"), new).await.is(201);
    let impossible = json!({"hidden": {"meeting.settings": ["member"]}});
    organization
        .admin
        .put(&organization.path("/field-rules"), impossible)
        .await
        .fault_at("/hidden/meeting.settings");
    organization.admin.put(&organization.path("/field-rules"), json!({})).await.is(200);
    assert!(emails(&member).await);
}
