//! Calls to LiveKit's RoomService.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use chrono::{DateTime, Utc};
use kernel::livekit::{Keys, PublishSource};
use livekit_api::services::{
    ServiceError, ServiceResult, TwirpError, TwirpErrorCode,
    room::{RoomClient, SendDataOptions, UpdateParticipantOptions},
};
use livekit_protocol as proto;
use secrecy::ExposeSecret;

use super::grants::{Rights, track_source};

/// The topic of all our data packets.
pub const TOPIC: &str = "baraza";

/// What the identity of a person's second device has behind it. LiveKit allows one connection per identity.
const BESIDE: &str = "#beside";

/// The identity of someone's second device, beside the one whose identity is theirs alone.
pub fn beside(identity: &str) -> String {
    format!("{identity}{BESIDE}")
}

/// The identities of someone's devices: the one, and one beside it.
pub fn devices(identity: &str) -> [String; 2] {
    [identity.to_owned(), beside(identity)]
}

/// Why a call failed: LiveKit is away, or it answered with an error that is not just "absent".
#[derive(Debug, thiserror::Error)]
#[error("LiveKit: {0}")]
pub struct LiveKitError(String);

/// A participant as LiveKit lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// One connection of an identity.
    pub sid: String,
    /// Our user id, for people.
    pub identity: String,
    /// Display name.
    pub name: String,
    /// When its signal connection was made.
    pub joined_at: DateTime<Utc>,
    /// Whether its media connection stands; before that it may still come to nothing.
    pub is_active: bool,
    /// False for recorders, agents and everybody hidden.
    pub is_person: bool,
    /// The tracks of theirs that are screens.
    pub screens: Vec<String>,
}

/// The client; cheap to clone.
#[derive(Clone)]
pub struct LiveKit {
    rooms: Arc<RoomClient>,
    keys: Arc<Keys>,
}

impl LiveKit {
    /// A client of the server at `url` (`http://…` or `https://…`).
    ///
    /// # Errors
    /// None today; the signature leaves room for a URL that cannot be used.
    pub fn new(url: &str, keys: Keys) -> Result<Self> {
        let rooms = RoomClient::with_api_key(url, &keys.api_key, keys.api_secret.expose_secret())
            .with_request_timeout(Duration::from_secs(5));
        Ok(Self { rooms: Arc::new(rooms), keys: Arc::new(keys) })
    }

    /// The key pair, to sign and check tokens with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The SIDs of those of the rooms that exist, by name.
    ///
    /// # Errors
    /// When LiveKit is away.
    pub async fn room_sids(&self, names: Vec<String>) -> Result<Vec<(String, String)>, LiveKitError> {
        let rooms = self.rooms.list_rooms(names).await.map_err(error)?;
        Ok(rooms.into_iter().map(|room| (room.name, room.sid)).collect())
    }

    /// Who is connected to a room.
    ///
    /// # Errors
    /// When LiveKit is away, or the node of the room does not answer.
    pub async fn participants(&self, room: &str) -> Result<Vec<Present>, LiveKitError> {
        Ok(self.rooms.list_participants(room).await.map_err(error)?.iter().filter_map(present).collect())
    }

    /// Gives a connected participant other rights; absent ones are no error.
    ///
    /// # Errors
    /// When LiveKit is away.
    pub async fn set_rights(&self, room: &str, identity: &str, rights: &Rights) -> Result<(), LiveKitError> {
        let options =
            UpdateParticipantOptions { permission: Some(rights.permission()), ..Default::default() };
        absent_is_fine(self.rooms.update_participant(room, identity, options).await.map(drop))
    }

    /// Throws a participant out; absent ones are no error.
    ///
    /// # Errors
    /// When LiveKit is away.
    pub async fn remove(&self, room: &str, identity: &str) -> Result<(), LiveKitError> {
        absent_is_fine(self.rooms.remove_participant(room, identity).await)
    }

    /// Mutes what a participant publishes from `source`, or everything; returns how many tracks were muted.
    ///
    /// # Errors
    /// When LiveKit is away.
    pub async fn mute(
        &self,
        room: &str,
        identity: &str,
        source: Option<PublishSource>,
    ) -> Result<usize, LiveKitError> {
        let participant = match self.rooms.get_participant(room, identity).await {
            Ok(participant) => participant,
            Err(gone) if is_absent(&gone) => return Ok(0),
            Err(other) => return Err(error(other)),
        };
        let wanted = source.map(track_source);
        let mut muted = 0;
        for track in participant
            .tracks
            .iter()
            .filter(|track| !track.muted && wanted.is_none_or(|s| s == track.source()))
        {
            let (rooms, room, identity, sid) =
                (self.rooms.clone(), room.to_owned(), identity.to_owned(), track.sid.clone());
            // The SDK panics when the track has gone meanwhile; in a task of its own that is just a failed call.
            let call = tokio::spawn(async move {
                rooms.mute_published_track(&room, &identity, &sid, true).await.map(drop)
            });
            match call.await {
                Ok(result) => absent_is_fine(result)?,
                Err(_) => continue,
            }
            muted += 1;
        }
        Ok(muted)
    }

    /// Closes a room for everybody; an absent one is no error.
    ///
    /// # Errors
    /// When LiveKit is away.
    pub async fn close(&self, room: &str) -> Result<(), LiveKitError> {
        absent_is_fine(self.rooms.delete_room(room).await)
    }

    /// Sends a data packet from the server to everybody in a room.
    ///
    /// # Errors
    /// When LiveKit is away, or the room does not exist (LiveKit says both in the same words).
    pub async fn send(&self, room: &str, data: Vec<u8>) -> Result<(), LiveKitError> {
        let options = SendDataOptions {
            kind: proto::data_packet::Kind::Reliable,
            topic: Some(TOPIC.to_owned()),
            ..Default::default()
        };
        self.rooms.send_data(room, data, options).await.map_err(error)
    }
}

fn present(info: &proto::ParticipantInfo) -> Option<Present> {
    use proto::participant_info::{Kind, State};
    if info.state() == State::Disconnected {
        return None;
    }
    let permission = info.permission.as_ref();
    #[expect(deprecated, reason = "servers still tell recorders by this flag")]
    let is_person = matches!(info.kind(), Kind::Standard | Kind::Sip)
        && permission
            .is_none_or(|permission| !permission.hidden && !permission.recorder && !permission.agent);
    let joined_at = match info.joined_at_ms {
        0 => DateTime::from_timestamp(info.joined_at, 0),
        millis => DateTime::from_timestamp_millis(millis),
    };
    Some(Present {
        sid: info.sid.clone(),
        identity: info.identity.clone(),
        name: info.name.clone(),
        joined_at: joined_at?,
        is_active: info.state() == State::Active,
        is_person,
        screens: info
            .tracks
            .iter()
            .filter(|track| track.source() == proto::TrackSource::ScreenShare)
            .map(|track| track.sid.clone())
            .collect(),
    })
}

fn is_absent(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Twirp(TwirpError::Twirp(code)) if code.code == TwirpErrorCode::NOT_FOUND)
}

fn absent_is_fine(result: ServiceResult<()>) -> Result<(), LiveKitError> {
    match result {
        Err(gone) if is_absent(&gone) => Ok(()),
        other => other.map_err(error),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn error(error: ServiceError) -> LiveKitError {
    LiveKitError(error.to_string())
}
