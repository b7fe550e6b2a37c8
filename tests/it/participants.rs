//! Invitations, answers, rights, and what a host does to people in the room.

use harness::{
    Answer, Meeting, Person, TestApp, Value,
    app::eventually,
    json,
    livekit::{DisconnectReason, proto::TrackSource},
};

fn of(meeting: &Meeting, person: &Person, rest: &str) -> String {
    meeting.path(&format!("/participants/{}{rest}", person.id))
}

async fn seen(viewer: &Person, meeting: &Meeting, person: &Person) -> Value {
    let list = viewer.all(&meeting.path("/participants"), 200).await;
    list.into_iter().find(|it| it["user"]["id"] == person.id.as_str()).unwrap_or(Value::Null)
}

async fn invite(by: &Person, meeting: &Meeting, people: &[&Person]) -> Answer {
    let ids: Vec<_> = people.iter().map(|person| &person.id).collect();
    by.post(&meeting.path("/invite"), json!({"user_ids": ids})).await
}

// PAR-06, PAR-07, TST-02
#[tokio::test]
async fn host_and_officers_invite_many_in_one_call() {
    let app = TestApp::start().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    let (host, officer) = (organization.member("chairperson").await, organization.member("secretary").await);
    let (one, two) = (organization.member("member").await, organization.member("member").await);
    let meeting = organization.meeting().host(&host).create().await;
    let invited = invite(&host, &meeting, &[&one, &two]).await.is(200);
    assert_eq!(invited["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&invited["items"][0]["status"], &invited["items"][0]["role"]),
        (&json!("invited"), &json!("participant"))
    );
    // Again, or oneself: nothing changes.
    invite(&officer, &meeting, &[&one, &officer]).await.is(200);
    assert_eq!(host.get(&meeting.path("")).await.is(200)["participant_count"], 4);
    invite(&one, &meeting, &[&two]).await.problem(403, "FORBIDDEN");
    let problem = invite(&host, &meeting, &[&one, &other.admin]).await.problem(422, "NOT_A_MEMBER");
    assert_eq!(problem["errors"][0]["pointer"], "/user_ids/1");
    let many = vec!["01890000-0000-7000-8000-000000000000"; 1001];
    host.post(&meeting.path("/invite"), json!({"user_ids": many})).await.fault_at("/user_ids");
    host.post(&meeting.path("/invite"), json!({"user_ids": []})).await.is(200);
    host.post(&meeting.path("/invite"), json!({})).await.is(422);
}

// PAR-03, PAR-04, PAR-09
#[tokio::test]
async fn invited_people_and_officers_see_who_takes_part() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (guest, officer, bystander) = (
        organization.member("member").await,
        organization.member("secretary").await,
        organization.member("member").await,
    );
    let meeting = organization.meeting().invite(&guest).create().await;
    for person in [&organization.admin, &guest, &officer] {
        let it = seen(person, &meeting, &guest).await;
        assert_eq!(
            (&it["status"], &it["role"], &it["online"]),
            (&json!("invited"), &json!("participant"), &json!(false))
        );
        assert_eq!(
            (&it["can_unmute"], &it["can_share_screen"], &it["hand_raised"]),
            (&json!(true), &json!(true), &json!(false))
        );
    }
    bystander.get(&meeting.path("/participants")).await.problem(403, "FORBIDDEN");
    app.enter(&guest, &meeting).await;
    let it = seen(&organization.admin, &meeting, &guest).await;
    assert_eq!((&it["status"], &it["online"]), (&json!("joined"), &json!(true)));
    let all = organization.admin.all(&meeting.path("/participants"), 200).await;
    assert_eq!(organization.admin.all(&meeting.path("/participants"), 1).await, all);
}

