//! A media server that keeps state: rooms, who is connected, what they publish. It speaks LiveKit's Twirp API with
//! protobuf bodies, checks tokens and grants as LiveKit does, and signs webhooks by LiveKit's rule. Media it has none.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::{clock::Clock, livekit::Claims};
pub use livekit_protocol as proto;
use prost::Message;
use proto::participant_info::{Kind, State as Presence};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, task::JoinHandle};

/// The key of the fake server.
pub const API_KEY: &str = "test-key";
/// Its secret.
pub const API_SECRET: &str = "a secret of the tests that is long enough";

static SID: AtomicU32 = AtomicU32::new(1);

fn sid(prefix: &str) -> String {
    format!("{prefix}_{:010}", SID.fetch_add(1, Ordering::Relaxed))
}

/// The server; dropped, it goes away.
pub struct FakeLiveKit {
    /// Where it answers.
    pub url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    clock: Clock,
    world: Mutex<World>,
}

#[derive(Default)]
struct World {
    is_off: bool,
    rooms: BTreeMap<String, Room>,
    sent: Vec<Packet>,
    calls: Vec<Call>,
    /// Webhooks that wait to be delivered.
    outbox: Vec<Value>,
}

struct Room {
    info: proto::Room,
    participants: BTreeMap<String, proto::ParticipantInfo>,
}

/// A data packet that the control plane sent into a room.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The room.
    pub room: String,
    /// The topic.
    pub topic: String,
    /// The payload.
    pub data: Value,
    /// To whom; everybody when empty.
    pub to: Vec<String>,
}

/// A call of the API, with what it asked for.
#[derive(Debug, Clone)]
pub struct Call {
    /// `RemoveParticipant`, …
    pub method: String,
    /// The room it was about.
    pub room: String,
    /// The participant it was about.
    pub identity: String,
}

/// Somebody's connection to a room.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The room's name.
    pub room: String,
    /// Whose it is.
    pub identity: String,
    /// The connection's own id.
    pub sid: String,
    /// What the token said.
    pub claims: Claims,
}

/// Why a connection ended, as LiveKit names it.
pub use proto::DisconnectReason;

impl FakeLiveKit {
    /// Starts a server with no rooms.
    pub async fn start(clock: Clock) -> Self {
        let shared = Arc::new(Shared { clock, world: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router =
            Router::new().route("/twirp/{service}/{method}", post(answer)).with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("serving") });
        Self { url, shared, serving }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world.lock().expect("no panic inside the fake")
    }

    /// Switches the API off: every call fails as when the server is away.
    pub fn off(&self) {
        self.world().is_off = true;
    }

    /// Switches the API on again.
    pub fn on(&self) {
        self.world().is_off = false;
    }

    /// Lets the bearer of a join token in, as LiveKit does: the token must be ours and in force, the room must be the
    /// token's, and an older connection of the same identity has to go.
    ///
    /// # Errors
    /// What LiveKit would refuse.
    pub fn try_connect(&self, token: &str) -> Result<Connection, String> {
        let claims = read_token(token).ok_or("the token is not signed by this server's key")?;
        let now = self.shared.clock.now();
        // LiveKit forgives 60 seconds.
        if claims.exp + 60 < now.timestamp() || claims.nbf - 60 > now.timestamp() {
            return Err("the token is not in force".into());
        }
        if !claims.video.room_join || claims.video.room.is_empty() {
            return Err("the token lets nobody into a room".into());
        }
        Ok(self.enter(claims, Kind::Standard))
    }

    /// As [`FakeLiveKit::try_connect`], for tokens that must work.
    #[track_caller]
    pub fn connect(&self, token: &str) -> Connection {
        self.try_connect(token).expect("LiveKit lets the bearer in")
    }

    /// A recorder or agent comes into a room, hidden.
    pub fn connect_hidden(&self, room: &str, identity: &str, kind: Kind) -> Connection {
        let video = kernel::livekit::VideoGrant {
            room_join: true,
            room: room.to_owned(),
            can_subscribe: true,
            hidden: true,
            recorder: kind == Kind::Egress,
            ..Default::default()
        };
        let now = self.shared.clock.now().timestamp();
        let claims = Claims {
            iss: API_KEY.into(),
            sub: identity.to_owned(),
            nbf: now,
            exp: now + 60,
            name: String::new(),
            metadata: String::new(),
            video,
        };
        self.enter(claims, kind)
    }

