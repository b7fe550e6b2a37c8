//! Secrets that have to be read again are sealed before they are stored: XChaCha20-Poly1305 under a key that follows
//! from the secret of our tokens, so that whoever reads the database alone reads nothing.

use chacha20poly1305::{
    AeadCore, Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, OsRng, Payload},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Bytes of the nonce that stands before what is sealed.
const NONCE: usize = 24;

/// Seals and opens.
pub struct Seal(XChaCha20Poly1305);

impl Seal {
    /// A seal whose key follows from `secret`.
    pub fn new(secret: &SecretString) -> Self {
        let key = Sha256::new()
            .chain_update(b"baraza seal\0")
            .chain_update(secret.expose_secret().as_bytes())
            .finalize();
        Self(XChaCha20Poly1305::new(&Key::from(<[u8; 32]>::from(key))))
    }

    /// Seals `plain`. It opens only where the same `place` (what it is and whose) is named, so that a sealed text
    /// cannot be moved to another row.
    pub fn seal(&self, plain: &[u8], place: &[u8]) -> Vec<u8> {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let sealed = self.0.encrypt(&nonce, Payload { msg: plain, aad: place });
        let mut out = nonce.to_vec();
        out.extend(sealed.expect("only texts of many gigabytes cannot be sealed"));
        out
    }

    /// Opens what was sealed for this place; `None` when it was not, or is damaged.
    pub fn open(&self, sealed: &[u8], place: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        self.0.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: place }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_whole_in_its_place_and_with_its_secret() {
        let seal = Seal::new(&"0123456789abcdef0123456789abcdef".into());
        let sealed = seal.seal(b"a secret", b"here");
        assert_eq!(seal.open(&sealed, b"here").as_deref(), Some(&b"a secret"[..]));
        assert_eq!(seal.open(&sealed, b"there"), None);
        assert_eq!(seal.open(&sealed[1..], b"here"), None);
        assert_eq!(seal.open(b"", b"here"), None);
        assert_eq!(Seal::new(&"another secret of 32 characters!".into()).open(&sealed, b"here"), None);
        assert_ne!(seal.seal(b"a secret", b"here"), sealed, "every one has a nonce of its own");
    }
}
