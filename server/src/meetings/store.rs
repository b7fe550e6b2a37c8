//! SQL of meetings.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, UserId},
};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::{
    elsewhere::{self, ExternalUrl},
    model::{
        EndedBy, Meeting, MeetingStatus, MeetingType, RelatedObject, ScheduleKind, Show, ShowSource,
        ShowStatus, State, VenueMode,
    },
};
use crate::{
    access::policy::{Decisions, MeetingRole, Membership, OrgRole, Standing},
    participants::model::ParticipantStatus,
};

/// A meeting as a list or a page shows it, with the caller's own part in it.
pub struct Row {
    /// How well it fits the words that were looked for.
    pub rank: i64,
    pub id: MeetingId,
    pub organization_id: OrganizationId,
    pub title: String,
    pub description: String,
    pub agenda: String,
    pub location: String,
    pub scheduled_start: DateTime<Utc>,
    pub scheduled_end: Option<DateTime<Utc>>,
    pub timezone: String,
    pub actual_start: Option<DateTime<Utc>>,
    pub actual_end: Option<DateTime<Utc>>,
    pub status: MeetingStatus,
    pub ended_by: Option<EndedBy>,
    pub show_status: ShowStatus,
    pub shown_at: Option<DateTime<Utc>>,
    pub meeting_type: MeetingType,
    pub venue_mode: VenueMode,
    pub schedule_kind: ScheduleKind,
    pub host_id: Option<UserId>,
    pub host_name: Option<String>,
    pub provider: String,
    pub external_url: Option<String>,
    pub room_name: String,
    pub max_participants: Option<i32>,
    pub auto_record: bool,
    pub require_approval: bool,
    pub settings: Value,
    pub custom_fields: Value,
    pub related_object: Option<Json<RelatedObject>>,
    pub created_by_type: String,
    pub cancel_reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub participant_count: i64,
    pub org_role: OrgRole,
    pub decisions: Json<Decisions>,
    pub my_role: Option<MeetingRole>,
    pub my_status: Option<ParticipantStatus>,
}

/// What a new meeting is stored with.
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
pub struct New<'a> {
    pub id: MeetingId,
    pub organization_id: OrganizationId,
    pub title: &'a str,
    pub description: &'a str,
    pub agenda: &'a str,
    pub location: &'a str,
    pub scheduled_start: DateTime<Utc>,
    pub scheduled_end: Option<DateTime<Utc>>,
    pub timezone: &'a str,
    pub meeting_type: MeetingType,
    pub venue_mode: VenueMode,
    pub external_url: Option<&'a ExternalUrl>,
    pub instant: bool,
    pub room_name: &'a str,
    pub max_participants: Option<i32>,
    pub auto_record: bool,
    pub require_approval: bool,
    pub settings: &'a Value,
    pub custom_fields: &'a Value,
    pub related_object: Option<(&'a str, &'a str)>,
    pub host: Option<UserId>,
    /// Who makes it.
    pub by: UserId,
    /// Whether that is a service.
    pub by_agent: bool,
}

/// Which meetings a list wants; `None` leaves a filter out.
#[derive(Debug)]
pub struct Filter {
    /// `None` for all organizations of the caller.
    pub organization: Option<OrganizationId>,
    /// Only meetings that the caller hosts or takes part in.
    pub only_mine: bool,
    pub statuses: Vec<MeetingStatus>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub host: Option<UserId>,
    pub meeting_type: Option<MeetingType>,
    pub related_type: Option<String>,
    pub related_id: Option<String>,
    /// Custom fields with their values.
    pub custom_fields: Option<Value>,
    /// Words to look for.
    pub words: Option<String>,
    pub order: Order,
}

/// In which order a list comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By how well the words fit, the newest first of those that fit alike.
    Rank,
    /// By scheduled start.
    Start { descending: bool },
    /// In the order in which they were made.
    Creation { descending: bool },
}

/// Where a page ended: rank, scheduled start and id.
pub type Place = (i64, DateTime<Utc>, MeetingId);

