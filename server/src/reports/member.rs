//! The report of a member's attendance: for officers, and for the member.

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, UserId},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    api::PeriodQuery,
    rules::{MemberFigures, Part, member_figures},
    store::{self, PartRow, Period, Place},
};
use crate::{
    access::{Caller, Scoped, policy::Permission, scope},
    app::App,
    attendance::{
        presence::Rules,
        report::{AttendeeUser, Frame, left_early},
    },
    http::{Json, Listing, PageQuery, Path, Problem, Query, Result},
    orgs,
    participants::model::ParticipantStatus,
    table::{self, time, word},
};

/// Rows that the export reads at once.
const PAGE: i64 = 1000;

/// A member's attendance over a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberReport {
    /// The member.
    pub user: AttendeeUser,
    /// From when.
    pub from: DateTime<Utc>,
    /// Before when.
    pub to: DateTime<Utc>,
    /// The figures of all meetings.
    pub summary: MemberFigures,
    /// The meetings that they were invited to and that were not called off, the latest first.
    pub items: Vec<MemberMeeting>,
    /// What to pass as `cursor` for the next page; `null` at the end.
    pub next_cursor: Option<String>,
}

/// A meeting and a member's part in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberMeeting {
    /// Its id.
    pub id: MeetingId,
    /// Its title.
    pub title: String,
    /// Scheduled start.
    pub scheduled_start: DateTime<Utc>,
    /// Whether it began.
    pub is_held: bool,
    /// Where the member stands.
    pub status: ParticipantStatus,
    /// When they first came.
    pub first_joined_at: Option<DateTime<Utc>>,
    /// When they last left.
    pub last_left_at: Option<DateTime<Utc>>,
    /// How long they were there.
    pub duration_seconds: f64,
    /// Whether they came late.
    pub is_late: bool,
    /// Whether they left before the end.
    pub left_early: bool,
    /// Why they were excused from it; `null` when they were not.
    pub excuse_reason: Option<String>,
    /// Chat messages they wrote.
    pub messages_sent: i32,
    /// How often they raised a hand.
    pub hand_raised_count: i32,
}

impl From<PartRow> for MemberMeeting {
    fn from(row: PartRow) -> Self {
        let frame = Frame {
            scheduled_start: row.scheduled_start,
            scheduled_end: row.scheduled_end,
            actual_start: row.actual_start,
            actual_end: row.actual_end,
            late_threshold_minutes: row.late_threshold_minutes.into(),
            rules: Rules::default(),
        };
        let is_there = row.status == ParticipantStatus::Joined;
        Self {
            id: row.id,
            title: row.title,
            scheduled_start: row.scheduled_start,
            is_held: row.actual_start.is_some(),
            status: row.status,
            first_joined_at: row.first_joined_at,
            last_left_at: row.last_left_at,
            duration_seconds: row.duration_seconds,
            is_late: row.is_late,
            left_early: !is_there && row.last_left_at.is_some_and(|last| left_early(frame, last)),
            excuse_reason: row.excuse_reason,
            messages_sent: row.messages_sent,
            hand_raised_count: row.hand_raised_count,
        }
    }
}

impl From<&MemberMeeting> for Part {
    fn from(meeting: &MemberMeeting) -> Self {
        Self {
            is_held: meeting.is_held,
            is_attended: meeting.first_joined_at.is_some(),
            is_late: meeting.is_late,
            left_early: meeting.left_early,
            is_excused: meeting.excuse_reason.is_some(),
            seconds: meeting.duration_seconds,
            messages: meeting.messages_sent.into(),
            hands: meeting.hand_raised_count.into(),
        }
    }
}

