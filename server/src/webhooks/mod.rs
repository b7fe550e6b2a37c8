//! Webhooks in: the signature is checked over the raw body, the event is stored once, and only then answered. A worker
//! does what it asks for.

pub mod api;
pub mod worker;

/// What can become of a webhook.
const OUTCOMES: [&str; 5] = ["done", "failed", "dead", "refused", "not_stored"];

/// Lets all numbers begin at nothing, so that none is missing before the first time.
pub fn begin_to_count() {
    for outcome in OUTCOMES {
        count(outcome, 0);
    }
}

/// Counts what became of webhooks: a `failed` one is tried again, a `dead` one is left to a person, a `refused` one did
/// not bear our signature or could not be read, a `not_stored` one has to be sent again.
fn count(outcome: &'static str, number: usize) {
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    metrics::counter!("webhooks_total", "source" => crate::livekit::events::SOURCE, "outcome" => outcome)
        .increment(number);
}