/// Selects the [`Row`]s of `f (id, rank, place)`, which the second and further parameters lead to; the first is the caller.
///
/// Each row is read by its key, whatever the parameters are (`offset 0` keeps the planner from other ways), so that one
/// plan serves all calls and the cost follows the number of rows.
macro_rules! select_rows {
    ($found:literal, $($arg:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select f.rank as "rank!", m.id as "id: MeetingId", m.organization_id as "organization_id: OrganizationId", m.title,
                      m.description, m.agenda, m.location, m.scheduled_start, m.scheduled_end, m.timezone, m.actual_start,
                      m.actual_end, m.status as "status: MeetingStatus", m.ended_by as "ended_by: EndedBy",
                      m.show_status as "show_status: ShowStatus", m.shown_at,
                      m.meeting_type as "meeting_type: MeetingType", m.venue_mode as "venue_mode: VenueMode",
                      m.schedule_kind as "schedule_kind: ScheduleKind", m.host_id as "host_id: UserId",
                      h.name as "host_name?", m.provider, m.external_url, m.room_name, m.max_participants, m.auto_record,
                      m.require_approval, m.settings, m.custom_fields,
                      case when m.related_object_type is not null then jsonb_build_object(
                          'type', m.related_object_type, 'id', m.related_object_id)
                      end as "related_object: Json<RelatedObject>",
                      m.created_by_type::text as "created_by_type!", m.cancel_reason, m.created_at, m.updated_at,
                      meeting_participant_count(m.id) as "participant_count!", me.role as "org_role: OrgRole",
                      me.decisions as "decisions!: Json<Decisions>",
                      p.role as "my_role?: MeetingRole", p.status as "my_status?: ParticipantStatus"
               from "# + $found + r#" f (id, rank, place)
               cross join lateral (select * from meetings where id = f.id offset 0) m
               cross join lateral (
                   select role, permission_decisions(organization_id) as decisions from organization_members
                   where organization_id = m.organization_id and user_id = $1 and is_active offset 0) me
               left join lateral (
                   select role, status from meeting_participants
                   where meeting_id = m.id and user_id = $1 offset 0) p on true
               left join lateral (select name from users where id = m.host_id offset 0) h on true
               order by f.place"#,
            $($arg),+
        )
    };
}

/// One meeting as `caller` sees it; `None` when they are no member of its organization.
pub async fn find(tx: &mut Tx, id: MeetingId, caller: UserId) -> sqlx::Result<Option<Row>> {
    select_rows!("(values ($2::uuid, 0::bigint, 1))", caller.0, id.0).fetch_optional(&mut **tx).await
}