/// A member's attendance over a period. Everybody sees their own; that of others needs `attendance.view`.
#[utoipa::path(get, path = "/organizations/{org}/reports/members/{user}", tag = "reports", operation_id = "member",
    params(("org" = OrganizationId, Path), ("user" = UserId, Path), PeriodQuery, PageQuery),
    responses((status = 200, body = MemberReport), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path((org, user)): Path<(OrganizationId, UserId)>,
    Query(wanted): Query<PeriodQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<MemberReport>> {
    let (limit, after) = (page.limit()?, page.after::<Place>()?);
    let mut tx = app.begin(&caller).await?;
    let (name, period, mut items) = load(&mut tx, &caller, (org, user), &wanted, app.clock.now()).await?;
    let summary = member_figures(items.iter().map(Part::from));
    // A member has as many meetings as can be read at once; the figures need them all.
    let place = |meeting: &MemberMeeting| (meeting.scheduled_start, meeting.id);
    items.retain(|meeting| after.is_none_or(|after| place(meeting) < after));
    let Listing { items, next_cursor } = Listing::from_one_more(items, limit, place);
    let user = AttendeeUser { id: user, name };
    Ok(Json(MemberReport { user, from: period.from, to: period.to, summary, items, next_cursor }))
}

const COLUMNS: [&str; 14] = [
    "id",
    "title",
    "scheduled_start",
    "is_held",
    "status",
    "first_joined_at",
    "last_left_at",
    "duration_seconds",
    "is_late",
    "left_early",
    "messages_sent",
    "hand_raised_count",
    "excused",
    "excuse_reason",
];

/// A member's meetings as a table for spreadsheets, whole. It is sent as it is read; what goes wrong on the way breaks it
/// off.
#[utoipa::path(get, path = "/organizations/{org}/reports/members/{user}/meetings.csv", tag = "reports", operation_id = "member_csv",
    params(("org" = OrganizationId, Path), ("user" = UserId, Path), PeriodQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn csv(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path((org, user)): Path<(OrganizationId, UserId)>,
    Query(wanted): Query<PeriodQuery>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    let (_, period) = find(&mut tx, &caller, (org, user), &wanted, app.clock.now()).await?;
    drop(tx);
    let body =
        table::streamed(&COLUMNS, move |after| export(app.clone(), *caller, (org, user), period, after));
    Ok(table::download(&format!("attendance-{user}"), body))
}

/// A page of the table, in a transaction of its own, so that a slow reader holds none.
async fn export(
    app: App,
    caller: Caller,
    (org, user): (OrganizationId, UserId),
    period: Period,
    after: Option<Place>,
) -> anyhow::Result<(Vec<Vec<String>>, Option<Place>)> {
    let mut tx = app.begin(&caller).await.map_err(|problem| anyhow::anyhow!(problem.detail))?;
    let rows = store::parts(&mut tx, org, user, period, after, PAGE).await?;
    drop(tx);
    table::lines(rows, PAGE, |row| (row.scheduled_start, row.id), |row| line(MemberMeeting::from(row)))
}

/// Their name, the period, and their part in its meetings, for whoever may see it.
pub(super) async fn load(
    tx: &mut Tx,
    caller: &Caller,
    (org, user): (OrganizationId, UserId),
    wanted: &PeriodQuery,
    now: DateTime<Utc>,
) -> Result<(String, Period, Vec<MemberMeeting>)> {
    let (name, period) = find(tx, caller, (org, user), wanted, now).await?;
    let rows = store::parts(tx, org, user, period, None, i64::MAX).await?;
    Ok((name, period, rows.into_iter().map(MemberMeeting::from).collect()))
}

/// Their name, and the period, for whoever may see their attendance.
pub(super) async fn find(
    tx: &mut Tx,
    caller: &Caller,
    (org, user): (OrganizationId, UserId),
    wanted: &PeriodQuery,
    now: DateTime<Utc>,
) -> Result<(String, Period)> {
    let member = orgs::api::member_of(tx, caller, org).await?;
    if user != caller.user_id && !member.may(Permission::AttendanceView) {
        return Err(Problem::forbidden("Only officers see the attendance of others."));
    }
    let period = wanted.period(now)?;
    let name = store::member_name(tx, org, user).await?;
    Ok((name.ok_or_else(|| Problem::not_found("member"))?, period))
}

fn line(item: MemberMeeting) -> serde_json::Result<Vec<String>> {
    Ok(vec![
        item.id.to_string(),
        item.title,
        time(Some(item.scheduled_start)),
        item.is_held.to_string(),
        word(item.status)?,
        time(item.first_joined_at),
        time(item.last_left_at),
        format!("{:.3}", item.duration_seconds),
        item.is_late.to_string(),
        item.left_early.to_string(),
        item.messages_sent.to_string(),
        item.hand_raised_count.to_string(),
        item.excuse_reason.is_some().to_string(),
        item.excuse_reason.unwrap_or_default(),
    ])
}
