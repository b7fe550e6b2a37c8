//! Our own tokens: short-lived access tokens (JWT, HS256), and random secrets of which only the hash is kept.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::ids::{GuestId, MeetingId, SessionId, UserId};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{caller::Caller, guest::Guest};

const ISSUER: &str = "baraza";
/// Tells guests' tokens from those of people, which the same secret signs.
const GUEST_ISSUER: &str = "baraza/guest";
/// How long a guest may come back as who they were. The database says at every use whether they still may.
const GUEST_LIFE: std::time::Duration = std::time::Duration::from_hours(24);
/// Says that somebody gave the right password and now has to show the second factor. It opens nothing else.
const CHALLENGER: &str = "baraza second factor";
/// How long a challenge waits for its code.
const CHALLENGE_LIFE: chrono::Duration = chrono::Duration::minutes(5);
/// How an API key begins.
pub const API_KEY: &str = "bz_key_";
/// How a device token begins.
pub const DEVICE_TOKEN: &str = "bz_dev_";
/// Letters of a machine's secret that lists show behind its beginning, to tell secrets apart.
const SHOWN: usize = 6;

/// Signs and reads access tokens.
pub struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
    validation: Validation,
    of_challenges: Validation,
    life: std::time::Duration,
    setup: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: UserId,
    sid: SessionId,
    iat: i64,
    exp: i64,
}

#[derive(Serialize, Deserialize)]
struct Challenge {
    iss: String,
    sub: UserId,
    exp: i64,
}

#[derive(Serialize, Deserialize)]
struct GuestClaims {
    iss: String,
    sub: GuestId,
    meeting: MeetingId,
    iat: i64,
    exp: i64,
}

impl Tokens {
    /// Tokens signed with `secret`, valid for `life`.
    pub fn new(secret: &SecretString, life: std::time::Duration) -> Self {
        let bytes = secret.expose_secret().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        // The library would take the system's time; `read` compares with ours.
        validation.validate_exp = false;
        let mut of_challenges = validation.clone();
        of_challenges.set_issuer(&[CHALLENGER]);
        let setup = Sha256::new().chain_update(b"baraza set-up link\0").chain_update(bytes).finalize();
        Self {
            signing: EncodingKey::from_secret(bytes),
            reading: DecodingKey::from_secret(bytes),
            validation,
            of_challenges,
            life,
            setup: URL_SAFE_NO_PAD.encode(&setup[..24]),
        }
    }

    /// The token of the set-up link. It follows from the secret, so it is stored nowhere; the database knows
    /// whether it was used.
    pub fn setup_token(&self) -> &str {
        &self.setup
    }

    /// Seconds that an access token lives.
    pub fn access_life(&self) -> u64 {
        self.life.as_secs()
    }

    /// Signs an access token for a person's sign-in.
    pub fn sign(&self, user: UserId, session: SessionId, now: DateTime<Utc>) -> String {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user,
            sid: session,
            iat: now.timestamp(),
            exp: (now + self.life).timestamp(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .expect("HS256 signs any claims with any secret")
    }

    /// Signs a guest's token.
    pub fn sign_guest(&self, guest: Guest, now: DateTime<Utc>) -> String {
        let claims = GuestClaims {
            iss: GUEST_ISSUER.to_owned(),
            sub: guest.guest_id,
            meeting: guest.meeting_id,
            iat: now.timestamp(),
            exp: (now + GUEST_LIFE).timestamp(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .expect("HS256 signs any claims with any secret")
    }

    /// Reads a guest's token: `None` unless we signed it and it has not expired at `now`.
    pub fn read_guest(&self, token: &str, now: DateTime<Utc>) -> Option<Guest> {
        let mut validation = self.validation.clone();
        validation.set_issuer(&[GUEST_ISSUER]);
        let claims = jsonwebtoken::decode::<GuestClaims>(token, &self.reading, &validation).ok()?.claims;
        (claims.exp > now.timestamp()).then_some(Guest { guest_id: claims.sub, meeting_id: claims.meeting })
    }

    /// Reads an access token: `None` unless we signed it and it has not expired at `now`.
    pub fn read(&self, token: &str, now: DateTime<Utc>) -> Option<Caller> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.reading, &self.validation).ok()?.claims;
        (claims.exp > now.timestamp()).then(|| Caller::signed_in(claims.sub, claims.sid))
    }

    /// Signs that a person gave their password and has to show the second factor.
    pub fn challenge(&self, user: UserId, now: DateTime<Utc>) -> String {
        let exp = (now + CHALLENGE_LIFE).timestamp();
        let claims = Challenge { iss: CHALLENGER.to_owned(), sub: user, exp };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .expect("HS256 signs any claims with any secret")
    }

    /// Reads a challenge: `None` unless we signed it and it has not expired at `now`.
    pub fn read_challenge(&self, token: &str, now: DateTime<Utc>) -> Option<UserId> {
        let claims =
            jsonwebtoken::decode::<Challenge>(token, &self.reading, &self.of_challenges).ok()?.claims;
        (claims.exp > now.timestamp()).then_some(claims.sub)
    }
}

/// A fresh secret of 256 bits for a link or a cookie, as text.
pub fn random_secret() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill(&mut bytes[..]);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A fresh secret of a machine, which is shown once.
pub struct MachineSecret {
    /// All of it, as the machine sends it.
    pub text: String,
    /// Its beginning, which lists show.
    pub prefix: String,
    /// What the database keeps.
    pub hash: Vec<u8>,
}

impl MachineSecret {
    /// A fresh one that begins with [`API_KEY`] or [`DEVICE_TOKEN`].
    pub fn new(kind: &str) -> Self {
        let text = format!("{kind}{}", random_secret());
        Self { prefix: text[..kind.len() + SHOWN].to_owned(), hash: hash_secret(&text), text }
    }
}

/// What the database keeps of a secret. The secrets are random and long, so a plain hash suffices.
pub fn hash_secret(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_back_until_they_expire_and_never_with_another_secret() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let tokens =
            Tokens::new(&"0123456789abcdef0123456789abcdef".into(), std::time::Duration::from_mins(15));
        let (user, session) = (UserId::new(now), SessionId::new(now));
        let token = tokens.sign(user, session, now);
        assert_eq!(tokens.read(&token, now), Some(Caller::signed_in(user, session)));
        assert_eq!(tokens.read(&token, now + chrono::Duration::seconds(900)), None);
        let other =
            Tokens::new(&"another secret of 32 characters!".into(), std::time::Duration::from_mins(15));
        assert_eq!(other.read(&token, now), None);
        assert_ne!(tokens.setup_token(), other.setup_token());
        // A guest's token is no person's, and the other way round.
        let guest = Guest { guest_id: GuestId::new(now), meeting_id: MeetingId::new(now) };
        let theirs = tokens.sign_guest(guest, now);
        assert_eq!((tokens.read_guest(&theirs, now), tokens.read(&theirs, now)), (Some(guest), None));
        assert_eq!(tokens.read_guest(&token, now), None);
        assert_eq!(tokens.read_guest(&theirs, now + chrono::Duration::hours(24)), None);
        // One kind of token never passes for another.
        let challenge = tokens.challenge(user, now);
        assert_eq!(tokens.read_challenge(&challenge, now), Some(user));
        assert_eq!(tokens.read_challenge(&challenge, now + CHALLENGE_LIFE), None);
        assert_eq!(other.read_challenge(&challenge, now), None);
        assert_eq!((tokens.read(&challenge, now), tokens.read_challenge(&token, now)), (None, None));
    }
}
