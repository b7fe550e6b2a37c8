//! Takes the objects of deleted recordings out of the vault, once their time in the trash is over, and stops what is too
//! long.

use kernel::{
    ids::{OrganizationId, RecordingId},
    vault::Key,
};

use super::{store, transcripts};
use crate::app::App;

/// Recordings looked at in one go.
const PAGE: i64 = 100;

/// Asks for the end of recordings that are as long as their organization lets them be.
///
/// # Errors
/// When the database is away.
pub async fn stop_too_long(app: &App) -> anyhow::Result<()> {
    let mut tx = kernel::db::begin(&app.pool, kernel::db::Actor::System).await?;
    for id in store::stop_too_long(&mut tx, app.clock.now()).await? {
        store::wake(&mut tx, id).await?;
        tracing::info!(recording = %id, "stopped a recording that is as long as it may be");
    }
    tx.commit().await?;
    Ok(())
}

/// Deletes recordings that are older than their organization keeps them.
///
/// # Errors
/// When the database is away.
pub async fn delete_outlived(app: &App) -> anyhow::Result<()> {
    loop {
        let mut tx = kernel::db::begin(&app.pool, kernel::db::Actor::System).await?;
        let outlived = store::delete_outlived(&mut tx, app.clock.now(), PAGE).await?;
        for id in &outlived {
            store::announce(&mut tx, *id).await?;
        }
        tx.commit().await?;
        if outlived.is_empty() {
            return Ok(());
        }
        tracing::info!(count = outlived.len(), "deleted recordings that are kept no longer");
    }
}

/// Erases what deleted recordings have left in the vault. What cannot be erased now is left for the next time.
///
/// # Errors
/// When the database or the vault is away.
pub async fn erase_deleted(app: &App) -> anyhow::Result<()> {
    loop {
        let mut tx = kernel::db::begin(&app.pool, kernel::db::Actor::System).await?;
        let left = store::to_erase(&mut tx, app.clock.now(), PAGE).await?;
        drop(tx);
        if left.is_empty() {
            return Ok(());
        }
        for (organization, id) in left {
            erase(app, organization, id).await?;
        }
    }
}

async fn erase(app: &App, organization: OrganizationId, id: RecordingId) -> anyhow::Result<()> {
    let file = Key::Recording(organization, id);
    let mut tx = kernel::db::begin(&app.pool, kernel::db::Actor::System).await?;
    let mut keys = store::track_keys(&mut tx, organization, id).await?;
    drop(tx);
    keys.extend([file, Key::Poster(organization, id), Key::Thumbnails(organization, id)]);
    app.vault.delete_all(&keys).await?;
    anyhow::ensure!(app.vault.size(file).await?.is_none(), "the vault still has {}", file.path());
    let mut tx = kernel::db::begin(&app.pool, kernel::db::Actor::System).await?;
    store::erased(&mut tx, id).await?;
    store::forget_tracks(&mut tx, id).await?;
    transcripts::forget(&mut tx, id).await?;
    tx.commit().await?;
    tracing::info!(recording = %id, "erased a deleted recording");
    Ok(())
}
