//! SQL of the audit log.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{AuditId, MeetingId, OrganizationId},
};
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// Something that happened without changing a row.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// Where; `None` for what belongs to no organization.
    pub organization: Option<OrganizationId>,
    /// The meeting that it belongs to.
    pub meeting: Option<MeetingId>,
    /// `<entity>.<verb>`.
    pub action: &'a str,
    /// What it was done to: kind and id.
    pub entity: (&'a str, Option<Uuid>),
    /// What there is to say about it.
    pub data: Option<Value>,
}

/// Writes down what changes no row. Who did it is what the transaction says.
///
/// # Errors
/// When the database refuses or is away.
pub async fn record(tx: &mut Tx, event: Event<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "select audit_record($1, $2, $3, $4, $5, null, $6)",
        event.organization.map(|id| id.0),
        event.meeting.map(|id| id.0),
        event.action,
        event.entity.0,
        event.entity.1,
        event.data,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// One row of the log.
#[derive(Debug, sqlx::FromRow)]
pub struct Row {
    pub id: AuditId,
    pub at: DateTime<Utc>,
    pub actor_type: String,
    pub actor_id: Option<Uuid>,
    pub actor_name: Option<String>,
    pub action: String,
    pub entity_type: String,
    pub entity_id: Option<Uuid>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub correlation_id: Option<String>,
}

/// Whose changes a list wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A person, key, device or guest.
    Id(Uuid),
    /// The system's own.
    System,
}

/// Which rows a list wants; `None` leaves a filter out.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub by: Option<By>,
    pub action: Option<String>,
    pub entity_type: Option<String>,
    pub entity_id: Option<Uuid>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

/// The smallest id of a moment's millisecond: ids are made of time, so a span of time is a span of ids.
fn floor(at: DateTime<Utc>) -> Uuid {
    Uuid::from_u128(u128::from(at.timestamp_millis().max(0).cast_unsigned()) << 80)
}

/// Rows of an organization, or what was done to the platform itself, newest first, behind `after`. The statement says
/// only what is asked for, so that each combination of filters has the plan that fits it.
pub async fn list(
    tx: &mut Tx,
    organization: Option<OrganizationId>,
    filter: &Filter,
    after: Option<AuditId>,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    let mut sql = QueryBuilder::<Postgres>::new(
        "select a.id, a.at, a.actor_type, a.actor_id, audit_actor_name(a.actor_type, a.actor_id) as actor_name, a.action,
                a.entity_type, a.entity_id, a.before, a.after, a.correlation_id
         from audit_log a
         where a.organization_id ",
    );
    match organization {
        Some(id) => sql.push("= ").push_bind(id.0),
        None => sql.push("is null and a.action = any (system_actions())"),
    };
    match filter.by {
        Some(By::Id(id)) => {
            sql.push(" and a.actor_id = ").push_bind(id);
        }
        Some(By::System) => {
            sql.push(" and a.actor_id is null");
        }
        None => {}
    }
    if let Some(action) = &filter.action {
        sql.push(" and a.action = ").push_bind(action);
    }
    if let Some(kind) = &filter.entity_type {
        sql.push(" and a.entity_type = ").push_bind(kind);
    }
    if let Some(id) = filter.entity_id {
        sql.push(" and a.entity_id = ").push_bind(id);
    }
    if let Some(from) = filter.from {
        sql.push(" and a.id >= ").push_bind(floor(from)).push(" and a.at >= ").push_bind(from);
    }
    if let Some(to) = filter.to {
        let end = to + chrono::Duration::milliseconds(1);
        sql.push(" and a.id < ").push_bind(floor(end)).push(" and a.at < ").push_bind(to);
    }
    if let Some(after) = after {
        sql.push(" and a.id < ").push_bind(after.0);
    }
    sql.push(" order by a.id desc limit ").push_bind(limit);
    sql.build_query_as().fetch_all(&mut **tx).await
}
