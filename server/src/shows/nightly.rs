//! The night's look for meetings to which nobody came, in each organization's time zone.

use std::time::Duration;

use kernel::db::{self, Actor};
use tokio::time::Instant;

use super::{rules::next_night, store, window};
use crate::app::App;

/// Meetings that one transaction marks.
const MEETINGS: i64 = 200;
/// How many times as long as it worked the look rests in between: nobody waits for it, and many organizations have
/// their night at once.
const REST: u32 = 3;

/// Sees to each organization whose night has come: marks the meetings to which nobody came, and notes its next night.
///
/// # Errors
/// When the database is away; what is marked stays so, and the rest is marked the next time.
pub async fn run(app: &App) -> anyhow::Result<()> {
    loop {
        let started = Instant::now();
        if !step(app).await? {
            return Ok(());
        }
        tokio::time::sleep((started.elapsed() * REST).min(Duration::from_secs(5))).await;
    }
}

/// Marks some meetings of one organization; false when no night has come. The organization is locked meanwhile, so that
/// processes see to different ones, and its next night is noted when there are no more.
async fn step(app: &App) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    let Some(night) = store::night(&mut tx, now).await? else { return Ok(false) };
    let organization = night.organization;
    let missed = store::miss(&mut tx, organization, now - window(app), MEETINGS).await?;
    if missed.is_empty() {
        let zone = night.timezone.parse().unwrap_or(chrono_tz::UTC);
        store::next_night(&mut tx, organization, next_night(zone, app.config.noshow.run_at, now)).await?;
    }
    tx.commit().await?;
    for meeting in &missed {
        tracing::info!(%meeting, %organization, "nobody came to a meeting");
    }
    metrics::counter!("meetings_no_show_total").increment(u64::try_from(missed.len())?);
    Ok(true)
}
