//! Chat that goes on: replies, mentions, changes, what one has read, search, and the record of it all.

use std::collections::HashSet;

use harness::{Answer, Api, Meeting, Organization, Person, TestApp, Value, json};

async fn say(person: &Person, meeting: &Meeting, content: &str) -> Value {
    person.post(&meeting.path("/chat"), json!({"type": "text", "content": content})).await.is(201)
}

fn at(meeting: &Meeting, message: &Value) -> String {
    meeting.path(&format!("/chat/{}", message["id"].as_str().expect("an id")))
}

async fn history(person: &Api, meeting: &Meeting, query: &str) -> Vec<Value> {
    person.all(&meeting.path(&format!("/chat{query}")), 200).await
}

fn contents(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["content"].as_str().expect("a content")).collect()
}

async fn edit(person: &Api, meeting: &Meeting, message: &Value, content: &str) -> Answer {
    person.patch(&at(meeting, message), json!({"content": content})).await
}

/// Somebody who came by a guest link, with their id.
async fn guest(
    app: &TestApp,
    organization: &Organization<'_>,
    meeting: &Meeting,
    name: &str,
) -> (Api, String) {
    app.execute("update organizations set settings = settings || '{\"allow_guests\": true}'").await;
    let link = organization.admin.post(&meeting.path("/guest-links"), json!({})).await.is(201);
    let token = link["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a token");
    let admission = app.api.post(&format!("/guest/{token}/join"), json!({"name": name})).await.is(200);
    let api = app.api.with_token(admission["access_token"].as_str().expect("a token"));
    (api, admission["guest"]["id"].as_str().expect("an id").to_owned())
}

#[tokio::test]
async fn a_text_answers_a_message_of_its_meeting_and_nothing_else() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let member = organization.member("member").await;
    let meeting = organization.meeting().invite(&member).create().await;
    let elsewhere = organization.meeting().create().await;
    let question = say(&organization.admin, &meeting, "Shall we begin?").await;
    let foreign = say(&organization.admin, &elsewhere, "not here").await;
    let answer = async |to: &Value, kind: &str| {
        let body = json!({"type": kind, "content": "👍", "reply_to": to["id"]});
        member.post(&meeting.path("/chat"), body).await
    };
    let reply = answer(&question, "text").await.is(201);
    assert_eq!(reply["reply_to"], question["id"]);
    assert_eq!(question.get("reply_to"), None, "what answers nothing says nothing of it");
    assert_eq!(history(&member, &meeting, "").await, [question.clone(), reply.clone()]);
    answer(&foreign, "text").await.fault_at("/reply_to");
    answer(&json!({"id": "01890000-0000-7000-8000-000000000000"}), "text").await.fault_at("/reply_to");
    answer(&question, "reaction").await.fault_at("/reply_to");
    answer(&json!({"id": "x"}), "text").await.is(422);
    organization.admin.delete(&at(&meeting, &question)).await.is(204);
    answer(&question, "text").await.fault_at("/reply_to");
    // What was said in answer stays.
    assert_eq!(history(&member, &meeting, "").await[1], reply);
}

#[tokio::test]
async fn people_of_the_meeting_are_named_by_their_ids() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (member, outsider) = (organization.member("member").await, organization.member("member").await);
    let meeting =
        organization.meeting().invite(&member).set("settings", json!({"allow_guests": true})).create().await;
    let (_, visitor) = guest(&app, &organization, &meeting, "Ann").await;
    app.listen().await;
    let mut events = member.follow(&meeting.path("/events"), None).await;
    let name = async |ids: Value| {
        let body = json!({"type": "text", "content": "look here", "mentions": ids});
        organization.admin.post(&meeting.path("/chat"), body).await
    };
    let message = name(json!([visitor, member.id])).await.is(201);
    let named = json!([{"id": visitor, "name": "Ann (guest)"}, {"id": member.id, "name": member.name}]);
    assert_eq!(message["mentions"], named);
    assert_eq!(events.next().await.data, message, "whoever is named hears it at once");
    assert_eq!(history(&member, &meeting, "").await, [message]);
    name(json!([member.id, outsider.id])).await.fault_at("/mentions/1");
    name(json!([member.id, member.id])).await.fault_at("/mentions/1");
    name(json!(vec![member.id.clone(); 51])).await.is(422);
    let hand = json!({"type": "hand_raise", "mentions": [member.id]});
    organization.admin.post(&meeting.path("/chat"), hand).await.fault_at("/mentions");
    assert_eq!(app.value::<i64>("select count(*) from chat_messages").await, 1);
    let stored: Vec<uuid::Uuid> = app.value("select mentions from chat_messages").await;
    assert_eq!(stored, [visitor.parse().expect("an id"), member.user_id().0]);
}

