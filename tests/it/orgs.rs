//! Organizations, their members and roles.

use futures::future::join_all;
use harness::{Organization, Person, TestApp, json};

async fn role_of(organization: &Organization<'_>, person: &Person) -> String {
    let members = organization.admin.all(&organization.path("/members"), 200).await;
    let member = members.iter().find(|member| member["user"]["id"] == person.id.as_str());
    member.map_or("none", |member| member["role"].as_str().expect("a role")).to_owned()
}

// ORG-02, ORG-18, ORG-23
#[tokio::test]
async fn whoever_makes_an_organization_is_its_admin() {
    let app = TestApp::start().await;
    let person = Person::create(&app).await;
    let made = person.post("/organizations", json!({"name": "Umoja Savings Group"})).await.is(201);
    assert_eq!(
        (made["name"].as_str(), made["slug"].as_str()),
        (Some("Umoja Savings Group"), Some("umoja-savings-group"))
    );
    let path = format!("/organizations/{}", made["id"].as_str().expect("an id"));
    assert_eq!(person.get(&path).await.is(200), made);
    let members = person.get(&format!("{path}/members")).await.is(200);
    assert_eq!(
        (&members["items"][0]["user"]["id"], &members["items"][0]["role"]),
        (&json!(person.id), &json!("admin"))
    );
    let traces: bool = app
        .value("select bool_and(created_by is not null and updated_by is not null and created_at is not null) from organizations")
        .await;
    assert!(traces);
}

#[tokio::test]
async fn a_slug_is_made_unique_or_refused() {
    let app = TestApp::start().await;
    let person = Person::create(&app).await;
    let make = async |body| person.post("/organizations", body).await;
    assert_eq!(make(json!({"name": "Umoja"})).await.is(201)["slug"], "umoja");
    assert_eq!(make(json!({"name": "Umoja!"})).await.is(201)["slug"], "umoja-2");
    make(json!({"name": "Other", "slug": "umoja"})).await.problem(409, "SLUG_TAKEN");
    make(json!({"name": "Other", "slug": "Not A Slug"})).await.fault_at("/slug");
    make(json!({"name": ""})).await.fault_at("/name");
    make(json!({"name": "x".repeat(201)})).await.fault_at("/name");
    make(json!({"name": "nul \u{0}"})).await.fault_at("/name");
}

#[tokio::test]
async fn equal_names_at_once_get_different_slugs() {
    let app = TestApp::start().await;
    let person = Person::create(&app).await;
    let answers = join_all((0..6).map(|_| person.post("/organizations", json!({"name": "Twins"})))).await;
    let mut slugs: Vec<_> = answers.into_iter().map(|answer| answer.is(201)["slug"].to_string()).collect();
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), 6);
}

// ORG-08
#[tokio::test]
async fn only_admins_change_the_organization() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let change = json!({"name": "New Name", "timezone": "Africa/Nairobi"});
    for role in ["chairperson", "secretary", "member"] {
        let person = organization.member(role).await;
        person.patch(&organization.path(""), change.clone()).await.problem(403, "FORBIDDEN");
        person.get(&organization.path("")).await.is(200);
    }
    let changed = organization.admin.patch(&organization.path(""), change).await.is(200);
    assert_eq!(
        (changed["name"].as_str(), changed["timezone"].as_str()),
        (Some("New Name"), Some("Africa/Nairobi"))
    );
    organization
        .admin
        .patch(&organization.path(""), json!({"timezone": "Mars/Olympus"}))
        .await
        .fault_at("/timezone");
}