// PAR-11
#[tokio::test]
async fn invitees_accept_or_decline_for_themselves() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (guest, bystander) = (organization.member("member").await, organization.member("member").await);
    let meeting = organization.meeting().invite(&guest).create().await;
    let respond = async |person: &Person, response: &str| {
        person.post(&meeting.path("/response"), json!({"response": response})).await
    };
    assert_eq!(respond(&guest, "declined").await.is(200)["status"], "declined");
    assert_eq!(respond(&guest, "accepted").await.is(200)["status"], "accepted");
    respond(&guest, "maybe").await.fault_at("/response");
    respond(&bystander, "accepted").await.problem(403, "FORBIDDEN");
    assert_eq!(seen(&organization.admin, &meeting, &guest).await["status"], "accepted");
    // Whoever is in the room is there, whatever they answer.
    app.enter(&guest, &meeting).await;
    respond(&guest, "declined").await;
    assert_eq!(seen(&organization.admin, &meeting, &guest).await["status"], "joined");
}

// PAR-04, TOK-14, LIV-09, LIV-10
#[tokio::test]
async fn rights_changed_while_connected_reach_the_room_at_once() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    let connection = app.enter(&guest, &meeting).await;
    let camera = app.livekit.publish(&connection, TrackSource::Camera).expect("may be published");
    let screen = app.livekit.publish(&connection, TrackSource::ScreenShare).expect("may be published");
    let change = async |body| organization.admin.patch(&of(&meeting, &guest, ""), body).await.is(200);

    let changed = change(json!({"can_share_screen": false})).await;
    assert_eq!((&changed["can_share_screen"], &changed["can_unmute"]), (&json!(false), &json!(true)));
    assert_eq!(app.livekit.sources(&connection), [TrackSource::Microphone, TrackSource::Camera]);
    assert_eq!(app.livekit.is_muted(&connection, &screen), None, "the shared screen is gone");
    assert_eq!(app.livekit.is_muted(&connection, &camera), Some(false), "the camera goes on");

    change(json!({"can_unmute": false})).await;
    assert_eq!(app.livekit.sources(&connection), []);
    assert_eq!(app.livekit.is_muted(&connection, &camera), None);
    app.livekit.publish(&connection, TrackSource::Microphone).expect_err("nothing may be published");
    let permission =
        app.livekit.participant(&meeting.room, &guest.id).and_then(|it| it.permission).expect("connected");
    assert!(
        permission.can_subscribe && permission.can_publish_data,
        "they still see, hear and write: {permission:?}"
    );

    change(json!({"can_unmute": true, "can_share_screen": true})).await;
    let all = [
        TrackSource::Microphone,
        TrackSource::Camera,
        TrackSource::ScreenShare,
        TrackSource::ScreenShareAudio,
    ];
    assert_eq!(app.livekit.sources(&connection), all);
    assert_eq!(seen(&guest, &meeting, &guest).await["can_share_screen"], true);
    assert!(app.livekit.is_connected(&connection));
}

#[tokio::test]
async fn a_meeting_that_becomes_audio_takes_the_cameras_away() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    let connection = app.enter(&guest, &meeting).await;
    let camera = app.livekit.publish(&connection, TrackSource::Camera).expect("may be published");
    organization.admin.patch(&meeting.path(""), json!({"meeting_type": "audio"})).await.is(200);
    assert_eq!(app.livekit.sources(&connection), [TrackSource::Microphone]);
    assert_eq!(app.livekit.is_muted(&connection, &camera), None);
}

#[tokio::test]
async fn rights_of_somebody_who_is_away_wait_for_their_next_token() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    organization.admin.patch(&of(&meeting, &guest, ""), json!({"can_unmute": false})).await.is(200);
    let connection = app.enter(&guest, &meeting).await;
    assert_eq!(app.livekit.sources(&connection), [TrackSource::ScreenShare, TrackSource::ScreenShareAudio]);
}