#[tokio::test]
async fn words_are_changed_by_their_writer_and_the_room_sees_only_what_stands_now() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let member = organization.member("member").await;
    let meeting = organization.meeting().invite(&member).create().await;
    app.enter(host, &meeting).await;
    app.carry().await;
    app.carried().await;
    app.listen().await;
    let mut events = host.follow(&meeting.path("/events"), None).await;
    let packets = app.livekit.packets(&meeting.room).len();
    let message = say(&member, &meeting, "a secret").await;
    app.pass(chrono::Duration::seconds(5));
    let changed = edit(&member, &meeting, &message, "a word").await.is(200);
    assert_eq!((&changed["content"], &changed["edited_at"]), (&json!("a word"), &json!(app.clock.now())));
    assert_eq!((&changed["id"], &changed["created_at"]), (&message["id"], &message["created_at"]));
    // The same words again are no change.
    assert_eq!(edit(&member, &meeting, &message, "a word").await.is(200), changed);
    let told = events.take(2).await;
    assert_eq!((told[0].event.as_str(), told[1].event.as_str()), ("chat.message", "chat.updated"));
    assert_eq!(told[1].data, changed);
    app.carried().await;
    let sent = &app.livekit.packets(&meeting.room)[packets..];
    let names: Vec<&Value> = sent.iter().map(|packet| &packet.data["event"]).collect();
    assert_eq!(names, ["chat.message", "chat.updated"], "in their order");
    // Whoever takes the stream up from its beginning reads nothing of what stood there.
    let mut late = host.follow(&meeting.path("/events"), Some("0")).await;
    loop {
        let event = late.next().await;
        assert!(!event.data.to_string().contains("a secret"), "{event:?}");
        if event.event == "chat.updated" {
            break;
        }
    }
    assert_eq!(history(host, &meeting, "").await, std::slice::from_ref(&changed));
    assert_eq!(host.get(&at(&meeting, &message)).await.is(200), changed);
    // Others may not, the host neither; and only texts that are there.
    edit(host, &meeting, &message, "mine").await.problem(403, "FORBIDDEN");
    edit(&member, &meeting, &message, " ").await.fault_at("/content");
    edit(&member, &meeting, &message, &"x".repeat(4001)).await.fault_at("/content");
    let poll = json!({"type": "poll", "metadata": {"question": "Tea?", "options": ["yes", "no"]}});
    let poll = host.post(&meeting.path("/chat"), poll).await.is(201);
    edit(host, &meeting, &poll, "Coffee?").await.problem(409, "NOT_EDITABLE");
    host.delete(&at(&meeting, &poll)).await.problem(409, "NOT_DELETABLE");
    edit(&member, &meeting, &json!({"id": host.id}), "x").await.problem(404, "NOT_FOUND");
    let elsewhere = organization.meeting().invite(&member).create().await;
    edit(&member, &elsewhere, &message, "x").await.problem(404, "NOT_FOUND");
    // Two who change the same know of each other.
    let answer = host.get(&at(&meeting, &message)).await;
    let stale = member
        .request(reqwest::Method::PATCH, &at(&meeting, &message))
        .header("if-match", "\"other\"")
        .json(&json!({"content": "late"}));
    member.send(stale).await.problem(412, "PRECONDITION_FAILED");
    let fresh = member
        .request(reqwest::Method::PATCH, &at(&meeting, &message))
        .header("if-match", answer.header("etag"))
        .json(&json!({"content": "in time"}));
    member.send(fresh).await.is(200);
    host.post(&meeting.path("/end"), json!({})).await.is(200);
    edit(&member, &meeting, &message, "afterwards").await.problem(409, "MEETING_ENDED");
}

