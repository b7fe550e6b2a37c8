//! The S3 store: versitygw over a folder.

use std::time::Duration;

use anyhow::{Context, Result};
use kernel::{config, vault::Vault};
use nix::sys::signal::Signal;

use super::{
    children::Child,
    folder::Folder,
    plan::Plan,
    process::{Probe, Service, Stop, tethered},
    secrets::Secrets,
};

/// The region that the store says it is.
pub(super) const REGION: &str = "us-east-1";
/// The bucket of all recordings.
pub(super) const BUCKET: &str = "baraza";

/// How to run it.
pub(super) fn service(folder: &Folder, secrets: &Secrets, plan: &Plan) -> Result<Service> {
    let program = std::env::var_os("BARAZA_VERSITYGW").unwrap_or_else(|| "versitygw".into());
    let mut command = tethered(program, Signal::SIGKILL, None);
    command
        .env("ROOT_ACCESS_KEY", &secrets.vault_access_key)
        .env("ROOT_SECRET_KEY", &secrets.vault_secret_key)
        .args(["--port", &format!("127.0.0.1:{}", plan.s3), "--region", REGION])
        .args(["--health", "/health", "--keep-alive", "--quiet", "posix"]);
    // Objects carry their type and checksum as extended attributes; some file systems have none.
    let notes = folder.vault_notes();
    if notes.exists() || !takes_attributes(&folder.vault())? {
        std::fs::create_dir_all(&notes)?;
        command.arg("--sidecar").arg(notes);
    }
    command.arg(folder.vault());
    Ok(Service {
        child: Child::S3,
        command,
        log: folder.log("s3"),
        probe: Probe::Http(format!("{}/health", plan.s3_endpoint())),
        stop: Stop { signals: &[Signal::SIGTERM], grace: Duration::from_secs(5), last: Signal::SIGKILL },
        cluster: None,
    })
}

fn takes_attributes(folder: &std::path::Path) -> Result<bool> {
    match xattr::set(folder, "user.baraza", b"1") {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot write to {}", folder.display())),
    }
}

/// Makes the bucket when it is not there.
pub(super) async fn ensure_bucket(secrets: &Secrets, plan: &Plan) -> Result<()> {
    let config = config::Vault {
        endpoint: Some(plan.s3_endpoint()),
        region: REGION.to_owned(),
        bucket: BUCKET.to_owned(),
        access_key: Some(secrets.vault_access_key.clone().into()),
        access_key_file: None,
        secret_key: Some(secrets.vault_secret_key.clone().into()),
        secret_key_file: None,
        force_path_style: true,
        download: config::Download::Proxy,
        encryption: config::Encryption::None,
        encryption_key_id: None,
        encryption_key: None,
        encryption_key_file: None,
        object_lock_days: None,
    };
    Vault::new(&config)?.ensure_bucket().await
}
