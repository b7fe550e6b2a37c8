//! Who wants what when: what is in the way of a time, and what could be taken instead.

pub mod model;
pub mod rules;
pub mod store;

use chrono::Duration;
use kernel::{
    db::Tx,
    ids::{BookingId, OrganizationId},
};

use self::{
    model::{Alternative, Clash, Slot},
    rules::Busy,
};
use crate::resources::model::Resource;

/// How far before and behind a wanted time others are proposed.
const HORIZON: Duration = Duration::days(7);
/// Proposals at most of each kind.
const PROPOSALS: usize = 3;

/// What somebody wants.
#[derive(Debug)]
pub struct Wish<'a> {
    /// Whose rooms and devices.
    pub organization: OrganizationId,
    /// When.
    pub slot: Slot,
    /// Not before this moment is anything proposed.
    pub now: chrono::DateTime<chrono::Utc>,
    /// All of these.
    pub resources: &'a [Resource],
    /// What is in nobody's way: the booking that is moved.
    pub moved: Option<BookingId>,
}

/// Locks what is wanted until the transaction ends, and tells what is in the way; `None` when nothing is.
///
/// # Errors
/// When the database is away.
pub async fn look(tx: &mut Tx, wish: &Wish<'_>) -> sqlx::Result<Option<Clash>> {
    let ids: Vec<_> = wish.resources.iter().map(|resource| resource.id).collect();
    store::lock(tx, &ids).await?;
    let around = Slot { starts_at: wish.slot.starts_at - HORIZON, ends_at: wish.slot.ends_at + HORIZON };
    let taken = store::taken(tx, wish.organization, &ids, around, wish.moved).await?;
    let conflicts: Vec<_> = taken.iter().filter(|one| one.slot().overlaps(wish.slot)).cloned().collect();
    if conflicts.is_empty() {
        return Ok(None);
    }
    let mut alternatives = Vec::new();
    // One room that is taken can be another one; several have to be looked for one by one.
    if let [only] = wish.resources {
        for other in store::like(tx, only, wish.slot, PROPOSALS).await? {
            alternatives.push(Alternative::new(wish.slot, vec![other]));
        }
    }
    let busy = Busy::new(taken.iter().map(model::Conflict::slot));
    for slot in rules::nearest(wish.slot, &busy, wish.now, HORIZON, PROPOSALS) {
        alternatives.push(Alternative::new(slot, ids.clone()));
    }
    Ok(Some(Clash { conflicts, alternatives }))
}
