//! Contacts, their groups, imports and exports.

use futures::future::join_all;
use harness::{Answer, Organization, Person, TestApp, Value, json};
use reqwest::Method;

async fn import(organization: &Organization<'_>, kind: &str, file: &str) -> Answer {
    let path = organization.path("/contacts/import");
    organization.admin.upload(Method::POST, &path, kind, file.to_owned()).await
}

async fn contact(organization: &Organization<'_>, body: Value) -> Value {
    organization.admin.post(&organization.path("/contacts"), body).await.is(201)
}

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

// ORG-20
#[tokio::test]
async fn contacts_are_kept_found_and_grouped() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let amina = contact(
        &organization,
        json!({"name": " Amina ", "email": "amina@example.test", "phone": "+254 700", "company": "Umoja"}),
    )
    .await;
    let otieno = contact(&organization, json!({"name": "Otieno", "phone": "020 12345"})).await;
    assert_eq!((&amina["name"], &otieno["email"]), (&json!("Amina"), &Value::Null));
    let body = json!({"name": "Board", "contact_ids": [id(&amina)]});
    let group = organization.admin.post(&organization.path("/contact-groups"), body).await.is(201);
    assert_eq!(group["contact_count"], 1);
    let add = format!("/contact-groups/{}/contacts", id(&group));
    let both = json!({"contact_ids": [id(&amina), id(&otieno)]});
    assert_eq!(organization.admin.post(&add, both).await.is(200)["contact_count"], 2);
    let named = async |query: &str| -> Vec<String> {
        let found = member.all(&organization.path(&format!("/contacts{query}")), 1).await;
        found.iter().map(|it| it["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(named("").await, ["Amina", "Otieno"]);
    assert_eq!(named("?q=UMOJA").await, ["Amina"]);
    assert_eq!(named("?q=example.test").await, ["Amina"]);
    assert_eq!(named("?q=%25").await, Vec::<String>::new());
    assert_eq!(named(&format!("?group_id={}", id(&group))).await, ["Amina", "Otieno"]);
    organization.admin.delete(&format!("{add}/{}", id(&otieno))).await.is(204);
    organization.admin.delete(&format!("{add}/{}", id(&otieno))).await.problem(404, "NOT_FOUND");
    let path = format!("/contacts/{}", id(&amina));
    let changed = organization
        .admin
        .patch(&path, json!({"email": null, "notes": "two\nlines", "group_ids": []}))
        .await
        .is(200);
    assert_eq!(
        (&changed["email"], &changed["phone"], &changed["groups"]),
        (&Value::Null, &json!("+254 700"), &json!([]))
    );
    organization.admin.patch(&path, json!({"phone": null})).await.fault_at("/email");
    assert_eq!(member.get(&path).await.is(200), changed);
    organization.admin.delete(&path).await.is(204);
    member.get(&path).await.problem(404, "NOT_FOUND");
    let renamed = organization
        .admin
        .patch(&format!("/contact-groups/{}", id(&group)), json!({"name": "Choir"}))
        .await
        .is(200);
    assert_eq!((&renamed["name"], &renamed["contact_count"]), (&json!("Choir"), &json!(0)));
}

#[tokio::test]
async fn bad_input_and_other_organizations_change_nothing() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let path = organization.path("/contacts");
    let theirs = contact(&other, json!({"name": "T", "email": "t@example.test"})).await;
    let their_group = other.admin.post(&other.path("/contact-groups"), json!({"name": "G"})).await.is(201);
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("a\u{7}")),
        ("email", json!("nonsense")),
        ("phone", json!("call me")),
        ("company", json!("x".repeat(201))),
        ("notes", json!("x".repeat(2001))),
        ("notes", json!("a\u{0}")),
    ] {
        let mut body = json!({"name": "A", "email": "a@example.test"});
        body[field] = value;
        organization.admin.post(&path, body).await.fault_at(&format!("/{field}"));
    }
    organization.admin.post(&path, json!({"name": "A"})).await.fault_at("/email");
    let foreign = json!({"name": "A", "email": "a@example.test", "group_ids": [id(&their_group)]});
    organization.admin.post(&path, foreign).await.fault_at("/group_ids/0");
    let foreign = json!({"name": "G", "contact_ids": [id(&theirs)]});
    organization.admin.post(&organization.path("/contact-groups"), foreign).await.fault_at("/contact_ids/0");
    organization.admin.get(&format!("/contacts/{}", id(&theirs))).await.problem(404, "NOT_FOUND");
    let attendees = organization.path("/attendees");
    organization
        .admin
        .post(&attendees, json!({"contact_ids": [id(&theirs)]}))
        .await
        .fault_at("/contact_ids/0");
    assert!(organization.admin.all(&path, 50).await.is_empty());
    // The same address is one contact, whatever its case; elsewhere it is another.
    contact(&organization, json!({"name": "A", "email": "t@example.test"})).await;
    organization
        .admin
        .post(&path, json!({"name": "B", "email": "T@Example.test"}))
        .await
        .problem(409, "CONTACT_EXISTS");
    organization.admin.post(&organization.path("/contact-groups"), json!({"name": "G"})).await.is(201);
    organization
        .admin
        .post(&organization.path("/contact-groups"), json!({"name": "g"}))
        .await
        .problem(409, "GROUP_EXISTS");
}

