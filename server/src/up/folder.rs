//! The data folder: what must be kept, and the lock that lets one `up` at a time use it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::Write,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

/// The data folder, locked as long as this value lives.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    _lock: File,
}

impl Folder {
    /// Opens the folder, making it at the first start.
    pub fn open(path: &Path) -> Result<Self> {
        // Others may pass through, for PostgreSQL runs under a user of its own; what lies inside closes itself.
        DirBuilder::new()
            .recursive(true)
            .mode(0o711)
            .create(path)
            .with_context(|| format!("cannot make the data folder {}", path.display()))?;
        let root = path.canonicalize()?;
        let owner = fs::metadata(&root)?.uid();
        let me = nix::unistd::geteuid();
        ensure!(
            me.is_root() || owner == me.as_raw(),
            "the data folder {} belongs to another user (uid {owner}): run as that user, or choose another with --data",
            root.display()
        );
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(root.join("lock"))
            .with_context(|| format!("cannot write in the data folder {}", root.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another `baraza up` is using the data folder {}: stop it, or choose another with --data",
                root.display()
            ),
            Err(TryLockError::Error(error)) => return Err(error).context("cannot lock the data folder"),
        }
        let folder = Self { root, _lock: lock };
        for private in [folder.root.join("logs"), folder.spool(), folder.vault(), folder.mail()] {
            DirBuilder::new().recursive(true).mode(0o700).create(private)?;
        }
        Ok(folder)
    }

    /// The folder itself, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The PostgreSQL cluster, or a link to it.
    pub fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// The objects of the S3 store.
    pub fn vault(&self) -> PathBuf {
        self.root.join("vault")
    }

    /// What the S3 store notes about its objects, where the file system takes no extended attributes.
    pub fn vault_notes(&self) -> PathBuf {
        self.root.join("vault-notes")
    }

    /// Recordings on their way to the vault.
    pub fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// Mail, when no mail server is configured.
    pub fn mail(&self) -> PathBuf {
        self.root.join("mail")
    }

    /// What the program `name` writes to its output.
    pub fn log(&self, name: &str) -> PathBuf {
        self.root.join("logs").join(format!("{name}.log"))
    }

    /// Writes a file that only we can read, completely or not at all.
    pub fn write_private(&self, name: &str, content: &str) -> Result<PathBuf> {
        let (path, half) = (self.root.join(name), self.root.join(format!("{name}.new")));
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&half)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        fs::rename(&half, &path)?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn one_at_a_time_and_closed_to_others() {
        let place = tempfile::tempdir().expect("a folder");
        let first = Folder::open(&place.path().join("data")).expect("opens");
        let refusal = Folder::open(&place.path().join("data")).expect_err("is locked").to_string();
        assert!(refusal.starts_with("another `baraza up` is using the data folder"), "{refusal}");
        let secret = first.write_private("secret", "x").expect("is written");
        assert_eq!(fs::metadata(secret).expect("is there").permissions().mode() & 0o777, 0o600);
        drop(first);
        Folder::open(&place.path().join("data")).expect("is free again");
    }
}
