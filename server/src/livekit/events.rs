//! LiveKit's webhooks: what they say, and what that means for meetings and attendance.
//!
//! The structures are our own and tolerant: fields and words that a newer LiveKit sends are passed over, never a
//! reason to fail.

use std::str::FromStr;

use chrono::{DateTime, Duration, Utc};
use kernel::{
    db::Tx,
    egress::{self, Told},
    inbox::{Incoming, Stored, without_nul},
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::afterwards::Afterwards;
use crate::{
    attendance::{
        self,
        model::{ClosedBy, Connection},
        rules,
    },
    meetings::{
        self,
        model::{Meeting, State},
    },
    recordings,
    screens::{self, Screen},
    shows,
};

/// LiveKit as a source of webhooks.
pub const SOURCE: &str = "livekit";

/// Longest name or id that is taken, in bytes; LiveKit's own limits are far below.
const LONGEST: usize = 512;

/// The kinds of events that move something here.
const MOVING: [&str; 4] = ["room_started", "room_finished", "participant_joined", "participant_left"];

/// What the recording service tells. An event of it names a room and has none.
const OF_EGRESS: [&str; 3] = ["egress_started", "egress_updated", "egress_ended"];

/// The kinds of events that move something when they are of a screen. Most tracks are cameras and microphones.
const OF_TRACKS: [&str; 2] = ["track_published", "track_unpublished"];
const SCREEN: &str = "SCREEN_SHARE";

/// Reads the envelope of a webhook and takes the secret out of it. `None` when it is no event.
pub fn incoming(body: &[u8], received_at: DateTime<Utc>) -> Option<Incoming> {
    let raw = str::from_utf8(body).ok()?;
    let mut body: Value = serde_json::from_str(raw).ok()?;
    // The reader has refused the bare character; it may stand there in its escaped form.
    let mut is_raw = !raw.contains("\\u0000");
    if !is_raw {
        body = without_nul(body);
    }
    if let Some(room) = body.get_mut("room").and_then(Value::as_object_mut) {
        is_raw &= room.remove("turnPassword").is_none();
    }
    if let Some(info) = body.get_mut("egressInfo") {
        egress::without_keys(info);
        is_raw = false;
    }
    let text =
        |pointer: &str| body.pointer(pointer).and_then(Value::as_str).filter(|text| text.len() <= LONGEST);
    let event_id = text("/id").filter(|id| !id.is_empty())?.to_owned();
    let kind = text("/event").filter(|kind| !kind.is_empty())?.to_owned();
    let subject = ["/room/name", "/egressInfo/roomName", "/ingressInfo/roomName"].into_iter().find_map(text);
    let subject = subject.unwrap_or_default().to_owned();
    let moves = MOVING.contains(&kind.as_str())
        || OF_EGRESS.contains(&kind.as_str())
        || OF_TRACKS.contains(&kind.as_str()) && text("/track/source") == Some(SCREEN);
    let concerns_us = moves && !subject.is_empty();
    // What was not changed need not be written anew.
    let body = if is_raw { raw.to_owned() } else { body.to_string() };
    Some(Incoming { source: SOURCE, event_id, subject, kind, body, received_at, concerns_us })
}

/// Does what events of one room ask for, in their order. Whoever comes within `show_window` of the scheduled start shows
/// that the meeting takes place.
///
/// # Errors
/// When the database is away, or something in it contradicts an event.
pub async fn apply(
    tx: &mut Tx,
    room: &str,
    events: &[Stored],
    now: DateTime<Utc>,
    show_window: Duration,
) -> sqlx::Result<Afterwards> {
    let mut afterwards = Afterwards::default();
    let Some(meeting) = meetings::store::lock_by_room(tx, room).await? else {
        tracing::debug!(room, events = events.len(), "no meeting has this room");
        return Ok(afterwards);
    };
    let mut state = meeting.state.clone();
    for event in events {
        match Event::deserialize(&event.body) {
            Ok(told) => told.apply(tx, &meeting, &mut state, event, now, &mut afterwards).await?,
            Err(error) => tracing::debug!(%error, id = event.event_id, kind = event.kind, "cannot be read"),
        }
    }
    if state != meeting.state {
        meetings::store::save_state(tx, meeting.id, meeting.state.status(), &state, None, None).await?;
        recordings::auto_start(tx, &meeting, &state, now).await?;
    }
    shows::confirm(tx, &meeting, show_window, now).await?;
    Ok(afterwards)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Event {
    event: String,
    room: Room,
    participant: Participant,
    track: Track,
    egress_info: Value,
    #[serde(deserialize_with = "lenient")]
    created_at: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Track {
    sid: String,
    #[serde(deserialize_with = "lenient")]
    source: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Room {
    sid: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Participant {
    sid: String,
    identity: String,
    name: String,
    #[serde(deserialize_with = "lenient")]
    joined_at: i64,
    #[serde(deserialize_with = "lenient")]
    joined_at_ms: i64,
    #[serde(deserialize_with = "lenient")]
    kind: String,
    #[serde(deserialize_with = "lenient")]
    disconnect_reason: String,
    is_publisher: bool,
    permission: Permission,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Permission {
    hidden: bool,
    recorder: bool,
    agent: bool,
}

/// Numbers come as texts and texts, when LiveKit's and our words differ, as numbers.
fn lenient<'de, D: Deserializer<'de>, T: FromStr + Default>(from: D) -> Result<T, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text.parse().unwrap_or_default(),
        Value::Number(number) => number.to_string().parse().unwrap_or_default(),
        _ => T::default(),
    })
}

impl Event {
    async fn apply(
        &self,
        tx: &mut Tx,
        meeting: &Meeting,
        state: &mut State,
        stored: &Stored,
        now: DateTime<Utc>,
        afterwards: &mut Afterwards,
    ) -> sqlx::Result<()> {
        let created_at = DateTime::from_timestamp(self.created_at, 0).filter(|_| self.created_at > 0);
        let moment = rules::moment(created_at, stored.received_at);
        match self.event.as_str() {
            // The room alone is no meeting: it begins with the first person.
            "room_started" => {
                attendance::room_started(tx, meeting, &self.room.sid, created_at.unwrap_or(moment)).await?;
                afterwards.close |= state.open().is_err();
            }
            "participant_joined" => {
                let Some(connection) = self.connection() else { return Ok(()) };
                attendance::joined(tx, meeting, &connection, now).await?;
                if !attendance::is_welcome(tx, meeting, &connection).await? {
                    afterwards.remove.push(connection.identity);
                    return Ok(());
                }
                match state.clone().start(connection.joined_at) {
                    Ok(started) => *state = started,
                    Err(_) => afterwards.close = true,
                }
            }
            "participant_left" => {
                let Some(connection) = self.connection() else { return Ok(()) };
                let reason = self.participant.disconnect_reason.as_str();
                let how = match reason {
                    "DUPLICATE_IDENTITY" => ClosedBy::Replaced,
                    "CONNECTION_TIMEOUT" => ClosedBy::Vanished,
                    _ => ClosedBy::Left,
                };
                let vanished = how == ClosedBy::Vanished;
                let left_at =
                    rules::left_at(vanished, self.participant.is_publisher, moment, connection.joined_at);
                attendance::left(tx, meeting, &connection, left_at, how, now).await?;
            }
            "room_finished" => {
                if attendance::room_finished(tx, meeting, &self.room.sid, moment).await? {
                    *state = state.clone().room_emptied(moment).unwrap_or_else(|_| state.clone());
                }
            }
            "track_published" => {
                if let Some(screen) = self.screen() {
                    screens::shared(tx, meeting, &screen, moment).await?;
                }
            }
            "track_unpublished" => {
                if let Some(screen) = self.screen() {
                    screens::unshared(tx, meeting, &screen, moment).await?;
                }
            }
            kind if OF_EGRESS.contains(&kind) => {
                if let Some(told) = Told::read(&self.egress_info) {
                    recordings::egress_told(tx, meeting.id, &told).await?;
                } else {
                    tracing::debug!(kind, "an egress that cannot be read");
                }
            }
            other => tracing::debug!(kind = other, "nobody waits for this kind of event"),
        }
        Ok(())
    }

    /// The screen that the event is about.
    fn screen(&self) -> Option<Screen> {
        let (Track { sid, source }, told) = (&self.track, &self.participant);
        let named = [sid, &told.sid].iter().all(|sid| (1..=LONGEST).contains(&sid.len()));
        (source == SCREEN && named && told.identity.len() <= LONGEST).then(|| Screen {
            track_sid: sid.clone(),
            identity: told.identity.clone(),
            participant_sid: told.sid.clone(),
        })
    }

    /// The connection that the event is about, when it is a person's.
    fn connection(&self) -> Option<Connection> {
        let told = &self.participant;
        let is_person = matches!(told.kind.as_str(), "" | "STANDARD" | "SIP")
            && !(told.permission.hidden || told.permission.recorder || told.permission.agent);
        if !is_person || told.sid.is_empty() {
            return None;
        }
        let joined_at = match told.joined_at_ms {
            0 => DateTime::from_timestamp(told.joined_at, 0),
            millis => DateTime::from_timestamp_millis(millis),
        };
        Some(Connection {
            person: rules::person_of(&told.identity, &told.name)?,
            identity: told.identity.clone(),
            sid: told.sid.clone(),
            room_sid: self.room.sid.clone(),
            joined_at: joined_at?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(participant: &Value) -> Event {
        serde_json::from_value(
            json!({"event": "participant_joined", "room": {"sid": "RM_1"}, "participant": participant}),
        )
        .expect("reads")
    }

    #[test]
    fn the_secret_and_the_unstorable_are_taken_out() {
        let body = br#"{"event":"participant_joined","id":"EV_1","room":{"name":"r","sid":"RM_1","turnPassword":"x"},
                        "participant":{"name":"a\u0000b"}}"#;
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let told = |event: &Incoming| serde_json::from_str::<Value>(&event.body).expect("JSON");
        let event = incoming(body, now).expect("an event");
        assert_eq!((event.event_id.as_str(), event.subject.as_str(), event.concerns_us), ("EV_1", "r", true));
        assert_eq!(told(&event)["room"], json!({"name": "r", "sid": "RM_1"}));
        assert_eq!(told(&event)["participant"]["name"], "a\u{fffd}b");
        let secret = br#"{"event":"x","id":"EV_1","room":{"name":"r","turnPassword":"x"}}"#;
        assert_eq!(told(&incoming(secret, now).expect("an event"))["room"], json!({"name": "r"}));
        let plain = r#"{"event":"x","id":"EV_1", "room":{"name":"r"}}"#;
        assert_eq!(incoming(plain.as_bytes(), now).expect("an event").body, plain);
        let egress = incoming(br#"{"event":"egress_ended","id":"EV_2","egressInfo":{"roomName":"r"}}"#, now)
            .expect("an event");
        assert_eq!((egress.subject.as_str(), egress.concerns_us), ("r", true));
        let keys = br#"{"event":"egress_started","id":"EV_3","egressInfo":{"roomName":"r","roomComposite":
                        {"fileOutputs":[{"filepath":"a.mp4","s3":{"accessKey":"{access_key}","secret":"x"}}]}}}"#;
        let told = told(&incoming(keys, now).expect("an event"));
        assert_eq!(told["egressInfo"]["roomComposite"]["fileOutputs"], json!([{"filepath": "a.mp4"}]));
        for no_event in [
            "",
            "[]",
            "{}",
            r#"{"id":"EV_1"}"#,
            r#"{"id":"","event":"x"}"#,
            r#"{"id":7,"event":"x"}"#,
            "{\"id\":\"EV",
        ] {
            assert_eq!(incoming(no_event.as_bytes(), now), None, "{no_event}");
        }
    }

    #[test]
    fn numbers_come_as_texts_and_unknown_words_do_no_harm() {
        let user = "01890a5d-ac96-774b-bcce-b302099a8057";
        let told = event(
            &json!({"sid": "PA_1", "identity": user, "joinedAt": "1795240741", "joinedAtMs": "1795240741091",
                                "disconnectReason": 99, "newField": {"x": []}}),
        );
        let connection = told.connection().expect("a person");
        assert_eq!(connection.joined_at.timestamp_millis(), 1_795_240_741_091);
        assert_eq!(connection.room_sid, "RM_1");
        let older = event(&json!({"sid": "PA_1", "identity": user, "joinedAt": 1_795_240_741}));
        assert_eq!(older.connection().expect("a person").joined_at.timestamp(), 1_795_240_741);
    }

    #[test]
    fn of_tracks_only_screens_concern_us() {
        let of = |source: &str, kind: &str| {
            let body = json!({"event": kind, "id": "EV_1", "room": {"name": "r", "sid": "RM_1"},
                              "participant": {"sid": "PA_1", "identity": "guest:7"},
                              "track": {"sid": "TR_1", "type": "VIDEO", "source": source}});
            let event = incoming(body.to_string().as_bytes(), DateTime::UNIX_EPOCH).expect("an event");
            let told = Event::deserialize(&body).expect("reads");
            assert_eq!(told.screen().is_some(), source == SCREEN);
            event.concerns_us
        };
        for kind in OF_TRACKS {
            assert!(of("SCREEN_SHARE", kind));
            for other in ["CAMERA", "MICROPHONE", "SCREEN_SHARE_AUDIO", "UNKNOWN", ""] {
                assert!(!of(other, kind), "{other}");
            }
        }
        assert!(!of("SCREEN_SHARE", "track_muted"));
        let nameless: Event = serde_json::from_value(json!({"track": {"source": SCREEN}})).expect("reads");
        assert_eq!(nameless.screen(), None);
    }

    #[test]
    fn machines_are_no_people() {
        let user = "01890a5d-ac96-774b-bcce-b302099a8057";
        let is_person = |participant: Value| {
            let mut base = json!({"sid": "PA_1", "identity": user, "joinedAtMs": "1795240741091"});
            base.as_object_mut()
                .expect("an object")
                .extend(participant.as_object().expect("an object").clone());
            event(&base).connection().is_some()
        };
        assert!(is_person(json!({})));
        assert!(is_person(json!({"kind": "SIP"})) && is_person(json!({"kind": "STANDARD"})));
        assert!(is_person(json!({"identity": "guest:7"})));
        for machine in [
            json!({"kind": "EGRESS"}),
            json!({"kind": "AGENT"}),
            json!({"kind": 12}),
            json!({"permission": {"hidden": true}}),
            json!({"permission": {"recorder": true}}),
            json!({"permission": {"agent": true}}),
            json!({"identity": "EG_abc"}),
            json!({"identity": "recorder:7"}),
            json!({"sid": ""}),
        ] {
            assert!(!is_person(machine.clone()), "{machine}");
        }
    }
}