// LIV-10, TOK-08
#[tokio::test]
async fn only_those_who_moderate_change_rights_and_only_the_host_changes_roles() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (co_host, guest, officer) = (
        organization.member("member").await,
        organization.member("member").await,
        organization.member("secretary").await,
    );
    let meeting = organization.meeting().invite(&co_host).invite(&guest).create().await;
    let patch = async |by: &Person, whom: &Person, body: Value| by.patch(&of(&meeting, whom, ""), body).await;
    patch(&guest, &guest, json!({"can_unmute": true})).await.problem(403, "FORBIDDEN");
    patch(&guest, &guest, json!({"role": "host"})).await.problem(403, "FORBIDDEN");
    patch(&officer, &guest, json!({"can_unmute": false})).await.problem(403, "FORBIDDEN");
    patch(&organization.admin, &co_host, json!({"role": "co_host"})).await.is(200);
    patch(&co_host, &guest, json!({"can_unmute": false})).await.is(200);
    patch(&co_host, &guest, json!({"role": "co_host"})).await.problem(403, "FORBIDDEN");
    patch(&co_host, &co_host, json!({"role": "participant"})).await.problem(403, "FORBIDDEN");
    patch(&organization.admin, &guest, json!({"role": "host"})).await.fault_at("/role");
    patch(&organization.admin, &organization.admin, json!({"role": "participant"})).await.fault_at("/role");
    patch(&organization.admin, &guest, json!({"role": "king"})).await.fault_at("/role");
    patch(&organization.admin, &officer, json!({"can_unmute": false})).await.problem(404, "NOT_FOUND");
    // A demotion works at once: no token in anybody's hand gives more than the record does.
    patch(&organization.admin, &co_host, json!({"role": "participant"})).await.is(200);
    patch(&co_host, &guest, json!({"can_unmute": true})).await.problem(403, "FORBIDDEN");
}

// LIV-10
#[tokio::test]
async fn muting_silences_one_source_of_one_person() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (guest, other) = (organization.member("member").await, organization.member("member").await);
    let meeting = organization.meeting().invite(&guest).invite(&other).create().await;
    let connection = app.enter(&guest, &meeting).await;
    let microphone = app.livekit.publish(&connection, TrackSource::Microphone).expect("may be published");
    let camera = app.livekit.publish(&connection, TrackSource::Camera).expect("may be published");
    let mute = async |by: &Person, body| by.post(&of(&meeting, &guest, "/mute"), body).await;
    mute(&other, json!({})).await.problem(403, "FORBIDDEN");
    mute(&guest, json!({})).await.problem(403, "FORBIDDEN");
    assert_eq!(app.livekit.is_muted(&connection, &microphone), Some(false));
    assert_eq!(mute(&organization.admin, json!({})).await.is(200)["muted_tracks"], 1);
    assert_eq!(app.livekit.is_muted(&connection, &microphone), Some(true));
    assert_eq!(app.livekit.is_muted(&connection, &camera), Some(false));
    assert_eq!(mute(&organization.admin, json!({"source": "camera"})).await.is(200)["muted_tracks"], 1);
    assert_eq!(app.livekit.is_muted(&connection, &camera), Some(true));
    assert_eq!(
        mute(&organization.admin, json!({})).await.is(200)["muted_tracks"],
        0,
        "they are muted already"
    );
    mute(&organization.admin, json!({"source": "radio"})).await.fault_at("/source");
    // Somebody who is not there has nothing to mute; somebody who is not invited does not exist.
    let path = of(&meeting, &other, "/mute");
    assert_eq!(organization.admin.post(&path, json!({})).await.is(200)["muted_tracks"], 0);
    let stranger = organization.member("member").await;
    organization.admin.post(&of(&meeting, &stranger, "/mute"), json!({})).await.problem(404, "NOT_FOUND");
}

// LIV-10
#[tokio::test]
async fn mute_all_spares_those_who_moderate() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (one, two) = (organization.member("member").await, organization.member("member").await);
    let meeting = organization.meeting().invite(&one).invite(&two).create().await;
    let mut tracks = Vec::new();
    for person in [&organization.admin, &one, &two] {
        let connection = app.enter(person, &meeting).await;
        let track = app.livekit.publish(&connection, TrackSource::Microphone).expect("may be published");
        tracks.push((connection, track));
    }
    one.post(&meeting.path("/mute-all"), json!({})).await.problem(403, "FORBIDDEN");
    assert_eq!(
        organization.admin.post(&meeting.path("/mute-all"), json!({})).await.is(200)["muted_tracks"],
        2
    );
    let muted: Vec<_> =
        tracks.iter().map(|(connection, track)| app.livekit.is_muted(connection, track)).collect();
    assert_eq!(muted, [Some(false), Some(true), Some(true)]);
}

