//! SQL of the timeline.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId},
};
use serde_json::Value;
use uuid::Uuid;

/// Something that happened.
pub struct Row {
    /// Its place among what happened at the same moment.
    pub key: String,
    pub at: DateTime<Utc>,
    pub kind: String,
    pub actor_type: String,
    pub actor_id: Option<Uuid>,
    pub actor_name: Option<String>,
    pub about_id: Option<Uuid>,
    pub about_name: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub data: Value,
}

/// What of it is wanted; what is `None` or empty leaves a filter out.
#[derive(Debug, Default)]
pub struct Filter {
    /// Kinds, or what stands before their dot.
    pub kinds: Vec<String>,
    pub actor: Option<Uuid>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

/// Where a page ended.
pub type Place = (DateTime<Utc>, String);

/// Whose meeting it is.
pub async fn organization(tx: &mut Tx, id: MeetingId) -> sqlx::Result<OrganizationId> {
    sqlx::query_scalar!(r#"select organization_id as "id: OrganizationId" from meetings where id = $1"#, id.0)
        .fetch_one(&mut **tx)
        .await
}

/// What happened in and to a meeting, the oldest first, behind `after`; what was said only `with_words`. For those who may
/// see it.
pub async fn read(
    tx: &mut Tx,
    id: MeetingId,
    filter: &Filter,
    with_words: bool,
    after: Option<Place>,
    limit: i32,
) -> sqlx::Result<Vec<Row>> {
    let (after_at, after_key) = after.unzip();
    sqlx::query_as!(
        Row,
        r#"select key as "key!", at as "at!", kind as "kind!", actor_type as "actor_type!", actor_id, actor_name, about_id,
                  about_name, before, after, data as "data!"
           from meeting_timeline($1, $2, $3, $4, $5, $6, $7, $8, $9)"#,
        id.0,
        &filter.kinds,
        filter.actor,
        filter.from,
        filter.to,
        after_at,
        after_key,
        with_words,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}
