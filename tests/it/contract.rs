//! The description of the API: the committed one is the living one, and it says what a client has to know.

use std::collections::BTreeSet;

use harness::{TestApp, Value, spec::SPEC};

fn committed() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/openapi.json");
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_committed_description_is_the_living_one() {
    let (committed, living) = (committed(), &SPEC.document);
    for part in ["paths", "components"] {
        for (name, now) in living[part].as_object().expect("an object") {
            assert_eq!(
                &committed[part][name], now,
                "{part} {name}: `baraza openapi > server/openapi.json` brings it up to date"
            );
        }
    }
    assert!(
        &committed == living,
        "server/openapi.json is stale: `baraza openapi > server/openapi.json` brings it up to date"
    );
}

#[tokio::test]
async fn the_description_is_served() {
    let app = TestApp::start().await;
    let served = app.api.get("/openapi.json").await.is(200);
    assert_eq!(&served, &SPEC.document);
    let page = app.api.http_get("/api/docs").await;
    assert_eq!((page.status, page.header("location")), (303, "/api/docs/"));
    let page = app.api.http_get("/api/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.header("content-type"));
}

#[test]
fn the_description_is_openapi_3_1_with_unique_names_and_sentences() {
    assert!(SPEC.document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let mut names = BTreeSet::new();
    for operation in SPEC.operations() {
        let described = &SPEC.document["paths"][&operation.path][operation.method.to_lowercase()];
        let place = format!("{} {}", operation.method, operation.path);
        let name = described["operationId"].as_str().unwrap_or_else(|| panic!("{place} has no operationId"));
        assert!(names.insert(name.to_owned()), "{place}: the name {name} is taken");
        assert!(
            described["summary"].as_str().is_some_and(|summary| !summary.is_empty()),
            "{place} has no summary"
        );
        assert!(
            described["responses"]
                .as_object()
                .is_some_and(|it| it.keys().any(|status| status.starts_with('2') || status.starts_with('3'))),
            "{place} never succeeds"
        );
        for parameter in
            operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        {
            let parameters = described["parameters"].as_array().cloned().unwrap_or_default();
            assert!(
                parameters.iter().any(|it| it["in"] == "path" && it["name"] == parameter),
                "{place}: {parameter}"
            );
        }
    }
}

/// Everything that the contract names for this stage, with the paths it gives.
#[test]
fn the_description_has_what_the_contract_names() {
    let wanted = [
        "POST /auth/setup",
        "POST /auth/login",
        "POST /auth/refresh",
        "POST /auth/logout",
        "POST /auth/invitations/{}",
        "GET /me",
        "POST /organizations",
        "GET /organizations/{}",
        "PATCH /organizations/{}",
        "GET /organizations/{}/members",
        "POST /organizations/{}/members",
        "PATCH /organizations/{}/members/{}",
        "DELETE /organizations/{}/members/{}",
        "POST /organizations/{}/meetings",
        "POST /organizations/{}/meetings/instant",
        "GET /organizations/{}/meetings",
        "GET /meetings",
        "GET /meetings/{}",
        "PATCH /meetings/{}",
        "POST /meetings/{}/cancel",
        "POST /meetings/{}/end",
        "POST /meetings/{}/invite",
        "GET /meetings/{}/participants",
        "PATCH /meetings/{}/participants/{}",
        "DELETE /meetings/{}/participants/{}",
        "POST /meetings/{}/response",
        "POST /meetings/{}/join",
        "GET /meetings/{}/lobby",
        "POST /meetings/{}/lobby/{}/admit",
        "POST /meetings/{}/lobby/{}/deny",
        "POST /meetings/{}/participants/{}/mute",
        "POST /meetings/{}/participants/{}/remove",
        "POST /meetings/{}/mute-all",
        "POST /meetings/{}/leave",
        "POST /meetings/{}/chat",
        "GET /meetings/{}/chat",
        "GET /meetings/{}/events",
        "GET /meetings/{}/attendance",
        "POST /meetings/{}/show",
        "GET /meetings/{}/timeline",
        "GET /organizations/{}/reports/meetings",
        "GET /organizations/{}/reports/members/{}",
        "POST /meetings/{}/recordings",
        "POST /recordings/{}/stop",
        "GET /meetings/{}/recordings",
        "GET /recordings/{}",
        "GET /organizations/{}/recordings",
        "PUT /recordings/{}/access",
        "GET /recordings/{}/download",
        "DELETE /recordings/{}",
        "POST /webhooks/livekit",
    ];
    let described: BTreeSet<String> = SPEC
        .operations()
        .into_iter()
        .map(|operation| {
            let path = operation.path.trim_start_matches("/api/v1").split('/');
            let path: Vec<_> = path.map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
            format!("{} {}", operation.method, path.join("/"))
        })
        .collect();
    let missing: Vec<_> = wanted.iter().filter(|operation| !described.contains(**operation)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