#[tokio::test]
async fn muting_while_the_media_server_is_away_says_so() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.enter(&guest, &meeting).await;
    app.livekit.off();
    let answer = organization.admin.post(&of(&meeting, &guest, "/mute"), json!({})).await;
    assert!(!answer.header("retry-after").is_empty());
    answer.problem(503, "LIVEKIT_AWAY");
}

// LIV-10
#[tokio::test]
async fn whoever_is_removed_may_knock_again_and_whoever_is_banned_may_not() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    let remove = async |by: &Person, whom: &Person, ban: bool| {
        by.post(&of(&meeting, whom, "/remove"), json!({"ban": ban})).await
    };
    let connection = app.enter(&guest, &meeting).await;
    remove(&guest, &organization.admin, false).await.problem(403, "FORBIDDEN");
    remove(&organization.admin, &organization.admin, false).await.problem(409, "HOST_STAYS");
    remove(&organization.admin, &guest, false).await.is(204);
    assert!(!app.livekit.is_connected(&connection));
    app.settle().await;
    assert_eq!(seen(&organization.admin, &meeting, &guest).await["status"], "left");
    let second = app.enter(&guest, &meeting).await;
    remove(&organization.admin, &guest, true).await.is(204);
    assert!(!app.livekit.is_connected(&second));
    guest.join(&meeting).await.problem(403, "BANNED");
    app.settle().await;
}

// LIV-10: LiveKit does not take a token back, so the one who was banned is thrown out again.
#[tokio::test]
async fn a_banned_person_whose_token_lives_is_thrown_out_again() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.enter(&organization.admin, &meeting).await;
    let token = guest.join(&meeting).await.is(200)["token"].as_str().expect("a token").to_owned();
    app.livekit.connect(&token);
    app.settle().await;
    organization.admin.post(&of(&meeting, &guest, "/remove"), json!({"ban": true})).await.is(204);
    let again = app.livekit.connect(&token);
    app.settle().await;
    eventually(|| !app.livekit.is_connected(&again)).await;
    // Also when the webhook that told of it is lost: the comparison finds them.
    let unseen = app.livekit.connect(&token);
    app.livekit.take_webhooks();
    app.pass(chrono::Duration::seconds(30));
    app.run_jobs().await;
    eventually(|| !app.livekit.is_connected(&unseen)).await;
    app.settle().await;
}

#[tokio::test]
async fn whoever_is_taken_off_the_list_is_out_of_the_room_and_stays_out() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let (guest, other) = (organization.member("member").await, organization.member("member").await);
    let meeting = organization.meeting().invite(&guest).invite(&other).create().await;
    let token = guest.join(&meeting).await.is(200)["token"].as_str().expect("a token").to_owned();
    let connection = app.livekit.connect(&token);
    app.settle().await;
    other.delete(&of(&meeting, &guest, "")).await.problem(403, "FORBIDDEN");
    organization.admin.delete(&of(&meeting, &organization.admin, "")).await.problem(409, "HOST_STAYS");
    organization.admin.delete(&of(&meeting, &guest, "")).await.is(204);
    assert!(!app.livekit.is_connected(&connection));
    app.settle().await;
    assert_eq!(seen(&organization.admin, &meeting, &guest).await, Value::Null);
    guest.join(&meeting).await.problem(403, "NOT_INVITED");
    organization.admin.delete(&of(&meeting, &guest, "")).await.problem(404, "NOT_FOUND");
    let again = app.livekit.connect(&token);
    app.settle().await;
    eventually(|| !app.livekit.is_connected(&again)).await;
    app.settle().await;
}

