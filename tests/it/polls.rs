//! Polls: who asks, who votes, what comes out, and what nobody ever learns.

use std::collections::HashSet;

use futures::future::join_all;
use harness::{Answer, Api, Meeting, Organization, Person, TestApp, Value, json};

/// Asks something with two options, and gives the message.
async fn ask(host: &Person, meeting: &Meeting, extra: Value) -> Value {
    let mut metadata = json!({"question": "Shall we?", "options": ["Yes", "No"]});
    for (key, value) in extra.as_object().expect("an object") {
        metadata[key] = value.clone();
    }
    host.post(&meeting.path("/chat"), json!({"type": "poll", "metadata": metadata})).await.is(201)
}

fn path(meeting: &Meeting, poll: &Value, call: &str) -> String {
    meeting.path(&format!("/polls/{}/{call}", poll["id"].as_str().expect("an id")))
}

async fn vote(voter: &Api, meeting: &Meeting, poll: &Value, choices: &[i64]) -> Answer {
    voter.post(&path(meeting, poll, "votes"), json!({"choices": choices})).await
}

async fn close(host: &Api, meeting: &Meeting, poll: &Value) -> Answer {
    host.post(&path(meeting, poll, "close"), json!({})).await
}

/// The poll as somebody reads it in the history.
async fn seen(reader: &Api, meeting: &Meeting, poll: &Value) -> Value {
    let history = reader.all(&meeting.path("/chat"), 200).await;
    history.into_iter().find(|message| message["id"] == poll["id"]).expect("the poll")
}

async fn members(organization: &Organization<'_>, count: usize) -> Vec<Person> {
    let mut people = Vec::new();
    for _ in 0..count {
        people.push(organization.member("member").await);
    }
    people
}

/// A meeting with all of them.
async fn meeting_of(organization: &Organization<'_>, people: &[Person]) -> Meeting {
    let invited = people.iter().fold(organization.meeting(), harness::builders::MeetingBuilder::invite);
    invited.create().await
}

// LIV-02, LIV-07
#[tokio::test]
async fn an_open_poll_is_counted_live_and_its_result_becomes_the_record() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let people = members(&organization, 3).await;
    let (host, ann, ben, cem) = (&organization.admin, &people[0], &people[1], &people[2]);
    let meeting = meeting_of(&organization, &people).await;
    let poll = ask(host, &meeting, json!({})).await;
    assert_eq!(poll["metadata"], json!({"question": "Shall we?", "options": ["Yes", "No"]}));
    let answer = vote(ann, &meeting, &poll, &[1]).await.is(200);
    assert_eq!(answer["metadata"]["results"], json!({"counts": [0, 1]}));
    assert_eq!((&answer["metadata"]["voted"], &answer["metadata"]["entitled"]), (&json!(1), &json!(4)));
    assert_eq!(
        (&answer["metadata"]["closed"], &answer["my_vote"]),
        (&json!(false), &json!({"choices": [1]}))
    );
    vote(ben, &meeting, &poll, &[0]).await.is(200);
    // Who changes their mind while it is open has one vote still.
    vote(ann, &meeting, &poll, &[0]).await.is(200);
    let now = seen(cem, &meeting, &poll).await;
    assert_eq!(now["metadata"]["results"], json!({"counts": [2, 0]}));
    assert!(now["my_vote"].is_null() && now["metadata"]["votes"].is_null(), "{now}");
    assert_eq!(seen(ann, &meeting, &poll).await["my_vote"], json!({"choices": [0]}));
    let closed = close(host, &meeting, &poll).await.is(200)["metadata"].clone();
    assert_eq!(closed["results"], json!({"counts": [2, 0], "outcome": "decided", "winner": 0}));
    assert_eq!((&closed["closed"], &closed["closed_at"]), (&json!(true), &json!(app.clock.now())));
    assert_eq!(closed["closed_by"], json!({"id": host.id, "name": host.name}));
    let votes: Vec<_> =
        closed["votes"].as_array().expect("votes").iter().map(|it| &it["voter"]["id"]).collect();
    assert_eq!(votes, [&json!(ann.id), &json!(ben.id)]);
    assert_eq!(seen(cem, &meeting, &poll).await["metadata"], closed);
    vote(cem, &meeting, &poll, &[0]).await.problem(409, "POLL_CLOSED");
    close(host, &meeting, &poll).await.problem(409, "POLL_CLOSED");
    assert_eq!(seen(cem, &meeting, &poll).await["metadata"], closed);
    // In the audit log and in the report.
    let log = organization.admin.get(&organization.path("/audit?action=poll.closed")).await.is(200);
    assert_eq!(log["items"][0]["actor"]["id"], json!(host.id));
    assert_eq!(log["items"][0]["after"]["result"], closed["results"]);
    let report = host.get(&meeting.path("/attendance")).await.is(200);
    assert_eq!(
        report["polls"],
        json!([{"id": poll["id"], "question": "Shall we?", "options": ["Yes", "No"], "secret": false, "voted": 2,
                "entitled": 4, "results": closed["results"], "closed_at": app.clock.now()}])
    );
}

