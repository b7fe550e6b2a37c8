//! Fields that organizations add to their meetings.

use harness::{Organization, TestApp, Value, json};

async fn define(organization: &Organization<'_>, body: Value) -> Value {
    organization.admin.post(&organization.path("/custom-fields"), body).await.is(201)
}

async fn schedule(organization: &Organization<'_>, fields: Value) -> harness::Answer {
    let body = json!({"title": "T", "scheduled_start": "2026-12-02T09:00:00Z", "custom_fields": fields});
    organization.admin.post(&organization.path("/meetings"), body).await
}

// CFA-02, CFA-09
#[tokio::test]
async fn admins_define_fields_and_all_members_see_them() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (officer, member) = (organization.member("chairperson").await, organization.member("member").await);
    let body = json!({
        "entity": "meeting", "key": "ward", "label": " Ward ", "type": "select", "required": true,
        "options": ["A", "B"], "position": 2,
    });
    officer.post(&organization.path("/custom-fields"), body.clone()).await.problem(403, "FORBIDDEN");
    let made = define(&organization, body.clone()).await;
    assert_eq!((&made["label"], &made["retired_at"]), (&json!("Ward"), &Value::Null));
    for field in ["entity", "key", "type", "required", "options", "position"] {
        assert_eq!(made[field], body[field], "{field}");
    }
    define(&organization, json!({"key": "budget", "label": "Budget", "type": "number", "position": 1})).await;
    let found = member.get(&organization.path("/custom-fields")).await.is(200);
    let keys: Vec<_> =
        found["items"].as_array().expect("a list").iter().map(|it| it["key"].clone()).collect();
    assert_eq!(keys, ["budget", "ward"]);
    organization.admin.post(&organization.path("/custom-fields"), body).await.problem(409, "FIELD_KEY_TAKEN");
    let other = app.organization().await;
    let path = format!("/custom-fields/{}", made["id"].as_str().expect("an id"));
    other.admin.patch(&other.path(&path), json!({"label": "x"})).await.problem(404, "NOT_FOUND");
    other.admin.delete(&other.path(&path)).await.problem(404, "NOT_FOUND");
    let changed =
        organization.admin.patch(&organization.path(&path), json!({"options": ["A", "B", "C"]})).await;
    assert_eq!(changed.is(200)["options"], json!(["A", "B", "C"]));
}

#[tokio::test]
async fn definitions_that_make_no_sense_are_refused() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let with = async |field: &str, value: Value| {
        let mut body = json!({"key": "a", "label": "A", "type": "text"});
        body[field] = value;
        organization.admin.post(&organization.path("/custom-fields"), body).await
    };
    with("key", json!("Ward 7")).await.fault_at("/key");
    with("key", json!("")).await.fault_at("/key");
    with("label", json!("")).await.fault_at("/label");
    with("type", json!("colour")).await.fault_at("/type");
    with("options", json!(["x"])).await.fault_at("/options");
    with("rules", json!({"pattern": "("})).await.fault_at("/rules/pattern");
    with("rules", json!({"min": 1})).await.fault_at("/rules/min");
    with("rules", json!({"minimum": 1})).await.fault_at("/rules/minimum");
    with("entity", json!("person")).await.fault_at("/entity");
    with("retired", json!(true)).await.fault_at("/retired");
    assert_eq!(app.value::<i64>("select count(*) from custom_fields").await, 0);
}