#[tokio::test]
async fn a_message_is_taken_back_by_its_writer_and_by_who_moderates() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let (member, other) = (organization.member("member").await, organization.member("member").await);
    let meeting = organization.meeting().invite(&member).invite(&other).create().await;
    let (own, rude) = (say(&member, &meeting, "oops").await, say(&member, &meeting, "rude words").await);
    other.delete(&at(&meeting, &own)).await.problem(403, "FORBIDDEN");
    member.delete(&at(&meeting, &own)).await.is(204);
    app.listen().await;
    let mut events = other.follow(&meeting.path("/events"), None).await;
    host.delete(&at(&meeting, &rude)).await.is(204);
    let told = events.next().await;
    assert_eq!((told.event.as_str(), &told.data["content"]), ("chat.updated", &json!("")));
    assert_eq!(told.data["deleted_at"], json!(app.clock.now()));
    member.delete(&at(&meeting, &own)).await.problem(409, "MESSAGE_DELETED");
    edit(&member, &meeting, &own, "again").await.problem(409, "MESSAGE_DELETED");
    let left = history(&other, &meeting, "").await;
    assert_eq!(contents(&left), ["", ""]);
    assert_eq!(left[1], told.data);
    // A co-host may as well, and so may who moderates when all is over.
    let late = say(&member, &meeting, "late words").await;
    let role = meeting.path(&format!("/participants/{}", other.id));
    host.patch(&role, json!({"role": "co_host"})).await.is(200);
    app.enter(host, &meeting).await;
    host.post(&meeting.path("/end"), json!({})).await.is(200);
    other.delete(&at(&meeting, &late)).await.is(204);
    // The record keeps all of it, and nobody can take that away.
    let kept: i64 = app.value("select count(*) from chat_versions where content <> ''").await;
    assert_eq!(kept, 3);
    for sql in
        ["update chat_versions set content = ''", "delete from chat_versions", "truncate chat_versions"]
    {
        sqlx::query(sql).execute(&mut app.database().await).await.expect_err(sql);
    }
}

#[tokio::test]
async fn what_stood_there_is_for_the_host_and_officers_who_take_part() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = organization.member("secretary").await;
    let (member, officer) = (organization.member("member").await, organization.member("secretary").await);
    let meeting = organization.meeting().host(&host).invite(&member).invite(&officer).create().await;
    let message = say(&member, &meeting, "first words").await;
    app.pass(chrono::Duration::seconds(1));
    edit(&member, &meeting, &message, "second words").await.is(200);
    app.pass(chrono::Duration::seconds(1));
    host.delete(&at(&meeting, &message)).await.is(204);
    for viewer in [&host, &officer] {
        let story = viewer.get(&meeting.path("/timeline?kind=chat.edited,chat.deleted")).await.is(200);
        let told: Vec<(&Value, &Value, &Value)> = story["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|it| (&it["kind"], &it["actor"]["name"], &it["data"]["former"]))
            .collect();
        assert_eq!(told[0], (&json!("chat.edited"), &json!(member.name), &json!("first words")));
        assert_eq!(told[1], (&json!("chat.deleted"), &json!(host.name), &json!("second words")));
        let record = viewer.get(&meeting.path("/chat.json")).await.is(200);
        let item = &record["items"][0];
        assert_eq!((&item["content"], &item["deleted_at"]), (&json!(""), &json!(app.clock.now())));
        let versions: Vec<(&Value, &Value)> = item["versions"]
            .as_array()
            .expect("versions")
            .iter()
            .map(|it| (&it["change"], &it["content"]))
            .collect();
        assert_eq!(
            versions,
            [(&json!("edited"), &json!("first words")), (&json!("deleted"), &json!("second words"))]
        );
        let table = viewer.get(&meeting.path("/chat.csv")).await.text();
        assert!(table.contains(",first words,") && table.contains(",second words,"), "{table}");
    }
    // Whoever merely takes part has the chat as it stands, and an officer who does not only that something was changed.
    let record = member.get(&meeting.path("/chat.json")).await.is(200);
    assert_eq!(record["items"], json!(history(&member, &meeting, "").await));
    let table = member.get(&meeting.path("/chat.csv")).await.text();
    assert!(!table.contains("words"), "{table}");
    let story = organization.admin.get(&meeting.path("/timeline?kind=chat")).await.is(200).to_string();
    assert!(story.contains("chat.edited") && !story.contains("words"), "{story}");
    organization.admin.get(&meeting.path("/chat.json")).await.problem(403, "FORBIDDEN");
    // Who took it with them is known, and the log itself holds no words.
    let log = organization.admin.get(&organization.path("/audit?action=chat.exported")).await.is(200);
    assert_eq!(log["items"].as_array().expect("items").len(), 6);
    let log = organization.admin.get(&organization.path("/audit?entity_type=chat_message")).await.is(200);
    let actions: Vec<&Value> =
        log["items"].as_array().expect("items").iter().map(|it| &it["action"]).collect();
    assert_eq!(actions, ["chat_message.deleted", "chat_message.edited", "chat_message.posted"]);
    assert!(!log.to_string().contains("words"), "{log}");
}

