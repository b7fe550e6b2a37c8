//! Shows: whether a meeting takes place. A room tablet, a person or a service says so within a window after the scheduled
//! start, or LiveKit sees somebody of the list in the room; of what nobody said anything, the night says that nobody came.

pub mod api;
pub mod nightly;
mod rules;
mod store;

use chrono::{DateTime, Duration, Utc};
use kernel::db::Tx;

use crate::{
    app::App,
    meetings::model::{Meeting, Show, ShowSource},
};

/// For how long after its scheduled start a meeting can be shown to take place.
pub fn window(app: &App) -> Duration {
    Duration::from_std(app.config.noshow.window).unwrap_or_default()
}

/// LiveKit told something of a meeting's room: whoever is in it within the window shows that it takes place (CON-28).
///
/// # Errors
/// When the database is away.
pub async fn confirm(
    tx: &mut Tx,
    meeting: &Meeting,
    window: Duration,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let is_known = matches!(meeting.show, Show::Attended { .. });
    if !is_known
        && now >= meeting.scheduled_start
        && store::confirm(tx, meeting.id, meeting.scheduled_start + window, now).await?
    {
        count(ShowSource::Livekit);
    }
    Ok(())
}

/// Lets all numbers begin at nothing, so that none is missing before the first time.
pub fn begin_to_count() {
    for source in [ShowSource::Device, ShowSource::User, ShowSource::Service, ShowSource::Livekit] {
        count_many(source, 0);
    }
    metrics::counter!("meetings_no_show_total").increment(0);
}

fn count(source: ShowSource) {
    count_many(source, 1);
}

fn count_many(source: ShowSource, number: u64) {
    let source = match source {
        ShowSource::Device => "device",
        ShowSource::User => "user",
        ShowSource::Service => "service",
        ShowSource::Livekit => "livekit",
    };
    metrics::counter!("meetings_shown_total", "source" => source).increment(number);
}