// ORG-01, ORG-07
#[tokio::test]
async fn an_organization_of_others_does_not_exist() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.organization().await, app.organization().await);
    let member = theirs.member("member").await;
    let me = &ours.admin;
    me.get(&theirs.path("")).await.problem(404, "NOT_FOUND");
    me.patch(&theirs.path(""), json!({"name": "Mine now"})).await.problem(404, "NOT_FOUND");
    me.get(&theirs.path("/members")).await.problem(404, "NOT_FOUND");
    let new = json!({"email": "x@example.test", "name": "X", "role": "admin"});
    me.post(&theirs.path("/members"), new).await.problem(404, "NOT_FOUND");
    let path = theirs.path(&format!("/members/{}", member.id));
    me.patch(&path, json!({"role": "admin"})).await.problem(404, "NOT_FOUND");
    me.delete(&path).await.problem(404, "NOT_FOUND");
    // Their member is no member of ours either.
    let path = ours.path(&format!("/members/{}", member.id));
    me.patch(&path, json!({"role": "admin"})).await.problem(404, "NOT_FOUND");
    me.delete(&path).await.problem(404, "NOT_FOUND");
    assert_eq!(role_of(&theirs, &member).await, "member");
}

#[tokio::test]
async fn ids_that_name_nothing_are_404() {
    let app = TestApp::start().await;
    let admin = app.organization().await.admin;
    for id in ["01890000-0000-7000-8000-000000000000", "not-an-id", "1", "%00", "..%2f.."] {
        admin.get(&format!("/organizations/{id}")).await.problem(404, "NOT_FOUND");
    }
}

// ORG-05, ORG-23
#[tokio::test]
async fn admins_add_members_with_any_of_the_four_roles() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let path = organization.path("/members");
    for role in ["admin", "chairperson", "secretary", "member"] {
        let body = json!({"email": format!("{role}@example.test"), "name": role, "role": role, "password": "a good password"});
        let added = organization.admin.post(&path, body).await.is(201);
        assert_eq!(added["role"], role);
        assert!(added.get("invitation_url").is_none(), "the account works at once");
    }
    let login = json!({"email": "secretary@example.test", "password": "a good password"});
    app.api.post("/auth/login", login).await.is(200);
    let post = async |body| organization.admin.post(&path, body).await;
    post(json!({"email": "x@example.test", "name": "X", "role": "boss"})).await.fault_at("/role");
    post(json!({"email": "nobody", "name": "X", "role": "member"})).await.fault_at("/email");
    post(json!({"email": "x@example.test", "name": "", "role": "member"})).await.fault_at("/name");
    post(json!({"email": "x@example.test", "name": "X", "role": "member", "password": "short"}))
        .await
        .fault_at("/password");
    post(json!({"email": "x@example.test", "role": "member"})).await.is(422);
    let again = json!({"email": "Member@Example.test", "name": "Again", "role": "admin"});
    post(again).await.problem(409, "ALREADY_MEMBER");
}

#[tokio::test]
async fn only_admins_add_change_and_remove_members() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let target = organization.member("member").await;
    let path = organization.path(&format!("/members/{}", target.id));
    for role in ["chairperson", "secretary", "member"] {
        let person = organization.member(role).await;
        let new = json!({"email": "x@example.test", "name": "X", "role": "member"});
        person.post(&organization.path("/members"), new).await.problem(403, "FORBIDDEN");
        person.patch(&path, json!({"role": "admin"})).await.problem(403, "FORBIDDEN");
        person.delete(&path).await.problem(403, "FORBIDDEN");
        person.get(&organization.path("/members")).await.is(200);
        // Nobody raises themselves.
        let own = organization.path(&format!("/members/{}", person.id));
        person.patch(&own, json!({"role": "admin"})).await.problem(403, "FORBIDDEN");
    }
    organization.admin.patch(&path, json!({"role": "chairperson"})).await.is(200);
    assert_eq!(role_of(&organization, &target).await, "chairperson");
    organization.admin.delete(&path).await.is(204);
    assert_eq!(role_of(&organization, &target).await, "none");
    organization.admin.delete(&path).await.problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn members_come_in_pages_by_name() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    for _ in 0..6 {
        organization.member("member").await;
    }
    let whole = organization.admin.all(&organization.path("/members"), 200).await;
    assert_eq!(whole.len(), 7);
    assert_eq!(organization.admin.all(&organization.path("/members"), 2).await, whole);
    let names: Vec<_> = whole.iter().map(|member| member["user"]["name"].as_str().expect("a name")).collect();
    assert!(names.is_sorted(), "{names:?}");
    let get =
        async |query: &str| organization.admin.get(&organization.path(&format!("/members?{query}"))).await;
    get("limit=0").await.fault_at("/limit");
    get("limit=201").await.fault_at("/limit");
    get("limit=x").await.fault_at("/limit");
    get("cursor=made-up").await.fault_at("/cursor");
}