#[tokio::test]
async fn what_one_has_read_is_known_on_every_device() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let member = organization.member("member").await;
    let meeting = organization.meeting().invite(&member).create().await;
    let path = meeting.path("/chat/read");
    let empty = json!({"message_id": null, "unread": 0, "mentions": 0});
    assert_eq!(member.get(&path).await.is(200), empty);
    let mut said = Vec::new();
    for number in 1..=3 {
        said.push(say(host, &meeting, &format!("message {number}")).await);
    }
    let named = json!({"type": "text", "content": "you", "mentions": [member.id]});
    said.push(host.post(&meeting.path("/chat"), named).await.is(201));
    host.post(&meeting.path("/chat"), json!({"type": "reaction", "content": "👍"})).await.is(201);
    host.post(&meeting.path("/chat"), json!({"type": "hand_raise"})).await.is(201);
    assert_eq!(host.get(&path).await.is(200), empty, "one's own words are read");
    let unread = |message: &Value, unread: i64, mentions: i64| json!({"message_id": message, "unread": unread, "mentions": mentions});
    assert_eq!(member.get(&path).await.is(200), unread(&Value::Null, 4, 1));
    let read = async |message: &Value| member.put(&path, json!({"message_id": message["id"]})).await;
    assert_eq!(read(&said[1]).await.is(200), unread(&said[1]["id"], 2, 1));
    assert_eq!(read(&said[0]).await.is(200), unread(&said[1]["id"], 2, 1), "never back");
    host.delete(&at(&meeting, &said[2])).await.is(204);
    assert_eq!(member.get(&path).await.is(200), unread(&said[1]["id"], 1, 1));
    assert_eq!(read(&said[3]).await.is(200), unread(&said[3]["id"], 0, 0));
    read(&json!({"id": member.id})).await.fault_at("/message_id");
    member.put(&path, json!({})).await.is(422);
}

#[tokio::test]
async fn words_are_found_in_whatever_case_and_accents() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let host = &organization.admin;
    for text in ["Où est le café?", "Kahawa tayari", "100% sure_thing", "nothing"] {
        say(host, &meeting, text).await;
    }
    let poll = json!({"type": "poll", "metadata": {"question": "Café or tea?", "options": ["a", "b"]}});
    host.post(&meeting.path("/chat"), poll).await.is(201);
    let found = async |query: &str| history(host, &meeting, query).await;
    assert_eq!(contents(&found("?q=CAFE").await), ["Où est le café?", ""]);
    assert_eq!(contents(&found("?q=%C3%A9").await), contents(&found("?q=e").await));
    assert_eq!(contents(&found("?q=cafe&type=text").await), ["Où est le café?"]);
    assert_eq!(contents(&found("?q=%25").await), ["100% sure_thing"], "a sign is a sign");
    assert_eq!(contents(&found("?q=_").await), ["100% sure_thing"]);
    assert!(found("?q=absent").await.is_empty());
    let newest = host.all(&meeting.path("/chat?order=-created_at&type=text"), 2).await;
    assert_eq!(contents(&newest), ["nothing", "100% sure_thing", "Kahawa tayari", "Où est le café?"]);
    host.get(&meeting.path("/chat?q=")).await.fault_at("/q");
    host.get(&meeting.path(&format!("/chat?q={}", "x".repeat(201)))).await.fault_at("/q");
    host.get(&meeting.path("/chat?order=name")).await.fault_at("/order");
    host.get(&meeting.path("/chat?type=shout")).await.is(422);
}