// LIV-07: the issue's own measure.
#[tokio::test]
async fn five_hundred_votes_of_a_hundred_people_at_once_give_each_one_vote() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let people = members(&organization, 100).await;
    let meeting = meeting_of(&organization, &people).await;
    let (open, secret) = (
        ask(&organization.admin, &meeting, json!({})).await,
        ask(&organization.admin, &meeting, json!({"secret": true})).await,
    );
    for (poll, is_secret) in [(&open, false), (&secret, true)] {
        let meeting = &meeting;
        let answers = join_all((0..500_usize).map(|number| {
            let person = &people[number % 100];
            let choice = i64::from(number / 100 % 2 == 1);
            async move { vote(person, meeting, poll, &[choice]).await }
        }))
        .await;
        let counted = answers.iter().filter(|answer| answer.status == 200).count();
        let twice = answers.iter().filter(|answer| answer.status == 409).count();
        assert_eq!((counted, twice), if is_secret { (100, 400) } else { (500, 0) });
        let closed = close(&organization.admin, meeting, poll).await.is(200);
        let counts: Vec<i64> =
            serde_json::from_value(closed["metadata"]["results"]["counts"].clone()).expect("counts");
        assert_eq!(counts.iter().sum::<i64>(), 100, "{counts:?}");
        assert_eq!(closed["metadata"]["voted"], 100);
        let names = &closed["metadata"][if is_secret { "voters" } else { "votes" }];
        assert_eq!(names.as_array().expect("names").len(), 100);
    }
    assert_eq!(app.value::<i64>("select count(*) from poll_votes").await, 200);
    // What the sums say is what the votes say.
    let of_votes: i64 =
        app.value("select count(*) from poll_votes v join polls p on p.message_id = v.poll_id where v.choices = '{1}'").await;
    let of_sums: i32 = app.value("select counts[2] from polls where not secret").await;
    assert_eq!(of_votes, i64::from(of_sums));
}

