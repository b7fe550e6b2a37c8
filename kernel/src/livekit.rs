//! LiveKit access tokens, signed with our own clock.
//!
//! Claims are written as LiveKit's server reads them (`livekit/protocol`, `auth/grants.go`): camelCase, absent means
//! the server's default. They are signed here and not by the SDK, because the SDK takes the system's time itself.

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// What a participant may publish, in LiveKit's words.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PublishSource {
    /// A camera picture.
    Camera,
    /// A microphone.
    Microphone,
    /// A shared screen.
    ScreenShare,
    /// The sound of a shared screen.
    ScreenShareAudio,
}

/// The `video` claim of a token.
#[expect(clippy::struct_excessive_bools, reason = "the shape is LiveKit's")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VideoGrant {
    /// May create and delete rooms.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub room_create: bool,
    /// May list rooms.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub room_list: bool,
    /// May moderate `room`. Never in a client's token.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub room_admin: bool,
    /// May join `room`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub room_join: bool,
    /// The room. Never empty together with `room_join`: LiveKit would let the client choose.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub room: String,
    /// May publish tracks.
    pub can_publish: bool,
    /// May subscribe to tracks.
    pub can_subscribe: bool,
    /// May send data packets.
    pub can_publish_data: bool,
    /// Narrows `can_publish` to these sources, when not empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub can_publish_sources: Vec<PublishSource>,
    /// May change own name, metadata and attributes.
    pub can_update_own_metadata: bool,
    /// Not shown to other participants.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Marks the room as being recorded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recorder: bool,
}

/// The claims of a LiveKit access token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// The API key.
    pub iss: String,
    /// The participant's identity, or the name of the calling service.
    pub sub: String,
    /// Not before, in seconds since the epoch.
    pub nbf: i64,
    /// Expiry, in seconds since the epoch.
    pub exp: i64,
    /// Display name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// JSON shown to all participants.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub metadata: String,
    /// What the token allows.
    pub video: VideoGrant,
}

/// A key pair of a LiveKit server.
#[derive(Clone)]
pub struct Keys {
    /// The API key, which names the secret.
    pub api_key: String,
    /// The secret that signs tokens.
    pub api_secret: SecretString,
}

impl Keys {
    /// Signs a token for `identity`, valid from `now` for `ttl`.
    ///
    /// # Errors
    /// When the JWT library cannot sign, which HS256 with any secret does not bring about.
    pub fn sign(
        &self,
        who: Identity<'_>,
        video: VideoGrant,
        now: DateTime<Utc>,
        ttl: Duration,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            iss: self.api_key.clone(),
            sub: who.identity.to_owned(),
            nbf: now.timestamp(),
            exp: (now + ttl).timestamp(),
            name: who.name.to_owned(),
            metadata: who.metadata.to_owned(),
            video,
        };
        let key = EncodingKey::from_secret(self.api_secret.expose_secret().as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
    }
}

/// Whom a token names.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// Unique within a room; at most one connection each.
    pub identity: &'a str,
    /// Display name, may be empty.
    pub name: &'a str,
    /// JSON for all participants, may be empty.
    pub metadata: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_carries_what_was_granted_and_nothing_else() {
        let keys = Keys { api_key: "key".into(), api_secret: "0123456789abcdef0123456789abcdef".into() };
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let grant =
            VideoGrant { room_join: true, room: "r".into(), can_subscribe: true, ..Default::default() };
        let who = Identity { identity: "u", name: "", metadata: "" };
        let token = keys.sign(who, grant, now, Duration::seconds(60)).expect("signs");
        let payload = token.split('.').nth(1).expect("three parts");
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, payload)
            .expect("base64");
        let claims: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(
            claims,
            serde_json::json!({
                "iss": "key", "sub": "u", "nbf": 1_800_000_000, "exp": 1_800_000_060,
                "video": {"roomJoin": true, "room": "r", "canPublish": false, "canSubscribe": true,
                          "canPublishData": false, "canUpdateOwnMetadata": false}
            })
        );
    }
}
