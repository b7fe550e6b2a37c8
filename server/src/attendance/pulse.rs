//! Notices at once when LiveKit dies, so that attendance knows until when everybody was there: a crash sends no
//! webhook, and the last comparison may lie half a minute back.
//!
//! A connection that is merely held open tells it. When it breaks and LiveKit takes no other, LiveKit has died at that
//! moment; until then it had told of nobody's end.

use std::time::Duration;

use anyhow::{Context, Result};
use kernel::db;
use tokio::{io::AsyncReadExt, net::TcpStream};
use url::Url;

use super::store;
use crate::app::App;

/// Pause between attempts while LiveKit is away.
const PAUSE: Duration = Duration::from_millis(500);

/// Watches LiveKit without end.
///
/// # Errors
/// An address that cannot be read, or no database.
pub async fn watch(app: &App) -> Result<()> {
    let url: Url = app.config.livekit_http_url().parse().context("livekit.url is no address")?;
    let host = url.host_str().context("livekit.url has no host")?.to_owned();
    let port = url.port_or_known_default().context("livekit.url has no port")?;
    let connect = || TcpStream::connect((host.as_str(), port));
    loop {
        let Ok(mut connection) = connect().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Whatever comes, and however it ends: the end is what we wait for.
        while connection.read(&mut [0; 64]).await.is_ok_and(|bytes| bytes > 0) {}
        let ended_at = app.clock.now();
        if connect().await.is_ok() {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        tracing::warn!("LiveKit has died");
        let mut tx = db::begin(&app.pool, db::Actor::System).await?;
        store::all_seen(&mut tx, ended_at).await?;
        tx.commit().await?;
    }
}