#[tokio::test]
async fn a_member_who_leaves_the_organization_is_out_of_its_rooms() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.enter(&organization.admin, &meeting).await;
    let connection = app.enter(&guest, &meeting).await;
    organization.admin.delete(&organization.path(&format!("/members/{}", guest.id))).await.is(204);
    guest.join(&meeting).await.problem(404, "NOT_FOUND");
    app.pass(chrono::Duration::seconds(30));
    app.run_jobs().await;
    eventually(|| !app.livekit.is_connected(&connection)).await;
    app.settle().await;
}

#[tokio::test]
async fn what_livekit_missed_while_it_was_away_is_made_up_for() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.enter(&organization.admin, &meeting).await;
    let connection = app.enter(&guest, &meeting).await;
    app.livekit.off();
    organization.admin.post(&of(&meeting, &guest, "/remove"), json!({"ban": true})).await.is(204);
    assert!(app.livekit.is_connected(&connection), "nobody could tell LiveKit");
    app.livekit.on();
    app.pass(chrono::Duration::seconds(30));
    app.run_jobs().await;
    eventually(|| !app.livekit.is_connected(&connection)).await;
    app.settle().await;
}

// ORG-01
#[tokio::test]
async fn participants_of_another_organization_are_out_of_reach() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.organization().await, app.organization().await);
    let guest = theirs.member("member").await;
    let meeting = theirs.meeting().invite(&guest).create().await;
    let me = &ours.admin;
    me.patch(&of(&meeting, &guest, ""), json!({"can_unmute": false})).await.problem(404, "NOT_FOUND");
    me.delete(&of(&meeting, &guest, "")).await.problem(404, "NOT_FOUND");
    for call in ["/mute", "/remove"] {
        me.post(&of(&meeting, &guest, call), json!({})).await.problem(404, "NOT_FOUND");
    }
    me.post(&meeting.path("/mute-all"), json!({})).await.problem(404, "NOT_FOUND");
    me.get(&meeting.path("/lobby")).await.problem(404, "NOT_FOUND");
    me.post(&meeting.path("/response"), json!({"response": "accepted"})).await.problem(404, "NOT_FOUND");
    // Our own meeting does not reach their people either.
    let own = ours.meeting().create().await;
    me.patch(&of(&own, &guest, ""), json!({"can_unmute": false})).await.problem(404, "NOT_FOUND");
    me.delete(&of(&own, &guest, "")).await.problem(404, "NOT_FOUND");
}

// LIV-10
#[tokio::test]
async fn ending_a_meeting_sends_everybody_out() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    app.enter(&organization.admin, &meeting).await;
    let connection = app.enter(&guest, &meeting).await;
    organization.admin.post(&meeting.path("/end"), json!({})).await.is(200);
    eventually(|| !app.livekit.has_room(&meeting.room)).await;
    assert!(!app.livekit.is_connected(&connection));
    app.settle().await;
    assert_eq!(seen(&organization.admin, &meeting, &guest).await["status"], "left");
}

#[tokio::test]
async fn a_token_from_before_the_end_revives_nothing() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    let token = guest.join(&meeting).await.is(200)["token"].as_str().expect("a token").to_owned();
    app.enter(&organization.admin, &meeting).await;
    organization.admin.post(&meeting.path("/end"), json!({})).await.is(200);
    eventually(|| !app.livekit.has_room(&meeting.room)).await;
    app.settle().await;
    // LiveKit opens a room for whoever has a token.
    let late = app.livekit.connect(&token);
    app.settle().await;
    assert_eq!(guest.get(&meeting.path("")).await.is(200)["status"], "completed");
    eventually(|| !app.livekit.is_connected(&late)).await;
    app.settle().await;
}

