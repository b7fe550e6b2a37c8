//! Settings of an organization, and what follows from them.

use harness::{Meeting, TestApp, Value, json};

// ORG-21, CON-14
#[tokio::test]
async fn what_is_not_set_has_its_default_and_admins_set_it() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (member, other) = (organization.member("member").await, app.organization().await);
    let path = organization.path("/settings");
    let found = member.get(&path).await.is(200);
    assert_eq!(
        found,
        json!({
            "late_threshold_minutes": 5, "min_presence_percent": null, "quorum_members": null, "quorum_percent": null, "recording_allowed": true,
            "recording_max_minutes": null, "recording_quota_gb": null, "meeting_type": "video", "max_participants": null, "auto_record": false,
            "require_approval": false, "allow_guests": false, "record_strict": false, "livekit_join_shows": true,
            "measure_speaking": true,
            "recording_access_level": "private", "recording_allowed_roles": [], "recording_retention_days": null, "transcripts": false,
            "meeting_notifications": true, "calendar_event_notifications": false, "default_duration_minutes": 60,
            "week_starts_on": "monday", "presence_checks_per_hour": null, "engagement": true,
            "engagement_weights": {"attendance": 5, "punctuality": 3, "presence": 3, "messages": 1, "hands": 1, "speaking": 1},
        })
    );
    let change = json!({"auto_record": true, "week_starts_on": "sunday", "max_participants": 12});
    member.patch(&path, change.clone()).await.problem(403, "FORBIDDEN");
    other.admin.patch(&path, change.clone()).await.problem(404, "NOT_FOUND");
    let changed = organization.admin.patch(&path, change).await.is(200);
    assert_eq!(
        (&changed["auto_record"], &changed["week_starts_on"], &changed["max_participants"]),
        (&json!(true), &json!("sunday"), &json!(12))
    );
    assert_eq!(changed["late_threshold_minutes"], 5, "what is absent stays");
    let back = organization.admin.patch(&path, json!({"auto_record": null, "max_participants": null})).await;
    let back = back.is(200);
    assert_eq!((&back["auto_record"], &back["max_participants"]), (&json!(false), &Value::Null));
    assert_eq!(member.get(&path).await.is(200), back);
    assert_eq!(
        app.value::<Value>("select settings from organizations where settings <> '{}'").await,
        json!({"week_starts_on": "sunday"}),
        "only what was set is kept"
    );
}

#[tokio::test]
async fn unfit_settings_are_refused_where_they_stand_and_change_nothing() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let path = organization.path("/settings");
    let change = async |body: Value| organization.admin.patch(&path, body).await;
    change(json!({"auto_record": "yes"})).await.fault_at("/auto_record");
    change(json!({"autorecord": true})).await.fault_at("/autorecord");
    change(json!({"max_participants": 0})).await.fault_at("/max_participants");
    change(json!({"late_threshold_minutes": -1})).await.fault_at("/late_threshold_minutes");
    change(json!({"late_threshold_minutes": 1441})).await.fault_at("/late_threshold_minutes");
    for times in [0, 13, 256, -1] {
        change(json!({"presence_checks_per_hour": times})).await.fault_at("/presence_checks_per_hour");
    }
    for (field, unfit) in [
        ("min_presence_percent", json!(0)),
        ("min_presence_percent", json!(101)),
        ("min_presence_percent", json!(50.5)),
        ("quorum_members", json!(0)),
        ("quorum_members", json!(10_001)),
        ("quorum_members", json!(100_000)),
        ("quorum_percent", json!(300)),
        ("quorum_percent", json!("half")),
    ] {
        let body = json!({field: unfit});
        change(body).await.fault_at(&format!("/{field}"));
    }
    change(json!({"quorum_members": 3, "quorum_percent": 50})).await.fault_at("/quorum_percent");
    change(json!({"meeting_type": "smoke"})).await.fault_at("/meeting_type");
    change(json!({"recording_access_level": "role_based"})).await.fault_at("/recording_allowed_roles");
    change(json!({"recording_retention_days": 0})).await.fault_at("/recording_retention_days");
    change(json!({"recording_allowed_roles": ["king"]})).await.fault_at("/recording_allowed_roles/0");
    assert_eq!(app.value::<i64>("select count(*) from organizations where settings <> '{}'").await, 0);
}

#[tokio::test]
async fn of_two_who_change_the_settings_the_later_is_told() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (path, admin) = (organization.path("/settings"), &organization.admin);
    let etag = admin.get(&path).await.header("etag").to_owned();
    let known = admin.request(reqwest::Method::GET, &path).header("if-none-match", &etag);
    assert_eq!(admin.send(known).await.status, 304);
    let change = async |tag: &str| {
        let request = admin.request(reqwest::Method::PATCH, &path).header("if-match", tag);
        admin.send(request.json(&json!({"auto_record": true}))).await
    };
    let first = change(&etag).await;
    let fresh = first.header("etag").to_owned();
    first.is(200);
    change(&etag).await.problem(412, "PRECONDITION_FAILED");
    change(&fresh).await.is(200);
}

