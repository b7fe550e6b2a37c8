//! Presence checks: whoever is in the room is asked whether they are, at random times or when a host wants to know.
//!
//! An hour of a meeting has as many slots as it has checks, and each slot one moment that nobody can foretell: it follows
//! from a secret, so that every process knows it and none has to keep it. A check asks whoever is in the room when it
//! opens; who has not confirmed when it closes and is there still has missed it.

pub mod api;
pub mod model;
mod rules;
mod store;

use chrono::{DateTime, Utc};
use kernel::{
    db::{self, Actor, Tx},
    ids::{MeetingId, PresenceCheckId, UserId},
};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::app::App;
use model::CheckOutcome;

pub use rules::{PER_HOUR, tally};
pub use store::closed_ones;

/// Closes the checks whose time is over, and opens those whose moment has come.
///
/// # Errors
/// When the database is away; the next time does it.
pub async fn run(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    loop {
        let mut tx = db::begin(&app.pool, Actor::System).await?;
        let Some(check) = store::due(&mut tx, now).await? else { break };
        close(&mut tx, check, now).await?;
        tx.commit().await?;
    }
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    let watched = store::watched(&mut tx).await?;
    tx.commit().await?;
    for meeting in watched {
        let slot = meeting.settings.presence_checks_per_hour.and_then(|per_hour| {
            let chance = |slot| chance(app, meeting.id, slot);
            rules::due(per_hour, meeting.started_at, meeting.last, now, chance)
        });
        let Some(slot) = slot else { continue };
        let mut tx = db::begin(&app.pool, Actor::System).await?;
        let when = store::When { slot: Some(slot), opened_at: now, closes_at: now + rules::TIME_TO_ANSWER };
        let made = store::open(&mut tx, meeting.id, when, None).await?;
        tx.commit().await?;
        if let Some(check) = made {
            tracing::info!(meeting = %meeting.id, %check, "people are asked whether they are there");
        }
    }
    Ok(())
}

/// What chance says of a meeting's slot: the same to every process that knows the secret, and nothing to anybody else.
fn chance(app: &App, meeting: MeetingId, slot: DateTime<Utc>) -> u64 {
    let secret = app.config.token_secret().map(|secret| secret.expose_secret().as_bytes().to_vec());
    let hash = Sha256::new()
        .chain_update(b"baraza presence check\0")
        .chain_update(meeting.0)
        .chain_update(slot.timestamp_micros().to_be_bytes())
        .chain_update(secret.unwrap_or_default())
        .finalize();
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// A meeting ends for all: a check that is open still has no answer to wait for. The caller acts for the system.
///
/// # Errors
/// When the database is away.
pub async fn close_of(tx: &mut Tx, meeting: MeetingId, now: DateTime<Utc>) -> sqlx::Result<()> {
    match store::open_one(tx, meeting).await? {
        Some((check, _)) => close(tx, check, now).await,
        None => Ok(()),
    }
}

/// Closes a check that is open and locked, and writes down who has missed it.
async fn close(tx: &mut Tx, check: PresenceCheckId, now: DateTime<Utc>) -> sqlx::Result<()> {
    store::close(tx, check, now).await?;
    let missed: Vec<(UserId, String)> = store::people(tx, &[check])
        .await?
        .into_iter()
        .filter(|(_, person)| person.outcome == CheckOutcome::Missed)
        .map(|(_, person)| (person.id, person.name.unwrap_or_default()))
        .collect();
    store::note_missed(tx, check, missed).await
}
