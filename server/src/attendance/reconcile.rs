//! The comparison of what we know with what LiveKit lists. It repairs what webhooks missed: LiveKit gives up on one
//! after 15 seconds, and sends none of what happened while it crashed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::{db::Tx, ids::SpanId};

use super::{
    model::{Connection, OpenedBy, Person},
    rules::{Action, Listed, Room, compare, person_of},
    store,
};
use crate::{
    app::App,
    jobs,
    livekit::{afterwards::Afterwards, client::Present},
    meetings::{
        self,
        model::{Meeting, MeetingStatus, State},
    },
    recordings,
    screens::{self, Screen},
    shows, stage,
};

/// Compares every meeting that may have people in it with LiveKit, once.
///
/// # Errors
/// When the database or LiveKit is away; then the next comparison does it.
pub async fn run(app: &App) -> anyhow::Result<()> {
    let rooms: HashMap<String, String> = app.livekit.room_sids(Vec::new()).await?.into_iter().collect();
    let names: Vec<String> = rooms.keys().cloned().collect();
    let mut tx = kernel::db::begin(&app.pool, kernel::db::Actor::System).await?;
    let watched = store::to_compare(&mut tx, &names).await?;
    tx.commit().await?;
    for meeting in watched {
        let name = meeting.room_name;
        if let Err(error) = compare_one(app, &name, rooms.get(&name).map(String::as_str)).await {
            tracing::warn!(%error, room = name, "a room could not be compared");
        }
    }
    Ok(())
}

async fn compare_one(app: &App, name: &str, room_sid: Option<&str>) -> anyhow::Result<()> {
    let asked_at = app.clock.now();
    let present = match room_sid {
        // An error may mean that the room's node is gone, or only that it is slow: no answer is no proof.
        Some(_) => app.livekit.participants(name).await?,
        None => Vec::new(),
    };
    let people: Vec<(Present, Person)> = present
        .into_iter()
        .filter(|present| present.is_person && present.is_active)
        .filter_map(|present| person_of(&present.identity, &present.name).map(|person| (present, person)))
        .collect();
    let room = room_sid
        .map(|sid| Room { sid: sid.to_owned(), people: people.iter().map(|(p, _)| listed(p)).collect() });

    let mut tx = kernel::db::begin(&app.pool, kernel::db::Actor::System).await?;
    let Some(meeting) = meetings::store::lock_by_room(&mut tx, name).await? else { return Ok(()) };
    let sids: Vec<String> = people.iter().map(|(present, _)| present.sid.clone()).collect();
    let known = store::known(&mut tx, meeting.id, &sids).await?;
    let actions = compare(room.as_ref(), &known);
    repair(&mut tx, &meeting, room.as_ref(), &people, &actions, asked_at).await?;
    screens::compare(&mut tx, &meeting, &shared(&people), asked_at).await?;
    let state = next_state(&mut tx, &meeting, room.as_ref(), asked_at).await?;
    if state != meeting.state {
        meetings::store::save_state(&mut tx, meeting.id, meeting.state.status(), &state, None, None).await?;
        recordings::auto_start(&mut tx, &meeting, &state, asked_at).await?;
    }
    shows::confirm(&mut tx, &meeting, shows::window(app), asked_at).await?;
    let afterwards = afterwards(&mut tx, &meeting, room.is_some(), &people).await?;
    let mut taken = afterwards.take(&mut tx, name, asked_at).await?;
    taken.extend(stage::look_who_leads(&mut tx, &meeting, &state, asked_at).await?);
    tx.commit().await?;
    jobs::spawn_taken(app, taken);
    Ok(())
}

/// The screens that LiveKit lists.
fn shared(people: &[(Present, Person)]) -> Vec<Screen> {
    let of = |present: &Present| {
        let (identity, sid) = (present.identity.clone(), present.sid.clone());
        present.screens.clone().into_iter().map(move |track_sid| Screen {
            track_sid,
            identity: identity.clone(),
            participant_sid: sid.clone(),
        })
    };
    people.iter().flat_map(|(present, _)| of(present)).collect()
}