#[tokio::test]
async fn a_long_chat_is_taken_along_whole() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let host = &organization.admin;
    say(host, &meeting, "=1+1").await;
    app.execute(
        "insert into chat_messages (id, organization_id, meeting_id, seq, sender_id, content, created_at)
         select gen_random_uuid(), organization_id, meeting_id, seq + n, sender_id, 'message ' || n, created_at
         from chat_messages, generate_series(1, 1499) n",
    )
    .await;
    let record = host.get(&meeting.path("/chat.json")).await;
    assert!(record.header("content-disposition").contains("attachment"));
    let items = record.is(200)["items"].as_array().expect("items").clone();
    let ids: HashSet<&str> = items.iter().map(|item| item["id"].as_str().expect("an id")).collect();
    assert_eq!((items.len(), ids.len()), (1500, 1500));
    assert_eq!(items[1499]["content"], "message 1499");
    let table = host.get(&meeting.path("/chat.csv")).await;
    assert!(table.header("content-type").starts_with("text/csv"));
    let table = table.text();
    assert_eq!(table.lines().count(), 1501);
    assert!(table.contains(",'=1+1,"), "no cell is a formula");
    // A page from the end costs as little as one from the beginning, and there is one for an empty chat.
    let newest = host.get(&meeting.path("/chat?order=-created_at&limit=1")).await.is(200);
    assert_eq!(newest["items"][0]["content"], "message 1499");
    let silent = organization.meeting().create().await;
    assert_eq!(host.get(&silent.path("/chat.json")).await.is(200)["items"], json!([]));
}

#[tokio::test]
async fn guests_change_their_own_words_and_have_a_mark_of_their_own() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let host = &organization.admin;
    let meeting = organization.meeting().set("settings", json!({"allow_guests": true})).create().await;
    let (ann, id) = guest(&app, &organization, &meeting, "Ann").await;
    let (ben, _) = guest(&app, &organization, &meeting, "Ben").await;
    let question = say(host, &meeting, "Who are you?").await;
    assert_eq!(ann.get(&meeting.path("/chat/read")).await.is(200)["unread"], 1);
    let mark = json!({"message_id": question["id"]});
    assert_eq!(ann.put(&meeting.path("/chat/read"), mark).await.is(200)["unread"], 0);
    assert_eq!(ben.get(&meeting.path("/chat/read")).await.is(200)["unread"], 1);
    let reply = json!({"type": "text", "content": "An", "reply_to": question["id"], "mentions": [host.id]});
    let reply = ann.post(&meeting.path("/chat"), reply).await.is(201);
    assert_eq!(reply["mentions"], json!([{"id": host.id, "name": host.name}]));
    let changed = edit(&ann, &meeting, &reply, "Ann").await.is(200);
    assert_eq!((&changed["content"], &changed["sender"]), (&json!("Ann"), &reply["sender"]));
    edit(&ben, &meeting, &reply, "Ben").await.problem(403, "FORBIDDEN");
    ben.delete(&at(&meeting, &reply)).await.problem(403, "FORBIDDEN");
    edit(&ann, &meeting, &question, "mine").await.problem(403, "FORBIDDEN");
    assert_eq!(contents(&history(&ben, &meeting, "?q=ann").await), ["Ann"]);
    ann.delete(&at(&meeting, &reply)).await.is(204);
    for path in ["/chat.csv", "/chat.json"] {
        ann.get(&meeting.path(path)).await.problem(401, "UNAUTHENTICATED");
    }
    let by: uuid::Uuid = app.value("select changed_by from chat_versions where is_guest limit 1").await;
    assert_eq!(by.to_string(), id);
    // Who was sent away changes nothing any more.
    let last = ann.post(&meeting.path("/chat"), json!({"type": "text", "content": "bye"})).await.is(201);
    host.post(&meeting.path(&format!("/participants/{id}/remove")), json!({"ban": true})).await.is(204);
    edit(&ann, &meeting, &last, "still here").await.problem(403, "NOT_ADMITTED");
    ann.delete(&at(&meeting, &last)).await.problem(403, "NOT_ADMITTED");
}
