//! What a handler finds around it: whether the vault answers, and how much room there is for what it does not take.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use kernel::vault::{Key, Vault};
use tokio::time;
use uuid::Uuid;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(5);
/// How long the vault may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Free bytes are not known yet, or cannot be.
const UNKNOWN: i64 = -1;

/// What was found last; cheap to clone.
#[derive(Debug, Clone)]
pub struct Health {
    seen: Arc<Seen>,
}

#[derive(Debug)]
struct Seen {
    vault_reachable: AtomicBool,
    free_bytes: AtomicI64,
}

impl Health {
    /// Looks again and again until the future is dropped.
    pub async fn watch(self, vault: Vault, spool: PathBuf) {
        loop {
            // An object that is not there is an answer, too.
            let asked = time::timeout(PATIENCE, vault.size(Key::Probe(Uuid::nil()))).await;
            self.seen.vault_reachable.store(asked.is_ok_and(|answer| answer.is_ok()), Ordering::Relaxed);
            self.seen.free_bytes.store(free_bytes(&spool).unwrap_or(UNKNOWN), Ordering::Relaxed);
            time::sleep(EVERY).await;
        }
    }

    /// Whether the vault answered.
    pub fn vault_reachable(&self) -> bool {
        self.seen.vault_reachable.load(Ordering::Relaxed)
    }

    /// Room on the spool's disk, in bytes.
    pub fn free_bytes(&self) -> Option<i64> {
        Some(self.seen.free_bytes.load(Ordering::Relaxed)).filter(|bytes| *bytes != UNKNOWN)
    }
}

impl Default for Health {
    /// The vault counts as reachable until it was asked.
    fn default() -> Self {
        let seen = Seen { vault_reachable: AtomicBool::new(true), free_bytes: AtomicI64::new(UNKNOWN) };
        Self { seen: Arc::new(seen) }
    }
}

/// Free bytes on the disk of a folder, which may be yet to be made.
fn free_bytes(folder: &Path) -> Option<i64> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    i64::try_from(disk.f_bavail.saturating_mul(disk.f_frsize)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_a_folder_that_is_not_there_is_that_of_its_parent() {
        let here = std::env::temp_dir();
        assert!(free_bytes(&here).is_some_and(|bytes| bytes > 0));
        assert!(free_bytes(&here.join("not/yet/there")).is_some());
    }

    #[test]
    fn before_anything_was_asked_nothing_is_said_against_it() {
        let health = Health::default();
        assert_eq!((health.vault_reachable(), health.free_bytes()), (true, None));
    }
}