// CFA-01, CFA-02
#[tokio::test]
async fn values_are_held_against_their_definitions() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let free = schedule(&organization, json!({"anything": [1]})).await.is(201);
    assert_eq!(free["custom_fields"], json!({"anything": [1]}), "without definitions any field is kept");
    define(
        &organization,
        json!({"key": "ward", "label": "Ward", "type": "select", "options": ["A", "B"], "required": true}),
    )
    .await;
    let rules = json!({"min": 0, "max": 100});
    define(&organization, json!({"key": "budget", "label": "Budget", "type": "number", "rules": rules}))
        .await;
    let meeting = schedule(&organization, json!({"ward": "A", "budget": 7.5})).await.is(201);
    assert_eq!(meeting["custom_fields"], json!({"ward": "A", "budget": 7.5}));
    schedule(&organization, json!({"budget": 7})).await.fault_at("/custom_fields/ward");
    schedule(&organization, json!({"ward": "C"})).await.fault_at("/custom_fields/ward");
    schedule(&organization, json!({"ward": "A", "budget": "7"})).await.fault_at("/custom_fields/budget");
    schedule(&organization, json!({"ward": "A", "budget": 101})).await.fault_at("/custom_fields/budget");
    schedule(&organization, json!({"ward": "A", "color": "red"})).await.fault_at("/custom_fields/color");
    assert_eq!(app.value::<i64>("select count(*) from meetings").await, 2);
    let path = format!("/meetings/{}", meeting["id"].as_str().expect("an id"));
    let admin = &organization.admin;
    admin.patch(&path, json!({"custom_fields": {"ward": 7}})).await.fault_at("/custom_fields/ward");
    let renamed = admin.patch(&path, json!({"title": "New"})).await.is(200);
    assert_eq!(renamed["custom_fields"], json!({"ward": "A", "budget": 7.5}), "what is absent stays");
    let changed = admin.patch(&path, json!({"custom_fields": {"ward": "B", "budget": null}})).await.is(200);
    assert_eq!(changed["custom_fields"], json!({"ward": "B"}));
    // A meeting from before the definitions can still be renamed, and keeps what it had.
    let old = format!("/meetings/{}", free["id"].as_str().expect("an id"));
    admin.patch(&old, json!({"title": "Old"})).await.is(200);
    let fields = json!({"anything": [1], "ward": "A"});
    let changed = admin.patch(&old, json!({"custom_fields": fields})).await.is(200);
    assert_eq!(changed["custom_fields"], fields);
    let found = admin.all(&organization.path("/meetings?custom_fields=%7B%22ward%22:%22A%22%7D"), 50).await;
    assert_eq!(found.len(), 1);
    admin.get(&organization.path("/meetings?custom_fields=7")).await.fault_at("/custom_fields");
}

// CFA-09
#[tokio::test]
async fn a_used_field_is_retired_and_an_unused_one_deleted() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let admin = &organization.admin;
    let text = |key: &str| json!({"key": key, "label": key, "type": "text"});
    let (used, unused) =
        (define(&organization, text("used")).await, define(&organization, text("unused")).await);
    let meeting = schedule(&organization, json!({"used": "x"})).await.is(201);
    for field in [&used, &unused] {
        let path = format!("/custom-fields/{}", field["id"].as_str().expect("an id"));
        admin.delete(&organization.path(&path)).await.is(204);
    }
    let left = admin.get(&organization.path("/custom-fields")).await.is(200);
    assert_eq!(left["items"].as_array().map(Vec::len), Some(1));
    assert_ne!(left["items"][0]["retired_at"], Value::Null);
    let path = format!("/meetings/{}", meeting["id"].as_str().expect("an id"));
    admin.patch(&path, json!({"custom_fields": {"used": "y"}})).await.fault_at("/custom_fields/used");
    let kept = admin.patch(&path, json!({"custom_fields": {}})).await.is(200);
    assert_eq!(kept["custom_fields"], json!({"used": "x"}));
    schedule(&organization, json!({"used": "z"})).await.fault_at("/custom_fields/used");
    let copy =
        admin.post(&format!("{path}/duplicate"), json!({"scheduled_start": "2026-12-09T09:00:00Z"})).await;
    assert_eq!(copy.is(201)["custom_fields"], json!({}), "a retired field takes no new values");
    let again = format!("/custom-fields/{}", used["id"].as_str().expect("an id"));
    admin.patch(&organization.path(&again), json!({"retired": false})).await.is(200);
    schedule(&organization, json!({"used": "z"})).await.is(201);
}