// LIV-07
#[tokio::test]
async fn a_secret_ballot_keeps_who_voted_apart_from_what_was_voted() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let people = members(&organization, 3).await;
    let host = &organization.admin;
    let meeting = meeting_of(&organization, &people).await;
    let poll = ask(host, &meeting, json!({"secret": true})).await;
    let answer = vote(&people[0], &meeting, &poll, &[1]).await.is(200);
    assert_eq!(answer["my_vote"], json!({"choices": null}));
    assert!(answer["metadata"]["results"].is_null(), "sums that move with each voter would tell");
    vote(&people[0], &meeting, &poll, &[0]).await.problem(409, "ALREADY_VOTED");
    let keyed = people[1].request(reqwest::Method::POST, &path(&meeting, &poll, "votes"));
    let keyed = keyed.header("Idempotency-Key", "k1").json(&json!({"choices": [1]}));
    people[1].send(keyed).await.is(200);
    vote(&people[2], &meeting, &poll, &[0]).await.is(200);
    let open = seen(host, &meeting, &poll).await;
    assert_eq!(open["metadata"]["voted"], 3);
    assert!(open["metadata"]["results"].is_null() && open["metadata"]["voters"].is_null(), "{open}");
    // Nothing that anybody can read, nor any row, knows the sums or a choice before closing, except the sums themselves.
    for table in ["poll_votes", "meeting_events", "chat_messages", "audit_log", "idempotency_keys"] {
        let rows = rows(&app, table).await;
        assert!(
            rows.iter().all(|row| !row.contains("counts") && !row.contains("\"winner\"")),
            "{table}: {rows:?}"
        );
    }
    let votes = rows(&app, "poll_votes").await;
    assert_eq!(votes.len(), 3);
    for row in &votes {
        let row: Value = serde_json::from_str(row).expect("JSON");
        let columns: HashSet<&str> = row.as_object().expect("a row").keys().map(String::as_str).collect();
        let known =
            ["poll_id", "voter", "organization_id", "meeting_id", "is_guest", "secret", "choices", "weight"];
        assert_eq!(columns, HashSet::from(known), "a time or a number would tell the order");
        assert!(row["choices"].is_null(), "{row}");
    }
    assert_eq!(
        app.value::<i64>("select count(*) from idempotency_keys").await,
        0,
        "the hash of a vote would tell it"
    );
    // The database itself refuses to hold a choice.
    let refused =
        sqlx::query("update poll_votes set choices = '{1}'").execute(&mut app.database().await).await;
    assert!(refused.is_err());
    let refused = sqlx::query("update poll_votes set choices = '{1}', secret = false")
        .execute(&mut app.database().await)
        .await;
    assert!(refused.is_err());
    let closed = close(host, &meeting, &poll).await.is(200)["metadata"].clone();
    assert_eq!(closed["results"], json!({"counts": [1, 2], "outcome": "decided", "winner": 1}));
    let voters = closed["voters"].as_array().expect("voters");
    assert!(
        voters.iter().all(|voter| voter
            .as_object()
            .expect("a voter")
            .keys()
            .all(|key| key == "id" || key == "name"))
    );
    assert_eq!(voters.len(), 3);
    assert!(closed["votes"].is_null());
    for reader in [host, &people[0]] {
        assert_eq!(seen(reader, &meeting, &poll).await["metadata"], closed);
    }
    assert_eq!(seen(&people[0], &meeting, &poll).await["my_vote"], json!({"choices": null}));
    // Nothing that was written names a person beside a choice.
    for table in ["poll_votes", "audit_log"] {
        for row in rows(&app, table).await {
            let row: Value = serde_json::from_str(&row).expect("JSON");
            assert!(row["choices"].is_null() && row["after"]["choices"].is_null(), "{table}: {row}");
        }
    }
}

async fn rows(app: &TestApp, table: &'static str) -> Vec<String> {
    let sql = format!("select to_jsonb(t)::text from {table} t");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&mut app.database().await).await.expect("rows")
}

// LIV-04, LIV-07
#[tokio::test]
async fn hosts_and_co_hosts_ask_and_close_and_those_who_take_part_vote() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let people = members(&organization, 2).await;
    let (officer, bystander) = (organization.member("secretary").await, organization.member("member").await);
    let (co_host, plain) = (&people[0], &people[1]);
    let meeting = meeting_of(&organization, &people).await;
    let promote = meeting.path(&format!("/participants/{}", co_host.id));
    organization.admin.patch(&promote, json!({"role": "co_host"})).await.is(200);
    let asked = json!({"type": "poll", "metadata": {"question": "?", "options": ["a", "b"]}});
    for person in [plain, &officer, &bystander] {
        person.post(&meeting.path("/chat"), asked.clone()).await.problem(403, "FORBIDDEN");
    }
    other.admin.post(&meeting.path("/chat"), asked.clone()).await.problem(404, "NOT_FOUND");
    assert_eq!(app.value::<i64>("select count(*) from chat_messages").await, 0);
    let poll = ask(co_host, &meeting, json!({})).await;
    vote(plain, &meeting, &poll, &[0]).await.is(200);
    for person in [&officer, &bystander] {
        vote(person, &meeting, &poll, &[0]).await.problem(403, "FORBIDDEN");
        close(person, &meeting, &poll).await.problem(403, "FORBIDDEN");
    }
    close(plain, &meeting, &poll).await.problem(403, "FORBIDDEN");
    vote(&other.admin, &meeting, &poll, &[0]).await.problem(404, "NOT_FOUND");
    close(&other.admin, &meeting, &poll).await.problem(404, "NOT_FOUND");
    vote(&app.api, &meeting, &poll, &[0]).await.problem(401, "UNAUTHENTICATED");
    // A poll is found in its own meeting alone, and a text is none.
    let elsewhere = organization.meeting().create().await;
    vote(&organization.admin, &elsewhere, &poll, &[0]).await.problem(404, "NOT_FOUND");
    close(&organization.admin, &elsewhere, &poll).await.problem(404, "NOT_FOUND");
    let text = plain.post(&meeting.path("/chat"), json!({"type": "text", "content": "?"})).await.is(201);
    vote(plain, &meeting, &text, &[0]).await.problem(404, "NOT_FOUND");
    // Whoever was removed for good votes no more.
    let remove = meeting.path(&format!("/participants/{}/remove", plain.id));
    organization.admin.post(&remove, json!({"ban": true})).await.is(204);
    vote(plain, &meeting, &poll, &[1]).await.problem(403, "BANNED");
    let closed = close(co_host, &meeting, &poll).await.is(200);
    assert_eq!(closed["metadata"]["results"]["counts"], json!([1, 0]), "a vote that was cast stays");
    app.work_off_jobs().await;
}