#[tokio::test]
async fn tables_and_cards_are_imported_once_and_exported_without_formulas() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let table = "name;email;phone;company;notes;groups\n\"=HYPERLINK(\"\"http://evil\"\")\";a@example.test;+254 700 1;Umoja;\"a\nb\";Board|Choir\n\
                 B;b@example.test;;;;board\n;;;;;\nC;;0700 2;;;\nnobody;;;;;\nX;nonsense;;;;\nB;b@example.test;;;;board\n";
    let report = import(&organization, "text/csv", table).await.is(200);
    assert_eq!(
        report["summary"],
        json!({"invited": 0, "created": 3, "updated": 0, "unchanged": 1, "failed": 2})
    );
    assert_eq!(import(&organization, "text/csv", table).await.is(200)["summary"]["unchanged"], 4);
    let groups = organization.admin.all(&organization.path("/contact-groups"), 50).await;
    let counts: Vec<_> = groups.iter().map(|it| (it["name"].clone(), it["contact_count"].clone())).collect();
    assert_eq!(counts, [(json!("Board"), json!(2)), (json!("Choir"), json!(1))]);
    let export = organization.admin.get(&organization.path("/contacts.csv")).await;
    let text = export.text();
    assert!(text.contains("\"'=HYPERLINK(") && text.contains(",'+254 700 1,"), "{text}");
    // What was exported says what is there already.
    let again = import(&organization, "text/csv", &text).await.is(200);
    assert_eq!(again["summary"]["unchanged"], 3, "{again}");
    let cards = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bee\r\nEMAIL:B@example.test\r\nCATEGORIES:Choir\r\nEND:VCARD\r\n\
                 BEGIN:VCARD\r\nVERSION:3.0\r\nN:Doe;Dee;;;\r\nTEL:0700 4\r\nEND:VCARD\r\nBEGIN:VCARD\r\nFN:broken\r\n";
    let report = import(&organization, "text/vcard; charset=utf-8", cards).await.is(200);
    let lines: Vec<_> = report["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|it| (it["line"].clone(), it["status"].clone()))
        .collect();
    assert_eq!(
        lines,
        [(json!(1), json!("updated")), (json!(7), json!("created")), (json!(12), json!("failed"))]
    );
    let names: Vec<_> = organization
        .admin
        .all(&organization.path("/contacts"), 50)
        .await
        .iter()
        .map(|it| it["name"].clone())
        .collect();
    assert!(names.contains(&json!("Bee")) && names.contains(&json!("Dee Doe")), "{names:?}");
    import(&organization, "text/vcard", "no cards").await.is(422);
    import(&organization, "text/csv", "name,company\nA,B\n").await.is(422);
    import(&organization, "image/png", "x").await.problem(415, "UNSUPPORTED_MEDIA_TYPE");
    let trial = organization.path("/contacts/import?dry_run=true");
    let trial = organization
        .admin
        .upload(Method::POST, &trial, "text/csv", "name,email\nZ,z@example.test\n")
        .await
        .is(200);
    assert_eq!((&trial["summary"]["created"], &trial["dry_run"]), (&json!(1), &json!(true)));
    assert_eq!(app.value::<i64>("select count(*) from contacts").await, 4);
}

#[tokio::test]
async fn the_same_import_many_times_at_once_stores_everybody_once() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let lines: Vec<String> = (0..200).map(|n| format!("P{n},p{n}@example.test,Group {}", n % 3)).collect();
    let table = format!("name,email,groups\n{}\n", lines.join("\n"));
    let answers = join_all((0..5).map(|_| import(&organization, "text/csv", &table))).await;
    let created: i64 = answers
        .into_iter()
        .map(|answer| answer.is(200)["summary"]["created"].as_i64().unwrap_or_default())
        .sum();
    assert_eq!(created, 200);
    assert_eq!(app.value::<i64>("select count(*) from contacts").await, 200);
    assert_eq!(app.value::<i64>("select count(*) from contact_group_members").await, 200);
}

// PAR-12
#[tokio::test]
async fn groups_and_typed_addresses_come_to_everybody_once() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member: Person = organization.member("member").await;
    let a = contact(&organization, json!({"name": "A", "email": "a@example.test"})).await;
    let b = contact(&organization, json!({"name": "B", "email": "b@example.test"})).await;
    let c = contact(&organization, json!({"name": "C", "phone": "0700 1"})).await;
    let body = json!({"name": "All", "contact_ids": [id(&a), id(&b), id(&c)]});
    let group = organization.admin.post(&organization.path("/contact-groups"), body).await.is(201);
    let wish = json!({
        "emails": format!("A@example.test, new@example.test; {}", member.email.to_uppercase()),
        "contact_ids": [id(&a)], "contact_group_ids": [id(&group)],
    });
    let path = organization.path("/attendees");
    let found = member.post(&path, wish).await.is(200);
    let mut told: Vec<_> = found["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|it| {
            (
                it["email"].as_str().unwrap_or_default().to_lowercase(),
                it["contact_id"].clone(),
                it["user_id"].clone(),
            )
        })
        .collect();
    told.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        told,
        [
            ("a@example.test".into(), a["id"].clone(), Value::Null),
            ("b@example.test".into(), b["id"].clone(), Value::Null),
            ("new@example.test".into(), Value::Null, Value::Null),
            (member.email.clone(), Value::Null, json!(member.id)),
        ]
    );
    assert_eq!(found["unreachable"], json!([id(&c)]));
    let answer = member.post(&path, json!({"emails": "a@example.test, nonsense"})).await;
    answer.fault_at("/emails");
    assert_eq!(member.post(&path, json!({})).await.is(200)["items"], json!([]));
}