    fn enter(&self, claims: Claims, kind: Kind) -> Connection {
        let now = self.shared.clock.now();
        let mut world = self.world();
        let (room, identity) = (claims.video.room.clone(), claims.sub.clone());
        world.open(&room, now);
        if world.rooms[&room].participants.contains_key(&identity) {
            world.leave(&room, &identity, DisconnectReason::DuplicateIdentity, now);
        }
        let grant = &claims.video;
        let sources = grant
            .can_publish_sources
            .iter()
            .map(|source| server::livekit::grants::track_source(*source).into());
        #[expect(deprecated, reason = "servers still tell recorders by this flag")]
        let permission = proto::ParticipantPermission {
            can_subscribe: grant.can_subscribe,
            can_publish: grant.can_publish,
            can_publish_data: grant.can_publish_data,
            can_publish_sources: sources.collect(),
            hidden: grant.hidden,
            recorder: grant.recorder,
            ..Default::default()
        };
        let info = proto::ParticipantInfo {
            sid: sid("PA"),
            identity: identity.clone(),
            name: claims.name.clone(),
            metadata: claims.metadata.clone(),
            state: Presence::Active.into(),
            kind: kind.into(),
            joined_at: now.timestamp(),
            joined_at_ms: now.timestamp_millis(),
            permission: Some(permission),
            ..Default::default()
        };
        let connection =
            Connection { room: room.clone(), identity: identity.clone(), sid: info.sid.clone(), claims };
        world.rooms.get_mut(&room).expect("it is open").participants.insert(identity.clone(), info);
        world.announce("participant_joined", &room, Some(&identity), now);
        connection
    }

    /// A connection ends. One that has ended already is left alone.
    pub fn disconnect(&self, connection: &Connection, reason: DisconnectReason) {
        let now = self.shared.clock.now();
        let mut world = self.world();
        if world.is_here(connection) {
            world.leave(&connection.room, &connection.identity, reason, now);
        }
    }

    /// LiveKit closes a room that nobody is in any more.
    pub fn close_empty(&self, room: &str) {
        let now = self.shared.clock.now();
        self.world().close(room, DisconnectReason::RoomClosed, now);
    }

    /// Whether a connection is still there.
    pub fn is_connected(&self, connection: &Connection) -> bool {
        self.world().is_here(connection)
    }

    /// Whether a room is open.
    pub fn has_room(&self, room: &str) -> bool {
        self.world().rooms.contains_key(room)
    }