/// The meetings that fit, behind `after`.
pub async fn list(
    tx: &mut Tx,
    caller: UserId,
    filter: &Filter,
    after: Option<Place>,
    limit: i32,
) -> sqlx::Result<Vec<Row>> {
    let (order, descending) = match filter.order {
        Order::Rank => ("rank", true),
        Order::Start { descending } => ("start", descending),
        Order::Creation { descending } => ("created", descending),
    };
    select_rows!(
        "find_meetings($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) with ordinality",
        caller.0,
        filter.organization.map(|id| id.0),
        filter.only_mine,
        filter.statuses.as_slice() as &[MeetingStatus],
        filter.from,
        filter.to,
        filter.host.map(|id| id.0),
        filter.meeting_type as Option<MeetingType>,
        filter.related_type,
        filter.related_id,
        filter.custom_fields,
        filter.words,
        order,
        descending,
        after.map(|(rank, _, _)| rank),
        after.map(|(_, start, _)| start),
        after.map(|(_, _, id)| id.0),
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Stores a new meeting.
pub async fn insert(tx: &mut Tx, new: &New<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into meetings (id, organization_id, title, description, agenda, scheduled_start, scheduled_end, timezone,
                meeting_type, venue_mode, schedule_kind, host_id, provider_meeting_id, room_name, max_participants,
                auto_record, require_approval, settings, custom_fields, related_object_type, related_object_id,
                created_by_type, location, created_by, updated_by, provider, external_url)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $23,
                 case when $10 then 'instant'::schedule_kind else 'scheduled'::schedule_kind end,
                 $11, $12::text, $12::text, $13, $14, $15, $16, $17, $18, $19,
                 case when $20 then 'ai'::creator_type else 'human'::creator_type end, $22, $21, $21, $24, $25)",
        new.id.0,
        new.organization_id.0,
        new.title,
        new.description,
        new.agenda,
        new.scheduled_start,
        new.scheduled_end,
        new.timezone,
        new.meeting_type as MeetingType,
        new.instant,
        new.host.map(|id| id.0),
        new.room_name,
        new.max_participants,
        new.auto_record,
        new.require_approval,
        new.settings,
        new.custom_fields,
        new.related_object.map(|(kind, _)| kind),
        new.related_object.map(|(_, id)| id),
        new.by_agent,
        new.by.0,
        new.location,
        new.venue_mode as VenueMode,
        new.external_url.map_or(elsewhere::HERE, ExternalUrl::provider),
        new.external_url.map(ExternalUrl::as_str),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What changes a meeting; `None` leaves a column as it is.
#[derive(Debug, Default)]
pub struct Change<'a> {
    pub title: Option<&'a str>,
    pub description: Option<&'a str>,
    pub agenda: Option<&'a str>,
    pub location: Option<&'a str>,
    pub scheduled_start: Option<DateTime<Utc>>,
    /// `Some(None)` takes the end away.
    pub scheduled_end: Option<Option<DateTime<Utc>>>,
    pub timezone: Option<&'a str>,
    pub meeting_type: Option<MeetingType>,
    pub venue_mode: Option<VenueMode>,
    /// `Some(None)` brings it into a room of ours.
    pub external_url: Option<Option<&'a ExternalUrl>>,
    pub max_participants: Option<Option<i32>>,
    pub auto_record: Option<bool>,
    pub require_approval: Option<bool>,
    /// All of them, and not only what changes.
    pub settings: Option<&'a Value>,
    pub custom_fields: Option<&'a Value>,
    /// `Some(None)` takes it away.
    pub related_object: Option<Option<&'a RelatedObject>>,
}

/// Changes a meeting.
pub async fn update(tx: &mut Tx, id: MeetingId, change: &Change<'_>, by: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "update meetings set title = coalesce($2, title), description = coalesce($3, description),
                agenda = coalesce($4, agenda), scheduled_start = coalesce($5, scheduled_start),
                scheduled_end = case when $6 then $7 else scheduled_end end, timezone = coalesce($8, timezone),
                meeting_type = coalesce($9, meeting_type),
                max_participants = case when $10 then $11 else max_participants end,
                auto_record = coalesce($12, auto_record), require_approval = coalesce($13, require_approval),
                settings = coalesce($14, settings), custom_fields = coalesce($15, custom_fields),
                location = coalesce($17, location), venue_mode = coalesce($18, venue_mode),
                related_object_type = case when $19 then $20 else related_object_type end,
                related_object_id = case when $19 then $21 else related_object_id end,
                provider = case when $22 then $23 else provider end,
                external_url = case when $22 then $24 else external_url end, updated_by = $16
         where id = $1",
        id.0,
        change.title,
        change.description,
        change.agenda,
        change.scheduled_start,
        change.scheduled_end.is_some(),
        change.scheduled_end.flatten(),
        change.timezone,
        change.meeting_type as Option<MeetingType>,
        change.max_participants.is_some(),
        change.max_participants.flatten(),
        change.auto_record,
        change.require_approval,
        change.settings,
        change.custom_fields,
        by.0,
        change.location,
        change.venue_mode as Option<VenueMode>,
        change.related_object.is_some(),
        change.related_object.flatten().map(|object| object.kind.as_str()),
        change.related_object.flatten().map(|object| object.id.as_str()),
        change.external_url.is_some(),
        change.external_url.flatten().map_or(elsewhere::HERE, ExternalUrl::provider),
        change.external_url.flatten().map(ExternalUrl::as_str),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How `caller` stands to a meeting; `None` when it is not visible to them.
pub async fn standing(tx: &mut Tx, id: MeetingId, caller: UserId) -> sqlx::Result<Option<Standing>> {
    let row = sqlx::query!(
        r#"select me.role as "org_role: OrgRole", permission_decisions(m.organization_id) as "decisions!: Json<Decisions>", p.role as "role?: MeetingRole"
           from meetings m
           join organizations o on o.id = m.organization_id and o.suspended_at is null
           join organization_members me on me.organization_id = m.organization_id and me.user_id = $2 and me.is_active
           left join meeting_participants p on p.meeting_id = m.id and p.user_id = $2
           where m.id = $1"#,
        id.0,
        caller.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Standing {
        member: Membership::new(row.org_role, &row.decisions),
        meeting_role: row.role,
    }))
}

/// Whether a service made a meeting.
pub async fn is_by_agent(tx: &mut Tx, id: MeetingId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select created_by_type = 'ai' as "by_agent!" from meetings where id = $1"#, id.0)
        .fetch_one(&mut **tx)
        .await
}

/// Selects [`StateRow`]s of `meetings m`.
macro_rules! select_states {
    ($rest:literal, $($arg:expr),+ $(,)?) => {
        sqlx::query_as!(
            StateRow,
            r#"select m.id as "id: MeetingId", m.organization_id as "organization_id: OrganizationId",
                      m.host_id as "host_id: UserId", m.room_name, m.meeting_type as "meeting_type: MeetingType", m.external_url,
                      m.scheduled_start, m.scheduled_end, m.settings, m.custom_fields,
                      app_records_strictly(m.organization_id) as "record_strict!", m.status as "status: MeetingStatus",
                      m.ended_by as "ended_by: EndedBy", m.actual_start, m.actual_end, m.cancelled_at,
                      m.show_status as "show_status: ShowStatus", m.shown_at, m.show_source as "show_source: ShowSource"
               from meetings m "# + $rest,
            $($arg),+
        )
    };
}

/// A meeting by id, locked until the transaction ends.
pub async fn lock(tx: &mut Tx, id: MeetingId) -> sqlx::Result<Option<Meeting>> {
    let row = select_states!("where m.id = $1 for no key update", id.0).fetch_optional(&mut **tx).await?;
    Ok(row.map(Meeting::from))
}

/// A meeting by the name of its room, locked until the transaction ends.
pub async fn lock_by_room(tx: &mut Tx, room_name: &str) -> sqlx::Result<Option<Meeting>> {
    let row = select_states!("where m.room_name = $1 for no key update", room_name)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(Meeting::from))
}

