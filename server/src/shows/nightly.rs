//! The night's look for meetings to which nobody came, in each organization's time zone.

use kernel::{
    db::{self, Actor},
    ids::OrganizationId,
    jobs::{self, AT_ONCE, Failure},
};
use serde::{Deserialize, Serialize};

use super::{rules::next_night, store, window};
use crate::app::App;

/// The job.
pub const NO_SHOWS: &str = "shows.no_shows";
/// Organizations whose nights are seen to in one transaction.
const NIGHTS: i64 = 100;
/// Meetings that one transaction marks.
const MEETINGS: i64 = 200;

/// Whose meetings.
#[derive(Debug, Serialize, Deserialize)]
pub struct Payload {
    organization: OrganizationId,
}

/// Leaves a job for each organization whose night has come, and notes its next night.
///
/// # Errors
/// When the database is away.
pub async fn enqueue_due(app: &App) -> anyhow::Result<()> {
    loop {
        let now = app.clock.now();
        let mut tx = db::begin(&app.pool, Actor::System).await?;
        let due = store::nights(&mut tx, now, NIGHTS).await?;
        for night in &due {
            let organization = night.organization;
            let zone = night.timezone.parse().unwrap_or(chrono_tz::UTC);
            let next = next_night(zone, app.config.noshow.run_at, now);
            store::next_night(&mut tx, organization, next).await?;
            let key = organization.to_string();
            jobs::enqueue_once(&mut tx, NO_SHOWS, &key, Payload { organization }, AT_ONCE).await?;
        }
        tx.commit().await?;
        if due.is_empty() {
            return Ok(());
        }
    }
}

/// Marks the meetings to which nobody came.
///
/// # Errors
/// When the database is away; what is marked stays so.
pub async fn mark(app: &App, payload: Payload) -> Result<(), Failure> {
    let organization = payload.organization;
    let before = app.clock.now() - window(app);
    loop {
        let mut tx = db::begin(&app.pool, Actor::System).await?;
        let missed = store::miss(&mut tx, organization, before, MEETINGS).await?;
        tx.commit().await?;
        for meeting in &missed {
            tracing::info!(%meeting, %organization, "nobody came to a meeting");
        }
        metrics::counter!("meetings_no_show_total").increment(u64::try_from(missed.len())?);
        if missed.is_empty() {
            return Ok(());
        }
    }
}