// ORG-04
#[tokio::test]
async fn a_deactivated_member_is_out_until_reactivated() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let person = organization.member("secretary").await;
    let meeting = organization.meeting().invite(&person).create().await;
    let path = organization.path(&format!("/members/{}", person.id));
    let changed = organization.admin.patch(&path, json!({"is_active": false})).await.is(200);
    assert_eq!(changed["is_active"], false);
    person.get(&organization.path("")).await.problem(404, "NOT_FOUND");
    person.get(&meeting.path("")).await.problem(404, "NOT_FOUND");
    person.join(&meeting).await.problem(404, "NOT_FOUND");
    assert_eq!(person.get("/me").await.is(200)["memberships"], json!([]));
    organization.admin.patch(&path, json!({"is_active": true})).await.is(200);
    person.join(&meeting).await.is(200);
}

#[tokio::test]
async fn the_last_admin_stays() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let admin = &organization.admin;
    let path = organization.path(&format!("/members/{}", admin.id));
    admin.patch(&path, json!({"role": "member"})).await.problem(409, "LAST_ADMIN");
    admin.patch(&path, json!({"is_active": false})).await.problem(409, "LAST_ADMIN");
    admin.delete(&path).await.problem(409, "LAST_ADMIN");
    admin.patch(&path, json!({"role": "admin"})).await.is(200);
    // An admin who is not active does not count.
    let second = organization.member("admin").await;
    let other = organization.path(&format!("/members/{}", second.id));
    admin.patch(&other, json!({"is_active": false})).await.is(200);
    admin.delete(&path).await.problem(409, "LAST_ADMIN");
    admin.patch(&other, json!({"is_active": true})).await.is(200);
    admin.patch(&path, json!({"role": "member"})).await.is(200);
    second.delete(&path).await.is(204);
}

#[tokio::test]
async fn two_admins_who_remove_each_other_at_once_leave_one() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        let organization = app.organization().await;
        let (one, other) = (organization.admin.clone(), organization.member("admin").await);
        let path = |person: &Person| organization.path(&format!("/members/{}", person.id));
        let (path_of_one, path_of_other) = (path(&one), path(&other));
        let (first, second) = tokio::join!(one.delete(&path_of_other), other.delete(&path_of_one));
        let left: i64 = sqlx::query_scalar(
            "select count(*) from organization_members where organization_id = $1::uuid and role = 'admin' and is_active",
        )
        .bind(organization.id.parse::<uuid::Uuid>().expect("an id"))
        .fetch_one(&mut app.database().await)
        .await
        .expect("a number");
        assert_eq!(left, 1, "{} {}", first.text(), second.text());
        let (removed, refused) = if first.status == 204 { (first, second) } else { (second, first) };
        assert_eq!(removed.status, 204);
        // Whoever was removed first is no member any more, or was refused as the last one.
        assert!(matches!(refused.status, 403 | 404 | 409), "{}", refused.text());
    }
}