/// Some meetings of an organization, locked until the transaction ends.
pub async fn lock_some(tx: &mut Tx, org: OrganizationId, ids: &[Uuid]) -> sqlx::Result<Vec<Meeting>> {
    let rows = select_states!(
        "where m.organization_id = $1 and m.id = any ($2) order by m.id for no key update",
        org.0,
        ids
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Meeting::from).collect())
}

/// The caller's roles in some meetings; those where they have none are left out.
pub async fn roles_in(
    tx: &mut Tx,
    ids: &[Uuid],
    caller: UserId,
) -> sqlx::Result<HashMap<MeetingId, MeetingRole>> {
    let rows = sqlx::query!(
        r#"select meeting_id as "id: MeetingId", role as "role: MeetingRole" from meeting_participants
           where user_id = $2 and meeting_id = any ($1)"#,
        ids,
        caller.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.role)).collect())
}

/// Calls off some meetings that are locked and can be called off. Tells the pages.
pub async fn cancel_some(
    tx: &mut Tx,
    ids: &[Uuid],
    at: DateTime<Utc>,
    by: UserId,
    reason: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"with moved as (
               update meetings set status = 'cancelled', cancelled_at = $2, cancelled_by = $3,
                      cancel_reason = coalesce($4, cancel_reason), updated_by = $3
               where id = any ($1) and status in ('scheduled', 'in_progress')
               returning id, status, actual_start, actual_end, title)
           select emit_meeting_event(id, 'meeting.updated', jsonb_build_object('id', id, 'status', status,
                      'actual_start', actual_start, 'actual_end', actual_end, 'title', title)) as "seq!"
           from (select * from moved order by id) m"#,
        ids,
        at,
        by.0,
        reason,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