// LIV-07
#[tokio::test]
async fn a_vote_that_does_not_fit_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let meeting = organization.meeting().create().await;
    let poll = ask(host, &meeting, json!({})).await;
    vote(host, &meeting, &poll, &[]).await.fault_at("/choices");
    vote(host, &meeting, &poll, &[0, 1]).await.fault_at("/choices");
    vote(host, &meeting, &poll, &[2]).await.fault_at("/choices/0");
    vote(host, &meeting, &poll, &[-1]).await.fault_at("/choices/0");
    let votes = path(&meeting, &poll, "votes");
    for body in [
        json!({}),
        json!({"choices": "0"}),
        json!({"choices": [0.5]}),
        json!({"choices": [null]}),
        json!([0]),
    ] {
        assert_eq!(host.post(&votes, body).await.status, 422);
    }
    assert_eq!(app.value::<i64>("select count(*) from poll_votes").await, 0);
    let many = ask(host, &meeting, json!({"multiple": true})).await;
    vote(host, &meeting, &many, &[1, 1]).await.fault_at("/choices/1");
    let both = vote(host, &meeting, &many, &[1, 0]).await.is(200);
    assert_eq!(both["metadata"]["results"]["counts"], json!([1, 1]));
    assert_eq!(
        vote(host, &meeting, &many, &[1]).await.is(200)["metadata"]["results"]["counts"],
        json!([0, 1])
    );
    for (extra, pointer) in [
        (json!({"secret": true, "show_results": "live"}), "/metadata/show_results"),
        (json!({"secret": true, "weighted": true}), "/metadata/weighted"),
        (json!({"majority": "most"}), "/metadata/majority"),
        (json!({"quorum_percent": 0}), "/metadata/quorum_percent"),
        (json!({"results": {"counts": [9, 0]}}), "/metadata/results"),
    ] {
        let mut metadata = json!({"question": "?", "options": ["a", "b"]});
        for (key, value) in extra.as_object().expect("an object") {
            metadata[key] = value.clone();
        }
        host.post(&meeting.path("/chat"), json!({"type": "poll", "metadata": metadata}))
            .await
            .fault_at(pointer);
    }
}

// LIV-07
#[tokio::test]
async fn results_that_are_shown_after_closing_stay_hidden_until_then() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let meeting = organization.meeting().create().await;
    app.enter(host, &meeting).await;
    app.carry().await;
    let poll = ask(host, &meeting, json!({"show_results": "after_closing"})).await;
    let answer = vote(host, &meeting, &poll, &[0]).await.is(200);
    assert!(answer["metadata"]["results"].is_null());
    close(host, &meeting, &poll).await.is(200);
    app.carried().await;
    let told: Vec<Value> = app
        .livekit
        .packets(&meeting.room)
        .iter()
        .filter(|packet| packet.data["event"] == "poll.updated")
        .map(|packet| packet.data["data"].clone())
        .collect();
    assert_eq!(told.len(), 2);
    assert_eq!((&told[0]["id"], &told[0]["metadata"]["voted"]), (&poll["id"], &json!(1)));
    assert!(told[0]["metadata"]["results"].is_null());
    assert_eq!(told[1]["metadata"]["results"]["counts"], json!([1, 0]));
}