    /// The identities in a room.
    pub fn identities(&self, room: &str) -> Vec<String> {
        self.world()
            .rooms
            .get(room)
            .map(|room| room.participants.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// A participant as LiveKit lists them.
    pub fn participant(&self, room: &str, identity: &str) -> Option<proto::ParticipantInfo> {
        self.world().rooms.get(room)?.participants.get(identity).cloned()
    }

    /// The sources that a connected participant may publish; empty for none.
    #[track_caller]
    pub fn sources(&self, connection: &Connection) -> Vec<proto::TrackSource> {
        let participant = self.participant(&connection.room, &connection.identity).expect("connected");
        let permission = participant.permission.expect("LiveKit always lists them");
        if permission.can_publish { permission.can_publish_sources().collect() } else { Vec::new() }
    }

    /// Somebody publishes a track; refused when their rights do not allow its source.
    ///
    /// # Errors
    /// When LiveKit would refuse.
    pub fn publish(&self, connection: &Connection, source: proto::TrackSource) -> Result<String, String> {
        let now = self.shared.clock.now();
        let mut world = self.world();
        let participant = world.participant(&connection.room, &connection.identity).ok_or("not connected")?;
        let permission = participant.permission.clone().unwrap_or_default();
        let allowed: Vec<_> = permission.can_publish_sources().collect();
        if !permission.can_publish || (!allowed.is_empty() && !allowed.contains(&source)) {
            return Err(format!("{source:?} may not be published"));
        }
        let track = proto::TrackInfo { sid: sid("TR"), source: source.into(), ..Default::default() };
        participant.tracks.push(track.clone());
        world.announce_track("track_published", connection, &track, now);
        Ok(track.sid)
    }

    /// Somebody takes a track back. LiveKit tells of no tracks that end with their connection.
    #[track_caller]
    pub fn unpublish(&self, connection: &Connection, track: &str) {
        let now = self.shared.clock.now();
        let mut world = self.world();
        let participant = world.participant(&connection.room, &connection.identity).expect("connected");
        let place = participant.tracks.iter().position(|it| it.sid == track).expect("it is published");
        let track = participant.tracks.remove(place);
        world.announce_track("track_unpublished", connection, &track, now);
    }

    /// LiveKit's list leaves a screen out that is shared, or has one (again) that is not; no webhook tells of it.
    #[track_caller]
    pub fn hide_track(&self, connection: &Connection, track: &str, hide: bool) {
        let mut world = self.world();
        let participant = world.participant(&connection.room, &connection.identity).expect("connected");
        participant.tracks.retain(|it| it.sid != track);
        if !hide {
            participant.tracks.push(proto::TrackInfo {
                sid: track.to_owned(),
                source: proto::TrackSource::ScreenShare.into(),
                ..Default::default()
            });
        }
    }

    /// Whether a track is muted; `None` when it is not published (any more).
    pub fn is_muted(&self, connection: &Connection, track: &str) -> Option<bool> {
        let participant = self.participant(&connection.room, &connection.identity)?;
        participant.tracks.iter().find(|it| it.sid == track).map(|it| it.muted)
    }

    /// Data packets of a room, oldest first.
    pub fn packets(&self, room: &str) -> Vec<Packet> {
        self.world().sent.iter().filter(|packet| packet.room == room).cloned().collect()
    }

    /// The events among them, in their order.
    pub fn events(&self, room: &str) -> Vec<String> {
        self.packets(room)
            .iter()
            .map(|packet| packet.data["event"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Calls that the control plane made.
    pub fn calls(&self, method: &str) -> Vec<Call> {
        self.world().calls.iter().filter(|call| call.method == method).cloned().collect()
    }

    /// Takes the webhooks that LiveKit would send now.
    pub fn take_webhooks(&self) -> Vec<Value> {
        std::mem::take(&mut self.world().outbox)
    }

    /// LiveKit dies and is started again: rooms and people are gone, and no webhook tells of it.
    pub fn crash(&self) {
        let mut world = self.world();
        world.rooms.clear();
        world.outbox.clear();
    }
}

impl Drop for FakeLiveKit {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

type Time = chrono::DateTime<chrono::Utc>;

impl World {
    fn open(&mut self, room: &str, now: Time) {
        if self.rooms.contains_key(room) {
            return;
        }
        let info = proto::Room {
            sid: sid("RM"),
            name: room.to_owned(),
            empty_timeout: 300,
            departure_timeout: 20,
            creation_time: now.timestamp(),
            creation_time_ms: now.timestamp_millis(),
            turn_password: "a password that nobody may store".into(),
            ..Default::default()
        };
        self.rooms.insert(room.to_owned(), Room { info, participants: BTreeMap::new() });
        self.announce("room_started", room, None, now);
    }

    fn close(&mut self, room: &str, reason: DisconnectReason, now: Time) {
        let Some(found) = self.rooms.get(room) else { return };
        let identities: Vec<_> = found.participants.keys().cloned().collect();
        for identity in identities {
            self.leave(room, &identity, reason, now);
        }
        self.announce("room_finished", room, None, now);
        self.rooms.remove(room);
    }

    fn leave(&mut self, room: &str, identity: &str, reason: DisconnectReason, now: Time) {
        if let Some(participant) = self.participant(room, identity) {
            participant.state = Presence::Disconnected.into();
            participant.disconnect_reason = reason.into();
            self.announce("participant_left", room, Some(identity), now);
            self.rooms.get_mut(room).expect("it has a participant").participants.remove(identity);
        }
    }

    fn participant(&mut self, room: &str, identity: &str) -> Option<&mut proto::ParticipantInfo> {
        self.rooms.get_mut(room)?.participants.get_mut(identity)
    }

    fn is_here(&self, connection: &Connection) -> bool {
        self.rooms
            .get(&connection.room)
            .and_then(|room| room.participants.get(&connection.identity))
            .is_some_and(|participant| participant.sid == connection.sid)
    }

    fn announce(&mut self, event: &str, room: &str, identity: Option<&str>, now: Time) {
        let room = &self.rooms[room];
        let event = proto::WebhookEvent {
            event: event.to_owned(),
            id: sid("EV"),
            created_at: now.timestamp(),
            room: Some(room.info.clone()),
            participant: identity.map(|identity| room.participants[identity].clone()),
            ..Default::default()
        };
        self.outbox.push(serde_json::to_value(event).expect("protobuf's JSON"));
    }
}

impl World {
    /// Of tracks LiveKit tells with little of the room and of whose they are.
    fn announce_track(&mut self, event: &str, connection: &Connection, track: &proto::TrackInfo, now: Time) {
        let room = &self.rooms[&connection.room].info;
        let event = proto::WebhookEvent {
            event: event.to_owned(),
            id: sid("EV"),
            created_at: now.timestamp(),
            room: Some(proto::Room { sid: room.sid.clone(), name: room.name.clone(), ..Default::default() }),
            participant: Some(proto::ParticipantInfo {
                sid: connection.sid.clone(),
                identity: connection.identity.clone(),
                ..Default::default()
            }),
            track: Some(track.clone()),
            ..Default::default()
        };
        self.outbox.push(serde_json::to_value(event).expect("protobuf's JSON"));
    }
}

/// A failure as Twirp tells it.
struct Twirp(StatusCode, &'static str, &'static str);

impl IntoResponse for Twirp {
    fn into_response(self) -> Response {
        (self.0, axum::Json(json!({"code": self.1, "msg": self.2}))).into_response()
    }
}

const UNAUTHENTICATED: Twirp = Twirp(StatusCode::UNAUTHORIZED, "unauthenticated", "permissions denied");
const NOT_FOUND: Twirp = Twirp(StatusCode::NOT_FOUND, "not_found", "participant does not exist");
/// What LiveKit says of a room that is not there, after a while, and of a bus that is away.
const UNAVAILABLE: Twirp = Twirp(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "no response from servers");

async fn answer(
    State(shared): State<Arc<Shared>>,
    Path((service, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let is_protobuf = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/protobuf");
    if service != "livekit.RoomService" || !is_protobuf {
        return Twirp(StatusCode::NOT_FOUND, "bad_route", "no handler").into_response();
    }
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let claims = bearer.and_then(|value| value.strip_prefix("Bearer ")).and_then(read_token_in_force);
    let Some(claims) = claims else { return UNAUTHENTICATED.into_response() };
    let now = shared.clock.now();
    let mut world = shared.world.lock().expect("no panic inside the fake");
    if world.is_off {
        return UNAVAILABLE.into_response();
    }
    match world.call(&method, &claims, &body, now) {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/protobuf")], bytes).into_response(),
        Err(failure) => failure.into_response(),
    }
}

fn decode<M: Message + Default>(body: &[u8]) -> Result<M, Twirp> {
    M::decode(body).map_err(|_| Twirp(StatusCode::BAD_REQUEST, "malformed", "the request is no such message"))
}

fn require(granted: bool) -> Result<(), Twirp> {
    if granted { Ok(()) } else { Err(UNAUTHENTICATED) }
}

impl World {
    fn call(&mut self, method: &str, claims: &Claims, body: &[u8], now: Time) -> Result<Vec<u8>, Twirp> {
        let grant = &claims.video;
        let administers = |room: &str| require(grant.room_admin && grant.room == room);
        let mut note = |room: &str, identity: &str| {
            let (method, room, identity) = (method.to_owned(), room.to_owned(), identity.to_owned());
            self.calls.push(Call { method, room, identity });
        };
        match method {
            "CreateRoom" => {
                let request: proto::CreateRoomRequest = decode(body)?;
                require(grant.room_create)?;
                note(&request.name, "");
                self.open(&request.name, now);
                Ok(self.rooms[&request.name].info.encode_to_vec())
            }
            "ListRooms" => {
                let request: proto::ListRoomsRequest = decode(body)?;
                require(grant.room_list)?;
                note("", "");
                let wanted = |name: &String| request.names.is_empty() || request.names.contains(name);
                let rooms =
                    self.rooms.iter().filter(|(name, _)| wanted(name)).map(|(_, room)| room.info.clone());
                Ok(proto::ListRoomsResponse { rooms: rooms.collect() }.encode_to_vec())
            }
            "DeleteRoom" => {
                let request: proto::DeleteRoomRequest = decode(body)?;
                require(grant.room_create)?;
                note(&request.room, "");
                if !self.rooms.contains_key(&request.room) {
                    return Err(Twirp(StatusCode::NOT_FOUND, "not_found", "requested room does not exist"));
                }
                self.close(&request.room, DisconnectReason::RoomDeleted, now);
                Ok(proto::DeleteRoomResponse {}.encode_to_vec())
            }
            "ListParticipants" => {
                let request: proto::ListParticipantsRequest = decode(body)?;
                administers(&request.room)?;
                note(&request.room, "");
                let room = self.rooms.get(&request.room);
                let participants =
                    room.map(|room| room.participants.values().cloned().collect()).unwrap_or_default();
                Ok(proto::ListParticipantsResponse { participants }.encode_to_vec())
            }
            "GetParticipant" => {
                let request: proto::RoomParticipantIdentity = decode(body)?;
                administers(&request.room)?;
                note(&request.room, &request.identity);
                Ok(self.participant(&request.room, &request.identity).ok_or(NOT_FOUND)?.encode_to_vec())
            }
            "RemoveParticipant" => {
                let request: proto::RoomParticipantIdentity = decode(body)?;
                administers(&request.room)?;
                note(&request.room, &request.identity);
                self.participant(&request.room, &request.identity).ok_or(NOT_FOUND)?;
                self.leave(&request.room, &request.identity, DisconnectReason::ParticipantRemoved, now);
                Ok(proto::RemoveParticipantResponse {}.encode_to_vec())
            }
            "UpdateParticipant" => {
                let request: proto::UpdateParticipantRequest = decode(body)?;
                administers(&request.room)?;
                note(&request.room, &request.identity);
                let participant = self.participant(&request.room, &request.identity).ok_or(NOT_FOUND)?;
                if let Some(permission) = request.permission {
                    // The set replaces the old one, and what may no longer be published goes.
                    let allowed = permission.can_publish_sources.clone();
                    let keeps = |track: &proto::TrackInfo| {
                        permission.can_publish && (allowed.is_empty() || allowed.contains(&track.source))
                    };
                    participant.tracks.retain(keeps);
                    participant.permission = Some(permission);
                }
                Ok(participant.encode_to_vec())
            }
            "MutePublishedTrack" => {
                let request: proto::MuteRoomTrackRequest = decode(body)?;
                administers(&request.room)?;
                note(&request.room, &request.identity);
                if !request.muted {
                    let detail = "remote unmute not enabled";
                    return Err(Twirp(StatusCode::PRECONDITION_FAILED, "failed_precondition", detail));
                }
                let participant = self.participant(&request.room, &request.identity).ok_or(UNAVAILABLE)?;
                let track =
                    participant.tracks.iter_mut().find(|track| track.sid == request.track_sid).map(|track| {
                        track.muted = true;
                        track.clone()
                    });
                Ok(proto::MuteRoomTrackResponse { track }.encode_to_vec())
            }
            "SendData" => {
                let request: proto::SendDataRequest = decode(body)?;
                administers(&request.room)?;
                note(&request.room, "");
                if !self.rooms.contains_key(&request.room) {
                    return Err(UNAVAILABLE);
                }
                self.sent.push(Packet {
                    room: request.room,
                    topic: request.topic.unwrap_or_default(),
                    data: serde_json::from_slice(&request.data).unwrap_or(Value::Null),
                    to: request.destination_identities,
                });
                Ok(proto::SendDataResponse {}.encode_to_vec())
            }
            _ => Err(Twirp(StatusCode::NOT_FOUND, "bad_route", "no such method")),
        }
    }
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[API_KEY]);
    validation
}

/// Reads a token of the API, which the SDK signs with the machine's own time.
fn read_token_in_force(token: &str) -> Option<Claims> {
    // The SDK's claims name only what is granted.
    let key = DecodingKey::from_secret(API_SECRET.as_bytes());
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation()).ok()?.claims;
    Some(Claims {
        iss: claims["iss"].as_str()?.to_owned(),
        sub: claims["sub"].as_str().unwrap_or_default().to_owned(),
        nbf: claims["nbf"].as_i64().unwrap_or(0),
        exp: claims["exp"].as_i64()?,
        name: String::new(),
        metadata: String::new(),
        video: serde_json::from_value(claims["video"].clone()).ok()?,
    })
}

/// Reads a join token, whoever shows it; `None` unless it is signed with the server's key.
pub fn read_token(token: &str) -> Option<Claims> {
    let mut validation = validation();
    // It is signed with the time of the test.
    validation.validate_exp = false;
    let key = DecodingKey::from_secret(API_SECRET.as_bytes());
    Some(jsonwebtoken::decode(token, &key, &validation).ok()?.claims)
}

/// The payload of a join token as plain JSON, so that nothing in it goes unseen.
pub fn payload(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a JWT has three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The claims of a webhook's token.
#[derive(Debug, Clone, Serialize)]
pub struct WebhookClaims {
    /// The API key.
    pub iss: String,
    /// Not before.
    pub nbf: i64,
    /// Five minutes later.
    pub exp: i64,
    /// Base64 of the body's SHA-256.
    pub sha256: String,
}

impl WebhookClaims {
    /// What LiveKit claims of `body` at `now`.
    pub fn of(body: &[u8], now: Time) -> Self {
        let (nbf, exp) = (now.timestamp(), now.timestamp() + 300);
        Self { iss: API_KEY.into(), nbf, exp, sha256: STANDARD.encode(Sha256::digest(body)) }
    }

    /// Signs the claims.
    pub fn sign(&self, secret: &str) -> String {
        let key = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), self, &key).expect("HS256 signs anything")
    }
}