#[tokio::test]
async fn cancelling_a_running_meeting_sends_everybody_out() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let meeting = organization.meeting().create().await;
    let connection = app.enter(&organization.admin, &meeting).await;
    organization.admin.post(&meeting.path("/cancel"), json!({})).await.is(200);
    eventually(|| !app.livekit.is_connected(&connection)).await;
    app.settle().await;
    let read = organization.admin.get(&meeting.path("")).await.is(200);
    assert_eq!(read["status"], "cancelled", "the end of the room does not complete what was cancelled");
}

// LIV-13, ATT-03
#[tokio::test]
async fn leaving_by_the_button_ends_the_connection_too() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let guest = organization.member("member").await;
    let meeting = organization.meeting().invite(&guest).create().await;
    let connection = app.enter(&guest, &meeting).await;
    guest.post(&meeting.path("/leave"), json!({})).await.is(204);
    assert!(!app.livekit.is_connected(&connection));
    assert_eq!(seen(&organization.admin, &meeting, &guest).await["status"], "left");
    // Leaving twice, and leaving without having been there, harms nothing.
    guest.post(&meeting.path("/leave"), json!({})).await.is(204);
    organization.admin.post(&meeting.path("/leave"), json!({})).await.is(204);
    app.livekit.disconnect(&connection, DisconnectReason::ClientInitiated);
    app.settle().await;
    let stranger = organization.member("member").await;
    stranger.post(&meeting.path("/leave"), json!({})).await.problem(403, "FORBIDDEN");
}

/// All that touches one meeting, at once: whoever locks in another order than the others dies of it.
#[tokio::test]
async fn everything_at_once_ends_in_no_deadlock() {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    for _ in 0..4 {
        let guests = [organization.member("member").await, organization.member("member").await];
        let meeting = organization
            .meeting()
            .set("max_participants", 50)
            .invite(&guests[0])
            .invite(&guests[1])
            .create()
            .await;
        let connections = [app.enter(&guests[0], &meeting).await, app.enter(&guests[1], &meeting).await];
        let (host, meeting) = (&organization.admin, &meeting);
        let mut calls: Vec<std::pin::Pin<Box<dyn Future<Output = Answer> + '_>>> = Vec::new();
        for guest in &guests {
            for number in 0..4 {
                let rights = json!({"can_unmute": number % 2 == 0, "can_share_screen": number % 2 == 1});
                calls.push(Box::pin(async move { host.patch(&of(meeting, guest, ""), rights).await }));
                let kind = if number % 2 == 0 { "hand_raise" } else { "hand_lower" };
                calls.push(Box::pin(async move {
                    guest.post(&meeting.path("/chat"), json!({"type": kind})).await
                }));
                calls.push(Box::pin(async move { say(guest, meeting).await }));
                calls.push(Box::pin(async move { guest.join(meeting).await }));
                calls.push(Box::pin(async move { guest.post(&meeting.path("/leave"), json!({})).await }));
                let accepted = json!({"response": "accepted"});
                calls.push(Box::pin(async move { guest.post(&meeting.path("/response"), accepted).await }));
            }
            calls.push(Box::pin(async move { invite(host, meeting, &[guest]).await }));
            calls.push(Box::pin(async move { host.post(&of(meeting, guest, "/remove"), json!({})).await }));
            calls.push(Box::pin(async move {
                host.post(&meeting.path(&format!("/lobby/{}/admit", guest.id)), json!({})).await
            }));
        }
        calls.push(Box::pin(
            async move { host.patch(&meeting.path(""), json!({"meeting_type": "audio"})).await },
        ));
        calls.push(Box::pin(async move { host.post(&meeting.path("/end"), json!({})).await }));
        for connection in &connections {
            app.livekit.disconnect(connection, DisconnectReason::ClientInitiated);
        }
        let (answers, ()) = tokio::join!(futures::future::join_all(calls), app.settle());
        for answer in answers {
            assert!(answer.status < 500, "{} {}", answer.request, answer.text());
        }
        app.run_jobs().await;
        app.settle().await;
    }
}

async fn say(person: &Person, meeting: &Meeting) -> Answer {
    person.post(&meeting.path("/chat"), json!({"type": "text", "content": "hello"})).await
}