/// Stores a new state, unless the stored one is no longer `from`. Tells the pages.
///
/// # Errors
/// `RowNotFound` when someone else moved it meanwhile.
pub async fn save_state(
    tx: &mut Tx,
    id: MeetingId,
    from: MeetingStatus,
    to: &State,
    by: Option<UserId>,
    reason: Option<&str>,
) -> sqlx::Result<()> {
    let (actual_start, actual_end, ended_by, cancelled_at) = match to {
        State::Scheduled => (None, None, None, None),
        State::InProgress { started_at } => (Some(*started_at), None, None, None),
        State::Completed { started_at, ended_at, ended_by } => {
            (*started_at, Some(*ended_at), Some(*ended_by), None)
        }
        State::Cancelled { at } => (None, None, None, Some(*at)),
    };
    sqlx::query!(
        r#"with moved as (
               update meetings set status = $3, actual_start = coalesce($4, actual_start), actual_end = $5, ended_by = $6,
                      cancelled_at = $7, cancelled_by = case when $7::timestamptz is null then cancelled_by else $8 end,
                      cancel_reason = coalesce($9, cancel_reason), updated_by = coalesce($8, updated_by)
               where id = $1 and status = $2
               returning id, status, actual_start, actual_end, title)
           select emit_meeting_event(id, 'meeting.updated', jsonb_build_object('id', id, 'status', status,
                      'actual_start', actual_start, 'actual_end', actual_end, 'title', title)) as "seq!" from moved"#,
        id.0,
        from as MeetingStatus,
        to.status() as MeetingStatus,
        actual_start,
        actual_end,
        ended_by as Option<EndedBy>,
        cancelled_at,
        by.map(|id| id.0),
        reason,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(())
}

/// A change as the audit log has it.
pub struct HistoryRow {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub action: String,
    pub actor_type: String,
    pub actor_id: Option<Uuid>,
    pub actor_name: Option<String>,
    pub about_id: Option<Uuid>,
    pub about_name: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Changes of a meeting and of who takes part in it, the newest first, behind `after`. For those who may see them.
pub async fn history(
    tx: &mut Tx,
    id: MeetingId,
    after: Option<Uuid>,
    limit: i32,
) -> sqlx::Result<Vec<HistoryRow>> {
    sqlx::query_as!(
        HistoryRow,
        r#"select id as "id!", at as "at!", action as "action!", actor_type as "actor_type!", actor_id, actor_name,
                  about_id, about_name, before, after
           from meeting_history($1, $2, $3)"#,
        id.0,
        after,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

struct StateRow {
    id: MeetingId,
    organization_id: OrganizationId,
    host_id: Option<UserId>,
    room_name: String,
    meeting_type: MeetingType,
    external_url: Option<String>,
    scheduled_start: DateTime<Utc>,
    scheduled_end: Option<DateTime<Utc>>,
    settings: Value,
    custom_fields: Value,
    record_strict: bool,
    status: MeetingStatus,
    ended_by: Option<EndedBy>,
    actual_start: Option<DateTime<Utc>>,
    actual_end: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    show_status: ShowStatus,
    shown_at: Option<DateTime<Utc>>,
    show_source: Option<ShowSource>,
}

impl From<StateRow> for Meeting {
    fn from(row: StateRow) -> Self {
        let state = State::from_columns(
            row.status,
            row.scheduled_start,
            row.actual_start,
            row.actual_end,
            row.ended_by,
            row.cancelled_at,
        );
        Self {
            id: row.id,
            organization_id: row.organization_id,
            host_id: row.host_id,
            room_name: row.room_name,
            meeting_type: row.meeting_type,
            external_url: row.external_url,
            scheduled_start: row.scheduled_start,
            scheduled_end: row.scheduled_end,
            settings: row.settings,
            custom_fields: match row.custom_fields {
                Value::Object(fields) => fields,
                _ => serde_json::Map::new(),
            },
            record_strict: row.record_strict,
            show: Show::from_columns(row.show_status, row.shown_at, row.show_source),
            state,
        }
    }
}
