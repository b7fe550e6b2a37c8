//! What members did, summed: the months that stand in `activity_scores`, and the record itself for what has changed since.

pub mod rules;
mod store;

use std::time::Duration;

use kernel::{
    db::{self, Actor, Tx},
    ids::{OrganizationId, UserId},
};

pub use rules::Sums;
pub use store::Member;

use super::store::Period;
use crate::app::App;

/// How often it is looked for months that have changed.
pub const EVERY: Duration = Duration::from_secs(10);

/// What members did in the meetings of a period that are over, by name: those who were invited to any, or `people` of
/// them. What has changed and is not summed yet is read from the record, so that this is always true.
///
/// # Errors
/// When the database is away.
pub async fn sums(
    tx: &mut Tx,
    org: OrganizationId,
    period: Period,
    people: Option<&[UserId]>,
) -> sqlx::Result<Vec<Member>> {
    let changed = store::changed(tx, org).await?;
    store::sums(tx, org, &rules::cover(period.from, period.to, &changed), people).await
}

/// Sums the months anew that have changed, one at a time and in one process.
///
/// # Errors
/// When the database is away; what is left is summed the next time.
pub async fn refresh(app: &App) -> anyhow::Result<()> {
    loop {
        let mut tx = db::begin(&app.pool, Actor::System).await?;
        if !store::refresh_one(&mut tx).await? {
            return Ok(());
        }
        tx.commit().await?;
    }
}
