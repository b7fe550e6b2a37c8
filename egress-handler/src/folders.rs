//! The folders on the disk in which handlers keep what waits. Handlers may share a disk: each holds a lock on its own
//! folder as long as it lives, however it ends, and whoever finds a folder that nobody holds removes it. What is in it
//! belongs to a section that ended with its handler; nobody can go on with it.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use anyhow::Result;
use kernel::ids::HandlerId;
use tokio::task;
use tracing::{info, warn};
use uuid::Uuid;

use crate::ledger::Ledger;

/// What a handler holds in its folder.
const OWNER: &str = "owner";
/// Held while a folder is made, so that nobody finds it before its owner has its lock.
const GATE: &str = "gate";

/// The folder of this handler.
#[derive(Debug)]
pub struct Own {
    path: PathBuf,
    _lock: File,
}

impl Own {
    /// Makes the folder of `handler` in `spool`, and holds it.
    ///
    /// # Errors
    /// When the disk does not let us.
    pub fn make(spool: &Path, handler: HandlerId) -> io::Result<Self> {
        fs::create_dir_all(spool)?;
        let _gate = gate(spool)?;
        let path = spool.join(handler.to_string());
        fs::create_dir_all(&path)?;
        let lock = File::create(path.join(OWNER))?;
        lock.lock()?;
        Ok(Self { path, _lock: lock })
    }

    /// Removes it.
    pub fn remove(self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            warn!(%error, folder = %self.path.display(), "the folder stays behind");
        }
    }
}

/// A folder that nobody holds, and that nobody else can hold meanwhile.
#[derive(Debug)]
struct Unheld {
    handler: HandlerId,
    path: PathBuf,
    /// Handlers of before there were locks have none.
    _lock: Option<File>,
}

/// Removes the folders of handlers that are gone; gives how many. The database has to say so, too: there may be disks
/// whose locks hold nobody off.
///
/// # Errors
/// When the disk or the database does not let us.
pub async fn sweep(spool: &Path, own: HandlerId, ledger: &Ledger) -> Result<usize> {
    let folder = spool.to_owned();
    let unheld = task::spawn_blocking(move || unheld(&folder, own)).await??;
    let handlers: Vec<_> = unheld.iter().map(|folder| folder.handler).collect();
    let gone = if handlers.is_empty() { Vec::new() } else { ledger.gone(&handlers).await? };
    let unwanted: Vec<_> = unheld.into_iter().filter(|folder| gone.contains(&folder.handler)).collect();
    let count = unwanted.len();
    task::spawn_blocking(move || unwanted.iter().try_for_each(remove)).await??;
    Ok(count)
}

fn remove(folder: &Unheld) -> io::Result<()> {
    fs::remove_dir_all(&folder.path)?;
    info!(handler = %folder.handler, "the folder of a handler that is gone is removed");
    Ok(())
}

fn unheld(spool: &Path, own: HandlerId) -> io::Result<Vec<Unheld>> {
    let _gate = match gate(spool) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        gate => gate?,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(spool)? {
        let entry = entry?;
        let named = entry.file_name().to_str().and_then(|name| name.parse::<Uuid>().ok()).map(HandlerId);
        let Some(handler) = named.filter(|handler| *handler != own) else { continue };
        let path = entry.path();
        let lock = match File::open(path.join(OWNER)) {
            Ok(lock) => Some(lock),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        match lock.as_ref().map(File::try_lock) {
            Some(Err(TryLockError::WouldBlock)) => {}
            Some(Err(TryLockError::Error(error))) => return Err(error),
            Some(Ok(())) | None => found.push(Unheld { handler, path, _lock: lock }),
        }
    }
    Ok(found)
}

fn gate(spool: &Path) -> io::Result<File> {
    let gate = File::create(spool.join(GATE))?;
    gate.lock()?;
    Ok(gate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handler(number: u128) -> HandlerId {
        HandlerId(Uuid::from_u128(number))
    }

    #[test]
    fn only_folders_that_nobody_holds_are_found() {
        let spool = std::env::temp_dir().join(format!("baraza-folders-{}", std::process::id()));
        assert!(unheld(&spool, handler(1)).expect("no folder at all").is_empty());
        let own = Own::make(&spool, handler(1)).expect("a folder");
        let living = Own::make(&spool, handler(2)).expect("a folder");
        drop(Own::make(&spool, handler(3)).expect("a folder of one that was killed"));
        fs::create_dir(spool.join(handler(4).to_string())).expect("a folder of before there were locks");
        fs::create_dir(spool.join("something-else")).expect("a folder of somebody else");
        let mut found: Vec<_> =
            unheld(&spool, handler(1)).expect("folders").iter().map(|f| f.handler).collect();
        found.sort();
        assert_eq!(found, [handler(3), handler(4)]);
        living.remove();
        own.remove();
        assert!(!spool.join(handler(1).to_string()).exists());
        fs::remove_dir_all(spool).expect("removed");
    }
}