fn listed(present: &Present) -> Listed {
    Listed { identity: present.identity.clone(), sid: present.sid.clone(), joined_at: present.joined_at }
}

async fn repair(
    tx: &mut Tx,
    meeting: &Meeting,
    room: Option<&Room>,
    people: &[(Present, Person)],
    actions: &[Action],
    asked_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (mut seen, mut missed): (Vec<SpanId>, Vec<SpanId>) = (Vec::new(), Vec::new());
    for action in actions {
        match action {
            Action::Seen(span) => seen.push(*span),
            Action::Missed(span) => missed.push(*span),
            Action::Close(span, at, how) => {
                tracing::info!(meeting = %meeting.id, span = %span, ?how, "closed a span of which no webhook told");
                store::conclude(tx, *span, *at, *how).await?;
            }
            Action::Reopen(span) => store::reopen(tx, *span, asked_at).await?,
            Action::Open(listed) => {
                let person = people
                    .iter()
                    .find(|(present, _)| present.sid == listed.sid)
                    .map(|(_, person)| person.clone());
                let Some((person, room)) = person.zip(room) else { continue };
                tracing::info!(meeting = %meeting.id, sid = listed.sid, "opened a span of which no webhook told");
                let connection = Connection {
                    person,
                    identity: listed.identity.clone(),
                    sid: listed.sid.clone(),
                    room_sid: room.sid.clone(),
                    joined_at: listed.joined_at,
                };
                store::open(tx, meeting.into(), &connection, OpenedBy::Reconcile, asked_at).await?;
            }
        }
    }
    store::seen(tx, &seen, asked_at).await?;
    store::missed(tx, &missed).await
}

/// People in the room start the meeting; when the room is gone and nobody is there any more, it is over.
async fn next_state(
    tx: &mut Tx,
    meeting: &Meeting,
    room: Option<&Room>,
    asked_at: DateTime<Utc>,
) -> sqlx::Result<State> {
    let state = meeting.state.clone();
    let first = room.and_then(|room| room.people.iter().map(|listed| listed.joined_at).min());
    if let Some(first) = first {
        // Only what has not begun, or ended because its room emptied, starts; the others are closed again.
        return Ok(if state.status() == MeetingStatus::InProgress { state } else { start(state, first) });
    }
    if room.is_none()
        && state.status() == MeetingStatus::InProgress
        && !store::anybody(tx, meeting.id).await?
    {
        let at = store::last_left_at(tx, meeting.id).await?.unwrap_or(asked_at);
        return Ok(emptied(state, at));
    }
    Ok(state)
}

fn start(state: State, at: DateTime<Utc>) -> State {
    state.clone().start(at).unwrap_or(state)
}

fn emptied(state: State, at: DateTime<Utc>) -> State {
    state.clone().room_emptied(at).unwrap_or(state)
}

/// Rooms of meetings that are over or called off are closed again, banned and removed people thrown out again.
async fn afterwards(
    tx: &mut Tx,
    meeting: &Meeting,
    room_exists: bool,
    people: &[(Present, Person)],
) -> sqlx::Result<Afterwards> {
    let mut afterwards = Afterwards::default();
    if room_exists && meeting.state.open().is_err() {
        afterwards.close = true;
        return Ok(afterwards);
    }
    let users: Vec<_> = people
        .iter()
        .filter_map(|(_, person)| match person {
            Person::User(user) => Some(*user),
            Person::Guest(_) => None,
        })
        .collect();
    let unwelcome = store::unwelcome(tx, meeting.id, &users).await?;
    let guests: Vec<_> = people
        .iter()
        .filter(|(_, person)| matches!(person, Person::Guest(_)))
        .map(|(present, _)| present.identity.clone())
        .collect();
    for (present, person) in people {
        if let Person::User(user) = person
            && unwelcome.contains(user)
        {
            afterwards.remove.push(present.identity.clone());
        }
    }
    afterwards.remove.extend(store::unwelcome_guests(tx, meeting.id, &guests).await?);
    Ok(afterwards)
}
