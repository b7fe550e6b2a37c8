//! The secrets of one data folder, made at its first start.

use std::fs;

use anyhow::{Context, Result, bail};
use rand::distr::{Alphanumeric, SampleString};
use serde::{Deserialize, Serialize};

use super::folder::Folder;

const FILE: &str = "secrets.toml";

/// Every secret that the children share. Letters and digits only, so that they need no quoting anywhere.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Secrets {
    pub tokens_secret: String,
    pub livekit_key: String,
    pub livekit_secret: String,
    pub vault_access_key: String,
    pub vault_secret_key: String,
    pub postgres_password: String,
    pub postgres_superuser_password: String,
}

impl Secrets {
    /// Reads the secrets of the folder, or makes them when it is new.
    pub fn load_or_create(folder: &Folder) -> Result<Self> {
        let path = folder.root().join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("cannot read {}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if folder.postgres().exists() {
                    bail!(
                        "{} is missing, but a database made with it is there: put it back, or choose another folder with --data",
                        path.display()
                    );
                }
                let secrets = Self::generate();
                folder.write_private(FILE, &toml::to_string(&secrets)?)?;
                Ok(secrets)
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    fn generate() -> Self {
        let random = |length| Alphanumeric.sample_string(&mut rand::rng(), length);
        Self {
            tokens_secret: random(48),
            livekit_key: format!("API{}", random(12)),
            livekit_secret: random(48),
            vault_access_key: random(20),
            vault_secret_key: random(40),
            postgres_password: random(32),
            postgres_superuser_password: random(32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_and_found_again() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(place.path()).expect("opens");
        let first = Secrets::load_or_create(&folder).expect("are made");
        let again = Secrets::load_or_create(&folder).expect("are read");
        assert_eq!(first.tokens_secret, again.tokens_secret);
        assert!(first.tokens_secret.len() >= 32 && first.livekit_secret.len() >= 32);
    }

    #[test]
    fn a_database_without_its_secrets_is_not_given_new_ones() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(place.path()).expect("opens");
        fs::create_dir(folder.postgres()).expect("is made");
        assert!(Secrets::load_or_create(&folder).is_err());
    }
}