// LIV-07
#[tokio::test]
async fn quorum_majority_and_weights_decide() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let people = members(&organization, 3).await;
    let host = &organization.admin;
    let meeting = meeting_of(&organization, &people).await;
    let result =
        async |poll: &Value| close(host, &meeting, poll).await.is(200)["metadata"]["results"].clone();
    let poll = ask(host, &meeting, json!({"quorum_percent": 50, "majority": "absolute"})).await;
    vote(&people[0], &meeting, &poll, &[0]).await.is(200);
    assert_eq!(
        result(&poll).await,
        json!({"counts": [1, 0], "quorum_reached": false, "outcome": "no_quorum"})
    );
    let poll = ask(host, &meeting, json!({"quorum_percent": 50, "majority": "absolute"})).await;
    for person in &people[..2] {
        vote(person, &meeting, &poll, &[0]).await.is(200);
    }
    assert_eq!(
        result(&poll).await,
        json!({"counts": [2, 0], "quorum_reached": true, "outcome": "no_majority"})
    );
    // One member's word weighs more, where the poll asks for it.
    let member = organization.path(&format!("/members/{}", people[0].id));
    people[0].patch(&member, json!({"vote_weight": 9})).await.problem(403, "FORBIDDEN");
    for weight in [json!(0), json!(-1), json!(1_000_001), json!(1.5)] {
        host.patch(&member, json!({"vote_weight": weight})).await.fault_at("/vote_weight");
    }
    assert_eq!(host.patch(&member, json!({"vote_weight": 5})).await.is(200)["vote_weight"], 5);
    for (weighted, outcome) in [(false, Some(1)), (true, Some(0))] {
        let poll = ask(host, &meeting, json!({"weighted": weighted, "majority": "simple"})).await;
        for (person, choice) in people.iter().zip([0, 1, 1]) {
            vote(person, &meeting, &poll, &[choice]).await.is(200);
        }
        let result = result(&poll).await;
        assert_eq!(result["winner"], json!(outcome), "{result}");
        assert_eq!(result["counts"], json!([1, 2]));
        if weighted {
            assert_eq!(
                (&result["weights"], &result["cast_weight"], &result["entitled_weight"]),
                (&json!([5, 2]), &json!(7), &json!(8))
            );
        }
    }
}

// LIV-07, PAR-18
#[tokio::test]
async fn guests_vote_where_the_poll_lets_them() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    app.execute("update organizations set settings = settings || '{\"allow_guests\": true}'").await;
    let host = &organization.admin;
    let meeting = organization.meeting().set("settings", json!({"allow_guests": true})).create().await;
    let link = host.post(&meeting.path("/guest-links"), json!({})).await.is(201);
    let door = link["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a token").to_owned();
    let admission = app.api.post(&format!("/guest/{door}/join"), json!({"name": "Ann"})).await.is(200);
    let guest = app.api.with_token(admission["access_token"].as_str().expect("a token"));
    let asked = json!({"type": "poll", "metadata": {"question": "?", "options": ["a", "b"]}});
    guest.post(&meeting.path("/chat"), asked).await.problem(403, "FORBIDDEN");
    let members_only = ask(host, &meeting, json!({})).await;
    vote(&guest, &meeting, &members_only, &[0]).await.problem(403, "GUESTS_MAY_NOT_VOTE");
    let for_all = ask(host, &meeting, json!({"guests_may_vote": true})).await;
    let answer = vote(&guest, &meeting, &for_all, &[0]).await.is(200);
    assert_eq!((&answer["metadata"]["voted"], &answer["metadata"]["entitled"]), (&json!(1), &json!(2)));
    vote(&guest, &meeting, &for_all, &[1]).await.is(200);
    assert_eq!(seen(&guest, &meeting, &for_all).await["my_vote"], json!({"choices": [1]}));
    let closed = close(host, &meeting, &for_all).await.is(200);
    assert_eq!(closed["metadata"]["results"]["counts"], json!([0, 1]));
    assert_eq!(closed["metadata"]["votes"][0]["voter"]["is_guest"], true);
    close(&guest, &meeting, &members_only).await.problem(401, "UNAUTHENTICATED");
}

// LIV-07
#[tokio::test]
async fn the_end_of_a_meeting_closes_what_is_still_being_voted_on() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let meeting = organization.meeting().create().await;
    app.enter(host, &meeting).await;
    let poll = ask(host, &meeting, json!({})).await;
    vote(host, &meeting, &poll, &[1]).await.is(200);
    host.post(&meeting.path("/end"), json!({})).await.is(200);
    let closed = seen(host, &meeting, &poll).await;
    assert_eq!(closed["metadata"]["results"], json!({"counts": [0, 1], "outcome": "decided", "winner": 1}));
    assert_eq!(closed["metadata"]["closed_by"]["id"], json!(host.id));
    assert_eq!(vote(host, &meeting, &poll, &[0]).await.status, 409);
    let refused = sqlx::query("update polls set counts = '{9,9}'").execute(&mut app.database().await).await;
    assert!(refused.is_err(), "what is decided stays");
    app.work_off_jobs().await;
}