// MTG-12, MTG-13
#[tokio::test]
async fn new_meetings_begin_with_the_organizations_settings() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let settings = json!({
        "late_threshold_minutes": 11, "meeting_type": "audio", "max_participants": 7, "auto_record": true,
        "require_approval": true, "allow_guests": true, "presence_checks_per_hour": 3, "min_presence_percent": 60, "quorum_members": 3,
    });
    organization.admin.patch(&organization.path("/settings"), settings).await.is(200);
    let made =
        organization.admin.post(&organization.path("/meetings/instant"), json!({"title": "T"})).await.is(201);
    assert_eq!((&made["meeting_type"], &made["max_participants"]), (&json!("audio"), &json!(7)));
    assert_eq!((&made["auto_record"], &made["require_approval"]), (&json!(true), &json!(true)));
    assert_eq!(made["schedule_kind"], "instant");
    assert_eq!(
        made["settings"],
        json!({
            "late_threshold_minutes": 11, "allow_guests": false, "presence_checks_per_hour": 3, "min_presence_percent": 60, "quorum_members": 3,
            "quorum_percent": null, "recording_allowed": true,
        }),
        "each meeting has to allow guests itself"
    );
    let own = organization
        .meeting()
        .set("meeting_type", "video")
        .set("max_participants", Value::Null)
        .set("auto_record", false)
        .set("require_approval", false)
        .set(
            "settings",
            json!({
                "late_threshold_minutes": 0, "allow_guests": true, "presence_checks_per_hour": 12, "quorum_percent": 40,
            }),
        )
        .create()
        .await
        .json;
    assert_eq!((&own["meeting_type"], &own["max_participants"]), (&json!("video"), &Value::Null));
    assert_eq!((&own["auto_record"], &own["require_approval"]), (&json!(false), &json!(false)));
    assert_eq!(
        own["settings"],
        json!({
            "late_threshold_minutes": 0, "allow_guests": true, "presence_checks_per_hour": 12, "min_presence_percent": 60, "quorum_members": null,
            "quorum_percent": 40, "recording_allowed": true,
        }),
        "a share takes the place of the number"
    );
}

// TOK-03
#[tokio::test]
async fn where_all_is_recorded_strictly_no_token_may_publish_data() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let admitted = organization.admin.join(&meeting).await.is(200);
    assert_eq!(admitted["permissions"]["can_publish_data"], true);
    organization.admin.patch(&organization.path("/settings"), json!({"record_strict": true})).await.is(200);
    let admitted = organization.admin.join(&meeting).await.is(200);
    assert_eq!(admitted["permissions"]["can_publish_data"], false);
}

// CON-13
#[tokio::test]
async fn new_recordings_may_be_seen_by_whom_the_organization_says() {
    let app = TestApp::start().await;
    app.recorder().await;
    let organization = app.organization().await;
    let record = async || {
        let meeting: Meeting = organization.meeting().create().await;
        app.enter(&organization.admin, &meeting).await;
        organization.admin.post(&meeting.path("/recordings"), json!({})).await.is(202)
    };
    let recording = record().await;
    assert_eq!((&recording["access_level"], &recording["allowed_roles"]), (&json!("private"), &json!([])));
    let settings = json!({"recording_access_level": "role_based", "recording_allowed_roles": ["secretary"]});
    organization.admin.patch(&organization.path("/settings"), settings).await.is(200);
    let recording = record().await;
    assert_eq!(
        (&recording["access_level"], &recording["allowed_roles"]),
        (&json!("role_based"), &json!(["secretary"]))
    );
    let path = format!("/recordings/{}", recording["id"].as_str().expect("an id"));
    let etag = organization.admin.get(&path).await.header("etag").to_owned();
    let change = async |tag: &str| {
        let access = format!("{path}/access");
        let request = organization.admin.request(reqwest::Method::PUT, &access).header("if-match", tag);
        organization.admin.send(request.json(&json!({"access_level": "public"}))).await
    };
    change("\"stale\"").await.problem(412, "PRECONDITION_FAILED");
    change(&etag).await.is(200);
}

#[tokio::test]
async fn recordings_go_when_the_organization_keeps_them_no_longer() {
    let app = TestApp::with_vault().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    for it in [&organization, &other] {
        let meeting = it.meeting().create().await;
        for days in [10, 40] {
            sqlx::query(
                "insert into recordings (id, organization_id, meeting_id, status, ended_at, object_key, size_bytes, sha256)
                 select gen_random_uuid(), organization_id, id, 'available', $2, 'x', 1, 'x' from meetings where id = $1",
            )
            .bind(meeting.id.parse::<uuid::Uuid>().expect("an id"))
            .bind(app.clock.now() - chrono::Duration::days(days))
            .execute(&mut app.database().await)
            .await
            .expect("a recording");
        }
    }
    let keep = json!({"recording_retention_days": 30});
    organization.admin.patch(&organization.path("/settings"), keep).await.is(200);
    server::recordings::delete_outlived(&app.app).await.expect("the database answers");
    let left = async |it: &harness::Organization<'_>| it.admin.all(&it.path("/recordings"), 50).await.len();
    let deleted = app.value::<i64>("select count(*) from recordings where status = 'deleted'").await;
    assert_eq!((deleted, left(&other).await), (1, 2));
}
