//! SQL of speaking.

use chrono::{DateTime, Utc};
use kernel::{
    db::{self, Tx},
    ids::MeetingId,
};
use sqlx::PgExecutor;

use super::rules::SpokenStretch;
use crate::access::guest::Attending;

/// What became of it.
#[expect(clippy::struct_excessive_bools, reason = "independent questions of one row")]
pub struct Recorded {
    pub takes_part: bool,
    pub banned: bool,
    /// Whether the organization wants to know.
    pub measured: bool,
    /// Whether they are there, or lately were.
    pub was_there: bool,
}

/// Stores what is new of the stretches in which somebody spoke, as far as they were there, in one round trip: the function
/// sets its own rights. `None` when the meeting is not visible to them.
pub async fn record(
    db: impl PgExecutor<'_>,
    speaker: &Attending,
    meeting: MeetingId,
    stretches: &[SpokenStretch],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Recorded>> {
    sqlx::query_as!(
        Recorded,
        r#"select takes_part as "takes_part!", banned as "banned!", measured as "measured!", was_there as "was_there!"
           from (select set_config('app.correlation_id', $7, true)
                 where not meeting_is_suspended($3)) says,
                record_speaking($1, $2, $3, $4, $5, $6)"#,
        speaker.id(),
        matches!(speaker, Attending::Guest(_)),
        meeting.0,
        &stretches.iter().map(|stretch| stretch.from).collect::<Vec<_>>(),
        &stretches.iter().map(|stretch| stretch.to).collect::<Vec<_>>(),
        now,
        db::request().0,
    )
    .fetch_optional(db)
    .await
}

/// Whether the organization of a meeting wants to know how long people speak.
///
/// # Errors
/// When the database is away.
pub async fn is_measured(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select coalesce((o.settings ->> 'measure_speaking')::boolean, true) as "measured!"
           from meetings m join organizations o on o.id = m.organization_id where m.id = $1"#,
        meeting.0,
    )
    .fetch_one(&mut **tx)
    .await
}