#[tokio::test]
async fn many_admins_who_step_down_at_once_leave_one() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let mut admins = vec![organization.admin.clone()];
    for _ in 0..5 {
        admins.push(organization.member("admin").await);
    }
    let answers = join_all(admins.iter().map(async |admin| {
        admin.patch(&organization.path(&format!("/members/{}", admin.id)), json!({"role": "member"})).await
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 5);
    assert_eq!(answers.iter().filter(|answer| answer.code() == "LAST_ADMIN").count(), 1);
}

// ORG-07
#[tokio::test]
async fn every_problem_has_the_one_shape_and_carries_the_correlation_id() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (path, admin) = (organization.path("/members"), &organization.admin);
    let send = async |method: reqwest::Method, path: &str, kind: &str, body: Vec<u8>| {
        let request = admin
            .request(method, path)
            .header("content-type", kind)
            .header("x-correlation-id", "my-own-id.1");
        let answer = admin.send(request.body(body)).await;
        assert_eq!(answer.header("x-correlation-id"), "my-own-id.1");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = &answer.json;
        assert_eq!(problem["correlation_id"], "my-own-id.1");
        assert_eq!(problem["type"], format!("urn:baraza:problem:{}", answer.code().to_lowercase()));
        let (title, detail) =
            (problem["title"].as_str().expect("a title"), problem["detail"].as_str().expect("a detail"));
        assert!(!title.is_empty() && detail.ends_with('.'), "{detail:?} is no sentence");
        answer
    };
    let (get, post, json) = (reqwest::Method::GET, reqwest::Method::POST, "application/json");
    send(post.clone(), &path, json, b"{\"email\":".to_vec()).await.problem(400, "MALFORMED");
    send(post.clone(), &path, json, b"\xff\xfe".to_vec()).await.problem(400, "MALFORMED");
    send(post.clone(), &path, json, b"[]".to_vec()).await.is(422);
    send(post.clone(), &path, json, b"{}".to_vec()).await.is(422);
    send(post.clone(), &path, "text/plain", b"{}".to_vec()).await.problem(415, "UNSUPPORTED_MEDIA_TYPE");
    send(post.clone(), &path, "application/x-www-form-urlencoded", b"a=1".to_vec())
        .await
        .problem(415, "UNSUPPORTED_MEDIA_TYPE");
    send(post.clone(), &path, json, vec![b' '; 300 * 1024]).await.problem(413, "TOO_LARGE");
    send(reqwest::Method::TRACE, &path, json, vec![]).await.problem(405, "METHOD_NOT_ALLOWED");
    send(get.clone(), "/nothing", json, vec![]).await.problem(404, "NOT_FOUND");
    send(get, "/organizations/x", json, vec![]).await.problem(404, "NOT_FOUND");
    assert_eq!(app.value::<i64>("select count(*) from organization_members").await, 1);
}

#[tokio::test]
async fn a_correlation_id_that_is_no_plain_one_is_replaced() {
    let app = TestApp::start().await;
    for unfit in ["short", "with space in it", &"x".repeat(129), "<script>alert(1)</script>"] {
        let answer = app
            .api
            .send(app.api.request(reqwest::Method::GET, "/me").header("x-correlation-id", unfit))
            .await;
        assert_ne!(answer.header("x-correlation-id"), unfit);
        assert!(answer.header("x-correlation-id").len() >= 8);
    }
}

#[tokio::test]
async fn a_deeply_nested_body_is_refused_and_harms_nothing() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let body = format!("{{\"title\": {}1{}}}", "[".repeat(60_000), "]".repeat(60_000));
    let request = organization.admin.request(reqwest::Method::POST, &organization.path("/meetings"));
    let answer = organization.admin.send(request.header("content-type", "application/json").body(body)).await;
    assert!(matches!(answer.status, 400 | 422), "{}", answer.text());
}

/// Browsers ask for compressed answers; what is said to be compressed is.
#[tokio::test]
async fn a_problem_can_be_read_by_a_client_that_takes_compressed_answers() {
    let app = TestApp::start().await;
    let request = app.api.request(reqwest::Method::GET, "/me").header("accept-encoding", "gzip, br");
    let answer = app.api.send(request).await;
    assert_eq!(answer.header("content-encoding"), "");
    answer.problem(401, "UNAUTHENTICATED");
}
